//! What a scheduler must remember: which times it fired, and a few memos of its own.
//!
//! A firing is unique per schedule and time, and durable before its run starts: a crash, a second tick or a clock put back runs nothing twice.

use rusqlite::{OptionalExtension, Row, params};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::plans::PlanState;
use super::{Desk, DeskError};
use crate::audit::leaf::{Body, Correction};
use crate::disposition::chronicle::correction;
use crate::model::{Actor, Instant, PlanId, SourceName};

/// Name of the memo that holds the time of the entry that a person answered for.
const CLOCK_CONFIRMED: &str = "clock-confirmed";

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
    /// How it ended, in a few words.
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

    /// When a schedule fired last.
    ///
    /// # Errors
    /// The private database.
    pub fn last_firing(&self, schedule: &str) -> Result<Option<Instant>, DeskError> {
        let last: Option<i64> = self.store.run(|connection| {
            connection.query_row("SELECT max(at) FROM firing WHERE schedule = ?1", [schedule], |row| row.get(0))
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

    /// Firings that a crash interrupted: they began and did not end.
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

    /// What was memorized under this name.
    ///
    /// # Errors
    /// The private database.
    pub fn recall<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, DeskError> {
        let value: Option<String> = self.store.run(|connection| {
            connection.query_row("SELECT value FROM memo WHERE name = ?1", [name], |row| row.get(0)).optional()
        })?;
        value.map(|value| self.store.parse(&value)).transpose()
    }

    /// Memorizes a value under a name, durably and instead of an earlier one; `None` forgets it.
    ///
    /// # Errors
    /// The private database.
    pub fn memorize<T: Serialize>(&self, name: &str, value: Option<&T>) -> Result<(), DeskError> {
        let value = value.map(|value| self.store.text(value)).transpose()?;
        self.store.run(|connection| match &value {
            Some(value) => connection.execute("INSERT OR REPLACE INTO memo VALUES(?1, ?2)", params![name, value]),
            None => connection.execute("DELETE FROM memo WHERE name = ?1", [name]),
        })?;
        Ok(())
    }

    /// A named person answers for the clock although the log's last entry lies ahead of it; that is put on record. Holds until the clock has
    /// caught up, also after a restart.
    ///
    /// # Errors
    /// The log or the private database cannot be written.
    pub fn confirm_clock(&mut self, actor: &Actor, now: Instant) -> Result<(), DeskError> {
        self.memorize(CLOCK_CONFIRMED, self.log.last_time().as_ref())?;
        self.accept_confirmed_clock()?;
        let confirmed = Correction {
            source: SourceName::new(""),
            what: correction::CLOCK.to_owned(),
            batch: None,
            actor: Some(actor.clone()),
            records: 0,
        };
        self.record(Body::Correction(confirmed), now).map(drop)
    }

    /// Lets the log go on where a person answered for the clock.
    pub(super) fn accept_confirmed_clock(&mut self) -> Result<(), DeskError> {
        let confirmed: Option<Instant> = self.recall(CLOCK_CONFIRMED)?;
        if confirmed.is_some() && confirmed == self.log.last_time() {
            self.log.accept_last_time();
        }
        Ok(())
    }

    /// Removes a plan on which nobody decided, list and manifest; says whether it was one.
    ///
    /// # Errors
    /// A file that cannot be removed.
    pub fn withdraw(&mut self, plan: &PlanId, now: Instant) -> Result<bool, DeskError> {
        let status = self.plan_list(now)?.into_iter().find(|status| status.plan == *plan);
        let is_pending = status.is_some_and(|status| status.state == PlanState::Pending);
        if is_pending {
            self.plans.remove(plan)?;
        }
        Ok(is_pending)
    }

    /// Removes the manifests of plans made before an instant that are done with, one way or the other; says how many.
    ///
    /// # Errors
    /// A file that cannot be removed.
    pub fn forget_plans_before(&mut self, before: Instant, now: Instant) -> Result<u64, DeskError> {
        self.erase_what_is_done(now)?;
        let mut forgotten = 0;
        for status in self.plan_list(now)? {
            let is_over = matches!(
                status.state,
                PlanState::Executed | PlanState::Rejected | PlanState::Expired | PlanState::Simulation
            );
            if is_over && status.made_at.is_some_and(|made| made < before) {
                self.plans.remove(&status.plan)?;
                forgotten += 1;
            }
        }
        Ok(forgotten)
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

#[cfg(test)]
mod tests;
