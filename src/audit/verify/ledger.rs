//! The sense of the entries, read once from the first to the last: what each says must follow from those before it.
//!
//! Memory grows with plans, runs, keys, holds and open intents, and by twenty-four bytes a batch; of the records of one
//! run it has a bound.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use super::ahead::Ahead;
use super::batches::Batches;
use super::corrections::{self, EndedEarlier};
use super::findings::Findings;
use super::flaw::Flaw;
use super::holds::Holds;
use super::keys::{FingerprintKeys, SigningKeys, is_year_of};
use super::law::Law;
use super::plans::{self, Plans};
use super::sums::Sum;
use super::tally::Tally;
use super::words;
use crate::audit::divided::{Joined, Joining};
use crate::audit::leaf::{
    Body, CalendarLeaf, Correction, FpkeyDestroyed, Genesis, HoldAction, HoldLeaf, Intent, Leaf, Predecessor, Sanitized,
};
use crate::audit::merkle::empty_root;
use crate::audit::note::VerifierKey;
use crate::model::{HoldId, Origin, SourceName};

/// Days since 1970-01-01 that a calendar has: those of the years 1 to 9999.
const DAYS: RangeInclusive<i32> = -719_162..=2_932_896;

/// Reads entries in order and finds what does not follow.
#[derive(Debug)]
pub(super) struct Ledger {
    origin: Origin,
    at: i64,
    /// The parts of an entry that takes several leaves.
    joining: Joining,
    /// The log that this one continues.
    continued: Option<Predecessor>,
    signing: SigningKeys,
    keys: FingerprintKeys,
    ended: EndedEarlier,
    sum: Sum,
    law: Law,
    plans: Plans,
    holds: Holds,
    batches: Batches,
    tally: Tally,
    /// Holds with which an intent on their series could not be compared.
    uncompared_holds: BTreeSet<HoldId>,
    /// Holds that may have kept records of an intent, each with its scope: the log does not tell which records.
    untold_holds: BTreeMap<HoldId, &'static str>,
    ahead: Ahead,
    /// Records that signed entries say are gone, once all of them were read.
    signed: Option<u64>,
}

impl Ledger {
    /// A ledger of the log of this name; no entry may be dated after `now`.
    pub fn new(origin: Origin, now: Option<i64>) -> Self {
        Self {
            origin,
            at: i64::MIN,
            joining: Joining::default(),
            continued: None,
            signing: SigningKeys::default(),
            keys: FingerprintKeys::default(),
            ended: EndedEarlier::default(),
            sum: Sum::default(),
            law: Law::default(),
            plans: Plans::default(),
            holds: Holds::default(),
            batches: Batches::default(),
            tally: Tally::default(),
            uncompared_holds: BTreeSet::new(),
            untold_holds: BTreeMap::new(),
            ahead: Ahead::of(now),
            signed: None,
        }
    }

    /// Reads the next entry.
    pub fn read(&mut self, index: u64, leaf: &Leaf, findings: &mut Findings) {
        if leaf.at < self.at {
            findings.at(index, Flaw::TimeRunsBack { at: leaf.at, before: self.at });
        }
        self.at = self.at.max(leaf.at);
        self.ahead.read(index, leaf);
        if (index == 0) != matches!(leaf.body, Body::Genesis(_)) {
            findings.at(index, if index == 0 { Flaw::Genesis } else { Flaw::SecondGenesis });
        }
        self.tally.count(leaf);
        self.batches.end_row_unless_intent(&leaf.body, index, findings);
        match self.joining.take(leaf) {
            Joined::Alone => self.read_body(index, leaf, findings),
            Joined::Whole(whole) => self.read_body(index, &whole, findings),
            Joined::Broken => {
                findings.at(index, Flaw::BrokenEntry);
                self.read_body(index, leaf, findings);
            }
            Joined::GoesOn => (),
        }
    }

