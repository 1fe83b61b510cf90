//! A successor is put in the place of the log before it as one step, however often that is interrupted.
//!
//! It is made whole beside that log (`audit.next`, its key in `private/keys/next`). Then a note in it says that it is
//! to be put in place. Before that note, whoever opens the log removes what was made, and the log before stands as it
//! stood; from it on, whoever opens the log goes on until nothing is left to do.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::durable::{SHARED, read, remove, rename, replace, step, sync_parent, temporary};
use super::error::{FileError, LogError};
use super::keys::{self, KeyPlaces};
use super::opening::{holds_entries, lock};
use super::recover::remembered_path;
use super::regular::{MAX_CHECKPOINT, MAX_KEY};
use crate::model::Digest;

/// The name of these steps for failpoints, and of the note.
const SUCCESSION: &str = "succession";

/// The files that the making of a log writes, and the directories, each before the one that holds it.
const FILES: [&str; 7] = [
    "lock",
    "vkey",
    "checkpoint",
    SUCCESSION,
    "journal/00000000000000000000.seg",
    "tile/0/000.p/1",
    "tile/entries/000.p/1",
];
const DIRECTORIES: [&str; 6] = ["journal", "tile/0/000.p", "tile/0", "tile/entries/000.p", "tile/entries", "tile"];

/// The files that it writes beside the keys of the log before.
const KEYS: [&str; 2] = ["audit-signing-key", "signed-checkpoint"];

/// What a log's directory may hold of which nothing was promised to anybody.
const UNBEGUN: [&str; 4] = ["lock", "journal", "tile", "vkey"];

/// Where a successor is made.
pub(super) fn next_to(dir: &Path) -> PathBuf {
    beside(dir, "next")
}

/// The first name under which a directory can be moved aside.
pub(super) fn aside(dir: &Path) -> PathBuf {
    let mut number = 1_u64;
    while beside(dir, &number.to_string()).exists() {
        number += 1;
    }
    beside(dir, &number.to_string())
}

/// Whether a directory is there and holds anything of a log; one that cannot be looked into may.
pub(super) fn holds_a_log(dir: &Path) -> bool {
    if holds_entries(dir).unwrap_or(true) {
        return true;
    }
    let Ok(listed) = fs::read_dir(dir) else { return dir.exists() };
    let is_unbegun = |name: &str| UNBEGUN.contains(&name) || name.ends_with(".tmp");
    listed.flatten().any(|entry| !entry.file_name().to_str().is_some_and(is_unbegun))
}

/// Whether a successor waits to be put in the place of the log in `dir`.
pub(super) fn is_due(dir: &Path) -> bool {
    [next_to(dir), dir.to_owned()].iter().any(|place| place.join(SUCCESSION).exists())
}

/// From now on the successor that was made takes the place of the log in `dir`, which is kept under this name.
pub(super) fn decide(dir: &Path, kept: Option<&Path>) -> Result<(), FileError> {
    let name = kept.and_then(Path::file_name).unwrap_or_default();
    let text = format!("{}\n", name.to_string_lossy());
    replace(SUCCESSION, &next_to(dir).join(SUCCESSION), text.as_bytes(), SHARED)
}

/// Ends what was interrupted: puts a successor in place, or removes what was made of it. Returns whether one was put in
/// place.
///
/// # Errors
/// Another process writes the log; a step that fails, after which the next call goes on.
pub(super) fn settle(dir: &Path, keys: &KeyPlaces) -> Result<bool, LogError> {
    if !is_due(dir) {
        drop_unfinished(dir, keys)?;
        return Ok(false);
    }
    let _lock = if dir.is_dir() { Some(lock(dir)?) } else { None };
    put_in_place(dir, keys)?;
    Ok(true)
}

/// Puts the successor that was decided on in place: its directory, its keys. Each step is passed over that was done;
/// nobody else writes in the directory meanwhile.
pub(super) fn put_in_place(dir: &Path, keys: &KeyPlaces) -> Result<(), LogError> {
    let next = next_to(dir);
    if let Some(note) = read(&next.join(SUCCESSION), MAX_KEY)? {
        if holds_a_log(dir) {
            let noted = str::from_utf8(&note).ok().map(str::trim_end).filter(|name| !name.is_empty());
            let free = noted.map(|name| dir.with_file_name(name)).filter(|kept| !kept.exists());
            rename(SUCCESSION, dir, &free.unwrap_or_else(|| aside(dir)))?;
        } else {
            remove_made(dir, &FILES, &DIRECTORIES)?;
        }
        rename(SUCCESSION, &next, dir)?;
    }
    put_keys_in_place(keys)?;
    Ok(remove(SUCCESSION, &dir.join(SUCCESSION))?)
}

/// The key and the remembered checkpoint of the log before are set aside under names of their own. Those of the
/// successor leave their directory one by one: what is still there was not put in place.
fn put_keys_in_place(keys: &KeyPlaces) -> Result<(), LogError> {
    keys::succeed_signing_key(keys)?;
    let (made, remembered) = (remembered_path(&keys.next()), remembered_path(keys));
    if made.exists() {
        if let Some(bytes) = read(&remembered, MAX_CHECKPOINT)? {
            // Named by its bytes: a damaged one is what a successor may be made for.
            rename("remembered", &remembered, &remembered.with_extension(Digest::of(&bytes).to_string()))?;
        }
        rename("remembered", &made, &remembered)?;
    }
    Ok(remove_made(keys.next().dir(), &KEYS, &[])?)
}

/// Nothing was decided: the log stands as it stood.
pub(super) fn drop_unfinished(dir: &Path, keys: &KeyPlaces) -> Result<(), LogError> {
    remove_made(&next_to(dir), &FILES, &DIRECTORIES)?;
    Ok(remove_made(keys.next().dir(), &KEYS, &[])?)
}

fn beside(dir: &Path, suffix: &str) -> PathBuf {
    let mut name = dir.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}

/// Removes what the making of a log leaves in a directory, and the directory, if it is there; anything else that lies
/// in it is not removed but told.
fn remove_made(dir: &Path, files: &[&str], directories: &[&str]) -> Result<(), FileError> {
    if !dir.exists() {
        return Ok(());
    }
    let gone = |removed: io::Result<()>| match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    };
    let removed = || {
        step(SUCCESSION, "remove::before")?;
        for path in files.iter().map(|name| dir.join(name)) {
            gone(fs::remove_file(temporary(&path)))?;
            gone(fs::remove_file(path))?;
        }
        directories.iter().try_for_each(|name| gone(fs::remove_dir(dir.join(name))))?;
        fs::remove_dir(dir)
    };
    removed().map_err(FileError::new("remove", dir))?;
    sync_parent(SUCCESSION, dir)
}
