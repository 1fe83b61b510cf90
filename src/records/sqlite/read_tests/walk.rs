//! Walking by a key of several columns, in the order that an index has.

use std::ops::ControlFlow;

use super::*;
use crate::records::sqlite::key_order::KeyOrder;

/// Rows of a key `(year, seq)` whose unique index begins with `seq`; a third of them is no JSON.
const TURNED: &str = "
    CREATE TABLE dossier (year INTEGER NOT NULL, seq TEXT NOT NULL, meta TEXT, closed_at TEXT);
    CREATE UNIQUE INDEX turned ON dossier (seq, year);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900)
    INSERT INTO dossier SELECT 2000 + i % 7, printf('%04d', i * 37 % 900), iif(i % 3, '{}', '{bad'), NULL FROM n;";

fn turned() -> SeriesMapping {
    let filter = Some(expression("meta ->> '$.a' IS NULL"));
    SeriesMapping { filter, key: vec!["year".to_owned(), "seq".to_owned()], ..series("dossier") }
}

#[test]
fn rows_on_which_an_expression_fails_are_found_by_whatever_order_the_key_s_index_has() {
    for mode in MODES {
        let database = Database::with(mode, TURNED);
        let (mut failed, mut keys) = (0, Vec::new());
        let mut visit = |facts: &Facts| {
            failed += u64::from(matches!(facts.events[0].readings[0], crate::records::facts::Reading::Unreadable(_)));
            keys.push(facts.key.clone());
            ControlFlow::Continue(())
        };
        database.reader(&[turned()]).scan(&turned().series, &mut visit).unwrap();
        assert!(keys.is_sorted_by_key(|key| key.columns()[1].clone()), "{mode}: in the order of the index");
        keys.sort();
        keys.dedup();
        assert_eq!((keys.len(), failed), (900, 300), "{mode}");
    }
}

#[test]
fn no_walk_puts_all_rows_in_order_where_an_index_over_the_key_has_them_in_one() {
    let key = ["Year".to_owned(), "seq".to_owned()];
    for (index, first) in [
        ("CREATE UNIQUE INDEX turned ON dossier (seq, year)", "seq"),
        ("CREATE UNIQUE INDEX declared ON dossier (year, seq)", "Year"),
        ("CREATE UNIQUE INDEX longer ON dossier (seq, year, meta)", "seq"),
    ] {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch("CREATE TABLE dossier (year INTEGER, seq TEXT, meta TEXT)").unwrap();
        conn.execute_batch(index).unwrap();
        let order = KeyOrder::of(&conn, "dossier", &key).unwrap();
        assert!(order.by.starts_with(&format!(" ORDER BY this.\"{first}\"")), "{order:?}");
        let sql = format!("EXPLAIN QUERY PLAN SELECT meta FROM dossier AS this{}{}", order.after, order.by);
        let mut statement = conn.prepare(&sql).unwrap();
        let steps: Vec<String> =
            statement.query_map((2020, "a"), |row| row.get(3)).unwrap().collect::<rusqlite::Result<_>>().unwrap();
        assert!(!steps.concat().contains("TEMP B-TREE"), "{index}: {steps:?}");
    }
    let conn = Connection::open_in_memory().unwrap();
    let tables = "CREATE TABLE dossier (year INTEGER, seq TEXT, meta TEXT);
        CREATE INDEX other ON dossier (seq, meta); CREATE INDEX part ON dossier (seq, year) WHERE meta IS NULL";
    conn.execute_batch(tables).unwrap();
    assert_eq!(KeyOrder::of(&conn, "dossier", &key).unwrap(), KeyOrder::declared(&key), "neither has every row by it");
}
