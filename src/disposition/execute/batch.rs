//! One batch, from its announcement to its outcome.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::announce::{Candidate, announce, identify_files, spool};
use super::attempt::{Attempt, Effort, attempt};
use super::error::ExecuteError;
use super::fault;
use super::finish::{After, Ending, finish, log_outcomes};
use super::halt;
use super::named_by;
use super::roots::SeenRoots;
use super::spool::{Spool, SpoolDir};
use super::statement::BatchResult;
use super::stayed;
use super::target::Target;
use super::turn::{Holder, Turn, in_turn};
use super::unlink::Word;
use crate::audit::DurableIntents;
use crate::audit::leaf::RecordOutcome;
use crate::disposition::desk::SharedDesk;
use crate::disposition::plan::Item;
use crate::model::{DurableEvidence, Instant, Windows};
use crate::records::files::Reserved;
use crate::records::sqlite::{StoreError, Writer};

/// Why a record is left that another plan had listed too.
const WENT_SINCE: &str = "the log says that the record went under another plan since this one was made; where it stands in its table again, make a new \
     plan, which lists it under the rail `restored`";

/// What is said of a record that did not wait for its turn.
const GONE_BEFORE: &str = "the record was not there any more when its turn came: it had gone with another record whose part it was, under another plan, \
     or by what is not retentiond; these count as drifted";

/// What a batch works with.
pub(super) struct Bench<'a> {
    pub shared: &'a SharedDesk,
    pub writer: &'a mut Writer,
    pub spools: &'a SpoolDir,
    /// What no row may have unlinked.
    pub reserved: &'a Reserved,
    pub roots: &'a mut SeenRoots,
    pub clock: &'a dyn Fn() -> Instant,
    pub stop: &'a AtomicBool,
    pub kept_waiting: &'a dyn Fn(Holder),
    pub windows: &'a Windows,
    /// How long a transaction may work before it is undone.
    pub longest: Duration,
    /// Nor may it free more bytes of the database: what they take at the COMMIT cannot be cut short.
    pub most_bytes: u64,
    /// Whether a record that does not fit into that time may go nevertheless, alone.
    pub admits_giants: bool,
}

impl Bench<'_> {
    /// Why the run is to end now.
    pub fn asked_to_end(&self) -> Option<&'static str> {
        halt::asked(self.stop, self.windows, (self.clock)())
    }
}

/// How a batch ended.
pub(super) enum BatchEnd {
    /// Its outcome is in the log.
    Done { result: BatchResult, effort: Effort },
    /// Undone: a trigger or a cascade did more, or less, than was counted, a constraint refused a change, or an
    /// expression fails on a row. The caller divides the batch.
    Differs(StoreError),
    /// Undone: its time was over. The caller divides the batch.
    TooLong,
    /// Undone: its one record could not be judged in time.
    Unjudged(StoreError),
    /// Put off, and so must be whatever the run has left: its plan was rejected, or the database is no longer the one
    /// that was planned for.
    Over { result: BatchResult, reason: String },
}

/// Runs one batch of items that share their series, rule and action.
///
/// # Errors
/// Whatever makes it unwise to go on: the log cannot be written, or a COMMIT's fate cannot be read.
pub(super) fn run_batch(bench: &mut Bench<'_>, target: &Target<'_>, items: &[&Item]) -> Result<BatchEnd, ExecuteError> {
    let (candidates, refused) = identify_files(bench.writer, target, items, bench.reserved, bench.roots)?;
    let mut end = match begin_fences(bench, target) {
        Err(ExecuteError::Store(error)) if error.ends_the_run() => {
            BatchEnd::Over { result: BatchResult::default(), reason: error.to_string() }
        }
        begun => match begun? {
            Turn::Had(()) => announce_and_run(bench, target, &candidates)?,
            Turn::Locked(holder) => {
                BatchEnd::Done { result: put_off(&candidates, &holder.to_string()), effort: Effort::locked(holder) }
            }
        },
    };
    if let BatchEnd::Done { result, .. } | BatchEnd::Over { result, .. } = &mut end {
        let refused: Vec<(&Item, String)> = refused.iter().map(|(item, error)| (*item, error.to_string())).collect();
        let stayed = result.stayed.iter().map(|(place, reason)| (candidates[*place].item, &**reason));
        let staying = stayed.chain(refused.iter().map(|(item, reason)| (*item, reason.as_str())));
        stayed::note(bench.shared, target, staying, (bench.clock)())?;
        for (_, reason) in refused {
            result.outcomes.push(RecordOutcome::Failed);
            result.reasons.push(reason);
        }
    }
    Ok(end)
}

/// Before the first batch of a source is announced, the row that its COMMIT lets go of must stand.
fn begin_fences(bench: &mut Bench<'_>, target: &Target<'_>) -> Result<Turn<()>, ExecuteError> {
    let seed = {
        let mut desk = bench.shared.lock()?;
        if desk.chronicle()?.expected_fences().contains_key(&target.mapping.source) {
            return Ok(Turn::Had(()));
        }
        desk.log().size()
    };
    in_turn(bench, seed, |bench| Ok(make_fences(bench.writer)?))
}

