//! Verification of a whole log, offline: from its directory, and what the auditor trusts, alone.
//!
//! Everything is read once, in order, in constant memory. The verdict claims no more than was checked: signatures and
//! hashes bind the entries; dates and counts are compared with what the operator recorded; whether a record existed, no
//! log can tell.

mod ahead;
mod anchors;
mod batches;
mod begun;
mod corrections;
mod effects;
mod findings;
mod flaw;
mod gone;
mod governing;
mod holds;
mod journal;
mod keys;
mod law;
mod ledger;
mod plans;
mod predecessors;
mod rule_set;
mod runs;
mod spans;
mod sums;
mod tally;
mod term;
mod tree;
mod words;

use std::fmt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

pub use findings::Finding;
pub use flaw::Flaw;
pub use tally::{RuleTally, Tally};
pub use term::{Term, TermError};

use findings::Findings;
use ledger::Ledger;
use tree::TreeReader;

use super::checkpoint::SignedCheckpoint;
use super::earlier::EarlierLog;
use super::leaf::{CalendarLeaf, RuleTerm};
use super::note::VerifierKey;
use super::recover::checkpoint_path;
use super::regular::{self, MAX_BLOB, MAX_CHECKPOINT};
use crate::model::{Digest, Origin, RuleNumber};

/// How often a log is read again that was published anew while it was read.
const ATTEMPTS: u32 = 4;

/// Longest time, in seconds, by which the operator's clock may be ahead of a witness's or an auditor's.
pub(super) const CLOCK_TOLERANCE: i64 = 300;

/// What the auditor brings along.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// The operator's verifier key, obtained by another way than the log.
    pub key: Option<VerifierKey>,
    /// Checkpoints of this log that the auditor received earlier and kept.
    pub older: Vec<SignedCheckpoint>,
    /// Verifier keys of witnesses whose cosignatures count.
    pub witnesses: Vec<VerifierKey>,
    /// The auditor's time (seconds since 1970): no entry may be dated after it.
    pub now: Option<i64>,
    /// Directories of the logs before this one; none: those beside it are looked at (`DIR.N`).
    pub earlier: Vec<PathBuf>,
    /// Reads a calendar's text as the leaf that it makes, so that leaves are held against their texts.
    pub read_text: Option<ReadText>,
}

/// Reads a calendar's text as the leaf that it makes; else says in one sentence why it cannot.
pub type ReadText = fn(&[u8]) -> Result<CalendarLeaf, String>;

/// The answer: never a bare OK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Fail,
    /// Sound in itself; but who holds the signing key could have written all of it anew yesterday.
    OkUnanchored,
    /// Sound in itself, and its first entries, this many, are those that somebody else saw.
    OkAnchoredTo(u64),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fail => f.write_str("FAIL"),
            Self::OkUnanchored => f.write_str("OK-UNANCHORED"),
            Self::OkAnchoredTo(size) => write!(f, "OK-ANCHORED-TO-{size}"),
        }
    }
}

impl Serialize for Verdict {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Why the first entries of a log cannot have been rewritten unnoticed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Anchor {
    /// How many entries it binds.
    pub size: u64,
    /// The witness that saw them, and when (seconds since 1970); `None` for a checkpoint that the auditor kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witness: Option<Seen>,
}

/// A witness's statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Seen {
    pub by: String,
    pub at: u64,
}

/// What verification found.
#[derive(Debug, Serialize)]
pub struct Report {
    pub verdict: Verdict,
    /// The log's name, where its checkpoint could be read.
    pub origin: Option<Origin>,
    /// Entries that the checkpoint's signature covers, and their root.
    pub size: u64,
    pub root: Option<Digest>,
    /// The verifier key of the signature, as text.
    pub signed_by: Option<String>,
    /// Whether the auditor brought that key along; else it is only what the log says of itself.
    pub key_was_given: bool,
    pub anchors: Vec<Anchor>,
    /// The logs that this one continues, the last one first, as far as each leads to the one before. What their entries
    /// say is not judged.
    pub earlier: Vec<EarlierLog>,
    /// Whether these are all: the last of them, or this log itself, is known to continue none.
    #[serde(skip)]
    pub are_all_earlier_known: bool,
    /// Entries in the journal that no checkpoint covers yet: read and judged, but nothing yet binds the operator to
    /// them. `None` where the directory has no journal, as a copy of the published part alone.
    pub unsigned: Option<u64>,
    pub tally: Tally,
    pub findings: Vec<Finding>,
    /// Findings beyond those listed.
    pub more_findings: u64,
}

impl Serialize for Finding {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Row<'a> {
            entry: Option<u64>,
            code: &'a str,
            message: String,
        }
        Row { entry: self.entry, code: self.flaw.code(), message: self.flaw.to_string() }.serialize(serializer)
    }
}

/// Verifies the log in `dir`. Needs no configuration, no key of the operator's and no access to the records.
///
/// A log that is being written may be published anew while it is read; then it is read again.
pub fn verify(dir: &Path, trust: &Trust) -> Report {
    let checkpoint = || regular::read(&checkpoint_path(dir), MAX_CHECKPOINT).ok();
    let mut before = checkpoint();
    let mut report = verify_once(dir, trust);
    for _ in 1..ATTEMPTS {
        let after = checkpoint();
        if report.verdict != Verdict::Fail || after == before {
            break;
        }
        before = after;
        report = verify_once(dir, trust);
    }
    report
}

