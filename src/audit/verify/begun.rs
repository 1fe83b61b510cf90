//! Batches that began: what they announced, how much of it went, and how much the log says is back.

use std::collections::BTreeMap;

use super::spans::Spans;
use crate::audit::leaf::{Action, Intent, RecordOutcome};
use crate::audit::marks::Marks;
use crate::audit::results::decode_results;
use crate::model::{BatchNumber, RuleNumber, SourceName};

/// Most bytes of results that are kept, of intents of which not every record went. What a correction says of more is
/// not compared.
const RESULTS_KEPT: usize = 16 << 20;

/// Batches that began at their own index, in order: twenty-four bytes each, so that no correction can name another, or
/// tell of more.
#[derive(Debug, Default)]
pub(super) struct BegunBatches {
    batches: Vec<Begun>,
    kinds: Vec<Kind>,
    stayed: BTreeMap<u64, Stayed>,
    /// Records of a batch that are incomplete, by their place in it: of few batches any is.
    left: BTreeMap<BatchNumber, Spans>,
    /// Bytes of their results.
    kept: usize,
}

#[derive(Debug)]
struct Begun {
    batch: BatchNumber,
    /// How many records it announces.
    records: u32,
    /// How many of them its outcomes say are gone.
    gone: u32,
    /// How many of those the last correction says are back.
    back: u32,
    /// Place among the kinds.
    kind: u32,
}

/// What batches have in common: a log has few kinds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub source: SourceName,
    pub rule: RuleNumber,
    pub action: Action,
}

/// The results of an intent of which not every record went.
#[derive(Debug)]
struct Stayed {
    batch: BatchNumber,
    /// Place of its first record in the batch.
    offset: u64,
    records: u32,
    results: Box<str>,
}

/// An intent, as its outcome finds it again.
#[derive(Clone, Copy, Debug)]
pub(super) struct MatchedIntent {
    pub intent: u64,
    pub batch: BatchNumber,
    pub offset: u64,
    pub records: u32,
}

impl BegunBatches {
    /// A batch begins with this intent.
    pub fn begin(&mut self, intent: &Intent) {
        let kind = Kind { source: intent.source.clone(), rule: intent.rule.clone(), action: intent.action };
        let place = self.kinds.iter().rposition(|known| *known == kind).unwrap_or_else(|| {
            self.kinds.push(kind);
            self.kinds.len() - 1
        });
        // A log has fewer kinds than entries, of a few hundred bytes each.
        let kind = u32::try_from(place).unwrap_or(u32::MAX);
        self.batches.push(Begun { batch: intent.batch, records: intent.n, gone: 0, back: 0, kind });
    }

    /// The batch that began last goes on with this intent.
    pub fn go_on(&mut self, intent: &Intent) {
        if let Some(begun) = self.batches.last_mut().filter(|begun| begun.batch == intent.batch) {
            begun.records = begun.records.saturating_add(intent.n);
        }
    }

    /// What a batch is of, and how many records it announces so far; `None` where none began: at that entry stands its
    /// first intent.
    pub fn announced(&self, batch: BatchNumber) -> Option<(&Kind, u64)> {
        let begun = &self.batches[self.find(batch)?];
        Some((self.kinds.get(begun.kind as usize)?, u64::from(begun.records)))
    }

    /// How many records the outcomes of a batch so far say are gone.
    pub fn gone(&self, batch: BatchNumber) -> u64 {
        self.find(batch).map_or(0, |place| u64::from(self.batches[place].gone))
    }

    /// Takes up of which records of a batch no file is tried any more; whether its outcomes so far say of all of them
    /// that files were left, and no entry since has ended that.
    pub fn end(&mut self, batch: BatchNumber, ended: &Marks) -> bool {
        let Some(left) = self.left.get_mut(&batch) else { return false };
        ended.spans().fold(true, |were_left, (begin, end)| left.remove(begin, end) && were_left)
    }

    /// Takes up what became of an intent's records.
    pub fn settle(&mut self, place: MatchedIntent, text: &str, results: &[RecordOutcome]) {
        let gone = results.iter().filter(|result| is_gone(result)).count();
        if let Some(begun) = self.find(place.batch) {
            let begun = &mut self.batches[begun];
            begun.gone = begun.gone.saturating_add(gone as u32);
        }
        let incomplete = |(_, result): &(u64, &RecordOutcome)| **result == RecordOutcome::Incomplete;
        for (record, _) in (place.offset..).zip(results).filter(incomplete) {
            self.left.entry(place.batch).or_default().insert(record, record + 1);
        }
        if gone < results.len() && self.kept + text.len() <= RESULTS_KEPT {
            self.kept += text.len();
            let MatchedIntent { intent, batch, offset, records } = place;
            self.stayed.insert(intent, Stayed { batch, offset, records, results: text.into() });
        }
    }

    /// How many records a correction says are back that the batch's outcomes say never went.
    pub fn never_gone(&self, batch: BatchNumber, back: &Marks) -> u64 {
        let of_batch = self.stayed.range(batch.0..).map(|(_, stayed)| stayed);
        let mut is_back = back.in_order();
        let mut stayed = 0;
        for intent in of_batch.take_while(|stayed| stayed.batch == batch) {
            let results = decode_results(&intent.results, intent.records).unwrap_or_default();
            for (place, _) in results.iter().enumerate().filter(|(_, result)| !is_gone(result)) {
                stayed += u64::from(is_back(intent.offset + place as u64));
            }
        }
        stayed
    }

    /// Takes up that so many records of a batch are back now; returns what the batch is of, and how many were back
    /// before.
    pub fn come_back(&mut self, batch: BatchNumber, records: u64) -> Option<(&Kind, u64)> {
        let place = self.find(batch)?;
        let begun = &mut self.batches[place];
        let before = std::mem::replace(&mut begun.back, u32::try_from(records).unwrap_or(u32::MAX));
        Some((self.kinds.get(begun.kind as usize)?, u64::from(before)))
    }

    fn find(&self, batch: BatchNumber) -> Option<usize> {
        self.batches.binary_search_by_key(&batch, |begun| begun.batch).ok()
    }
}

/// Whether a record went from its table, or from it as it was.
pub(super) fn is_gone(result: &RecordOutcome) -> bool {
    matches!(result, RecordOutcome::Destroyed | RecordOutcome::Anonymized | RecordOutcome::Incomplete)
}
