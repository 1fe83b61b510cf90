//! Tables that keep what belongs to records of many kinds.

use super::*;
use crate::records::mapping::{Change, ColumnTest};
use crate::records::sqlite::company::{Companions, Company, Dates};

const SHARED: [&str; 5] = ["comment", "attachment", "journal", "tag", "watch"];

const KINDS: usize = 40;

fn is_kind(values: &[Literal]) -> Condition {
    Condition::All(vec![ColumnTest { column: "kind".to_owned(), one_of: values.to_vec() }])
}

#[test]
fn no_column_holds_what_two_maps_apart_both_hold_true() {
    let values: Vec<Literal> =
        ["a", "A", "a ", " a", "b", "1", "01", "1.0", "1e0", " 1", "2", "", "x1", "é", "É", "nan", "inf"]
            .map(text)
            .into_iter()
            .chain([
                Literal::Integer(1),
                Literal::Integer(2),
                Literal::Integer((1 << 53) + 1),
                Literal::Integer(1 << 53),
            ])
            .chain(["1.0", "2.5", "nan", "inf"].map(|real| Literal::Real(real.to_owned())))
            .chain([Literal::Null])
            .collect();
    let mut apart = 0;
    for declared in ["TEXT", "INTEGER", "REAL", "NUMERIC", "BLOB", "", "TEXT COLLATE NOCASE", "TEXT COLLATE RTRIM"] {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(&format!("CREATE TABLE t (kind {declared})")).unwrap();
        for value in &values {
            conn.execute_batch(&format!("INSERT INTO t VALUES ({})", sql::literal(value))).unwrap();
        }
        for (one, other) in values.iter().flat_map(|one| values.iter().map(move |other| (one, other))) {
            let (one, other) = (is_kind(std::slice::from_ref(one)), is_kind(&[other.clone(), text("zz")]));
            if one.apart_by(&other).next().is_some() {
                apart += 1;
                let both = format!("{} AND {}", sql::condition(&one), sql::condition(&other));
                let select = format!("SELECT count(*) FROM t AS this WHERE {both}");
                let rows: i64 = conn.query_row(&select, [], |row| row.get(0)).unwrap();
                assert_eq!(rows, 0, "{declared}: {both}");
            }
        }
    }
    assert!(apart > 2000, "{apart}");
    let apart = |one: &[&str], other: &[&str]| {
        let of = |values: &[&str]| is_kind(&values.iter().map(|value| text(value)).collect::<Vec<_>>());
        of(one).apart_by(&of(other)).next().is_some()
    };
    assert!(apart(&["Issue"], &["Wiki", "News"]) && !apart(&["Issue", "News"], &["Wiki", "News"]));
    assert!(!apart(&["Wiki"], &["WIKI "]), "a column may be without case");
}

/// Kinds of records, all of which have rows of the same tables as parts; these are series, too.
fn kinds(joined: impl Fn(usize) -> (Join, Option<Condition>)) -> Vec<SeriesMapping> {
    let parts = |kind: usize| {
        SHARED.map(|table| {
            let (on, condition) = joined(kind);
            PartMapping { on, condition, ..part(table, "", "") }
        })
    };
    let of_kinds = (0..KINDS).map(|kind| SeriesMapping { parts: parts(kind).into(), ..series(&format!("kind{kind}")) });
    of_kinds.chain(SHARED.map(series)).collect()
}

/// Two records of each kind; each has one row of each table, and whatever `also` says besides.
fn database(columns: &str, values: impl Fn(usize) -> String, also: &str) -> Database {
    let mut schema = String::new();
    for table in SHARED {
        schema += &format!("CREATE TABLE {table} (id INTEGER PRIMARY KEY, closed_at TEXT, {columns});");
    }
    for kind in 0..KINDS {
        schema += &format!("CREATE TABLE kind{kind} (id INTEGER PRIMARY KEY, closed_at TEXT);");
        schema += &format!("INSERT INTO kind{kind} (id) VALUES (1), (2);");
        for table in SHARED {
            schema += &format!("INSERT INTO {table} SELECT {}, NULL, {};", 100 + kind, values(kind));
        }
    }
    Database::with("wal", &format!("{schema}{also}"))
}

/// The rows of a series that change with record 1 of another.
fn with_first(reader: &mut Reader, of: &str, other: &str) -> Vec<RecordKey> {
    let (of, other) = (SeriesName::from(of), SeriesName::from(other));
    let company = Company { of: &of, change: Change::Destroyed, other: &other, dates: Dates::NotAsked };
    let mut found = Vec::new();
    reader
        .companions(company, &[key(1), key(9)], &|_| true, &mut |_, companion| found.push(companion.unwrap().facts.key))
        .unwrap();
    found.sort();
    found.dedup();
    found
}

#[test]
fn forty_kinds_of_records_may_share_five_tables_that_tell_the_kind() {
    let mappings = kinds(|kind| (columns(&[("oid", "id")]), Some(is_kind(&[text(&format!("kind{kind}"))]))));
    let reach = mappings[3].reach(&mappings, &mappings[KINDS], Change::Destroyed);
    assert_eq!(reach.places.len(), 2, "the record and its comments: {reach:#?}");
    let database = database("oid INT, kind TEXT", |kind| format!("1, 'kind{kind}'"), "");
    let mut reader = database.reader(&mappings);
    assert_eq!(with_first(&mut reader, "kind3", "comment"), [key(103)]);
    assert_eq!(with_first(&mut reader, "kind3", "kind4"), []);
    assert_eq!(with_first(&mut reader, "kind3", "watch"), [key(103)]);
}

#[test]
fn forty_kinds_of_records_may_share_five_tables_that_refer_to_each_by_a_column() {
    let names = (0..KINDS).map(|kind| format!("of{kind} INT")).collect::<Vec<_>>().join(", ");
    let mappings = kinds(|kind| (columns(&[(&format!("of{kind}"), "id")]), None));
    let values =
        |kind: usize| (0..KINDS).map(|of| if of == kind { "1" } else { "NULL" }).collect::<Vec<_>>().join(", ");
    // A comment of both record 1 of kind 3 and record 2 of kind 4.
    let database = database(&names, values, "UPDATE comment SET of4 = 2 WHERE id = 103;");
    let mut reader = database.reader(&mappings);
    assert_eq!(with_first(&mut reader, "kind3", "comment"), [key(103)]);
    assert_eq!(with_first(&mut reader, "kind3", "kind4"), [key(2)]);
    assert_eq!(with_first(&mut reader, "kind3", "kind5"), []);
    assert_eq!(with_first(&mut reader, "kind4", "kind3"), [], "record 1 of kind 4 has a comment of its own");
}
