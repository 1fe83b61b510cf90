//! The review: only an [`ApprovedPlan`] can be executed, and only a person's decision on exactly this plan makes one.
//! Pure but for reading the list.

use std::collections::{BTreeSet, HashSet};

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::governs::meant;
use super::plan::{Body, Cursor, Item, Manifest, Plan, PlanError, PlanFile, PlannedRule};
use super::rails::{Rail, Tripped};
use crate::model::{Actor, CivilDate, Digest, Fingerprint, Instant, PlanId, RuleNumber};

/// How long a plan waits for a decision, and an approval for its execution: what a person looked at two weeks ago is no
/// longer what is there.
pub const STANDS: TimeDelta = TimeDelta::days(14);

/// What a person decided on a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    pub plan: PlanId,
    /// Digest of the manifest that the person looked at.
    pub digest: Digest,
    pub granted: bool,
    pub actor: Actor,
    pub at: Instant,
    /// Rails lifted.
    pub accepted: Vec<Rail>,
    /// The rules approved; empty: all.
    pub only: Vec<RuleNumber>,
    /// How many records were excepted.
    pub excepted: u64,
    /// Why a plan was rejected.
    pub reason: Option<String>,
}

/// What a person asks for when approving.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// Rails to lift, each by name.
    pub accept: Vec<Rail>,
    /// The rules to approve; empty: all.
    pub only: Vec<RuleNumber>,
    /// Records of the plan that are not approved.
    pub except: HashSet<Fingerprint>,
}

/// Why a plan is not approved or not executed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApprovalError {
    #[error("plan {plan} is a simulation for {}: it shows what would be due and can never be approved", .as_of)]
    Simulation { plan: PlanId, as_of: CivilDate },
    #[error(
        "plan {plan} is of a day to come, {as_of}: it was made under a clock that lay ahead; make a new plan, `retentiond plan`"
    )]
    Ahead { plan: PlanId, as_of: CivilDate },
    #[error("plan {plan} waited longer than {} days for a decision; make a new plan", STANDS.num_days())]
    Expired { plan: PlanId },
    #[error(
        "plan {plan} lists no record: there is nothing to approve; make a new plan once something is due, `retentiond forecast` says when"
    )]
    Empty { plan: PlanId },
    #[error(
        "of plan {plan} nothing would go on these terms, so nothing was approved; to let all of it stay, `retentiond reject {plan}`"
    )]
    NothingGoes { plan: PlanId },
    #[error(
        "the approval of plan {plan} would name more rules or series than an entry of the log can hold; approve all of its rules, or fewer at a time with `--only`: the rest joins the next plan"
    )]
    TooLong { plan: PlanId },
    #[error("plan {plan} was rejected; make a new plan")]
    Rejected { plan: PlanId },
    #[error(
        "plan {plan} was executed already, so nothing was done now; what fell due since, or stayed, is on the next plan: `retentiond plan`"
    )]
    Executed { plan: PlanId },
    #[error("plan {plan} is approved already; `retentiond apply {plan}` executes it")]
    Approved { plan: PlanId },
    #[error("plan {plan} is not approved; look at it and run `retentiond approve {plan}`")]
    Pending { plan: PlanId },
    #[error("the approval of plan {plan} is older than {} days; make a new plan", STANDS.num_days())]
    ApprovalExpired { plan: PlanId },
    #[error("plan {plan} is not the one that was approved: its digest differs; make a new plan")]
    OtherDigest { plan: PlanId },
    #[error(
        "plan {plan} trips the guard rails {}; look at each and, where it is right, name it: `--accept {}`",
        names(tripped),
        names(tripped)
    )]
    Rails { plan: PlanId, tripped: Vec<Tripped> },
    #[error("plan {plan} no longer stands: {what}; make a new plan")]
    Changed { plan: PlanId, what: String },
    #[error("plan {plan} has no rule {rule}; {}", meant(rule, known))]
    UnknownRule { plan: PlanId, rule: RuleNumber, known: Vec<RuleNumber> },
}

impl ApprovalError {
    /// Of a plan that [`Manifest::lies_ahead`].
    pub fn of_day_to_come(file: &PlanFile) -> Self {
        let (plan, as_of) = (file.plan.clone(), file.manifest.as_of);
        if file.manifest.simulation { Self::Simulation { plan, as_of } } else { Self::Ahead { plan, as_of } }
    }

    /// Its stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Simulation { .. } => "simulation",
            Self::Ahead { .. } => "plan-ahead",
            Self::Expired { .. } => "plan-expired",
            Self::Empty { .. } | Self::NothingGoes { .. } => "nothing-planned",
            Self::TooLong { .. } => "approval-too-long",
            Self::Rejected { .. } => "plan-rejected",
            Self::Executed { .. } => "plan-executed",
            Self::Approved { .. } => "plan-approved",
            Self::Pending { .. } => "plan-not-approved",
            Self::ApprovalExpired { .. } => "approval-expired",
            Self::OtherDigest { .. } => "plan-altered",
            Self::Rails { .. } => "rails",
            Self::UnknownRule { .. } => "unknown-rule",
            Self::Changed { .. } => "plan-outdated",
        }
    }
}

fn names(tripped: &[Tripped]) -> String {
    let rails: BTreeSet<Rail> = tripped.iter().map(|tripped| tripped.rail).collect();
    rails.into_iter().map(Rail::name).collect::<Vec<_>>().join(",")
}

/// A plan that a person approved: what [`super::execute`] asks for. There is no other way to one than [`approve`] and
/// [`ApprovedPlan::reopen`].
#[derive(Debug)]
pub struct ApprovedPlan {
    plan: Plan,
    decision: Decision,
    except: HashSet<Fingerprint>,
}

