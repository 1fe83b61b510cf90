//! A database that no longer says what the log says: restored from a copy, perhaps on purpose. Or another database in
//! its place, or our table dropped, which cannot be told apart. Never destroyed from again by itself.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::ControlFlow;

use super::again::is_another;
use super::denied;
use super::error::ExecuteError;
use super::inherited;
use super::logged::{LoggedBatch, is_gone, logged_batch};
use crate::audit::leaf::{Action, Body, Correction, Intent};
use crate::audit::{BACK, Brief, Entries, Fingerprinter, LogError, Mapped, committed_fingerprinters, keys_in};
use crate::disposition::Installation;
use crate::disposition::chronicle::correction;
use crate::disposition::desk::{Desk, behind};
use crate::model::{BatchNumber, CivilDate, Fingerprint, Instant, Origin, SeriesName, SourceName};
use crate::records::facts::Facts;
use crate::records::mapping::SeriesMapping;
use crate::records::sqlite::{FenceState, Reader};

/// Most records of the log that are compared with a table in one pass over it: 32 bytes each.
const COMPARED: usize = 1_000_000;

/// Looks at every source that can be read now.
///
/// # Errors
/// A log that lies behind a database, or cannot be read or written.
pub fn look_everywhere(desk: &mut Desk, now: Instant) -> Result<(), ExecuteError> {
    behind::look(desk)?;
    let install = desk.install().clone();
    for (name, source) in &install.sources {
        // What an application left unfinished is for it to roll back, and whoever reads it does.
        let looked = Reader::leave_unfinished(source).map_err(ExecuteError::from);
        match looked.and_then(|()| look(desk, name, now)) {
            // Nothing is destroyed from it before it was looked at.
            Err(error) if error.is_of_one_source() => {}
            looked => looked?,
        }
    }
    Ok(())
}

/// Looks for the fence row of the last committed batch of a source, which an earlier log may have committed; where it
/// is missing, the log gets `correction`s and the source waits for a person.
///
/// # Errors
/// A source that cannot be read, a log that cannot be written.
pub(super) fn look(desk: &mut Desk, source: &SourceName, now: Instant) -> Result<(), ExecuteError> {
    // A batch on its way has let go of the fence before it, and its own outcome is not in the log yet.
    if desk.log().unresolved().iter().any(|(_, intent)| intent.source == *source) {
        return Ok(());
    }
    let chronicle = desk.chronicle()?;
    let mut corrections = match chronicle.expected_fences().get(source).copied() {
        Some(last) => compare(desk, source, last)?,
        None if chronicle.tells_of(source) => Vec::new(),
        None => inherited::found_wrong(desk, source)?,
    };
    corrections.extend(denied::found(desk, source)?);
    for correction in corrections {
        desk.record(Body::Correction(correction), now)?;
    }
    Ok(())
}

/// What the log must say of a source whose last committed batch is this one: nothing where its fence row stands.
fn compare(desk: &mut Desk, source: &SourceName, last: BatchNumber) -> Result<Vec<Correction>, ExecuteError> {
    let (install, origin) = (desk.install().clone(), desk.log().origin().clone());
    let Some(mut undone) = undone(&install, desk.log(), &origin, source, last)? else { return Ok(Vec::new()) };
    let mut corrections = Vec::new();
    if undone.is_all_of_log {
        let before = inherited::undone_before(desk, source, 0)?;
        undone.unnamed += before.unnamed;
        corrections.extend(inherited::together(source, &before.back));
    }
    if undone.back.is_empty() {
        let correction = Correction::new(source.clone(), undone.what);
        undone.back.push(Correction { batch: Some(last), unnamed: undone.unnamed, ..correction });
    }
    corrections.append(&mut undone.back);
    Ok(corrections)
}

