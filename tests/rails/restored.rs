//! Records that are back after they were destroyed: none goes again by itself.

use std::fs;

use serde_json::Value as Json;

use super::office::{DUE, NOON, Office, calendar};
use super::support::documented::assert_documented;
use super::support::{CALENDAR, ran};

#[test]
fn restored_keeps_what_came_back_with_a_copy_of_the_database() {
    let office = Office::new();
    office.insert(DUE, 2);
    fs::copy(office.path("app.db"), office.path("backup.db")).unwrap();
    assert!(office.unattended().is_none());
    fs::copy(office.path("backup.db"), office.path("app.db")).unwrap();
    assert_eq!(office.count(), 102);
    office.is_kept_by("restored", 2);
    office.verify();
}

#[test]
fn a_plan_approved_before_the_database_was_restored_is_not_applied_to_it() {
    let office = Office::new();
    office.insert(DUE, 2);
    fs::copy(office.path("app.db"), office.path("backup.db")).unwrap();
    assert!(office.unattended().is_none());
    office.insert(DUE, 1);
    let plan = office.approved();
    fs::copy(office.path("backup.db"), office.path("app.db")).unwrap();
    // The same dossier, in the same place: only the fence tells that this is another history.
    office.insert(DUE, 1);
    let refusal = office.run(&["apply", &plan], NOON, "").unwrap_err();
    assert_eq!(office.count(), 103);
    assert_eq!((refusal.exit, refusal.code()), (3, "restored"), "{refusal:?}");
    // Whoever looks at it afterwards decides anew, also where the list is the same.
    let anew = office.plan();
    assert_ne!(anew, plan);
    office.run(&["approve", &anew, "--accept", "restored"], NOON, "").unwrap();
    office.run(&["apply", &anew], NOON, "").unwrap();
    assert_eq!(office.count(), 100);
}

#[test]
fn what_another_plan_destroyed_since_the_approval_and_was_imported_again_is_not_destroyed_again() {
    let office = Office::new();
    office.insert(DUE, 2);
    fs::copy(office.path("app.db"), office.path("backup.db")).unwrap();
    let before = office.approved();
    office.insert(DUE, 1);
    let meanwhile = office.approved();
    office.run(&["apply", &meanwhile], NOON, "").unwrap();
    assert_eq!(office.count(), 100);
    office.import("backup.db");
    assert_eq!(office.count(), 102);
    let statement = office.run(&["apply", &before], NOON, "").unwrap();
    assert_eq!(office.count(), 102, "the log says that they were destroyed, and nobody let them go again");
    assert_eq!((&statement["destroyed"], &statement["drifted"]), (&0.into(), &2.into()), "{statement}");
    let reasons = statement["reasons"].as_object().unwrap();
    assert!(reasons.iter().any(|(why, records)| why.contains("make a new plan") && *records == 2), "{statement}");
    office.verify();
    office.is_kept_by("restored", 2);
    office.verify();
}

#[test]
fn rows_that_were_imported_from_a_copy_are_on_record_before_they_go_again() {
    let office = Office::new();
    office.insert(DUE, 3);
    fs::copy(office.path("app.db"), office.path("backup.db")).unwrap();
    assert!(office.unattended().is_none());
    office.import("backup.db");
    // Another dossier under a key that is used again.
    office.database().execute("UPDATE dossier SET closed_at = NULL WHERE id = 104", []).unwrap();
    let lookup = |key: &str| office.run(&["audit", "lookup", "dossier", key], NOON, "").unwrap();
    let corrections = || office.run(&["audit", "show", "--kind", "correction"], NOON, "").unwrap()["entries"].clone();
    let plan = office.plan();
    assert_eq!(lookup("102")["answer"], "DESTROYED", "a dry run puts nothing on record");
    for _ in 0..2 {
        let refusal = office.run(&["approve", &plan], NOON, "").unwrap_err();
        assert_eq!((refusal.exit, refusal.rails()), (3, vec!["restored"]), "{refusal:?}");
    }
    assert_eq!(corrections().as_array().unwrap().len(), 1, "once: {}", corrections());
    assert_eq!((&corrections()[0]["what"], &corrections()[0]["back"]), (&"resurrected".into(), &"2b1g".into()));
    assert_eq!((&lookup("102")["answer"], &lookup("104")["answer"]), (&"RESURRECTED".into(), &"DESTROYED".into()));
    office.verify();
    office.run(&["approve", &plan, "--accept", "restored"], NOON, "").unwrap();
    office.run(&["apply", &plan], NOON, "").unwrap();
    assert_eq!(office.count(), 101);
    let both = lookup("102");
    let mentions = both["mentions"].as_array().unwrap();
    let answers: Vec<&str> = mentions.iter().filter_map(|mention| mention["answer"].as_str()).collect();
    assert_eq!((&both["answer"], answers), (&"DESTROYED".into(), vec!["RESURRECTED", "DESTROYED"]), "{both}");
    office.verify();
}

