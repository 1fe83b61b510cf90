//! A database value and what the mapping says of it, made a reading. Pure, and allocates nothing: every row passes
//! here.
//!
//! Strict on purpose: what is not exactly of the announced form is unreadable, so its record is kept and reported.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use rusqlite::types::ValueRef;

use crate::model::{Moment, Zone};
use crate::records::facts::{Reading, Unreadable};
use crate::records::mapping::{Element, Encoding, Literal};

/// How the values of one element are read.
#[derive(Clone, Debug)]
pub struct Decoder {
    encoding: Encoding,
    /// Zone of naive local times.
    local: Option<Zone>,
    unset: Vec<Unset>,
}

/// A value that means "not set", ready to compare.
#[derive(Clone, Debug)]
enum Unset {
    Integer(i64),
    Real(f64),
    Text(String),
}

impl Decoder {
    /// For an element; `local` is the zone of naive local times, without which they are all unreadable.
    pub fn new(element: &Element, local: Option<Zone>) -> Self {
        let unset = element.unset.iter().filter_map(|literal| match literal {
            Literal::Integer(number) => Some(Unset::Integer(*number)),
            Literal::Real(text) => text.parse().ok().map(Unset::Real),
            Literal::Text(text) => Some(Unset::Text(text.clone())),
            // NULL is not set anyway.
            Literal::Null => None,
        });
        Self { encoding: element.encoding, local, unset: unset.collect() }
    }

    /// What the value says.
    pub fn read(&self, value: ValueRef<'_>) -> Reading {
        if value == ValueRef::Null || self.unset.iter().any(|unset| unset.is(value)) {
            return Reading::Unset;
        }
        match self.moment(value) {
            Ok(moment) => Reading::Set(moment),
            Err(kind) => Reading::Unreadable(kind),
        }
    }

    fn moment(&self, value: ValueRef<'_>) -> Result<Moment, Unreadable> {
        match (self.encoding, value) {
            (Encoding::Rfc3339, ValueRef::Text(text)) => rfc3339(text),
            (Encoding::Date, ValueRef::Text(text)) => day(text),
            (Encoding::Utc, ValueRef::Text(text)) => Ok(Moment::At(naive(text)?.and_utc())),
            (Encoding::Local, ValueRef::Text(text)) => self.local(text),
            (Encoding::Unix, ValueRef::Integer(seconds)) => in_range(DateTime::from_timestamp(seconds, 0)),
            (Encoding::UnixMs, ValueRef::Integer(milliseconds)) => {
                in_range(DateTime::from_timestamp_millis(milliseconds))
            }
            (Encoding::Julian, ValueRef::Real(days)) => julian(days),
            // A column of numeric affinity holds a whole number of days as an integer.
            (Encoding::Julian, ValueRef::Integer(days)) => julian(days as f64),
            _ => Err(Unreadable::Type),
        }
    }

    fn local(&self, text: &[u8]) -> Result<Moment, Unreadable> {
        let naive = naive(text)?;
        let zone = self.local.ok_or(Unreadable::Naive)?;
        zone.from_local(naive).map(Moment::At).ok_or(Unreadable::Gap)
    }
}

impl Unset {
    fn is(&self, value: ValueRef<'_>) -> bool {
        match (self, value) {
            (Self::Integer(unset), ValueRef::Integer(number)) => *unset == number,
            (Self::Integer(unset), ValueRef::Real(number)) => *unset as f64 == number,
            (Self::Real(unset), ValueRef::Real(number)) => *unset == number,
            (Self::Real(unset), ValueRef::Integer(number)) => *unset == number as f64,
            (Self::Text(unset), ValueRef::Text(text)) => unset.as_bytes() == text,
            _ => false,
        }
    }
}

fn rfc3339(text: &[u8]) -> Result<Moment, Unreadable> {
    let (date, rest) = date(text).ok_or(Unreadable::Format)?;
    if rest.is_empty() {
        return Err(Unreadable::Naive);
    }
    let (time, rest) = time_of_day(rest).ok_or(Unreadable::Format)?;
    let naive = time.on(date).ok_or(Unreadable::Range)?;
    if rest.is_empty() {
        return Err(Unreadable::Naive);
    }
    let utc = match offset(rest).ok_or(Unreadable::Format)? {
        0 => naive,
        east => naive.checked_sub_signed(TimeDelta::seconds(east)).ok_or(Unreadable::Range)?,
    };
    Ok(Moment::At(utc.and_utc()))
}

fn day(text: &[u8]) -> Result<Moment, Unreadable> {
    match date(text) {
        Some((date, [])) => Ok(Moment::On(date)),
        _ => Err(Unreadable::Format),
    }
}

