//! The key of a witness, and its file.

use std::path::Path;

use super::WitnessError;
use crate::audit::durable::{SECRET, replace};
use crate::audit::keys::read_secret;
use crate::audit::note::{KeyKind, NoteError, SigningKey};

/// Who can read the key co-signs in the witness's name, so it is held to what the keys of a log are.
pub(super) fn read_key(path: &Path) -> Result<Option<SigningKey>, WitnessError> {
    let Some(text) = read_secret(path, false)? else { return Ok(None) };
    let of_key = |source| WitnessError::Key { path: path.to_owned(), source };
    let key = SigningKey::parse(str::from_utf8(&text).unwrap_or_default()).map_err(of_key)?;
    match key.verifier().kind() {
        KeyKind::Witness => Ok(Some(key)),
        KeyKind::Log => Err(of_key(NoteError::SigningKey("it is the key of a log, and not of a witness"))),
    }
}

pub(super) fn make_key(path: &Path, name: &str) -> Result<SigningKey, WitnessError> {
    let mut seed = zeroize::Zeroizing::new([0; 32]);
    getrandom::fill(&mut *seed).map_err(|_| WitnessError::Random)?;
    let key = SigningKey::from_seed(name, KeyKind::Witness, &seed)?;
    replace("witness", path, format!("{}\n", *key.secret_text()).as_bytes(), SECRET)?;
    Ok(key)
}
