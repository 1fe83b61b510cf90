//! Holds: what keeps records whatever the calendar says. A hold never shifts the clock.
//!
//! Keys and references are compared as text, so that a hold needs no database to be placed, and holds too much rather
//! than too little (the integer 5, the text `5` and the text `05` alike; `a-1` and `A-1`).

mod meaning;

pub use meaning::{Meaning, VoidHold};

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::Installation;
use crate::model::{Actor, CivilDate, HoldId, Instant, KeyValue, RecordKey, RuleNumber, SeriesName, alike};
use crate::records::facts::Facts;
use crate::records::mapping::SeriesMapping;

/// A hold in force. Its scope, reason and case may be personal information: they stay in the private state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    pub id: HoldId,
    pub scope: HoldScope,
    /// What its names meant when it was placed; `None` where that was before this was noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meaning: Option<Meaning>,
    pub reason: String,
    pub case: Option<String>,
    /// The civil day by which a person said they would look again. The hold does not end then.
    pub review_by: Option<CivilDate>,
    pub actor: Actor,
    pub placed_at: Instant,
}

/// What a hold keeps.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case", deny_unknown_fields)]
pub enum HoldScope {
    /// One record, by its key: one text per key column.
    Record {
        series: SeriesName,
        key: Vec<String>,
    },
    /// Every record of the series whose reference reads so, and those that bore it when the hold was placed, whatever
    /// they are cited as later.
    Reference {
        series: SeriesName,
        reference: String,
        /// Of these; none where they could not be looked up then.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        keys: Vec<Vec<String>>,
    },
    /// The record of a person, and every record whose mapping names it as its subject.
    Subject {
        series: SeriesName,
        key: Vec<String>,
    },
    Series {
        series: SeriesName,
    },
    /// Every record on which this rule decides.
    Rule {
        rule: RuleNumber,
    },
    /// Every record for which the SQL expression holds, at the moment of the check; where it reads other rows than the
    /// record's own, also those for which it held when the hold was placed, whatever becomes of these rows.
    Where {
        series: SeriesName,
        expression: String,
        /// Of these.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        keys: Vec<Vec<String>>,
    },
}

impl HoldScope {
    /// Its name in the log.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Record { .. } => "record",
            Self::Reference { .. } => "reference",
            Self::Subject { .. } => "subject",
            Self::Series { .. } => "series",
            Self::Rule { .. } => "rule",
            Self::Where { .. } => "where",
        }
    }

    /// The series it names.
    pub fn series(&self) -> Option<&SeriesName> {
        match self {
            Self::Record { series, .. }
            | Self::Reference { series, .. }
            | Self::Subject { series, .. }
            | Self::Series { series }
            | Self::Where { series, .. } => Some(series),
            Self::Rule { .. } => None,
        }
    }
}

/// Answers at once whether a record is held. One expression per `--where` hold is left for the database to answer.
#[derive(Clone, Debug, Default)]
pub struct HoldIndex {
    holds: HashMap<HoldId, (HoldScope, Option<Meaning>)>,
    records: ByText,
    references: ByText,
    subjects: ByText,
    series: HashMap<SeriesName, Vec<HoldId>>,
    rules: HashMap<RuleNumber, Vec<HoldId>>,
    expressions: HashMap<SeriesName, Vec<(HoldId, String)>>,
}

type ByText = HashMap<SeriesName, HashMap<Vec<String>, Vec<HoldId>>>;

