//! What the log says of a calendar, and whether it may be obeyed after what the log said of its versions before.

use std::collections::BTreeMap;

use crate::audit::leaf::{CalendarLeaf, RuleTerm, TermWay};
use crate::calendar::{Calendar, Rule};
use crate::model::{CalendarNumber, Instant, Zone};

/// What the log first said of each version of a calendar.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared(BTreeMap<(CalendarNumber, u32), CalendarLeaf>);

/// A calendar that may not be obeyed, because the log says that another one was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    #[error(
        "version {version} of calendar {calendar} was obeyed with other rules, dates or zone before; what a version means never changes: give the calendar the next `version`, and say which one it `replaces`"
    )]
    Same { calendar: CalendarNumber, version: u32 },
    #[error(
        "version {newer} of calendar {calendar} was obeyed before and has ended version {version}, which binds nobody any more; put the newer file back, or write what shall hold from now on as the next version"
    )]
    Older { calendar: CalendarNumber, version: u32, newer: u32 },
}

impl VersionError {
    /// Its stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Same { .. } => "calendar-same-version",
            Self::Older { .. } => "calendar-older-version",
        }
    }
}

impl Declared {
    /// Takes in a leaf; of several that name one version, the first counts, with those that it goes on in.
    pub(super) fn note(&mut self, leaf: &CalendarLeaf) {
        let declared = self.0.entry((leaf.number.clone(), leaf.version)).or_insert_with(|| leaf.clone());
        if declared.more {
            declared.rules.extend(leaf.rules.clone());
            declared.more = leaf.more;
        }
    }

    /// Whether a calendar may be obeyed at `now`.
    ///
    /// # Errors
    /// The log has its version with another meaning, or a higher version that has ended it.
    pub fn admits(&self, calendar: &Calendar, now: Instant) -> Result<(), VersionError> {
        let leaf = calendar_leaf(calendar);
        if self.contradicts(&leaf) {
            return Err(VersionError::Same { calendar: leaf.number, version: leaf.version });
        }
        match self.superseded_by(&leaf, now) {
            Some(newer) => Err(VersionError::Older { calendar: leaf.number, version: leaf.version, newer }),
            None => Ok(()),
        }
    }

    /// Whether the log has this version of the calendar with other dates, another zone or other rules: a version never
    /// changes its meaning.
    fn contradicts(&self, leaf: &CalendarLeaf) -> bool {
        let declared = self.0.get(&(leaf.number.clone(), leaf.version));
        declared.is_some_and(|declared| CalendarLeaf { digest: leaf.digest, ..declared.clone() } != *leaf)
    }

    /// The higher version of this calendar, which the log has, that has ended this one by now: one that is in force, or
    /// that began later.
    fn superseded_by(&self, leaf: &CalendarLeaf, now: Instant) -> Option<u32> {
        let first = (leaf.number.clone(), leaf.version.checked_add(1)?);
        let ends = |declared: &CalendarLeaf| {
            let Ok(today) = declared.zone.parse::<Zone>().map(|zone| zone.civil_date(now)) else { return false };
            let goes_on = declared.effective_until.is_none_or(|until| today <= until);
            declared.effective_from <= today && (goes_on || declared.effective_from >= leaf.effective_from)
        };
        let higher = self.0.range(first..=(leaf.number.clone(), u32::MAX));
        higher.filter(|(_, declared)| ends(declared)).map(|((_, version), _)| *version).next_back()
    }
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
        more: false,
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
