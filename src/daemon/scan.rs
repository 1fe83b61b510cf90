//! A scan: a plan, and what the mode does with it.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::alerts::kind;
use super::board::Counts;
use super::probe::may_be_due;
use super::runner::Runner;
use crate::config::Mode;
use crate::disposition::approval::ApprovalError;
use crate::disposition::desk::{AskError, DeskError, Door, PlanState, Session};
use crate::disposition::plan::{PlanFile, PlanRequest};
use crate::disposition::rails::Tripped;
use crate::disposition::request::{Request, Response};
use crate::model::{Actor, PlanId, RuleNumber};

/// A scan of the largest database anybody keeps in one file takes less.
const LONGEST_SCAN: Duration = Duration::from_secs(6 * 3_600);

/// So long full counts serve; a bit less than a day, so that a nightly scan always counts.
const COUNTS_SERVE: TimeDelta = TimeDelta::hours(20);

/// How a scan goes about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// A look-up per rule first; nothing more where that finds nothing and counts are fresh.
    Probe,
    /// Every record.
    Full,
}

/// A plan that the daemon made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Own {
    plan: PlanId,
    only: Option<RuleNumber>,
}

impl Runner {
    /// Scans these rules (none: all), does with what is due what the mode allows, and says in a few words how it ended.
    pub(super) fn scan(&mut self, rules: &[RuleNumber], depth: Depth) -> String {
        let each: Vec<Option<RuleNumber>> = match rules {
            [] => vec![None],
            rules => rules.iter().cloned().map(Some).collect(),
        };
        let mut words = Vec::new();
        for only in each {
            let about = only.as_ref().map_or("all rules".to_owned(), |rule| format!("rule {rule}"));
            match self.scan_one(only, depth) {
                Ok(outcome) => {
                    self.board.clear(kind::SCAN_FAILED, &about);
                    words.push(outcome);
                }
                // What was being read was given up for it; nothing is wrong.
                Err(_) if self.stop.load(Ordering::Relaxed) => words.push("stopped".to_owned()),
                Err(error) => {
                    let message = format!("the scan of {about} failed: {}", error.refusal().message);
                    self.board.raise(kind::SCAN_FAILED, &about, message, self.watch.now());
                    words.push(format!("failed: {}", error.refusal().code));
                }
            }
        }
        words.join("; ")
    }

    fn scan_one(&mut self, only: Option<RuleNumber>, depth: Depth) -> Result<String, AskError> {
        if depth == Depth::Probe && !self.needs_counts(&only) {
            let now = self.watch.now();
            self.board.doing("probing");
            if !may_be_due(&self.desk.install(), only.as_ref(), now).map_err(DeskError::from)? {
                self.metrics.scanned(now);
                return Ok("nothing due, by probe".to_owned());
            }
        }
        let file = self.make_plan(only.clone())?;
        if only.is_none() {
            self.take_counts(&file.manifest)?;
        }
        self.metrics.scanned(self.watch.now());
        let planned = file.manifest.planned();
        tracing::info!(plan = %file.plan, due = planned, rails = file.rails.len(), "scanned");
        if planned == 0 {
            self.desk.lock()?.withdraw(&file.plan, self.watch.now())?;
            self.pending_own()?;
            return Ok("nothing due".to_owned());
        }
        match self.config.mode {
            Mode::Report => {
                self.withdraw_own(&only, Some(&file.plan))?;
                self.remember_own(&file.plan, &only)?;
                Ok(format!("{planned} due, plan {}", file.plan))
            }
            Mode::Approve => self.wait_for_approval(&file, &only, None),
            Mode::Automatic => self.approve_by_itself(&file, &only),
        }
    }

    /// Full counts are made once a day, by a scan of all rules.
    fn needs_counts(&self, only: &Option<RuleNumber>) -> bool {
        let now = self.watch.now();
        let is_fresh = |counts: &Counts| counts.at <= now && now - counts.at < COUNTS_SERVE;
        only.is_none() && !self.board.show().counts.as_ref().is_some_and(is_fresh)
    }

    pub(super) fn make_plan(&mut self, only: Option<RuleNumber>) -> Result<PlanFile, AskError> {
        self.board.doing("scanning");
        self.pulse.running(LONGEST_SCAN);
        let watch = self.watch.clone();
        let door = Door::of(self.desk.clone(), self.actor.clone(), std::sync::Arc::new(move || watch.now()));
        door.plan(&PlanRequest { now: self.watch.now(), as_of: None, only })
    }

