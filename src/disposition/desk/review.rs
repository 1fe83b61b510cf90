//! The way from a plan to one that may be executed: approved or rejected by a person, and checked again before its
//! execution.

use std::collections::{BTreeSet, HashSet};

use super::behind;
use super::plans::{PlanState, why_not};
use super::{Desk, DeskError, SharedDesk};
use crate::audit::codec::encode;
use crate::audit::leaf::{Approval, Body, Leaf, Rejection};
use crate::disposition::approval::{ApprovalError, ApprovedPlan, Decision, STANDS, Terms, approve};
use crate::disposition::holds::key_text;
use crate::disposition::plan::{Manifest, Open, Plan, PlanDirs, PlanError, PlannedRule, changed};
use crate::disposition::rails::{Going, LeftOut, Measure, Rail, tripped};
use crate::disposition::request::NamedRecord;
use crate::model::{Actor, Digest, Fingerprint, Instant, PlanId, RuleNumber, SeriesName};
use crate::records::sqlite::Reader;

/// The approved plan of this id, checked against its approval, the log, the calendars, the mappings and the databases
/// as they are now.
///
/// The list is read before the Desk is taken, so holds do not wait for it.
///
/// # Errors
/// Whatever keeps the plan from being executed. Where that is a guard rail, it is on record too.
pub fn approved_plan(desk: &SharedDesk, plan: &PlanId, actor: &Actor, now: Instant) -> Result<ApprovedPlan, DeskError> {
    let opened = open_plan(desk, plan, now);
    let mut desk = desk.lock()?;
    let reopened = opened.and_then(|plan| desk.reopen(plan, now));
    reopened.map_err(|error| desk.put_refusal_on_record(plan, error, actor, now))
}

/// Approves a plan, leaving `excepted` records out, and puts that on record.
///
/// # Errors
/// Whatever keeps the plan from being approved. Where that is a guard rail, it is on record too.
pub(in crate::disposition) fn approve_plan(
    desk: &SharedDesk,
    plan: &PlanId,
    terms: Terms,
    excepted: &HashSet<NamedRecord>,
    actor: &Actor,
    now: Instant,
) -> Result<ApprovedPlan, DeskError> {
    let opened = open_plan(desk, plan, now).and_then(|plan| {
        let Exceptions { records, left_out } = Exceptions::find(&plan, excepted, &terms.only)?;
        Ok((plan, Terms { except: records, ..terms }, left_out))
    });
    let mut desk = desk.lock()?;
    let approved = opened.and_then(|(plan, terms, left_out)| desk.approve(plan, terms, &left_out, actor, now));
    approved.map_err(|error| desk.put_refusal_on_record(plan, error, actor, now))
}

/// Opens a plan without holding the Desk. Where its list is gone, the reason says more than the missing file.
fn open_plan(desk: &SharedDesk, plan: &PlanId, now: Instant) -> Result<Plan, DeskError> {
    let error = match PlanDirs::of(&desk.install().state).open(plan) {
        Err(error @ PlanError::Erased { .. }) => error,
        opened => return Ok(opened?),
    };
    let mut desk = desk.lock()?;
    let decision = desk.store.decision(plan)?;
    let file = desk.plans.manifest(plan)?;
    let began = decision.as_ref().map_or(file.made_at, |decision| decision.at);
    Err(match desk.state_of(&file, decision.as_ref(), now)? {
        // Its list can be gone before its time is over.
        PlanState::Expired if now - began <= STANDS => error.into(),
        state @ (PlanState::Executed | PlanState::Rejected | PlanState::Expired) => {
            why_not(state, &file, decision.is_some()).into()
        }
        _ => error.into(),
    })
}

impl Desk {
    fn reopen(&mut self, plan: Plan, now: Instant) -> Result<ApprovedPlan, DeskError> {
        let id = plan.id().clone();
        let decision = self.store.decision(&id)?;
        let state = self.state_of(plan.file(), decision.as_ref(), now)?;
        if !matches!(state, PlanState::Approved | PlanState::Started) {
            return Err(why_not(state, plan.file(), decision.is_some()).into());
        }
        let decision = decision.ok_or_else(|| ApprovalError::Pending { plan: id.clone() })?;
        self.check_holds(now)?;
        self.check_unchanged(&id, plan.manifest(), now, Reader::open)?;
        let except = self.store.exceptions(&id)?;
        Ok(ApprovedPlan::reopen(plan, decision, except, now)?)
    }

    /// `left_out`: what `terms.except` takes out under each rule.
    fn approve(
        &mut self,
        plan: Plan,
        terms: Terms,
        left_out: &[LeftOut],
        actor: &Actor,
        now: Instant,
    ) -> Result<ApprovedPlan, DeskError> {
        let id = plan.id().clone();
        let decision = self.store.decision(&id)?;
        let state = self.state_of(plan.file(), decision.as_ref(), now)?;
        if state != PlanState::Pending {
            return Err(why_not(state, plan.file(), false).into());
        }
        behind::look(self)?;
        self.check_holds(now)?;
        self.check_unchanged(&id, plan.manifest(), now, Reader::open_to_look)?;
        let install = self.install.clone();
        for planned in &plan.manifest().calendars {
            let calendar = install.calendars.iter().find(|calendar| calendar.digest == planned.digest);
            if let Some(calendar) = calendar {
                self.chronicle()?.history().declared.admits(calendar, now).map_err(PlanError::from)?;
            }
        }
        let measure =
            Measure { history: self.chronicle()?.history(), limits: &install.limits, guesses: &install.guesses };
        let only = terms.only.clone();
        let going = Going { only: &only, left_out };
        let tripped = tripped(plan.manifest(), going, measure);
        let except = terms.except.clone();
        let approved = approve(plan, terms, &tripped, actor, now)?;
        let leaf = approval_leaf(&approved, going);
        // Whoever leaves everything out has approved nothing, and no entry may say otherwise.
        if leaf.governed.is_empty() {
            return Err(ApprovalError::NothingGoes { plan: id }.into());
        }
        let leaf = Leaf { at: now.timestamp(), body: Body::Approval(leaf) };
        if encode(&leaf).is_err() {
            return Err(ApprovalError::TooLong { plan: id }.into());
        }
        self.store.decide(approved.decision(), &except)?;
        self.record(leaf.body, now)?;
        Ok(approved)
    }

