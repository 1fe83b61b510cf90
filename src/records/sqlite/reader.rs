//! The read side of a database: what the flow may ask of it.

use std::ops::ControlFlow;

use super::catalog::Catalog;
use super::open::{Opened, Purpose};
use super::select::Queries;
use super::{Finding, StoreError};
use crate::model::{Digest, Instant, RecordKey, SeriesName, TriggerName};
use crate::records::facts::{EventFact, Facts};
use crate::records::files::FileRef;
use crate::records::mapping::{SeriesMapping, Source};

/// A database opened for reading. Leaves its directory as it was.
pub struct Reader {
    opened: Opened,
    source: Source,
    queries: Queries,
}

/// What a visitor wants to know of a row whose events it has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// No more: the row is counted.
    Skip,
    /// All of its facts.
    Full,
    /// Nothing of any row that follows.
    Stop,
}

impl Reader {
    /// Opens a database for reading. `series` are all mappings of the installation: a relation names other series.
    ///
    /// # Errors
    /// [`StoreError::UnsafeToOpen`] where opening could lock the application out; or what ails the file.
    pub fn open(source: &Source, series: &[SeriesMapping]) -> Result<Self, StoreError> {
        let opened = Opened::open(&source.sqlite, Purpose::Read)?;
        Ok(Self { opened, source: source.clone(), queries: Queries::new(source, series) })
    }

    /// Tables, columns, keys, indexes, triggers and views.
    pub fn catalog(&self) -> Result<Catalog, StoreError> {
        todo!()
    }

    /// What is wrong, doubtful or worth knowing about the mappings, proved against the real schema.
    pub fn prove(&self, series: &[&SeriesMapping]) -> Result<Vec<Finding>, StoreError> {
        todo!("{series:?} {:?}", self.source)
    }

    /// Digest of the normalized definitions of the tables, indexes and triggers that the mapping touches.
    pub fn schema_digest(&self, series: &SeriesName) -> Result<Digest, StoreError> {
        todo!("{series}")
    }

    /// The facts of every row, filtered ones included, in one snapshot, in no particular order.
    pub fn scan(
        &mut self,
        series: &SeriesName,
        visit: &mut dyn FnMut(&Facts) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.queries.of(series)?.scan(&self.opened.conn, visit)
    }

    /// Every row, cheaply: `judge` sees whether it is in scope and its events, and says whether `visit` gets all of its facts.
    /// No allocation for rows that it skips. One snapshot.
    pub fn scan_events(
        &mut self,
        series: &SeriesName,
        judge: &mut dyn FnMut(bool, &[EventFact]) -> Interest,
        visit: &mut dyn FnMut(&Facts),
    ) -> Result<(), StoreError> {
        self.queries.of(series)?.scan_events(&self.opened.conn, judge, visit)
    }

    /// Whether any row in scope may have an element of this event set before `cutoff`; true where only reading all rows would tell.
    pub fn probe(&mut self, series: &SeriesName, event: &TriggerName, cutoff: Instant) -> Result<bool, StoreError> {
        todo!("{series} {event} {cutoff}")
    }

    /// The facts of these records, in the order of the keys; `None` for a record that is not there. One snapshot.
    pub fn facts(&mut self, series: &SeriesName, keys: &[RecordKey]) -> Result<Vec<Option<Facts>>, StoreError> {
        let query = self.queries.of(series)?;
        let conn = &self.opened.conn;
        let failed = |error| StoreError::of(conn, error);
        let snapshot = conn.unchecked_transaction().map_err(failed)?;
        let facts = query.read(conn, keys)?;
        snapshot.commit().map_err(failed)?;
        Ok(facts)
    }

    /// The records whose reference column holds this text, or the number that it reads as.
    pub fn find_reference(&mut self, series: &SeriesName, reference: &str) -> Result<Vec<RecordKey>, StoreError> {
        todo!("{series} {reference}")
    }

    /// The records for which a read-only SQL expression over `this` holds.
    pub fn find_where(&mut self, series: &SeriesName, expression: &str) -> Result<Vec<RecordKey>, StoreError> {
        todo!("{series} {expression}")
    }

    /// The files that the records' parts name.
    pub fn files_of(&mut self, series: &SeriesName, keys: &[RecordKey]) -> Result<Vec<FileRef>, StoreError> {
        todo!("{series} {}", keys.len())
    }

    /// A key from a person's arguments, one per key column, typed by the schema.
    pub fn parse_key(&self, series: &SeriesName, args: &[String]) -> Result<RecordKey, StoreError> {
        todo!("{series} {}", args.len())
    }
}