impl HoldIndex {
    /// An index of these holds.
    pub fn new<'a>(holds: impl IntoIterator<Item = &'a Hold>) -> Self {
        let mut index = Self::default();
        holds.into_iter().for_each(|hold| index.insert(hold));
        index
    }

    /// Adds a hold, which holds from now on.
    pub fn insert(&mut self, hold: &Hold) {
        let id = hold.id.clone();
        match hold.scope.clone() {
            HoldScope::Record { series, key } => add(&mut self.records, series, key, &id),
            HoldScope::Reference { series, reference, keys } => {
                keys.into_iter().for_each(|key| add(&mut self.records, series.clone(), key, &id));
                add(&mut self.references, series, vec![reference], &id);
            }
            HoldScope::Subject { series, key } => add(&mut self.subjects, series, key, &id),
            HoldScope::Series { series } => self.series.entry(series).or_default().push(id.clone()),
            HoldScope::Rule { rule } => self.rules.entry(rule).or_default().push(id.clone()),
            HoldScope::Where { series, expression, keys } => {
                keys.into_iter().for_each(|key| add(&mut self.records, series.clone(), key, &id));
                self.expressions.entry(series).or_default().push((id.clone(), expression));
            }
        }
        self.holds.insert(id, (hold.scope.clone(), hold.meaning.clone()));
    }

    /// Takes a lifted hold out.
    pub fn remove(&mut self, id: &HoldId) {
        match self.holds.remove(id).map(|(scope, _)| scope) {
            None => {}
            Some(HoldScope::Record { series, key }) => drop_from(&mut self.records, &series, &key, id),
            Some(HoldScope::Reference { series, reference, keys }) => {
                keys.iter().for_each(|key| drop_from(&mut self.records, &series, key, id));
                drop_from(&mut self.references, &series, &[reference], id);
            }
            Some(HoldScope::Subject { series, key }) => drop_from(&mut self.subjects, &series, &key, id),
            Some(HoldScope::Series { series }) => forget(self.series.get_mut(&series), id),
            Some(HoldScope::Rule { rule }) => forget(self.rules.get_mut(&rule), id),
            Some(HoldScope::Where { series, keys, .. }) => {
                keys.iter().for_each(|key| drop_from(&mut self.records, &series, key, id));
                if let Some(expressions) = self.expressions.get_mut(&series) {
                    expressions.retain(|(held, _)| held != id);
                }
            }
        }
    }

    /// How many holds are in force.
    pub fn len(&self) -> usize {
        self.holds.len()
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.holds.is_empty()
    }

    /// The holds, in order of their ids, that no longer keep what they were placed for by this installation.
    pub fn void(&self, install: &Installation, now: Instant) -> Vec<VoidHold> {
        let look = |(id, (scope, meaning)): (&HoldId, &(HoldScope, Option<Meaning>))| {
            meaning::look(install, id, scope, meaning.as_ref(), now).err()
        };
        let mut void: Vec<_> = self.holds.iter().filter_map(look).collect();
        void.sort_by(|one, other| one.hold.cmp(&other.hold));
        void
    }

    /// Whether every hold still keeps what it was placed for by this installation: otherwise nothing may be planned or
    /// destroyed.
    ///
    /// # Errors
    /// The first that does not.
    pub fn keep_their_meaning(&self, install: &Installation, now: Instant) -> Result<(), VoidHold> {
        self.void(install, now).into_iter().next().map_or(Ok(()), Err)
    }

    /// Whether this hold is in force.
    pub fn contains(&self, id: &HoldId) -> bool {
        self.holds.contains_key(id)
    }

    /// Whether a record is held, `--where` aside. `rules` are all that govern it, floors included, whichever decides.
    pub fn holds<'i>(
        &'i self,
        mapping: &'i SeriesMapping,
        facts: &'i Facts,
        rules: impl IntoIterator<Item = &'i RuleNumber>,
    ) -> bool {
        !self.is_empty() && self.matching(mapping, facts, rules).next().is_some()
    }

    /// The holds that keep a record, `--where` aside, in order of their ids.
    pub fn of<'i>(
        &'i self,
        mapping: &'i SeriesMapping,
        facts: &'i Facts,
        rules: impl IntoIterator<Item = &'i RuleNumber>,
    ) -> Vec<HoldId> {
        let mut ids: Vec<_> = self.matching(mapping, facts, rules).cloned().collect();
        ids.sort();
        ids.dedup();
        ids
    }

    /// The holds that keep a row as a record of this series, `--where` aside: those that name it, wherever it is
    /// counted, and those on the series or on its rules, while the series counts it.
    pub fn of_row<'i>(
        &'i self,
        mapping: &'i SeriesMapping,
        row: &'i Facts,
        rules: impl IntoIterator<Item = &'i RuleNumber>,
    ) -> impl Iterator<Item = &'i HoldId> {
        let names_it = |hold: &&HoldId| {
            !matches!(self.holds.get(*hold), Some((HoldScope::Series { .. } | HoldScope::Rule { .. }, _)))
        };
        self.matching(mapping, row, rules).filter(move |hold| row.in_scope || names_it(hold))
    }

    /// Whether a hold may keep some row as a record of this series, `--where` aside.
    pub fn concerns<'i>(&self, mapping: &SeriesMapping, rules: impl IntoIterator<Item = &'i RuleNumber>) -> bool {
        let (series, person) = (&mapping.series, mapping.subject.as_ref().map(|relation| &relation.series));
        let names_some = |index: &ByText, series| index.get(series).is_some_and(|holds| !holds.is_empty());
        let is_on_some = |holds: Option<&Vec<HoldId>>| holds.is_some_and(|holds| !holds.is_empty());
        [&self.records, &self.references, &self.subjects].into_iter().any(|index| names_some(index, series))
            || person.is_some_and(|person| names_some(&self.subjects, person))
            || is_on_some(self.series.get(series))
            || rules.into_iter().any(|rule| is_on_some(self.rules.get(rule)))
    }

    /// The `--where` holds of a series: each keeps the records for which its expression (over `this`) holds in the
    /// database.
    pub fn expressions(&self, series: &SeriesName) -> &[(HoldId, String)] {
        self.expressions.get(series).map_or(&[], Vec::as_slice)
    }

    fn matching<'i>(
        &'i self,
        mapping: &'i SeriesMapping,
        facts: &'i Facts,
        rules: impl IntoIterator<Item = &'i RuleNumber>,
    ) -> impl Iterator<Item = &'i HoldId> {
        let by_record = ids_of(&self.records, &mapping.series, || key_text(&facts.key));
        let by_reference = facts
            .reference
            .as_ref()
            .into_iter()
            .flat_map(|reference| ids_of(&self.references, &mapping.series, || vec![value_text(reference)]));
        let as_the_subject = ids_of(&self.subjects, &mapping.series, || key_text(&facts.key));
        let by_subject = mapping
            .subject
            .as_ref()
            .zip(facts.subject.as_ref())
            .into_iter()
            .flat_map(|(relation, subject)| ids_of(&self.subjects, &relation.series, || key_text(subject)));
        let by_series = self.series.get(&mapping.series).into_iter().flatten();
        let by_rule = rules.into_iter().filter_map(|rule| self.rules.get(rule)).flatten();
        by_record.iter().chain(by_reference).chain(as_the_subject).chain(by_subject).chain(by_series).chain(by_rule)
    }
}

