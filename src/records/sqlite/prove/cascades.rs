//! Columns to which foreign keys refer, and that take another value.

use super::links::joins;
use super::{Proof, list, part_place, place};
use crate::records::mapping::{Act, SeriesMapping};
use crate::records::sqlite::catalog::ForeignKey;

impl Proof<'_> {
    /// A change that SQLite would pass on to rows that refer to it: they are not accounted for, so that every such
    /// disposal would be undone. Or one that it refuses while rows refer to it.
    pub(super) fn cascades(&mut self, series: &SeriesMapping, is_destroyed: bool) {
        for act in series.acts(is_destroyed) {
            let Some((column, _)) = act.change() else { continue };
            let table = act.table();
            let Some(changed) = self.table(table).map(|table| table.with_computed(column)) else { continue };
            let refers =
                |key: &ForeignKey| key.columns.iter().any(|(_, there)| changed.contains(&there.to_ascii_lowercase()));
            let keys = self.catalog.references_to(table).filter(|(_, key)| refers(key));
            let keys: Vec<(String, ForeignKey)> = keys.map(|(child, key)| (child.to_owned(), key.clone())).collect();
            for (child, key) in keys {
                if key.on_update == "CASCADE" || key.on_update.starts_with("SET ") {
                    self.passed_on(series, &act, column, (&child, &key));
                } else if !self.is_let_go(series, &act, &child, &key) {
                    self.refused_change(series, &act, column, (&child, &key));
                }
            }
        }
    }

    fn passed_on(&mut self, series: &SeriesMapping, act: &Act<'_>, column: &str, (child, key): (&str, &ForeignKey)) {
        let (table, on_update) = (act.table(), &key.on_update);
        let message = format!(
            "{column} of {table} takes another value, and rows of {child} refer to it by {} with ON UPDATE {on_update}: they would change along, uncounted, so every run would undo it",
            here(key)
        );
        let mend = format!(
            "leave {column} as it is; or let {child} refer to another column of {table}, or without ON UPDATE {on_update}"
        );
        self.error("change-cascades", place_of(series, act), message, mend);
    }

    fn refused_change(
        &mut self,
        series: &SeriesMapping,
        act: &Act<'_>,
        column: &str,
        (child, key): (&str, &ForeignKey),
    ) {
        let table = act.table();
        let message = format!(
            "{column} of {table} takes another value, and rows of {child} refer to it by {}: while one does, SQLite refuses that, and the record fails",
            here(key)
        );
        let mut mend = format!("leave {column} as it is; or let {child} refer to another column of {table}");
        let blocker = self.queries.mappings().iter().find(|other| other.table.eq_ignore_ascii_case(child));
        if let (None, Some(blocker)) = (act.part, blocker) {
            let on: Vec<String> = key.columns.iter().map(|(this, owner)| format!("{this} = \"{owner}\"")).collect();
            mend += &format!(
                "; or let it wait, in [series.{}]: blocked_by = [{{ series = \"{}\", on = {{ {} }} }}]",
                series.series,
                blocker.series,
                on.join(", ")
            );
        }
        self.error("change-refused", place_of(series, act), message, mend);
    }

    /// Whether no row may refer to what changes by then: such rows keep the record, or go or change along.
    fn is_let_go(&self, series: &SeriesMapping, act: &Act<'_>, child: &str, key: &ForeignKey) -> bool {
        let is_child = |table: &str| table.eq_ignore_ascii_case(child);
        let blocks = series.blocked_by.iter().any(|relation| {
            let is_of_child = self.queries.mapping(&relation.series).is_ok_and(|other| is_child(&other.table));
            is_of_child && joins(&relation.on, key)
        });
        let lets_go = |column: &str| key.columns.iter().any(|(here, _)| here.eq_ignore_ascii_case(column));
        let goes_along = series.parts.iter().filter(|part| is_child(&part.table)).any(|part| match act.is_mask() {
            true => part.anonymize.keys().any(|column| lets_go(column)),
            false => true,
        });
        goes_along || (blocks && act.part.is_none())
    }
}

fn here(key: &ForeignKey) -> String {
    list(key.columns.iter().map(|(here, _)| here.as_str()))
}

fn place_of(series: &SeriesMapping, act: &Act<'_>) -> String {
    match (act.part, act.is_mask()) {
        (None, _) => format!("{}.anonymize", place(series)),
        (Some(part), true) => format!("{}.anonymize", part_place(series, part)),
        (Some(part), false) => format!("{}.owner_gone", part_place(series, part)),
    }
}
