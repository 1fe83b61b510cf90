//! Bundles and tiles, read once in order: every entry hashed again, every tile compared, the root at every size that
//! matters.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::findings::Findings;
use super::flaw::Flaw;
use super::ledger::Ledger;
use crate::audit::checkpoint::SignedCheckpoint;
use crate::audit::codec;
use crate::audit::error::LogError;
use crate::audit::merkle::{Frontier, TreeHead, leaf_hash};
use crate::audit::regular::{self, MAX_TILE, longest_bundle};
use crate::audit::tiles::{WIDTH, bundle_path, parse_bundle, partial_dir, read_bundle, tile_path, widths_in};
use crate::model::Digest;

/// Reads the published tree of a log.
pub(super) struct TreeReader<'a> {
    dir: &'a Path,
    head: TreeHead,
    frontier: Frontier,
    /// Sizes at which a root is wanted, and what it was, with the date of the entry before.
    wanted: BTreeMap<u64, Option<(Digest, i64)>>,
    tiles: Tiles,
    last_at: i64,
}

impl<'a> TreeReader<'a> {
    /// A reader of the tree that a checkpoint claims, minding the sizes of older ones.
    pub fn new<'c>(dir: &'a Path, head: TreeHead, older: impl Iterator<Item = &'c SignedCheckpoint>) -> Self {
        let sizes = older.map(|older| older.claimed().tree.size).chain([head.size]);
        Self {
            dir,
            head,
            frontier: Frontier::default(),
            wanted: sizes.map(|size| (size, None)).collect(),
            tiles: Tiles::default(),
            last_at: 0,
        }
    }

    /// Reads everything; whether all of it could be read and has the checkpoint's root.
    pub fn read(&mut self, ledger: &mut Ledger, findings: &mut Findings) -> bool {
        self.note_root();
        while self.frontier.size() < self.head.size {
            let (index, left) = (self.frontier.size() / WIDTH, self.head.size - self.frontier.size());
            match read_bundle(self.dir, index, left.min(WIDTH)) {
                Ok(entries) => entries.iter().for_each(|entry| self.read_entry(entry, ledger, findings)),
                Err(error) => {
                    findings.add(None, of_file(&bundle_path(index, left.min(WIDTH)), &error));
                    return false;
                }
            }
        }
        self.check_last_partials(findings);
        let is_signed_root = self.frontier.root() == self.head.root;
        if !is_signed_root {
            findings.add(None, Flaw::RootDiffers { size: self.head.size });
        }
        is_signed_root
    }

    fn read_entry(&mut self, entry: &[u8], ledger: &mut Ledger, findings: &mut Findings) {
        let index = self.frontier.size();
        let (dir, tiles) = (self.dir, &mut self.tiles);
        self.frontier.push_and_visit(leaf_hash(entry), |subtree, hash| {
            if subtree.level.is_multiple_of(8) {
                tiles.push(dir, (subtree.level / 8) as usize, hash, findings);
            }
        });
        match codec::decode(entry) {
            Ok(leaf) => {
                self.last_at = leaf.at;
                ledger.read(index, &leaf, findings);
            }
            Err(error) => findings.at(index, Flaw::Leaf(error)),
        }
        self.note_root();
    }

    fn note_root(&mut self) {
        if let Some(wanted) = self.wanted.get_mut(&self.frontier.size()) {
            *wanted = Some((self.frontier.root(), self.last_at));
        }
    }

    /// The root of the first `size` entries, where it was wanted and reached.
    pub fn root_at(&self, size: u64) -> Option<Digest> {
        self.wanted.get(&size).copied().flatten().map(|(root, _)| root)
    }

    /// Index and date of the last of the first `size` entries, where that size was wanted and reached.
    pub fn last_before(&self, size: u64) -> Option<(u64, i64)> {
        let (_, at) = self.wanted.get(&size).copied().flatten()?;
        Some((size.checked_sub(1)?, at))
    }

    /// The rightmost tiles and the rightmost bundle are partial; every width that is kept of them must be a beginning
    /// of what was read.
    fn check_last_partials(&self, findings: &mut Findings) {
        self.tiles.check_partials(self.dir, findings);
        let (index, width) = (self.head.size / WIDTH, self.head.size % WIDTH);
        if width == 0 {
            return;
        }
        let Ok(entries) = read_bundle(self.dir, index, width) else { return };
        for (path, kept, bytes) in partials(self.dir, &bundle_path(index, WIDTH), longest_bundle) {
            let is_beginning = bytes.as_deref().and_then(parse_bundle).is_some_and(|kept_entries| {
                let shared = kept_entries.len().min(entries.len());
                kept_entries.len() as u64 == kept && kept_entries[..shared] == entries[..shared]
            });
            if !is_beginning {
                findings.add(None, differs(&path, "this bundle is not a beginning of the entries"));
            }
        }
    }
}