/// Approves a plan. `tripped` are the rails it trips now; of those that the terms accept, only these are recorded:
/// nobody looks at a rail before it trips.
///
/// # Errors
/// A simulation, a plan that waited too long, a rail that is tripped and not named, a rule that the plan does not have.
pub fn approve(
    plan: Plan,
    terms: Terms,
    tripped: &[Tripped],
    actor: &Actor,
    now: Instant,
) -> Result<ApprovedPlan, ApprovalError> {
    let id = plan.id().clone();
    if plan.manifest().lies_ahead(now) {
        return Err(ApprovalError::of_day_to_come(plan.file()));
    }
    if plan.has_expired(now) {
        return Err(ApprovalError::Expired { plan: id });
    }
    if let Some(rule) = terms.only.iter().find(|rule| !plan.manifest().rules.iter().any(|own| own.rule == **rule)) {
        let known = plan.manifest().rules.iter().map(|own| own.rule.clone()).collect();
        return Err(ApprovalError::UnknownRule { plan: id, rule: rule.clone(), known });
    }
    let (accepted, open): (Vec<_>, Vec<_>) = tripped.iter().partition(|tripped| terms.accept.contains(&tripped.rail));
    if !open.is_empty() {
        return Err(ApprovalError::Rails { plan: id, tripped: open.into_iter().cloned().collect() });
    }
    let accepted: BTreeSet<Rail> = accepted.into_iter().map(|tripped| tripped.rail).collect();
    let decision = Decision {
        plan: id,
        digest: *plan.digest(),
        granted: true,
        actor: actor.clone(),
        at: now,
        accepted: accepted.into_iter().collect(),
        only: terms.only,
        excepted: terms.except.len() as u64,
        reason: None,
    };
    Ok(ApprovedPlan { plan, decision, except: terms.except })
}

impl ApprovedPlan {
    /// Joins a plan to the decision that was recorded on it.
    ///
    /// # Errors
    /// The decision is a rejection, too old, or on another plan than this one has become.
    pub fn reopen(
        plan: Plan,
        decision: Decision,
        except: HashSet<Fingerprint>,
        now: Instant,
    ) -> Result<Self, ApprovalError> {
        let id = plan.id().clone();
        if decision.plan != id || decision.digest != *plan.digest() || decision.excepted != except.len() as u64 {
            return Err(ApprovalError::OtherDigest { plan: id });
        }
        if !decision.granted {
            return Err(ApprovalError::Rejected { plan: id });
        }
        if plan.manifest().lies_ahead(now) {
            return Err(ApprovalError::of_day_to_come(plan.file()));
        }
        if now - decision.at > STANDS {
            return Err(ApprovalError::ApprovalExpired { plan: id });
        }
        Ok(Self { plan, decision, except })
    }

    /// Its id.
    pub fn id(&self) -> &PlanId {
        self.plan.id()
    }

    /// Its manifest.
    pub fn manifest(&self) -> &Manifest {
        self.plan.manifest()
    }

    /// The plan that was approved.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Who approved it, when, and on what terms.
    pub fn decision(&self) -> &Decision {
        &self.decision
    }

    /// Its list, excepted records and rules included.
    pub fn body(&self) -> &Body {
        self.plan.body()
    }

    /// The rule of an item of this plan.
    pub fn rule(&self, item: &Item) -> Option<&PlannedRule> {
        self.manifest().rules.get(item.rule)
    }

    /// Whether a person approved this item.
    pub fn covers(&self, item: &Item) -> bool {
        self.rule(item).is_some_and(|rule| self.covers_rule(rule)) && !self.excepts(&item.fingerprint)
    }

    /// Whether a person left this record out.
    pub fn excepts(&self, record: &Fingerprint) -> bool {
        self.except.contains(record)
    }

    /// Whether a person left any record out.
    pub fn has_exceptions(&self) -> bool {
        !self.except.is_empty()
    }

    /// The rules a person approved, of those that list something.
    pub fn rules(&self) -> Vec<RuleNumber> {
        let covered = self.manifest().rules.iter().filter(|rule| rule.counts.due > 0 && self.covers_rule(rule));
        covered.map(|rule| rule.rule.clone()).collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn covers_rule(&self, rule: &PlannedRule) -> bool {
        self.decision.only.is_empty() || self.decision.only.contains(&rule.rule)
    }

    /// The next approved items after `after` in order of execution, at most `limit` and all of one step (one series and
    /// level, in the order of the primary key). `None` at the end. Feed the cursor back in.
    ///
    /// # Errors
    /// The list cannot be read.
    pub fn chunk(&self, after: Option<&Cursor>, limit: usize) -> Result<Option<(Vec<Item>, Cursor)>, PlanError> {
        let mut after = after.cloned();
        loop {
            let Some((items, cursor)) = self.plan.body().chunk(after.as_ref(), limit)? else { return Ok(None) };
            let items: Vec<_> = items.into_iter().filter(|item| self.covers(item)).collect();
            if !items.is_empty() {
                return Ok(Some((items, cursor)));
            }
            after = Some(cursor);
        }
    }

    /// How many records are to be disposed of: excepted ones and rules left out are not.
    ///
    /// # Errors
    /// The list cannot be read.
    pub fn planned(&self) -> Result<u64, PlanError> {
        if self.except.is_empty() {
            let covered = self.manifest().rules.iter().filter(|rule| self.covers_rule(rule));
            return Ok(covered.map(|rule| rule.items.count).sum());
        }
        let mut planned = 0;
        self.plan.body().visit(&mut |item| planned += u64::from(self.covers(&item)))?;
        Ok(planned)
    }
}

#[cfg(test)]
mod tests;
