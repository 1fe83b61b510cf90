//! Calendars and mappings that entries declare, and whether an intent obeys them.

use std::collections::{BTreeMap, BTreeSet};

use super::flaw::{Findings, Flaw};
use super::term::{Term, TermError};
use crate::audit::leaf::{Action, CalendarLeaf, Intent, MappingLeaf};
use crate::model::{CalendarNumber, CivilDate, Digest, RuleNumber, SeriesName, SourceName, Zone};

/// The law as declared so far. A version of a calendar has one content: what is declared first counts.
#[derive(Debug, Default)]
pub(super) struct Law {
    calendars: BTreeMap<CalendarNumber, BTreeMap<u32, Declared>>,
    mappings: BTreeMap<SeriesName, BTreeSet<(SourceName, Digest)>>,
    /// The calendars' leaves, no two alike, each with its entry.
    leaves: Vec<(u64, CalendarLeaf)>,
}

#[derive(Debug)]
struct Declared {
    zone: Zone,
    from: CivilDate,
    until: Option<CivilDate>,
    rules: BTreeMap<RuleNumber, Rule>,
}

#[derive(Debug)]
struct Rule {
    series: SeriesName,
    disposition: String,
    term: Result<Term, TermError>,
}

impl Law {
    /// Takes up a calendar.
    pub fn read_calendar(&mut self, index: u64, leaf: &CalendarLeaf, findings: &mut Findings) {
        if self.leaves.iter().any(|(_, known)| known == leaf) {
            return;
        }
        if self.leaves.iter().any(|(_, known)| is_same_version(known, leaf) && !says_the_same(known, leaf)) {
            let (calendar, version) = (leaf.number.clone(), leaf.version);
            return findings.at(index, Flaw::CalendarChanged { calendar, version });
        }
        self.leaves.push((index, leaf.clone()));
        let Ok(zone) = leaf.zone.parse::<Zone>() else {
            return findings.at(index, Flaw::UnknownZone);
        };
        let mut rules = BTreeMap::new();
        for (number, rule) in &leaf.rules {
            let term = Term::read(rule, zone);
            if let Err(error) = term
                && disposes(&rule.disposition)
            {
                findings.at(index, Flaw::BadTerm { rule: number.clone(), error });
            }
            let (series, disposition) = (rule.series.clone(), rule.disposition.clone());
            rules.insert(number.clone(), Rule { series, disposition, term });
        }
        let declared = Declared { zone, from: leaf.effective_from, until: leaf.effective_until, rules };
        self.calendars.entry(leaf.number.clone()).or_default().insert(leaf.version, declared);
    }

    /// Takes up a mapping.
    pub fn read_mapping(&mut self, leaf: &MappingLeaf) {
        self.mappings.entry(leaf.series.clone()).or_default().insert((leaf.source.clone(), leaf.digest));
    }

    /// Calendars declared, no two alike, each with its entry.
    pub fn leaves(&self) -> impl Iterator<Item = (u64, &CalendarLeaf)> {
        self.leaves.iter().map(|(index, leaf)| (*index, leaf))
    }

    /// Whether an intent written at `at` obeys its calendar, on the dates that it records, and the mapping that was approved.
    pub fn judge(&self, index: u64, at: i64, intent: &Intent, approved: Option<Digest>, findings: &mut Findings) {
        let is_declared = approved.is_none_or(|mapping| {
            let declared = self.mappings.get(&intent.series);
            declared.is_some_and(|declared| declared.contains(&(intent.source.clone(), mapping)))
        });
        if !is_declared {
            findings.at(index, Flaw::UndeclaredMapping { series: intent.series.clone() });
        }
        let calendar = self.calendars.get(&intent.calendar).and_then(|versions| versions.get(&intent.version));
        let Some(calendar) = calendar else { return findings.at(index, Flaw::UndeclaredCalendar) };
        if !calendar.in_force(at) {
            findings.at(index, Flaw::NotInForce);
        }
        let rule = calendar.rules.get(&intent.rule).filter(|rule| rule.series == intent.series);
        let Some(rule) = rule else {
            return findings.at(index, Flaw::UndeclaredRule { rule: intent.rule.clone() });
        };
        let action = match intent.action {
            Action::Destroy => "destroy",
            Action::Anonymize => "anonymize",
        };
        if rule.disposition != action {
            findings.at(index, Flaw::WrongAction { rule: intent.rule.clone(), action });
        }
        let records = rule.too_early(at, &intent.day);
        if records > 0 {
            findings.at(index, Flaw::TooEarly { records, rule: intent.rule.clone() });
        }
    }
}

fn is_same_version(one: &CalendarLeaf, other: &CalendarLeaf) -> bool {
    (&one.number, one.version) == (&other.number, other.version)
}

/// Whether two leaves mean the same: their texts may differ in words that bind nobody.
fn says_the_same(one: &CalendarLeaf, other: &CalendarLeaf) -> bool {
    *one == CalendarLeaf { digest: one.digest, ..other.clone() }
}

fn disposes(disposition: &str) -> bool {
    matches!(disposition, "destroy" | "anonymize")
}

impl Declared {
    fn in_force(&self, at: i64) -> bool {
        let Some(instant) = chrono::DateTime::from_timestamp(at, 0) else { return false };
        let today = self.zone.civil_date(instant);
        today >= self.from && self.until.is_none_or(|until| today <= until)
    }
}

impl Rule {
    /// How many of these trigger days are not due at `at`.
    fn too_early(&self, at: i64, days: &[i32]) -> u64 {
        let Ok(term) = &self.term else { return days.len() as u64 };
        let is_early = |day: i32| term.not_before(day).is_none_or(|due| due > at);
        // A later trigger is never due earlier, so the latest day speaks for all: one reckoning for a thousand records.
        match days.iter().max() {
            Some(latest) if is_early(*latest) => days.iter().filter(|day| is_early(**day)).count() as u64,
            _ => 0,
        }
    }
}
