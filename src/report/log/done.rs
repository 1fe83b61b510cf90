//! What the subcommands of `audit` did to a log, or read from it to be handed over.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::{Value, json};

use crate::audit::checkpoint::SignedCheckpoint;
use crate::audit::earlier::EarlierLog;
use crate::audit::note::VerifierKey;
use crate::audit::witness::{Handed, Kept, Sight};
use crate::disposition::desk::Successor;
use crate::model::{Origin, PlanId};
use crate::report::plain::one_line;
use crate::report::plan::PlanLeft;
use crate::report::table::count;
use crate::report::{Report, Words, earlier, to_value};

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
                    words.fill(words.audit.proof_written, &[&count(self.entry, words), &path.display().to_string()])
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
    /// The logs that the co-signed one continues.
    pub earlier: Vec<EarlierLog>,
    /// Where more may stand before these: the logs that this witness had co-signed and that are not among them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub others: Option<Vec<SeenBefore>>,
}

/// A log of which a witness had co-signed a beginning.
#[derive(Debug, Serialize)]
pub struct SeenBefore {
    pub log: Origin,
    pub entries: u64,
}

impl Cosigned {
    /// What was seen, under the key of this witness.
    pub fn new(sight: Sight, witness_key: &VerifierKey) -> Self {
        let seen = |Kept { log, entries, .. }| SeenBefore { log, entries };
        Self {
            cosignature: sight.cosignature.to_string(),
            witness_key: witness_key.to_string(),
            earlier: sight.earlier,
            others: sight.others.map(|others| others.into_iter().map(seen).collect()),
        }
    }

    /// What the cosignature says nothing of, a sentence or two each: the line itself must stay as it is.
    pub fn unseen(&self, words: &Words) -> Vec<String> {
        let mut told: Vec<_> = self.earlier.iter().filter_map(|log| earlier::not_seen(log, words)).collect();
        if let (Some(others), Some(last)) = (&self.others, self.earlier.last()) {
            told.push(words.fill(words.audit.witness_first_unknown, &[last.log.as_str()]));
            let seen = |one: &SeenBefore| format!("{} ({})", one.log, count(one.entries, words));
            if !others.is_empty() {
                let others: Vec<_> = others.iter().map(seen).collect();
                told.push(words.fill(words.audit.witness_others, &[&others.join(", ")]));
            }
        }
        told
    }
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

/// What became of a cosignature.
#[derive(Debug, Serialize)]
pub struct CosignatureStored {
    /// Entries that the witness saw.
    pub size: u64,
    /// Whether its line stands beside the log now that did not before.
    pub stored: bool,
    /// Where it does not: the entries under the line of this witness that stands already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standing: Option<u64>,
}

impl From<Handed> for CosignatureStored {
    fn from(Handed { size, standing }: Handed) -> Self {
        Self { size, stored: standing.is_none(), standing }
    }
}

impl Report for CosignatureStored {
    fn text(&self, words: &Words) -> String {
        let told = match self.standing {
            None => words.fill(words.audit.witness_saw, &[&count(self.size, words)]),
            Some(standing) => {
                words.fill(words.audit.witness_stands, &[&count(standing, words), &count(self.size, words)])
            }
        };
        format!("{told}\n")
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
        format!("{}\n", words.fill(words.audit.key_forgotten, &[&self.source, &self.year.to_string()]))
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
        let mut text = format!("{}\n", words.fill(words.audit.key_rotated, &[&self.origin, &count(self.size, words)]));
        for (label, key) in [(words.audit.key_new, Some(&self.new)), (words.audit.key_old, self.old.as_ref())] {
            if let Some(key) = key {
                text += &format!("  {label}{}{key}\n", words.colon);
            }
        }
        text + words.audit.key_hand_out + "\n"
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
        let exported = words.fill(words.audit.exported, &[&count(self.entries, words), &path]);
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
    /// Why the old log could not be opened, where it could not: what waited in it for an outcome nobody could see.
    pub unopened: Option<String>,
    /// Files that batches under the old log have left, or were about to unlink when a crash interrupted them.
    pub left: Vec<PlanLeft>,
    /// What the reader types before a subcommand.
    #[serde(skip)]
    pub program: String,
}

impl Adopted {
    /// A successor, the files that wait under it by their plans, and what is typed before a subcommand.
    pub fn new(successor: Successor, left: BTreeMap<PlanId, u64>, program: String) -> Self {
        let Successor { origin, predecessor, read, partial, kept, new_digest_key, unopened } = successor;
        let (origin, predecessor) = (origin.to_string(), predecessor.to_string());
        let left = left.into_iter().map(|(plan, files)| PlanLeft { plan: plan.to_string(), files }).collect();
        Self { origin, predecessor, read, partial, kept, new_digest_key, unopened, left, program }
    }
}

impl Report for Adopted {
    fn text(&self, words: &Words) -> String {
        let mut text = format!("{}\n", words.fill(words.audit.adopted, &[&self.origin, &self.predecessor]));
        if let Some(kept) = &self.kept {
            let read = count(self.read, words);
            text += &format!("{}\n", words.fill(words.audit.predecessor_lies, &[&kept.display().to_string(), &read]));
        }
        if self.partial {
            text += &format!("{}\n", words.fill(words.audit.predecessor_partial, &[&count(self.read, words)]));
        }
        if let Some(reason) = &self.unopened {
            text += &format!(
                "{}\n",
                words.fill(words.audit.predecessor_unopened, &[one_line(reason).trim_end_matches('.')])
            );
        }
        if self.new_digest_key {
            text += &format!("{}\n", words.audit.new_digest_key);
        }
        text.extend(self.left.iter().map(|left| left.line(&self.program, words)));
        text + words.audit.adopted_next + "\n"
    }

    fn json(&self) -> Value {
        to_value(self)
    }
}