fn verify_once(dir: &Path, trust: &Trust) -> Report {
    let mut findings = Findings::default();
    // First: a checkpoint that is published meanwhile only covers more.
    let witnessed = anchors::read_witnessed(dir, &mut findings);
    let Some(checkpoint) = read_checkpoint(dir, &mut findings) else {
        return Report::without_checkpoint(findings);
    };
    let head = checkpoint.claimed().clone();
    let mut ledger = Ledger::new(head.origin.clone(), trust.now);
    let mut tree = TreeReader::new(dir, head.tree, trust.older.iter().chain(witnessed.iter().map(|(_, note)| note)));
    let is_whole = tree.read(&mut ledger, &mut findings);
    ledger.end_signed(head.tree.size, &mut findings);
    let (mut anchors, mut earlier) = (Vec::new(), Vec::new());
    if is_whole {
        earlier = predecessors::look_for(dir, trust, &ledger, &mut findings);
        anchors::check_key(&checkpoint, trust, &ledger, &mut findings);
        anchors = anchors::check_older(&checkpoint, trust, &witnessed, &tree, &ledger, &earlier, &mut findings);
    }
    let signed_by = ledger.signing_key(head.tree.size).map(ToString::to_string);
    let unsigned = if is_whole { journal::read(dir, head.tree.size, &mut ledger, &mut findings) } else { Some(0) };
    if is_whole {
        predecessors::check_spoken_of(&head.origin, &earlier, &ledger, &mut findings);
        anchors::check_vkey_file(dir, head.tree.size, &ledger, &mut findings);
    }
    check_texts(dir, trust.read_text, &ledger, &mut findings);
    let tally = ledger.finish(head.tree.size + unsigned.unwrap_or(0), &mut findings);
    let (findings, more_findings) = findings.into_parts();
    let verdict = match anchors.iter().map(|anchor| anchor.size).max() {
        _ if !findings.is_empty() => Verdict::Fail,
        None | Some(0) => Verdict::OkUnanchored,
        Some(size) => Verdict::OkAnchoredTo(size),
    };
    Report {
        verdict,
        origin: Some(head.origin),
        size: head.tree.size,
        root: Some(head.tree.root),
        signed_by,
        key_was_given: trust.key.is_some(),
        anchors,
        earlier: earlier.iter().map(EarlierLog::from).collect(),
        are_all_earlier_known: predecessors::are_all_known(&earlier),
        unsigned,
        tally,
        findings,
        more_findings,
    }
}

impl Report {
    fn without_checkpoint(findings: Findings) -> Self {
        let (findings, more_findings) = findings.into_parts();
        Self {
            verdict: Verdict::Fail,
            origin: None,
            size: 0,
            root: None,
            signed_by: None,
            key_was_given: false,
            anchors: Vec::new(),
            earlier: Vec::new(),
            are_all_earlier_known: false,
            unsigned: None,
            tally: Tally::default(),
            findings,
            more_findings,
        }
    }
}

fn read_checkpoint(dir: &Path, findings: &mut Findings) -> Option<SignedCheckpoint> {
    let file = || "checkpoint".to_owned();
    match regular::read(&checkpoint_path(dir), MAX_CHECKPOINT) {
        Err(error) => findings.add(None, Flaw::Unreadable { file: file(), reason: error.to_string() }),
        Ok(bytes) => match SignedCheckpoint::parse(&bytes) {
            Ok(checkpoint) => return Some(checkpoint),
            Err(error) => findings.add(None, Flaw::Damaged { file: file(), reason: error.to_string() }),
        },
    }
    None
}

/// The text of every calendar lies in `blobs`, so that an auditor can read the law that was obeyed.
fn check_texts(dir: &Path, read_text: Option<ReadText>, ledger: &Ledger, findings: &mut Findings) {
    for (entry, leaf) in ledger.calendars() {
        let file = format!("blobs/{}", leaf.digest);
        match regular::read(&dir.join(&file), MAX_BLOB) {
            Ok(bytes) if Digest::of(&bytes) == leaf.digest => {
                let differs = read_text.and_then(|read_text| difference(leaf, &read_text(&bytes)));
                if let Some(reason) = differs {
                    findings.at(entry, Flaw::TextDiffers { file, reason });
                }
            }
            Ok(_) => {
                let reason = "it is not the text of the calendar that this entry declares".to_owned();
                findings.at(entry, Flaw::Damaged { file, reason });
            }
            Err(error) => findings.at(entry, Flaw::Unreadable { file, reason: error.to_string() }),
        }
    }
}

/// Why a leaf is not what its text makes of it.
fn difference(leaf: &CalendarLeaf, read: &Result<CalendarLeaf, String>) -> Option<String> {
    let read = match read {
        Ok(read) => read,
        Err(reason) => return Some(reason.clone()),
    };
    let parts = [
        ("its number or version is another", (&leaf.number, leaf.version) == (&read.number, read.version)),
        (
            "its effective dates are others",
            (leaf.effective_from, leaf.effective_until) == (read.effective_from, read.effective_until),
        ),
        ("its zone is another", leaf.zone == read.zone),
        ("its rules are others", are_same(leaf, read)),
    ];
    parts.into_iter().find(|(_, is_same)| !is_same).map(|(reason, _)| reason.to_owned())
}

/// Whether two leaves have the same rules: a period may be written in other units.
fn are_same(one: &CalendarLeaf, other: &CalendarLeaf) -> bool {
    let same = |(number, one): (&RuleNumber, &RuleTerm)| {
        other.rules.get(number).is_some_and(|other| {
            (&one.series, &one.disposition) == (&other.series, &other.disposition) && Term::is_same(one, other)
        })
    };
    one.rules.len() == other.rules.len() && one.rules.iter().all(same)
}

/// A fingerprint as leaves write one.
fn encode_fingerprint(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
