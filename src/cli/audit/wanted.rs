//! The names that a record has in the log: one for each year whose fingerprint key is still there.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::audit::leaf::Body;
use crate::audit::lookup::{Wanted, WantedBy};
use crate::audit::{Fingerprinter, KeyPlaces, LogReader, load_committed_fingerprinter};
use crate::cli::error::Failure;
use crate::cli::setup::Setup;
use crate::model::{Digest, KeyValue, RecordKey, SourceName};
use crate::records::mapping::SeriesMapping;

/// How to find a record by its key.
pub(in crate::cli) fn by_key(
    setup: &Setup,
    log: &LogReader,
    mapping: &SeriesMapping,
    key: &RecordKey,
) -> Result<Wanted, Failure> {
    let name = |fingerprinter: &Fingerprinter| fingerprinter.record(&mapping.series, key);
    wanted(setup, log, mapping, WantedBy::Key, &name)
}

/// How to find records by what people cite.
pub(in crate::cli) fn by_reference(
    setup: &Setup,
    log: &LogReader,
    mapping: &SeriesMapping,
    reference: &KeyValue,
) -> Result<Wanted, Failure> {
    let name = |fingerprinter: &Fingerprinter| fingerprinter.reference(&mapping.series, reference);
    wanted(setup, log, mapping, WantedBy::Reference, &name)
}

fn wanted(
    setup: &Setup,
    log: &LogReader,
    mapping: &SeriesMapping,
    by: WantedBy,
    name: &dyn Fn(&Fingerprinter) -> crate::model::Fingerprint,
) -> Result<Wanted, Failure> {
    let places = KeyPlaces::new(setup.install.state.join("private/keys"));
    let mut wanted =
        Wanted { source: mapping.source.clone(), series: mapping.series.clone(), by, fingerprints: Default::default() };
    for (year, commitment) in commitments(log, &mapping.source)? {
        let found = load_committed_fingerprinter(places.clone(), &mapping.source, year, &commitment)?;
        if let Some(fingerprinter) = found {
            wanted.fingerprints.insert(year, name(&fingerprinter));
        }
    }
    Ok(wanted)
}

/// The years for which the log declares a key of the source, and what it committed to.
fn commitments(log: &LogReader, source: &SourceName) -> Result<BTreeMap<i32, Digest>, Failure> {
    let mut years = BTreeMap::new();
    log.scan(0, &mut |_, leaf| {
        if let Body::Fpkey(key) = leaf.body
            && key.source == *source
        {
            years.insert(key.year, key.commitment);
        }
        ControlFlow::Continue(())
    })?;
    Ok(years)
}
