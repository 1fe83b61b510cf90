//! A calendar file, read whole: a [`Calendar`] in order, or every fault at its place.

mod clock;
mod header;
mod rule;
mod series;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use toml::de::DeValue;

use super::Calendar;
use crate::model::{Digest, Document, Fault, Table, Value};

/// More than any calendar needs; a file beyond it is something else.
const LARGEST_FILE: usize = 1 << 20;

/// The triggers of each series, by the names in the file; `None` where they could not be read.
type KnownSeries<'d> = BTreeMap<&'d str, Option<BTreeSet<&'d str>>>;

/// Reads a calendar.
///
/// # Errors
/// Every fault of the file at once, in the file's order. Past a fault of TOML's own syntax nothing can be known, so
/// that one comes alone.
pub fn parse(file: &str, bytes: &[u8]) -> Result<Calendar, Vec<Fault>> {
    let document = Document::parse(file, bytes, LARGEST_FILE)?;
    let calendar = read(&document);
    let faults = document.into_faults();
    match calendar {
        Some(calendar) if faults.is_empty() => Ok(calendar),
        // What could not be read has noted why.
        _ => Err(faults),
    }
}

fn read(document: &Document<'_>) -> Option<Calendar> {
    let mut root = document.root();
    if document.text().starts_with('\u{feff}') {
        // TOML has none, and an auditor's reader of the text may refuse it.
        let message = "the file begins with a byte order mark";
        root.fault("byte-order-mark", message, "save it as UTF-8 without one");
        return None;
    }
    if !["calendar", "series", "rule"].iter().any(|key| root.has(key)) {
        let mend = "write a [calendar], its [[series]] and its [[rule]]s";
        root.fault("calendar-empty", "the file holds no calendar", mend);
        return None;
    }
    let mend = "write [calendar] with its number, organization, version, effective dates and timezone";
    let header = root.need("calendar", mend).and_then(|calendar| calendar.table()).and_then(header::read);
    let mend = "write a [[series]] for each class of records that the rules govern";
    let series_list = root.need("series", mend);
    let mut known = KnownSeries::new();
    let series: Vec<_> = tables(series_list.as_ref())
        .into_iter()
        .map(|mut table| {
            let name = called("series", "name", &mut table);
            document.within(name.as_deref(), || series::read(table, &mut known))
        })
        .collect();
    // Without series every rule would be at fault for the same reason.
    let known = series_list.is_some().then_some(&known);
    let mut numbers = BTreeSet::new();
    let rules = tables(root.get("rule").as_ref()).into_iter();
    let rules: Vec<_> = rules
        .map(|mut table| {
            let name = called("rule", "number", &mut table);
            document.within(name.as_deref(), || rule::read(table, known, &mut numbers))
        })
        .collect();
    root.finish();
    Some(Calendar {
        series: series.into_iter().collect::<Option<_>>()?,
        rules: rules.into_iter().collect::<Option<_>>()?,
        text: document.text().to_owned(),
        digest: Digest::of(document.text().as_bytes()),
        ..header?
    })
}

/// What people call a table, where it says so: `rule PC-1`.
fn called(what: &str, key: &'static str, table: &mut Table<'_>) -> Option<String> {
    Some(format!("{what} {}", table.get(key)?.raw().as_str()?))
}

/// The tables of a list of tables; a list written with single brackets is told apart, because it is the likeliest slip.
fn tables<'d>(value: Option<&Value<'d>>) -> Vec<Table<'d>> {
    let Some(value) = value else { return Vec::new() };
    let header = format!("[[{}]]", value.path());
    if matches!(value.raw(), DeValue::Table(_)) {
        let message = format!("`{}` is one table, not a list of tables", value.path());
        value.fault("wrong-type", message, format!("write {header}, with two brackets"));
        return Vec::new();
    }
    let items = value.items().unwrap_or_default();
    if items.is_empty() {
        value.fault(
            "empty-list",
            format!("`{}` lists nothing", value.path()),
            format!("write a {header}, or remove the key"),
        );
    }
    items.iter().filter_map(Value::table).collect()
}
