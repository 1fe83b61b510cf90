//! Intents: what a batch is about to do, and the proof that this is durable.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::codec::encode;
use super::error::LogError;
use super::journal::frame_length;
use super::leaf::{Action, Body, Intent, Leaf};
use super::writer::{DestructionLog, OUTCOME_RESERVE};
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
    /// No record; a full disk; a clock behind the log; a poisoned log. Nothing is appended then.
    pub fn append_intents(&mut self, draft: IntentDraft, now: Instant) -> Result<PendingIntents, LogError> {
        let at = self.stamp(now)?;
        self.relieve()?;
        let batch = BatchNumber(self.size());
        let mut leaves = Vec::new();
        for intent in draft.into_intents(batch)? {
            let leaf = Leaf { at, body: Body::Intent(intent.clone()) };
            leaves.push((encode(&leaf)?, leaf, intent));
        }
        let room: u64 = leaves.iter().map(|(bytes, ..)| frame_length(bytes.len()) as u64 + OUTCOME_RESERVE).sum();
        self.reserve(room, false)?;
        let taken = leaves.into_iter().map(|(bytes, leaf, intent)| (self.take(&leaf, &bytes), intent)).collect();
        Ok(PendingIntents { batch, leaves: taken, opening: self.opening })
    }

    /// Waits until the intents are on stable storage, with all that was appended before.
    ///
    /// # Errors
    /// A failed write or sync, which poisons the log: then nothing may be committed.
    pub fn make_durable(&mut self, pending: PendingIntents) -> Result<DurableIntents, LogError> {
        // After a `reread` nobody knows whether they are in the log; recovery resolves those that are.
        if pending.opening != self.opening {
            return Err(LogError::ForeignIntents);
        }
        self.sync()?;
        Ok(DurableIntents { batch: pending.batch, leaves: pending.leaves })
    }
}

impl IntentDraft {
    fn into_intents(self, batch: BatchNumber) -> Result<Vec<Intent>, LogError> {
        if self.records.is_empty() {
            return Err(LogError::EmptyBatch);
        }
        let most = if self.with_references { RECORDS_A_LEAF_WITH_REFERENCES } else { RECORDS_A_LEAF };
        let of = self.records.len().div_ceil(most) as u32;
        Ok(self.records.chunks(most).map(|records| self.intent(batch, of, records)).collect())
    }

    fn intent(&self, batch: BatchNumber, of: u32, records: &[IntentRecord]) -> Intent {
        let none = Fingerprint::from_bytes([0; 32]);
        let references = || joined(records.iter().map(|record| record.reference.unwrap_or(none)));
        Intent {
            batch,
            of,
            run: self.run.clone(),
            plan: self.plan.clone(),
            source: self.source.clone(),
            series: self.series.clone(),
            rule: self.rule.clone(),
            calendar: self.calendar.clone(),
            version: self.version,
            action: self.action,
            year: self.year,
            n: records.len() as u32,
            fp: joined(records.iter().map(|record| record.fingerprint)),
            rfp: self.with_references.then(references),
            day: records.iter().map(|record| record.day.to_epoch_days()).collect(),
        }
    }
}

/// Fingerprints one after the other, in base64url without padding.
fn joined(fingerprints: impl Iterator<Item = Fingerprint>) -> String {
    let bytes: Vec<u8> = fingerprints.flat_map(|fingerprint| *fingerprint.as_bytes()).collect();
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Intent {
    /// The fingerprints, in order; `None` where the text is not `n` of them.
    pub fn fingerprints(&self) -> Option<Vec<Fingerprint>> {
        split(&self.fp, self.n)
    }

    /// The fingerprints of the references, in order, where the series has one.
    pub fn references(&self) -> Option<Vec<Fingerprint>> {
        split(self.rfp.as_ref()?, self.n)
    }
}

fn split(text: &str, n: u32) -> Option<Vec<Fingerprint>> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (fingerprints, rest) = bytes.as_chunks::<32>();
    (rest.is_empty() && fingerprints.len() == n as usize)
        .then(|| fingerprints.iter().map(|bytes| Fingerprint::from_bytes(*bytes)).collect())
}
