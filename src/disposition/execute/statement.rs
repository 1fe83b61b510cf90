//! What a run did, in a statement that adds up.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::close::NO_LEVEL;
use super::left::Late;
use super::spool::SpooledFile;
use crate::audit::leaf::{Action, RecordOutcome, RunCounts};
use crate::model::{PartName, PlanId, RunId, SourceName};
use crate::records::sqlite::Disposed;

/// The statement of one run: planned = destroyed + anonymized + held + blocked + drifted + deferred + incomplete +
/// failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    pub run: RunId,
    pub plan: PlanId,
    #[serde(flatten)]
    pub counts: RunCounts,
    /// What runs before this one had settled of the plan and could not tell, because they were interrupted; recovery
    /// may have ended the last batch. Not among `counts`; `planned` is their sum.
    pub interrupted: Interrupted,
    /// Rows gone or changed, of all tables.
    pub rows: u64,
    /// Rows that live on without their owner, or with another one.
    pub detached: u64,
    /// Rows that triggers which the mapping names changed besides.
    pub triggered: u64,
    /// Files unlinked.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files that rows named and that were not there, of records that went: the mapping lets them be gone.
    pub missing: u64,
    /// Files that earlier runs had left and that went now; not among `files`.
    pub late: u64,
    /// Files of earlier runs that should be gone, were tried again, and are not.
    pub left: u64,
    /// The sanitization level that was verified in every source; `none` where triggers may have copied what went, or
    /// nothing went.
    pub level: String,
    /// Whether the run went through its plan.
    pub finished: bool,
    /// Why records failed or were put off, or files are left, and how many: never which.
    pub reasons: BTreeMap<String, u64>,
}

impl Statement {
    /// Of a run that went through its plan before and had no record left to do.
    pub(super) fn nothing_more(run: RunId, plan: PlanId) -> Self {
        Self {
            run,
            plan,
            counts: RunCounts::default(),
            interrupted: Interrupted::default(),
            rows: 0,
            detached: 0,
            triggered: 0,
            files: 0,
            bytes: 0,
            missing: 0,
            late: 0,
            left: 0,
            level: NO_LEVEL.to_owned(),
            finished: true,
            reasons: BTreeMap::new(),
        }
    }

    /// Whether some record is neither gone nor kept for good reason, in this run or in an interrupted one that nobody
    /// was told of.
    pub fn is_partial(&self) -> bool {
        let RunCounts { deferred, incomplete, failed, .. } = self.counts;
        deferred + incomplete + failed + self.interrupted.counts.incomplete + self.interrupted.counts.failed > 0
    }
}

/// What interrupted runs had settled, as the outcomes of their batches tell. No level is among it: that is put on
/// record at the end of a run, which they did not reach.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interrupted {
    #[serde(flatten)]
    pub counts: RunCounts,
    /// See [`Statement::rows`], [`Statement::files`], [`Statement::bytes`].
    pub rows: u64,
    pub files: u64,
    pub bytes: u64,
}

/// Counts while a run goes on.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub counts: RunCounts,
    /// See [`Statement::interrupted`].
    pub interrupted: Interrupted,
    pub rows: u64,
    pub detached: u64,
    pub triggered: u64,
    pub files: u64,
    pub bytes: u64,
    /// See [`Statement::missing`].
    pub missing: u64,
    /// What became of the files that earlier runs had left.
    pub late: Late,
    pub reasons: BTreeMap<String, u64>,
    /// Sources of which records were destroyed or anonymized, and which of the two.
    pub disposed_in: BTreeMap<SourceName, BTreeSet<Action>>,
    /// Sources in which triggers may copy what goes, in this run or in one before that it goes on with.
    pub copied_in: BTreeSet<SourceName>,
}

/// Rows that one transaction changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Changes {
    /// Gone or masked, per table.
    pub rows: BTreeMap<String, u64>,
    /// Living on without their owner, or with another one.
    pub detached: u64,
    /// Changed besides by triggers that the mapping names.
    pub triggered: u64,
}

impl Changes {
    /// Counts what was disposed of.
    pub fn add(&mut self, disposed: &Disposed) {
        for (table, count) in &disposed.rows {
            *self.rows.entry(table.clone()).or_default() += count;
        }
        self.detached += disposed.detached.values().sum::<u64>();
        self.triggered += disposed.triggered;
    }
}

/// What one batch did.
#[derive(Debug, Default)]
pub(super) struct BatchResult {
    /// In the order of the batch's records.
    pub outcomes: Vec<RecordOutcome>,
    pub changes: Changes,
    pub files: BTreeMap<PartName, u64>,
    pub bytes: u64,
    /// See [`Statement::missing`].
    pub missing: u64,
    /// Files that should be gone and are not.
    pub left: Vec<SpooledFile>,
    pub reasons: Vec<String>,
    /// Places of records that were announced and of which more is to say than what became of them, with their reasons,
    /// which stand in `reasons` too.
    pub stayed: Vec<(usize, &'static str)>,
}

impl BatchResult {
    /// Tells why the record at this place stays.
    pub fn explain(&mut self, place: usize, reason: &'static str) {
        self.reasons.push(reason.to_owned());
        self.stayed.push((place, reason));
    }
}

impl Tally {
    /// Counts one record.
    pub fn count(&mut self, outcome: RecordOutcome) {
        self.count_many(outcome, 1);
    }

    /// Counts several records that went the same way.
    pub fn count_many(&mut self, outcome: RecordOutcome, records: u64) {
        *self.counts.of(outcome) += records;
    }

    /// Counts a batch of a source.
    pub fn add(&mut self, source: &SourceName, result: &BatchResult) {
        let actions: BTreeSet<Action> = result.outcomes.iter().filter_map(|outcome| outcome.disposed_by()).collect();
        if !actions.is_empty() {
            self.disposed_in.entry(source.clone()).or_default().extend(actions);
        }
        result.outcomes.iter().for_each(|outcome| self.count(*outcome));
        self.rows += result.changes.rows.values().sum::<u64>();
        self.detached += result.changes.detached;
        self.triggered += result.changes.triggered;
        self.files += result.files.values().sum::<u64>();
        self.bytes += result.bytes;
        self.missing += result.missing;
        result.reasons.iter().for_each(|reason| self.explain(reason, 1));
    }

    /// Notes why records were not disposed of.
    pub fn explain(&mut self, reason: &str, records: u64) {
        *self.reasons.entry(reason.to_owned()).or_default() += records;
    }

    /// Records accounted for so far.
    pub fn accounted(&self) -> u64 {
        self.counts.accounted().unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_is_counted_once() {
        let mut tally = Tally::default();
        RecordOutcome::ALL.into_iter().for_each(|outcome| tally.count(outcome));
        let counts = tally.counts;
        assert_eq!(tally.accounted(), RecordOutcome::ALL.len() as u64);
        assert_eq!((counts.destroyed, counts.held, counts.failed), (1, 1, 1));
    }
}
