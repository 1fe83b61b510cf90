//! The files that records name: recognized before the intent, unlinked after the COMMIT, and only if still the same.
//!
//! A file is reached from its configured root alone, with no symbolic link and no other file system on the way.
//! Whatever is odd about it is an error here, and its record stays untouched. Paths are personal information: no error
//! holds one.

mod beneath;
pub mod identity;
mod reserved;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use crate::model::PartName;
use beneath::{Directory, Found};
use identity::Identity;
use reserved::Look;
pub use reserved::Reserved;

/// A file that a row names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileRef {
    /// Place of its record in the list of keys that was asked about.
    pub record: usize,
    pub part: PartName,
    pub root: PathBuf,
    /// Beneath the root, as the row has it. Personal information.
    pub path: String,
}

/// What tells a file from another that takes its name, or from itself with another content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileId {
    pub dev: u64,
    pub ino: u64,
    /// In bytes.
    pub size: u64,
    pub ctime_sec: i64,
    pub ctime_nsec: u32,
    /// When its content was written last, and when the file was made; `None` where the file system does not tell both.
    #[serde(default)]
    pub content: Option<ContentTimes>,
}

/// Times of a file: seconds since 1970 and nanoseconds. A new file that is given an old one's inode was made later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentTimes {
    pub written: (i64, u32),
    pub made: (i64, u32),
}

impl FileId {
    /// Whether this is the same file with the same content. Its mode, owner and names may have changed meanwhile, where
    /// its other times tell.
    pub fn is_still(&self, now: &Self) -> bool {
        let unchanged = (self.ctime_sec, self.ctime_nsec) == (now.ctime_sec, now.ctime_nsec);
        let unwritten = self.content.is_some() && self.content == now.content;
        (self.dev, self.ino, self.size) == (now.dev, now.ino, now.size) && (unchanged || unwritten)
    }
}

/// What became of a file that had to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unlinked {
    /// Unlinked; its directory is synced, its absence was read back.
    Gone,
    /// Nothing stood at its name; the directory is synced.
    AlreadyAbsent,
    /// Another file stands at its name, or it was changed since it was identified: untouched.
    Changed,
}

/// A file cannot be unlinked safely, or not at all.
#[derive(Debug, thiserror::Error)]
#[error("a file of part {part} beneath {}: {reason}", root.display())]
pub struct FileError {
    pub part: PartName,
    pub root: PathBuf,
    pub reason: Refusal,
}

/// Why a file is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error(
        "its path is not plain (empty, absolute, with `.`, `..`, a double slash or a NUL); correct the row or the `files` columns"
    )]
    Path,
    #[error(
        "it is not there; put it back, correct `root` or mount its volume, or say in the mapping that such files may be gone: `missing = \"gone\"` in `files`"
    )]
    Missing,
    #[error(
        "it is not there, and of the files that rows name beneath the root none is: its volume may not be mounted, and `missing = \"gone\"` would leave them where they are; mount it or correct `root`, or, where the application removed all of them, take `files` out of the mapping"
    )]
    NothingThere,
    #[error("the root is not a directory that can be entered; mount it, or correct `root`")]
    Root,
    #[error("a symbolic link stands on its path; put the file itself beneath the root")]
    Symlink,
    #[error("it lies on another file system than the root; give that file system a root of its own")]
    OtherFileSystem,
    #[error("it is not a regular file")]
    NotRegular,
    #[error(
        "it belongs to a database, to the configuration or a calendar, or to the state directory, of which rows never name a file to destroy; correct the row, or narrow the root"
    )]
    Reserved,
    #[error("it has other names (hard links), which would keep its content")]
    OtherNames,
    #[error(
        "its directory cannot be read and written by this user, holds files of others that only their owners may remove, or lies on a file system that is mounted read-only; grant the right, or mount it for writing"
    )]
    Unwritable,
    #[error("it, or its directory, is marked immutable or append-only (chattr)")]
    Immutable,
    #[error("another file took its name while it was being unlinked; look at the program that writes there")]
    Raced,
    #[error(
        "the system does not let this program call openat2, without which no path is followed safely; it takes Linux 5.6, and a service without RestrictSUIDSGID="
    )]
    NoOpenat2,
    #[error("the system refused: {0}")]
    System(Errno),
}

/// Recognizes a file that is to be unlinked later. `None`: nothing stands at its name.
///
/// # Errors
/// See [`Refusal`]: whatever could make the unlinking fail, or hit another file. One result a file.
pub fn identify_all(files: &[FileRef], reserved: &Reserved) -> Vec<Result<Option<FileId>, FileError>> {
    let look = reserved.look();
    let identify = |file| find(file, &look).map(|found| found.map(|(_, found)| found.id()));
    files.iter().map(|file| identify(file).map_err(|reason| refused(file, reason))).collect()
}

/// Whether anything stands where a row says that its file is.
///
/// # Errors
/// See [`Refusal`]: no file can be reached by this path.
pub fn is_there(root: &Path, path: &str) -> Result<bool, Refusal> {
    if !is_plain(path) {
        return Err(Refusal::Path);
    }
    Directory::of(root, path)?.map_or(Ok(false), |directory| directory.has(path))
}

/// The device that a root lies on now; `None` where it cannot be entered.
pub fn device_of(root: &Path) -> Option<u64> {
    Identity::of(root).ok().flatten().map(|root| root.dev)
}

