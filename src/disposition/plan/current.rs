//! Whether a plan still stands: nothing it is bound to may have changed since it was made.

use super::proven::proven;
use super::{Manifest, PlanError, PlannedSeries, database_digest, mapping_digest};
use crate::disposition::Installation;
use crate::model::{Digest, Instant};
use crate::records::mapping::{SeriesMapping, Source};
use crate::records::sqlite::{Reader, StoreError};

/// How a database is opened: [`Reader::open_to_look`], or [`Reader::open`] by who is going to destroy, and to recover
/// before.
pub type Open = fn(&Source, &[SeriesMapping]) -> Result<Reader, StoreError>;

/// What has changed since the plan was made, as the rest of a sentence; `None` where nothing has. `keyed` keys a digest
/// with the log's key.
///
/// # Errors
/// A calendar that is no longer in force, a mapping that does not fit its database, a database that cannot be read.
pub fn changed(
    install: &Installation,
    manifest: &Manifest,
    keyed: &dyn Fn(&Digest) -> Digest,
    now: Instant,
    open: Open,
) -> Result<Option<String>, PlanError> {
    for series in &manifest.series {
        let found = changed_series(install, manifest, series, keyed, now, open)?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

fn changed_series(
    install: &Installation,
    manifest: &Manifest,
    planned: &PlannedSeries,
    keyed: &dyn Fn(&Digest) -> Digest,
    now: Instant,
    open: Open,
) -> Result<Option<String>, PlanError> {
    let name = &planned.series;
    let Some(mapping) = install.mapping(name) else {
        return Ok(Some(format!("the series {name} is no longer mapped")));
    };
    let Some(governing) = install.governing_now(mapping, now)? else {
        return Ok(Some(format!("no rule governs {name} any more")));
    };
    let calendar = governing.calendar();
    let obeyed = manifest.calendars.iter().any(|own| own.number == calendar.number && own.digest == calendar.digest);
    if !obeyed || calendar.rule_set_digest(name) != planned.governed.rules {
        return Ok(Some(format!("calendar {} has changed", calendar.number)));
    }
    if mapping.source != planned.source || keyed(&mapping_digest(mapping)?) != planned.governed.mapping {
        return Ok(Some(format!("the mapping of {name} has changed, or the plan was made for another log")));
    }
    let Some(source) = install.sources.get(&mapping.source) else {
        return Ok(Some(format!("the source {} is no longer configured", mapping.source)));
    };
    if keyed(&database_digest(source)) != planned.database {
        return Ok(Some(format!("the source {} is another database file", source.name)));
    }
    let failed = |error| PlanError::Source { source_name: source.name.clone(), source: error };
    let reader = open(source, &install.series).map_err(failed)?;
    if reader.schema_digest(name).map_err(failed)? != planned.schema {
        return Ok(Some(format!("the schema of {name} has changed")));
    }
    // A plan may be older than the version that found the fault.
    proven(&reader, mapping, &governing, install)?;
    Ok(None)
}
