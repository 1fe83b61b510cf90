//! What a fence row says beside `committed`: what its transaction did, sealed with a key of ours, so that nobody who
//! can write the owner's database can tell us what we did.

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

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Done {
    results: String,
    changes: Changes,
}

/// The text that the fence row of a batch carries.
pub(super) fn write(log: &DestructionLog, batch: BatchNumber, outcomes: &[RecordOutcome], changes: &Changes) -> String {
    // Maps of texts and numbers always have a JSON text.
    let done = Done { results: encode_results(outcomes), changes: changes.clone() };
    let done = serde_json::to_string(&done).unwrap_or_default();
    serde_json::to_string(&FenceNote { seal: seal(log, batch, &done), done }).unwrap_or_default()
}

/// Reads the text of a batch's fence row back: what became of each of its `records`. `None` for a text that we did not
/// write for this batch.
pub(super) fn read(log: &DestructionLog, batch: BatchNumber, text: &str, records: usize) -> Option<Committed> {
    let note: FenceNote = serde_json::from_str(text).ok()?;
    if note.seal != seal(log, batch, &note.done) {
        return None;
    }
    let done: Done = serde_json::from_str(&note.done).ok()?;
    // A batch has at most 10,000 records.
    let outcomes = decode_results(&done.results, records as u32).ok()?;
    Some(Committed { outcomes, changes: done.changes })
}

fn seal(log: &DestructionLog, batch: BatchNumber, done: &str) -> Digest {
    log.keyed_digest(&format!("fence-v1 {batch} {done}"))
}
