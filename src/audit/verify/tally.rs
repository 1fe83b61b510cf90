//! What a verified log holds, in numbers.

use std::collections::BTreeMap;

use serde::Serialize;

use super::batches::Settled;
use super::begun::Kind;
use crate::audit::leaf::{Action, Leaf};
use crate::model::RuleNumber;

/// Counts over all entries that were read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Entries by kind.
    pub kinds: BTreeMap<&'static str, u64>,
    /// When the first and the last entry were written (seconds since 1970), as the operator's clock said.
    pub first: Option<i64>,
    pub last: Option<i64>,
    /// Records destroyed and anonymized, by rule.
    pub rules: BTreeMap<RuleNumber, RuleTally>,
    /// Intents, and their records, that wait for an outcome: a batch was interrupted, and recovery has not run since.
    pub pending_intents: u64,
    pub pending_records: u64,
    /// Runs that no statement ended: interrupted, or still under way when the log was read; or the log was cut.
    pub unclosed_runs: u64,
    /// Records destroyed under a key that another run had destroyed before, and nothing says that the database was put
    /// back: it gave the key to a new record, or one destruction is told twice.
    pub destroyed_again: u64,
    /// Records that went again after an entry let them: it says that their database was put back, or that a person let
    /// it go on.
    pub excused: u64,
    /// Records that are back, of batches that no entry names.
    pub back_unplaced: u64,
    /// Holds in place, by scope, that may have kept records which were announced: the log does not say which records
    /// they keep.
    pub untold_holds: BTreeMap<&'static str, u64>,
    /// Records destroyed beyond those that later ones were compared with.
    pub uncompared: u64,
    /// Holds in place on a record that is named under another year's key than records of its series were announced
    /// under: whether it was among them cannot be seen.
    pub uncompared_holds: u64,
    /// Entries dated after the auditor's time, and a person answered for a clock that lies behind them.
    pub ahead: u64,
    /// Of the records destroyed and anonymized, those that only entries without a signature tell of yet.
    pub told_unsigned: u64,
}

/// What became of the records that intents announced under one rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RuleTally {
    pub destroyed: u64,
    pub anonymized: u64,
    /// Announced, and kept or not wholly gone after all.
    pub others: u64,
    /// Destroyed or anonymized, and back since, as the log itself says: counted here alone.
    pub back: u64,
}

impl Tally {
    /// Counts an entry.
    pub(super) fn count(&mut self, leaf: &Leaf) {
        *self.kinds.entry(leaf.body.kind()).or_default() += 1;
        self.first.get_or_insert(leaf.at);
        self.last = Some(leaf.at);
    }

    /// Counts what an outcome settled.
    pub(super) fn dispose(&mut self, settled: &Settled) {
        if !self.rules.contains_key(&settled.rule) {
            self.rules.insert(settled.rule.clone(), RuleTally::default());
        }
        if let Some(rule) = self.rules.get_mut(&settled.rule) {
            let records = settled.disposed.records;
            rule.destroyed += records.destroyed;
            rule.anonymized += records.anonymized;
            // Every other letter: put off, kept after all, or rows gone and a file not.
            rule.others += settled.disposed.settled() + records.deferred - records.destroyed - records.anonymized;
        }
        self.destroyed_again += settled.repeats.across;
        self.excused += settled.repeats.excused;
    }

    /// Takes up that so many records of a batch are back `now`, of which so many were `before`.
    pub(super) fn come_back(&mut self, kind: &Kind, before: u64, now: u64) {
        let Some(rule) = self.rules.get_mut(&kind.rule) else { return };
        let gone = match kind.action {
            Action::Destroy => &mut rule.destroyed,
            Action::Anonymize => &mut rule.anonymized,
        };
        rule.back = (rule.back + now).saturating_sub(before);
        if let Some(fewer) = before.checked_sub(now) {
            *gone += fewer;
            return;
        }
        let more = now - before;
        // Of records whose files were left, the rows can be back too: those count among the others.
        let of_gone = more.min(*gone);
        *gone -= of_gone;
        rule.others = rule.others.saturating_sub(more - of_gone);
    }

    /// Records destroyed and anonymized under any rule, whether or not they are back.
    pub(super) fn disposed(&self) -> u64 {
        self.destroyed() + self.anonymized() + self.back()
    }

    /// Records destroyed under any rule.
    pub fn destroyed(&self) -> u64 {
        self.rules.values().map(|rule| rule.destroyed).sum()
    }

    /// Records of any rule that are back.
    pub fn back(&self) -> u64 {
        self.rules.values().map(|rule| rule.back).sum()
    }

    /// Records anonymized under any rule.
    pub fn anonymized(&self) -> u64 {
        self.rules.values().map(|rule| rule.anonymized).sum()
    }
}
