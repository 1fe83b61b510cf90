//! What the schedule fires: recorded before its scan begins, settled when that has ended. What is on record and not
//! settled is owed, whatever interrupted it.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::alerts::kind;
use super::runner::Runner;
use super::scan::{ALL, Depth, Reach, about_rule};
use super::schedule::{Alarm, Past, Ring};
use crate::config::Schedule;
use crate::disposition::desk::{Desk, DeskError, Firing};
use crate::model::Instant;

/// Name of the memo that keeps which schedules are in use: only those miss something while the daemon is down.
const IN_USE: &str = "schedules";

/// What is said of a firing that is owed.
const OWED: &str = "interrupted, and to be made anew";

/// And of one that is owed no more, because its scan ended the daemon each time.
const GIVEN_UP: &str = "crashed three times, and is not made anew";

/// Name of the memo that counts how often a scan was begun that has not come to an end.
const ATTEMPTS: &str = "attempts";

/// A scan that ended the daemon so often waits for the next time of its schedule.
const MOST_ATTEMPTS: u32 = 3;

/// By schedule, the time of the scan that was begun, and how often.
type Attempts = BTreeMap<String, (Instant, u32)>;

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
        let (interrupted, attempts) = (desk.interrupted_firings()?, attempts(&desk)?);
        let past = |name: &str| {
            let is_in_use = in_use.iter().any(|of| of == name);
            if is_in_use && let Some(last) = desk.last_firing(name, now)? {
                let owed = interrupted.iter().rfind(|firing| firing.schedule == name && firing.at <= now);
                let owed = owed.filter(|firing| !is_given_up(&attempts, firing));
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
        let attempts = attempts(&desk)?;
        for firing in desk.interrupted_firings()? {
            if is_given_up(&attempts, &firing) {
                desk.end_firing(&firing.schedule, firing.at, now, GIVEN_UP)?;
                self.tell_given_up(&firing, now);
            } else if names.contains(&firing.schedule) {
                desk.interrupt_firing(&firing.schedule, firing.at, OWED)?;
            } else {
                desk.end_firing(&firing.schedule, firing.at, now, "interrupted")?;
            }
        }
        Ok(())
    }

    /// The next scan that comes to an end ends the alert.
    fn tell_given_up(&self, firing: &Firing, now: Instant) {
        let alarm = self.alarms.iter().find(|alarm| alarm.name == firing.schedule);
        let rules = alarm.map(|alarm| alarm.rules.as_slice()).unwrap_or_default();
        let about = if rules.is_empty() { vec![ALL.to_owned()] } else { rules.iter().map(about_rule).collect() };
        for about in about {
            let message = format!(
                "the scan of {about} ended the daemon {MOST_ATTEMPTS} times and waits for the next time of its schedule; the log of the service says how it ended (`systemctl status`, `journalctl -u retentiond`), and `retentiond plan` tries the same by hand"
            );
            self.board.raise(kind::SCAN_FAILED, &about, message, now);
        }
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
                self.note_attempt(name, at)?;
                let scanned = self.scan(&alarm.rules, Depth::Probe);
                self.forget_attempts(name);
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

    /// Counts that a scan is begun: only one that ends the daemon leaves the count behind.
    fn note_attempt(&self, name: &str, at: Instant) -> Result<(), DeskError> {
        let desk = self.desk.lock()?;
        let mut attempts = attempts(&desk)?;
        let before = attempts.get(name).filter(|(of, _)| *of == at).map_or(0, |(_, before)| *before);
        attempts.insert(name.to_owned(), (at, before + 1));
        desk.memorize(ATTEMPTS, Some(&attempts))
    }

    fn forget_attempts(&self, name: &str) {
        let forget = || {
            let desk = self.desk.lock()?;
            let mut attempts = attempts(&desk)?;
            attempts.remove(name);
            desk.memorize(ATTEMPTS, Some(&attempts))
        };
        if let Err(error) = forget() {
            self.trouble(&error, self.watch.now());
        }
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

fn attempts(desk: &Desk) -> Result<Attempts, DeskError> {
    Ok(desk.recall(ATTEMPTS)?.unwrap_or_default())
}

/// Whether the scan of this firing was begun as often as it may be.
fn is_given_up(attempts: &Attempts, firing: &Firing) -> bool {
    attempts.get(&firing.schedule).is_some_and(|(at, begun)| *at == firing.at && *begun >= MOST_ATTEMPTS)
}
