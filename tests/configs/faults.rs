//! Every fault is told, with its place and its mend; a fault alone is the only one told.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use retentiond::config::{self, Loaded};
use retentiond::model::Fault;

use super::{directory, files, stem, told};

fn invalid(name: &str) -> Fault {
    let faults = config::load(&directory("invalid").join(format!("{name}.toml"))).unwrap_err();
    assert_eq!(faults.len(), 1, "{name}:\n{}", told(&faults));
    faults.into_iter().next().unwrap()
}

fn underlined(fault: &Fault) -> String {
    fs::read_to_string(&fault.file).unwrap()[fault.span.clone().unwrap()].to_owned()
}

/// Loads this configuration from a directory of its own, beside the test's calendars.
fn load_bytes(bytes: &[u8]) -> Result<Loaded, Vec<Fault>> {
    let room = tempfile::tempdir().unwrap();
    let calendar = directory("calendars").join("parle.toml");
    fs::copy(calendar, room.path().join("parle.toml")).unwrap();
    let file = room.path().join("retentiond.toml");
    fs::write(&file, bytes).unwrap();
    config::load(&file)
}

#[test]
fn every_invalid_configuration_has_exactly_the_fault_that_names_it() {
    let files = files("invalid");
    assert!(files.len() >= 40);
    let mut wrong = String::new();
    for path in &files {
        let code = stem(path).split("--").next().unwrap();
        match config::load(path) {
            Ok(_) => wrong += &format!("{} loads\n", stem(path)),
            Err(faults) if faults.len() != 1 || faults[0].code != code => {
                wrong += &format!("{}:\n{}", stem(path), told(&faults));
            }
            Err(faults) => assert_place(stem(path), &faults[0]),
        }
    }
    assert_eq!(wrong, "");
}

/// The caret must stand under the fault: on a line that is neither empty nor a comment; and there must be a way to mend
/// it.
fn assert_place(name: &str, fault: &Fault) {
    assert!(!fault.mend.is_empty(), "{name} has no mend");
    let span = fault.span.clone().unwrap_or_else(|| panic!("{name} has no span"));
    if name == "missing-key--calendars" {
        return; // The fault of a whole file.
    }
    let text = fs::read_to_string(&fault.file).unwrap();
    let is_a_gap = fault.code == "toml-syntax";
    assert!((!span.is_empty() || is_a_gap) && span.end <= text.len(), "{name}: {span:?}");
    let line = text.lines().nth(fault.line - 1).unwrap();
    assert!(!line.trim().is_empty() && !line.starts_with('#'), "{name} points at line {}: {line:?}", fault.line);
}

#[test]
fn the_carets_stand_under_the_faults() {
    for (name, expected) in [
        ("unknown-key--series", "referense = \"file_number\""),
        ("unknown-source", "\"parl\""),
        ("missing-key--key", "[series.dossier]"),
        ("missing-key--on", "[[series.dossier.part]]"),
        ("part-cycle", "\"b\""),
        ("duplicate-part", "[[series.dossier.part]]"),
        ("blocked-across-sources", "\"dossier\""),
        ("shared-root", "\"documents/avatars\""),
        ("cron", "\"61 2 * * *\""),
        ("no-calendar-file--pattern", "\"../calendars/nothing-*.toml\""),
        ("mask-on-key", "\"null\""),
        ("no-mask", "[series.dossier]"),
        ("unknown-series", "[series.licence]"),
        ("unknown-rule", "\"R-7\""),
        ("local-without-zone", "\"local\""),
    ] {
        assert_eq!(underlined(&invalid(name)), expected, "{name}");
    }
}

#[test]
fn a_fault_about_a_rule_points_into_its_calendar() {
    for (name, calendar, expected) in [
        ("unmapped-series", "parle.toml", "\"account\""),
        ("unmapped-trigger", "parle.toml", "\"closure\""),
        ("unmapped-part", "part.toml", "\"exhibit\""),
        ("unmapped-group", "group.toml", "\"payment\""),
        ("unmapped-condition", "unless.toml", "\"public\""),
        ("versions-overlap", "parle-2-overlaps.toml", "{ from = 2025-01-01 }"),
        ("duplicate-version", "parle-again.toml", "1"),
        ("period-zero--calendar", "at-fault.toml", "\"P0Y\""),
    ] {
        let fault = invalid(name);
        assert!(fault.file.ends_with(calendar), "{name} points into {}", fault.file);
        assert_eq!(underlined(&fault), expected, "{name}");
    }
}

#[test]
fn a_near_miss_is_answered_with_the_name_meant() {
    for (name, meant) in [
        ("unknown-key--series", "`reference`"),
        ("unknown-source", "\"parle\""),
        ("unknown-part", "\"message\""),
        ("unknown-relation--blocked-by", "\"dossier\""),
        ("unknown-word--mode", "\"automatic\""),
        ("unmapped-part", "\"exhibits\""),
        ("unknown-rule", "\"R-1\""),
    ] {
        assert!(invalid(name).mend.contains(meant), "{name}: {}", invalid(name).mend);
    }
}

