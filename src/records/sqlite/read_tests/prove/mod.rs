//! What `check` finds in a mapping and its database.

mod answers;
mod asked;
mod columns;
mod deeper;
mod early;
mod elsewhere;
mod forgotten;
mod full_text;
mod joins;
mod left;
mod orphans;
mod own_table;
mod owners;
mod trespass;
mod triggers;

use super::*;
use crate::records::mapping::{ColumnTest, FilesMapping, Mask, SetValue};
use crate::records::sqlite::{Finding, Proved, Severity};

/// A schema without fault, and the mapping that fits it.
const GOOD: &str = "
    CREATE TABLE account (id INTEGER PRIMARY KEY, closed_at TEXT, mail TEXT);
    CREATE TABLE dossier (id INTEGER PRIMARY KEY, number TEXT, account_id INT REFERENCES account, status TEXT, closed_at TEXT);
    CREATE TABLE message (id INTEGER PRIMARY KEY, dossier_id INT NOT NULL REFERENCES dossier ON DELETE CASCADE, kind TEXT, body TEXT);
    CREATE INDEX account_closed ON account (closed_at);
    CREATE INDEX dossier_closed ON dossier (closed_at);
    CREATE INDEX dossier_account ON dossier (account_id);
    CREATE INDEX message_dossier ON message (dossier_id);
    INSERT INTO dossier VALUES (1, 'D-1', NULL, 'closed', '2024-01-01T00:00:00Z'), (2, 'D-2', NULL, 'open', NULL);";

fn good() -> Vec<SeriesMapping> {
    let mut dossier = series("dossier");
    dossier.parts = vec![part("message", "dossier_id", "id")];
    dossier.subject = Some(relation("account", "account_id", "id"));
    let mut account = series("account");
    account.blocked_by = vec![relation("dossier", "account_id", "id")];
    vec![dossier, account]
}

fn destroyed(mapping: &SeriesMapping) -> Proved<'_> {
    Proved { series: &mapping.series, is_destroyed: true }
}

fn prove_in(database: &Database, all: &[SeriesMapping]) -> Vec<Finding> {
    let series: Vec<Proved<'_>> = all.iter().map(destroyed).collect();
    database.reader(all).prove(&series).unwrap()
}

/// Findings graver than notes.
fn prove(schema: &str, all: &[SeriesMapping]) -> Vec<Finding> {
    let mut findings = prove_in(&Database::with("wal", schema), all);
    findings.retain(|finding| finding.severity != Severity::Note);
    findings
}

/// The one finding on the good schema and mapping after a change, and its mend.
fn one(more: &str, change: impl Fn(&mut SeriesMapping)) -> (Severity, &'static str, String) {
    let mut all = good();
    change(&mut all[0]);
    let database = Database::with("wal", &format!("{GOOD} {more}"));
    let mut findings = database.reader(&all).prove(&[destroyed(&all[0])]).unwrap();
    findings.retain(|finding| finding.severity != Severity::Note);
    let [finding] = findings.as_slice() else { panic!("{findings:#?}") };
    (finding.severity, finding.code, finding.mend.clone())
}

fn error(more: &str, code: &str, mend: &str, change: impl Fn(&mut SeriesMapping)) {
    let (severity, found, mended) = one(more, change);
    assert_eq!((severity, found), (Severity::Error, code));
    assert!(mended.contains(mend), "{mended:?} lacks {mend:?}");
}

fn warning(more: &str, code: &str, mend: &str, change: impl Fn(&mut SeriesMapping)) {
    let (severity, found, mended) = one(more, change);
    assert_eq!((severity, found), (Severity::Warning, code));
    assert!(mended.contains(mend), "{mended:?} lacks {mend:?}");
}

const AS_IT_IS: fn(&mut SeriesMapping) = |_| ();

#[test]
fn a_mapping_that_fits_its_schema_has_notes_only() {
    let database = Database::with("wal", GOOD);
    let findings = prove_in(&database, &good());
    let codes: Vec<&str> = findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["journal", "fence-table", "synchronous"], "{findings:#?}");
    assert!(findings.iter().all(|finding| finding.severity == Severity::Note));
}

#[test]
fn a_fence_table_that_cannot_be_relied_on_is_an_error() {
    let table = "CREATE TABLE retentiond_batch(origin TEXT NOT NULL, batch INTEGER NOT NULL, state TEXT NOT NULL,
                 note TEXT NOT NULL, PRIMARY KEY(origin, batch)) WITHOUT ROWID;";
    assert_eq!(prove(&format!("{GOOD} {table}"), &good()), []);
    let trigger = "CREATE TRIGGER swallow BEFORE INSERT ON retentiond_batch BEGIN SELECT raise(IGNORE); END;";
    error(&format!("{table} {trigger}"), "fence-table", "DROP TRIGGER \"swallow\"", |_| ());
    error(&table.replace("note", "remark"), "fence-table", "rename that table", |_| ());
    error("CREATE VIEW retentiond_batch AS SELECT 1 AS batch;", "fence-table", "rename that view", |_| ());
}

#[test]
fn an_expression_that_is_none_or_writes_is_an_error_at_its_place() {
    for bad in [
        "status =",
        "1; DROP TABLE dossier",
        "nosuch(status)",
        "status IN (DELETE FROM dossier RETURNING id)",
        "?1",
        "\"random\"() > 0",
        "closed_at < date('now')",
    ] {
        error("", "expression", "correct the expression", |series| series.filter = Some(expression(bad)));
    }
    error("", "expression", "owner", |series| {
        series.parts[0].on = Join::Expression("dossier_id = record.id".to_owned())
    });
}

