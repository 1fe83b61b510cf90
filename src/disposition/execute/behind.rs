//! A log that lies behind what a database remembers: the state directory was restored from a copy, while the databases stayed as they are.
//!
//! What the database alone remembers has its evidence in entries that this log has lost. To go on would give their numbers to other batches, and sign a
//! second history beside the first.

use super::error::ExecuteError;
use super::logged::logged_batch;
use crate::disposition::desk::{Desk, DeskError};
use crate::model::{BatchNumber, SourceName};
use crate::records::sqlite::Reader;

/// Refuses to go on where a source has a fence row of a batch of this log that the log does not know. A source that cannot be read
/// now, or in which its application left a transaction unfinished, is looked at again in each of its transactions.
///
/// # Errors
/// [`DeskError::LogBehind`]; a log that cannot be read.
pub(super) fn look(desk: &mut Desk) -> Result<(), ExecuteError> {
    let install = desk.install().clone();
    let origin = desk.log().origin().clone();
    for (name, source) in &install.sources {
        let read = Reader::open_to_look(source, &install.series).and_then(|reader| reader.fences(&origin));
        let Ok(batches) = read else { continue };
        if let Some(batch) = unknown(desk, name, &batches)? {
            return Err(behind(desk, name, batch).into());
        }
    }
    Ok(())
}

/// The first of these batches, which have a fence row in a source, that the log does not know.
pub(super) fn unknown(
    desk: &mut Desk,
    source: &SourceName,
    batches: &[BatchNumber],
) -> Result<Option<BatchNumber>, ExecuteError> {
    for batch in batches {
        // As a rule there is one row, of the last committed batch.
        let is_last = desk.chronicle()?.expected_fences().get(source) == Some(batch);
        if !is_last && logged_batch(desk.log(), *batch)?.is_none() {
            return Ok(Some(*batch));
        }
    }
    Ok(None)
}

/// The refusal.
pub(super) fn behind(desk: &mut Desk, source: &SourceName, batch: BatchNumber) -> DeskError {
    DeskError::LogBehind { source_name: source.clone(), batch, entries: desk.log().size() }
}
