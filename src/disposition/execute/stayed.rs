//! Records that stay although their plan was to dispose of them, and why: counted for the run's statement, and noted
//! for `explain`.

use super::error::ExecuteError;
use super::statement::Tally;
use super::target::Target;
use crate::audit::leaf::RecordOutcome;
use crate::disposition::desk::{SharedDesk, Stayed};
use crate::disposition::holds::key_text;
use crate::disposition::plan::Item;
use crate::disposition::request::NamedRecord;
use crate::model::Instant;

/// A record that stays.
pub(super) struct Staying<'a> {
    pub item: &'a Item,
    pub outcome: RecordOutcome,
    pub reason: &'a str,
}

/// Counts a record that stays, and notes why.
pub(super) fn leave(
    shared: &SharedDesk,
    target: &Target<'_>,
    tally: &mut Tally,
    staying: &Staying<'_>,
    now: Instant,
) -> Result<(), ExecuteError> {
    tally.count(staying.outcome);
    tally.explain(staying.reason, 1);
    note(shared, target, staying.item, staying.reason, now)
}

/// Notes why a record stays that is counted with its batch.
pub(super) fn note(
    shared: &SharedDesk,
    target: &Target<'_>,
    item: &Item,
    reason: &str,
    now: Instant,
) -> Result<(), ExecuteError> {
    let Some(rule) = target.rule(item) else { return Ok(()) };
    let record = NamedRecord { series: target.mapping.series.clone(), key: key_text(&item.key) };
    let stayed = Stayed { plan: target.plan_id().clone(), run: target.run.clone(), at: now, reason: reason.to_owned() };
    Ok(shared.lock()?.note_stayed(&record, rule, &stayed)?)
}
