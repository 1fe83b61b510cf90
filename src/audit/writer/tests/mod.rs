//! The writer on a directory of its own; what other tests need to live with a log.

mod earlier_keys;
mod key_life;
mod reading;

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use chrono::{Duration, TimeZone, Utc};
use tempfile::TempDir;

use super::super::journal::segments;
use super::super::keys::{self, KeyError};
use super::super::leaf::{Heartbeat, HoldAction, HoldLeaf, Refused};
use super::super::note::KeyKind;
use super::super::note::SigningKey;
use super::super::recover::{checkpoint_path, journal_dir, read_checkpoint};
pub(in crate::audit) use super::super::sample::outcome;
use super::super::{IntentDraft, IntentRecord, LogReader, load_fingerprinter, sample};
use super::*;
use crate::model::{Actor, BatchNumber, DurableEvidence, Fingerprint, KeyValue, RecordKey, SeriesName, SourceName};

/// An empty directory, in memory where possible: these tests sync thousands of times.
pub(in crate::audit) fn directory() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.unwrap()
}

/// A place for a log and its keys.
pub(in crate::audit) struct LogDir {
    root: TempDir,
}

impl LogDir {
    pub fn new() -> Self {
        Self { root: directory() }
    }

    pub fn dir(&self) -> PathBuf {
        self.root.path().join("audit")
    }

    pub fn keys(&self) -> PathBuf {
        self.root.path().join("keys")
    }

    pub fn create(&self) -> DestructionLog {
        DestructionLog::create(&self.dir(), &self.keys(), "log.example".into(), at(0)).unwrap()
    }

    pub fn open(&self) -> Result<DestructionLog, LogError> {
        DestructionLog::open(&self.dir(), &self.keys(), at(0))
    }
}

pub(in crate::audit) fn at(seconds: i64) -> Instant {
    Utc.with_ymd_and_hms(2026, 11, 21, 12, 0, 0).unwrap() + Duration::seconds(seconds)
}

/// A small leaf that tells its number.
pub(in crate::audit) fn small(number: u64) -> Body {
    Body::Heartbeat(Heartbeat { overdue: [("PC-1".into(), number)].into(), holds: 0 })
}

pub(in crate::audit) fn draft(count: u8) -> IntentDraft {
    let record = |number| IntentRecord {
        fingerprint: Fingerprint::from_bytes([number; 32]),
        reference: None,
        day: at(0).date_naive(),
    };
    sample::draft((0..count).map(record).collect())
}

pub(in crate::audit) fn leaves(log: &DestructionLog) -> Vec<Leaf> {
    let mut found = Vec::new();
    log.scan(0, &mut |index, leaf| {
        assert_eq!(index, found.len() as u64);
        found.push(leaf);
        ControlFlow::Continue(())
    })
    .unwrap();
    found
}

/// A log of a full bundle and part of another, all of it published; its leaves.
pub(in crate::audit) fn bundled(place: &LogDir) -> Vec<Leaf> {
    let mut log = place.create();
    for number in 1..300 {
        log.append(small(number), at(0)).unwrap();
        log.sync().unwrap();
    }
    log.publish().unwrap();
    leaves(&log)
}

fn actor() -> Actor {
    "marie (1000)".into()
}

#[test]
fn what_was_synced_is_there_after_reopening() {
    let place = LogDir::new();
    let mut log = place.create();
    assert_eq!(log.append(small(7), at(1)).unwrap(), 1);
    log.sync().unwrap();
    log.append(small(8), at(1)).unwrap();
    assert_eq!((log.size(), leaves(&log).len()), (3, 2), "what is not durable is not shown");
    drop(log);
    let log = place.open().unwrap();
    assert_eq!(leaves(&log)[1], Leaf { at: at(1).timestamp(), body: small(7) });
    assert_eq!((log.size(), log.last_time()), (2, Some(at(1))));
}

#[test]
fn a_log_is_made_once_and_opened_by_one_at_a_time() {
    let place = LogDir::new();
    let absent = place.open();
    assert!(matches!(absent, Err(LogError::Absent { .. })));
    let log = place.create();
    assert!(place.open().err().unwrap().is_locked());
    drop(log);
    let again = DestructionLog::create(&place.dir(), &place.keys(), "log.example".into(), at(0));
    assert!(matches!(again, Err(LogError::Exists { .. })));
    assert_eq!(place.open().unwrap().origin().as_str(), "log.example");
}

#[test]
fn an_interrupted_making_is_made_anew() {
    let place = LogDir::new();
    drop(place.create());
    fs::remove_file(checkpoint_path(&place.dir())).unwrap();
    fs::remove_file(place.keys().join("signed-checkpoint")).unwrap();
    let log = DestructionLog::open_or_create(&place.dir(), &place.keys(), "another.example".into(), at(9)).unwrap();
    assert_eq!(log.origin().as_str(), "log.example", "the key that was made names the log");
    assert_eq!(leaves(&log)[0].at, at(9).timestamp());
}

