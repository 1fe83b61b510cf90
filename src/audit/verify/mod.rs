//! Verification of a whole log, offline: from its directory, and what the auditor trusts, alone.
//!
//! Everything is read once, in order, in constant memory. The verdict claims no more than was checked: signatures and hashes bind the
//! entries; dates and counts are compared with what the operator recorded; whether a record existed, no log can tell.

mod batches;
mod flaw;
mod journal;
mod law;
mod ledger;
mod people;
mod tally;
mod term;
mod tree;

use std::fmt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

pub use flaw::{Finding, Flaw};
pub use tally::{RuleTally, Tally};
pub use term::{Term, TermError};

use flaw::Findings;
use ledger::Ledger;
use tree::TreeReader;

use super::checkpoint::SignedCheckpoint;
use super::note::{NoteError, VerifierKey};
use crate::model::{Digest, Origin};

/// How often a log is read again that was published anew while it was read.
const ATTEMPTS: u32 = 4;

/// Longest time, in seconds, by which the operator's clock may be ahead of a witness's.
const CLOCK_TOLERANCE: i64 = 300;

/// What the auditor brings along.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// The operator's verifier key, obtained by another way than the log.
    pub key: Option<VerifierKey>,
    /// Checkpoints of this log that the auditor received earlier and kept.
    pub older: Vec<SignedCheckpoint>,
    /// Verifier keys of witnesses whose cosignatures count.
    pub witnesses: Vec<VerifierKey>,
}

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
    /// Entries in the journal that no checkpoint covers yet: read and judged, but nothing yet binds the operator to them. `None` where the
    /// directory has no journal, as a copy of the published part alone.
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
    let checkpoint = || std::fs::read(dir.join("checkpoint")).ok();
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
    let Some(checkpoint) = read_checkpoint(dir, &mut findings) else {
        return Report::without_checkpoint(findings);
    };
    let head = checkpoint.claimed().clone();
    let witnessed = read_witnessed(dir, trust, &mut findings);
    let mut ledger = Ledger::new(head.origin.clone());
    let mut tree = TreeReader::new(dir, head.tree, trust.older.iter().chain(&witnessed));
    let is_whole = tree.read(&mut ledger, &mut findings);
    let mut anchors = Vec::new();
    if is_whole {
        check_key(&checkpoint, trust, &ledger, &mut findings);
        anchors = check_older(&checkpoint, trust, witnessed.as_ref(), &tree, &ledger, &mut findings);
    }
    let signed_by = ledger.signing_key(head.tree.size).map(ToString::to_string);
    let unsigned = if is_whole { journal::read(dir, head.tree.size, &mut ledger, &mut findings) } else { Some(0) };
    if is_whole {
        check_vkey_file(dir, head.tree.size, &ledger, &mut findings);
    }
    check_texts(dir, &ledger, &mut findings);
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
            unsigned: None,
            tally: Tally::default(),
            findings,
            more_findings,
        }
    }
}

fn read_checkpoint(dir: &Path, findings: &mut Findings) -> Option<SignedCheckpoint> {
    let file = || "checkpoint".to_owned();
    match std::fs::read(dir.join("checkpoint")) {
        Err(error) => findings.add(None, Flaw::Unreadable { file: file(), reason: error.to_string() }),
        Ok(bytes) => match SignedCheckpoint::parse(&bytes) {
            Ok(checkpoint) => return Some(checkpoint),
            Err(error) => findings.add(None, Flaw::Damaged { file: file(), reason: error.to_string() }),
        },
    }
    None
}

/// The note of co-signed checkpoints, where witnesses are trusted: their signatures make it worth as much as a checkpoint kept.
fn read_witnessed(dir: &Path, trust: &Trust, findings: &mut Findings) -> Option<SignedCheckpoint> {
    if trust.witnesses.is_empty() {
        return None;
    }
    super::witness::read_witnessed(dir).unwrap_or_else(|error| {
        findings.add(None, Flaw::Damaged { file: "witnessed".to_owned(), reason: error.to_string() });
        None
    })
}

/// The checkpoint is signed by the key that the log declares last, which is the one that the auditor trusts.
fn check_key(checkpoint: &SignedCheckpoint, trust: &Trust, ledger: &Ledger, findings: &mut Findings) {
    let size = checkpoint.claimed().tree.size;
    let declared = ledger.signing_key(size);
    let other = trust.key.as_ref().filter(|key| Some(*key) != declared);
    for key in other.into_iter().chain(declared) {
        if let Err(error) = checkpoint.verify(key) {
            findings.add(None, Flaw::NotSignedBy { key: key.to_string(), reason: error.to_string() });
        }
    }
    if declared.is_none() || other.is_some() {
        findings.add(None, Flaw::UndeclaredKey { size });
    }
}

