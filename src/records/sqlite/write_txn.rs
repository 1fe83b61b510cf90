//! One write transaction: read again, dispose, fence, and a COMMIT on evidence.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::ErrorCode;

use super::StoreError;
use super::dispose::Disposed;
use super::fence::{self, FenceState};
use super::lookup::NamedFiles;
use super::open::BUSY_TIMEOUT;
use super::write::Writer;
use crate::model::{BatchNumber, DurableEvidence, RecordKey, SeriesName};
use crate::records::facts::Facts;

/// One write transaction. Dropped before its COMMIT, it is rolled back.
pub struct WriteTxn<'w> {
    pub(super) writer: &'w mut Writer,
    /// Pages on the free list when it began.
    pub(super) free_before: u64,
    batch: Option<BatchNumber>,
    is_over: bool,
}

/// Why a COMMIT did not return as committed.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    #[error("readers kept the database from the COMMIT; the batch was undone and can be tried again")]
    Busy,
    #[error("the evidence is of another batch than the transaction's fence; the batch was undone")]
    OtherBatch,
    /// A foreign key that is checked at the COMMIT only, or a database in whose place another stands.
    #[error("the database refused the COMMIT; the batch was undone")]
    Refused(#[source] StoreError),
    /// Only the fence tells: `Writer::abort_or_read`.
    #[error("whether the batch was committed is unknown until its fence is read")]
    Unknown(#[source] StoreError),
}

impl<'w> WriteTxn<'w> {
    /// A transaction that has just begun.
    pub(super) fn begun(writer: &'w mut Writer) -> Self {
        Self { writer, free_before: 0, batch: None, is_over: false }
    }

    /// What stands of a batch; where nothing does, from now on that it was aborted.
    pub(super) fn abort_or_read(mut self, batch: BatchNumber) -> Result<FenceState, StoreError> {
        let (conn, origin) = (&self.writer.opened.conn, &self.writer.origin);
        let state = fence::read(conn, origin, batch)?;
        if !matches!(state, FenceState::NoTable | FenceState::Absent) {
            return Ok(state);
        }
        fence::create_table(conn)?;
        fence::put_aborted(conn, origin, batch)?;
        self.commit_at_once().map_err(|error| StoreError::of(&self.writer.opened.conn, error))?;
        self.is_over = true;
        Ok(FenceState::Aborted)
    }

    /// Makes the fence table with the row before a log's first batch, and nothing else; commits. Waits for nobody.
    ///
    /// # Errors
    /// `Locked` where a reader keeps it from the COMMIT (in rollback mode); the table or the row cannot be written.
    pub fn begin_fences(mut self) -> Result<(), StoreError> {
        fence::create_table(&self.writer.opened.conn)?;
        fence::put_beginning(&self.writer.opened.conn, &self.writer.origin)?;
        self.commit_at_once().map_err(|error| StoreError::of(&self.writer.opened.conn, error))?;
        self.is_over = true;
        Ok(())
    }

    /// Writes the fence row of the batch, with the state that it will have if this transaction commits. `note` says
    /// what the transaction did: recovery reads it back, so it holds no personal information.
    ///
    /// # Errors
    /// The batch has a row already: recovery aborted it.
    pub fn fence(&mut self, batch: BatchNumber, note: &str) -> Result<(), StoreError> {
        fence::create_table(&self.writer.opened.conn)?;
        fence::put_committed(&self.writer.opened.conn, &self.writer.origin, batch, note)?;
        self.batch = Some(batch);
        Ok(())
    }

    /// From here on statements take the time that they need: what was disposed of is settled, and what is left is
    /// short.
    pub fn lift_limit(&mut self) {
        self.writer.opened.deadline.clear();
    }

    /// What the database says of an earlier batch of our log, as this transaction sees it.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn fence_of(&mut self, batch: BatchNumber) -> Result<FenceState, StoreError> {
        self.writer.fence(batch)
    }

    /// The batches of our log that have a fence row, as this transaction sees it.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn fences(&mut self) -> Result<Vec<BatchNumber>, StoreError> {
        fence::batches(&self.writer.opened.conn, &self.writer.origin)
    }

    /// Lets go of our fence rows of batches before this one: their outcomes are durable in the log.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn forget_fences_before(&mut self, batch: BatchNumber) -> Result<(), StoreError> {
        fence::forget_before(&self.writer.opened.conn, &self.writer.origin, batch)
    }

    /// Statements of this transaction are interrupted after this time from now; its COMMIT never is.
    pub fn limit(&mut self, time: Duration) {
        self.writer.opened.deadline.set(time);
    }

    /// Statements of `ask` are interrupted after this time, too. A single step of SQLite's (a sum over a whole table, a
    /// search in a long text) is not interrupted: its answer came too late all the same.
    ///
    /// # Errors
    /// What `ask` says; [`StoreError::Interrupted`] where time was over.
    pub fn within<T, E: From<StoreError>>(
        &mut self,
        time: Duration,
        ask: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        let before = self.writer.opened.deadline.narrow(time);
        let answer = ask(self);
        let is_late = self.writer.opened.deadline.is_over();
        self.writer.opened.deadline.put_back(before);
        match answer {
            Ok(_) if is_late => {
                let database = PathBuf::from(self.writer.opened.conn.path().unwrap_or_default());
                Err(StoreError::Interrupted { database }.into())
            }
            answer => answer,
        }
    }

    /// Bytes of the pages that this transaction has freed so far: each is overwritten, and must reach the disk at the
    /// COMMIT. Large values stand in pages of their own.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn freed(&self) -> Result<u64, StoreError> {
        Ok(self.free_pages()?.saturating_sub(self.free_before) * self.writer.page_size)
    }

    pub(super) fn free_pages(&self) -> Result<u64, StoreError> {
        let conn = &self.writer.opened.conn;
        conn.prepare_cached("PRAGMA main.freelist_count")
            .and_then(|mut statement| statement.query_row([], |row| row.get::<_, i64>(0)))
            .map(i64::unsigned_abs)
            .map_err(|e| StoreError::of(conn, e))
    }

    /// The facts of these records, read again, in the order of the keys; `None` for a record that is not there.
    ///
    /// # Errors
    /// `SchemaChanged`; the database cannot be read, or is no longer what the mapping says.
    pub fn facts(&mut self, series: &SeriesName, keys: &[RecordKey]) -> Result<Vec<Option<Facts>>, StoreError> {
        self.writer.same_schema(series)?;
        let query = self.writer.queries.of(series)?;
        query.read(&self.writer.opened.conn, keys)
    }

    /// The files that the records' parts name.
    ///
    /// # Errors
    /// As [`WriteTxn::facts`].
    pub fn files_of(&mut self, series: &SeriesName, keys: &[RecordKey]) -> Result<NamedFiles, StoreError> {
        self.writer.files_of(series, keys)
    }

    /// For each key, whether its record is there and a read-only SQL expression over `this` holds for it.
    ///
    /// # Errors
    /// `Expression` where it is none, or fails on a row; the database cannot be read.
    pub fn matches(
        &mut self,
        series: &SeriesName,
        expression: &str,
        keys: &[RecordKey],
    ) -> Result<Vec<bool>, StoreError> {
        let program = self.writer.loaded(series, keys)?;
        program.matches(&self.writer.opened.conn, expression, keys.len())
    }

    /// Whether what is judged of a record of the series may change while others of it are disposed of, because its
    /// mapping or one of these expressions over `this`, a row of a series, looks at what goes with them, or a trigger
    /// that the mapping names writes what is judged by.
    ///
    /// # Errors
    /// The database cannot be read, or is no longer what the mapping says.
    pub fn is_looked_around<'e>(
        &mut self,
        series: &SeriesName,
        expressions: impl Iterator<Item = (&'e SeriesName, &'e str)>,
    ) -> Result<bool, StoreError> {
        self.writer.program(series)?;
        let writer = &mut *self.writer;
        writer.programs.is_looked_around(&writer.opened, &writer.queries, series, expressions)
    }

    /// Destroys these records with their parts: parts first, each counted.
    ///
    /// # Errors
    /// `CountDiffers` where a record was not there, or a cascade or trigger changed more than the mapping says, or kept
    /// a row; `RowFails` where an expression of the mapping does; `SchemaChanged`. After any error the transaction must
    /// be rolled back.
    pub fn destroy(&mut self, series: &SeriesName, keys: &[RecordKey]) -> Result<Disposed, StoreError> {
        self.writer.same_schema(series)?;
        let program = self.writer.loaded(series, keys)?;
        let disposed = program.destroy(&self.writer.opened, keys.len());
        self.triggered(series, disposed)
    }

    /// Puts the mapping's masks in place, in these records and in their parts.
    ///
    /// # Errors
    /// As [`WriteTxn::destroy`].
    pub fn anonymize(&mut self, series: &SeriesName, keys: &[RecordKey]) -> Result<Disposed, StoreError> {
        self.writer.same_schema(series)?;
        let program = self.writer.loaded(series, keys)?;
        let disposed = program.anonymize(&self.writer.opened, keys.len());
        self.triggered(series, disposed)
    }

    /// What triggers wrote may name files.
    fn triggered(
        &mut self,
        series: &SeriesName,
        disposed: Result<Disposed, StoreError>,
    ) -> Result<Disposed, StoreError> {
        let disposed = disposed.map_err(|error| error.in_mapping(&self.writer.queries, series))?;
        if disposed.triggered > 0 {
            self.writer.spellings.forget();
        }
        Ok(disposed)
    }

    /// Those of the keys whose records are there, as this transaction sees it.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn still_there(&mut self, series: &SeriesName, keys: &[RecordKey]) -> Result<Vec<RecordKey>, StoreError> {
        self.writer.still_there(series, keys)
    }

    /// For each of these files (paths beneath `root`), whether a row of any mapped table names it plainly. Rows that
    /// spell it otherwise are looked for outside transactions ([`Writer::still_referenced`]).
    ///
    /// # Errors
    /// The database cannot be read, or another stands in its place.
    pub fn still_named(&self, root: &Path, paths: &[&str]) -> Result<Vec<bool>, StoreError> {
        self.writer.still_named(root, paths)
    }

    /// Commits what durable intents announced. Waits for nobody.
    ///
    /// # Errors
    /// See [`CommitError`]; unless it is `Unknown`, nothing has changed.
    pub fn commit(mut self, evidence: &impl DurableEvidence) -> Result<(), CommitError> {
        if self.batch != Some(evidence.batch()) {
            return Err(CommitError::OtherBatch);
        }
        if let Err(replaced) = self.writer.opened.in_place()
            && self.undo().is_ok()
        {
            return Err(CommitError::Refused(replaced));
        }
        let committed = self.commit_at_once();
        match committed {
            Ok(()) => {
                self.is_over = true;
                Ok(())
            }
            Err(error) => {
                let code = error.sqlite_error_code();
                let failure = StoreError::of(&self.writer.opened.conn, error);
                Err(match code {
                    Some(ErrorCode::DatabaseBusy) if self.undo().is_ok() => CommitError::Busy,
                    // SQLite looks at deferred foreign keys before it writes, and leaves the transaction open.
                    Some(ErrorCode::ConstraintViolation) if self.undo().is_ok() => CommitError::Refused(failure),
                    _ => CommitError::Unknown(failure),
                })
            }
        }
    }

    /// Ends the transaction; nothing has changed.
    pub fn roll_back(self) {}

    /// In rollback mode a COMMIT keeps new readers out while it waits for the old ones: so it gives way at once.
    fn commit_at_once(&self) -> rusqlite::Result<()> {
        self.writer.opened.deadline.clear();
        let conn = &self.writer.opened.conn;
        conn.busy_timeout(Duration::ZERO)?;
        let committed = conn.execute_batch("COMMIT");
        conn.busy_timeout(BUSY_TIMEOUT)?;
        committed
    }

    fn undo(&mut self) -> rusqlite::Result<()> {
        self.is_over = true;
        self.writer.opened.deadline.clear();
        // The temporary tables of the programs are undone with the transaction that made them.
        self.writer.programs.forget();
        if self.writer.opened.conn.is_autocommit() { Ok(()) } else { self.writer.opened.conn.execute_batch("ROLLBACK") }
    }
}

impl Drop for WriteTxn<'_> {
    fn drop(&mut self) {
        // A ROLLBACK that fails leaves a transaction that can only be rolled back: the next BEGIN says so.
        if !self.is_over {
            let _ = self.undo();
        }
    }
}
