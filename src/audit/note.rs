//! Signed notes (C2SP signed-note) with Ed25519, and witnesses' cosignatures on them (C2SP tlog-cosignature, v1).
//!
//! Pure. The text of a note means nothing until a signature of a trusted key was verified.

mod key;

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

pub use key::{KeyKind, SigningKey, VerifierKey};

/// Largest note that is read, in bytes: a checkpoint with a hundred signatures is a tenth of it.
pub const MAX_NOTE: usize = 1_000_000;

/// Most signatures that are read; C2SP asks for at least 16.
pub(super) const MAX_SIGNATURES: usize = 100;

/// Why a note or a key cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    #[error("the note is not of the form that C2SP signed-note asks for: {0}")]
    Malformed(&'static str),
    #[error("the verifier key is not of the form NAME+HASH+BASE64: {0}")]
    VerifierKey(&'static str),
    #[error("the signing key is not of the form PRIVATE+KEY+NAME+HASH+BASE64: {0}")]
    SigningKey(&'static str),
    #[error("a key name is one word without plus sign")]
    KeyName,
    #[error("the note carries no signature of {0}")]
    Unsigned(String),
    #[error("the signature of {0} on the note is not valid: the text was changed after signing, or another key signed")]
    BadSignature(String),
}

/// One signature line of a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    name: String,
    id: u32,
    bytes: Vec<u8>,
}

impl Signature {
    /// Name of the key that is said to have signed.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the same key is said to have signed both.
    pub fn is_of_same_key(&self, other: &Self) -> bool {
        (&self.name, self.id) == (&other.name, other.id)
    }

    /// Whether this key is said to have signed.
    pub fn is_of(&self, key: &VerifierKey) -> bool {
        self.name == key.name() && self.id == key.id()
    }
}

impl FromStr for Signature {
    type Err = NoteError;

    /// Reads one line, with or without its newline.
    fn from_str(line: &str) -> Result<Self, NoteError> {
        let line = line.strip_suffix('\n').unwrap_or(line);
        let fields = line.strip_prefix("— ").and_then(|rest| rest.split_once(' '));
        let (name, encoded) = fields.ok_or(NoteError::Malformed("a signature line is not `— NAME BASE64`"))?;
        check_name(name)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| NoteError::Malformed("a signature is no base64"))?;
        match bytes.split_first_chunk::<4>() {
            Some((id, bytes)) if !bytes.is_empty() => {
                Ok(Self { name: name.to_owned(), id: u32::from_be_bytes(*id), bytes: bytes.to_vec() })
            }
            _ => Err(NoteError::Malformed("a signature is too short")),
        }
    }
}

/// The line, with its newline.
impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encoded = STANDARD.encode([self.id.to_be_bytes().as_slice(), &self.bytes].concat());
        writeln!(f, "— {} {encoded}", self.name)
    }
}

/// A text and the signatures said to be on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

impl Note {
    /// A note without signatures yet; its written form is complete with the first.
    ///
    /// # Errors
    /// A text that does not end in a newline or holds a control character.
    pub fn new(text: String) -> Result<Self, NoteError> {
        check_text(&text)?;
        if !text.ends_with('\n') {
            return Err(NoteError::Malformed("the text does not end in a newline"));
        }
        Ok(Self { text, signatures: Vec::new() })
    }

    /// Reads a note.
    ///
    /// # Errors
    /// Bytes of another form. Signatures are not checked here.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > MAX_NOTE {
            return Err(NoteError::Malformed("it is larger than 1 MB"));
        }
        let note = str::from_utf8(bytes).map_err(|_| NoteError::Malformed("it is not UTF-8"))?;
        check_text(note)?;
        let border = note.rfind("\n\n").ok_or(NoteError::Malformed("no empty line stands before the signatures"))?;
        let (text, lines) = (&note[..border + 1], &note[border + 2..]);
        let lines = lines.strip_suffix('\n').ok_or(NoteError::Malformed("its last line has no newline"))?;
        let signatures = lines.split('\n').map(Signature::from_str).collect::<Result<Vec<_>, _>>()?;
        if signatures.len() > MAX_SIGNATURES {
            return Err(NoteError::Malformed("it carries more than 100 signatures"));
        }
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// The text, its final newline included. Means nothing until verified.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures, in the note's order; not checked.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Adds a signature, in the place of an older one by the same key.
    pub fn add(&mut self, signature: Signature) {
        self.signatures.retain(|other| !other.is_of_same_key(&signature));
        self.signatures.push(signature);
    }

    /// Leaves only the signatures of which this holds.
    pub(super) fn retain(&mut self, is_kept: impl FnMut(&Signature) -> bool) {
        self.signatures.retain(is_kept);
    }

    /// Leaves of this key's signatures the valid one that tells the earliest time.
    pub(super) fn keep_first_of(&mut self, key: &VerifierKey) {
        let own = self.signatures.iter().filter(|signature| signature.is_of(key));
        let timed = own.filter_map(|signature| Some((key.check(&self.text, &signature.bytes)?, signature)));
        let first = timed.min_by_key(|(time, _)| *time).map(|(_, signature)| signature.clone());
        self.signatures.retain(|signature| !signature.is_of(key));
        self.signatures.extend(first);
    }

    /// Checks that this key signed the text; for a witness, tells when first (seconds since 1970).
    ///
    /// A witness may have signed more than once: the text stood by the earliest of these times, whatever their order.
    ///
    /// # Errors
    /// No signature of this key, or one that is not valid.
    pub fn verify(&self, key: &VerifierKey) -> Result<Option<u64>, NoteError> {
        let times = self.times(key)?;
        times.into_iter().min().ok_or_else(|| NoteError::Unsigned(key.name().to_owned()))
    }

    /// When this key signed the text, one time for each of its signatures; a log's key tells none.
    ///
    /// # Errors
    /// A signature of this key that is not valid.
    pub(super) fn times(&self, key: &VerifierKey) -> Result<Vec<Option<u64>>, NoteError> {
        let checked = |signature: &Signature| {
            key.check(&self.text, &signature.bytes).ok_or_else(|| NoteError::BadSignature(key.name().to_owned()))
        };
        self.signatures.iter().filter(|signature| signature.is_of(key)).map(checked).collect()
    }
}

/// The note as it is stored.
impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| signature.fmt(f))
    }
}

fn check_text(text: &str) -> Result<(), NoteError> {
    if text.chars().any(|char| char.is_control() && char != '\n') {
        return Err(NoteError::Malformed("it holds a control character"));
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), NoteError> {
    let is_word = !name.is_empty() && !name.chars().any(|char| char.is_whitespace() || char == '+');
    // A control character in the name would make every note that it signs malformed.
    if is_word && !name.chars().any(char::is_control) { Ok(()) } else { Err(NoteError::KeyName) }
}

#[cfg(test)]
mod tests;
