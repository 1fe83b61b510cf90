//! When a scan is due. Pure: what time it is and what was fired last are arguments.
//!
//! A firing is the nominal time of a pattern, an instant. Each fires once, whatever the clock does: only times after
//! the last firing count, so a clock that is put back fires nothing twice, and however many were missed while the
//! daemon was down, only the latest is left. One whose scan was interrupted is owed until a scan has ended.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use croner::Cron;

use crate::config::{CatchUp, Schedule};
use crate::model::{Instant, RuleNumber, Zone};

/// A heartbeat comes every minute; up to this late a firing is on time, not made up.
const ON_TIME: TimeDelta = TimeDelta::minutes(3);

/// The latest firing of `cron` in `zone` after `last` and not after `now`.
///
/// A pattern of fixed hours that falls into a spring gap fires at the first instant after it, one in an autumn fold
/// fires once.
pub fn due(now: Instant, last: Instant, cron: &Cron, zone: Zone) -> Option<Instant> {
    // A pattern without any time (30 February) is an error to croner and never due to us.
    let latest = cron.find_previous_occurrence(&now.with_timezone(&zone.tz()), true).ok()?.to_utc();
    (last < latest && latest <= now).then_some(latest)
}

/// The first firing after an instant; `None` where there is none.
pub fn next(after: Instant, cron: &Cron, zone: Zone) -> Option<Instant> {
    Some(cron.find_next_occurrence(&after.with_timezone(&zone.tz()), false).ok()?.to_utc())
}

/// What a schedule fired before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Past {
    /// When it fired last; where it never did, since when it can miss something.
    pub last: Instant,
    /// The latest firing whose scan began and did not end.
    pub owed: Option<Instant>,
}

/// One pattern of the schedule: what it scans, and when it fired last.
#[derive(Clone, Debug)]
pub struct Alarm {
    /// Its name in the records of firings. Holds the pattern and the zone: an edited pattern is another schedule, which
    /// has missed nothing yet.
    pub name: String,
    /// Scans these rules only; empty: all.
    pub rules: Vec<RuleNumber>,
    cron: Cron,
    zone: Zone,
    catch_up: CatchUp,
    grace: TimeDelta,
    last: Instant,
    owed: Option<Instant>,
    /// First time after `last`, so that a tick costs a comparison.
    next: Option<Instant>,
}

/// What a tick means to an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ring {
    /// Nothing is due.
    Not,
    /// The scan of this time is due.
    Fire(Instant),
    /// The scan of this time was missed, and is not made up.
    Missed(Instant),
}

impl Alarm {
    /// Every alarm of a schedule. `past` tells what the alarm of a name fired before.
    ///
    /// # Errors
    /// Whatever `past` fails with.
    pub fn all<E>(schedule: &Schedule, mut past: impl FnMut(&str) -> Result<Past, E>) -> Result<Vec<Self>, E> {
        let main = (String::from("all"), Vec::new(), &schedule.scan);
        let extra = schedule.extra.iter().map(|extra| {
            let rules: BTreeSet<&RuleNumber> = extra.rules.iter().collect();
            let names: Vec<&str> = rules.iter().map(|rule| rule.as_str()).collect();
            (names.join(","), rules.into_iter().cloned().collect(), &extra.scan)
        });
        let mut alarms: Vec<Self> = Vec::new();
        for (what, rules, cron) in std::iter::once(main).chain(extra) {
            let name = format!("{what} at {} {}", cron.as_str(), schedule.timezone);
            if alarms.iter().any(|alarm| alarm.name == name) {
                continue;
            }
            let Past { last, owed } = past(&name)?;
            alarms.push(Self {
                rules,
                cron: cron.clone(),
                zone: schedule.timezone,
                catch_up: schedule.catch_up,
                grace: TimeDelta::try_seconds(schedule.grace.try_into().unwrap_or(i64::MAX)).unwrap_or(TimeDelta::MAX),
                last,
                owed,
                next: next(last, cron, schedule.timezone),
                name,
            });
        }
        Ok(alarms)
    }

    /// What it means to this alarm that it is `now`.
    pub fn ring(&self, now: Instant) -> Ring {
        let has_come = self.next.is_some_and(|next| next <= now);
        let due = if has_come { due(now, self.last, &self.cron, self.zone) } else { None };
        // The latest stands for one that was interrupted before.
        let Some(at) = due.or(self.owed) else { return Ring::Not };
        let late = now - at;
        let is_made_up = self.catch_up == CatchUp::Once && late <= self.grace;
        if late <= ON_TIME || is_made_up { Ring::Fire(at) } else { Ring::Missed(at) }
    }

    /// Whether the firing of this time is on record and its scan did not end.
    pub fn owes(&self, at: Instant) -> bool {
        self.owed == Some(at)
    }

    /// Notes that the scan of this time was fired, or is not made up.
    pub fn done(&mut self, at: Instant) {
        self.last = self.last.max(at);
        self.owed = None;
        self.next = next(self.last, &self.cron, self.zone);
    }

    /// Whether it fired at a time that has not come: under a clock that was put back since.
    pub fn is_ahead(&self, now: Instant) -> bool {
        now < self.last
    }

    /// It is `now` after all: what it fired at a time to come, it may fire again then, and has missed nothing before.
    pub fn put_back(&mut self, now: Instant) {
        self.last = self.last.min(now);
        self.owed = self.owed.filter(|owed| *owed <= now);
        self.next = next(self.last, &self.cron, self.zone);
    }

    /// When it fires next.
    pub fn next(&self) -> Option<Instant> {
        self.next
    }
}

#[cfg(test)]
mod tests;
