//! Whether the database at hand is the one in which our last batch was committed. Only its rows tell which files no
//! record names any more: a copy from before, or an empty database in its place, does not know the records that do.

use super::error::ExecuteError;
use super::spool::Spool;
use crate::disposition::desk::Desk;
use crate::model::{BatchNumber, Origin};
use crate::records::sqlite::{FenceState, Reader};

/// Why a file stays that no row of the database at hand names.
pub(super) const NOT_RIGHTFUL: &str = "the database does not say that the batch was committed in it, so it may not know which records name the file: it may \
     have been put back, or another one stands in its place: put the right one in its place; where it is the right one, approve the next plan that has records \
     with `--accept restored`, or look at the file yourself and end it with `apply PLAN --release-files`";

/// Whether the database of a spool's batch bears the row of the last batch that the logs say was committed there. Where
/// they tell of none, that of the batch itself. A later row of the same log would say nothing: it may be of another
/// source, whose database stands here.
pub(super) fn is_rightful(desk: &mut Desk, spool: &Spool) -> Result<bool, ExecuteError> {
    let (install, own) = (desk.install().clone(), desk.log().origin().clone());
    let Some(source) = install.sources.get(&spool.source) else { return Ok(false) };
    let (log, last) = match desk.chronicle()?.expected_fences().get(&spool.source).copied() {
        Some(last) => (own, last),
        None => last_of_earlier(desk, spool)?.unwrap_or_else(|| (spool.log.clone(), spool.batch)),
    };
    let mut reader = Reader::open(source, &install.series)?;
    Ok(matches!(reader.fence(&log, last)?, FenceState::Committed(_)))
}

/// The last batch of the spool's source that the newest of the earlier logs with one says was committed. The log of the
/// spool's own batch may have lost its end: a row from before that batch would stand in a copy from before it, too.
fn last_of_earlier(desk: &mut Desk, spool: &Spool) -> Result<Option<(Origin, BatchNumber)>, ExecuteError> {
    for earlier in desk.earlier()? {
        let told = earlier.chronicle.expected_fences().get(&spool.source).copied();
        let last = if earlier.origin == spool.log { told.max(Some(spool.batch)) } else { told };
        if let Some(last) = last {
            return Ok(Some((earlier.origin.clone(), last)));
        }
    }
    Ok(None)
}
