//! Entries of the destruction log, one line each, and the short texts that go with it.

mod done;
#[cfg(test)]
mod tests;

pub use done::{Adopted, CheckpointReport, CosignatureStored, Cosigned, Exported, KeyForgotten, KeyRotated, ProofText};

use serde_json::{Value, json};

use super::earlier;
use super::table::count;
use super::{Report, Words, to_value};
use crate::audit::earlier::EarlierLog;
use crate::audit::leaf::{Action, Approval, Body, HoldAction, Leaf};
use crate::model::{Instant, RuleNumber, in_utc};

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
        let shown = words.fill(words.audit.shown_of, &[&shown, &count(self.size, words)]);
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
        Body::Mapping(mapping) => {
            words.fill(words.audit.leaf_mapping, &[mapping.series.as_str(), mapping.source.as_str()])
        }
        Body::Approval(approval) => approved(approval, words),
        Body::Rejection(no) => words.fill(words.audit.leaf_rejection, &[no.plan.as_str(), no.actor.as_str()]),
        Body::Hold(hold) => {
            let template =
                if hold.action == HoldAction::Placed { words.audit.leaf_placed } else { words.audit.leaf_lifted };
            words.fill(template, &[hold.hold.as_str(), words.hold_scope(&hold.scope), hold.actor.as_str()])
        }
        Body::Intent(intent) => {
            let template =
                if intent.action == Action::Destroy { words.audit.leaf_destroy } else { words.audit.leaf_anonymize };
            let records = count(u64::from(intent.n), words);
            let (series, rule, run) = (intent.series.as_str(), intent.rule.as_str(), intent.run.as_str());
            words.fill(template, &[&records, series, rule, run])
        }
        Body::Outcome(outcome) if !outcome.committed => {
            words.fill(words.audit.leaf_aborted, &[&outcome.intent.to_string()])
        }
        Body::Outcome(outcome) => {
            let rows = count(outcome.rows.values().sum(), words);
            let files = count(outcome.files.values().sum(), words);
            words.fill(words.audit.leaf_outcome, &[&outcome.intent.to_string(), &outcome.results, &rows, &files])
        }
        Body::Sanitized(level) => {
            words.fill(words.audit.leaf_sanitized, &[level.source.as_str(), &level.level, &level.method])
        }
        Body::Run(run) => {
            let gone = count(run.counts.destroyed + run.counts.anonymized, words);
            let planned = count(run.counts.planned, words);
            words.fill(words.audit.leaf_run, &[run.run.as_str(), run.plan.as_str(), &gone, &planned])
                + and_more(run.more)
        }
        Body::Refused(refused) => {
            words.fill(words.audit.leaf_refused, &[&refused.reasons.join(", "), refused.actor.as_str()])
        }
        Body::Correction(correction) => {
            let records = count(correction.records, words);
            let told =
                words.fill(words.audit.leaf_correction, &[correction.source.as_str(), &correction.what, &records]);
            match correction.unnamed {
                0 => told,
                unnamed => told + &words.fill(words.audit.leaf_unnamed, &[&count(unnamed, words)]),
            }
        }
        Body::Heartbeat(heartbeat) => words.fill(
            words.audit.leaf_heartbeat,
            &[&count(heartbeat.overdue.values().sum(), words), &count(heartbeat.holds, words)],
        ),
        Body::Fpkey(key) => format!("{} {}", key.source, key.year),
        Body::FpkeyDestroyed(key) => format!("{} {}, {}", key.source, key.year, key.actor),
        Body::Sigkey(key) => format!("{}, {}", key.vkey, key.actor),
    }
}

/// Who approved which plan, and what that leaves out of it: an approval in part must not read like one of the whole.
fn approved(approval: &Approval, words: &Words) -> String {
    let mut text = words.fill(words.audit.leaf_approval, &[approval.plan.as_str(), approval.actor.as_str()]);
    if !approval.only.is_empty() {
        let only: Vec<_> = approval.only.iter().map(RuleNumber::as_str).collect();
        text += &words.fill(words.audit.leaf_approval_only, &[&only.join(", ")]);
    }
    if approval.excepted > 0 {
        text += &words.fill(words.audit.leaf_approval_excepted, &[&count(approval.excepted, words)]);
    }
    if !approval.accepted.is_empty() {
        text += &words.fill(words.audit.leaf_approval_rails, &[&approval.accepted.join(", ")]);
    }
    text
}
