//! What must become of each record, worked out in another way than the program does: over the whole organization at
//! once, in memory, from what the case says instead of from the database.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use crate::case::{Case, Closure, Encoding, Record, RuleOf, Task, Value};

/// The person whose records are held, where one is.
pub const HELD_PERSON: i64 = 3;

/// The first possible day of an event.
const EARLIEST: (i32, u32, u32) = (1990, 1, 1);

pub fn now() -> DateTime<Utc> {
    "2026-11-22T03:00:00Z".parse().unwrap()
}

/// The instant that a value stands for; the parts of a minute are never written.
pub fn instant(value: Value) -> Option<DateTime<Utc>> {
    match value {
        Value::Null | Value::Garbage => None,
        Value::TooOld => Some("1985-05-05T05:05:00Z".parse().unwrap()),
        Value::Future => Some(now() + TimeDelta::days(40)),
        Value::Ago(minutes) => Some(now() - TimeDelta::minutes(minutes.into())),
    }
}

/// The names of verdicts, as plans count them.
pub const VERDICTS: [&str; 7] = ["filtered", "open", "undated", "not_yet", "held", "blocked", "due"];

/// What an event says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Said {
    Nothing,
    Unreadable,
    /// A day, in the calendar's zone, whose time nobody knows.
    Day(NaiveDate),
    Instant(DateTime<Utc>),
}

/// The verdict on each record of the series, by its number.
pub fn verdicts(case: &Case, records: &[Record], held: &[usize]) -> Vec<&'static str> {
    let mut verdicts: Vec<_> =
        (0..records.len()).map(|number| alone(case, &records[number], held.contains(&number))).collect();
    // A record waits for what blocks it, unless that goes in the same plan: so one that waits makes others wait.
    while let Some(waiting) =
        (0..records.len()).find(|number| verdicts[*number] == "due" && is_blocked(case, records, &verdicts, *number))
    {
        verdicts[waiting] = "blocked";
    }
    verdicts
}

