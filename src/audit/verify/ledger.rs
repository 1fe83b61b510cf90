//! The sense of the entries, read once from the first to the last: what each says must follow from those before it.
//!
//! Memory grows with plans, runs, keys, holds and open intents; of the records of one run it has a bound. Never with entries.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike};

use super::batches::Batches;
use super::flaw::{Findings, Flaw};
use super::law::Law;
use super::people::People;
use super::tally::Tally;
use super::words;
use crate::audit::leaf::{
    Body, CalendarLeaf, Correction, Fpkey, FpkeyDestroyed, Genesis, HoldAction, HoldLeaf, Leaf, Run, RunCounts,
    VerdictCounts,
};
use crate::audit::note::{KeyKind, VerifierKey};
use crate::model::{Origin, SourceName};

/// Longest time, in seconds, by which the operator's clock may be ahead of the auditor's.
const CLOCK_TOLERANCE: i64 = 300;

/// How long, in days, the key of a year serves in the next: a plan stands two weeks for its approval and two for its run, which takes time.
const YEAR_OVERLAP: i64 = 60;

/// Reads entries in order and finds what does not follow.
#[derive(Debug)]
pub(super) struct Ledger {
    origin: Origin,
    /// The auditor's time, until the first entry beyond it.
    now: Option<i64>,
    at: i64,
    /// Signing keys, each with the entry that declares it.
    signing: Vec<(u64, VerifierKey)>,
    keys: FingerprintKeys,
    law: Law,
    people: People,
    batches: Batches,
    tally: Tally,
    /// Records that signed entries say are gone, once all of them were read.
    signed: Option<u64>,
}

impl Ledger {
    /// A ledger of the log of this name; no entry may be dated after `now`.
    pub fn new(origin: Origin, now: Option<i64>) -> Self {
        Self {
            origin,
            now,
            at: i64::MIN,
            signing: Vec::new(),
            keys: FingerprintKeys::default(),
            law: Law::default(),
            people: People::default(),
            batches: Batches::default(),
            tally: Tally::default(),
            signed: None,
        }
    }

    /// Reads the next entry.
    pub fn read(&mut self, index: u64, leaf: &Leaf, findings: &mut Findings) {
        if leaf.at < self.at {
            findings.at(index, Flaw::TimeRunsBack { at: leaf.at, before: self.at });
        }
        self.at = self.at.max(leaf.at);
        // Dates never fall, so the first speaks for those that follow.
        if let Some(now) = self.now.take_if(|now| leaf.at > now.saturating_add(CLOCK_TOLERANCE)) {
            findings.at(index, Flaw::AfterNow { at: leaf.at, now });
        }
        if (index == 0) != matches!(leaf.body, Body::Genesis(_)) {
            findings.at(index, if index == 0 { Flaw::Genesis } else { Flaw::SecondGenesis });
        }
        self.tally.count(leaf);
        self.batches.end_row_unless_intent(&leaf.body, index, findings);
        self.read_body(index, leaf, findings);
    }

    fn read_body(&mut self, index: u64, leaf: &Leaf, findings: &mut Findings) {
        match &leaf.body {
            Body::Genesis(genesis) => self.read_genesis(index, genesis, findings),
            Body::Sigkey(sigkey) => self.read_signing_key(index, &sigkey.vkey, findings),
            Body::Calendar(calendar) => self.law.read_calendar(index, calendar, findings),
            Body::Mapping(mapping) => self.law.read_mapping(mapping),
            Body::Approval(approval) => self.people.read_approval(approval),
            Body::Rejection(rejection) => self.people.read_rejection(rejection),
            Body::Hold(hold) => self.read_hold(index, leaf.at, hold, findings),
            Body::Intent(intent) => {
                self.use_key(index, leaf.at, &intent.source, intent.year, findings);
                let mapping = self.people.judge(index, intent, findings);
                self.law.judge(index, leaf.at, intent, mapping, findings);
                self.batches.read_intent(index, intent, &self.people, findings);
            }
            Body::Outcome(outcome) => {
                if let Some(done) = self.batches.read_outcome(index, outcome, &self.people, findings) {
                    self.tally.dispose(&done);
                }
            }
            Body::Run(run) => self.read_run(index, leaf.at, run, findings),
            Body::Correction(correction) => self.read_correction(index, correction, findings),
            Body::Fpkey(fpkey) => self.keys.declare(index, fpkey, findings),
            Body::FpkeyDestroyed(gone) => self.read_key_destroyed(index, gone, findings),
            Body::Sanitized(sanitized) if !words::LEVELS.contains(&sanitized.level.as_str()) => {
                findings.at(index, Flaw::UnknownWord { field: "level" });
            }
            Body::Sanitized(_) | Body::Refused(_) | Body::Heartbeat(_) => (),
        }
    }

