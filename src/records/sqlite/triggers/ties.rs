//! Columns that lead from one row to another: to the rows of a record, from holds and from what blocks it.

use crate::model::SeriesName;
use crate::records::mapping::{ColumnTest, Condition, Join, SeriesMapping};
use crate::records::sqlite::guard::{Change, Write};

/// A column of a table.
type Column<'m> = (&'m str, &'m str);

/// Why a write, while some records are disposed of, would part rows of `series` from what leads to them; a hold that
/// reached a record before, or what blocked it, would keep it no more.
pub(super) fn untied(mappings: &[SeriesMapping], series: &SeriesMapping, write: &Write) -> Option<String> {
    let Change::Update(changed) = &write.change else { return None };
    let (name, table) = (&series.series, &write.table);
    let is_it = |(of, column): &Column<'_>| of.eq_ignore_ascii_case(table) && column.eq_ignore_ascii_case(changed);
    let table_of = |other: &SeriesName| {
        mappings.iter().find(|mapping| mapping.series == *other).map_or("", |mapping| mapping.table.as_str())
    };
    if own(series).iter().any(is_it) {
        return Some(finds(name, table, changed));
    }
    let subject = series.subject.iter();
    let subject = subject.flat_map(|relation| joined(&relation.on, &series.table, table_of(&relation.series)));
    let reference = series.reference.iter().map(|column| (series.table.as_str(), column.as_str()));
    if subject.chain(reference).any(|column| is_it(&column)) {
        return Some(format!("it changes {changed} of {table}, by which holds reach records of {name}"));
    }
    let blocks = |of: &SeriesName, on| joined(on, table_of(of), &series.table).iter().any(is_it);
    let by = series.blocked_by.iter().find(|relation| blocks(&relation.series, &relation.on))?;
    Some(format!("it changes {changed} of {table}, by which records of {} block those of {name}", by.series))
}

/// Why no trigger may change this column of a table of a series.
pub(super) fn finds(name: &SeriesName, table: &str, column: &str) -> String {
    format!("it changes {column} of {table}, by which {name} finds or masks its rows")
}

/// Those by which a series finds its rows, and those that it masks.
fn own(series: &SeriesMapping) -> Vec<Column<'_>> {
    let table = series.table.as_str();
    let mut columns: Vec<Column<'_>> = of(table, series.key.iter().chain(series.anonymize.keys()));
    columns.extend(tested(table, series.filter.as_ref()));
    for part in &series.parts {
        let owner = match &part.of {
            None => table,
            Some(of) => series.parts.iter().find(|other| other.name == *of).map_or("", |other| other.table.as_str()),
        };
        columns.extend(of(&part.table, part.anonymize.keys()));
        columns.extend(tested(&part.table, part.condition.as_ref()));
        columns.extend(joined(&part.on, &part.table, owner));
        for reference in &part.shared {
            columns.extend(tested(&reference.table, reference.condition.as_ref()));
            columns.extend(joined(&reference.on, &reference.table, &part.table));
        }
    }
    columns
}

fn of<'m>(table: &'m str, columns: impl Iterator<Item = &'m String>) -> Vec<Column<'m>> {
    columns.map(|column| (table, column.as_str())).collect()
}

fn tested<'m>(table: &'m str, condition: Option<&'m Condition>) -> Vec<Column<'m>> {
    let tests: &[ColumnTest] = match condition {
        Some(Condition::All(tests)) => tests,
        _ => &[],
    };
    of(table, tests.iter().map(|test| &test.column))
}

/// Both sides of a join.
fn joined<'m>(on: &'m Join, this: &'m str, owner: &'m str) -> Vec<Column<'m>> {
    let pairs: &[(String, String)] = match on {
        Join::Columns(pairs) => pairs,
        Join::Expression(_) => &[],
    };
    pairs.iter().flat_map(|(here, there)| [(this, here.as_str()), (owner, there.as_str())]).collect()
}
