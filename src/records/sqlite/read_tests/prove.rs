use super::*;
use crate::records::mapping::{FilesMapping, Mask, SetValue};
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
fn a_table_or_column_that_is_not_there_is_named_with_those_that_are() {
    error("", "unknown-table", "account, dossier and message", |series| series.table = "dosier".to_owned());
    error("CREATE VIEW seen AS SELECT * FROM message;", "view", "name one of the tables", |series| {
        series.parts.push(PartMapping { table: "seen".to_owned(), ..part("seen", "dossier_id", "id") });
    });
    error("CREATE VIRTUAL TABLE found USING fts5(body);", "virtual-table", "name one of the tables", |series| {
        series.parts.push(part("found_content", "id", "id"));
    });
    error("", "unknown-column", "account_id, closed_at, id, number and status", |series| {
        series.reference = Some("numero".to_owned());
    });
    error("", "unknown-column", "body", |series| series.parts[0].on = columns(&[("dosier_id", "id")]));
    error("", "unknown-column", "status", |series| series.parts[0].on = columns(&[("dossier_id", "idd")]));
    error("", "unknown-column", "status", |series| {
        let event = series.events.get_mut(&TriggerName::from("closure")).unwrap();
        event.elements.push(element("closed"));
    });
    error("", "unknown-column", "status", |series| {
        series.groups.insert("payment".to_owned(), vec!["*".to_owned(), "amount".to_owned()]);
    });
    error("", "unknown-column", "status", |series| {
        series.anonymize.insert("name".to_owned(), Mask::Null);
    });
    error("", "unknown-column", "body", |series| {
        let columns = vec!["path".to_owned()];
        series.parts[0].files = Some(FilesMapping { columns, root: PathBuf::from("/"), shared: Vec::new() });
    });
    error("", "unknown-column", "body", |series| {
        series.parts[0].owner_gone = OwnerGone::Set(vec![("kind".to_owned(), SetValue::Column("knd".to_owned()))]);
    });
}

#[test]
fn a_key_must_be_unique_and_no_float_and_rows_without_one_are_told() {
    error("", "key-not-unique", "CREATE UNIQUE INDEX \"dossier_number_idx\" ON \"dossier\" (\"number\");", |series| {
        series.key = vec!["number".to_owned()];
    });
    error("CREATE TABLE m (x REAL PRIMARY KEY NOT NULL);", "key-real", "unique column", |series| {
        series.table = "m".to_owned();
        series.key = vec!["x".to_owned()];
        series.events.clear();
        series.parts.clear();
        series.subject = None;
    });
    warning(
        "CREATE UNIQUE INDEX n ON dossier (number); UPDATE dossier SET number = NULL WHERE id = 1;",
        "key-null",
        "key",
        |series| {
            series.key = vec!["number".to_owned()];
        },
    );
}

#[test]
fn a_text_among_integer_keys_is_told_for_nobody_can_name_it() {
    let at = |series: &mut SeriesMapping| {
        series.table = "m".to_owned();
        series.key = vec!["x".to_owned()];
        series.events.clear();
        series.parts.clear();
        series.subject = None;
    };
    let table = "CREATE TABLE m (x BIGINT PRIMARY KEY NOT NULL); INSERT INTO m VALUES (1), ('2')";
    warning(&format!("{table}, ('three');"), "key-text", "--where", at);
    let mut all = good();
    at(&mut all[0]);
    all.truncate(1);
    assert_eq!(prove(&format!("{GOOD} {table};"), &all), [], "what looks like a number is one");
}

/// Severity and code of all but notes and missing indexes, after a change of the good schema's columns.
fn compared(from: &str, to: &str, change: impl Fn(&mut Vec<SeriesMapping>)) -> Vec<(&'static str, String)> {
    assert!(GOOD.contains(from), "{from}");
    let mut all = good();
    change(&mut all);
    let mut findings = prove(&GOOD.replace(from, to), &all);
    findings.retain(|finding| finding.code != "missing-index");
    assert!(
        findings.iter().all(|finding| finding.severity == Severity::Error && !finding.mend.is_empty()),
        "{findings:#?}"
    );
    findings.into_iter().map(|finding| (finding.code, finding.place)).collect()
}

/// The good mapping, its dossiers named by their number.
fn by_number(all: &mut [SeriesMapping]) {
    all[0].key = vec!["number".to_owned()];
    all[0].parts[0].on = columns(&[("dossier_id", "number")]);
}

const NUMBERED: &str = "CREATE UNIQUE INDEX n ON dossier (number); UPDATE dossier SET account_id = NULL;";