pub fn counts(verdicts: &[&'static str]) -> BTreeMap<&'static str, u64> {
    VERDICTS.map(|name| (name, verdicts.iter().filter(|verdict| **verdict == name).count() as u64)).into()
}

/// The number of the record above this one.
pub fn parent(records: &[Record], number: usize) -> Option<usize> {
    records[number].parent.filter(|_| number > 0).map(|parent| parent.index(number))
}

fn is_blocked(case: &Case, records: &[Record], verdicts: &[&str], number: usize) -> bool {
    let mut beneath = (0..records.len()).filter(|child| parent(records, *child) == Some(number));
    let mut tasks = records[number].tasks.iter();
    (case.is_tree && beneath.any(|child| verdicts[child] != "due"))
        || (case.has_tasks && tasks.any(|task| *task != Task::Done { is_due: true }))
}

/// The verdict without a look at what blocks the record.
fn alone(case: &Case, record: &Record, is_held: bool) -> &'static str {
    if case.has_filter && record.is_draft {
        return "filtered";
    }
    let zone: Tz = case.zone.parse().unwrap();
    let said: Vec<_> = case
        .rules
        .iter()
        .map(|rule| match rule.is_from_last_seen {
            true => seen(record),
            false => believed(closure(case, record), zone, case.closure == Closure::Deadline),
        })
        .collect();
    if said.contains(&Said::Nothing) {
        return "open";
    }
    if said.contains(&Said::Unreadable) {
        return "undated";
    }
    if said.iter().zip(&case.rules).any(|(said, rule)| due(*said, rule, zone) > now()) {
        return "not_yet";
    }
    match is_held || case.is_person_held && record.person == HELD_PERSON {
        true => "held",
        false => "due",
    }
}

fn seen(record: &Record) -> Said {
    record.seen.map_or(Said::Nothing, |minutes| Said::Instant(now() - TimeDelta::minutes(minutes.into())))
}

fn closure(case: &Case, record: &Record) -> Said {
    let read = |value: &Value| read(case, *value);
    let web = record.sessions.iter().filter(|(_, by_web)| *by_web).map(|(value, _)| read(value)).collect();
    let both = vec![read(&record.closed), read(&record.other)];
    match case.closure {
        Closure::Column | Closure::Deadline => both[0],
        Closure::WhereClosed if record.is_closed => both[0],
        Closure::WhereClosed => Said::Nothing,
        Closure::All if both.contains(&Said::Nothing) => Said::Nothing,
        Closure::Latest | Closure::All => extreme(both, true),
        Closure::Earliest => extreme(both, false),
        Closure::LatestSession => extreme(web, true),
        Closure::EarliestSession => extreme(web, false),
    }
}

/// What the mapping makes of a value, in the form in which the application wrote it.
fn read(case: &Case, value: Value) -> Said {
    let Some(instant) = instant(value) else {
        return if value == Value::Null { Said::Nothing } else { Said::Unreadable };
    };
    match case.encoding {
        Encoding::Date => Said::Day(instant.with_timezone(&case.zone.parse::<Tz>().unwrap()).date_naive()),
        Encoding::Local => {
            // Of a time that came twice, nobody knows which was meant: the later keeps longer.
            let zone: Tz = case.source_zone.parse().unwrap();
            let wall = instant.with_timezone(&zone).naive_local();
            Said::Instant(zone.from_local_datetime(&wall).latest().unwrap().to_utc())
        }
        Encoding::Rfc3339 | Encoding::Utc | Encoding::Unix | Encoding::UnixMs => Said::Instant(instant),
    }
}

fn extreme(said: Vec<Said>, is_latest: bool) -> Said {
    if said.contains(&Said::Unreadable) {
        return Said::Unreadable;
    }
    let order = |said: &Said| match said {
        Said::Day(day) => day.and_time(NaiveTime::MIN).and_utc(),
        Said::Instant(instant) => *instant,
        Said::Nothing | Said::Unreadable => unreachable!("left out above"),
    };
    let set = said.into_iter().filter(|said| *said != Said::Nothing);
    let found = if is_latest { set.max_by_key(order) } else { set.min_by_key(order) };
    found.unwrap_or(Said::Nothing)
}

/// An event before anything was recorded, or still to come, is no event.
fn believed(said: Said, zone: Tz, is_deadline: bool) -> Said {
    let today = now().with_timezone(&zone).date_naive();
    let (day, is_future) = match said {
        Said::Day(day) => (day, day > today),
        Said::Instant(instant) => (instant.with_timezone(&zone).date_naive(), instant > now()),
        Said::Nothing | Said::Unreadable => return said,
    };
    let (year, month, first) = EARLIEST;
    match day < NaiveDate::from_ymd_opt(year, month, first).unwrap() || (is_future && !is_deadline) {
        true => Said::Unreadable,
        false => said,
    }
}

/// From when on the record may go.
fn due(said: Said, rule: &RuleOf, zone: Tz) -> DateTime<Utc> {
    let midnight =
        |day: NaiveDate| zone.from_local_datetime(&day.and_time(NaiveTime::MIN)).earliest().unwrap().to_utc();
    let (day, exact) = match said {
        Said::Day(day) => (day, midnight(day.succ_opt().unwrap())),
        Said::Instant(instant) => (instant.with_timezone(&zone).date_naive(), instant),
        Said::Nothing | Said::Unreadable => unreachable!("has no date"),
    };
    let day = if rule.starts_at_year_end { NaiveDate::from_ymd_opt(day.year(), 12, 31).unwrap() } else { day };
    let (months, days) = match rule.keep {
        "immediate" => return exact,
        "PT100H" => return exact + TimeDelta::hours(100),
        "P1Y" => (12, 0),
        "P24M" => (24, 0),
        "P6M" => (6, 0),
        "P1M" => (1, 0),
        "P1Y6M" => (18, 0),
        "P30D" => (0, 30),
        "P2W" => (0, 14),
        other => unreachable!("{other}"),
    };
    let last = months_later(day, months) + TimeDelta::days(days);
    midnight(last.succ_opt().unwrap())
}

/// The same day so many months on, counted month by month; the month's last where it has no such day.
fn months_later(day: NaiveDate, months: u32) -> NaiveDate {
    let (mut year, mut month) = (day.year(), day.month());
    for _ in 0..months {
        (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    }
    (1..=day.day()).rev().find_map(|day| NaiveDate::from_ymd_opt(year, month, day)).unwrap()
}
