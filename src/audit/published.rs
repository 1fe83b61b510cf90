//! The entries that a checkpoint covers, asked for in order; one bundle at a time stays in memory.

use std::path::{Path, PathBuf};

use super::error::LogError;
use super::tiles::{WIDTH, read_bundle};

pub(super) struct Published {
    dir: PathBuf,
    /// How many there are.
    size: u64,
    /// The bundle that was asked for last, and its number.
    bundle: Option<(u64, Vec<Vec<u8>>)>,
}

impl Published {
    /// The first `size` entries of a log, whose bundles are all there.
    pub fn new(dir: &Path, size: u64) -> Self {
        Self { dir: dir.to_owned(), size, bundle: None }
    }

    /// Whether they have this entry at this index.
    ///
    /// # Errors
    /// Its bundle cannot be read, or is none.
    pub fn has(&mut self, index: u64, leaf: &[u8]) -> Result<bool, LogError> {
        if index >= self.size {
            return Ok(false);
        }
        let (number, place) = (index / WIDTH, (index % WIDTH) as usize);
        let entries = match self.bundle.take() {
            Some((known, entries)) if known == number => entries,
            _ => read_bundle(&self.dir, number, WIDTH.min(self.size - number * WIDTH))?,
        };
        let has = entries.get(place).is_some_and(|entry| entry == leaf);
        self.bundle = Some((number, entries));
        Ok(has)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use crate::audit::codec;
    use crate::audit::journal::frame::{HEADER, Tag, header, write_frame, write_mark};
    use crate::audit::journal::segment_path;
    use crate::audit::recover::journal_dir;
    use crate::audit::writer::tests::{LogDir, bundled, leaves};

    /// Puts these entries, the first of which has this index, in the place of a log's journal.
    fn put_journal(place: &LogDir, first: u64, entries: &[Vec<u8>]) {
        let dir = journal_dir(&place.dir());
        for segment in fs::read_dir(&dir).unwrap() {
            fs::remove_file(segment.unwrap().path()).unwrap();
        }
        let mut frames = Vec::new();
        entries.iter().for_each(|entry| write_frame(&mut frames, Tag::Leaf, entry));
        for mark in [Tag::Commit, Tag::Synced] {
            write_mark(&mut frames, mark, first + entries.len() as u64);
        }
        let head = header(first, (HEADER + frames.len()) as u64);
        fs::write(segment_path(&dir, first), [&head, &frames[..]].concat()).unwrap();
    }

    #[test]
    fn a_log_whose_journal_repeats_a_published_entry_otherwise_does_not_open() {
        let place = LogDir::new();
        let all = bundled(&place);
        let encoded: Vec<Vec<u8>> = all.iter().map(|leaf| codec::encode(leaf).unwrap()).collect();
        put_journal(&place, 200, &encoded[200..]);
        assert_eq!(leaves(&place.open().unwrap()), all);
        // In the full bundle, and in the partial one.
        for changed in [200, 255, 256, encoded.len() - 1] {
            let mut repeated = encoded.clone();
            repeated[changed].clone_from(&encoded[1]);
            put_journal(&place, 200, &repeated[200..]);
            let refused = place.open().map(drop).unwrap_err();
            let told = format!("entry {changed} is not the same in its journal and its bundles");
            assert!(refused.is_verification_failure() && refused.to_string().contains(&told), "{changed}: {refused}");
        }
    }
}
