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
use crate::records::mapping::SeriesMapping;
use crate::records::sqlite::Reader;

/// A batch, and what its transaction did.
pub(super) struct Went<'a> {
    pub intents: &'a [(u64, Intent)],
    /// The keys of its records, in order; `None` for one whose name no row bears.
    pub keys: &'a [Option<RecordKey>],
    pub outcomes: &'a [RecordOutcome],
}

/// What the log must say of rows under the keys of records that went; nothing where none stands there, or only such as
/// are surely other records. A row that says of its trigger what the log does, or nothing that tells, may be either.
pub(super) fn told_of(
    install: &Installation,
    mapping: &SeriesMapping,
    batch: &Went<'_>,
    now: Instant,
) -> Result<Option<Correction>, ExecuteError> {
    let first = &batch.intents[0].1;
    let unresolved =
        |source| ExecuteError::Unresolved { batch: first.batch, source_name: first.source.clone(), source };
    let went = batch.keys.iter().zip(batch.outcomes).enumerate().filter(|(_, (_, outcome))| is_gone(**outcome));
    let (places, keys): (Vec<usize>, Vec<RecordKey>) =
        went.filter_map(|(place, (key, _))| Some((place, key.clone()?))).unzip();
    let Some(source) = install.sources.get(&first.source).filter(|_| !keys.is_empty()) else { return Ok(None) };
    let mut reader = Reader::open(source, &install.series).map_err(unresolved)?;
    let standing = reader.facts(&mapping.series, &keys).map_err(unresolved)?;
    let days: Vec<i32> = batch.intents.iter().flat_map(|(_, intent)| intent.day.iter().copied()).collect();
    // Without a law in force nothing tells two records apart.
    let governing = install.governing_now(mapping, now).ok().flatten();
    let mut back = vec![false; batch.outcomes.len()];
    for (place, facts) in places.into_iter().zip(standing) {
        let Some(facts) = facts else { continue };
        let is_as_left = batch.outcomes[place] == RecordOutcome::Anonymized && facts.masked;
        let day = days.get(place).copied().and_then(CivilDate::from_epoch_days);
        let is_another = governing.as_ref().zip(day).is_some_and(|(law, day)| is_another(law, &facts, day, now));
        back[place] = !is_as_left && !is_another;
    }
    Ok(resurrected_of(first, &back))
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
