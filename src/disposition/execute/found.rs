//! What became of a batch that a crash interrupted, by what its database says.

use std::collections::HashSet;

use super::again::{Announced, others};
use super::error::ExecuteError;
use super::finish::Committed;
use super::note;
use super::statement::Changes;
use crate::audit::leaf::{Action, Body, Correction, Intent, RecordOutcome};
use crate::disposition::chronicle::correction;
use crate::disposition::desk::Desk;
use crate::model::{Instant, RecordKey, SourceName};
use crate::records::sqlite::{FenceState, Writer};

/// What the fence of a batch says.
pub(super) enum Asked {
    Committed(Committed),
    /// It does not say that the batch was committed, and from now on the batch cannot be.
    NoRow {
        is_table_gone: bool,
    },
}

/// What is found of a batch.
pub(super) enum Found {
    Committed(Committed),
    /// Nothing says that it was committed; what is said of its records.
    Nothing(Vec<RecordOutcome>),
}

pub(super) fn asked_of_the_fence(
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
pub(super) fn found_without_fence(
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