/// Whether a file is known to stand at its name no more, whatever was written to it since it was identified.
pub fn is_gone(file: &FileRef, id: &FileId) -> bool {
    let found = || match Directory::of(&file.root, &file.path)? {
        Some(directory) => directory.open(&file.path),
        None => Ok(None),
    };
    let made = |id: &FileId| id.content.map(|content| content.made);
    let is_it = |now: FileId| (now.dev, now.ino, made(&now)) == (id.dev, id.ino, made(id));
    let is_elsewhere = |found: Option<Found>| found.is_none_or(|found| !is_it(found.id()));
    device_of(&file.root) == Some(id.dev) && found().is_ok_and(is_elsewhere)
}

/// A file that was to be unlinked, and what came of it; whether that reached the disk, [`confirm_all`] tells.
pub type Unsynced = (FileRef, Result<Unlinked, Refusal>);

/// How it goes with a file that is still the one that was identified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unlinking {
    /// It is unlinked next: from now on its absence is no sign that somebody else took it.
    Begins,
    /// It was not unlinked.
    Failed,
}

/// Unlinks the files that are still those that were identified, in their order, and tells of each before. Nothing is
/// synced yet.
///
/// # Errors
/// Whoever is told fails: then no further file is unlinked.
pub fn unlink_each(
    files: Vec<(FileRef, FileId)>,
    reserved: &Reserved,
    tell: &mut dyn FnMut(&FileId, Unlinking) -> io::Result<()>,
) -> io::Result<Vec<Unsynced>> {
    let look = reserved.look();
    let unlink = |(file, id)| {
        let unlinked = unlink_unsynced(&file, &id, &look, tell)?;
        Ok((file, unlinked))
    };
    files.into_iter().map(unlink).collect()
}

/// Syncs each directory of these files once, and reads back that what was unlinked is absent.
///
/// # Errors
/// One result a file, see [`Refusal`]; unless it is `Raced`, the file stands as it stood.
pub fn confirm_all(files: Vec<Unsynced>) -> Vec<Result<Unlinked, FileError>> {
    let mut directories: BTreeMap<(PathBuf, &str), Vec<usize>> = BTreeMap::new();
    for (place, (file, _)) in files.iter().enumerate() {
        let parent = file.path.rsplit_once('/').map_or("", |(parent, _)| parent);
        directories.entry((file.root.clone(), parent)).or_default().push(place);
    }
    let mut results: Vec<Option<Result<Unlinked, FileError>>> = files.iter().map(|_| None).collect();
    for places in directories.values() {
        let synced = sync(&files[places[0]].0);
        for &place in places {
            let (file, unlinked) = &files[place];
            let result = unlinked.and_then(|unlinked| confirm(file, unlinked, synced));
            results[place] = Some(result.map_err(|reason| refused(file, reason)));
        }
    }
    results.into_iter().flatten().collect()
}

fn unlink_unsynced(
    file: &FileRef,
    id: &FileId,
    look: &Look<'_>,
    tell: &mut dyn FnMut(&FileId, Unlinking) -> io::Result<()>,
) -> io::Result<Result<Unlinked, Refusal>> {
    let (directory, found) = match find(file, look) {
        Ok(Some(found)) => found,
        Ok(None) => return Ok(Ok(Unlinked::AlreadyAbsent)),
        Err(refusal) => return Ok(Err(refusal)),
    };
    if !id.is_still(&found.id()) {
        return Ok(Ok(Unlinked::Changed));
    }
    tell(id, Unlinking::Begins)?;
    let unlinked = directory.unlink(&found);
    if unlinked.is_err() {
        tell(id, Unlinking::Failed)?;
    }
    Ok(unlinked.map(|()| Unlinked::Gone))
}

/// After the sync: what is called gone must be absent still, or a program has put another file in its place.
fn confirm(file: &FileRef, unlinked: Unlinked, synced: Result<(), Refusal>) -> Result<Unlinked, Refusal> {
    if unlinked == Unlinked::Changed {
        return Ok(unlinked);
    }
    synced?;
    match Directory::of(&file.root, &file.path)? {
        Some(directory) if directory.has(&file.path)? => Ok(Unlinked::Changed),
        _ => Ok(unlinked),
    }
}

/// Syncs the directory of a file, or the nearest one above it where it is gone itself.
fn sync(file: &FileRef) -> Result<(), Refusal> {
    let mut path = file.path.as_str();
    loop {
        if let Some(directory) = Directory::of(&file.root, path)? {
            return directory.sync();
        }
        // A directory of the root itself always opens, so the walk upwards ends.
        path = path.rsplit_once('/').map_or("", |(parent, _)| parent);
    }
}

fn find(file: &FileRef, look: &Look<'_>) -> Result<Option<(Directory, Found)>, Refusal> {
    if !is_plain(&file.path) {
        return Err(Refusal::Path);
    }
    let Some(directory) = Directory::of(&file.root, &file.path)? else { return Ok(None) };
    let Some(found) = directory.open(&file.path)? else { return Ok(None) };
    look.allow(file, found.identity())?;
    found.must_be_plain()?;
    directory.must_allow_unlink(&found)?;
    Ok(Some((directory, found)))
}

/// Only one spelling of a path is accepted, because rows that still name the file are found by comparing texts.
fn is_plain(path: &str) -> bool {
    !path.contains('\0') && path.split('/').all(|name| !matches!(name, "" | "." | ".."))
}

impl FileError {
    /// A file that must be there, and is not.
    pub fn missing(file: &FileRef) -> Self {
        refused(file, Refusal::Missing)
    }

    /// A file that may be gone, beneath a root where nothing is there.
    pub fn nothing_there(file: &FileRef) -> Self {
        refused(file, Refusal::NothingThere)
    }
}

fn refused(file: &FileRef, reason: Refusal) -> FileError {
    FileError { part: file.part.clone(), root: file.root.clone(), reason }
}
