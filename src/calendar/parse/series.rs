//! A `[[series]]` table.

use std::collections::{BTreeMap, BTreeSet};

use super::{KnownSeries, text};
use crate::calendar::{Series, Words};
use crate::model::{Table, TriggerName, Value};

/// Reads one series, and makes its name and triggers known to the rules even where something else in it is at fault.
pub(super) fn read<'d>(mut table: Table<'d>, known: &mut KnownSeries<'d>) -> Option<Series> {
    let name =
        table.need("name", "name the series, as rules and the configuration will call it (`name = \"dossier\"`)");
    let triggers = table.get("triggers");
    let name = name.and_then(|value| make_known(&value, triggers.as_ref(), known));
    let series = Series {
        name: name.unwrap_or_default().into(),
        description: table.get("description").map(text::words).unwrap_or_default(),
        unit: optional(&mut table, "unit"),
        code: optional(&mut table, "code"),
        regime: optional(&mut table, "regime"),
        purposes: list(&mut table, "purposes"),
        sensitivity: optional(&mut table, "sensitivity"),
        quantity: optional(&mut table, "quantity"),
        distribution: optional(&mut table, "distribution"),
        medium: optional(&mut table, "medium"),
        recipients: list(&mut table, "recipients"),
        triggers: triggers.map(|value| read_triggers(&value)).unwrap_or_default(),
        may_be_empty: table.get("empty").and_then(|value| value.one_of(&[("expected", true)])).unwrap_or(false),
    };
    table.finish();
    name.is_some().then_some(series)
}

fn make_known<'d>(name: &Value<'d>, triggers: Option<&Value<'d>>, known: &mut KnownSeries<'d>) -> Option<&'d str> {
    let named = text::name(name);
    let raw = named.or_else(|| name.raw().as_str())?;
    if known.contains_key(raw) {
        let message = format!("two series are called `{raw}`");
        name.fault("duplicate-series", message, "rename one, or make them one series");
        return None;
    }
    let triggers = match triggers {
        None => Some(BTreeSet::new()),
        Some(value) => value.raw().as_table().map(|table| table.keys().map(|key| key.get_ref().as_ref()).collect()),
    };
    known.insert(raw, triggers);
    named
}

fn read_triggers(value: &Value<'_>) -> BTreeMap<TriggerName, Words> {
    let Some(table) = value.table() else { return BTreeMap::new() };
    let triggers = table.entries().into_iter();
    triggers.map(|(name, _, words)| (name.into(), text::words(words))).collect()
}

fn optional(table: &mut Table<'_>, key: &'static str) -> Option<String> {
    table.get(key)?.text().map(str::to_owned)
}

fn list(table: &mut Table<'_>, key: &'static str) -> Vec<String> {
    let texts = table.get(key).and_then(|value| value.texts()).unwrap_or_default();
    texts.into_iter().map(str::to_owned).collect()
}
