//! Records that are back, and the logs before this one that could tell of them.

use std::fs;

use serde_json::Value as Json;

use super::office::{DUE, NOON, Office};
use super::support::CALENDAR;

#[test]
fn of_a_copy_older_than_the_successor_of_its_log_the_records_that_are_back_are_told() {
    let office = succeeded(&|_| ());
    fs::copy(office.path("backup.db"), office.path("app.db")).unwrap();
    office.plan();
    let told: Vec<_> =
        office.corrections().iter().map(|told| (told["what"].clone(), told["records"].clone())).collect();
    assert_eq!(told, [("resurrected".into(), 3.into()), ("missing_fence".into(), 0.into())]);
    let found = office.lookup("dossier", "102").unwrap();
    assert!(found["mentions"][0]["restored_since"].is_u64(), "{found}");
    let found = office.lookup("dossier", "105").unwrap();
    let mention = &found["mentions"][0];
    assert_eq!((&found["answer"], &mention["restored_since"]), (&"DESTROYED".into(), &Json::Null), "{found}");
    assert!(mention["still_gone"].is_u64(), "it was looked for: {found}");
    office.verify_by_python(NOON);
    office.is_kept_by("restored", 3);
    office.verify();
}

/// An office whose backup was made before three dossiers went, and whose log was then succeeded by another one.
fn succeeded(spoil: &dyn Fn(&Office)) -> Office {
    let office = Office::new();
    office.insert(DUE, 3);
    fs::copy(office.path("app.db"), office.path("backup.db")).unwrap();
    assert!(office.unattended().is_none());
    spoil(&office);
    office.run(&["audit", "adopt", "--reason", "damaged"], NOON, "").unwrap();
    // Ordinary work under the successor.
    office.insert(DUE, 1);
    let plan = office.plan();
    office.run(&["approve", &plan, "--accept", "rules,restored"], NOON, "").unwrap();
    office.run(&["apply", &plan], NOON, "").unwrap();
    assert_eq!(office.count(), 100);
    office
}

/// Changes the results of the batch of three, wherever the log has them.
fn change_outcome(office: &Office) {
    let entries = office.path("state/audit/tile/entries/000.p");
    for file in fs::read_dir(entries).unwrap().map(|file| file.unwrap().path()) {
        let mut bytes = fs::read(&file).unwrap();
        if let Some(place) = bytes.windows(4).position(|bytes| bytes == b"\"3D\"") {
            bytes[place + 1] ^= 1;
            fs::write(file, bytes).unwrap();
        }
    }
}

#[test]
fn rows_of_a_backup_stay_where_the_earlier_log_that_could_tell_of_them_was_damaged() {
    let office = succeeded(&change_outcome);
    office.import("backup.db");
    office.is_kept_by("restored", 3);
}

#[test]
fn rows_of_a_backup_stay_where_the_earlier_log_that_could_tell_of_them_is_not_beside() {
    let office = succeeded(&|_| ());
    office.insert(DUE, 1);
    assert!(office.unattended().is_none(), "it is beside, and tells of everything");
    fs::rename(office.path("state/audit.1"), office.path("elsewhere")).unwrap();
    office.import("backup.db");
    office.is_kept_by("restored", 3);
}

#[test]
fn a_doubt_about_an_earlier_log_ends_with_the_records_whose_clock_started_before_its_end() {
    // A term and more after the successor began.
    let later = "2028-02-01T12:00:00Z";
    let office = Office::under(CALENDAR);
    let plan = office.plan();
    office.run(&["approve", &plan, "--accept", "rules"], NOON, "").unwrap();
    office.run(&["apply", &plan], NOON, "").unwrap();
    let entries = office.path("state/audit/tile/entries/000.p");
    for file in fs::read_dir(entries).unwrap().map(|file| file.unwrap().path()) {
        let mut bytes = fs::read(&file).unwrap();
        if let Some(place) = bytes.windows(4).position(|bytes| bytes == b"\"1D\"") {
            bytes[place + 1] ^= 1;
            fs::write(file, bytes).unwrap();
        }
    }
    office.run(&["audit", "adopt", "--reason", "damaged"], NOON, "").unwrap();
    office.insert(DUE, 1);
    let plan = office.plan();
    let refusal = office.run(&["approve", &plan, "--accept", "rules"], NOON, "").unwrap_err();
    assert!(refusal.rails().contains(&"restored"), "{refusal:?}");
    office.run(&["approve", &plan, "--accept", "rules,restored"], NOON, "").unwrap();
    office.run(&["apply", &plan], NOON, "").unwrap();
    office.database().execute("UPDATE dossier SET closed_at = NULL", []).unwrap();
    office.insert("2026-11-24T12:00:00Z", 2);
    let approve = |accepted: &[&str]| {
        let plan = office.run(&["plan"], later, "").unwrap()["plan"].as_str().unwrap().to_owned();
        office.run(&[&["approve", &plan], accepted].concat(), later, "").map(|_| plan)
    };
    let plan = approve(&[]).unwrap();
    office.run(&["apply", &plan], later, "").unwrap();
    assert_eq!(office.count(), 100);
    // One from before may have been destroyed, for all that the logs tell.
    office.insert("2026-11-20T12:00:00Z", 1);
    assert_eq!(approve(&[]).unwrap_err().rails(), ["restored"]);
}

#[test]
fn rows_of_a_backup_stay_where_the_key_that_names_them_was_lost() {
    let later = "2027-02-01T12:00:00Z";
    let office = Office::under(CALENDAR);
    fs::copy(office.path("app.db"), office.path("backup.db")).unwrap();
    let plan = office.plan();
    office.run(&["approve", &plan, "--accept", "rules"], NOON, "").unwrap();
    office.run(&["apply", &plan], NOON, "").unwrap();
    office.import("backup.db");
    fs::remove_file(office.path("state/private/keys/fp-app-2026.key")).unwrap();
    let plan = office.run(&["plan"], later, "").unwrap()["plan"].as_str().unwrap().to_owned();
    let refusal = office.run(&["approve", &plan], later, "").unwrap_err();
    assert_eq!((refusal.exit, refusal.rails()), (3, vec!["restored"]), "{refusal:?}");
}

#[test]
fn a_log_that_waits_for_an_outcome_is_not_left_for_a_successor() {
    let office = Office::new();
    office.insert(DUE, 2);
    let plan = office.approved();
    let mut killed = office.command(&["apply", &plan]);
    let killed = killed.env("RETENTIOND_NOW", NOON).env("FAILPOINTS", "committed=return(kill)").output().unwrap();
    assert_eq!(killed.status.code(), None, "{killed:?}");
    let adopt = ["audit", "adopt", "--reason", "lost"];
    let refusal = office.run(&adopt, NOON, "").unwrap_err();
    assert_eq!((refusal.exit, refusal.code()), (3, "log-unsettled"), "{refusal:?}");
    office.run(&["apply", &plan], NOON, "").unwrap();
    assert_eq!(office.count(), 100);
    let entries = office.run(&["audit", "verify"], NOON, "").unwrap()["size"].clone();
    assert_eq!(office.run(&adopt, NOON, "").unwrap()["read"], entries, "all of it is pinned");
}
