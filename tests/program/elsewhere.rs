//! Another database stands for a while where the one was in which a batch was begun or committed: no file goes by the
//! word of a database that does not know whose it is.

use std::fs;

use super::house::{DOSSIERS, DUE, House};

/// When all of it happens.
const NOW: &str = "2026-11-21T17:00:00Z";

/// The document of a record that is due, which the open dossier names too.
const SHARED: &str = "files/canary-7.txt";

/// A house in which an open dossier names a file of one that is due.
fn house() -> (House, String) {
    let house = House::new();
    house.set_clock(NOW);
    let name = "INSERT INTO document (dossier_id, path) VALUES (?1, 'canary-7.txt')";
    house.database().execute(name, [DUE + 1]).unwrap();
    let plan = house.approved();
    (house, plan)
}

/// Runs something while an empty database of the same shape stands at the place of the other.
fn beside_an_empty_one<T>(house: &House, then: impl FnOnce() -> T) -> T {
    let (place, aside) = (house.path("app.db"), house.path("aside.db"));
    fs::copy(&place, &aside).unwrap();
    house
        .database()
        .execute_batch(
            "DROP TABLE IF EXISTS retentiond_batch; DELETE FROM document; DELETE FROM message; DELETE FROM dossier",
        )
        .unwrap();
    let result = then();
    fs::rename(aside, place).unwrap();
    result
}

#[test]
fn recovery_unlinks_nothing_by_the_word_of_a_database_in_which_nothing_was_committed() {
    for (armed, is_committed) in [
        ("disposed=return(kill)", false),
        ("committed=return(kill)", true),
        ("group-announced=return(kill)", true),
        ("file-begun=3*off->return(kill)", true),
    ] {
        let (house, plan) = house();
        let killed = house.command(&["apply", &plan]).env("FAILPOINTS", armed).status().unwrap();
        assert_eq!(killed.code(), None, "killed at {armed}");
        let files = house.files();
        let (code, refused) = beside_an_empty_one(&house, || house.json(&["apply", &plan]));
        assert_eq!((code, &refused["error"]["code"]), (3, &"restored".into()), "{armed}: {refused}");
        assert_eq!(house.files(), files, "{armed}");
        house.verify();
        house.verify_by_python(NOW);

        // The one is back whose rows tell.
        let again = house.plan();
        house.json(&["approve", &again, "--accept", "restored"]);
        house.json(&["apply", &again]);
        house.json(&["apply", &plan]);
        assert!(house.path(SHARED).exists(), "an open dossier names it: {armed}");
        let left = DOSSIERS - DUE + 1;
        assert_eq!(house.files() as i64, left, "{armed}: {}", house.ask(&["audit", "show"]));
        assert_eq!(house.rows("dossier"), DOSSIERS - DUE, "{armed}: {is_committed}");
        house.verify();
        house.verify_by_python(NOW);
    }
}

#[test]
fn what_was_left_is_not_tried_by_the_word_of_another_database() {
    let (house, plan) = house();
    let killed = house.command(&["apply", &plan]).env("FAILPOINTS", "committed=return(kill)").status().unwrap();
    assert_eq!(killed.code(), None);
    // Changed since they were recognized, so that they are left; then as they were, but for one.
    let (file, taken) = (house.path("files/canary-8.txt"), house.path("taken"));
    fs::rename(&file, &taken).unwrap();
    assert_eq!(house.json(&["apply", &plan]).1["interrupted"]["incomplete"], 1);
    fs::rename(&taken, &file).unwrap();
    let name = "INSERT INTO document (dossier_id, path) VALUES (?1, 'canary-8.txt')";
    house.database().execute(name, [DUE + 1]).unwrap();
    let (code, run) = beside_an_empty_one(&house, || house.json(&["apply", &plan]));
    assert_eq!((code, &run["left"], file.exists()), (5, &1.into(), true), "{run}");
    for said in ["does not say that the batch was committed in it", "--accept restored", "--release-files"] {
        assert!(run["reasons"].to_string().contains(said), "{run}");
    }
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["left"], file.exists()), (5, &1.into(), true), "a row names it: {run}");
    house.database().execute("DELETE FROM document WHERE path = 'canary-8.txt'", []).unwrap();
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["left"], file.exists()), (0, &0.into(), false), "{run}");
    house.verify();
    house.verify_by_python(NOW);
}

/// A second source of the same shape, whose dossiers go by a rule of their own.
const WEST: &str = r#"
[source.west]
sqlite = "west.db"

[series.west]
source        = "west"
table         = "dossier"
key           = "id"
event.closure = "closed_at"

[[series.west.part]]
table = "message"
on    = { dossier_id = "id" }

[[series.west.part]]
table = "document"
on    = { dossier_id = "id" }
"#;

const LAW_OF_WEST: &str = r#"
[[series]]
name     = "west"
triggers = { closure = { en = "Closure" } }

[[rule]]
number      = "R-2"
title       = { en = "Dossiers of the west" }
series      = "west"
trigger     = "closure"
keep        = "P1Y"
disposition = "destroy"
"#;

