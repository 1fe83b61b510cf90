//! What the log says of holds, approvals, runs and restored databases: the history that rails and the desk look at.
//!
//! Pure fold over leaves. The log is the truth; our private database only adds what may not stand in the log.

use std::collections::{BTreeMap, BTreeSet};

use super::rails::History;
use crate::audit::leaf::{Body, HoldAction, HoldLeaf};
use crate::model::{Digest, HoldId, PlanId, RuleNumber, RunId};

/// More runs than any rail looks back at are forgotten.
const RUNS_KEPT: usize = 64;

/// What the log says, folded. Grows with approvals and holds, not with records.
#[derive(Clone, Debug, Default)]
pub struct Chronicle {
    /// Index of the first leaf not yet seen.
    seen: u64,
    /// Holds placed and not lifted.
    holds: BTreeMap<HoldId, HoldLeaf>,
    /// Holds lifted.
    lifted: BTreeSet<HoldId>,
    approvals: BTreeMap<PlanId, Digest>,
    rejections: BTreeMap<PlanId, Digest>,
    started: BTreeSet<PlanId>,
    finished: BTreeMap<PlanId, RunId>,
    history: History,
}

impl Chronicle {
    /// Takes in a leaf.
    pub fn note(&mut self, index: u64, body: &Body) {
        self.seen = self.seen.max(index + 1);
        match body {
            Body::Hold(leaf) if leaf.action == HoldAction::Placed => {
                self.holds.insert(leaf.hold.clone(), leaf.clone());
            }
            Body::Hold(leaf) => {
                self.holds.remove(&leaf.hold);
                self.lifted.insert(leaf.hold.clone());
            }
            Body::Approval(approval) => {
                self.approvals.insert(approval.plan.clone(), approval.digest);
                self.history.approved.extend(approval.governed.clone());
            }
            Body::Rejection(rejection) => {
                self.rejections.insert(rejection.plan.clone(), rejection.digest);
            }
            Body::Intent(intent) => {
                if !self.started.contains(&intent.plan) {
                    self.started.insert(intent.plan.clone());
                }
            }
            Body::Run(run) if run.finished => {
                self.finished.insert(run.plan.clone(), run.run.clone());
                for (rule, counts) in run.verdicts.iter().filter(|(_, counts)| counts.due > 0) {
                    self.remember_run(rule, counts.due);
                }
            }
            Body::Correction(correction) if correction.what == "lifted" => {
                self.history.restored.remove(&correction.source);
            }
            Body::Correction(correction) => {
                self.history.restored.insert(correction.source.clone());
            }
            _ => {}
        }
    }

    fn remember_run(&mut self, rule: &RuleNumber, due: u64) {
        let runs = self.history.runs.entry(rule.clone()).or_default();
        runs.insert(0, due);
        runs.truncate(RUNS_KEPT);
    }

    /// Index of the first leaf not yet seen.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// What the rails look at.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The holds that the log says are in force.
    pub fn holds(&self) -> &BTreeMap<HoldId, HoldLeaf> {
        &self.holds
    }

    /// Whether the log says that this hold was lifted.
    pub fn is_lifted(&self, hold: &HoldId) -> bool {
        self.lifted.contains(hold)
    }

    /// The digest under which a plan was approved.
    pub fn approved(&self, plan: &PlanId) -> Option<&Digest> {
        self.approvals.get(plan)
    }

    /// The digest under which a plan was rejected.
    pub fn rejected(&self, plan: &PlanId) -> Option<&Digest> {
        self.rejections.get(plan)
    }

    /// Whether a run of the plan has announced a batch.
    pub fn has_started(&self, plan: &PlanId) -> bool {
        self.started.contains(plan)
    }

    /// The run that went through the plan.
    pub fn finished(&self, plan: &PlanId) -> Option<&RunId> {
        self.finished.get(plan)
    }
}
