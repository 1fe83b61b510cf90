//! The records that keep a row which would go with another one: by the `blocked_by` of the series that counts the row.

use super::open::Opened;
use super::reached::{Pace, Reached, Statements};
use super::select::key_columns;
use super::sql::THIS;
use super::value::key_at;
use super::{Queries, StoreError};
use crate::model::{RecordKey, SeriesName};

/// How the records of one series are asked for that keep rows which would go with the records of another.
pub(super) struct Waiting {
    statements: Statements,
    blocker: SeriesName,
    /// Columns of a blocker's key.
    key: usize,
}

impl Waiting {
    /// One for each `blocked_by` of rows that go with records of a series.
    ///
    /// # Errors
    /// The mapping is not that of the schema; the database cannot be read.
    pub(super) fn all(opened: &Opened, queries: &Queries, of: &SeriesName) -> Result<Vec<Self>, StoreError> {
        let of = queries.mapping(of)?;
        let waits = of.waits(queries.mappings());
        let waiting = waits.iter().map(|wait| {
            let blocker = wait.blocker;
            let statements =
                Reached::new(&opened.conn, of, &wait.reach)?.blocking(wait, &key_columns(THIS, blocker).join(", "))?;
            Ok(Self { statements, blocker: blocker.series.clone(), key: blocker.key.len() })
        });
        waiting.collect()
    }

    /// The statements, for `check` to prepare.
    pub(super) fn statements(&self) -> [&str; 2] {
        self.statements.texts()
    }

    /// See [`Companions::blockers_of_companions`](super::Companions::blockers_of_companions).
    pub(super) fn read(
        &self,
        opened: &Opened,
        keys: &[RecordKey],
        pace: Pace,
        visit: &mut dyn FnMut(usize, &SeriesName, Option<RecordKey>),
    ) -> Result<(), StoreError> {
        let failing = self.statements.each(opened, keys, pace, &mut |place, row| {
            let (key, _) = key_at(row, 1, self.key)?;
            visit(place, &self.blocker, Some(key));
            Ok(())
        })?;
        failing.into_iter().for_each(|place| visit(place, &self.blocker, None));
        Ok(())
    }
}
