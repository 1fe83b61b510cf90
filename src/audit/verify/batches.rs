//! Batches: rows of intents, one outcome for each, and what a run may state of them.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::flaw::{Findings, Flaw};
use super::people::{HeldPlaces, People};
use super::runs::Runs;
use super::tally::Tally;
use crate::audit::leaf::{Action, Body, Intent, Outcome, RecordOutcome, Run};
use crate::audit::results::decode_results;
use crate::model::{BatchNumber, RuleNumber, RunId, SourceName};

/// Batches so far.
#[derive(Debug, Default)]
pub(super) struct Batches {
    /// The row of intents that is being read.
    row: Option<Row>,
    /// Intents without outcome, by index.
    open: BTreeMap<u64, OpenIntent>,
    /// Batches with open intents: how many, and whether the transaction committed, once an outcome told.
    unsettled: BTreeMap<BatchNumber, Unsettled>,
    runs: Runs,
    /// Index of the last first intent.
    last: Option<BatchNumber>,
}

#[derive(Debug)]
struct Row {
    first: Intent,
    read: u32,
}

#[derive(Debug)]
struct OpenIntent {
    batch: BatchNumber,
    run: RunId,
    rule: RuleNumber,
    action: Action,
    source: SourceName,
    year: i32,
    records: u32,
    /// The beginning of each record's fingerprint.
    names: Vec<u64>,
    held: HeldPlaces,
}

#[derive(Debug, Default)]
struct Unsettled {
    open: u32,
    committed: Option<bool>,
}

/// What outcomes say was disposed of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Disposed {
    pub destroyed: u64,
    pub anonymized: u64,
    pub incomplete: u64,
    pub rows: u64,
    pub detached: u64,
    pub triggered: u64,
    pub files: u64,
    pub bytes: u64,
}

/// What one outcome settled.
#[derive(Debug)]
pub(super) struct Settled {
    pub rule: RuleNumber,
    pub disposed: Disposed,
    /// Records that were to go and did not, or not wholly.
    pub others: u64,
}

impl Batches {
    /// Any other entry, and an intent of another batch, ends a row of intents: it must be whole by then.
    pub fn end_row_unless_intent(&mut self, body: &Body, index: u64, findings: &mut Findings) {
        let goes_on = matches!((body, &self.row), (Body::Intent(intent), Some(row)) if intent.batch == row.first.batch);
        if !goes_on
            && let Some(row) = self.row.take()
            && row.read != row.first.of
        {
            findings.at(index, Flaw::BrokenBatch { batch: row.first.batch });
        }
    }

    /// Reads an intent.
    pub fn read_intent(&mut self, index: u64, intent: &Intent, people: &People, findings: &mut Findings) {
        let fingerprints = fingerprints(intent);
        if fingerprints.is_none() {
            findings.at(index, Flaw::CountsDiffer);
        }
        if !self.continues_row(index, intent) {
            findings.at(index, Flaw::BrokenBatch { batch: intent.batch });
        }
        self.runs.read_intent(index, intent, findings);
        self.unsettled.entry(intent.batch).or_default().open += 1;
        // What a forged number of records would make us allocate, the bytes at hand do not.
        let fingerprints = fingerprints.unwrap_or_default();
        let open = OpenIntent {
            batch: intent.batch,
            run: intent.run.clone(),
            rule: intent.rule.clone(),
            action: intent.action,
            source: intent.source.clone(),
            year: intent.year,
            names: fingerprints.chunks_exact(32).filter_map(beginning).collect(),
            records: (fingerprints.len() / 32) as u32,
            held: people.held(intent, &fingerprints),
        };
        self.open.insert(index, open);
    }

    fn continues_row(&mut self, index: u64, intent: &Intent) -> bool {
        let Some(row) = &mut self.row else {
            self.last = Some(intent.batch);
            self.row = Some(Row { first: intent.clone(), read: 1 });
            return intent.batch.0 == index && intent.of > 0;
        };
        row.read += 1;
        row.read <= row.first.of && is_like(&row.first, intent)
    }

    /// Whether a batch of this number can have begun.
    pub fn began(&self, batch: BatchNumber) -> bool {
        self.last.is_some_and(|last| batch <= last)
    }

    /// Reads an outcome, and tells what it settles.
    pub fn read_outcome(
        &mut self,
        index: u64,
        outcome: &Outcome,
        people: &People,
        findings: &mut Findings,
    ) -> Option<Settled> {
        let Some(open) = self.open.remove(&outcome.intent) else {
            findings.at(index, Flaw::NoIntent { intent: outcome.intent });
            return None;
        };
        if outcome.batch != open.batch {
            findings.at(index, Flaw::OtherBatch);
        }
        self.settle(index, open.batch, outcome.committed, findings);
        self.runs.settle(index, &open.run, findings);
        let Ok(results) = decode_results(&outcome.results, open.records) else {
            findings.at(index, Flaw::Results { records: open.records });
            return None;
        };
        let is_possible = |result: &RecordOutcome| match result {
            RecordOutcome::Destroyed => outcome.committed && open.action == Action::Destroy,
            RecordOutcome::Anonymized => outcome.committed && open.action == Action::Anonymize,
            RecordOutcome::Incomplete => outcome.committed,
            _ => true,
        };
        if !results.iter().all(is_possible) {
            findings.at(index, Flaw::ImpossibleResults);
        }
        let gone: Vec<bool> = results.iter().map(is_gone).collect();
        for (hold, records) in open.held.violated(&gone, |hold| people.is_held(hold)) {
            findings.at(index, Flaw::Held { records, hold: hold.clone() });
        }
        let names = open.names.iter().zip(&gone).filter(|(_, gone)| **gone).map(|(name, _)| *name);
        let records = self.runs.repeated(&open.run, names);
        if records > 0 {
            findings.at(index, Flaw::Repeated { records, run: open.run.clone() });
        }
        Some(self.count(open, outcome, &results))
    }

