//! Triggers of the application that write, and that the mapping names.

use super::*;
use crate::records::mapping::Mask;

const DOSSIERS: &str = "
    CREATE TABLE dossier(id INTEGER PRIMARY KEY, title TEXT, messages INTEGER, updated_at TEXT);
    CREATE TABLE message(id INTEGER PRIMARY KEY, dossier_id INTEGER, body TEXT);
    CREATE TABLE account(id INTEGER PRIMARY KEY, dossiers INTEGER);
    INSERT INTO account VALUES (1, 2);
    INSERT INTO dossier VALUES (1, 'a', 2, NULL), (2, 'b', 1, NULL);
    INSERT INTO message VALUES (10, 1, 'secret x'), (11, 1, 'secret y'), (20, 2, 'secret z');";

/// Dossiers with their messages, whose mapping names these triggers.
fn dossiers(triggers: &[&str]) -> SeriesMapping {
    let mut dossier = series("dossier");
    dossier.parts = vec![part("message", "dossier_id", "id")];
    dossier.database_triggers = triggers.iter().map(|name| (*name).to_owned()).collect();
    dossier
}

fn owner(more: &str) -> Owner {
    Owner::with("wal", &format!("{DOSSIERS} {more}"))
}

/// What the transaction changed while it destroyed dossier 1, which it committed.
fn destroyed(owner: &Owner, mapping: &SeriesMapping) -> Result<Disposed, StoreError> {
    destroy(&mut owner.writer(mapping), mapping, &keys(&[1]))
}

const COUNTER: &str =
    "CREATE TRIGGER counted AFTER DELETE ON dossier BEGIN UPDATE account SET dossiers = dossiers - 1; END;";

#[test]
fn a_named_trigger_may_write_other_tables_and_what_it_writes_is_counted_apart() {
    let owner = owner(COUNTER);
    let error = destroyed(&owner, &dossiers(&[])).unwrap_err();
    assert!(matches!(error, StoreError::CountDiffers { .. }), "{error}");
    let disposed = destroyed(&owner, &dossiers(&["Counted"])).unwrap();
    assert_eq!(disposed.rows, counts(&[("dossier", 1), ("message", 2)]));
    assert_eq!(disposed.triggered, 1);
    assert!(!owner.writer(&dossiers(&["counted"])).may_copy(&"dossier".into()).unwrap());
    assert_eq!(owner.integer("SELECT dossiers FROM account"), 1);
}

#[test]
fn a_full_text_index_forgets_what_is_destroyed_and_what_is_masked() {
    let index = "CREATE VIRTUAL TABLE found USING fts5(body, content='message', content_rowid='id');
         INSERT INTO found(found) VALUES ('rebuild');
         CREATE TRIGGER found_ad AFTER DELETE ON message BEGIN INSERT INTO found(found, rowid, body) VALUES ('delete', old.id, old.body); END;
         CREATE TRIGGER found_au AFTER UPDATE ON message BEGIN INSERT INTO found(found, rowid, body) VALUES ('delete', old.id, old.body);
             INSERT INTO found(rowid, body) VALUES (new.id, new.body); END;";
    let owner = owner(index);
    let mut mapping = dossiers(&["found_ad", "found_au"]);
    mapping.anonymize = [("title".to_owned(), Mask::Null)].into();
    mapping.parts[0].anonymize = [("body".to_owned(), Mask::Constant(Literal::Text("-".to_owned())))].into();
    let found = "SELECT rowid FROM found WHERE found MATCH 'secret'";
    assert_eq!(owner.integers(found), [10, 11, 20]);
    let disposed = destroyed(&owner, &mapping).unwrap();
    assert_eq!(disposed.rows, counts(&[("dossier", 1), ("message", 2)]));
    assert!(disposed.triggered > 0, "{disposed:?}");
    assert_eq!(owner.integers(found), [20]);
    let mut writer = owner.writer(&mapping);
    assert!(!writer.may_copy(&mapping.series).unwrap());
    let mut txn = writer.begin().unwrap();
    assert_eq!(txn.anonymize(&mapping.series, &keys(&[2])).unwrap().rows, counts(&[("dossier", 1), ("message", 1)]));
    txn.fence(BatchNumber(8), "").unwrap();
    txn.commit(&Evidence(8)).unwrap();
    assert_eq!(owner.integers(found), [0; 0]);
    owner.app.execute_batch("INSERT INTO found(found) VALUES ('integrity-check')").unwrap();
}

