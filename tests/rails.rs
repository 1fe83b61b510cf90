//! Every guard rail keeps records that would be gone without it: each test goes the whole way, plan, approve, apply, on
//! a real database, as the daemon does in `automatic` mode: without a word that lifts a rail.
//!
//! Run with `cargo test --features simulate`: the clock is the test's. The rails of the daemon's own clock are in
//! tests/daemon.

mod support;

use std::fs;

use serde_json::Value as Json;

use support::documented::assert_documented;
use support::{CALENDAR, CONFIG, Organization, lends, ran};

const LIMITS: &str = "
[limits]
max_share = 0.2
min_count = 4
max_count = 50
";

const NOON: &str = "2026-11-21T17:00:00Z";

/// Past its term for three weeks.
const DUE: &str = "2025-11-01T12:00:00Z";

/// Half a year before its term.
const YOUNG: &str = "2026-06-01T12:00:00Z";

/// An organization with a hundred young dossiers, whose rules and mapping a person approved with the first dossier that
/// was due.
struct Office(Organization);

lends!(Office, 0, Organization);

/// Approved by the archives, and in effect for a while.
fn calendar() -> String {
    CALENDAR.replace(
        "effective    = { from = 2015-01-01 }",
        "approval     = { authority = \"Archives\", date = 2025-06-01 }\neffective    = { from = 2025-06-01, until = 2026-12-31 }",
    )
}

/// What kept a command from its work.
#[derive(Debug)]
struct Refusal {
    exit: i32,
    error: Json,
}

impl Refusal {
    fn code(&self) -> &str {
        self.error["code"].as_str().unwrap_or_default()
    }

    /// The rails that tripped.
    fn rails(&self) -> Vec<&str> {
        let rails = self.error["rails"].as_array().map(Vec::as_slice).unwrap_or_default();
        rails.iter().filter_map(Json::as_str).collect()
    }
}

impl Office {
    fn new() -> Self {
        let office = Self::under(&calendar());
        let plan = office.plan();
        office.run(&["approve", &plan, "--accept", "rules"], NOON, "").unwrap();
        office.run(&["apply", &plan], NOON, "").unwrap();
        assert_eq!(office.count(), 100);
        office
    }

    /// The same before anything was approved, under another calendar.
    fn under(calendar: &str) -> Self {
        let office = Self(Organization::new(calendar, &format!("{CONFIG}{LIMITS}")));
        let schema = "CREATE TABLE dossier(id INTEGER PRIMARY KEY AUTOINCREMENT, closed_at TEXT, archived_at TEXT);
                      CREATE INDEX dossier_closed ON dossier(closed_at);
                      CREATE INDEX dossier_archived ON dossier(archived_at);";
        office.database().execute_batch(schema).unwrap();
        office.insert(YOUNG, 100);
        office.insert(DUE, 1);
        office
    }

    fn insert(&self, closed_at: &str, dossiers: usize) {
        let mut database = self.database();
        let transaction = database.transaction().unwrap();
        for _ in 0..dossiers {
            transaction
                .execute("INSERT INTO dossier(closed_at, archived_at) VALUES(?1, '2025-11-02T12:00:00Z')", [closed_at])
                .unwrap();
        }
        transaction.commit().unwrap();
    }

    fn count(&self) -> i64 {
        self.rows("dossier")
    }

    /// Takes the rows that are no more from a copy of the database.
    fn import(&self, copy: &str) {
        let database = self.database();
        database.execute("ATTACH ?1 AS copy", [self.path(copy).to_str()]).unwrap();
        let missing = "INSERT INTO dossier SELECT * FROM copy.dossier
            WHERE CAST(id AS TEXT) NOT IN (SELECT CAST(id AS TEXT) FROM main.dossier)";
        assert!(database.execute(missing, []).unwrap() > 0);
    }

    /// Gives the column of the key another type, as an application does that moves to keys of another kind.
    fn retype(&self, kind: &str) {
        let moved = format!(
            "CREATE TABLE moved(id {kind} PRIMARY KEY NOT NULL, closed_at TEXT, archived_at TEXT);
             INSERT INTO moved SELECT * FROM dossier;
             DROP TABLE dossier;
             ALTER TABLE moved RENAME TO dossier;
             CREATE INDEX dossier_closed ON dossier(closed_at);
             CREATE INDEX dossier_archived ON dossier(archived_at);"
        );
        self.database().execute_batch(&moved).unwrap();
    }

    /// Dossiers under these keys, past their term.
    fn insert_due(&self, keys: &[&str]) {
        for key in keys {
            self.database().execute("INSERT INTO dossier(id, closed_at) VALUES(?1, ?2)", [key, DUE]).unwrap();
        }
    }

    fn corrections(&self) -> Vec<Json> {
        let shown = self.run(&["audit", "show", "--kind", "correction"], NOON, "").unwrap();
        shown["entries"].as_array().unwrap().clone()
    }

    fn lookup(&self, series: &str, key: &str) -> Result<Json, Refusal> {
        self.run(&["audit", "lookup", series, key], NOON, "")
    }

    fn run(&self, arguments: &[&str], now: &str, failpoint: &str) -> Result<Json, Refusal> {
        let mut command = self.command(&[arguments, &["--format", "json"]].concat());
        let ran = ran(command.env("RETENTIOND_NOW", now).env("FAILPOINTS", failpoint));
        let told = ran.json();
        if ran.code == 0 { Ok(told) } else { Err(Refusal { exit: ran.code, error: told["error"].clone() }) }
    }

    fn plan(&self) -> String {
        let plan = self.run(&["plan"], NOON, "").unwrap();
        plan["plan"].as_str().unwrap().to_owned()
    }

    /// A plan of what is due, approved: nothing tripped.
    fn approved(&self) -> String {
        let plan = self.plan();
        self.run(&["approve", &plan], NOON, "").unwrap();
        plan
    }

    /// The reasons of every refusal on record.
    fn refused(&self) -> Vec<Vec<Json>> {
        let shown = self.run(&["audit", "show", "--kind", "refused"], NOON, "").unwrap();
        let reasons = |entry: &Json| entry["reasons"].as_array().cloned().unwrap_or_default();
        shown["entries"].as_array().unwrap().iter().map(reasons).collect()
    }

    /// Plans, approves and applies at noon as nobody's hand would, whatever is refused on the way; returns the first
    /// refusal.
    fn unattended(&self) -> Option<Refusal> {
        let plan = self.plan();
        let approved = self.run(&["approve", &plan], NOON, "");
        let applied = self.run(&["apply", &plan], NOON, "");
        approved.err().or(applied.err())
    }

    /// Without a person nothing goes, and it is this rail alone that keeps it; with one who accepts it, what was due
    /// goes.
    fn is_kept_by(&self, rail: &str, due: i64) {
        let before = self.count();
        let refusal = self.unattended();
        assert_eq!(self.count(), before, "records went although the rail {rail} should have kept them");
        let refusal = refusal.expect("something is due, and nothing went");
        assert_eq!((refusal.exit, refusal.rails()), (3, vec![rail]), "{refusal:?}");
        let plan = self.plan();
        self.run(&["approve", &plan, "--accept", rail], NOON, "").unwrap();
        self.run(&["apply", &plan], NOON, "").unwrap();
        assert_eq!(self.count(), before - due, "accepted by name, it is in nobody's way");
    }

    fn verify(&self) {
        let verdict = self.run(&["audit", "verify"], NOON, "").unwrap();
        assert_ne!(verdict["verdict"], "FAIL", "{verdict}");
    }
}

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
