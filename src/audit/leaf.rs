//! The leaves of the destruction log: what each kind says. Field by field in `docs/log-format.md`.
//!
//! A leaf holds no personal information: records are fingerprints, free text is a keyed digest.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::{
    Actor, BatchNumber, CalendarNumber, CivilDate, Digest, HoldId, Origin, PartName, PlanId, RuleNumber, RunId,
    SeriesName, SourceName,
};

/// One leaf: when it was written, and what it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaf {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub at: i64,
    #[serde(flatten)]
    pub body: Body,
}

/// What a leaf says, by kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Body {
    Genesis(Genesis),
    Calendar(CalendarLeaf),
    Mapping(MappingLeaf),
    Approval(Approval),
    Rejection(Rejection),
    Hold(HoldLeaf),
    Intent(Intent),
    Outcome(Outcome),
    Sanitized(Sanitized),
    Run(Run),
    Refused(Refused),
    Correction(Correction),
    Heartbeat(Heartbeat),
    Fpkey(Fpkey),
    FpkeyDestroyed(FpkeyDestroyed),
    Sigkey(Sigkey),
}

impl Body {
    /// Every kind, in the order of the documentation.
    pub const KINDS: [&str; 16] = [
        "genesis",
        "calendar",
        "mapping",
        "approval",
        "rejection",
        "hold",
        "intent",
        "outcome",
        "sanitized",
        "run",
        "refused",
        "correction",
        "heartbeat",
        "fpkey",
        "fpkey_destroyed",
        "sigkey",
    ];

    /// The leaf's `kind`, as it is written.
    pub fn kind(&self) -> &'static str {
        let place = match self {
            Self::Genesis(_) => 0,
            Self::Calendar(_) => 1,
            Self::Mapping(_) => 2,
            Self::Approval(_) => 3,
            Self::Rejection(_) => 4,
            Self::Hold(_) => 5,
            Self::Intent(_) => 6,
            Self::Outcome(_) => 7,
            Self::Sanitized(_) => 8,
            Self::Run(_) => 9,
            Self::Refused(_) => 10,
            Self::Correction(_) => 11,
            Self::Heartbeat(_) => 12,
            Self::Fpkey(_) => 13,
            Self::FpkeyDestroyed(_) => 14,
            Self::Sigkey(_) => 15,
        };
        Self::KINDS[place]
    }
}

/// The first leaf of a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Genesis {
    pub origin: Origin,
    /// `retentiond` and its version.
    pub tool: String,
    /// Verifier key of the signatures (C2SP signed-note form).
    pub vkey: String,
    /// Where this log succeeds another (`audit adopt`): its origin, its size, its root, and why (keyed digest).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predecessor: Option<Predecessor>,
}

/// The log that this one succeeds, as far as it could be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Predecessor {
    pub origin: Origin,
    pub size: u64,
    pub root: Digest,
    pub reason: Digest,
    pub actor: Actor,
}

/// A version of a calendar, before the first action under it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarLeaf {
    pub number: CalendarNumber,
    pub version: u32,
    /// SHA-256 of the file; the text stands in `blobs/` under this name.
    pub digest: Digest,
    pub effective_from: CivilDate,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_until: Option<CivilDate>,
    pub zone: String,
    /// Every rule that the program obeys: number -> what an auditor needs to recompute a due date.
    pub rules: BTreeMap<RuleNumber, RuleTerm>,
}

/// The arithmetic of one rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleTerm {
    pub series: SeriesName,
    /// `destroy`, `anonymize`, … or `floor`.
    pub disposition: String,
    /// The earliest of these ways; each a trigger and an ISO 8601 period, or `immediate`.
    pub ways: Vec<TermWay>,
    /// `MM-DD`, where the period runs from a year's end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year_end: Option<String>,
}

/// One way for a term to come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TermWay {
    pub trigger: String,
    pub keep: String,
}

/// What a mapping means, before the first action under it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappingLeaf {
    pub series: SeriesName,
    pub source: SourceName,
    /// The series' own table: outcomes count its rows under this name.
    pub table: String,
    /// Keyed digest of the mapping's canonical text (it may hold values of records).
    pub digest: Digest,
}

