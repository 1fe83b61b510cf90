//! After a crash: every intent without outcome gets one, from what the database itself says. Runs before anything else
//! does.

use std::collections::{BTreeSet, HashSet};

use super::again::{Announced, others, told_of};
use super::denied;
use super::error::ExecuteError;
use super::fault;
use super::finish::{After, Committed, Ending, finish, log_outcomes};
use super::keys::{keys_of, source_of};
use super::left::{self, Late};
use super::named_by;
use super::note;
use super::remains;
use super::restored;
use super::spool::{Spool, SpoolDir, SpooledFile};
use super::statement::{BatchResult, Changes};
use super::unlink::Word;
use crate::audit::leaf::{Action, Body, Correction, Intent, RecordOutcome};
use crate::disposition::chronicle::correction;
use crate::disposition::desk::{Desk, behind};
use crate::model::{Instant, Origin, RecordKey, SourceName};
use crate::records::sqlite::{FenceState, Writer};

/// Whether files that earlier batches had to leave are tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftBehind {
    /// Something is destroyed by it, so nothing may stand in the way of that.
    TryAgain,
    Leave,
}

/// What recovery found.
#[derive(Debug, Default)]
pub struct Recovered {
    /// Batches that had no outcome and have one now.
    pub batches: u64,
    /// Those among them that the database says were committed.
    pub committed: u64,
    /// What became of files that earlier batches had left; where these are not tried again, what the batches among
    /// `batches` have left.
    pub late: Late,
    /// Why batches of other sources than were asked for wait for theirs: nothing is destroyed from these meanwhile.
    pub waiting: Vec<ExecuteError>,
}