/// A house with the second source, each of whose sources has its plan.
fn two_houses() -> House {
    let house = House::new();
    house.set_clock(NOW);
    fs::copy(house.path("app.db"), house.path("west.db")).unwrap();
    for (file, more) in [("retentiond.toml", WEST), ("calendar.toml", LAW_OF_WEST)] {
        let text = fs::read_to_string(house.path(file)).unwrap();
        fs::write(house.path(file), text + more).unwrap();
    }
    house
}

/// An approved plan of what is due under one rule.
fn approved(house: &House, rule: &str) -> String {
    let plan = house.ask(&["plan", "--only", rule])["plan"].as_str().unwrap().to_owned();
    house.ask(&["approve", &plan, "--accept", "rules"]);
    plan
}

/// The two databases change places.
fn exchange(house: &House) {
    for (from, to) in [("app.db", "aside.db"), ("west.db", "app.db"), ("aside.db", "west.db")] {
        fs::rename(house.path(from), house.path(to)).unwrap();
    }
}

#[test]
fn no_file_goes_by_the_word_of_another_source_of_the_same_log() {
    let house = two_houses();
    let plan = approved(&house, "R-1");
    let killed = house.command(&["apply", &plan]).env("FAILPOINTS", "committed=return(kill)").status().unwrap();
    assert_eq!(killed.code(), None);
    // A file that was not as it was recognized is left; then the other source has its batch, a later one.
    let (file, taken) = (house.path("files/canary-8.txt"), house.path("taken"));
    fs::rename(&file, &taken).unwrap();
    assert_eq!(house.json(&["apply", &plan]).1["interrupted"]["incomplete"], 1);
    assert_eq!(house.json(&["apply", &approved(&house, "R-2")]).1["destroyed"], DUE);
    fs::rename(&taken, &file).unwrap();
    let name = "INSERT INTO document (dossier_id, path) VALUES (?1, 'canary-8.txt')";
    house.database().execute(name, [DUE + 1]).unwrap();

    exchange(&house);
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["left"], file.exists()), (5, &1.into(), true), "an open dossier names it: {run}");
    exchange(&house);
    house.database().execute("DELETE FROM document WHERE path = 'canary-8.txt'", []).unwrap();
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["left"], file.exists()), (0, &0.into(), false), "{run}");
    house.verify();
    house.verify_by_python(NOW);
}

#[test]
fn under_a_successor_no_file_goes_by_the_word_of_a_copy_from_before_the_batch() {
    for armed in ["committed=return(kill)", "group-announced=return(kill)", "file-begun=3*off->return(kill)"] {
        let house = House::new();
        house.set_clock(NOW);
        let first = house.plan();
        let except = (1..=30).map(|id| format!("dossier,{id}\n")).collect::<String>();
        fs::write(house.path("except"), except).unwrap();
        house.ask(&["approve", &first, "--accept", "rules", "--except", "except"]);
        house.ask(&["apply", &first]);
        fs::copy(house.path("app.db"), house.path("older.db")).unwrap();

        let name = "INSERT INTO document (dossier_id, path) VALUES (?1, 'canary-7.txt')";
        house.database().execute(name, [DUE + 1]).unwrap();
        let plan = house.plan();
        house.ask(&["approve", &plan]);
        let killed = house.command(&["apply", &plan]).env("FAILPOINTS", armed).status().unwrap();
        assert_eq!(killed.code(), None);
        fs::rename(house.path("state/audit/journal"), house.path("lost")).unwrap();
        house.ask(&["audit", "adopt", "--reason", "the journal is lost"]);

        fs::rename(house.path("app.db"), house.path("newer.db")).unwrap();
        fs::rename(house.path("older.db"), house.path("app.db")).unwrap();
        house.json(&["apply", &plan]);
        assert!(house.path(SHARED).exists(), "an open dossier names it where the batch was committed: {armed}");
        fs::rename(house.path("newer.db"), house.path("app.db")).unwrap();
        house.json(&["apply", &plan]);
        assert!(house.path(SHARED).exists(), "an open dossier names it: {armed}");
        assert_eq!(
            house.files() as i64,
            DOSSIERS - DUE + 1,
            "the others go by the word of the right database: {armed}"
        );
        house.verify();
    }
}

#[test]
fn under_a_successor_the_database_of_another_source_waits_for_a_person() {
    let house = two_houses();
    for rule in ["R-1", "R-2"] {
        let plan = approved(&house, rule);
        house.json(&["apply", &plan]);
    }
    house.ask(&["audit", "adopt", "--reason", "the disk is gone"]);
    fs::copy(house.path("west.db"), house.path("app.db")).unwrap();
    house.database().execute("INSERT INTO dossier VALUES (1000, 'new', '2018-03-01T12:00:00Z')", []).unwrap();
    let rails = house.ask(&["plan", "--only", "R-1"])["rails"].to_string();
    assert!(rails.contains("restored"), "{rails}");
    assert!(!house.ask(&["plan", "--only", "R-2"])["rails"].to_string().contains("restored"));
}

