//! What the database says of a batch, before and after whatever may happen to it.

use super::*;
use crate::records::sqlite::{CommitError, FenceState, fence};

const SCHEMA: &str = "CREATE TABLE dossier(id INTEGER PRIMARY KEY); INSERT INTO dossier VALUES (1), (2), (3);";

fn commit(writer: &mut Writer, batch: u64) {
    let mut txn = writer.begin().unwrap();
    txn.fence(BatchNumber(batch), "3D").unwrap();
    txn.commit(&Evidence(batch)).unwrap();
}

#[test]
fn a_committed_batch_says_so_with_its_note_and_a_batch_rolled_back_left_no_row() {
    for mode in MODES {
        let owner = Owner::with(mode, SCHEMA);
        let mut writer = owner.writer(&series("dossier"));
        commit(&mut writer, 1);
        let mut txn = writer.begin().unwrap();
        txn.fence(BatchNumber(2), "").unwrap();
        txn.roll_back();
        assert_eq!(writer.fence(BatchNumber(1)).unwrap(), FenceState::Committed("3D".to_owned()));
        assert_eq!(writer.fence(BatchNumber(2)).unwrap(), FenceState::Absent);
    }
}

#[test]
fn an_aborted_batch_can_never_be_committed_any_more() {
    let owner = Owner::with("wal", SCHEMA);
    let mut writer = owner.writer(&series("dossier"));
    assert_eq!(writer.abort_or_read(BatchNumber(4)).unwrap(), FenceState::Aborted);
    assert_eq!(writer.abort_or_read(BatchNumber(4)).unwrap(), FenceState::Aborted);
    let error = writer.begin().unwrap().fence(BatchNumber(4), "").unwrap_err();
    assert!(matches!(error, StoreError::Constraint { .. }), "{error}");
    assert_eq!(writer.fence(BatchNumber(4)).unwrap(), FenceState::Aborted);
}

#[test]
fn recovery_leaves_a_committed_batch_committed() {
    let owner = Owner::with("delete", SCHEMA);
    let mut writer = owner.writer(&series("dossier"));
    commit(&mut writer, 4);
    assert_eq!(writer.abort_or_read(BatchNumber(4)).unwrap(), FenceState::Committed("3D".to_owned()));
}

#[test]
fn a_dropped_table_is_told_from_a_restored_database() {
    let owner = Owner::with("delete", SCHEMA);
    commit(&mut owner.writer(&series("dossier")), 1);
    let backup = owner.dir.path().join("backup.db");
    owner.app.execute("VACUUM INTO ?1", [backup.to_str().unwrap()]).unwrap();
    commit(&mut owner.writer(&series("dossier")), 2);
    std::fs::copy(&backup, owner.path()).unwrap();
    let mut writer = owner.writer(&series("dossier"));
    assert_eq!(writer.fence(BatchNumber(1)).unwrap(), FenceState::Committed("3D".to_owned()));
    assert_eq!(writer.fence(BatchNumber(2)).unwrap(), FenceState::Absent);
    drop(writer);
    let other = Connection::open(owner.path()).unwrap();
    other.execute_batch("DROP TABLE retentiond_batch").unwrap();
    assert_eq!(owner.writer(&series("dossier")).fence(BatchNumber(2)).unwrap(), FenceState::NoTable);
}

#[test]
fn the_fence_table_comes_with_the_first_batch_and_not_before() {
    let owner = Owner::with("wal", SCHEMA);
    let mut writer = owner.writer(&series("dossier"));
    let mut txn = writer.begin().unwrap();
    txn.forget_fences_before(BatchNumber(1)).unwrap();
    txn.destroy(&SeriesName::from("dossier"), &keys(&[1])).unwrap();
    txn.roll_back();
    assert_eq!(writer.fence(BatchNumber(1)).unwrap(), FenceState::NoTable);
    assert_eq!(owner.integer("SELECT count(*) FROM sqlite_schema"), 1);
}

#[test]
fn older_rows_go_and_those_of_another_log_are_reported_and_left_alone() {
    let owner = Owner::with("wal", SCHEMA);
    let mut writer = owner.writer(&series("dossier"));
    [1, 2].into_iter().for_each(|batch| commit(&mut writer, batch));
    owner
        .app
        .execute_batch("INSERT INTO retentiond_batch VALUES ('other.example', 1, 'committed', ''), ('other.example', 9, 'aborted', '')")
        .unwrap();
    let mut txn = writer.begin().unwrap();
    txn.forget_fences_before(BatchNumber(3)).unwrap();
    txn.fence(BatchNumber(3), "").unwrap();
    txn.commit(&Evidence(3)).unwrap();
    let foreign = |own: Option<&Origin>| fence::foreign(&writer.opened.conn, own).unwrap();
    let of_other = (Origin::from("other.example"), vec![BatchNumber(1), BatchNumber(9)]);
    assert_eq!(foreign(Some(&writer.origin)), [of_other].into());
    assert_eq!(foreign(None).len(), 2, "without a log every row is another's");
    assert_eq!(owner.integers("SELECT batch FROM retentiond_batch"), [1, 3, 9]);
}

