//! Inside the transaction: read the facts again, judge again, dispose of what is still due, and wait for evidence.

use std::time::Duration;

use super::announce::Candidate;
use super::asked;
use super::chunk::PATIENCE;
use super::error::ExecuteError;
use super::note;
use super::statement::Changes;
use super::target::Target;
use crate::audit::leaf::{Action, RecordOutcome};
use crate::audit::{DestructionLog, DurableIntents};
use crate::disposition::company::{Keeping, Unasked};
use crate::disposition::holds::HoldIndex;
use crate::disposition::judge::{BlockedBy, JudgedAt, Verdict, judge};
use crate::model::{DurableEvidence, Instant, RecordKey};
use crate::records::facts::Facts;
use crate::records::sqlite::{CommitError, StoreError, WriteTxn};

/// How long a transaction may ask before it disposes of anything: it keeps the application from writing meanwhile.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// For the facts of its records, by the mapping.
    pub facts: Duration,
    /// For all `--where` holds: a person may write what never ends.
    pub holds: Duration,
}

/// What is too slow for one record alone stops more than that record, so a busy disk must not be taken for it.
const ALONE: Duration = Duration::from_millis(500);

impl Patience {
    /// Of a transaction on so many records that may take `longest`. Asking is what it does beside its work: its
    /// records' facts may take all of its time, the holds a fraction.
    pub fn new(longest: Duration, records: usize) -> Self {
        let least = if records == 1 { ALONE } else { Duration::ZERO };
        Self { facts: longest.max(least), holds: (longest / PATIENCE).max(least) }
    }
}

/// A transaction whose work is done. It ends by [`Disposal::commit`], which asks for the evidence, or is rolled back
/// when dropped.
pub(super) struct Disposal<'w> {
    txn: WriteTxn<'w>,
    /// What becomes of each candidate if the transaction commits.
    pub outcomes: Vec<RecordOutcome>,
    /// What it changed.
    pub changes: Changes,
}

impl Disposal<'_> {
    /// Bytes of the database that the transaction has freed.
    pub fn freed(&self) -> Result<u64, StoreError> {
        self.txn.freed()
    }

    /// Commits, on the evidence that the intents are on stable storage.
    pub fn commit(mut self, evidence: &DurableIntents, log: &DestructionLog) -> Result<(), CommitError> {
        let batch = evidence.batch();
        let fence = self.txn.fence(batch, &note::write(log, batch, &self.outcomes, &self.changes));
        // The outcome of the batch before became durable with this one's intents: its fence has done its work.
        let fenced = fence.and_then(|()| self.txn.forget_fences_before(batch));
        fenced.map_err(CommitError::Refused)?;
        self.txn.commit(evidence)
    }
}

/// Judges the candidates again and disposes of those that are still due exactly as planned: all together, or, where one
/// that goes may change what is judged of the next, one after the other. The holds must not change until the
/// transaction has ended: the caller holds the desk.
///
/// # Errors
/// [`StoreError::CountDiffers`] where a trigger or a cascade did more than was counted, [`StoreError::Interrupted`]
/// where time was over, [`StoreError::TooSlow`] where it was over before one record alone was judged,
/// [`PlanError::Hold`](crate::disposition::plan::PlanError::Hold) where a `--where` hold cannot be asked, or not in
/// time: the transaction is rolled back.
pub(super) fn dispose<'w>(
    mut txn: WriteTxn<'w>,
    target: &Target<'_>,
    candidates: &[Candidate<'_>],
    holds: &HoldIndex,
    now: Instant,
    patience: Patience,
) -> Result<Disposal<'w>, ExecuteError> {
    let series = &target.mapping.series;
    let expressions = holds.expressions(series).iter().map(|(_, expression)| (series, expression.as_str()));
    let expressions = expressions.chain(target.company.expressions(holds));
    let together = if txn.is_looked_around(series, expressions)? { 1 } else { candidates.len().max(1) };
    let is_alone = candidates.len() == 1;
    let judging = Judging { target, holds, now, patience, is_alone };
    let (mut outcomes, mut changes) = (Vec::with_capacity(candidates.len()), Changes::default());
    for candidates in candidates.chunks(together) {
        let judged = judging.outcomes(&mut txn, candidates)?;
        dispose_of(&mut txn, target, candidates, &judged, &mut changes)?;
        outcomes.extend(judged);
    }
    // Time that ended now would undo the whole for the row of the fence.
    txn.lift_limit();
    Ok(Disposal { txn, outcomes, changes })
}

