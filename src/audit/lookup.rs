//! What the log says of one record, by its fingerprints: destroyed, when and under which rule; or not.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde::Serialize;

use super::error::LogError;
use super::leaf::{Action, Body, Correction, Intent, Leaf, Outcome, RecordOutcome};
use super::presence::Presence;
use super::reader::LogReader;
use super::results::decode_results;
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
    let mut search = Search {
        wanted,
        log: None,
        mentions: Vec::new(),
        destroyed_keys: Vec::new(),
        destroyed: BTreeMap::new(),
        approvals: BTreeMap::new(),
        read: (BatchNumber(0), 0),
    };
    log.scan(0, &mut |index, leaf| {
        search.read(index, &leaf);
        ControlFlow::Continue(())
    })?;
    Ok(search.finish())
}

struct Search<'a> {
    wanted: &'a Wanted,
    log: Option<Origin>,
    mentions: Vec<Mention>,
    destroyed_keys: Vec<i32>,
    /// Records destroyed by the batches of the mentions.
    destroyed: BTreeMap<BatchNumber, u64>,
    /// The last approval of each plan.
    approvals: BTreeMap<PlanId, MentionApproval>,
    /// The batch that was read last, and how many of its records were.
    read: (BatchNumber, u64),
}

impl Search<'_> {
    fn read(&mut self, index: u64, leaf: &Leaf) {
        match &leaf.body {
            Body::Genesis(genesis) => self.log = Some(genesis.origin.clone()),
            Body::Approval(approval) => {
                let by = approval.actor.clone();
                self.approvals.insert(approval.plan.clone(), MentionApproval { entry: index, at: leaf.at, by });
            }
            Body::Intent(intent) => self.read_intent(index, leaf.at, intent),
            Body::Outcome(outcome) => self.read_outcome(index, leaf.at, outcome),
            Body::Correction(correction) if correction.source == self.wanted.source => {
                self.read_correction(index, correction);
            }
            Body::FpkeyDestroyed(gone) if gone.source == self.wanted.source => self.destroyed_keys.push(gone.year),
            _ => (),
        }
    }

    fn read_intent(&mut self, index: u64, at: i64, intent: &Intent) {
        if (&intent.source, &intent.series) != (&self.wanted.source, &self.wanted.series) {
            return;
        }
        let offset = if self.read.0 == intent.batch { self.read.1 } else { 0 };
        self.read = (intent.batch, offset + u64::from(intent.n));
        let Some(fingerprint) = self.wanted.fingerprints.get(&intent.year) else { return };
        let names = match self.wanted.by {
            WantedBy::Key => intent.fingerprints(),
            WantedBy::Reference => intent.references(),
        };
        let names = names.unwrap_or_default().into_iter().enumerate();
        for (place, _) in names.filter(|(_, name)| name == fingerprint) {
            self.mentions.push(Mention {
                answer: Answer::Pending,
                intent: index,
                place,
                records: intent.n,
                announced: at,
                batch: intent.batch,
                run: intent.run.clone(),
                plan: intent.plan.clone(),
                rule: intent.rule.clone(),
                calendar: intent.calendar.clone(),
                version: intent.version,
                action: intent.action,
                approved: self.approvals.get(&intent.plan).cloned(),
                outcome: None,
                corrected: None,
                back: None,
                restored_since: None,
                still_gone: None,
                offset,
            });
        }
    }

    fn read_outcome(&mut self, index: u64, at: i64, outcome: &Outcome) {
        if self.mentions.iter().any(|mention| mention.batch == outcome.batch) {
            *self.destroyed.entry(outcome.batch).or_default() += destroyed(outcome);
        }
        for mention in self.mentions.iter_mut().filter(|mention| mention.intent == outcome.intent) {
            let results = decode_results(&outcome.results, mention.records).unwrap_or_default();
            let Some(result) = results.get(mention.place).copied() else { continue };
            let letter = result.letter();
            mention.outcome = Some(MentionOutcome { entry: index, at, committed: outcome.committed, letter });
            mention.answer = match result {
                RecordOutcome::Destroyed => Answer::Destroyed,
                RecordOutcome::Anonymized => Answer::Anonymized,
                RecordOutcome::Incomplete => Answer::Pending,
                _ => Answer::Aborted,
            };
        }
    }

    fn read_correction(&mut self, index: u64, correction: &Correction) {
        for mention in &mut self.mentions {
            let is_its_batch = correction.batch == Some(mention.batch);
            match correction.what.as_str() {
                "completed" if is_its_batch && mention.answer == Answer::Pending && mention.outcome.is_some() => {
                    mention.corrected = Some(index);
                    mention.answer = match mention.action {
                        Action::Destroy => Answer::Destroyed,
                        Action::Anonymize => Answer::Anonymized,
                    };
                }
                "resurrected" if is_its_batch && mention.is_gone() => {
                    let destroyed = self.destroyed.get(&mention.batch).copied();
                    mention.read_resurrected(index, correction, destroyed);
                }
                // These two looked for every record of the batch, and found none.
                "missing_fence" | "fence_table_dropped" if is_its_batch && mention.is_gone() => {
                    mention.still_gone = Some(index);
                }
                "resurrected" | "missing_fence" | "fence_table_dropped" if mention.is_gone() => {
                    mention.restored_since = Some(index);
                }
                _ => (),
            }
        }
    }

    fn finish(self) -> Found {
        let answer = match self.mentions.last() {
            Some(last) => last.answer,
            None if self.destroyed_keys.is_empty() => Answer::NotFound,
            None => Answer::KeyDestroyed,
        };
        Found { answer, log: self.log, mentions: self.mentions, destroyed_keys: self.destroyed_keys }
    }
}

/// How many records an outcome says are gone from their table.
fn destroyed(outcome: &Outcome) -> u64 {
    let runs = outcome.results.split_inclusive(|letter: char| letter.is_ascii_alphabetic());
    let gone = runs.filter_map(|run| run.strip_suffix(['D', 'i'])?.parse::<u64>().ok());
    gone.sum()
}

impl Mention {
    /// Its batch is back, wholly or in part; `destroyed` is how many records the batch had destroyed.
    fn read_resurrected(&mut self, index: u64, correction: &Correction, destroyed: Option<u64>) {
        let told = correction.back.as_deref().and_then(Presence::parse);
        let told = told.and_then(|presence| presence.is_back(self.offset + self.place as u64));
        if told == Some(false) {
            self.still_gone = Some(index);
            return;
        }
        (self.answer, self.corrected) = (Answer::Resurrected, Some(index));
        let surely = told == Some(true) || destroyed == Some(correction.records);
        self.back = Some(Back { records: correction.records, surely });
    }

    fn is_gone(&self) -> bool {
        matches!(self.answer, Answer::Destroyed | Answer::Anonymized)
    }
}
