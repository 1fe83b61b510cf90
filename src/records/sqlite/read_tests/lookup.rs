use std::ops::ControlFlow;
use std::time::Duration;

use super::*;
use crate::records::files::FileRef;
use crate::records::mapping::FilesMapping;
use crate::records::sqlite::Queries;

fn parse(schema: &str, table: &str, key: &[&str], args: &[&str]) -> Result<RecordKey, StoreError> {
    let database = Database::with("wal", schema);
    let mut mapping = series(table);
    mapping.key = key.iter().map(|column| (*column).to_owned()).collect();
    let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
    database.reader(std::slice::from_ref(&mapping)).parse_key(&mapping.series, &args)
}

#[test]
fn a_key_is_typed_by_its_columns() {
    let schema = "CREATE TABLE t (i BIGINT, s VARCHAR(10), u BLOB, n NUMERIC, x)";
    assert_eq!(parse(schema, "t", &["i"], &["12"]).unwrap(), key(12));
    assert_eq!(parse(schema, "t", &["i"], &["-12"]).unwrap(), key(-12));
    assert_eq!(parse(schema, "t", &["s"], &["012"]).unwrap(), text_key(&["012"]));
    assert_eq!(parse(schema, "t", &["x"], &["12"]).unwrap(), key(12));
    assert_eq!(parse(schema, "t", &["x"], &["+12"]).unwrap(), text_key(&["+12"]));
    assert_eq!(parse(schema, "t", &["n"], &["A-1"]).unwrap(), text_key(&["A-1"]));
    let blob = |bytes: &[u8]| RecordKey::new(vec![KeyValue::Blob(bytes.to_vec())]);
    assert_eq!(parse(schema, "t", &["u"], &["x'0aFF'"]).unwrap(), blob(&[10, 255]));
    assert_eq!(parse(schema, "t", &["u"], &["x'0a1'"]).unwrap(), text_key(&["x'0a1'"]));
    let pair = RecordKey::new(vec![KeyValue::Integer(2024), KeyValue::Text("7".to_owned())]);
    assert_eq!(parse(schema, "t", &["i", "s"], &["2024", "7"]).unwrap(), pair);
    for (key, args) in [
        (&["i"][..], &["x"][..]),
        (&["i"], &["9223372036854775808"]),
        (&["i"], &["+66"]),
        (&["i", "s"], &["1"]),
        (&["i"], &["1", "2"]),
    ] {
        assert_eq!(parse(schema, "t", key, args).unwrap_err().code(), "key");
    }
}

#[test]
fn a_reference_finds_its_records_as_text_or_as_number() {
    let database = Database::with(
        "wal",
        "
        CREATE TABLE dossier (id INTEGER PRIMARY KEY, number TEXT, serial INT, closed_at TEXT);
        INSERT INTO dossier VALUES (1, 'D-1', 100, NULL), (2, 'D-1', 200, NULL), (3, NULL, NULL, NULL);",
    );
    let find = |column: &str, reference: &str| {
        let mapping = SeriesMapping { reference: Some(column.to_owned()), ..series("dossier") };
        database.reader(std::slice::from_ref(&mapping)).find_reference(&mapping.series, reference).unwrap()
    };
    assert_eq!(find("number", "D-1"), [key(1), key(2)]);
    assert_eq!(find("number", "D-2"), []);
    assert_eq!(find("serial", "200"), [key(2)]);
    let without = series("dossier");
    assert_eq!(database.reader(std::slice::from_ref(&without)).find_reference(&without.series, "D-1").unwrap(), []);
}

#[test]
fn a_reference_is_looked_for_in_turns_with_the_application_where_a_reader_keeps_it_out() {
    let rows = "CREATE TABLE dossier (id INTEGER PRIMARY KEY, number TEXT, closed_at TEXT);
        CREATE TABLE beside (x);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400000)
        INSERT INTO dossier SELECT i, 'D-' || i, NULL FROM n;";
    let mapping = SeriesMapping { reference: Some("number".to_owned()), ..series("dossier") };
    for (index, reference, found) in
        [("", "d-7 ", vec![key(7)]), ("CREATE INDEX i ON dossier (number)", "nobody", vec![])]
    {
        let database = Database::with("delete", &format!("{rows}{index}"));
        let reader = database.reader(std::slice::from_ref(&mapping));
        let waits = database.while_it_commits(|| {
            assert_eq!(reader.find_reference(&mapping.series, reference).unwrap(), found);
        });
        assert!(waits.commits > 5, "{index}: {waits:?}");
        let in_no_time = reader.find_reference_within(&mapping.series, "nobody", Duration::ZERO);
        assert_eq!(in_no_time.unwrap_err().code(), "interrupted");
    }
}

