//! Masks that would take away what something else is found by: rows of a part, or a file.

use std::collections::{BTreeMap, BTreeSet};

use super::{Proof, list, part_place, place};
use crate::records::mapping::{Condition, Join, Mask, OwnerGone, PartMapping, SeriesMapping};

/// Columns that are masked in the rows of one table.
struct Masked<'m> {
    at: String,
    table: &'m str,
    /// In lower case, with those that are computed from them.
    columns: BTreeSet<String>,
}

impl Proof<'_> {
    /// What a record that was anonymized could not find any more, and nobody else would.
    pub(super) fn orphans(&mut self, series: &SeriesMapping, is_destroyed: bool) {
        let queries = self.queries;
        for masked in self.all_masked(series).iter().filter(|masked| !masked.columns.is_empty()) {
            for other in queries.mappings() {
                self.files_behind(masked, other);
                if other.series == series.series {
                    self.parts_behind(masked, series, is_destroyed);
                } else {
                    self.of_another_series(masked, other);
                }
            }
        }
        for part in series.parts.iter().filter(|_| is_destroyed) {
            let masked = self.masked(part_place(series, part), &part.table, &part.anonymize);
            let found = masked.among(found_by(part));
            if !found.is_empty() {
                let reason = format!("by which rows of {} are found when their record is destroyed", part.table);
                self.orphaned(
                    &masked,
                    &found,
                    &reason,
                    "take the mask out, or destroy these rows earlier, by a series of their own",
                );
            }
        }
    }

    fn all_masked<'m>(&self, series: &'m SeriesMapping) -> Vec<Masked<'m>> {
        let own = self.masked(place(series), &series.table, &series.anonymize);
        let parts = series.parts.iter().map(|part| self.masked(part_place(series, part), &part.table, &part.anonymize));
        std::iter::once(own).chain(parts).collect()
    }

    fn masked<'m>(&self, at: String, name: &'m str, masks: &BTreeMap<String, Mask>) -> Masked<'m> {
        let with_computed = |column: &String| match self.table(name) {
            Some(table) => table.with_computed(column),
            None => BTreeSet::from([column.to_ascii_lowercase()]),
        };
        Masked { at: at + ".anonymize", table: name, columns: masks.keys().flat_map(with_computed).collect() }
    }

    /// Files that no row would name any more.
    fn files_behind(&mut self, masked: &Masked<'_>, other: &SeriesMapping) {
        for part in other.parts.iter().filter(|part| masked.is_of(&part.table)) {
            let found = masked.among(part.files.iter().flat_map(|files| &files.columns));
            if !found.is_empty() {
                let reason =
                    format!("which name the files of {}: they would stay, and no row would lead to them", part.table);
                let mend = format!(
                    "take the mask out, and map {} as a series of its own with a rule that destroys its rows and their files",
                    part.table
                );
                self.orphaned(masked, &found, &reason, mend);
            }
        }
    }

    /// Parts joined to what is masked. One whose own rows are masked along may lose its record, if that is not
    /// destroyed later.
    fn parts_behind(&mut self, masked: &Masked<'_>, series: &SeriesMapping, is_destroyed: bool) {
        let is_needed = |part: &&PartMapping| is_destroyed || part.anonymize.is_empty();
        for part in series.parts.iter().filter(is_needed) {
            let at = match &part.of {
                None => place(series),
                Some(of) => format!("{}.part.{of}", place(series)),
            };
            if masked.at == format!("{at}.anonymize") {
                self.part_behind(masked, part);
            }
        }
    }

    /// Another series of the same rows.
    fn of_another_series(&mut self, masked: &Masked<'_>, other: &SeriesMapping) {
        if !masked.is_of(&other.table) {
            return;
        }
        let found = masked.among(&other.key);
        if !found.is_empty() {
            let reason = format!("the key of series {}, which would not find its records again", other.series);
            self.orphaned(masked, &found, &reason, "take the mask out");
        }
        let is_own = |part: &&PartMapping| part.of.is_none() && part.owner_gone == OwnerGone::Destroy;
        for part in other.parts.iter().filter(is_own) {
            self.part_behind(masked, part);
        }
    }

    fn part_behind(&mut self, masked: &Masked<'_>, part: &PartMapping) {
        let Join::Columns(pairs) = &part.on else { return };
        let found = masked.among(pairs.iter().map(|(_, owner)| owner));
        if !found.is_empty() {
            let reason =
                format!("to which rows of {} are joined: they would stay, and belong to no record", part.table);
            self.orphaned(masked, &found, &reason, "take the mask out, or join the part by a column that stays");
        }
    }

    fn orphaned(&mut self, masked: &Masked<'_>, columns: &[&str], reason: &str, mend: impl Into<String>) {
        let message = format!("{} of {} would be masked, {reason}", list(columns.iter().copied()), masked.table);
        self.error("mask-orphans", masked.at.clone(), message, mend);
    }
}

impl Masked<'_> {
    fn is_of(&self, table: &str) -> bool {
        self.table.eq_ignore_ascii_case(table)
    }

    /// Which of these columns are masked.
    fn among<'c>(&self, columns: impl IntoIterator<Item = &'c String>) -> Vec<&'c str> {
        let is_masked = |column: &&String| self.columns.contains(&column.to_ascii_lowercase());
        columns.into_iter().filter(is_masked).map(String::as_str).collect()
    }
}

/// Columns of a part by which its rows are found.
fn found_by(part: &PartMapping) -> impl Iterator<Item = &String> {
    let joined = match &part.on {
        Join::Columns(pairs) => pairs.as_slice(),
        Join::Expression(_) => &[],
    };
    let tests = match &part.condition {
        Some(Condition::All(tests)) => tests.as_slice(),
        _ => &[],
    };
    joined.iter().map(|(this, _)| this).chain(tests.iter().map(|test| &test.column))
}