fn numbered(columns: &str, message: &str, change: impl Fn(&mut SeriesMapping)) -> Vec<(&'static str, String)> {
    let schema = GOOD.replace("number TEXT", columns).replace("dossier_id INT ", message) + NUMBERED;
    let mut all = good();
    by_number(&mut all);
    change(&mut all[0]);
    let errors = prove(&schema, &all).into_iter().filter(|finding| finding.severity == Severity::Error);
    errors.map(|finding| (finding.code, finding.place)).collect()
}

#[test]
fn columns_that_are_joined_compare_alike_from_either_side() {
    let part = |code: &'static str| vec![(code, "series.dossier.part.message".to_owned())];
    assert_eq!(numbered("number TEXT NOT NULL", "dossier_id VARCHAR(9) ", AS_IT_IS), []);
    assert_eq!(numbered("number TEXT NOT NULL", "dossier_id TEXT COLLATE NOCASE ", AS_IT_IS), part("join-collation"));
    assert_eq!(numbered("number TEXT NOT NULL", "dossier_id INTEGER ", AS_IT_IS), part("join-type"));
    assert_eq!(numbered("number TEXT NOT NULL", "dossier_id ", AS_IT_IS), part("join-type"));
    let said = |series: &mut SeriesMapping| {
        series.parts[0].on = Join::Expression("this.dossier_id = owner.number COLLATE NOCASE".to_owned());
    };
    assert_eq!(numbered("number TEXT NOT NULL", "dossier_id TEXT COLLATE NOCASE ", said), []);
    // Every other join: subject and blocked_by, a part of a part, a child event, a shared reference.
    let account = compared("account_id INT ", "account_id TEXT ", |_| ());
    assert_eq!(
        account,
        [("join-type", "series.dossier.subject".to_owned()), ("join-type", "series.account.blocked_by".to_owned())]
    );
    let others =
        "kind TEXT, line_id TEXT); CREATE TABLE line (id INTEGER PRIMARY KEY, message_id TEXT, closed_at TEXT, x";
    let nested = compared("kind TEXT", others, |all| {
        let of = Some(PartName::from("message"));
        all[0].parts.push(PartMapping { of, ..self::part("line", "message_id", "id") });
    });
    assert_eq!(nested, [("join-type", "series.dossier.part.line".to_owned())]);
    let shared = compared("kind TEXT", others, |all| {
        let on = columns(&[("line_id", "id")]);
        let reference = crate::records::mapping::Reference { table: "message".to_owned(), on, condition: None };
        let line = self::part("line", "message_id", "number");
        all[0].parts.push(PartMapping { shared: vec![reference], ..line });
    });
    assert_eq!(shared, [("join-type", "series.dossier.part.line.shared".to_owned())]);
    let event = compared("kind TEXT", others, |all| {
        let on = columns(&[("message_id", "id")]);
        let place = Place::Child { table: "line".to_owned(), on, condition: None, pick: Pick::Latest };
        let element = Element { place, ..element("closed_at") };
        all[0].events.insert(TriggerName::from("closure"), super::event(Pick::Latest, vec![element]));
    });
    assert_eq!(event, [("join-type", "series.dossier.event.closure".to_owned())]);
}

#[test]
fn a_date_that_goes_before_its_record_is_a_warning() {
    let mut all = good();
    let on = Join::Columns(vec![("account_id".to_owned(), "id".to_owned())]);
    let place = Place::Child { table: "Dossier".to_owned(), on, condition: None, pick: Pick::Latest };
    let element = Element { place, ..element("closed_at") };
    all[1].events.insert(TriggerName::from("closure"), super::event(Pick::Latest, vec![element]));
    let database = Database::with("wal", GOOD);
    let codes = |is_destroyed: bool| -> Vec<&str> {
        let dossier = Proved { series: &all[0].series, is_destroyed };
        let findings = database.reader(&all).prove(&[dossier, destroyed(&all[1])]).unwrap();
        findings.iter().filter(|finding| finding.severity != Severity::Note).map(|finding| finding.code).collect()
    };
    assert_eq!(codes(true), ["event-goes-first"]);
    assert_eq!(codes(false), [""; 0], "no rule destroys dossiers");
}

#[test]
fn integers_join_integers_however_their_type_is_written() {
    for declared in ["INTEGER ", "bigint ", "NUMERIC(10) "] {
        assert_eq!(compared("account_id INT ", &format!("account_id {declared}"), |_| ()), []);
    }
}

