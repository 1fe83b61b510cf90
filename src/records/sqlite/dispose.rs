//! Disposing of a chunk of records: the steps of a compiled program, each counted.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::StoreError;
use super::dispose_plan::{Effect, Program, Step};
use super::sql::{condition, not_one_expression};
use crate::model::RecordKey;
use crate::records::mapping::Condition;

/// What a disposal changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disposed {
    /// Rows destroyed (or masked), per table, the series' own included.
    pub rows: BTreeMap<String, u64>,
    /// Rows that live on with another owner or none, per table.
    pub detached: BTreeMap<String, u64>,
}

impl Program {
    pub(super) fn destroy(&self, conn: &Connection, keys: &[RecordKey]) -> Result<Disposed, StoreError> {
        self.run(conn, &self.destroy, keys)
    }

    pub(super) fn anonymize(&self, conn: &Connection, keys: &[RecordKey]) -> Result<Disposed, StoreError> {
        self.run(conn, &self.anonymize, keys)
    }

    /// Those of the keys whose records are there.
    pub(super) fn still_there(&self, conn: &Connection, keys: &[RecordKey]) -> Result<Vec<RecordKey>, StoreError> {
        self.load(conn, keys)?;
        let places = self.places(conn, "1")?;
        Ok(places.into_iter().filter_map(|place| keys.get(place).cloned()).collect())
    }

    /// For each key, whether its record is there and the expression holds for it.
    pub(super) fn matches(
        &self,
        conn: &Connection,
        expression: &str,
        keys: &[RecordKey],
    ) -> Result<Vec<bool>, StoreError> {
        if let Some(reason) = not_one_expression(expression) {
            return Err(StoreError::Expression { message: reason.to_owned() });
        }
        self.load(conn, keys)?;
        let mut matches = vec![false; keys.len()];
        for place in self.places(conn, &condition(&Condition::Expression(expression.to_owned())))? {
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

    fn run(&self, conn: &Connection, steps: &[Step], keys: &[RecordKey]) -> Result<Disposed, StoreError> {
        let mut disposed = Disposed::default();
        if keys.is_empty() {
            return Ok(disposed);
        }
        self.load(conn, keys)?;
        for step in steps {
            let Some((changed, expected)) = step.run(conn, keys.len()).map_err(|e| StoreError::of(conn, e))? else {
                continue;
            };
            if changed != expected {
                return Err(StoreError::CountDiffers { counted: expected, changed });
            }
            let counts = if step.effect == Effect::Detached { &mut disposed.detached } else { &mut disposed.rows };
            if changed > 0 {
                *counts.entry(step.table.clone()).or_default() += changed;
            }
        }
        Ok(disposed)
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

impl Step {
    /// How many rows changed, all consequences included, and how many should have; `None` where it changes no rows of the owner's.
    fn run(&self, conn: &Connection, records: usize) -> rusqlite::Result<Option<(u64, u64)>> {
        let before = conn.total_changes();
        let mut statement = conn.prepare_cached(&self.sql)?;
        if self.effect == Effect::NoneLeft {
            let is_left: bool = statement.query_row([], |row| row.get(0))?;
            return Ok(is_left.then_some((0, 1)));
        }
        statement.raw_execute()?;
        let direct = conn.changes();
        let expected = if self.effect == Effect::Records { records as u64 } else { direct };
        let all = conn.total_changes() - before;
        Ok((self.effect != Effect::None).then_some((all, expected)))
    }
}