#[test]
fn what_a_full_text_index_kept_in_memory_is_not_counted_among_the_rows_of_the_next_step() {
    // A foreign key that is checked at once makes SQLite set a savepoint for the record's own DELETE, at which the
    // index writes its rows.
    let schema = "
        CREATE TABLE dossier(id INTEGER PRIMARY KEY, title TEXT);
        CREATE TABLE message(id INTEGER PRIMARY KEY, dossier_id INTEGER REFERENCES dossier(id), body TEXT);
        INSERT INTO dossier VALUES (1, 'a'), (2, 'b');
        INSERT INTO message VALUES (10, 1, 'secret x'), (11, 1, 'secret y'), (20, 2, 'secret z');
        CREATE VIRTUAL TABLE found USING fts5(body, content='message', content_rowid='id');
        INSERT INTO found(found) VALUES ('rebuild');
        CREATE TRIGGER found_ad AFTER DELETE ON message BEGIN INSERT INTO found(found, rowid, body) VALUES ('delete', old.id, old.body); END;";
    for (mode, also) in MODES.into_iter().flat_map(|mode| {
        ["", "CREATE TRIGGER thief BEFORE DELETE ON dossier BEGIN DELETE FROM message WHERE id = 20; END;"]
            .map(|also| (mode, also))
    }) {
        let owner = Owner::with(mode, &format!("{schema} {also}"));
        let destroyed = destroyed(&owner, &dossiers(&["found_ad"]));
        if also.is_empty() {
            let disposed = destroyed.unwrap();
            assert_eq!(disposed.rows, counts(&[("dossier", 1), ("message", 2)]));
            assert!(disposed.triggered > 0, "{disposed:?}");
            assert_eq!(owner.integers("SELECT rowid FROM found WHERE found MATCH 'secret'"), [20]);
        } else {
            let error = destroyed.unwrap_err();
            assert!(matches!(error, StoreError::CountDiffers { .. }), "{error}");
        }
    }
}

#[test]
fn a_trigger_that_notes_the_time_of_a_mask_is_let() {
    let owner = owner(
        "CREATE TRIGGER touched AFTER UPDATE OF title ON dossier BEGIN UPDATE dossier SET updated_at = 'now' WHERE id = new.id; END;",
    );
    let mut mapping = dossiers(&["touched"]);
    mapping.anonymize = [("title".to_owned(), Mask::Null)].into();
    let mut writer = owner.writer(&mapping);
    let disposed = writer.begin().unwrap().anonymize(&mapping.series, &keys(&[1, 2])).unwrap();
    assert_eq!((disposed.rows, disposed.triggered), (counts(&[("dossier", 2)]), 2));
}

#[test]
fn a_trigger_that_may_copy_what_goes_is_told_whether_or_not_it_fires() {
    let copies = "CREATE TABLE trash(id INTEGER PRIMARY KEY, body TEXT);
         CREATE TRIGGER bury AFTER DELETE ON message WHEN old.id < 20 BEGIN INSERT INTO trash VALUES (old.id, old.body); END;";
    let owner = owner(copies);
    let mapping = dossiers(&["bury"]);
    let mut writer = owner.writer(&mapping);
    assert!(writer.may_copy(&mapping.series).unwrap());
    let disposed = writer.begin().unwrap().destroy(&mapping.series, &keys(&[2])).unwrap();
    assert_eq!((disposed.triggered, writer.may_copy(&mapping.series).unwrap()), (0, true));
    let disposed = writer.begin().unwrap().destroy(&mapping.series, &keys(&[1])).unwrap();
    assert_eq!((disposed.triggered, writer.may_copy(&mapping.series).unwrap()), (2, true));
}

