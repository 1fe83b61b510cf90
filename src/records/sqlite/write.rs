//! Writing: one connection to one source, one short transaction at a time, and a COMMIT that asks for evidence.
//!
//! Only `disposition::execute` writes records. What the owner set for all (journal mode, page size) stays as it was;
//! what holds for our connection only is set and read back.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::types::FromSql;

use super::company::{Asking, Company};
use super::dispose::Weight;
use super::dispose_program::Program;
use super::fence::{self, FenceState};
use super::lookup::NamedFiles;
use super::named_files;
use super::open::{Opened, Purpose};
use super::programs::Programs;
use super::references;
use super::schema_watch::SchemaWatch;
use super::spellings::Spellings;
use super::waiting::Waiting;
use super::write_txn::WriteTxn;
use super::{Queries, StoreError};
use crate::model::{BatchNumber, Origin, RecordKey, SeriesName};
use crate::records::mapping::{FilesMapping, PartMapping, SeriesMapping, Source};

/// How often the row of an aborted batch is tried, and how long between.
const ATTEMPTS: u32 = 50;
const PAUSE: Duration = Duration::from_millis(100);

/// Memory for pages, in KiB. A larger cache reads less, and hardly gains time: what costs is writing.
pub const CACHE_KIB: i64 = 16 << 10;

/// A connection that may change one source.
pub struct Writer {
    pub(super) opened: Opened,
    pub(super) origin: Origin,
    pub(super) is_wal: bool,
    /// Whether a transaction may write pages to the database before its COMMIT; always so in WAL mode.
    spills: bool,
    /// In bytes.
    pub(super) page_size: u64,
    /// Bytes in the WAL that were not in the database file when it was looked at last.
    pub(super) waiting: u64,
    pub(super) queries: Queries,
    pub(super) programs: Programs,
    pub(super) spellings: Spellings,
    watch: SchemaWatch,
}

impl Writer {
    /// Opens a source for writing. `series` are all mappings of the installation: a relation names other series.
    ///
    /// # Errors
    /// The source cannot be opened safely, or a setting does not stick; `FenceTable` where our table is not ours.
    pub fn open(source: &Source, series: &[SeriesMapping], origin: &Origin) -> Result<Self, StoreError> {
        let opened = Opened::open(&source.sqlite, Purpose::Write)?;
        let journal_mode: String = setting(&opened.conn, "journal_mode")?;
        let is_wal = journal_mode == "wal";
        settle(&opened, is_wal)?;
        let page_size = setting::<i64>(&opened.conn, "page_size")?.unsigned_abs();
        let queries = Queries::new(source, series);
        let (programs, spellings) = (Programs::default(), Spellings::default());
        let watch = SchemaWatch::begin(&opened.conn, &queries)?;
        let (origin, spills) = (origin.clone(), is_wal);
        Ok(Self { opened, origin, is_wal, spills, page_size, waiting: 0, queries, programs, spellings, watch })
    }

