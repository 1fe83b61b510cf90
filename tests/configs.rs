//! Configurations in order load; each configuration at fault is refused for its one fault, at its place.
//!
//! A file in `tests/configs/invalid` is named by the code of its one fault, with a variant after `--`.

#[path = "configs/faults.rs"]
mod faults;
#[path = "configs/guide.rs"]
mod guide;
#[path = "configs/lowered.rs"]
mod lowered;

use std::fs;
use std::path::{Path, PathBuf};

use retentiond::config::{self, Loaded};
use retentiond::model::Fault;

fn directory(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configs").join(name)
}

fn files(name: &str) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(directory(name)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn stem(path: &Path) -> &str {
    path.file_stem().unwrap().to_str().unwrap()
}

fn told(faults: &[Fault]) -> String {
    let lines = faults.iter();
    lines
        .map(|fault| format!("{}:{}:{} {} {}\n", fault.file, fault.line, fault.column, fault.code, fault.message))
        .collect()
}

fn valid(name: &str) -> Loaded {
    config::load(&directory("valid").join(name)).unwrap_or_else(|faults| panic!("{name}\n{}", told(&faults)))
}

#[test]
fn every_valid_configuration_loads() {
    let applications = ["../fixtures/redmine/retentiond.toml", "../fixtures/chinook/retentiond.toml"];
    for path in files("valid").into_iter().chain(applications.map(directory)) {
        config::load(&path).unwrap_or_else(|faults| panic!("{}\n{}", path.display(), told(&faults)));
    }
}

#[test]
fn a_rule_that_never_acts_and_a_term_of_minutes_are_warnings_and_floors_alone_are_noted() {
    let loaded = valid("remarks.toml");
    let told: Vec<_> = loaded.notes.iter().map(|note| (note.is_warning, note.code, note.place.as_str())).collect();
    let expected = [
        (true, "overruled-rule", "calendar T-9 rule R-1"),
        (true, "short-term", "calendar T-9 rule R-3"),
        (false, "never-destroyed", "T-9 ledger"),
    ];
    assert_eq!(told, expected);
    assert!(
        loaded.notes[0]
            .message
            .contains("R-1 (anonymize, closure + P1Y) never acts: rule R-2 (destroy, closure + P5Y)")
    );
}

#[test]
fn a_series_that_no_rule_governs_is_noted_and_so_is_an_event_that_nothing_counts_from() {
    let loaded = valid("never-destroyed.toml");
    let notes: Vec<_> = loaded.notes.iter().map(|note| (note.code, note.place.as_str())).collect();
    let expected = [
        ("unused-event", "series.permit.event.renewal"),
        ("never-destroyed", "T-3 permit"),
        ("never-destroyed", "T-3 leaflet"),
    ];
    assert_eq!(notes, expected);
    assert!(valid("minimal.toml").notes.is_empty());
}

#[test]
fn rows_that_are_parts_of_one_series_and_records_of_another_are_noted() {
    let notes = valid("one-table.toml").notes;
    let found: Vec<_> = notes.iter().map(|note| (note.code, note.place.as_str())).collect();
    // Of its own series too: a child's own date would not be looked at.
    assert_eq!(found, [("part-of-series", "series.dossier part entry"); 2]);
    assert!(notes[1].message.contains("records of \"account\""), "{}", notes[1].message);
    let blocked = valid("everything.toml").notes;
    assert!(blocked.iter().all(|note| note.code != "part-of-series"), "{blocked:?}");
}

#[test]
fn a_replaced_version_ends_on_the_eve_of_its_replacement() {
    let calendars = valid("two-versions.toml").calendars;
    let ends: Vec<_> = calendars.iter().map(|one| (one.version, one.last_day().map(|day| day.to_string()))).collect();
    assert_eq!(ends, [(1, Some("2024-12-31".to_owned())), (2, None)]);
}
