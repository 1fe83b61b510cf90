//! What the log says of holds, approvals, runs and restored databases: the history that rails and the desk look at.
//!
//! Pure fold over leaves. The log is the truth; our private database only adds what may not stand in the log.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use super::rails::{History, Rail};
use crate::audit::leaf::{Body, Correction, HoldAction, HoldLeaf, MappingLeaf};
use crate::audit::{Brief, ENDED, Entries, LogError, Marks};
use crate::model::{BatchNumber, Digest, HoldId, Origin, PlanId, RuleNumber, RunId, SeriesName, SourceName};

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
    /// The plan whose approval bound each series last.
    bound_by: BTreeMap<SeriesName, PlanId>,
    started: BTreeSet<PlanId>,
    finished: BTreeMap<PlanId, RunId>,
    history: History,
    calendars: BTreeSet<Digest>,
    /// Series, source and digest of each mapping declared.
    mappings: BTreeSet<(SeriesName, SourceName, Digest)>,
    /// Batches announced and without outcome, with their sources.
    announced: BTreeMap<BatchNumber, SourceName>,
    /// The last committed batch of each source: its fence row must stand.
    fences: BTreeMap<SourceName, BatchNumber>,
    /// By which row each source's own database is known, also while it waits for a person.
    rows: BTreeMap<SourceName, LastRow>,
    /// Batches whose fence row says something else than their log: this one, or an earlier one.
    altered: BTreeSet<(Option<Origin>, BatchNumber)>,
    /// What was found wrong with each restored source, in order.
    found: BTreeMap<SourceName, Vec<Correction>>,
    /// Sources that the log says anything of: the last batch that was committed there, or that it was restored, or let
    /// go on.
    told: BTreeSet<SourceName>,
    /// Records whose files are tried no more, by the batch that had left them: one of this log, or of an earlier one.
    ended: BTreeMap<(Option<Origin>, BatchNumber), Vec<Marks>>,
    /// Restored sources and the plans whose approval, after that was on record, lets them go on.
    answered: BTreeSet<(SourceName, PlanId)>,
}

/// The row that a source's own database bears, and no copy from before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastRow {
    /// That of the last committed batch.
    Of(BatchNumber),
    /// None: a person let the source go on as it was, and no batch was committed there since.
    LetGo,
}

/// Words of a `correction` leaf.
pub(super) mod correction {
    /// Our table is gone, and no destroyed record is back: somebody dropped it, or put another database in this one's
    /// place.
    pub const TABLE_DROPPED: &str = "fence_table_dropped";
    /// The fence row is gone; no destroyed record is back.
    pub const MISSING_FENCE: &str = "missing_fence";
    /// The fence row is not as we wrote it; what became of its records was read from the records themselves. Or it is,
    /// and says that a batch was committed of which the log says that it was not.
    pub const ALTERED_FENCE: &str = "altered_fence";
    /// Destroyed records are back.
    pub const RESURRECTED: &str = "resurrected";
    /// A person lets a restored source go on.
    pub const LIFTED: &str = "lifted";
    /// Files left behind by an earlier batch are gone now.
    pub const COMPLETED: &str = "completed";
    /// A person answers for files left behind by an earlier batch; the program tries them no more.
    pub const RELEASED: &str = "released";
    /// A person answers for a clock that lies behind the log's last entry; it concerns no source.
    pub const CLOCK: &str = "clock";
}

impl Chronicle {
    /// Takes in the leaves not yet seen.
    ///
    /// # Errors
    /// A log that cannot be read.
    pub fn read(&mut self, log: &impl Entries) -> Result<(), LogError> {
        log.scan_brief(self.seen, &mut |index, brief| self.take(index, brief))
    }

    fn take(&mut self, index: u64, brief: Brief) -> ControlFlow<()> {
        self.seen = self.seen.max(index + 1);
        match brief {
            Brief::Intent { batch, plan, source, .. } => self.note_intent(batch, &plan, &source),
            Brief::Outcome { batch, committed } => self.note_outcome(batch, committed),
            Brief::Whole(leaf) => self.note(index, &leaf.body),
        }
        ControlFlow::Continue(())
    }

    fn note_intent(&mut self, batch: BatchNumber, plan: &PlanId, source: &SourceName) {
        if !self.started.contains(plan) {
            self.started.insert(plan.clone());
        }
        self.announced.insert(batch, source.clone());
    }

