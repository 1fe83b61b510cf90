//! After a crash: every intent without outcome gets one, from what the database itself says. Runs before anything else does.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::error::ExecuteError;
use super::finish::{Absence, Committed, Ending, finish, log_outcomes, unlink_files};
use super::logged::{is_gone, logged_batch};
use super::restored;
use super::spool::{Spool, SpoolDir};
use super::statement::BatchResult;
use crate::audit::leaf::{Action, Body, Correction, Intent, RecordOutcome};
use crate::audit::{DestructionLog, decode_results, encode_results};
use crate::disposition::chronicle::correction;
use crate::disposition::desk::Desk;
use crate::disposition::plan::PlanDirs;
use crate::model::{BatchNumber, Fingerprint, Instant, RecordKey};
use crate::records::sqlite::{FenceState, Writer};

/// What recovery found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Batches that had no outcome.
    pub batches: u64,
    /// Those among them that the database says were committed.
    pub committed: u64,
}

/// What a fence row says beside `committed`: it is written by the transaction that it describes.
#[derive(Serialize, Deserialize)]
struct Note {
    results: String,
    rows: BTreeMap<String, u64>,
}

/// The text that a fence row carries. It holds no personal information.
pub(super) fn write_note(outcomes: &[RecordOutcome], rows: &BTreeMap<String, u64>) -> String {
    // A map of texts and numbers always has a JSON text.
    serde_json::to_string(&Note { results: encode_results(outcomes), rows: rows.clone() }).unwrap_or_default()
}

/// Reads a fence row's text back: what became of each of the batch's `records`.
pub(super) fn read_note(batch: BatchNumber, note: &str, records: usize) -> Result<Committed, ExecuteError> {
    let note: Note = serde_json::from_str(note).map_err(|_| ExecuteError::Fence { batch })?;
    // A batch has at most 10,000 records.
    let outcomes = decode_results(&note.results, records as u32).map_err(|_| ExecuteError::Fence { batch })?;
    Ok(Committed { outcomes, rows: note.rows })
}

/// Gives every intent without outcome its outcome, and tries again to unlink what was left behind.
///
/// # Errors
/// A source that cannot be opened now: its batches wait, and nothing else is destroyed until they are resolved.
pub fn recover(desk: &mut Desk, now: Instant) -> Result<Recovered, ExecuteError> {
    let mut recovered = Recovered::default();
    for intents in by_batch(desk.log().unresolved()) {
        recovered.batches += 1;
        recovered.committed += u64::from(resolve(desk, &intents, now)?);
    }
    unlink_what_was_left(desk, now)?;
    // A batch resolved just now may have let go of the fence before it, so this comes after.
    restored::look(desk, now)?;
    Ok(recovered)
}

/// Tries again to unlink the files that earlier batches had to leave; what succeeds whole is put on record.
fn unlink_what_was_left(desk: &mut Desk, now: Instant) -> Result<(), ExecuteError> {
    let install = desk.install().clone();
    let spools = SpoolDir::of(&install.state);
    for batch in spools.batches()? {
        let Some(spool) = spools.read(batch)? else { continue };
        let Some(source) = install.sources.get(&spool.source) else { continue };
        let origin = desk.log().origin().clone();
        let mut writer = Writer::open(source, &install.series, &origin)?;
        let outcomes = outcomes_of(desk.log(), batch)?;
        let had_left = outcomes.contains(&RecordOutcome::Incomplete);
        let gone = |outcome: &RecordOutcome| if is_gone(*outcome) { RecordOutcome::Destroyed } else { *outcome };
        let mut result = BatchResult { outcomes: outcomes.iter().map(gone).collect(), ..BatchResult::default() };
        unlink_files(&mut writer, &spool, Absence::OurDoing, &mut result)?;
        // Only what an outcome named as left is worth an entry: a crash may also have kept a spool whose files are all gone.
        if had_left && result.left.is_empty() && !result.files.is_empty() {
            let completed = Correction {
                source: spool.source.clone(),
                what: correction::COMPLETED.to_owned(),
                batch: Some(batch),
                actor: None,
                records: spool.files.iter().map(|file| file.record).collect::<BTreeSet<_>>().len() as u64,
            };
            desk.record(Body::Correction(completed), now)?;
        }
        spools.keep(&spool, &result.left)?;
    }
    Ok(())
}

/// What the log says became of each record of a batch, in order: a file goes only with a record that went.
fn outcomes_of(log: &DestructionLog, batch: BatchNumber) -> Result<Vec<RecordOutcome>, ExecuteError> {
    let records = logged_batch(log, batch)?.map(|logged| logged.records).unwrap_or_default();
    Ok(records.into_iter().map(|(_, outcome)| outcome).collect())
}

/// Groups intents by their batch, in the log's order.
fn by_batch(intents: Vec<(u64, Intent)>) -> Vec<Vec<(u64, Intent)>> {
    let mut batches: Vec<Vec<(u64, Intent)>> = Vec::new();
    for (index, intent) in intents {
        match batches.last_mut() {
            Some(last) if last[0].1.batch == intent.batch => last.push((index, intent)),
            _ => batches.push(vec![(index, intent)]),
        }
    }
    batches
}

