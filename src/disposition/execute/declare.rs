//! Before the first action under them, the calendar and the mappings stand in the log; so does the person who lets a restored source go on.

use std::collections::BTreeMap;

use super::error::ExecuteError;
use crate::audit::leaf::{Body, CalendarLeaf, Correction, MappingLeaf, RuleTerm, TermWay};
use crate::calendar::{Calendar, Rule};
use crate::disposition::ApprovedPlan;
use crate::disposition::chronicle::correction;
use crate::disposition::desk::Desk;
use crate::model::{Actor, Instant};

/// Logs the calendars and mappings that the plan obeys, unless the log has them.
pub(super) fn declare(desk: &mut Desk, plan: &ApprovedPlan, actor: &Actor, now: Instant) -> Result<(), ExecuteError> {
    let install = desk.install().clone();
    for planned in &plan.manifest().calendars {
        let calendar = install.calendars.iter().find(|calendar| calendar.digest == planned.digest);
        let Some(calendar) = calendar else { continue };
        let leaf = calendar_leaf(calendar);
        if desk.chronicle()?.contradicts(&leaf) {
            return Err(ExecuteError::SameVersion { calendar: leaf.number, version: leaf.version });
        }
        if let Some(newer) = desk.chronicle()?.superseded_by(&leaf, now) {
            return Err(ExecuteError::OlderVersion { calendar: leaf.number, version: leaf.version, newer });
        }
        if !desk.chronicle()?.has_calendar(&calendar.digest) {
            desk.log().put_blob(calendar.text.as_bytes())?;
            desk.record(Body::Calendar(leaf), now)?;
        }
    }
    for planned in &plan.manifest().series {
        let no_series = || ExecuteError::NoSeries { plan: plan.id().clone(), series: planned.series.clone() };
        let leaf = MappingLeaf {
            series: planned.series.clone(),
            source: planned.source.clone(),
            table: install.mapping(&planned.series).ok_or_else(no_series)?.table.clone(),
            digest: planned.governed.mapping,
        };
        if !desk.chronicle()?.has_mapping(&leaf) {
            desk.record(Body::Mapping(leaf), now)?;
        }
        if desk.chronicle()?.is_restored(&planned.source) {
            // The gates let this plan through: the person who approved it named the rail `restored`.
            let lifted = Correction {
                source: planned.source.clone(),
                what: correction::LIFTED.to_owned(),
                batch: None,
                back: None,
                actor: Some(actor.clone()),
                records: 0,
            };
            desk.record(Body::Correction(lifted), now)?;
        }
    }
    Ok(())
}

/// What the log would say of a calendar with this text.
///
/// # Errors
/// One sentence: the text is no calendar, or has a rule that an entry cannot say.
pub fn leaf_of_text(text: &[u8]) -> Result<CalendarLeaf, String> {
    let calendar = crate::calendar::parse("its text", text)
        .map_err(|faults| faults.into_iter().next().map_or_else(String::new, |fault| fault.message))?;
    match calendar.rules.iter().filter(|rule| rule.is_obeyed()).find(|rule| rule.is_partial()) {
        Some(rule) => Err(format!("rule {} of it is on a part, on a group or has a condition", rule.number)),
        None => Ok(calendar_leaf(&calendar)),
    }
}

/// What the log says of a calendar.
pub fn calendar_leaf(calendar: &Calendar) -> CalendarLeaf {
    let rules: BTreeMap<_, _> = calendar
        .rules
        .iter()
        .filter(|rule| rule.is_obeyed())
        .map(|rule| (rule.number.clone(), rule_term(rule)))
        .collect();
    CalendarLeaf {
        number: calendar.number.clone(),
        version: calendar.version,
        digest: calendar.digest,
        effective_from: calendar.effective_from,
        effective_until: calendar.effective_until,
        zone: calendar.timezone.name().to_owned(),
        rules,
    }
}

fn rule_term(rule: &Rule) -> RuleTerm {
    let term = rule.term();
    let ways = term.ways.into_iter();
    RuleTerm {
        series: rule.series.clone(),
        disposition: term.disposition,
        ways: ways.map(|way| TermWay { trigger: way.trigger.to_string(), keep: way.keep }).collect(),
        year_end: term.year_end,
    }
}