#[test]
fn a_named_trigger_that_keeps_a_row_or_takes_another_for_it_still_undoes_the_chunk() {
    for body in [
        "SELECT raise(IGNORE);",
        "UPDATE account SET dossiers = 0; SELECT raise(IGNORE);",
        "DELETE FROM message WHERE id = 20; SELECT raise(IGNORE);",
        "DELETE FROM message WHERE id = 20;",
        "DELETE FROM dossier WHERE id = 2;",
    ] {
        for table in ["message", "dossier"] {
            let owner = owner(&format!("CREATE TRIGGER named BEFORE DELETE ON {table} BEGIN {body} END;"));
            let error = destroyed(&owner, &dossiers(&["named"])).unwrap_err();
            assert!(matches!(error, StoreError::CountDiffers { .. }), "{table}, {body}: {error}");
            assert_eq!(owner.integer("SELECT count(*) FROM message, dossier"), 6, "{table}, {body}");
        }
    }
}

#[test]
fn a_cascade_beside_a_named_trigger_takes_no_row_uncounted() {
    let line = "CREATE TABLE line(id INTEGER PRIMARY KEY, message_id INTEGER REFERENCES message(id) ON DELETE CASCADE);
         INSERT INTO line VALUES (1, 20), (2, 10);
         CREATE TRIGGER gone AFTER DELETE ON message BEGIN UPDATE account SET dossiers = 0; END;";
    let owner = owner(line);
    let error = destroyed(&owner, &dossiers(&["gone"])).unwrap_err();
    assert!(matches!(error, StoreError::CountDiffers { .. }), "{error}");
    assert_eq!(owner.integers("SELECT id FROM line"), [1, 2]);
    let mut mapping = dossiers(&["gone"]);
    mapping.parts.push(part("line", "message_id", "id").of("message"));
    let disposed = destroyed(&owner, &mapping).unwrap();
    assert_eq!(disposed.rows, counts(&[("dossier", 1), ("message", 2), ("line", 1)]));
    assert_eq!((disposed.triggered, owner.integers("SELECT id FROM line")), (2, vec![1]));
}

#[test]
fn one_trigger_that_is_not_named_takes_the_licence_of_all_on_its_table() {
    let owner = owner(&format!(
        "{COUNTER} CREATE TRIGGER more AFTER DELETE ON dossier BEGIN UPDATE account SET dossiers = 9; END;"
    ));
    let error = destroyed(&owner, &dossiers(&["counted"])).unwrap_err();
    assert!(matches!(error, StoreError::CountDiffers { .. }), "{error}");
    let mapping = dossiers(&["counted", "more"]);
    let mut writer = owner.writer(&mapping);
    assert_eq!(writer.begin().unwrap().destroy(&mapping.series, &keys(&[1])).unwrap().triggered, 2);
    // It comes between two transactions of one run: the schema is no longer the one that the run began with.
    owner
        .app
        .execute_batch(
            "CREATE TRIGGER third AFTER UPDATE ON account BEGIN INSERT INTO account(dossiers) VALUES (7); END;",
        )
        .unwrap();
    let error = writer.begin().unwrap().destroy(&mapping.series, &keys(&[1])).unwrap_err();
    assert!(matches!(error, StoreError::CountDiffers { .. }), "{error}");
}

#[test]
fn a_trigger_may_ask_for_the_time_and_an_expression_of_a_part_may_not() {
    let clock = "CREATE TABLE gone(id INTEGER, at TEXT);
        CREATE TRIGGER note_it AFTER DELETE ON message BEGIN INSERT INTO gone VALUES (OLD.id, datetime('now')); END;";
    for mode in MODES {
        let owner = Owner::with(mode, &format!("{DOSSIERS} {clock}"));
        let mut dossier = dossiers(&["note_it"]);
        destroy(&mut owner.writer(&dossier), &dossier, &keys(&[1])).unwrap();
        assert_eq!(owner.integer("SELECT count(*) FROM gone WHERE abs(julianday('now') - julianday(at)) < 1"), 2);
        owner.app.execute_batch("DROP TRIGGER note_it; UPDATE message SET body = 'now'").unwrap();
        dossier.database_triggers.clear();
        dossier.parts[0].condition = Some(Condition::Expression("date(this.body) < '2100-01-01'".to_owned()));
        let error = destroy(&mut owner.writer(&dossier), &dossier, &keys(&[2])).unwrap_err();
        assert!(
            matches!(&error, StoreError::RowFails { at, .. } if at == &["series.dossier.part.message"]),
            "{error:?}"
        );
        assert_eq!(owner.integers("SELECT id FROM dossier"), [2], "nothing more went");
    }
}

