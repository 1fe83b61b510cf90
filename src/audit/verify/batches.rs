//! Batches: rows of intents, one outcome for each, and what a run may state of them.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::begun::{BegunBatches, MatchedIntent, is_gone};
use super::effects::{Disposed, Effects};
use super::findings::Findings;
use super::flaw::Flaw;
use super::gone::{Gone, Repeats};
use super::holds::{HeldPlaces, Holds};
use super::runs::Runs;
use super::tally::Tally;
use crate::audit::leaf::{Action, Body, Correction, Intent, Outcome, RecordOutcome};
use crate::audit::results::decode_results;
use crate::model::{BatchNumber, PlanId, RuleNumber, RunId, SourceName};

/// Batches so far.
#[derive(Debug, Default)]
pub(super) struct Batches {
    /// The row of intents that is being read.
    row: Option<Row>,
    /// Intents without outcome, by index.
    open: BTreeMap<u64, OpenIntent>,
    /// Batches with open intents.
    unsettled: BTreeMap<BatchNumber, Unsettled>,
    runs: Runs,
    gone: Gone,
    begun: BegunBatches,
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
    plan: PlanId,
    rule: RuleNumber,
    action: Action,
    source: SourceName,
    year: i32,
    /// Place of its first record in the batch.
    offset: u64,
    records: u32,
    /// The beginning of each record's fingerprint.
    names: Vec<u64>,
    held: HeldPlaces,
}

/// A batch that waits for outcomes.
#[derive(Debug, Default)]
struct Unsettled {
    open: u32,
    /// Whether the transaction committed, once an outcome told.
    committed: Option<bool>,
    effects: Effects,
}

/// What one outcome settled.
#[derive(Debug)]
pub(super) struct Settled {
    pub rule: RuleNumber,
    pub disposed: Disposed,
    /// Records that had gone before.
    pub repeats: Repeats,
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

    /// Reads an intent of a series in this table.
    pub fn read_intent(
        &mut self,
        index: u64,
        at: i64,
        intent: &Intent,
        table: Option<&str>,
        holds: &Holds,
        findings: &mut Findings,
    ) {
        let fingerprints = fingerprints(intent);
        if fingerprints.is_none() {
            findings.at(index, Flaw::CountsDiffer);
        }
        let offset = self.begun.announced(intent.batch).map_or(0, |(_, records)| records);
        if !self.continues_row(index, intent) {
            findings.at(index, Flaw::BrokenBatch { batch: intent.batch });
        }
        self.runs.read_intent(index, at, intent, findings);
        let unsettled = self.unsettled.entry(intent.batch).or_default();
        unsettled.open += 1;
        unsettled.effects.expect(table);
        // What a forged number of records would make us allocate, the bytes at hand do not.
        let fingerprints = fingerprints.unwrap_or_default();
        let open = OpenIntent {
            batch: intent.batch,
            run: intent.run.clone(),
            plan: intent.plan.clone(),
            rule: intent.rule.clone(),
            action: intent.action,
            source: intent.source.clone(),
            year: intent.year,
            offset,
            names: fingerprints.chunks_exact(32).filter_map(beginning).collect(),
            records: (fingerprints.len() / 32) as u32,
            held: holds.keeping(intent, &fingerprints),
        };
        self.open.insert(index, open);
    }

    fn continues_row(&mut self, index: u64, intent: &Intent) -> bool {
        let Some(row) = &mut self.row else {
            self.row = Some(Row { first: intent.clone(), read: 1 });
            let begins = intent.batch.0 == index;
            if begins {
                self.begun.begin(intent);
            }
            return begins && intent.of > 0;
        };
        row.read += 1;
        self.begun.go_on(intent);
        row.read <= row.first.of && is_like(&row.first, intent)
    }

    /// The batches that began.
    pub fn begun(&mut self) -> &mut BegunBatches {
        &mut self.begun
    }

