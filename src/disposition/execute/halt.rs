//! What ends a run between two batches: somebody stops it, a blackout opens, a person rejects its plan, the calendar
//! that it obeys ends, or the database no longer says what the log says.

use std::sync::atomic::{AtomicBool, Ordering};

use super::error::ExecuteError;
use super::target::Target;
use crate::disposition::approval::ApprovalError;
use crate::disposition::desk::{Desk, behind};
use crate::model::{Instant, Opening, Windows};
use crate::records::sqlite::{FenceState, WriteTxn};

/// Why a run is to end as soon as nothing of it is open; `None` where nobody asks for that.
pub(super) fn asked(stop: &AtomicBool, windows: &Windows, now: Instant) -> Option<&'static str> {
    if windows.open_at(now) == Opening::Blackout {
        return Some("a blackout window opened");
    }
    stop.load(Ordering::Relaxed).then_some("the run was stopped")
}

/// Why no batch of this target may be announced any more, nor an announced one committed; `None` where nothing stands
/// against it.
///
/// To be asked under the lock of the Desk that the announcement, or the COMMIT, is made under: whoever was told that a
/// plan is rejected was told before, and it is seen.
///
/// # Errors
/// The log cannot be read.
pub(super) fn reason(desk: &mut Desk, target: &Target<'_>, now: Instant) -> Result<Option<String>, ExecuteError> {
    if let Some(ended) = ended(desk, target, now) {
        return Ok(Some(ended));
    }
    let chronicle = desk.chronicle()?;
    if chronicle.rejected(target.plan_id()) == Some(&target.plan.decision().digest) {
        return Ok(Some(ApprovalError::Rejected { plan: target.plan_id().clone() }.to_string()));
    }
    Ok(chronicle.is_restored(&target.mapping.source).then(|| restored(target)))
}

/// The same as [`reason`] of an open transaction; in addition, the fence row of the last committed batch must stand in
/// the database that it sees. A run announces the next batch before it can look outside a transaction, and that batch's
/// COMMIT lets go of the row.
///
/// # Errors
/// The log or the database cannot be read.
pub(super) fn reason_inside(
    desk: &mut Desk,
    txn: &mut WriteTxn<'_>,
    target: &Target<'_>,
    now: Instant,
) -> Result<Option<String>, ExecuteError> {
    if let Some(reason) = reason(desk, target, now)? {
        return Ok(Some(reason));
    }
    let fences = txn.fences()?;
    if let Some(batch) = behind::unknown(desk, &target.mapping.source, &fences)? {
        return Ok(Some(behind::behind(desk, &target.mapping.source, batch).to_string()));
    }
    let Some(last) = desk.chronicle()?.expected_fences().get(&target.mapping.source).copied() else { return Ok(None) };
    let stands = matches!(txn.fence_of(last)?, FenceState::Committed(_));
    Ok((!stands).then(|| restored(target)))
}

/// At midnight another version may have come into force, or none: what is due by the one of the plan need not be due
/// any more.
fn ended(desk: &Desk, target: &Target<'_>, now: Instant) -> Option<String> {
    let obeyed = target.governing.calendar();
    let is_in_force =
        desk.install().in_force_now(target.mapping, now).is_some_and(|calendar| calendar.digest == obeyed.digest);
    (!is_in_force).then(|| {
        let (number, version) = (&obeyed.number, obeyed.version);
        format!(
            "version {version} of calendar {number}, by which the plan was made, is no longer in force; what is due by its successor stands on the next plan"
        )
    })
}

fn restored(target: &Target<'_>) -> String {
    ExecuteError::Restored { source_name: target.mapping.source.clone() }.to_string()
}