fn naive(text: &[u8]) -> Result<NaiveDateTime, Unreadable> {
    let (date, rest) = date(text).ok_or(Unreadable::Format)?;
    match time_of_day(rest) {
        Some((time, [])) => time.on(date).ok_or(Unreadable::Range),
        _ => Err(Unreadable::Format),
    }
}

/// Days of 86,400 s since noon of 24 November 4714 BC, to the millisecond, as SQLite keeps them.
fn julian(days: f64) -> Result<Moment, Unreadable> {
    const EPOCH: f64 = 2_440_587.5;
    let milliseconds = ((days - EPOCH) * 86_400_000.0).round();
    // 2^53: beyond it, a float holds no single milliseconds, and no year has four digits.
    if milliseconds.is_nan() || milliseconds.abs() > 9e15 {
        return Err(Unreadable::Range);
    }
    in_range(DateTime::from_timestamp_millis(milliseconds as i64))
}

/// Numbers reach further than the years that a text can name.
fn in_range(instant: Option<DateTime<Utc>>) -> Result<Moment, Unreadable> {
    use chrono::Datelike;
    match instant {
        Some(instant) if (0..=9999).contains(&instant.year()) => Ok(Moment::At(instant)),
        _ => Err(Unreadable::Range),
    }
}

/// `YYYY-MM-DD`, and what follows it.
fn date(text: &[u8]) -> Option<(NaiveDate, &[u8])> {
    let [y3, y2, y1, y0, b'-', m1, m0, b'-', d1, d0, rest @ ..] = text else { return None };
    let year = two_digits(*y3, *y2)? * 100 + two_digits(*y1, *y0)?;
    let date = NaiveDate::from_ymd_opt(year.cast_signed(), two_digits(*m1, *m0)?, two_digits(*d1, *d0)?)?;
    Some((date, rest))
}

struct TimeOfDay {
    time: NaiveTime,
    /// `:60`, which happens in the last second of a UTC day only, and is read as the second after `:59`: later, never
    /// earlier.
    leap: bool,
}

impl TimeOfDay {
    fn on(&self, date: NaiveDate) -> Option<NaiveDateTime> {
        let time = date.and_time(self.time);
        if self.leap { time.checked_add_signed(TimeDelta::seconds(1)) } else { Some(time) }
    }
}

/// `T` or a space, `HH:MM`, perhaps `:SS`, perhaps a fraction; and what follows it.
fn time_of_day(text: &[u8]) -> Option<(TimeOfDay, &[u8])> {
    let [b'T' | b't' | b' ', h1, h0, b':', m1, m0, rest @ ..] = text else { return None };
    let (hour, minute) = (two_digits(*h1, *h0)?, two_digits(*m1, *m0)?);
    let (second, nanos, rest) = match rest {
        [b':', s1, s0, b'.', rest @ ..] => {
            let (nanos, rest) = fraction(rest)?;
            (two_digits(*s1, *s0)?, nanos, rest)
        }
        [b':', s1, s0, rest @ ..] => (two_digits(*s1, *s0)?, 0, rest),
        _ => (0, 0, rest),
    };
    let leap = second == 60;
    let time = NaiveTime::from_hms_nano_opt(hour, minute, if leap { 59 } else { second }, nanos)?;
    Some((TimeOfDay { time, leap }, rest))
}

/// At least one digit, in nanoseconds; digits beyond the ninth are dropped. And what follows them.
fn fraction(text: &[u8]) -> Option<(u32, &[u8])> {
    let length = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(length);
    if digits.is_empty() {
        return None;
    }
    let nanos =
        (0..9).fold(0, |nanos, place| nanos * 10 + digits.get(place).map_or(0, |digit| u32::from(digit - b'0')));
    Some((nanos, rest))
}

/// `Z`, `±HH:MM`, `±HHMM` or `±HH`, in seconds east of UTC.
fn offset(text: &[u8]) -> Option<i64> {
    let (sign, hours, minutes) = match text {
        [b'Z' | b'z'] => return Some(0),
        [sign, h1, h0] => (sign, two_digits(*h1, *h0)?, 0),
        [sign, h1, h0, b':', m1, m0] | [sign, h1, h0, m1, m0] => (sign, two_digits(*h1, *h0)?, two_digits(*m1, *m0)?),
        _ => return None,
    };
    if hours > 23 || minutes > 59 {
        return None;
    }
    let seconds = i64::from(hours * 3600 + minutes * 60);
    match sign {
        b'+' => Some(seconds),
        b'-' => Some(-seconds),
        _ => None,
    }
}

fn two_digits(tens: u8, ones: u8) -> Option<u32> {
    (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| u32::from(tens - b'0') * 10 + u32::from(ones - b'0'))
}

#[cfg(test)]
mod tests;
