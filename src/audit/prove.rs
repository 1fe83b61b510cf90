//! Proof that one entry stands in the log, for whoever does not hold the log (C2SP tlog-proof, the entry itself in its
//! `extra` line).

use std::fmt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::checkpoint::{CheckpointError, SignedCheckpoint, decimal, decode_hash, encode_hash};
use super::codec::{self, LeafError};
use super::error::{FileError, LogError, entries};
use super::leaf::{Body, Leaf};
use super::merkle::{OutsideTree, TreeHead, includes, inclusion_proof, leaf_hash};
use super::nodes::Nodes;
use super::note::NoteError;
use super::recover::checkpoint_path;
use super::regular::{self, MAX_CHECKPOINT};
use super::tiles::{WIDTH, read_bundle};
use super::verify::{Anchor, CLOCK_TOLERANCE, Seen, Trust, Verdict};
use super::vouched::bound;
use super::witness::{CheckpointFileError, read_witnessed};
use crate::model::{Digest, Origin};

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// Largest proof that is read, in bytes: a leaf in base64, 64 hashes and a note of the largest size.
pub const MAX_PROOF: usize = 1_200_000;

/// Why there is no proof, or a proof proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    #[error("the proof is not of the form that C2SP tlog-proof asks for: {0}")]
    Malformed(&'static str),
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error(transparent)]
    Note(#[from] NoteError),
    #[error(transparent)]
    Leaf(#[from] LeafError),
    #[error(transparent)]
    Stored(CheckpointFileError),
    #[error(transparent)]
    Outside(#[from] OutsideTree),
    #[error("the entry is not in the tree that the checkpoint is signed for")]
    NotIncluded,
    #[error(
        "the operator signed two trees of {}: that of the proof, and that of a checkpoint that you kept", entries(*size)
    )]
    Forked { size: u64 },
    #[error(
        "the entry is dated {at}, and the witness had seen it at {seen} already (both in seconds since 1970): its date is not to be believed, unless the log says that a person answered for a clock; verify the whole log, which tells"
    )]
    AfterWitness { at: i64, seen: u64 },
    #[error(
        "the entry is dated {at}, which is after this machine's clock, {now} (both in seconds since 1970): set the clock, if it is wrong; else the date is not to be believed, unless the log says that a person answered for a clock; verify the whole log, which tells"
    )]
    Ahead { at: i64, now: i64 },
    #[error("a log begins with its `genesis`, and has no other: this entry stands where it cannot")]
    Misplaced,
    #[error(
        "the log's own files do not prove entry {index}: its tiles or its bundle are damaged; run `retentiond audit verify`"
    )]
    Damaged { index: u64 },
    #[error(
        "a proof means nothing without the operator's key; give it with --vkey FILE, obtained by another way than the proof"
    )]
    NoKey,
    #[error(transparent)]
    Log(#[from] LogError),
}

impl From<FileError> for ProofError {
    fn from(error: FileError) -> Self {
        Self::Log(error.into())
    }
}

impl From<CheckpointFileError> for ProofError {
    fn from(error: CheckpointFileError) -> Self {
        match error {
            CheckpointFileError::File(error) => error.into(),
            damaged @ CheckpointFileError::Damaged { .. } => Self::Stored(damaged),
        }
    }
}

/// An entry, and why it is in the log of a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    index: u64,
    entry: Vec<u8>,
    path: Vec<Digest>,
    checkpoint: SignedCheckpoint,
}

/// Proves one entry of the log in `dir`: under the newest checkpoint that a witness co-signed where that covers it,
/// else under the current one.
///
/// # Errors
/// An entry that no checkpoint covers yet; files that cannot be read or do not prove it.
pub fn prove(dir: &Path, index: u64) -> Result<Proof, ProofError> {
    let witnessed = read_witnessed(dir)?.filter(|witnessed| index < witnessed.claimed().tree.size);
    let checkpoint = match witnessed {
        Some(witnessed) => witnessed,
        None => read_checkpoint(dir)?,
    };
    let size = checkpoint.claimed().tree.size;
    let mut nodes = Nodes::new(dir, size);
    let path = inclusion_proof::<ProofError>(index, size, |subtree| Ok(nodes.read(subtree)?))?;
    let bundle = read_bundle(dir, index / WIDTH, (size - index / WIDTH * WIDTH).min(WIDTH))?;
    let entry = bundle.into_iter().nth((index % WIDTH) as usize).ok_or(ProofError::Damaged { index })?;
    let proof = Proof { index, entry, path, checkpoint };
    if proof.is_included() { Ok(proof) } else { Err(ProofError::Damaged { index }) }
}

/// The current checkpoint of the log in `dir`. Its signature is not checked, but where the log lies in its state
/// directory and the caller may read what lies beside its keys, it is held against that.
///
/// # Errors
/// No such file, or one that holds no checkpoint; one that somebody else signed.
pub fn read_checkpoint(dir: &Path) -> Result<SignedCheckpoint, ProofError> {
    let path = checkpoint_path(dir);
    let bytes = regular::read(&path, MAX_CHECKPOINT).map_err(FileError::new("read", &path))?;
    let signed = SignedCheckpoint::parse(&bytes)?;
    bound(dir, signed.clone())?;
    Ok(signed)
}