    fn note_outcome(&mut self, batch: BatchNumber, committed: bool) {
        if let Some(source) = self.announced.remove(&batch).filter(|_| committed) {
            self.told.insert(source.clone());
            self.rows.insert(source.clone(), LastRow::Of(batch));
            self.fences.insert(source, batch);
        }
    }

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
                for (series, governed) in &approval.governed {
                    self.history.approved.insert(series.clone(), governed.clone());
                    self.history.taken_back.remove(series);
                    self.bound_by.insert(series.clone(), approval.plan.clone());
                }
                if approval.accepted.iter().any(|rail| rail == Rail::Restored.name()) {
                    let sources = self.history.restored.iter().cloned();
                    self.answered.extend(sources.map(|source| (source, approval.plan.clone())));
                }
            }
            Body::Rejection(rejection) => {
                self.rejections.insert(rejection.plan.clone(), rejection.digest);
                self.history.done.insert(rejection.plan.clone());
                self.take_back(&rejection.plan);
            }
            Body::Intent(intent) => self.note_intent(intent.batch, &intent.plan, &intent.source),
            Body::Outcome(outcome) => self.note_outcome(outcome.batch, outcome.committed),
            Body::Calendar(leaf) => {
                self.calendars.insert(leaf.digest);
                self.history.declared.note(leaf);
            }
            Body::Mapping(leaf) => {
                self.mappings.insert(mapping_name(leaf));
            }
            Body::Run(run) if run.finished => {
                self.finished.insert(run.plan.clone(), run.run.clone());
                self.history.done.insert(run.plan.clone());
                for (rule, counts) in run.verdicts.iter().filter(|(_, counts)| counts.due > 0) {
                    self.remember_run(rule, counts.due);
                }
            }
            Body::Correction(correction) => self.note_correction(correction),
            _ => {}
        }
    }

    /// Whoever rejects a plan says no to what its approval allowed of later plans, too.
    fn take_back(&mut self, plan: &PlanId) {
        for (series, _) in self.bound_by.extract_if(.., |_, by| by == plan) {
            self.history.approved.remove(&series);
            self.history.taken_back.insert(series);
        }
    }

    fn note_correction(&mut self, correction: &Correction) {
        let source = &correction.source;
        let own = correction.batch.map(|batch| (None, batch));
        let earlier = || correction.earlier.clone().map(|earlier| (Some(earlier.origin), earlier.batch));
        let batch = own.or_else(earlier);
        match correction.what.as_str() {
            correction::COMPLETED | correction::RELEASED => {
                if let Some(batch) = batch {
                    let ended = correction.ended.as_deref().and_then(|ended| ENDED.read(ended));
                    self.ended.entry(batch).or_default().extend(ended);
                }
                return;
            }
            correction::CLOCK => return,
            correction::LIFTED => {
                self.history.restored.remove(source);
                self.found.remove(source);
                self.rows.insert(source.clone(), LastRow::LetGo);
            }
            // Whatever else a later version may find wrong with a source waits for a person too.
            what => {
                self.altered.extend(batch.filter(|_| what == correction::ALTERED_FENCE));
                self.history.restored.insert(source.clone());
                self.found.entry(source.clone()).or_default().push(correction.clone());
                // The same list, approved before, can be decided on anew only under a name of its own.
                self.history.done.extend(self.approvals.keys().cloned());
            }
        }
        self.told.insert(source.clone());
        self.fences.remove(source);
        // A person answered for what was on record then, not for what is found after.
        self.answered.retain(|(answered, _)| answered != source);
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

    /// Which records of a batch, of this log or of the earlier one named, had files left of which the log says that
    /// they are gone since, or released.
    pub fn ended(&self, log: Option<&Origin>, batch: BatchNumber) -> impl Fn(usize) -> bool + '_ {
        let lists = self.ended.get(&(log.cloned(), batch)).map_or(&[][..], Vec::as_slice);
        move |record| lists.iter().any(|list| list.is_marked(record as u64) == Some(true))
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

    /// Whether the log has the text of this calendar.
    pub fn has_calendar(&self, digest: &Digest) -> bool {
        self.calendars.contains(digest)
    }

    /// Whether the log has this mapping.
    pub fn has_mapping(&self, leaf: &MappingLeaf) -> bool {
        self.mappings.contains(&mapping_name(leaf))
    }

    /// Whether a source waits for a person since its database was restored.
    pub fn is_restored(&self, source: &SourceName) -> bool {
        self.history.restored.contains(source)
    }

    /// What was found wrong with a source that waits for a person.
    pub fn found_wrong(&self, source: &SourceName) -> &[Correction] {
        self.found.get(source).map_or(&[], Vec::as_slice)
    }

    /// Whether the log says of this batch, its own or that of the earlier log named, that its fence row says something
    /// else.
    pub fn is_altered(&self, log: Option<&Origin>, batch: BatchNumber) -> bool {
        self.altered.contains(&(log.cloned(), batch))
    }

    /// Whether the log says which batch was the last of a source, or that its database was restored: what an earlier
    /// log says counts no more.
    pub fn tells_of(&self, source: &SourceName) -> bool {
        self.told.contains(source)
    }

    /// Whether a person who approved the plan let this source go on, restored as it is now.
    pub fn is_answered(&self, source: &SourceName, plan: &PlanId) -> bool {
        self.answered.contains(&(source.clone(), plan.clone()))
    }

    /// The last committed batch of each source: its fence row must stand in the source's database.
    pub fn expected_fences(&self) -> &BTreeMap<SourceName, BatchNumber> {
        &self.fences
    }

    /// By which row a source's own database is known, whatever was found wrong with the one at its place.
    pub fn last_row(&self, source: &SourceName) -> Option<LastRow> {
        self.rows.get(source).copied()
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
fn mapping_name(leaf: &MappingLeaf) -> (SeriesName, SourceName, Digest) {
    (leaf.series.clone(), leaf.source.clone(), leaf.digest)
}

#[cfg(test)]
mod tests;
