//! What a person is told of one record: by `explain`, and by `audit lookup` once it is gone.

use std::fs;

use rusqlite::Connection;

use super::house::House;
use crate::support::documented::assert_documented;

#[test]
fn a_record_left_out_of_an_approval_is_told_from_one_that_goes() {
    let house = House::new();
    let plan = house.plan();
    fs::write(house.path("except.csv"), "dossier,2\n").unwrap();
    let approved = house.run(&["approve", &plan, "--accept", "rules", "--except", "except.csv"]);
    assert_eq!(approved.code, 0, "{}", approved.err);
    let (_, out) = house.json(&["explain", "dossier", "2"]);
    assert_eq!(
        (&out["approvals"][0]["covers"], &out["approvals"][0]["plan"]),
        (&"excepted".into(), &plan.as_str().into())
    );
    let (_, listed) = house.json(&["explain", "dossier", "1"]);
    assert_eq!((&listed["approvals"][0]["covers"], &listed["action"]), (&"listed".into(), &"destroy".into()));
    assert!(house.run(&["explain", "dossier", "1"]).flat().contains("It goes when the approved plan is applied."));
    let said = house.run(&["explain", "dossier", "2"]).flat();
    assert!(said.contains("leaves it out") && said.contains("It goes with the next approved plan."), "{said}");
}

#[test]
fn a_destroyed_record_is_told_with_the_approval_that_it_went_under() {
    let house = House::new();
    let plan = house.approved();
    assert_eq!(house.run(&["apply", &plan]).code, 0);
    let (_, gone) = house.json(&["explain", "dossier", "1"]);
    assert_eq!((&gone["verdict"], &gone["lookup"]["answer"]), (&"gone".into(), &"DESTROYED".into()), "{gone}");
    let approvals = gone["approvals"].as_array().unwrap();
    assert_eq!((approvals.len(), &approvals[0]["plan"]), (1, &plan.as_str().into()), "{gone}");
    for field in ["by", "at"] {
        assert!(!approvals[0][field].as_str().unwrap().is_empty(), "{field}: {gone}");
    }
    let (_, lookup) = house.json(&["audit", "lookup", "dossier", "1"]);
    assert_eq!(gone["lookup"]["mentions"], lookup["mentions"]);
}

#[test]
fn a_record_under_a_calendar_that_is_over_is_told_with_what_is_known_in_the_words_of_plan() {
    let house = House::new();
    house.ask(&["hold", "place", "dossier", "1", "--reason", "a claim"]);
    house.edit(
        "calendar.toml",
        "effective    = { from = 2015-01-01 }",
        "effective = { from = 2015-01-01, until = 2020-12-31 }",
    );
    let (code, refused) = house.json(&["plan"]);
    assert_eq!((code, &refused["error"]["code"]), (3, &"calendar-not-in-force".into()), "{refused}");
    let (code, told) = house.json(&["explain", "dossier", "1"]);
    assert_eq!(
        (code, &told["verdict"], told["holds"].as_array().unwrap().len()),
        (0, &"not_in_force".into(), 1),
        "{told}"
    );
    let sentence = told["not_in_force"].as_str().unwrap();
    assert!(
        sentence.starts_with(refused["error"]["message"].as_str().unwrap().trim_end_matches('.')),
        "{told} {refused}"
    );
    assert!(told["rules"][0]["ways"][0]["due_from"].is_string(), "its dates are known all the same: {told}");
    assert_documented("explain", &told);
    let said = house.run(&["explain", "dossier", "1"]).flat();
    assert!(said.contains("until 2020-12-31") && said.contains("a claim"), "{said}");
}

#[test]
fn explain_knows_what_the_log_that_was_succeeded_says() {
    let house = House::destroyed();
    assert_eq!(house.run(&["audit", "adopt", "--reason", "the disk was exchanged"]).code, 0);
    let (_, gone) = house.json(&["explain", "dossier", "1"]);
    assert_eq!(gone["lookup"]["answer"], "DESTROYED", "{gone}");
    assert!(house.run(&["explain", "dossier", "1"]).out.contains("It was destroyed"));
}

#[cfg(feature = "simulate")]
#[test]
fn explain_says_that_a_key_was_destroyed_instead_of_denying_what_it_named() {
    let house = House::new();
    house.set_clock("2026-03-01T12:00:00Z");
    house.destroy_due();
    house.set_clock("2028-03-01T12:00:00Z");
    let forgotten = house.run(&["audit", "forget-key", "app", "2026"]);
    assert_eq!(forgotten.code, 0, "{}", forgotten.err);
    let said = house.run(&["explain", "dossier", "1"]).out;
    assert!(said.contains("keys that might have named it were destroyed"), "{said}");
    assert_eq!(house.ask(&["explain", "dossier", "1"])["lookup"]["answer"], "KEY-DESTROYED");
}

#[test]
fn a_reference_is_found_without_its_series_and_also_where_it_is_a_number() {
    let house = House::new();
    house.database().execute_batch(&numbered("complaint", 1..4)).unwrap();
    house.map_numbered("complaint");
    house.destroy_due();
    let (code, found) = house.json(&["audit", "lookup", "--reference", "canary-1"]);
    assert_eq!((code, &found["answer"], &found["series"]), (0, &"DESTROYED".into(), &"dossier".into()), "{found}");
    let (_, with_series) = house.json(&["audit", "lookup", "dossier", "--reference", "canary-1"]);
    assert_eq!(found, with_series);
    let (code, found) = house.json(&["audit", "lookup", "--reference", "7002"]);
    assert_eq!((code, &found["answer"], &found["series"]), (0, &"DESTROYED".into(), &"complaint".into()), "{found}");
    let (code, found) = house.json(&["audit", "lookup", "--reference", "nobody"]);
    assert_eq!((code, &found["answer"]), (0, &"NOT-FOUND".into()), "{found}");
    assert_eq!(house.run(&["audit", "lookup"]).code, 2);
    assert_eq!(house.run(&["audit", "lookup", "dossier"]).code, 2);
}