    fn count(&mut self, open: OpenIntent, outcome: &Outcome, results: &[RecordOutcome]) -> Settled {
        let count = |wanted| results.iter().filter(|result| **result == wanted).count() as u64;
        let disposed = Disposed {
            destroyed: count(RecordOutcome::Destroyed),
            anonymized: count(RecordOutcome::Anonymized),
            incomplete: count(RecordOutcome::Incomplete),
            rows: total(outcome.rows.values()),
            detached: outcome.detached,
            triggered: outcome.triggered,
            files: total(outcome.files.values()),
            bytes: outcome.bytes,
        };
        self.runs.add(&open.run, &disposed);
        let others = results.len() as u64 - disposed.destroyed - disposed.anonymized;
        Settled { rule: open.rule, disposed, others }
    }

    /// A batch is one transaction: its outcomes tell the same of it.
    fn settle(&mut self, index: u64, batch: BatchNumber, committed: bool, findings: &mut Findings) {
        let Some(unsettled) = self.unsettled.get_mut(&batch) else { return };
        if unsettled.committed.replace(committed).is_some_and(|other| other != committed) {
            findings.at(index, Flaw::HalfCommitted { batch });
        }
        unsettled.open -= 1;
        if unsettled.open == 0 {
            self.unsettled.remove(&batch);
        }
    }

    /// What the outcomes of a run say that it disposed of; asked at its end.
    pub fn close_run(&mut self, index: u64, at: i64, run: &Run, findings: &mut Findings) -> Disposed {
        self.runs.close(index, at, run, findings)
    }

    /// The database may have been put back: what was gone can go again.
    pub fn forget_gone(&mut self) {
        self.runs.forget_gone();
    }

    /// How many intents under this fingerprint key wait for their outcome.
    pub fn pending_under(&self, source: &SourceName, year: i32) -> u64 {
        self.open.values().filter(|open| open.source == *source && open.year == year).count() as u64
    }

    /// Entries end here, signed or in the journal: a row is made durable and published whole or not at all.
    pub fn end_row(&mut self, size: u64, findings: &mut Findings) {
        if let Some(row) = self.row.take_if(|row| row.read != row.first.of) {
            findings.at(size.saturating_sub(1), Flaw::BrokenBatch { batch: row.first.batch });
        }
    }

    /// What is left open at the end.
    pub fn finish(mut self, size: u64, tally: &mut Tally, findings: &mut Findings) {
        self.end_row(size, findings);
        tally.pending_intents = self.open.len() as u64;
        tally.pending_records = self.open.values().map(|open| u64::from(open.records)).sum();
    }
}

impl Disposed {
    /// Adds up.
    pub(super) fn add(&mut self, more: &Self) {
        let Self { destroyed, anonymized, incomplete, rows, detached, triggered, files, bytes } = self;
        for (sum, more) in [
            (destroyed, more.destroyed),
            (anonymized, more.anonymized),
            (incomplete, more.incomplete),
            (rows, more.rows),
            (detached, more.detached),
            (triggered, more.triggered),
            (files, more.files),
            (bytes, more.bytes),
        ] {
            *sum = sum.saturating_add(more);
        }
    }
}

fn total<'a>(counts: impl Iterator<Item = &'a u64>) -> u64 {
    counts.fold(0, |sum, count| sum.saturating_add(*count))
}

/// The first eight bytes of a fingerprint: as good as the whole to find a record that goes twice.
fn beginning(fingerprint: &[u8]) -> Option<u64> {
    fingerprint.first_chunk().copied().map(u64::from_be_bytes)
}

fn is_gone(result: &RecordOutcome) -> bool {
    matches!(result, RecordOutcome::Destroyed | RecordOutcome::Anonymized | RecordOutcome::Incomplete)
}

/// Whether two intents can stand in one batch.
fn is_like(one: &Intent, other: &Intent) -> bool {
    (one.of, &one.run, &one.plan, &one.source, &one.series, &one.rule)
        == (other.of, &other.run, &other.plan, &other.source, &other.series, &other.rule)
        && (&one.calendar, one.version, one.action, one.year, one.rfp.is_some())
            == (&other.calendar, other.version, other.action, other.year, other.rfp.is_some())
}

/// The fingerprints of an intent's records, 32 bytes each; `None` where the intent's counts differ.
fn fingerprints(intent: &Intent) -> Option<Vec<u8>> {
    let length = 32 * intent.n as usize;
    let decode = |text: &String| URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() == length);
    let references_fit = intent.rfp.as_ref().is_none_or(|references| decode(references).is_some());
    let fits = intent.n > 0 && intent.day.len() == intent.n as usize && references_fit;
    decode(&intent.fp).filter(|_| fits)
}
