//! The sense of the entries, read once from the first to the last: what each says must follow from those before it.
//!
//! Memory grows with plans, keys, holds and open intents, never with records or entries.

use std::collections::BTreeSet;

use super::batches::Batches;
use super::flaw::{Findings, Flaw};
use super::law::Law;
use super::people::People;
use super::tally::Tally;
use crate::audit::leaf::{Body, Correction, Fpkey, Genesis, HoldAction, Leaf, Run, RunCounts, VerdictCounts};
use crate::audit::note::{KeyKind, VerifierKey};
use crate::model::{Digest, Origin, SourceName};

/// Reads entries in order and finds what does not follow.
#[derive(Debug)]
pub(super) struct Ledger {
    origin: Origin,
    at: i64,
    /// Signing keys, each with the entry that declares it.
    signing: Vec<(u64, VerifierKey)>,
    keys: FingerprintKeys,
    law: Law,
    people: People,
    batches: Batches,
    tally: Tally,
}

impl Ledger {
    /// A ledger of the log of this name.
    pub fn new(origin: Origin) -> Self {
        Self {
            origin,
            at: i64::MIN,
            signing: Vec::new(),
            keys: FingerprintKeys::default(),
            law: Law::default(),
            people: People::default(),
            batches: Batches::default(),
            tally: Tally::default(),
        }
    }

    /// Reads the next entry.
    pub fn read(&mut self, index: u64, leaf: &Leaf, findings: &mut Findings) {
        if leaf.at < self.at {
            findings.at(index, Flaw::TimeRunsBack { at: leaf.at, before: self.at });
        }
        self.at = self.at.max(leaf.at);
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
            Body::Hold(hold) => {
                // A hold may outlive the key that named its record.
                if let (HoldAction::Placed, Some(source), Some(year)) = (hold.action, &hold.source, hold.year) {
                    self.keys.used(index, source, year, findings);
                }
                self.people.read_hold(index, hold, findings);
            }
            Body::Intent(intent) => {
                self.keys.used(index, &intent.source, intent.year, findings);
                let mapping = self.people.judge(index, intent, findings);
                self.law.judge(index, leaf.at, intent, mapping, findings);
                self.batches.read_intent(index, intent, &self.people, findings);
            }
            Body::Outcome(outcome) => {
                if let Some(done) = self.batches.read_outcome(index, outcome, &self.people, findings) {
                    self.tally.dispose(&done);
                }
            }
            Body::Run(run) => self.read_run(index, run, findings),
            Body::Correction(correction) => self.read_correction(index, correction, findings),
            Body::Fpkey(fpkey) => self.keys.declare(index, fpkey, findings),
            Body::FpkeyDestroyed(gone) => {
                self.keys.used(index, &gone.source, gone.year, findings);
                self.keys.destroyed.insert((gone.source.clone(), gone.year));
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

    fn read_correction(&self, index: u64, correction: &Correction, findings: &mut Findings) {
        if let Some(batch) = correction.batch
            && !self.batches.began(batch)
        {
            findings.at(index, Flaw::NoBatch { batch });
        }
    }

    /// The two sums, and what the outcomes in the log allow the run to state.
    fn read_run(&mut self, index: u64, run: &Run, findings: &mut Findings) {
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
        let logged = self.batches.close_run(&run.run);
        for (what, stated, logged) in [
            ("records destroyed", run.counts.destroyed, logged.destroyed),
            ("records anonymized", run.counts.anonymized, logged.anonymized),
            ("records incomplete", run.counts.incomplete, logged.incomplete),
            ("rows", run.rows, logged.rows),
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

    /// Digests of the calendars' texts, and the first entry that names each.
    pub fn texts(&self) -> impl Iterator<Item = (&Digest, u64)> {
        self.law.texts()
    }

    /// What was counted.
    pub fn finish(self, size: u64, findings: &mut Findings) -> Tally {
        let mut tally = self.tally;
        self.batches.finish(size, &mut tally, findings);
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
