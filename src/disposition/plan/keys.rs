//! What a plan needs of the destruction log, so that it can be made without holding the log.

use std::collections::BTreeMap;

use super::PlanError;
use crate::audit::Fingerprinter;
use crate::model::{Digest, SeriesName, SourceName};
use crate::records::mapping::{SeriesMapping, Source};

/// What a plan needs of the log: names for records, and keyed digests.
#[derive(Default)]
pub struct PlanningKeys {
    /// Year of the fingerprint keys.
    pub year: i32,
    pub fingerprinters: BTreeMap<SourceName, Fingerprinter>,
    /// Keyed digest of each series' mapping.
    pub mappings: BTreeMap<SeriesName, Digest>,
    /// Keyed digest of each database's path.
    pub databases: BTreeMap<SourceName, Digest>,
}

impl PlanningKeys {
    pub(super) fn fingerprinter(&self, mapping: &SeriesMapping) -> Result<&Fingerprinter, PlanError> {
        self.fingerprinters.get(&mapping.source).ok_or_else(|| no_source(mapping))
    }

    pub(super) fn mapping(&self, mapping: &SeriesMapping) -> Result<Digest, PlanError> {
        self.mappings.get(&mapping.series).copied().ok_or_else(|| no_source(mapping))
    }

    pub(super) fn database(&self, mapping: &SeriesMapping) -> Result<Digest, PlanError> {
        self.databases.get(&mapping.source).copied().ok_or_else(|| no_source(mapping))
    }
}

/// Keys are made for every source and series of the installation, so only a source that it does not have lacks one.
fn no_source(mapping: &SeriesMapping) -> PlanError {
    PlanError::NoSource { series: mapping.series.clone(), source_name: mapping.source.clone() }
}

/// Digest of what a mapping means: of its JSON. To be keyed before it goes anywhere, since a mapping may hold values of
/// records.
///
/// # Errors
/// A path in the mapping that is not UTF-8.
pub fn mapping_digest(mapping: &SeriesMapping) -> Result<Digest, PlanError> {
    Ok(Digest::of(&serde_json::to_vec(mapping)?))
}

/// Digest of which file a database is. To be keyed.
pub fn database_digest(source: &Source) -> Digest {
    Digest::of(source.sqlite.as_os_str().as_encoded_bytes())
}
