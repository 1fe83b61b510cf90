//! The owner's database stays the owner's: settings, locks and files beside a living application.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::*;
use crate::records::sqlite::{CommitError, Relief};

const SCHEMA: &str = "CREATE TABLE dossier(id INTEGER PRIMARY KEY, text TEXT);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
    INSERT INTO dossier SELECT i, printf('canary-%06d-%s', i, hex(zeroblob(200))) FROM n;";

fn dossier() -> SeriesMapping {
    series("dossier")
}

#[test]
fn what_the_owner_set_for_all_stays_as_it_was() {
    for mode in MODES {
        let owner = Owner::with(mode, SCHEMA);
        owner.app.execute_batch("PRAGMA user_version = 7; PRAGMA application_id = 9;").unwrap();
        destroy(&mut owner.writer(&dossier()), &dossier(), &keys(&[1])).unwrap();
        let text = |pragma: &str| owner.app.pragma_query_value(None, pragma, |row| row.get::<_, String>(0)).unwrap();
        assert_eq!(text("journal_mode"), mode);
        assert_eq!(owner.integers("SELECT user_version FROM pragma_user_version"), [7]);
        assert_eq!(owner.integers("SELECT application_id FROM pragma_application_id"), [9]);
    }
}

#[test]
fn a_turn_that_does_not_come_is_a_lock_and_a_turn_that_comes_late_is_waited_for() {
    let owner = Owner::with("wal", SCHEMA);
    let mut writer = owner.writer(&dossier());
    owner.app.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (begun, begins) = mpsc::channel();
    let waiting = thread::spawn(move || {
        begun.send(()).unwrap();
        let started = Instant::now();
        assert_eq!(destroy(&mut writer, &dossier(), &keys(&[1])).unwrap().rows, counts(&[("dossier", 1)]));
        (writer, started.elapsed())
    });
    begins.recv().unwrap();
    thread::sleep(Duration::from_millis(300));
    owner.app.execute_batch("UPDATE dossier SET text = 'changed' WHERE id = 2; COMMIT").unwrap();
    let (mut writer, waited) = waiting.join().unwrap();
    assert!(waited >= Duration::from_millis(200), "{waited:?}");
    owner.app.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = writer.begin().err().unwrap();
    assert!(error.is_locked(), "{error}");
}

#[test]
fn in_rollback_mode_a_commit_gives_way_to_a_reader_at_once_and_can_be_tried_again() {
    let owner = Owner::with("delete", SCHEMA);
    let mut writer = owner.writer(&dossier());
    let mut reading = owner.app.prepare("SELECT id FROM dossier").unwrap();
    let mut rows = reading.query([]).unwrap();
    rows.next().unwrap();
    let mut txn = writer.begin().unwrap();
    txn.destroy(&dossier().series, &keys(&[5])).unwrap();
    txn.fence(BatchNumber(1), "").unwrap();
    let started = Instant::now();
    assert!(matches!(txn.commit(&Evidence(1)), Err(CommitError::Busy)));
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    // Nothing happened, new readers get in, and once the reader has gone the same chunk commits.
    assert_eq!(
        Connection::open(owner.path()).unwrap().query_row("SELECT count(*) FROM dossier", [], |row| row.get(0)),
        Ok(2000)
    );
    drop(rows);
    drop(reading);
    destroy(&mut writer, &dossier(), &keys(&[5])).unwrap();
    assert_eq!(owner.integer("SELECT count(*) FROM dossier"), 1999);
}

#[test]
fn in_wal_mode_a_reader_is_no_reason_to_give_way_and_keeps_its_snapshot() {
    let owner = Owner::with("wal", SCHEMA);
    let mut writer = owner.writer(&dossier());
    owner.app.execute_batch("BEGIN").unwrap();
    assert_eq!(owner.integer("SELECT count(*) FROM dossier"), 2000);
    destroy(&mut writer, &dossier(), &keys(&[1])).unwrap();
    assert_eq!(owner.integer("SELECT count(*) FROM dossier"), 2000);
    owner.app.execute_batch("COMMIT").unwrap();
    assert_eq!(owner.integer("SELECT count(*) FROM dossier"), 1999);
}

