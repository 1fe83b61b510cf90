//! `[schedule]`: when the daemon scans, and when it must not or may work at length.

use std::str::FromStr;

use chrono::{Datelike, Days, NaiveDateTime, NaiveTime, Weekday};
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

use crate::calendar::Keep;
use crate::model::{RuleNumber, Table, Value, Zone};

/// When the daemon scans.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// Five fields, in `timezone`.
    pub scan: Cron,
    pub timezone: Zone,
    pub catch_up: CatchUp,
    /// A run missed for longer than this is not made up. Seconds.
    pub grace: u64,
    /// Scans of their own for some rules.
    pub extra: Vec<ExtraScan>,
    /// While one of these is open, nothing is destroyed.
    pub blackout: Vec<Window>,
    /// Giant records wait for one of these. Empty: any time will do.
    pub maintenance: Vec<Window>,
    /// The daemon scans nothing by itself.
    pub suspended: bool,
}

/// What becomes of runs missed while the daemon was down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CatchUp {
    /// However many were missed, one run makes up for them.
    Once,
    Never,
}

/// A scan of some rules, more or less often than the others.
#[derive(Clone, Debug, PartialEq)]
pub struct ExtraScan {
    /// Never empty.
    pub rules: Vec<RuleNumber>,
    pub scan: Cron,
}

/// Hours of some days of the week, local to the schedule's zone (`Sat,Sun 22:00-06:00`).
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

/// Runs of a night, when the file says nothing else.
const DEFAULT_SCAN: &str = "0 2 * * *";

/// A weekend of downtime is made up for; what is older waits for the next scan.
const DEFAULT_GRACE: u64 = 72 * 3_600;

/// Lowers `[schedule]`; `None` after noting faults.
pub(super) fn lower(mut table: Table<'_>) -> Option<Schedule> {
    let zone_mend = "write `timezone = \"America/Toronto\"`: the scan's hours are local to it";
    let timezone = table.need("timezone", zone_mend).and_then(|zone| zone.zone());
    let scan = match table.get("scan") {
        Some(scan) => cron(&scan),
        None => parse_cron(DEFAULT_SCAN).ok(),
    };
    let words = [("once", CatchUp::Once), ("never", CatchUp::Never)];
    let catch_up = table.get("catch_up").map_or(Some(CatchUp::Once), |word| word.one_of(&words));
    let grace = table.get("grace").map_or(Some(DEFAULT_GRACE), |period| grace(&period));
    let extra = table.get("extra").map_or(Some(Vec::new()), |list| list.items()?.iter().map(extra_scan).collect());
    let blackout = table.get("blackout").map_or(Some(Vec::new()), |list| windows(&list));
    let maintenance = table.get("maintenance").map_or(Some(Vec::new()), |list| windows(&list));
    let suspended = table.get("suspended").map_or(Some(false), |flag| flag.flag());
    table.finish();
    Some(Schedule {
        scan: scan?,
        timezone: timezone?,
        catch_up: catch_up?,
        grace: grace?,
        extra: extra?,
        blackout: blackout?,
        maintenance: maintenance?,
        suspended: suspended?,
    })
}

fn extra_scan(value: &Value<'_>) -> Option<ExtraScan> {
    let mut table = value.table()?;
    let rules = table.need("rules", "name the rules: `rules = [\"PQ-1\"]`");
    let rules = rules.and_then(|rules| {
        let numbers: Vec<_> = rules.texts()?.into_iter().map(RuleNumber::new).collect();
        if numbers.is_empty() {
            rules.fault(
                "empty-list",
                format!("`{}` names no rule", rules.path()),
                "name the rules, or remove the scan",
            );
        }
        Some(numbers)
    });
    let scan = table.need("scan", "give five fields: `scan = \"*/5 * * * *\"`").and_then(|scan| cron(&scan));
    table.finish();
    Some(ExtraScan { rules: rules?, scan: scan? })
}

fn cron(value: &Value<'_>) -> Option<Cron> {
    let text = value.text()?;
    parse_cron(text)
        .map_err(|error| {
            let message = format!("`{}` cannot be \"{text}\": {error}", value.path());
            value.fault(
                "cron",
                message,
                "write minute, hour, day, month and weekday: \"0 2 * * *\" is every day at 02:00",
            );
        })
        .ok()
}

fn parse_cron(text: &str) -> Result<Cron, croner::errors::CronError> {
    CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build().parse(text)
}

fn grace(value: &Value<'_>) -> Option<u64> {
    let text = value.text()?;
    let seconds = match text.parse::<Keep>() {
        Ok(Keep::Exact { seconds }) => u64::try_from(seconds).ok(),
        Ok(Keep::Civil(period)) if period.months == 0 => Some(u64::from(period.days) * 86_400),
        _ => None,
    };
    if seconds.is_none() {
        let message = format!("`{}` cannot be \"{text}\"", value.path());
        value.fault("grace", message, "write hours or days, such as \"PT12H\" or \"P3D\"");
    }
    seconds
}

fn windows(value: &Value<'_>) -> Option<Vec<Window>> {
    let mend = "write days and hours: \"Mon-Fri 08:00-18:00\" or \"Sat,Sun 22:00-06:00\"";
    let window = |item: &Value<'_>| {
        item.text()?.parse().map_err(|error: ParseWindowError| item.fault("window", error.to_string(), mend)).ok()
    };
    value.items()?.iter().map(window).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(window: &str, local: &str) -> bool {
        let local = NaiveDateTime::parse_from_str(local, "%Y-%m-%d %H:%M").unwrap();
        window.parse::<Window>().unwrap().contains(local)
    }

    // 2026-11-21 is a Saturday.
    #[test]
    fn a_window_opens_at_its_first_minute_and_is_shut_at_its_last() {
        assert!(open("Sat 08:00-18:00", "2026-11-21 08:00"));
        assert!(open("Mon-Sat 08:00-18:00", "2026-11-21 17:59"));
        assert!(!open("Mon-Sat 08:00-18:00", "2026-11-21 18:00"));
        assert!(!open("Mon-Fri 08:00-18:00", "2026-11-21 12:00"));
        assert!(open("08:00-18:00", "2026-11-22 12:00"));
    }

    #[test]
    fn a_window_over_midnight_belongs_to_the_day_it_opens() {
        assert!(open("Sat 22:00-06:00", "2026-11-21 23:00"));
        assert!(open("Sat 22:00-06:00", "2026-11-22 05:59"));
        assert!(!open("Sat 22:00-06:00", "2026-11-21 05:00"));
        assert!(!open("Sat 22:00-06:00", "2026-11-22 06:00"));
        assert!(open("Fri-Mon 00:00-00:00", "2026-11-23 12:00"), "days wrap around the week");
    }

    #[test]
    fn what_is_no_window_is_refused() {
        for text in ["", "Sat", "Sat 22:00", "Sat 25:00-26:00", "Somedays 01:00-02:00", "Sat  - 22:00-23:00"] {
            assert!(text.parse::<Window>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_pattern_has_five_fields() {
        assert!(parse_cron("0 2 * * *").is_ok());
        for text in ["", "0 2 * *", "0 0 2 * * *", "61 2 * * *", "0 2 * * FOO", "never"] {
            assert!(parse_cron(text).is_err(), "{text}");
        }
    }
}
