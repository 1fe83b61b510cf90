//! Expressions of the configuration, and every statement built from them, prepared as they will be used.

use super::{Proof, place};
use crate::records::mapping::{Change, SeriesMapping};
use crate::records::sqlite::company::{Asking, Dates};
use crate::records::sqlite::waiting::Waiting;
use crate::records::sqlite::{Company, StoreError, expression};

impl Proof<'_> {
    /// Every expression is one, and reads only.
    pub(super) fn expressions(&mut self, series: &SeriesMapping) {
        let mend = "correct the expression; it may read `this`, `owner` in a join, and other tables in a subquery";
        let queries = self.queries;
        for found in expression::all(queries, series) {
            // What is said of a table that is not there was found before.
            let known = |name: &str| self.table(name).is_some();
            if !known(found.this) || !found.owner.is_none_or(known) {
                continue;
            }
            let select = found.select();
            let message = match expression::refusal(self.opened, found.text, &select) {
                Ok(Some(reason)) => format!("this expression is refused: {reason}"),
                _ => match self.refused(&select) {
                    Some(reason) => format!("SQLite does not accept the expression: {reason}"),
                    None if self.tells_time(&found) => format!("this expression is refused: {}", expression::FICKLE),
                    None => continue,
                },
            };
            self.error("expression", found.at, message, mend);
        }
    }

    /// Every statement that reads facts and files, and the rows that change with records.
    pub(super) fn statements(&mut self, series: &SeriesMapping) {
        let made = self.queries.make(&series.series).map(|query| query.statements().collect::<Vec<_>>());
        let made = made.and_then(|made| Ok([made, self.asking(series)?].concat()));
        let statements = match made {
            Ok(statements) => statements,
            Err(error) => return self.error("statement", place(series), error.to_string(), "correct the mapping"),
        };
        for statement in statements {
            if let Some(reason) = self.refused(&statement) {
                let message = format!("SQLite does not accept a statement made from the mapping: {reason}");
                return self.error(
                    "statement",
                    place(series),
                    message,
                    "correct the columns, joins and expressions of the series",
                );
            }
        }
    }

    fn asking(&self, series: &SeriesMapping) -> Result<Vec<String>, StoreError> {
        let mut statements = Vec::new();
        for change in [Change::Destroyed, Change::Masked] {
            for other in self.queries.mappings() {
                let company = Company { of: &series.series, change, other: &other.series, dates: Dates::Asked };
                let asking = Asking::new(self.opened, self.queries, company, None)?;
                statements.extend(asking.iter().flat_map(Asking::statements).map(str::to_owned));
            }
        }
        let waiting = Waiting::all(self.opened, self.queries, &series.series)?;
        statements.extend(waiting.iter().flat_map(Waiting::statements).map(str::to_owned));
        Ok(statements)
    }

    /// Why a statement cannot be prepared, or would write.
    fn refused(&self, sql: &str) -> Option<String> {
        match self.opened.conn.prepare(sql) {
            Ok(statement) => (!statement.readonly()).then(|| "it writes".to_owned()),
            Err(error) => Some(match StoreError::of(&self.opened.conn, error) {
                StoreError::Schema { message, .. } | StoreError::Sql { message, .. } => message,
                other => other.to_string(),
            }),
        }
    }
}
