//! Guard rails that a person may lift for one plan, by name, when approving it. Pure.
//!
//! Rails that nobody may lift are errors of planning and of execution, not values of this module.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Limits;
use super::plan::{Manifest, PlannedSeries};
use crate::audit::leaf::GovernedBy;
use crate::model::{PlanId, RuleNumber, SeriesName, SourceName};

/// How many runs the trailing median looks back: recent habits count, last year's do not.
const MEDIAN_WINDOW: usize = 15;
/// Below this many runs a median says nothing.
const MEDIAN_RUNS: usize = 3;
/// How far above the median a plan may go.
const MEDIAN_FACTOR: u64 = 3;

/// The name of a guard rail, as `approve --accept` takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rail {
    /// More than `max_share` of a series, where that is more than `min_count` records.
    Share,
    /// More than `max_count` records of a series.
    Count,
    /// More than three times the trailing median of the rule's runs.
    Median,
    /// Nothing left of a series that is not expected to be empty.
    Empty,
    /// The set of rules that governs a series is new or changed.
    Rules,
    /// What a series' mapping means has changed.
    Mapping,
    /// Terms that passed before the calendar's approval, which does not reach them.
    Backlog,
    /// The database was restored since its records were destroyed.
    Restored,
}

/// No rail has this name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("no guard rail is called {0:?}; there are share, count, median, empty, rules, mapping, backlog and restored")]
pub struct UnknownRail(String);

/// A rail that a plan trips, and the figures that tripped it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Tripped {
    pub rail: Rail,
    pub series: SeriesName,
    pub rule: Option<RuleNumber>,
    /// A sentence with the figures.
    pub message: String,
}

/// What happened before this plan, as far as the rails look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// What the last approval of each series bound it to.
    pub approved: BTreeMap<SeriesName, GovernedBy>,
    /// Records planned by the runs of each rule, the newest first; runs without any are left out.
    pub runs: BTreeMap<RuleNumber, Vec<u64>>,
    /// Plans that were executed or rejected.
    pub done: BTreeSet<PlanId>,
    /// Sources whose database no longer says what the log says, and that no person has looked at since.
    pub restored: BTreeSet<SourceName>,
}

/// Every rail that the plan trips, in order of rail and series. `only` narrows it to the rules that are about to be approved; empty: all.
pub fn tripped(manifest: &Manifest, only: &[RuleNumber], history: &History, limits: &Limits) -> Vec<Tripped> {
    let mut found: Vec<_> =
        manifest.series.iter().flat_map(|series| Look { manifest, only, history, limits, series }.all()).collect();
    found.sort();
    found
}

struct Look<'a> {
    manifest: &'a Manifest,
    only: &'a [RuleNumber],
    history: &'a History,
    limits: &'a Limits,
    series: &'a PlannedSeries,
}

