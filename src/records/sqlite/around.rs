//! Whether what is judged of a record may change while others of its series go: then each is judged when those before
//! it are gone.
//!
//! A hold or a filter that counts a customer's other records ("keep the last one") holds for none of those that go
//! together, where all are judged first; and a trigger may move the date of a neighbour.

use std::collections::{BTreeSet, HashMap};

use super::catalog::Catalog;
use super::expression::{self, Expression};
use super::open::Opened;
use super::permitted::Permitted;
use super::triggers::{changed_columns, destroyed_tables};
use super::{Queries, StoreError};
use crate::model::SeriesName;
use crate::records::mapping::{OwnerGone, SeriesMapping};

/// What changes around a record while others of its series are disposed of, and who looks there.
pub(super) struct Around {
    /// Tables, in lower case, of which rows go, or change, with a record.
    touched: BTreeSet<String>,
    /// Whether the mapping looks there.
    is_looked_at: bool,
    /// Whether these expressions of holds do, by the series of their row.
    by_expression: HashMap<(SeriesName, String), bool>,
}

impl Around {
    /// By the mapping, and by the triggers that it names.
    ///
    /// # Errors
    /// The database cannot be read, or is no longer what the mapping says.
    pub(super) fn read(
        opened: &Opened,
        queries: &Queries,
        series: &SeriesMapping,
        permitted: &Permitted,
    ) -> Result<Self, StoreError> {
        let catalog = Catalog::read(&opened.conn).map_err(|error| StoreError::of(&opened.conn, error))?;
        let own = destroyed_tables(series).into_iter().chain(changed_columns(series).into_keys());
        let touched = own.map(|table| table.to_ascii_lowercase()).chain(permitted.written.iter().cloned()).collect();
        let statements: Vec<String> = queries.make(&series.series)?.statements().collect();
        let read = opened.tables_read_by(statements.iter().map(String::as_str))?;
        let re_points =
            |table: &str, gone: &OwnerGone| table.eq_ignore_ascii_case(&series.table) && *gone != OwnerGone::Destroy;
        let expressions = expression::all(queries, series);
        let is_looked_at = !permitted.written.is_disjoint(&read)
            || series.parts.iter().any(|part| re_points(&part.table, &part.owner_gone))
            || expressions.iter().any(|expression| looks_at(opened, &catalog, expression, &touched));
        Ok(Self { touched, is_looked_at, by_expression: HashMap::new() })
    }

    /// Whether the mapping or one of these expressions over `this`, a row of a series, looks at what goes or changes
    /// with other records.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(super) fn is_looked_at<'e>(
        &mut self,
        opened: &Opened,
        queries: &Queries,
        expressions: impl Iterator<Item = (&'e SeriesName, &'e str)>,
    ) -> Result<bool, StoreError> {
        let mut is_looked_at = self.is_looked_at;
        for (series, text) in expressions {
            let asked = (series.clone(), text.to_owned());
            let known = self.by_expression.get(&asked).copied();
            is_looked_at |= match known {
                Some(known) => known,
                None => {
                    let catalog = Catalog::read(&opened.conn).map_err(|error| StoreError::of(&opened.conn, error))?;
                    let expression =
                        Expression { at: String::new(), text, this: &queries.mapping(series)?.table, owner: None };
                    let looks = looks_at(opened, &catalog, &expression, &self.touched);
                    self.by_expression.insert(asked, looks);
                    looks
                }
            };
        }
        Ok(is_looked_at)
    }
}

/// Whether an expression reads these tables beside the row at hand, in whose place it is given one without values. One
/// that cannot be asked so is taken to do so.
fn looks_at(opened: &Opened, catalog: &Catalog, expression: &Expression<'_>, tables: &BTreeSet<String>) -> bool {
    let select = expression.select_from(|table| expression::row_of(catalog, table, "NULL"));
    opened.tables_read_by([select.as_str()]).map_or(true, |read| !read.is_disjoint(tables))
}

/// Whether an expression over `this`, a row of a series, reads any table beside that row.
///
/// # Errors
/// The database cannot be read.
pub(super) fn looks_elsewhere(opened: &Opened, series: &SeriesMapping, text: &str) -> Result<bool, StoreError> {
    let catalog = Catalog::read(&opened.conn).map_err(|error| StoreError::of(&opened.conn, error))?;
    let expression = Expression { at: String::new(), text, this: &series.table, owner: None };
    // What is no table, as `json_each`, reads what it is given.
    let tables = catalog.tables.keys().map(|table| table.to_ascii_lowercase()).collect();
    Ok(looks_at(opened, &catalog, &expression, &tables))
}
