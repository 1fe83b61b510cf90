//! Which times a scheduler fired.
//!
//! A firing is unique per schedule and time, and durable before its run starts: a second tick or a clock put back runs
//! nothing twice, and what a crash or a signal interrupted is known to be owed.

use rusqlite::{Row, params};
use serde::{Deserialize, Serialize};

use super::{Desk, DeskError};
use crate::model::Instant;

/// One firing of a schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Firing {
    /// The schedule's name.
    pub schedule: String,
    /// Its nominal time.
    pub at: Instant,
    pub began: Instant,
    /// `None` while its run goes on, or where that was interrupted.
    pub ended: Option<Instant>,
    /// How it ended, or that it was interrupted, in a few words.
    pub outcome: Option<String>,
}

impl Desk {
    /// Records a firing, durably; says whether it is new. One that is not must not run.
    ///
    /// # Errors
    /// The private database.
    pub fn begin_firing(&self, schedule: &str, at: Instant, now: Instant) -> Result<bool, DeskError> {
        let inserted = self.store.run(|connection| {
            connection.execute(
                "INSERT OR IGNORE INTO firing(schedule, at, began) VALUES(?1, ?2, ?3)",
                params![schedule, at.timestamp(), now.timestamp()],
            )
        })?;
        Ok(inserted == 1)
    }

    /// Records how the run of a firing ended.
    ///
    /// # Errors
    /// The private database.
    pub fn end_firing(&self, schedule: &str, at: Instant, now: Instant, outcome: &str) -> Result<(), DeskError> {
        self.store.run(|connection| {
            connection.execute(
                "UPDATE firing SET ended = ?3, outcome = ?4 WHERE schedule = ?1 AND at = ?2",
                params![schedule, at.timestamp(), now.timestamp(), outcome],
            )
        })?;
        Ok(())
    }

    /// Says of a firing whose run was interrupted what becomes of it; it has not ended.
    ///
    /// # Errors
    /// The private database.
    pub fn interrupt_firing(&self, schedule: &str, at: Instant, outcome: &str) -> Result<(), DeskError> {
        self.store.run(|connection| {
            connection.execute(
                "UPDATE firing SET outcome = ?3 WHERE schedule = ?1 AND at = ?2 AND ended IS NULL",
                params![schedule, at.timestamp(), outcome],
            )
        })?;
        Ok(())
    }

    /// Records how those firings of a schedule before this one ended that were interrupted.
    ///
    /// # Errors
    /// The private database.
    pub fn end_firings_before(
        &self,
        schedule: &str,
        at: Instant,
        now: Instant,
        outcome: &str,
    ) -> Result<(), DeskError> {
        self.store.run(|connection| {
            connection.execute(
                "UPDATE firing SET ended = ?3, outcome = ?4 WHERE schedule = ?1 AND at < ?2 AND ended IS NULL",
                params![schedule, at.timestamp(), now.timestamp(), outcome],
            )
        })?;
        Ok(())
    }

    /// When a schedule fired last, as of `now`: a later time was recorded under a clock that was wrong.
    ///
    /// # Errors
    /// The private database.
    pub fn last_firing(&self, schedule: &str, now: Instant) -> Result<Option<Instant>, DeskError> {
        let last: Option<i64> = self.store.run(|connection| {
            let mut select = connection.prepare("SELECT max(at) FROM firing WHERE schedule = ?1 AND at <= ?2")?;
            select.query_row(params![schedule, now.timestamp()], |row| row.get(0))
        })?;
        Ok(last.and_then(|last| Instant::from_timestamp(last, 0)))
    }

    /// The latest firings, the newest first.
    ///
    /// # Errors
    /// The private database.
    pub fn firings(&self, limit: u32) -> Result<Vec<Firing>, DeskError> {
        self.read_firings("SELECT * FROM firing ORDER BY began DESC, at DESC LIMIT ?1", limit.into())
    }

    /// Firings that a crash or a signal interrupted: they began and did not end. The earliest first.
    ///
    /// # Errors
    /// The private database.
    pub fn interrupted_firings(&self) -> Result<Vec<Firing>, DeskError> {
        self.read_firings("SELECT * FROM firing WHERE ended IS NULL ORDER BY at LIMIT ?1", i64::MAX)
    }

    /// Forgets firings before an instant, but for the last of each schedule.
    ///
    /// # Errors
    /// The private database.
    pub fn forget_firings_before(&self, before: Instant) -> Result<(), DeskError> {
        self.store.run(|connection| {
            connection.execute(
                "DELETE FROM firing WHERE at < ?1 AND at < (SELECT max(at) FROM firing AS other WHERE other.schedule = firing.schedule)",
                [before.timestamp()],
            )
        })?;
        Ok(())
    }

    /// Forgets firings after an instant.
    ///
    /// # Errors
    /// The private database.
    pub fn forget_firings_after(&self, after: Instant) -> Result<(), DeskError> {
        self.store.run(|connection| connection.execute("DELETE FROM firing WHERE at > ?1", [after.timestamp()]))?;
        Ok(())
    }

    fn read_firings(&self, select: &str, limit: i64) -> Result<Vec<Firing>, DeskError> {
        self.store.run(|connection| {
            let mut select = connection.prepare_cached(select)?;
            select.query_map([limit], read_firing)?.collect()
        })
    }
}

fn read_firing(row: &Row<'_>) -> rusqlite::Result<Firing> {
    let instant = |column, seconds| {
        Instant::from_timestamp(seconds, 0).ok_or(rusqlite::Error::IntegralValueOutOfRange(column, seconds))
    };
    let ended: Option<i64> = row.get("ended")?;
    Ok(Firing {
        schedule: row.get("schedule")?,
        at: instant(1, row.get("at")?)?,
        began: instant(2, row.get("began")?)?,
        ended: ended.map(|ended| instant(3, ended)).transpose()?,
        outcome: row.get("outcome")?,
    })
}
