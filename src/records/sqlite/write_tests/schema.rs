//! A schema that the application changes while a run goes on.

use super::*;

const SCHEMA: &str =
    "CREATE TABLE dossier(id INTEGER PRIMARY KEY); CREATE TABLE message(id INTEGER PRIMARY KEY, dossier_id INTEGER);
    CREATE TABLE other(id INTEGER PRIMARY KEY);
    INSERT INTO dossier VALUES (1), (2), (3); INSERT INTO message VALUES (10, 1), (20, 2);";

fn dossiers() -> SeriesMapping {
    let mut dossier = series("dossier");
    dossier.parts = vec![part("message", "dossier_id", "id")];
    dossier
}

/// In a batch of its own.
fn destroy_one(writer: &mut Writer, number: u32) -> Result<(), StoreError> {
    let mut txn = writer.begin()?;
    txn.destroy(&dossiers().series, &keys(&[number.into()]))?;
    txn.fence(BatchNumber(number.into()), "")?;
    txn.commit(&Evidence(number.into())).unwrap();
    Ok(())
}

#[test]
fn what_the_application_changes_in_the_tables_at_hand_ends_the_run() {
    for change in [
        "ALTER TABLE message ADD COLUMN hold TEXT",
        "ALTER TABLE dossier ADD COLUMN hold TEXT",
        "CREATE TRIGGER note AFTER DELETE ON dossier BEGIN SELECT 1; END",
        "CREATE TABLE note(dossier_id INTEGER REFERENCES dossier(id) ON DELETE CASCADE)",
    ] {
        let owner = Owner::with("wal", SCHEMA);
        let mut writer = owner.writer(&dossiers());
        // The first batch makes the fence table, which is no change of the application's.
        destroy_one(&mut writer, 1).unwrap();
        destroy_one(&mut writer, 3).unwrap();
        owner.app.execute_batch(change).unwrap();
        for _ in 0..2 {
            let error = destroy_one(&mut writer, 2).unwrap_err();
            assert!(matches!(error, StoreError::SchemaChanged { .. }) && error.ends_the_run(), "{change}: {error}");
            let mut txn = writer.begin().unwrap();
            assert!(matches!(txn.facts(&dossiers().series, &keys(&[2])), Err(StoreError::SchemaChanged { .. })));
            assert!(matches!(txn.anonymize(&dossiers().series, &keys(&[2])), Err(StoreError::SchemaChanged { .. })));
        }
        assert_eq!(owner.integers("SELECT id FROM dossier"), [2]);
    }
}

#[test]
fn what_the_application_changes_elsewhere_does_not() {
    let owner = Owner::with("wal", SCHEMA);
    let mut writer = owner.writer(&dossiers());
    destroy_one(&mut writer, 1).unwrap();
    owner
        .app
        .execute_batch(
            "ALTER TABLE other ADD COLUMN hold TEXT; CREATE INDEX message_dossier ON message(dossier_id); VACUUM;",
        )
        .unwrap();
    destroy_one(&mut writer, 2).unwrap();
    assert_eq!(owner.integers("SELECT id FROM dossier"), [3]);
}
