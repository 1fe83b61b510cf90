//! Where plans stand, and what is erased once they are done.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Desk, DeskError};
use crate::disposition::approval::{ApprovalError, Decision, STANDS};
use crate::disposition::plan::{PlanError, PlanFile};
use crate::disposition::request::PlanStatus;
use crate::model::{Instant, PlanId, SourceName};

/// Where a plan stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanState {
    /// Made for a day to come, or under a clock that lay ahead: never approvable before that day.
    Simulation,
    /// Waits for a decision.
    Pending,
    /// Lists no record: there is nothing to decide.
    Empty,
    /// Waited too long for a decision, or for its execution; or its list is gone, as where what it was bound to has
    /// changed, or where it was decided on under a log that another one succeeded.
    Expired,
    Approved,
    Rejected,
    /// Its execution began and did not come to its end: the next `apply` resumes it.
    Started,
    Executed,
    /// Its file cannot be read, or was altered.
    Altered,
}

impl Desk {
    /// Every plan and where it stands.
    pub(in crate::disposition) fn plan_list(&mut self, now: Instant) -> Result<Vec<PlanStatus>, DeskError> {
        self.plans.all()?.into_iter().map(|(plan, file)| self.status(plan, file, now)).collect()
    }

    /// Erases the list of a plan that is done, and its exceptions: the manifest stays.
    ///
    /// # Errors
    /// A file that cannot be removed.
    pub fn forget(&self, plan: &PlanId) -> Result<(), DeskError> {
        self.plans.erase_body(plan)?;
        self.store.forget(plan)
    }

    /// Erases the lists of plans that are done or rejected, as the log tells whatever time it is.
    pub(in crate::disposition) fn erase_what_is_done(&mut self, now: Instant) -> Result<(), DeskError> {
        self.plans.erase_abandoned_drafts()?;
        self.erase_lists(now, |state| matches!(state, PlanState::Executed | PlanState::Rejected))
    }

    /// Erases the lists of plans that have expired. An expiry cannot be taken back, so `now` must be believed.
    pub(super) fn erase_what_has_expired(&mut self, now: Instant) -> Result<(), DeskError> {
        self.erase_lists(now, |state| state == PlanState::Expired)
    }

    fn erase_lists(&mut self, now: Instant, is_over: impl Fn(PlanState) -> bool) -> Result<(), DeskError> {
        for status in self.plan_list(now)? {
            if is_over(status.state) {
                self.forget(&status.plan)?;
            }
        }
        Ok(())
    }

    /// Whether a person asked for this plan and was given it.
    ///
    /// # Errors
    /// There is no such plan, or its manifest was altered.
    pub fn is_asked_for(&self, plan: &PlanId) -> Result<bool, DeskError> {
        Ok(self.plans.manifest(plan)?.asked_for)
    }

    /// The sources whose records a plan is about.
    ///
    /// # Errors
    /// A plan whose manifest cannot be read.
    pub fn sources_of(&self, plan: &PlanId) -> Result<BTreeSet<SourceName>, DeskError> {
        let manifest = self.plans.manifest(plan)?.manifest;
        Ok(manifest.series.into_iter().map(|planned| planned.source).collect())
    }

    /// Removes a plan on which nobody decided and for which nobody asked, list and manifest; says whether it was one.
    ///
    /// # Errors
    /// A file that cannot be removed.
    pub fn withdraw(&mut self, plan: &PlanId, now: Instant) -> Result<bool, DeskError> {
        let status = self.plan_list(now)?.into_iter().find(|status| status.plan == *plan);
        let is_undecided = status.is_some_and(|status| matches!(status.state, PlanState::Pending | PlanState::Empty));
        let is_removed = is_undecided && !self.is_asked_for(plan)?;
        if is_removed {
            self.plans.remove(plan)?;
        }
        Ok(is_removed)
    }

