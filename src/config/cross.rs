//! The configuration against the calendars: every rule that is to be obeyed has its records, and every mapping its law.

use std::collections::BTreeSet;

use super::load::Law;
use super::{Config, Remark, remarks};
use crate::calendar::{Disposition, Governs, Rule};
use crate::model::{CalendarNumber, Document, Fault, PartName, SeriesName, nearest};
use crate::records::mapping::{OwnerGone, SeriesMapping};

/// Notes the mapping's faults in `document` and returns the calendars' own; what is merely worth saying goes to
/// `notes`.
pub(super) fn check(document: &Document<'_>, config: &Config, laws: &[Law], notes: &mut Vec<Remark>) -> Vec<Fault> {
    for mapping in &config.series {
        mapped_series(document, mapping, laws, notes);
        parts_of_other_series(config, mapping, laws, notes);
    }
    extra_scans(document, config, laws);
    let mut faults = Vec::new();
    for law in laws {
        faults.extend(rules(document, config, law, laws));
        remarks::of_law(&law.calendar, notes);
    }
    faults
}

fn mapped_series(document: &Document<'_>, mapping: &SeriesMapping, laws: &[Law], notes: &mut Vec<Remark>) {
    let name = &mapping.series;
    let place = format!("series.{name}");
    if let Some(number) = &mapping.calendar
        && !laws.iter().any(|law| law.calendar.number == *number)
    {
        let known: Vec<&str> = laws.iter().map(|law| law.calendar.number.as_str()).collect();
        let message = format!("`{place}.calendar` names \"{number}\", which is none of the calendars");
        let mend = did_you_mean(number.as_str(), &known, "write one of");
        return document.fault_at(&format!("{place}.calendar"), "unknown-calendar", message, mend);
    }
    let defining: Vec<&Law> = laws_of(mapping, laws).collect();
    let numbers: BTreeSet<&CalendarNumber> = defining.iter().map(|law| &law.calendar.number).collect();
    if defining.is_empty() {
        let all = laws.iter().flat_map(|law| &law.calendar.series);
        let known: Vec<&str> = all.map(|series| series.name.as_str()).collect();
        let message = format!("no calendar knows the series \"{name}\"");
        document.fault_at(&place, "unknown-series", message, did_you_mean(name.as_str(), &known, "map one of"));
    } else if numbers.len() > 1 {
        let numbers: Vec<&str> = numbers.iter().map(|number| number.as_str()).collect();
        let message = format!("the calendars {} each have a series \"{name}\"", numbers.join(" and "));
        let mend = format!("say which is meant: `calendar = \"{}\"`", numbers[0]);
        document.fault_at(&place, "ambiguous-series", message, mend);
    } else {
        unused_events(mapping, &defining, notes);
    }
}

/// The calendars, in all their versions, whose series a mapping may mean.
fn laws_of<'l>(mapping: &'l SeriesMapping, laws: &'l [Law]) -> impl Iterator<Item = &'l Law> {
    laws.iter().filter(|law| {
        mapping.calendar.as_ref().is_none_or(|number| *number == law.calendar.number)
            && law.calendar.series.iter().any(|series| series.name == mapping.series)
    })
}

/// An event that no calendar knows as a trigger starts no clock; harmless, and perhaps a slip.
fn unused_events(mapping: &SeriesMapping, defining: &[&Law], notes: &mut Vec<Remark>) {
    let series = || defining.iter().flat_map(|law| &law.calendar.series).filter(|series| series.name == mapping.series);
    for event in mapping.events.keys().filter(|event| !series().any(|series| series.triggers.contains_key(*event))) {
        notes.push(Remark {
            is_warning: false,
            code: "unused-event",
            place: format!("series.{}.event.{event}", mapping.series),
            message: format!(
                "no calendar has a trigger \"{event}\" for the series \"{}\": nothing counts from it",
                mapping.series
            ),
            mend: "remove the event, or name it as the calendar names its trigger".to_owned(),
        });
    }
}

