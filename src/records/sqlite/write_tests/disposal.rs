//! What is destroyed and masked; and what is refused.

use super::*;
use crate::records::mapping::Mask;

#[test]
fn a_record_goes_with_its_parts_and_their_parts_and_nothing_else() {
    for mode in MODES {
        let owner = Owner::with(mode, DOSSIERS);
        let disposed = destroy(&mut owner.writer(&dossiers()), &dossiers(), &keys(&[1, 3])).unwrap();
        assert_eq!(disposed.rows, counts(&[("dossier", 2), ("message", 2), ("attachment", 2)]));
        assert_eq!(owner.integers("SELECT id FROM dossier"), [2]);
        assert_eq!(owner.integers("SELECT id FROM message"), [20, 99]);
        assert_eq!(owner.integers("SELECT id FROM attachment"), [200]);
        assert_eq!(
            owner.integer("SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'"),
            i64::from(mode == "wal")
        );
    }
}

#[test]
fn a_record_that_is_not_there_or_given_twice_undoes_the_chunk() {
    for given in [[1, 4], [1, 1]] {
        let owner = Owner::with("wal", DOSSIERS);
        let error = destroy(&mut owner.writer(&dossiers()), &dossiers(), &keys(&given)).unwrap_err();
        assert!(matches!(error, StoreError::CountDiffers { counted: 2, changed: 1 }), "{error}");
        assert_eq!(owner.integers("SELECT count(*) FROM dossier UNION ALL SELECT count(*) FROM message"), [3, 4]);
    }
}

#[test]
fn a_cascade_that_the_mapping_does_not_name_undoes_the_chunk() {
    let owner = Owner::with(
        "wal",
        &format!(
            "{DOSSIERS} CREATE TABLE note(id INTEGER PRIMARY KEY, dossier_id INTEGER REFERENCES dossier(id) ON DELETE CASCADE);
             INSERT INTO note VALUES (1, 1), (2, 1);"
        ),
    );
    let mut writer = owner.writer(&dossiers());
    let error = destroy(&mut writer, &dossiers(), &keys(&[1])).unwrap_err();
    assert!(matches!(error, StoreError::CountDiffers { counted: 1, changed: 3 }), "{error}");
    assert_eq!(owner.integer("SELECT count(*) FROM note"), 2);
    // A record that the cascade does not concern still goes.
    assert!(destroy(&mut writer, &dossiers(), &keys(&[2])).is_ok());
}

#[test]
fn a_foreign_key_that_the_mapping_does_not_name_refuses_the_chunk() {
    let owner = Owner::with(
        "wal",
        &format!(
            "{DOSSIERS} CREATE TABLE note(id INTEGER PRIMARY KEY, dossier_id INTEGER REFERENCES dossier(id)); INSERT INTO note VALUES (1, 1);"
        ),
    );
    let error = destroy(&mut owner.writer(&dossiers()), &dossiers(), &keys(&[1])).unwrap_err();
    assert!(matches!(error, StoreError::Constraint { .. }), "{error}");
    assert_eq!(owner.integer("SELECT count(*) FROM message"), 4);
}

#[test]
fn a_trigger_that_changes_more_undoes_the_chunk_and_one_that_changes_nothing_does_not() {
    let owner = Owner::with(
        "delete",
        &format!(
            "{DOSSIERS} CREATE TABLE trash(body TEXT);
             CREATE TRIGGER keep AFTER DELETE ON message WHEN old.id < 20 BEGIN INSERT INTO trash VALUES (old.body); END;"
        ),
    );
    let mut writer = owner.writer(&dossiers());
    let error = destroy(&mut writer, &dossiers(), &keys(&[1])).unwrap_err();
    assert!(matches!(error, StoreError::CountDiffers { counted: 2, changed: 4 }), "{error}");
    assert_eq!(owner.integer("SELECT count(*) FROM trash"), 0);
    assert!(destroy(&mut writer, &dossiers(), &keys(&[2])).is_ok());
}

#[test]
fn a_trigger_that_keeps_rows_silently_undoes_the_chunk() {
    for table in ["message", "dossier"] {
        let owner = Owner::with(
            "wal",
            &format!(
                "{DOSSIERS} CREATE TRIGGER keep BEFORE DELETE ON {table} WHEN old.id IN (1, 10) BEGIN SELECT raise(IGNORE); END;"
            ),
        );
        let error = destroy(&mut owner.writer(&dossiers()), &dossiers(), &keys(&[1])).unwrap_err();
        assert!(matches!(error, StoreError::CountDiffers { .. }), "{table}: {error}");
        assert_eq!(owner.integer("SELECT count(*) FROM attachment"), 3);
    }
}

