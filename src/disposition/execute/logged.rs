//! What the log says of one batch: its records, and what became of each.

use std::ops::ControlFlow;

use crate::audit::leaf::{Body, Intent, RecordOutcome};
use crate::audit::{Entries, LogError, decode_results};
use crate::model::{BatchNumber, Fingerprint};

/// A batch as it stands in the log.
pub(super) struct LoggedBatch {
    /// Its first intent.
    pub intent: Intent,
    /// Its records in order, with their outcomes; none where the batch has no outcome, or was not committed.
    pub records: Vec<(Fingerprint, RecordOutcome)>,
    /// The civil day of each record's trigger, as days since 1970.
    pub days: Vec<i32>,
    /// Whether every record of it has its outcome here: not where the log breaks off, or cannot be read.
    pub is_resolved: bool,
}

impl LoggedBatch {
    /// The records that the log says are gone, or gone as they were, each with the day of its trigger.
    pub fn gone(&self) -> impl Iterator<Item = (Fingerprint, i32)> + '_ {
        let gone = self.records.iter().zip(&self.days).filter(|((_, outcome), _)| is_gone(*outcome));
        gone.map(|((name, _), day)| (*name, *day))
    }
}

/// Whether the rows of a record with this outcome are gone, or gone as they were.
pub(super) fn is_gone(outcome: RecordOutcome) -> bool {
    matches!(outcome, RecordOutcome::Destroyed | RecordOutcome::Anonymized | RecordOutcome::Incomplete)
}

/// Reads a batch from the log. A batch's number is the index of its first intent, so this reads a few leaves only.
pub(super) fn logged_batch(log: &impl Entries, batch: BatchNumber) -> Result<Option<LoggedBatch>, LogError> {
    let mut intents: Vec<(u64, Intent)> = Vec::new();
    let (mut records, mut days) = (Vec::new(), Vec::new());
    let mut outcomes = 0;
    log.scan(batch.0, &mut |index, leaf| {
        match leaf.body {
            Body::Intent(intent) if intent.batch == batch => intents.push((index, intent)),
            Body::Outcome(outcome) if outcome.batch == batch => {
                outcomes += 1;
                let intent = intents.iter().find(|(index, _)| *index == outcome.intent);
                if let Some((_, intent)) = intent.filter(|_| outcome.committed) {
                    let results = decode_results(&outcome.results, intent.n).unwrap_or_default();
                    days.extend(&intent.day);
                    records.extend(intent.fingerprints().unwrap_or_default().into_iter().zip(results));
                }
            }
            _ => {}
        }
        let is_whole = intents.first().is_some_and(|(_, first)| outcomes == first.of);
        if is_whole { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    let parts = intents.len();
    let first = intents.into_iter().next().map(|(_, intent)| intent);
    Ok(first.map(|intent| LoggedBatch {
        is_resolved: (parts, outcomes) == (intent.of as usize, intent.of),
        intent,
        records,
        days,
    }))
}
