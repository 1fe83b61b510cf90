//! Expressions of the configuration, and every statement built from them, prepared as they will be used.

use super::{Proof, place};
use crate::records::mapping::SeriesMapping;
use crate::records::sqlite::{StoreError, expression};

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

    /// Every statement that reads facts and files.
    pub(super) fn statements(&mut self, series: &SeriesMapping) {
        let statements: Vec<String> = match self.queries.make(&series.series) {
            Ok(query) => query.statements().collect(),
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
