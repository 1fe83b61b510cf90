//! What one batch did: the rows, files and bytes that its outcomes tell must fit what they say of its records.

use super::flaw::Flaw;
use crate::audit::leaf::{Outcome, RecordOutcome, RunCounts};
use crate::model::BatchNumber;

/// What outcomes say was disposed of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Disposed {
    /// Records by what became of them; `planned` stays 0.
    pub records: RunCounts,
    pub rows: u64,
    pub detached: u64,
    pub triggered: u64,
    pub files: u64,
    pub bytes: u64,
}

/// What the outcomes of one batch tell together: a batch's rows and files stand in its first outcome.
#[derive(Debug, Default)]
pub(super) struct Effects {
    /// The series' own table, where it is known.
    table: Option<String>,
    own_rows: u64,
    left: u64,
    disposed: Disposed,
    committed: bool,
    /// A correction told that nobody can say any more what the batch did.
    is_unknown: bool,
}

impl Effects {
    /// The batch is of a series in this table.
    pub fn expect(&mut self, table: Option<&str>) {
        if self.table.is_none() {
            self.table = table.map(str::to_owned);
        }
    }

    /// The database no longer had the batch's row as we wrote it when recovery asked for it.
    pub fn fence_is_lost(&mut self) {
        self.is_unknown = true;
    }

    /// Adds what one outcome tells.
    pub fn add(&mut self, outcome: &Outcome, disposed: &Disposed) {
        let own = self.table.as_ref().and_then(|table| outcome.rows.get(table));
        self.own_rows = self.own_rows.saturating_add(own.copied().unwrap_or(0));
        self.left = self.left.saturating_add(outcome.left);
        self.disposed.add(disposed);
        self.committed |= outcome.committed;
    }

    /// What does not fit, once every outcome was read.
    pub fn flaws(&self, batch: BatchNumber) -> Vec<Flaw> {
        let Disposed { records, rows, detached, triggered, files, bytes } = self.disposed;
        let gone = records.destroyed + records.incomplete;
        let mut flaws = Vec::new();
        if self.table.is_some() && self.own_rows < gone && !self.is_unknown {
            flaws.push(Flaw::FewerRows { batch, rows: self.own_rows, records: gone });
        }
        let left_fits = self.left >= records.incomplete && (self.left == 0) == (records.incomplete == 0);
        let did_nothing = [rows, detached, triggered, files, bytes, self.left] == [0; 6];
        let changed = gone + records.anonymized + records.failed > 0;
        for (fits, what) in [
            (left_fits, "files are left exactly where records are incomplete"),
            (files > 0 || bytes == 0, "bytes go with files only"),
            (self.committed || did_nothing, "nothing goes without a commit"),
            (changed || did_nothing, "nothing goes where every record stays"),
        ] {
            if !fits {
                flaws.push(Flaw::Effects { batch, what });
            }
        }
        flaws
    }
}

impl Disposed {
    /// What one outcome tells.
    pub fn of(outcome: &Outcome, results: &[RecordOutcome]) -> Self {
        let mut records = RunCounts::default();
        for result in results {
            *records.of(*result) += 1;
        }
        let (rows, files) = (total(outcome.rows.values()), total(outcome.files.values()));
        let Outcome { detached, triggered, bytes, .. } = *outcome;
        Self { records, rows, detached, triggered, files, bytes }
    }

    /// Adds up.
    pub fn add(&mut self, more: &Self) {
        self.records.add(more.records);
        for (sum, more) in [
            (&mut self.rows, more.rows),
            (&mut self.detached, more.detached),
            (&mut self.triggered, more.triggered),
            (&mut self.files, more.files),
            (&mut self.bytes, more.bytes),
        ] {
            *sum = sum.saturating_add(more);
        }
    }

    /// Records with a final outcome: those put off are tried again.
    pub fn settled(&self) -> u64 {
        let RunCounts { planned: _, destroyed, anonymized, held, blocked, drifted, deferred: _, incomplete, failed } =
            self.records;
        destroyed + anonymized + held + blocked + drifted + incomplete + failed
    }
}

fn total<'a>(counts: impl Iterator<Item = &'a u64>) -> u64 {
    counts.fold(0, |sum, count| sum.saturating_add(*count))
}
