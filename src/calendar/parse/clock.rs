//! When a rule's term comes: its trigger and period, or the earliest of several.

use std::collections::BTreeSet;

use toml::de::DeValue;

use super::text;
use crate::calendar::{Clock, Keep, Period, StartAt, Until};
use crate::model::{Table, Value, nearest};

const ONE_WAY: [&str; 4] = ["trigger", "keep", "active", "semi_active"];

/// Reads a clock. `triggers` are those of the rule's series, where they are known.
pub(super) fn read(table: &mut Table<'_>, triggers: Option<&BTreeSet<&str>>) -> Option<Clock> {
    let start_value = table.get("start");
    let start = start_value.as_ref().map(start);
    let ways = match table.get("until") {
        Some(until) if ONE_WAY.iter().any(|key| table.has(key)) => {
            let mend = "write `trigger` and `keep` for one way to come to term, `until` for several";
            until.fault("two-clocks", format!("`{}` has both `until` and a way of its own", table.path()), mend);
            // Asked for, so that they are not unknown as well.
            ONE_WAY.iter().for_each(|key| drop(table.get(key)));
            None
        }
        Some(until) => earliest(&until, triggers),
        None => way(table, triggers).map(|way| vec![way]),
    };
    let (ways, start) = (ways?, start.unwrap_or(Some(StartAt::Trigger))?);
    if let Some(value) = start_value
        && ways.iter().any(|way| matches!(way.keep, Keep::Exact { .. }))
    {
        let message = "hours cannot be counted from a year's end, which is a day";
        value.fault("year-end-exact", message, "write the period in days, months or years, or remove `start`");
        return None;
    }
    Some(Clock { earliest: ways, start })
}

/// Reads the clock of a permanent rule, which needs none: a term without any way to come never comes.
pub(super) fn read_permanent(table: &mut Table<'_>, triggers: Option<&BTreeSet<&str>>) -> Option<Clock> {
    if table.has("until") || table.has("start") || ONE_WAY.iter().any(|key| table.has(key)) {
        return read(table, triggers);
    }
    Some(Clock { earliest: Vec::new(), start: StartAt::Trigger })
}

/// An entry of the log holds a whole rule, whatever letters its names are made of.
const MOST_WAYS: usize = 100;

fn earliest(until: &Value<'_>, triggers: Option<&BTreeSet<&str>>) -> Option<Vec<Until>> {
    let mut table = until.table()?;
    let list =
        table.need("earliest", "list the ways (`until = { earliest = [{ trigger = \"…\", keep = \"…\" }, …] }`)");
    table.finish();
    let list = list?;
    let items = list.items()?;
    if items.is_empty() {
        list.fault("empty-list", format!("`{}` lists no way to come to term", list.path()), "list at least one");
        return None;
    }
    if items.len() > MOST_WAYS {
        let message = format!("`{}` lists {} ways to come to term", list.path(), items.len());
        list.fault("too-many-ways", message, format!("list at most {MOST_WAYS}: the log names them all in one entry"));
        return None;
    }
    let mut met = BTreeSet::new();
    let ways = items.iter().map(|item| {
        let mut table = item.table()?;
        let way = way(&mut table, triggers);
        table.finish();
        let way = way?;
        if !met.insert(way.trigger.clone()) {
            let message = format!("the trigger `{}` is listed twice", way.trigger);
            item.fault("duplicate-trigger", message, "keep the shorter of its two periods");
            return None;
        }
        Some(way)
    });
    // Collected whole first: a fault in one way must not hide those in the next.
    let ways: Vec<_> = ways.collect();
    ways.into_iter().collect()
}

fn way(table: &mut Table<'_>, triggers: Option<&BTreeSet<&str>>) -> Option<Until> {
    let trigger = table.need("trigger", "name the event that starts the clock (`trigger = \"closure\"`)");
    let trigger = trigger.and_then(|value| known_trigger(&value, triggers));
    let keep = keep(table);
    Some(Until { trigger: trigger?.into(), keep: keep? })
}

fn known_trigger<'d>(value: &Value<'d>, triggers: Option<&BTreeSet<&str>>) -> Option<&'d str> {
    let name = text::name(value)?;
    let Some(triggers) = triggers.filter(|triggers| !triggers.contains(name)) else { return Some(name) };
    let names: Vec<&str> = triggers.iter().copied().collect();
    let mend = match nearest(name, &names) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => {
            format!("add it to the series (`triggers = {{ {name} = {{ fr = \"…\", en = \"…\" }} }}`), or name another")
        }
    };
    value.fault("unknown-trigger", format!("the rule's series has no trigger `{name}`"), mend);
    None
}

fn keep(table: &mut Table<'_>) -> Option<Keep> {
    match (table.get("keep"), table.get("active"), table.get("semi_active")) {
        (Some(keep), None, None) => period(&keep),
        (None, Some(active), None) => civil(&active).map(Keep::Civil),
        (None, None, Some(semi_active)) => civil(&semi_active).map(Keep::Civil),
        (None, Some(active), Some(semi_active)) => {
            let (first, second) = (civil(&active), civil(&semi_active));
            let sum = first?.plus(second?);
            if sum.is_none() {
                let mend = "write `disposition = \"permanent\"` for what is kept for ever, else the lengths meant";
                semi_active.fault("period-overflow", "both periods together are longer than 1,000 years", mend);
            }
            sum.map(Keep::Civil)
        }
        (Some(keep), _, _) => {
            let mend = "remove `keep`, or write it instead of the other two";
            keep.fault("two-keeps", "`keep` is the whole period; `active` and `semi_active` are its halves", mend);
            None
        }
        (None, None, None) => {
            let mend = "write `keep = \"P1Y\"`, or `active` and `semi_active`; \"immediate\" for no time at all";
            table.fault("missing-keep", format!("`{}` does not say how long", table.path()), mend);
            None
        }
    }
}

fn period(value: &Value<'_>) -> Option<Keep> {
    let text = match value.raw() {
        DeValue::String(text) => text,
        DeValue::Integer(number) => {
            let message = format!("`{}` is a bare number, and no unit says of what", value.path());
            value.fault("wrong-type", message, format!("write \"P{}D\" if days are meant", number.as_str()));
            return None;
        }
        _ => return value.wrong("a period like \"P1Y\", in quotes"),
    };
    text.parse()
        .map_err(|error: crate::calendar::PeriodError| value.fault(error.code(), error.to_string(), error.mend()))
        .ok()
}

/// An active or semi-active period, which counts in whole days.
fn civil(value: &Value<'_>) -> Option<Period> {
    match period(value)? {
        Keep::Civil(period) => Some(period),
        keep @ (Keep::Immediate | Keep::Exact { .. }) => {
            let message = format!("`{}` cannot be `{keep}`: such a period counts whole days", value.path());
            value.fault("period-not-civil", message, "write days, weeks, months or years, or leave the key out");
            None
        }
    }
}

fn start(value: &Value<'_>) -> Option<StartAt> {
    let mut table = value.table()?;
    let year_end = table.need("year_end", "write the last day of the year meant (`start = { year_end = \"12-31\" }`)");
    table.finish();
    let year_end = year_end?;
    let text = year_end.text()?;
    let start = StartAt::year_end(text);
    if start.is_none() {
        let message = format!("`{text}` is no month and day that comes every year");
        year_end.fault("bad-year-end", message, "write MM-DD, such as \"12-31\" or \"03-31\"");
    }
    start
}
