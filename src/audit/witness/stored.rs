//! The co-signed checkpoints that the operator keeps beside the log.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::{WitnessError, current};
use crate::audit::checkpoint::{CheckpointError, SignedCheckpoint, decimal};
use crate::audit::durable::{SHARED, read, remove, replace};
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
    read_note(dir, WITNESSED)
}

/// The names of the files with co-signed checkpoints in the log's directory: `witnessed`, and `witnessed.N` for those
/// of fewer entries whose witnesses co-signed no larger one.
///
/// # Errors
/// A directory that cannot be listed.
pub(in crate::audit) fn witnessed_names(dir: &Path) -> Result<Vec<String>, FileError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(FileError::new("list", dir))? {
        let name = entry.map_err(FileError::new("list", dir))?.file_name();
        names.extend(name.to_str().filter(|name| is_witnessed(name)).map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

fn is_witnessed(name: &str) -> bool {
    match name.strip_prefix(WITNESSED) {
        Some("") => true,
        Some(rest) => rest.strip_prefix('.').is_some_and(|size| !size.is_empty() && decimal(size).is_some()),
        None => false,
    }
}

/// The co-signed checkpoint under this name; `None` where there is none.
///
/// # Errors
/// A file that cannot be read or holds no checkpoint.
pub(in crate::audit) fn read_note(dir: &Path, name: &str) -> Result<Option<SignedCheckpoint>, CheckpointFileError> {
    let path = dir.join(name);
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

/// What became of a cosignature that was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handed {
    /// Entries that the witness saw.
    pub size: u64,
    /// Where nothing was stored: the entries under the line of this witness that stands already, to which this one
    /// adds nothing.
    pub standing: Option<u64>,
}

/// Stores a cosignature in the log's directory, among its co-signed checkpoints: the checkpoint moves on with the log,
/// a cosignature does not.
///
/// `received` is the line that the witness returned for the current checkpoint or for one that is stored, or the whole
/// co-signed checkpoint where the log has moved on since. Of each witness one line stands, on the largest checkpoint
/// that it co-signed; of two lines on the same one the earlier stays, which is the one that counts.
///
/// # Errors
/// A line that this witness did not sign for a checkpoint of this log, or that tells no time, or one after `now`; a
/// checkpoint that is no beginning of this log.
pub fn add_cosignature(
    dir: &Path,
    received: &[u8],
    witness: &VerifierKey,
    now: Instant,
) -> Result<Handed, WitnessError> {
    let current = current(dir)?;
    let stored = Stored::read(dir)?;
    let mut cosigned = match received.starts_with(SIGNATURE.as_bytes()) {
        false => SignedCheckpoint::parse(received)?,
        true => {
            let line: Signature = str::from_utf8(received).unwrap_or_default().parse()?;
            let candidates = std::iter::once(&current).chain(stored.notes.values());
            candidates
                .map(|checkpoint| {
                    let mut signed = checkpoint.clone();
                    signed.add(line.clone());
                    signed
                })
                .find(|signed| signed.note().verify(witness).is_ok())
                .ok_or(WitnessError::Unmatched)?
        }
    };
    cosigned.note().verify(witness)?;
    check_times(&cosigned, witness, now)?;
    check_is_beginning(dir, &cosigned, &current)?;
    let size = cosigned.claimed().tree.size;
    let key = signing_key(dir, size)?.ok_or(WitnessError::NotOurs)?;
    cosigned.verify(&key)?;
    cosigned.keep_signatures_of(&[&key, witness]);
    cosigned.keep_first_of(witness);
    let standing = stored.standing(&cosigned, witness)?;
    if standing.is_none() {
        stored.put(dir, stored.with(dir, cosigned, witness)?)?;
    }
    Ok(Handed { size, standing })
}

/// The co-signed checkpoints that lie in a log's directory, by the names of their files.
struct Stored {
    notes: BTreeMap<String, SignedCheckpoint>,
}

impl Stored {
    fn read(dir: &Path) -> Result<Self, WitnessError> {
        let mut notes = BTreeMap::new();
        for name in witnessed_names(dir)? {
            if let Some(note) = read_note(dir, &name)? {
                notes.insert(name, note);
            }
        }
        Ok(Self { notes })
    }

    /// The entries under the line of this witness to which its line on this checkpoint adds nothing.
    fn standing(&self, cosigned: &SignedCheckpoint, witness: &VerifierKey) -> Result<Option<u64>, WitnessError> {
        let at = cosigned.note().verify(witness)?;
        let adds_nothing = |stored: &&SignedCheckpoint| match stored.note().verify(witness) {
            Ok(before) if stored.claimed() == cosigned.claimed() => before <= at,
            Ok(_) => stored.claimed().tree.size > cosigned.claimed().tree.size,
            Err(_) => false,
        };
        Ok(self.notes.values().filter(adds_nothing).map(|stored| stored.claimed().tree.size).max())
    }

    /// The checkpoints that are to lie there once this one does, the largest first: without the older line of this
    /// witness, and without those on which no line of a witness stands any more.
    fn with(
        &self,
        dir: &Path,
        mut cosigned: SignedCheckpoint,
        witness: &VerifierKey,
    ) -> Result<Vec<SignedCheckpoint>, WitnessError> {
        let size = cosigned.claimed().tree.size;
        let mut all = Vec::new();
        for stored in self.notes.values() {
            if stored.claimed() == cosigned.claimed() {
                let others = stored.note().signatures().iter().take(MAX_SIGNATURES - 2);
                others.for_each(|other| cosigned.add_unless_signed(other));
            } else if stored.claimed().tree.size != size {
                let mut older = stored.clone();
                older.drop_signatures_of(witness);
                let key = signing_key(dir, older.claimed().tree.size)?;
                let is_log_s = |signature: &Signature| key.as_ref().is_some_and(|key| signature.is_of(key));
                all.extend((!older.note().signatures().iter().all(is_log_s)).then_some(older));
            }
        }
        all.push(cosigned);
        all.sort_by_key(|signed| Reverse(signed.claimed().tree.size));
        Ok(all)
    }

    /// Puts these in the place of those that lie there: what is to stay is written before anything goes.
    fn put(&self, dir: &Path, all: Vec<SignedCheckpoint>) -> Result<(), WitnessError> {
        let name = |(place, signed): (usize, &SignedCheckpoint)| match place {
            0 => WITNESSED.to_owned(),
            _ => format!("{WITNESSED}.{}", signed.claimed().tree.size),
        };
        let names: Vec<_> = all.iter().enumerate().map(name).collect();
        for (name, signed) in names.iter().zip(&all).rev() {
            if self.notes.get(name) != Some(signed) {
                replace(WITNESSED, &dir.join(name), signed.to_string().as_bytes(), SHARED)?;
            }
        }
        let is_over = |name: &&String| !names.contains(name);
        self.notes.keys().filter(is_over).try_for_each(|name| Ok(remove(WITNESSED, &dir.join(name))?))
    }
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
