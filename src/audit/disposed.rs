//! Which records a log says were disposed of, and when: for who meets one of them again. The keys that name them are
//! the caller's.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;

use super::brief::{Brief, kind};
use super::codec::parse;
use super::error::LogError;
use super::keys::{KeyError, KeyPlaces, load_committed_fingerprinter};
use super::leaf::{Body, Intent, RecordOutcome};
use super::reader::LogReader;
use super::results::decode_results;
use super::{Entries, Fingerprinter};
use crate::model::{Fingerprint, Instant, SeriesName, SourceName};

/// Under which name a log has records: of this series, by the source's key of this year.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Naming {
    pub source: SourceName,
    pub series: SeriesName,
    pub year: i32,
}

impl Naming {
    fn of(brief: &Brief) -> Option<Self> {
        let Brief::Intent { source, series, year, .. } = brief else { return None };
        Some(Self { source: source.clone(), series: series.clone(), year: *year })
    }
}

/// The names under which a log announces records, each with the key that gives it. What a key named that was destroyed,
/// lost or exchanged cannot be found any more, and is not here.
///
/// # Errors
/// A log or a key that cannot be read.
pub fn namings(log: &LogReader, keys: &KeyPlaces) -> Result<BTreeMap<Naming, Fingerprinter>, LogError> {
    let (mut announced, mut committed) = (BTreeMap::new(), HashMap::new());
    log.scan_brief(0, &mut |_, brief| {
        match (Naming::of(&brief), brief) {
            (Some(naming), _) => drop(announced.insert(naming, ())),
            (None, Brief::Whole(leaf)) => {
                if let Body::Fpkey(key) = leaf.body {
                    committed.insert((key.source, key.year), key.commitment);
                }
            }
            _ => (),
        }
        ControlFlow::Continue(())
    })?;
    let mut found = BTreeMap::new();
    for naming in announced.into_keys() {
        let Some(commitment) = committed.get(&(naming.source.clone(), naming.year)) else { continue };
        match load_committed_fingerprinter(keys.clone(), &naming.source, naming.year, commitment) {
            Err(LogError::Key(KeyError::Exchanged { .. })) => {}
            key => found.extend(key?.map(|key| (naming, key))),
        }
    }
    Ok(found)
}

/// Is shown a record with the time of the entry that announced it.
pub type VisitDisposed<'a> = dyn FnMut(&Naming, Fingerprint, Instant) + 'a;

/// Shows every record that was destroyed or anonymized under a name that is wanted, in the log's order.
///
/// # Errors
/// A log that cannot be read.
pub fn scan_disposed(
    log: &LogReader,
    is_wanted: &dyn Fn(&Naming) -> bool,
    visit: &mut VisitDisposed<'_>,
) -> Result<(), LogError> {
    let mut open: HashMap<u64, (Naming, Intent, Instant)> = HashMap::new();
    log.scan_bytes(0, &mut |index, bytes| {
        let is_read = match kind(bytes) {
            // Of a log that was succeeded, what cannot be read may be why it was.
            Some(b"intent") => Brief::read(bytes).ok().and_then(|brief| Naming::of(&brief)).filter(|of| is_wanted(of)),
            Some(b"outcome") if !open.is_empty() => None,
            _ => return Ok(ControlFlow::Continue(())),
        };
        let Ok(leaf) = parse(bytes) else { return Ok(ControlFlow::Continue(())) };
        match (is_read, leaf.body) {
            (Some(naming), Body::Intent(intent)) => {
                let at = Instant::from_timestamp(leaf.at, 0).unwrap_or(Instant::MAX_UTC);
                open.insert(index, (naming, intent, at));
            }
            (_, Body::Outcome(outcome)) => {
                let Some((naming, intent, at)) = open.remove(&outcome.intent) else {
                    return Ok(ControlFlow::Continue(()));
                };
                let results = decode_results(&outcome.results, intent.n).unwrap_or_default();
                for (name, result) in intent.fingerprints().unwrap_or_default().into_iter().zip(results) {
                    if result.disposed_by().is_some() || result == RecordOutcome::Incomplete {
                        visit(&naming, name, at);
                    }
                }
            }
            _ => {}
        }
        Ok(ControlFlow::Continue(()))
    })
}