#[test]
fn no_file_goes_by_a_mapping_that_nobody_approved_for_it() {
    const FILES: &str = "files = { column = \"path\", root = \"files\" }\n";
    const PART: &str = "[[series.dossier.part]]\ntable = \"document\"\non    = { dossier_id = \"id\" }\n";
    let part = format!("{PART}{FILES}");
    let other = "files = { column = \"other\", root = \"files\" }\n";
    for (from, to, told) in [
        (FILES, "", "no part of its source's mappings names files beneath its root"),
        (part.as_str(), "", "no part of its source's mappings names files beneath its root"),
        (FILES, other, "is not the one that the last approval bound"),
    ] {
        let house = House::new();
        house.set_clock(NOW);
        house.database().execute_batch("ALTER TABLE document ADD COLUMN other TEXT").unwrap();
        let plan = house.approved();
        let killed = house.command(&["apply", &plan]).env("FAILPOINTS", "committed=return(kill)").status().unwrap();
        assert_eq!(killed.code(), None);
        let (file, taken) = (house.path("files/canary-8.txt"), house.path("taken"));
        fs::rename(&file, &taken).unwrap();
        assert_eq!(house.json(&["apply", &plan]).1["interrupted"]["incomplete"], 1);
        fs::rename(&taken, &file).unwrap();
        let name = "INSERT INTO document (dossier_id, path) VALUES (?1, 'canary-8.txt')";
        house.database().execute(name, [DUE + 1]).unwrap();

        let approved = fs::read_to_string(house.path("retentiond.toml")).unwrap();
        house.edit("retentiond.toml", from, to);
        let (code, run) = house.json(&["apply", &plan]);
        assert_eq!((code, &run["left"], file.exists()), (5, &1.into(), true), "{to}: {run}");
        assert!(run["reasons"].to_string().contains(told), "{to}: {run}");
        // As it was, the rows are asked again.
        fs::write(house.path("retentiond.toml"), approved).unwrap();
        let (code, run) = house.json(&["apply", &plan]);
        assert_eq!((code, file.exists()), (5, true), "an open dossier names it: {run}");
        assert!(run["reasons"].to_string().contains("a row names a file again"), "{run}");
        house.database().execute("DELETE FROM document WHERE path = 'canary-8.txt'", []).unwrap();
        let (code, run) = house.json(&["apply", &plan]);
        assert_eq!((code, &run["left"], file.exists()), (0, &0.into(), false), "{run}");
        house.verify();
        house.verify_by_python(NOW);
    }
}

#[test]
fn a_batch_that_an_older_copy_denied_is_told_of_once_its_own_database_is_back() {
    let house = House::new();
    house.set_clock(NOW);
    let (place, older, right) = (house.path("app.db"), house.path("older.db"), house.path("right.db"));
    fs::copy(&place, &older).unwrap();
    let plan = house.approved();
    let killed = house.command(&["apply", &plan]).env("FAILPOINTS", "committed=return(kill)").status().unwrap();
    assert_eq!(killed.code(), None);
    house.ask(&["reject", &plan, "--reason", "frightened"]);
    fs::rename(&place, &right).unwrap();
    fs::rename(&older, &place).unwrap();
    house.json(&["apply", &plan]);
    let outcome = &house.ask(&["audit", "show", "--kind", "outcome"])["entries"][0];
    assert_eq!(outcome["committed"], false, "{outcome}");
    let lookup = || house.json(&["audit", "lookup", "dossier", "1"]);
    assert_eq!(lookup().1["answer"], "ABORTED");

    fs::rename(&right, &place).unwrap();
    let insert = "INSERT INTO dossier VALUES (?1, 'late-' || ?1, '2018-03-01T12:00:00Z')";
    house.database().execute(insert, [1000]).unwrap();
    let planned = house.ask(&["plan"]);
    assert!(planned["rails"].to_string().contains("restored"), "{planned}");
    let shown = house.ask(&["audit", "show", "--kind", "correction"]);
    let entries = shown["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 1, "{shown}");
    assert_eq!((&entries[0]["what"], &entries[0]["records"]), (&"altered_fence".into(), &DUE.into()), "{shown}");
    let (code, told) = lookup();
    assert_eq!((code, &told["answer"]), (1, &"CANNOT-TELL".into()), "{told}");
    let page = house.run(&["audit", "lookup", "dossier", "1"]).flat();
    assert!(page.contains("the right one says that it was") && !page.contains("kept after all"), "{page}");
    house.verify();
    house.verify_by_python(NOW);

    // A person lets the source go on: it is not asked again.
    let again = planned["plan"].as_str().unwrap();
    house.ask(&["approve", again, "--accept", "rules", "--accept", "restored"]);
    let (code, run) = house.json(&["apply", again]);
    assert_eq!((code, &run["destroyed"]), (0, &1.into()), "{run}");
    house.database().execute(insert, [1001]).unwrap();
    assert!(!house.ask(&["plan"])["rails"].to_string().contains("restored"));
    assert_eq!(lookup().1["answer"], "CANNOT-TELL");
    house.verify();
    house.verify_by_python(NOW);
}
