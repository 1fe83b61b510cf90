//! What others do to a database between a crash and the restart: whatever the fence row proves is on record, and what
//! stands under the keys of records that went is told beside it.

use serde_json::{Value as Json, json};

use super::house::{DOSSIERS, DUE, House};

/// When all of it happens.
const NOW: &str = "2026-11-21T17:00:00Z";

/// A house, changed before its plan, whose run was killed so; the plan.
fn killed(before: &str, armed: &str, held: &[&str]) -> (House, String) {
    let house = House::new();
    house.set_clock(NOW);
    house.database().execute_batch(before).unwrap();
    let plan = house.approved();
    for key in held {
        house.ask(&["hold", "place", "dossier", key, "--reason", "litigation"]);
    }
    let killed = house.command(&["apply", &plan]).env("FAILPOINTS", armed).status().unwrap();
    assert_eq!(killed.code(), None, "killed at {armed}");
    (house, plan)
}

fn entries(house: &House, kind: &str) -> Vec<Json> {
    house.ask(&["audit", "show", "--kind", kind])["entries"].as_array().unwrap().clone()
}

fn only(house: &House, kind: &str, context: &str) -> Json {
    let entries = entries(house, kind);
    let [entry] = entries.as_slice() else { panic!("{context}: {entries:?}") };
    entry.clone()
}

fn answer(house: &House, key: &str) -> Json {
    house.ask(&["audit", "lookup", "dossier", key])["answer"].clone()
}

fn has_file(house: &House, dossier: i64) -> bool {
    house.path(&format!("files/canary-{dossier}.txt")).exists()
}

/// The next run settles the batch, but for so many files, and waits for a person.
fn waits(house: &House, plan: &str, files: i64, context: &str) {
    let (code, refused) = house.json(&["apply", plan]);
    assert_eq!((code, &refused["error"]["code"]), (3, &"restored".into()), "{context}: {refused}");
    let next = house.ask(&["plan"]);
    let is_due = next["rules"][0]["due"] != 0;
    assert_eq!(next["rails"].to_string().contains("restored"), is_due, "{context}: {next}");
    let spools = std::fs::read_dir(house.path("state/private/spool")).unwrap().map(|entry| entry.unwrap().path());
    let spools = spools.filter(|path| path.extension().is_none_or(|end| end != "unclear")).count();
    assert_eq!(spools, usize::from(files > 0), "{context}");
    let left = entries(house, "outcome").iter().filter_map(|outcome| outcome["left"].as_i64()).sum::<i64>();
    assert_eq!(left, files, "{context}");
    house.verify();
    house.verify_by_python(NOW);
}

#[test]
fn of_a_first_batch_whose_fence_was_taken_away_what_is_gone_is_told_although_some_stayed() {
    for taken in [
        "DELETE FROM retentiond_batch",
        "UPDATE retentiond_batch SET state = 'aborted'",
        "UPDATE retentiond_batch SET origin = 'another.example'",
    ] {
        let (house, plan) = killed("", "committed=return(kill)", &["5"]);
        house.database().execute_batch(taken).unwrap();
        waits(&house, &plan, DUE - 1, taken);
        let outcome = only(&house, "outcome", taken);
        assert_eq!(outcome["committed"], true, "{taken}: {outcome}");
        assert_eq!(outcome["results"], format!("4i1r{}i", DUE - 5), "{taken}: {outcome}");
        // Before the outcome, for what that says was read from the records; then that the row is missing still.
        let corrections = entries(&house, "correction");
        let told: Vec<_> =
            corrections.iter().map(|entry| (entry["what"].as_str(), entry["records"].as_i64())).collect();
        assert_eq!(told, [(Some("missing_fence"), Some(DUE - 1)), (Some("missing_fence"), Some(0))], "{taken}");
        // Nothing proves that this is the database whose rows tell which files are nobody's any more.
        let pending = house.json(&["audit", "lookup", "dossier", "3"]).1["mentions"][0]["answer"].clone();
        assert_eq!((pending, house.files() as i64), ("PENDING".into(), DOSSIERS), "{taken}");
        // A person says so, and a batch of ours is committed in it: with the next run they go.
        for id in [100, 101] {
            let insert = "INSERT INTO dossier VALUES (?1, 'late-' || ?1, '2018-03-01T12:00:00Z')";
            house.database().execute(insert, [id]).unwrap();
            let next = house.ask(&["plan"]);
            let rails: Vec<&str> = next["rails"].as_array().unwrap().iter().filter_map(Json::as_str).collect();
            let next = next["plan"].as_str().unwrap();
            let rails = rails.join(",");
            let accept: &[&str] = if rails.is_empty() { &[] } else { &["--accept", &rails] };
            house.ask(&[&["approve", next], accept].concat());
            let (_, run) = house.json(&["apply", next]);
            assert_eq!(run["destroyed"], 1, "{taken}: {run}");
        }
        let destroyed = house.json(&["audit", "lookup", "dossier", "3"]).1["mentions"][0]["answer"].clone();
        assert_eq!((destroyed, house.files() as i64), ("DESTROYED".into(), DOSSIERS - (DUE - 1)), "{taken}");
        assert!(has_file(&house, 5), "{taken}");
    }
}

