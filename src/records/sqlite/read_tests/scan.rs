use std::ops::ControlFlow;
use std::time::Duration;

use super::*;
use crate::records::facts::{Reading, Unreadable};
use crate::records::sqlite::Interest;

fn dossiers(rows: u32) -> String {
    format!(
        "CREATE TABLE dossier (id INTEGER PRIMARY KEY, status TEXT, closed_at TEXT);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
         INSERT INTO dossier SELECT i, iif(i % 3 = 0, 'open', 'closed'), '2024-01-01T00:00:00Z' FROM n;"
    )
}

fn keys_of(reader: &mut Reader, series: &SeriesName) -> Vec<RecordKey> {
    let mut keys = Vec::new();
    reader
        .scan(series, &mut |facts| {
            keys.push(facts.key.clone());
            ControlFlow::Continue(())
        })
        .unwrap();
    keys.sort();
    keys
}

#[test]
fn a_scan_visits_every_row_once_in_either_mode() {
    for mode in MODES {
        let database = Database::with(mode, &dossiers(30_000));
        let mut dossier = series("dossier");
        dossier.filter = Some(expression("status = 'closed'"));
        let mut reader = database.reader(std::slice::from_ref(&dossier));
        assert_eq!(keys_of(&mut reader, &dossier.series), (1..=30_000).map(key).collect::<Vec<_>>());
    }
}

#[test]
fn a_scan_reads_the_same_facts_as_reading_by_key() {
    for mode in MODES {
        let database = Database::with(mode, &dossiers(500));
        let mut dossier = series("dossier");
        dossier.filter = Some(expression("status = 'closed'"));
        dossier.conditions.insert("even".to_owned(), expression("id % 2 = 0"));
        let mut reader = database.reader(std::slice::from_ref(&dossier));
        let mut scanned = Vec::new();
        let mut visit = |facts: &Facts| {
            scanned.push(facts.clone());
            ControlFlow::Continue(())
        };
        reader.scan(&dossier.series, &mut visit).unwrap();
        let keys: Vec<RecordKey> = scanned.iter().map(|facts| facts.key.clone()).collect();
        let read: Vec<Facts> = reader.facts(&dossier.series, &keys).unwrap().into_iter().flatten().collect();
        assert_eq!(scanned, read);
        let mut glanced = Vec::new();
        let mut seen = 0;
        let mut judge = |in_scope: bool, _: &[_]| {
            seen += 1;
            if in_scope { Interest::Full } else { Interest::Skip }
        };
        reader.scan_events(&dossier.series, &mut judge, &mut |facts| glanced.push(facts.clone())).unwrap();
        scanned.retain(|facts| facts.in_scope);
        assert_eq!((glanced, seen), (scanned, 500));
    }
}

#[test]
fn what_a_scan_sees_and_what_it_reads_of_it_afterwards_is_of_one_moment() {
    let database = Database::with("wal", &dossiers(500));
    let dossier = series("dossier");
    let mut reader = database.reader(std::slice::from_ref(&dossier));
    let app = Connection::open(database.path()).unwrap();
    let (mut seen, mut read) = (0, 0);
    let mut judge = |_: bool, _: &[_]| {
        seen += 1;
        if seen == 500 {
            app.execute("DELETE FROM dossier WHERE id % 2 = 0", []).unwrap();
        }
        Interest::Full
    };
    reader.scan_events(&dossier.series, &mut judge, &mut |_| read += 1).unwrap();
    assert_eq!((seen, read), (500, 500));
}

