//! What becomes of the plans that the daemon makes: granted by itself where a person approved the same before and no
//! rail trips, else a person decides. A newer one stands for those on which nobody decided.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::alerts::kind;
use super::runner::Runner;
use super::scan::Made;
use crate::disposition::approval::ApprovalError;
use crate::disposition::desk::{DeskError, PlanState};
use crate::disposition::door::{AskError, Session};
use crate::disposition::rails::Tripped;
use crate::disposition::request::{PlanStatus, Request, Response};
use crate::model::{Actor, PlanId, RuleNumber, counted};

/// Name of the memo that keeps the daemon's own plans over restarts.
pub(super) const OWN: &str = "own-plans";

/// A plan that the daemon found to be what is due, and told of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Own {
    pub plan: PlanId,
    only: Option<RuleNumber>,
}

impl Runner {
    /// Grants what was approved before, as long as no rail trips; else a person decides.
    pub(super) fn approve_by_itself(&mut self, made: &Made, only: &Option<RuleNumber>) -> Result<String, AskError> {
        let file = &made.file;
        let request = Request::Approve { plan: file.plan.clone(), accept: Vec::new(), only: Vec::new(), excepted: 0 };
        let now = self.watch.now();
        // Nobody looked at this plan: the log tells it from what a person approved.
        let by_itself = Actor::new(format!("{}, automatic mode", self.actor));
        match Session::new(by_itself).try_answer(&self.desk, request, now) {
            Ok(_) | Err(DeskError::Approval(ApprovalError::Approved { .. })) => {
                self.withdraw_own(only, None)?;
                self.board.show().alerts.keep_only(kind::RAIL_TRIPPED, &[]);
                if let Some(reason) = self.why_not() {
                    // Granted all the same: it is executed as soon as nothing stands in the way.
                    return Ok(format!("plan {} waits: {reason}", file.plan));
                }
                Ok(format!("plan {}: {}", file.plan, self.execute(&file.plan)))
            }
            Err(DeskError::Approval(ApprovalError::Rails { tripped, .. })) => {
                self.wait_for_approval(made, only, Some(&tripped))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// A person decides. Where one of the daemon's plans waits already, that one is decided on: its records do not wait
    /// anew.
    pub(super) fn wait_for_approval(
        &mut self,
        made: &Made,
        only: &Option<RuleNumber>,
        tripped: Option<&[Tripped]>,
    ) -> Result<String, AskError> {
        let (now, file) = (self.watch.now(), &made.file);
        if !self.is_pending(&file.plan)? {
            // The same records on the same day are the same plan, and somebody decided on it already.
            return Ok(format!("{} due, plan {} was decided on", file.manifest.planned(), file.plan));
        }
        self.withdraw_unreachable(made)?;
        let waits = self.pending_own()?.into_iter().find(|own| own.only == *only && own.plan != file.plan);
        let plan = match &waits {
            Some(older) => {
                self.withdraw_made(made)?;
                older.plan.clone()
            }
            None => {
                self.remember_own(made, only)?;
                file.plan.clone()
            }
        };
        let planned = file.manifest.planned();
        if let Some(tripped) = tripped {
            let why: Vec<&str> = tripped.iter().map(|tripped| tripped.message.as_str()).collect();
            let rails: BTreeSet<&str> = tripped.iter().map(|tripped| tripped.rail.name()).collect();
            let message = format!(
                "guard rails keep {}: {}; `retentiond approve {plan} --accept {}` if that was to be expected, else `retentiond reject {plan} --reason …`",
                counted(planned, "due record", "due records"),
                why.join("; "),
                rails.into_iter().collect::<Vec<_>>().join(",")
            );
            self.board.raise(kind::RAIL_TRIPPED, plan.as_str(), message, now);
            let tripped = counted(tripped.len() as u64, "guard rail", "guard rails");
            return Ok(format!("{planned} due, {tripped} tripped, plan {plan} waits"));
        }
        let message = format!("plan {plan} waits for a decision: `retentiond approve {plan}`");
        self.board.raise(kind::PLAN_WAITING, plan.as_str(), message, now);
        Ok(format!("{planned} due, plan {plan} waits"))
    }

    pub(super) fn remember_own(&self, made: &Made, only: &Option<RuleNumber>) -> Result<(), DeskError> {
        let mut own = self.pending_own()?;
        let plan = &made.file.plan;
        if !own.iter().any(|own| own.plan == *plan) {
            own.push(Own { plan: plan.clone(), only: only.clone() });
        }
        self.desk.lock()?.memorize(OWN, Some(&own))
    }

    /// The daemon's own plans on which nobody decided yet; alerts about others are over.
    pub(super) fn pending_own(&self) -> Result<Vec<Own>, DeskError> {
        let own: Vec<Own> = self.desk.lock()?.recall(OWN)?.unwrap_or_default();
        let pending = self.plans_in(&[PlanState::Pending])?;
        let own: Vec<Own> = own.into_iter().filter(|own| pending.contains(&own.plan)).collect();
        let names: Vec<&str> = own.iter().map(|own| own.plan.as_str()).collect();
        let mut shown = self.board.show();
        shown.alerts.keep_only(kind::PLAN_WAITING, &names);
        shown.alerts.keep_only(kind::RAIL_TRIPPED, &names);
        Ok(own)
    }

    fn is_pending(&self, plan: &PlanId) -> Result<bool, DeskError> {
        Ok(self.plans_in(&[PlanState::Pending])?.contains(plan))
    }

    /// Every plan in one of these states.
    pub(super) fn plans_in(&self, states: &[PlanState]) -> Result<BTreeSet<PlanId>, DeskError> {
        let found = self.every_plan()?.into_iter().filter(|status| states.contains(&status.state));
        Ok(found.map(|status| status.plan).collect())
    }

    pub(super) fn every_plan(&self) -> Result<Vec<PlanStatus>, DeskError> {
        match Session::new(self.actor.clone()).try_answer(&self.desk, Request::Plans, self.watch.now())? {
            Response::Plans { plans } => Ok(plans),
            _ => Ok(Vec::new()),
        }
    }

    /// Takes back the daemon's own earlier plans of the same rules on which nobody decided: a newer list stands for
    /// them.
    pub(super) fn withdraw_own(&self, only: &Option<RuleNumber>, but: Option<&PlanId>) -> Result<(), DeskError> {
        let older = self.pending_own()?.into_iter().filter(|own| own.only == *only && Some(&own.plan) != but);
        for own in older {
            self.desk.lock()?.withdraw(&own.plan, self.watch.now())?;
        }
        self.pending_own().map(drop)
    }
}
