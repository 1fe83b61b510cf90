//! One time that a log tells of a record: announced, and what became of it.

use serde::Serialize;

use super::{Answer, DeniedEarlier, EndedEarlier, LaterEntry};
use crate::audit::leaf::{Action, Correction, RecordOutcome};
use crate::audit::marks::{BACK, Marks};
use crate::model::{Actor, BatchNumber, CalendarNumber, Fingerprint, Origin, PlanId, RuleNumber, RunId};

/// One time that the record was announced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mention {
    pub answer: Answer,
    /// Whether the record had a key of another type then than its columns have now: an integer where they hold texts,
    /// or the other way round.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub retyped: bool,
    /// Index of the intent, the record's place in it, and how many it announces.
    pub intent: u64,
    pub place: usize,
    pub records: u32,
    /// When the intent was written, in seconds since 1970.
    pub announced: i64,
    pub batch: BatchNumber,
    pub run: RunId,
    pub plan: PlanId,
    pub rule: RuleNumber,
    pub calendar: CalendarNumber,
    pub version: u32,
    pub action: Action,
    /// Who approved the plan, where the log says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approved: Option<MentionApproval>,
    /// Index and time of the outcome, and its letter for this record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<MentionOutcome>,
    /// Index of the last entry that corrects this batch: records are back, or files that were left are gone or
    /// released.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corrected: Option<u64>,
    /// How many records of the batch were back then, and whether this one was surely among them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub back: Option<Back>,
    /// The log of that entry, where it is a later one than that of the intent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corrected_log: Option<Origin>,
    /// Index of a later entry that says that the source's database was put back: the record may be back although its
    /// own batch is not named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restored_since: Option<u64>,
    /// The log of that entry, where it is a later one than that of the intent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restored_log: Option<Origin>,
    /// Index of a later entry that says the same, and that this record was looked for then and was not back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub still_gone: Option<u64>,
    /// The earlier log whose entries these are; absent where they are those of the log that answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<Origin>,
    /// Place of the intent's first record in its batch.
    #[serde(skip)]
    pub(super) offset: u64,
    /// The record's name under the key of a year.
    #[serde(skip)]
    pub(super) name: (i32, Fingerprint),
}

/// The approval that a mention rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MentionApproval {
    pub entry: u64,
    pub at: i64,
    pub by: Actor,
}

/// Records of a batch that stood in their table again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Back {
    pub records: u64,
    /// Whether this record is among them: the entry says so, or names as many as the batch had destroyed.
    pub surely: bool,
}

/// The end of one mention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct MentionOutcome {
    pub entry: u64,
    pub at: i64,
    pub committed: bool,
    pub letter: char,
}

impl Mention {
    /// Whether it says that the record is gone, or gone as it was.
    pub fn is_gone(&self) -> bool {
        matches!(self.answer, Answer::Destroyed | Answer::Anonymized | Answer::Incomplete)
    }

    /// Whether it says that its rows went, whatever became of its files.
    pub(super) fn has_gone(&self) -> bool {
        self.is_gone() || (self.answer == Answer::Pending && self.outcome.is_some())
    }

    /// Whether it was announced in vain: it was kept, or nobody knows of it that it went by what was announced.
    pub(super) fn is_in_vain(&self) -> bool {
        matches!(self.answer, Answer::Aborted | Answer::Gone | Answer::Failed)
    }

    /// Whether it does not say that the record was destroyed, or says that it is back.
    pub(super) fn denies(&self) -> bool {
        self.is_in_vain() || self.answer == Answer::Resurrected
    }

    /// Takes up what later logs say of it, where its own is of this name.
    pub(super) fn read_later(&mut self, log: Option<&Origin>, ended: &[EndedEarlier], put_back: Option<&LaterEntry>) {
        for end in ended {
            let is_its_batch = end.batch.batch == self.batch && Some(&end.batch.origin) == log;
            if is_its_batch && self.end(&end.records, end.is_released, end.by.entry) {
                self.corrected_log.clone_from(&end.by.log);
            }
        }
        if let Some(later) = put_back.filter(|_| self.is_gone()) {
            (self.restored_since, self.restored_log) = (Some(later.entry), later.log.clone());
        }
    }

    /// Takes up what later logs say of batches that were committed after all, where its own is of this name.
    pub(super) fn read_denied(&mut self, log: Option<&Origin>, denied: &[DeniedEarlier]) {
        let of_its_batch =
            |denied: &&DeniedEarlier| denied.batch.batch == self.batch && Some(&denied.batch.origin) == log;
        if let Some(denied) = denied.iter().find(of_its_batch) {
            self.doubt(denied.by.entry);
            self.corrected_log.clone_from(&denied.by.log);
        }
    }

    /// Whether it says that the record was there then, or is gone. A record that is no longer as its plan listed it may
    /// be gone.
    pub(super) fn tells_whether_it_is_there(&self) -> bool {
        let letter = self.outcome.as_ref().and_then(|outcome| RecordOutcome::of_letter(outcome.letter));
        match self.answer {
            Answer::Aborted => matches!(letter, Some(RecordOutcome::Held | RecordOutcome::Blocked)),
            // Another plan may have destroyed it before, which says more.
            Answer::Gone | Answer::Failed | Answer::CannotTell => false,
            Answer::Pending => self.outcome.is_some(),
            _ => true,
        }
    }

    /// Of these records of its batch no file is tried any more. Returns whether it is one of them.
    pub(super) fn end(&mut self, records: &Marks, is_released: bool, entry: u64) -> bool {
        let is_left = self.has_gone() && !self.is_gone();
        if !is_left || records.is_marked(self.offset + self.place as u64) != Some(true) {
            return false;
        }
        self.corrected = Some(entry);
        self.answer = match self.action {
            _ if is_released => Answer::Incomplete,
            Action::Destroy => Answer::Destroyed,
            Action::Anonymize => Answer::Anonymized,
        };
        true
    }

    /// Its batch, said not to have been committed, was: what it did the log does not say.
    pub(super) fn doubt(&mut self, index: u64) {
        if self.outcome.as_ref().is_some_and(|outcome| !outcome.committed) {
            (self.answer, self.corrected) = (Answer::CannotTell, Some(index));
        }
    }

    /// It was looked for, and was not there: what was said before of its database says nothing of it any more.
    pub(super) fn was_not_back(&mut self, index: u64) {
        (self.still_gone, self.restored_since) = (Some(index), None);
    }

    /// Its batch is back, wholly or in part; `destroyed` is how many records the batch had destroyed.
    pub(super) fn read_resurrected(&mut self, index: u64, correction: &Correction, destroyed: Option<u64>) {
        let told = correction.back.as_deref().and_then(|back| BACK.read(back));
        let told = told.and_then(|marks| marks.is_marked(self.offset + self.place as u64));
        if told == Some(false) {
            return self.was_not_back(index);
        }
        (self.answer, self.corrected) = (Answer::Resurrected, Some(index));
        let surely = told == Some(true) || destroyed == Some(correction.records);
        self.back = Some(Back { records: correction.records, surely });
    }
}
