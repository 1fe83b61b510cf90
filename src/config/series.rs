//! `[series.NAME]`: where a series' records are, and what their columns mean.

use std::collections::BTreeMap;
use std::path::Path;

use toml::de::DeValue;

use super::join::{condition, every, join, masks, names};
use super::{event, part};
use crate::model::{CalendarNumber, CivilDate, SeriesName, SourceName, TriggerName, Value};
use crate::records::mapping::{Condition, EventMapping, PartMapping, Relation, SeriesMapping, Source};

/// Dates before it are taken for "not set" by mistake: few registers are older, many a default value is.
const DEFAULT_EARLIEST: Option<CivilDate> = CivilDate::from_ymd_opt(1990, 1, 1);

/// What a series may refer to.
pub(super) struct Around<'c> {
    /// Directory of the configuration file.
    pub base: &'c Path,
    /// Every source that is named, and what it is where it is in order.
    pub sources: &'c BTreeMap<String, Option<Source>>,
}

/// A series in order, and whether a run may leave none of its records.
pub(super) struct Lowered {
    pub mapping: SeriesMapping,
    pub may_be_empty: bool,
}

pub(super) fn lower(name: &str, value: &Value<'_>, around: &Around<'_>) -> Option<Lowered> {
    let mut table = value.table()?;
    let calendar = table.get("calendar").map_or(Some(None), |number| number.text().map(Some));
    let source = table.need("source", "name the database: `source = \"parle\"`");
    let source = source.and_then(|source| self::source(&source, around));
    let rows = table.need("table", "name the table of the records: `table = \"dossier\"`").and_then(|rows| rows.text());
    let key = table
        .need("key", "name the key: `key = \"id\"`, or `key = [\"year\", \"seq\"]`")
        .and_then(|key| self::key(&key));
    let reference = table.get("reference").map_or(Some(None), |column| column.text().map(Some));
    let subject = table.get("subject").map_or(Some(None), |subject| relation(&subject).map(Some));
    // Where the source is at fault nobody knows its zone: a second fault about it would only confuse.
    let has_zone = source.as_ref().is_none_or(|(_, has_zone)| *has_zone);
    let events = table.get("event").map_or(Some(BTreeMap::new()), |events| self::events(&events, has_zone));
    let groups = table.get("group").map_or(Some(BTreeMap::new()), |groups| self::groups(&groups));
    let conditions = table.get("condition").map_or(Some(BTreeMap::new()), |conditions| self::conditions(&conditions));
    let parts = table.get("part").map_or(Some(Vec::new()), |parts| self::parts(&parts, around.base));
    let blocked_by = table.get("blocked_by").map_or(Some(Vec::new()), |list| every(list.items()?.iter().map(relation)));
    let filter = table.get("filter").map_or(Some(None), |test| condition(&test).map(Some));
    let anonymize = table.get("anonymize").map_or(Some(BTreeMap::new()), |map| masks(&map));
    let earliest = table.get("earliest").map_or(DEFAULT_EARLIEST, |date| date.date());
    let database_triggers = table.get("database_triggers").map_or(Some(Vec::new()), |listed| names(&listed));
    let may_be_empty =
        table.get("empty").map_or(Some(false), |word| word.one_of(&[("expected", true), ("refused", false)]));
    table.finish();
    let mapping = SeriesMapping {
        series: SeriesName::new(name),
        calendar: calendar?.map(CalendarNumber::new),
        source: source?.0,
        table: rows?.to_owned(),
        key: key?,
        reference: reference?.map(str::to_owned),
        subject: subject?,
        events: events?,
        groups: groups?,
        conditions: conditions?,
        parts: parts?,
        blocked_by: blocked_by?,
        filter: filter?,
        anonymize: anonymize?,
        earliest: earliest?,
        database_triggers: database_triggers?.into_iter().collect(),
    };
    Some(Lowered { mapping, may_be_empty: may_be_empty? })
}

/// The source's name, and whether it names the zone of its local times.
fn source(value: &Value<'_>, around: &Around<'_>) -> Option<(SourceName, bool)> {
    let name = value.text()?;
    let Some(source) = around.sources.get(name) else {
        let known: Vec<&str> = around.sources.keys().map(String::as_str).collect();
        let message = format!("`{}` names the source \"{name}\", which is not configured", value.path());
        let mend = match crate::model::nearest(name, &known) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("add `[source.{name}]` with its `sqlite` file"),
        };
        value.fault("unknown-source", message, mend);
        return None;
    };
    Some((SourceName::new(name), source.as_ref().is_none_or(|source| source.timezone.is_some())))
}

fn key(value: &Value<'_>) -> Option<Vec<String>> {
    match value.raw() {
        DeValue::String(_) => Some(vec![value.text()?.to_owned()]),
        DeValue::Array(_) => names(value),
        _ => value.wrong("a column, or a list of columns"),
    }
}

/// `{ series = "account", on = { account_id = "id" } }`.
fn relation(value: &Value<'_>) -> Option<Relation> {
    let mut table = value.table()?;
    let series = table.need("series", "name the other series: `series = \"account\"`").and_then(|series| series.text());
    let on = table.need("on", "join the two tables: `on = { account_id = \"id\" }`").and_then(|on| join(&on));
    table.finish();
    Some(Relation { series: SeriesName::new(series?), on: on? })
}

fn events(value: &Value<'_>, has_zone: bool) -> Option<BTreeMap<TriggerName, EventMapping>> {
    let entries = value.table()?.entries();
    let events =
        entries.into_iter().map(|(name, _, event)| Some((TriggerName::new(name), event::lower(&event, has_zone)?)));
    every(events).map(BTreeMap::from_iter)
}

fn conditions(value: &Value<'_>) -> Option<BTreeMap<String, Condition>> {
    let entries = value.table()?.entries();
    every(entries.into_iter().map(|(name, _, test)| Some((name.to_owned(), condition(&test)?))))
        .map(BTreeMap::from_iter)
}

/// Groups of columns; `"*"` is all that no other group names.
fn groups(value: &Value<'_>) -> Option<BTreeMap<String, Vec<String>>> {
    let mut owners: BTreeMap<String, String> = BTreeMap::new();
    let group = |(name, _, columns): (&str, _, Value<'_>)| {
        let listed = match columns.raw() {
            DeValue::String(star) if star == "*" => vec!["*".to_owned()],
            DeValue::Array(_) => names(&columns)?,
            _ => return columns.wrong("a list of columns, or \"*\" for all the rest"),
        };
        for column in &listed {
            if let Some(other) = owners.insert(column.clone(), name.to_owned()) {
                let message = format!("the column \"{column}\" is in the groups \"{other}\" and \"{name}\"");
                columns.fault("group-overlap", message, "leave it in one of them");
                return None;
            }
        }
        Some((name.to_owned(), listed))
    };
    every(value.table()?.entries().into_iter().map(group)).map(BTreeMap::from_iter)
}

fn parts(value: &Value<'_>, base: &Path) -> Option<Vec<PartMapping>> {
    every(value.items()?.iter().map(|item| part::lower(item, base)))
}
