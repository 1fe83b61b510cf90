//! Runs: each of one plan, told once, at its end, by a statement that follows from its outcomes and its plan's
//! approval.

use std::collections::{BTreeMap, BTreeSet};

use super::effects::Disposed;
use super::findings::Findings;
use super::flaw::Flaw;
use super::plans::Plans;
use crate::audit::checkpoint::decimal;
use crate::audit::leaf::{Intent, Run, VerdictCounts};
use crate::model::{PlanId, RuleNumber, RunId, SourceName};

/// Longest time, in seconds, by which a clock may have been set back while a run was under way.
const CLOCK_TOLERANCE: i64 = 300;

/// Runs so far, and how far they brought their plans.
#[derive(Debug, Default)]
pub(super) struct Runs {
    open: BTreeMap<RunId, OpenRun>,
    closed: BTreeSet<RunId>,
    /// Sources of the records that each run announced.
    sources: BTreeMap<RunId, BTreeSet<SourceName>>,
    plans: BTreeMap<PlanId, Progress>,
}

#[derive(Debug)]
struct OpenRun {
    plan: PlanId,
    /// When its first intent was written.
    began: i64,
    pending: u64,
    disposed: Disposed,
}

/// What all runs of a plan together did.
#[derive(Debug, Default)]
struct Progress {
    /// Records with a final outcome, by rule: a later run of the plan leaves them out.
    settled: BTreeMap<RuleNumber, u64>,
    /// What the first statement said that the plan had found.
    found: Option<BTreeMap<RuleNumber, VerdictCounts>>,
    is_done: bool,
}

impl Runs {
    /// Takes up an intent.
    pub fn read_intent(&mut self, index: u64, at: i64, intent: &Intent, findings: &mut Findings) {
        if self.closed.contains(&intent.run) {
            findings.at(index, Flaw::RunClosed { run: intent.run.clone() });
        }
        if !self.open.contains_key(&intent.run) {
            self.begin(index, at, &intent.run, &intent.plan, findings);
        }
        if !self.is_of(&intent.run, &intent.source) {
            self.sources.entry(intent.run.clone()).or_default().insert(intent.source.clone());
        }
        if let Some(run) = self.open.get_mut(&intent.run) {
            run.pending += 1;
            if run.plan != intent.plan {
                findings.at(index, Flaw::RunPlan { run: intent.run.clone() });
            }
        }
    }

    fn begin(&mut self, index: u64, at: i64, run: &RunId, plan: &PlanId, findings: &mut Findings) {
        let open = OpenRun { plan: plan.clone(), began: at, pending: 0, disposed: Disposed::default() };
        self.open.insert(run.clone(), open);
        check_name(index, run, plan, findings);
        if self.plans.entry(plan.clone()).or_default().is_done {
            findings.at(index, Flaw::PlanDone { plan: plan.clone() });
        }
    }

    /// An intent of the run got its outcome.
    pub fn settle(&mut self, index: u64, run: &RunId, findings: &mut Findings) {
        if self.closed.contains(run) {
            findings.at(index, Flaw::RunClosed { run: run.clone() });
        }
        if let Some(run) = self.open.get_mut(run) {
            run.pending = run.pending.saturating_sub(1);
        }
    }

    /// What an outcome of the run disposed of, under this rule.
    pub fn add(&mut self, run: &RunId, rule: &RuleNumber, disposed: &Disposed) {
        let Some(run) = self.open.get_mut(run) else { return };
        run.disposed.add(disposed);
        let Some(plan) = self.plans.get_mut(&run.plan) else { return };
        match plan.settled.get_mut(rule) {
            Some(settled) => *settled += disposed.settled(),
            None => drop(plan.settled.insert(rule.clone(), disposed.settled())),
        }
    }

    /// Whether entries of this run stand before.
    pub fn knows(&self, run: &RunId) -> bool {
        self.open.contains_key(run) || self.closed.contains(run)
    }

    /// Whether the run announced records of this source.
    pub fn is_of(&self, run: &RunId, source: &SourceName) -> bool {
        self.sources.get(run).is_some_and(|sources| sources.contains(source))
    }

    /// Runs that no statement ended: interrupted, or still under way.
    pub fn unclosed(&self) -> u64 {
        self.open.len() as u64
    }

