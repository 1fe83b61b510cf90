//! The read side of a database: what the flow may ask of it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

use super::catalog::Catalog;
use super::fence::{self, FenceState};
use super::open::{Opened, Purpose};
use super::parts::PartRows;
use super::permitted::Permitted;
use super::prove::{self, Proved};
use super::queries::Queries;
use super::triggers::changed_columns;
use super::{Finding, StoreError, alike, around, hot, lookup, probe, safety, schema, sql};
use crate::model::{BatchNumber, Digest, Instant, Origin, RecordKey, SeriesName, TriggerName};
use crate::records::facts::{EventFact, Facts};
use crate::records::mapping::{SeriesMapping, Source};

/// A database opened for reading. Leaves its directory as it was.
pub struct Reader {
    pub(super) opened: Opened,
    source: Source,
    pub(super) queries: Queries,
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

/// Of how many rows an expression was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Of all that were to be asked.
    All,
    /// Time was over before: of some.
    Some,
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

    /// Opens a database for a look that changes nothing: not where reading would roll back what a crash left
    /// unfinished.
    ///
    /// # Errors
    /// [`StoreError::Unfinished`], and as [`Reader::open`].
    pub fn open_to_look(source: &Source, series: &[SeriesMapping]) -> Result<Self, StoreError> {
        Self::leave_unfinished(source)?;
        Self::open(source, series)
    }

    /// That reading a source rolls back nothing of what a crash left unfinished.
    ///
    /// # Errors
    /// [`StoreError::Unfinished`]; where its database is, is not safe.
    pub fn leave_unfinished(source: &Source) -> Result<(), StoreError> {
        let database = safety::safe_path(&source.sqlite)?;
        if hot::is_left_behind(&database) { Err(StoreError::Unfinished { database }) } else { Ok(()) }
    }

