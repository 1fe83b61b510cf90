//! The statements that read a record's facts, built from its mapping: the one place that says where each fact stands.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::Connection;

use super::StoreError;
use crate::model::{RecordKey, SeriesName, Zone};
use crate::records::facts::Facts;
use crate::records::mapping::{SeriesMapping, Source};

/// How the facts of one series' records are read. Independent of a connection, so that reading for a plan and re-reading inside
/// a write transaction are the same code; statements are cached by the connection.
pub struct FactsQuery {}

impl FactsQuery {
    /// For a series; `all` are the mappings its relations name, `local` the zone of naive local times.
    pub fn new(series: &SeriesMapping, all: &[SeriesMapping], local: Option<Zone>) -> Result<Self, StoreError> {
        todo!("{series:?} {all:?} {local:?}")
    }

    /// The facts of these records, in the order of the keys; `None` for a record that is not there. The caller holds a
    /// transaction where more than one statement must see the same snapshot.
    pub fn read(&self, conn: &Connection, keys: &[RecordKey]) -> Result<Vec<Option<Facts>>, StoreError> {
        todo!("{conn:?} {keys:?}")
    }
}

/// The queries of a source's series, made once.
pub struct Queries {
    mappings: Vec<SeriesMapping>,
    local: Option<Zone>,
    made: BTreeMap<SeriesName, Arc<FactsQuery>>,
}

impl Queries {
    /// For the series of one source.
    pub fn new(source: &Source, all: &[SeriesMapping]) -> Self {
        let mappings = all.iter().filter(|mapping| mapping.source == source.name).cloned().collect();
        Self { mappings, local: source.timezone, made: BTreeMap::new() }
    }

    /// The mapping of a series of this source.
    pub fn mapping(&self, series: &SeriesName) -> Result<&SeriesMapping, StoreError> {
        self.mappings
            .iter()
            .find(|mapping| mapping.series == *series)
            .ok_or_else(|| StoreError::Key { message: format!("this source has no series {series}") })
    }

    /// The query of a series, made at its first use.
    pub fn of(&mut self, series: &SeriesName) -> Result<Arc<FactsQuery>, StoreError> {
        todo!("{series} {:?} {:?}", self.local, self.made.len())
    }
}
