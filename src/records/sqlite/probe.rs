//! Whether anything may be due, answered from an index in milliseconds where one stands on the event.

use std::time::Duration;

use chrono::{Days, NaiveTime, TimeDelta};
use rusqlite::Connection;
use rusqlite::types::Value;

use super::StoreError;
use super::open::Opened;
use super::read::{Glance, Others};
use super::select::FactsQuery;
use super::sql::{self, THIS};
use crate::model::{CivilDate, Instant, Moment, TriggerName};
use crate::records::facts::{EventFact, Reading};
use crate::records::mapping::{Element, ElementTable, Encoding, EventMapping, Pick, SeriesMapping};

/// What cannot be told in this time is left to a complete scan.
const LONGEST_PROBE: Duration = Duration::from_millis(100);

/// Whether any row in scope may have its event before `cutoff`. May say yes in vain (a held record says it every
/// night), never no in vain.
///
/// # Errors
/// A statement that the database refuses, or that failed.
pub fn probe(
    opened: &Opened,
    series: &SeriesMapping,
    query: &FactsQuery,
    event: &TriggerName,
    cutoff: Instant,
) -> Result<bool, StoreError> {
    let Some(place) = series.events.keys().position(|name| name == event) else { return Ok(true) };
    let Some(ranges) = ranges(&series.events[event], series.earliest, cutoff) else { return Ok(true) };
    let conn = &opened.conn;
    opened.deadline.set(LONGEST_PROBE);
    let answer =
        ranges.iter().try_fold(false, |found, range| Ok(found || range.finds(conn, query, place, series, cutoff)?));
    opened.deadline.clear();
    match answer.map_err(|error| StoreError::of_rows(conn, error)) {
        // A complete scan tells which row fails.
        Err(StoreError::Interrupted { .. } | StoreError::RowFails { .. }) => Ok(true),
        answer => answer,
    }
}

/// Rows among which all that may be due are: the union over the ranges.
struct Range {
    condition: String,
    /// From ?1 (included) to ?2 (excluded).
    low: Value,
    high: Value,
}

impl Range {
    fn finds(
        &self,
        conn: &Connection,
        query: &FactsQuery,
        event: usize,
        series: &SeriesMapping,
        cutoff: Instant,
    ) -> rusqlite::Result<bool> {
        let pick = series.events.values().nth(event).map_or(Pick::Latest, |event| event.pick);
        let mut statement = conn.prepare_cached(&format!("{} WHERE {}", query.events_of_all, self.condition))?;
        let mut others = Others::prepare(query, conn)?;
        let mut glance = Glance::new(query);
        let mut rows = statement.query((&self.low, &self.high))?;
        while let Some(row) = rows.next()? {
            glance.take(query, row, &mut others)?;
            if glance.in_scope && happened_before(&glance.events[event], pick, cutoff) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// `None` where no index can tell.
fn ranges(event: &EventMapping, earliest: CivilDate, cutoff: Instant) -> Option<Vec<Range>> {
    let own = |element: &&Element| element.place == ElementTable::Record;
    let range = |element: &Element, condition: String| {
        let (low, high) = bounds(element.encoding, earliest, cutoff)?;
        Some(Range { condition, low, high })
    };
    let between = |element: &Element| {
        let column = sql::column(THIS, &element.column);
        format!("{column} >= ?1 AND {column} < ?2")
    };
    if event.pick == Pick::Earliest {
        let all_own = event.elements.iter().all(|element| own(&element));
        return event.elements.iter().map(|element| range(element, between(element)).filter(|_| all_own)).collect();
    }
    // The latest is before the cutoff only if each is, or is not set. One index leads, the first element's.
    let first = event.elements.iter().find(own)?;
    let mut ranges = vec![range(first, between(first))?];
    if event.pick == Pick::Latest && event.elements.len() > 1 {
        let column = sql::column(THIS, &first.column);
        ranges.push(range(first, format!("{column} IS NULL AND ?1 < ?2"))?);
        ranges.push(range(first, format!("{column} < ?1 AND ?1 < ?2"))?);
    }
    Some(ranges)
}

/// Values that can mean an instant from `earliest` to `cutoff`, and few others: a text may name any zone, a day is
/// longer in some.
fn bounds(encoding: Encoding, earliest: CivilDate, cutoff: Instant) -> Option<(Value, Value)> {
    let margin = Days::new(2);
    let first = earliest.checked_sub_days(margin)?;
    let begin = first.and_time(NaiveTime::MIN).and_utc();
    let julian = |instant: Instant| instant.timestamp_millis() as f64 / 86_400_000.0 + 2_440_587.5;
    Some(match encoding {
        Encoding::Rfc3339 | Encoding::Date | Encoding::Utc | Encoding::Local => {
            let last = cutoff.date_naive().checked_add_days(margin)?;
            (Value::Text(first.to_string()), Value::Text(last.to_string()))
        }
        Encoding::Unix => (begin.timestamp().into(), cutoff.timestamp().checked_add(1)?.into()),
        Encoding::UnixMs => (begin.timestamp_millis().into(), cutoff.timestamp_millis().checked_add(1)?.into()),
        Encoding::Julian => (julian(begin).into(), (julian(cutoff) + 1e-6).into()),
    })
}

fn happened_before(event: &EventFact, pick: Pick, cutoff: Instant) -> bool {
    let before = |reading: &Reading| match reading {
        Reading::Set(Moment::At(instant)) => *instant < cutoff,
        // A day begins up to fourteen hours earlier somewhere.
        Reading::Set(Moment::On(day)) => day.and_time(NaiveTime::MIN).and_utc() - TimeDelta::hours(14) < cutoff,
        Reading::Unset | Reading::Unreadable(_) => false,
    };
    let is_set = |reading: &&Reading| **reading != Reading::Unset;
    let unreadable = event.readings.iter().any(|reading| matches!(reading, Reading::Unreadable(_)));
    let mut set = event.readings.iter().filter(is_set);
    event.applies
        && !unreadable
        && match pick {
            Pick::Earliest => set.any(before),
            Pick::All => event.readings.iter().all(before),
            Pick::Latest => set.clone().next().is_some() && set.all(before),
        }
}
