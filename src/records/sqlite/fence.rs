//! Fence rows: in the owner's database, the row that a batch's transaction carries, so that the database itself says
//! after any crash whether the batch was committed.
//!
//! The table is made before the first batch. While the log knows of a committed batch, a missing table means that
//! somebody dropped it, and a missing row that the database was restored from a copy older than the batch.
//!
//! A COMMIT lets go of the rows before its own, so that of a batch without row the one before tells whether it was
//! rolled back. Before a log's first batch that is a row of its own, of [`BEGINNING`].

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Params, params};

use super::{StoreError, schema, sql};
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

/// The number under which a row stands where no batch of the log was committed yet: no batch has it, for the first
/// entry of a log is its genesis.
pub(super) const BEGINNING: BatchNumber = BatchNumber(0);

const COMMITTED: &str = "committed";
const ABORTED: &str = "aborted";

/// What follows the table's name in its definition.
const DEFINITION: &str = "(origin TEXT NOT NULL, batch INTEGER NOT NULL, state TEXT NOT NULL, note TEXT NOT NULL, \
                          PRIMARY KEY(origin, batch)) WITHOUT ROWID";

/// Why fence rows cannot be relied on, and the mend; `None` where the table is as we make it, or missing.
pub(super) fn fault(conn: &Connection) -> rusqlite::Result<Option<(String, String)>> {
    let mut statement = conn.prepare_cached(
        "SELECT type, name, sql FROM main.sqlite_schema
         WHERE name = ?1 COLLATE NOCASE OR (tbl_name = ?1 COLLATE NOCASE AND type = 'trigger') ORDER BY type, name",
    )?;
    let mut rows = statement.query([FENCE_TABLE])?;
    while let Some(row) = rows.next()? {
        let (kind, name, sql): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if kind == "trigger" {
            let message = format!("trigger {name} runs on it");
            return Ok(Some((message, format!("DROP TRIGGER {};", sql::name(&name)))));
        }
        let tokens = schema::tokens(&sql);
        // CREATE TABLE name, then what counts.
        if kind != "table" || tokens.get(3..) != Some(&schema::tokens(DEFINITION)) {
            let message = format!("it is a {kind} of another definition");
            return Ok(Some((message, format!("rename that {kind}, so that retentiond can make its own table"))));
        }
    }
    Ok(None)
}

/// Refuses a table that is not as we make it.
pub(super) fn check(conn: &Connection) -> Result<(), StoreError> {
    match fault(conn).map_err(|e| StoreError::of(conn, e))? {
        None => Ok(()),
        Some((message, mend)) => {
            Err(StoreError::FenceTable { database: conn.path().unwrap_or_default().into(), message, mend })
        }
    }
}

pub(super) fn create_table(conn: &Connection) -> Result<(), StoreError> {
    let sql = format!("CREATE TABLE IF NOT EXISTS main.{FENCE_TABLE}{DEFINITION}");
    conn.prepare_cached(&sql).and_then(|mut statement| statement.execute([])).map_err(|e| StoreError::of(conn, e))?;
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

/// The row before a log's first batch.
pub(super) fn put_beginning(conn: &Connection, origin: &Origin) -> Result<(), StoreError> {
    put(conn, origin, BEGINNING, ABORTED, "")
}

/// The row that keeps a batch from being committed ever after.
pub(super) fn put_aborted(conn: &Connection, origin: &Origin, batch: BatchNumber) -> Result<(), StoreError> {
    put(conn, origin, batch, ABORTED, "")
}

/// Writes a row and reads it back: a trigger could swallow it, or do more than we asked for.
fn put(conn: &Connection, origin: &Origin, batch: BatchNumber, state: &str, note: &str) -> Result<(), StoreError> {
    let sql = "INSERT OR ABORT INTO main.retentiond_batch(origin, batch, state, note) VALUES (?1, ?2, ?3, ?4)";
    let changed = counted(conn, sql, params![origin.as_str(), number(batch), state, note])?;
    let wanted = if state == COMMITTED { FenceState::Committed(note.to_owned()) } else { FenceState::Aborted };
    if changed != 1 || read(conn, origin, batch)? != wanted {
        return Err(StoreError::CountDiffers { counted: 1, changed });
    }
    Ok(())
}

/// Runs a statement that must change rows of the fence table only; returns how many.
fn counted(conn: &Connection, sql: &str, parameters: impl Params) -> Result<u64, StoreError> {
    let before = conn.total_changes();
    let direct = conn
        .prepare_cached(sql)
        .and_then(|mut statement| statement.execute(parameters))
        .map_err(|e| StoreError::of(conn, e))? as u64;
    let changed = conn.total_changes() - before;
    if changed != direct {
        return Err(StoreError::CountDiffers { counted: direct, changed });
    }
    Ok(changed)
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

/// The batches of other logs that have a row here, by their logs. A table that is not as we make it has none.
pub(super) fn foreign(
    conn: &Connection,
    own: Option<&Origin>,
) -> Result<BTreeMap<Origin, Vec<BatchNumber>>, StoreError> {
    if !table_exists(conn)? || fault(conn).map_err(|e| StoreError::of(conn, e))?.is_some() {
        return Ok(BTreeMap::new());
    }
    let mut foreign: BTreeMap<Origin, Vec<BatchNumber>> = BTreeMap::new();
    let mut read = || {
        let sql =
            "SELECT origin, batch FROM main.retentiond_batch WHERE origin IS NOT ?1 AND batch <> ?2 ORDER BY batch";
        let mut statement = conn.prepare(sql)?;
        let mut rows = statement.query(params![own.map(Origin::as_str), number(BEGINNING)])?;
        while let Some(row) = rows.next()? {
            let batch = BatchNumber(row.get::<_, i64>(1)?.cast_unsigned());
            foreign.entry(Origin::new(row.get::<_, String>(0)?)).or_default().push(batch);
        }
        Ok(())
    };
    read().map_err(|e| StoreError::of(conn, e))?;
    Ok(foreign)
}

/// The batches of a log that have a row here. A table that is not as we make it has none.
pub(super) fn batches(conn: &Connection, origin: &Origin) -> Result<Vec<BatchNumber>, StoreError> {
    if !table_exists(conn)? || fault(conn).map_err(|e| StoreError::of(conn, e))?.is_some() {
        return Ok(Vec::new());
    }
    conn.prepare_cached("SELECT batch FROM main.retentiond_batch WHERE origin = ?1 AND batch <> ?2 ORDER BY batch")
        .and_then(|mut statement| {
            let number_of = |row: &rusqlite::Row<'_>| Ok(BatchNumber(row.get::<_, i64>(0)?.cast_unsigned()));
            statement.query_map(params![origin.as_str(), number(BEGINNING)], number_of)?.collect()
        })
        .map_err(|e| StoreError::of(conn, e))
}

pub(super) fn forget_before(conn: &Connection, origin: &Origin, batch: BatchNumber) -> Result<(), StoreError> {
    if !table_exists(conn)? {
        return Ok(());
    }
    let sql = "DELETE FROM main.retentiond_batch WHERE origin = ?1 AND batch < ?2";
    counted(conn, sql, params![origin.as_str(), number(batch)])?;
    Ok(())
}

pub(super) fn table_exists(conn: &Connection) -> Result<bool, StoreError> {
    conn.table_exists(Some("main"), FENCE_TABLE).map_err(|e| StoreError::of(conn, e))
}

/// A log never has 2^63 leaves.
fn number(batch: BatchNumber) -> i64 {
    batch.0.cast_signed()
}