#[test]
fn a_visitor_may_stop_a_scan() {
    for mode in MODES {
        let database = Database::with(mode, &dossiers(500));
        let dossier = series("dossier");
        let mut reader = database.reader(std::slice::from_ref(&dossier));
        let mut seen = 0;
        let mut visit = |_: &Facts| {
            seen += 1;
            if seen == 10 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        reader.scan(&dossier.series, &mut visit).unwrap();
        reader.scan_events(&dossier.series, &mut |_, _| Interest::Stop, &mut |_| panic!("skipped")).unwrap();
        assert_eq!(seen, 10);
    }
}

#[test]
fn a_row_that_no_key_finds_again_is_counted_and_unreadable() {
    for mode in MODES {
        let database = Database::with(
            mode,
            "
            CREATE TABLE dossier (id TEXT PRIMARY KEY, closed_at TEXT);
            INSERT INTO dossier VALUES (NULL, '2024-01-01T00:00:00Z'), (NULL, NULL), ('a', '2024-01-01T00:00:00Z'),
                (CAST(x'ff' AS TEXT), '2024-01-01T00:00:00Z');
            CREATE TABLE measure (id PRIMARY KEY, closed_at TEXT);
            INSERT INTO measure VALUES (1.5, '2024-01-01T00:00:00Z');",
        );
        for (table, bad) in [("dossier", 3), ("measure", 1)] {
            let mapping = series(table);
            let mut reader = database.reader(std::slice::from_ref(&mapping));
            let mut unreadable = 0;
            let mut visit = |facts: &Facts| {
                if facts.events[0].readings == [Reading::Unreadable(Unreadable::Type)] {
                    unreadable += 1;
                }
                ControlFlow::Continue(())
            };
            reader.scan(&mapping.series, &mut visit).unwrap();
            assert_eq!(unreadable, bad, "{table}");
        }
    }
}

#[test]
fn in_rollback_mode_a_writer_gets_its_turn_during_a_scan() {
    let database = Database::with("delete", &dossiers(60_000));
    let dossier = series("dossier");
    let mut reader = database.reader(std::slice::from_ref(&dossier));
    let path = database.path();
    let (begin, begun) = std::sync::mpsc::channel();
    let writer = std::thread::spawn(move || {
        let app = Connection::open(path).unwrap();
        app.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
        begun.recv().unwrap();
        app.execute("UPDATE dossier SET status = 'late' WHERE id = 60000", []).unwrap();
    });
    let mut seen = 0;
    let mut late = false;
    let mut visit = |facts: &Facts| {
        seen += 1;
        if seen == 1 {
            begin.send(()).unwrap();
        }
        // A page's worth of work and more for each hundred rows: the scan lasts much longer than one page.
        if seen % 600 == 0 {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        late |= facts.conditions == ["late"];
        ControlFlow::Continue(())
    };
    let mut watched = dossier.clone();
    watched.conditions.insert("late".to_owned(), expression("status = 'late'"));
    drop(reader);
    reader = database.reader(std::slice::from_ref(&watched));
    reader.scan(&watched.series, &mut visit).unwrap();
    writer.join().unwrap();
    assert!(late, "the commit came before the last row was read");
    assert_eq!(seen, 60_000);
}

#[test]
fn virtual_tables_that_no_mapping_names_do_not_keep_a_database_from_being_read() {
    for mode in MODES {
        for (module, arguments) in [("rtree", "id, x0, x1, +label"), ("fts5", "body"), ("fts4", "body")] {
            let schema = format!("{} CREATE VIRTUAL TABLE place USING {module}({arguments});", dossiers(3));
            let database = Database::with(mode, &schema);
            database.app().execute_batch("INSERT INTO place DEFAULT VALUES").unwrap();
            let mapping = series("dossier");
            let mut reader = database.reader(std::slice::from_ref(&mapping));
            assert!(reader.catalog().is_ok(), "{module}");
            reader.schema_digest(&mapping.series).unwrap();
            assert_eq!(keys_of(&mut reader, &mapping.series).len(), 3, "{module}");
            assert_eq!(
                reader
                    .find_where(&mapping.series, "1 IN (SELECT 1 FROM place)", Duration::MAX, &mut |_| {
                        ControlFlow::Continue(())
                    })
                    .err()
                    .map(|error| error.to_string()),
                None,
                "{module}"
            );
            // The application makes the schema anew: the module looks at its tables once more.
            database.app().execute_batch("CREATE TABLE more (id INTEGER)").unwrap();
            assert!(reader.catalog().is_ok(), "{module}");
            let conn = reader.connection();
            for shadow in conn
                .prepare("SELECT name FROM pragma_table_list WHERE type = 'shadow'")
                .unwrap()
                .query_map([], |row| row.get::<_, String>(0))
                .unwrap()
            {
                let shadow = shadow.unwrap();
                assert!(conn.execute(&format!("DELETE FROM {shadow}"), []).is_err(), "{module}: {shadow}");
            }
        }
    }
}

/// Rows of which number 7 and the last hold a text that is no JSON.
const MALFORMED: &str = "
    CREATE TABLE dossier (id INTEGER PRIMARY KEY, meta TEXT, closed_at TEXT);
    CREATE TABLE message (id INTEGER PRIMARY KEY, dossier_id INTEGER, meta TEXT, at TEXT);
    CREATE INDEX message_dossier ON message(dossier_id);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
    INSERT INTO dossier SELECT i, iif(i IN (7, 3000), '{bad', '{\"closed\": 1}'), '2024-01-01T00:00:00Z' FROM n;
    INSERT INTO message SELECT id, id, meta, closed_at FROM dossier;";

#[test]
fn a_record_on_which_an_expression_of_the_mapping_fails_is_undated_and_the_others_are_as_ever() {
    let of_json = || expression("json_extract(this.meta, '$.closed') = 1");
    let filter = SeriesMapping { filter: Some(of_json()), ..series("dossier") };
    let mut event = series("dossier");
    event.events.get_mut(&"closure".into()).unwrap().condition = Some(of_json());
    let mut condition = series("dossier");
    condition.conditions.insert("closed".to_owned(), of_json());
    let mut child = series("dossier");
    let place = ElementTable::Child {
        table: "message".to_owned(),
        on: columns(&[("dossier_id", "id")]),
        condition: Some(of_json()),
        pick: Pick::Latest,
    };
    child.events.get_mut(&"closure".into()).unwrap().elements = vec![Element { place, ..element("at") }];
    let unanswered = [Reading::Unreadable(Unreadable::Expression)];
    for (name, mapping) in [("filter", filter), ("event", event), ("condition", condition), ("child", child)] {
        for mode in MODES {
            let database = Database::with(mode, MALFORMED);
            let mut reader = database.reader(std::slice::from_ref(&mapping));
            let (mut known, mut unknown) = (0, Vec::new());
            let mut visit = |facts: &Facts| {
                match facts.events[0].readings == unanswered {
                    true => unknown.push((facts.key.clone(), facts.in_scope, facts.events[0].applies)),
                    false => known += 1,
                }
                ControlFlow::Continue(())
            };
            reader.scan(&mapping.series, &mut visit).unwrap();
            assert_eq!(
                (known, unknown),
                (2_998, vec![(key(7), true, true), (key(3_000), true, true)]),
                "{name} {mode}"
            );
            let (mut seen, mut failed, mut whole) = (0, 0, Vec::new());
            let mut judge = |in_scope: bool, events: &[crate::records::facts::EventFact]| {
                seen += 1;
                failed += u64::from(in_scope && events[0].applies && events[0].readings == unanswered);
                Interest::Full
            };
            reader.scan_events(&mapping.series, &mut judge, &mut |facts| whole.push(facts.clone())).unwrap();
            // A condition is read with the whole record only.
            assert_eq!((seen, failed), (3_000, if name == "condition" { 0 } else { 2 }), "{name} {mode}");
            whole.retain(|facts| facts.events[0].readings != unanswered);
            assert_eq!(whole.len(), 2_998, "{name} {mode}");
            let facts = reader.facts(&mapping.series, &[key(6), key(7)]).unwrap();
            let readings: Vec<_> = facts.into_iter().map(|facts| facts.unwrap().events[0].readings.clone()).collect();
            assert_ne!(readings[0], unanswered, "{name} {mode}");
            assert_eq!(readings[1], unanswered, "{name} {mode}");
        }
    }
}

#[test]
fn where_no_key_tells_which_row_fails_the_error_names_the_expression() {
    let database = Database::with(
        "wal",
        "CREATE TABLE dossier (id TEXT PRIMARY KEY, meta TEXT, closed_at TEXT);
         INSERT INTO dossier VALUES (NULL, '{bad', NULL), ('a', '{}', NULL);",
    );
    let mapping = SeriesMapping { filter: Some(expression("meta ->> '$.a' IS NULL")), ..series("dossier") };
    let mut reader = database.reader(std::slice::from_ref(&mapping));
    let error = reader.scan(&mapping.series, &mut |_| ControlFlow::Continue(())).unwrap_err();
    assert!(matches!(&error, StoreError::RowFails { at, .. } if at == &["series.dossier.filter"]), "{error:?}");
    assert!(error.to_string().contains("malformed JSON"), "{error}");
}
