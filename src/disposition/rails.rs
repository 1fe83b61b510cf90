//! Guard rails that a person may lift for one plan, by name, when approving it. Pure.
//!
//! Rails that nobody may lift are errors of planning and of execution, not values of this module.

mod figures;
mod going;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Limits;
use super::declared::Declared;
use super::plan::{Manifest, PlannedSeries};
use crate::audit::leaf::GovernedBy;
use crate::model::{PlanId, RuleNumber, SeriesName, SourceName};

pub use figures::Figures;
pub use going::{Going, GoingUnder, LeftOut};

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
    /// The mapping of a series rests on what `init` guessed, and nobody has confirmed it.
    Guesses,
    /// Terms that passed before the calendar's approval, which does not reach them.
    Backlog,
    /// The database was restored since its records were destroyed, or rows were taken from a copy of it; or the logs at
    /// hand cannot tell.
    Restored,
}

/// No rail has this name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no guard rail is called {0:?}; there are share, count, median, empty, rules, mapping, guesses, backlog and restored"
)]
pub struct UnknownRail(String);

/// A rail that a plan trips, and the figures that tripped it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Tripped {
    pub rail: Rail,
    pub series: SeriesName,
    pub rule: Option<RuleNumber>,
    /// A sentence with the figures, in English.
    pub message: String,
    /// The figures; a plan made by an earlier version has none.
    #[serde(default)]
    pub figures: Option<Figures>,
}

/// What happened before this plan, as far as the rails look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// What the last approval of each series bound it to.
    pub approved: BTreeMap<SeriesName, GovernedBy>,
    /// Series whose last approval a rejection took back.
    pub taken_back: BTreeSet<SeriesName>,
    /// Records planned by the runs of each rule, the newest first; runs without any are left out.
    pub runs: BTreeMap<RuleNumber, Vec<u64>>,
    /// Plans that were executed or rejected.
    pub done: BTreeSet<PlanId>,
    /// The calendars obeyed.
    pub declared: Declared,
    /// Sources whose database no longer says what the log says, and that no person has looked at since.
    pub restored: BTreeSet<SourceName>,
}

/// What `init` guessed of the mapping of each series and nobody has confirmed, a few words each: `line 12 (which date
/// starts the clock)`.
pub type Guesses = BTreeMap<SeriesName, Vec<String>>;

/// What a plan is held against.
#[derive(Clone, Copy, Debug)]
pub struct Measure<'a> {
    pub history: &'a History,
    pub limits: &'a Limits,
    pub guesses: &'a Guesses,
}

/// Every rail that a plan trips by what is about to go of it, in order of rail and series.
pub fn tripped(manifest: &Manifest, going: Going<'_>, measure: Measure<'_>) -> Vec<Tripped> {
    let look = |series| Look { manifest, going, measure, series };
    let mut found: Vec<_> = manifest.series.iter().flat_map(|series| look(series).all()).collect();
    found.sort();
    found
}

struct Look<'a> {
    manifest: &'a Manifest,
    going: Going<'a>,
    measure: Measure<'a>,
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
        found.extend(self.guesses());
        found.extend(self.restored());
        found.extend(self.medians());
        found.extend(self.backlogs());
        found
    }

    fn going(&self) -> impl Iterator<Item = GoingUnder<'_>> {
        self.going.under(self.manifest, &self.series.series)
    }

    fn due(&self) -> u64 {
        self.going().map(|going| going.records).sum()
    }

    fn trip(&self, rail: Rail, rule: Option<&RuleNumber>, figures: Figures) -> Tripped {
        let series = self.series.series.clone();
        let message = figures.sentence(&series, rule);
        Tripped { rail, series, rule: rule.cloned(), message, figures: Some(figures) }
    }

    fn share(&self, due: u64) -> Option<Tripped> {
        let share = due as f64 / self.series.rows as f64;
        let most = self.measure.limits.max_share;
        let thousandths = |share: f64| (share * 1_000.0).round() as u64;
        (due > self.measure.limits.min_count && share > most).then(|| {
            let (share, most) = (thousandths(share), thousandths(most));
            self.trip(Rail::Share, None, Figures::Share { going: due, rows: self.series.rows, share, most })
        })
    }

    fn count(&self, due: u64) -> Option<Tripped> {
        let most = self.measure.limits.max_count;
        (due > most).then(|| self.trip(Rail::Count, None, Figures::Count { going: due, most }))
    }

    fn empty(&self, due: u64) -> Option<Tripped> {
        let is_emptied = due == self.series.rows && !self.series.may_be_empty;
        is_emptied.then(|| self.trip(Rail::Empty, None, Figures::Empty))
    }

    fn rules(&self) -> Option<Tripped> {
        match self.measure.history.approved.get(&self.series.series) {
            None if self.measure.history.taken_back.contains(&self.series.series) => {
                Some(self.trip(Rail::Rules, None, Figures::TakenBack))
            }
            None => Some(self.trip(Rail::Rules, None, Figures::NewRules)),
            Some(before) if before.rules != self.series.governed.rules => {
                Some(self.trip(Rail::Rules, None, Figures::OtherRules))
            }
            Some(_) => None,
        }
    }

    fn mapping(&self) -> Option<Tripped> {
        let before = self.measure.history.approved.get(&self.series.series)?;
        let is_other = before.mapping != self.series.governed.mapping;
        is_other.then(|| self.trip(Rail::Mapping, None, Figures::Mapping))
    }

    fn guesses(&self) -> Option<Tripped> {
        let lines = self.measure.guesses.get(&self.series.series).filter(|lines| !lines.is_empty())?.clone();
        Some(self.trip(Rail::Guesses, None, Figures::Guesses { lines }))
    }

    fn restored(&self) -> Option<Tripped> {
        let source = &self.series.source;
        if self.measure.history.restored.contains(source) {
            return Some(self.trip(Rail::Restored, None, Figures::Restored { source: source.clone() }));
        }
        let back = self.going().map(|going| going.back).sum();
        if back > 0 {
            return Some(self.trip(Rail::Restored, None, Figures::Back { records: back }));
        }
        let is_untold = self.manifest.untold.contains(source);
        is_untold.then(|| self.trip(Rail::Restored, None, Figures::Untold { source: source.clone() }))
    }

    fn medians(&self) -> Vec<Tripped> {
        let far_above = self.going().filter_map(|GoingUnder { rule, records: going, .. }| {
            let usual = median(self.measure.history.runs.get(&rule.rule)?)?;
            (going > usual.saturating_mul(MEDIAN_FACTOR))
                .then(|| self.trip(Rail::Median, Some(&rule.rule), Figures::Median { going, usual }))
        });
        far_above.collect()
    }

    fn backlogs(&self) -> Vec<Tripped> {
        let late = self.going().filter(|going| going.backlog > 0);
        late.map(|GoingUnder { rule, backlog: records, .. }| {
            self.trip(Rail::Backlog, Some(&rule.rule), Figures::Backlog { records })
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
    pub const ALL: [Self; 9] = [
        Self::Share,
        Self::Count,
        Self::Median,
        Self::Empty,
        Self::Rules,
        Self::Mapping,
        Self::Guesses,
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
            Self::Guesses => "guesses",
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
