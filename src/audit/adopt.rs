//! A successor log, where one cannot go on: damaged, put back from an older copy, or another installation's.

use std::path::{Path, PathBuf};

use super::borne::{Remains, look_at};
use super::durable::create_dirs;
use super::earlier::{Kept, beside, find_earlier};
use super::entries::Entries;
use super::error::LogError;
use super::keys::{self, KeyError, KeyPlaces};
use super::leaf::Predecessor;
use super::opening::lock;
use super::recover::{read_checkpoint, remembered_path};
use super::succession;
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

/// Begins a successor to the log in `dir`: says in its first entry how far the entries of the old one are those that
/// were signed, moves the old one aside as `DIR.N` and puts the successor in its place. Interrupted, all of it happens
/// or nothing: the next opening of the log sees to it.
///
/// # Errors
/// Another process writes the log; [`LogError::Absent`] where there is none to succeed; [`LogError::Exists`] for a
/// successor of the same name; a full disk, and whatever else keeps the successor from being made: nothing is changed
/// then.
pub fn adopt(dir: &Path, keys: impl Into<KeyPlaces>, adoption: Adoption, now: Instant) -> Result<Adopted, LogError> {
    let keys = keys.into();
    succession::settle(dir, &keys)?;
    let lock_of_old = if dir.is_dir() { Some(lock(dir)?) } else { None };
    let (place, moved) = place_of_old(dir, &keys)?;
    let Remains { origin, tree, is_partial } = look_at(&place, &keys);
    let predecessor = Predecessor {
        origin: origin.unwrap_or_else(|| Origin::new("unknown")),
        size: tree.size,
        root: tree.root,
        partial: is_partial,
        reason: adoption.reason,
        actor: adoption.actor,
    };
    if predecessor.origin == adoption.origin {
        return Err(LogError::Exists { dir: dir.to_owned() });
    }
    make_beside(dir, &keys, adoption.origin, predecessor.clone(), now)?;
    succession::decide(dir, moved.as_deref())?;
    succession::put_in_place(dir, &keys)?;
    drop(lock_of_old);
    let kept = moved.or_else(|| (place != dir).then_some(place));
    Ok(Adopted { log: DestructionLog::open(dir, keys, now)?, kept, predecessor })
}

/// Puts a successor in place whose adoption was interrupted after it was decided on; `None` where none waits.
///
/// # Errors
/// As [`DestructionLog::open`].
pub fn finish(dir: &Path, keys: impl Into<KeyPlaces>, now: Instant) -> Result<Option<Adopted>, LogError> {
    let keys = keys.into();
    if !succession::settle(dir, &keys)? {
        return Ok(None);
    }
    let log = DestructionLog::open(dir, keys, now)?;
    let Some(predecessor) = log.continued()? else { return Ok(None) };
    let mut directories = beside(dir);
    let newest = directories.first().cloned();
    let kept = match find_earlier(predecessor.clone(), &mut directories, &[]).kept {
        Kept::Whole(pinned) => Some(pinned.dir),
        _ => newest,
    };
    Ok(Some(Adopted { log, kept, predecessor }))
}

/// The name that a successor bears where a service manager hands its key in: that key's. `None` where the program makes
/// the key.
///
/// # Errors
/// A key that cannot be read; [`KeyError::OfPredecessor`] for the key of this log, or of one before it.
pub fn name_handed_in(dir: &Path, keys: &KeyPlaces) -> Result<Option<Origin>, LogError> {
    if !keys.has_credential() {
        return Ok(None);
    }
    let name = Origin::new(keys::signing_key(keys, None)?.verifier().name());
    let remembered = read_checkpoint(&remembered_path(keys)).ok().flatten();
    let remembered = remembered.map(|signed| signed.claimed().origin.clone());
    let mut logs = beside(dir).into_iter().chain([dir.to_owned()]);
    if remembered.as_ref() == Some(&name) || logs.any(|log| origin_of(&log).as_ref() == Some(&name)) {
        return Err(KeyError::OfPredecessor { path: keys::signing_path(keys) }.into());
    }
    Ok(Some(name))
}

/// Where the log lies that is succeeded, and the name under which it is kept where it is to be moved: in `dir`; where
/// nothing is there and nothing was signed that is lost, in the newest directory that was moved aside before.
fn place_of_old(dir: &Path, keys: &KeyPlaces) -> Result<(PathBuf, Option<PathBuf>), LogError> {
    if succession::holds_a_log(dir) {
        return Ok((dir.to_owned(), Some(succession::aside(dir))));
    }
    let remembered = read_checkpoint(&remembered_path(keys));
    let newest = beside(dir).into_iter().find(|earlier| succession::holds_a_log(earlier));
    let named = |signed: &super::checkpoint::SignedCheckpoint| signed.claimed().origin.clone();
    match (newest, remembered) {
        (Some(newest), Ok(None)) => Ok((newest, None)),
        (Some(newest), Ok(Some(signed))) if origin_of(&newest).as_ref() == Some(&named(&signed)) => Ok((newest, None)),
        (None, Ok(None)) => Err(LogError::Absent { dir: dir.to_owned() }),
        _ => Ok((dir.to_owned(), None)),
    }
}

fn origin_of(dir: &Path) -> Option<Origin> {
    let signed = read_checkpoint(&super::recover::checkpoint_path(dir)).ok().flatten()?;
    Some(signed.claimed().origin.clone())
}

/// Makes the successor whole, with its first entry, its key and its first checkpoint, where nobody looks for it yet.
fn make_beside(
    dir: &Path,
    keys: &KeyPlaces,
    origin: Origin,
    predecessor: Predecessor,
    now: Instant,
) -> Result<(), LogError> {
    keys::prepare_dir(keys)?;
    // One that could not be set aside is told before anything is decided.
    match keys::signing_key(keys, None) {
        Ok(_) | Err(KeyError::Missing { .. }) => (),
        Err(error) => return Err(error.into()),
    }
    let (next, made) = (succession::next_to(dir), keys.next());
    keys::prepare_dir(&made)?;
    let signer = keys::signing_key(&made, Some(&origin))?;
    if signer.verifier().name() != origin.as_str() {
        let declared = format!("a key named {origin}");
        return Err(KeyError::NotDeclared { path: keys::signing_path(keys), declared }.into());
    }
    create_dirs(&next, 0o755)?;
    let lock = lock(&next)?;
    let digests = keys::digest_key(keys, true)?;
    DestructionLog::lay(&next, made, lock, (signer, digests), Some(predecessor), now).map(drop)
}

#[cfg(test)]
mod tests;
