//! Hours of the week in which more may be done, or nothing. Pure: what time it is is an argument.
//!
//! Windows follow the clock on the wall of their zone. Where it is put forward over one, that window does not open that
//! night; where it is put back, one that lies in the repeated hour is open both times.

use std::str::FromStr;

use chrono::{Datelike, Days, NaiveDateTime, NaiveTime, TimeDelta, Weekday};

use super::{Instant, Pace, Zone};

/// Hours of some days of the week (`Sat,Sun 22:00-06:00`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Days on which it opens, from Monday.
    days: [bool; 7],
    from: NaiveTime,
    /// Not included; at or before `from`: on the next day.
    to: NaiveTime,
}

/// A text that is no window.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no window of time")]
pub struct ParseWindowError(String);

/// The windows of an organization, local to one zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Windows {
    pub zone: Zone,
    /// While one of these is open, nothing is destroyed.
    pub blackout: Vec<Window>,
    /// While one of these is open, runs go at full pace. Where there are any, giant records wait for one.
    pub maintenance: Vec<Window>,
}

/// What is open at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// No execution begins, and one that goes on stops after the chunk at hand.
    Blackout,
    /// The owner's application can spare more than usual.
    Maintenance,
    Ordinary,
}

impl Windows {
    /// No windows at all: every hour is like the other.
    pub const NONE: Self = Self { zone: Zone::UTC, blackout: Vec::new(), maintenance: Vec::new() };

    /// What is open. A blackout shuts the maintenance windows that it covers.
    pub fn open_at(&self, now: Instant) -> Opening {
        let local = now.with_timezone(&self.zone.tz()).naive_local();
        let is_open = |windows: &[Window]| windows.iter().any(|window| window.contains(local));
        if is_open(&self.blackout) {
            Opening::Blackout
        } else if is_open(&self.maintenance) {
            Opening::Maintenance
        } else {
            Opening::Ordinary
        }
    }

    /// Whether a record too large for a short transaction may be destroyed: in a maintenance window, or at any time
    /// where none is set.
    pub fn admits_giants_at(&self, now: Instant) -> bool {
        match self.open_at(now) {
            Opening::Blackout => false,
            Opening::Maintenance => true,
            Opening::Ordinary => self.maintenance.is_empty(),
        }
    }

    /// How gently to work: full pace in a maintenance window, else as usual.
    pub fn pace_at(&self, now: Instant, usual: Pace) -> Pace {
        if self.open_at(now) == Opening::Maintenance { Pace::Full } else { usual }
    }

    /// When something else will be open; `None` where the week has no such change. To the minute, as windows are
    /// written.
    pub fn changes_after(&self, now: Instant) -> Option<Instant> {
        let before = self.open_at(now);
        let minute = Instant::from_timestamp(now.timestamp().div_euclid(60) * 60, 0)?;
        // A week, and a day for a night on which the clock is changed.
        let minutes = (1..=8 * 1_440).map(|minutes| minute + TimeDelta::minutes(minutes));
        minutes.into_iter().find(|then| self.open_at(*then) != before)
    }
}

impl Window {
    /// Whether it is open at this local time.
    pub fn contains(&self, local: NaiveDateTime) -> bool {
        let opens_on = |day: Weekday| self.days[day.num_days_from_monday() as usize];
        let time = local.time();
        if self.from < self.to {
            return opens_on(local.weekday()) && self.from <= time && time < self.to;
        }
        let since_yesterday = || local.checked_sub_days(Days::new(1)).is_some_and(|day| opens_on(day.weekday()));
        (opens_on(local.weekday()) && self.from <= time) || (time < self.to && since_yesterday())
    }
}

impl FromStr for Window {
    type Err = ParseWindowError;

    fn from_str(text: &str) -> Result<Self, ParseWindowError> {
        let wrong = || ParseWindowError(text.to_owned());
        let (days, hours) = text.trim().rsplit_once(' ').unwrap_or(("Mon-Sun", text.trim()));
        let (from, to) = hours.split_once('-').ok_or_else(wrong)?;
        let time = |text: &str| NaiveTime::parse_from_str(text, "%H:%M").map_err(|_| wrong());
        Ok(Self { days: parse_days(days).ok_or_else(wrong)?, from: time(from)?, to: time(to)? })
    }
}

/// `Mon-Fri`, `Sat,Sun`, `Fri-Mon`.
fn parse_days(text: &str) -> Option<[bool; 7]> {
    let mut days = [false; 7];
    for span in text.split(',') {
        let (first, last) = span.split_once('-').unwrap_or((span, span));
        let (mut day, last) = (first.trim().parse::<Weekday>().ok()?, last.trim().parse::<Weekday>().ok()?);
        days[day.num_days_from_monday() as usize] = true;
        while day != last {
            day = day.succ();
            days[day.num_days_from_monday() as usize] = true;
        }
    }
    Some(days)
}

#[cfg(test)]
mod tests;
