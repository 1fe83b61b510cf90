//! Writing: one connection to one source, one short transaction at a time, and a COMMIT that asks for evidence.
//!
//! Only `disposition::execute` writes records. What the owner set for all (journal mode, page size) stays as it was; what
//! holds for our connection only is set and read back.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::types::FromSql;
use rusqlite::{Connection, ErrorCode};

use super::dispose::Disposed;
use super::dispose_plan::{Program, Programs};
use super::fence::{self, FenceState};
use super::open::{Opened, Purpose};
use super::references;
use super::{Queries, StoreError};
use crate::model::{BatchNumber, DurableEvidence, Origin, RecordKey, SeriesName};
use crate::records::facts::Facts;
use crate::records::files::FileRef;
use crate::records::mapping::{SeriesMapping, Source};

/// How long a write transaction waits for its turn. A COMMIT waits for nothing: while it waits, no reader gets in.
const TURN: Duration = Duration::from_secs(5);

/// Memory for pages, in KiB. A larger cache reads less, and hardly gains time: what costs is writing.
pub const CACHE_KIB: i64 = 16 << 10;

/// When the WAL is to be moved into the database file, between transactions. SQLite's own way, inside a COMMIT, would write the
/// same pages of the database again and again, and keep the write lock meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relief {
    /// At 4 MB, as SQLite does it: the application's own automatic checkpoint then finds nothing of ours to do.
    Soon,
    /// At 64 MiB, which moves pages that many chunks have changed only once.
    Late,
}

impl Relief {
    /// Bytes in the WAL that are not in the database file yet.
    fn at(self) -> u64 {
        match self {
            Self::Soon => 4_000_000,
            Self::Late => 64 << 20,
        }
    }
}

/// A connection that may change one source.
pub struct Writer {
    opened: Opened,
    origin: Origin,
    is_wal: bool,
    /// In bytes.
    page_size: u64,
    queries: Queries,
    programs: Programs,
}

/// One write transaction. Dropped before its COMMIT, it is rolled back.
pub struct WriteTxn<'w> {
    writer: &'w mut Writer,
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
    /// Only the fence tells: `Writer::abort_or_read`.
    #[error("whether the batch was committed is unknown until its fence is read")]
    Unknown(#[source] StoreError),
}

impl Writer {
    /// Opens a source for writing. `series` are all mappings of the installation: a relation names other series.
    ///
    /// # Errors
    /// The source cannot be opened safely, or a setting does not stick.
    pub fn open(source: &Source, series: &[SeriesMapping], origin: &Origin) -> Result<Self, StoreError> {
        let opened = Opened::open(&source.sqlite, Purpose::Write)?;
        let journal_mode: String = setting(&opened.conn, "journal_mode")?;
        let is_wal = journal_mode == "wal";
        settle(&opened, is_wal)?;
        let page_size = setting::<i64>(&opened.conn, "page_size")?.unsigned_abs();
        let queries = Queries::new(source, series);
        Ok(Self { opened, origin: origin.clone(), is_wal, page_size, queries, programs: Programs::default() })
    }

