//! Whether SQLite, the application and retentiond all call the same values equal.
//!
//! SQLite compares two columns by the affinity and the collation of one of them. Where they differ, a row can be found
//! from one side and not from the other, and one record's rows can be taken for another's.

use super::joins::{Joined, joins};
use super::{Proof, place};
use crate::records::mapping::{Join, SeriesMapping};
use crate::records::sqlite::catalog::{Affinity, BINARY, Column, Table};

/// How a column's type is changed: SQLite has no statement for it.
const REBUILD: &str = "rebuild the table with it (https://www.sqlite.org/lang_altertable.html#otheralter)";

impl Proof<'_> {
    /// Columns that are compared with each other, or with what a person writes.
    pub(super) fn comparisons(&mut self, series: &SeriesMapping) {
        let at = place(series);
        for column in &series.key {
            self.exact_type(&format!("{at}.key"), &series.table, column);
            self.exact_text(&format!("{at}.key"), &series.table, column);
        }
        if let Some(column) = &series.reference {
            self.exact_text(&format!("{at}.reference"), &series.table, column);
        }
        if let Some(Join::Columns(pairs)) = series.subject.as_ref().map(|relation| &relation.on) {
            for (column, _) in pairs {
                self.exact_text(&format!("{at}.subject"), &series.table, column);
            }
        }
        joins(self.queries, series).iter().for_each(|joined| self.alike(joined));
    }

    /// A key column in which no two values look the same to a person.
    fn exact_type(&mut self, at: &str, name: &str, column: &str) {
        let Some((table, found)) = self.column(name, column) else { return };
        let is_exact = match found.affinity() {
            // Floats have their own finding.
            Affinity::Text | Affinity::Integer | Affinity::Real => true,
            Affinity::Blob => table.strict && !is_any(found),
            Affinity::Numeric => false,
        };
        if !is_exact {
            let declared = if found.declared.is_empty() { "no type" } else { &found.declared };
            let message = format!(
                "{column} of {name} is declared with {declared}, so it can hold the number 5 beside the text '5', or numbers beside texts: a key that a person types may be another record's"
            );
            let mend = format!("name another unique column, or declare {column} INTEGER or TEXT and {REBUILD}");
            self.error("key-type", at, message, mend);
        }
    }

    /// A column whose texts are equal only where their bytes are.
    fn exact_text(&mut self, at: &str, name: &str, column: &str) {
        let Some((_, found)) = self.column(name, column) else { return };
        if found.collation != BINARY {
            let message = format!(
                "{column} of {name} is compared by {}, which calls texts equal that differ; records and holds are told apart by their bytes",
                found.collation
            );
            let mend = format!("name another column, or declare {column} COLLATE BINARY and {REBUILD}");
            self.error("collation", at, message, mend);
        }
    }

    /// Both sides of a join mean the same by "equal". What an expression compares, its author decided.
    fn alike(&mut self, joined: &Joined<'_>) {
        let Join::Columns(pairs) = joined.on else { return };
        for (this, owner) in pairs {
            let (Some((_, one)), Some((_, other))) = (self.column(joined.this, this), self.column(joined.owner, owner))
            else {
                continue;
            };
            let (here, there) = (format!("{}.{this}", joined.this), format!("{}.{owner}", joined.owner));
            let differ = if kind(one) != kind(other) {
                let said = |column: &Column| {
                    if column.declared.is_empty() { "of no type".to_owned() } else { column.declared.clone() }
                };
                let message = format!("{here} is {} and {there} is {}", said(one), said(other));
                let mend = format!("declare both with the same type and {REBUILD}");
                Some(("join-type", message, mend))
            } else if one.collation != other.collation {
                let message = format!("{here} is compared by {} and {there} by {}", one.collation, other.collation);
                let mend = format!("declare both with the same collation and {REBUILD}");
                Some(("join-collation", message, mend))
            } else {
                None
            };
            if let Some((code, message, mend)) = differ {
                let message = format!("{message}: rows of one record could be taken for another's");
                // Which comparison is right, only the application's author knows: a wrong guess would take the rows
                // after all.
                let mend = format!("{mend}, or write `on` as an expression that compares as the application does");
                self.error(code, joined.at.clone(), message, mend);
            }
        }
    }

    fn column(&self, table: &str, column: &str) -> Option<(&Table, &Column)> {
        let table = self.table(table)?;
        table.column(column).map(|found| (table, found))
    }
}

/// Columns of the same kind compare alike, whichever stands first: INTEGER and NUMERIC differ only in what CAST makes
/// of them.
fn kind(column: &Column) -> (Affinity, bool) {
    match column.affinity() {
        Affinity::Numeric => (Affinity::Integer, false),
        affinity => (affinity, is_any(column)),
    }
}

/// Whether the type is ANY, which converts numbers in a common table and nothing in a STRICT one.
fn is_any(column: &Column) -> bool {
    column.declared.eq_ignore_ascii_case("ANY")
}
