//! From a row to the facts of a record.

use std::ops::Range;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, Row};

use super::StoreError;
use super::select::{ChildQuery, ElementShape, FactsQuery};
use super::value::{bind_key, cited, is_key_value, key_at, key_value};
use crate::model::{KeyValue, Moment, RecordKey};
use crate::records::facts::{BlockerFact, EventFact, Facts, Reading, Unreadable};
use crate::records::mapping::Pick;

impl FactsQuery {
    /// The facts of these records, in the order of the keys; `None` for a record that is not there. The caller holds a
    /// transaction where all must be of one snapshot.
    ///
    /// # Errors
    /// A statement that the database refuses, or that failed.
    pub fn read(&self, conn: &Connection, keys: &[RecordKey]) -> Result<Vec<Option<Facts>>, StoreError> {
        self.try_read(conn, keys).map_err(|error| StoreError::of(conn, error))
    }

    fn try_read(&self, conn: &Connection, keys: &[RecordKey]) -> rusqlite::Result<Vec<Option<Facts>>> {
        let mut by_key = conn.prepare_cached(&self.by_key)?;
        let mut others = Others::prepare(self, conn)?;
        let mut found = Vec::with_capacity(keys.len());
        for key in keys {
            if key.columns().len() != self.shape.key {
                found.push(None);
                continue;
            }
            found.push(self.whole(key, &mut by_key, &mut others)?);
        }
        Ok(found)
    }

    /// All facts of the record in a row of `all` or `by_key`.
    pub(super) fn facts(&self, row: &Row<'_>, others: &mut Others<'_>) -> rusqlite::Result<Facts> {
        self.facts_from(row, 0, others)
    }

    /// The same of a row in which `columns` begin with the column `first`.
    pub(super) fn facts_from(&self, row: &Row<'_>, first: usize, others: &mut Others<'_>) -> rusqlite::Result<Facts> {
        let mut glance = Glance::new(self);
        let mut place = glance.take_from(self, row, first, others)?;
        let (key, _) = key_at(row, first, self.shape.key)?;
        let mut next = || {
            place += 1;
            row.get_ref(place - 1)
        };
        let reference = if self.shape.has_reference { cited(next()?) } else { None };
        let subject: Vec<Option<KeyValue>> =
            (0..self.shape.subject).map(|_| next().map(key_value)).collect::<rusqlite::Result<_>>()?;
        let subject: Option<Vec<KeyValue>> = subject.into_iter().collect();
        let own_masked = if self.shape.record_is_masked { holds(next()?) } else { true };
        let mut conditions = Vec::new();
        for name in &self.shape.conditions {
            if holds(next()?) {
                conditions.push(name.clone());
            }
        }
        let masked = self.shape.has_masks && own_masked && others.parts_are_masked(&key)?;
        let blockers = others.blockers(self, &key)?;
        Ok(Facts {
            subject: subject.filter(|columns| !columns.is_empty()).map(RecordKey::new),
            key,
            reference,
            in_scope: glance.in_scope,
            masked,
            events: glance.events,
            conditions,
            blockers,
        })
    }
}

/// What a row says of its events: filled again and again, so that a scan allocates nothing for it.
pub(super) struct Glance {
    pub in_scope: bool,
    pub events: Vec<EventFact>,
}

impl Glance {
    pub fn new(query: &FactsQuery) -> Self {
        let event = |elements: usize| EventFact { applies: true, readings: vec![Reading::Unset; elements] };
        Self { in_scope: true, events: query.shape.events.iter().map(|shape| event(shape.elements.len())).collect() }
    }

    /// An expression of the row fails, so that nothing is known of it.
    pub fn fail(&mut self) {
        self.in_scope = true;
        self.events.iter_mut().for_each(EventFact::fail);
    }

    /// Reads the first columns of a row, and says which one comes next.
    pub fn take(&mut self, query: &FactsQuery, row: &Row<'_>, others: &mut Others<'_>) -> rusqlite::Result<usize> {
        self.take_from(query, row, 0, others)
    }

    /// The same of a row in which they begin with the column `first`.
    ///
    /// A row that cannot be found again by its key is unreadable: never destroyed, always reported.
    fn take_from(
        &mut self,
        query: &FactsQuery,
        row: &Row<'_>,
        first: usize,
        others: &mut Others<'_>,
    ) -> rusqlite::Result<usize> {
        let shape = &query.shape;
        let key = first..first + shape.key;
        let mut place = key.end;
        let mut usable = true;
        for key_place in key.clone() {
            usable &= is_key_value(row.get_ref(key_place)?);
        }
        if shape.has_filter {
            self.in_scope = holds(row.get_ref(place)?);
            place += 1;
        }
        let mut child = 0;
        for (event, fact) in shape.events.iter().zip(&mut self.events) {
            fact.applies = true;
            if event.has_condition {
                fact.applies = holds(row.get_ref(place)?) || !usable;
                place += 1;
            }
            for (element, reading) in event.elements.iter().zip(&mut fact.readings) {
                *reading = match &element.child {
                    None => {
                        place += 1;
                        element.decoder.read(row.get_ref(place - 1)?)
                    }
                    Some(query) => {
                        child += 1;
                        others.child(child - 1, element, query, row, key.clone())?
                    }
                };
                if !usable {
                    *reading = Reading::Unreadable(Unreadable::Type);
                }
            }
        }
        Ok(place)
    }
}