    /// Tables, columns, keys, indexes, triggers and views.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn catalog(&self) -> Result<Catalog, StoreError> {
        Catalog::read(&self.opened.conn).map_err(|error| self.failed(error))
    }

    /// What is wrong, doubtful or worth knowing about the mappings of these series, proved against the real schema.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn prove(&self, series: &[Proved<'_>]) -> Result<Vec<Finding>, StoreError> {
        prove::prove(&self.opened, &self.source, &self.queries, series)
    }

    /// The first error about a series' mapping that shows without reading a table: until it is mended, nothing may rely
    /// on the mapping. `all` are those of the source, whose rules may take what this one reads.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn first_fault(&self, series: Proved<'_>, all: &[Proved<'_>]) -> Result<Option<Finding>, StoreError> {
        prove::first_fault(&self.opened, &self.source, &self.queries, series, all)
    }

    /// Digest of the normalized definitions of the tables that the mapping touches, and of the triggers on them.
    ///
    /// # Errors
    /// A statement of the mapping that the schema does not allow.
    pub fn schema_digest(&self, series: &SeriesName) -> Result<Digest, StoreError> {
        let query = self.queries.make(series)?;
        let statements: Vec<String> = query.statements().collect();
        let mut tables = self.opened.tables_read_by(statements.iter().map(String::as_str))?;
        let mapping = self.queries.mapping(series)?;
        let blocking: Vec<_> = mapping
            .blocked_by
            .iter()
            .map(|relation| self.queries.mapping(&relation.series))
            .collect::<Result<_, _>>()?;
        tables.extend(schema::tables_touched(mapping, &blocking, &self.catalog()?));
        schema::digest(&self.opened.conn, &tables).map_err(|error| self.failed(error))
    }

    /// The facts of every row, filtered ones included, in no particular order. In WAL mode one snapshot; in rollback
    /// mode, where a reader keeps writers out, page by page, each a snapshot of its own.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn scan(
        &mut self,
        series: &SeriesName,
        visit: &mut dyn FnMut(&Facts) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let scanned = self.queries.of(series)?.scan(&self.opened, visit);
        scanned.map_err(|error| error.in_mapping(&self.queries, series))
    }

    /// Every row, cheaply: `judge` sees whether it is in scope and its events, and says whether `visit` gets all of its
    /// facts. Rows that it skips cost no allocation. Snapshots as in [`Reader::scan`]; what `visit` gets is of the same
    /// one as what `judge` saw.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn scan_events(
        &mut self,
        series: &SeriesName,
        judge: &mut dyn FnMut(bool, &[EventFact]) -> Interest,
        visit: &mut dyn FnMut(&Facts),
    ) -> Result<(), StoreError> {
        let scanned = self.queries.of(series)?.scan_events(&self.opened, judge, visit);
        scanned.map_err(|error| error.in_mapping(&self.queries, series))
    }

    /// Whether any row in scope may have this event before `cutoff`. May say yes in vain (a held record does every
    /// night), never no.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn probe(&mut self, series: &SeriesName, event: &TriggerName, cutoff: Instant) -> Result<bool, StoreError> {
        let query = self.queries.of(series)?;
        probe::probe(&self.opened, self.queries.mapping(series)?, &query, event, cutoff)
    }

    /// What the database says of a batch of this log.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn fence(&mut self, origin: &Origin, batch: BatchNumber) -> Result<FenceState, StoreError> {
        fence::read(&self.opened.conn, origin, batch)
    }

    /// The batches of this log that have a fence row here.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn fences(&self, origin: &Origin) -> Result<Vec<BatchNumber>, StoreError> {
        fence::batches(&self.opened.conn, origin)
    }

    /// The batches of other logs that have fence rows here; without a log of one's own, of all.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn foreign_fences(&self, own: Option<&Origin>) -> Result<BTreeMap<Origin, Vec<BatchNumber>>, StoreError> {
        fence::foreign(&self.opened.conn, own)
    }

    /// The facts of these records, in the order of the keys; `None` for a record that is not there. One snapshot.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn facts(&mut self, series: &SeriesName, keys: &[RecordKey]) -> Result<Vec<Option<Facts>>, StoreError> {
        let query = self.queries.of(series)?;
        let conn = &self.opened.conn;
        let failed = |error| StoreError::of(conn, error);
        let snapshot = conn.unchecked_transaction().map_err(failed)?;
        let facts = query.read(conn, keys)?;
        snapshot.commit().map_err(failed)?;
        Ok(facts)
    }

    /// The records that people cite so. Snapshots as in [`Reader::scan`], unless an index finds them.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn find_reference(&self, series: &SeriesName, reference: &str) -> Result<Vec<RecordKey>, StoreError> {
        self.find_reference_within(series, reference, Duration::MAX)
    }

    /// The same, given up after this time.
    ///
    /// # Errors
    /// [`StoreError::Interrupted`] where time was over; the database cannot be read.
    pub fn find_reference_within(
        &self,
        series: &SeriesName,
        reference: &str,
        within: Duration,
    ) -> Result<Vec<RecordKey>, StoreError> {
        let query = self.queries.make(series)?;
        lookup::find_reference(&self.opened, self.queries.mapping(series)?, &query, (reference, within))
    }

    /// For each of these keys, as people write them, how many records a hold on it keeps; `None` where not all could be
    /// looked at `within` a time. Snapshots as in [`Reader::scan`].
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn count_alike(
        &mut self,
        series: &SeriesName,
        keys: &[&[String]],
        within: Duration,
    ) -> Result<Option<Vec<u64>>, StoreError> {
        alike::count_alike(&self.opened, &*self.queries.of(series)?, keys, within)
    }

    /// Asks a read-only SQL expression over `this` of every row, or of as many as time allows, and shows the records
    /// for which it holds, in no particular order, until `visit` breaks. Snapshots as in [`Reader::scan`].
    ///
    /// # Errors
    /// [`StoreError::Expression`] for what is no expression, does more than read, fails on the values of a row, or
    /// takes some seconds for one.
    pub fn find_where(
        &mut self,
        series: &SeriesName,
        expression: &str,
        within: Duration,
        visit: &mut dyn FnMut(Option<RecordKey>) -> ControlFlow<()>,
    ) -> Result<Asked, StoreError> {
        let query = self.queries.of(series)?;
        let mapping = self.queries.mapping(series)?;
        lookup::find_where(&self.opened, mapping, &query, (expression, within), visit)
    }

    /// Whether an expression over `this` reads other rows than the record's own.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn looks_elsewhere(&self, series: &SeriesName, expression: &str) -> Result<bool, StoreError> {
        around::looks_elsewhere(&self.opened, self.queries.mapping(series)?, expression)
    }

    /// Whether runs over this source may change columns of this series' rows while these stay: by a trigger that a
    /// mapping names, or as rows of another series.
    ///
    /// # Errors
    /// No mapping is of that name.
    pub fn is_written_by_runs(&self, series: &SeriesName) -> Result<bool, StoreError> {
        let (mappings, table) = (self.queries.mappings(), &self.queries.mapping(series)?.table);
        for other in mappings {
            // Of a trigger that cannot be compiled nobody knows what it writes.
            let written = Permitted::read(&self.opened, mappings, other).map(|permitted| permitted.written);
            let changes = || changed_columns(other).into_keys().any(|changed| changed.eq_ignore_ascii_case(table));
            if written.map_or(true, |written| written.contains(&table.to_ascii_lowercase()))
                || (other.series != *series && changes())
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether this record is there and the expression holds for it.
    ///
    /// # Errors
    /// As [`Reader::find_where`].
    pub fn holds_for(&self, series: &SeriesName, expression: &str, key: &RecordKey) -> Result<bool, StoreError> {
        lookup::holds_for(&self.opened, self.queries.mapping(series)?, expression, key)
    }

    /// Counts the rows of each record's parts and the files that they name, and shows them by the place of the record
    /// among the keys and of the part in the mapping; of as many records as time allows. Snapshots: in WAL mode one; in
    /// rollback mode each count has its own.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn count_parts(
        &mut self,
        series: &SeriesName,
        keys: &[RecordKey],
        within: Duration,
        visit: &mut dyn FnMut(usize, usize, Option<PartRows>),
    ) -> Result<Asked, StoreError> {
        self.queries.of(series)?.count_parts(&self.opened, keys, within, visit)
    }

    /// Shows the records of the series that are parts of each of these, by its place among the keys, in no particular
    /// order and perhaps more than once.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn own_parts(
        &mut self,
        series: &SeriesName,
        keys: &[RecordKey],
        visit: &mut dyn FnMut(usize, RecordKey),
    ) -> Result<(), StoreError> {
        self.queries.of(series)?.own_parts(&self.opened, keys, visit)
    }

    /// The texts that a column holds, each once, and at most so many of them.
    ///
    /// # Errors
    /// The database cannot be read, or has no such column.
    pub fn distinct_texts(&self, table: &str, column: &str, most: usize) -> Result<Vec<String>, StoreError> {
        let (table, column) = (sql::name(table), sql::name(column));
        let select = format!("SELECT DISTINCT {column} FROM {table} WHERE typeof({column}) = 'text' LIMIT {most}");
        let read = || self.opened.conn.prepare(&select)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>();
        read().map_err(|error| self.failed(error))
    }

    /// A key from a person's arguments, one per key column, typed by the schema. A blob is written `x'…'`.
    ///
    /// # Errors
    /// [`StoreError::Key`] for what cannot be a key of the series.
    pub fn parse_key(&self, series: &SeriesName, args: &[String]) -> Result<RecordKey, StoreError> {
        lookup::parse_key(self.queries.mapping(series)?, &self.catalog()?, args)
    }

    /// The same for many keys, each by itself; the schema is read once.
    ///
    /// # Errors
    /// The schema cannot be read.
    pub fn parse_keys<'k>(
        &self,
        series: &SeriesName,
        keys: impl Iterator<Item = &'k [String]>,
    ) -> Result<Vec<Result<RecordKey, StoreError>>, StoreError> {
        let (mapping, catalog) = (self.queries.mapping(series)?, self.catalog()?);
        Ok(keys.map(|key| lookup::parse_key(mapping, &catalog, key)).collect())
    }

    #[cfg(test)]
    pub(super) fn connection(&self) -> &rusqlite::Connection {
        &self.opened.conn
    }

    fn failed(&self, error: rusqlite::Error) -> StoreError {
        StoreError::of(&self.opened.conn, error)
    }
}