    /// Grants what was approved before, as long as no rail trips; else a person decides.
    fn approve_by_itself(&mut self, file: &PlanFile, only: &Option<RuleNumber>) -> Result<String, AskError> {
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
                self.wait_for_approval(file, only, Some(&tripped))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// A person decides. Where one of the daemon's plans waits already, that one is decided on: its records do not wait anew.
    fn wait_for_approval(
        &mut self,
        file: &PlanFile,
        only: &Option<RuleNumber>,
        tripped: Option<&[Tripped]>,
    ) -> Result<String, AskError> {
        let now = self.watch.now();
        if !self.is_pending(&file.plan)? {
            // The same records on the same day are the same plan, and somebody decided on it already.
            return Ok(format!("{} due, plan {} was decided on", file.manifest.planned(), file.plan));
        }
        let waits = self.pending_own()?.into_iter().find(|own| own.only == *only && own.plan != file.plan);
        let plan = match &waits {
            Some(older) => {
                self.desk.lock()?.withdraw(&file.plan, now)?;
                older.plan.clone()
            }
            None => {
                self.remember_own(&file.plan, only)?;
                file.plan.clone()
            }
        };
        let planned = file.manifest.planned();
        if let Some(tripped) = tripped {
            let why: Vec<&str> = tripped.iter().map(|tripped| tripped.message.as_str()).collect();
            let rails: BTreeSet<&str> = tripped.iter().map(|tripped| tripped.rail.name()).collect();
            let message = format!(
                "guard rails keep {planned} due records: {}; `retentiond approve {plan} --accept {}` if that was to be expected, else `retentiond reject {plan} --reason …`",
                why.join("; "),
                rails.into_iter().collect::<Vec<_>>().join(",")
            );
            self.board.raise(kind::RAIL_TRIPPED, plan.as_str(), message, now);
            return Ok(format!("{planned} due, {} guard rails tripped, plan {plan} waits", tripped.len()));
        }
        let message = format!("plan {plan} waits for a decision: `retentiond approve {plan}`");
        self.board.raise(kind::PLAN_WAITING, plan.as_str(), message, now);
        Ok(format!("{planned} due, plan {plan} waits"))
    }

    fn remember_own(&self, plan: &PlanId, only: &Option<RuleNumber>) -> Result<(), DeskError> {
        let mut own = self.pending_own()?;
        if !own.iter().any(|own| own.plan == *plan) {
            own.push(Own { plan: plan.clone(), only: only.clone() });
        }
        self.desk.lock()?.memorize("own-plans", Some(&own))
    }

    /// The daemon's own plans on which nobody decided yet; alerts about others are over.
    pub(super) fn pending_own(&self) -> Result<Vec<Own>, DeskError> {
        let own: Vec<Own> = self.desk.lock()?.recall("own-plans")?.unwrap_or_default();
        let pending = self.pending()?;
        let own: Vec<Own> = own.into_iter().filter(|own| pending.contains(&own.plan)).collect();
        let names: Vec<&str> = own.iter().map(|own| own.plan.as_str()).collect();
        let mut shown = self.board.show();
        shown.alerts.keep_only(kind::PLAN_WAITING, &names);
        shown.alerts.keep_only(kind::RAIL_TRIPPED, &names);
        Ok(own)
    }

    fn is_pending(&self, plan: &PlanId) -> Result<bool, DeskError> {
        Ok(self.pending()?.contains(plan))
    }

    /// Every plan that waits for a decision.
    pub(super) fn pending(&self) -> Result<BTreeSet<PlanId>, DeskError> {
        let answer = Session::new(self.actor.clone()).try_answer(&self.desk, Request::Plans, self.watch.now())?;
        let Response::Plans { plans } = answer else { return Ok(BTreeSet::new()) };
        let pending = plans.into_iter().filter(|status| status.state == PlanState::Pending);
        Ok(pending.map(|status| status.plan).collect())
    }

    /// Takes back the daemon's own earlier plans of the same rules on which nobody decided: a newer list stands for them.
    fn withdraw_own(&self, only: &Option<RuleNumber>, but: Option<&PlanId>) -> Result<(), DeskError> {
        let older = self.pending_own()?.into_iter().filter(|own| own.only == *only && Some(&own.plan) != but);
        for own in older {
            self.desk.lock()?.withdraw(&own.plan, self.watch.now())?;
        }
        self.pending_own().map(drop)
    }
}
