//! Configurations in order load; each configuration at fault is refused for its one fault, at its place.
//!
//! A file in `tests/configs/invalid` is named by the code of its one fault, with a variant after `--`.

#[path = "configs/guide.rs"]
mod guide;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use retentiond::config::{self, CatchUp, Listen, Loaded, Mode};
use retentiond::model::{Fault, Language, Pace, SeriesName};
use retentiond::records::mapping::{
    ColumnTest, Condition, Element, Encoding, Join, Literal, Mask, OwnerGone, Pick, Place, SeriesMapping, SetValue,
};

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
fn every_valid_configuration_loads() {
    let applications = ["../fixtures/redmine/retentiond.toml", "../fixtures/chinook/retentiond.toml"];
    for path in files("valid").into_iter().chain(applications.map(directory)) {
        config::load(&path).unwrap_or_else(|faults| panic!("{}\n{}", path.display(), told(&faults)));
    }
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

/// The caret must stand under the fault: on a line that is neither empty nor a comment; and there must be a way to mend it.
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
fn a_configuration_says_what_was_left_out_by_defaults() {
    let config = valid("minimal.toml").config;
    assert_eq!((config.language, config.mode), (Language::French, Mode::Report));
    assert_eq!(config.state, Path::new("/var/lib/retentiond"));
    assert!(config.schedule.is_none() && config.notify.is_none());
    assert_eq!(config.limits, Default::default());
    let days = (config.alerts.overdue, config.alerts.unanchored, config.alerts.silence);
    assert_eq!(days, (TimeDelta::days(30), TimeDelta::days(35), TimeDelta::days(90)));
    assert_eq!(config.keep_plans.months, 36);
    let dossier = &config.series[0];
    assert_eq!(dossier.earliest.to_string(), "1990-01-01");
    let closure = &dossier.events[&"closure".into()];
    assert_eq!((closure.pick, closure.deadline, &closure.condition), (Pick::Latest, false, &None));
    assert_eq!(closure.elements, [column("closed_at", Encoding::Rfc3339)]);
}

#[test]
fn relative_paths_are_resolved_against_the_configuration_s_directory() {
    let Loaded { config, .. } = valid("everything.toml");
    let base = directory("valid");
    assert_eq!(config.calendars, [base.join("../calendars/everything.toml")]);
    assert_eq!(config.state, Path::new("/var/lib/retentiond"));
    let dossier = series(&config.series, "dossier");
    let root = |part: usize| dossier.parts[part].files.as_ref().unwrap().root.clone();
    assert_eq!((root(2), root(5)), (base.join("documents"), PathBuf::from("/srv/parle/envelopes")));
    assert_eq!(valid("minimal.toml").config.sources[&"parle".into()].sqlite, base.join("parle.db"));
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

#[test]
fn every_setting_is_lowered() {
    let Loaded { config, calendars, .. } = valid("everything.toml");
    assert_eq!((config.language, config.mode), (Language::English, Mode::Approve));
    let schedule = config.schedule.unwrap();
    assert_eq!((schedule.catch_up, schedule.grace, schedule.suspended), (CatchUp::Never, 12 * 3_600, false));
    assert_eq!((schedule.scan.as_str(), schedule.timezone.name()), ("0 2 * * *", "America/Toronto"));
    assert_eq!((schedule.windows.blackout.len(), schedule.windows.maintenance.len()), (1, 2));
    assert_eq!(schedule.windows.zone, schedule.timezone);
    assert_eq!(schedule.extra[0].rules, ["R-3".into()]);
    let limits = config.limits;
    assert_eq!((limits.max_share, limits.min_count, limits.max_count), (0.25, 5, 5_000));
    assert_eq!((limits.lock.as_millis(), limits.pace), (200, Pace::Full));
    assert_eq!(config.notify.unwrap(), ["/usr/local/bin/alert", "--channel", "archives"]);
    let days = (config.alerts.overdue, config.alerts.unanchored, config.alerts.silence);
    assert_eq!(days, (TimeDelta::days(7), TimeDelta::days(400), TimeDelta::days(14)));
    assert_eq!(config.metrics.listen, Some(Listen::Loopback("127.0.0.1:9467".parse().unwrap())));
    assert_eq!(config.metrics.textfile, Some(directory("valid").join("metrics/retentiond.prom")));
    assert_eq!(config.keep_plans.months, 60);
    let source = &config.sources[&"parle".into()];
    assert_eq!(source.timezone.unwrap().name(), "America/Toronto");
    assert_eq!(source.backups.as_deref(), Some("P35D"));
    let empty: Vec<bool> = calendars[0].series.iter().map(|series| series.may_be_empty).collect();
    assert_eq!(empty, [true, false, false], "`empty = \"expected\"` reaches the series of the law");
}

fn series<'c>(all: &'c [SeriesMapping], name: &str) -> &'c SeriesMapping {
    all.iter().find(|mapping| mapping.series == SeriesName::new(name)).unwrap()
}

fn column(name: &str, encoding: Encoding) -> Element {
    Element { column: name.to_owned(), encoding, unset: Vec::new(), place: Place::Record }
}

fn columns(pairs: &[(&str, &str)]) -> Join {
    Join::Columns(pairs.iter().map(|(this, owner)| ((*this).to_owned(), (*owner).to_owned())).collect())
}

fn test(column: &str, one_of: &[Literal]) -> ColumnTest {
    ColumnTest { column: column.to_owned(), one_of: one_of.to_vec() }
}

fn text(text: &str) -> Literal {
    Literal::Text(text.to_owned())
}