/// The codes are documented by their files; this holds that a code of the sources has one.
#[test]
fn every_code_of_the_room_has_its_sample() {
    let samples: BTreeSet<String> =
        files("invalid").iter().map(|path| stem(path).split("--").next().unwrap().to_owned()).collect();
    let mut sources = String::new();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/config")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            sources += &fs::read_to_string(path).unwrap();
        }
    }
    let is_code = |word: &&str| word.len() > 3 && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    let words: BTreeSet<&str> = sources.split('"').filter(is_code).filter(|word| word.contains('-')).collect();
    let not_codes = [
        "truncate-ip",
        "date-to-year",
        "never-destroyed",
        "overruled-rule",
        "short-term",
        "unused-event",
        "part-of-series",
        "file-missing",
        "file-unreadable",
    ];
    let without: Vec<_> = words.iter().filter(|word| !samples.contains(**word) && !not_codes.contains(word)).collect();
    assert!(words.len() > 20, "the codes are no longer found: {words:?}");
    assert_eq!(without, Vec::<&&str>::new());
}

#[test]
fn all_faults_of_all_files_are_reported_at_once() {
    let room = tempfile::tempdir().unwrap();
    let calendar = fs::read_to_string(directory("calendars").join("at-fault.toml")).unwrap();
    fs::write(room.path().join("law.toml"), calendar).unwrap();
    let text = r#"
calendars = ["law.toml", "nothing*.toml"]
langage = "fr"
[limits]
lock_ms = 0
max_share = 2
[source.parle]
sqlite = 1
timezone = "Mars/Olympus"
[series.dossier]
source = "parl"
key = []
event.closure = { latest = [1, { column = "x", as = "y" }], was = 3 }
[[series.dossier.part]]
on = { a = 1 }
owner_gone = "gone"
[series.account]
source = "parle"
table = "account"
key = "id"
event.last_use = { column = "used_at", as = "local" }
"#;
    let file = room.path().join("retentiond.toml");
    fs::write(&file, text).unwrap();
    let faults = config::load(&file).unwrap_err();
    let found: Vec<_> = faults.iter().map(|fault| (fault.line, fault.code.as_ref())).collect();
    let expected = [
        (2, "no-calendar-file"),
        (3, "unknown-key"),
        (5, "out-of-range"),
        (6, "out-of-range"),
        (8, "wrong-type"),
        (9, "unknown-zone"),
        (10, "missing-key"),
        (11, "unknown-source"),
        (12, "empty-list"),
        (13, "wrong-type"),
        (13, "unknown-word"),
        (13, "unknown-key"),
        (14, "missing-key"),
        (15, "wrong-type"),
        (16, "unknown-word"),
        (20, "period-zero"),
    ];
    assert_eq!(found, expected, "{}", told(&faults));
    assert!(faults.last().unwrap().file.ends_with("law.toml"));
}

#[test]
fn what_is_no_configuration_at_all_is_one_fault() {
    let code = |bytes: &[u8]| {
        let faults = load_bytes(bytes).unwrap_err();
        assert_eq!(faults.len(), 1, "{}", told(&faults));
        assert!(!faults[0].mend.is_empty());
        faults[0].code.clone()
    };
    let binary: Vec<u8> = (0..=255).cycle().take(4_096).collect();
    assert_eq!(code(&binary), "not-utf8");
    assert_eq!(code(b"calendars = [\"caf\xe9.toml\"]"), "not-utf8");
    assert_eq!(code(b"SQLite format 3\0"), "toml-syntax");
    assert_eq!(code(&vec![b'#'; 10_000_000]), "file-too-large");
    assert_eq!(code(b""), "missing-key");
    assert_eq!(code("[".repeat(100_000).as_bytes()), "toml-syntax");
    let absent = config::load(Path::new("/nowhere/retentiond.toml")).unwrap_err();
    assert_eq!((absent.len(), absent[0].code.as_ref()), (1, "file-missing"));
    let directory = config::load(&directory("valid")).unwrap_err();
    assert_eq!((directory.len(), directory[0].code.as_ref()), (1, "file-unreadable"));
}

#[test]
fn every_day_of_the_alerts_at_fault_is_told_at_once() {
    let sample = fs::read_to_string(directory("invalid").join("out-of-range--overdue-days.toml")).unwrap();
    let more = "overdue_days = 0\nunanchored_days = \"P35D\"\nsilence_days = 1";
    let text = sample.replace("../calendars/", "").replace("overdue_days = 0", more);
    let faults = load_bytes(text.as_bytes()).unwrap_err();
    let codes: Vec<_> = faults.iter().map(|fault| fault.code.as_ref()).collect();
    assert_eq!(codes, ["out-of-range", "wrong-type", "out-of-range"], "{}", told(&faults));
    assert!(faults[2].mend.contains("2 to 3650"), "{}", faults[2].mend);
}