    fn read_body(&mut self, index: u64, leaf: &Leaf, findings: &mut Findings) {
        if !self.sum.add(&leaf.body) {
            findings.at(index, Flaw::Sum);
        }
        if !leaf.body.actor().is_none_or(words::is_account) {
            findings.at(index, Flaw::BadActor);
        }
        match &leaf.body {
            Body::Genesis(genesis) => self.read_genesis(index, genesis, findings),
            Body::Sigkey(sigkey) => self.signing.declare(index, &sigkey.vkey, &self.origin, findings),
            Body::Calendar(calendar) => self.law.read_calendar(index, calendar, findings),
            Body::Mapping(mapping) => self.law.read_mapping(mapping),
            Body::Approval(approval) => self.plans.read_approval(index, leaf.at, approval, findings),
            Body::Rejection(rejection) => self.plans.read_rejection(index, leaf.at, rejection, findings),
            Body::Hold(hold) => self.read_hold(index, leaf.at, hold, findings),
            Body::Intent(intent) => self.read_intent(index, leaf.at, intent, findings),
            Body::Outcome(outcome) => {
                if let Some(done) = self.batches.read_outcome(index, outcome, &self.holds, findings) {
                    self.tally.dispose(&done);
                }
            }
            Body::Run(run) => {
                self.plans.check_age(index, run.started, &run.plan, findings);
                self.batches.runs().close(index, leaf.at, run, &self.plans, findings);
            }
            Body::Correction(correction) => self.read_correction(index, correction, findings),
            Body::Fpkey(fpkey) => self.keys.declare(index, fpkey, findings),
            Body::FpkeyDestroyed(gone) => self.read_key_destroyed(index, gone, findings),
            Body::Sanitized(sanitized) => self.read_sanitized(index, sanitized, findings),
            Body::Refused(refused) => plans::judge_refused(index, refused, findings),
            Body::Heartbeat(_) => (),
        }
    }

    fn read_intent(&mut self, index: u64, at: i64, intent: &Intent, findings: &mut Findings) {
        let fits = is_year_of(at, intent.year) && self.plans.can_be_of(&intent.plan, intent.year);
        self.use_key(index, &intent.source, intent.year, fits, findings);
        if intent.day.iter().any(|day| !DAYS.contains(day)) {
            findings.at(index, Flaw::BadDay);
        }
        self.uncompared_holds.extend(self.holds.named_otherwise(intent).cloned());
        self.untold_holds.extend(self.holds.untold(intent).map(|(hold, scope)| (hold.clone(), scope)));
        if !self.batches.runs().knows(&intent.run) {
            self.plans.check_age(index, at, &intent.plan, findings);
        }
        let approved = self.plans.judge(index, intent, findings);
        let table = self.law.judge(index, at, intent, approved, findings);
        self.batches.read_intent(index, at, intent, table, &self.holds, findings);
    }

    fn read_sanitized(&mut self, index: u64, sanitized: &Sanitized, findings: &mut Findings) {
        if !words::LEVELS.contains(&sanitized.level.as_str()) {
            findings.at(index, Flaw::UnknownWord { field: "level" });
        }
        if !self.batches.runs().knows(&sanitized.run) {
            findings.at(index, Flaw::UnknownRun { run: sanitized.run.clone() });
        }
        let is_touched = self.batches.runs().is_of(&sanitized.run, &sanitized.source);
        if !is_touched || !self.law.knows(&sanitized.source) {
            findings.at(index, Flaw::UnknownSource { source_name: sanitized.source.clone() });
        }
    }

    fn read_genesis(&mut self, index: u64, genesis: &Genesis, findings: &mut Findings) {
        let names_nothing = |before: &Predecessor| before.size == 0 && before.root != empty_root();
        let cannot_be = |before: &Predecessor| before.origin == genesis.origin || names_nothing(before);
        if genesis.origin != self.origin || genesis.predecessor.as_ref().is_some_and(cannot_be) {
            findings.at(index, Flaw::Genesis);
        }
        if index == 0 {
            self.continued.clone_from(&genesis.predecessor);
        }
        self.signing.declare(index, &genesis.vkey, &self.origin, findings);
    }