/// Rows of a part that are records of another series go with their owner, unjudged: true to the mapping, and perhaps
/// not meant.
fn parts_of_other_series(config: &Config, mapping: &SeriesMapping, laws: &[Law], notes: &mut Vec<Remark>) {
    let rules = laws_of(mapping, laws).flat_map(|law| law.calendar.rules_for(&mapping.series));
    if !rules.filter(|rule| rule.is_obeyed()).any(|rule| rule.disposition == Some(Disposition::Destroy)) {
        return;
    }
    for part in mapping.parts.iter().filter(|part| part.owner_gone == OwnerGone::Destroy) {
        let is_other = |other: &&SeriesMapping| {
            let is_blocking = mapping.blocked_by.iter().any(|relation| relation.series == other.series);
            other.source == mapping.source && other.table.eq_ignore_ascii_case(&part.table) && !is_blocking
        };
        notes.extend(config.series.iter().filter(is_other).map(|other| Remark {
            is_warning: false,
            code: "part-of-series",
            place: format!("series.{} part {}", mapping.series, part.name),
            message: format!(
                "rows of the part \"{}\" are records of \"{}\" too: they go with their \"{}\", also before the rules for \"{}\" end \
                 them, unless one is held, or kept for good or by a floor",
                part.name, other.series, mapping.series, other.series
            ),
            mend: format!("keep it while they are there: `blocked_by = [{{ series = \"{}\", on = {{ … }} }}]`", other.series),
        }));
    }
}

fn extra_scans(document: &Document<'_>, config: &Config, laws: &[Law]) {
    let extra = config.schedule.iter().flat_map(|schedule| &schedule.extra).enumerate();
    for (at, scan) in extra {
        for (rule_at, number) in scan.rules.iter().enumerate() {
            let rules = || laws.iter().flat_map(|law| &law.calendar.rules);
            if !rules().any(|rule| rule.number == *number) {
                let known: Vec<&str> = rules().map(|rule| rule.number.as_str()).collect();
                let message = format!("no calendar has a rule \"{number}\"");
                let mend = did_you_mean(number.as_str(), &known, "write one of");
                document.fault_at(&format!("schedule.extra[{at}].rules[{rule_at}]"), "unknown-rule", message, mend);
            }
        }
    }
}

/// Faults of one calendar's rules. What the mapping lacks for a rule is noted in the mapping.
fn rules(document: &Document<'_>, config: &Config, law: &Law, laws: &[Law]) -> Vec<Fault> {
    let file = law.file.display().to_string();
    // The text was parsed before; only its places are read again.
    let text = match Document::parse(&file, law.calendar.text.as_bytes(), usize::MAX) {
        Ok(text) => text,
        Err(faults) => return faults,
    };
    remember_places(&text);
    let mut unmapped = BTreeSet::new();
    for (at, rule) in law.calendar.rules.iter().enumerate().filter(|(_, rule)| rule.is_obeyed()) {
        let place = format!("rule[{at}]");
        match mapping_of(config, law, &rule.series, laws) {
            Some(mapping) => {
                governed(&text, &place, rule, mapping);
                named_once(&text, &place, rule, law, laws);
                anonymized(document, rule, mapping);
            }
            // Once for a series, however many rules it has.
            None if unmapped.insert(&rule.series) => {
                let message = format!(
                    "rule {} governs the series \"{}\", which the configuration does not map",
                    rule.number, rule.series
                );
                let mend = format!(
                    "add `[series.{}]` to {}, or mark the rule `executed = \"elsewhere\"` or `example = true`",
                    rule.series,
                    config.file.display()
                );
                text.fault_at(&format!("{place}.series"), "unmapped-series", message, mend);
            }
            None => {}
        }
    }
    text.into_faults()
}

/// Plans, approvals, holds and statements name a rule by its number alone.
fn named_once(text: &Document<'_>, place: &str, rule: &Rule, law: &Law, laws: &[Law]) {
    let before = laws.iter().take_while(|other| other.file != law.file);
    let mut others = before.filter(|other| other.calendar.number != law.calendar.number);
    let has_it = |other: &&Law| other.calendar.rules.iter().any(|one| one.is_obeyed() && one.number == rule.number);
    if let Some(other) = others.find(has_it) {
        let message =
            format!("rule {} of {} is also a rule of {}", rule.number, law.calendar.number, other.calendar.number);
        let mend =
            format!("give one of the two another number, for instance \"{}-{}\"", law.calendar.number, rule.number);
        text.fault_at(&format!("{place}.number"), "shared-rule", message, mend);
    }
}

/// Asks for the keys of each rule, so that faults find their places.
fn remember_places(text: &Document<'_>) {
    let rules = text.root().get("rule").and_then(|rules| rules.items()).unwrap_or_default();
    for mut rule in rules.iter().filter_map(|rule| rule.table()) {
        for key in ["number", "series", "trigger", "until", "part", "group", "unless"] {
            rule.get(key);
        }
    }
}

