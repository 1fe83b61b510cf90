//! Signed notes (C2SP signed-note) with Ed25519, and witnesses' cosignatures on them (C2SP tlog-cosignature, v1).
//!
//! Pure. The text of a note means nothing until a signature of a trusted key was verified.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer, SigningKey as Ed25519Key, VerifyingKey};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// Largest note that is read, in bytes: a checkpoint with a hundred signatures is a tenth of it.
pub const MAX_NOTE: usize = 1_000_000;

/// Most signatures that are read; C2SP asks for at least 16.
const MAX_SIGNATURES: usize = 100;

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

/// What a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyKind {
    /// The text of a note (type 0x01): a log's own signature.
    Log,
    /// A timestamped cosignature of a checkpoint (type 0x04): a witness.
    Witness,
}

impl KeyKind {
    fn byte(self) -> u8 {
        match self {
            Self::Log => 0x01,
            Self::Witness => 0x04,
        }
    }

    fn of_byte(byte: u8) -> Option<Self> {
        [Self::Log, Self::Witness].into_iter().find(|kind| kind.byte() == byte)
    }
}

/// A public key under a name. Its text is `NAME+HASH+BASE64`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    kind: KeyKind,
    key: VerifyingKey,
}

impl VerifierKey {
    /// The key's name; for a log, its origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the key signs.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The first four bytes of SHA-256 over name, newline, type byte and public key, big-endian.
    pub fn id(&self) -> u32 {
        let mut hash = Sha256::new();
        hash.update(self.name.as_bytes());
        hash.update([b'\n', self.kind.byte()]);
        hash.update(self.key.as_bytes());
        let [a, b, c, d, ..] = <[u8; 32]>::from(hash.finalize());
        u32::from_be_bytes([a, b, c, d])
    }

    /// Checks one signature on a note's text, and tells when a witness gave it (seconds since 1970).
    fn check(&self, text: &str, signature: &[u8]) -> Option<Option<u64>> {
        let (time, message, signature) = match self.kind {
            KeyKind::Log => (None, text.to_owned(), signature),
            KeyKind::Witness => {
                let (time, signature) = signature.split_first_chunk::<8>()?;
                let time = u64::from_be_bytes(*time);
                i64::try_from(time).ok()?;
                (Some(time), cosigned_message(text, time), signature)
            }
        };
        let signature = ed25519_dalek::Signature::from_slice(signature).ok()?;
        self.key.verify_strict(message.as_bytes(), &signature).ok()?;
        Some(time)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = STANDARD.encode([&[self.kind.byte()], self.key.as_bytes().as_slice()].concat());
        write!(f, "{}+{:08x}+{key}", self.name, self.id())
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;

    /// One trailing newline is allowed, as files have it.
    fn from_str(text: &str) -> Result<Self, NoteError> {
        let text = text.strip_suffix('\n').unwrap_or(text);
        let mut fields = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (fields.next(), fields.next(), fields.next()) else {
            return Err(NoteError::VerifierKey("it has less than three fields"));
        };
        check_name(name)?;
        let key = STANDARD.decode(key).map_err(|_| NoteError::VerifierKey("its last field is no base64"))?;
        let (kind, key) = key.split_first().ok_or(NoteError::VerifierKey("it holds no key"))?;
        let kind = KeyKind::of_byte(*kind).ok_or(NoteError::VerifierKey("its algorithm is not Ed25519"))?;
        let key = <&[u8; 32]>::try_from(key).map_err(|_| NoteError::VerifierKey("an Ed25519 key has 32 bytes"))?;
        let key = VerifyingKey::from_bytes(key).map_err(|_| NoteError::VerifierKey("its bytes are no Ed25519 key"))?;
        if key.is_weak() {
            return Err(NoteError::VerifierKey("anyone can sign for this key (it is of small order)"));
        }
        let parsed = Self { name: name.to_owned(), kind, key };
        if id != format!("{:08x}", parsed.id()) {
            return Err(NoteError::VerifierKey("its hash is not that of its name and key"));
        }
        Ok(parsed)
    }
}

/// A private key under a name. Leaves memory when dropped; never shown.
pub struct SigningKey {
    name: String,
    kind: KeyKind,
    key: Ed25519Key,
}

impl SigningKey {
    /// The key of these 32 secret bytes.
    ///
    /// # Errors
    /// A name that is empty, or holds a space or a plus sign.
    pub fn from_seed(name: &str, kind: KeyKind, seed: &[u8; 32]) -> Result<Self, NoteError> {
        check_name(name)?;
        Ok(Self { name: name.to_owned(), kind, key: Ed25519Key::from_bytes(seed) })
    }