    /// Starts a write transaction; waits up to five seconds for its turn.
    ///
    /// # Errors
    /// `Locked` when the turn does not come; `FenceTable` where somebody changed our table meanwhile; `Replaced`.
    pub fn begin(&mut self) -> Result<WriteTxn<'_>, StoreError> {
        self.spill(self.is_wal)?;
        self.start()
    }

    /// The same for what may be too large for memory: in rollback mode it locks readers out from the moment at which it
    /// has filled the cache.
    ///
    /// # Errors
    /// As [`Writer::begin`].
    pub fn begin_large(&mut self) -> Result<WriteTxn<'_>, StoreError> {
        self.spill(true)?;
        self.start()
    }

    /// SQLite takes the setting up between transactions only.
    fn spill(&mut self, wanted: bool) -> Result<(), StoreError> {
        if self.spills == wanted {
            return Ok(());
        }
        let cached = (CACHE_KIB.unsigned_abs() << 10) / self.page_size;
        self.opened.set("cache_spill", &if wanted { cached } else { 0 }.to_string())?;
        self.spills = wanted;
        Ok(())
    }

    fn start(&mut self) -> Result<WriteTxn<'_>, StoreError> {
        self.execute("BEGIN IMMEDIATE")?;
        // From here on a failure must end the transaction: the value that does so exists first.
        let mut txn = WriteTxn::begun(self);
        txn.writer.opened.in_place()?;
        txn.free_before = txn.free_pages()?;
        let writer = &mut *txn.writer;
        let schema = writer.watch.turn(&writer.opened.conn)?;
        writer.programs.keep_for(schema);
        Ok(txn)
    }

    /// Whether the row before the log's first batch stands. Where it does not, no batch may be announced before
    /// [`WriteTxn::begin_fences`] has made it, unless one was committed: of one that was announced without it nobody
    /// could tell whether it was committed, or somebody took the row away.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn has_fences(&mut self) -> Result<bool, StoreError> {
        Ok(!matches!(self.fence(fence::BEGINNING)?, FenceState::NoTable | FenceState::Absent))
    }

    /// Whether the database is as it was before our log's first batch was committed in it.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn is_at_its_beginning(&mut self) -> Result<bool, StoreError> {
        Ok(self.fence(fence::BEGINNING)? == FenceState::Aborted)
    }

    /// What the database says of a batch of our log.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn fence(&mut self, batch: BatchNumber) -> Result<FenceState, StoreError> {
        fence::read(&self.opened.conn, &self.origin, batch)
    }

    /// Settles a batch whose end is unknown: where no row stands, writes one that it was aborted, so that it can never
    /// be committed any more. Returns `Committed` or `Aborted`.
    ///
    /// Makes the table where it is missing. A caller whose log knows of a committed batch asks `fence` about that one
    /// first.
    ///
    /// # Errors
    /// The database cannot be written: the batch stays unsettled.
    pub fn abort_or_read(&mut self, batch: BatchNumber) -> Result<FenceState, StoreError> {
        let mut attempt = 1;
        loop {
            match self.begin()?.abort_or_read(batch) {
                // A reader was in the way: it is let through, as at any COMMIT of ours.
                Err(error) if error.is_locked() && attempt < ATTEMPTS => std::thread::sleep(PAUSE),
                settled => return settled,
            }
            attempt += 1;
        }
    }

    /// Those of the keys whose records are there.
    ///
    /// # Errors
    /// The database cannot be read, or another stands in its place.
    pub fn still_there(&mut self, series: &SeriesName, keys: &[RecordKey]) -> Result<Vec<RecordKey>, StoreError> {
        self.opened.in_place()?;
        let program = self.loaded(series, keys)?;
        program.still_there(&self.opened.conn, keys)
    }

    /// Weighs these records one after the other, up to the one with which they have more than so many bytes together.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn weigh(&mut self, series: &SeriesName, keys: &[RecordKey], enough: u64) -> Result<Vec<Weight>, StoreError> {
        let (mut weights, mut bytes) = (Vec::new(), 0_u64);
        for key in keys {
            if bytes > enough {
                break;
            }
            let weight = match self.loaded(series, std::slice::from_ref(key))?.weight(&self.opened.conn) {
                // What cannot be weighed cannot go either: the transaction tells.
                Err(StoreError::RowFails { .. }) => Weight::default(),
                weight => weight?,
            };
            bytes += weight.bytes;
            weights.push(weight);
        }
        Ok(weights)
    }

    /// For each of the keys, whether every mask of the mapping stands in its record and in its parts; true where no
    /// record is there any more.
    ///
    /// # Errors
    /// The database cannot be read, or is no longer what the mapping says.
    pub fn masked(&mut self, series: &SeriesName, keys: &[RecordKey]) -> Result<Vec<bool>, StoreError> {
        self.opened.in_place()?;
        let facts = self.queries.of(series)?.read(&self.opened.conn, keys)?;
        Ok(facts.into_iter().map(|facts| facts.is_none_or(|facts| facts.masked)).collect())
    }

    /// The files that the records' parts name.
    ///
    /// # Errors
    /// The database cannot be read, or is no longer what the mapping says.
    pub fn files_of(&mut self, series: &SeriesName, keys: &[RecordKey]) -> Result<NamedFiles, StoreError> {
        let query = self.queries.of(series)?;
        let mut named = query.files_of(&self.opened.conn, keys)?;
        let unknown = named.unknown.into_iter();
        named.unknown = unknown.map(|(record, error)| (record, error.in_mapping(&self.queries, series))).collect();
        Ok(named)
    }

    /// The paths beneath its root that the first and the last rows of a part name. Personal information.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn sample_of_files(&self, part: &PartMapping, files: &FilesMapping) -> Result<Vec<String>, StoreError> {
        let conn = &self.opened.conn;
        let mut paths = named_files::first(conn, part, files).map_err(|error| StoreError::of(conn, error))?;
        paths.append(&mut named_files::last(conn, part, files));
        Ok(paths)
    }

    /// For each of these files (paths beneath `root`), whether a row of any mapped table may still name it.
    ///
    /// # Errors
    /// The database cannot be read, or another stands in its place.
    pub fn still_referenced(&mut self, root: &Path, paths: &[&str]) -> Result<Vec<bool>, StoreError> {
        self.opened.in_place()?;
        references::referenced(&self.opened.conn, &self.queries, Some(&mut self.spellings), root, paths)
    }

    /// The same, but for rows that spell a path otherwise than plainly: these are found by reading whole tables.
    ///
    /// # Errors
    /// As [`Writer::still_referenced`].
    pub(super) fn still_named(&self, root: &Path, paths: &[&str]) -> Result<Vec<bool>, StoreError> {
        self.opened.in_place()?;
        references::referenced(&self.opened.conn, &self.queries, None, root, paths)
    }

    /// Compiles an expression over `this`, and asks it of no record.
    ///
    /// # Errors
    /// `Expression` where it is none, or names what is not there any more; the database cannot be read.
    pub fn compiles(&mut self, series: &SeriesName, expression: &str) -> Result<(), StoreError> {
        self.loaded(series, &[])?.matches(&self.opened.conn, expression, 0).map(|_| ())
    }

    /// Whether triggers that the mapping names may copy what goes, or a full-text index keeps it, so that nothing can
    /// be said of what is left of it.
    ///
    /// # Errors
    /// The database cannot be read, or is no longer what the mapping says.
    pub fn may_copy(&mut self, series: &SeriesName) -> Result<bool, StoreError> {
        Ok(self.program(series)?.may_be_copied)
    }

    /// How the rows are asked that change with records.
    pub(super) fn asking(
        &mut self,
        company: Company<'_>,
        expression: Option<&str>,
    ) -> Result<Option<Arc<Asking>>, StoreError> {
        self.programs.asking(&self.opened, &self.queries, company, expression)
    }

    /// How the records are asked for that keep rows which would go with those of a series.
    pub(super) fn waiting(&mut self, of: &SeriesName) -> Result<Arc<Vec<Waiting>>, StoreError> {
        self.programs.waiting(&self.opened, &self.queries, of)
    }

    pub(super) fn program(&mut self, series: &SeriesName) -> Result<Arc<Program>, StoreError> {
        self.programs.of(&self.opened, &self.queries, series)
    }

    /// The program of a series, for these keys.
    pub(super) fn loaded(&mut self, series: &SeriesName, keys: &[RecordKey]) -> Result<Arc<Program>, StoreError> {
        let program = self.program(series)?;
        self.programs.load(&self.opened.conn, series, keys)?;
        Ok(program)
    }

    /// Whether what a series touches is defined as it was when this connection was opened.
    pub(super) fn same_schema(&mut self, series: &SeriesName) -> Result<(), StoreError> {
        self.watch.check(&self.opened.conn, &self.queries, series)
    }

    fn execute(&self, sql: &str) -> Result<(), StoreError> {
        self.opened.conn.execute_batch(sql).map_err(|e| StoreError::of(&self.opened.conn, e))
    }
}

/// Sets what concerns our connection only, beside what every connection sets.
fn settle(opened: &Opened, is_wal: bool) -> Result<(), StoreError> {
    let cache = format!("-{CACHE_KIB}");
    for (pragma, value) in [
        // FULL does not sync the directory after a COMMIT in rollback mode.
        ("synchronous", "3"),
        ("secure_delete", "1"),
        ("wal_autocheckpoint", "0"),
        ("cache_size", &cache),
    ] {
        opened.set(pragma, value)?;
    }
    if !is_wal {
        // A spill would lock readers out before the COMMIT (see `begin_large`).
        opened.set("cache_spill", "0")?;
    }
    Ok(())
}

fn setting<T: FromSql>(conn: &Connection, pragma: &str) -> Result<T, StoreError> {
    conn.pragma_query_value(Some("main"), pragma, |row| row.get(0)).map_err(|e| StoreError::of(conn, e))
}
