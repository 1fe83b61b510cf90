//! The mappings of one source, and how their facts are read.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use super::StoreError;
use super::company::Dates;
use super::select::{FactsQuery, mapped};
use crate::model::{SeriesName, Zone};
use crate::records::mapping::{SeriesMapping, Source};

/// The mappings of one source, and the queries of its series, made once.
#[derive(Debug)]
pub struct Queries {
    mappings: Vec<SeriesMapping>,
    roots_of_others: BTreeSet<PathBuf>,
    local: Option<Zone>,
    made: BTreeMap<SeriesName, Arc<FactsQuery>>,
}

impl Queries {
    /// For the series of one source; `all` may hold those of others.
    pub fn new(source: &Source, all: &[SeriesMapping]) -> Self {
        let mappings = all.iter().filter(|mapping| mapping.source == source.name).cloned().collect();
        let others = all.iter().filter(|mapping| mapping.source != source.name).flat_map(|mapping| &mapping.parts);
        let roots_of_others = others.filter_map(|part| part.files.as_ref()).map(|files| files.root.clone()).collect();
        Self { mappings, roots_of_others, local: source.timezone, made: BTreeMap::new() }
    }

    /// All mappings of the source.
    pub fn mappings(&self) -> &[SeriesMapping] {
        &self.mappings
    }

    /// Roots beneath which the rows of other sources name files.
    pub fn roots_of_other_sources(&self) -> &BTreeSet<PathBuf> {
        &self.roots_of_others
    }

    /// The mapping of a series.
    ///
    /// # Errors
    /// [`StoreError::Unmapped`] for a series of another source, or of none.
    pub fn mapping(&self, series: &SeriesName) -> Result<&SeriesMapping, StoreError> {
        mapped(series, &self.mappings)
    }

    /// The query of a series, made anew.
    ///
    /// # Errors
    /// As [`Queries::of`].
    pub fn make(&self, series: &SeriesName) -> Result<FactsQuery, StoreError> {
        FactsQuery::new(self.mapping(series)?, &self.mappings, self.local)
    }

    /// The query for what holds know the rows of a series by, and for their dates only where these are asked, too.
    ///
    /// # Errors
    /// As [`Queries::of`].
    pub(super) fn make_for_company(&self, series: &SeriesName, dates: Dates) -> Result<FactsQuery, StoreError> {
        let mapping = self.mapping(series)?;
        let named = SeriesMapping {
            events: if dates == Dates::Asked { mapping.events.clone() } else { BTreeMap::new() },
            conditions: BTreeMap::new(),
            parts: Vec::new(),
            blocked_by: Vec::new(),
            anonymize: BTreeMap::new(),
            ..mapping.clone()
        };
        FactsQuery::new(&named, &self.mappings, self.local)
    }

    /// The query of a series, made at its first use.
    ///
    /// # Errors
    /// [`StoreError::Unmapped`] for the series, or for one that its relations name.
    pub fn of(&mut self, series: &SeriesName) -> Result<Arc<FactsQuery>, StoreError> {
        if let Some(query) = self.made.get(series) {
            return Ok(Arc::clone(query));
        }
        let query = Arc::new(self.make(series)?);
        self.made.insert(series.clone(), Arc::clone(&query));
        Ok(query)
    }
}
