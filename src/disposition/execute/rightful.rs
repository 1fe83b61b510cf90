//! Whether the database at hand is the one in which our last batch was committed. Only its rows tell which files no
//! record names any more: a copy from before, or an empty database in its place, does not know the records that do.

use super::error::ExecuteError;
use super::spool::Spool;
use crate::disposition::chronicle::{Chronicle, LastRow};
use crate::disposition::desk::Desk;
use crate::model::{BatchNumber, Origin};
use crate::records::sqlite::{FenceState, Reader};

/// Why a file stays that no row of the database at hand names.
pub(super) const NOT_RIGHTFUL: &str = "the database does not say that the batch was committed in it, so it may not know which records name the file: it may \
     have been put back, or another one stands in its place: put the right one in its place; where it is the right one, approve the next plan that has records \
     with `--accept restored`, or look at the file yourself and end it with `apply PLAN --release-files`";

/// Whether the database of a spool's batch bears the row of the last batch that the logs say was committed there, also
/// where it is on record that a copy stood in its place. Where they tell of none, that of the batch itself. A later row
/// of the same log would say nothing: it may be of another source, whose database stands here.
pub(super) fn is_rightful(desk: &mut Desk, spool: &Spool) -> Result<bool, ExecuteError> {
    let install = desk.install().clone();
    let Some(source) = install.sources.get(&spool.source) else { return Ok(false) };
    let Some((log, last)) = last(desk, spool)? else { return Ok(false) };
    let mut reader = Reader::open(source, &install.series)?;
    Ok(matches!(reader.fence(&log, last)?, FenceState::Committed(_)))
}

/// The last batch by the newest log that tells of the spool's source; where none does, the batch of the spool itself.
/// `None` where a person let the source go on since: until the next batch no row tells its database from older ones.
fn last(desk: &mut Desk, spool: &Spool) -> Result<Option<(Origin, BatchNumber)>, ExecuteError> {
    let own = desk.log().origin().clone();
    let mut last = last_of(&own, desk.chronicle()?, spool);
    if last.is_none() {
        last = desk.earlier()?.iter().find_map(|earlier| last_of(&earlier.origin, &earlier.chronicle, spool));
    }
    Ok(match last {
        Some((log, LastRow::Of(batch))) => Some((log, batch)),
        Some((_, LastRow::LetGo)) => None,
        None => Some((spool.log.clone(), spool.batch)),
    })
}

/// What one log says, if anything. That of the spool's own batch may have lost its end: a row from before that batch,
/// of this log or of one before it, stands in a copy from before it, too.
fn last_of(log: &Origin, chronicle: &Chronicle, spool: &Spool) -> Option<(Origin, LastRow)> {
    let least = (*log == spool.log).then_some(LastRow::Of(spool.batch));
    let last = match chronicle.last_row(&spool.source) {
        Some(LastRow::Of(batch)) if *log == spool.log => Some(LastRow::Of(batch.max(spool.batch))),
        told => told.or(least),
    };
    last.map(|last| (log.clone(), last))
}
