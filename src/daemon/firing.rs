//! What the schedule fires: recorded before its scan begins, settled when that has ended. What is on record and not
//! settled is owed, whatever interrupted it.

use chrono::TimeDelta;

use super::runner::Runner;
use super::scan::{Depth, Reach};
use super::schedule::{Alarm, Past, Ring};
use crate::config::Schedule;
use crate::disposition::desk::DeskError;
use crate::model::Instant;

/// Name of the memo that keeps which schedules are in use: only those miss something while the daemon is down.
const IN_USE: &str = "schedules";

/// What is said of a firing that is owed.
const OWED: &str = "interrupted, and to be made anew";

/// What it means that an alarm rang.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    Scan,
    /// A scan of all rules in the same tick has looked at its records.
    Contained,
    Missed,
}

impl Runner {
    /// The alarms of a schedule, with what is on record of each; none while it is suspended.
    ///
    /// One that comes into use, because its pattern was another or it was suspended, has missed nothing.
    pub(super) fn alarms_of(&self, schedule: &Schedule) -> Result<Vec<Alarm>, DeskError> {
        if schedule.suspended {
            return Ok(Vec::new());
        }
        let now = self.watch.now();
        let desk = self.desk.lock()?;
        let in_use: Vec<String> = desk.recall(IN_USE)?.unwrap_or_default();
        let interrupted = desk.interrupted_firings()?;
        let past = |name: &str| {
            let is_in_use = in_use.iter().any(|of| of == name);
            if is_in_use && let Some(last) = desk.last_firing(name, now)? {
                let owed = interrupted.iter().rfind(|firing| firing.schedule == name && firing.at <= now);
                return Ok::<_, DeskError>(Past { last, owed: owed.map(|firing| firing.at) });
            }
            // From now on it can miss something.
            if desk.begin_firing(name, now, now)? {
                desk.end_firing(name, now, now, "scheduled")?;
            }
            Ok(Past { last: now, owed: None })
        };
        Alarm::all(schedule, past)
    }

    /// Puts on record which schedules are in use, and what becomes of what was interrupted: it is owed to those, and
    /// nothing but interrupted where nobody's schedule fired it.
    pub fn note_schedules(&self) {
        if let Err(error) = self.try_note_schedules() {
            self.trouble(&error, self.watch.now());
        }
    }

    fn try_note_schedules(&self) -> Result<(), DeskError> {
        let now = self.watch.now();
        let names: Vec<String> = self.alarms.iter().map(|alarm| alarm.name.clone()).collect();
        let desk = self.desk.lock()?;
        if desk.recall(IN_USE)?.as_ref() != Some(&names) {
            desk.memorize(IN_USE, Some(&names))?;
        }
        for firing in desk.interrupted_firings()? {
            if names.contains(&firing.schedule) {
                desk.interrupt_firing(&firing.schedule, firing.at, OWED)?;
            } else {
                desk.end_firing(&firing.schedule, firing.at, now, "interrupted")?;
            }
        }
        Ok(())
    }

    pub(super) fn show_next(&self) {
        let next = self.alarms.iter().filter_map(|alarm| Some((alarm.name.clone(), alarm.next()?)));
        self.board.show().next = next.collect();
    }

    /// Fires every alarm that rings.
    pub(super) fn fire(&mut self, now: Instant) {
        // The schedule's own alarm comes first, and scans all rules.
        let mut all: Option<Reach> = None;
        for place in 0..self.alarms.len() {
            let (at, is_made_up) = match self.alarms[place].ring(now) {
                Ring::Not => continue,
                Ring::Fire(at) => (at, true),
                Ring::Missed(at) => (at, false),
            };
            let alarm = self.alarms[place].clone();
            let meaning = match is_made_up {
                false => Meaning::Missed,
                // Else the same records would be on two lists.
                true if all.as_ref().is_some_and(|reach| reach.covers(&alarm.rules)) => Meaning::Contained,
                true => Meaning::Scan,
            };
            match self.fire_one(&alarm, at, meaning) {
                Ok(reach) if alarm.rules.is_empty() => all = reach,
                Ok(_) => {}
                Err(error) => {
                    // Unrecorded, it must not run; the next tick tries again.
                    self.board.show().not_begun(&alarm.name, at, now, error.refusal().code);
                    self.trouble(&error, now);
                    continue;
                }
            }
            self.board.show().unrecorded.remove(&alarm.name);
            self.alarms[place].done(at);
            self.show_next();
            if self.is_ending() {
                return;
            }
        }
    }

    /// Says how far its scan reached, where one was made and has ended.
    fn fire_one(&mut self, alarm: &Alarm, at: Instant, meaning: Meaning) -> Result<Option<Reach>, DeskError> {
        let (name, now) = (&alarm.name, self.watch.now());
        if !alarm.owes(at) && !self.desk.lock()?.begin_firing(name, at, now)? {
            return Ok(None);
        }
        let (outcome, reach) = match meaning {
            Meaning::Scan => {
                tracing::info!(schedule = name, %at, "a scan is due");
                let scanned = self.scan(&alarm.rules, Depth::Probe);
                if scanned.is_interrupted {
                    tracing::warn!(schedule = name, %at, "the scan is interrupted; the next start makes it anew");
                    self.leave_owed(name, at);
                    return Ok(None);
                }
                (scanned.outcome, Some(scanned.reach))
            }
            Meaning::Contained => ("the scan of all rules stands for it".to_owned(), None),
            Meaning::Missed => {
                tracing::warn!(schedule = name, %at, "a scan was missed and is not made up");
                ("missed".to_owned(), None)
            }
        };
        self.end(name, at, &outcome);
        self.settle_earlier(name, at);
        Ok(reach)
    }

    fn leave_owed(&self, name: &str, at: Instant) {
        if let Err(error) = self.desk.lock().and_then(|desk| desk.interrupt_firing(name, at, OWED)) {
            self.trouble(&error, self.watch.now());
        }
    }

    /// What was interrupted before is owed no more: a later firing of the same schedule stands for it.
    fn settle_earlier(&self, name: &str, at: Instant) {
        let now = self.watch.now();
        let outcome = "interrupted; a later scan stands for it";
        if let Err(error) = self.desk.lock().and_then(|desk| desk.end_firings_before(name, at, now, outcome)) {
            self.trouble(&error, now);
        }
    }

    /// Puts the beginning of what no schedule fired among the last runs.
    pub(super) fn begin(&self, name: &str) -> Result<Instant, DeskError> {
        let desk = self.desk.lock()?;
        let now = self.watch.now();
        // Two in one second are two.
        let mut at = now;
        while !desk.begin_firing(name, at, now)? {
            at += TimeDelta::seconds(1);
        }
        Ok(at)
    }

    /// And its end.
    pub(super) fn end(&self, name: &str, begun: Instant, outcome: &str) {
        let now = self.watch.now();
        if let Err(error) = self.desk.lock().and_then(|desk| desk.end_firing(name, begun, now, outcome)) {
            self.trouble(&error, now);
        }
    }
}
