//! The signing key: read, made, rotated.

use std::path::{Path, PathBuf};

use super::secret::{random, read_secret, write_secret};
use super::{KeyError, KeyPlaces};
use crate::audit::durable::{remove, rename, temporary};
use crate::audit::note::{KeyKind, SigningKey};
use crate::model::Origin;

/// The signing key's file.
const SIGNING: &str = "audit-signing-key";

/// The key that a rotation is about to put in its place.
const NEXT_SIGNING: &str = "audit-signing-key.next";

/// The signing key; where there is none and `create` names a log, a new one.
pub(in crate::audit) fn signing_key(places: &KeyPlaces, create: Option<&Origin>) -> Result<SigningKey, KeyError> {
    let path = signing_path(places);
    if let Some(text) = read_secret(&path, places.has_credential())? {
        return parse_signing_key(&path, &text);
    }
    match create {
        Some(origin) if !places.has_credential() => {
            let key = new_signing_key(origin)?;
            write_secret(&path, key.secret_text().as_bytes())?;
            Ok(key)
        }
        _ => Err(KeyError::Missing { path }),
    }
}

/// Where the signing key is read from.
pub(in crate::audit) fn signing_path(places: &KeyPlaces) -> PathBuf {
    places.credential.clone().unwrap_or_else(|| places.dir.join(SIGNING))
}

/// Makes the key that a rotation will put in place once the log declares it.
pub(in crate::audit) fn next_signing_key(places: &KeyPlaces, origin: &Origin) -> Result<SigningKey, KeyError> {
    if places.has_credential() {
        return Err(KeyError::Credential);
    }
    let key = new_signing_key(origin)?;
    write_secret(&places.dir.join(NEXT_SIGNING), key.secret_text().as_bytes())?;
    Ok(key)
}

/// Puts the next signing key in place if the log declares it, else removes it: ends a rotation, also one that was
/// interrupted.
pub(in crate::audit) fn finish_rotation(places: &KeyPlaces, declared: &str) -> Result<Option<SigningKey>, KeyError> {
    let next = places.dir.join(NEXT_SIGNING);
    let unfinished = temporary(&next);
    if unfinished.exists() {
        // A crash while it was written; a secret that signs nothing.
        remove("key", &unfinished)?;
    }
    let Some(text) = read_secret(&next, false)? else { return Ok(None) };
    let key = parse_signing_key(&next, &text)?;
    if key.verifier().to_string() != declared {
        remove("key", &next)?;
        return Ok(None);
    }
    rename("key", &next, &places.dir.join(SIGNING))?;
    Ok(Some(key))
}

/// Puts the signing key that was made for a successor in place, if that was not done; the key of the log before is set
/// aside under the name of that key.
pub(in crate::audit) fn succeed_signing_key(places: &KeyPlaces) -> Result<(), KeyError> {
    let (made, path) = (places.next().dir.join(SIGNING), places.dir.join(SIGNING));
    if !made.exists() {
        return Ok(());
    }
    if let Some(text) = read_secret(&path, false)? {
        let id = parse_signing_key(&path, &text)?.verifier().id();
        rename("key", &path, &places.dir.join(format!("{SIGNING}.{id:08x}")))?;
    }
    Ok(rename("key", &made, &path)?)
}

fn new_signing_key(origin: &Origin) -> Result<SigningKey, KeyError> {
    SigningKey::from_seed(origin.as_str(), KeyKind::Log, &*random()?).map_err(|_| KeyError::Name(origin.clone()))
}

fn parse_signing_key(path: &Path, text: &[u8]) -> Result<SigningKey, KeyError> {
    let text = str::from_utf8(text).map_err(|_| KeyError::Malformed { path: path.to_owned() })?;
    SigningKey::parse(text).map_err(|source| KeyError::Signing { path: path.to_owned(), source })
}