/// A database that says nothing of the last batch that a log committed in it.
pub(super) struct Undone {
    /// What is missing, in a word of a `correction`.
    pub what: &'static str,
    /// The batches of which records are back.
    pub back: Vec<Correction>,
    /// Records that went and could not be looked for.
    pub unnamed: u64,
    /// Whether no batch of the log stands there any more: the copy may be older than the log itself.
    pub is_all_of_log: bool,
}

/// What is found of batches in their tables.
#[derive(Default)]
pub(super) struct Compared {
    /// The batches of which records are back.
    pub back: Vec<Correction>,
    /// Records that went and could not be looked for: their key is gone, or their series is mapped no more.
    pub unnamed: u64,
}

/// What is undone of what this log says of a source, whose last committed batch is this one; `None` where its fence row
/// stands.
pub(super) fn undone(
    install: &Installation,
    log: &impl Entries,
    origin: &Origin,
    source: &SourceName,
    last: BatchNumber,
) -> Result<Option<Undone>, ExecuteError> {
    let unresolved = |error| ExecuteError::Unresolved { batch: last, source_name: source.clone(), source: error };
    let mut reader = Reader::open(&install.sources[source], &install.series).map_err(unresolved)?;
    let what = match reader.fence(origin, last).map_err(unresolved)? {
        FenceState::Committed(_) => return Ok(None),
        FenceState::NoTable => correction::TABLE_DROPPED,
        FenceState::Absent | FenceState::Aborted => correction::MISSING_FENCE,
    };
    let (since, is_all_of_log) = not_standing(&mut reader, log, origin, source)?;
    drop(reader);
    let Compared { back, unnamed } = resurrected(install, log, source, &since, None)?;
    Ok(Some(Undone { what, back, unnamed, is_all_of_log }))
}

/// The batches of a log, in order, that a source does not remember: a copy that was put back has the fence row of the
/// last batch before it was made, and whatever came later may be back. Beside them, whether these are all that the log
/// has of the source.
pub(super) fn not_standing(
    reader: &mut Reader,
    log: &impl Entries,
    origin: &Origin,
    source: &SourceName,
) -> Result<(Vec<BatchNumber>, bool), ExecuteError> {
    let (mut since, mut is_all) = (Vec::new(), true);
    for batch in committed(log, source)?.into_iter().rev() {
        let unresolved = |error| ExecuteError::Unresolved { batch, source_name: source.clone(), source: error };
        if matches!(reader.fence(origin, batch).map_err(unresolved)?, FenceState::Committed(_)) {
            is_all = false;
            break;
        }
        since.push(batch);
    }
    since.reverse();
    Ok((since, is_all))
}

/// The batches of a source that the log says were committed, in order.
fn committed(log: &impl Entries, source: &SourceName) -> Result<Vec<BatchNumber>, LogError> {
    let (mut announced, mut committed) = (BTreeSet::new(), Vec::new());
    log.scan_brief(0, &mut |_, brief| {
        match brief {
            Brief::Intent { batch, source: of, .. } if of == *source => drop(announced.insert(batch)),
            Brief::Outcome { batch, committed: true } if announced.remove(&batch) => committed.push(batch),
            _ => (),
        }
        ControlFlow::Continue(())
    })?;
    Ok(committed)
}

/// Which of these batches have records that stand in their table again, and which records these are. `judged_at`: the
/// database was not restored, so that a row whose clock started after that of the record that went, as it is judged at
/// this instant, is another one, under a key that is used again.
pub(super) fn resurrected(
    install: &Installation,
    log: &impl Entries,
    source: &SourceName,
    batches: &[BatchNumber],
    judged_at: Option<Instant>,
) -> Result<Compared, ExecuteError> {
    let (mut compared, mut waiting, mut records) = (Compared::default(), Vec::new(), 0);
    let names = committed_fingerprinters(log, &keys_in(&install.state), source)?;
    let mapped = if batches.is_empty() { Mapped::default() } else { Mapped::read(log)? };
    for (place, batch) in batches.iter().enumerate() {
        if let Some(logged) = logged_batch(log, *batch)? {
            records += logged.records.len();
            waiting.push(logged);
        }
        if records >= COMPARED || place + 1 == batches.len() {
            let (present, unnamed) = present(install, source, (&names, &mapped), &waiting, judged_at)?;
            compared.unnamed += unnamed;
            compared.back.extend(waiting.drain(..).filter_map(|logged| correction_of(&logged, &present)));
            records = 0;
        }
    }
    Ok(compared)
}

