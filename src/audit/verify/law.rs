//! Calendars and mappings that entries declare, and whether an intent obeys them.

use std::collections::BTreeMap;

use super::findings::Findings;
use super::flaw::Flaw;
use super::governing::Governing;
use super::rule_set;
use super::term::Term;
use crate::audit::leaf::{Action, CalendarLeaf, GovernedBy, Intent, MappingLeaf, RuleTerm};
use crate::model::{CalendarNumber, CivilDate, Digest, RuleNumber, SeriesName, SourceName, Zone};

/// The law as declared so far. A version of a calendar has one content: what is declared first counts.
#[derive(Debug, Default)]
pub(super) struct Law {
    calendars: BTreeMap<CalendarNumber, BTreeMap<u32, Declared>>,
    /// The table of each mapping, by series, then source and digest.
    mappings: BTreeMap<SeriesName, BTreeMap<(SourceName, Digest), String>>,
    /// The calendars' leaves, no two alike, each with its entry.
    leaves: Vec<(u64, CalendarLeaf)>,
}

#[derive(Debug)]
struct Declared {
    zone: Zone,
    from: CivilDate,
    until: Option<CivilDate>,
    rules: BTreeMap<RuleNumber, RuleTerm>,
    series: BTreeMap<SeriesName, OfSeries>,
}

/// The rules on one series together.
#[derive(Debug)]
struct OfSeries {
    rules: Digest,
    /// A rule that never falls through to destruction.
    kept_by: Option<RuleNumber>,
    governing: Governing,
}

impl OfSeries {
    fn new(leaf: &CalendarLeaf, zone: Zone, series: &SeriesName, rules: &[(&RuleNumber, &RuleTerm)]) -> Self {
        let keeps = |rule: &RuleTerm| !disposes(rule) && rule.disposition != "floor";
        Self {
            rules: rule_set::digest_of(&leaf.zone, series, rules),
            kept_by: rules.iter().find(|(_, rule)| keeps(rule)).map(|(number, _)| (*number).clone()),
            governing: Governing::new(zone, rules),
        }
    }
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
        self.declare(index, leaf, zone, findings);
    }

    fn declare(&mut self, index: u64, leaf: &CalendarLeaf, zone: Zone, findings: &mut Findings) {
        let mut together: BTreeMap<&SeriesName, Vec<(&RuleNumber, &RuleTerm)>> = BTreeMap::new();
        for (number, rule) in &leaf.rules {
            if let Err(error) = Term::read(rule, zone)
                && (disposes(rule) || rule.disposition == "floor")
            {
                findings.at(index, Flaw::BadTerm { rule: number.clone(), error });
            }
            together.entry(&rule.series).or_default().push((number, rule));
        }
        let of_series =
            |(series, rules): (&SeriesName, Vec<_>)| (series.clone(), OfSeries::new(leaf, zone, series, &rules));
        let series = together.into_iter().map(of_series).collect();
        let rules = leaf.rules.clone();
        let declared = Declared { zone, from: leaf.effective_from, until: leaf.effective_until, rules, series };
        self.calendars.entry(leaf.number.clone()).or_default().insert(leaf.version, declared);
    }

    /// Takes up a mapping.
    pub fn read_mapping(&mut self, leaf: &MappingLeaf) {
        let mapping = (leaf.source.clone(), leaf.digest);
        self.mappings.entry(leaf.series.clone()).or_default().insert(mapping, leaf.table.clone());
    }

    /// Whether a mapping of this source was declared.
    pub fn knows(&self, source: &SourceName) -> bool {
        self.mappings.values().flat_map(BTreeMap::keys).any(|(known, _)| known == source)
    }

    /// Calendars declared, no two alike, each with its entry.
    pub fn leaves(&self) -> impl Iterator<Item = (u64, &CalendarLeaf)> {
        self.leaves.iter().map(|(index, leaf)| (*index, leaf))
    }

    /// Whether an intent written at `at` obeys its calendar, on the dates that it records, and what the approval bound
    /// its series to. Returns the table of the mapping approved.
    pub fn judge(
        &self,
        index: u64,
        at: i64,
        intent: &Intent,
        approved: Option<&GovernedBy>,
        findings: &mut Findings,
    ) -> Option<&str> {
        self.judge_term(index, at, intent, approved.map(|governed| governed.rules), findings);
        let mapping = approved?.mapping;
        let declared = self.mappings.get(&intent.series);
        let table = declared.and_then(|declared| declared.get(&(intent.source.clone(), mapping)));
        if table.is_none() {
            findings.at(index, Flaw::UndeclaredMapping { series: intent.series.clone() });
        }
        table.map(String::as_str)
    }

    /// The higher version that ended the one of an intent.
    ///
    /// No two versions of a calendar are in force on one day: one that begins while another is in force replaces it for
    /// good.
    fn ended_by(&self, intent: &Intent, obeyed: &Declared, at: i64) -> Option<u32> {
        let higher = self.calendars.get(&intent.calendar)?.range(intent.version.checked_add(1)?..);
        let ends = |other: &Declared| other.in_force(at) || (other.from >= obeyed.from && other.has_begun(at));
        higher.filter(|(_, other)| ends(other)).map(|(version, _)| *version).next_back()
    }

    fn judge_term(&self, index: u64, at: i64, intent: &Intent, approved: Option<Digest>, findings: &mut Findings) {
        let calendar = self.calendars.get(&intent.calendar).and_then(|versions| versions.get(&intent.version));
        let Some(calendar) = calendar else { return findings.at(index, Flaw::UndeclaredCalendar) };
        if !calendar.in_force(at) {
            findings.at(index, Flaw::NotInForce);
        }
        if let Some(by) = self.ended_by(intent, calendar, at) {
            let (calendar, version) = (intent.calendar.clone(), intent.version);
            findings.at(index, Flaw::Superseded { calendar, version, by });
        }
        let of_series = calendar.series.get(&intent.series);
        let rule = calendar.rules.get(&intent.rule).filter(|rule| rule.series == intent.series);
        let (Some(rule), Some(of_series)) = (rule, of_series) else {
            return findings.at(index, Flaw::UndeclaredRule { rule: intent.rule.clone() });
        };
        if approved.is_some_and(|rules| rules != of_series.rules) {
            let (plan, series) = (intent.plan.clone(), intent.series.clone());
            findings.at(index, Flaw::OtherRules { plan, series });
        }
        if let Some(rule) = &of_series.kept_by {
            findings.at(index, Flaw::KeptByRule { rule: rule.clone() });
        }
        let action = match intent.action {
            Action::Destroy => "destroy",
            Action::Anonymize => "anonymize",
        };
        if rule.disposition != action {
            findings.at(index, Flaw::WrongAction { rule: intent.rule.clone(), action });
        }
        if disposes(rule)
            && let Some((records, rule)) = of_series.governing.too_early(&intent.rule, at, &intent.day)
        {
            findings.at(index, Flaw::TooEarly { records, rule: rule.clone() });
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

fn disposes(rule: &RuleTerm) -> bool {
    matches!(rule.disposition.as_str(), "destroy" | "anonymize")
}

impl Declared {
    fn in_force(&self, at: i64) -> bool {
        let today = self.day_of(at);
        self.has_begun(at) && self.until.is_none_or(|until| today.is_some_and(|today| today <= until))
    }

    fn has_begun(&self, at: i64) -> bool {
        self.day_of(at).is_some_and(|today| today >= self.from)
    }

    fn day_of(&self, at: i64) -> Option<CivilDate> {
        Some(self.zone.civil_date(chrono::DateTime::from_timestamp(at, 0)?))
    }
}
