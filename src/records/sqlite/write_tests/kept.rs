//! Rows that a trigger or a constraint keeps, or changes instead, while the sums come out right.

use super::*;
use crate::records::mapping::{Mask, SetValue};

const DOSSIERS: &str = "
    CREATE TABLE dossier(id INTEGER PRIMARY KEY, title TEXT);
    CREATE TABLE message(id INTEGER PRIMARY KEY, dossier_id INTEGER, body TEXT);
    INSERT INTO dossier VALUES (1, 'a'), (2, 'b');
    INSERT INTO message VALUES (10, 1, 'x'), (11, 1, 'y'), (20, 2, 'z');";

fn dossiers() -> SeriesMapping {
    let mut dossier = series("dossier");
    dossier.parts = vec![part("message", "dossier_id", "id")];
    dossier
}

/// Nothing may have changed, although a trigger took part.
fn differs(mapping: &SeriesMapping, schema: &str) {
    let owner = Owner::with("wal", schema);
    let before = owner.integers(ALL);
    let error = destroy(&mut owner.writer(mapping), mapping, &keys(&[1])).unwrap_err();
    assert!(matches!(error, StoreError::CountDiffers { .. }), "{error}");
    assert_eq!(owner.integers(ALL), before);
}

const ALL: &str = "SELECT id FROM dossier UNION ALL SELECT id * 1000 + coalesce(dossier_id, 0) FROM message";

#[test]
fn a_record_that_is_kept_while_another_change_stands_for_it_undoes_the_chunk() {
    // Whatever a trigger's name is.
    let keep = "CREATE TRIGGER \"begin\" BEFORE DELETE ON dossier
                BEGIN UPDATE dossier SET title = title WHERE id = old.id; SELECT raise(IGNORE); END;";
    differs(&dossiers(), &format!("{DOSSIERS} {keep}"));
}

#[test]
fn a_part_that_is_kept_while_another_change_stands_for_it_undoes_the_chunk() {
    let keep = "CREATE TRIGGER keep BEFORE DELETE ON message WHEN old.id = 10
                BEGIN UPDATE dossier SET title = title WHERE id = 2; SELECT raise(IGNORE); END;";
    differs(&dossiers(), &format!("{DOSSIERS} {keep}"));
}

#[test]
fn a_row_that_outlives_its_owner_and_is_kept_from_changing_undoes_the_chunk() {
    let keep = "CREATE TRIGGER keep BEFORE UPDATE ON message WHEN old.id = 10 BEGIN SELECT raise(IGNORE); END;";
    for gone in
        [OwnerGone::Detach, OwnerGone::Set(vec![("dossier_id".to_owned(), SetValue::Literal(Literal::Integer(2)))])]
    {
        let mut mapping = dossiers();
        mapping.parts[0].owner_gone = gone;
        differs(&mapping, &format!("{DOSSIERS} {keep}"));
    }
}

#[test]
fn a_shared_row_that_is_kept_although_its_last_reference_went_undoes_the_chunk() {
    let schema = "
        CREATE TABLE dossier(id INTEGER PRIMARY KEY);
        CREATE TABLE message(id INTEGER PRIMARY KEY, dossier_id INTEGER, document_id INTEGER);
        CREATE TABLE document(id INTEGER PRIMARY KEY);
        INSERT INTO dossier VALUES (1), (2); INSERT INTO document VALUES (1), (2);
        INSERT INTO message VALUES (10, 1, 1), (11, 1, 2), (20, 2, 2);
        CREATE TRIGGER keep BEFORE DELETE ON document BEGIN SELECT raise(IGNORE); END;";
    let mut mapping = dossiers();
    let mut document = part("document", "id", "document_id").of("message");
    document.shared =
        vec![Reference { table: "message".into(), on: columns(&[("document_id", "id")]), condition: None }];
    mapping.parts.push(document);
    differs(&mapping, schema);
}

fn masked() -> SeriesMapping {
    let mut dossier = dossiers();
    dossier.anonymize = [("title".to_owned(), Mask::Null)].into();
    dossier.parts[0].anonymize = [("body".to_owned(), Mask::Constant(Literal::Text("-".to_owned())))].into();
    dossier
}

fn anonymize(owner: &Owner, numbers: &[i64]) -> Result<Disposed, StoreError> {
    let (mut writer, mapping) = (owner.writer(&masked()), masked());
    writer.begin()?.anonymize(&mapping.series, &keys(numbers))
}

#[test]
fn a_mask_that_is_not_put_in_place_undoes_the_chunk() {
    for (table, id) in [("message", 10), ("dossier", 1)] {
        let ignored =
            format!("CREATE TRIGGER keep BEFORE UPDATE ON {table} WHEN old.id = {id} BEGIN SELECT raise(IGNORE); END;");
        let owner = Owner::with("wal", &format!("{DOSSIERS} {ignored}"));
        let error = anonymize(&owner, &[1, 2]).unwrap_err();
        assert!(matches!(error, StoreError::CountDiffers { .. }), "{table}: {error}");
        assert_eq!(anonymize(&owner, &[2]).unwrap().rows, counts(&[("dossier", 1), ("message", 1)]));
    }
}

#[test]
fn a_constraint_that_would_pass_over_or_replace_a_row_refuses_the_chunk() {
    for conflict in ["IGNORE", "REPLACE"] {
        let unique = format!("body TEXT UNIQUE ON CONFLICT {conflict}");
        let owner = Owner::with("wal", &DOSSIERS.replace("body TEXT", &unique));
        owner.app.execute_batch("INSERT INTO message VALUES (99, NULL, '-')").unwrap();
        let error = anonymize(&owner, &[2]).unwrap_err();
        assert!(matches!(error, StoreError::Constraint { .. }), "{conflict}: {error}");
        assert_eq!(owner.integer("SELECT count(*) FROM message WHERE id IN (20, 99)"), 2);
    }
}