#[test]
fn keys_may_be_text_composite_or_blobs_with_or_without_rowid() {
    let schema = "
        CREATE TABLE claim(year INTEGER, number TEXT COLLATE NOCASE, digest BLOB, PRIMARY KEY(year, number, digest)) WITHOUT ROWID;
        CREATE TABLE step(claim_year INTEGER, claim_number TEXT, claim_digest BLOB, seq INTEGER, PRIMARY KEY(claim_year, claim_number, claim_digest, seq)) WITHOUT ROWID;
        INSERT INTO claim VALUES (2020, 'A-1', x'00ff'), (2020, 'A-2', x'00ff'), (2021, 'A-1', x'00ff'), (2020, 'A-1', x'01');
        INSERT INTO step SELECT year, number, digest, value FROM claim, json_each('[1,2,3]');";
    let mut claims = series("claim");
    claims.key = ["year", "number", "digest"].map(str::to_owned).into();
    let mut steps = part("step", "claim_year", "year");
    steps.on = columns(&[("claim_year", "year"), ("claim_number", "number"), ("claim_digest", "digest")]);
    claims.parts = vec![steps];
    for schema in [schema.to_owned(), schema.replace("WITHOUT ROWID", "")] {
        let owner = Owner::with("wal", &schema);
        let key = RecordKey::new(vec![
            KeyValue::Integer(2020),
            KeyValue::Text("A-1".to_owned()),
            KeyValue::Blob(vec![0, 255]),
        ]);
        let disposed = destroy(&mut owner.writer(&claims), &claims, &[key]).unwrap();
        assert_eq!(disposed.rows, counts(&[("claim", 1), ("step", 3)]));
        assert_eq!(owner.integer("SELECT count(*) FROM step"), 9);
    }
}

#[test]
fn keys_compare_as_the_application_s_columns_do() {
    // The child keeps the parent's integer as text, in a column without affinity.
    let owner = Owner::with(
        "wal",
        "CREATE TABLE dossier(id INTEGER PRIMARY KEY); CREATE TABLE message(dossier_id);
         INSERT INTO dossier VALUES (5), (6); INSERT INTO message VALUES ('5'), (5), ('6');",
    );
    let mut dossier = series("dossier");
    dossier.parts = vec![part("message", "dossier_id", "id")];
    destroy(&mut owner.writer(&dossier), &dossier, &keys(&[5])).unwrap();
    assert_eq!(owner.integers("SELECT CAST(dossier_id AS INTEGER) FROM message"), [6]);
}

#[test]
fn names_may_be_anything_that_sqlite_accepts() {
    let owner = Owner::with(
        "wal",
        r#"CREATE TABLE "order"("row id" INTEGER PRIMARY KEY, rowid TEXT, "_rowid_" TEXT);
           CREATE TABLE "line ""item"""("group" INTEGER, oid TEXT, rowid TEXT);
           INSERT INTO "order" VALUES (1, 'a', 'b'), (2, 'c', 'd'); INSERT INTO "line ""item""" VALUES (1, 'x', 'y'), (2, 'x', 'y');"#,
    );
    let mut order = series("order");
    order.key = vec!["row id".to_owned()];
    order.parts = vec![part("line \"item\"", "group", "row id")];
    let disposed = destroy(&mut owner.writer(&order), &order, &keys(&[1])).unwrap();
    assert_eq!(disposed.rows, counts(&[("order", 1), ("line \"item\"", 1)]));
}

#[test]
fn masks_stand_in_the_record_and_in_its_parts_and_are_counted() {
    for mode in MODES {
        let owner = Owner::with(mode, DOSSIERS);
        let mut dossier = dossiers();
        dossier.anonymize =
            [("title".to_owned(), Mask::Constant(Literal::Text("-".to_owned()))), ("ip".to_owned(), Mask::TruncateIp)]
                .into();
        dossier.parts[1].anonymize = [("path".to_owned(), Mask::Null)].into();
        let mut writer = owner.writer(&dossier);
        let mut txn = writer.begin().unwrap();
        let disposed = txn.anonymize(&dossier.series, &keys(&[1, 2])).unwrap();
        txn.fence(BatchNumber(1), "").unwrap();
        txn.commit(&Evidence(1)).unwrap();
        assert_eq!(disposed.rows, counts(&[("dossier", 2), ("attachment", 3)]));
        assert_eq!(owner.integer("SELECT count(*) FROM dossier WHERE title = '-' AND ip = '203.0.113.0'"), 2);
        assert_eq!(owner.integer("SELECT count(*) FROM attachment WHERE path IS NULL"), 3);
        assert_eq!(owner.integer("SELECT count(*) FROM message"), 4);
    }
}

