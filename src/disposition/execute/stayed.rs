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
    note(shared, target, [(staying.item, staying.reason)], now)
}

/// Notes why records stay that are counted with their batch.
pub(super) fn note<'a>(
    shared: &SharedDesk,
    target: &Target<'_>,
    staying: impl IntoIterator<Item = (&'a Item, &'a str)>,
    now: Instant,
) -> Result<(), ExecuteError> {
    let noted = staying.into_iter().filter_map(|(item, reason)| {
        let record = NamedRecord { series: target.mapping.series.clone(), key: key_text(&item.key) };
        let stayed =
            Stayed { plan: target.plan_id().clone(), run: target.run.clone(), at: now, reason: reason.to_owned() };
        Some((record, target.rule(item)?.clone(), stayed))
    });
    let noted: Vec<_> = noted.collect();
    if noted.is_empty() {
        return Ok(());
    }
    Ok(shared.lock()?.note_stayed(&noted)?)
}
