//! Columns to which foreign keys refer, and that take another value.

use super::{Proof, list, part_place, place};
use crate::records::mapping::SeriesMapping;
use crate::records::sqlite::catalog::ForeignKey;

impl Proof<'_> {
    /// A change that SQLite would pass on to rows that refer to it: they are not accounted for, so that every such
    /// disposal would be undone.
    pub(super) fn cascades(&mut self, series: &SeriesMapping, is_destroyed: bool) {
        for act in series.acts(is_destroyed) {
            let Some((column, _)) = act.change() else { continue };
            let table = act.table();
            let Some(changed) = self.table(table).map(|table| table.with_computed(column)) else { continue };
            let is_passed_on = |key: &ForeignKey| {
                let refers = key.columns.iter().any(|(_, there)| changed.contains(&there.to_ascii_lowercase()));
                refers && (key.on_update == "CASCADE" || key.on_update.starts_with("SET "))
            };
            let keys = self.catalog.references_to(table).filter(|(_, key)| is_passed_on(key));
            let keys: Vec<(String, ForeignKey)> = keys.map(|(child, key)| (child.to_owned(), key.clone())).collect();
            let at = match (act.part, act.is_mask()) {
                (None, _) => format!("{}.anonymize", place(series)),
                (Some(part), true) => format!("{}.anonymize", part_place(series, part)),
                (Some(part), false) => format!("{}.owner_gone", part_place(series, part)),
            };
            for (child, key) in keys {
                let here: Vec<&str> = key.columns.iter().map(|(here, _)| here.as_str()).collect();
                let message = format!(
                    "{column} of {table} takes another value, and rows of {child} refer to it by {} with ON UPDATE {}: they would change along, uncounted, so every run would undo it",
                    list(here),
                    key.on_update
                );
                let mend = format!(
                    "leave {column} as it is; or let {child} refer to another column of {table}, or without ON UPDATE {}",
                    key.on_update
                );
                self.error("change-cascades", at.clone(), message, mend);
            }
        }
    }
}
