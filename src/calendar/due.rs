//! From a trigger and a period to the instant from which a record is due: the one place where dates are reckoned.
//!
//! The rule is transposed from C.p.c. 83, C.c.Q. 2879 and Interpretation Act 52 and 61 (24); no text fixes it for
//! retention. Planning, execution, explanation and the auditor's verification all call it, so none can disagree about a
//! date.

use chrono::{Datelike, Days, Months, NaiveDate, TimeDelta};

use super::{Keep, Period, StartAt};
use crate::model::{CivilDate, Instant, Moment, Zone};

/// The reckoning of one term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Civil day of the trigger in the calendar's zone.
    pub trigger_day: CivilDate,
    /// The last day of keeping, which must elapse; `None` where the term is an instant (`immediate`, `PT24H`, a
    /// deadline).
    pub last_day: Option<CivilDate>,
    /// The record is due at this instant and ever after.
    pub from: Instant,
}

impl Keep {
    /// When a record is due whose trigger came at `moment`.
    ///
    /// The trigger's civil day in `zone` is not counted; the period is added once as a whole (months first, a missing
    /// day becoming the month's last, then days); the last day must elapse. A trigger known by its day only counts as
    /// having come when that day ended: for `immediate` and exact periods too, since it may have come in its last
    /// minute. A deadline (`expires_at`) is a trigger that may lie ahead; with `immediate`, its value is the term.
    ///
    /// `None` where the date lies beyond what a date can be: such a record is never due.
    pub fn due(&self, moment: Moment, start: StartAt, zone: Zone) -> Option<Due> {
        let trigger_day = match moment {
            Moment::At(instant) => zone.civil_date(instant),
            Moment::On(day) => day,
        };
        let (first, moment) = match start {
            StartAt::Trigger => (trigger_day, moment),
            StartAt::YearEnd { month, day } => {
                let end = next_year_end(trigger_day, month, day)?;
                (end, Moment::On(end))
            }
        };
        match *self {
            Self::Immediate => at_once(moment, zone).map(|due| Due { trigger_day, ..due }),
            Self::Civil(period) => Due::after(trigger_day, add(first, period)?, zone),
            Self::Exact { seconds } => {
                let from = happened_by(moment, zone)?.checked_add_signed(TimeDelta::try_seconds(seconds)?)?;
                Some(Due { trigger_day, last_day: None, from })
            }
        }
    }
}

/// Due at the moment itself, which for a day alone is its end.
fn at_once(moment: Moment, zone: Zone) -> Option<Due> {
    match moment {
        Moment::At(instant) => Some(Due { trigger_day: zone.civil_date(instant), last_day: None, from: instant }),
        Moment::On(day) => Due::after(day, day, zone),
    }
}

impl Due {
    /// Due when `last_day` has elapsed.
    fn after(trigger_day: CivilDate, last_day: CivilDate, zone: Zone) -> Option<Self> {
        let from = zone.start_of(last_day.succ_opt()?)?;
        Some(Self { trigger_day, last_day: Some(last_day), from })
    }
}

/// The instant by which the trigger has surely come.
fn happened_by(moment: Moment, zone: Zone) -> Option<Instant> {
    match moment {
        Moment::At(instant) => Some(instant),
        Moment::On(day) => zone.start_of(day.succ_opt()?),
    }
}

/// Adds a period once as a whole.
fn add(day: CivilDate, period: Period) -> Option<CivilDate> {
    day.checked_add_months(Months::new(period.months))?.checked_add_days(Days::new(u64::from(period.days)))
}

/// The first such month and day on or after `from`; `None` for a day that the year lacks (`parse` refuses those).
fn next_year_end(from: CivilDate, month: u32, day: u32) -> Option<CivilDate> {
    let this_year = NaiveDate::from_ymd_opt(from.year(), month, day)?;
    if this_year >= from { Some(this_year) } else { NaiveDate::from_ymd_opt(from.year().checked_add(1)?, month, day) }
}

#[cfg(test)]
mod tests;