#[test]
fn a_trigger_may_ask_for_the_time_where_sqlite_tries_its_conditions_already_while_it_compiles_them() {
    let prune = "CREATE TABLE audit(id INTEGER PRIMARY KEY, at TEXT);
        CREATE INDEX audit_at ON audit(at);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
            INSERT INTO audit SELECT i, datetime('now', '-' || i || ' days') FROM n;
        ANALYZE;
        CREATE TRIGGER prune AFTER DELETE ON dossier BEGIN DELETE FROM audit WHERE at < datetime('now', '-30 days'); END;
        CREATE TRIGGER touch AFTER UPDATE ON dossier BEGIN DELETE FROM audit WHERE at < datetime('now', '-10 days'); END;";
    for mode in MODES {
        let owner = Owner::with(mode, &format!("{DOSSIERS} {prune}"));
        assert!(
            owner.integer("SELECT count(*) FROM sqlite_stat4 WHERE idx = 'audit_at'") > 0,
            "samples to compare with"
        );
        let mut mapping = dossiers(&["prune", "touch"]);
        mapping.anonymize = [("title".to_owned(), Mask::Null)].into();
        let mut writer = owner.writer(&mapping);
        // Once more under another schema: what is kept compiled, SQLite compiles anew when it is executed.
        for key in [1, 2] {
            let mut txn = writer.begin().unwrap();
            let disposed = txn.destroy(&mapping.series, &keys(&[key])).unwrap();
            txn.fence(BatchNumber(key.unsigned_abs()), "").unwrap();
            txn.commit(&Evidence(key.unsigned_abs())).unwrap();
            assert!(disposed.triggered > 0, "{mode}, {key}: {disposed:?}");
            assert!((29..=30).contains(&owner.integer("SELECT count(*) FROM audit")), "{mode}, {key}");
            let more = format!("CREATE TABLE later{key}(x); INSERT INTO audit VALUES (1000, '2020-01-01')");
            owner.app.execute_batch(&more).unwrap();
        }
        owner.app.execute_batch("INSERT INTO dossier VALUES (3, 'c', 0, NULL)").unwrap();
        let disposed = writer.begin().unwrap().anonymize(&mapping.series, &keys(&[3])).unwrap();
        assert!(disposed.triggered > 10, "{mode}: {disposed:?}");
    }
}

#[test]
fn a_named_trigger_that_gives_a_chosen_row_s_key_to_another_destroys_neither() {
    let collide = "UPDATE note SET id = -id WHERE dossier_id = old.dossier_id; UPDATE note SET id = 5 WHERE id = 6;";
    let by_rowid = collide.replace("id = -id", "rowid = -rowid").replace("id = 5 WHERE id", "rowid = 5 WHERE rowid");
    for (key, body) in
        [("INTEGER PRIMARY KEY", collide), ("INTEGER", &by_rowid), ("TEXT", &by_rowid.replace("rowid", "_rowid_"))]
    {
        let owner = Owner::with(
            "wal",
            &format!(
                "CREATE TABLE dossier(id INTEGER PRIMARY KEY); CREATE TABLE log(id INTEGER PRIMARY KEY, dossier_id INTEGER);
                 CREATE TABLE note(id {key}, dossier_id INTEGER, role TEXT);
                 INSERT INTO dossier VALUES (1), (2); INSERT INTO log VALUES (1, 1);
                 INSERT INTO note(rowid, id, dossier_id, role) VALUES (5, 5, 1, 'a'), (6, 6, 2, 'a');
                 CREATE TRIGGER moves AFTER DELETE ON log BEGIN {body} END;"
            ),
        );
        let mut dossier = series("dossier");
        dossier.parts = vec![part("log", "dossier_id", "id"), part("note", "dossier_id", "id").only("role", "a")];
        dossier.database_triggers = ["moves".to_owned()].into();
        let error = destroy(&mut owner.writer(&dossier), &dossier, &keys(&[1])).unwrap_err();
        assert!(matches!(error, StoreError::CountDiffers { .. }), "{key}: {error}");
        assert_eq!(owner.integers("SELECT dossier_id FROM note"), [1, 2], "{key}");
    }
}
