//! One transaction of a batch: its changes, under the holds of that moment, and its COMMIT.

use std::time::{Duration, Instant as Stopwatch};

use super::announce::Candidate;
use super::batch::Bench;
use super::dispose::{Patience, dispose};
use super::error::ExecuteError;
use super::fault;
use super::finish::Committed;
use super::halt;
use super::note;
use super::target::Target;
use super::turn::{Holder, Turn};
use crate::audit::DurableIntents;
use crate::disposition::plan::PlanError;
use crate::model::{BatchNumber, DurableEvidence};
use crate::records::sqlite::{CommitError, FenceState, StoreError};

/// What a transaction took.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Effort {
    /// How long it was open.
    pub held: Duration,
    /// Bytes of the database that it freed.
    pub freed: u64,
    /// Who kept it from its turn.
    pub locked: Option<Holder>,
}

impl Effort {
    /// There was no turn.
    pub fn locked(holder: Holder) -> Self {
        Self { locked: Some(holder), ..Self::default() }
    }
}

/// How one attempt at the transaction ended.
pub(super) enum Attempt {
    Committed(Committed, Effort),
    /// The fence says that the batch can never be committed any more.
    Aborted,
    Differs(StoreError),
    TooLong,
    Unjudged(StoreError),
    /// No further attempt may be made, for this reason.
    Over(String),
}

/// Tries to dispose of an announced batch in one transaction of its own.
///
/// # Errors
/// What the COMMIT did cannot be read; the database or the log cannot be used.
pub(super) fn attempt(
    bench: &mut Bench<'_>,
    target: &Target<'_>,
    candidates: &[Candidate<'_>],
    evidence: &DurableIntents,
) -> Result<Turn<Attempt>, ExecuteError> {
    let is_limited = candidates.len() > 1 || !bench.admits_giants;
    let begun = if is_limited { bench.writer.begin() } else { bench.writer.begin_large() };
    let mut txn = match begun {
        Err(error) if error.is_locked() => return Ok(Turn::Locked(Holder::Writer)),
        Err(error) if error.ends_the_run() => return Ok(Turn::Had(Attempt::Over(error.to_string()))),
        txn => txn?,
    };
    fault::step("begun")?;
    let started = Stopwatch::now();
    // From here to the COMMIT nobody can place a hold: whoever was told that a hold is placed was told before, and it
    // is seen.
    let mut desk = bench.shared.lock()?;
    let now = (bench.clock)();
    if let Some(reason) = halt::reason_inside(&mut desk, &mut txn, target, now)? {
        return Ok(Turn::Had(Attempt::Over(reason)));
    }
    if is_limited {
        txn.limit(bench.longest);
    }
    let patience = Patience::new(bench.longest, candidates.len());
    let disposal = match dispose(txn, target, candidates, desk.holds(), now, patience) {
        Err(ExecuteError::Store(error)) => return undone_by(error),
        Err(ExecuteError::Plan(error @ PlanError::Hold { .. })) => {
            return Ok(Turn::Had(Attempt::Over(error.to_string())));
        }
        disposal => disposal?,
    };
    fault::step("disposed")?;
    let freed = disposal.freed()?;
    if is_limited && freed > bench.most_bytes {
        return Ok(Turn::Had(Attempt::TooLong));
    }
    let (outcomes, changes) = (disposal.outcomes.clone(), disposal.changes.clone());
    let commit = disposal.commit(evidence, desk.log());
    drop(desk);
    let effort = Effort { held: started.elapsed(), freed, locked: None };
    Ok(Turn::Had(match commit {
        Ok(()) => Attempt::Committed(Committed { outcomes, changes }, effort),
        Err(CommitError::Busy) => return Ok(Turn::Locked(Holder::Reader)),
        Err(CommitError::Refused(error)) => return undone_by(error),
        Err(CommitError::OtherBatch) => return Err(ExecuteError::OtherBatch { batch: evidence.batch() }),
        Err(CommitError::Unknown(_)) => ask_the_fence(bench, target, evidence.batch(), candidates.len(), effort)?,
    }))
}

/// What became of a batch of so many records whose COMMIT failed: the database itself says.
fn ask_the_fence(
    bench: &mut Bench<'_>,
    target: &Target<'_>,
    batch: BatchNumber,
    records: usize,
    effort: Effort,
) -> Result<Attempt, ExecuteError> {
    let unresolved = |source| ExecuteError::Unresolved { batch, source_name: target.mapping.source.clone(), source };
    match bench.writer.abort_or_read(batch).map_err(unresolved)? {
        FenceState::Committed(text) => {
            let read = note::read(bench.shared.lock()?.log(), batch, &text, records);
            Ok(Attempt::Committed(read.ok_or(ExecuteError::Fence { batch })?, effort))
        }
        _ => Ok(Attempt::Aborted),
    }
}

/// How an attempt ended whose transaction met an error of the database before its COMMIT.
fn undone_by(error: StoreError) -> Result<Turn<Attempt>, ExecuteError> {
    Ok(Turn::Had(match error {
        StoreError::Interrupted { .. } => Attempt::TooLong,
        StoreError::TooSlow { .. } => Attempt::Unjudged(error),
        StoreError::CountDiffers { .. } | StoreError::Constraint { .. } | StoreError::RowFails { .. } => {
            Attempt::Differs(error)
        }
        _ if error.is_locked() => return Ok(Turn::Locked(Holder::Reader)),
        _ if error.ends_the_run() => Attempt::Over(error.to_string()),
        _ => return Err(error.into()),
    }))
}