    /// Starts a write transaction; waits up to five seconds for its turn.
    ///
    /// # Errors
    /// `Locked` when the turn does not come.
    pub fn begin(&mut self) -> Result<WriteTxn<'_>, StoreError> {
        self.execute("BEGIN IMMEDIATE")?;
        // From here on a failure must end the transaction: the value that does so exists first.
        let txn = WriteTxn { writer: self, batch: None, is_over: false };
        let schema = setting(&txn.writer.opened.conn, "schema_version")?;
        txn.writer.programs.keep_for(schema);
        Ok(txn)
    }

    /// What the database says of a batch of our log.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn fence(&mut self, batch: BatchNumber) -> Result<FenceState, StoreError> {
        fence::read(&self.opened.conn, &self.origin, batch)
    }

    /// Settles a batch whose end is unknown: where no row stands, writes one that it was aborted, so that it can never be
    /// committed any more. Returns `Committed` or `Aborted`.
    ///
    /// Makes the table where it is missing. A caller whose log knows of a committed batch asks `fence` about that one first.
    ///
    /// # Errors
    /// The database cannot be written: the batch stays unsettled.
    pub fn abort_or_read(&mut self, batch: BatchNumber) -> Result<FenceState, StoreError> {
        let mut txn = self.begin()?;
        let (conn, origin) = (&txn.writer.opened.conn, &txn.writer.origin);
        let mut state = fence::read(conn, origin, batch)?;
        if matches!(state, FenceState::NoTable | FenceState::Absent) {
            state = FenceState::Aborted;
            fence::create_table(conn)?;
            fence::put_aborted(conn, origin, batch)?;
            txn.writer.execute("COMMIT")?;
            txn.is_over = true;
        }
        Ok(state)
    }

    /// Other logs that have left fence rows here, and how many.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn foreign_fences(&mut self) -> Result<Vec<(Origin, u64)>, StoreError> {
        fence::foreign(&self.opened.conn, &self.origin)
    }

    /// Moves the WAL into the database file when it is long. Stops at a reader, waits for nobody, keeps no writer out.
    ///
    /// To be called between transactions; in rollback mode there is nothing to do.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn relieve(&mut self, relief: Relief) -> Result<(), StoreError> {
        if !self.is_wal {
            return Ok(());
        }
        let (in_log, moved) = self.checkpoint("PRAGMA main.wal_checkpoint(NOOP)")?;
        if in_log.saturating_sub(moved).saturating_mul(self.page_size) >= relief.at() {
            self.checkpoint("PRAGMA main.wal_checkpoint(PASSIVE)")?;
        }
        Ok(())
    }

    /// Those of the keys whose records are there.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn still_there(&mut self, series: &SeriesName, keys: &[RecordKey]) -> Result<Vec<RecordKey>, StoreError> {
        let program = self.program(series)?;
        program.still_there(&self.opened.conn, keys)
    }

    /// The files that the records' parts name.
    ///
    /// # Errors
    /// The database cannot be read, or is no longer what the mapping says.
    pub fn files_of(&mut self, series: &SeriesName, keys: &[RecordKey]) -> Result<Vec<FileRef>, StoreError> {
        let query = self.queries.of(series)?;
        query.files_of(&self.opened.conn, keys)
    }

    /// For each of these files (paths beneath `root`), whether a row of any mapped table still names it.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn still_referenced(&mut self, root: &Path, paths: &[&str]) -> Result<Vec<bool>, StoreError> {
        references::referenced(&self.opened.conn, self.queries.mappings(), root, paths)
    }

    fn program(&mut self, series: &SeriesName) -> Result<Arc<Program>, StoreError> {
        self.programs.of(&self.opened.conn, &self.queries, series)
    }

    /// Pages in the WAL, and how many of them are in the database file already.
    fn checkpoint(&self, pragma: &str) -> Result<(u64, u64), StoreError> {
        self.opened
            .conn
            .prepare_cached(pragma)
            .and_then(|mut statement| {
                statement.query_row([], |row| {
                    Ok((row.get::<_, i64>(1)?.max(0).unsigned_abs(), row.get::<_, i64>(2)?.max(0).unsigned_abs()))
                })
            })
            .map_err(|e| StoreError::of(&self.opened.conn, e))
    }

    fn execute(&self, sql: &str) -> Result<(), StoreError> {
        self.opened.conn.execute_batch(sql).map_err(|e| StoreError::of(&self.opened.conn, e))
    }
}

impl Drop for Writer {
    /// Moves what is left in the WAL, which the application's next COMMIT would have to move otherwise. Where that fails, it will.
    fn drop(&mut self) {
        if self.is_wal {
            let _ = self.checkpoint("PRAGMA main.wal_checkpoint(PASSIVE)");
        }
    }
}

