//! The logs before this one: each first entry names the log that it continues by origin, size and root, so that nobody
//! can exchange what lies beside it, or do away with it, unnoticed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::beginning::Beginning;
use super::checkpoint::{SignedCheckpoint, decimal};
use super::leaf::Predecessor;
use super::merkle::TreeHead;
use super::note::VerifierKey;
use super::recover::{checkpoint_path, read_checkpoint};
use crate::model::{Digest, Origin};

/// The log that another one continues, and what is found of it.
#[derive(Debug)]
pub struct Earlier {
    pub named: Predecessor,
    pub kept: Kept,
}

/// What is found of an earlier log.
#[derive(Debug)]
pub enum Kept {
    /// The entries that its successor names stand in this directory, to the byte.
    Whole(Box<Pinned>),
    /// No directory is there.
    Missing,
    /// This directory is there, and does not hold them.
    Other(PathBuf),
    /// None of its entries could be read when its successor began, so nothing can be held against anything.
    Unread,
}

/// The entries of an earlier log that its successor names: their root is the one that it names.
#[derive(Debug)]
pub struct Pinned {
    pub dir: PathBuf,
    beginning: Beginning,
    /// Whether it had more entries than could be relied on when its successor began: the successor says so, or its own
    /// checkpoint does.
    pub is_partial: bool,
}

/// What is found of an earlier log, in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EarlierLog {
    pub log: Origin,
    /// How many of its entries the log after it names.
    pub entries: u64,
    pub state: EarlierState,
    /// The directory that was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory: Option<PathBuf>,
}

/// Whether the entries of an earlier log are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EarlierState {
    Whole,
    /// Those that its successor names; it had more, which could not be relied on by then.
    Partial,
    Missing,
    Other,
    Unread,
}

impl Earlier {
    /// Whether it is known that no log stands before this one.
    pub fn is_first(&self) -> bool {
        matches!(&self.kept, Kept::Whole(pinned) if pinned.is_first())
    }
}

impl From<&Earlier> for EarlierLog {
    fn from(earlier: &Earlier) -> Self {
        let (state, directory) = match &earlier.kept {
            Kept::Whole(pinned) if pinned.is_partial => (EarlierState::Partial, Some(pinned.dir.clone())),
            Kept::Whole(pinned) => (EarlierState::Whole, Some(pinned.dir.clone())),
            Kept::Missing => (EarlierState::Missing, None),
            Kept::Other(dir) => (EarlierState::Other, Some(dir.clone())),
            Kept::Unread => (EarlierState::Unread, None),
        };
        Self { log: earlier.named.origin.clone(), entries: earlier.named.size, state, directory }
    }
}

/// Every log before the one whose first entry names `continued`, the last one first, as far as each leads to the one
/// before. They are looked for in these directories; of checkpoints of theirs that were kept, the roots are noted.
pub fn earlier_logs(
    continued: Option<&Predecessor>,
    mut directories: Vec<PathBuf>,
    older: &[SignedCheckpoint],
) -> Vec<Earlier> {
    let mut found = Vec::new();
    let mut continued = continued.cloned();
    while let Some(named) = continued.take() {
        let earlier = find_earlier(named, &mut directories, older);
        if let Kept::Whole(pinned) = &earlier.kept {
            continued = pinned.beginning.before.clone();
        }
        found.push(earlier);
    }
    found
}

/// The directories of logs that were succeeded, beside that of the log in `dir`: `DIR.N`, the highest number first.
pub fn beside(dir: &Path) -> Vec<PathBuf> {
    let whole = fs::canonicalize(dir).unwrap_or_else(|_| dir.to_owned());
    let (Some(parent), Some(name)) = (whole.parent(), whole.file_name().and_then(|name| name.to_str())) else {
        return Vec::new();
    };
    let Ok(listed) = fs::read_dir(parent) else { return Vec::new() };
    let number = |sibling: &str| sibling.strip_prefix(name)?.strip_prefix('.').and_then(decimal);
    let siblings = listed.flatten().filter_map(|entry| Some((number(entry.file_name().to_str()?)?, entry.path())));
    let numbered: BTreeMap<u64, PathBuf> = siblings.filter(|(_, path)| path.is_dir()).collect();
    numbered.into_values().rev().collect()
}

/// Looks for one earlier log in these directories, and takes its own out of them.
pub fn find_earlier(named: Predecessor, directories: &mut Vec<PathBuf>, older: &[SignedCheckpoint]) -> Earlier {
    let mut kept = match directories.first() {
        _ if named.size == 0 => Kept::Unread,
        None => Kept::Missing,
        Some(dir) => Kept::Other(dir.clone()),
    };
    if named.size > 0 {
        let pinned = |dir: &PathBuf| read_pinned(dir, &named, older);
        if let Some((place, pinned)) =
            directories.iter().enumerate().find_map(|(place, dir)| Some((place, pinned(dir)?)))
        {
            directories.remove(place);
            kept = Kept::Whole(Box::new(pinned));
        }
    }
    Earlier { named, kept }
}

/// Reads the entries of a directory that a successor names; `None` where these are not they.
fn read_pinned(dir: &Path, named: &Predecessor, older: &[SignedCheckpoint]) -> Option<Pinned> {
    let of_it = older.iter().map(SignedCheckpoint::claimed).filter(|claimed| claimed.origin == named.origin);
    let sizes = of_it.map(|claimed| claimed.tree.size);
    let beginning = Beginning::read(dir, named.size, sizes, &mut |_, _| true);
    let is_named = beginning.head() == TreeHead { size: named.size, root: named.root };
    let is_it = is_named && beginning.origin.as_ref().is_none_or(|origin| *origin == named.origin);
    let claimed = read_checkpoint(&checkpoint_path(dir)).ok().flatten();
    let is_partial = named.partial || claimed.is_some_and(|signed| signed.claimed().tree.size > named.size);
    is_it.then(|| Pinned { dir: dir.to_owned(), beginning, is_partial })
}

impl Pinned {
    /// The root of its first `size` entries, where a checkpoint of that size was kept.
    pub fn root_at(&self, size: u64) -> Option<Digest> {
        self.beginning.root_at(size)
    }

    /// The key that signs a checkpoint of this size.
    pub fn signing_key(&self, size: u64) -> Option<&VerifierKey> {
        self.beginning.signing_key(size)
    }

    fn is_first(&self) -> bool {
        self.beginning.origin.is_some() && self.beginning.before.is_none()
    }
}
