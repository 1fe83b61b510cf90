//! Keys that the application uses again between the COMMIT of a batch and its recovery: the row that bears one is
//! another record, and denies nothing of what the batch destroyed.

use super::error::ExecuteError;
use crate::audit::leaf::{Action, Intent};
use crate::disposition::Installation;
use crate::disposition::judge::{Governing, JudgedAt, Verdict};
use crate::model::{CivilDate, Instant, RecordKey};
use crate::records::facts::Facts;
use crate::records::mapping::SeriesMapping;
use crate::records::sqlite::Reader;

/// The keys of a destroyed batch without those that another record bears now: nothing of the old one stands under them.
/// A row that says of its trigger what the log does, or nothing that tells, is the record itself, written back.
pub(super) fn without_used_again(
    install: &Installation,
    mapping: &SeriesMapping,
    intents: &[(u64, Intent)],
    mut keys: Vec<Option<RecordKey>>,
    now: Instant,
) -> Result<Vec<Option<RecordKey>>, ExecuteError> {
    let first = &intents[0].1;
    let unresolved =
        |source| ExecuteError::Unresolved { batch: first.batch, source_name: first.source.clone(), source };
    let Some(source) = install.sources.get(&first.source).filter(|_| first.action == Action::Destroy) else {
        return Ok(keys);
    };
    let Ok(Some(governing)) = install.governing_now(mapping, now) else { return Ok(keys) };
    let known: Vec<RecordKey> = keys.iter().flatten().cloned().collect();
    let mut reader = Reader::open(source, &install.series).map_err(unresolved)?;
    let standing = reader.facts(&mapping.series, &known).map_err(unresolved)?;
    let days = intents.iter().flat_map(|(_, intent)| &intent.day);
    let with_keys = keys.iter_mut().zip(days).filter(|(key, _)| key.is_some());
    for ((key, day), facts) in with_keys.zip(standing) {
        if facts
            .zip(CivilDate::from_epoch_days(*day))
            .is_some_and(|(facts, day)| is_another(&governing, &facts, day, now))
        {
            *key = None;
        }
    }
    Ok(keys)
}

/// Whether a row's clock started only after the day that the log has for the record of its name: another record bears
/// the key now.
pub(super) fn is_another(governing: &Governing<'_>, facts: &Facts, day: CivilDate, now: Instant) -> bool {
    match governing.standing(&facts.events, facts.in_scope, facts.masked, JudgedAt::now(now)) {
        Verdict::Open => true,
        Verdict::NotYet(term) | Verdict::Held(term) | Verdict::Blocked(term, _) | Verdict::Due(term, _) => {
            term.due.is_some_and(|due| due.trigger_day > day)
        }
        Verdict::Filtered | Verdict::Undated(_) => false,
    }
}
