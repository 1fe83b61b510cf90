//! Entries of the destruction log, one line each, and the short texts that go with it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::{Value, json};

use super::earlier;
use super::plan::PlanLeft;
use super::table::count;
use super::{Report, Words, to_value};
use crate::audit::checkpoint::SignedCheckpoint;
use crate::audit::earlier::EarlierLog;
use crate::audit::leaf::{Action, Approval, Body, HoldAction, Leaf};
use crate::disposition::desk::Successor;
use crate::model::{Instant, PlanId, RuleNumber, in_utc};

/// Entries of a log.
pub struct ShowReport {
    /// Entries in the whole log.
    pub size: u64,
    pub entries: Vec<Shown>,
    /// The log that this one continues.
    pub earlier: Option<EarlierLog>,
}

/// One entry.
pub struct Shown {
    pub index: u64,
    pub leaf: Leaf,
}

impl Report for ShowReport {
    fn text(&self, words: &Words) -> String {
        let lines = self.entries.iter().map(|Shown { index, leaf }| {
            format!("  {index:>6}  {}  {:<12}{}\n", date_time(leaf.at), leaf.body.kind(), describe(&leaf.body, words))
        });
        let lines: String = lines.collect();
        let shown = count(self.entries.len() as u64, words);
        let shown = words.fill(words.shown_of, &[&shown, &count(self.size, words)]);
        format!("{lines}{shown}\n{}", earlier::lines(self.earlier.as_slice(), words))
    }

    fn json(&self) -> Value {
        let entries = self.entries.iter().map(|Shown { index, leaf }| {
            let mut entry = to_value(leaf);
            entry["index"] = json!(index);
            entry
        });
        json!({ "size": self.size, "entries": entries.collect::<Vec<_>>(), "earlier": self.earlier })
    }
}

/// Seconds since 1970 as RFC 3339, UTC.
pub fn date_time(seconds: i64) -> String {
    match Instant::from_timestamp(seconds, 0) {
        Some(instant) => in_utc(instant),
        // Outside the years that a date can have: the number says it.
        None => seconds.to_string(),
    }
}

/// The end of a line on an entry with which the next one goes on.
fn and_more(more: bool) -> &'static str {
    if more { " …" } else { "" }
}

/// What an entry says, in a line. Never more than the log itself holds: no personal information.
pub fn describe(body: &Body, words: &Words) -> String {
    match body {
        Body::Genesis(genesis) => format!("{} ({})", genesis.origin, genesis.tool),
        Body::Calendar(law) => format!("{} version {}, {}{}", law.number, law.version, law.zone, and_more(law.more)),
        Body::Mapping(mapping) => words.fill(words.leaf_mapping, &[mapping.series.as_str(), mapping.source.as_str()]),
        Body::Approval(approval) => approved(approval, words),
        Body::Rejection(no) => words.fill(words.leaf_rejection, &[no.plan.as_str(), no.actor.as_str()]),
        Body::Hold(hold) => {
            let template = if hold.action == HoldAction::Placed { words.leaf_placed } else { words.leaf_lifted };
            words.fill(template, &[hold.hold.as_str(), words.hold_scope(&hold.scope), hold.actor.as_str()])
        }
        Body::Intent(intent) => {
            let template = if intent.action == Action::Destroy { words.leaf_destroy } else { words.leaf_anonymize };
            let records = count(u64::from(intent.n), words);
            let (series, rule, run) = (intent.series.as_str(), intent.rule.as_str(), intent.run.as_str());
            words.fill(template, &[&records, series, rule, run])
        }
        Body::Outcome(outcome) if !outcome.committed => words.fill(words.leaf_aborted, &[&outcome.intent.to_string()]),
        Body::Outcome(outcome) => {
            let rows = count(outcome.rows.values().sum(), words);
            let files = count(outcome.files.values().sum(), words);
            words.fill(words.leaf_outcome, &[&outcome.intent.to_string(), &outcome.results, &rows, &files])
        }
        Body::Sanitized(level) => {
            words.fill(words.leaf_sanitized, &[level.source.as_str(), &level.level, &level.method])
        }
        Body::Run(run) => {
            let gone = count(run.counts.destroyed + run.counts.anonymized, words);
            let planned = count(run.counts.planned, words);
            words.fill(words.leaf_run, &[run.run.as_str(), run.plan.as_str(), &gone, &planned]) + and_more(run.more)
        }
        Body::Refused(refused) => {
            words.fill(words.leaf_refused, &[&refused.reasons.join(", "), refused.actor.as_str()])
        }
        Body::Correction(correction) => {
            let records = count(correction.records, words);
            let told = words.fill(words.leaf_correction, &[correction.source.as_str(), &correction.what, &records]);
            match correction.unnamed {
                0 => told,
                unnamed => told + &words.fill(words.leaf_unnamed, &[&count(unnamed, words)]),
            }
        }
        Body::Heartbeat(heartbeat) => words.fill(
            words.leaf_heartbeat,
            &[&count(heartbeat.overdue.values().sum(), words), &count(heartbeat.holds, words)],
        ),
        Body::Fpkey(key) => format!("{} {}", key.source, key.year),
        Body::FpkeyDestroyed(key) => format!("{} {}, {}", key.source, key.year, key.actor),
        Body::Sigkey(key) => format!("{}, {}", key.vkey, key.actor),
    }
}

