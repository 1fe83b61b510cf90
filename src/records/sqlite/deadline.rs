//! An end to statements that take too long: that keep the database locked, that a person's expression never lets end,
//! or that keep the process from ending.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rusqlite::Connection;
use rustix::time::{ClockId, clock_gettime};

use super::StoreError;

/// Instructions of SQLite's virtual machine between two looks at the time: some rows. Few, for a row of many megabytes
/// is deleted by one instruction; and a look costs little, because the clock is the coarse one.
const INSTRUCTIONS: i32 = 100;

/// Set when the process is to end.
static ENDING: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// From now on, reading all rows of a series ends as soon as this flag is set. The first flag given is the one: a
/// process ends once.
pub fn end_reading_with(flag: &Arc<AtomicBool>) {
    ENDING.get_or_init(|| flag.clone());
}

/// Until when the statements of a connection may run.
#[derive(Clone, Debug)]
pub(super) struct Deadline(Arc<State>);

#[derive(Debug)]
struct State {
    /// Nanoseconds of the coarse clock; `NEVER` for no end.
    at: AtomicU64,
    /// Whether what runs now may be given up because the process is to end.
    is_given_up: AtomicBool,
}

const NEVER: u64 = u64::MAX;

impl Deadline {
    /// Watches over a connection; no statement ends before a time is set.
    pub(super) fn on(conn: &mut Connection) -> rusqlite::Result<Self> {
        let deadline = Self(Arc::new(State { at: AtomicU64::new(NEVER), is_given_up: AtomicBool::new(false) }));
        let watched = deadline.clone();
        conn.progress_handler(INSTRUCTIONS, Some(move || watched.is_over()))?;
        Ok(deadline)
    }

    /// Statements end after this time from now, give or take some milliseconds.
    pub(super) fn set(&self, time: Duration) {
        let time = time.as_nanos().min(u128::from(NEVER)) as u64;
        self.0.at.store(now().saturating_add(time).min(NEVER - 1), Ordering::Relaxed);
    }

    /// Statements end after this time from now, or earlier where that was set; returns what was.
    pub(super) fn narrow(&self, time: Duration) -> Before {
        let before = Before(self.0.at.load(Ordering::Relaxed));
        self.set(time);
        self.0.at.fetch_min(before.0, Ordering::Relaxed);
        before
    }

    /// Statements end when they were to end before.
    pub(super) fn put_back(&self, before: Before) {
        self.0.at.store(before.0, Ordering::Relaxed);
    }

    /// Statements take the time that they need.
    pub(super) fn clear(&self) {
        self.0.at.store(NEVER, Ordering::Relaxed);
    }

    /// Begins a long read, perhaps within another: it may take its time, but no step of it more than `longest`.
    pub(super) fn reading(&self, longest: Duration) -> LongRead<'_> {
        let was_given_up = self.0.is_given_up.swap(true, Ordering::Relaxed);
        let before = Before(self.0.at.load(Ordering::Relaxed));
        let read = LongRead { deadline: self, began: now(), longest, before, was_given_up };
        read.step();
        read
    }

    pub(super) fn is_over(&self) -> bool {
        let at = self.0.at.load(Ordering::Relaxed);
        at != NEVER && (now() > at || self.is_ending())
    }

    fn is_ending(&self) -> bool {
        self.0.is_given_up.load(Ordering::Relaxed) && ENDING.get().is_some_and(|flag| flag.load(Ordering::Relaxed))
    }
}

/// What a deadline was before another took its place.
#[derive(Clone, Copy)]
pub(super) struct Before(u64);

/// A long read under way.
pub(super) struct LongRead<'d> {
    deadline: &'d Deadline,
    began: u64,
    longest: Duration,
    before: Before,
    was_given_up: bool,
}

impl LongRead<'_> {
    /// The next step has its own time. Says for how long the read is under way, give or take some milliseconds.
    pub(super) fn step(&self) -> Duration {
        self.deadline.set(self.longest);
        Duration::from_nanos(now().saturating_sub(self.began))
    }

    /// What SQLite said on this connection while the read was under way.
    pub(super) fn failed(&self, conn: &Connection, error: rusqlite::Error) -> StoreError {
        match StoreError::of_rows(conn, error) {
            StoreError::Interrupted { database } if !self.deadline.is_ending() => {
                StoreError::TooSlow { database, longest: self.longest }
            }
            other => other,
        }
    }
}

impl Drop for LongRead<'_> {
    fn drop(&mut self) {
        self.deadline.0.is_given_up.store(self.was_given_up, Ordering::Relaxed);
        self.deadline.put_back(self.before);
    }
}

/// Nanoseconds since the machine started, in steps of a few milliseconds.
fn now() -> u64 {
    let time = clock_gettime(ClockId::MonotonicCoarse);
    time.tv_sec.unsigned_abs() * 1_000_000_000 + time.tv_nsec.unsigned_abs()
}
