//! Dates that triggers would move.

use crate::records::mapping::{Condition, ElementTable, Join, SeriesMapping};
use crate::records::sqlite::guard::{Change, Write};

/// Why a write, while some records are disposed of, would move the term of others, of `series`.
pub(super) fn moved(series: &SeriesMapping, write: &Write) -> Option<String> {
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
        Change::Delete if is_child => Some(format!("it deletes rows of {table}, in which {name} reads a date")),
        Change::Update(column) if columns.iter().any(|read| read.eq_ignore_ascii_case(column)) => {
            Some(format!("it changes {column} of {table}, by which {name} reads a date"))
        }
        _ => None,
    }
}
