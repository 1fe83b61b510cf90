//! The rows of parts, found from their record, as SQL.

use super::StoreError;
use super::select::key_is;
use super::sql::{self, OWNER, THIS};
use crate::records::mapping::{PartMapping, SeriesMapping};

/// `FROM` and `WHERE` of the rows of a part (`this`) and their owners (`owner`) that belong to one record, by its key.
///
/// # Errors
/// A part that is a part of none, or of itself.
pub(super) fn part_rows(series: &SeriesMapping, part: &PartMapping) -> Result<String, StoreError> {
    part_rows_within(series, part, series.parts.len())
}

fn part_rows_within(series: &SeriesMapping, part: &PartMapping, levels: usize) -> Result<String, StoreError> {
    let (owners, key) = match owner_of(series, part)? {
        None => (sql::name(&series.table), format!("{} AND ", key_is(OWNER, series))),
        Some(of) => {
            let levels = levels.checked_sub(1).ok_or_else(|| part_of_none(series, part))?;
            (format!("(SELECT {THIS}.* {})", part_rows_within(series, of, levels)?), String::new())
        }
    };
    Ok(format!("FROM {owners} AS {OWNER} CROSS JOIN {} AS {THIS} WHERE {key}{}", sql::name(&part.table), belongs(part)))
}

/// That a row (`this`) belongs to its owner (`owner`) by a part.
pub(super) fn belongs(part: &PartMapping) -> String {
    let condition = part.condition.as_ref().map(|condition| format!(" AND {}", sql::condition(condition)));
    format!("{}{}", sql::join(&part.on), condition.unwrap_or_default())
}

/// The part that a part is a part of; `None` where that is the record itself.
fn owner_of<'m>(series: &'m SeriesMapping, part: &PartMapping) -> Result<Option<&'m PartMapping>, StoreError> {
    let Some(name) = &part.of else { return Ok(None) };
    let of = series.parts.iter().find(|other| other.name == *name);
    of.map(Some).ok_or_else(|| part_of_none(series, part))
}

fn part_of_none(series: &SeriesMapping, part: &PartMapping) -> StoreError {
    StoreError::PartOfNone { series: series.series.clone(), part: part.name.clone() }
}