impl WriteTxn<'_> {
    /// Writes the fence row of the batch, with the state that it will have if this transaction commits. `note` says what the transaction did:
    /// recovery reads it back, so it holds no personal information.
    ///
    /// # Errors
    /// The batch has a row already: recovery aborted it.
    pub fn fence(&mut self, batch: BatchNumber, note: &str) -> Result<(), StoreError> {
        fence::create_table(&self.writer.opened.conn)?;
        fence::put_committed(&self.writer.opened.conn, &self.writer.origin, batch, note)?;
        self.batch = Some(batch);
        Ok(())
    }

    /// Lets go of our fence rows of batches before this one: their outcomes are durable in the log.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn forget_fences_before(&mut self, batch: BatchNumber) -> Result<(), StoreError> {
        fence::forget_before(&self.writer.opened.conn, &self.writer.origin, batch)
    }

    /// The facts of these records, read again, in the order of the keys; `None` for a record that is not there.
    ///
    /// # Errors
    /// The database cannot be read, or is no longer what the mapping says.
    pub fn facts(&mut self, series: &SeriesName, keys: &[RecordKey]) -> Result<Vec<Option<Facts>>, StoreError> {
        let query = self.writer.queries.of(series)?;
        query.read(&self.writer.opened.conn, keys)
    }

    /// The files that the records' parts name.
    ///
    /// # Errors
    /// As [`WriteTxn::facts`].
    pub fn files_of(&mut self, series: &SeriesName, keys: &[RecordKey]) -> Result<Vec<FileRef>, StoreError> {
        self.writer.files_of(series, keys)
    }

    /// For each key, whether its record is there and a read-only SQL expression over `this` holds for it.
    ///
    /// # Errors
    /// `Expression` where it is none; the database cannot be read.
    pub fn matches(
        &mut self,
        series: &SeriesName,
        expression: &str,
        keys: &[RecordKey],
    ) -> Result<Vec<bool>, StoreError> {
        let program = self.writer.program(series)?;
        program.matches(&self.writer.opened.conn, expression, keys)
    }

    /// Destroys these records with their parts: parts first, each counted.
    ///
    /// # Errors
    /// `CountDiffers` where a record was not there, or a cascade or trigger changed more than the mapping says. After any error
    /// the transaction must be rolled back.
    pub fn destroy(&mut self, series: &SeriesName, keys: &[RecordKey]) -> Result<Disposed, StoreError> {
        let program = self.writer.program(series)?;
        program.destroy(&self.writer.opened.conn, keys)
    }

    /// Puts the mapping's masks in place, in these records and in their parts.
    ///
    /// # Errors
    /// As [`WriteTxn::destroy`].
    pub fn anonymize(&mut self, series: &SeriesName, keys: &[RecordKey]) -> Result<Disposed, StoreError> {
        let program = self.writer.program(series)?;
        program.anonymize(&self.writer.opened.conn, keys)
    }

    /// Those of the keys whose records are there, as this transaction sees it.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn still_there(&mut self, series: &SeriesName, keys: &[RecordKey]) -> Result<Vec<RecordKey>, StoreError> {
        self.writer.still_there(series, keys)
    }

    /// Commits what durable intents announced. Waits for nobody.
    ///
    /// # Errors
    /// See [`CommitError`]; unless it is `Unknown`, nothing has changed.
    pub fn commit(mut self, evidence: &impl DurableEvidence) -> Result<(), CommitError> {
        if self.batch != Some(evidence.batch()) {
            return Err(CommitError::OtherBatch);
        }
        let committed = self.commit_at_once();
        match committed {
            Ok(()) => {
                self.is_over = true;
                Ok(())
            }
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && self.undo().is_ok() => {
                Err(CommitError::Busy)
            }
            Err(error) => Err(CommitError::Unknown(StoreError::of(&self.writer.opened.conn, error))),
        }
    }

    /// Ends the transaction; nothing has changed.
    pub fn roll_back(self) {}

    /// In rollback mode a COMMIT keeps new readers out while it waits for the old ones: so it gives way at once.
    fn commit_at_once(&self) -> rusqlite::Result<()> {
        let conn = &self.writer.opened.conn;
        conn.busy_timeout(Duration::ZERO)?;
        let committed = conn.execute_batch("COMMIT");
        conn.busy_timeout(TURN)?;
        committed
    }

    fn undo(&mut self) -> rusqlite::Result<()> {
        self.is_over = true;
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
        // A spill would lock readers out before the COMMIT.
        opened.set("cache_spill", "0")?;
    }
    Ok(())
}

fn setting<T: FromSql>(conn: &Connection, pragma: &str) -> Result<T, StoreError> {
    conn.pragma_query_value(Some("main"), pragma, |row| row.get(0)).map_err(|e| StoreError::of(conn, e))
}