#[test]
fn a_constant_mask_that_meets_a_unique_index_undoes_the_chunk() {
    let owner = Owner::with("wal", &format!("{DOSSIERS} CREATE UNIQUE INDEX one_title ON dossier(title);"));
    let mut dossier = dossiers();
    dossier.anonymize = [("title".to_owned(), Mask::Constant(Literal::Text("-".to_owned())))].into();
    let mut writer = owner.writer(&dossier);
    let error = writer.begin().unwrap().anonymize(&dossier.series, &keys(&[1, 2])).unwrap_err();
    assert!(matches!(error, StoreError::Constraint { .. }), "{error}");
    assert_eq!(owner.integer("SELECT count(*) FROM dossier WHERE title = '-'"), 0);
}

#[test]
fn a_mapping_that_cannot_be_obeyed_is_refused_before_anything_goes() {
    let owner = Owner::with("wal", &format!("{DOSSIERS} CREATE VIEW everything AS SELECT * FROM message;"));
    let mut orphan = dossiers();
    orphan.parts[1].of = Some(PartName::from("nothing"));
    let mut view = dossiers();
    view.parts[0].table = "everything".to_owned();
    let mut missing = dossiers();
    missing.parts[0].table = "gone".to_owned();
    let mut loose = dossiers();
    loose.parts[0].on = Join::Expression("this.dossier_id = owner.id".to_owned());
    loose.parts[0].owner_gone = OwnerGone::Detach;
    for mapping in [orphan, view, missing, loose] {
        let error = destroy(&mut owner.writer(&mapping), &mapping, &keys(&[1])).unwrap_err();
        assert!(matches!(error, StoreError::Schema { .. }), "{error}");
    }
    assert_eq!(owner.integer("SELECT count(*) FROM message"), 4);
}

#[test]
fn a_table_that_the_application_adds_or_changes_between_chunks_is_seen() {
    let owner = Owner::with("wal", DOSSIERS);
    let mut writer = owner.writer(&dossiers());
    destroy(&mut writer, &dossiers(), &keys(&[1])).unwrap();
    owner.app.execute_batch("DROP TABLE attachment").unwrap();
    let error = writer.begin().unwrap().destroy(&dossiers().series, &keys(&[2])).unwrap_err();
    assert!(matches!(error, StoreError::SchemaChanged { .. }), "{error}");
}

#[test]
fn who_is_still_there_and_whom_an_expression_concerns_is_answered_in_order() {
    let owner = Owner::with("wal", DOSSIERS);
    let mut writer = owner.writer(&dossiers());
    let name = &dossiers().series;
    assert_eq!(writer.still_there(name, &keys(&[3, 9, 1])).unwrap(), keys(&[3, 1]));
    let mut txn = writer.begin().unwrap();
    let held = txn.matches(name, "this.title IN ('a', 'c')", &keys(&[3, 2, 9, 1])).unwrap();
    assert_eq!(held, [true, false, false, true]);
    assert!(matches!(txn.matches(name, "1); DROP TABLE dossier; --", &keys(&[1])), Err(StoreError::Expression { .. })));
}

#[test]
fn a_foreign_key_that_is_checked_at_the_commit_refuses_the_chunk_and_lets_the_next_one_go() {
    for mode in MODES {
        let note = "CREATE TABLE note(dossier_id INTEGER REFERENCES dossier(id) DEFERRABLE INITIALLY DEFERRED); INSERT INTO note VALUES (1);";
        let owner = Owner::with(mode, &format!("{DOSSIERS} {note}"));
        let mut writer = owner.writer(&dossiers());
        let mut txn = writer.begin().unwrap();
        txn.destroy(&dossiers().series, &keys(&[1])).unwrap();
        txn.fence(BatchNumber(7), "").unwrap();
        let refused = txn.commit(&Evidence(7)).unwrap_err();
        assert!(matches!(refused, CommitError::Refused(StoreError::Constraint { .. })), "{refused}");
        assert_eq!(owner.integer("SELECT count(*) FROM message"), 4);
        assert_eq!(writer.fence(BatchNumber(7)).unwrap(), FenceState::NoTable);
        assert!(destroy(&mut writer, &dossiers(), &keys(&[2])).is_ok());
    }
}
