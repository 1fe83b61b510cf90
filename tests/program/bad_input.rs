//! Bad input: one clear error, the documented exit code, nothing destroyed that should not be, nothing lost.

use std::fs;
use std::os::unix::fs::symlink;

use rusqlite::Connection;
use serde_json::Value;

use super::house::{DOSSIERS, DUE, House};

/// The error of an answer, which must be one and say everything.
pub fn error_of(answer: &Value) -> &Value {
    let error = &answer["error"];
    for field in ["code", "message", "place", "mend"] {
        assert!(error[field].is_string(), "{field} is missing: {answer}");
    }
    error
}

#[test]
fn a_missing_database_is_bad_configuration_and_is_not_made() {
    let house = House::new();
    fs::remove_file(house.path("app.db")).unwrap();
    for command in ["check", "plan"] {
        let (code, answer) = house.json(&[command]);
        assert_eq!(code, 78, "{answer}");
        assert_eq!(error_of(&answer)["code"], "database-missing");
    }
    assert!(!house.path("app.db").exists());
}

#[test]
fn a_file_that_is_no_database_is_bad_configuration_and_stays_as_it_is() {
    let house = House::new();
    let text = "this is a text file, and a rather long one, so that it has a header's length at least. ".repeat(20);
    fs::write(house.path("app.db"), &text).unwrap();
    for command in ["check", "plan"] {
        let (code, answer) = house.json(&[command]);
        assert_eq!((code, &error_of(&answer)["code"]), (78, &"not-a-database".into()), "{answer}");
    }
    assert_eq!(fs::read_to_string(house.path("app.db")).unwrap(), text);
}

#[test]
fn a_locked_database_asks_to_try_later() {
    let house = House::new();
    let plan = house.approved();
    let owner = house.database();
    owner.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let (code, answer) = house.json(&["plan"]);
    assert_eq!((code, &error_of(&answer)["code"]), (75, &"locked".into()), "{answer}");
    let (code, answer) = house.json(&["apply", &plan]);
    assert!(code == 75 || (code == 5 && answer["deferred"] == DUE), "{code}: {answer}");
    owner.execute_batch("ROLLBACK").unwrap();
    house.assert_untouched();
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["destroyed"]), (0, &DUE.into()), "what was put off is done by the next apply: {run}");
}

#[test]
fn a_locked_database_puts_off_what_it_locks_and_still_tells_what_cannot_go() {
    let house = House::new();
    fs::remove_file(house.path("files/canary-7.txt")).unwrap();
    let plan = house.approved();
    let owner = house.database();
    owner.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["deferred"], &run["failed"]), (5, &(DUE - 1).into(), &1.into()), "{run}");
    house.ask(&["audit", "verify"]);
    owner.execute_batch("ROLLBACK").unwrap();
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["destroyed"], &run["failed"]), (5, &(DUE - 1).into(), &1.into()), "{run}");
}

#[test]
fn a_damaged_database_is_a_failure() {
    let house = House::new();
    let mut bytes = fs::read(house.path("app.db")).unwrap();
    let size = bytes.len();
    // Every page but the first: its header still says that it is a database.
    bytes[4_096..size].fill(0x5a);
    fs::write(house.path("app.db"), &bytes).unwrap();
    let (code, answer) = house.json(&["plan"]);
    assert_eq!((code, &error_of(&answer)["code"]), (1, &"database-corrupt".into()), "{answer}");
    assert_eq!(fs::read(house.path("app.db")).unwrap(), bytes);
}

#[test]
fn a_database_that_cannot_be_written_is_left_alone() {
    let house = House::new();
    let plan = house.approved();
    let mut bytes = fs::read(house.path("app.db")).unwrap();
    // SQLite takes a file of a later write version for read-only, whoever asks: also for root, whom no mode stops.
    bytes[18] = 3;
    fs::write(house.path("app.db"), &bytes).unwrap();
    let (code, answer) = house.json(&["apply", &plan]);
    assert_eq!((code, &error_of(&answer)["code"]), (1, &"read-only".into()), "{answer}");
    assert_eq!(fs::read(house.path("app.db")).unwrap(), bytes);
    assert_eq!(house.files(), DOSSIERS as usize);
}