/// The records that batches destroyed and whose name a row bears, and those that they anonymized and whose row lacks a
/// mask. Beside them, how many could not be looked for. `names`: the keys of their log, by year.
fn present(
    install: &Installation,
    source: &SourceName,
    (names, mapped): (&BTreeMap<i32, Fingerprinter>, &Mapped),
    batches: &[LoggedBatch],
    judged_at: Option<Instant>,
) -> Result<(HashSet<Fingerprint>, u64), ExecuteError> {
    let mut gone: BTreeMap<(SeriesName, i32), HashMap<Fingerprint, (Action, i32)>> = BTreeMap::new();
    for logged in batches {
        let named = (logged.intent.series.clone(), logged.intent.year);
        let records = logged.gone().map(|(name, day)| (name, (logged.intent.action, day)));
        gone.entry(named).or_default().extend(records);
    }
    let (mut present, mut unnamed) = (HashSet::new(), 0);
    for ((series, year), gone) in gone {
        let mapping = rows_of(install, source, &series, mapped);
        let (Some(mapping), Some(database), Some(names)) = (mapping, install.sources.get(source), names.get(&year))
        else {
            unnamed += gone.len() as u64;
            continue;
        };
        let governing = judged_at.and_then(|now| Some((install.governing_now(mapping, now).ok()??, now)));
        let is_another = |facts: &Facts, day| {
            let at = governing.as_ref().zip(CivilDate::from_epoch_days(day));
            at.is_some_and(|((governing, now), day)| is_another(governing, facts, day, *now))
        };
        Reader::open(database, &install.series)?.scan(&mapping.series, &mut |facts| {
            for key in facts.key.spellings() {
                let name = names.record(&series, &key);
                match gone.get(&name) {
                    Some((Action::Anonymize, _)) if facts.masked => {}
                    Some((Action::Destroy, day)) if is_another(facts, *day) => {}
                    Some(_) => drop(present.insert(name)),
                    None => {}
                }
            }
            ControlFlow::Continue(())
        })?;
    }
    Ok((present, unnamed))
}

/// The mapping of the rows that a series had: its own, or where it has another name now, that of its table and key.
fn rows_of<'i>(
    install: &'i Installation,
    source: &SourceName,
    series: &SeriesName,
    mapped: &Mapped,
) -> Option<&'i SeriesMapping> {
    let had = |mapping: &&SeriesMapping| mapped.had(source, series, &mapping.table, &mapping.key);
    let own = install.mapping(series).filter(|mapping| mapping.source == *source);
    own.or_else(|| install.series.iter().filter(|mapping| mapping.source == *source).find(had))
}

/// What the log must say of one batch; nothing where none of its records is back.
fn correction_of(logged: &LoggedBatch, present: &HashSet<Fingerprint>) -> Option<Correction> {
    let back: Vec<bool> =
        logged.records.iter().map(|(name, outcome)| is_gone(*outcome) && present.contains(name)).collect();
    resurrected_of(&logged.intent, &back)
}

/// That these records of a batch, of which this is the first intent, are back; nothing where none is.
pub(super) fn resurrected_of(first: &Intent, back: &[bool]) -> Option<Correction> {
    let records = back.iter().filter(|back| **back).count() as u64;
    (records > 0).then(|| Correction {
        batch: Some(first.batch),
        back: Some(BACK.write(back)),
        records,
        ..Correction::new(first.source.clone(), correction::RESURRECTED)
    })
}
