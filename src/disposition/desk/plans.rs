//! Where plans stand, and the way from a plan to one that may be executed.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use super::{Desk, DeskError, SharedDesk};
use crate::audit::leaf::{Approval, Body, Rejection};
use crate::disposition::approval::{ApprovalError, ApprovedPlan, Decision, STANDS, Terms, approve};
use crate::disposition::holds::key_text;
use crate::disposition::plan::{Manifest, Plan, PlanDirs, PlanError, PlanFile, changed};
use crate::disposition::rails::tripped;
use crate::disposition::request::{ExceptedRecord, PlanStatus};
use crate::model::{Actor, Digest, Fingerprint, Instant, PlanId, SeriesName};

/// Where a plan stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanState {
    /// Made for a day to come: never approvable.
    Simulation,
    /// Waits for a decision.
    Pending,
    /// Waited too long for a decision, or for its execution.
    Expired,
    Approved,
    Rejected,
    /// Its execution began and did not come to its end: the next `apply` resumes it.
    Started,
    Executed,
    /// Its file cannot be read, or was altered.
    Altered,
}

/// The approved plan of this id, checked against its approval, the log, the calendars, the mappings and the databases as they are now.
///
/// The list is read before the Desk is taken, so holds do not wait for it.
///
/// # Errors
/// Whatever keeps the plan from being executed.
pub fn approved_plan(desk: &SharedDesk, plan: &PlanId, now: Instant) -> Result<ApprovedPlan, DeskError> {
    let plan = open_plan(desk, plan, now)?;
    desk.lock()?.reopen(plan, now)
}

/// Opens a plan without holding the Desk. Where its list is gone, the reason says more than the missing file.
pub(super) fn open_plan(desk: &SharedDesk, plan: &PlanId, now: Instant) -> Result<Plan, DeskError> {
    let error = match PlanDirs::of(&desk.install().state).open(plan) {
        Err(error @ PlanError::Erased { .. }) => error,
        opened => return Ok(opened?),
    };
    let mut desk = desk.lock()?;
    let decision = desk.store.decision(plan)?;
    let file = desk.plans.manifest(plan)?;
    Err(match desk.state_of(&file, decision.as_ref(), now)? {
        state @ (PlanState::Executed | PlanState::Rejected | PlanState::Expired) => {
            why_not(state, &file, decision.is_some()).into()
        }
        _ => error.into(),
    })
}

impl Desk {
    pub(super) fn reopen(&mut self, plan: Plan, now: Instant) -> Result<ApprovedPlan, DeskError> {
        let id = plan.id().clone();
        let decision = self.store.decision(&id)?;
        let state = self.state_of(plan.file(), decision.as_ref(), now)?;
        if !matches!(state, PlanState::Approved | PlanState::Started) {
            return Err(why_not(state, plan.file(), decision.is_some()).into());
        }
        let decision = decision.ok_or_else(|| ApprovalError::Pending { plan: id.clone() })?;
        self.check_unchanged(&id, plan.manifest(), now)?;
        let except = self.store.exceptions(&id)?;
        Ok(ApprovedPlan::reopen(plan, decision, except, now)?)
    }

    /// Approves a plan and puts that on record; a rail that is tripped and not named is put on record too.
    pub(super) fn approve(
        &mut self,
        plan: Plan,
        terms: Terms,
        actor: &Actor,
        now: Instant,
    ) -> Result<ApprovedPlan, DeskError> {
        let id = plan.id().clone();
        let decision = self.store.decision(&id)?;
        let state = self.state_of(plan.file(), decision.as_ref(), now)?;
        if state != PlanState::Pending {
            return Err(why_not(state, plan.file(), false).into());
        }
        self.check_unchanged(&id, plan.manifest(), now)?;
        let limits = self.install.limits;
        let tripped = tripped(plan.manifest(), &terms.only, self.chronicle()?.history(), &limits);
        let except = terms.except.clone();
        let approved = match approve(plan, terms, &tripped, actor, now) {
            Err(ApprovalError::Rails { plan, tripped }) => {
                let mut reasons: Vec<_> = tripped.iter().map(|tripped| tripped.rail.name().to_owned()).collect();
                reasons.dedup();
                self.refuse(Some(&plan), actor, reasons, now)?;
                return Err(ApprovalError::Rails { plan, tripped }.into());
            }
            approved => approved?,
        };
        self.store.decide(approved.decision(), &except)?;
        self.record(Body::Approval(approval_leaf(&approved)), now)?;
        Ok(approved)
    }

