//! Calendars in order parse; each calendar at fault is refused for its one fault, at its place.
//!
//! A file in `tests/calendars/invalid` is named by the code of its one fault, with a variant after `--`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use retentiond::calendar::{self, Calendar};
use retentiond::model::Fault;

fn files(directory: &str) -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
    let mut files: Vec<_> = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", directory.display());
    files
}

fn parse(path: &Path) -> Result<Calendar, Vec<Fault>> {
    calendar::parse(&path.display().to_string(), &fs::read(path).unwrap())
}

fn told(faults: &[Fault]) -> String {
    let lines = faults.iter();
    lines.map(|fault| format!("{}:{} {} {}\n", fault.line, fault.column, fault.code, fault.message)).collect()
}

#[test]
fn every_valid_calendar_and_every_schedule_of_the_library_parses() {
    for path in files("tests/calendars/valid").into_iter().chain(files("schedules")) {
        parse(&path).unwrap_or_else(|faults| panic!("{}\n{}", path.display(), told(&faults)));
    }
}

#[test]
fn every_invalid_calendar_has_exactly_the_fault_that_names_it() {
    let files = files("tests/calendars/invalid");
    assert!(files.len() >= 40);
    for path in files {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let code = name.split("--").next().unwrap();
        let faults = parse(&path).expect_err(name);
        assert!(faults.len() == 1 && faults[0].code == code, "{name}:\n{}", told(&faults));
        assert!(!faults[0].mend.is_empty(), "{name} has no mend");
        assert_place(name, &faults[0], &fs::read(&path).unwrap());
    }
}

/// The caret must stand under the fault: on a line that is neither empty nor a comment, and not at the file's end.
fn assert_place(name: &str, fault: &Fault, bytes: &[u8]) {
    if ["byte-order-mark", "calendar-empty", "not-utf8", "missing-key--calendar", "missing-key--series"].contains(&name)
    {
        return; // The fault of a whole file.
    }
    let span = fault.span.clone().unwrap_or_else(|| panic!("{name} has no span"));
    let text = std::str::from_utf8(bytes).unwrap();
    let is_a_gap = span.is_empty() && fault.code == "toml-syntax";
    assert!((!span.is_empty() || is_a_gap) && span.end <= text.len(), "{name}: {span:?}");
    let line = text.lines().nth(fault.line - 1).unwrap();
    assert!(!line.trim().is_empty() && !line.starts_with('#'), "{name} points at line {}: {line:?}", fault.line);
}

#[test]
fn the_carets_stand_under_the_faults() {
    for (name, underlined) in [
        ("unknown-key--rule", "keeps       = \"P2Y\""),
        ("period-zero", "\"P0D\""),
        ("unknown-zone", "\"America/Montréal\""),
        ("missing-key--trigger", "[[rule]]"),
        ("missing-disposition", "[[rule]]"),
        ("missing-key--timezone", "[calendar]"),
        ("unknown-series", "\"dosier\""),
        ("unknown-trigger--until", "\"consent_withdrawal\""),
        ("effective-reversed", "{ from = 2024-04-04, until = 2024-04-03 }"),
        ("bad-year-end", "\"31-12\""),
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/calendars/invalid/{name}.toml"));
        let text = fs::read_to_string(&path).unwrap();
        let fault = &parse(&path).unwrap_err()[0];
        assert_eq!(&text[fault.span.clone().unwrap()], underlined, "{name}");
    }
}

#[test]
fn a_near_miss_is_answered_with_the_name_meant() {
    for (name, meant) in [
        ("unknown-series", "\"dossier\""),
        ("unknown-trigger--until", "\"consent_withdrawn\""),
        ("unknown-key--rule", "`keep`"),
        ("unknown-key--top", "`rule`"),
        ("period-misspelt", "\"P1Y\""),
        ("wrong-type--single-bracket-rule", "[[rule]]"),
        ("wrong-type--keep", "\"P365D\""),
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/calendars/invalid/{name}.toml"));
        let fault = &parse(&path).unwrap_err()[0];
        assert!(fault.mend.contains(meant), "{name}: {}", fault.mend);
    }
}

