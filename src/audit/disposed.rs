//! Which records a log says were disposed of, and when: for who meets one of them again. The keys that name them are
//! the caller's.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::ControlFlow;

use super::brief::{Brief, kind};
use super::codec::parse;
use super::error::LogError;
use super::keys::{KeyError, KeyPlaces, load_committed_fingerprinter};
use super::leaf::{Body, Intent, RecordOutcome};
use super::mapped::Mapped;
use super::reader::LogReader;
use super::results::decode_results;
use super::{Entries, Fingerprinter};
use crate::model::{BatchNumber, Digest, Fingerprint, Instant, SeriesName, SourceName};

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

/// The names under which a log announces records. What a key named that was destroyed, lost or exchanged cannot be
/// found any more.
#[derive(Default)]
pub struct Namings {
    /// Each with the key that gives it.
    pub by_key: BTreeMap<Naming, Fingerprinter>,
    /// Those whose key was lost.
    pub keyless: Vec<Keyless>,
    /// What the log committed to of the keys that it says were destroyed: under a successor, a source and year may have
    /// another key.
    pub forgotten: BTreeSet<Digest>,
    /// Where the log's series were.
    pub mapped: Mapped,
}

/// Under which name a log has records that nobody can name any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyless {
    pub naming: Naming,
    /// What the log committed to.
    pub commitment: Option<Digest>,
    /// Whether another key lies in its place: that of a successor, which had to make one.
    pub is_replaced: bool,
}

/// The names under which a log announces records, and what became of their keys.
///
/// # Errors
/// A log or a key that cannot be read.
pub fn namings(log: &LogReader, keys: &KeyPlaces) -> Result<Namings, LogError> {
    let (mut announced, mut committed) = (BTreeSet::new(), HashMap::new());
    let mut found = Namings::default();
    log.scan_brief(0, &mut |_, brief| {
        match (Naming::of(&brief), brief) {
            (Some(naming), _) => drop(announced.insert(naming)),
            (None, Brief::Whole(leaf)) => match leaf.body {
                Body::Fpkey(key) => drop(committed.insert((key.source, key.year), key.commitment)),
                Body::Mapping(leaf) => found.mapped.note(leaf),
                Body::FpkeyDestroyed(key) => found.forgotten.extend(committed.get(&(key.source, key.year))),
                _ => (),
            },
            _ => (),
        }
        ControlFlow::Continue(())
    })?;
    for naming in announced {
        let commitment = committed.get(&(naming.source.clone(), naming.year)).copied();
        let load = |of: &Digest| load_committed_fingerprinter(keys.clone(), &naming.source, naming.year, of);
        let (key, is_replaced) = match commitment.as_ref().map(load) {
            Some(Err(LogError::Key(KeyError::Exchanged { .. }))) => (None, true),
            loaded => (loaded.transpose()?.flatten(), false),
        };
        match key {
            Some(key) => drop(found.by_key.insert(naming, key)),
            None if commitment.is_some_and(|of| found.forgotten.contains(&of)) => {}
            None => found.keyless.push(Keyless { naming, commitment, is_replaced }),
        }
    }
    Ok(found)
}

/// The names under which records were settled from an entry on, also where they were announced before it.
///
/// # Errors
/// A log that cannot be read.
pub fn namings_since(log: &LogReader, from: u64) -> Result<BTreeSet<Naming>, LogError> {
    let (mut announced, mut before) = (BTreeSet::new(), BTreeSet::new());
    log.scan_brief(from, &mut |_, brief| {
        match (Naming::of(&brief), brief) {
            (Some(naming), _) => drop(announced.insert(naming)),
            (None, Brief::Outcome { batch, .. }) if batch.0 < from => drop(before.insert(batch)),
            _ => (),
        }
        ControlFlow::Continue(())
    })?;
    for batch in before {
        log.scan_brief(batch.0, &mut |_, brief| {
            announced.extend(Naming::of(&brief));
            ControlFlow::Break(())
        })?;
    }
    Ok(announced)
}

/// A record that was destroyed or anonymized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disposed<'a> {
    pub naming: &'a Naming,
    pub name: Fingerprint,
    pub batch: BatchNumber,
    /// Of the entry that announced it.
    pub at: Instant,
}

/// Is shown a record that was disposed of.
pub type VisitDisposed<'a> = dyn FnMut(Disposed<'_>) + 'a;