    /// Guard rails that refuse are leaves of the log; other refusals (too early, too late, done already) are not.
    fn put_refusal_on_record(&mut self, plan: &PlanId, error: DeskError, actor: &Actor, now: Instant) -> DeskError {
        let reasons: Vec<String> = match &error {
            DeskError::Approval(ApprovalError::Rails { tripped, .. }) => {
                let rails: BTreeSet<Rail> = tripped.iter().map(|tripped| tripped.rail).collect();
                rails.into_iter().map(|rail| rail.name().to_owned()).collect()
            }
            DeskError::Approval(ApprovalError::Changed { .. } | ApprovalError::OtherDigest { .. })
            | DeskError::Plan(PlanError::Altered { .. } | PlanError::NotInForce { .. }) => {
                vec![error.code().to_owned()]
            }
            _ => return error,
        };
        if let Err(unrecorded) = self.refuse(Some(plan), actor, reasons, now) {
            tracing::error!(error = %unrecorded, "a refusal could not be put on record");
        }
        error
    }

    /// Rejects a plan, puts that on record and erases its list.
    pub(in crate::disposition) fn reject(
        &mut self,
        plan: &PlanId,
        reason: &str,
        actor: &Actor,
        now: Instant,
    ) -> Result<(), DeskError> {
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

    /// What has changed, so that a plan can be neither approved nor executed any more. A database that cannot be read
    /// now says nothing about that.
    ///
    /// # Errors
    /// There is no such plan, or its manifest was altered.
    pub fn outdated(&self, plan: &PlanId, now: Instant) -> Result<Option<String>, DeskError> {
        let file = self.plans.manifest(plan)?;
        let unchanged = self.check_unchanged(plan, &file.manifest, now, Reader::open_to_look);
        Ok(unchanged.err().and_then(|error| error.what_changed()))
    }

    fn check_holds(&self, now: Instant) -> Result<(), DeskError> {
        Ok(self.holds.keep_their_meaning(&self.install, now).map_err(PlanError::from)?)
    }

    fn check_unchanged(&self, plan: &PlanId, manifest: &Manifest, now: Instant, open: Open) -> Result<(), DeskError> {
        let keyed = |digest: &Digest| self.log.keyed_digest(&digest.to_string());
        match changed(&self.install, manifest, &keyed, now, open)? {
            None => Ok(()),
            Some(what) => Err(ApprovalError::Changed { plan: plan.clone(), what }.into()),
        }
    }
}

fn approval_leaf(approved: &ApprovedPlan, going: Going<'_>) -> Approval {
    let decision = approved.decision();
    let manifest = approved.manifest();
    // A series of which nothing goes tripped no rail, so nobody answered for its rules: they stay new.
    let goes = |series: &SeriesName| going.under(manifest, series).next().is_some();
    let governed = manifest
        .series
        .iter()
        .filter(|series| goes(&series.series))
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

/// What a person leaves out of a plan.
#[derive(Default)]
struct Exceptions {
    records: HashSet<Fingerprint>,
    /// How many that are, under each rule of the manifest.
    left_out: Vec<LeftOut>,
}

impl Exceptions {
    /// Finds these records on the plan's list. Of rules that are not approved (`only`; empty: all are) there is nothing
    /// to leave out.
    ///
    /// # Errors
    /// Records that are not on it; a list that cannot be read.
    fn find(plan: &Plan, wanted: &HashSet<NamedRecord>, only: &[RuleNumber]) -> Result<Self, DeskError> {
        let manifest = plan.manifest();
        let mut found = Self { records: HashSet::new(), left_out: vec![LeftOut::default(); manifest.rules.len()] };
        if wanted.is_empty() {
            return Ok(found);
        }
        let mut met = HashSet::new();
        let approvals: Vec<_> = manifest.rules.iter().map(|rule| manifest.approval_of(rule)).collect();
        plan.body().visit(&mut |item| {
            let Some(of) = manifest.series.get(item.series) else { return };
            let record = NamedRecord { series: of.series.clone(), key: key_text(&item.key) };
            if !wanted.contains(&record) || !met.insert(item.fingerprint) {
                return;
            }
            let is_approved = |rule: &PlannedRule| only.is_empty() || only.contains(&rule.rule);
            if !manifest.rules.get(item.rule).is_some_and(is_approved) {
                return;
            }
            found.records.insert(item.fingerprint);
            if let (Some(left_out), Some(approval)) = (found.left_out.get_mut(item.rule), approvals.get(item.rule)) {
                left_out.records += 1;
                left_out.back += u64::from(item.is_back);
                left_out.backlog += u64::from(approval.is_some_and(|approval| item.due_from < approval));
            }
        })?;
        match wanted.len().saturating_sub(met.len()) {
            0 => Ok(found),
            missing => Err(DeskError::NotOnPlan { missing }),
        }
    }
}
