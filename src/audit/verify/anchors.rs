//! What a log is held against from outside: the key that the auditor trusts, checkpoints kept earlier, witnesses.

use std::path::Path;

use super::findings::Findings;
use super::flaw::Flaw;
use super::ledger::Ledger;
use super::tree::TreeReader;
use super::{Anchor, CLOCK_TOLERANCE, Seen, Trust, predecessors};
use crate::audit::checkpoint::SignedCheckpoint;
use crate::audit::earlier::Earlier;
use crate::audit::note::NoteError;
use crate::audit::regular::{self, MAX_KEY};
use crate::audit::witness::{read_note, witnessed_names};

/// The checkpoint is signed by the key that the log declares last, which is the one that the auditor trusts.
pub(super) fn check_key(checkpoint: &SignedCheckpoint, trust: &Trust, ledger: &Ledger, findings: &mut Findings) {
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

/// The file `vkey` holds the key that the log declares last; after a rotation that may be one that signs only from the
/// next checkpoint on.
pub(super) fn check_vkey_file(dir: &Path, size: u64, ledger: &Ledger, findings: &mut Findings) {
    match regular::read(&dir.join("vkey"), MAX_KEY) {
        Ok(bytes) => {
            let declared = [ledger.signing_key(size), ledger.signing_key(u64::MAX)];
            if !declared.iter().flatten().any(|key| format!("{key}\n").as_bytes() == bytes) {
                findings.add(None, Flaw::VkeyFile);
            }
        }
        Err(error) => findings.add(None, Flaw::Unreadable { file: "vkey".to_owned(), reason: error.to_string() }),
    }
}

/// The notes of co-signed checkpoints, by their files: trusted witnesses' signatures make them worth as much as a
/// checkpoint kept, and the log's own holds it to what they say even where nobody trusts them.
pub(super) fn read_witnessed(dir: &Path, findings: &mut Findings) -> Vec<(String, SignedCheckpoint)> {
    let names = witnessed_names(dir).unwrap_or_else(|error| {
        findings.add(None, Flaw::Unreadable { file: "the directory of the log".to_owned(), reason: error.to_string() });
        Vec::new()
    });
    let read = |name: String| match read_note(dir, &name) {
        Ok(note) => note.map(|note| (name, note)),
        Err(error) => {
            findings.add(None, Flaw::Damaged { file: name, reason: error.to_string() });
            None
        }
    };
    names.into_iter().filter_map(read).collect()
}

/// Every older checkpoint is of this log, or one before it, signed by the key of its time, and a beginning of its tree.
/// Those of a log before bind nothing of this one.
pub(super) fn check_older(
    checkpoint: &SignedCheckpoint,
    trust: &Trust,
    witnessed: &[(String, SignedCheckpoint)],
    tree: &TreeReader<'_>,
    ledger: &Ledger,
    earlier: &[Earlier],
    findings: &mut Findings,
) -> Vec<Anchor> {
    let size = checkpoint.claimed().tree.size;
    let mut anchors = Vec::new();
    let kept = trust.older.iter().map(|older| (older, None));
    for (older, file) in kept.chain(witnessed.iter().map(|(file, witnessed)| (witnessed, Some(file)))) {
        let claimed = older.claimed();
        let (older_size, origin) = (claimed.tree.size, &claimed.origin);
        let mut add = |flaw| {
            findings.add(
                None,
                match file {
                    None => flaw,
                    Some(file) => Flaw::Witnessed { file: file.clone(), flaw: Box::new(flaw) },
                },
            );
        };
        if *origin != checkpoint.claimed().origin {
            if let Some(flaw) = predecessors::fault_of(older, earlier) {
                add(flaw);
            }
        } else if older_size > size {
            add(Flaw::Shortened { older: older_size, size });
        } else if tree.root_at(older_size) != Some(claimed.tree.root) {
            add(Flaw::Inconsistent { older: older_size });
        } else if ledger.signing_key(older_size).is_none_or(|key| older.verify(key).is_err()) {
            add(Flaw::UndeclaredKey { size: older_size });
        } else {
            anchors.extend(file.is_none().then_some(Anchor { size: older_size, witness: None }));
            anchors.extend(check_witnesses(older, trust, tree, ledger, findings));
        }
    }
    anchors.extend(check_witnesses(checkpoint, trust, tree, ledger, findings));
    anchors
}

/// Cosignatures of trusted witnesses on a checkpoint of this tree. No entry may be dated after a witness had seen it,
/// unless a person answered for it.
fn check_witnesses(
    checkpoint: &SignedCheckpoint,
    trust: &Trust,
    tree: &TreeReader<'_>,
    ledger: &Ledger,
    findings: &mut Findings,
) -> Vec<Anchor> {
    let size = checkpoint.claimed().tree.size;
    let mut anchors = Vec::new();
    for witness in &trust.witnesses {
        match checkpoint.note().verify(witness) {
            Ok(Some(seen)) => {
                if let Some((entry, at)) = tree.last_before(size)
                    && i64::try_from(seen).is_ok_and(|seen| at > seen.saturating_add(CLOCK_TOLERANCE))
                    && !ledger.is_answered_for(at)
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