#[test]
fn a_reference_that_several_series_know_asks_which_one_is_meant() {
    let house = House::new();
    house.database().execute_batch(&numbered("complaint", 1..4)).unwrap();
    house.database().execute_batch(&numbered("petition", 3..5)).unwrap();
    house.map_numbered("complaint");
    house.map_numbered("petition");
    house.destroy_due();
    let (code, answer) = house.json(&["audit", "lookup", "--reference", "7003"]);
    assert_eq!(code, 2, "{answer}");
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains("complaint DESTROYED") && message.contains("petition DESTROYED"), "{message}");
    let (code, found) = house.json(&["audit", "lookup", "petition", "--reference", "7003"]);
    assert_eq!((code, &found["answer"]), (0, &"DESTROYED".into()), "{found}");
}

/// A table whose references are numbers.
fn numbered(table: &str, ids: std::ops::Range<i64>) -> String {
    let rows = ids.map(|id| format!("INSERT INTO {table} VALUES ({id}, {}, '2018-03-01T12:00:00Z');", 7000 + id));
    format!("CREATE TABLE {table} (id INTEGER PRIMARY KEY, number INTEGER NOT NULL UNIQUE, closed_at TEXT);")
        + &format!("CREATE INDEX {table}_closed ON {table} (closed_at);")
        + &rows.collect::<String>()
}

impl House {
    /// Maps a table of numbered records as a series of its own, under the same term.
    fn map_numbered(&self, table: &str) {
        let mut calendar = fs::read_to_string(self.path("calendar.toml")).unwrap();
        calendar += &format!(
            "[[series]]\nname = \"{table}\"\nempty = \"expected\"\ntriggers = {{ closure = {{ en = \"Closure\" }} }}\n\
             [[rule]]\nnumber = \"R-{table}\"\nseries = \"{table}\"\ntrigger = \"closure\"\nkeep = \"P1Y\"\ndisposition = \"destroy\"\n"
        );
        fs::write(self.path("calendar.toml"), calendar).unwrap();
        self.configure(&format!(
            "\n[series.{table}]\nsource = \"app\"\ntable = \"{table}\"\nkey = \"id\"\nreference = \"number\"\nevent.closure = \"closed_at\"\n"
        ));
    }
}

#[test]
fn a_record_that_failed_says_what_kept_it_when_and_what_to_mend() {
    let house = House::new();
    let refuses =
        "CREATE TRIGGER keeps BEFORE DELETE ON message WHEN OLD.body = 'keep' BEGIN SELECT raise(ABORT, 'never'); END;
        UPDATE message SET body = 'keep' WHERE dossier_id = 7;";
    house.database().execute_batch(refuses).unwrap();
    fs::hard_link(house.path("files/canary-8.txt"), house.path("second name")).unwrap();
    let plan = house.approved();
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["failed"]), (5, &2.into()), "{run}");

    let (_, refused) = house.json(&["explain", "dossier", "7"]);
    let stayed = &refused["stayed"];
    assert_eq!(
        (&refused["verdict"], &stayed["plan"], &stayed["run"]),
        (&"due".into(), &plan.as_str().into(), &run["run"])
    );
    assert!(stayed["reason"].as_str().unwrap().contains("a trigger of the application refused a change"), "{stayed}");
    let entry = stayed["entry"].as_u64().unwrap();
    let shown = house.ask(&["audit", "show"]);
    let of = shown["entries"].as_array().unwrap().iter().find(|shown| shown["index"] == entry).unwrap();
    assert_eq!((&of["kind"], &of["results"]), (&"outcome".into(), &"1r".into()), "{of}");
    let said = house.run(&["explain", "dossier", "7"]).out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        said.contains("it goes once what kept it is mended") && said.contains(&format!("(entry {entry})")),
        "{said}"
    );
    assert!(!said.contains("goes with the next"), "{said}");
    let (_, linked) = house.json(&["explain", "dossier", "8"]);
    assert!(linked["stayed"]["reason"].as_str().unwrap().contains("hard links"), "{linked}");
    assert!(linked["stayed"]["entry"].is_null() && linked["entries"].as_array().unwrap().is_empty(), "{linked}");
    assert!(house.ask(&["explain", "dossier", "61"])["stayed"].is_null());

    // Who asks for the keys gets the list of them, with what kept each; `approve --except` takes it as it is.
    house.ask(&["plan", "--csv", "list.csv"]);
    let list = fs::read_to_string(house.path("list.csv")).unwrap();
    let lines: Vec<&str> = list.lines().collect();
    assert!(lines[0].contains(",due_from,stayed,key"), "{list}");
    assert!(lines.len() == 3 && lines[1].contains("a trigger of the application refused a change"), "{list}");
    assert!(lines[2].contains("hard links") && lines[2].ends_with(",8"), "{list}");

    // Mended: the next plan takes one, the other stays for another reason, and what went is forgotten.
    fs::remove_file(house.path("second name")).unwrap();
    let plan = house.plan();
    assert_eq!(house.run(&["approve", &plan]).code, 0);
    house.run(&["apply", &plan]);
    let (_, left) = house.json(&["explain", "dossier", "7"]);
    assert_eq!(left["stayed"]["plan"], plan.as_str());
    let private = Connection::open(house.path("state/private/desk.db")).unwrap();
    let notes: i64 = private.query_row("SELECT count(*) FROM stayed", [], |row| row.get(0)).unwrap();
    assert_eq!(notes, 1);
}