/// What records are judged by.
struct Judging<'j, 't> {
    target: &'j Target<'t>,
    holds: &'j HoldIndex,
    now: Instant,
    patience: Patience,
    /// Whether the transaction is about one record only.
    is_alone: bool,
}

impl Judging<'_, '_> {
    /// What is to become of these candidates.
    fn outcomes(
        &self,
        txn: &mut WriteTxn<'_>,
        candidates: &[Candidate<'_>],
    ) -> Result<Vec<RecordOutcome>, ExecuteError> {
        let Self { target, holds, now, patience, .. } = *self;
        let keys: Vec<RecordKey> = candidates.iter().map(|candidate| candidate.item.key.clone()).collect();
        let facts = txn
            .within(patience.facts, |txn| txn.facts(&target.mapping.series, &keys))
            .map_err(|error| self.slow_alone(error, patience.facts))?;
        let held_by_expression = txn.within(patience.holds, |txn| self.held_by_expression(txn, &keys))?;
        let keeping = self.keeping(txn, candidates, &keys)?;
        let same_files = same_files(txn, target, candidates, &keys)?;
        let outcomes = candidates.iter().zip(&facts).enumerate().map(|(place, (candidate, facts))| {
            let is_held = held_by_expression[place] || keeping[place].is_held();
            let kept = Kept { is_held, by: keeping[place].blocked_now() };
            match facts {
                Some(facts) if same_files[place] => rejudge(target, candidate, facts, holds, kept, now),
                // Its files are not those that were announced.
                Some(_) => RecordOutcome::Drifted,
                None => RecordOutcome::Gone,
            }
        });
        Ok(outcomes.collect())
    }

    /// For each key, whether a `--where` hold of the series keeps it.
    fn held_by_expression(&self, txn: &mut WriteTxn<'_>, keys: &[RecordKey]) -> Result<Vec<bool>, ExecuteError> {
        let series = &self.target.mapping.series;
        let mut held = vec![false; keys.len()];
        for (hold, expression) in self.holds.expressions(series) {
            let matches = txn.within(self.patience.holds, |txn| txn.matches(series, expression, keys));
            let matches = matches.map_err(|error| self.slow_alone(error, self.patience.holds).in_expression());
            let matches = matches.map_err(|error| asked::failed(hold, series, error))?;
            held.iter_mut().zip(matches).for_each(|(held, matches)| *held |= matches);
        }
        Ok(held)
    }

    /// What keeps each record for the sake of another row that would change with it.
    fn keeping(
        &self,
        txn: &mut WriteTxn<'_>,
        candidates: &[Candidate<'_>],
        keys: &[RecordKey],
    ) -> Result<Vec<Keeping>, ExecuteError> {
        let company = &self.target.company;
        let Some(first) = candidates.first().filter(|_| company.may_keep(self.holds)) else {
            return Ok(vec![Keeping::default(); keys.len()]);
        };
        // All of a batch have the same action.
        txn.within(self.patience.facts, |txn| {
            let keeping = company.keeping(self.holds, first.item.action, JudgedAt::now(self.now), keys, txn);
            keeping.map_err(|Unasked { hold, series, source }| {
                let source = self.slow_alone(*source, self.patience.facts);
                match hold {
                    Some(hold) => asked::failed(&hold, &series, source.in_expression()),
                    None => source.into(),
                }
            })
        })
    }

    /// What does not answer in time about one record alone is too slow for any transaction; what does not about many is
    /// asked of fewer.
    fn slow_alone(&self, error: StoreError, longest: Duration) -> StoreError {
        match error {
            StoreError::Interrupted { database } if self.is_alone => StoreError::TooSlow { database, longest },
            error => error,
        }
    }
}

/// What keeps a record that neither its facts nor the other holds tell of.
struct Kept {
    /// By a `--where` hold, or by a hold on a row that would change with it.
    is_held: bool,
    by: Option<BlockedBy>,
}

/// Any difference from the plan keeps the record; so do a hold, a blocker, a date that has not come, and that the log
/// says it went since.
fn rejudge(
    target: &Target<'_>,
    candidate: &Candidate<'_>,
    facts: &Facts,
    holds: &HoldIndex,
    kept: Kept,
    now: Instant,
) -> RecordOutcome {
    let item = candidate.item;
    let rules = target.governing.rules().map(|rule| &rule.number);
    let held = || kept.is_held || holds.holds(target.mapping, facts, rules);
    let blocked = || if facts.blockers.is_empty() { kept.by } else { Some(BlockedBy::Records) };
    let verdict = judge(&target.governing, facts, JudgedAt::now(now), held, blocked);
    match verdict {
        Verdict::Held(_) => RecordOutcome::Held,
        Verdict::Due(term, action) => {
            let as_planned = !target.went_since(item)
                && facts.digest() == item.facts
                && action == item.action
                && Some(&term.rule) == target.rule(item)
                && term.due.is_some_and(|due| due.from.timestamp() == item.due_from.timestamp());
            match (as_planned, action) {
                (false, _) => RecordOutcome::Drifted,
                (true, Action::Destroy) => RecordOutcome::Destroyed,
                (true, Action::Anonymize) => RecordOutcome::Anonymized,
            }
        }
        Verdict::Blocked(..) if facts.digest() == item.facts => RecordOutcome::Blocked,
        _ => RecordOutcome::Drifted,
    }
}

/// For each candidate, whether its rows still name exactly the files that were identified.
fn same_files(
    txn: &mut WriteTxn<'_>,
    target: &Target<'_>,
    candidates: &[Candidate<'_>],
    keys: &[RecordKey],
) -> Result<Vec<bool>, StoreError> {
    let mut same = vec![true; keys.len()];
    if target.mapping.parts.iter().all(|part| part.files.is_none()) {
        return Ok(same);
    }
    let mut found: Vec<Vec<_>> = vec![Vec::new(); keys.len()];
    let named = txn.files_of(&target.mapping.series, keys)?;
    for file in named.files {
        let place = file.record;
        found[place].push((file.part, file.path));
    }
    for (place, candidate) in candidates.iter().enumerate() {
        found[place].sort();
        same[place] = found[place].iter().eq(candidate.named.iter());
    }
    for (place, _) in named.unknown {
        same[place] = false;
    }
    Ok(same)
}

fn dispose_of(
    txn: &mut WriteTxn<'_>,
    target: &Target<'_>,
    candidates: &[Candidate<'_>],
    outcomes: &[RecordOutcome],
    changes: &mut Changes,
) -> Result<(), StoreError> {
    let chosen = |wanted: RecordOutcome| -> Vec<RecordKey> {
        let chosen = candidates.iter().zip(outcomes).filter(|(_, outcome)| **outcome == wanted);
        chosen.map(|(candidate, _)| candidate.item.key.clone()).collect()
    };
    let destroyed = chosen(RecordOutcome::Destroyed);
    if !destroyed.is_empty() {
        changes.add(&txn.destroy(&target.mapping.series, &destroyed)?);
    }
    let anonymized = chosen(RecordOutcome::Anonymized);
    if !anonymized.is_empty() {
        changes.add(&txn.anonymize(&target.mapping.series, &anonymized)?);
    }
    Ok(())
}