/// Gives every intent without outcome its outcome, before something is destroyed from these sources. Batches of another
/// source that cannot be read now wait, and keep nothing from being destroyed elsewhere.
///
/// # Errors
/// Nothing is resolved by a log that lies behind a database. One of these sources cannot be read now; the log names one
/// that the configuration no longer has, which may be any of them under another name.
pub fn recover(
    desk: &mut Desk,
    sources: &BTreeSet<SourceName>,
    left: LeftBehind,
    now: Instant,
) -> Result<Recovered, ExecuteError> {
    // Under a log that is not the newest, a batch without outcome may have had one.
    behind::look(desk)?;
    let mut recovered = Recovered::default();
    for intents in by_batch(desk.log().unresolved()) {
        match resolve(desk, &intents, now) {
            Ok(resolved) => {
                recovered.batches += 1;
                recovered.committed += u64::from(resolved.committed);
                // Else each is tried again below, and told of then.
                let untold = resolved.left.iter().filter(|_| left == LeftBehind::Leave);
                untold.for_each(|reason| recovered.late.leave(reason, 1));
            }
            Err(error) if error.is_of_one_source() && !sources.contains(&intents[0].1.source) => {
                recovered.waiting.push(error);
            }
            Err(error) => return Err(error),
        }
    }
    remains::mark(desk, now)?;
    if left == LeftBehind::TryAgain {
        recovered.late = left::retry(desk, now)?;
    }
    // A batch resolved just now may have let go of the fence before it, so this comes after.
    for source in sources {
        restored::look(desk, source, now)?;
    }
    denied::forget(desk)?;
    Ok(recovered)
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

/// What recovery found of one batch.
struct Resolved {
    committed: bool,
    /// Why each file stays that should be gone.
    left: Vec<String>,
}

/// Resolves one batch.
fn resolve(desk: &mut Desk, intents: &[(u64, Intent)], now: Instant) -> Result<Resolved, ExecuteError> {
    let first = &intents[0].1;
    let batch = first.batch;
    let records: usize = intents.iter().map(|(_, intent)| intent.n as usize).sum();
    let (spools, log) = (SpoolDir::of_desk(desk), desk.log().origin().clone());
    let spool = spools.read(&log, batch)?.unwrap_or_else(|| empty_spool(log, first));
    let may_ask = named_by::is_as_approved(desk, &spool)?;
    let mut keys = if may_ask { keys_of(desk, intents)? } else { vec![None; records] };
    let mut writer = open_source(desk, first)?;
    let mut word = Word::Doubtful;
    let announced = Announced { intents, keys: &keys, may_ask };
    let found = match asked_of_the_fence(desk, &mut writer, announced, now)? {
        Asked::Committed(committed) => {
            word = Word::Rightful;
            Found::Committed(committed)
        }
        Asked::NoRow { is_table_gone } => match spools.trail(&spool)?.done().and_then(|done| done.read(records)) {
            // The database was put back since: which of these records are in it again is told of all its batches.
            Some(done) => {
                keys.clear();
                Found::Committed(done)
            }
            None => found_without_fence(desk, &mut writer, announced, is_table_gone, now)?,
        },
    };
    let (result, back, committed) = match found {
        Found::Committed(committed) => {
            let install = desk.install().clone();
            let back = told_of(&install, Announced { intents, keys: &keys, may_ask }, &committed.outcomes, now)?;
            let word = named_by::objection(desk, &spool)?.map_or(word, Word::Unasked);
            let reserved = install.reserved();
            let after = After { series: &first.series, spool: &spool, reserved: &reserved, spools: &spools, word };
            (finish(&mut writer, committed, &[], &after)?, back, true)
        }
        Found::Nothing(outcomes) => (BatchResult { outcomes, ..BatchResult::default() }, None, false),
    };
    let is_unclear = |file: &&SpooledFile| result.outcomes.get(file.record) == Some(&RecordOutcome::Failed);
    let unclear = spool.files.iter().filter(is_unclear).cloned().collect();
    let (unclear, _) = left::without_named(&mut writer, &Spool { files: unclear, ..spool.clone() })?;
    // Before the outcome: after it nobody knows of them any more.
    if !committed {
        let others = spool.files.iter().filter(|file| !unclear.contains(file)).cloned().collect();
        spools.put_off(&spool, others)?;
    }
    spools.set_aside(&spool, unclear)?;
    log_outcomes(desk.log(), intents, &result, Ending { committed, recovered: true }, now)?;
    if let Some(back) = back {
        // Of one group with the outcomes: no crash leaves those alone.
        desk.log().append(Body::Correction(back), now)?;
    }
    desk.log().sync()?;
    fault::step("outcome-durable")?;
    spools.keep(&spool, &result.left, now)?;
    Ok(Resolved { committed, left: result.reasons })
}

/// What the fence of a batch says.
enum Asked {
    Committed(Committed),
    /// It does not say that the batch was committed, and from now on the batch cannot be.
    NoRow {
        is_table_gone: bool,
    },
}

/// What is found of a batch.
enum Found {
    Committed(Committed),
    /// Nothing says that it was committed; what is said of its records.
    Nothing(Vec<RecordOutcome>),
}

fn asked_of_the_fence(
    desk: &mut Desk,
    writer: &mut Writer,
    announced: Announced<'_>,
    now: Instant,
) -> Result<Asked, ExecuteError> {
    let first = announced.first();
    let batch = first.batch;
    let unresolved = |source| ExecuteError::Unresolved { batch, source_name: first.source.clone(), source };
    let is_table_gone = writer.fence(batch).map_err(unresolved)? == FenceState::NoTable;
    let FenceState::Committed(text) = writer.abort_or_read(batch).map_err(unresolved)? else {
        return Ok(Asked::NoRow { is_table_gone });
    };
    Ok(Asked::Committed(match note::read(desk.log(), batch, &text, announced.keys.len()) {
        Some(committed) => committed,
        None if !announced.may_ask => return Err(remapped(first)),
        None => {
            let others = others(&desk.install().clone(), announced, now)?;
            read_from_records(desk, writer, announced, &others, correction::ALTERED_FENCE, now)?
        }
    }))
}

/// Without a fence row a batch was not committed, unless somebody took the row away. Where records that it announced
/// are gone, or rows under their keys speak as others would, only the row before, of which a COMMIT lets go, tells the
/// two apart: the fence of the batch before, or the one that is written before the first. While that one stands, the
/// application itself did it. Without it, or without the table, what is gone is said to be gone, and the source waits
/// for a person. Where no row may be asked for a record, that row alone is, and without it the batch waits.
fn found_without_fence(
    desk: &mut Desk,
    writer: &mut Writer,
    announced: Announced<'_>,
    is_table_gone: bool,
    now: Instant,
) -> Result<Found, ExecuteError> {
    let first = announced.first();
    if !announced.may_ask {
        let was_rolled_back = was_rolled_back(desk, writer, &first.source, is_table_gone)?;
        let outcomes = vec![RecordOutcome::Deferred; announced.keys.len()];
        return if was_rolled_back { Ok(Found::Nothing(outcomes)) } else { Err(remapped(first)) };
    }
    let disposed = disposed(writer, first, announced.keys)?;
    let doubtful = others(&desk.install().clone(), announced, now)?;
    let is_any = |of: &[bool]| of.contains(&true);
    if !is_any(&disposed) && !is_any(&doubtful) || was_rolled_back(desk, writer, &first.source, is_table_gone)? {
        return Ok(Found::Nothing(put_off(writer, first, announced.keys, &[])?));
    }
    let read = read_from_records(desk, writer, announced, &doubtful, correction::MISSING_FENCE, now)?;
    // Rows that speak as others would prove nothing by themselves.
    Ok(if is_any(&disposed) {
        Found::Committed(read)
    } else {
        Found::Nothing(put_off(writer, first, announced.keys, &doubtful)?)
    })
}

/// Only rows could tell what became of a batch, and another mapping might ask those of others.
fn remapped(first: &Intent) -> ExecuteError {
    let (series, source_name) = (first.series.clone(), first.source.clone());
    ExecuteError::Remapped { batch: first.batch, series, source_name }
}

/// Whether the row stands of which the COMMIT of a batch would have let go.
fn was_rolled_back(
    desk: &mut Desk,
    writer: &mut Writer,
    source: &SourceName,
    is_table_gone: bool,
) -> Result<bool, ExecuteError> {
    Ok(match desk.chronicle()?.expected_fences().get(source).copied() {
        _ if is_table_gone => false,
        Some(before) => matches!(writer.fence(before)?, FenceState::Committed(_)),
        None => writer.is_at_its_beginning()?,
    })
}

/// What the records themselves say became of them; that nothing better says it is put on record, and the source waits
/// for a person. Where a row speaks as another record would (`others`), it is said that it stands there, and no more.
fn read_from_records(
    desk: &mut Desk,
    writer: &mut Writer,
    announced: Announced<'_>,
    others: &[bool],
    what: &str,
    now: Instant,
) -> Result<Committed, ExecuteError> {
    let first = announced.first();
    let done = match first.action {
        Action::Destroy => RecordOutcome::Destroyed,
        Action::Anonymize => RecordOutcome::Anonymized,
    };
    let disposed = disposed(writer, first, announced.keys)?;
    let outcomes = disposed.iter().zip(others).map(|(disposed, is_another)| match (disposed, is_another) {
        (true, _) => done,
        (false, true) => RecordOutcome::Failed,
        (false, false) => RecordOutcome::Deferred,
    });
    let outcomes = outcomes.collect();
    let correction = Correction {
        batch: Some(first.batch),
        records: disposed.iter().filter(|disposed| **disposed).count() as u64,
        ..Correction::new(first.source.clone(), what)
    };
    desk.record(Body::Correction(correction), now)?;
    Ok(Committed { outcomes, changes: Changes::default() })
}

/// Whether each record is as the batch would have left it.
fn disposed(writer: &mut Writer, first: &Intent, keys: &[Option<RecordKey>]) -> Result<Vec<bool>, ExecuteError> {
    let known: Vec<RecordKey> = keys.iter().flatten().cloned().collect();
    let left: HashSet<RecordKey> = match first.action {
        Action::Destroy => writer.still_there(&first.series, &known)?.into_iter().collect(),
        Action::Anonymize => {
            let masked = writer.masked(&first.series, &known)?;
            known.into_iter().zip(masked).filter(|(_, masked)| !masked).map(|(key, _)| key).collect()
        }
    };
    Ok(keys.iter().map(|key| key.as_ref().is_none_or(|key| !left.contains(key))).collect())
}

fn open_source(desk: &mut Desk, intent: &Intent) -> Result<Writer, ExecuteError> {
    let (install, origin) = (desk.install().clone(), desk.log().origin().clone());
    let unresolved =
        |source| ExecuteError::Unresolved { batch: intent.batch, source_name: intent.source.clone(), source };
    Writer::open(source_of(&install, intent)?, &install.series, &origin).map_err(unresolved)
}

fn empty_spool(log: Origin, intent: &Intent) -> Spool {
    Spool {
        log,
        batch: intent.batch,
        plan: intent.plan.clone(),
        source: intent.source.clone(),
        series: intent.series.clone(),
        named_by: Vec::new(),
        left_since: None,
        files: Vec::new(),
    }
}

/// What is said of a batch that the database does not remember: its records are put off. Of those that are not there
/// nobody knows what took them, nor of the `doubtful` ones what stands under their keys (none is where the batch was
/// rolled back for sure); that they were kept is not claimed.
fn put_off(
    writer: &mut Writer,
    first: &Intent,
    keys: &[Option<RecordKey>],
    doubtful: &[bool],
) -> Result<Vec<RecordOutcome>, ExecuteError> {
    let is_gone = match first.action {
        Action::Destroy => disposed(writer, first, keys)?,
        Action::Anonymize => vec![false; keys.len()],
    };
    let outcome = |(place, is_gone)| match doubtful.get(place) {
        _ if is_gone => RecordOutcome::Gone,
        Some(true) => RecordOutcome::Failed,
        _ => RecordOutcome::Deferred,
    };
    Ok(is_gone.into_iter().enumerate().map(outcome).collect())
}