#[test]
fn a_log_without_any_checkpoint_is_not_made_anew_once_it_held_entries() {
    let place = LogDir::new();
    let mut log = place.create();
    log.append(small(1), at(0)).unwrap();
    log.sync().unwrap();
    drop(log);
    fs::remove_file(checkpoint_path(&place.dir())).unwrap();
    fs::remove_file(place.keys().join("signed-checkpoint")).unwrap();
    let made = DestructionLog::open_or_create(&place.dir(), &place.keys(), "log.example".into(), at(9));
    assert!(made.err().unwrap().is_verification_failure());
}

#[test]
fn intents_are_evidence_once_durable_and_wait_for_their_outcome() {
    let place = LogDir::new();
    let mut log = place.create();
    let pending = log.append_intents(draft(3), at(1)).unwrap();
    let durable = log.make_durable(pending).unwrap();
    let (index, intent) = durable.leaves()[0].clone();
    assert_eq!((durable.batch(), index, intent.of), (BatchNumber(1), 1, 1));
    assert_eq!(intent.fingerprints().unwrap()[2], Fingerprint::from_bytes([2; 32]));
    drop(log);

    let mut log = place.open().unwrap();
    assert_eq!(log.unresolved(), [(1, intent)]);
    let wrong = log.append(outcome(BatchNumber(1), 1, 2), at(2));
    assert!(matches!(wrong, Err(LogError::NotAwaited { intent: 1 })), "two results do not answer three records");
    log.append(outcome(BatchNumber(1), 1, 3), at(2)).unwrap();
    let twice = log.append(outcome(BatchNumber(1), 1, 3), at(2));
    assert!(matches!(twice, Err(LogError::NotAwaited { .. })));
    log.publish().unwrap();
    drop(log);
    assert_eq!(place.open().unwrap().unresolved(), []);
}

#[test]
fn a_large_batch_is_split_into_leaves_that_follow_each_other() {
    let place = LogDir::new();
    let mut log = place.create();
    let record = draft(1).records[0];
    let large = IntentDraft { records: vec![record; 2_500], ..draft(0) };
    let pending = log.append_intents(large, at(0)).unwrap();
    let durable = log.make_durable(pending).unwrap();
    let shape: Vec<_> = durable.leaves().iter().map(|(index, intent)| (*index, intent.of, intent.n)).collect();
    assert_eq!(shape, [(1, 3, 1000), (2, 3, 1000), (3, 3, 500)]);

    let both = IntentRecord { reference: Some(Fingerprint::from_bytes([9; 32])), ..record };
    let with_references = IntentDraft { records: vec![both, record], with_references: true, ..draft(0) };
    let pending = log.append_intents(with_references, at(0)).unwrap();
    let durable = log.make_durable(pending).unwrap();
    let references = durable.leaves()[0].1.references().unwrap();
    assert_eq!(references, [Fingerprint::from_bytes([9; 32]), Fingerprint::from_bytes([0; 32])]);
    assert!(matches!(log.append_intents(draft(0), at(0)), Err(LogError::EmptyBatch)));
}

#[test]
fn a_clock_behind_the_log_stamps_no_leaf() {
    let place = LogDir::new();
    let mut log = place.create();
    log.append(small(0), at(100)).unwrap();
    let leaf = log.append(small(1), at(97)).unwrap();
    log.sync().unwrap();
    assert_eq!(leaves(&log)[leaf as usize].at, at(100).timestamp(), "time never runs backwards in the log");
    assert!(matches!(log.append(small(2), at(90)), Err(LogError::ClockBehind { .. })));
    assert!(matches!(log.append_intents(draft(1), at(90)), Err(LogError::ClockBehind { .. })));
    assert_eq!(log.size(), 3);
}

#[test]
fn a_bad_stamp_locks_the_log_only_until_a_person_answers_for_the_clock() {
    let place = LogDir::new();
    let mut log = place.create();
    log.append(small(0), at(4_000_000)).unwrap();
    assert!(matches!(log.append(small(1), at(100)), Err(LogError::ClockBehind { .. })));
    log.accept_last_time();
    let leaf = log.append(small(1), at(100)).unwrap();
    log.append(small(2), at(200)).unwrap();
    log.sync().unwrap();
    assert_eq!(leaves(&log)[leaf as usize].at, at(4_000_000).timestamp(), "time never runs backwards in the log");
    log.append(small(3), at(5_000_000)).unwrap();
    assert!(
        matches!(log.append(small(4), at(300)), Err(LogError::ClockBehind { .. })),
        "no other entry was answered for"
    );
}

#[test]
fn the_log_s_own_kinds_are_not_appended_from_outside() {
    let place = LogDir::new();
    let mut log = place.create();
    let genesis = leaves(&log).remove(0).body;
    assert!(matches!(log.append(genesis, at(0)), Err(LogError::OwnKind { kind: "genesis" })));
    let long = Body::Refused(Refused { plan: None, actor: actor(), reasons: vec!["x".repeat(60_000)] });
    assert!(matches!(log.append(long, at(0)), Err(LogError::Leaf(_))));
    assert_eq!(log.size(), 1);
}
