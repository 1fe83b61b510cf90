//! A database that no longer says what the log says: restored from a copy, perhaps on purpose. Or another database in its place, or
//! our table dropped, which cannot be told apart. Never destroyed from again by itself.

use std::collections::HashSet;
use std::ops::ControlFlow;

use super::error::ExecuteError;
use super::logged::logged_batch;
use crate::audit::leaf::{Body, Correction};
use crate::audit::load_fingerprinter;
use crate::disposition::chronicle::correction;
use crate::disposition::desk::Desk;
use crate::model::{BatchNumber, Fingerprint, Instant, SourceName};
use crate::records::sqlite::{FenceState, Reader};

/// What a source's last committed batch finds in its database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    AsLogged,
    /// The fence table is gone, and no destroyed record is back: dropped, or this is another database.
    DroppedTable,
    /// The fence row is gone, and no destroyed record is back.
    MissingFence,
    /// Destroyed records are back.
    Resurrected {
        records: u64,
    },
}

/// Looks for the fence row of the last committed batch of every source; where it is missing, the log gets a `correction` and the source waits for
/// a person.
///
/// # Errors
/// A source that cannot be read, a log that cannot be written.
pub fn look(desk: &mut Desk, now: Instant) -> Result<(), ExecuteError> {
    // A batch on its way has let go of the fence before it, and its own outcome is not in the log yet.
    if !desk.log().unresolved().is_empty() {
        return Ok(());
    }
    let expected: Vec<(SourceName, BatchNumber)> =
        desk.chronicle()?.expected_fences().iter().map(|(source, batch)| (source.clone(), *batch)).collect();
    for (source, batch) in expected {
        if desk.chronicle()?.is_restored(&source) || !desk.install().sources.contains_key(&source) {
            continue;
        }
        let (what, records) = match compare(desk, &source, batch)? {
            Found::AsLogged => continue,
            Found::DroppedTable => (correction::TABLE_DROPPED, 0),
            Found::MissingFence => (correction::MISSING_FENCE, 0),
            Found::Resurrected { records } => (correction::RESURRECTED, records),
        };
        let correction = Correction { source, what: what.to_owned(), batch: Some(batch), actor: None, records };
        desk.record(Body::Correction(correction), now)?;
    }
    Ok(())
}

fn compare(desk: &mut Desk, source: &SourceName, batch: BatchNumber) -> Result<Found, ExecuteError> {
    let install = desk.install().clone();
    let unresolved = |error| ExecuteError::Unresolved { batch, source_name: source.clone(), source: error };
    let origin = desk.log().origin().clone();
    let state = Reader::open(&install.sources[source], &install.series)
        .and_then(|mut reader| reader.fence(&origin, batch))
        .map_err(unresolved)?;
    let missing = match state {
        FenceState::Committed(_) => return Ok(Found::AsLogged),
        FenceState::NoTable => Found::DroppedTable,
        FenceState::Absent | FenceState::Aborted => Found::MissingFence,
    };
    Ok(match resurrected(desk, batch)? {
        0 => missing,
        records => Found::Resurrected { records },
    })
}

/// How many records that the batch destroyed stand in their table again.
fn resurrected(desk: &mut Desk, batch: BatchNumber) -> Result<u64, ExecuteError> {
    let Some(logged) = logged_batch(desk.log(), batch)? else { return Ok(0) };
    let destroyed: HashSet<Fingerprint> = logged.destroyed().collect();
    let install = desk.install().clone();
    let (Some(mapping), Some(source)) =
        (install.mapping(&logged.intent.series), install.sources.get(&logged.intent.source))
    else {
        return Ok(0);
    };
    let keys = install.state.join("private/keys");
    let Some(names) = load_fingerprinter(&keys, &logged.intent.source, logged.intent.year)? else { return Ok(0) };
    let mut back = 0;
    Reader::open(source, &install.series)?.scan(&mapping.series, &mut |facts| {
        back += u64::from(destroyed.contains(&names.record(&mapping.series, &facts.key)));
        ControlFlow::Continue(())
    })?;
    Ok(back)
}