#[test]
fn of_records_whose_key_was_forgotten_no_entry_says_that_they_are_not_back() {
    let later = "2027-08-01T12:00:00Z";
    let office = Office::under(CALENDAR);
    fs::copy(office.path("app.db"), office.path("backup.db")).unwrap();
    let plan = office.plan();
    office.run(&["approve", &plan, "--accept", "rules"], NOON, "").unwrap();
    office.run(&["apply", &plan], NOON, "").unwrap();
    office.run(&["audit", "forget-key", "app", "2026"], later, "").unwrap();
    fs::copy(office.path("backup.db"), office.path("app.db")).unwrap();
    office.run(&["plan"], later, "").unwrap();
    let corrections = office.run(&["audit", "show", "--kind", "correction"], later, "").unwrap()["entries"].clone();
    assert_eq!(corrections[0]["what"], "fence_table_dropped", "{corrections}");
    assert_eq!((&corrections[0]["records"], &corrections[0]["unnamed"]), (&0.into(), &1.into()), "{corrections}");
    let shown = office.command(&["audit", "show", "--kind", "correction"]).output().unwrap();
    assert!(String::from_utf8_lossy(&shown.stdout).contains("1 record could not be looked for"), "{shown:?}");
    let verdict = office.run(&["audit", "verify"], later, "").unwrap();
    assert_ne!(verdict["verdict"], "FAIL", "{verdict}");
}

#[test]
fn a_record_is_known_again_whose_key_has_another_type_now() {
    for (before, after) in [("INTEGER", "TEXT"), ("TEXT", "INTEGER")] {
        let office = Office::under(&calendar());
        office.retype(before);
        office.insert_due(&["201", "202", "-3"]);
        fs::copy(office.path("app.db"), office.path("backup.db")).unwrap();
        let plan = office.plan();
        office.run(&["approve", &plan, "--accept", "rules"], NOON, "").unwrap();
        office.run(&["apply", &plan], NOON, "").unwrap();
        assert_eq!(office.count(), 100);
        assert_eq!(office.lookup("dossier", "202").unwrap()["mentions"][0]["retyped"], Json::Null, "{before}");

        office.retype(after);
        for key in ["202", "-3"] {
            let found = office.lookup("dossier", key).unwrap();
            assert_documented("audit lookup", &found);
            let told = (&found["answer"], &found["mentions"][0]["retyped"]);
            assert_eq!(told, (&"DESTROYED".into(), &true.into()), "{before} {key}: {found}");
        }
        let text = ran(&mut office.command(&["audit", "lookup", "dossier", "202"])).flat();
        assert!(text.contains("by a key of another type"), "{before}: {text}");
        assert_eq!(office.lookup("dossier", "7").unwrap()["answer"], "NOT-FOUND", "{before}");

        office.import("backup.db");
        office.is_kept_by("restored", 4);
        let corrections = office.corrections();
        let [back, ..] = corrections.as_slice() else { panic!("{before}: {corrections:?}") };
        assert_eq!((&back["what"], &back["back"]), (&"resurrected".into(), &"4b".into()), "{before}: {back}");
        office.verify();
    }
}

