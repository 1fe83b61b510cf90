//! What a later log says of the batches of one before it.

use crate::audit::leaf::EarlierBatch;
use crate::audit::marks::Marks;
use crate::model::Origin;

/// An entry of a log that comes after the one whose batch it speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaterEntry {
    pub log: Option<Origin>,
    pub entry: u64,
}

/// A batch of an earlier log, said not to have been committed there, was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeniedEarlier {
    pub batch: EarlierBatch,
    pub by: LaterEntry,
}

/// Files that a batch of an earlier log had left are gone since, or a person answered for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedEarlier {
    pub batch: EarlierBatch,
    pub is_released: bool,
    /// Whose files they are, by their place in the batch.
    pub records: Marks,
    pub by: LaterEntry,
}
