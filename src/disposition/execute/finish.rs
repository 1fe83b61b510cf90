//! After the COMMIT: files go, absence is read back, the outcome is logged. Live run and recovery both end here.

use std::collections::{BTreeMap, HashSet};

use super::error::ExecuteError;
use super::fault;
use super::note::Done;
use super::spool::{Spool, SpoolDir};
use super::statement::{BatchResult, Changes};
use super::unlink::{Word, unlink_files};
use crate::audit::leaf::{Body, Intent, Outcome, RecordOutcome};
use crate::audit::{DestructionLog, encode_results};
use crate::model::{Instant, RecordKey, SeriesName};
use crate::records::files::Reserved;
use crate::records::sqlite::{StoreError, Writer};

/// What a committed transaction did, as its fence row says.
pub(super) struct Committed {
    pub outcomes: Vec<RecordOutcome>,
    pub changes: Changes,
}

/// What a batch leaves to do once it is committed.
pub(super) struct After<'a> {
    pub series: &'a SeriesName,
    pub spool: &'a Spool,
    /// What no row may have unlinked.
    pub reserved: &'a Reserved,
    pub spools: &'a SpoolDir,
    /// What it is worth that no row names a file any more.
    pub word: Word,
}

/// Unlinks the files of the records that are gone, reads back that records and files are absent, and says what is true.
///
/// `keys` are the batch's records in order. None at recovery: what stands there since the COMMIT may be anybody's
/// doing, and is told beside the outcome.
pub(super) fn finish(
    writer: &mut Writer,
    committed: Committed,
    keys: &[RecordKey],
    after: &After<'_>,
) -> Result<BatchResult, ExecuteError> {
    let mut result = BatchResult { outcomes: committed.outcomes, changes: committed.changes, ..BatchResult::default() };
    read_back(writer, after.series, keys, &mut result)?;
    let mut trail = after.spools.trail(after.spool)?;
    trail.commit(Done::of(&result.outcomes, &result.changes));
    unlink_files(writer, trail, &after.spool.files, after.reserved, &after.word, &mut result)?;
    after.spools.tell_others(after.spool)?;
    fault::step("files-gone")?;
    Ok(result)
}

/// A record that is still there was not destroyed, and one without its masks not anonymized, whatever the transaction
/// believed.
fn read_back(
    writer: &mut Writer,
    series: &SeriesName,
    keys: &[RecordKey],
    result: &mut BatchResult,
) -> Result<(), StoreError> {
    if keys.is_empty() {
        return Ok(());
    }
    let places = |outcomes: &[RecordOutcome], wanted| -> Vec<(usize, RecordKey)> {
        let places = places_of(outcomes, wanted).into_iter();
        places.filter_map(|place| Some((place, keys.get(place)?.clone()))).collect()
    };
    let (destroyed, anonymized) =
        (places(&result.outcomes, RecordOutcome::Destroyed), places(&result.outcomes, RecordOutcome::Anonymized));
    let asked: Vec<RecordKey> = destroyed.iter().map(|(_, key)| key.clone()).collect();
    let there: HashSet<RecordKey> = writer.still_there(series, &asked)?.into_iter().collect();
    for (place, _) in destroyed.iter().filter(|(_, key)| there.contains(key)) {
        fail(result, *place, "the record stood in its table again after the commit; look at what writes it back");
    }
    let asked: Vec<RecordKey> = anonymized.iter().map(|(_, key)| key.clone()).collect();
    for ((place, _), is_masked) in anonymized.iter().zip(writer.masked(series, &asked)?) {
        if !is_masked {
            fail(result, *place, "a mask was no longer in place after the commit; look at what writes the value back");
        }
    }
    Ok(())
}

fn fail(result: &mut BatchResult, place: usize, reason: &'static str) {
    result.outcomes[place] = RecordOutcome::Failed;
    result.explain(place, reason);
}

fn places_of(outcomes: &[RecordOutcome], wanted: RecordOutcome) -> Vec<usize> {
    outcomes.iter().enumerate().filter(|(_, outcome)| **outcome == wanted).map(|(place, _)| place).collect()
}

/// How a batch ended, for its outcome leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    pub committed: bool,
    /// Written by recovery.
    pub recovered: bool,
}

/// Appends one outcome per intent leaf. Rows and files are the batch's: they stand in its first outcome.
pub(super) fn log_outcomes(
    log: &mut DestructionLog,
    intents: &[(u64, Intent)],
    result: &BatchResult,
    ending: Ending,
    now: Instant,
) -> Result<(), ExecuteError> {
    let mut rest = result.outcomes.as_slice();
    for (place, (index, intent)) in intents.iter().enumerate() {
        let (own, others) = rest.split_at(rest.len().min(intent.n as usize));
        rest = others;
        let is_first = place == 0;
        let outcome = Outcome {
            batch: intent.batch,
            intent: *index,
            committed: ending.committed,
            recovered: ending.recovered,
            results: encode_results(own),
            rows: if is_first { result.changes.rows.clone() } else { BTreeMap::new() },
            detached: if is_first { result.changes.detached } else { 0 },
            triggered: if is_first { result.changes.triggered } else { 0 },
            files: if is_first { result.files.clone() } else { BTreeMap::new() },
            bytes: if is_first { result.bytes } else { 0 },
            left: if is_first { result.left.len() as u64 } else { 0 },
        };
        log.append(Body::Outcome(outcome), now)?;
    }
    fault::step("outcome-appended")?;
    Ok(())
}
