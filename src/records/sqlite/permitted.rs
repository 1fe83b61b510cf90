//! What the application's triggers may write while records are disposed of.

use std::collections::{BTreeMap, BTreeSet};

use super::StoreError;
use super::catalog::{Catalog, ForeignKey};
use super::guard::Change;
use super::open::Opened;
use super::triggers::{Event, Triggers, Writing, cascade, changed_columns, destroyed_tables, names};
use crate::records::mapping::SeriesMapping;

/// What the triggers that a mapping names may do while its records are disposed of.
#[derive(Clone, Debug, Default)]
pub(super) struct Permitted {
    /// Tables, in lower case, of which rows are destroyed while only named triggers write.
    destroyed: BTreeSet<String>,
    changed: BTreeSet<String>,
    /// Of each table destroyed, the foreign keys that would take or change rows along: what they do is not told from
    /// what triggers do.
    cascades: BTreeMap<String, Vec<(String, ForeignKey)>>,
    /// Tables, in lower case, that they write, with what foreign keys do in turn.
    pub written: BTreeSet<String>,
    /// Whether some of them may copy what goes, or a full-text index keeps it because none takes it out.
    pub copies: bool,
}

impl Permitted {
    /// Looks at the schema as it is now. Where one trigger is not named, or trespasses, none on that table may write.
    ///
    /// # Errors
    /// The database cannot be read, or a trigger not be compiled.
    pub(super) fn read(
        opened: &Opened,
        mappings: &[SeriesMapping],
        series: &SeriesMapping,
    ) -> Result<Self, StoreError> {
        let mut permitted = Self::default();
        let failed = |error| StoreError::of(&opened.conn, error);
        let catalog = Catalog::read(&opened.conn).map_err(failed)?;
        let triggers = Triggers::read(opened, &catalog, mappings).map_err(failed)?;
        if series.database_triggers.is_empty() && !triggers.indexes_rows_of(series) {
            return Ok(permitted);
        }
        for table in destroyed_tables(series) {
            let writing = triggers.writing(series, &table, Event::Destroy).map_err(failed)?;
            permitted.copies |= !triggers.stale(&table, Event::Destroy).map_err(failed)?.is_empty();
            if permitted.lets(series, &writing) {
                let cascading = catalog
                    .references_to(&table)
                    .filter(|(child, key)| !cascade(child, key, &Change::Delete).is_empty());
                let cascading = cascading.map(|(child, key)| (child.to_owned(), key.clone())).collect();
                permitted.cascades.insert(table.to_ascii_lowercase(), cascading);
                permitted.destroyed.insert(table.to_ascii_lowercase());
            }
        }
        for (table, columns) in changed_columns(series) {
            let moves_others = catalog.references_to(&table).flat_map(|(_, key)| &key.columns);
            let moves_others =
                moves_others.into_iter().any(|(_, column)| columns.contains(&column.to_ascii_lowercase()));
            let writing = triggers.writing(series, &table, Event::Change(&columns)).map_err(failed)?;
            permitted.copies |= !triggers.stale(&table, Event::Change(&columns)).map_err(failed)?.is_empty();
            if permitted.lets(series, &writing) && !moves_others {
                permitted.changed.insert(table.to_ascii_lowercase());
            }
        }
        Ok(permitted)
    }

    fn lets(&mut self, series: &SeriesMapping, writing: &[Writing]) -> bool {
        let lets = !writing.is_empty()
            && writing.iter().all(|writing| names(series, &writing.trigger) && writing.trespass.is_none());
        if lets {
            let written = writing.iter().flat_map(|writing| &writing.all);
            self.written.extend(written.map(|write| write.table.to_ascii_lowercase()));
        }
        self.copies |= lets && writing.iter().any(|writing| writing.copies_to.is_some());
        lets
    }

    /// Whether triggers may write while rows of this table are destroyed.
    pub(super) fn on_destroying(&self, table: &str) -> bool {
        self.destroyed.contains(&table.to_ascii_lowercase())
    }

    /// The foreign keys that would take or change rows along with those of this table.
    pub(super) fn cascades(&self, table: &str) -> &[(String, ForeignKey)] {
        self.cascades.get(&table.to_ascii_lowercase()).map_or(&[], Vec::as_slice)
    }

    /// Whether triggers may write while rows of this table are masked, detached or re-pointed.
    pub(super) fn on_changing(&self, table: &str) -> bool {
        self.changed.contains(&table.to_ascii_lowercase())
    }
}
