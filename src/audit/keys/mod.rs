//! Secret keys: the signing key, the fingerprint keys, and the key of digests. Files of mode 0600 under `private/keys`.
//!
//! Only the file of a key that a service manager hands in lies elsewhere; its path comes from the caller.

mod fingerprints;
mod secret;
mod signing;

use std::path::{Path, PathBuf};

use super::error::{FileError, LogError};
use super::fingerprint::Fingerprinter;
use super::note::NoteError;
use crate::model::{Actor, Digest, Origin, SourceName};

pub(super) use fingerprints::{
    Forgetting, destroy_fingerprint_key, fingerprint_key, fingerprint_path, new_fingerprint_key,
};
pub(super) use secret::{Key, prepare_dir, read_secret};
pub(super) use signing::{finish_rotation, next_signing_key, signing_key, signing_path, succeed_signing_key};

/// The key of keyed digests.
const DIGESTS: &str = "digest.key";

/// Where the secret keys are.
#[derive(Clone, Debug)]
pub struct KeyPlaces {
    dir: PathBuf,
    credential: Option<PathBuf>,
    declare: Option<Actor>,
}

impl KeyPlaces {
    /// All keys in this directory (`STATE/private/keys`).
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into(), credential: None, declare: None }
    }

    /// Takes the signing key from this file instead, as a service manager hands it in
    /// (`$CREDENTIALS_DIRECTORY/audit-signing-key`).
    pub fn with_credential(self, file: impl Into<PathBuf>) -> Self {
        Self { credential: Some(file.into()), ..self }
    }

    /// Lets an opening of the log declare, by a `sigkey` leaf of this actor, that the credential holds a new key.
    pub fn declaring(self, actor: Actor) -> Self {
        Self { declare: Some(actor), ..self }
    }

    /// Where the keys of a successor are made, until it is put in the place of its log.
    pub(super) fn next(&self) -> Self {
        Self { dir: self.dir.join("next"), credential: self.credential.clone(), declare: None }
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn declares(&self) -> Option<&Actor> {
        self.declare.as_ref()
    }

    pub(super) fn has_credential(&self) -> bool {
        self.credential.is_some()
    }
}

impl From<&KeyPlaces> for KeyPlaces {
    fn from(places: &KeyPlaces) -> Self {
        places.clone()
    }
}

impl From<&Path> for KeyPlaces {
    fn from(dir: &Path) -> Self {
        Self::new(dir)
    }
}

impl From<&PathBuf> for KeyPlaces {
    fn from(dir: &PathBuf) -> Self {
        Self::new(dir)
    }
}

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("the key {} is missing; restore it from your copy of `private/keys`, without which the log cannot go on", path.display())]
    Missing { path: PathBuf },
    #[error("others than its owner can reach the key {} (mode {mode:04o}); run `chmod {mend} {}`", path.display(), path.display())]
    Exposed { path: PathBuf, mode: u32, mend: &'static str },
    #[error("the key {} belongs to user {owner}, but the program runs as user {user}; run it as that user, or `chown {user} {}`", path.display(), path.display())]
    Owner { path: PathBuf, owner: u32, user: u32 },
    #[error("{} does not hold a key in the form that the program writes; restore it from your copy", path.display())]
    Malformed { path: PathBuf },
    #[error("the key {} is not the one that the log committed to; restore the right one from your copy", path.display())]
    Exchanged { path: PathBuf },
    #[error("the signing key {} is not the one that the log declares ({declared}); put that one back", path.display())]
    NotDeclared { path: PathBuf, declared: String },
    #[error(
        "the signing key comes from the service manager; change the credential, then start with the new key declared"
    )]
    Credential,
    #[error(
        "the signing key {} is that of a log that is succeeded, and its successor signs with another; run the command \
         without the credential: it makes a key in `private/keys`, which the service manager hands in from then on",
        path.display()
    )]
    OfPredecessor { path: PathBuf },
    #[error("the signing key in {} cannot be used", path.display())]
    Signing { path: PathBuf, source: NoteError },
    #[error("{0} cannot name a destruction log: its name is one word without plus sign")]
    Name(Origin),
    #[error("the kernel gave no random bytes for a key")]
    Random(#[source] getrandom::Error),
}

/// Names records of this source under the key of this year, without the log; `None` where there is no such key (never
/// made, or destroyed).
///
/// # Errors
/// A key file that cannot be read, is malformed, or has the wrong owner or mode.
pub fn load_fingerprinter(
    keys: impl Into<KeyPlaces>,
    source: &SourceName,
    year: i32,
) -> Result<Option<Fingerprinter>, LogError> {
    let key = fingerprint_key(&keys.into(), source, year)?;
    Ok(key.map(|key| key.fingerprinter(source, year)))
}

/// The same, for a key to which the log committed: another key in its place would find nothing, and that would be no
/// answer.
///
/// # Errors
/// As [`load_fingerprinter`]; [`KeyError::Exchanged`].
pub fn load_committed_fingerprinter(
    keys: impl Into<KeyPlaces>,
    source: &SourceName,
    year: i32,
    commitment: &Digest,
) -> Result<Option<Fingerprinter>, LogError> {
    let keys = keys.into();
    match fingerprint_key(&keys, source, year)? {
        Some(key) if key.commitment() != *commitment => {
            Err(KeyError::Exchanged { path: fingerprint_path(&keys, source, year) }.into())
        }
        key => Ok(key.map(|key| key.fingerprinter(source, year))),
    }
}

/// Keyed digest of a text, without the log: for a reason that must be given before there is one. Where the key was lost
/// a new one is made, so that a log can always be succeeded, and the second value says so.
///
/// # Errors
/// A key that cannot be read or made.
pub fn keyed_digest(keys: impl Into<KeyPlaces>, text: &str) -> Result<(Digest, bool), LogError> {
    let keys = keys.into();
    prepare_dir(&keys)?;
    let is_lost = secret::read_key(&keys.dir.join(DIGESTS))?.is_none();
    Ok((digest_key(&keys, true)?.digest(text), is_lost))
}

/// The key of keyed digests; a new one where there is none and `create` says so.
pub(super) fn digest_key(places: &KeyPlaces, create: bool) -> Result<Key, KeyError> {
    let path = places.dir.join(DIGESTS);
    match secret::read_key(&path)? {
        Some(key) => Ok(key),
        None if create => Key::make(&path),
        None => Err(KeyError::Missing { path }),
    }
}
