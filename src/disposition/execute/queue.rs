//! Which records come next: as many as one transaction may have, so that the owner's application does not wait for
//! longer than it can spare.

use std::collections::HashMap;

use super::chunk::ChunkSizer;
use super::divide::Took;
use super::error::ExecuteError;
use super::writers::Writers;
use crate::disposition::plan::{Cursor, Item};
use crate::disposition::{ApprovedPlan, Installation};
use crate::model::RecordKey;
use crate::records::sqlite::Weight;

/// Items looked at before it is known of which series they are.
const PEEK: usize = 500;

/// The list of a plan, from its beginning to its end.
pub(super) struct Queue<'a> {
    plan: &'a ApprovedPlan,
    install: &'a Installation,
    after: Option<Cursor>,
    /// By the place of the series in the manifest.
    sizers: HashMap<usize, ChunkSizer>,
}

/// What comes next.
pub(super) struct Chunk {
    /// Records of one series.
    pub items: Vec<Item>,
    /// Where the chunk is one record that is too large for the time that transactions have.
    pub giant: Option<Weight>,
    /// A batch that has freed more of the database than so many bytes is undone.
    pub most_bytes: u64,
    /// Its place in the manifest.
    pub series: usize,
    /// Whether there would have been more, had the records been smaller.
    is_cut_by_bytes: bool,
}

impl<'a> Queue<'a> {
    pub fn new(plan: &'a ApprovedPlan, install: &'a Installation) -> Self {
        Self { plan, install, after: None, sizers: HashMap::new() }
    }

    /// The next items; `None` at the end.
    ///
    /// # Errors
    /// The list, or the database where records must be weighed, cannot be read.
    pub fn next(&mut self, writers: &mut Writers<'_>) -> Result<Option<Chunk>, ExecuteError> {
        let limit = self.sizers.values().map(ChunkSizer::size).max().unwrap_or(PEEK);
        let Some((mut items, mut cursor)) = self.plan.chunk(self.after.as_ref(), limit)? else { return Ok(None) };
        let Some(series) = items.first().map(|item| item.series) else { return Ok(None) };
        if !self.sizers.contains_key(&series) {
            self.sizers.insert(series, self.sizer(series));
        }
        let sizer = &self.sizers[&series];
        let by_number = items.len().min(sizer.size());
        let mut fitting = by_number;
        let mut giant = None;
        if let Some(most) = sizer.bytes() {
            let planned = &self.plan.manifest().series[series];
            let keys: Vec<RecordKey> = items[..by_number].iter().map(|item| item.key.clone()).collect();
            let weights = writers.of(&planned.source)?.weigh(&planned.series, &keys, most)?;
            fitting = fits(&weights, most);
            giant = weights.first().filter(|weight| weight.bytes > sizer.giant()).copied();
        }
        if fitting < items.len()
            && let Some(fewer) = self.plan.chunk(self.after.as_ref(), fitting)?
        {
            (items, cursor) = fewer;
        }
        self.after = Some(cursor);
        let most_bytes = sizer.giant();
        Ok(Some(Chunk { items, giant, most_bytes, series, is_cut_by_bytes: fitting < by_number }))
    }

    /// Learns what a chunk took.
    pub fn learn(&mut self, chunk: &Chunk, took: &Took) {
        if let Some(sizer) = self.sizers.get_mut(&chunk.series) {
            took.teach(sizer, chunk.is_cut_by_bytes);
        }
    }

    /// For a series of which nothing has gone yet: no record has more bytes, on an average, than its share of the whole
    /// file.
    fn sizer(&self, series: usize) -> ChunkSizer {
        let planned = &self.plan.manifest().series[series];
        // What cannot be looked at now fails where it is opened.
        let database = self.install.sources.get(&planned.source).and_then(|source| source.sqlite.metadata().ok());
        let bytes = database.map_or(0, |file| file.len());
        ChunkSizer::new(self.install.limits.lock, bytes / planned.rows.max(1))
    }
}

/// How many of the records, at least the first, have no more than so many bytes together.
fn fits(weights: &[Weight], most: u64) -> usize {
    let mut bytes = 0;
    let beyond = weights.iter().position(|weight| {
        bytes += weight.bytes;
        bytes > most
    });
    beyond.unwrap_or(weights.len()).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_fit_up_to_the_bytes_that_a_transaction_may_have_and_the_first_always_does() {
        let fitting = |bytes: &[u64]| {
            let weights: Vec<Weight> = bytes.iter().map(|bytes| Weight { rows: 1, bytes: *bytes }).collect();
            fits(&weights, 100)
        };
        assert_eq!(fitting(&[40, 60, 1]), 2);
        assert_eq!(fitting(&[40, 61]), 1);
        assert_eq!(fitting(&[900, 1]), 1);
        assert_eq!(fitting(&[0, 0, 0]), 3);
    }
}
