//! The part of a plan that is kept: what was decided and under what, without personal information.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::audit::leaf::{GovernedBy, VerdictCounts};
use crate::model::{CalendarNumber, CivilDate, Digest, Instant, PlanId, RuleNumber, SeriesName, SourceName, Zone};

/// All that an approval binds to. Two scans of the same records under the same law give the same manifest, whenever and
/// in whatever order they are made on the same day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of this form.
    pub format: u32,
    /// The civil day, in each calendar's zone, for which the records were judged.
    pub as_of: CivilDate,
    /// Judged for a day to come: never approvable.
    pub simulation: bool,
    /// How often the same list was executed or rejected before, on the same day.
    pub attempt: u32,
    /// The one rule that was asked for.
    pub only: Option<RuleNumber>,
    /// Year of the fingerprint keys.
    pub fingerprint_year: i32,
    /// The calendars obeyed, by number.
    pub calendars: Vec<PlannedCalendar>,
    /// In order of execution: what blocks before what it blocks.
    pub series: Vec<PlannedSeries>,
    /// In order of execution, then of the calendar.
    pub rules: Vec<PlannedRule>,
    /// Sources of whose records the logs at hand cannot tell whether they were destroyed before.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub untold: BTreeSet<SourceName>,
}

/// A calendar as the plan obeyed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedCalendar {
    pub number: CalendarNumber,
    pub version: u32,
    pub digest: Digest,
    pub zone: String,
    /// Day of its approval by an authority; terms passed before it are the rail `backlog`.
    pub approved: Option<CivilDate>,
}

/// A series as the plan found it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedSeries {
    pub series: SeriesName,
    pub calendar: CalendarNumber,
    pub source: SourceName,
    /// Digest of the rules that govern it, and keyed digest of its mapping.
    pub governed: GovernedBy,
    /// Keyed digest of the database's path: a plan is for one database.
    pub database: Digest,
    /// Digest of the normalized definitions of the tables that the mapping touches.
    pub schema: Digest,
    /// All rows of its table.
    pub rows: u64,
    /// The calendar says `empty = "expected"`.
    pub may_be_empty: bool,
}

/// What the plan found, and is to do, under one rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedRule {
    pub rule: RuleNumber,
    pub calendar: CalendarNumber,
    pub series: SeriesName,
    /// A record counts under the rule that decides on it; where none does yet (open, undated, filtered), under the
    /// first disposing rule of its series. So the rules of a series add up to its rows.
    pub counts: VerdictCounts,
    /// Undated records by kind.
    pub undated: BTreeMap<String, u64>,
    /// Blocked records that only a circle of records keeps, which block each other: none of them can ever go first.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub in_circle: u64,
    /// First civil day on which the oldest item was due.
    pub oldest_due: Option<CivilDate>,
    /// Items that were due before the calendar's approval.
    pub backlog: u64,
    /// Items that a log says were destroyed or anonymized, and whose trigger lies before that: a copy of the database
    /// was put back, or rows were taken from one. A new record under a key that is used again has a later trigger.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub back: u64,
    pub items: Items,
}

/// A rule's list in the body, bound by digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Items {
    pub count: u64,
    /// SHA-256 over, per item in the order of fingerprints: the fingerprint (32 bytes), the action (`D` or `A`), the
    /// first second of its due time (i64 BE, seconds since 1970).
    pub digest: Digest,
    /// SHA-256 over, per item in the same order: the fingerprint, the digest of its facts, the SHA-256 of its key's
    /// canonical bytes, its trigger day (i32 BE, days since 1970), its level (u32 BE).
    pub content: Digest,
}

impl Manifest {
    /// The version of this form that the program writes.
    pub const FORMAT: u32 = 1;

    /// The plan's digest: SHA-256 of the manifest as compact JSON in the order of its fields.
    ///
    /// # Errors
    /// None is known: a manifest holds nothing that JSON cannot.
    pub fn digest(&self) -> Result<Digest, serde_json::Error> {
        Ok(Digest::of(&serde_json::to_vec(self)?))
    }

    /// The plan's id: its day, and the beginning of its digest.
    pub fn id(&self, digest: &Digest) -> PlanId {
        let digits = digest.to_string();
        PlanId::new(format!("{}-{}", self.as_of, &digits[..8]))
    }

    /// How many records the plan is to dispose of.
    pub fn planned(&self) -> u64 {
        self.rules.iter().map(|rule| rule.items.count).sum()
    }

    /// Whether it was made for a day that has not come, in the zone of any of its calendars: as a simulation, or under
    /// a clock that lay ahead.
    pub fn lies_ahead(&self, now: Instant) -> bool {
        let zones = self.calendars.iter().filter_map(|calendar| calendar.zone.parse::<Zone>().ok());
        self.simulation || zones.map(|zone| zone.civil_date(now)).any(|today| self.as_of > today)
    }

    /// The rules of one series.
    pub fn rules_of(&self, series: &SeriesName) -> impl Iterator<Item = &PlannedRule> {
        self.rules.iter().filter(move |rule| rule.series == *series)
    }

    /// The first instant of the day on which the calendar of a rule was approved; what was due before it is backlog.
    pub fn approval_of(&self, rule: &PlannedRule) -> Option<Instant> {
        let calendar = self.calendars.iter().find(|calendar| calendar.number == rule.calendar)?;
        let zone: Zone = calendar.zone.parse().ok()?;
        zone.start_of(calendar.approved?)
    }

    /// The rules that do not add up to the rows of their series, by series: empty in every honest manifest.
    pub fn unbalanced(&self) -> Vec<&SeriesName> {
        self.series
            .iter()
            .filter(|series| self.rules_of(&series.series).map(|rule| sum(&rule.counts)).sum::<u64>() != series.rows)
            .map(|series| &series.series)
            .collect()
    }
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// The sum of the verdicts: every row is in exactly one.
pub fn sum(counts: &VerdictCounts) -> u64 {
    let VerdictCounts { rows: _, open, undated, not_yet, held, blocked, due, filtered } = *counts;
    open + undated + not_yet + held + blocked + due + filtered
}
