//! A log that lies behind what a database remembers: the state directory was restored from a copy, while the databases
//! stayed as they are.
//!
//! What the database alone remembers has its evidence in entries that this log has lost. To go on would give their
//! numbers to other batches, and sign a second history beside the first.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

use super::{Desk, DeskError};
use crate::audit::earlier::{Earlier, Kept, beside, earlier_logs};
use crate::audit::{Brief, Entries, LogError, LogReader};
use crate::model::{BatchNumber, Origin, SourceName};
use crate::records::sqlite::Reader;

/// Refuses to go on where a source has a fence row of a batch of this log that the log does not know. A source that
/// cannot be read now, or in which its application left a transaction unfinished, is looked at again in each of its
/// transactions.
///
/// # Errors
/// [`DeskError::LogBehind`]; a log that cannot be read.
pub fn look(desk: &mut Desk) -> Result<(), DeskError> {
    let install = desk.install().clone();
    let origin = desk.log().origin().clone();
    for (name, source) in &install.sources {
        let read = Reader::open_to_look(source, &install.series).and_then(|reader| reader.fences(&origin));
        let Ok(batches) = read else { continue };
        if let Some(batch) = unknown(desk, name, &batches)? {
            return Err(behind(desk, name, batch));
        }
    }
    Ok(())
}

/// The same of one source beside whoever holds the state: `batches` of the log of this name have a fence row there. The
/// log must have been opened after these were read, as a batch under way is in the log before its row is written.
///
/// # Errors
/// As [`look`].
pub fn look_beside(
    log: &LogReader,
    origin: &Origin,
    source: &SourceName,
    batches: &[BatchNumber],
) -> Result<(), DeskError> {
    for batch in batches {
        if !is_known(log, *batch)? {
            let (source_name, origin) = (source.clone(), origin.clone());
            return Err(DeskError::LogBehind { source_name, origin, batch: *batch, entries: log.size() });
        }
    }
    Ok(())
}

/// Batches of which a database remembers that another log committed them, and none of the logs before this one tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untold {
    /// The log that they are of.
    pub log: Origin,
    pub batches: u64,
    /// Whether it is one before this log: its entries were lost before its successor began.
    pub is_before: bool,
}

/// Of these batches of other logs those that no log before this one tells of. The entries that a log before this one
/// has beyond those that its successor names are not its evidence.
///
/// # Errors
/// A log that cannot be read.
pub fn untold(
    log: &LogReader,
    dir: &Path,
    others: BTreeMap<Origin, Vec<BatchNumber>>,
) -> Result<Vec<Untold>, LogError> {
    if others.is_empty() {
        return Ok(Vec::new());
    }
    let before = earlier_logs(log.continued()?.as_ref(), beside(dir), &[]);
    let mut untold = Vec::new();
    for (other, batches) in others {
        let earlier = before.iter().find(|earlier| earlier.named.origin == other);
        let mut unknown = 0;
        for batch in batches {
            unknown += u64::from(!earlier.is_some_and(|earlier| tells_of(earlier, batch)));
        }
        if unknown > 0 {
            untold.push(Untold { log: other, batches: unknown, is_before: earlier.is_some() });
        }
    }
    Ok(untold)
}

/// Whether an earlier log tells of a batch. Of one that is not at hand its successor names the size alone. An entry
/// that cannot be read tells nothing.
fn tells_of(earlier: &Earlier, batch: BatchNumber) -> bool {
    match &earlier.kept {
        _ if batch.0 >= earlier.named.size => false,
        Kept::Whole(pinned) => is_known(&LogReader::succeeded(&pinned.dir, &earlier.named), batch).unwrap_or_default(),
        Kept::Missing | Kept::Other(_) | Kept::Unread => true,
    }
}

/// The first of these batches, which have a fence row in a source, that the log does not know.
pub(in crate::disposition) fn unknown(
    desk: &mut Desk,
    source: &SourceName,
    batches: &[BatchNumber],
) -> Result<Option<BatchNumber>, DeskError> {
    for batch in batches {
        // As a rule there is one row, of the last committed batch.
        let is_last = desk.chronicle()?.expected_fences().get(source) == Some(batch);
        if !is_last && !is_known(desk.log(), *batch)? {
            return Ok(Some(*batch));
        }
    }
    Ok(None)
}

/// Whether the log's entry of the batch's number is an intent of the batch: its number is the index of its first
/// intent.
fn is_known(log: &impl Entries, batch: BatchNumber) -> Result<bool, LogError> {
    let mut is_known = false;
    log.scan_brief(batch.0, &mut |_, brief| {
        is_known = matches!(brief, Brief::Intent { batch: of, .. } if of == batch);
        ControlFlow::Break(())
    })?;
    Ok(is_known)
}

/// The refusal.
pub(in crate::disposition) fn behind(desk: &mut Desk, source: &SourceName, batch: BatchNumber) -> DeskError {
    let (source_name, origin) = (source.clone(), desk.log().origin().clone());
    DeskError::LogBehind { source_name, origin, batch, entries: desk.log().size() }
}
