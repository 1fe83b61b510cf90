//! An end to statements that keep the database locked for too long.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rusqlite::Connection;

/// Instructions of SQLite's virtual machine between two looks at the time: some milliseconds. A statement of fewer, which is one on some
/// hundred rows, always comes to its end.
const INSTRUCTIONS: i32 = 50_000;

/// Until when the statements of a connection may run.
#[derive(Clone, Debug)]
pub(super) struct Deadline {
    since: Instant,
    /// Nanoseconds since then; `NEVER` for no end.
    at: Arc<AtomicU64>,
}

const NEVER: u64 = u64::MAX;

impl Deadline {
    /// Watches over a connection; no statement ends before a time is set.
    pub(super) fn on(conn: &mut Connection) -> rusqlite::Result<Self> {
        let deadline = Self { since: Instant::now(), at: Arc::new(AtomicU64::new(NEVER)) };
        let watched = deadline.clone();
        conn.progress_handler(INSTRUCTIONS, Some(move || watched.is_over()))?;
        Ok(deadline)
    }

    /// Statements end after this time from now.
    pub(super) fn set(&self, time: Duration) {
        let at = (self.since.elapsed() + time).as_nanos().min(u128::from(NEVER - 1));
        self.at.store(at as u64, Ordering::Relaxed);
    }

    /// Statements take the time that they need.
    pub(super) fn clear(&self) {
        self.at.store(NEVER, Ordering::Relaxed);
    }

    fn is_over(&self) -> bool {
        let at = self.at.load(Ordering::Relaxed);
        at != NEVER && self.since.elapsed().as_nanos() > u128::from(at)
    }
}
