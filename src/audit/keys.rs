//! Secret keys: the signing key, the fingerprint keys, and the key of digests. Files of mode 0600 under `private/keys`.

use std::path::{Path, PathBuf};

use super::error::{FileError, LogError};
use super::fingerprint::Fingerprinter;
use crate::model::SourceName;

/// Where the secret keys are.
#[derive(Clone, Debug)]
pub struct KeyPlaces {
    dir: PathBuf,
    credential: Option<PathBuf>,
}

impl KeyPlaces {
    /// All keys in this directory (`STATE/private/keys`).
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into(), credential: None }
    }

    /// Takes the signing key from this file instead, as a service manager hands it in (`$CREDENTIALS_DIRECTORY/audit-signing-key`).
    pub fn with_credential(self, file: impl Into<PathBuf>) -> Self {
        Self { credential: Some(file.into()), ..self }
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
}

/// Names records of this source under the key of this year, without the log; `None` where there is no such key (never made, or destroyed).
///
/// # Errors
/// A key file that cannot be read, is malformed, or has the wrong owner or mode.
pub fn load_fingerprinter(
    keys: impl Into<KeyPlaces>,
    source: &SourceName,
    year: i32,
) -> Result<Option<Fingerprinter>, LogError> {
    let _ = (keys.into(), source, year);
    todo!()
}