fn add(index: &mut ByText, series: SeriesName, text: Vec<String>, id: &HoldId) {
    index.entry(series).or_default().entry(all_alike(&text)).or_default().push(id.clone());
}

fn drop_from(index: &mut ByText, series: &SeriesName, text: &[String], id: &HoldId) {
    let Some(of_series) = index.get_mut(series) else { return };
    let text = all_alike(text);
    if let Some(ids) = of_series.get_mut(&text) {
        ids.retain(|held| held != id);
        if ids.is_empty() {
            of_series.remove(&text);
        }
    }
}

fn forget(ids: Option<&mut Vec<HoldId>>, id: &HoldId) {
    if let Some(ids) = ids {
        ids.retain(|held| held != id);
    }
}

/// The text is only made where some hold of the series could match it.
fn ids_of<'i>(index: &'i ByText, series: &SeriesName, text: impl FnOnce() -> Vec<String>) -> &'i [HoldId] {
    match index.get(series) {
        Some(of_series) if !of_series.is_empty() => of_series.get(&all_alike(&text())).map_or(&[], Vec::as_slice),
        _ => &[],
    }
}

fn all_alike(text: &[String]) -> Vec<String> {
    text.iter().map(|text| alike(text)).collect()
}

/// A key as people write it: one text per column.
pub fn key_text(key: &RecordKey) -> Vec<String> {
    key.columns().iter().map(value_text).collect()
}

/// One value as people write it; a blob as `x'…'`.
pub fn value_text(value: &KeyValue) -> String {
    value.text()
}

#[cfg(test)]
mod tests;
