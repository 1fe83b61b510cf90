//! Entries that are dated after the auditor's time, and who answers for such dates.

use std::mem;

use super::findings::Findings;
use super::flaw::Flaw;
use super::words;
use crate::audit::leaf::{Body, Leaf};

/// Longest time, in seconds, by which the operator's clock may be ahead of the auditor's.
const CLOCK_TOLERANCE: i64 = 300;

/// Entries dated after the auditor's time.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    /// The auditor's time; none where no entry is held against it.
    now: Option<i64>,
    /// The first for which nobody answered; dates never fall, so it speaks for those that follow.
    first: Option<(u64, i64)>,
    /// Those since.
    waiting: u64,
    /// Those that a person answered for.
    answered: u64,
    /// The date of the last entry that a person answered for: the clock was right, and the entry stamped wrongly.
    until: Option<i64>,
}

impl Ahead {
    /// No entry may be dated after this time (seconds since 1970).
    pub fn of(now: Option<i64>) -> Self {
        Self { now, ..Self::default() }
    }

    /// Reads the date of the next entry, and whether it is somebody's answer.
    pub fn read(&mut self, index: u64, leaf: &Leaf) {
        let is_ahead = self.now.is_some_and(|now| leaf.at > now.saturating_add(CLOCK_TOLERANCE));
        self.waiting += u64::from(is_ahead);
        if matches!(&leaf.body, Body::Correction(correction) if correction.what == words::CLOCK) {
            self.until = Some(leaf.at);
        }
        if self.until == Some(leaf.at) {
            self.answered += mem::take(&mut self.waiting);
            self.first = None;
        } else if is_ahead {
            self.first.get_or_insert((index, leaf.at));
        }
    }

    /// Whether a person said that entries of this date were stamped wrongly.
    pub fn is_answered_for(&self, at: i64) -> bool {
        self.until.is_some_and(|until| at <= until)
    }

    /// Notes the first entry for whose date nobody answered; tells how many somebody did.
    pub fn finish(self, findings: &mut Findings) -> u64 {
        if let (Some((index, at)), Some(now)) = (self.first, self.now) {
            findings.at(index, Flaw::AfterNow { at, now });
        }
        self.answered
    }
}