#[test]
fn what_the_application_deletes_before_a_first_batch_was_committed_is_no_destruction() {
    let one = "UPDATE dossier SET closed_at = NULL WHERE id > 1";
    let deleted = "DELETE FROM message WHERE dossier_id = 1; DELETE FROM document WHERE dossier_id = 1;
        DELETE FROM dossier WHERE id = 1";
    for armed in ["announce-durable", "spooled", "disposed"] {
        let (house, plan) = killed(one, &format!("{armed}=return(kill)"), &[]);
        house.database().execute_batch(deleted).unwrap();
        let (code, run) = house.json(&["apply", &plan]);
        let told = &run["interrupted"];
        assert_eq!((code, &told["destroyed"], &told["drifted"]), (0, &0.into(), &1.into()), "{armed}: {run}");
        let outcomes: Vec<Json> = entries(&house, "outcome").iter().map(|entry| entry["results"].clone()).collect();
        assert_eq!(outcomes, ["1g"], "{armed}: it was not there any more");
        assert!(entries(&house, "correction").is_empty(), "{armed}: nothing of ours was touched");
        assert_eq!(answer(&house, "1"), "GONE", "{armed}");
        assert!(has_file(&house, 1), "{armed}: it is the application's");
        house.verify();
        house.verify_by_python(NOW);
    }
}

/// Puts these dossiers back with all that was theirs, from a copy that was made before.
fn import(house: &House, dossiers: &str) {
    let database = house.database();
    database.execute("ATTACH ?1 AS copy", [house.path("copy.db").to_str().unwrap()]).unwrap();
    let back = format!(
        "INSERT INTO dossier SELECT * FROM copy.dossier WHERE id IN ({dossiers});
         INSERT INTO message SELECT * FROM copy.message WHERE dossier_id IN ({dossiers});
         INSERT INTO document SELECT * FROM copy.document WHERE dossier_id IN ({dossiers})"
    );
    database.execute_batch(&back).unwrap();
}

#[test]
fn rows_of_a_copy_that_come_before_the_restart_are_told_as_back_and_undo_no_destruction() {
    // The recovery is interrupted, too: both entries are there afterwards, or it begins anew.
    for armed in ["", "outcome-appended=return(kill)", "outcome-durable=return(kill)"] {
        let house = House::new();
        house.set_clock(NOW);
        std::fs::copy(house.path("app.db"), house.path("copy.db")).unwrap();
        let plan = house.approved();
        let apply = |armed: &str| house.command(&["apply", &plan]).env("FAILPOINTS", armed).status().unwrap().code();
        assert_eq!(apply("committed=return(kill)"), None);
        import(&house, "3, 4");
        if !armed.is_empty() {
            assert_eq!(apply(armed), None, "{armed}");
        }
        waits(&house, &plan, 0, armed);
        let outcome = only(&house, "outcome", armed);
        let told = json!([outcome["committed"], outcome["results"], outcome["rows"]["dossier"], outcome["left"]]);
        assert_eq!(told, json!([true, format!("{DUE}D"), DUE, 0]), "{armed}: {outcome}");
        let back = only(&house, "correction", armed);
        let told = json!([back["what"], back["batch"], back["back"], back["records"]]);
        let marks = format!("2g2b{}g", DUE - 4);
        assert_eq!(told, json!(["resurrected", outcome["batch"], marks, 2]), "{armed}: {back}");
        for (dossier, expected) in [(2, "DESTROYED"), (3, "RESURRECTED"), (4, "RESURRECTED")] {
            assert_eq!(answer(&house, &dossier.to_string()), expected, "{armed}: {dossier}");
            assert_eq!(has_file(&house, dossier), dossier != 2, "{armed}: {dossier}: rows name it again");
        }
    }
}

#[test]
fn a_row_under_the_key_of_a_record_that_went_is_told_and_keeps_no_file_that_it_does_not_name() {
    // The same day as the record's, an older one, and one that cannot be read.
    for closed in ["2018-03-13T12:00:00Z", "2017-01-02T12:00:00Z", "last spring"] {
        let (house, plan) = killed("", "committed=return(kill)", &[]);
        house.database().execute("INSERT INTO dossier VALUES (40, 'new', ?1)", [closed]).unwrap();
        waits(&house, &plan, 0, closed);
        assert_eq!(only(&house, "outcome", closed)["results"], format!("{DUE}D"), "{closed}");
        let back = only(&house, "correction", closed);
        let told = json!([back["what"], back["back"]]);
        assert_eq!(told, json!(["resurrected", format!("39g1b{}g", DUE - 40)]), "{closed}: {back}");
        assert_eq!(
            (answer(&house, "39"), answer(&house, "40")),
            ("DESTROYED".into(), "RESURRECTED".into()),
            "{closed}"
        );
        assert!(!has_file(&house, 40), "{closed}: no row names it");
        assert_eq!(house.rows("dossier"), DOSSIERS - DUE + 1, "{closed}: the row stays");
    }
}