#[test]
fn all_faults_are_reported_at_once_in_the_order_of_the_file() {
    let text = r#"
[calendar]
organization = ""
version = 0
effective = { from = 2024-04-04, until = 2020-01-01 }
timezone = "Mars/Olympus"
colour = "red"

[[series]]
name = "dossier"
triggers = { closure = {} }
tabel = "x"

[[rule]]
series = "dos ier"
keep = "P0D"
role = "floor"
disposition = "destroy"

[[rule]]
number = "2"
series = "dossier"
until = { earliest = [{ trigger = "closing", keep = "P1A" }, { trigger = "closure" }] }
"#;
    let faults = calendar::parse("t.toml", text.as_bytes()).unwrap_err();
    let found: Vec<_> = faults.iter().map(|fault| (fault.line, fault.code.as_ref())).collect();
    let expected = [
        (2, "missing-key"),
        (3, "empty-text"),
        (4, "bad-version"),
        (5, "effective-reversed"),
        (6, "unknown-zone"),
        (7, "unknown-key"),
        (11, "no-words"),
        (12, "unknown-key"),
        (14, "missing-key"),
        (14, "missing-key"),
        (15, "bad-name"),
        (16, "period-zero"),
        (18, "floor-disposes"),
        (20, "missing-disposition"),
        (23, "unknown-trigger"),
        (23, "period-misspelt"),
        (23, "missing-keep"),
    ];
    assert_eq!(found, expected, "{}", told(&faults));
}

#[test]
fn what_is_no_calendar_at_all_is_one_fault() {
    let code = |bytes: &[u8]| {
        let faults = calendar::parse("t.toml", bytes).unwrap_err();
        assert_eq!(faults.len(), 1, "{}", told(&faults));
        faults[0].code.clone()
    };
    let binary: Vec<u8> = (0..=255).cycle().take(4_096).collect();
    assert_eq!(code(&binary), "not-utf8");
    assert_eq!(code(b"SQLite format 3\0"), "toml-syntax");
    assert_eq!(code(&[0; 512]), "toml-syntax");
    assert_eq!(code(&vec![b'#'; 10_000_000]), "file-too-large");
    assert_eq!(code(b""), "calendar-empty");
    assert_eq!(code(b"\xef\xbb\xbf"), "byte-order-mark");
    assert_eq!(code("[".repeat(100_000).as_bytes()), "toml-syntax");
    assert_eq!(code(format!("calendar = {}", "[".repeat(100_000)).as_bytes()), "toml-syntax");
}

/// The codes are documented by their files; this holds that a code of the sources has one.
#[test]
fn every_code_of_the_calendar_room_has_its_sample() {
    let samples: BTreeSet<String> = files("tests/calendars/invalid")
        .iter()
        .map(|path| path.file_stem().unwrap().to_str().unwrap().split("--").next().unwrap().to_owned())
        .collect();
    let mut codes = BTreeSet::new();
    for path in files("src/calendar/parse") {
        let source = fs::read_to_string(path).unwrap();
        for call in source.split(".fault(").skip(1) {
            codes.extend(call.trim_start().strip_prefix('"').map(|rest| rest.split('"').next().unwrap().to_owned()));
        }
    }
    assert!(codes.len() > 10, "the calls are no longer found: {codes:?}");
    assert_eq!(codes.difference(&samples).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn a_fault_in_a_rule_or_a_series_names_it() {
    for (name, named) in [
        ("period-zero", "rule "),
        ("missing-keep", "rule "),
        ("unknown-trigger--until", "rule "),
        ("unknown-word--disposition", "rule "),
        ("floor-disposes", "rule "),
        ("unknown-key--rule", "rule "),
        ("unknown-key--series", "series "),
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/calendars/invalid/{name}.toml"));
        let text = fs::read_to_string(&path).unwrap();
        let fault = &parse(&path).unwrap_err()[0];
        let start = fault.span.clone().unwrap().start;
        // The name of the table in which the fault stands; a caret at its head stands before its name.
        let from = text[..start + 2].rfind("\n[[").unwrap();
        let key = if named == "rule " { "number" } else { "name" };
        let line = text[from..].lines().find(|line| line.starts_with(key)).unwrap();
        let called = line.split('"').nth(1).unwrap();
        assert!(fault.message.starts_with(&format!("{named}{called}: ")), "{name}: {}", fault.message);
    }
}
