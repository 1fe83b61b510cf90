//! Leaves that say on whose authority: calendars, mappings, approvals, rejections, holds.

use std::collections::BTreeMap;
use std::ops::Not;

use serde::{Deserialize, Serialize};

use crate::model::{Actor, CalendarNumber, CivilDate, Digest, HoldId, PlanId, RuleNumber, SeriesName, SourceName};

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
    /// Whether the next leaf names more rules of it.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub more: bool,
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
    /// The columns that name a record; never empty.
    pub key: Vec<String>,
    /// The column that people cite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
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
