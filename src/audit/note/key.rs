//! Keys of notes: Ed25519, under a name, for a log or for a witness; in the text forms that C2SP tools exchange.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer, SigningKey as Ed25519Key, VerifyingKey};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{NoteError, Signature, check_name};

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
    pub(super) fn check(&self, text: &str, signature: &[u8]) -> Option<Option<u64>> {
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