    /// Reads an outcome, and tells what it settles.
    pub fn read_outcome(
        &mut self,
        index: u64,
        outcome: &Outcome,
        holds: &Holds,
        findings: &mut Findings,
    ) -> Option<Settled> {
        let Some(open) = self.open.remove(&outcome.intent) else {
            findings.at(index, Flaw::NoIntent { intent: outcome.intent });
            return None;
        };
        if outcome.batch != open.batch {
            findings.at(index, Flaw::OtherBatch);
        }
        self.runs.settle(index, &open.run, findings);
        let Ok(results) = decode_results(&outcome.results, open.records) else {
            findings.at(index, Flaw::Results { records: open.records });
            self.settle(index, open.batch, outcome, Disposed::default(), findings);
            return None;
        };
        if !results.iter().all(|result| is_possible(*result, open.action, outcome.committed)) {
            findings.at(index, Flaw::ImpossibleResults);
        }
        let gone: Vec<bool> = results.iter().map(is_gone).collect();
        for (hold, records) in open.held.violated(&gone, |hold| holds.is_in_place(hold)) {
            findings.at(index, Flaw::Held { records, hold: hold.clone() });
        }
        let found =
            MatchedIntent { intent: outcome.intent, batch: open.batch, offset: open.offset, records: open.records };
        self.begun.settle(found, &outcome.results, &results);
        let repeats = self.read_gone(index, &open, &results, findings);
        let disposed = Disposed::of(outcome, &results);
        self.settle(index, open.batch, outcome, disposed, findings);
        self.runs.add(&open.run, &open.rule, &disposed);
        Some(Settled { rule: open.rule, disposed, repeats })
    }

    /// Finds records that go twice under their plan, and counts those that go again.
    fn read_gone(
        &mut self,
        index: u64,
        open: &OpenIntent,
        results: &[RecordOutcome],
        findings: &mut Findings,
    ) -> Repeats {
        let gone = open.names.iter().zip(results).filter(|(_, result)| is_gone(result));
        let gone = gone.map(|(name, result)| (*name, *result != RecordOutcome::Anonymized));
        let repeats = self.gone.read(&open.plan, &open.source, gone);
        if repeats.of_plan > 0 {
            findings.at(index, Flaw::Repeated { records: repeats.of_plan, plan: open.plan.clone() });
        }
        repeats
    }

    /// A batch is one transaction: its outcomes tell the same of it, and together what it did.
    fn settle(
        &mut self,
        index: u64,
        batch: BatchNumber,
        outcome: &Outcome,
        disposed: Disposed,
        findings: &mut Findings,
    ) {
        let Some(unsettled) = self.unsettled.get_mut(&batch) else { return };
        if unsettled.committed.replace(outcome.committed).is_some_and(|other| other != outcome.committed) {
            findings.at(index, Flaw::HalfCommitted { batch });
        }
        unsettled.effects.add(outcome, &disposed);
        unsettled.open -= 1;
        if unsettled.open == 0
            && let Some(whole) = self.unsettled.remove(&batch)
        {
            for flaw in whole.effects.flaws(batch) {
                findings.at(index, flaw);
            }
        }
    }

    /// The database may have been put back: what was gone from its source can go again.
    pub fn read_correction(&mut self, correction: &Correction, lets_go_again: bool) {
        if lets_go_again {
            self.gone.forget(&correction.source);
        }
        if matches!(correction.what.as_str(), "missing_fence" | "altered_fence")
            && let Some(unsettled) = correction.batch.and_then(|batch| self.unsettled.get_mut(&batch))
        {
            unsettled.effects.fence_is_lost();
        }
    }

    /// The runs that intents belong to.
    pub fn runs(&mut self) -> &mut Runs {
        &mut self.runs
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
        tally.unclosed_runs = self.runs.unclosed();
        tally.uncompared = self.gone.uncompared();
    }
}

/// The first eight bytes of a fingerprint: as good as the whole to find a record that goes twice.
fn beginning(fingerprint: &[u8]) -> Option<u64> {
    fingerprint.first_chunk().copied().map(u64::from_be_bytes)
}

fn is_possible(result: RecordOutcome, action: Action, committed: bool) -> bool {
    match result {
        RecordOutcome::Destroyed => committed && action == Action::Destroy,
        RecordOutcome::Anonymized => committed && action == Action::Anonymize,
        RecordOutcome::Incomplete => committed,
        _ => true,
    }
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
