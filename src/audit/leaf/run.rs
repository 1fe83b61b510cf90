//! Leaves that end a run: its statement, or why nothing may be destroyed.

use std::collections::BTreeMap;
use std::ops::Not;

use serde::{Deserialize, Serialize};

use super::batch::RecordOutcome;
use crate::model::{Actor, PlanId, RuleNumber, RunId};

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
    /// Whether the next leaf says the same of more rules.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub more: bool,
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

impl RunCounts {
    /// The count in which records of one outcome are: what was not there any more is no longer as it was planned.
    pub fn of(&mut self, outcome: RecordOutcome) -> &mut u64 {
        match outcome {
            RecordOutcome::Destroyed => &mut self.destroyed,
            RecordOutcome::Anonymized => &mut self.anonymized,
            RecordOutcome::Held => &mut self.held,
            RecordOutcome::Blocked => &mut self.blocked,
            RecordOutcome::Drifted | RecordOutcome::Gone => &mut self.drifted,
            RecordOutcome::Deferred => &mut self.deferred,
            RecordOutcome::Incomplete => &mut self.incomplete,
            RecordOutcome::Failed => &mut self.failed,
        }
    }

    /// Adds the outcomes of others; `planned` stays.
    pub fn add(&mut self, more: Self) {
        for (sum, more) in [
            (&mut self.destroyed, more.destroyed),
            (&mut self.anonymized, more.anonymized),
            (&mut self.held, more.held),
            (&mut self.blocked, more.blocked),
            (&mut self.drifted, more.drifted),
            (&mut self.deferred, more.deferred),
            (&mut self.incomplete, more.incomplete),
            (&mut self.failed, more.failed),
        ] {
            *sum = sum.saturating_add(more);
        }
    }

    /// The right-hand side of the sum; `None` where it is beyond all numbers.
    pub fn accounted(&self) -> Option<u64> {
        let Self { planned: _, destroyed, anonymized, held, blocked, drifted, deferred, incomplete, failed } = *self;
        sum([destroyed, anonymized, held, blocked, drifted, deferred, incomplete, failed])
    }
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

impl VerdictCounts {
    /// The right-hand side of the sum; `None` where it is beyond all numbers.
    pub fn counted(&self) -> Option<u64> {
        let Self { rows: _, open, undated, not_yet, held, blocked, due, filtered } = *self;
        sum([open, undated, not_yet, held, blocked, due, filtered])
    }
}

fn sum<const N: usize>(terms: [u64; N]) -> Option<u64> {
    terms.into_iter().try_fold(0_u64, u64::checked_add)
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

/// A count that says nothing is left out of its leaf.
pub(super) fn is_zero(count: &u64) -> bool {
    *count == 0
}
