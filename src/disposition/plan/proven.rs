//! No plan rests on a mapping that `check` would refuse.

use super::PlanError;
use crate::calendar::Disposition;
use crate::disposition::Installation;
use crate::disposition::judge::Governing;
use crate::records::mapping::SeriesMapping;
use crate::records::sqlite::{Proved, Reader};

/// Refuses a series whose mapping does not fit its database, by what shows without reading a table.
///
/// # Errors
/// [`PlanError::Unproved`] with the first finding; a database that cannot be read.
pub(super) fn proven(
    reader: &Reader,
    mapping: &SeriesMapping,
    governing: &Governing<'_>,
    install: &Installation,
) -> Result<(), PlanError> {
    let is_destroyed = governing.rules().any(|rule| rule.disposition == Some(Disposition::Destroy));
    let of_source = install.series.iter().filter(|other| other.source == mapping.source);
    let all = of_source.map(|other| Proved { series: &other.series, is_destroyed: install.is_destroyed(other) });
    let fault = reader
        .first_fault(Proved { series: &mapping.series, is_destroyed }, &all.collect::<Vec<_>>())
        .map_err(|source| PlanError::Records { series: mapping.series.clone(), source })?;
    match fault {
        None => Ok(()),
        Some(finding) => Err(PlanError::Unproved { series: mapping.series.clone(), finding: Box::new(finding) }),
    }
}
