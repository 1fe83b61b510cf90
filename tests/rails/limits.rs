//! The rails that look at how much goes, and by which rules, mapping and calendar.

use super::office::{DUE, Office};

#[test]
fn share_keeps_what_would_be_too_much_of_a_series() {
    let office = Office::new();
    office.insert(DUE, 30);
    office.is_kept_by("share", 30);
}

#[test]
fn count_keeps_what_would_be_too_many_records() {
    let office = Office::new();
    office.edit("retentiond.toml", "max_count = 50", "max_count = 9");
    office.insert(DUE, 10);
    office.is_kept_by("count", 10);
}

#[test]
fn median_keeps_what_is_far_more_than_in_the_runs_before() {
    let office = Office::new();
    for _ in 0..2 {
        office.insert(DUE, 1);
        assert!(office.unattended().is_none(), "two runs have no habit yet");
    }
    office.insert(DUE, 3);
    assert!(office.unattended().is_none(), "three times as many is not far more");
    office.insert(DUE, 4);
    office.is_kept_by("median", 4);
}

#[test]
fn empty_keeps_the_last_records_of_a_series() {
    let office = Office::new();
    office.database().execute("DELETE FROM dossier", []).unwrap();
    office.insert(DUE, 3);
    office.is_kept_by("empty", 3);
}

#[test]
fn rules_keeps_what_is_due_by_rules_that_nobody_approved() {
    let office = Office::new();
    office.edit("calendar.toml", "version      = 1\n", "version      = 2\n");
    office.edit("calendar.toml", "P1Y", "P5M");
    office.insert("2026-06-15T12:00:00Z", 3);
    office.edit("retentiond.toml", "max_share = 0.2", "max_share = 1.0");
    // The young ones have reached the shorter term too; three stay.
    office.edit("retentiond.toml", "max_count = 50", "max_count = 500");
    office.insert("2026-11-01T12:00:00Z", 3);
    office.is_kept_by("rules", 103);
}

#[test]
fn mapping_keeps_what_is_due_by_another_column() {
    let office = Office::new();
    office.edit("retentiond.toml", "\"closed_at\"", "\"archived_at\"");
    office.edit("retentiond.toml", "max_share = 0.2", "max_share = 1.0");
    office.edit("retentiond.toml", "max_count = 50", "max_count = 500");
    office.database().execute("UPDATE dossier SET archived_at = NULL WHERE id > 3", []).unwrap();
    office.is_kept_by("mapping", 3);
}

#[test]
fn backlog_keeps_what_had_reached_its_term_before_the_calendar_was_approved() {
    let office = Office::new();
    office.insert("2024-05-01T12:00:00Z", 2);
    office.is_kept_by("backlog", 2);
}
