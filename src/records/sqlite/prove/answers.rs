//! Expressions asked of rows: one that fails keeps its record, and whoever runs `check` is to know it beforehand.

use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use super::Proof;
use crate::model::counted;
use crate::records::mapping::SeriesMapping;
use crate::records::sqlite::error::fails_on_row;
use crate::records::sqlite::expression::{self, Expression};
use crate::records::sqlite::walk::is_wal;
use crate::records::sqlite::{StoreError, clock, sql};

/// So long is each expression asked, row by row. In rollback mode the application waits meanwhile.
const LONGEST: Duration = Duration::from_secs(1);
const LONGEST_LOCKED: Duration = Duration::from_millis(100);

/// Values for the columns of a row that no table has.
const VALUES: [&str; 3] = ["NULL", "1", "'2020-01-01T00:00:00Z'"];

impl Proof<'_> {
    /// Every expression has an answer to every row, as far as they can be asked in the time.
    pub(super) fn answers(&mut self, series: &SeriesMapping) -> rusqlite::Result<()> {
        let (queries, conn) = (self.queries, &self.opened.conn);
        let longest = if is_wal(conn)? { LONGEST } else { LONGEST_LOCKED };
        for asked in expression::all(queries, series) {
            self.opened.deadline.set(longest);
            let (rows, end) = each_answer(conn, &asked.answers(sql::name));
            self.opened.deadline.clear();
            match end {
                Ok(()) => {}
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => {
                    self.partly_asked(&asked, rows, longest);
                }
                Err(error) if fails_on_row(&error) => {
                    let failed = StoreError::of_rows(conn, error).at_expression(&asked.at);
                    self.fails(asked.at, &failed);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn partly_asked(&mut self, asked: &Expression<'_>, rows: u64, longest: Duration) {
        let (one, many) = if asked.owner.is_some() { ("pair of rows", "pairs of rows") } else { ("row", "rows") };
        let message = format!(
            "this expression was asked of the first {} of {} only, for {} ms, and failed on none; of the others nothing is known",
            counted(rows, one, many),
            asked.this,
            longest.as_millis()
        );
        let mend = "nothing need be done; `plan` asks every row, and counts those on which it fails as undated";
        self.note("expression-partly-asked", asked.at.clone(), message, mend);
    }

    /// Whether an expression asks for the time by a detour (a common table expression, a view), also where no row of
    /// the table is there to be asked.
    pub(super) fn tells_time(&self, asked: &Expression<'_>) -> bool {
        VALUES.iter().any(|value| {
            let answers = asked.answers(|table| expression::row_of(&self.catalog, table, value));
            // A subquery may read whole tables.
            self.opened.deadline.set(LONGEST_LOCKED);
            let (_, end) = each_answer(&self.opened.conn, &answers);
            self.opened.deadline.clear();
            end.is_err_and(|error| clock::is_refusal(&error))
        })
    }
}

/// How many rows were answered, and how it ended.
fn each_answer(conn: &Connection, select: &str) -> (u64, rusqlite::Result<()>) {
    let mut answered = 0;
    let mut ask = || {
        let mut statement = conn.prepare(select)?;
        let mut rows = statement.raw_query();
        while rows.next()?.is_some() {
            answered += 1;
        }
        Ok(())
    };
    let end = ask();
    (answered, end)
}
