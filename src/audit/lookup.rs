//! What the log says of one record, by its fingerprints: destroyed, when and under which rule; or not.

mod search;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use serde::Serialize;

use super::error::LogError;
use super::leaf::Action;
use super::reader::LogReader;
use search::Search;

use crate::model::{
    Actor, BatchNumber, CalendarNumber, Fingerprint, Origin, PlanId, RuleNumber, RunId, SeriesName, SourceName,
};

/// The record that is asked for. Its fingerprints name it in the log, one for each year whose key is still there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub source: SourceName,
    pub series: SeriesName,
    pub by: WantedBy,
    /// By the year of the fingerprint key.
    pub fingerprints: BTreeMap<i32, Fingerprint>,
}

/// Whether the fingerprints are of the record's key or of its reference. Several records may share a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WantedBy {
    Key,
    Reference,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING-KEBAB-CASE")]
pub enum Answer {
    Destroyed,
    Anonymized,
    /// Announced and not settled: no outcome yet, or files still to be unlinked.
    Pending,
    /// Announced, and kept after all.
    Aborted,
    /// Destroyed, and back since: the database was restored.
    Resurrected,
    NotFound,
    /// Not found, but keys were destroyed that might have named it.
    KeyDestroyed,
    /// Something is not here that the answer depends on, and the log does not say that it was destroyed.
    CannotTell,
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Destroyed => "DESTROYED",
            Self::Anonymized => "ANONYMIZED",
            Self::Pending => "PENDING",
            Self::Aborted => "ABORTED",
            Self::Resurrected => "RESURRECTED",
            Self::NotFound => "NOT-FOUND",
            Self::KeyDestroyed => "KEY-DESTROYED",
            Self::CannotTell => "CANNOT-TELL",
        })
    }
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Found {
    pub answer: Answer,
    /// Name of the log that was searched: entries have their numbers in it.
    pub log: Option<Origin>,
    /// Every time that the record was announced, in the log's order; the last one gives the answer.
    pub mentions: Vec<Mention>,
    /// Years of the source's keys that were destroyed: what they named cannot be found.
    pub destroyed_keys: Vec<i32>,
    /// Years under whose keys the log names records of the series, and whose keys are neither here nor said to be destroyed.
    pub missing_keys: BTreeSet<i32>,
}

impl Found {
    /// Whether the log does not know the record, so that one must ask its predecessors.
    pub fn is_absent(&self) -> bool {
        self.mentions.is_empty()
    }
}

/// One time that the record was announced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mention {
    pub answer: Answer,
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
    /// Index of the last entry that corrects this batch: records are back, or files that were left are gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corrected: Option<u64>,
    /// How many records of the batch were back then, and whether this one was surely among them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub back: Option<Back>,
    /// Index of a later entry that says that the source's database was put back: the record may be back although its own batch is not named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restored_since: Option<u64>,
    /// Index of a later entry that says the same, and that this record was looked for then and was not back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub still_gone: Option<u64>,
    /// Place of the intent's first record in its batch.
    #[serde(skip)]
    offset: u64,
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

/// Looks a record up in the whole log, entries included that no checkpoint covers yet.
///
/// # Errors
/// A log that cannot be read.
pub fn lookup(log: &LogReader, wanted: &Wanted) -> Result<Found, LogError> {
    let mut search = Search::new(wanted);
    log.scan(0, &mut |index, leaf| {
        search.read(index, &leaf);
        ControlFlow::Continue(())
    })?;
    Ok(search.finish())
}

impl Mention {
    fn is_gone(&self) -> bool {
        matches!(self.answer, Answer::Destroyed | Answer::Anonymized)
    }
}