#[test]
fn values_without_zone_are_an_error_that_says_what_to_write() {
    let at = |value: &str| format!("UPDATE dossier SET closed_at = {value} WHERE id = 1;");
    error(&at("'2024-01-01 10:00:00'"), "naive-values", "as = \"utc\"", AS_IT_IS);
    error(&at("'2024-01-01'"), "naive-values", "as = \"date\"", AS_IT_IS);
    error(&at("1704067200000"), "unreadable-values", "", AS_IT_IS);
    let few = "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
         INSERT INTO dossier SELECT i, NULL, NULL, NULL, iif(i = 50, '2024-01-01 10:00', '2024-01-01T10:00:00Z') FROM n;";
    warning(few, "naive-values", "as = \"utc\"", AS_IT_IS);
    let some = "INSERT INTO dossier VALUES (3, NULL, NULL, NULL, 'soon');";
    warning(some, "unreadable-values", "unset", AS_IT_IS);
    let encoded = |encoding, value: &str, code: &str, mend: &str| {
        error(&at(value), code, mend, |series: &mut SeriesMapping| {
            let element = Element { encoding, ..element("closed_at") };
            series.events.insert(TriggerName::from("closure"), event(Pick::Latest, vec![element]));
        });
    };
    encoded(Encoding::Date, "'2024-01-01T00:00:00Z'", "unreadable-values", "as = \"rfc3339\"");
    encoded(Encoding::Local, "'2024-01-01'", "unreadable-values", "as = \"date\"");
}

#[test]
fn a_finding_holds_no_value_of_a_record() {
    let canary =
        "UPDATE dossier SET closed_at = 'canary-7f3a' WHERE id = 1; UPDATE dossier SET number = 'canary-7f3a';";
    let mut all = good();
    all[0].key = vec!["number".to_owned()];
    let findings = prove_in(&Database::with("wal", &format!("{GOOD} {canary}")), &all);
    assert!(findings.iter().any(|finding| finding.code == "unreadable-values"));
    assert!(!format!("{findings:?}").contains("canary"));
}

#[test]
fn local_times_need_the_zone_of_their_source() {
    let mut all = good();
    let local = Element { encoding: Encoding::Local, ..element("closed_at") };
    all[0].events.insert(TriggerName::from("closure"), event(Pick::Latest, vec![local]));
    let database = Database::with("wal", &format!("{GOOD} UPDATE dossier SET closed_at = '2024-01-01 10:00:00';"));
    let without = Source { timezone: None, ..database.source() };
    let findings = Reader::open(&without, &all).unwrap().prove(&[destroyed(&all[0])]).unwrap();
    assert_eq!((findings[0].code, findings[0].severity), ("no-timezone", Severity::Error), "{findings:#?}");
    assert!(findings[0].mend.contains("[source.app] timezone"));
    assert_eq!(prove_in(&database, &all).iter().filter(|finding| finding.severity != Severity::Note).count(), 0);
}

#[test]
fn check_leaves_the_database_as_it_was() {
    for mode in MODES {
        let database = Database::with(mode, GOOD);
        let before = std::fs::read(database.path()).unwrap();
        prove_in(&database, &good());
        assert_eq!(std::fs::read(database.path()).unwrap(), before);
        assert_eq!(std::fs::read_dir(database.dir.path()).unwrap().count(), 1);
    }
}

#[test]
fn an_expression_that_fails_on_a_row_is_a_warning_and_the_rest_is_proved() {
    let of_json = |series: &mut SeriesMapping| {
        series.parts[0].condition = Some(expression("json_extract(this.body, '$.kind') = 1"));
    };
    let rows =
        |body: &str| format!("INSERT INTO message(dossier_id, body) VALUES (1, '{{\"kind\": 1}}'), (1, '{body}');");
    warning(&rows("{bad"), "expression-fails", "json_valid", of_json);
    error(&rows("{\"kind\": 2}"), "rows-outside", "a second part", of_json);
    let mut all = good();
    of_json(&mut all[0]);
    let naive = "UPDATE dossier SET closed_at = '2024-01-01 10:00:00' WHERE id = 1;";
    let findings = prove(&format!("{GOOD} {} {naive}", rows("{bad")), &all);
    let codes: Vec<&str> = findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["naive-values", "expression-fails"], "{findings:#?}");
    assert!(findings[1].message.contains("series.dossier.part.message"), "{findings:#?}");
}

#[test]
fn a_value_of_a_where_that_no_row_has_is_told() {
    let where_status = |values: &[&str]| {
        let one_of = values.iter().map(|value| text(value)).collect();
        Some(Condition::All(vec![ColumnTest { column: "status".to_owned(), one_of }]))
    };
    let told = |values: &[&str]| {
        let mut all = good();
        all[0].events.get_mut(&"closure".into()).unwrap().condition = where_status(values);
        let findings = prove_in(&Database::with("delete", GOOD), &all);
        let told = findings.into_iter().find(|finding| finding.code == "value-unmatched");
        told.map(|finding| (finding.severity, finding.place, finding.message))
    };
    let at = "series.dossier.event.closure".to_owned();
    let no_row = |of: &str| format!("no row of dossier has {of} in status");
    assert_eq!(told(&["closed"]), None);
    assert_eq!(told(&["closd"]), Some((Severity::Warning, at.clone(), no_row("\"closd\""))));
    assert_eq!(told(&["closed", "settled"]), Some((Severity::Note, at, no_row("\"settled\""))));
    // Of an empty table nothing can be said.
    warning("", "value-unmatched", "are still to come", |series| {
        series.filter = where_status(&["closd"]);
    });
    let mut all = good();
    all[0].filter = where_status(&["closd"]);
    assert_eq!(prove(&format!("{GOOD} DELETE FROM dossier;"), &all), []);
}