#[test]
fn a_table_or_column_that_is_not_there_is_told_by_check_and_stops_the_plan() {
    for (from, to) in [
        ("table         = \"dossier\"", "table = \"dosier\""),
        ("\"closed_at\"", "\"closed\""),
        ("table = \"document\"", "table = \"dokument\""),
    ] {
        let house = House::new();
        house.edit("retentiond.toml", from, to);
        let (code, answer) = house.json(&["check"]);
        assert_eq!((code, &answer["ok"]), (78, &false.into()), "{answer}");
        error_of(&answer);
        let text = std::fs::read_to_string(house.path("retentiond.toml")).unwrap();
        let line = text.lines().position(|line| line.contains(to)).unwrap() + 1;
        let told = answer["findings"].as_array().unwrap();
        let told = told.iter().find(|finding| finding["severity"] == "error").unwrap()["line"].as_u64().unwrap();
        // At the key, or at the table in which it stands.
        assert!((told as usize) <= line && line - (told as usize) <= 2, "{line}: {answer}");
        let said = house.run(&["check"]).flat();
        assert!(said.contains(&format!("(retentiond.toml:{told})")), "{said}");
        let (code, answer) = house.json(&["plan"]);
        assert_eq!(code, 78, "{answer}");
        error_of(&answer);
    }
}

#[test]
fn every_fault_of_a_configuration_is_told_at_once() {
    let house = House::new();
    house.edit("retentiond.toml", "pace      = \"full\"", "pace = \"fast\"\nmax_cuont = 3");
    house.edit("calendar.toml", "keep        = \"P1Y\"", "keep = \"P0Y\"");
    let (code, answer) = house.json(&["check"]);
    assert_eq!(code, 78);
    let faults = error_of(&answer)["faults"].as_array().unwrap();
    assert!(faults.len() >= 3, "{answer}");
    let text = house.run(&["check"]);
    for expected in ["retentiond.toml:", "calendar.toml:", "max_cuont", "P0Y"] {
        assert!(text.err.contains(expected), "{expected} is missing from\n{}", text.err);
    }
}

#[test]
fn a_missing_configuration_says_what_to_do() {
    let house = House::new();
    fs::remove_file(house.path("retentiond.toml")).unwrap();
    let (code, answer) = house.json(&["plan"]);
    assert_eq!(code, 78, "{answer}");
    assert!(error_of(&answer)["mend"].as_str().unwrap().contains("init"), "{answer}");
}

#[test]
fn a_root_that_is_not_there_keeps_the_records_that_have_files() {
    let house = House::new();
    let plan = house.approved();
    fs::rename(house.path("files"), house.path("elsewhere")).unwrap();
    let (code, answer) = house.json(&["apply", &plan]);
    assert_eq!(code, 5, "{answer}");
    assert_eq!(answer["failed"], DUE, "{answer}");
    assert_eq!(house.rows("dossier"), DOSSIERS);
    assert_eq!(house.run(&["check"]).code, 78);
}

#[test]
fn one_bad_record_among_many_fails_alone() {
    let house = House::new();
    fs::write(house.path("precious"), "not ours").unwrap();
    fs::remove_file(house.path("files/canary-30.txt")).unwrap();
    symlink(house.path("precious"), house.path("files/canary-30.txt")).unwrap();
    let plan = house.approved();
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["failed"], &run["destroyed"]), (5, &1.into(), &(DUE - 1).into()), "{run}");
    assert_eq!(house.rows("dossier WHERE id = 30"), 1);
    assert_eq!(fs::read_to_string(house.path("precious")).unwrap(), "not ours");
}

#[test]
fn a_plan_edited_by_hand_is_refused() {
    let house = House::new();
    let plan = house.approved();
    let manifest = format!("state/plans/{plan}.json");
    let due = format!("\"due\": {DUE}");
    house.edit(&manifest, &due, "\"due\": 1");
    let (code, answer) = house.json(&["apply", &plan]);
    assert_eq!((code, &error_of(&answer)["code"]), (3, &"plan-altered".into()), "{answer}");
    house.assert_untouched();
}

#[test]
fn a_list_edited_by_hand_is_refused() {
    let house = House::new();
    let plan = house.approved();
    let body = Connection::open(house.path(&format!("state/private/plans/{plan}.body"))).unwrap();
    let changed = body.execute("DELETE FROM item WHERE sort = (SELECT min(sort) FROM item)", []);
    assert_eq!(changed.unwrap(), 1);
    drop(body);
    let (code, answer) = house.json(&["apply", &plan]);
    assert_eq!((code, &error_of(&answer)["code"]), (3, &"plan-altered".into()), "{answer}");
    house.assert_untouched();
}

