//! Before the first action under them, the calendar and the mappings stand in the log; so does the person who lets a
//! restored source go on.

use super::error::ExecuteError;
use crate::audit::leaf::{Body, Correction, MappingLeaf};
use crate::disposition::ApprovedPlan;
use crate::disposition::chronicle::correction;
use crate::disposition::declared::calendar_leaf;
use crate::disposition::desk::Desk;
use crate::model::{Actor, Instant};

/// Logs the calendars and mappings that the plan obeys, unless the log has them.
pub(super) fn declare(desk: &mut Desk, plan: &ApprovedPlan, actor: &Actor, now: Instant) -> Result<(), ExecuteError> {
    let install = desk.install().clone();
    for planned in &plan.manifest().calendars {
        let calendar = install.calendars.iter().find(|calendar| calendar.digest == planned.digest);
        let Some(calendar) = calendar else { continue };
        desk.chronicle()?.history().declared.admits(calendar, now)?;
        if !desk.chronicle()?.has_calendar(&calendar.digest) {
            desk.log().put_blob(calendar.text.as_bytes())?;
            desk.record(Body::Calendar(calendar_leaf(calendar)), now)?;
        }
    }
    for planned in &plan.manifest().series {
        let no_series = || ExecuteError::NoSeries { plan: plan.id().clone(), series: planned.series.clone() };
        let mapping = install.mapping(&planned.series).ok_or_else(no_series)?;
        let leaf = MappingLeaf {
            series: planned.series.clone(),
            source: planned.source.clone(),
            table: mapping.table.clone(),
            key: mapping.key.clone(),
            reference: mapping.reference.clone(),
            digest: planned.governed.mapping,
        };
        if !desk.chronicle()?.has_mapping(&leaf) {
            desk.record(Body::Mapping(leaf), now)?;
        }
        if desk.chronicle()?.is_restored(&planned.source) {
            // The gates let this plan through: the person who approved it named the rail `restored`.
            let lifted = Correction {
                actor: Some(actor.clone()),
                ..Correction::new(planned.source.clone(), correction::LIFTED)
            };
            desk.record(Body::Correction(lifted), now)?;
        }
    }
    Ok(())
}
