//! `event.TRIGGER`: where a trigger's date stands, and how the database writes it.

use toml::de::DeValue;

use super::join::{condition, every, join, literals};
use crate::model::{Table, Value};
use crate::records::mapping::{Condition, Element, ElementTable, Encoding, EventMapping, Literal, Pick};

const FORMS: &str = "write \"column\", { column = … }, { latest = […] }, { earliest = […] }, { all = […] }, \
                     or { table = …, on = …, column = … }";

const ENCODINGS: [(&str, Encoding); 7] = [
    ("rfc3339", Encoding::Rfc3339),
    ("date", Encoding::Date),
    ("utc", Encoding::Utc),
    ("local", Encoding::Local),
    ("unix", Encoding::Unix),
    ("unix_ms", Encoding::UnixMs),
    ("julian", Encoding::Julian),
];

const LISTS: [(&str, Pick); 3] = [("latest", Pick::Latest), ("earliest", Pick::Earliest), ("all", Pick::All)];

/// How values are written, unless an element says otherwise.
#[derive(Clone)]
struct Writing {
    encoding: Encoding,
    unset: Vec<Literal>,
}

/// Lowers one event. `has_zone`: whether the source names the zone of its naive local times.
pub(super) fn lower(value: &Value<'_>, has_zone: bool) -> Option<EventMapping> {
    let plain = Writing { encoding: Encoding::Rfc3339, unset: Vec::new() };
    if let DeValue::String(_) = value.raw() {
        let elements = vec![record_column(value.text()?, plain)];
        return Some(EventMapping { pick: Pick::Latest, elements, deadline: false, condition: None });
    }
    let DeValue::Table(_) = value.raw() else { return value.wrong("a column or a table") };
    let mut table = value.table()?;
    let deadline = table.get("deadline").map_or(Some(false), |flag| flag.flag());
    let writing = writing(&mut table, plain, has_zone);
    let reading = match lists(&mut table).as_slice() {
        [] => single(&mut table, writing),
        [(pick, list)] if !table.has("column") && !table.has("table") => {
            let elements = writing.and_then(|writing| elements(list, &writing, has_zone));
            condition_of(&mut table).zip(elements).map(|(condition, elements)| (*pick, elements, condition))
        }
        _ => {
            value.fault("event-form", format!("`{}` says in several ways where its date stands", value.path()), FORMS);
            return None;
        }
    };
    table.finish();
    let ((pick, elements, condition), deadline) = reading.zip(deadline)?;
    Some(EventMapping { pick, elements, deadline, condition })
}

fn lists<'d>(table: &mut Table<'d>) -> Vec<(Pick, Value<'d>)> {
    LISTS.into_iter().filter_map(|(key, pick)| Some((pick, table.get(key)?))).collect()
}

/// `{ column = … }`, whose `where` tests the record, or `{ table = …, on = …, column = … }`, whose `where` tests the
/// child row.
fn single(table: &mut Table<'_>, writing: Option<Writing>) -> Option<(Pick, Vec<Element>, Option<Condition>)> {
    if table.has("table") {
        return Some((Pick::Latest, vec![child_column(table, writing)?], None));
    }
    let column = table.need("column", FORMS).and_then(|column| column.text());
    let (condition, column) = condition_of(table).zip(column)?;
    Some((Pick::Latest, vec![record_column(column, writing?)], condition))
}

fn elements(list: &Value<'_>, writing: &Writing, has_zone: bool) -> Option<Vec<Element>> {
    let items = list.items()?;
    if items.is_empty() {
        list.fault("empty-list", format!("`{}` names no column", list.path()), "name at least one column");
        return None;
    }
    every(items.iter().map(|item| element(item, writing, has_zone)))
}

/// One element of a list: a column, `{ column, as, unset }`, or a child table.
fn element(value: &Value<'_>, around: &Writing, has_zone: bool) -> Option<Element> {
    if let DeValue::String(_) = value.raw() {
        return Some(record_column(value.text()?, around.clone()));
    }
    let DeValue::Table(_) = value.raw() else { return value.wrong("a column or a table") };
    let mut table = value.table()?;
    let writing = writing(&mut table, around.clone(), has_zone);
    let element = if table.has("table") {
        child_column(&mut table, writing)
    } else {
        let column = table.need("column", FORMS).and_then(|column| column.text());
        column.zip(writing).map(|(column, writing)| record_column(column, writing))
    };
    table.finish();
    element
}

fn record_column(column: &str, writing: Writing) -> Element {
    Element { column: column.to_owned(), encoding: writing.encoding, unset: writing.unset, place: ElementTable::Record }
}

fn child_column(table: &mut Table<'_>, writing: Option<Writing>) -> Option<Element> {
    let name = table.get("table").and_then(|name| name.text());
    let on_mend = "join the rows to the record: `on = { account_id = \"id\" }`";
    let on = table.need("on", on_mend).and_then(|on| join(&on));
    let column = table.need("column", "name the column that holds the date").and_then(|column| column.text());
    let picks = [("latest", Pick::Latest), ("earliest", Pick::Earliest)];
    // Of several rows the latest keeps the record longest: the safe choice where nothing is said.
    let pick = table.get("pick").map_or(Some(Pick::Latest), |pick| pick.one_of(&picks));
    let condition = condition_of(table);
    let writing = writing?;
    let place = ElementTable::Child { table: name?.to_owned(), on: on?, condition: condition?, pick: pick? };
    Some(Element { column: column?.to_owned(), encoding: writing.encoding, unset: writing.unset, place })
}

/// `Some(None)` without `where`; `None` after noting a fault.
fn condition_of(table: &mut Table<'_>) -> Option<Option<Condition>> {
    table.get("where").map_or(Some(None), |test| condition(&test).map(Some))
}

fn writing(table: &mut Table<'_>, around: Writing, has_zone: bool) -> Option<Writing> {
    let encoding = table.get("as").map_or(Some(around.encoding), |word| {
        let encoding = word.one_of(&ENCODINGS)?;
        if encoding == Encoding::Local && !has_zone {
            let message = format!("`{}` is \"local\", but the source names no zone", word.path());
            word.fault("local-without-zone", message, "write `timezone = \"America/Toronto\"` under the source");
            return None;
        }
        Some(encoding)
    });
    let unset = table.get("unset").map_or(Some(around.unset), |values| literals(&values));
    Some(Writing { encoding: encoding?, unset: unset? })
}
