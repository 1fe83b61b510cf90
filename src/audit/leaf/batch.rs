//! Leaves of one batch: what is about to be done to which records, what became of them, and what was read back
//! afterwards.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::run::is_zero;
use crate::model::{BatchNumber, CalendarNumber, PartName, PlanId, RuleNumber, RunId, SeriesName, SourceName};

/// What a batch is about to do to these records of one series under one rule. A batch is one or more of these, in a
/// row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Index of the batch's first intent leaf.
    pub batch: BatchNumber,
    /// How many intent leaves the batch has; they follow each other.
    pub of: u32,
    pub run: RunId,
    pub plan: PlanId,
    pub source: SourceName,
    pub series: SeriesName,
    pub rule: RuleNumber,
    pub calendar: CalendarNumber,
    pub version: u32,
    /// `destroy` or `anonymize`.
    pub action: Action,
    /// Year of the fingerprint key.
    pub year: i32,
    /// Number of records.
    pub n: u32,
    /// Their fingerprints, 32 bytes each, in base64url without padding.
    pub fp: String,
    /// Fingerprints of their references in the same order (all zero where a record has none); absent where the series
    /// has no reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rfp: Option<String>,
    /// Civil trigger day of each, in the calendar's zone, as days since 1970-01-01.
    pub day: Vec<i32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    Destroy,
    Anonymize,
}

/// What became of one intent's records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    pub batch: BatchNumber,
    /// Index of the intent leaf.
    pub intent: u64,
    /// Whether the transaction committed.
    pub committed: bool,
    /// Whether recovery wrote this.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub recovered: bool,
    /// Run-length list in the intent's order: `"497D1h2c"` (see `RecordOutcome`).
    pub results: String,
    /// Rows gone (or changed), per table, the series' own included.
    pub rows: BTreeMap<String, u64>,
    /// Rows that live on without their owner, or with another one.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub detached: u64,
    /// Rows that triggers which the mapping names changed besides.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub triggered: u64,
    /// Files unlinked, per part.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<PartName, u64>,
    /// Bytes of the files unlinked.
    #[serde(default)]
    pub bytes: u64,
    /// Files that should be gone and are not yet.
    #[serde(default)]
    pub left: u64,
}

/// What became of one record: one letter in an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum RecordOutcome {
    /// `D`
    Destroyed,
    /// `A`
    Anonymized,
    /// `h`
    Held,
    /// `b`
    Blocked,
    /// `c`: there, and changed since the plan.
    Drifted,
    /// `g`: not there any more when its turn came; how it went, its letter does not tell.
    Gone,
    /// `r`: put off (lock, window, batch rolled back).
    Deferred,
    /// `i`: rows gone, a file not.
    Incomplete,
    /// `f`
    Failed,
}

/// A sanitization level verified by reading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sanitized {
    pub run: RunId,
    pub source: SourceName,
    /// `logical`, `page-clean`, `log-clean` or `backup-expired`.
    pub level: String,
    /// How it was verified.
    pub method: String,
}
