//! After a crash: every intent without outcome gets one, from what the database itself says. Runs before anything else
//! does.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::ControlFlow;

use super::again::{Announced, others, told_of};
use super::denied;
use super::error::ExecuteError;
use super::fault;
use super::finish::{After, Committed, Ending, finish, log_outcomes};
use super::left::{self, Late};
use super::note;
use super::remains;
use super::restored;
use super::spool::{Spool, SpoolDir, SpooledFile};
use super::statement::{BatchResult, Changes};
use super::unlink::Word;
use crate::audit::leaf::{Action, Body, Correction, Intent, RecordOutcome};
use crate::audit::{committed_fingerprinters, keys_in};
use crate::disposition::Installation;
use crate::disposition::chronicle::correction;
use crate::disposition::desk::{Desk, behind};
use crate::disposition::plan::PlanDirs;
use crate::model::{Fingerprint, Instant, Origin, RecordKey, SourceName};
use crate::records::mapping::Source;
use crate::records::sqlite::{FenceState, Reader, Writer};

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
    /// What became of files that earlier batches had left.
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
            Ok(committed) => {
                recovered.batches += 1;
                recovered.committed += u64::from(committed);
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

/// Resolves one batch; whether it had been committed.
fn resolve(desk: &mut Desk, intents: &[(u64, Intent)], now: Instant) -> Result<bool, ExecuteError> {
    let first = &intents[0].1;
    let batch = first.batch;
    let records: usize = intents.iter().map(|(_, intent)| intent.n as usize).sum();
    let (spools, log) = (SpoolDir::of_desk(desk), desk.log().origin().clone());
    let spool = spools.read(&log, batch)?.unwrap_or_else(|| empty_spool(log, first));
    let mut keys = keys_of(desk, intents)?;
    let mut writer = open_source(desk, first)?;
    let mut word = Word::Doubtful;
    let announced = Announced { intents, keys: &keys };
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
            let no_series = || ExecuteError::NoSeries { plan: first.plan.clone(), series: first.series.clone() };
            let mapping = install.mapping(&first.series).ok_or_else(no_series)?;
            let back = told_of(&install, Announced { intents, keys: &keys }, &committed.outcomes, now)?;
            let reserved = install.reserved();
            let after = After { mapping, spool: &spool, reserved: &reserved, spools: &spools, word };
            (finish(&mut writer, committed, &[], &after)?, back, true)
        }
        Found::Nothing { doubtful } => (put_off(&mut writer, first, &keys, &doubtful)?, None, false),
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
    Ok(committed)
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
    /// Nothing says that it was committed.
    Nothing {
        /// Of which records nobody can say whether their rows are theirs. None where the batch was rolled back for
        /// sure.
        doubtful: Vec<bool>,
    },
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
/// for a person.
fn found_without_fence(
    desk: &mut Desk,
    writer: &mut Writer,
    announced: Announced<'_>,
    is_table_gone: bool,
    now: Instant,
) -> Result<Found, ExecuteError> {
    let first = announced.first();
    let disposed = disposed(writer, first, announced.keys)?;
    let doubtful = others(&desk.install().clone(), announced, now)?;
    let is_any = |of: &[bool]| of.contains(&true);
    if !is_any(&disposed) && !is_any(&doubtful) || was_rolled_back(desk, writer, &first.source, is_table_gone)? {
        return Ok(Found::Nothing { doubtful: Vec::new() });
    }
    let read = read_from_records(desk, writer, announced, &doubtful, correction::MISSING_FENCE, now)?;
    // Rows that speak as others would prove nothing by themselves.
    Ok(if is_any(&disposed) { Found::Committed(read) } else { Found::Nothing { doubtful } })
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

fn source_of<'i>(install: &'i Installation, intent: &Intent) -> Result<&'i Source, ExecuteError> {
    let gone = || ExecuteError::NoSource { batch: intent.batch, source_name: intent.source.clone() };
    install.sources.get(&intent.source).ok_or_else(gone)
}

fn empty_spool(log: Origin, intent: &Intent) -> Spool {
    Spool {
        log,
        batch: intent.batch,
        plan: intent.plan.clone(),
        source: intent.source.clone(),
        series: intent.series.clone(),
        left_since: None,
        files: Vec::new(),
    }
}

/// What is said of a batch that the database does not remember: its records are put off. Of those that are not there
/// nobody knows what took them, nor of the `doubtful` ones what stands under their keys; that they were kept is not
/// claimed.
fn put_off(
    writer: &mut Writer,
    first: &Intent,
    keys: &[Option<RecordKey>],
    doubtful: &[bool],
) -> Result<BatchResult, ExecuteError> {
    let is_gone = match first.action {
        Action::Destroy => disposed(writer, first, keys)?,
        Action::Anonymize => vec![false; keys.len()],
    };
    let outcome = |(place, is_gone)| match doubtful.get(place) {
        _ if is_gone => RecordOutcome::Gone,
        Some(true) => RecordOutcome::Failed,
        _ => RecordOutcome::Deferred,
    };
    Ok(BatchResult { outcomes: is_gone.into_iter().enumerate().map(outcome).collect(), ..BatchResult::default() })
}

/// The keys of a batch, in order: the log names records by fingerprint only, the plan's list has their keys. Where the
/// list is gone or lacks one, the rows of the series are named anew; `None` for a record whose name no row bears.
fn keys_of(desk: &mut Desk, intents: &[(u64, Intent)]) -> Result<Vec<Option<RecordKey>>, ExecuteError> {
    let wanted: Vec<Fingerprint> = intents.iter().filter_map(|(_, intent)| intent.fingerprints()).flatten().collect();
    let mut keys: HashMap<Fingerprint, RecordKey> = HashMap::new();
    let names: HashSet<Fingerprint> = wanted.iter().copied().collect();
    if let Ok(plan) = PlanDirs::of(&desk.install().state).open(&intents[0].1.plan) {
        // A list that cannot be read to its end names fewer; the rows then name the rest.
        let _ = plan.body().visit(&mut |item| {
            if names.contains(&item.fingerprint) {
                keys.insert(item.fingerprint, item.key);
            }
        });
    }
    if keys.len() < names.len() {
        keys = name_rows(desk, &intents[0].1, &names)?;
    }
    Ok(wanted.iter().map(|name| keys.get(name).cloned()).collect())
}

/// The rows of the series that bear one of these names.
fn name_rows(
    desk: &mut Desk,
    intent: &Intent,
    names: &HashSet<Fingerprint>,
) -> Result<HashMap<Fingerprint, RecordKey>, ExecuteError> {
    let (batch, install) = (intent.batch, desk.install().clone());
    let source = source_of(&install, intent)?;
    let nameless = || ExecuteError::Nameless { batch, source_name: intent.source.clone() };
    let named = committed_fingerprinters(desk.log(), &keys_in(&install.state), &intent.source)?;
    let namer = named.get(&intent.year).ok_or_else(nameless)?;
    let mut keys = HashMap::new();
    let unresolved = |source| ExecuteError::Unresolved { batch, source_name: intent.source.clone(), source };
    Reader::open(source, &install.series)
        .and_then(|mut reader| {
            reader.scan(&intent.series, &mut |facts| {
                let bears = facts.key.spellings().into_iter().map(|key| namer.record(&intent.series, &key));
                keys.extend(bears.filter(|name| names.contains(name)).map(|name| (name, facts.key.clone())));
                ControlFlow::Continue(())
            })
        })
        .map_err(unresolved)?;
    Ok(keys)
}