#[test]
fn of_a_key_that_is_used_again_before_the_restart_nothing_is_said_that_only_the_fence_could_prove() {
    // The row proves that the batch was committed, and does not say any more what it did.
    let altered = "UPDATE retentiond_batch SET note = '{}'";
    for (closed, letter, told) in [
        // Another record, or that one, reopened before its turn came: it stood there, says the log, and no more.
        (None, "f", "FAILED"),
        (Some("2026-10-01T12:00:00Z"), "f", "FAILED"),
        // As the log has it: it stayed.
        (Some("2018-03-13T12:00:00Z"), "r", "ABORTED"),
    ] {
        let (house, plan) = killed("", "committed=return(kill)", &[]);
        house.database().execute_batch(altered).unwrap();
        house.database().execute("INSERT INTO dossier VALUES (40, 'new', ?1)", [closed]).unwrap();
        waits(&house, &plan, 0, letter);
        let outcome = only(&house, "outcome", letter);
        let results = format!("39D1{letter}{}D", DUE - 40);
        assert_eq!((&outcome["committed"], &outcome["results"]), (&true.into(), &results.into()), "{closed:?}");
        let correction = only(&house, "correction", letter);
        assert_eq!((&correction["what"], &correction["records"]), (&"altered_fence".into(), &(DUE - 1).into()));
        let said = house.json(&["audit", "lookup", "dossier", "40"]).1["answer"].clone();
        assert_eq!((said, answer(&house, "39")), (told.into(), "DESTROYED".into()), "{closed:?}");
        assert!(has_file(&house, 40), "{closed:?}: whose it is nobody can say");
        assert_eq!(unclear(&house), if letter == "f" { vec![40] } else { vec![] }, "{closed:?}");
    }
}

/// The dossiers whose files `check` names as unclear, by the list to which it points.
fn unclear(house: &House) -> Vec<i64> {
    let (_, checked) = house.json(&["check"]);
    let found = checked["findings"].as_array().unwrap().iter().find(|found| found["code"] == "files-unclear");
    let Some(found) = found else { return Vec::new() };
    let list: Json = serde_json::from_slice(&std::fs::read(found["place"].as_str().unwrap()).unwrap()).unwrap();
    let paths = list["files"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap().to_owned());
    paths.map(|path| path.trim_matches(|char: char| !char.is_ascii_digit()).parse().unwrap()).collect()
}

#[test]
fn where_every_key_of_a_first_batch_is_used_again_and_no_fence_stands_a_person_is_asked() {
    for taken in ["DELETE FROM retentiond_batch", "DROP TABLE retentiond_batch"] {
        let (house, plan) = killed("", "committed=return(kill)", &[]);
        house.database().execute_batch(taken).unwrap();
        let again = "WITH RECURSIVE number(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM number WHERE id < ?1)
            INSERT INTO dossier SELECT id, 'new-' || id, NULL FROM number";
        house.database().execute(again, [DUE]).unwrap();
        waits(&house, &plan, 0, taken);
        let outcome = only(&house, "outcome", taken);
        let results = format!("{DUE}f");
        assert_eq!((&outcome["committed"], &outcome["results"]), (&false.into(), &results.into()), "{taken}");
        let missing = only(&house, "correction", taken);
        assert_eq!((&missing["what"], &missing["records"]), (&"missing_fence".into(), &0.into()), "{taken}");
        assert_eq!(house.json(&["audit", "lookup", "dossier", "7"]).1["answer"], "FAILED", "{taken}");
        assert_eq!((house.rows("dossier"), house.files() as i64), (DOSSIERS, DOSSIERS), "{taken}");
        assert_eq!(unclear(&house).len() as i64, DUE, "{taken}");
    }
}

#[test]
fn a_record_that_is_reopened_before_a_first_batch_was_committed_was_put_off() {
    let (house, plan) = killed("", "disposed=return(kill)", &[]);
    house.database().execute("UPDATE dossier SET closed_at = NULL WHERE id = 40", []).unwrap();
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["destroyed"]), (0, &(DUE - 1).into()), "{run}");
    assert_eq!(entries(&house, "outcome")[0]["results"], format!("{DUE}r"), "the row of number 0 tells");
    assert!(entries(&house, "correction").is_empty());
}