#[test]
fn the_wal_is_moved_when_it_is_long_and_not_before() {
    let owner = Owner::with("wal", SCHEMA);
    owner.app.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
    let mut writer = owner.writer(&dossier());
    let waiting = || {
        owner
            .app
            .query_row("PRAGMA wal_checkpoint(NOOP)", [], |row| Ok(row.get::<_, i64>(1)? - row.get::<_, i64>(2)?))
            .unwrap()
    };
    let mut longest = 0;
    for round in 1.. {
        owner.app.execute("UPDATE dossier SET text = printf('%d-%s', ?1, hex(zeroblob(900)))", [round]).unwrap();
        longest = longest.max(waiting());
        writer.relieve(Relief::Late).unwrap();
        if waiting() == 0 {
            break;
        }
    }
    assert!(longest * 4096 >= 128 << 20 && longest * 4096 < 144 << 20, "{longest} pages");
}

#[test]
fn a_writer_that_goes_leaves_no_wal_for_the_application_to_move() {
    let owner = Owner::with("wal", SCHEMA);
    let many: Vec<i64> = (1..=1900).collect();
    destroy(&mut owner.writer(&dossier()), &dossier(), &keys(&many)).unwrap();
    let (in_log, moved) = owner
        .app
        .query_row("PRAGMA wal_checkpoint(NOOP)", [], |row| Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?)))
        .unwrap();
    assert!(in_log > 0 && in_log == moved, "{in_log} {moved}");
}

#[test]
fn a_checkpoint_stops_at_a_reader_without_waiting() {
    let owner = Owner::with("wal", SCHEMA);
    owner.app.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
    let reader = Connection::open(owner.path()).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM dossier;").unwrap();
    let mut writer = owner.writer(&dossier());
    for round in 0..70 {
        owner.app.execute("UPDATE dossier SET text = printf('%d-%s', ?1, hex(zeroblob(900)))", [round]).unwrap();
    }
    let started = Instant::now();
    writer.relieve(Relief::Soon).unwrap();
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    destroy(&mut writer, &dossier(), &keys(&[1])).unwrap();
}

#[test]
fn the_application_writes_on_between_chunks() {
    for mode in MODES {
        let owner = Owner::with(mode, SCHEMA);
        owner.app.busy_timeout(Duration::from_secs(5)).unwrap();
        let mut writer = owner.writer(&dossier());
        let destroyer = thread::spawn(move || {
            let mut left: Vec<Vec<RecordKey>> =
                (1..=1000).map(key).collect::<Vec<_>>().chunks(25).map(<[_]>::to_vec).collect();
            let mut batch = 0;
            while let Some(chunk) = left.pop() {
                batch += 1;
                let mut txn = writer.begin().unwrap();
                txn.destroy(&dossier().series, &chunk).unwrap();
                txn.fence(BatchNumber(batch), "").unwrap();
                match txn.commit(&Evidence(batch)) {
                    Ok(()) => {}
                    Err(CommitError::Busy) => left.push(chunk),
                    Err(error) => panic!("{error}"),
                }
            }
        });
        for id in 1..200 {
            owner.app.execute("UPDATE dossier SET text = 'seen' WHERE id = ?1", [1000 + id]).unwrap();
        }
        destroyer.join().unwrap();
        assert_eq!(owner.integer("SELECT count(*) FROM dossier"), 1000);
        assert_eq!(owner.integer("SELECT count(*) FROM dossier WHERE text = 'seen'"), 199);
    }
}

#[test]
fn a_destroyed_row_leaves_its_pages_overwritten() {
    let owner = Owner::with("delete", SCHEMA);
    let all: Vec<i64> = (1..=1990).collect();
    destroy(&mut owner.writer(&dossier()), &dossier(), &keys(&all)).unwrap();
    drop(owner.app);
    let bytes = std::fs::read(owner.dir.path().join("app.db")).unwrap();
    let remnants = bytes.windows(7).filter(|window| window == b"canary-").count();
    // Ten rows live; a few remnants lie in the gaps of live pages, which `secure_delete` does not reach.
    assert!((10..40).contains(&remnants), "{remnants}");
}