/// Resolves one batch; whether it had been committed.
fn resolve(desk: &mut Desk, intents: &[(u64, Intent)], now: Instant) -> Result<bool, ExecuteError> {
    let first = &intents[0].1;
    let batch = first.batch;
    let records: usize = intents.iter().map(|(_, intent)| intent.n as usize).sum();
    let spools = SpoolDir::of(&desk.install().state);
    let spool = spools.read(batch)?.unwrap_or_else(|| empty_spool(first));
    let mut writer = open_source(desk, first)?;
    let unresolved = |source| ExecuteError::Unresolved { batch, source_name: first.source.clone(), source };
    let keys = keys_of(desk, intents);
    let committed = match writer.abort_or_read(batch).map_err(unresolved)? {
        FenceState::Committed(note) => Some(read_note(batch, &note, records)?),
        _ => gone_without_fence(desk, &mut writer, first, keys.as_deref(), now)?,
    };
    let (result, committed) = match committed {
        Some(committed) => {
            let mapping = desk
                .install()
                .mapping(&first.series)
                .cloned()
                .ok_or_else(|| ExecuteError::NoSeries { plan: first.plan.clone(), series: first.series.clone() })?;
            (finish(&mut writer, &mapping, committed, &spool, keys.as_deref(), Absence::OurDoing)?, true)
        }
        None => (put_off(records), false),
    };
    log_outcomes(desk.log(), intents, &result, Ending { committed, recovered: true }, now)?;
    desk.log().sync()?;
    spools.keep(&spool, &result.left)?;
    Ok(committed)
}

/// Without a fence row a batch was not committed, unless somebody took the row away. Where records that it announced are gone, only the fence of
/// the batch before, of which a COMMIT lets go, tells the two apart; without that one either, what is gone is said to be gone, and the source
/// waits for a person.
fn gone_without_fence(
    desk: &mut Desk,
    writer: &mut Writer,
    first: &Intent,
    keys: Option<&[RecordKey]>,
    now: Instant,
) -> Result<Option<Committed>, ExecuteError> {
    let Some(keys) = keys else { return Ok(None) };
    let there: HashSet<RecordKey> = writer.still_there(&first.series, keys)?.into_iter().collect();
    if first.action != Action::Destroy || keys.iter().all(|key| there.contains(key)) {
        return Ok(None);
    }
    let before = desk.chronicle()?.expected_fences().get(&first.source).copied();
    if let Some(before) = before
        && matches!(writer.fence(before)?, FenceState::Committed(_))
    {
        return Ok(None);
    }
    let outcome = |key| if there.contains(key) { RecordOutcome::Deferred } else { RecordOutcome::Destroyed };
    let outcomes: Vec<RecordOutcome> = keys.iter().map(outcome).collect();
    let missing = Correction {
        source: first.source.clone(),
        what: correction::MISSING_FENCE.to_owned(),
        batch: Some(first.batch),
        actor: None,
        records: outcomes.iter().filter(|outcome| **outcome == RecordOutcome::Destroyed).count() as u64,
    };
    desk.record(Body::Correction(missing), now)?;
    Ok(Some(Committed { outcomes, rows: BTreeMap::new() }))
}

fn open_source(desk: &mut Desk, intent: &Intent) -> Result<Writer, ExecuteError> {
    let (install, origin) = (desk.install().clone(), desk.log().origin().clone());
    let source = install
        .sources
        .get(&intent.source)
        .ok_or_else(|| ExecuteError::NoSource { batch: intent.batch, source_name: intent.source.clone() })?;
    let unresolved =
        |source| ExecuteError::Unresolved { batch: intent.batch, source_name: intent.source.clone(), source };
    Writer::open(source, &install.series, &origin).map_err(unresolved)
}

fn empty_spool(intent: &Intent) -> Spool {
    Spool { batch: intent.batch, source: intent.source.clone(), series: intent.series.clone(), files: Vec::new() }
}

fn put_off(records: usize) -> BatchResult {
    BatchResult { outcomes: vec![RecordOutcome::Deferred; records], ..BatchResult::default() }
}

/// The keys of a batch, from the plan's list: the log names records by fingerprint only. `None` where the list is gone or lacks one.
fn keys_of(desk: &Desk, intents: &[(u64, Intent)]) -> Option<Vec<RecordKey>> {
    let plan = PlanDirs::of(&desk.install().state).open(&intents[0].1.plan).ok()?;
    let named: Vec<Vec<Fingerprint>> =
        intents.iter().map(|(_, intent)| intent.fingerprints()).collect::<Option<_>>()?;
    let wanted = named.concat();
    let mut keys: HashMap<Fingerprint, Option<RecordKey>> = wanted.iter().map(|name| (*name, None)).collect();
    plan.body()
        .visit(&mut |item| {
            if let Some(key) = keys.get_mut(&item.fingerprint) {
                *key = Some(item.key);
            }
        })
        .ok()?;
    wanted.iter().map(|name| keys.get(name).cloned().flatten()).collect()
}
