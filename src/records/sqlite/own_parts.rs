//! Records that are parts of other records of their own series: answers in a thread, sub-dossiers.

use std::time::Duration;

use rusqlite::Statement;

use super::StoreError;
use super::open::Opened;
use super::part_rows::part_rows;
use super::select::{FactsQuery, key_columns};
use super::sql::THIS;
use super::value::{bind_key, key_at};
use super::walk;
use crate::model::RecordKey;
use crate::records::mapping::SeriesMapping;

/// No record's parts may take longer to find.
const LONGEST_RECORD: Duration = Duration::from_secs(60);

/// Per part whose rows are of the series' own table: the keys of those that belong to one record, by its key.
pub(super) fn finding(series: &SeriesMapping) -> Result<Vec<String>, StoreError> {
    let own = series.parts.iter().filter(|part| series.is_own_part(part));
    let keys = key_columns(THIS, series).join(", ");
    own.map(|part| Ok(format!("SELECT {keys} {}", part_rows(series, part)?))).collect()
}

impl FactsQuery {
    /// Shows the records that are parts of each of these, by its place among the keys. Of one on which an expression
    /// fails, or that takes too long, nothing is shown: execution tells.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(super) fn own_parts(
        &self,
        opened: &Opened,
        keys: &[RecordKey],
        visit: &mut dyn FnMut(usize, RecordKey),
    ) -> Result<(), StoreError> {
        let conn = &opened.conn;
        let failed = |error| StoreError::of(conn, error);
        let read = opened.deadline.reading(walk::longest(conn, LONGEST_RECORD).map_err(failed)?);
        for sql in &self.own_parts {
            let mut statement = conn.prepare_cached(sql).map_err(failed)?;
            for (record, key) in keys.iter().enumerate() {
                read.step();
                let found = keys_of(&mut statement, key, self.shape.key, &mut |part| visit(record, part));
                match found.map_err(|error| read.failed(conn, error)) {
                    Err(StoreError::RowFails { .. } | StoreError::TooSlow { .. }) => {}
                    found => found?,
                }
            }
        }
        Ok(())
    }
}

fn keys_of(
    statement: &mut Statement<'_>,
    key: &RecordKey,
    width: usize,
    visit: &mut dyn FnMut(RecordKey),
) -> rusqlite::Result<()> {
    bind_key(statement, key)?;
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        if let (part, true) = key_at(row, 0, width)? {
            visit(part);
        }
    }
    Ok(())
}
