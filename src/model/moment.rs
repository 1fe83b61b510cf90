//! Instants, civil dates and zones. The tz database is compiled in, so a date does not depend on the machine.

use std::fmt;
use std::str::FromStr;

use chrono::{
    DateTime, Days, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, TimeDelta, TimeZone, Utc,
};
use chrono_tz::Tz;

/// An instant in UTC.
pub type Instant = DateTime<Utc>;

/// A moment as it is written everywhere: RFC 3339, in UTC, to the second.
pub fn in_utc(instant: Instant) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A day of the civil calendar; in which zone, its holder says.
pub type CivilDate = NaiveDate;

/// When a trigger happened: an instant, or a civil day where the record holds no more than that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Moment {
    At(Instant),
    /// A day in the calendar's zone.
    On(CivilDate),
}

/// A named zone of the tz database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Zone(Tz);

/// A name that the tz database does not know.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the tz database knows no zone of this name")]
pub struct UnknownZone;

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(Tz::UTC);

    /// Its name in the tz database (`America/Toronto`).
    pub fn name(&self) -> &'static str {
        self.0.name()
    }

    /// The zone for chrono's own functions.
    pub fn tz(&self) -> Tz {
        self.0
    }

    /// The civil day of an instant here.
    pub fn civil_date(&self, instant: Instant) -> CivilDate {
        instant.with_timezone(&self.0).date_naive()
    }

    /// The instant at which a civil day begins here and the day before has ended for good: 00:00, the first instant
    /// after the gap where the clock skips midnight, the second 00:00 where it is put back into the day before (St.
    /// John's until 2011).
    ///
    /// `None` only where the day lies outside what chrono can represent.
    pub fn start_of(&self, date: CivilDate) -> Option<Instant> {
        let midnight = date.and_time(NaiveTime::MIN);
        match self.0.from_local_datetime(&midnight) {
            LocalResult::Single(start) => Some(start.to_utc()),
            LocalResult::Ambiguous(first, second) => {
                let returned = self.civil_date(second.to_utc() - TimeDelta::nanoseconds(1)) < date;
                Some(if returned { second } else { first }.to_utc())
            }
            LocalResult::None => self.first_instant_after_gap(date),
        }
    }

    /// A naive local date-time: `None` in a gap (no such time), the later instant in a fold.
    pub fn from_local(&self, local: NaiveDateTime) -> Option<Instant> {
        self.0.from_local_datetime(&local).latest().map(|instant| instant.to_utc())
    }

    /// Finds where `date` begins when its midnight does not exist: the civil day of instants grows with time, so
    /// bisect.
    fn first_instant_after_gap(&self, date: CivilDate) -> Option<Instant> {
        let mut before = date.checked_sub_days(Days::new(2))?.and_time(NaiveTime::MIN).and_utc().timestamp();
        let mut after = date.checked_add_days(Days::new(2))?.and_time(NaiveTime::MIN).and_utc().timestamp();
        while after - before > 1 {
            let middle = before + (after - before) / 2;
            if self.civil_date(DateTime::from_timestamp(middle, 0)?) < date {
                before = middle;
            } else {
                after = middle;
            }
        }
        DateTime::from_timestamp(after, 0)
    }
}

impl FromStr for Zone {
    type Err = UnknownZone;

    fn from_str(name: &str) -> Result<Self, UnknownZone> {
        name.parse().map(Self).map_err(|_| UnknownZone)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> Zone {
        name.parse().unwrap()
    }

    fn instant(text: &str) -> Instant {
        text.parse().unwrap()
    }

    fn date(text: &str) -> CivilDate {
        text.parse().unwrap()
    }

    #[test]
    fn the_civil_day_is_the_zone_s() {
        assert_eq!(zone("America/Toronto").civil_date(instant("2024-03-16T02:30:00Z")), date("2024-03-15"));
        assert_eq!(Zone::UTC.civil_date(instant("2024-03-16T02:30:00Z")), date("2024-03-16"));
    }

    #[test]
    fn a_day_whose_midnight_is_skipped_begins_after_the_gap() {
        // São Paulo went from 24:00 on 3 November 2018 to 01:00 on the 4th.
        assert_eq!(zone("America/Sao_Paulo").start_of(date("2018-11-04")), Some(instant("2018-11-04T03:00:00Z")));
        assert_eq!(zone("America/Toronto").start_of(date("2025-03-16")), Some(instant("2025-03-16T04:00:00Z")));
        // Samoa skipped the whole of 30 December 2011.
        assert_eq!(
            zone("Pacific/Apia").start_of(date("2011-12-30")),
            zone("Pacific/Apia").start_of(date("2011-12-31"))
        );
    }

    #[test]
    fn a_gap_has_no_instant_and_a_fold_takes_the_later() {
        let toronto = zone("America/Toronto");
        let local = |text: &str| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
        assert_eq!(toronto.from_local(local("2024-03-10 02:30")), None);
        assert_eq!(toronto.from_local(local("2024-11-03 01:30")), Some(instant("2024-11-03T06:30:00Z")));
    }
}
