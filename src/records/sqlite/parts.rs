//! How much goes along with records: the rows of their parts, and the files that these name.

use std::ops::AddAssign;
use std::time::{Duration, Instant};

use rusqlite::Statement;
use serde::{Deserialize, Serialize};

use super::StoreError;
use super::open::Opened;
use super::part_rows::part_rows;
use super::reader::Asked;
use super::select::FactsQuery;
use super::sql::{self, THIS};
use super::value::bind_key;
use super::walk;
use crate::model::RecordKey;
use crate::records::mapping::{FilesMapping, PartMapping, SeriesMapping};

/// No record's parts may take longer to count.
const LONGEST_RECORD: Duration = Duration::from_secs(60);

/// How many rows of one part belong to some records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartRows {
    /// A row that two of the records share counts twice.
    pub rows: u64,
    /// Rows that name a file, which may go with them.
    pub files: u64,
}

impl AddAssign for PartRows {
    fn add_assign(&mut self, other: Self) {
        self.rows += other.rows;
        self.files += other.files;
    }
}

/// Counts the rows of a part that belong to one record, by its key.
pub(super) fn counting(series: &SeriesMapping, part: &PartMapping) -> Result<String, StoreError> {
    let files = part.files.as_ref().filter(|_| series.takes_along(part));
    let named = files.map_or_else(|| "0".to_owned(), names_a_file);
    Ok(format!("SELECT count(*), ifnull(sum({named}), 0) {}", part_rows(series, part)?))
}

/// Whether a row names a file: as `path_of` reads it.
fn names_a_file(files: &FilesMapping) -> String {
    let columns: Vec<String> = files.columns.iter().map(|column| sql::column(THIS, column)).collect();
    format!("ifnull(({}) <> '', 0)", columns.join(" || "))
}

impl FactsQuery {
    /// Counts the parts of each record, by its place among the keys, part by part in the mapping's order; of as many
    /// records as time allows. `None`: an expression of the mapping fails on what belongs to it.
    ///
    /// # Errors
    /// [`StoreError::TooSlow`] where one record takes too long; the database cannot be read.
    pub(super) fn count_parts(
        &self,
        opened: &Opened,
        keys: &[RecordKey],
        within: Duration,
        visit: &mut dyn FnMut(usize, usize, Option<PartRows>),
    ) -> Result<Asked, StoreError> {
        let (conn, began) = (&opened.conn, Instant::now());
        let failed = |error| StoreError::of(conn, error);
        // In rollback mode a snapshot would keep writers out: there each statement has its own.
        let is_wal = walk::is_wal(conn).map_err(failed)?;
        let _snapshot = if is_wal { Some(conn.unchecked_transaction().map_err(failed)?) } else { None };
        let longest = walk::longest(conn, LONGEST_RECORD).map_err(failed)?.min(within);
        let read = opened.deadline.reading(longest);
        let mut statements =
            self.counts.iter().map(|sql| conn.prepare(sql)).collect::<Result<Vec<_>, _>>().map_err(failed)?;
        for (record, key) in keys.iter().enumerate() {
            if began.elapsed() >= within {
                return Ok(Asked::Some);
            }
            read.step();
            for (part, statement) in statements.iter_mut().enumerate() {
                match count(statement, key).map_err(|error| read.failed(conn, error)) {
                    Ok(rows) => visit(record, part, Some(rows)),
                    // Execution fails on this record too, and not on the others.
                    Err(StoreError::RowFails { .. }) => visit(record, part, None),
                    // A record for which the time was not left is not one that takes too long.
                    Err(StoreError::TooSlow { .. }) if longest == within => return Ok(Asked::Some),
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(Asked::All)
    }
}

fn count(statement: &mut Statement<'_>, key: &RecordKey) -> rusqlite::Result<PartRows> {
    bind_key(statement, key)?;
    let mut rows = statement.raw_query();
    let Some(row) = rows.next()? else { return Ok(PartRows::default()) };
    let number = |column| Ok::<_, rusqlite::Error>(row.get::<_, i64>(column)?.unsigned_abs());
    Ok(PartRows { rows: number(0)?, files: number(1)? })
}
