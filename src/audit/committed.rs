//! The keys that name records, as far as they are those to which a log committed.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::brief::Brief;
use super::error::LogError;
use super::keys::{KeyError, KeyPlaces, load_committed_fingerprinter};
use super::leaf::Body;
use super::{Entries, Fingerprinter};
use crate::model::SourceName;

/// The keys of a source to which a log committed and that are here, by their year. In the place of one that was lost
/// there may be another, which a successor had to make: under that one nothing that the log names would be found.
///
/// # Errors
/// A log or a key that cannot be read.
pub fn committed_fingerprinters(
    log: &impl Entries,
    keys: &KeyPlaces,
    source: &SourceName,
) -> Result<BTreeMap<i32, Fingerprinter>, LogError> {
    let mut committed = BTreeMap::new();
    log.scan_brief(0, &mut |_, brief| {
        if let Brief::Whole(leaf) = brief
            && let Body::Fpkey(key) = leaf.body
            && key.source == *source
        {
            committed.insert(key.year, key.commitment);
        }
        ControlFlow::Continue(())
    })?;
    let mut here = BTreeMap::new();
    for (year, commitment) in committed {
        match load_committed_fingerprinter(keys.clone(), source, year, &commitment) {
            Err(LogError::Key(KeyError::Exchanged { .. })) => {}
            key => here.extend(key?.map(|key| (year, key))),
        }
    }
    Ok(here)
}