#[test]
fn every_form_of_event_is_lowered() {
    let config = valid("everything.toml").config;
    let dossier = series(&config.series, "dossier");
    let closure = &dossier.events[&"closure".into()];
    assert_eq!(closure.elements, [column("closed_at", Encoding::Local)]);
    assert!(matches!(&closure.condition, Some(Condition::Expression(sql)) if sql.starts_with("EXISTS")));
    let expiry = &dossier.events[&"expiry".into()];
    assert!(expiry.deadline);
    assert_eq!(expiry.elements[0].unset, [Literal::Integer(0), Literal::Integer(-1)]);
    let decisions = &dossier.events[&"decisions".into()];
    assert_eq!(decisions.pick, Pick::All);
    assert_eq!(decisions.elements, [column("decided_on", Encoding::Utc), column("appeal_on", Encoding::Date)]);
    assert_eq!(decisions.condition, Some(Condition::All(vec![test("status", &[text("closed")])])));
    let last_use = &series(&config.series, "account").events[&"last_use".into()];
    let session = Place::Child {
        table: "session".to_owned(),
        on: columns(&[("account_id", "id")]),
        condition: Some(Condition::All(vec![test("kind", &[text("web")])])),
        pick: Pick::Latest,
    };
    assert_eq!(last_use.elements[1].unset, [text("never")]);
    assert_eq!((last_use.elements[2].encoding, &last_use.elements[2].place), (Encoding::UnixMs, &session));
    let visited = &series(&config.series, "visit").events[&"visited".into()];
    assert!(matches!(visited.elements[0].place, Place::Child { pick: Pick::Earliest, .. }));
    assert_eq!((visited.elements[0].encoding, &visited.condition), (Encoding::Utc, &None));
}

#[test]
fn conditions_groups_relations_and_masks_are_lowered() {
    let config = valid("everything.toml").config;
    let dossier = series(&config.series, "dossier");
    assert_eq!(dossier.key, ["year", "seq"]);
    assert_eq!(dossier.reference.as_deref(), Some("file_number"));
    assert_eq!(dossier.subject.as_ref().unwrap().on, columns(&[("account_id", "id")]));
    let filter = vec![
        test("kind", &[text("mediation"), text("complaint")]),
        test("deleted", &[Literal::Integer(0)]),
        test("parent", &[Literal::Null]),
    ];
    assert_eq!(dossier.filter, Some(Condition::All(filter)));
    let public = [text("public"), Literal::Integer(1), Literal::Real("1.5".to_owned()), Literal::Integer(1)];
    assert_eq!(dossier.conditions["public"], Condition::All(vec![test("character", &public)]));
    assert_eq!(dossier.conditions["old"], Condition::Expression("this.year < 2000".to_owned()));
    assert_eq!(dossier.groups["payment"], ["invoice_number", "amount"]);
    assert_eq!(dossier.groups["rest"], ["*"]);
    assert_eq!(dossier.blocked_by[0].on, columns(&[("parent_year", "year"), ("parent_seq", "seq")]));
    let masks: Vec<_> = dossier.anonymize.iter().map(|(column, mask)| (column.as_str(), mask.clone())).collect();
    let expected = [
        ("birth_date", Mask::DateToYear),
        ("city", Mask::Constant(text("—"))),
        ("ip", Mask::TruncateIp),
        ("name", Mask::Null),
    ];
    assert_eq!(masks, expected);
    let account = series(&config.series, "account");
    assert_eq!(account.blocked_by[0].on, Join::Expression("this.account_id = owner.id".to_owned()));
}

#[test]
fn every_form_of_part_is_lowered() {
    let config = valid("everything.toml").config;
    let parts = &series(&config.series, "dossier").parts;
    let names: Vec<_> = parts.iter().map(|part| part.name.as_str()).collect();
    assert_eq!(names, ["exchange", "message_read", "document", "alert", "child", "envelope"]);
    let [exchange, read, document, alert, child, envelope] = parts.as_slice() else { panic!() };
    assert_eq!(exchange.table, "message");
    assert_eq!(exchange.condition, Some(Condition::All(vec![test("object_type", &[text("Dossier")])])));
    assert_eq!(exchange.anonymize["body"], Mask::Null);
    assert_eq!(read.of, Some("exchange".into()));
    assert!(matches!(&read.on, Join::Expression(_)));
    let files = document.files.as_ref().unwrap();
    assert_eq!(files.columns, ["directory", "name"]);
    let named = |table: &str, columns: &[&str]| (table.to_owned(), columns.iter().map(|c| (*c).to_owned()).collect());
    assert_eq!(files.shared, [named("template", &["path"]), named("scan", &["directory", "name"])]);
    assert_eq!(document.shared[0].table, "document_use");
    assert_eq!(document.shared[0].condition, Some(Condition::All(vec![test("active", &[Literal::Integer(1)])])));
    assert_eq!(alert.owner_gone, OwnerGone::Detach);
    let set = [
        ("parent_id".to_owned(), SetValue::Literal(Literal::Null)),
        ("root_id".to_owned(), SetValue::Column("id".to_owned())),
        ("rank".to_owned(), SetValue::Literal(Literal::Integer(1))),
        ("label".to_owned(), SetValue::Literal(text("orphan"))),
    ];
    assert_eq!(child.owner_gone, OwnerGone::Set(set.to_vec()));
    assert_eq!((&envelope.owner_gone, &envelope.of), (&OwnerGone::Destroy, &None));
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
    let ends: Vec<_> =
        calendars.iter().map(|one| (one.version, one.effective_until.map(|day| day.to_string()))).collect();
    assert_eq!(ends, [(1, Some("2024-12-31".to_owned())), (2, None)]);
}
