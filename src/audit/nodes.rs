//! Complete subtrees, read from hash tiles: what proofs are made of.

use std::path::{Path, PathBuf};

use super::error::{FileError, LogError};
use super::merkle::{Subtree, root_of};
use super::regular::{self, MAX_TILE};
use super::tiles::{WIDTH, tile_path};
use crate::model::Digest;

/// Reads the hashes of a log's tiles, as far as a tree of some size has them.
pub(super) struct Nodes<'a> {
    dir: &'a Path,
    size: u64,
    /// The last tile that was read: a proof asks for neighbours.
    last: Option<((usize, u64), Vec<Digest>)>,
}

impl<'a> Nodes<'a> {
    /// The tiles of the log in `dir`, for a tree of `size` entries that may have grown since.
    pub fn new(dir: &'a Path, size: u64) -> Self {
        Self { dir, size, last: None }
    }

    /// The hash of a complete subtree.
    ///
    /// # Errors
    /// A tile that cannot be read or is too short.
    pub fn read(&mut self, subtree: Subtree) -> Result<Digest, LogError> {
        // Levels between those of tiles are hashed from the tile below them.
        let (level, above) = ((subtree.level / 8) as usize, subtree.level % 8);
        let first = subtree.index << above;
        let (tile, place) = (first / WIDTH, (first % WIDTH) as usize);
        let hashes = self.tile(level, tile)?;
        match hashes.get(place..place + (1 << above)) {
            Some(leaves) => Ok(root_of(leaves)),
            None => Err(self.damaged(level, tile)),
        }
    }

    fn tile(&mut self, level: usize, index: u64) -> Result<&[Digest], LogError> {
        if self.last.as_ref().is_none_or(|(place, _)| *place != (level, index)) {
            let hashes = self.read_tile(level, index)?;
            self.last = Some(((level, index), hashes));
        }
        Ok(self.last.as_ref().map_or(&[], |(_, hashes)| hashes))
    }

    /// The tile of this tree's width, or the full one that a log may keep in its place.
    fn read_tile(&self, level: usize, index: u64) -> Result<Vec<Digest>, LogError> {
        let width = ((self.size >> (8 * level)) - index * WIDTH).min(WIDTH);
        let partial = self.dir.join(tile_path(level, index, width));
        let full = self.dir.join(tile_path(level, index, WIDTH));
        let read = |path: &PathBuf| regular::read(path, MAX_TILE).map_err(FileError::new("read", path));
        let bytes = read(&partial).or_else(|error| read(&full).map_err(|_| error))?;
        let (hashes, rest) = bytes.as_chunks::<32>();
        if !rest.is_empty() || (hashes.len() as u64) < width {
            return Err(self.damaged(level, index));
        }
        Ok(hashes.iter().copied().map(Digest::from_bytes).collect())
    }

    fn damaged(&self, level: usize, index: u64) -> LogError {
        let place = self.dir.join(tile_path(level, index, WIDTH));
        LogError::Corrupt { place, what: "a tile of hashes is not readable".to_owned() }
    }
}