    /// Reads `PRIVATE+KEY+NAME+HASH+BASE64`; one trailing newline is allowed.
    ///
    /// # Errors
    /// A text of another form, or a hash that is not this key's.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let text = text.strip_suffix('\n').unwrap_or(text);
        let rest = text.strip_prefix("PRIVATE+KEY+").ok_or(NoteError::SigningKey("it does not begin so"))?;
        let mut fields = rest.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (fields.next(), fields.next(), fields.next()) else {
            return Err(NoteError::SigningKey("it has less than five fields"));
        };
        let key = STANDARD.decode(key).map_err(|_| NoteError::SigningKey("its last field is no base64"))?;
        let key = Zeroizing::new(key);
        let (kind, seed) = key.split_first().ok_or(NoteError::SigningKey("it holds no key"))?;
        let kind = KeyKind::of_byte(*kind).ok_or(NoteError::SigningKey("its algorithm is not Ed25519"))?;
        let seed = <&[u8; 32]>::try_from(seed).map_err(|_| NoteError::SigningKey("an Ed25519 seed has 32 bytes"))?;
        let parsed = Self::from_seed(name, kind, seed)?;
        if id != format!("{:08x}", parsed.verifier().id()) {
            return Err(NoteError::SigningKey("its hash is not that of its name and key"));
        }
        Ok(parsed)
    }

    /// The secret text, for its 0600 file.
    pub fn secret_text(&self) -> Zeroizing<String> {
        let mut key = Zeroizing::new(vec![self.kind.byte()]);
        key.extend(self.key.as_bytes());
        let encoded = Zeroizing::new(STANDARD.encode(&*key));
        Zeroizing::new(format!("PRIVATE+KEY+{}+{:08x}+{}", self.name, self.verifier().id(), *encoded))
    }

    /// The public half.
    pub fn verifier(&self) -> VerifierKey {
        VerifierKey { name: self.name.clone(), kind: self.kind, key: self.key.verifying_key() }
    }

    /// Signs a note's text. A witness's signature carries `now` (seconds since 1970); a log's does not.
    pub fn sign(&self, text: &str, now: u64) -> Signature {
        let bytes = match self.kind {
            KeyKind::Log => self.key.sign(text.as_bytes()).to_bytes().to_vec(),
            KeyKind::Witness => {
                let signature = self.key.sign(cosigned_message(text, now).as_bytes());
                [now.to_be_bytes().as_slice(), &signature.to_bytes()].concat()
            }
        };
        Signature { name: self.name.clone(), id: self.verifier().id(), bytes }
    }
}

/// What a witness signs: a header, the time, and the checkpoint's text.
fn cosigned_message(text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
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
        self.name == key.name && self.id == key.id()
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

    /// Checks that this key signed the text; for a witness, tells when (seconds since 1970).
    ///
    /// # Errors
    /// No signature of this key, or one that is not valid.
    pub fn verify(&self, key: &VerifierKey) -> Result<Option<u64>, NoteError> {
        let mut time = Err(NoteError::Unsigned(key.name.clone()));
        for signature in self.signatures.iter().filter(|signature| signature.is_of(key)) {
            time =
                Ok(key.check(&self.text, &signature.bytes).ok_or_else(|| NoteError::BadSignature(key.name.clone()))?);
        }
        time
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
    if text.bytes().any(|byte| byte < b' ' && byte != b'\n') {
        return Err(NoteError::Malformed("it holds a control character"));
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), NoteError> {
    let is_word = !name.is_empty() && !name.chars().any(|char| char.is_whitespace() || char == '+');
    // A control character in the name would make every note that it signs malformed.
    if is_word && !name.bytes().any(|byte| byte < b' ') { Ok(()) } else { Err(NoteError::KeyName) }
}

#[cfg(test)]
#[path = "note_tests.rs"]
mod tests;