/// Shows every record of which an entry from this one on says that it was destroyed or anonymized, under a name that is
/// wanted, in the log's order.
///
/// # Errors
/// A log that cannot be read.
pub fn scan_disposed(
    log: &LogReader,
    from: u64,
    is_wanted: &dyn Fn(&Naming) -> bool,
    visit: &mut VisitDisposed<'_>,
) -> Result<(), LogError> {
    let mut open: HashMap<u64, (Naming, Intent, Instant)> = HashMap::new();
    log.scan_bytes(from, &mut |index, bytes| {
        let is_read = match kind(bytes) {
            // Of a log that was succeeded, what cannot be read may be why it was.
            Some(b"intent") => Brief::read(bytes).ok().and_then(|brief| Naming::of(&brief)).filter(|of| is_wanted(of)),
            Some(b"outcome") if from > 0 || !open.is_empty() => None,
            _ => return Ok(ControlFlow::Continue(())),
        };
        let Ok(leaf) = parse(bytes) else { return Ok(ControlFlow::Continue(())) };
        match (is_read, leaf.body) {
            (Some(naming), Body::Intent(intent)) => {
                open.insert(index, (naming, intent, time_of(leaf.at)));
            }
            (_, Body::Outcome(outcome)) => {
                let announced = match open.remove(&outcome.intent) {
                    None if outcome.intent < from => announced_at(log, outcome.intent, is_wanted)?,
                    announced => announced,
                };
                let Some((naming, intent, at)) = announced else { return Ok(ControlFlow::Continue(())) };
                let results = decode_results(&outcome.results, intent.n).unwrap_or_default();
                for (name, result) in intent.fingerprints().unwrap_or_default().into_iter().zip(results) {
                    if result.disposed_by().is_some() || result == RecordOutcome::Incomplete {
                        visit(Disposed { naming: &naming, name, batch: intent.batch, at });
                    }
                }
            }
            _ => {}
        }
        Ok(ControlFlow::Continue(()))
    })
}

/// The intent of this index, where its names are wanted: one of a batch that was under way.
fn announced_at(
    log: &LogReader,
    index: u64,
    is_wanted: &dyn Fn(&Naming) -> bool,
) -> Result<Option<(Naming, Intent, Instant)>, LogError> {
    let mut announced = None;
    log.scan(index, &mut |_, leaf| {
        if let Body::Intent(intent) = leaf.body {
            let naming = Naming { source: intent.source.clone(), series: intent.series.clone(), year: intent.year };
            announced = is_wanted(&naming).then(|| (naming, intent, time_of(leaf.at)));
        }
        ControlFlow::Break(())
    })?;
    Ok(announced)
}

fn time_of(at: i64) -> Instant {
    Instant::from_timestamp(at, 0).unwrap_or(Instant::MAX_UTC)
}

#[cfg(test)]
mod tests {
    use super::super::writer::tests::{LogDir, at, draft, outcome};
    use super::*;
    use crate::model::DurableEvidence;

    #[test]
    fn from_an_entry_on_what_was_under_way_there_is_shown_and_what_was_settled_before_is_not() {
        let place = LogDir::new();
        let mut log = place.create();
        let mut announce = |records| {
            let pending = log.append_intents(draft(records), at(0)).unwrap();
            log.make_durable(pending).unwrap().batch()
        };
        let (settled, under_way) = (announce(1), announce(2));
        log.append(outcome(settled, settled.0, 1), at(0)).unwrap();
        let from = log.size();
        log.append(outcome(under_way, under_way.0, 2), at(0)).unwrap();
        log.sync().unwrap();
        let reader = LogReader::open(&place.dir()).unwrap();
        let named = Naming { source: "parle".into(), series: "dossier".into(), year: 2026 };
        assert_eq!(namings_since(&reader, from).unwrap(), [named.clone()].into());
        assert_eq!(namings_since(&reader, log.size()).unwrap(), [].into());
        let shown = |from, is_wanted: &dyn Fn(&Naming) -> bool| {
            let mut shown = 0;
            scan_disposed(&reader, from, is_wanted, &mut |_| shown += 1).unwrap();
            shown
        };
        assert_eq!((shown(0, &|_| true), shown(from, &|naming| *naming == named)), (3, 2));
        assert_eq!(shown(from, &|_| false), 0, "nobody asks for these names");
    }
}
