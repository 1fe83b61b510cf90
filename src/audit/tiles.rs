//! The published tree: tiles and entry bundles as C2SP tlog-tiles lays them out, and the part of it not yet full, in
//! memory.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::checkpoint::decimal;
use super::durable::{SHARED, read, remove, replace, temporary};
use super::error::{FileError, LogError};
use super::merkle::{Frontier, TreeHead, leaf_hash};
use super::regular::longest_bundle;
use super::unbundled::Unbundled;
use crate::model::Digest;

/// Hashes of a full tile, entries of a full bundle.
pub const WIDTH: u64 = 256;

/// Path of a hash tile beneath the log's directory; a width below 256 names a partial one.
pub fn tile_path(level: usize, index: u64, width: u64) -> PathBuf {
    PathBuf::from(format!("tile/{level}/{}{}", path_of_index(index), path_of_width(width)))
}

/// Path of an entry bundle beneath the log's directory; a width below 256 names a partial one.
pub fn bundle_path(index: u64, width: u64) -> PathBuf {
    PathBuf::from(format!("tile/entries/{}{}", path_of_index(index), path_of_width(width)))
}

/// Three digits an element, all but the last behind an `x`: 1234067 is `x001/x234/067`.
fn path_of_index(index: u64) -> String {
    let (rest, last) = (index / 1000, index % 1000);
    if rest == 0 { format!("{last:03}") } else { format!("{}/{last:03}", path_of_upper(rest)) }
}

fn path_of_upper(index: u64) -> String {
    let (rest, last) = (index / 1000, index % 1000);
    if rest == 0 { format!("x{last:03}") } else { format!("{}/x{last:03}", path_of_upper(rest)) }
}

fn path_of_width(width: u64) -> String {
    if width == WIDTH { String::new() } else { format!(".p/{width}") }
}

/// The entries of a bundle, 256 at most: each its length as u16 BE and its bytes. `None` where the bytes are not
/// exactly that. No entry is empty, so a file full of zeros is none at its first.
pub fn parse_bundle(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut entries = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let (length, after) = rest.split_first_chunk::<2>()?;
        let (entry, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        if entry.is_empty() || entries.len() as u64 == WIDTH {
            return None;
        }
        entries.push(entry);
        rest = after;
    }
    Some(entries)
}

/// Reads the first `width` entries of a bundle, from the partial one of that width, a wider one, or the full one.
///
/// Wider ones stand in because a partial bundle goes when a wider one is published: its entries are the same.
///
/// # Errors
/// No such bundle, or bytes that are none.
pub fn read_bundle(dir: &Path, index: u64, width: u64) -> Result<Vec<Vec<u8>>, LogError> {
    let path = dir.join(bundle_path(index, width));
    let (path, named, bytes) = match read(&path, longest_bundle(width))? {
        Some(bytes) => (path, width, bytes),
        None => wider_bundle(dir, index, width)?.ok_or_else(|| LogError::Corrupt {
            place: path.clone(),
            what: "a bundle of entries that the checkpoint covers is missing".to_owned(),
        })?,
    };
    match parse_bundle(&bytes) {
        Some(entries) if entries.len() as u64 == named => {
            Ok(entries.into_iter().take(width as usize).map(<[u8]>::to_vec).collect())
        }
        _ => Err(LogError::Corrupt { place: path, what: "a bundle of entries is not readable".to_owned() }),
    }
}

/// Its path, its width by that, and its bytes.
fn wider_bundle(dir: &Path, index: u64, width: u64) -> Result<Option<(PathBuf, u64, Vec<u8>)>, FileError> {
    let partial = partial_dir(&dir.join(bundle_path(index, WIDTH)));
    let widths = widths_in(&partial).map_err(FileError::new("list", &partial))?;
    for wider in widths.into_iter().filter(|other| *other > width).chain([WIDTH]) {
        let path = dir.join(bundle_path(index, wider));
        if let Some(bytes) = read(&path, longest_bundle(wider))? {
            return Ok(Some((path, wider, bytes)));
        }
    }
    Ok(None)
}

/// The directory of the partial tiles of a full one: its name and `.p`.
pub(super) fn partial_dir(full: &Path) -> PathBuf {
    let mut name = full.as_os_str().to_owned();
    name.push(".p");
    name.into()
}

/// The widths, in order, of partial tiles that stand in a directory, those included whose writing was interrupted. Any
/// other name is none.
pub(super) fn widths_in(partial: &Path) -> io::Result<BTreeSet<u64>> {
    let entries = match fs::read_dir(partial) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        other => other?,
    };
    let mut widths = BTreeSet::new();
    for entry in entries {
        let name = entry?.file_name();
        let width = name.to_str().map(|name| name.strip_suffix(".tmp").unwrap_or(name));
        widths.extend(width.and_then(decimal).filter(|width| (1..WIDTH).contains(width)));
    }
    Ok(widths)
}

/// The tree as it grows, with the entries and hashes that stand in no full bundle or tile yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree {
    frontier: Frontier,
    entries: Unbundled,
    levels: Vec<Level>,
}

/// Hashes of one level of tiles.
#[derive(Clone, Debug, Default)]
struct Level {
    /// How many full tiles are complete and let go.
    full: u64,
    /// The hashes after those.
    hashes: Vec<Digest>,
}