fn find_where(reader: &mut Reader, series: &SeriesName, expression: &str) -> Result<Vec<RecordKey>, StoreError> {
    let mut found = Vec::new();
    reader.find_where(series, expression, Duration::MAX, &mut |key| {
        found.extend(key);
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

#[test]
fn an_expression_finds_records_and_can_only_read() {
    let database = Database::with(
        "wal",
        "
        CREATE TABLE dossier (id INTEGER PRIMARY KEY, status TEXT, closed_at TEXT);
        INSERT INTO dossier VALUES (1, 'open', NULL), (2, 'closed', NULL);",
    );
    let mapping = series("dossier");
    let mut reader = database.reader(std::slice::from_ref(&mapping));
    assert_eq!(find_where(&mut reader, &mapping.series, "this.status = 'open'").unwrap(), [key(1)]);
    assert_eq!(find_where(&mut reader, &mapping.series, "id IN (SELECT max(id) FROM dossier)").unwrap(), [key(2)]);
    for bad in [
        "",
        "1; DELETE FROM dossier",
        "1) UNION SELECT 1 --",
        "nosuch = 1",
        "status = ",
        "status = \"open\"",
        "EXISTS (SELECT 1 FROM pragma_wal_checkpoint)",
        "count(*) > 0",
        "max(this.id) = 2",
        "row_number() OVER (ORDER BY this.id) = 2",
        "sum(this.id) OVER () > 1",
        "(DELETE FROM dossier RETURNING 1)",
    ] {
        let error = find_where(&mut reader, &mapping.series, bad).unwrap_err();
        assert_eq!(error.code(), "expression", "{bad}: {error}");
    }
    let error = find_where(&mut reader, &mapping.series, "max(this.id) = 2").unwrap_err().to_string();
    assert!(error.contains("misuse of aggregate") && error.contains("in a subquery"), "{error}");
}

#[test]
fn an_expression_may_look_at_records_but_not_at_the_clock_or_the_dice() {
    let database = Database::with(
        "wal",
        "CREATE TABLE dossier (id INTEGER PRIMARY KEY, closed_at TEXT, random INT, current_date TEXT);
         INSERT INTO dossier VALUES (1, '2019-01-01', 1, 'x');
         CREATE VIEW late AS SELECT id FROM dossier WHERE closed_at < date('now');
         CREATE VIEW lucky AS SELECT id FROM dossier WHERE random() > 0;
         CREATE VIEW old AS SELECT id FROM dossier WHERE date(closed_at) < '2020-01-01';",
    );
    let mapping = series("dossier");
    let mut reader = database.reader(std::slice::from_ref(&mapping));
    for text in [
        "this.random = 1",
        "date(this.closed_at) < '2020-01-01'",
        "this.id IN (SELECT id FROM old)",
        "this.\"current_date\" = 'x'",
    ] {
        assert_eq!(find_where(&mut reader, &mapping.series, text).unwrap(), [key(1)], "{text}");
    }
    for text in [
        "random() > 0",
        "\"random\"() > 0",
        "abs([RANDOM] ()) > 0",
        "hex(randomblob(2)) > 'a'",
        "this.closed_at < date('now', '-1 year')",
        "unixepoch('subsec') > 0",
        "this.closed_at < CURRENT_TIMESTAMP",
        "last_insert_rowid() = this.id",
        "this.id IN (SELECT id FROM late)",
        "this.id IN (SELECT id FROM lucky)",
        "EXISTS (WITH dice AS (SELECT random() AS thrown) SELECT 1 FROM dice WHERE thrown > 0)",
    ] {
        let error = find_where(&mut reader, &mapping.series, text).unwrap_err();
        assert!(error.to_string().contains("asks for the time or for chance"), "{text}: {error}");
    }
}

#[test]
fn a_reading_connection_runs_nothing_but_reads() {
    let database = Database::with("wal", "CREATE TABLE dossier (id INTEGER PRIMARY KEY, closed_at TEXT UNIQUE)");
    let mapping = series("dossier");
    let reader = database.reader(&[mapping]);
    for sql in [
        "DELETE FROM dossier",
        "CREATE TEMP TABLE t (x)",
        "ATTACH ':memory:' AS other",
        "PRAGMA journal_mode = DELETE",
        "PRAGMA query_only = 0",
        "PRAGMA wal_checkpoint",
        "VACUUM",
        "REINDEX",
        "ANALYZE",
    ] {
        assert!(reader.connection().execute_batch(sql).is_err(), "{sql}");
    }
}

#[test]
fn the_files_of_records_are_those_that_rows_of_their_parts_name() {
    let database = Database::with("wal", "
        CREATE TABLE dossier (id INTEGER PRIMARY KEY, closed_at TEXT);
        CREATE TABLE message (id INTEGER PRIMARY KEY, dossier_id INT);
        CREATE TABLE document (message_id INT, dir, name TEXT);
        INSERT INTO dossier VALUES (1, NULL), (2, NULL), (3, NULL);
        INSERT INTO message VALUES (10, 1), (11, 1), (20, 2), (30, 3);
        INSERT INTO document VALUES (10, 2024, 'a.pdf'), (11, '2024/03', 'b.pdf'), (11, NULL, 'c.pdf'), (20, '', 'd.pdf'),
            (20, 'x', NULL), (20, '', ''), (30, 'y', x'00');");
    let mut document = part("document", "message_id", "id");
    document.of = Some(PartName::from("message"));
    let columns = vec!["dir".to_owned(), "name".to_owned()];
    document.files = Some(FilesMapping {
        columns,
        root: PathBuf::from("/srv/files"),
        shared: Vec::new(),
        missing: Default::default(),
    });
    let mapping = SeriesMapping { parts: vec![part("message", "dossier_id", "id"), document], ..series("dossier") };
    let reader = database.reader(std::slice::from_ref(&mapping));
    let query = Queries::new(&database.source(), std::slice::from_ref(&mapping)).make(&mapping.series).unwrap();
    let named = query.files_of(reader.connection(), &[key(2), key(1), key(9), key(3)]).unwrap();
    let mut files = named.files;
    files.sort();
    let file = |record, path: &str| FileRef {
        record,
        part: PartName::from("document"),
        root: PathBuf::from("/srv/files"),
        path: path.to_owned(),
    };
    // What is no text is a path that no file can have: the record fails, nothing is left behind unseen.
    assert_eq!(files, [file(0, "d.pdf"), file(1, "2024/03/b.pdf"), file(1, "2024/a.pdf"), file(3, "y/\0")]);
}

#[test]
fn a_schema_digest_changes_with_what_the_mapping_touches_and_with_nothing_else() {
    let database = Database::with(
        "wal",
        "
        CREATE TABLE dossier (id INTEGER PRIMARY KEY, status INT, closed_at TEXT);
        CREATE TABLE status (id INTEGER PRIMARY KEY, is_closed INT);
        CREATE TABLE message (id INTEGER PRIMARY KEY, dossier_id INT);
        CREATE TABLE elsewhere (x);",
    );
    let mut mapping = SeriesMapping { parts: vec![part("message", "dossier_id", "id")], ..series("dossier") };
    mapping.filter = Some(expression("(SELECT is_closed FROM status AS s WHERE s.id = this.status)"));
    let digest = || database.reader(std::slice::from_ref(&mapping)).schema_digest(&mapping.series).unwrap();
    let mut last = digest();
    let app = database.app();
    for (sql, changes) in [
        ("CREATE INDEX closed ON dossier (closed_at); ANALYZE; VACUUM", false),
        ("ALTER TABLE elsewhere ADD COLUMN y", false),
        ("CREATE TABLE retentiond_batch (x)", false),
        ("ALTER TABLE message ADD COLUMN body TEXT", true),
        ("CREATE TRIGGER t AFTER DELETE ON dossier BEGIN DELETE FROM elsewhere; END", true),
        ("ALTER TABLE status ADD COLUMN name TEXT", true),
        ("CREATE TABLE late (dossier_id REFERENCES dossier ON DELETE CASCADE)", true),
    ] {
        app.execute_batch(sql).unwrap();
        let now = digest();
        assert_eq!(now != last, changes, "{sql}");
        last = now;
    }
}

#[test]
fn the_records_that_a_hold_keeps_by_a_key_are_counted_however_the_key_is_written() {
    let schema = "CREATE TABLE dossier (id INTEGER PRIMARY KEY, code UNIQUE, closed_at TEXT);
                  INSERT INTO dossier VALUES (1, 5, NULL), (2, '05', NULL), (3, 'a-1', NULL), (4, 'A-1 ', NULL);";
    for mode in MODES {
        let database = Database::with(mode, schema);
        let count = |column: &str, within: Duration| {
            let mapping = SeriesMapping { key: vec![column.to_owned()], ..series("dossier") };
            let keys = ["5", "A-1", "+4", "x", ""].map(|key| vec![key.to_owned()]);
            let keys: Vec<&[String]> = keys.iter().map(Vec::as_slice).collect();
            database.reader(std::slice::from_ref(&mapping)).count_alike(&mapping.series, &keys, within).unwrap()
        };
        assert_eq!(count("code", Duration::MAX), Some(vec![2, 2, 0, 0, 0]), "{mode}");
        assert_eq!(count("code", Duration::ZERO), None, "{mode}");
        assert_eq!(count("id", Duration::ZERO), Some(vec![0, 0, 1, 0, 0]), "{mode}: an index finds them");
    }
}