    fn read_genesis(&mut self, index: u64, genesis: &Genesis, findings: &mut Findings) {
        if genesis.origin != self.origin {
            findings.at(index, Flaw::Genesis);
        }
        self.read_signing_key(index, &genesis.vkey, findings);
    }

    fn read_signing_key(&mut self, index: u64, vkey: &str, findings: &mut Findings) {
        match vkey.parse::<VerifierKey>() {
            Ok(key) if key.kind() != KeyKind::Log => {
                findings.at(index, Flaw::BadSigningKey("it is a witness's".to_owned()));
            }
            Ok(key) if key.name() != self.origin.as_str() => {
                findings.at(index, Flaw::BadSigningKey(format!("it bears the name {}", key.name())));
            }
            Ok(key) => self.signing.push((index, key)),
            Err(error) => findings.at(index, Flaw::BadSigningKey(error.to_string())),
        }
    }

    fn read_hold(&mut self, index: u64, at: i64, hold: &HoldLeaf, findings: &mut Findings) {
        // A hold may outlive the key that named its record.
        if let (HoldAction::Placed, Some(source), Some(year)) = (hold.action, &hold.source, hold.year) {
            self.use_key(index, at, source, year, findings);
        }
        self.people.read_hold(index, hold, findings);
    }

    /// A key is declared before, is not destroyed yet, and is the one of the entry's year.
    fn use_key(&mut self, index: u64, at: i64, source: &SourceName, year: i32, findings: &mut Findings) {
        self.keys.used(index, source, year, findings);
        if !is_year_of(at, year) {
            findings.at(index, Flaw::OtherYear { year });
        }
    }

    fn read_key_destroyed(&mut self, index: u64, gone: &FpkeyDestroyed, findings: &mut Findings) {
        self.keys.used(index, &gone.source, gone.year, findings);
        self.keys.destroyed.insert((gone.source.clone(), gone.year));
        let pending = self.batches.pending_under(&gone.source, gone.year);
        if pending > 0 {
            findings.at(index, Flaw::KeyInUse { pending });
        }
    }

    fn read_correction(&mut self, index: u64, correction: &Correction, findings: &mut Findings) {
        if let Some(batch) = correction.batch
            && !self.batches.began(batch)
        {
            findings.at(index, Flaw::NoBatch { batch });
        }
        if !words::CORRECTIONS.contains(&correction.what.as_str()) {
            findings.at(index, Flaw::UnknownWord { field: "what" });
        }
        if words::LETS_GO_AGAIN.contains(&correction.what.as_str()) {
            self.batches.forget_gone();
        }
    }

    /// The two sums, and what the outcomes in the log allow the run to state.
    fn read_run(&mut self, index: u64, at: i64, run: &Run, findings: &mut Findings) {
        let accounted = accounted(&run.counts);
        if accounted != Some(run.counts.planned) {
            let (planned, accounted) = (run.counts.planned, accounted.unwrap_or(u64::MAX));
            findings.at(index, Flaw::RunSum { run: run.run.clone(), planned, accounted });
        }
        for (rule, verdicts) in &run.verdicts {
            let counted = counted(verdicts);
            if counted != Some(verdicts.rows) {
                let (rows, counted) = (verdicts.rows, counted.unwrap_or(u64::MAX));
                findings.at(index, Flaw::VerdictSum { rule: rule.clone(), rows, counted });
            }
        }
        let logged = self.batches.close_run(index, at, run, findings);
        for (what, stated, logged) in [
            ("records destroyed", run.counts.destroyed, logged.destroyed),
            ("records anonymized", run.counts.anonymized, logged.anonymized),
            ("records incomplete", run.counts.incomplete, logged.incomplete),
            ("rows", run.rows, logged.rows),
            ("rows detached", run.detached, logged.detached),
            ("rows that triggers changed", run.triggered, logged.triggered),
            ("files", run.files, logged.files),
            ("bytes", run.bytes, logged.bytes),
        ] {
            if stated != logged {
                findings.at(index, Flaw::RunDiffers { run: run.run.clone(), what, stated, logged });
            }
        }
    }