#[test]
fn a_plan_for_another_database_is_refused() {
    let house = House::new();
    let plan = house.approved();
    fs::copy(house.path("app.db"), house.path("other.db")).unwrap();
    house.edit("retentiond.toml", "sqlite = \"app.db\"", "sqlite = \"other.db\"");
    let (code, answer) = house.json(&["apply", &plan]);
    assert_eq!(code, 3, "{answer}");
    error_of(&answer);
    house.assert_untouched();
}

#[test]
fn a_schema_or_a_calendar_that_changed_since_the_plan_stops_it() {
    let house = House::new();
    let plan = house.approved();
    house.database().execute_batch("ALTER TABLE message ADD COLUMN extra TEXT").unwrap();
    let (code, answer) = house.json(&["apply", &plan]);
    assert_eq!(code, 3, "{answer}");
    house.assert_untouched();
    let house = House::new();
    let plan = house.approved();
    house.edit("calendar.toml", "keep        = \"P1Y\"", "keep = \"P2Y\"");
    let (code, answer) = house.json(&["apply", &plan]);
    assert_eq!(code, 3, "{answer}");
    house.assert_untouched();
}

#[test]
fn a_plan_that_does_not_exist_is_a_mistake_of_the_command_line() {
    let house = House::new();
    for plan in ["2026-01-01-00000000", "../private/desk", ""] {
        let (code, answer) = house.json(&["apply", plan]);
        assert_eq!((code, &error_of(&answer)["code"]), (2, &"unknown-plan".into()), "{plan}: {answer}");
    }
}

#[test]
fn a_damaged_log_stops_destruction_and_is_told_as_such() {
    let house = House::new();
    let plan = house.approved();
    let journal = house.path("state/audit/journal");
    let segment = fs::read_dir(&journal).unwrap().next().unwrap().unwrap().path();
    let mut bytes = fs::read(&segment).unwrap();
    bytes[100] ^= 0xff;
    fs::write(&segment, bytes).unwrap();
    let (code, answer) = house.json(&["apply", &plan]);
    assert_eq!(code, 4, "{answer}");
    assert!(error_of(&answer)["mend"].as_str().unwrap().contains("adopt"), "{answer}");
    house.assert_untouched();
    let ran = house.run(&["audit", "adopt", "--reason", "disk fault"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(house.run(&["apply", &plan]).code, 3, "approvals end with the old log");
    assert_eq!(house.run(&["audit", "verify"]).code, 0);
}

/// Two databases cannot be asked at once whether a file is still named; a link hides from the configuration that both
/// name the same ones.
#[test]
fn two_sources_whose_roots_are_one_directory_by_a_link_are_an_error_of_check() {
    let house = House::new();
    fs::copy(house.path("app.db"), house.path("copy.db")).unwrap();
    fs::create_dir(house.path("theirs")).unwrap();
    for id in 1..=DOSSIERS {
        fs::write(house.path(&format!("theirs/canary-{id}.txt")), "theirs").unwrap();
    }
    let rule = "\n[[series]]\nname = \"letter\"\ntriggers = { closure = { en = \"Closure\" } }\nempty = \"expected\"\n\n[[rule]]\n\
        number = \"R-2\"\ntitle = { en = \"Letters\" }\nseries = \"letter\"\ntrigger = \"closure\"\nkeep = \"P1Y\"\n\
        disposition = \"destroy\"\n";
    let series = "\n[source.copy]\nsqlite = \"copy.db\"\n\n[series.letter]\nsource = \"copy\"\ntable = \"dossier\"\nkey = \"id\"\n\
        event.closure = \"closed_at\"\n\n[[series.letter.part]]\ntable = \"message\"\non = { dossier_id = \"id\" }\n\n\
        [[series.letter.part]]\ntable = \"document\"\non = { dossier_id = \"id\" }\nfiles = { column = \"path\", root = \"theirs\" }\n";
    for (name, more) in [("calendar.toml", rule), ("retentiond.toml", series)] {
        let text = fs::read_to_string(house.path(name)).unwrap();
        fs::write(house.path(name), text + more).unwrap();
    }
    let (code, answer) = house.json(&["check"]);
    assert_eq!(code, 0, "{answer}");
    fs::rename(house.path("theirs"), house.path("aside")).unwrap();
    symlink("files", house.path("theirs")).unwrap();
    let (code, answer) = house.json(&["check"]);
    assert_eq!(code, 78, "{answer}");
    assert_eq!(answer["findings"][0]["code"], "shared-root", "{answer}");
}

#[test]
fn one_record_that_the_database_refuses_at_the_commit_fails_alone() {
    let house = House::new();
    let notes = "CREATE TABLE note(id INTEGER PRIMARY KEY, kind TEXT, dossier_id INTEGER REFERENCES dossier(id) DEFERRABLE INITIALLY DEFERRED);
         CREATE INDEX note_dossier ON note(dossier_id); INSERT INTO note VALUES (1, 'own', 29), (2, 'foreign', 30);";
    house.database().execute_batch(notes).unwrap();
    let part = "[[series.dossier.part]]\ntable = \"note\"\non = { dossier_id = \"id\" }\nwhere = { kind = \"own\" }\n\n[[series";
    house.edit("retentiond.toml", "[[series", part);
    let plan = house.approved();
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["failed"], &run["destroyed"]), (5, &1.into(), &(DUE - 1).into()), "{run}");
    assert_eq!((house.rows("dossier WHERE id = 30"), house.rows("note")), (1, 1));
}

