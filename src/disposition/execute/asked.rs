//! `--where` holds that can no longer be asked: nobody knows which records they keep, so nothing goes, and they are
//! named.

use super::error::ExecuteError;
use super::writers::Writers;
use crate::disposition::desk::SharedDesk;
use crate::disposition::plan::{Manifest, PlanError};
use crate::model::{HoldId, SeriesName, SourceName};
use crate::records::sqlite::StoreError;

/// Compiles every `--where` hold on the series of a plan before anything is announced. What an expression fails on in a
/// row is only found inside the transaction.
///
/// # Errors
/// [`PlanError::Hold`] for the first that cannot be asked; a source cannot be opened.
pub(super) fn every_hold(
    shared: &SharedDesk,
    manifest: &Manifest,
    writers: &mut Writers<'_>,
) -> Result<(), ExecuteError> {
    let asked: Vec<(SourceName, SeriesName, HoldId, String)> = {
        let desk = shared.lock()?;
        let of_series = manifest.series.iter().map(|planned| (planned, desk.holds().expressions(&planned.series)));
        let all = of_series.flat_map(|(planned, holds)| holds.iter().map(move |hold| (planned, hold)));
        all.map(|(planned, (hold, expression))| {
            (planned.source.clone(), planned.series.clone(), hold.clone(), expression.clone())
        })
        .collect()
    };
    for (source, series, hold, expression) in asked {
        writers.of(&source)?.compiles(&series, &expression).map_err(|error| failed(&hold, &series, error))?;
    }
    Ok(())
}

/// What kept a `--where` hold from being asked. A lock, or a time that is over, is not the expression's.
pub(super) fn failed(hold: &HoldId, series: &SeriesName, error: StoreError) -> ExecuteError {
    match error {
        StoreError::Expression { .. } => PlanError::of_hold(hold, series, error).into(),
        other => other.into(),
    }
}
