//! Fingerprint keys: one for each source and year, made, and destroyed for good.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use super::secret::{Key, read_key, write_secret};
use super::{KeyError, KeyPlaces};
use crate::audit::durable::{read, remove};
use crate::audit::error::FileError;
use crate::audit::regular::MAX_KEY;
use crate::model::{Actor, SourceName};

/// A fingerprint key, if its file is there.
pub(in crate::audit) fn fingerprint_key(
    places: &KeyPlaces,
    source: &SourceName,
    year: i32,
) -> Result<Option<Key>, KeyError> {
    read_key(&fingerprint_path(places, source, year))
}

/// A new fingerprint key, durable on return.
pub(in crate::audit) fn new_fingerprint_key(
    places: &KeyPlaces,
    source: &SourceName,
    year: i32,
) -> Result<Key, KeyError> {
    Key::make(&fingerprint_path(places, source, year))
}

/// Destroys the file of a fingerprint key, if it is there.
pub(in crate::audit) fn destroy_fingerprint_key(
    places: &KeyPlaces,
    source: &SourceName,
    year: i32,
) -> Result<(), KeyError> {
    let path = fingerprint_path(places, source, year);
    let overwritten = || match File::options().write(true).open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        opened => {
            // Where the file system writes in place this leaves no copy; where it does not, the disk's encryption must.
            let mut file = opened?;
            file.write_all(&[b'0'; 64])?;
            file.sync_all()
        }
    };
    overwritten().map_err(FileError::new("overwrite", &path))?;
    Ok(remove("key", &path)?)
}

/// The file of a fingerprint key. A source's name may hold any character, so all but plain ones are written as `%` and
/// hexadecimal.
pub(in crate::audit) fn fingerprint_path(places: &KeyPlaces, source: &SourceName, year: i32) -> PathBuf {
    let mut name = "fp-".to_owned();
    for byte in source.as_str().bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' => name.push(char::from(byte)),
            _ => name.push_str(&format!("%{byte:02x}")),
        }
    }
    places.dir.join(format!("{name}-{year}.key"))
}

/// A decision to destroy a fingerprint key, noted before it is carried out so that it ends whatever happens.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(in crate::audit) struct Forgetting {
    pub source: SourceName,
    pub year: i32,
    pub actor: Actor,
}

impl Forgetting {
    fn path(places: &KeyPlaces) -> PathBuf {
        places.dir.join("forgetting")
    }

    /// The decision that an interrupted attempt left.
    pub fn load(places: &KeyPlaces) -> Result<Option<Self>, KeyError> {
        let path = Self::path(places);
        let Some(text) = read(&path, MAX_KEY)? else { return Ok(None) };
        serde_json::from_slice(&text).map(Some).map_err(|_| KeyError::Malformed { path })
    }

    pub fn note(&self, places: &KeyPlaces) -> Result<(), KeyError> {
        let path = Self::path(places);
        let text = serde_json::to_vec(self).map_err(|_| KeyError::Malformed { path: path.clone() })?;
        write_secret(&path, &text)
    }

    pub fn done(places: &KeyPlaces) -> Result<(), KeyError> {
        Ok(remove("key", &Self::path(places))?)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_source_and_year_has_a_file_of_its_own() {
        let places = KeyPlaces::new("keys");
        let path = |source: &str, year| fingerprint_path(&places, &source.into(), year);
        assert_eq!(path("parle", 2026), Path::new("keys/fp-parle-2026.key"));
        assert_eq!(path("../é", 2026), Path::new("keys/fp-%2e%2e%2f%c3%a9-2026.key"));
        assert_ne!(path("a-1", 2), path("a", 12));
    }
}