    /// Removes the manifests of plans made before an instant that are done with, one way or the other; says how many.
    ///
    /// # Errors
    /// A file that cannot be removed.
    pub fn forget_plans_before(&mut self, before: Instant, now: Instant) -> Result<u64, DeskError> {
        self.erase_what_is_done(now)?;
        self.erase_what_has_expired(now)?;
        let mut forgotten = 0;
        for status in self.plan_list(now)? {
            let is_over = matches!(
                status.state,
                PlanState::Executed | PlanState::Rejected | PlanState::Expired | PlanState::Simulation
            );
            if is_over && status.made_at.is_some_and(|made| made < before) {
                self.plans.remove(&status.plan)?;
                forgotten += 1;
            }
        }
        Ok(forgotten)
    }

    fn status(
        &mut self,
        plan: PlanId,
        file: Result<PlanFile, PlanError>,
        now: Instant,
    ) -> Result<PlanStatus, DeskError> {
        let decision = self.store.decision(&plan)?;
        let file = match file {
            Ok(file) => file,
            Err(fault) => {
                return Ok(PlanStatus {
                    plan,
                    state: PlanState::Altered,
                    digest: None,
                    as_of: None,
                    made_at: None,
                    planned: BTreeMap::new(),
                    unread: BTreeSet::new(),
                    lists_only: None,
                    rails: Vec::new(),
                    decision,
                    fault: Some(fault.to_string()),
                });
            }
        };
        let planned = file.manifest.rules.iter().map(|rule| (rule.rule.clone(), rule.items.count)).collect();
        Ok(PlanStatus {
            plan,
            state: self.state_of(&file, decision.as_ref(), now)?,
            digest: Some(file.digest),
            as_of: Some(file.manifest.as_of),
            made_at: Some(file.made_at),
            planned,
            unread: file.unread,
            lists_only: file.manifest.only,
            rails: file.rails,
            decision,
            fault: None,
        })
    }

    /// The log decides; the private database only adds when the approval was given.
    pub(super) fn state_of(
        &mut self,
        file: &PlanFile,
        decision: Option<&Decision>,
        now: Instant,
    ) -> Result<PlanState, DeskError> {
        let plan = &file.plan;
        let has_list = self.plans.has_body(plan);
        let chronicle = self.chronicle()?;
        if chronicle.finished(plan).is_some() {
            return Ok(PlanState::Executed);
        }
        if chronicle.rejected(plan) == Some(&file.digest) {
            return Ok(PlanState::Rejected);
        }
        // Nothing goes by the judgement of a day to come, whoever approved it.
        if file.manifest.lies_ahead(now) {
            return Ok(PlanState::Simulation);
        }
        let granted =
            decision.filter(|decision| decision.granted && chronicle.approved(plan) == Some(&decision.digest));
        Ok(match granted {
            Some(decision) if now - decision.at > STANDS || !has_list => PlanState::Expired,
            Some(_) if chronicle.has_started(plan) => PlanState::Started,
            Some(_) => PlanState::Approved,
            None if file.has_expired(now) || !has_list => PlanState::Expired,
            None if file.manifest.planned() == 0 => PlanState::Empty,
            None => PlanState::Pending,
        })
    }
}

/// Why a plan in this state is not what was asked for: pending for an approval, approved for an execution.
pub(super) fn why_not(state: PlanState, file: &PlanFile, was_decided: bool) -> ApprovalError {
    let plan = file.plan.clone();
    match state {
        PlanState::Executed => ApprovalError::Executed { plan },
        PlanState::Rejected => ApprovalError::Rejected { plan },
        PlanState::Simulation => ApprovalError::of_day_to_come(file),
        PlanState::Approved | PlanState::Started => ApprovalError::Approved { plan },
        PlanState::Expired if was_decided => ApprovalError::ApprovalExpired { plan },
        PlanState::Expired => ApprovalError::Expired { plan },
        PlanState::Empty => ApprovalError::Empty { plan },
        PlanState::Pending | PlanState::Altered => ApprovalError::Pending { plan },
    }
}