/// A person approved a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    pub plan: PlanId,
    pub digest: Digest,
    pub actor: Actor,
    /// The rules approved, where not all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<RuleNumber>,
    /// How many records the person excepted.
    pub excepted: u64,
    /// Rails lifted for this plan.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<String>,
    /// Per series: digest of the rules that govern it, and keyed digest of its mapping.
    pub governed: BTreeMap<SeriesName, GovernedBy>,
}

/// What an approval binds a series to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GovernedBy {
    pub rules: Digest,
    pub mapping: Digest,
}

/// A person rejected a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    pub plan: PlanId,
    pub digest: Digest,
    pub actor: Actor,
    /// Keyed digest.
    pub reason: Digest,
}

/// A hold was placed or lifted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldLeaf {
    pub hold: HoldId,
    /// `placed` or `lifted`.
    pub action: HoldAction,
    pub actor: Actor,
    /// `record`, `reference`, `subject`, `series`, `rule` or `where`.
    pub scope: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series: Option<SeriesName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleNumber>,
    /// Year of the fingerprint key, and the fingerprint, of a hold on one record or one subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fp: Option<String>,
    /// Keyed digest of reason, case number and `--where` expression.
    pub reason: Digest,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_by: Option<CivilDate>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HoldAction {
    Placed,
    Lifted,
}

/// What a batch is about to do to these records of one series under one rule. A batch is one or more of these, in a row.
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
    /// Fingerprints of their references in the same order (all zero where a record has none); absent where the series has no reference.
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
    /// `c`: changed since the plan.
    Drifted,
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

/// The end of a run: two sums that must add up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    pub run: RunId,
    pub plan: PlanId,
    pub started: i64,
    pub actor: Actor,
    /// Whether the run went through its plan, or was stopped on the way.
    pub finished: bool,
    /// planned = the rest.
    pub counts: RunCounts,
    pub rows: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub detached: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub triggered: u64,
    pub files: u64,
    pub bytes: u64,
    /// Per rule: all rows of the series = the sum of the verdicts, as the plan found them.
    pub verdicts: BTreeMap<RuleNumber, VerdictCounts>,
}

/// planned = destroyed + anonymized + held + blocked + drifted + deferred + incomplete + failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunCounts {
    pub planned: u64,
    pub destroyed: u64,
    pub anonymized: u64,
    pub held: u64,
    pub blocked: u64,
    pub drifted: u64,
    pub deferred: u64,
    pub incomplete: u64,
    pub failed: u64,
}

/// rows of the series = open + undated + not_yet + held + blocked + due + filtered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerdictCounts {
    pub rows: u64,
    pub open: u64,
    pub undated: u64,
    pub not_yet: u64,
    pub held: u64,
    pub blocked: u64,
    pub due: u64,
    pub filtered: u64,
}

/// Destruction was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanId>,
    pub actor: Actor,
    /// Rails or reasons, as codes.
    pub reasons: Vec<String>,
}

/// The database no longer says what the log says: restored, perhaps on purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    pub source: SourceName,
    /// `missing_fence`, `altered_fence`, `resurrected`, `fence_table_dropped`, `lifted`, `completed` or `clock`.
    pub what: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<BatchNumber>,
    /// Which records of a resurrected batch are back, in its intents' order, as a run-length list (see `audit::presence`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    pub records: u64,
}

/// The program is alive and has nothing else to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// Records past their term and not destroyed, per rule.
    pub overdue: BTreeMap<RuleNumber, u64>,
    pub holds: u64,
}

/// A fingerprint key, committed to before its first use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fpkey {
    pub source: SourceName,
    pub year: i32,
    /// SHA-256 of `"fpkey-v1\0"` and the key.
    pub commitment: Digest,
}

/// A fingerprint key was destroyed; its fingerprints can no longer be looked up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FpkeyDestroyed {
    pub source: SourceName,
    pub year: i32,
    pub actor: Actor,
}

/// From the next checkpoint on, this key signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sigkey {
    pub vkey: String,
    pub actor: Actor,
}

/// A count that says nothing is left out of its leaf.
fn is_zero(count: &u64) -> bool {
    *count == 0
}