/// The file `vkey` holds the key that the log declares last; after a rotation that may be one that signs only from the next checkpoint on.
fn check_vkey_file(dir: &Path, size: u64, ledger: &Ledger, findings: &mut Findings) {
    match std::fs::read(dir.join("vkey")) {
        Ok(bytes) => {
            let declared = [ledger.signing_key(size), ledger.signing_key(u64::MAX)];
            if !declared.iter().flatten().any(|key| format!("{key}\n").as_bytes() == bytes) {
                findings.add(None, Flaw::VkeyFile);
            }
        }
        Err(error) => findings.add(None, Flaw::Unreadable { file: "vkey".to_owned(), reason: error.to_string() }),
    }
}

/// The text of every calendar lies in `blobs`, so that an auditor can read the law that was obeyed.
fn check_texts(dir: &Path, ledger: &Ledger, findings: &mut Findings) {
    for (digest, entry) in ledger.texts() {
        let file = format!("blobs/{digest}");
        match std::fs::read(dir.join(&file)) {
            Ok(bytes) if Digest::of(&bytes) == *digest => (),
            Ok(_) => {
                let reason = "it is not the text of the calendar that this entry declares".to_owned();
                findings.at(entry, Flaw::Damaged { file, reason });
            }
            Err(error) => findings.at(entry, Flaw::Unreadable { file, reason: error.to_string() }),
        }
    }
}

/// Every older checkpoint is of this log, signed by the key of its time, and a beginning of this tree.
fn check_older(
    checkpoint: &SignedCheckpoint,
    trust: &Trust,
    witnessed: Option<&SignedCheckpoint>,
    tree: &TreeReader<'_>,
    ledger: &Ledger,
    findings: &mut Findings,
) -> Vec<Anchor> {
    let size = checkpoint.claimed().tree.size;
    let mut anchors = Vec::new();
    let kept = trust.older.iter().map(|older| (older, true));
    for (older, was_kept) in kept.chain(witnessed.map(|witnessed| (witnessed, false))) {
        let claimed = older.claimed();
        let (older_size, origin) = (claimed.tree.size, &claimed.origin);
        if *origin != checkpoint.claimed().origin {
            findings.add(None, Flaw::OtherLog { older: older_size, origin: origin.to_string() });
        } else if older_size > size {
            findings.add(None, Flaw::Shortened { older: older_size, size });
        } else if tree.root_at(older_size) != Some(claimed.tree.root) {
            findings.add(None, Flaw::Inconsistent { older: older_size });
        } else if ledger.signing_key(older_size).is_none_or(|key| older.verify(key).is_err()) {
            findings.add(None, Flaw::UndeclaredKey { size: older_size });
        } else {
            anchors.extend(was_kept.then_some(Anchor { size: older_size, witness: None }));
            anchors.extend(check_witnesses(older, trust, tree, findings));
        }
    }
    anchors.extend(check_witnesses(checkpoint, trust, tree, findings));
    anchors
}

/// Cosignatures of trusted witnesses on a checkpoint of this tree. No entry may be dated after a witness had seen it.
fn check_witnesses(
    checkpoint: &SignedCheckpoint,
    trust: &Trust,
    tree: &TreeReader<'_>,
    findings: &mut Findings,
) -> Vec<Anchor> {
    let size = checkpoint.claimed().tree.size;
    let mut anchors = Vec::new();
    for witness in &trust.witnesses {
        match checkpoint.note().verify(witness) {
            Ok(Some(seen)) => {
                if let Some((entry, at)) = tree.last_before(size)
                    && i64::try_from(seen).is_ok_and(|seen| at > seen.saturating_add(CLOCK_TOLERANCE))
                {
                    findings.at(entry, Flaw::AfterWitness { at, seen });
                }
                anchors.push(Anchor { size, witness: Some(Seen { by: witness.name().to_owned(), at: seen }) });
            }
            Ok(None) | Err(NoteError::Unsigned(_)) => (),
            Err(error) => {
                findings.add(None, Flaw::Damaged { file: "checkpoint".to_owned(), reason: error.to_string() });
            }
        }
    }
    anchors
}

/// A fingerprint as leaves write one.
fn encode_fingerprint(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
