//! What an interrupted run had begun is settled also where the plan at hand is refused: the files of records that are
//! gone go, and the log says what became of each, though nobody may go on with the plan any more.

use std::collections::BTreeSet;

use super::error::ExecuteError;
use super::left::is_left_unfinished;
use super::recover::{LeftBehind, Recovered, recover};
use crate::disposition::desk::SharedDesk;
use crate::model::{Instant, Opening, PlanId};

/// Whether batches were announced of which the log does not say what became of them.
///
/// # Errors
/// The desk cannot be locked.
pub fn has_begun(shared: &SharedDesk) -> Result<bool, ExecuteError> {
    Ok(!shared.lock()?.log().unresolved().is_empty())
}

/// Settles every batch that was begun, by no approval: nothing is disposed of that is not gone already. What was left
/// is tried again where some of it is of the plan that is refused and no run went through that one; else
/// [`super::apply_left`] does. In a blackout they wait, as they do before a run; so do those whose source cannot be
/// read.
///
/// # Errors
/// As [`recover`].
pub fn settle_begun(shared: &SharedDesk, plan: &PlanId, now: Instant) -> Result<Recovered, ExecuteError> {
    let mut desk = shared.lock()?;
    let left = if is_left_unfinished(&mut desk, plan)? { LeftBehind::TryAgain } else { LeftBehind::Leave };
    let is_nothing_begun = desk.log().unresolved().is_empty() && left == LeftBehind::Leave;
    if is_nothing_begun || desk.install().windows.open_at(now) == Opening::Blackout {
        return Ok(Recovered::default());
    }
    let recovered = recover(&mut desk, &BTreeSet::new(), left, now)?;
    desk.log().publish()?;
    Ok(recovered)
}