/// Another database of the same schema, or one from which our table was dropped: both look alike.
#[test]
fn another_database_in_the_place_of_the_planned_one_waits_for_a_person() {
    let house = House::new();
    fs::copy(house.path("app.db"), house.path("other.db")).unwrap();
    let plan = house.approved();
    assert_eq!(house.json(&["apply", &plan]).0, 0);
    let shifted =
        "UPDATE message SET dossier_id = dossier_id + 1000; UPDATE document SET dossier_id = dossier_id + 1000;
         UPDATE dossier SET id = id + 1000;";
    let other = Connection::open(house.path("other.db")).unwrap();
    other.execute_batch(&format!("PRAGMA foreign_keys = OFF; {shifted}")).unwrap();
    drop(other);
    fs::rename(house.path("other.db"), house.path("app.db")).unwrap();
    for id in 1..=DUE {
        fs::write(house.path(&format!("files/canary-{id}.txt")), "another's").unwrap();
    }
    let (code, second) = house.json(&["plan"]);
    assert_eq!(code, 0, "{second}");
    assert!(second["rails"].to_string().contains("restored"), "{second}");
    let second = second["plan"].as_str().unwrap();
    let ran = house.run(&["approve", second]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    house.assert_untouched();
}

/// As on a full disk: first nothing of ours can be written, then not the database's journal.
#[test]
fn where_no_file_can_grow_nothing_is_lost_and_the_next_run_goes_on() {
    let house = House::new();
    let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000) INSERT INTO message(dossier_id, body) SELECT i % 60 + 1, hex(zeroblob(400)) FROM n";
    house.database().execute_batch(many).unwrap();
    let plan = house.approved();
    let (dossiers, messages) = (house.rows("dossier"), house.rows("message"));
    // The journal of the transaction, which holds every page that changes, does not fit below 256 KiB; the log's own
    // file is larger already.
    for limit in ["8", "256"] {
        let ran = house.run_limited("-f", limit, &["apply", &plan, "--format", "json"]);
        assert!([1, 5].contains(&ran.code), "{limit}: {} {} {}", ran.code, ran.out, ran.err);
        if ran.code == 1 {
            error_of(&ran.json());
        }
        assert_eq!((house.rows("dossier"), house.rows("message")), (dossiers, messages), "{limit}");
        assert_eq!(house.files(), DOSSIERS as usize);
    }
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["destroyed"]), (0, &DUE.into()), "{run}");
    assert_eq!(house.run(&["audit", "verify"]).code, 0);
}

#[test]
fn a_fence_row_that_somebody_wrote_ahead_of_the_log_stops_the_source_until_the_statement_that_is_told_takes_it_out() {
    let house = House::new();
    let plan = house.approved();
    assert_eq!(house.run(&["apply", &plan]).code, 0);
    let database = house.database();
    database.execute("INSERT INTO retentiond_batch SELECT origin, 999, state, note FROM retentiond_batch", []).unwrap();
    database.execute("INSERT INTO retentiond_batch VALUES ('another/log', 999, 'committed', '')", []).unwrap();
    let (code, answer) = house.json(&["plan"]);
    assert_eq!((code, &error_of(&answer)["code"]), (3, &"log-behind".into()), "{answer}");
    let mend = error_of(&answer)["mend"].as_str().unwrap();
    let statement = mend.split('`').find(|piece| piece.starts_with("DELETE")).unwrap();
    assert_eq!(database.execute(statement, []).unwrap(), 1, "{statement}");
    let (code, answer) = house.json(&["plan"]);
    assert_eq!(code, 0, "{answer}");
    assert_eq!(house.rows("retentiond_batch"), 2, "the row of the last batch, and another log's");
}