#[test]
fn a_commit_wants_the_evidence_of_its_own_batch() {
    let owner = Owner::with("wal", SCHEMA);
    let mut writer = owner.writer(&series("dossier"));
    for fenced in [None, Some(5)] {
        let mut txn = writer.begin().unwrap();
        txn.destroy(&SeriesName::from("dossier"), &keys(&[1])).unwrap();
        if let Some(batch) = fenced {
            txn.fence(BatchNumber(batch), "").unwrap();
        }
        assert!(matches!(txn.commit(&Evidence(6)), Err(CommitError::OtherBatch)));
    }
    assert_eq!(owner.integers("SELECT id FROM dossier"), [1, 2, 3]);
}

#[test]
fn a_commit_that_fails_is_settled_by_its_fence() {
    let owner = Owner::with("wal", SCHEMA);
    let mut writer = owner.writer(&series("dossier"));
    let mut txn = writer.begin().unwrap();
    txn.destroy(&SeriesName::from("dossier"), &keys(&[1])).unwrap();
    txn.fence(BatchNumber(5), "").unwrap();
    // As SQLite does by itself after some errors of the disk.
    txn.writer.opened.conn.execute_batch("ROLLBACK").unwrap();
    assert!(matches!(txn.commit(&Evidence(5)), Err(CommitError::Unknown(StoreError::Sql { .. }))));
    assert_eq!(writer.abort_or_read(BatchNumber(5)).unwrap(), FenceState::Aborted);
    assert_eq!(owner.integers("SELECT id FROM dossier"), [1, 2, 3]);
}

const FENCES: &str = "CREATE TABLE retentiond_batch(origin TEXT NOT NULL, batch INTEGER NOT NULL, state TEXT NOT NULL, note TEXT NOT NULL, PRIMARY KEY(origin, batch)) WITHOUT ROWID;";
const TAKES_MORE: &str =
    "CREATE TRIGGER more AFTER INSERT ON retentiond_batch BEGIN DELETE FROM dossier WHERE id = 3; END;";
const SWALLOWS: &str = "CREATE TRIGGER swallow BEFORE INSERT ON retentiond_batch BEGIN SELECT raise(IGNORE); END;";

#[test]
fn a_fence_table_that_is_not_as_we_make_it_is_refused_before_anything_else() {
    let wrong = [
        format!("{FENCES} {TAKES_MORE}"),
        format!("{FENCES} {SWALLOWS}"),
        FENCES.replace("note TEXT", "remark TEXT"),
        FENCES.replace(" WITHOUT ROWID", ""),
        "CREATE VIEW Retentiond_Batch AS SELECT 'x' AS origin, 1 AS batch, 'committed' AS state, '' AS note;"
            .to_owned(),
    ];
    for wrong in wrong {
        let owner = Owner::with("wal", &format!("{SCHEMA} {wrong}"));
        let opened = Writer::open(&owner.source(), &[series("dossier")], &origin());
        assert!(matches!(opened.err(), Some(StoreError::FenceTable { .. })), "{wrong}");
    }
    let owner = Owner::with("wal", &format!("{SCHEMA} {}", FENCES.replace("(origin", " ( \"origin\"").to_lowercase()));
    commit(&mut owner.writer(&series("dossier")), 1);
}

#[test]
fn a_trigger_that_comes_to_the_fence_table_during_a_run_ends_it() {
    let owner = Owner::with("wal", SCHEMA);
    let mut writer = owner.writer(&series("dossier"));
    commit(&mut writer, 1);
    owner.app.execute_batch(TAKES_MORE).unwrap();
    let error = writer.begin().err().unwrap();
    assert!(matches!(error, StoreError::FenceTable { .. }) && error.ends_the_run(), "{error}");
    assert!(writer.abort_or_read(BatchNumber(2)).is_err());
    owner.app.execute_batch("DROP TRIGGER more").unwrap();
    commit(&mut writer, 2);
    assert_eq!(owner.integers("SELECT id FROM dossier"), [1, 2, 3]);
}

