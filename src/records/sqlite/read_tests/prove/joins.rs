//! Joins, relations and foreign keys.

use super::*;

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

/// Codes and places of the errors where messages are joined to the numbers of dossiers, and no foreign key says how.
fn numbered(columns: &str, message: &str, change: impl Fn(&mut SeriesMapping)) -> Vec<(&'static str, String)> {
    let unrelated = GOOD.replace(" REFERENCES dossier ON DELETE CASCADE", "");
    let schema = unrelated.replace("number TEXT", columns).replace("dossier_id INT ", message) + NUMBERED;
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
        let place = ElementTable::Child { table: "line".to_owned(), on, condition: None, pick: Pick::Latest };
        let element = Element { place, ..element("closed_at") };
        all[0].events.insert(TriggerName::from("closure"), super::event(Pick::Latest, vec![element]));
    });
    assert_eq!(event, [("join-type", "series.dossier.event.closure".to_owned())]);
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
    assert_eq!(database.reader(&all).first_fault(destroyed(&all[0]), &[]).unwrap(), None);
    let database = Database::with("wal", &GOOD.replace("dossier_id INT ", "dossier_id TEXT "));
    let fault = database.reader(&all).first_fault(destroyed(&all[0]), &[]).unwrap().unwrap();
    assert_eq!((fault.severity, fault.code), (Severity::Error, "join-type"));
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

#[test]
fn rows_that_refer_to_a_record_and_pass_no_where_of_its_parts_are_an_error() {
    let letters_only =
        |series: &mut SeriesMapping| series.parts[0].condition = Some(expression("this.kind = 'letter'"));
    let rows = |kinds: &str| format!("INSERT INTO message(dossier_id, kind) VALUES {kinds};");
    error(&rows("(1, 'letter'), (1, 'call')"), "rows-outside", "a second part of message", letters_only);
    error(&rows("(1, 'letter'), (1, NULL)"), "rows-outside", "owner_gone", letters_only);
    // The last rows of a long table are looked at too.
    let long = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10001)
        INSERT INTO message(dossier_id, kind) SELECT 1, iif(i = 10001, 'call', 'letter') FROM n;";
    error(long, "rows-outside", "leave `where` out", letters_only);
    // Every row passes one; two parts share the table between them; rows that refer to nothing.
    let mut all = good();
    letters_only(&mut all[0]);
    assert_eq!(prove(&format!("{GOOD} {}", rows("(1, 'letter')")), &all), []);
    let calls = PartMapping { name: PartName::from("call"), ..part("message", "dossier_id", "id") };
    all[0].parts.push(PartMapping { condition: Some(expression("this.kind = 'call'")), ..calls });
    assert_eq!(prove(&format!("{GOOD} {}", rows("(1, 'letter'), (1, 'call')")), &all), []);
    all[0].parts.pop();
    let schema = GOOD.replace("dossier_id INT NOT NULL", "dossier_id INT");
    assert_eq!(prove(&format!("{schema} {}", rows("(NULL, 'call')")), &all), []);
}

#[test]
fn a_series_that_blocks_itself_is_told_that_records_in_a_circle_stay() {
    let tree =
        "ALTER TABLE dossier ADD COLUMN parent_id INT REFERENCES dossier; CREATE INDEX p ON dossier (parent_id);";
    let database = Database::with("wal", &format!("{GOOD} {tree}"));
    let mut all = good();
    let notes = |all: &[SeriesMapping], is_destroyed: bool| {
        let series = Proved { series: &all[0].series, is_destroyed };
        let found = database.reader(all).prove(&[series]).unwrap();
        found.iter().filter(|finding| (finding.code, finding.severity) == ("blocked-circle", Severity::Note)).count()
    };
    assert_eq!(notes(&all, true), 0);
    all[0].blocked_by = vec![relation("dossier", "parent_id", "id")];
    assert_eq!((notes(&all, true), notes(&all, false)), (1, 0));
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

#[test]
fn a_relation_to_another_source_and_a_root_that_is_not_there_are_errors() {
    error("", "relation-elsewhere", "source app", |series| {
        series.blocked_by = vec![relation("invoice", "dossier_id", "id")];
    });
    error("CREATE INDEX b ON message (body);", "no-root", "create the directory", |series| {
        let columns = vec!["body".to_owned()];
        series.parts[0].files = Some(FilesMapping {
            columns,
            root: PathBuf::from("/nonexistent"),
            shared: Vec::new(),
            missing: Default::default(),
        });
    });
    error("", "part-of-none", "message", |series| series.parts[0].of = Some(PartName::from("letter")));
}
