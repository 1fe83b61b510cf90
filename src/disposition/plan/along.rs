//! What a plan tells beyond its manifest: how many records each hold keeps from it, and how much goes along with those
//! that it lists. No approval binds to it: a hold on a record that is held already, or one more message of a dossier,
//! changes nothing of what was decided.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::PlanError;
use super::draft::Draft;
use super::make::open;
use super::scope::{Scope, Tally};
use crate::model::{HoldId, PartName, RuleNumber, SeriesName};
use crate::records::mapping::SeriesMapping;
use crate::records::sqlite::{Asked, PartRows};

/// So long may a plan count what goes along, of all its series, where nobody asked for it.
const BY_THE_WAY: Duration = Duration::from_millis(500);

/// Records whose parts are counted in one snapshot.
const PAGE: usize = 1_000;

/// What was counted beside one rule of a plan, when it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleAlong {
    pub rule: RuleNumber,
    pub series: SeriesName,
    /// Records that have reached their term, by the hold that keeps them; one under several holds counts under each.
    /// What a `--where` hold keeps, only where no other does.
    pub held_by: BTreeMap<HoldId, u64>,
    /// Of each part, in the mapping's order, what belongs to the records listed; `None` where counting would have taken
    /// long.
    pub parts: Option<Vec<PartCount>>,
    /// Records listed on whose parts an expression of the mapping fails: these rows are in no count.
    #[serde(default)]
    pub uncounted: u64,
}

/// How much of one part belongs to the records listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartCount {
    pub part: PartName,
    pub counted: PartRows,
}

/// Counts what stands beside each rule of a settled draft.
///
/// # Errors
/// A database that cannot be read.
pub(super) fn along(
    scope: &Scope<'_>,
    all: &[SeriesMapping],
    draft: &Draft,
    tallies: &[Tally],
) -> Result<Vec<RuleAlong>, PlanError> {
    let (began, within) = (Instant::now(), if scope.request.dependents { Duration::MAX } else { BY_THE_WAY });
    let mut along: Vec<RuleAlong> = Vec::new();
    for (rule, tally) in scope.rules.iter().zip(tallies) {
        let series = scope.series[rule.series].mapping.series.clone();
        along.push(RuleAlong {
            rule: rule.number.clone(),
            series,
            held_by: tally.held_by.clone(),
            parts: None,
            uncounted: 0,
        });
    }
    for place in 0..scope.series.len() {
        let Some(counted) = count(scope, place, all, draft, within.saturating_sub(began.elapsed()))? else { continue };
        let of_series = scope.rules.iter().map(|rule| rule.series == place);
        for ((own, counted), _) in along.iter_mut().zip(counted).zip(of_series).filter(|(_, of_series)| *of_series) {
            let names = scope.series[place].mapping.parts.iter().map(|part| part.name.clone());
            own.parts = Some(names.zip(counted.parts).map(|(part, counted)| PartCount { part, counted }).collect());
            own.uncounted = counted.uncounted;
        }
    }
    Ok(along)
}

/// What was counted of one rule's records.
#[derive(Clone)]
struct Counted {
    /// In the mapping's order.
    parts: Vec<PartRows>,
    /// Records on whose parts an expression fails.
    uncounted: u64,
}

/// Of each rule, what each part of the series has; `None` where the time was over before.
fn count(
    scope: &Scope<'_>,
    place: usize,
    all: &[SeriesMapping],
    draft: &Draft,
    within: Duration,
) -> Result<Option<Vec<Counted>>, PlanError> {
    let (began, scoped) = (Instant::now(), &scope.series[place]);
    let mapping = scoped.mapping;
    let none = Counted { parts: vec![PartRows::default(); mapping.parts.len()], uncounted: 0 };
    let mut counted = vec![none; scope.rules.len()];
    let (mut records, mut last) = draft.records_after(place, &[], PAGE)?;
    if mapping.parts.is_empty() || records.is_empty() {
        return Ok(Some(counted));
    }
    let mut reader = open(scoped, all)?;
    while !records.is_empty() {
        let (rules, keys): (Vec<_>, Vec<_>) = records.into_iter().map(|listed| (listed.rule, listed.key)).unzip();
        let mut failing = BTreeSet::new();
        let mut add = |record: usize, part: usize, rows: Option<PartRows>| match rows {
            Some(rows) => counted[rules[record]].parts[part] += rows,
            None => drop(failing.insert(record)),
        };
        let asked = reader
            .count_parts(&mapping.series, &keys, within.saturating_sub(began.elapsed()), &mut add)
            .map_err(|source| PlanError::Records { series: mapping.series.clone(), source })?;
        if asked == Asked::Some {
            return Ok(None);
        }
        failing.into_iter().for_each(|record| counted[rules[record]].uncounted += 1);
        (records, last) = draft.records_after(place, &last, PAGE)?;
    }
    Ok(Some(counted))
}
