//! Runs: each of one plan, told once, at its end, and none disposes of one record twice.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::batches::Disposed;
use super::flaw::{Findings, Flaw};
use crate::audit::leaf::{Intent, Run};
use crate::model::{PlanId, RunId};

/// Most names that are remembered of one run (about 10 MB); of those beyond, a repetition goes unseen.
const NAMES_KEPT: usize = 900_000;

/// Longest time, in seconds, by which a clock may have been set back while a run was under way.
const CLOCK_TOLERANCE: i64 = 300;

/// Runs so far.
#[derive(Debug, Default)]
pub(super) struct Runs {
    open: BTreeMap<RunId, OpenRun>,
    closed: BTreeSet<RunId>,
    gone: Gone,
}

#[derive(Debug)]
struct OpenRun {
    plan: PlanId,
    pending: u64,
    disposed: Disposed,
}

/// The beginnings of the fingerprints that the run at hand disposed of. Across runs they would say nothing: a database may give the key
/// of a record that is gone to a new one.
#[derive(Debug, Default)]
struct Gone {
    run: Option<RunId>,
    names: HashSet<u64>,
}

impl Runs {
    /// Takes up an intent.
    pub fn read_intent(&mut self, index: u64, intent: &Intent, findings: &mut Findings) {
        if self.closed.contains(&intent.run) {
            findings.at(index, Flaw::RunClosed { run: intent.run.clone() });
        }
        if !self.open.contains_key(&intent.run) {
            let run = OpenRun { plan: intent.plan.clone(), pending: 0, disposed: Disposed::default() };
            self.open.insert(intent.run.clone(), run);
        }
        if let Some(run) = self.open.get_mut(&intent.run) {
            run.pending += 1;
            if run.plan != intent.plan {
                findings.at(index, Flaw::RunPlan { run: intent.run.clone() });
            }
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

    /// What an outcome of the run disposed of.
    pub fn add(&mut self, run: &RunId, disposed: &Disposed) {
        if let Some(run) = self.open.get_mut(run) {
            run.disposed.add(disposed);
        }
    }

    /// How many of these records the run had disposed of before.
    pub fn repeated(&mut self, run: &RunId, names: impl Iterator<Item = u64>) -> u64 {
        if self.gone.run.as_ref() != Some(run) {
            self.gone = Gone { run: Some(run.clone()), names: HashSet::new() };
        }
        let known = &mut self.gone.names;
        let is_known = |name: &u64| if known.len() < NAMES_KEPT { !known.insert(*name) } else { known.contains(name) };
        names.filter(is_known).count() as u64
    }

    /// The database may have been put back: what was gone can go again.
    pub fn forget_gone(&mut self) {
        self.gone = Gone::default();
    }

    /// What the outcomes of a run say that it disposed of; its statement must be the only one, and follow from its intents.
    pub fn close(&mut self, index: u64, at: i64, stated: &Run, findings: &mut Findings) -> Disposed {
        let run = || stated.run.clone();
        if !self.closed.insert(run()) {
            findings.at(index, Flaw::RunClosed { run: run() });
        }
        if stated.started > at.saturating_add(CLOCK_TOLERANCE) {
            findings.at(index, Flaw::RunStart { run: run() });
        }
        let Some(logged) = self.open.remove(&stated.run) else { return Disposed::default() };
        if logged.plan != stated.plan {
            findings.at(index, Flaw::RunPlan { run: run() });
        }
        if stated.finished && logged.pending > 0 {
            findings.at(index, Flaw::RunPending { run: run(), pending: logged.pending });
        }
        logged.disposed
    }
}
