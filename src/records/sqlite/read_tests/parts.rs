use std::time::Duration;

use super::*;
use crate::records::mapping::{FilesMapping, OwnerGone};
use crate::records::sqlite::{Asked, PartRows, Queries};

const SCHEMA: &str = "
    CREATE TABLE dossier (id INTEGER PRIMARY KEY, closed_at TEXT);
    CREATE TABLE message (id INTEGER PRIMARY KEY, dossier_id INT, kind TEXT);
    CREATE TABLE copy (message_id INT, folder TEXT, file TEXT);
    CREATE INDEX message_dossier ON message (dossier_id);
    CREATE INDEX copy_message ON copy (message_id);
    INSERT INTO dossier VALUES (1, NULL), (2, NULL), (3, NULL);
    INSERT INTO message VALUES (10, 1, 'in'), (11, 1, 'in'), (12, 1, 'draft'), (20, 2, 'in');
    INSERT INTO copy VALUES (10, 'a', 'b'), (10, 'a', NULL), (10, '', ''), (11, '', 'c'), (12, 'x', 'y'), (20, 'd', 5);";

/// Messages that are no drafts, and their copies, which name files.
fn dossiers() -> SeriesMapping {
    let mut message = part("message", "dossier_id", "id");
    message.condition = Some(expression("this.kind = 'in'"));
    let mut copy = part("copy", "message_id", "id");
    copy.of = Some("message".into());
    copy.files = Some(FilesMapping {
        columns: vec!["folder".to_owned(), "file".to_owned()],
        root: "files".into(),
        shared: Vec::new(),
        missing: crate::records::mapping::Missing::Fail,
    });
    SeriesMapping { parts: vec![message, copy], ..series("dossier") }
}

#[test]
fn the_rows_of_each_part_are_counted_and_the_files_that_they_name() {
    for mode in MODES {
        let database = Database::with(mode, SCHEMA);
        let mapping = dossiers();
        let mut reader = database.reader(std::slice::from_ref(&mapping));
        let keys = [key(1), key(3), key(2)];
        let mut counted = Vec::new();
        let mut see = |record, part, rows: Option<PartRows>| {
            let PartRows { rows, files } = rows.unwrap();
            counted.push((record, part, rows, files));
        };
        let asked = reader.count_parts(&mapping.series, &keys, Duration::MAX, &mut see).unwrap();
        let expected = [(0, 0, 2, 0), (0, 1, 4, 2), (1, 0, 0, 0), (1, 1, 0, 0), (2, 0, 1, 0), (2, 1, 1, 1)];
        assert_eq!((asked, counted), (Asked::All, expected.to_vec()), "{mode}");
        let query = Queries::new(&database.source(), std::slice::from_ref(&mapping)).make(&mapping.series).unwrap();
        let named = query.files_of(reader.connection(), &keys).unwrap();
        assert_eq!(named.files.len(), 3, "as many as are unlinked");
    }
}

#[test]
fn files_of_rows_that_outlive_their_record_are_none_of_its_own() {
    for outlives in [0, 1] {
        let database = Database::with("wal", SCHEMA);
        let mut mapping = dossiers();
        mapping.parts[outlives].owner_gone = OwnerGone::Detach;
        let mut reader = database.reader(std::slice::from_ref(&mapping));
        let mut files = 0;
        let mut see = |_, _, rows: Option<PartRows>| files += rows.unwrap().files;
        reader.count_parts(&mapping.series, &[key(1), key(2)], Duration::MAX, &mut see).unwrap();
        let query = Queries::new(&database.source(), std::slice::from_ref(&mapping)).make(&mapping.series).unwrap();
        let named = query.files_of(reader.connection(), &[key(1), key(2)]).unwrap();
        assert_eq!((files, named.files.len()), (0, 0), "part {outlives}");
    }
}

#[test]
fn counting_ends_when_its_time_is_over_and_says_so() {
    let database = Database::with("wal", SCHEMA);
    let mut mapping = dossiers();
    // Some seconds for each record.
    mapping.parts[0].on = Join::Expression(
        "this.dossier_id = owner.id AND (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000000)
         SELECT max(i) FROM n) > 0"
            .to_owned(),
    );
    let mut reader = database.reader(std::slice::from_ref(&mapping));
    let mut count = |within| reader.count_parts(&mapping.series, &[key(1)], within, &mut |_, _, _| {}).unwrap();
    assert_eq!(count(Duration::ZERO), Asked::Some);
    assert_eq!(count(Duration::from_millis(50)), Asked::Some);
}

#[test]
fn a_record_on_which_an_expression_fails_is_told_and_keeps_nobody_from_counting_the_others() {
    let database = Database::with("wal", SCHEMA);
    let mut mapping = dossiers();
    mapping.parts.truncate(1);
    mapping.parts[0].condition =
        Some(expression("json_extract(iif(this.dossier_id = 1, 'no json', '{}'), '$.a') IS NULL"));
    let mut reader = database.reader(std::slice::from_ref(&mapping));
    let mut counted = Vec::new();
    let mut see = |record, _, rows: Option<PartRows>| counted.push((record, rows.map(|counted| counted.rows)));
    let asked = reader.count_parts(&mapping.series, &[key(1), key(2)], Duration::MAX, &mut see).unwrap();
    assert_eq!((asked, counted), (Asked::All, vec![(0, None), (1, Some(1))]));
}