    fn read_hold(&mut self, index: u64, at: i64, hold: &HoldLeaf, findings: &mut Findings) {
        // A hold may outlive the key that named its record.
        if let (HoldAction::Placed, Some(source), Some(year)) = (hold.action, &hold.source, hold.year) {
            self.use_key(index, source, year, is_year_of(at, year), findings);
        }
        self.holds.read(index, hold, findings);
    }

    /// A key is declared before, is not destroyed yet, and fits the entry by its year.
    fn use_key(&mut self, index: u64, source: &SourceName, year: i32, fits: bool, findings: &mut Findings) {
        self.keys.used(index, source, year, findings);
        if !fits {
            findings.at(index, Flaw::OtherYear { year });
        }
    }

    fn read_key_destroyed(&mut self, index: u64, gone: &FpkeyDestroyed, findings: &mut Findings) {
        self.keys.used(index, &gone.source, gone.year, findings);
        self.keys.destroy(&gone.source, gone.year);
        let pending = self.batches.pending_under(&gone.source, gone.year);
        if pending > 0 {
            findings.at(index, Flaw::KeyInUse { pending });
        }
        let holds = self.holds.named_under(&gone.source, gone.year);
        if holds > 0 {
            findings.at(index, Flaw::KeyOfHold { holds });
        }
    }

    fn read_correction(&mut self, index: u64, correction: &Correction, findings: &mut Findings) {
        let is_successor = self.continued.is_some();
        corrections::judge(index, correction, self.batches.begun(), &mut self.ended, is_successor, findings);
        match (correction.batch, correction.what.as_str()) {
            (Some(batch), "resurrected") => {
                if let Some((kind, before)) = self.batches.begun().come_back(batch, correction.records) {
                    self.tally.come_back(kind, before, correction.records);
                }
            }
            (None, "resurrected") => self.tally.back_unplaced += correction.records,
            (_, words::CLOCK) => self.plans.clock_answered(),
            _ => (),
        }
        let lets_go_again = words::LETS_GO_AGAIN.contains(&correction.what.as_str());
        self.batches.read_correction(correction, lets_go_again);
    }

    /// The key that signs a checkpoint of this size: the last one declared among its entries.
    pub fn signing_key(&self, size: u64) -> Option<&VerifierKey> {
        self.signing.at(size)
    }

    /// The log that this one continues, as its first entry names it.
    pub fn continued(&self) -> Option<&Predecessor> {
        self.continued.as_ref()
    }

    /// The logs whose batches this one speaks of, each with the first entry that does.
    pub fn logs_spoken_of(&self) -> impl Iterator<Item = (&Origin, u64)> {
        self.ended.logs()
    }

    /// Calendars declared, no two alike, each with its entry.
    pub fn calendars(&self) -> impl Iterator<Item = (u64, &CalendarLeaf)> {
        self.law.leaves()
    }

    /// Whether a person said that entries of this date were stamped wrongly.
    pub fn is_answered_for(&self, at: i64) -> bool {
        self.ahead.is_answered_for(at)
    }

    /// What the checkpoint covers ends here; what follows is the journal's.
    pub fn end_signed(&mut self, size: u64, findings: &mut Findings) {
        self.batches.end_row(size, findings);
        self.end_entry(size, findings);
        self.signed = Some(self.tally.disposed());
    }

    fn end_entry(&mut self, size: u64, findings: &mut Findings) {
        if self.joining.end() {
            findings.at(size.saturating_sub(1), Flaw::BrokenEntry);
        }
    }

    /// What was counted.
    pub fn finish(mut self, size: u64, findings: &mut Findings) -> Tally {
        self.end_entry(size, findings);
        let mut tally = self.tally;
        self.batches.finish(size, &mut tally, findings);
        tally.uncompared_holds = self.uncompared_holds.len() as u64;
        for scope in self.untold_holds.into_values() {
            *tally.untold_holds.entry(scope).or_default() += 1;
        }
        tally.told_unsigned = tally.disposed().saturating_sub(self.signed.unwrap_or(tally.disposed()));
        tally.ahead = self.ahead.finish(findings);
        tally
    }
}
