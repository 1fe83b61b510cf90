//! What a committed transaction did, as it is noted where a crash cannot take it: in its fence row, sealed with a key
//! of ours, so that nobody who can write the owner's database can tell us what we did; and in the trail of its files.

use serde::{Deserialize, Serialize};

use super::finish::Committed;
use super::statement::Changes;
use crate::audit::leaf::RecordOutcome;
use crate::audit::{DestructionLog, decode_results, encode_results};
use crate::model::{BatchNumber, Digest};

/// A fence row's text. It holds no personal information.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FenceNote {
    /// The JSON of what was done, as it was sealed.
    done: String,
    seal: Digest,
}

/// What became of the records of a batch, and what it changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Done {
    results: String,
    changes: Changes,
}

impl Done {
    pub fn of(outcomes: &[RecordOutcome], changes: &Changes) -> Self {
        Self { results: encode_results(outcomes), changes: changes.clone() }
    }

    /// `None` where it is not of so many records.
    pub fn read(self, records: usize) -> Option<Committed> {
        let outcomes = self.outcomes().filter(|outcomes| outcomes.len() == records)?;
        Some(Committed { outcomes, changes: self.changes })
    }

    /// What became of each record; `None` for a text that tells of no records.
    pub fn outcomes(&self) -> Option<Vec<RecordOutcome>> {
        let counts = self.results.split(|char: char| !char.is_ascii_digit()).filter(|count| !count.is_empty());
        let records =
            counts.map(|count| count.parse::<u32>().ok()).try_fold(0, |sum: u32, count| sum.checked_add(count?));
        // What is sealed, or ours alone, is of a batch: at most 10,000 records.
        decode_results(&self.results, records?).ok()
    }
}

/// The text that the fence row of a batch carries.
pub(super) fn write(log: &DestructionLog, batch: BatchNumber, outcomes: &[RecordOutcome], changes: &Changes) -> String {
    // Maps of texts and numbers always have a JSON text.
    let done = serde_json::to_string(&Done::of(outcomes, changes)).unwrap_or_default();
    serde_json::to_string(&FenceNote { seal: seal(log, batch, &done), done }).unwrap_or_default()
}

/// Reads the text of a batch's fence row back: what became of each of its `records`. `None` for a text that we did not
/// write for this batch.
pub(super) fn read(log: &DestructionLog, batch: BatchNumber, text: &str, records: usize) -> Option<Committed> {
    unsealed(log, batch, text)?.read(records)
}

/// The same where nobody tells how many records the batch had.
pub(super) fn unsealed(log: &DestructionLog, batch: BatchNumber, text: &str) -> Option<Done> {
    let note: FenceNote = serde_json::from_str(text).ok()?;
    let is_ours = note.seal == seal(log, batch, &note.done);
    serde_json::from_str(&note.done).ok().filter(|_| is_ours)
}

fn seal(log: &DestructionLog, batch: BatchNumber, done: &str) -> Digest {
    log.keyed_digest(&format!("fence-v1 {batch} {done}"))
}