    /// Rejects a plan, puts that on record and erases its list.
    pub(super) fn reject(&mut self, plan: &PlanId, reason: &str, actor: &Actor, now: Instant) -> Result<(), DeskError> {
        let file = self.plans.manifest(plan)?;
        let decision = self.store.decision(plan)?;
        let state = self.state_of(&file, decision.as_ref(), now)?;
        if matches!(state, PlanState::Executed | PlanState::Rejected) {
            return Err(why_not(state, &file, true).into());
        }
        let reason_digest = self.log.keyed_digest(reason);
        let decision = Decision {
            plan: plan.clone(),
            digest: file.digest,
            granted: false,
            actor: actor.clone(),
            at: now,
            accepted: Vec::new(),
            only: Vec::new(),
            excepted: 0,
            reason: Some(reason.to_owned()),
        };
        let (digest, actor) = (file.digest, actor.clone());
        self.record(Body::Rejection(Rejection { plan: plan.clone(), digest, actor, reason: reason_digest }), now)?;
        self.store.decide(&decision, &HashSet::new())?;
        self.forget(plan)
    }

    /// Every plan and where it stands.
    pub(super) fn plan_list(&mut self, now: Instant) -> Result<Vec<PlanStatus>, DeskError> {
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

    /// Erases the lists of plans that are done, rejected or expired.
    pub(super) fn erase_what_is_done(&mut self, now: Instant) -> Result<(), DeskError> {
        self.plans.erase_abandoned_drafts()?;
        for status in self.plan_list(now)? {
            if matches!(status.state, PlanState::Executed | PlanState::Rejected | PlanState::Expired) {
                self.forget(&status.plan)?;
            }
        }
        Ok(())
    }

    fn check_unchanged(&self, plan: &PlanId, manifest: &Manifest, now: Instant) -> Result<(), DeskError> {
        let keyed = |digest: &Digest| self.log.keyed_digest(&digest.to_string());
        match changed(&self.install, manifest, &keyed, now)? {
            None => Ok(()),
            Some(what) => Err(ApprovalError::Changed { plan: plan.clone(), what }.into()),
        }
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
            rails: file.rails,
            decision,
            fault: None,
        })
    }

    /// The log decides; the private database only adds when the approval was given.
    fn state_of(&mut self, file: &PlanFile, decision: Option<&Decision>, now: Instant) -> Result<PlanState, DeskError> {
        let plan = &file.plan;
        let chronicle = self.chronicle()?;
        if chronicle.finished(plan).is_some() {
            return Ok(PlanState::Executed);
        }
        if chronicle.rejected(plan) == Some(&file.digest) {
            return Ok(PlanState::Rejected);
        }
        let granted =
            decision.filter(|decision| decision.granted && chronicle.approved(plan) == Some(&decision.digest));
        Ok(match granted {
            Some(decision) if now - decision.at > STANDS => PlanState::Expired,
            Some(_) if chronicle.has_started(plan) => PlanState::Started,
            Some(_) => PlanState::Approved,
            None if file.manifest.simulation => PlanState::Simulation,
            None if file.has_expired(now) => PlanState::Expired,
            None => PlanState::Pending,
        })
    }
}

/// Why a plan in this state is not what was asked for: pending for an approval, approved for an execution.
fn why_not(state: PlanState, file: &PlanFile, was_decided: bool) -> ApprovalError {
    let plan = file.plan.clone();
    match state {
        PlanState::Executed => ApprovalError::Executed { plan },
        PlanState::Rejected => ApprovalError::Rejected { plan },
        PlanState::Simulation => ApprovalError::Simulation { plan, as_of: file.manifest.as_of },
        PlanState::Approved | PlanState::Started => ApprovalError::Approved { plan },
        PlanState::Expired if was_decided => ApprovalError::ApprovalExpired { plan },
        PlanState::Expired => ApprovalError::Expired { plan },
        PlanState::Pending | PlanState::Altered => ApprovalError::Pending { plan },
    }
}

fn approval_leaf(approved: &ApprovedPlan) -> Approval {
    let decision = approved.decision();
    let manifest = approved.manifest();
    // What a person did not approve they are not bound to: only series with a rule among those approved.
    let is_approved = |series: &SeriesName| {
        manifest.rules_of(series).any(|rule| decision.only.is_empty() || decision.only.contains(&rule.rule))
    };
    let governed = manifest
        .series
        .iter()
        .filter(|series| is_approved(&series.series))
        .map(|series| (series.series.clone(), series.governed.clone()))
        .collect();
    Approval {
        plan: approved.id().clone(),
        digest: decision.digest,
        actor: decision.actor.clone(),
        only: decision.only.clone(),
        excepted: decision.excepted,
        accepted: decision.accepted.iter().map(|rail| rail.name().to_owned()).collect(),
        governed,
    }
}

/// Fingerprints of the plan's records that `wanted` names, and how many of those it names are not there.
pub(super) fn find_records(
    plan: &Plan,
    wanted: &HashSet<ExceptedRecord>,
) -> Result<(HashSet<Fingerprint>, usize), DeskError> {
    let mut found = HashSet::new();
    if wanted.is_empty() {
        return Ok((found, 0));
    }
    let series = &plan.manifest().series;
    plan.body().visit(&mut |item| {
        let Some(of) = series.get(item.series) else { return };
        let key = key_text(&item.key);
        if wanted.contains(&ExceptedRecord { series: of.series.clone(), key }) {
            found.insert(item.fingerprint);
        }
    })?;
    let missing = wanted.len().saturating_sub(found.len());
    Ok((found, missing))
}
