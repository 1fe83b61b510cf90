//! Records that lead to each other, as answers in a thread do: asked together, they say what each says alone.

use std::cell::Cell;
use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::records::mapping::{Change, Reach};
use crate::records::sqlite::{Companion, Companions, Company, Dates};

const SCHEMA: &str = "
    CREATE TABLE dossier (id INTEGER PRIMARY KEY, closed_at TEXT, parent_id INT);
    CREATE TABLE note (id INTEGER PRIMARY KEY, closed_at TEXT, dossier_id INT, copy_of INT);
    CREATE INDEX dossier_parent ON dossier (parent_id);
    CREATE INDEX note_dossier ON note (dossier_id);
    CREATE INDEX note_copy ON note (copy_of);";

/// Dossiers are parts of dossiers; a note may be of two of them.
fn mappings() -> [SeriesMapping; 2] {
    let named = |name: &str, part: PartMapping| PartMapping { name: name.into(), ..part };
    let parts = vec![
        named("child", part("dossier", "parent_id", "id")),
        part("note", "dossier_id", "id"),
        named("copy", part("note", "copy_of", "id")),
    ];
    [SeriesMapping { parts, ..series("dossier") }, series("note")]
}

/// A record's place, and a row that keeps it: its key, and what it is to the record.
type Kept = (usize, RecordKey, bool, bool);

/// Rows of a series that keep these dossiers, of those with a number that `keeps`; and how many rows were looked at.
fn kept(reader: &mut Reader, other: &SeriesName, keys: &[RecordKey], keeps: i64) -> (BTreeSet<Kept>, u64) {
    let (of, looked) = (&SeriesName::from("dossier"), Cell::new(0));
    let company = Company { of, change: Change::Destroyed, other, dates: Dates::NotAsked };
    let is_kept = |row: &Companion| {
        looked.set(looked.get() + 1);
        matches!(row.facts.key.columns(), [KeyValue::Integer(number)] if number % 7 == keeps)
    };
    let mut found = BTreeSet::new();
    let mut see = |place: usize, row: Option<Companion>| {
        let row = row.unwrap();
        let before = looked.get();
        if is_kept(&row) {
            // Shown because it keeps the record, and looked at before.
            looked.set(before);
            found.insert((place, row.facts.key, row.is_lost, row.is_own_row));
        }
    };
    reader.companions(company, keys, &is_kept, &mut see).unwrap();
    (found, looked.get())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn what_keeps_many_records_is_what_keeps_each_of_them(
        parents in prop::collection::vec(prop::option::of(1_i64..40), 1..40),
        notes in prop::collection::vec((prop::option::of(1_i64..40), prop::option::of(1_i64..40)), 0..40),
        keeps in 0_i64..7, mode in prop::sample::select(&MODES[..]),
    ) {
        let (database, mappings) = (Database::with(mode, SCHEMA), mappings());
        let app = database.app();
        for (id, parent) in (1..).zip(&parents) {
            app.execute("INSERT INTO dossier VALUES (?1, NULL, ?2)", (id, parent)).unwrap();
        }
        for (id, (dossier, copy)) in (1..).zip(&notes) {
            app.execute("INSERT INTO note VALUES (?1, NULL, ?2, ?3)", (id, dossier, copy)).unwrap();
        }
        let keys: Vec<RecordKey> = (1..=40).map(key).collect();
        let mut reader = database.reader(&mappings);
        for other in ["dossier", "note"].map(SeriesName::from) {
            let together = kept(&mut reader, &other, &keys, keeps).0;
            let mut alone = BTreeSet::new();
            for (place, key) in keys.iter().enumerate() {
                let of_one = kept(&mut reader, &other, std::slice::from_ref(key), keeps).0;
                alone.extend(of_one.into_iter().map(|(_, row, is_lost, is_own)| (place, row, is_lost, is_own)));
            }
            prop_assert_eq!(together, alone, "{}", other);
        }
    }
}

#[test]
fn each_row_of_a_long_thread_is_looked_at_once_for_every_hundred_records() {
    let chain = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
                 INSERT INTO dossier SELECT i, NULL, i - 1 FROM n;";
    let (database, mappings) = (Database::with("wal", &format!("{SCHEMA} {chain}")), mappings());
    let keys: Vec<RecordKey> = (1..=1000).map(key).collect();
    let dossier = &mappings[0].series;
    let (found, looked) = kept(&mut database.reader(&mappings), dossier, &keys, 0);
    let places = mappings[0].reach(&mappings, &mappings[0], Change::Destroyed).places.len() as u64;
    assert!((1000..=10 * 1000 * places).contains(&looked), "{looked} at {places} places");
    let one_row = |row: &Kept| row.1 == key(700);
    assert_eq!(found.iter().filter(|row| one_row(row)).map(|row| row.0).collect::<BTreeSet<_>>().len(), 999);
}

#[test]
fn only_places_that_lead_back_to_themselves_are_circular() {
    let mappings = mappings();
    let is_circular =
        |of: usize, other: usize| mappings[of].reach(&mappings, &mappings[other], Change::Destroyed).is_circular();
    assert!(is_circular(0, 0) && is_circular(0, 1));
    let flat = [SeriesMapping { parts: vec![part("note", "dossier_id", "id")], ..series("dossier") }, series("note")];
    assert!(!flat[0].reach(&flat, &flat[1], Change::Destroyed).is_circular());
    assert!(!Reach::default().is_circular());
}
