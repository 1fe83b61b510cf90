//! Dates that triggers would move.

use crate::records::mapping::{Condition, Element, ElementTable, EventMapping, Join, Pick, SeriesMapping};
use crate::records::sqlite::catalog::Table;
use crate::records::sqlite::guard::{Change, Write};

/// Why a write, while some records are disposed of, would move the term of others, of `series`, whose table is `own`.
pub(super) fn moved(series: &SeriesMapping, own: Option<&Table>, write: &Write) -> Option<String> {
    let (name, table) = (&series.series, &write.table);
    let is_it = |other: &str| other.eq_ignore_ascii_case(table);
    let tested = |condition: &Option<Condition>| match condition {
        Some(Condition::All(tests)) => tests.iter().map(|test| test.column.clone()).collect(),
        _ => Vec::new(),
    };
    let (mut columns, mut is_child) = (Vec::new(), false);
    for event in series.events.values() {
        if is_it(&series.table) {
            columns.extend(tested(&event.condition));
        }
        for element in &event.elements {
            if let (true, ElementTable::Child { on: Join::Columns(pairs), .. }) = (is_it(&series.table), &element.place)
            {
                columns.extend(pairs.iter().map(|(_, own)| own.clone()));
            }
            match &element.place {
                ElementTable::Record if is_it(&series.table) => columns.push(element.column.clone()),
                ElementTable::Child { table, on, condition, .. } if is_it(table) => {
                    is_child = true;
                    columns.push(element.column.clone());
                    columns.extend(tested(condition));
                    if let Join::Columns(pairs) = on {
                        columns.extend(pairs.iter().map(|(this, _)| this.clone()));
                    }
                }
                _ => {}
            }
        }
    }
    match &write.change {
        Change::Insert if series.events.values().any(|event| is_dated_by(event, table, own)) => {
            Some(format!("it puts rows into {table}, from which {name} may read an earlier date, or its first"))
        }
        Change::Delete if is_child => Some(format!("it deletes rows of {table}, in which {name} reads a date")),
        Change::Update(column) if columns.iter().any(|read| read.eq_ignore_ascii_case(column)) => {
            Some(format!("it changes {column} of {table}, by which {name} reads a date"))
        }
        _ => None,
    }
}

/// Whether a new row of a child table may give an event an earlier date, or one to an event that is open without it.
fn is_dated_by(event: &EventMapping, table: &str, own: Option<&Table>) -> bool {
    let is_never_open =
        || event.pick == Pick::Latest && event.elements.iter().any(|element| is_always_set(element, own));
    event.elements.iter().any(|element| match &element.place {
        ElementTable::Child { table: child, pick, .. } if child.eq_ignore_ascii_case(table) => {
            *pick == Pick::Earliest || !is_never_open()
        }
        _ => false,
    })
}

/// Whether every record has this date: then the latest of it and of others is never their first.
fn is_always_set(element: &Element, own: Option<&Table>) -> bool {
    let column = own.and_then(|own| own.column(&element.column));
    element.place == ElementTable::Record && element.unset.is_empty() && column.is_some_and(|column| column.not_null)
}
