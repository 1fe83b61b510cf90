//! The verifier's own reckoning of terms, from what a calendar leaf says and nothing else.
//!
//! On purpose it shares no line with the room that planned the destruction: a slip there must not hide itself here.

use std::collections::BTreeSet;

use crate::audit::leaf::RuleTerm;
use crate::model::{CivilDate, Zone};

/// Why a rule's arithmetic cannot be redone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TermError {
    #[error("it gives no way for a term to come")]
    NoWay,
    #[error("two of its ways start from one trigger")]
    Trigger,
    #[error("one of its periods is no ISO 8601 period of civil days or of exact time, or is empty")]
    Period,
    #[error("its year end is no day that every year has, as MM-DD")]
    YearEnd,
}

/// The arithmetic of one rule in one zone.
#[derive(Clone, Debug)]
pub struct Term {
    zone: Zone,
    year_end: Option<(i64, i64)>,
    /// Trigger and period.
    ways: Vec<(String, Keep)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Keep {
    Immediate,
    Civil { months: i64, days: i64 },
    Exact { seconds: i64 },
}

impl Term {
    /// Reads a rule of a calendar leaf.
    ///
    /// # Errors
    /// A period or a year end out of form.
    pub fn read(rule: &RuleTerm, zone: Zone) -> Result<Self, TermError> {
        let year_end = rule.year_end.as_deref().map(read_year_end).transpose()?;
        let ways = rule.ways.iter().map(|way| Ok((way.trigger.clone(), read_keep(&way.keep)?)));
        let ways: Vec<(String, Keep)> = ways.collect::<Result<_, _>>()?;
        let triggers: BTreeSet<&str> = ways.iter().map(|(trigger, _)| trigger.as_str()).collect();
        match ways.len() {
            0 => Err(TermError::NoWay),
            count if triggers.len() < count => Err(TermError::Trigger),
            _ => Ok(Self { zone, year_end, ways }),
        }
    }

    /// Whether two rules let a term come at the same times, however their periods and the order of their ways are
    /// written.
    pub(super) fn is_same(one: &RuleTerm, other: &RuleTerm) -> bool {
        let read = |rule: &RuleTerm| {
            let mut term = Self::read(rule, Zone::UTC).ok()?;
            term.ways.sort();
            Some((term.year_end, term.ways))
        };
        match (read(one), read(other)) {
            (Some(one), Some(other)) => one == other,
            // Rules that never let a term come.
            _ => (&one.ways, &one.year_end) == (&other.ways, &other.year_end),
        }
    }

    /// The first second (since 1970) at which a record can be due whose trigger came on `day` (days since 1970);
    /// `None`: never.
    ///
    /// The log holds the trigger's civil day and not its hour, so for `immediate` and exact periods the day's first
    /// instant counts; and of several ways the earliest, since the log does not say which way it was.
    pub fn not_before(&self, day: i32) -> Option<i64> {
        self.ways.iter().filter_map(|(_, keep)| self.way_not_before(*keep, i64::from(day))).min()
    }

    /// The same where `day` is known to be this trigger's.
    pub(super) fn not_before_from(&self, trigger: &str, day: i32) -> Option<i64> {
        let ways = self.ways.iter().filter(|(of, _)| of == trigger);
        ways.filter_map(|(_, keep)| self.way_not_before(*keep, i64::from(day))).min()
    }

    /// The triggers of its ways.
    pub(super) fn triggers(&self) -> impl Iterator<Item = &str> {
        self.ways.iter().map(|(trigger, _)| trigger.as_str())
    }

    fn way_not_before(&self, keep: Keep, day: i64) -> Option<i64> {
        // A year's end counts as a day that has ended.
        let (first, ended) = match self.year_end {
            Some(end) => (next_year_end(day, end), 1),
            None => (day, 0),
        };
        match keep {
            Keep::Immediate => self.start_of(first + ended),
            Keep::Exact { seconds } => self.start_of(first + ended)?.checked_add(seconds),
            Keep::Civil { months, days } => self.start_of(add_months(first, months).checked_add(days)? + 1),
        }
    }

