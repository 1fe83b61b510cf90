//! The newest co-signed checkpoint, which the operator keeps beside the log.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::{WitnessError, current};
use crate::audit::checkpoint::{CheckpointError, SignedCheckpoint};
use crate::audit::durable::{SHARED, read, replace};
use crate::audit::error::{FileError, LogError};
use crate::audit::leaf::Body;
use crate::audit::merkle::{consistency_proof, is_consistent};
use crate::audit::nodes::Nodes;
use crate::audit::note::{MAX_SIGNATURES, Signature, VerifierKey};
use crate::audit::reader::LogReader;
use crate::audit::regular::MAX_CHECKPOINT;
use crate::audit::verify::CLOCK_TOLERANCE;
use crate::model::Instant;

const WITNESSED: &str = "witnessed";

/// The newest co-signed checkpoint that is stored in the log's directory; its signatures are not checked.
///
/// # Errors
/// A file that cannot be read or holds no checkpoint.
pub fn read_witnessed(dir: &Path) -> Result<Option<SignedCheckpoint>, CheckpointFileError> {
    let path = dir.join(WITNESSED);
    let Some(bytes) = read(&path, MAX_CHECKPOINT)? else { return Ok(None) };
    SignedCheckpoint::parse(&bytes).map(Some).map_err(|source| CheckpointFileError::Damaged { path, source })
}

/// A stored checkpoint cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointFileError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error(
        "{} holds no co-signed checkpoint; keep the file for the auditor elsewhere, then store what witnesses return anew", path.display()
    )]
    Damaged { path: PathBuf, source: CheckpointError },
}

/// How the line of a signature begins, and no checkpoint does that is one of ours.
const SIGNATURE: &str = "\u{2014} ";

/// Stores a cosignature in the log's directory, in the note `witnessed`: the checkpoint moves on with the log, a
/// cosignature does not.
///
/// `received` is the line that the witness returned for the current checkpoint, or the whole co-signed checkpoint where
/// the log has moved on since. Returns the number of entries that the witness saw.
///
/// # Errors
/// A line that this witness did not sign for a checkpoint of this log, or that tells no time, or one after `now`; a
/// checkpoint that is no beginning of this log.
pub fn add_cosignature(dir: &Path, received: &[u8], witness: &VerifierKey, now: Instant) -> Result<u64, WitnessError> {
    let current = current(dir)?;
    let stored = read_witnessed(dir).map_err(WitnessError::from)?;
    let mut cosigned = match received.starts_with(SIGNATURE.as_bytes()) {
        false => SignedCheckpoint::parse(received)?,
        true => {
            let line: Signature = str::from_utf8(received).unwrap_or_default().parse()?;
            let candidates = [Some(&current), stored.as_ref()].into_iter().flatten();
            candidates
                .map(|checkpoint| {
                    let mut signed = checkpoint.clone();
                    signed.add(line.clone());
                    signed
                })
                .find(|signed| signed.note().verify(witness).is_ok())
                .ok_or(WitnessError::NotOurs)?
        }
    };
    cosigned.note().verify(witness)?;
    check_times(&cosigned, witness, now)?;
    check_is_beginning(dir, &cosigned, &current)?;
    let size = cosigned.claimed().tree.size;
    let key = signing_key(dir, size)?.ok_or(WitnessError::NotOurs)?;
    cosigned.verify(&key)?;
    cosigned.keep_signatures_of(&[&key, witness]);
    match stored {
        Some(stored) if stored.claimed() == cosigned.claimed() => {
            let others = stored.note().signatures().iter().take(MAX_SIGNATURES - 2);
            others.for_each(|other| cosigned.add_unless_signed(other));
        }
        // An older sight adds nothing to a newer one.
        Some(stored) if stored.claimed().tree.size > size => return Ok(size),
        _ => (),
    }
    replace("witnessed", &dir.join(WITNESSED), cosigned.to_string().as_bytes(), SHARED)?;
    Ok(size)
}

/// A witness says when it saw the log: at no time that has not come, and not at 0, which says nothing.
fn check_times(cosigned: &SignedCheckpoint, witness: &VerifierKey, now: Instant) -> Result<(), WitnessError> {
    let now = now.timestamp();
    let latest = now.saturating_add(CLOCK_TOLERANCE);
    for time in cosigned.note().times(witness)?.into_iter().flatten() {
        if time == 0 {
            return Err(WitnessError::Untimed);
        }
        if i64::try_from(time).map_or(true, |time| time > latest) {
            return Err(WitnessError::NotYet { time, now });
        }
    }
    Ok(())
}

/// The key that signs a checkpoint of so many entries: the last one that they declare.
fn signing_key(dir: &Path, size: u64) -> Result<Option<VerifierKey>, LogError> {
    let log = LogReader::open(dir)?;
    let mut declared = None;
    for kind in ["genesis", "sigkey"] {
        log.scan_kind(kind, &mut |index, leaf| {
            if index >= size {
                return ControlFlow::Break(());
            }
            match leaf.body {
                Body::Genesis(genesis) => {
                    declared = genesis.vkey.parse().ok();
                    ControlFlow::Break(())
                }
                Body::Sigkey(sigkey) => {
                    declared = sigkey.vkey.parse().ok();
                    ControlFlow::Continue(())
                }
                _ => ControlFlow::Continue(()),
            }
        })?;
    }
    Ok(declared)
}

fn check_is_beginning(dir: &Path, old: &SignedCheckpoint, new: &SignedCheckpoint) -> Result<(), WitnessError> {
    let (old, new) = (old.claimed(), new.claimed());
    if old.origin != new.origin || old.tree.size > new.tree.size {
        return Err(WitnessError::NotOurs);
    }
    let mut nodes = Nodes::new(dir, new.tree.size);
    let proof = consistency_proof::<WitnessError>(old.tree.size, new.tree.size, |subtree| Ok(nodes.read(subtree)?))?;
    if is_consistent(&old.tree, &new.tree, &proof) {
        Ok(())
    } else {
        Err(WitnessError::Inconsistent { seen: old.tree.size, size: new.tree.size })
    }
}

impl From<CheckpointFileError> for WitnessError {
    fn from(error: CheckpointFileError) -> Self {
        match error {
            CheckpointFileError::File(error) => error.into(),
            damaged @ CheckpointFileError::Damaged { .. } => Self::Stored(damaged),
        }
    }
}