impl Look<'_> {
    fn all(&self) -> Vec<Tripped> {
        let due = self.due();
        if due == 0 {
            return Vec::new();
        }
        let mut found = Vec::new();
        found.extend(self.share(due));
        found.extend(self.count(due));
        found.extend(self.empty(due));
        found.extend(self.rules());
        found.extend(self.mapping());
        found.extend(self.restored());
        found.extend(self.medians());
        found.extend(self.backlogs());
        found
    }

    fn rules_approved(&self) -> impl Iterator<Item = &super::plan::PlannedRule> {
        self.manifest
            .rules_of(&self.series.series)
            .filter(|rule| self.only.is_empty() || self.only.contains(&rule.rule))
    }

    fn due(&self) -> u64 {
        self.rules_approved().map(|rule| rule.items.count).sum()
    }

    fn trip(&self, rail: Rail, rule: Option<&RuleNumber>, message: String) -> Tripped {
        Tripped { rail, series: self.series.series.clone(), rule: rule.cloned(), message }
    }

    fn share(&self, due: u64) -> Option<Tripped> {
        let share = due as f64 / self.series.rows as f64;
        (due > self.limits.min_count && share > self.limits.max_share).then(|| {
            self.trip(
                Rail::Share,
                None,
                format!(
                    "{due} of {} records of {} would go, {:.1} %; `max_share` is {:.1} %",
                    self.series.rows,
                    self.series.series,
                    share * 100.0,
                    self.limits.max_share * 100.0
                ),
            )
        })
    }

    fn count(&self, due: u64) -> Option<Tripped> {
        (due > self.limits.max_count).then(|| {
            let (series, most) = (&self.series.series, self.limits.max_count);
            self.trip(Rail::Count, None, format!("{due} records of {series} would go; `max_count` is {most}"))
        })
    }

    fn empty(&self, due: u64) -> Option<Tripped> {
        (due == self.series.rows && !self.series.may_be_empty).then(|| {
            let series = &self.series.series;
            self.trip(
                Rail::Empty,
                None,
                format!(
                    "no record of {series} would be left; a series where that is normal says `empty = \"expected\"`"
                ),
            )
        })
    }

    fn rules(&self) -> Option<Tripped> {
        let series = &self.series.series;
        match self.history.approved.get(series) {
            None => {
                Some(self.trip(Rail::Rules, None, format!("no plan of {series} was ever approved: its rules are new")))
            }
            Some(before) if before.rules != self.series.governed.rules => Some(self.trip(
                Rail::Rules,
                None,
                format!("the rules that govern {series} are not those of its last approval"),
            )),
            Some(_) => None,
        }
    }

    fn mapping(&self) -> Option<Tripped> {
        let before = self.history.approved.get(&self.series.series)?;
        (before.mapping != self.series.governed.mapping).then(|| {
            let series = &self.series.series;
            self.trip(Rail::Mapping, None, format!("the mapping of {series} is not that of its last approval"))
        })
    }

    fn restored(&self) -> Option<Tripped> {
        self.history.restored.contains(&self.series.source).then(|| {
            let source = &self.series.source;
            self.trip(
                Rail::Restored,
                None,
                format!(
                    "the database of {source} was restored: records that the log says are gone may be back on purpose"
                ),
            )
        })
    }

    fn medians(&self) -> Vec<Tripped> {
        self.rules_approved()
            .filter_map(|rule| {
                let median = median(self.history.runs.get(&rule.rule)?)?;
                let due = rule.items.count;
                (due > median.saturating_mul(MEDIAN_FACTOR)).then(|| {
                    self.trip(
                        Rail::Median,
                        Some(&rule.rule),
                        format!(
                            "{due} records would go under rule {}; its recent runs had {median} in the middle",
                            rule.rule
                        ),
                    )
                })
            })
            .collect()
    }

    fn backlogs(&self) -> Vec<Tripped> {
        self.rules_approved()
            .filter(|rule| rule.backlog > 0)
            .map(|rule| {
                let count = rule.backlog;
                self.trip(
                    Rail::Backlog,
                    Some(&rule.rule),
                    format!(
                        "{count} records under rule {} were past their term before the calendar's approval",
                        rule.rule
                    ),
                )
            })
            .collect()
    }
}

/// The middle of the trailing runs; the lower middle of an even number, which refuses sooner.
fn median(newest_first: &[u64]) -> Option<u64> {
    let mut trailing: Vec<u64> = newest_first.iter().copied().take(MEDIAN_WINDOW).collect();
    if trailing.len() < MEDIAN_RUNS {
        return None;
    }
    trailing.sort_unstable();
    Some(trailing[(trailing.len() - 1) / 2])
}

impl Rail {
    /// Every rail, in the order of the documentation.
    pub const ALL: [Self; 8] = [
        Self::Share,
        Self::Count,
        Self::Median,
        Self::Empty,
        Self::Rules,
        Self::Mapping,
        Self::Backlog,
        Self::Restored,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Share => "share",
            Self::Count => "count",
            Self::Median => "median",
            Self::Empty => "empty",
            Self::Rules => "rules",
            Self::Mapping => "mapping",
            Self::Backlog => "backlog",
            Self::Restored => "restored",
        }
    }
}

impl fmt::Display for Rail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Rail {
    type Err = UnknownRail;

    fn from_str(name: &str) -> Result<Self, UnknownRail> {
        Self::ALL.into_iter().find(|rail| rail.name() == name).ok_or_else(|| UnknownRail(name.to_owned()))
    }
}

#[cfg(test)]
mod tests;
