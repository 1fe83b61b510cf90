//! What no word lifts: a plan that fits its database, calendar or day no more, and a log that cannot be written.

use std::fs;

use serde_json::Value as Json;

use super::office::{DUE, NOON, Office, Refusal, calendar};

#[test]
fn a_schema_that_changed_since_the_plan_is_never_accepted() {
    let office = Office::new();
    office.insert(DUE, 2);
    let plan = office.approved();
    office.database().execute_batch("ALTER TABLE dossier ADD COLUMN reopened_at TEXT").unwrap();
    let refusal = office.run(&["apply", &plan], NOON, "").unwrap_err();
    assert_eq!(office.count(), 102);
    assert_eq!((refusal.exit, refusal.code()), (3, "plan-outdated"), "{refusal:?}");
}

#[test]
fn a_calendar_that_is_no_longer_in_effect_destroys_nothing() {
    let office = Office::under(&calendar().replace("until = 2026-12-31", "until = 2026-11-21"));
    let plan = office.plan();
    office.run(&["approve", &plan, "--accept", "rules"], NOON, "").unwrap();
    let refusal = office.run(&["apply", &plan], "2026-11-22T17:00:00Z", "").err();
    assert_eq!(office.count(), 101);
    assert_eq!(refusal.as_ref().map(Refusal::code), Some("calendar-not-in-force"), "{refusal:?}");
    assert_eq!(office.refused(), [[Json::from("calendar-not-in-force")]], "on record");
}

#[test]
fn a_calendar_that_is_not_yet_in_effect_plans_nothing() {
    let office = Office::under(&calendar().replace("from = 2025-06-01, until", "from = 2026-11-22, until"));
    let planned = office.run(&["plan"], NOON, "");
    if let Ok(plan) = &planned {
        let plan = plan["plan"].as_str().unwrap();
        let _refused = office.run(&["approve", plan, "--accept", "rules"], NOON, "");
        let _refused = office.run(&["apply", plan], NOON, "");
    }
    assert_eq!(office.count(), 101);
    let refusal = planned.unwrap_err();
    assert_eq!((refusal.exit, refusal.code()), (3, "calendar-not-in-force"), "{refusal:?}");
    assert!(office.refused().is_empty(), "who only looked asked for no destruction");
}

#[test]
fn a_plan_for_a_day_to_come_is_a_simulation_that_nobody_can_approve() {
    let office = Office::new();
    office.edit("retentiond.toml", "max_share = 0.2", "max_share = 1.0");
    office.edit("retentiond.toml", "max_count = 50", "max_count = 500");
    office.edit("calendar.toml", ", until = 2026-12-31", "");
    office.edit("calendar.toml", "version      = 1\n", "version      = 2\n");
    office.insert("2026-11-01T12:00:00Z", 3);
    let known = office.plan();
    office.run(&["approve", &known], NOON, "").unwrap_err();
    let plan = office.run(&["plan", "--as-of", "2027-06-30"], NOON, "").unwrap();
    assert_eq!(plan["rules"][0]["due"], 100, "{plan}");
    let plan = plan["plan"].as_str().unwrap();
    let approval = office.run(&["approve", plan, "--accept", "rules,share,count,median"], NOON, "");
    let applied = office.run(&["apply", plan], NOON, "");
    assert_eq!(office.count(), 103);
    let refusal = approval.unwrap_err();
    assert_eq!((refusal.exit, refusal.code()), (3, "simulation"), "{refusal:?}");
    assert_eq!(applied.unwrap_err().exit, 3);
}

#[test]
fn without_a_log_that_can_be_written_nothing_goes() {
    for failing in ["journal::write::before", "journal::sync::before", "journal::mark::before"] {
        let office = Office::new();
        office.insert(DUE, 2);
        let plan = office.approved();
        let failpoint = format!("audit::{failing}=return(enospc)");
        let refusal = office.run(&["apply", &plan], NOON, &failpoint).unwrap_err();
        assert_eq!(office.count(), 102, "{failing}: {refusal:?}");
        assert_eq!(refusal.exit, 1, "{failing}: {refusal:?}");
        office.run(&["apply", &plan], NOON, "").unwrap();
        assert_eq!(office.count(), 100, "{failing}: with room on the disk it goes on");
        office.verify();
    }
}

#[test]
fn beside_a_log_that_is_not_consistent_nothing_goes() {
    let office = Office::new();
    office.insert(DUE, 2);
    let plan = office.approved();
    let journal = fs::read_dir(office.path("state/audit/journal")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = fs::read(&journal).unwrap();
    let place = bytes.windows(8).position(|bytes| bytes == b"\"kind\":\"").unwrap_or(200);
    bytes[place] ^= 1;
    fs::write(&journal, bytes).unwrap();
    let refusal = office.run(&["apply", &plan], NOON, "").unwrap_err();
    assert_eq!(office.count(), 102);
    assert_eq!(refusal.exit, 4, "{refusal:?}");
}

#[test]
fn with_a_clock_behind_the_last_entry_nothing_goes() {
    let office = Office::new();
    office.insert(DUE, 2);
    let plan = office.approved();
    let refusal = office.run(&["apply", &plan], "2026-11-20T17:00:00Z", "").unwrap_err();
    assert_eq!(office.count(), 102, "{refusal:?}");
    office.run(&["apply", &plan], NOON, "").unwrap();
    assert_eq!(office.count(), 100);
    office.verify();
}
