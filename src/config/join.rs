//! Joins, conditions, literals and masks: the small words of a mapping.

use std::collections::BTreeMap;

use toml::de::DeValue;

use crate::model::Value;
use crate::records::mapping::{ColumnTest, Condition, Join, Literal, Mask};

/// `on = { dossier_id = "id" }`, or an SQL expression over `this` and `owner`.
pub(super) fn join(value: &Value<'_>) -> Option<Join> {
    match value.raw() {
        DeValue::String(_) => expression(value).map(Join::Expression),
        DeValue::Table(_) => {
            let pairs = value.table()?.entries();
            if pairs.is_empty() {
                let mend = "write column of this table = column of the owner: `on = { dossier_id = \"id\" }`";
                value.fault("empty-map", format!("`{}` joins nothing", value.path()), mend);
                return None;
            }
            let columns =
                pairs.into_iter().map(|(column, _, owner)| Some((column.to_owned(), owner.text()?.to_owned())));
            every(columns).map(Join::Columns)
        }
        _ => value.wrong("a map of columns or an SQL expression"),
    }
}

/// `{ status = "closed", kind = [1, 2] }`, `{ column = "status", in = ["closed"] }`, or an SQL expression over `this`.
pub(super) fn condition(value: &Value<'_>) -> Option<Condition> {
    match value.raw() {
        DeValue::String(_) => expression(value).map(Condition::Expression),
        DeValue::Table(_) => tests(value).map(Condition::All),
        _ => value.wrong("a map of column and value, or an SQL expression"),
    }
}

fn tests(value: &Value<'_>) -> Option<Vec<ColumnTest>> {
    let mut table = value.table()?;
    if table.has("column") && table.has("in") {
        let column = table.get("column").and_then(|column| column.text());
        let one_of = table.get("in").and_then(|values| literals(&values));
        table.finish();
        return Some(vec![ColumnTest { column: column?.to_owned(), one_of: one_of? }]);
    }
    let tests = table.entries();
    if tests.is_empty() {
        let mend = "write column and value: `{ status = \"closed\" }`";
        value.fault("empty-map", format!("`{}` tests nothing", value.path()), mend);
        return None;
    }
    let test = |(column, _, wanted): (&str, _, Value<'_>)| {
        let one_of = match wanted.raw() {
            DeValue::Array(_) => literals(&wanted)?,
            _ => vec![literal(&wanted)?],
        };
        Some(ColumnTest { column: column.to_owned(), one_of })
    };
    every(tests.into_iter().map(test))
}

/// A list of values that is not empty.
pub(super) fn literals(value: &Value<'_>) -> Option<Vec<Literal>> {
    let items = value.items()?;
    if items.is_empty() {
        value.fault("empty-list", format!("`{}` has no value", value.path()), "write at least one value");
        return None;
    }
    every(items.iter().map(literal))
}

/// A value as a database holds it. TOML has no NULL, so it is written `{ null = true }`.
pub(super) fn literal(value: &Value<'_>) -> Option<Literal> {
    match value.raw() {
        DeValue::String(text) => Some(Literal::Text(text.to_string())),
        DeValue::Integer(_) => value.integer().map(Literal::Integer),
        DeValue::Boolean(flag) => Some(Literal::Integer(i64::from(*flag))),
        DeValue::Float(_) => value.number().map(|number| Literal::Real(number.to_string())),
        DeValue::Table(entries) if entries.contains_key("null") => {
            let mut table = value.table()?;
            let null = table.get("null")?;
            table.finish();
            if null.flag()? {
                return Some(Literal::Null);
            }
            null.fault(
                "null",
                format!("`{}` cannot be false", null.path()),
                "write `{ null = true }`, or the value meant",
            );
            None
        }
        DeValue::Datetime(_) => value.wrong("a date in quotes, as the database holds it"),
        _ => value.wrong("a text, a number, true, false or { null = true }"),
    }
}

/// `anonymize = { name = "null", city = { constant = "x" }, ip = "truncate-ip", birth = "date-to-year" }`.
pub(super) fn masks(value: &Value<'_>) -> Option<BTreeMap<String, Mask>> {
    let entries = value.table()?.entries();
    if entries.is_empty() {
        let mend = "write column and mask, `{ name = \"null\" }`, or remove the key";
        value.fault("empty-map", format!("`{}` masks nothing", value.path()), mend);
    }
    let masks = entries.into_iter().map(|(column, _, mask)| Some((column.to_owned(), self::mask(&mask)?)));
    every(masks).map(BTreeMap::from_iter)
}

fn mask(value: &Value<'_>) -> Option<Mask> {
    let DeValue::Table(_) = value.raw() else {
        return value.one_of(&[
            ("null", Mask::Null),
            ("truncate-ip", Mask::TruncateIp),
            ("date-to-year", Mask::DateToYear),
        ]);
    };
    let mut table = value.table()?;
    let constant = table.need("constant", "write \"null\", \"truncate-ip\", \"date-to-year\" or { constant = … }");
    table.finish();
    constant.and_then(|constant| literal(&constant)).map(Mask::Constant)
}

/// An SQL expression; whether it can be prepared, `records` proves against the database.
fn expression(value: &Value<'_>) -> Option<String> {
    value.text().map(str::to_owned)
}

/// All or nothing, but only after each was lowered: every fault is noted, not only the first.
pub(super) fn every<T>(lowered: impl Iterator<Item = Option<T>>) -> Option<Vec<T>> {
    let lowered: Vec<Option<T>> = lowered.collect();
    lowered.into_iter().collect()
}

/// The names of a list that is not empty, each once.
pub(super) fn names(value: &Value<'_>) -> Option<Vec<String>> {
    let items = value.items()?;
    if items.is_empty() {
        value.fault("empty-list", format!("`{}` names nothing", value.path()), "write at least one name");
        return None;
    }
    let mut seen = Vec::new();
    for item in &items {
        let name = item.text()?.to_owned();
        if seen.contains(&name) {
            item.fault("duplicate-name", format!("`{}` names \"{name}\" twice", value.path()), "name it once");
            return None;
        }
        seen.push(name);
    }
    Some(seen)
}