/// The statements that read other tables by a record's key, prepared once for many records.
pub(super) struct Others<'c> {
    /// In the order of the elements.
    children: Vec<CachedStatement<'c>>,
    masked_parts: Vec<CachedStatement<'c>>,
    blockers: Vec<CachedStatement<'c>>,
}

impl<'c> Others<'c> {
    pub fn prepare(query: &FactsQuery, conn: &'c Connection) -> rusqlite::Result<Self> {
        let elements = query.shape.events.iter().flat_map(|event| &event.elements);
        let children =
            elements.filter_map(|element| element.child.as_ref()).map(|child| conn.prepare_cached(&child.sql));
        Ok(Self {
            children: children.collect::<rusqlite::Result<_>>()?,
            masked_parts: query
                .masked_parts
                .iter()
                .map(|sql| conn.prepare_cached(sql))
                .collect::<rusqlite::Result<_>>()?,
            blockers: query
                .blockers
                .iter()
                .map(|blocker| conn.prepare_cached(&blocker.sql))
                .collect::<rusqlite::Result<_>>()?,
        })
    }

    fn child(
        &mut self,
        place: usize,
        element: &ElementShape,
        query: &ChildQuery,
        row: &Row<'_>,
        key: Range<usize>,
    ) -> rusqlite::Result<Reading> {
        let statement = &mut self.children[place];
        for (number, column) in key.enumerate() {
            statement.raw_bind_parameter(number + 1, ToSqlOutput::Borrowed(row.get_ref(column)?))?;
        }
        let mut rows = statement.raw_query();
        let mut picked = Reading::Unset;
        while let Some(row) = rows.next()? {
            let reading = element.decoder.read(row.get_ref(0)?);
            match reading {
                // Open comes before undated: an unreadable row ends the search only where none is still to come.
                Reading::Unset if query.requires_all => return Ok(Reading::Unset),
                _ => picked = pick(query.pick, picked, reading),
            }
            if matches!(picked, Reading::Unreadable(_)) && !query.requires_all {
                break;
            }
        }
        Ok(picked)
    }

    fn parts_are_masked(&mut self, key: &RecordKey) -> rusqlite::Result<bool> {
        for statement in &mut self.masked_parts {
            bind_key(statement, key)?;
            let mut rows = statement.raw_query();
            let Some(row) = rows.next()? else { return Ok(false) };
            if !holds(row.get_ref(0)?) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn blockers(&mut self, query: &FactsQuery, key: &RecordKey) -> rusqlite::Result<Vec<BlockerFact>> {
        let mut blockers = Vec::new();
        for (relation, (statement, blocker)) in self.blockers.iter_mut().zip(&query.blockers).enumerate() {
            bind_key(statement, key)?;
            let mut rows = statement.raw_query();
            while let Some(row) = rows.next()? {
                let (other, _) = key_at(row, 0, blocker.key)?;
                // The root of a tree may refer to itself.
                if !(blocker.is_own_series && other == *key) {
                    blockers.push(BlockerFact { relation, key: other });
                }
            }
        }
        Ok(blockers)
    }
}

/// One of two values; an unreadable one makes the whole unreadable, because it could be the one that counts.
fn pick(pick: Pick, one: Reading, other: Reading) -> Reading {
    match (one, other) {
        (Reading::Unreadable(kind), _) | (_, Reading::Unreadable(kind)) => Reading::Unreadable(kind),
        (Reading::Unset, reading) | (reading, Reading::Unset) => reading,
        (Reading::Set(one), Reading::Set(other)) => {
            let keeps_first = is_later(one, other) == (pick != Pick::Earliest);
            Reading::Set(if keeps_first { one } else { other })
        }
    }
}

/// Values of one column are all instants, or all days.
fn is_later(one: Moment, other: Moment) -> bool {
    match (one, other) {
        (Moment::At(one), Moment::At(other)) => one > other,
        (Moment::On(one), Moment::On(other)) => one > other,
        (Moment::At(_), Moment::On(_)) | (Moment::On(_), Moment::At(_)) => true,
    }
}

/// Whether a column that says `… IS TRUE` says so.
pub(super) fn holds(value: ValueRef<'_>) -> bool {
    value == ValueRef::Integer(1)
}
