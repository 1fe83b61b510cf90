//! What a transaction may take: its time, and the weight of its records.

use std::time::Duration;

use super::*;
use crate::records::sqlite::Weight;

#[test]
fn a_record_weighs_its_row_and_those_of_its_parts_shared_ones_included() {
    let owner = Owner::with(
        "wal",
        "CREATE TABLE dossier(id INTEGER PRIMARY KEY, title TEXT, computed AS (title || title));
         CREATE TABLE link(dossier_id INTEGER, document_id INTEGER);
         CREATE TABLE document(id INTEGER PRIMARY KEY, body BLOB);
         CREATE TABLE page(document_id INTEGER, text TEXT);
         INSERT INTO dossier VALUES (1, 'été'), (2, NULL); INSERT INTO link VALUES (1, 7), (2, 8);
         INSERT INTO document VALUES (7, zeroblob(5000)), (8, NULL); INSERT INTO page VALUES (7, 'text'), (7, 'more');",
    );
    let mut dossier = series("dossier");
    dossier.parts = vec![
        part("link", "dossier_id", "id"),
        part("document", "id", "document_id").of("link").shared_with("letter", "document_id", "id"),
        part("page", "document_id", "id").of("document"),
    ];
    let mut writer = owner.writer(&dossier);
    let weighed = writer.weigh(&dossier.series, &keys(&[1, 2, 9]), u64::MAX).unwrap();
    // Integers count as their digits do.
    let own = 1 + "été".len() as u64;
    let weights = [(5, own + 2 + 5_001 + 5 + 5), (3, 1 + 2 + 1), (0, 0)];
    assert_eq!(weighed, weights.map(|(rows, bytes)| Weight { rows, bytes }));
    assert_eq!(writer.weigh(&dossier.series, &keys(&[1, 2, 9]), 5_000).unwrap().len(), 1, "that was enough");
    assert_eq!(writer.weigh(&dossier.series, &keys(&[2, 1, 9]), 5_000).unwrap().len(), 2);
}

#[test]
fn a_transaction_knows_how_many_bytes_of_the_database_it_has_freed() {
    for mode in MODES {
        let owner = Owner::with(mode, &format!("{DOSSIERS} INSERT INTO message VALUES (12, 1, zeroblob(3000000));"));
        let mut writer = owner.writer(&dossiers());
        let mut txn = writer.begin().unwrap();
        assert_eq!(txn.freed().unwrap(), 0);
        txn.destroy(&dossiers().series, &keys(&[2])).unwrap();
        assert!(txn.freed().unwrap() < 50_000);
        txn.destroy(&dossiers().series, &keys(&[1])).unwrap();
        let freed = txn.freed().unwrap();
        assert!((2_950_000..3_100_000).contains(&freed), "{freed}");
    }
}

#[test]
fn a_few_large_rows_do_not_outlast_the_time_of_a_transaction() {
    let many = "WITH RECURSIVE n(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 1060) INSERT INTO message SELECT i, 1, zeroblob(200000) FROM n;";
    let owner = Owner::with("wal", &format!("{DOSSIERS} {many}"));
    let mut writer = owner.writer(&dossiers());
    let mut txn = writer.begin().unwrap();
    txn.limit(Duration::ZERO);
    std::thread::sleep(Duration::from_millis(20));
    let error = txn.destroy(&dossiers().series, &keys(&[1])).unwrap_err();
    assert!(matches!(error, StoreError::Interrupted { .. }), "{error}");
}

#[test]
fn an_answer_that_came_too_late_is_none_even_where_nothing_interrupted_it() {
    let owner = Owner::with("wal", "CREATE TABLE dossier(id INTEGER PRIMARY KEY);");
    let mut writer = owner.writer(&series("dossier"));
    let mut txn = writer.begin().unwrap();
    let late = txn.within(Duration::from_millis(5), |_| {
        std::thread::sleep(Duration::from_millis(50));
        Ok::<_, StoreError>(true)
    });
    assert!(matches!(late, Err(StoreError::Interrupted { .. })), "{late:?}");
    let in_time = txn.within(Duration::from_secs(60), |_| Ok::<_, StoreError>(true));
    assert!(in_time.unwrap());
}

#[test]
fn a_transaction_over_its_time_is_interrupted_and_the_next_one_is_not() {
    for mode in MODES {
        let many = "WITH RECURSIVE n(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) INSERT INTO message SELECT i, 1, 'x' FROM n;";
        let owner = Owner::with(mode, &format!("{DOSSIERS} {many}"));
        let mut writer = owner.writer(&dossiers());
        let mut txn = writer.begin().unwrap();
        txn.limit(Duration::ZERO);
        let error = txn.destroy(&dossiers().series, &keys(&[1])).unwrap_err();
        assert!(matches!(error, StoreError::Interrupted { .. }), "{error}");
        drop(txn);
        assert_eq!(owner.integer("SELECT count(*) FROM message"), 19_005);
        assert!(destroy(&mut writer, &dossiers(), &keys(&[1])).is_ok());
        assert_eq!(owner.integer("SELECT count(*) FROM message WHERE dossier_id = 1"), 0);
    }
}
