//! Intents: what a batch is about to do, and the proof that this is durable.

use super::error::LogError;
use super::leaf::{Action, Intent};
use super::writer::DestructionLog;
use crate::model::{
    BatchNumber, CalendarNumber, CivilDate, DurableEvidence, Fingerprint, Instant, PlanId, RuleNumber, RunId,
    SeriesName, SourceName,
};

/// Most records of one intent leaf: 1,000 fingerprints and days are about 50,000 bytes.
const RECORDS_A_LEAF: usize = 1_000;

/// The same where each record also has the fingerprint of its reference.
const RECORDS_A_LEAF_WITH_REFERENCES: usize = 500;

/// What a batch is about to do, before it is split into leaves.
#[derive(Clone, Debug)]
pub struct IntentDraft {
    pub run: RunId,
    pub plan: PlanId,
    pub source: SourceName,
    pub series: SeriesName,
    pub rule: RuleNumber,
    pub calendar: CalendarNumber,
    pub version: u32,
    pub action: Action,
    /// The fingerprinter's year.
    pub year: i32,
    /// Whether the series has a reference that people cite.
    pub with_references: bool,
    pub records: Vec<IntentRecord>,
}

/// One record of a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntentRecord {
    pub fingerprint: Fingerprint,
    /// `None` where the record has no reference; ignored where the series has none.
    pub reference: Option<Fingerprint>,
    /// Civil day of the trigger in the calendar's zone.
    pub day: CivilDate,
}

/// Intents that are in the log, but perhaps not yet on stable storage: nothing may be committed on them.
#[derive(Debug)]
#[must_use = "nothing may be destroyed before these are durable"]
pub struct PendingIntents {
    batch: BatchNumber,
    leaves: Vec<(u64, Intent)>,
    /// Which opening of the log appended them.
    opening: u64,
}

/// Proof that a batch's intents are on stable storage. Only [`DestructionLog::make_durable`] makes one.
#[derive(Debug)]
pub struct DurableIntents {
    batch: BatchNumber,
    leaves: Vec<(u64, Intent)>,
}

impl DurableIntents {
    /// Index and content of each leaf, in the order of the draft's records.
    pub fn leaves(&self) -> &[(u64, Intent)] {
        &self.leaves
    }
}

impl DurableEvidence for DurableIntents {
    fn batch(&self) -> BatchNumber {
        self.batch
    }
}

impl DestructionLog {
    /// Appends the intents of one batch, split into leaves, and reserves disk for them and for their outcomes.
    ///
    /// # Errors
    /// No record; a full disk; a clock behind the log. Nothing is appended then.
    pub fn append_intents(&mut self, draft: IntentDraft, now: Instant) -> Result<PendingIntents, LogError> {
        let _ = (draft, now, RECORDS_A_LEAF, RECORDS_A_LEAF_WITH_REFERENCES);
        todo!()
    }

    /// Waits until the intents are on stable storage, with all that was appended before.
    ///
    /// # Errors
    /// A failed write or sync, which poisons the log: then nothing may be committed.
    pub fn make_durable(&mut self, pending: PendingIntents) -> Result<DurableIntents, LogError> {
        let _ = pending.opening;
        todo!()
    }
}