/// What a proof proves.
#[derive(Clone, Debug, PartialEq)]
pub struct ProvenEntry {
    pub origin: Origin,
    pub index: u64,
    /// Of the signed tree.
    pub tree: TreeHead,
    pub leaf: Leaf,
    /// Never `Fail`: that is an error.
    pub verdict: Verdict,
    pub anchors: Vec<Anchor>,
    /// Entries of the kept checkpoints that say nothing of this tree: they are of another size, or of another log.
    pub uncompared: Vec<u64>,
}

impl Proof {
    /// Reads a proof.
    ///
    /// # Errors
    /// Bytes of another form. Nothing is proven yet.
    pub fn parse(bytes: &[u8]) -> Result<Self, ProofError> {
        let malformed = ProofError::Malformed;
        if bytes.len() > MAX_PROOF {
            return Err(malformed("it is larger than 1.2 MB"));
        }
        let text = str::from_utf8(bytes).map_err(|_| malformed("it is not UTF-8"))?;
        let (head, note) = text.split_once("\n\n").ok_or(malformed("no empty line stands before the checkpoint"))?;
        let mut lines = head.split('\n');
        if lines.next() != Some(HEADER) {
            return Err(malformed("it does not begin with `c2sp.org/tlog-proof@v1`"));
        }
        let extra = lines.next().and_then(|line| line.strip_prefix("extra "));
        let extra = extra.ok_or(malformed("its second line is not `extra ` and the entry in base64"))?;
        let entry = STANDARD.decode(extra).map_err(|_| malformed("the entry is no base64"))?;
        let index = lines.next().and_then(|line| line.strip_prefix("index ")).and_then(decimal);
        let index = index.ok_or(malformed("its third line is not `index ` and a decimal number"))?;
        let path = lines.map(decode_hash).collect::<Option<Vec<_>>>();
        let path = path.ok_or(malformed("a line of its proof is not the base64 of 32 bytes"))?;
        Ok(Self { index, entry, path, checkpoint: SignedCheckpoint::parse(note.as_bytes())? })
    }

    /// Checks the proof alone: the key's signature on the checkpoint, the entry's place under its root, the entry's
    /// form.
    ///
    /// It is anchored where a trusted witness co-signed the checkpoint, or the auditor kept one of the same tree.
    ///
    /// # Errors
    /// No key among what is trusted; a signature that does not verify; an entry that is not in the tree, or cannot
    /// stand there; a kept checkpoint of as many entries with another root.
    pub fn verify(&self, trust: &Trust) -> Result<ProvenEntry, ProofError> {
        let key = trust.key.as_ref().ok_or(ProofError::NoKey)?;
        let claimed = self.checkpoint.verify(key)?;
        if claimed.origin.as_str() != key.name() {
            return Err(NoteError::Unsigned(key.name().to_owned()).into());
        }
        if !self.is_included() {
            return Err(ProofError::NotIncluded);
        }
        let size = claimed.tree.size;
        let (mut anchors, mut uncompared) = (Vec::new(), Vec::new());
        for kept in trust.older.iter().map(SignedCheckpoint::claimed) {
            match (kept.origin == claimed.origin, kept.tree.size == size) {
                (true, true) if kept.tree.root != claimed.tree.root => return Err(ProofError::Forked { size }),
                (true, true) => anchors.push(Anchor { size, witness: None }),
                _ => uncompared.push(kept.tree.size),
            }
        }
        for witness in &trust.witnesses {
            match self.checkpoint.note().verify(witness) {
                Ok(Some(at)) => {
                    anchors.push(Anchor { size, witness: Some(Seen { by: witness.name().to_owned(), at }) })
                }
                Ok(None) | Err(NoteError::Unsigned(_)) => (),
                Err(error) => return Err(error.into()),
            }
        }
        let verdict = if anchors.is_empty() { Verdict::OkUnanchored } else { Verdict::OkAnchoredTo(size) };
        let (origin, leaf) = (claimed.origin.clone(), codec::decode(&self.entry)?);
        check_date(leaf.at, &anchors, trust.now)?;
        if matches!(leaf.body, Body::Genesis(_)) != (self.index == 0) {
            return Err(ProofError::Misplaced);
        }
        Ok(ProvenEntry { origin, index: self.index, tree: claimed.tree, leaf, verdict, anchors, uncompared })
    }

    fn is_included(&self) -> bool {
        let tree = self.checkpoint.claimed().tree;
        includes(&leaf_hash(&self.entry), self.index, tree.size, &tree.root, &self.path)
    }
}

/// No entry is dated after a witness had seen it, nor after now; that a person answered for such a date stands in other
/// entries, which a proof does not have.
fn check_date(at: i64, anchors: &[Anchor], now: Option<i64>) -> Result<(), ProofError> {
    let is_after = |clock: i64| at > clock.saturating_add(CLOCK_TOLERANCE);
    for seen in anchors.iter().filter_map(|anchor| anchor.witness.as_ref()).map(|witness| witness.at) {
        if i64::try_from(seen).is_ok_and(is_after) {
            return Err(ProofError::AfterWitness { at, seen });
        }
    }
    match now {
        Some(now) if is_after(now) => Err(ProofError::Ahead { at, now }),
        _ => Ok(()),
    }
}

/// The proof as it is stored (`.tlog-proof`).
impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}\nextra {}\nindex {}", STANDARD.encode(&self.entry), self.index)?;
        self.path.iter().try_for_each(|hash| writeln!(f, "{}", encode_hash(hash)))?;
        write!(f, "\n{}", self.checkpoint)
    }
}
