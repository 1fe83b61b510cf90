//! The application's triggers.

use super::*;

/// What becomes of deleted messages, by a trigger.
const BURY: &str = "CREATE TABLE gone (id, body); CREATE TRIGGER bury AFTER DELETE ON message BEGIN INSERT INTO gone (id) VALUES (old.id); END;";

/// What the mapping of dossiers names.
pub(super) fn naming(triggers: &'static [&'static str]) -> impl Fn(&mut SeriesMapping) {
    |series| series.database_triggers = triggers.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn a_trigger_that_writes_is_an_error_until_the_mapping_names_it() {
    error(BURY, "trigger", "database_triggers = [\"bury\"]\n(in [series.dossier]", AS_IT_IS);
    let mut all = good();
    naming(&["BURY"])(&mut all[0]);
    assert_eq!(prove(&format!("{GOOD} {BURY}"), &all), [], "named, and it keeps no more than a key");
    let other = "CREATE TRIGGER touch AFTER UPDATE ON dossier BEGIN UPDATE account SET mail = NULL; END;";
    assert_eq!(prove(&format!("{GOOD} {other}"), &good()), [], "nothing is updated when dossiers are destroyed");
    let masks = |series: &mut SeriesMapping| {
        series.anonymize.insert("number".to_owned(), Mask::Null);
    };
    error(other, "trigger", "DROP TRIGGER", masks);
    let of = |column: &str| other.replace("UPDATE ON", &format!("UPDATE OF {column}, id ON"));
    error(&of("NUMBER"), "trigger", "DROP TRIGGER", masks);
    for named in ["\"begin\"", "[update]", "\"delete\""] {
        error(&BURY.replace("bury", named), "trigger", "DROP TRIGGER", AS_IT_IS);
    }
    error(
        "CREATE TRIGGER fill AFTER DELETE ON message BEGIN REPLACE INTO account (id) VALUES (1); END;",
        "trigger-trespass",
        "fill",
        AS_IT_IS,
    );
    let mut masked = good();
    masks(&mut masked[0]);
    assert_eq!(prove(&format!("{GOOD} {}", of("status")), &masked), [], "that column is not masked");
    let only_masked = Proved { is_destroyed: false, ..destroyed(&masked[0]) };
    let mut found = Database::with("wal", &format!("{GOOD} {BURY}")).reader(&masked).prove(&[only_masked]).unwrap();
    found.retain(|finding| finding.severity != Severity::Note);
    assert_eq!(found, [], "no row of it goes");
}

#[test]
fn a_trigger_fired_by_another_must_be_named_too() {
    let nested =
        "CREATE TABLE log (x); CREATE TRIGGER echo AFTER INSERT ON gone BEGIN INSERT INTO log VALUES (1); END;";
    error(&format!("{BURY} {nested}"), "trigger", "database_triggers = [\"echo\"]", naming(&["bury"]));
    let mut all = good();
    naming(&["bury", "echo"])(&mut all[0]);
    assert_eq!(prove(&format!("{GOOD} {BURY} {nested}"), &all), []);
}

#[test]
fn a_trigger_that_may_copy_what_goes_is_a_warning_unless_rules_govern_the_copy() {
    let copies = |statement: &str| {
        format!(
            "CREATE TABLE gone (id INTEGER PRIMARY KEY, body TEXT, closed_at TEXT); CREATE INDEX gone_closed ON gone (closed_at); \
                 CREATE TRIGGER bury BEFORE DELETE ON message BEGIN {statement} END;"
        )
    };
    for statement in [
        "INSERT INTO gone (id, body) VALUES (old.id, old.body);",
        "INSERT INTO gone (id, body) SELECT id, body FROM message WHERE id = old.id;",
        "INSERT INTO gone (body, closed_at) VALUES (old.body, 'delete');",
        "UPDATE gone AS g SET body = OLD . \"body\" WHERE id = old.id;",
        "UPDATE gone SET body = m.body FROM message AS m WHERE m.id = old.id;",
        // In another table a column of that name is a key.
        "INSERT INTO gone (body) VALUES (old.body); END; CREATE TABLE words (body TEXT PRIMARY KEY); \
         CREATE TRIGGER idle AFTER DELETE ON words BEGIN SELECT 1;",
    ] {
        warning(&copies(statement), "trigger-copies", "map gone as a series", naming(&["bury"]));
    }
    let counts = copies("UPDATE gone SET closed_at = NULL WHERE id = old.id AND old.body IS NOT NULL;");
    let mut all = good();
    naming(&["bury"])(&mut all[0]);
    assert_eq!(prove(&format!("{GOOD} {counts}"), &all), [], "it looks at the body and writes nothing of it");
    all.push(series("gone"));
    let copies = copies("INSERT INTO gone (id, body) VALUES (old.id, old.body);");
    assert_eq!(prove(&format!("{GOOD} {copies}"), &all), [], "the copy is a series with rules of its own");
}

#[test]
fn a_trigger_that_is_named_and_not_there_or_that_sqlite_alone_cannot_run_is_told() {
    warning("", "unknown-trigger", "take the name out", naming(&["bury"]));
    let own = "CREATE TABLE gone (id); CREATE TRIGGER bury AFTER DELETE ON message BEGIN INSERT INTO gone VALUES (the_application_s_own(old.id)); END;";
    error(own, "trigger-unusable", "drop the trigger", naming(&["bury"]));
    let quoted = "CREATE TRIGGER keep BEFORE DELETE ON dossier WHEN old.status = \"open\" BEGIN SELECT raise(ABORT, 'kept'); END;";
    error(quoted, "trigger-unusable", "single quotes", AS_IT_IS);
}

#[test]
fn a_foreign_key_to_what_is_not_unique_is_no_matter_of_triggers() {
    let line = "CREATE TABLE line (id INTEGER PRIMARY KEY, number TEXT REFERENCES dossier(number)); CREATE INDEX line_number ON line (number);";
    let findings = prove(&format!("{GOOD} {line}"), &good());
    let found = findings.iter().find(|finding| finding.code == "foreign-key-mismatch").unwrap();
    assert_eq!(found.severity, Severity::Error);
    assert!(found.message.ends_with("foreign key mismatch - \"line\" referencing \"dossier\""), "{found:?}");
    assert!(findings.iter().all(|finding| finding.code != "trigger-unusable"), "{findings:#?}");
    let mended = prove(&format!("{GOOD} {line} {}", found.mend), &good());
    assert!(mended.iter().all(|finding| finding.code != "foreign-key-mismatch"), "{mended:#?}");
}

#[test]
fn a_trigger_that_only_refuses_is_a_note() {
    let refuses = "CREATE TRIGGER keep BEFORE DELETE ON dossier BEGIN SELECT raise(ABORT, 'kept') WHERE old.status = 'open'; END;";
    let database = Database::with("wal", &format!("{GOOD} {refuses}"));
    let codes: Vec<&str> = prove_in(&database, &good()).iter().map(|finding| finding.code).collect();
    assert!(codes.contains(&"trigger-reads") && !codes.contains(&"trigger"), "{codes:?}");
}

#[test]
fn what_triggers_write_is_told_where_sqlite_tries_the_present_time_against_its_statistics() {
    let prune = "CREATE TABLE audit (id INTEGER PRIMARY KEY, at TEXT); CREATE INDEX audit_at ON audit (at);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
            INSERT INTO audit SELECT i, datetime('2026-01-01', '-' || i || ' days') FROM n;
        ANALYZE;
        CREATE TRIGGER prune AFTER DELETE ON dossier BEGIN DELETE FROM audit WHERE at < datetime('now', '-30 days'); END;";
    error(prune, "trigger", "database_triggers = [\"prune\"]", AS_IT_IS);
    let mut all = good();
    naming(&["prune"])(&mut all[0]);
    let database = Database::with("wal", &format!("{GOOD} {prune}"));
    let mut findings = prove_in(&database, &all);
    findings.retain(|finding| finding.severity != Severity::Note);
    assert_eq!(findings, []);
    // An expression of the mapping is told no time even then, when it is compiled.
    let told = |query: &str| database.reader(&all).connection().prepare(query).map(drop);
    assert!(told("SELECT 1 FROM audit WHERE at < datetime('now')").is_err());
    assert!(told("SELECT 1 FROM audit WHERE at < datetime('2026-01-01')").is_ok());
}
