//! Whether masks stand in place already, as SQL.

use std::collections::BTreeMap;

use super::StoreError;
use super::part_rows::part_rows;
use super::sql::{self, THIS};
use crate::records::mapping::{Literal, Mask, PartMapping, SeriesMapping};
use crate::records::masks;

/// Whether every row of a part is masked, by the record's key.
pub(super) fn masked_part(series: &SeriesMapping, part: &PartMapping) -> Result<String, StoreError> {
    Ok(format!("SELECT NOT EXISTS (SELECT 1 {} AND NOT {})", part_rows(series, part)?, masked(&part.anonymize)))
}

/// Whether every mask stands in place in `this`.
pub(super) fn masked(masks: &BTreeMap<String, Mask>) -> String {
    let terms: Vec<String> = masks.iter().map(|(column, mask)| is_masked(&sql::column(THIS, column), mask)).collect();
    format!("({})", terms.join(" AND "))
}

/// By bytes: a collation could call two values equal that are not.
fn is_masked(column: &str, mask: &Mask) -> String {
    match mask {
        Mask::Null | Mask::Constant(Literal::Null) => format!("{column} IS NULL"),
        Mask::Constant(value) => format!("{column} IS {} COLLATE BINARY", sql::literal(value)),
        Mask::TruncateIp => format!("{column} IS {}({column}) COLLATE BINARY", masks::TRUNCATE_IP),
        Mask::DateToYear => format!("{column} IS {}({column}) COLLATE BINARY", masks::YEAR),
    }
}
