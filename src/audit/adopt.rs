//! A successor log, where one cannot go on: damaged, put back from an older copy, or another installation's.

use std::fs;
use std::path::{Path, PathBuf};

use super::durable::sync_dir;
use super::error::{FileError, LogError};
use super::keys::KeyPlaces;
use super::leaf::Predecessor;
use super::merkle::{Frontier, leaf_hash};
use super::note::VerifierKey;
use super::opening::lock;
use super::recover::{checkpoint_path, read_checkpoint, remembered_path};
use super::regular::{self, MAX_KEY};
use super::tiles::{WIDTH, read_bundle};
use super::writer::DestructionLog;
use crate::model::{Actor, Digest, Instant, Origin};

/// A successor log, and where its predecessor lies now.
pub struct Adopted {
    pub log: DestructionLog,
    /// The predecessor's directory, moved and otherwise untouched: it is the auditor's. `None` where it was lost.
    pub kept: Option<PathBuf>,
    pub predecessor: Predecessor,
}

/// Who adopts, and why.
#[derive(Clone, Debug)]
pub struct Adoption {
    /// The successor's name; another than the predecessor's.
    pub origin: Origin,
    /// Keyed digest of the reason.
    pub reason: Digest,
    pub actor: Actor,
}

/// Begins a successor to the log in `dir`: moves that log aside as `DIR.N`, and says in the first leaf of the new one
/// how far the old one could be read and what stood there.
///
/// # Errors
/// Another process writes the log; a directory that cannot be moved; [`LogError::Exists`] for a successor of the same
/// name.
pub fn adopt(dir: &Path, keys: impl Into<KeyPlaces>, adoption: Adoption, now: Instant) -> Result<Adopted, LogError> {
    let keys = keys.into();
    let predecessor = look_at(dir, &keys, &adoption);
    if predecessor.origin == adoption.origin {
        return Err(LogError::Exists { dir: dir.to_owned() });
    }
    let kept = if dir.exists() { Some(move_aside(dir)?) } else { None };
    let log = DestructionLog::succeed(dir, keys, adoption.origin, predecessor.clone(), now)?;
    Ok(Adopted { log, kept, predecessor })
}

/// The name under which a directory is moved aside.
fn aside(dir: &Path, number: u32) -> PathBuf {
    let mut name = dir.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}

/// The predecessor as far as its published entries can be read. Its name comes out of its checkpoint, else out of the
/// one that was remembered beside the keys, else out of its verifier key.
fn look_at(dir: &Path, keys: &KeyPlaces, adoption: &Adoption) -> Predecessor {
    let checkpoint = read_checkpoint(&checkpoint_path(dir)).ok().flatten();
    let remembered = || read_checkpoint(&remembered_path(keys)).ok().flatten();
    let checkpoint = checkpoint.or_else(remembered);
    let tree = readable(dir, checkpoint.as_ref().map_or(0, |signed| signed.claimed().tree.size));
    let origin = checkpoint.map(|signed| signed.claimed().origin.clone()).or_else(|| {
        let vkey = String::from_utf8(regular::read(&dir.join("vkey"), MAX_KEY).ok()?).ok()?;
        Some(Origin::new(vkey.parse::<VerifierKey>().ok()?.name()))
    });
    Predecessor {
        origin: origin.unwrap_or_else(|| Origin::new("unknown")),
        size: tree.size(),
        root: tree.root(),
        reason: adoption.reason,
        actor: adoption.actor.clone(),
    }
}

/// The tree over the entries that can be read, in order, up to `size`.
fn readable(dir: &Path, size: u64) -> Frontier {
    let mut tree = Frontier::default();
    while tree.size() < size {
        let bundle = tree.size() / WIDTH;
        let width = (size - bundle * WIDTH).min(WIDTH);
        let Ok(entries) = read_bundle(dir, bundle, width) else { break };
        entries.iter().for_each(|entry| tree.push(leaf_hash(entry)));
    }
    tree
}

/// Renames the directory to the first name of its kind that is free, while nobody writes in it.
fn move_aside(dir: &Path) -> Result<PathBuf, LogError> {
    let _lock = lock(dir)?;
    for number in 1_u32.. {
        let kept = aside(dir, number);
        if kept.exists() {
            continue;
        }
        fs::rename(dir, &kept).map_err(FileError::new("move aside", dir))?;
        if let Some(parent) = dir.parent() {
            sync_dir("adopt", parent)?;
        }
        return Ok(kept);
    }
    Err(LogError::Exists { dir: dir.to_owned() })
}