    /// Takes up the statement that ends a run.
    pub fn close(&mut self, index: u64, at: i64, stated: &Run, plans: &Plans, findings: &mut Findings) {
        let run = || stated.run.clone();
        if !self.closed.insert(run()) {
            findings.at(index, Flaw::RunClosed { run: run() });
        }
        if !self.open.contains_key(&stated.run) {
            self.begin(index, at, &stated.run, &stated.plan, findings);
        }
        let Some(logged) = self.open.remove(&stated.run) else { return };
        if logged.plan != stated.plan {
            findings.at(index, Flaw::RunPlan { run: run() });
        }
        if stated.finished && logged.pending > 0 {
            findings.at(index, Flaw::RunPending { run: run(), pending: logged.pending });
        }
        if stated.finished != (stated.counts.deferred == 0) {
            findings.at(index, Flaw::RunEnd { run: run() });
        }
        let approved = plans.approved_at(&stated.plan).unwrap_or(i64::MIN);
        let earliest = approved.saturating_sub(CLOCK_TOLERANCE);
        if stated.started < earliest || stated.started > logged.began.min(at).saturating_add(CLOCK_TOLERANCE) {
            findings.at(index, Flaw::RunStart { run: run() });
        }
        check_sums(index, stated, findings);
        check_outcomes(index, stated, &logged.disposed, findings);
        self.check_plan(index, stated, &logged.disposed, plans, findings);
    }

    /// The statement must follow from what the plan found and what was approved of it.
    fn check_plan(&mut self, index: u64, stated: &Run, own: &Disposed, plans: &Plans, findings: &mut Findings) {
        let Some(plan) = self.plans.get_mut(&stated.plan) else { return };
        plan.is_done |= stated.finished;
        if *plan.found.get_or_insert_with(|| stated.verdicts.clone()) != stated.verdicts {
            findings.at(index, Flaw::PlanChanged { plan: stated.plan.clone() });
        }
        for (rule, settled) in &plan.settled {
            let due = stated.verdicts.get(rule).map_or(0, |verdicts| verdicts.due);
            if due < *settled {
                findings
                    .at(index, Flaw::RunDue { run: stated.run.clone(), rule: rule.clone(), due, settled: *settled });
            }
        }
        let settled_before = plan.settled.values().sum::<u64>().saturating_sub(own.settled());
        match plans.planned(&stated.plan, &stated.verdicts) {
            None => findings.at(index, Flaw::NotApproved { plan: stated.plan.clone() }),
            Some(approved) => {
                let planned = stated.counts.planned.saturating_add(settled_before);
                if !approved.contains(&planned) {
                    let (run, stated) = (stated.run.clone(), stated.counts.planned);
                    findings.at(index, Flaw::RunPlanned { run, stated, settled: settled_before });
                }
            }
        }
    }
}

/// A run's name is its plan's and the log's size when it began.
fn check_name(index: u64, run: &RunId, plan: &PlanId, findings: &mut Findings) {
    let size = run.as_str().strip_prefix(plan.as_str()).and_then(|rest| rest.strip_prefix('-'));
    if size.and_then(decimal).is_none_or(|size| size > index) {
        findings.at(index, Flaw::RunName { run: run.clone() });
    }
}

/// The two sums that a statement must satisfy by itself.
fn check_sums(index: u64, run: &Run, findings: &mut Findings) {
    let accounted = run.counts.accounted();
    if accounted != Some(run.counts.planned) {
        let (planned, accounted) = (run.counts.planned, accounted.unwrap_or(u64::MAX));
        findings.at(index, Flaw::RunSum { run: run.run.clone(), planned, accounted });
    }
    for (rule, verdicts) in &run.verdicts {
        let counted = verdicts.counted();
        if counted != Some(verdicts.rows) {
            let (rows, counted) = (verdicts.rows, counted.unwrap_or(u64::MAX));
            findings.at(index, Flaw::VerdictSum { rule: rule.clone(), rows, counted });
        }
    }
}

/// What the outcomes in the log allow the run to state. Records that were put off, or failed before they were
/// announced, have none.
fn check_outcomes(index: u64, run: &Run, logged: &Disposed, findings: &mut Findings) {
    let (stated, of) = (&run.counts, &logged.records);
    let mut differs = |what, stated, logged| {
        findings.at(index, Flaw::RunDiffers { run: run.run.clone(), what, stated, logged });
    };
    for (what, stated, logged) in [
        ("records destroyed", stated.destroyed, of.destroyed),
        ("records anonymized", stated.anonymized, of.anonymized),
        ("records held", stated.held, of.held),
        ("records blocked", stated.blocked, of.blocked),
        ("records drifted", stated.drifted, of.drifted),
        ("records incomplete", stated.incomplete, of.incomplete),
        ("rows", run.rows, logged.rows),
        ("rows detached", run.detached, logged.detached),
        ("rows that triggers changed", run.triggered, logged.triggered),
        ("files", run.files, logged.files),
        ("bytes", run.bytes, logged.bytes),
    ] {
        if stated != logged {
            differs(what, stated, logged);
        }
    }
    if stated.failed < of.failed {
        differs("records failed", stated.failed, of.failed);
    }
}