#[test]
fn a_fence_row_that_is_swallowed_or_changes_more_is_never_taken_for_written() {
    for trigger in [
        SWALLOWS,
        TAKES_MORE,
        "CREATE TRIGGER undo AFTER INSERT ON retentiond_batch BEGIN UPDATE retentiond_batch SET note = 'x'; END;",
    ] {
        let owner = || Owner::with("wal", &format!("{SCHEMA} {FENCES} {trigger}"));
        for written in [
            fence::put_committed(&owner().app, &origin(), BatchNumber(1), "3D"),
            fence::put_aborted(&owner().app, &origin(), BatchNumber(1)),
        ] {
            assert!(matches!(written, Err(StoreError::CountDiffers { .. })), "{trigger}");
        }
    }
    let forgets = TAKES_MORE.replace("INSERT", "DELETE");
    let owner = Owner::with("wal", &format!("{SCHEMA} {FENCES} {forgets}"));
    fence::put_committed(&owner.app, &origin(), BatchNumber(1), "").unwrap();
    let forgotten = fence::forget_before(&owner.app, &origin(), BatchNumber(2));
    assert!(matches!(forgotten, Err(StoreError::CountDiffers { counted: 1, changed: 2 })), "{forgotten:?}");
}

#[test]
fn another_file_in_the_database_s_place_is_noticed_at_every_step() {
    for mode in MODES {
        let owner = Owner::with(mode, SCHEMA);
        let mapping = series("dossier");
        let mut writer = owner.writer(&mapping);
        let away = owner.dir.path().join("moved-away.db");
        let mut txn = writer.begin().unwrap();
        txn.destroy(&mapping.series, &keys(&[1])).unwrap();
        txn.fence(BatchNumber(1), "1D").unwrap();
        std::fs::rename(owner.path(), &away).unwrap();
        let other = Connection::open(owner.path()).unwrap();
        other.execute_batch(SCHEMA).unwrap();

        let refused = txn.commit(&Evidence(1));
        assert!(matches!(refused, Err(CommitError::Refused(StoreError::Replaced { .. }))), "{mode}: {refused:?}");
        let replaced = |step: &str, error: Option<StoreError>| {
            assert!(matches!(error, Some(StoreError::Replaced { .. })), "{mode}, {step}: {error:?}");
        };
        replaced("begin", writer.begin().err());
        replaced("abort", writer.abort_or_read(BatchNumber(1)).err());
        replaced("rows read back", writer.still_there(&mapping.series, &keys(&[1])).err());
        replaced("masks read back", writer.masked(&mapping.series, &keys(&[1])).err());
        replaced("files", writer.still_referenced(owner.dir.path(), &["a"]).err());
        drop(writer);
        for place in [owner.path(), away] {
            let rows =
                |conn: &Connection| conn.query_row("SELECT count(*) FROM dossier", [], |row| row.get::<_, i64>(0));
            assert_eq!(rows(&Connection::open(&place).unwrap()).unwrap(), 3, "{mode}: {}", place.display());
        }
    }
}

#[test]
fn the_row_before_a_logs_first_batch_stands_until_one_is_committed_and_is_no_batch() {
    let owner = Owner::with("wal", SCHEMA);
    let mut writer = owner.writer(&series("dossier"));
    assert!(!writer.is_at_its_beginning().unwrap(), "nothing was written yet");
    assert!(!writer.has_fences().unwrap());
    writer.begin().unwrap().begin_fences().unwrap();
    assert!(writer.has_fences().unwrap());
    assert_eq!(owner.integers("SELECT batch FROM retentiond_batch"), [0]);
    assert_eq!(writer.begin().unwrap().fences().unwrap(), []);
    assert!(fence::foreign(&owner.app, None).unwrap().is_empty());
    assert_eq!(writer.abort_or_read(BatchNumber(4)).unwrap(), FenceState::Aborted);
    assert!(writer.is_at_its_beginning().unwrap(), "what was undone changed nothing");
    let mut txn = writer.begin().unwrap();
    txn.fence(BatchNumber(5), "").unwrap();
    txn.forget_fences_before(BatchNumber(5)).unwrap();
    txn.commit(&Evidence(5)).unwrap();
    assert!(!writer.is_at_its_beginning().unwrap());
    // A log that succeeds this one begins anew.
    let mut successor = Writer::open(&owner.source(), &[series("dossier")], &Origin::from("next.example")).unwrap();
    assert!(!successor.has_fences().unwrap());
    successor.begin().unwrap().begin_fences().unwrap();
    assert!(successor.is_at_its_beginning().unwrap() && !writer.is_at_its_beginning().unwrap());
}