/// Who approved which plan, and what that leaves out of it: an approval in part must not read like one of the whole.
fn approved(approval: &Approval, words: &Words) -> String {
    let mut text = words.fill(words.leaf_approval, &[approval.plan.as_str(), approval.actor.as_str()]);
    if !approval.only.is_empty() {
        let only: Vec<_> = approval.only.iter().map(RuleNumber::as_str).collect();
        text += &words.fill(words.leaf_approval_only, &[&only.join(", ")]);
    }
    if approval.excepted > 0 {
        text += &words.fill(words.leaf_approval_excepted, &[&count(approval.excepted, words)]);
    }
    if !approval.accepted.is_empty() {
        text += &words.fill(words.leaf_approval_rails, &[&approval.accepted.join(", ")]);
    }
    text
}

/// The signed checkpoint, as it is to be kept.
pub struct CheckpointReport<'a> {
    pub signed: &'a SignedCheckpoint,
}

impl Report for CheckpointReport<'_> {
    /// The note to the byte, so that it may go into a file or on paper.
    fn text(&self, _words: &Words) -> String {
        self.signed.to_string()
    }

    fn json(&self) -> Value {
        let claimed = self.signed.claimed();
        json!({
            "origin": claimed.origin, "size": claimed.tree.size, "root": claimed.tree.root,
            "checkpoint": self.signed.to_string(),
        })
    }
}

/// A proof of one entry.
#[derive(Debug, Serialize)]
pub struct ProofText {
    pub entry: u64,
    pub proof: String,
    pub written_to: Option<PathBuf>,
}

impl Report for ProofText {
    /// The proof to the byte, or where it was written.
    fn text(&self, words: &Words) -> String {
        match &self.written_to {
            Some(path) => {
                format!(
                    "{}\n",
                    words.fill(words.proof_written, &[&count(self.entry, words), &path.display().to_string()])
                )
            }
            None => self.proof.clone(),
        }
    }

    fn json(&self) -> Value {
        to_value(self)
    }
}

/// What a witness says.
#[derive(Debug, Serialize)]
pub struct Cosigned {
    pub cosignature: String,
    pub witness_key: String,
}

impl Report for Cosigned {
    /// The line to the byte, for `audit checkpoint --add`.
    fn text(&self, _words: &Words) -> String {
        self.cosignature.clone()
    }

    fn json(&self) -> Value {
        to_value(self)
    }
}

/// A cosignature was stored.
#[derive(Debug, Serialize)]
pub struct CosignatureStored {
    /// Entries that the witness saw.
    pub size: u64,
}

impl Report for CosignatureStored {
    fn text(&self, words: &Words) -> String {
        format!("{}\n", words.fill(words.witness_saw, &[&count(self.size, words)]))
    }