    fn start_of(&self, day: i64) -> Option<i64> {
        let (year, month, day) = civil(day);
        let date = CivilDate::from_ymd_opt(year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?)?;
        Some(self.zone.start_of(date)?.timestamp())
    }
}

/// The first such month and day on or after `day`.
fn next_year_end(day: i64, (month, last): (i64, i64)) -> i64 {
    let (year, _, _) = civil(day);
    let this_year = day_number(year, month, last);
    if this_year >= day { this_year } else { day_number(year + 1, month, last) }
}

/// Adds months once, as a whole; a missing day becomes the month's last.
fn add_months(day: i64, months: i64) -> i64 {
    let (year, month, day) = civil(day);
    let count = year * 12 + (month - 1) + months;
    let (year, month) = (count.div_euclid(12), count.rem_euclid(12) + 1);
    day_number(year, month, day.min(days_in(year, month)))
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a Gregorian date. Years are counted from March, so that the leap day comes last.
fn day_number(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of a day counted since 1970-01-01.
fn civil(day: i64) -> (i64, i64, i64) {
    let shifted = day + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let month = (from_march + 2) % 12 + 1;
    (year + era * 400 + i64::from(month <= 2), month, of_year - (153 * from_march + 2) / 5 + 1)
}

fn read_year_end(text: &str) -> Result<(i64, i64), TermError> {
    let (month, day) = text.split_once('-').ok_or(TermError::YearEnd)?;
    let number = |text: &str| match text.as_bytes() {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => Ok(i64::from(tens - b'0') * 10 + i64::from(ones - b'0')),
        _ => Err(TermError::YearEnd),
    };
    let (month, day) = (number(month)?, number(day)?);
    // 29 February is no year's end: three years of four lack it.
    let exists = (1..=12).contains(&month) && day >= 1 && day <= days_in(2023, month);
    if exists { Ok((month, day)) } else { Err(TermError::YearEnd) }
}

/// Units in their ISO 8601 order: whether after the `T`, months or days or seconds, and how many of them.
const UNITS: [(bool, u8, Unit, i64); 7] = [
    (false, b'Y', Unit::Month, 12),
    (false, b'M', Unit::Month, 1),
    (false, b'W', Unit::Day, 7),
    (false, b'D', Unit::Day, 1),
    (true, b'H', Unit::Second, 3_600),
    (true, b'M', Unit::Second, 60),
    (true, b'S', Unit::Second, 1),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    Month,
    Day,
    Second,
}

fn read_keep(text: &str) -> Result<Keep, TermError> {
    if text == "immediate" {
        return Ok(Keep::Immediate);
    }
    let mut rest = text.strip_prefix('P').ok_or(TermError::Period)?.as_bytes();
    let (mut months, mut days, mut seconds) = (0_i64, 0_i64, 0_i64);
    let mut after_t = false;
    let mut next_unit = 0;
    while let Some(first) = rest.first() {
        if *first == b'T' && !after_t && rest.len() > 1 {
            after_t = true;
            rest = &rest[1..];
        }
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number = str::from_utf8(&rest[..digits]).ok().and_then(|number| number.parse::<u32>().ok());
        let number = i64::from(number.ok_or(TermError::Period)?);
        let found = UNITS[next_unit..].iter().position(|unit| unit.0 == after_t && Some(&unit.1) == rest.get(digits));
        let place = next_unit + found.ok_or(TermError::Period)?;
        let (_, _, unit, size) = UNITS[place];
        *match unit {
            Unit::Month => &mut months,
            Unit::Day => &mut days,
            Unit::Second => &mut seconds,
        } += number * size;
        next_unit = place + 1;
        rest = &rest[digits + 1..];
    }
    match (months, days, seconds) {
        (0, 0, 0) => Err(TermError::Period),
        (_, _, 0) if !after_t => Ok(Keep::Civil { months, days }),
        (0, _, _) => Ok(Keep::Exact { seconds: days * 86_400 + seconds }),
        _ => Err(TermError::Period),
    }
}

#[cfg(test)]
mod tests {
    use chrono::Datelike;

    use super::*;
    use crate::audit::leaf::TermWay;

    fn days(date: &str) -> i32 {
        let date: CivilDate = date.parse().unwrap();
        date.num_days_from_ce() - CivilDate::from_ymd_opt(1970, 1, 1).unwrap().num_days_from_ce()
    }

    fn term(keeps: &[&str], year_end: Option<&str>) -> Result<Term, TermError> {
        let way = |(place, keep): (usize, &&str)| TermWay { trigger: format!("t{place}"), keep: (*keep).to_owned() };
        let ways = keeps.iter().enumerate().map(way).collect();
        let rule =
            RuleTerm { series: "s".into(), disposition: "destroy".into(), ways, year_end: year_end.map(str::to_owned) };
        Term::read(&rule, "America/Toronto".parse().unwrap())
    }

    fn start(date: &str) -> Option<i64> {
        let zone: Zone = "America/Toronto".parse().unwrap();
        zone.start_of(date.parse().unwrap()).map(|instant| instant.timestamp())
    }

    #[test]
    fn days_and_dates_are_chrono_s_over_four_centuries() {
        let mut date = CivilDate::from_ymd_opt(1799, 12, 31).unwrap();
        while date.year() < 2201 {
            let (year, month, day) = (i64::from(date.year()), i64::from(date.month()), i64::from(date.day()));
            let number = i64::from(date.num_days_from_ce()) - 719_163;
            assert_eq!(day_number(year, month, day), number, "{date}");
            assert_eq!(civil(number), (year, month, day), "{date}");
            date = date.succ_opt().unwrap();
        }
    }

    #[test]
    fn the_table_of_the_date_rule_holds() {
        for (trigger, keep, year_end, due) in [
            ("2024-03-15", "P1Y", None, "2025-03-16"),
            ("2024-02-29", "P1Y", None, "2025-03-01"),
            ("2024-08-31", "P24M", None, "2026-09-01"),
            ("2024-01-31", "P1M", None, "2024-03-01"),
            ("2024-05-10", "P6Y", Some("12-31"), "2031-01-01"),
            ("2024-02-29", "P4Y", None, "2028-03-01"),
            ("2024-01-31", "P1M1D", None, "2024-03-02"),
            ("2024-01-01", "P2W3D", None, "2024-01-19"),
            ("2024-01-01", "immediate", None, "2024-01-01"),
            ("2024-12-31", "immediate", Some("12-31"), "2025-01-01"),
        ] {
            assert_eq!(term(&[keep], year_end).unwrap().not_before(days(trigger)), start(due), "{trigger} {keep}");
        }
    }

    #[test]
    fn exact_time_counts_from_the_days_first_instant_and_the_earliest_way_counts() {
        let exact = term(&["P1DT12H"], None).unwrap();
        assert_eq!(exact.not_before(days("2024-03-09")), start("2024-03-09").map(|start| start + 36 * 3_600));
        let either = term(&["P6M", "P30D"], None).unwrap();
        assert_eq!(either.not_before(days("2024-01-01")), start("2024-02-01"));
    }

    #[test]
    fn rules_are_the_same_whatever_the_order_of_their_ways_and_the_units_of_their_periods() {
        let rule = |ways: &[(&str, &str)], disposition: &str| {
            let way = |(trigger, keep): &(&str, &str)| TermWay { trigger: (*trigger).into(), keep: (*keep).into() };
            let (series, disposition) = ("s".into(), disposition.to_owned());
            RuleTerm { series, disposition, ways: ways.iter().map(way).collect(), year_end: None }
        };
        let is_same = |one: &[(&str, &str)], other: &[(&str, &str)]| {
            Term::is_same(&rule(one, "destroy"), &rule(other, "destroy"))
        };
        assert!(is_same(&[("a", "P1Y"), ("b", "P2W")], &[("b", "P14D"), ("a", "P12M")]));
        assert!(!is_same(&[("a", "P1Y"), ("b", "P2W")], &[("b", "P1Y"), ("a", "P2W")]));
        assert!(!is_same(&[("a", "P1Y")], &[("a", "P365D")]));
        assert!(is_same(&[], &[]) && !is_same(&[], &[("a", "P1Y")]));
    }

    #[test]
    fn periods_and_year_ends_out_of_form_are_refused() {
        for keep in
            ["", "P", "PT", "P0D", "PT0S", "1Y", "P1", "PY", "P1D1Y", "P1YT1H", "P-1Y", "P1.5Y", "P1Y ", "P9999999999D"]
        {
            assert_eq!(term(&[keep], None).err(), Some(TermError::Period), "{keep}");
        }
        for end in ["", "1231", "13-01", "02-29", "00-10", "04-31", "1-031", "+1-01", "12-31-"] {
            assert_eq!(term(&["P1Y"], Some(end)).err(), Some(TermError::YearEnd), "{end}");
        }
        assert_eq!(term(&[], None).err(), Some(TermError::NoWay));
    }

    #[test]
    fn a_date_beyond_all_dates_is_never_due() {
        assert_eq!(term(&["P4294967295Y"], None).unwrap().not_before(i32::MAX), None);
        assert_eq!(term(&["PT4294967295S"], None).unwrap().not_before(i32::MAX), None);
    }
}