impl Tree {
    /// Number of entries.
    pub fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// Size and root.
    pub fn head(&self) -> TreeHead {
        TreeHead { size: self.size(), root: self.frontier.root() }
    }

    /// Index of the first entry that is kept in memory.
    pub fn first_kept(&self) -> u64 {
        self.entries.first_kept()
    }

    /// An entry that is kept in memory.
    pub fn kept(&self, index: u64) -> Option<&[u8]> {
        self.entries.kept(index)
    }

    /// Appends an entry. Its length fits in 16 bits: `codec::MAX_LEAF` sees to it.
    pub fn push(&mut self, entry: &[u8]) {
        self.entries.push(entry);
        let levels = &mut self.levels;
        self.frontier.push_and_visit(leaf_hash(entry), |subtree, hash| {
            if subtree.level.is_multiple_of(8) {
                let level = (subtree.level / 8) as usize;
                if levels.len() == level {
                    levels.push(Level::default());
                }
                levels[level].hashes.push(*hash);
            }
        });
    }

    /// Lets go of full bundles and tiles that stand on disk already.
    pub fn forget_full(&mut self) {
        while self.entries.has_full(self.size()) {
            self.entries.forget_full();
        }
        for level in &mut self.levels {
            while level.hashes.len() as u64 >= WIDTH {
                level.let_go_of_tile();
            }
        }
    }

    /// Where much is kept in memory, writes what can go out of the first `durable` entries: full bundles and tiles, and
    /// if that is not enough a partial bundle. Nobody reads these before a checkpoint covers them.
    pub fn relieve(&mut self, dir: &Path, durable: u64) -> Result<(), FileError> {
        if self.entries.is_much() {
            self.write_full(dir, durable)?;
        }
        if self.entries.is_much() {
            self.entries.let_out(dir, durable)?;
        }
        Ok(())
    }

    /// Writes the bundles that are full among the first `durable` entries, and the tiles that are full, and lets go of
    /// them.
    pub fn write_full(&mut self, dir: &Path, durable: u64) -> Result<(), FileError> {
        self.entries.write_full(dir, durable)?;
        for (number, level) in self.levels.iter_mut().enumerate() {
            // A tile over entries that are not durable yet waits for them.
            while (level.full + 1) << (8 * (number as u32 + 1)) <= durable {
                let path = dir.join(tile_path(number, level.full, WIDTH));
                replace("tile", &path, &concatenated(&level.hashes[..WIDTH as usize]), SHARED)?;
                level.let_go_of_tile();
            }
        }
        Ok(())
    }

    /// Writes the partial bundle and the partial tiles of the tree as it stands; the full ones were written.
    pub fn write_partial(&mut self, dir: &Path) -> Result<(), FileError> {
        self.entries.write_partial(dir)?;
        for (number, level) in self.levels.iter().enumerate().filter(|(_, level)| !level.hashes.is_empty()) {
            let path = dir.join(tile_path(number, level.full, level.hashes.len() as u64));
            replace("tile", &path, &concatenated(&level.hashes), SHARED)?;
        }
        Ok(())
    }
}

impl Level {
    fn let_go_of_tile(&mut self) {
        self.hashes.drain(..WIDTH as usize);
        self.full += 1;
    }
}

fn concatenated(hashes: &[Digest]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

/// Removes the partial tiles and bundles that a published tree of `size` entries made superfluous, the one before it
/// having had `before`.
///
/// Partial hash tiles stay until the full one is there, as C2SP asks. Partial bundles, up to 15 MB each, go with the
/// next wider one: it begins with the same entries.
pub(super) fn remove_superfluous(dir: &Path, before: u64, size: u64) -> Result<(), FileError> {
    for level in 0..8 {
        let (old, new) = (before >> (8 * level), size >> (8 * level));
        if !old.is_multiple_of(WIDTH) && old / WIDTH != new / WIDTH {
            remove_partial_dir(&partial_dir(&dir.join(tile_path(level, old / WIDTH, WIDTH))))?;
        }
    }
    for bundle in before / WIDTH..size / WIDTH {
        remove_partial_bundles(dir, bundle)?;
    }
    remove_widths_below(&partial_dir(&dir.join(bundle_path(size / WIDTH, WIDTH))), size % WIDTH)
}

/// Removes the partial bundles of a bundle that is there.
pub(super) fn remove_partial_bundles(dir: &Path, bundle: u64) -> Result<(), FileError> {
    remove_partial_dir(&partial_dir(&dir.join(bundle_path(bundle, WIDTH))))
}

fn remove_widths_below(partial: &Path, width: u64) -> Result<(), FileError> {
    for other in widths_in(partial).map_err(FileError::new("list", partial))? {
        if other < width {
            remove("partial", &partial.join(other.to_string()))?;
        }
    }
    Ok(())
}

fn remove_partial_dir(partial: &Path) -> Result<(), FileError> {
    for width in widths_in(partial).map_err(FileError::new("list", partial))? {
        let path = partial.join(width.to_string());
        remove("partial", &path)?;
        // What an interrupted attempt to write it left.
        remove("partial", &temporary(&path))?;
    }
    match fs::remove_dir(partial) {
        Err(error) if !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::DirectoryNotEmpty) => {
            Err(FileError::new("remove", partial)(error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
