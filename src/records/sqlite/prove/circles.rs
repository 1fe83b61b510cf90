//! Rows that refer to each other in a circle: records of a series that blocks itself (a tree, unless the application
//! lets them; of several series the configuration itself admits no circle), and rows that go together.

use super::links::joins;
use super::{Proof, list, owner_table, place};
use crate::records::mapping::SeriesMapping;
use crate::records::sqlite::catalog::{Catalog, ForeignKey};
use crate::records::sqlite::dispose_family::Family;

impl Proof<'_> {
    /// Rows that go together and refer to each other: a reference that only the COMMIT looks for may go first, and no
    /// other.
    pub(super) fn reference_circles(&mut self, series: &SeriesMapping) {
        // What the schema lacks for the mapping was told of before.
        let Ok(family) = Family::read(&self.opened.conn, series, 0) else { return };
        let keys = family.out_of_order(&family.groups());
        for (table, key) in keys.into_iter().filter(|(_, key)| key.on_delete != "NO ACTION") {
            let columns = list(key.columns.iter().map(|(here, _)| here.as_str()));
            let parent = &key.parent;
            let message = format!(
                "rows of {table} and of {parent} that go together refer to each other, and {table}.{columns} says ON DELETE {}: whichever \
                 goes first, the record cannot be destroyed",
                key.on_delete
            );
            let mend = format!(
                "create {table} anew without that ON DELETE, or let one side go first: in the part of {table}, `owner_gone = \"detach\"`"
            );
            self.error("foreign-key-circle", place(series), message, mend);
        }
    }

    /// Tells that records in a circle would stay for ever.
    pub(super) fn circles(&mut self, series: &SeriesMapping) {
        if series.blocked_by.iter().any(|relation| relation.series == series.series) {
            let message = format!(
                "records of {} that refer to each other in a circle, instead of a tree, can never go: `plan` counts them, and `explain` shows the circle",
                series.series
            );
            let mend = "keep the application from making such circles";
            self.note("blocked-circle", format!("{}.blocked_by", place(series)), message, mend);
        }
    }
}

/// Whether a record (or a part) names one of its own rows by a foreign key, as its main document: that row names it,
/// too, and goes with it. Where another record names it, the COMMIT refuses.
pub(super) fn is_mutual(catalog: &Catalog, series: &SeriesMapping, child: &str, key: &ForeignKey) -> bool {
    let is = |one: &str, other: &str| one.eq_ignore_ascii_case(other);
    let mut parts = series.parts.iter().filter(|part| part.shared.is_empty() && series.takes_along(part));
    key.on_delete == "NO ACTION"
        && parts.any(|part| {
            let is_owner = owner_table(series, part).is_some_and(|owner| is(owner, child) && !is(owner, &part.table));
            let mut back = catalog.references_to(child).filter(|(table, _)| is(table, &part.table));
            is_owner && is(&part.table, &key.parent) && back.any(|(_, back)| joins(&part.on, back))
        })
}