fn make_fences(writer: &mut Writer) -> Result<Turn<()>, StoreError> {
    let begun = match writer.has_fences() {
        Ok(true) => return Ok(Turn::Had(())),
        Ok(false) => writer.begin(),
        Err(error) => Err(error),
    };
    match begun {
        Err(error) if error.is_locked() => Ok(Turn::Locked(Holder::Writer)),
        txn => match txn?.begin_fences() {
            Err(error) if error.is_locked() => Ok(Turn::Locked(Holder::Reader)),
            made => Ok(Turn::Had(made?)),
        },
    }
}

fn announce_and_run(
    bench: &mut Bench<'_>,
    target: &Target<'_>,
    candidates: &[Candidate<'_>],
) -> Result<BatchEnd, ExecuteError> {
    let announced = {
        let mut desk = bench.shared.lock()?;
        let now = (bench.clock)();
        if let Some(reason) = halt::reason(&mut desk, target, now)? {
            return Ok(BatchEnd::Over { result: BatchResult::default(), reason });
        }
        announce(desk.log(), target, candidates, now)?
    };
    match announced {
        Some(evidence) => run_announced(bench, target, candidates, &evidence),
        None => Ok(BatchEnd::Done { result: BatchResult::default(), effort: Effort::default() }),
    }
}

fn run_announced(
    bench: &mut Bench<'_>,
    target: &Target<'_>,
    candidates: &[Candidate<'_>],
    evidence: &DurableIntents,
) -> Result<BatchEnd, ExecuteError> {
    let told = {
        let mut desk = bench.shared.lock()?;
        (desk.log().origin().clone(), named_by::others(desk.install(), &target.mapping.series))
    };
    let spooled = spool(bench.spools, told, target, candidates, evidence)?;
    let undone = |bench: &mut Bench<'_>, reason: &str| -> Result<BatchResult, ExecuteError> {
        let result = put_off(candidates, reason);
        conclude(bench, evidence, &spooled, &result, false)?;
        Ok(result)
    };
    let effort = Effort::default();
    let attempt = match in_turn(bench, evidence.batch().0, |bench| attempt(bench, target, candidates, evidence))? {
        Turn::Had(attempt) => attempt,
        Turn::Locked(holder) => {
            let result = undone(bench, &holder.to_string())?;
            return Ok(BatchEnd::Done { result, effort: Effort::locked(holder) });
        }
    };
    Ok(match attempt {
        Attempt::Committed(committed, effort) => {
            fault::step("committed")?;
            let keys: Vec<_> = candidates.iter().map(|candidate| candidate.item.key.clone()).collect();
            let after = After {
                series: &target.mapping.series,
                spool: &spooled,
                reserved: bench.reserved,
                spools: bench.spools,
                word: Word::Rightful,
            };
            let mut result = finish(bench.writer, committed, &keys, &after)?;
            conclude(bench, evidence, &spooled, &result, true)?;
            let outcomes = candidates.iter().zip(&result.outcomes);
            let gone = outcomes.filter(|(_, outcome)| **outcome == RecordOutcome::Destroyed);
            result.missing = gone.map(|(candidate, _)| candidate.missing).sum();
            explain_drift(target, candidates, &mut result);
            BatchEnd::Done { result, effort }
        }
        Attempt::Aborted => BatchEnd::Done { result: undone(bench, "the commit failed")?, effort },
        Attempt::Over(reason) => BatchEnd::Over { result: undone(bench, &reason)?, reason },
        Attempt::Differs(error) => {
            undone(bench, "the batch was undone")?;
            BatchEnd::Differs(error)
        }
        Attempt::TooLong => {
            undone(bench, "the batch was undone")?;
            BatchEnd::TooLong
        }
        Attempt::Unjudged(error) => {
            undone(bench, "the batch was undone")?;
            BatchEnd::Unjudged(error)
        }
    })
}

/// Tells of records that were not disposed of because the log says that they went since the plan was made, or that were
/// not there any more.
fn explain_drift(target: &Target<'_>, candidates: &[Candidate<'_>], result: &mut BatchResult) {
    for (place, candidate) in candidates.iter().enumerate() {
        match result.outcomes[place] {
            RecordOutcome::Drifted if target.went_since(candidate.item) => result.explain(place, WENT_SINCE),
            // Nothing stays of which `explain` could tell.
            RecordOutcome::Gone => result.reasons.push(GONE_BEFORE.to_owned()),
            _ => {}
        }
    }
}

/// Logs the outcome. It becomes durable with the next batch's intents, or at the end of the run.
fn conclude(
    bench: &mut Bench<'_>,
    evidence: &DurableIntents,
    spooled: &Spool,
    result: &BatchResult,
    committed: bool,
) -> Result<(), ExecuteError> {
    let mut desk = bench.shared.lock()?;
    let ending = Ending { committed, recovered: false };
    let now = (bench.clock)();
    log_outcomes(desk.log(), evidence.leaves(), result, ending, now)?;
    if !spooled.files.is_empty() {
        desk.log().sync()?;
        fault::step("outcome-durable")?;
        bench.spools.keep(spooled, &result.left, now)?;
    }
    Ok(())
}

fn put_off(candidates: &[Candidate<'_>], reason: &str) -> BatchResult {
    BatchResult {
        outcomes: vec![RecordOutcome::Deferred; candidates.len()],
        reasons: vec![reason.to_owned(); candidates.len()],
        ..BatchResult::default()
    }
}