    fn json(&self) -> Value {
        to_value(self)
    }
}

/// A fingerprint key was destroyed.
#[derive(Debug, Serialize)]
pub struct KeyForgotten {
    pub source: String,
    pub year: i32,
}

impl Report for KeyForgotten {
    fn text(&self, words: &Words) -> String {
        format!("{}\n", words.fill(words.key_forgotten, &[&self.source, &self.year.to_string()]))
    }

    fn json(&self) -> Value {
        to_value(self)
    }
}

/// The log is signed by another key from now on.
#[derive(Debug, Serialize)]
pub struct KeyRotated {
    pub origin: String,
    /// Entries of the log, that of the new key included.
    pub size: u64,
    pub old: Option<String>,
    pub new: String,
}

impl Report for KeyRotated {
    fn text(&self, words: &Words) -> String {
        let mut text = format!("{}\n", words.fill(words.key_rotated, &[&self.origin, &count(self.size, words)]));
        for (label, key) in [(words.key_new, Some(&self.new)), (words.key_old, self.old.as_ref())] {
            if let Some(key) = key {
                text += &format!("  {label}{}{key}\n", words.colon);
            }
        }
        text + words.key_hand_out + "\n"
    }

    fn json(&self) -> Value {
        to_value(self)
    }
}

/// Entries were exported.
#[derive(Debug, Serialize)]
pub struct Exported {
    pub entries: u64,
    pub written_to: PathBuf,
    /// The log that the one exported continues.
    pub earlier: Option<EarlierLog>,
}

impl Report for Exported {
    fn text(&self, words: &Words) -> String {
        let path = self.written_to.display().to_string();
        let exported = words.fill(words.exported, &[&count(self.entries, words), &path]);
        format!("{exported}\n{}", earlier::lines(self.earlier.as_slice(), words))
    }

    fn json(&self) -> Value {
        to_value(self)
    }
}

/// A successor log was begun.
#[derive(Debug, Serialize)]
pub struct Adopted {
    pub origin: String,
    pub predecessor: String,
    /// Entries of the predecessor that can be relied on.
    pub read: u64,
    /// Whether it had more: they cannot be read, or are not those that were signed.
    pub partial: bool,
    /// Where the predecessor lies now.
    pub kept: Option<PathBuf>,
    /// The key of keyed digests was lost, so a new one was made.
    pub new_digest_key: bool,
    /// Files that batches under the old log have left, or were about to unlink when a crash interrupted them.
    pub left: Vec<PlanLeft>,
    /// What the reader types before a subcommand.
    #[serde(skip)]
    pub program: String,
}

impl Adopted {
    /// A successor, the files that wait under it by their plans, and what is typed before a subcommand.
    pub fn new(successor: Successor, left: BTreeMap<PlanId, u64>, program: String) -> Self {
        let Successor { origin, predecessor, read, partial, kept, new_digest_key } = successor;
        let (origin, predecessor) = (origin.to_string(), predecessor.to_string());
        let left = left.into_iter().map(|(plan, files)| PlanLeft { plan: plan.to_string(), files }).collect();
        Self { origin, predecessor, read, partial, kept, new_digest_key, left, program }
    }
}

impl Report for Adopted {
    fn text(&self, words: &Words) -> String {
        let mut text = format!("{}\n", words.fill(words.adopted, &[&self.origin, &self.predecessor]));
        if let Some(kept) = &self.kept {
            let read = count(self.read, words);
            text += &format!("{}\n", words.fill(words.predecessor_lies, &[&kept.display().to_string(), &read]));
        }
        if self.partial {
            text += &format!("{}\n", words.fill(words.predecessor_partial, &[&count(self.read, words)]));
        }
        if self.new_digest_key {
            text += &format!("{}\n", words.new_digest_key);
        }
        text.extend(self.left.iter().map(|left| left.line(&self.program, words)));
        text + words.adopted_next + "\n"
    }

    fn json(&self) -> Value {
        to_value(self)
    }
}

#[cfg(test)]
mod tests;