#[test]
fn a_key_a_reference_and_a_subject_tell_apart_whatever_looks_different() {
    let at = |code: &'static str, word: &str| vec![(code, format!("series.dossier.{word}"))];
    let both = "dossier_id TEXT COLLATE NOCASE ";
    assert_eq!(numbered("number TEXT NOT NULL COLLATE NOCASE", both, AS_IT_IS), at("collation", "key"));
    for declared in ["", "BLOB", "ANY", "NUMERIC", "DATETIME"] {
        let child = format!("dossier_id {declared} ");
        assert_eq!(
            numbered(&format!("number {declared} NOT NULL"), &child, AS_IT_IS),
            at("key-type", "key"),
            "{declared}"
        );
    }
    let reference =
        compared("number TEXT", "number TEXT COLLATE RTRIM", |all| all[0].reference = Some("number".to_owned()));
    assert_eq!(reference, at("collation", "reference"));
    let subject = compared("account_id INT ", "account_id INT COLLATE NOCASE ", |_| ());
    assert!(subject.contains(&at("collation", "subject")[0]), "{subject:?}");
}

#[test]
fn the_first_fault_is_an_error_that_shows_without_reading_a_table() {
    let bad_values = format!("{GOOD} UPDATE dossier SET closed_at = 'soon'; DROP INDEX dossier_closed;");
    let all = good();
    let database = Database::with("wal", &bad_values);
    assert!(prove_in(&database, &all).iter().any(|finding| finding.severity == Severity::Error));
    assert_eq!(database.reader(&all).first_fault(destroyed(&all[0])).unwrap(), None);
    let database = Database::with("wal", &GOOD.replace("dossier_id INT ", "dossier_id TEXT "));
    let fault = database.reader(&all).first_fault(destroyed(&all[0])).unwrap().unwrap();
    assert_eq!((fault.severity, fault.code), (Severity::Error, "join-type"));
}

#[test]
fn an_index_is_asked_for_where_rows_are_looked_for() {
    warning(
        "DROP INDEX dossier_closed;",
        "missing-index",
        "CREATE INDEX \"dossier_closed_at_idx\" ON \"dossier\" (\"closed_at\");",
        AS_IT_IS,
    );
    for (dropped, mend) in [
        ("dossier_account", "CREATE INDEX \"dossier_account_id_idx\" ON \"dossier\" (\"account_id\");"),
        ("message_dossier", "CREATE INDEX \"message_dossier_id_idx\" ON \"message\" (\"dossier_id\");"),
    ] {
        let found = prove(&format!("{GOOD} DROP INDEX {dropped};"), &good());
        let mends: Vec<(&str, &str)> = found.iter().map(|finding| (finding.code, finding.mend.as_str())).collect();
        assert_eq!(mends, [("missing-index", mend)], "the part and the foreign key ask for the same");
    }
    // A polymorphic part is found by an index that begins with its type.
    let typed = "DROP INDEX message_dossier; CREATE INDEX typed ON message (kind, dossier_id);
         CREATE TABLE note (id INTEGER PRIMARY KEY, kind TEXT, of INT);";
    let is_note = |series: &mut SeriesMapping| {
        let mut note = part("note", "of", "id");
        let test = crate::records::mapping::ColumnTest { column: "kind".to_owned(), one_of: vec![text("dossier")] };
        note.condition = Some(Condition::All(vec![test]));
        series.parts = vec![note, part("message", "dossier_id", "id")];
    };
    warning(
        "CREATE TABLE note (id INTEGER PRIMARY KEY, kind TEXT, of INT);",
        "missing-index",
        "(\"of\", \"kind\")",
        is_note,
    );
    let mut all = good();
    is_note(&mut all[0]);
    let found = prove(&format!("{GOOD} {typed} CREATE INDEX n ON note (kind, of);"), &all);
    assert!(found.iter().all(|finding| !finding.mend.contains("note")), "{found:#?}");
    warning("", "missing-index", "expression", |series| {
        series.parts[0].on = Join::Expression("this.dossier_id + 0 = owner.id".to_owned());
    });
}

#[test]
fn a_foreign_key_that_the_mapping_does_not_name_is_an_error_with_the_lines_that_name_it() {
    error(
        "",
        "unnamed-foreign-key",
        "[[series.dossier.part]]\ntable = \"message\"\non = { dossier_id = \"id\" }",
        |series| {
            series.parts.clear();
        },
    );
    let line = "CREATE TABLE line (message_id INT REFERENCES message ON DELETE SET NULL); CREATE INDEX l ON line (message_id);";
    error(line, "unnamed-foreign-key", "of = \"message\"", |_| ());
    let tree =
        "ALTER TABLE dossier ADD COLUMN parent_id INT REFERENCES dossier; CREATE INDEX p ON dossier (parent_id);";
    error(tree, "unnamed-foreign-key", "blocked_by", |_| ());
    let mut all = good();
    all[0].blocked_by = vec![relation("dossier", "parent_id", "id")];
    assert_eq!(prove(&format!("{GOOD} {tree}"), &all), []);
    // Rows that outlive their owner keep what refers to them.
    let mut all = good();
    all[0].parts[0].owner_gone =
        OwnerGone::Set(vec![("dossier_id".to_owned(), SetValue::Literal(Literal::Integer(2)))]);
    assert_eq!(prove(&format!("{GOOD} {line}"), &all), []);
}

