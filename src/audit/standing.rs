//! What follows from the leaves and the writer must know: open intents, declared keys, the last time.
//!
//! Pure. Fed leaf by leaf, from disk or as they are written.

use std::collections::{BTreeMap, BTreeSet};

use super::brief::kind;
use super::codec::{LeafError, decode};
use super::leaf::{Body, HoldAction, Intent, Leaf, Outcome};
use crate::model::{Digest, HoldId, Origin, SourceName};

/// What the leaves so far amount to.
#[derive(Clone, Debug, Default)]
pub(super) struct Standing {
    /// The log's name, once its first leaf was seen.
    pub origin: Option<Origin>,
    /// Verifier keys declared, the one in force last.
    pub vkeys: Vec<String>,
    /// When the last leaf was written, in seconds since 1970.
    pub last_at: Option<i64>,
    /// Intents without outcome.
    pub unresolved: BTreeMap<u64, Intent>,
    /// Fingerprint keys declared: what was committed to, `None` once destroyed.
    pub fpkeys: BTreeMap<(SourceName, i32), Option<Digest>>,
    /// Holds in force that name a record, and the fingerprint key under which they do.
    named_holds: BTreeMap<HoldId, (SourceName, i32)>,
}

impl Standing {
    /// Takes up one leaf.
    pub fn note(&mut self, index: u64, leaf: &Leaf) {
        self.last_at = Some(leaf.at);
        match &leaf.body {
            Body::Genesis(genesis) => {
                self.origin = Some(genesis.origin.clone());
                self.vkeys.push(genesis.vkey.clone());
            }
            Body::Sigkey(sigkey) => self.vkeys.push(sigkey.vkey.clone()),
            Body::Intent(intent) => {
                self.unresolved.insert(index, intent.clone());
            }
            Body::Outcome(outcome) => {
                self.unresolved.remove(&outcome.intent);
            }
            Body::Fpkey(key) => {
                self.fpkeys.insert((key.source.clone(), key.year), Some(key.commitment));
            }
            Body::FpkeyDestroyed(key) => {
                self.fpkeys.insert((key.source.clone(), key.year), None);
            }
            Body::Hold(hold) if hold.action == HoldAction::Lifted => {
                self.named_holds.remove(&hold.hold);
            }
            Body::Hold(hold) => {
                if let (Some(source), Some(year)) = (&hold.source, hold.year) {
                    self.named_holds.insert(hold.hold.clone(), (source.clone(), year));
                }
            }
            _ => (),
        }
    }

    /// Whether an outcome answers an open intent of the same batch, record for record.
    pub fn awaits(&self, outcome: &Outcome) -> bool {
        self.unresolved.get(&outcome.intent).is_some_and(|intent| {
            intent.batch == outcome.batch && super::decode_results(&outcome.results, intent.n).is_ok()
        })
    }

    /// Whether an open intent names records under this fingerprint key.
    pub fn needs_key(&self, source: &SourceName, year: i32) -> bool {
        self.unresolved.values().any(|intent| intent.source == *source && intent.year == year)
    }

    /// How many holds in force name their record under this fingerprint key: without it nobody could show which records
    /// they keep.
    pub fn holds_under(&self, source: &SourceName, year: i32) -> usize {
        self.named_under(source, year).count()
    }

    /// The holds in force that name their record under this fingerprint key.
    pub fn named_under<'a>(&'a self, source: &'a SourceName, year: i32) -> impl Iterator<Item = &'a HoldId> {
        self.named_holds.iter().filter(move |(_, (of, under))| of == source && *under == year).map(|(hold, _)| hold)
    }
}

/// Builds a [`Standing`] from a whole log, at the speed of reading: the large leaves of resolved intents are not
/// parsed.
#[derive(Debug, Default)]
pub(super) struct Replay {
    standing: Standing,
    open: BTreeSet<u64>,
}

impl Replay {
    /// Takes up one leaf as stored.
    ///
    /// # Errors
    /// Bytes that are no leaf, as far as they were looked at.
    pub fn note(&mut self, index: u64, bytes: &[u8]) -> Result<(), LeafError> {
        match kind(bytes) {
            Some(b"intent") => {
                self.open.insert(index);
            }
            Some(b"outcome") => {
                if let Body::Outcome(outcome) = decode(bytes)?.body {
                    self.open.remove(&outcome.intent);
                }
            }
            Some(b"genesis" | b"sigkey" | b"fpkey" | b"fpkey_destroyed" | b"hold") => {
                self.standing.note(index, &decode(bytes)?)
            }
            _ => (),
        }
        Ok(())
    }

    /// The standing after all leaves; `read` fetches the open intents and the last leaf.
    pub fn finish<E: From<LeafError>>(
        mut self,
        size: u64,
        mut read: impl FnMut(u64) -> Result<Vec<u8>, E>,
    ) -> Result<Standing, E> {
        for index in self.open {
            let leaf = decode(&read(index)?)?;
            self.standing.note(index, &leaf);
        }
        if let Some(last) = size.checked_sub(1) {
            self.standing.last_at = Some(decode(&read(last)?)?.at);
        }
        Ok(self.standing)
    }
}
