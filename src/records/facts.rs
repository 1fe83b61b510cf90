//! The facts of a record: all that a judgement may use, read by one piece of code for planning, execution and
//! explanation.
//!
//! Pure. Values are already decoded, but not yet combined: `latest` needs the calendar's zone.

use crate::model::{Digest, DigestBuilder, KeyValue, Moment, RecordKey};

/// All that the judgement of one record may use. Personal information.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    pub key: RecordKey,
    /// The value of the reference column, where the mapping names one and it is not NULL.
    pub reference: Option<KeyValue>,
    /// Key of the subject's record, where the mapping names one and it is not NULL.
    pub subject: Option<RecordKey>,
    /// Whether the mapping's `filter` holds.
    pub in_scope: bool,
    /// Whether every mask of the mapping already stands in place, in the record and in its parts; false without masks.
    pub masked: bool,
    /// One per event of the mapping, in the order of its `events` map.
    pub events: Vec<EventFact>,
    /// Names of the mapping's conditions that hold, in order.
    pub conditions: Vec<String>,
    /// The records that block this one.
    pub blockers: Vec<BlockerFact>,
}

/// What the database says of one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventFact {
    /// Whether the event's `where` holds (true without one).
    pub applies: bool,
    /// One per element, in the mapping's order.
    pub readings: Vec<Reading>,
}

impl EventFact {
    /// Nothing is known of it, because an expression fails.
    pub fn fail(&mut self) {
        self.applies = true;
        self.readings.fill(Reading::Unreadable(Unreadable::Expression));
    }
}

/// One element's value, decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// NULL, a value that means "not set", or a child table without a row.
    Unset,
    Set(Moment),
    Unreadable(Unreadable),
}

/// Why a value is no date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unreadable {
    /// The text is no date of the form that the mapping announces.
    Format,
    /// A date-time without zone where the mapping announces one with.
    Naive,
    /// A local time that the clocks skipped.
    Gap,
    /// A number outside the years that a date can have.
    Range,
    /// A type that the encoding does not use (a blob, a real for `unix`).
    Type,
    /// An expression of the mapping fails on the record, so that nothing is known of it.
    Expression,
}

/// One record of a blocking series that refers to this one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BlockerFact {
    /// Place in the mapping's `blocked_by`.
    pub relation: usize,
    pub key: RecordKey,
}

impl Facts {
    /// Of a record on which an expression of its mapping fails: it is undated, whatever governs it.
    pub fn unanswered(key: RecordKey, mut events: Vec<EventFact>) -> Self {
        events.iter_mut().for_each(EventFact::fail);
        Self {
            key,
            reference: None,
            subject: None,
            in_scope: true,
            masked: false,
            events,
            conditions: Vec::new(),
            blockers: Vec::new(),
        }
    }

    /// Digest of every fact that the judgement used: equal exactly while nothing that counts has changed.
    ///
    /// Blockers are left out: they are judged afresh, and those due in the same plan are gone by then. The reference is
    /// left out too: it decides nothing.
    pub fn digest(&self) -> Digest {
        let mut digest = DigestBuilder::new("facts-v1");
        digest.field(&self.key.canonical_bytes());
        digest.field(&self.subject.as_ref().map(RecordKey::canonical_bytes).unwrap_or_default());
        digest.number(i64::from(self.in_scope)).number(i64::from(self.masked));
        for event in &self.events {
            digest.number(i64::from(event.applies));
            for reading in &event.readings {
                match reading {
                    Reading::Unset => digest.number(0),
                    Reading::Set(Moment::At(instant)) => {
                        digest.number(1).number(instant.timestamp()).number(i64::from(instant.timestamp_subsec_nanos()))
                    }
                    Reading::Set(Moment::On(date)) => {
                        use chrono::Datelike;
                        digest.number(2).number(i64::from(date.num_days_from_ce()))
                    }
                    Reading::Unreadable(kind) => digest.number(3).number(*kind as i64),
                };
            }
        }
        digest.number(self.conditions.len() as i64);
        for condition in &self.conditions {
            digest.field(condition.as_bytes());
        }
        digest.finish()
    }
}
