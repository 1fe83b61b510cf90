//! Values of a `where` that no row has: misspelt ones pass every other look.

use std::time::Duration;

use super::Proof;
use crate::records::mapping::{ColumnTest, Condition, Literal, SeriesMapping};
use crate::records::sqlite::expression::{self, Test};
use crate::records::sqlite::sql;
use crate::records::sqlite::walk::is_wal;

/// So long may a value be looked for; what is not found by then may be there. In rollback mode the application waits.
const LONGEST: Duration = Duration::from_secs(2);
const LONGEST_LOCKED: Duration = Duration::from_millis(100);

impl Proof<'_> {
    /// Every value that a test of a column names is some row's.
    pub(super) fn matches(&mut self, series: &SeriesMapping) -> rusqlite::Result<()> {
        for Test { at, table, condition } in expression::tests(series) {
            let Condition::All(tests) = condition else { continue };
            for test in tests {
                self.matched(&at, table, test)?;
            }
        }
        Ok(())
    }

    fn matched(&mut self, at: &str, table: &str, test: &ColumnTest) -> rusqlite::Result<()> {
        let mut unmatched = Vec::new();
        for value in &test.one_of {
            let one = ColumnTest { one_of: vec![value.clone()], ..test.clone() };
            if self.has_none(table, &sql::condition(&Condition::All(vec![one])))? {
                unmatched.push(value);
            }
        }
        if unmatched.is_empty() || self.has_none(table, "1")? {
            return Ok(());
        }
        let values = unmatched.iter().map(|value| literal(value)).collect::<Vec<_>>().join(" or ");
        let message = format!("no row of {table} has {values} in {}", test.column);
        let mend = "compare the value with what the column holds; leave it as it is where such rows are still to come";
        if unmatched.len() == test.one_of.len() {
            self.warning("value-unmatched", at, message, mend);
        } else {
            self.note("value-unmatched", at, message, mend);
        }
        Ok(())
    }

    /// Whether no row passes a test of `this`; false where that cannot be told in time.
    pub(super) fn has_none(&self, table: &str, test: &str) -> rusqlite::Result<bool> {
        let conn = &self.opened.conn;
        let longest = if is_wal(conn)? { LONGEST } else { LONGEST_LOCKED };
        let sql = format!("SELECT NOT EXISTS (SELECT 1 FROM {} AS this WHERE {test})", sql::name(table));
        self.opened.deadline.set(longest);
        let answer = conn.query_row(&sql, [], |row| row.get(0));
        self.opened.deadline.clear();
        match answer {
            Err(error) if matches!(error.sqlite_error_code(), Some(rusqlite::ErrorCode::OperationInterrupted)) => {
                Ok(false)
            }
            answer => answer,
        }
    }
}

/// A value as the configuration has it.
fn literal(value: &Literal) -> String {
    match value {
        Literal::Integer(number) => number.to_string(),
        Literal::Real(number) => number.clone(),
        Literal::Text(text) => format!("{text:?}"),
        Literal::Null => "NULL".to_owned(),
    }
}
