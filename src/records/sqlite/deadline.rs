//! An end to statements that keep the database locked for too long.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rusqlite::Connection;
use rustix::time::{ClockId, clock_gettime};

/// Instructions of SQLite's virtual machine between two looks at the time: some rows. Few, for a row of many megabytes is deleted by one
/// instruction; and a look costs little, because the clock is the coarse one.
const INSTRUCTIONS: i32 = 100;

/// Until when the statements of a connection may run.
#[derive(Clone, Debug)]
pub(super) struct Deadline {
    /// Nanoseconds of the coarse clock; `NEVER` for no end.
    at: Arc<AtomicU64>,
}

const NEVER: u64 = u64::MAX;

impl Deadline {
    /// Watches over a connection; no statement ends before a time is set.
    pub(super) fn on(conn: &mut Connection) -> rusqlite::Result<Self> {
        let deadline = Self { at: Arc::new(AtomicU64::new(NEVER)) };
        let watched = deadline.clone();
        conn.progress_handler(INSTRUCTIONS, Some(move || watched.is_over()))?;
        Ok(deadline)
    }

    /// Statements end after this time from now, give or take some milliseconds.
    pub(super) fn set(&self, time: Duration) {
        let time = time.as_nanos().min(u128::from(NEVER)) as u64;
        self.at.store(now().saturating_add(time).min(NEVER - 1), Ordering::Relaxed);
    }

    /// Statements take the time that they need.
    pub(super) fn clear(&self) {
        self.at.store(NEVER, Ordering::Relaxed);
    }

    fn is_over(&self) -> bool {
        let at = self.at.load(Ordering::Relaxed);
        at != NEVER && now() > at
    }
}

/// Nanoseconds since the machine started, in steps of a few milliseconds.
fn now() -> u64 {
    let time = clock_gettime(ClockId::MonotonicCoarse);
    time.tv_sec.unsigned_abs() * 1_000_000_000 + time.tv_nsec.unsigned_abs()
}
