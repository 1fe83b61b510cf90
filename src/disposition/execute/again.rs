//! Rows that stand, when a batch is recovered, under the keys of records that it destroyed, or without the masks that
//! it gave them. Its fence proves that they went; so they are told beside its outcome, and deny nothing of it.

use super::error::ExecuteError;
use super::logged::is_gone;
use super::restored::resurrected_of;
use crate::audit::leaf::{Correction, Intent, RecordOutcome};
use crate::disposition::Installation;
use crate::disposition::judge::{Governing, JudgedAt, Verdict};
use crate::model::{CivilDate, Instant, RecordKey};
use crate::records::facts::Facts;
use crate::records::sqlite::Reader;

/// A batch as the log announces it.
#[derive(Clone, Copy)]
pub(super) struct Announced<'a> {
    pub intents: &'a [(u64, Intent)],
    /// The keys of its records, in order; `None` for one whose name no row bears, and where no row may be asked.
    pub keys: &'a [Option<RecordKey>],
    /// Whether rows may be asked for its records: not under another mapping than was approved.
    pub may_ask: bool,
}

impl<'a> Announced<'a> {
    /// Its first intent: plan, source, series and action are the same in all of them.
    pub fn first(&self) -> &'a Intent {
        &self.intents[0].1
    }
}

/// A row under the key of a record that was announced.
struct Standing {
    is_masked: bool,
    /// Whether it says of its trigger what another record would.
    is_another: bool,
}

/// What the log must say of rows under the keys of records that went, as the batch's transaction has it; nothing where
/// none stands there, or only such as are surely other records. A row that says of its trigger what the log does, or
/// nothing that tells, may be either.
pub(super) fn told_of(
    install: &Installation,
    batch: Announced<'_>,
    outcomes: &[RecordOutcome],
    now: Instant,
) -> Result<Option<Correction>, ExecuteError> {
    let gone = |(key, outcome): (&Option<RecordKey>, &RecordOutcome)| key.clone().filter(|_| is_gone(*outcome));
    let keys: Vec<_> = batch.keys.iter().zip(outcomes).map(gone).collect();
    let standing = standing(install, Announced { keys: &keys, ..batch }, now)?;
    let mut back = vec![false; outcomes.len()];
    for ((back, row), outcome) in back.iter_mut().zip(standing).zip(outcomes) {
        let is_as_left = |row: &Standing| *outcome == RecordOutcome::Anonymized && row.is_masked;
        *back = row.is_some_and(|row| !is_as_left(&row) && !row.is_another);
    }
    Ok(resurrected_of(batch.first(), &back))
}

/// Of each record, whether the row under its key says of its trigger what another record would: it may be one that the
/// key was given to since, or the record itself, changed before its turn came.
pub(super) fn others(install: &Installation, batch: Announced<'_>, now: Instant) -> Result<Vec<bool>, ExecuteError> {
    let standing = standing(install, batch, now)?;
    Ok(standing.into_iter().map(|row| row.is_some_and(|row| row.is_another)).collect())
}

/// The rows under the keys of a batch's records, in order.
fn standing(install: &Installation, batch: Announced<'_>, now: Instant) -> Result<Vec<Option<Standing>>, ExecuteError> {
    let first = batch.first();
    let unresolved =
        |source| ExecuteError::Unresolved { batch: first.batch, source_name: first.source.clone(), source };
    let known = batch.keys.iter().enumerate().filter_map(|(place, key)| Some((place, key.clone()?)));
    let (places, keys): (Vec<usize>, Vec<RecordKey>) = known.unzip();
    let mut standing: Vec<Option<Standing>> = batch.keys.iter().map(|_| None).collect();
    let Some(source) = install.sources.get(&first.source).filter(|_| !keys.is_empty()) else { return Ok(standing) };
    let Some(mapping) = install.mapping(&first.series) else { return Ok(standing) };
    let mut reader = Reader::open(source, &install.series).map_err(unresolved)?;
    let facts = reader.facts(&mapping.series, &keys).map_err(unresolved)?;
    let days: Vec<i32> = batch.intents.iter().flat_map(|(_, intent)| intent.day.iter().copied()).collect();
    // Without a law in force nothing tells two records apart.
    let governing = install.governing_now(mapping, now).ok().flatten();
    for (place, facts) in places.into_iter().zip(facts) {
        let day = days.get(place).copied().and_then(CivilDate::from_epoch_days);
        let tells = governing.as_ref().zip(day);
        standing[place] = facts.map(|facts| Standing {
            is_masked: facts.masked,
            is_another: tells.is_some_and(|(law, day)| is_another(law, &facts, day, now)),
        });
    }
    Ok(standing)
}

/// Whether a row's clock started only after the day that the log has for the record of its name, or has not started:
/// another record bears the key now, as an application may use a free one again.
pub(super) fn is_another(governing: &Governing<'_>, facts: &Facts, day: CivilDate, now: Instant) -> bool {
    match governing.standing(&facts.events, facts.in_scope, facts.masked, JudgedAt::now(now)) {
        Verdict::Open => true,
        Verdict::NotYet(term) | Verdict::Held(term) | Verdict::Blocked(term, _) | Verdict::Due(term, _) => {
            term.due.is_some_and(|due| due.trigger_day > day)
        }
        Verdict::Filtered | Verdict::Undated(_) => false,
    }
}