#[test]
fn a_destruction_is_not_denied_to_who_gives_a_key_that_its_column_cannot_hold_any_more() {
    let office = Office::under(&calendar());
    office.retype("TEXT");
    office.insert_due(&["A-17", "0205"]);
    let plan = office.plan();
    office.run(&["approve", &plan, "--accept", "rules"], NOON, "").unwrap();
    office.run(&["apply", &plan], NOON, "").unwrap();
    office.retype("INTEGER");
    for key in ["A-17", "0205"] {
        let found = office.lookup("dossier", key).unwrap();
        let told = (&found["answer"], &found["mentions"][0]["retyped"]);
        assert_eq!(told, (&"DESTROYED".into(), &true.into()), "{key}: {found}");
    }
    assert_eq!(office.lookup("dossier", "A-18").unwrap_err().exit, 2, "a slip is told as one");
    assert_eq!(office.lookup("dossier", "205").unwrap()["answer"], "NOT-FOUND");
}

#[test]
fn a_record_is_known_again_whose_series_has_another_name_now() {
    let office = Office::new();
    office.insert(DUE, 3);
    fs::copy(office.path("app.db"), office.path("backup.db")).unwrap();
    assert!(office.unattended().is_none());
    let rename = |file: &str, change: &dyn Fn(&str) -> String| {
        let text = fs::read_to_string(office.path(file)).unwrap();
        fs::write(office.path(file), change(&text)).unwrap();
    };
    rename("calendar.toml", &|text| {
        text.replace("\"dossier\"", "\"file\"").replace("version      = 1", "version      = 2")
    });
    rename("retentiond.toml", &|text| text.replace("[series.dossier", "[series.file"));
    // What has come since is nobody's copy.
    office.insert(DUE, 1);
    let plan = office.plan();
    office.run(&["approve", &plan, "--accept", "rules"], NOON, "").unwrap();
    office.run(&["apply", &plan], NOON, "").unwrap();
    assert_eq!(office.count(), 100);

    office.import("backup.db");
    office.is_kept_by("restored", 3);
    let corrections = office.corrections();
    let [back, ..] = corrections.as_slice() else { panic!("{corrections:?}") };
    assert_eq!((&back["what"], &back["back"]), (&"resurrected".into(), &"3b".into()), "{back}");
    let found = office.lookup("file", "102").unwrap();
    assert_eq!(found["answer"], "DESTROYED", "again, under its new name: {found}");
    office.verify();
}

#[test]
fn a_list_that_is_the_same_after_its_source_was_found_restored_is_decided_on_anew() {
    let office = Office::new();
    office.insert(DUE, 2);
    let plan = office.approved();
    office.database().execute_batch("DROP TABLE retentiond_batch").unwrap();
    let refusal = office.run(&["apply", &plan], NOON, "").unwrap_err();
    assert_eq!((refusal.exit, refusal.code()), (3, "restored"), "{refusal:?}");
    let anew = office.plan();
    assert_ne!(anew, plan, "the old name was decided on, and cannot be again");
    office.run(&["approve", &anew, "--accept", "restored"], NOON, "").unwrap();
    office.run(&["apply", &anew], NOON, "").unwrap();
    assert_eq!(office.count(), 100);
    office.verify();
}

#[test]
fn nobody_accepts_in_advance_that_a_database_is_restored() {
    let office = Office::new();
    office.insert(DUE, 2);
    fs::copy(office.path("app.db"), office.path("backup.db")).unwrap();
    assert!(office.unattended().is_none());
    office.insert(DUE, 1);
    let plan = office.plan();
    let approved = office.run(&["approve", &plan, "--accept", "restored,share,rules"], NOON, "").unwrap();
    assert!(approved["accepted"].as_array().is_none_or(Vec::is_empty), "nothing had tripped: {approved}");
    fs::copy(office.path("backup.db"), office.path("app.db")).unwrap();
    let refusal = office.run(&["apply", &plan], NOON, "").unwrap_err();
    assert_eq!((refusal.exit, refusal.code()), (3, "restored"), "{refusal:?}");
    assert_eq!(office.count(), 102);
    office.is_kept_by("restored", 2);
    office.verify();
}
