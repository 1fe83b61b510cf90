//! Disposing of a chunk of records: the steps of a compiled program, each counted.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::StoreError;
use super::dispose_program::{Effect, Program, Step};
use super::open::Opened;
use super::sql::{condition, not_one_expression};
use crate::model::RecordKey;
use crate::records::mapping::Condition;

/// What a record is made of: its own row, and those of its parts, with such as it shares with others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weight {
    pub rows: u64,
    /// Of all values in these rows.
    pub bytes: u64,
}

/// What a disposal changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disposed {
    /// Rows destroyed (or masked), per table, the series' own included.
    pub rows: BTreeMap<String, u64>,
    /// Rows that live on with another owner or none, per table.
    pub detached: BTreeMap<String, u64>,
    /// Rows that triggers which the mapping names changed besides, those of a full-text index's own tables included.
    pub triggered: u64,
}

impl Program {
    /// Destroys the loaded records.
    pub(super) fn destroy(&self, opened: &Opened, records: usize) -> Result<Disposed, StoreError> {
        if self.is_circular {
            // Until the transaction ends. A reference that is left is found by the COMMIT, which then refuses.
            opened.conn.execute_batch("PRAGMA defer_foreign_keys = 1").map_err(|e| StoreError::of(&opened.conn, e))?;
        }
        run(opened, &self.destroy, records)
    }

    /// Masks the loaded records.
    pub(super) fn anonymize(&self, opened: &Opened, records: usize) -> Result<Disposed, StoreError> {
        run(opened, &self.anonymize, records)
    }

    /// Those of the loaded keys whose records are there.
    pub(super) fn still_there(&self, conn: &Connection, keys: &[RecordKey]) -> Result<Vec<RecordKey>, StoreError> {
        let places = self.places(conn, "1")?;
        Ok(places.into_iter().filter_map(|place| keys.get(place).cloned()).collect())
    }

    /// The weight of the one loaded record.
    pub(super) fn weight(&self, conn: &Connection) -> Result<Weight, StoreError> {
        let mut weight = Weight::default();
        for sql in &self.weights {
            let (rows, bytes): (i64, i64) = conn
                .prepare_cached(sql)
                .and_then(|mut statement| statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?))))
                .map_err(|e| StoreError::of_rows(conn, e))?;
            weight.rows += rows.unsigned_abs();
            weight.bytes += bytes.unsigned_abs();
        }
        Ok(weight)
    }

    /// For each loaded key, whether its record is there and the expression holds for it.
    pub(super) fn matches(&self, conn: &Connection, expression: &str, keys: usize) -> Result<Vec<bool>, StoreError> {
        if let Some(reason) = not_one_expression(expression) {
            return Err(StoreError::Expression { message: reason.to_owned() });
        }
        let mut matches = vec![false; keys];
        let test = condition(&Condition::Expression(expression.to_owned()));
        for place in self.places(conn, &test).map_err(StoreError::in_expression)? {
            matches[place] = true;
        }
        Ok(matches)
    }

    /// Places of the loaded keys whose records are there and pass a test.
    fn places(&self, conn: &Connection, test: &str) -> Result<Vec<usize>, StoreError> {
        let places: Vec<u32> = conn
            .prepare_cached(&format!("{} AND {test}", self.find))
            .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())
            .map_err(|e| StoreError::of(conn, e))?;
        Ok(places.into_iter().map(|place| place as usize).collect())
    }

    /// Puts the keys where the statements find them: typed, in memory, each under its place in the list.
    pub(super) fn load(&self, conn: &Connection, keys: &[RecordKey]) -> Result<(), StoreError> {
        let load = || {
            conn.prepare_cached(&self.empty)?.raw_execute()?;
            let mut insert = conn.prepare_cached(&self.insert)?;
            for (place, key) in (0_i64..).zip(keys) {
                insert.raw_bind_parameter(1, place)?;
                for (column, value) in key.columns().iter().enumerate() {
                    insert.raw_bind_parameter(column + 2, value)?;
                }
                insert.raw_execute()?;
            }
            Ok(())
        };
        load().map_err(|e| StoreError::of(conn, e))
    }
}

fn run(opened: &Opened, steps: &[Step], records: usize) -> Result<Disposed, StoreError> {
    let mut disposed = Disposed::default();
    for step in steps {
        let Some(Count { changed, counted, triggered }) = step.run(opened, records)? else { continue };
        if changed != counted {
            return Err(StoreError::CountDiffers { counted, changed });
        }
        disposed.triggered += triggered;
        let counts = if step.effect == Effect::Detached { &mut disposed.detached } else { &mut disposed.rows };
        if changed > 0 {
            *counts.entry(step.table.clone()).or_default() += changed;
        }
    }
    Ok(disposed)
}

/// Rows that a statement changed, and how many it should have.
struct Count {
    changed: u64,
    counted: u64,
    /// Changed besides by triggers that may.
    triggered: u64,
}

impl Step {
    /// Counts what changed, all consequences included; `None` where nothing of the owner's should change and nothing
    /// did.
    fn run(&self, opened: &Opened, records: usize) -> Result<Option<Count>, StoreError> {
        self.count(opened, records).map_err(|error| StoreError::of_rows(&opened.conn, error))
    }

    fn count(&self, opened: &Opened, records: usize) -> rusqlite::Result<Option<Count>> {
        let conn = &opened.conn;
        let expected = match (&self.expect, self.effect) {
            (_, Effect::Records) => Some(records as u64),
            (Some(sql), _) => Some(conn.prepare_cached(sql)?.query_row([], |row| row.get::<_, i64>(0))?.unsigned_abs()),
            (None, _) => None,
        };
        let before = conn.total_changes();
        let prepare = || conn.prepare_cached(&self.sql);
        if self.effect == Effect::NoneLeft {
            let is_left: bool = prepare()?.query_row([], |row| row.get(0))?;
            return Ok(is_left.then_some(Count { changed: 0, counted: 1, triggered: 0 }));
        }
        if self.effect == Effect::None {
            prepare()?.raw_execute()?;
            return Ok(None);
        }
        opened.clock.told(|| prepare()?.raw_execute())?;
        let direct = conn.changes();
        let counted = expected.unwrap_or(direct);
        if self.lets_triggers_write {
            flush_virtual_tables(conn)?;
            return Ok(Some(Count { changed: direct, counted, triggered: conn.total_changes() - before - direct }));
        }
        let all = conn.total_changes() - before;
        // A trigger can pass a row over and change another instead: then the sum is right, and the rows are not.
        let changed = if all == counted { direct } else { all };
        Ok(Some(Count { changed, counted, triggered: 0 }))
    }
}

/// A full-text index keeps in memory what a trigger told it, until the next savepoint: and SQLite makes one for a later
/// statement, among whose changes the index's rows would be counted.
fn flush_virtual_tables(conn: &Connection) -> rusqlite::Result<()> {
    conn.prepare_cached("SAVEPOINT retentiond_flush")?.raw_execute()?;
    conn.prepare_cached("RELEASE retentiond_flush")?.raw_execute()?;
    Ok(())
}
