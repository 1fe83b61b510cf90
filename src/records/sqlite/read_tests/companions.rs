//! What is read of the rows that change with records.

use super::*;
use crate::records::facts::Reading;
use crate::records::mapping::Change;
use crate::records::sqlite::{Companion, Companions, Company, Dates};

fn dossiers() -> Database {
    Database::with(
        "wal",
        "CREATE TABLE dossier (id INTEGER PRIMARY KEY, closed_at TEXT);
         CREATE TABLE note (id INTEGER PRIMARY KEY, dossier_id INTEGER, number TEXT, body TEXT, closed_at TEXT);
         CREATE TABLE line (note_id INTEGER, read_at TEXT);
         CREATE INDEX note_dossier ON note (dossier_id);
         CREATE INDEX line_note ON line (note_id);
         INSERT INTO dossier VALUES (2, NULL);
         INSERT INTO note VALUES (20, 2, 'N-20', 'in', '2018-03-15T12:00:00Z'), (21, 2, 'N-21', 'out', NULL);
         INSERT INTO line VALUES (20, '2019-03-15T12:00:00Z'), (2, 'of another'), (0, 'of another'), (1, 'of another');",
    )
}

/// Notes are parts of dossiers, and have an event of their own row and one of another table.
fn mappings() -> [SeriesMapping; 2] {
    let place = ElementTable::Child {
        table: "line".to_owned(),
        on: columns(&[("note_id", "id")]),
        condition: None,
        pick: Pick::Latest,
    };
    let read = event(Pick::Latest, vec![Element { place, ..element("read_at") }]);
    let mut note = SeriesMapping {
        reference: Some("number".to_owned()),
        filter: Some(expression("this.body = 'in'")),
        ..series("note")
    };
    note.events.insert("read".into(), read);
    [SeriesMapping { parts: vec![part("note", "dossier_id", "id")], ..series("dossier") }, note]
}

#[test]
fn dates_of_rows_are_read_only_where_they_are_asked_and_then_as_of_any_record() {
    let (database, mappings) = (dossiers(), mappings());
    let mut reader = database.reader(&mappings);
    let whole = reader.facts(&mappings[1].series, &[key(20), key(21)]).unwrap();
    for dates in [Dates::NotAsked, Dates::Asked] {
        let company = Company { of: &mappings[0].series, change: Change::Destroyed, other: &mappings[1].series, dates };
        let mut found = Vec::new();
        let mut see = |_, companion: Option<Companion>| found.push(companion.unwrap().facts);
        reader.companions(company, &[key(2)], &|_| true, &mut see).unwrap();
        found.sort_by(|one, other| one.key.cmp(&other.key));
        let expected = whole.iter().flatten().cloned().map(|mut facts| {
            facts.events.retain(|_| dates == Dates::Asked);
            facts
        });
        assert_eq!(found, expected.collect::<Vec<_>>());
    }
    let readings = |facts: &Option<Facts>| facts.as_ref().unwrap().events.clone();
    assert!(matches!(readings(&whole[0])[1].readings[0], Reading::Set(_)), "{whole:?}");
}