/// The mapping of a calendar's series. One that names an unknown calendar has its fault already: it may well mean this
/// one.
fn mapping_of<'c>(config: &'c Config, law: &Law, series: &SeriesName, laws: &[Law]) -> Option<&'c SeriesMapping> {
    let is_known = |number: &CalendarNumber| laws.iter().any(|law| law.calendar.number == *number);
    let means = |number: &CalendarNumber| *number == law.calendar.number || !is_known(number);
    config.series.iter().find(|mapping| mapping.series == *series && mapping.calendar.as_ref().is_none_or(means))
}

/// Everything that the rule names must be in the mapping.
fn governed(text: &Document<'_>, place: &str, rule: &Rule, mapping: &SeriesMapping) {
    let lacks = |key: &str, code: &'static str, what: &str, name: &str, known: Vec<&str>, mend: String| {
        let message =
            format!("rule {} names the {what} \"{name}\", which `series.{}` does not map", rule.number, mapping.series);
        let mend = match nearest(name, &known) {
            Some(near) => format!("{mend} (it maps \"{near}\")"),
            None => mend,
        };
        text.fault_at(&format!("{place}.{key}"), code, message, mend);
    };
    let series = &mapping.series;
    for until in &rule.clock.earliest {
        let name = until.trigger.as_str();
        if !mapping.events.contains_key(&until.trigger) {
            let known = mapping.events.keys().map(|event| event.as_str()).collect();
            let mend = format!("say which column holds its date: `event.{name} = \"…\"` under `[series.{series}]`");
            let key = if text_has_trigger(text, place) { "trigger" } else { "until" };
            lacks(key, "unmapped-trigger", "trigger", name, known, mend);
        }
    }
    match &rule.governs {
        Governs::Part(part) if !mapping.parts.iter().any(|mapped| mapped.name == *part) => {
            let known = mapping.parts.iter().map(|part| part.name.as_str()).collect();
            let mend = format!("add a `[[series.{series}.part]]` of that name");
            lacks("part", "unmapped-part", "part", part.as_str(), known, mend);
        }
        Governs::Group(group) if !mapping.groups.contains_key(group) => {
            let known = mapping.groups.keys().map(String::as_str).collect();
            let mend = format!("say which columns it has: `group.{group} = [\"…\"]` under `[series.{series}]`");
            lacks("group", "unmapped-group", "group", group, known, mend);
        }
        _ => {}
    }
    if let Some(unless) = &rule.unless
        && !mapping.conditions.contains_key(unless)
    {
        let known = mapping.conditions.keys().map(String::as_str).collect();
        let mend = format!("say when it holds: `condition.{unless} = {{ … }}` under `[series.{series}]`");
        lacks("unless", "unmapped-condition", "condition", unless, known, mend);
    }
}

fn text_has_trigger(text: &Document<'_>, place: &str) -> bool {
    text.knows(&format!("{place}.trigger"))
}

/// A rule that anonymizes needs masks for what it governs.
fn anonymized(document: &Document<'_>, rule: &Rule, mapping: &SeriesMapping) {
    if rule.disposition != Some(Disposition::Anonymize) {
        return;
    }
    let part = |name: &PartName| mapping.parts.iter().enumerate().find(|(_, part)| part.name == *name);
    let place = format!("series.{}", mapping.series);
    let (masked, place) = match &rule.governs {
        Governs::Part(name) => match part(name) {
            Some((at, part)) => (!part.anonymize.is_empty(), format!("{place}.part[{at}].anonymize")),
            None => return,
        },
        _ => (
            !mapping.anonymize.is_empty() || mapping.parts.iter().any(|part| !part.anonymize.is_empty()),
            format!("{place}.anonymize"),
        ),
    };
    if !masked {
        let message =
            format!("rule {} anonymizes \"{}\", but nothing says which columns to mask", rule.number, mapping.series);
        let mend = "write column and mask: `anonymize = { name = \"null\", ip = \"truncate-ip\" }`";
        document.fault_at(&place, "no-mask", message, mend);
    }
}

fn did_you_mean(word: &str, known: &[&str], otherwise: &str) -> String {
    match nearest(word, known) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => format!("{otherwise}: {}", known.join(", ")),
    }
}