    /// The key that signs a checkpoint of this size: the last one declared among its entries.
    pub fn signing_key(&self, size: u64) -> Option<&VerifierKey> {
        self.signing.iter().rfind(|(declared, _)| *declared < size).map(|(_, key)| key)
    }

    /// Calendars declared, no two alike, each with its entry.
    pub fn calendars(&self) -> impl Iterator<Item = (u64, &CalendarLeaf)> {
        self.law.leaves()
    }

    /// What the checkpoint covers ends here; what follows is the journal's.
    pub fn end_signed(&mut self, size: u64, findings: &mut Findings) {
        self.batches.end_row(size, findings);
        self.signed = Some(self.tally.disposed());
    }

    /// What was counted.
    pub fn finish(self, size: u64, findings: &mut Findings) -> Tally {
        let mut tally = self.tally;
        self.batches.finish(size, &mut tally, findings);
        tally.unsigned_records = tally.disposed() - self.signed.unwrap_or(tally.disposed());
        tally
    }
}

/// Fingerprint keys declared and destroyed.
#[derive(Debug, Default)]
struct FingerprintKeys {
    declared: BTreeSet<(SourceName, i32)>,
    destroyed: BTreeSet<(SourceName, i32)>,
    /// The last one found in order: most entries use the same.
    last: Option<(SourceName, i32)>,
}

impl FingerprintKeys {
    fn declare(&mut self, index: u64, fpkey: &Fpkey, findings: &mut Findings) {
        if !self.declared.insert((fpkey.source.clone(), fpkey.year)) {
            findings.at(index, Flaw::SecondFingerprintKey { source_name: fpkey.source.clone(), year: fpkey.year });
        }
    }

    fn used(&mut self, index: u64, source: &SourceName, year: i32, findings: &mut Findings) {
        if self.last.as_ref().is_some_and(|last| &last.0 == source && last.1 == year && self.destroyed.is_empty()) {
            return;
        }
        let key = (source.clone(), year);
        if !self.declared.contains(&key) {
            findings.at(index, Flaw::UndeclaredFingerprintKey { source_name: source.clone(), year });
        } else if self.destroyed.contains(&key) {
            findings.at(index, Flaw::DestroyedFingerprintKey { source_name: source.clone(), year });
        } else {
            self.last = Some(key);
        }
    }
}

/// Whether an entry of this time may use the key of this year (of UTC).
fn is_year_of(at: i64, year: i32) -> bool {
    let year_at = |at: i64| DateTime::from_timestamp(at, 0).map(|instant| instant.year());
    [at, at.saturating_sub(YEAR_OVERLAP * 86_400)].into_iter().any(|at| year_at(at) == Some(year))
}

/// The right-hand side of a run's first sum; `None` where it is beyond all numbers.
fn accounted(counts: &RunCounts) -> Option<u64> {
    let RunCounts { planned: _, destroyed, anonymized, held, blocked, drifted, deferred, incomplete, failed } = *counts;
    sum([destroyed, anonymized, held, blocked, drifted, deferred, incomplete, failed])
}

/// The right-hand side of a run's second sum.
fn counted(verdicts: &VerdictCounts) -> Option<u64> {
    let VerdictCounts { rows: _, open, undated, not_yet, held, blocked, due, filtered } = *verdicts;
    sum([open, undated, not_yet, held, blocked, due, filtered])
}

fn sum<const N: usize>(terms: [u64; N]) -> Option<u64> {
    terms.into_iter().try_fold(0_u64, u64::checked_add)
}
