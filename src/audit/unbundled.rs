//! The entries that stand in no full bundle yet.
//!
//! The first of them may stand in a partial bundle on disk and no longer in memory: 256 leaves of a thousand records
//! each would be 12 MB.

use std::path::Path;

use super::durable::{SHARED, replace_extended};
use super::error::FileError;
use super::tiles::{WIDTH, bundle_path, remove_partial_bundles};

/// Bytes kept in memory before they go out.
const HEAVY: usize = 2 << 20;

/// Entries kept in memory before full bundles go out.
const MANY: usize = 2 * WIDTH as usize;

#[derive(Clone, Debug, Default)]
pub(super) struct Unbundled {
    /// Index of the first of them; a multiple of 256.
    first: u64,
    /// How many of them stand in a partial bundle of that width, and not in memory; less than 256.
    out: u64,
    /// The others, as bundles hold them.
    bytes: Vec<u8>,
    /// Where each of the others ends.
    ends: Vec<usize>,
}

impl Unbundled {
    /// Index of the first entry that is kept in memory.
    pub fn first_kept(&self) -> u64 {
        self.first + self.out
    }

    /// Whether so much is kept in memory that some of it should go out.
    pub fn is_much(&self) -> bool {
        self.ends.len() >= MANY || self.bytes.len() >= HEAVY
    }

    /// An entry that is kept in memory.
    pub fn kept(&self, index: u64) -> Option<&[u8]> {
        let place = usize::try_from(index.checked_sub(self.first_kept())?).ok()?;
        let end = *self.ends.get(place)?;
        let start = if place == 0 { 0 } else { self.ends[place - 1] };
        Some(&self.bytes[start + 2..end])
    }

    /// Appends an entry. Its length fits in 16 bits: `codec::MAX_LEAF` sees to it.
    pub fn push(&mut self, entry: &[u8]) {
        self.bytes.extend((entry.len() as u16).to_be_bytes());
        self.bytes.extend(entry);
        self.ends.push(self.bytes.len());
    }

    /// Whether a bundle is full among the first `size` entries of the tree.
    pub fn has_full(&self, size: u64) -> bool {
        size >= self.first + WIDTH
    }

    /// Writes the bundles that are full among the first `durable` entries, and lets go of them.
    pub fn write_full(&mut self, dir: &Path, durable: u64) -> Result<(), FileError> {
        while self.has_full(durable) {
            self.write(dir, WIDTH)?;
            if self.out > 0 {
                // A reader whose checkpoint knows a partial bundle finds its entries at the beginning of the full one.
                remove_partial_bundles(dir, self.first / WIDTH)?;
            }
            self.forget_full();
        }
        Ok(())
    }

    /// Writes the partial bundle of what is left after the full ones. Narrower ones may go then.
    pub fn write_partial(&mut self, dir: &Path) -> Result<(), FileError> {
        let width = self.out + self.ends.len() as u64;
        if self.out > 0 {
            return self.let_out(dir, self.first + width);
        }
        if width == 0 { Ok(()) } else { self.write(dir, width) }
    }

    /// Writes a partial bundle of those entries that are durable, and lets go of them. To be called when the full ones
    /// are out.
    pub fn let_out(&mut self, dir: &Path, durable: u64) -> Result<(), FileError> {
        let width = durable.saturating_sub(self.first);
        if width > self.out {
            self.write(dir, width)?;
            self.forget((width - self.out) as usize);
            self.out = width;
        }
        Ok(())
    }

    /// Lets go of a full bundle that stands on disk.
    pub fn forget_full(&mut self) {
        self.forget((WIDTH - self.out) as usize);
        self.first += WIDTH;
        self.out = 0;
    }

    /// Writes the first `width` entries, those included that are on disk, as a bundle.
    fn write(&self, dir: &Path, width: u64) -> Result<(), FileError> {
        let bundle = self.first / WIDTH;
        let end = (width - self.out).checked_sub(1).map_or(0, |last| self.ends[last as usize]);
        let head = (self.out > 0).then(|| dir.join(bundle_path(bundle, self.out)));
        let path = dir.join(bundle_path(bundle, width));
        replace_extended("bundle", &path, head.as_deref(), &self.bytes[..end], SHARED)
    }

    fn forget(&mut self, entries: usize) {
        let Some(last) = entries.checked_sub(1) else { return };
        let end = self.ends[last];
        self.bytes.drain(..end);
        self.ends.drain(..entries);
        self.ends.iter_mut().for_each(|other| *other -= end);
    }
}
