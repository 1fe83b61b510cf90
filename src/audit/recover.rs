//! Opening a log: every entry is hashed again and held against the signed checkpoints before anything is built on it.

use std::path::{Path, PathBuf};

use super::checkpoint::SignedCheckpoint;
use super::durable::read;
use super::error::LogError;
use super::journal::{Journal, frame::Tail, remove_leftovers};
use super::keys::KeyPlaces;
use super::note::VerifierKey;
use super::published::Published;
use super::regular::MAX_CHECKPOINT;
use super::standing::{Replay, Standing};
use super::tiles::{Tree, WIDTH, read_bundle};

/// A log as found on disk, in order.
pub(super) struct Recovered {
    pub journal: Journal,
    pub tree: Tree,
    pub standing: Standing,
    /// The highest checkpoint ever signed.
    pub signed: SignedCheckpoint,
    /// Whether it stands published.
    pub is_published: bool,
}

/// Where the journal is.
pub(super) fn journal_dir(dir: &Path) -> PathBuf {
    dir.join("journal")
}

/// Where the checkpoint is published.
pub(super) fn checkpoint_path(dir: &Path) -> PathBuf {
    dir.join("checkpoint")
}

/// Where the highest checkpoint is remembered, apart from the log: an older copy of the log does not bring it back.
pub(super) fn remembered_path(keys: &KeyPlaces) -> PathBuf {
    keys.dir().join("signed-checkpoint")
}

/// Reads a checkpoint's file; `None` where there is none.
pub(super) fn read_checkpoint(path: &Path) -> Result<Option<SignedCheckpoint>, LogError> {
    let Some(bytes) = read(path, MAX_CHECKPOINT)? else { return Ok(None) };
    let parsed = SignedCheckpoint::parse(&bytes);
    parsed.map(Some).map_err(|error| corrupt(path, &format!("its checkpoint is not readable: {error}")))
}

/// Reads a log from disk and puts in order what a crash left.
///
/// `distrust` makes the journal's last segment be written again, as after a failed sync.
///
/// # Errors
/// Damage, missing entries, a checkpoint that does not fit; nothing is changed then.
pub(super) fn recover(dir: &Path, keys: &KeyPlaces, distrust: bool) -> Result<Recovered, LogError> {
    let published = read_checkpoint(&checkpoint_path(dir))?;
    let remembered = read_checkpoint(&remembered_path(keys))?;
    let size_of = |checkpoint: &Option<SignedCheckpoint>| checkpoint.as_ref().map(|signed| signed.claimed().tree.size);
    let is_published = size_of(&published) >= size_of(&remembered);
    let (highest, lower) = if is_published { (published, remembered) } else { (remembered, published) };
    let signed = highest.ok_or_else(|| corrupt(&checkpoint_path(dir), "its checkpoint is missing"))?;

    let mut found = Found { dir, tree: Tree::default(), replay: Replay::default() };
    if let Some(lower) = lower {
        found.read_published(&lower)?;
    }
    found.read_published(&signed).map_err(|error| match error {
        // What was signed last is not there, and what was published is older: an older copy.
        LogError::Corrupt { .. } if !is_published => behind(dir, found.tree.size(), &signed),
        other => other,
    })?;

    let journal_dir = journal_dir(dir);
    remove_leftovers(&journal_dir)?;
    let mut covered = Published::new(dir, signed.claimed().tree.size);
    let (journal, replayed) =
        Journal::open(&journal_dir, distrust, &mut |index, leaf| found.read_journal(index, leaf, &mut covered))?;
    if replayed.size < signed.claimed().tree.size {
        return Err(behind(dir, replayed.size, &signed));
    }
    if replayed.tail == Tail::Torn {
        tracing::warn!(
            entries = replayed.size,
            "the destruction log ended in a group that was never durable; it was dropped, nothing was done on it"
        );
    }
    let Found { tree, replay, .. } = found;
    let standing = replay.finish(tree.size(), |index| match tree.kept(index) {
        Some(bytes) => Ok(bytes.to_vec()),
        None => read_entry(dir, index),
    })?;
    check_signature(dir, &standing, &signed)?;
    Ok(Recovered { journal, tree, standing, signed, is_published })
}

/// One entry out of a bundle.
fn read_entry(dir: &Path, index: u64) -> Result<Vec<u8>, LogError> {
    let mut entries = read_bundle(dir, index / WIDTH, index % WIDTH + 1)?;
    // `read_bundle` gives as many entries as asked for, so the place exists.
    Ok(entries.swap_remove((index % WIDTH) as usize))
}

/// The entries read so far.
struct Found<'a> {
    dir: &'a Path,
    tree: Tree,
    replay: Replay,
}

impl Found<'_> {
    /// Reads the bundles up to a checkpoint, and holds their root against its.
    fn read_published(&mut self, signed: &SignedCheckpoint) -> Result<(), LogError> {
        let head = signed.claimed().tree;
        while self.tree.size() < head.size {
            let bundle = self.tree.size() / WIDTH;
            let width = (head.size - bundle * WIDTH).min(WIDTH);
            let known = self.tree.size() % WIDTH;
            for entry in read_bundle(self.dir, bundle, width)?.iter().skip(known as usize) {
                self.take(entry)?;
            }
            self.tree.forget_full();
        }
        if self.tree.head() == head {
            return Ok(());
        }
        Err(corrupt(self.dir, &format!("its entries do not give the root that was signed over {} of them", head.size)))
    }

    /// Takes up a leaf of the journal, or holds it against the published one.
    fn read_journal(&mut self, index: u64, leaf: &[u8], covered: &mut Published) -> Result<(), LogError> {
        if index > self.tree.size() {
            return Err(corrupt(self.dir, "entries are missing between its bundles and its journal"));
        }
        if index == self.tree.size() {
            return self.take(leaf);
        }
        if covered.has(index, leaf)? {
            return Ok(());
        }
        Err(corrupt(self.dir, &format!("entry {index} is not the same in its journal and its bundles")))
    }

    fn take(&mut self, leaf: &[u8]) -> Result<(), LogError> {
        let index = self.tree.size();
        self.replay.note(index, leaf).map_err(|error| corrupt(self.dir, &format!("entry {index}: {error}")))?;
        self.tree.push(leaf);
        // A long journal must not fill the memory.
        Ok(self.tree.relieve(self.dir, self.tree.size())?)
    }
}

/// One of the log's declared keys must have signed, and the checkpoint must be this log's.
fn check_signature(dir: &Path, standing: &Standing, signed: &SignedCheckpoint) -> Result<(), LogError> {
    if standing.origin.as_ref() != Some(&signed.claimed().origin) {
        return Err(corrupt(&checkpoint_path(dir), "its checkpoint bears another log's name"));
    }
    let keys = standing.vkeys.iter().filter_map(|vkey| vkey.parse::<VerifierKey>().ok());
    if keys.rev().any(|key| signed.verify(&key).is_ok()) {
        return Ok(());
    }
    Err(corrupt(&checkpoint_path(dir), "no key that the log declares has signed its checkpoint"))
}

pub(super) fn behind(dir: &Path, size: u64, signed: &SignedCheckpoint) -> LogError {
    LogError::Behind { dir: dir.to_owned(), size, signed: signed.claimed().tree.size }
}

pub(super) fn corrupt(place: &Path, what: &str) -> LogError {
    LogError::Corrupt { place: place.to_owned(), what: what.to_owned() }
}

#[cfg(test)]
mod tests;
