//! Checkpoints (C2SP tlog-checkpoint): which log, how many leaves, which root; signed as a note.
//!
//! Pure. A [`Checkpoint`] out of a [`SignedCheckpoint`] is trusted only after `verify`.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::merkle::TreeHead;
use super::note::{Note, NoteError, Signature, SigningKey, VerifierKey};
use crate::model::{Digest, Origin};

/// Why bytes are no checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    #[error("the checkpoint is not of the form that C2SP tlog-checkpoint asks for: {0}")]
    Malformed(&'static str),
    #[error(transparent)]
    Note(#[from] NoteError),
}

/// The head of a log's tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    pub origin: Origin,
    pub tree: TreeHead,
}

impl Checkpoint {
    /// A checkpoint of this tree.
    pub fn new(origin: Origin, tree: TreeHead) -> Self {
        Self { origin, tree }
    }

    /// Reads a note's text. Our logs write no extension lines, and a line that no auditor can check is refused.
    ///
    /// # Errors
    /// Any other form than three lines: origin, size without leading zero, root in base64.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let malformed = |reason| CheckpointError::Malformed(reason);
        let body = text.strip_suffix('\n').ok_or(malformed("its last line has no newline"))?;
        let mut lines = body.split('\n');
        let (Some(origin), Some(size), Some(root), None) = (lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(malformed("it has not exactly three lines"));
        };
        if origin.is_empty() {
            return Err(malformed("its origin is empty"));
        }
        let size = decimal(size).ok_or(malformed("its size is no decimal number without leading zero"))?;
        let root = decode_hash(root).ok_or(malformed("its root is not the base64 of 32 bytes"))?;
        Ok(Self { origin: Origin::new(origin), tree: TreeHead { size, root } })
    }

    /// The checkpoint with this key's signature.
    ///
    /// # Errors
    /// An origin that cannot stand in a note (a control character).
    pub fn sign(&self, key: &SigningKey) -> Result<SignedCheckpoint, CheckpointError> {
        let mut note = Note::new(self.to_string())?;
        note.add(key.sign(note.text(), 0));
        SignedCheckpoint::of_note(note)
    }
}

/// The note's text: three lines.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.tree.size, encode_hash(&self.tree.root))
    }
}

/// A checkpoint and the signatures said to be on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    claimed: Checkpoint,
    note: Note,
}

impl SignedCheckpoint {
    /// Reads a checkpoint as stored. Signatures are not checked here.
    ///
    /// # Errors
    /// Bytes that are no signed note, or a text that is no checkpoint.
    pub fn parse(bytes: &[u8]) -> Result<Self, CheckpointError> {
        Self::of_note(Note::parse(bytes)?)
    }

    fn of_note(note: Note) -> Result<Self, CheckpointError> {
        Ok(Self { claimed: Checkpoint::parse(note.text())?, note })
    }

    /// What the text says, trusted or not.
    pub fn claimed(&self) -> &Checkpoint {
        &self.claimed
    }

    /// What the text says, once this key's signature was verified.
    ///
    /// # Errors
    /// No signature of this key, or one that is not valid.
    pub fn verify(&self, key: &VerifierKey) -> Result<&Checkpoint, NoteError> {
        self.note.verify(key).map(|_| &self.claimed)
    }

    /// The note.
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// Leaves only the signatures that are said to be of these keys.
    pub(super) fn keep_signatures_of(&mut self, keys: &[&VerifierKey]) {
        self.note.retain(|signature| keys.iter().any(|key| signature.is_of(key)));
    }

    /// Leaves out the signatures that are said to be of this key.
    pub(super) fn drop_signatures_of(&mut self, key: &VerifierKey) {
        self.note.retain(|signature| !signature.is_of(key));
    }

    /// Leaves of this key's valid signatures the one that tells the earliest time.
    pub(super) fn keep_first_of(&mut self, key: &VerifierKey) {
        self.note.keep_first_of(key);
    }

    /// Adds a signature, unless its key has one already.
    pub(super) fn add_unless_signed(&mut self, signature: &Signature) {
        if !self.note.signatures().iter().any(|other| other.is_of_same_key(signature)) {
            self.note.add(signature.clone());
        }
    }

    /// Adds a signature or a witness's cosignature; the caller verifies it.
    pub fn add(&mut self, signature: Signature) {
        self.note.add(signature);
    }
}

/// The note as it is stored.
impl fmt::Display for SignedCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.note.fmt(f)
    }
}

/// A decimal number without sign and without leading zero.
pub(super) fn decimal(text: &str) -> Option<u64> {
    let canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if canonical { text.parse().ok() } else { None }
}

/// A hash in standard base64.
pub(super) fn encode_hash(hash: &Digest) -> String {
    STANDARD.encode(hash.as_bytes())
}

/// A hash out of standard base64.
pub(super) fn decode_hash(text: &str) -> Option<Digest> {
    let bytes = STANDARD.decode(text).ok()?;
    Some(Digest::from_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::merkle::empty_root;
    use super::super::note::KeyKind;
    use super::*;

    const EXAMPLE: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    #[test]
    fn the_example_of_the_specification_is_read_and_written_back() {
        let checkpoint = Checkpoint::parse(EXAMPLE).unwrap();
        assert_eq!((checkpoint.origin.as_str(), checkpoint.tree.size), ("example.com/behind-the-sofa", 20_852_163));
        assert_eq!(checkpoint.to_string(), EXAMPLE);
    }

    #[test]
    fn every_other_form_is_refused() {
        for (from, to) in [
            ("20852163", "020852163"),
            ("20852163", "+20852163"),
            ("20852163", "99999999999999999999"),
            ("20852163", ""),
            ("example.com/behind-the-sofa", ""),
            ("q2I=\n", "q2I=\nextension\n"),
            ("q2I=\n", "q2I=\n\n"),
            ("q2I=", "q2I"),
            ("q2I=", "q2J="),
            ("q2I=\n", "q2I="),
        ] {
            let text = EXAMPLE.replace(from, to);
            assert!(matches!(Checkpoint::parse(&text), Err(CheckpointError::Malformed(_))), "{text}");
        }
    }

    #[test]
    fn a_signed_checkpoint_is_trusted_under_its_key_alone() {
        let key = SigningKey::from_seed("log.example", KeyKind::Log, &[1; 32]).unwrap();
        let other = SigningKey::from_seed("log.example", KeyKind::Log, &[2; 32]).unwrap();
        let checkpoint = Checkpoint::new("log.example".into(), TreeHead { size: 0, root: empty_root() });
        let signed = SignedCheckpoint::parse(checkpoint.sign(&key).unwrap().to_string().as_bytes()).unwrap();
        assert_eq!(signed.verify(&key.verifier()), Ok(&checkpoint));
        assert_eq!(signed.verify(&other.verifier()), Err(NoteError::Unsigned("log.example".to_owned())));
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_written_back_the_same(text in "([a-z ]{0,4}\n)?[0-9+]{0,3}\n[A-Za-z0-9+/]{43}=\n(e?\n)?") {
            if let Ok(checkpoint) = Checkpoint::parse(&text) {
                prop_assert_eq!(checkpoint.to_string(), text);
            }
        }
    }
}