/// The tiles that are being filled, one per level.
#[derive(Default)]
struct Tiles(Vec<Level>);

#[derive(Default)]
struct Level {
    full: u64,
    hashes: Vec<u8>,
}

const TILE: usize = 32 * WIDTH as usize;

impl Tiles {
    fn push(&mut self, dir: &Path, number: usize, hash: &Digest, findings: &mut Findings) {
        if self.0.len() == number {
            self.0.push(Level::default());
        }
        let level = &mut self.0[number];
        level.hashes.extend(hash.as_bytes());
        if level.hashes.len() == TILE {
            let path = tile_path(number, level.full, WIDTH);
            match regular::read(&dir.join(&path), MAX_TILE) {
                Ok(bytes) if bytes == level.hashes => (),
                Ok(_) => findings.add(None, differs(&path, "this tile of hashes is another")),
                Err(error) => findings.add(None, unreadable(&path, &error)),
            }
            level.full += 1;
            level.hashes.clear();
        }
    }

    /// The tile of the tree's own width must be there, alone or as the beginning of a wider one.
    fn check_partials(&self, dir: &Path, findings: &mut Findings) {
        for (number, level) in self.0.iter().enumerate().filter(|(_, level)| !level.hashes.is_empty()) {
            let full = tile_path(number, level.full, WIDTH);
            let is_beginning = |bytes: Vec<u8>| bytes.len() == TILE && bytes.starts_with(&level.hashes);
            let mut is_there = regular::read(&dir.join(&full), MAX_TILE).is_ok_and(is_beginning);
            for (path, width, bytes) in partials(dir, &full, |width| 32 * width) {
                let bytes = bytes.unwrap_or_default();
                let shared = bytes.len().min(level.hashes.len());
                if bytes.len() as u64 != 32 * width || bytes[..shared] != level.hashes[..shared] {
                    findings.add(None, differs(&path, "this tile of hashes is another"));
                }
                is_there |= bytes.len() >= level.hashes.len();
            }
            if !is_there {
                let width = (level.hashes.len() / 32) as u64;
                findings.add(None, differs(&tile_path(number, level.full, width), "this tile of hashes is missing"));
            }
        }
    }
}

/// The partial forms that stand beside a full tile's place, each read when its turn comes: path, width by name, bytes.
fn partials<'d>(
    dir: &'d Path,
    full: &Path,
    longest: impl Fn(u64) -> u64 + 'd,
) -> impl Iterator<Item = (PathBuf, u64, Option<Vec<u8>>)> + 'd {
    let beside = partial_dir(full);
    let widths = widths_in(&dir.join(&beside)).unwrap_or_default();
    widths.into_iter().filter_map(move |width| {
        let path = beside.join(width.to_string());
        match regular::read(&dir.join(&path), longest(width)) {
            // One whose writing was interrupted.
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            read => Some((path, width, read.ok())),
        }
    })
}

fn differs(path: &Path, what: &'static str) -> Flaw {
    Flaw::TileDiffers { file: path.display().to_string(), what }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Flaw {
    Flaw::Unreadable { file: path.display().to_string(), reason: error.to_string() }
}

fn of_file(path: &Path, error: &LogError) -> Flaw {
    let (file, reason) = (path.display().to_string(), error.to_string());
    match error {
        LogError::File(_) => Flaw::Unreadable { file, reason },
        _ => Flaw::Damaged { file, reason },
    }
}
