//! Where a log's series were in their databases: a record that is named under one series is that of another one, too,
//! whose rows are those of the same table, known by the same columns. So a series that has another name now, and two
//! that take the rows of a table in turn, are known again.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use super::brief::Brief;
use super::entries::Entries;
use super::error::LogError;
use super::leaf::{Body, MappingLeaf};
use crate::model::{SeriesName, SourceName};

/// In which tables, and by which columns, each series was mapped. Names of both are compared without regard to the case
/// of ASCII letters, as SQLite does.
#[derive(Clone, Debug, Default)]
pub struct Mapped(BTreeMap<(SourceName, SeriesName), BTreeSet<Rows>>);

/// A table, and the columns by which its rows are known.
type Rows = (String, Vec<String>);

impl Mapped {
    /// Reads it from a log.
    ///
    /// # Errors
    /// A log that cannot be read.
    pub fn read(log: &impl Entries) -> Result<Self, LogError> {
        let mut mapped = Self::default();
        log.scan_brief(0, &mut |_, brief| {
            if let Brief::Whole(leaf) = brief
                && let Body::Mapping(leaf) = leaf.body
            {
                mapped.note(leaf);
            }
            ControlFlow::Continue(())
        })?;
        Ok(mapped)
    }

    /// Takes in one mapping.
    pub(super) fn note(&mut self, leaf: MappingLeaf) {
        self.0.entry((leaf.source, leaf.series)).or_default().insert(rows(&leaf.table, &leaf.key));
    }

    /// Whether a series was mapped to the rows of this table, known by these columns.
    pub fn had(&self, source: &SourceName, series: &SeriesName, table: &str, key: &[String]) -> bool {
        let mapped = self.0.get(&(source.clone(), series.clone()));
        mapped.is_some_and(|mapped| mapped.contains(&rows(table, key)))
    }
}

fn rows(table: &str, key: &[String]) -> Rows {
    (table.to_ascii_lowercase(), key.iter().map(|column| column.to_ascii_lowercase()).collect())
}
