//! Fence rows: in the owner's database, the row that a batch's transaction carries, so that the database itself says
//! after any crash whether the batch was committed.
//!
//! The table is made by the first batch. While the log knows of a committed batch, a missing table means that somebody
//! dropped it, and a missing row that the database was restored from a copy older than the batch.

use rusqlite::{Connection, OptionalExtension, params};

use super::StoreError;
use crate::model::{BatchNumber, Origin};

/// The table of fence rows, in the owner's database.
pub const FENCE_TABLE: &str = "retentiond_batch";

/// What the database says of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FenceState {
    /// There is no fence table: no batch was ever committed here, or somebody dropped it.
    NoTable,
    /// There is a table, and no row of this batch: it was never committed in this state of the database.
    Absent,
    /// With the note that its transaction wrote: what became of each record.
    Committed(String),
    /// Recovery closed the door: this batch can never be committed any more.
    Aborted,
}

const COMMITTED: &str = "committed";
const ABORTED: &str = "aborted";

pub(super) fn create_table(conn: &Connection) -> Result<(), StoreError> {
    let sql = "CREATE TABLE IF NOT EXISTS main.retentiond_batch(origin TEXT NOT NULL, batch INTEGER NOT NULL, \
               state TEXT NOT NULL, note TEXT NOT NULL, PRIMARY KEY(origin, batch)) WITHOUT ROWID";
    conn.prepare_cached(sql).and_then(|mut statement| statement.execute([])).map_err(|e| StoreError::of(conn, e))?;
    Ok(())
}

/// The row of a batch whose transaction is about to commit.
pub(super) fn put_committed(
    conn: &Connection,
    origin: &Origin,
    batch: BatchNumber,
    note: &str,
) -> Result<(), StoreError> {
    put(conn, origin, batch, COMMITTED, note)
}

/// The row that keeps a batch from being committed ever after.
pub(super) fn put_aborted(conn: &Connection, origin: &Origin, batch: BatchNumber) -> Result<(), StoreError> {
    put(conn, origin, batch, ABORTED, "")
}

fn put(conn: &Connection, origin: &Origin, batch: BatchNumber, state: &str, note: &str) -> Result<(), StoreError> {
    conn.prepare_cached("INSERT INTO main.retentiond_batch(origin, batch, state, note) VALUES (?1, ?2, ?3, ?4)")
        .and_then(|mut statement| statement.execute(params![origin.as_str(), number(batch), state, note]))
        .map_err(|e| StoreError::of(conn, e))?;
    Ok(())
}

pub(super) fn read(conn: &Connection, origin: &Origin, batch: BatchNumber) -> Result<FenceState, StoreError> {
    if !table_exists(conn)? {
        return Ok(FenceState::NoTable);
    }
    let row: Option<(String, String)> = conn
        .prepare_cached("SELECT state, note FROM main.retentiond_batch WHERE origin = ?1 AND batch = ?2")
        .and_then(|mut statement| {
            let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
            statement.query_row(params![origin.as_str(), number(batch)], read).optional()
        })
        .map_err(|e| StoreError::of(conn, e))?;
    match row {
        None => Ok(FenceState::Absent),
        Some((state, note)) if state == COMMITTED => Ok(FenceState::Committed(note)),
        Some((state, _)) if state == ABORTED => Ok(FenceState::Aborted),
        Some(_) => Err(StoreError::Schema {
            database: conn.path().unwrap_or_default().into(),
            message: format!("a row of {FENCE_TABLE} has a state that retentiond never writes"),
        }),
    }
}

/// How many fence rows each other log has left here.
pub(super) fn foreign(conn: &Connection, origin: &Origin) -> Result<Vec<(Origin, u64)>, StoreError> {
    if !table_exists(conn)? {
        return Ok(Vec::new());
    }
    let sql = "SELECT origin, count(*) FROM main.retentiond_batch WHERE origin <> ?1 GROUP BY origin ORDER BY origin";
    conn.prepare(sql)
        .and_then(|mut statement| {
            let rows = statement.query_map([origin.as_str()], |row| {
                Ok((Origin::new(row.get::<_, String>(0)?), row.get::<_, i64>(1)?.unsigned_abs()))
            })?;
            rows.collect()
        })
        .map_err(|e| StoreError::of(conn, e))
}

pub(super) fn forget_before(conn: &Connection, origin: &Origin, batch: BatchNumber) -> Result<(), StoreError> {
    if !table_exists(conn)? {
        return Ok(());
    }
    conn.prepare_cached("DELETE FROM main.retentiond_batch WHERE origin = ?1 AND batch < ?2")
        .and_then(|mut statement| statement.execute(params![origin.as_str(), number(batch)]))
        .map_err(|e| StoreError::of(conn, e))?;
    Ok(())
}

fn table_exists(conn: &Connection) -> Result<bool, StoreError> {
    conn.table_exists(Some("main"), FENCE_TABLE).map_err(|e| StoreError::of(conn, e))
}

/// A log never has 2^63 leaves.
fn number(batch: BatchNumber) -> i64 {
    batch.0.cast_signed()
}