/// What becomes of deleted messages, by a trigger.
const BURY: &str = "CREATE TABLE gone (id, body); CREATE TRIGGER bury AFTER DELETE ON message BEGIN INSERT INTO gone (id) VALUES (old.id); END;";

/// What the mapping of dossiers names.
fn naming(triggers: &'static [&'static str]) -> impl Fn(&mut SeriesMapping) {
    |series| series.database_triggers = triggers.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn a_trigger_that_writes_is_an_error_until_the_mapping_names_it() {
    error(BURY, "trigger", "database_triggers = [\"bury\"]\n(in [series.dossier]", AS_IT_IS);
    let mut all = good();
    naming(&["BURY"])(&mut all[0]);
    assert_eq!(prove(&format!("{GOOD} {BURY}"), &all), [], "named, and it keeps no more than a key");
    let other = "CREATE TRIGGER touch AFTER UPDATE ON dossier BEGIN UPDATE account SET closed_at = NULL; END;";
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
fn a_full_text_index_kept_by_triggers_needs_their_names_and_no_more() {
    let index = "CREATE VIRTUAL TABLE found USING fts5(body, content='message', content_rowid='id');
         CREATE TRIGGER found_ad AFTER DELETE ON message BEGIN INSERT INTO found(found, rowid, body) VALUES ('delete', old.id, old.body); END;
         CREATE TRIGGER found_au AFTER UPDATE ON message BEGIN INSERT INTO found(found, rowid, body) VALUES ('delete', old.id, old.body);
             INSERT INTO found(rowid, body) VALUES (new.id, new.body); END;";
    error(index, "trigger", "database_triggers = [\"found_ad\"]", AS_IT_IS);
    let mut all = good();
    all[0].parts[0].anonymize.insert("body".to_owned(), Mask::Null);
    naming(&["found_ad", "found_au"])(&mut all[0]);
    assert_eq!(prove(&format!("{GOOD} {index}"), &all), []);
    // An index that keeps texts of its own, and is given one more.
    let keeps = "CREATE VIRTUAL TABLE found USING fts5(body);
         CREATE TRIGGER kept AFTER DELETE ON message BEGIN INSERT INTO found(body) VALUES (old.body); END;";
    warning(keeps, "trigger-copies", "found", naming(&["kept"]));
}

#[test]
fn no_mapping_can_let_a_trigger_reach_for_what_retentiond_answers_for() {
    let on_message = |statement: &str| format!("CREATE TRIGGER reach AFTER DELETE ON message BEGIN {statement} END;");
    for statement in [
        "DELETE FROM account WHERE id = 1;",
        "DELETE FROM dossier WHERE id <> old.dossier_id;",
        "INSERT INTO message (dossier_id) VALUES (old.dossier_id);",
        "UPDATE message SET dossier_id = old.dossier_id WHERE id = 2;",
        "UPDATE dossier SET id = id + 1;",
        "INSERT OR REPLACE INTO account (id) VALUES (9);",
        "REPLACE INTO account (id) VALUES (9);",
        "UPDATE OR REPLACE dossier SET status = 'x';",
    ] {
        error(&on_message(statement), "trigger-trespass", "rewrite it", naming(&["reach"]));
    }
    // What it deletes takes messages along.
    let cascade = "CREATE TABLE box (id INTEGER PRIMARY KEY); CREATE TABLE slot (id INTEGER PRIMARY KEY, box_id INT REFERENCES box ON DELETE CASCADE);
         ALTER TABLE account ADD COLUMN slot_id INT REFERENCES slot ON DELETE CASCADE; CREATE INDEX slots ON account (slot_id);";
    error(
        &format!("{cascade} {}", on_message("DELETE FROM box;")),
        "trigger-trespass",
        "DROP TRIGGER",
        naming(&["reach"]),
    );
    // What it replaces takes messages along, by its own words or the table's.
    error(
        &format!("{cascade} {}", on_message("INSERT OR REPLACE INTO box (id) VALUES (1);")),
        "trigger-trespass",
        "DROP TRIGGER",
        naming(&["reach"]),
    );
    let replaces = cascade.replace("id INTEGER PRIMARY KEY);", "id INTEGER PRIMARY KEY ON CONFLICT REPLACE);");
    error(
        &format!("{replaces} {}", on_message("INSERT INTO box (id) VALUES (1);")),
        "trigger-trespass",
        "DROP TRIGGER",
        naming(&["reach"]),
    );
    // What it changes gives a message another dossier.
    let follows = GOOD.replace("REFERENCES dossier ON DELETE CASCADE", "REFERENCES num ON UPDATE CASCADE");
    let changes = on_message("UPDATE num SET n = 900 WHERE n = 5000;");
    let mut all = good();
    naming(&["reach"])(&mut all[0]);
    let schema = format!("CREATE TABLE num (n INTEGER PRIMARY KEY); {follows} {changes}");
    let found = prove_in(&Database::with("wal", &schema), &all);
    assert!(found.iter().any(|finding| finding.code == "trigger-trespass"), "{found:#?}");
    let harmless =
        "UPDATE account SET mail = NULL; INSERT INTO account (id) VALUES (9); UPDATE dossier SET status = 'x';";
    let mut all = good();
    naming(&["reach"])(&mut all[0]);
    assert_eq!(prove(&format!("{GOOD} {}", on_message(harmless)), &all), []);
}

#[test]
fn a_trigger_that_is_named_and_not_there_or_that_sqlite_alone_cannot_run_is_told() {
    warning("", "unknown-trigger", "take the name out", naming(&["bury"]));
    let own = "CREATE TABLE gone (id); CREATE TRIGGER bury AFTER DELETE ON message BEGIN INSERT INTO gone VALUES (the_application_s_own(old.id)); END;";
    error(own, "trigger-unusable", "drop the trigger", naming(&["bury"]));
}

#[test]
fn a_trigger_that_only_refuses_is_a_note() {
    let refuses = "CREATE TRIGGER keep BEFORE DELETE ON dossier BEGIN SELECT raise(ABORT, 'kept') WHERE old.status = 'open'; END;";
    let database = Database::with("wal", &format!("{GOOD} {refuses}"));
    let codes: Vec<&str> = prove_in(&database, &good()).iter().map(|finding| finding.code).collect();
    assert!(codes.contains(&"trigger-reads") && !codes.contains(&"trigger"), "{codes:?}");
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
    for bad in
        ["status =", "1; DROP TABLE dossier", "nosuch(status)", "status IN (DELETE FROM dossier RETURNING id)", "?1"]
    {
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
fn a_mask_that_the_schema_would_refuse_is_found_before_a_run() {
    error("", "mask-null", "constant", |series| {
        series.parts[0].anonymize.insert("dossier_id".to_owned(), Mask::Null);
    });
    error("CREATE UNIQUE INDEX u ON dossier (number);", "mask-unique", "null", |series| {
        series.anonymize.insert("number".to_owned(), Mask::Constant(text("gone")));
    });
    error("", "mask-shared", "a series of its own", |series| {
        let on = columns(&[("id", "id")]);
        let reference = crate::records::mapping::Reference { table: "account".to_owned(), on, condition: None };
        series.parts[0].shared = vec![reference];
        series.parts[0].anonymize.insert("body".to_owned(), Mask::Null);
    });
    error("", "detach-not-null", "set", |series| series.parts[0].owner_gone = OwnerGone::Detach);
}

#[test]
fn a_relation_to_another_source_and_a_root_that_is_not_there_are_errors() {
    error("", "relation-elsewhere", "source app", |series| {
        series.blocked_by = vec![relation("invoice", "dossier_id", "id")];
    });
    error("", "no-root", "create the directory", |series| {
        let columns = vec!["body".to_owned()];
        series.parts[0].files = Some(FilesMapping { columns, root: PathBuf::from("/nonexistent"), shared: Vec::new() });
    });
    error("", "part-of-none", "message", |series| series.parts[0].of = Some(PartName::from("letter")));
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
fn what_refers_to_rows_that_stay_does_not_matter() {
    let all = good();
    let schema = format!("{GOOD} CREATE TABLE annex (id INTEGER PRIMARY KEY, dossier_id INT REFERENCES dossier);");
    let database = Database::with("wal", &schema);
    let names = |is_destroyed| {
        let series = Proved { is_destroyed, ..destroyed(&all[0]) };
        let findings = database.reader(&all).prove(&[series]).unwrap();
        findings.iter().any(|finding| finding.code == "unnamed-foreign-key")
    };
    assert!(names(true) && !names(false));
}
