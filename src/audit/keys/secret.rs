//! Secret bytes and their files: mode 0600, ours alone.

use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use hmac::Mac;
use zeroize::Zeroizing;

use super::{KeyError, KeyPlaces};
use crate::audit::durable::{SECRET, create_dirs, replace};
use crate::audit::error::FileError;
use crate::audit::fingerprint::{Fingerprinter, keyed};
use crate::audit::regular::{self, MAX_KEY};
use crate::model::{Digest, SourceName};

/// 32 secret bytes. They leave memory when dropped.
pub(in crate::audit) struct Key(Zeroizing<[u8; 32]>);

impl Key {
    pub(super) fn make(path: &Path) -> Result<Self, KeyError> {
        let key = Self(random()?);
        let mut text = Zeroizing::new(String::with_capacity(65));
        for byte in key.0.iter() {
            text.push(char::from(HEX[usize::from(byte >> 4)]));
            text.push(char::from(HEX[usize::from(byte & 15)]));
        }
        text.push('\n');
        write_secret(path, text.as_bytes())?;
        Ok(key)
    }

    /// What the log commits to: SHA-256 over `"fpkey-v1\0"` and the key.
    pub fn commitment(&self) -> Digest {
        let mut bytes = Zeroizing::new(b"fpkey-v1\0".to_vec());
        bytes.extend(*self.0);
        Digest::of(&bytes)
    }

    pub fn fingerprinter(&self, source: &SourceName, year: i32) -> Fingerprinter {
        Fingerprinter::new(&self.0, source, year)
    }

    /// HMAC-SHA256 over `"kd-v1\0"` and the text.
    pub fn digest(&self, text: &str) -> Digest {
        let mut mac = keyed(&self.0);
        mac.update(b"kd-v1\0");
        mac.update(text.as_bytes());
        Digest::from_bytes(mac.finalize().into_bytes().into())
    }
}

const HEX: &[u8; 16] = b"0123456789abcdef";

pub(super) fn read_key(path: &Path) -> Result<Option<Key>, KeyError> {
    let Some(text) = read_secret(path, false)? else { return Ok(None) };
    let malformed = || KeyError::Malformed { path: path.to_owned() };
    let digits = text.strip_suffix(b"\n").unwrap_or(&text);
    if digits.len() != 64 {
        return Err(malformed());
    }
    let mut key = Zeroizing::new([0; 32]);
    for (byte, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
        let nibble = |digit: u8| HEX.iter().position(|other| *other == digit).ok_or_else(malformed);
        *byte = (nibble(pair[0])? << 4 | nibble(pair[1])?) as u8;
    }
    Ok(Some(Key(key)))
}

pub(super) fn random() -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *bytes).map_err(KeyError::Random)?;
    Ok(bytes)
}

pub(super) fn write_secret(path: &Path, text: &[u8]) -> Result<(), KeyError> {
    Ok(replace("key", path, text, SECRET)?)
}

/// Reads a secret file after its owner and mode were looked at on the open file, so that none is exchanged in between.
///
/// A service manager's credential may belong to root and be readable to a group.
pub(in crate::audit) fn read_secret(path: &Path, credential: bool) -> Result<Option<Zeroizing<Vec<u8>>>, KeyError> {
    let (file, metadata) = match regular::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(FileError::new("open", path))?,
    };
    if metadata.len() > MAX_KEY {
        return Err(KeyError::Malformed { path: path.to_owned() });
    }
    let user = rustix::process::geteuid().as_raw();
    if metadata.uid() != user && !(credential && metadata.uid() == 0) {
        return Err(KeyError::Owner { path: path.to_owned(), owner: metadata.uid(), user });
    }
    let (others, mend) = if credential { (0o027, "0440") } else { (0o077, "0600") };
    let mode = metadata.mode() & 0o7777;
    if mode & others != 0 {
        return Err(KeyError::Exposed { path: path.to_owned(), mode, mend });
    }
    let mut text = Zeroizing::new(Vec::with_capacity(MAX_KEY as usize));
    file.take(MAX_KEY).read_to_end(&mut text).map_err(FileError::new("read", path))?;
    Ok(Some(text))
}

/// Makes the directory of keys, or sees that nobody else can enter it.
pub(in crate::audit) fn prepare_dir(places: &KeyPlaces) -> Result<(), KeyError> {
    create_dirs(&places.dir, 0o700)?;
    let metadata = std::fs::metadata(&places.dir).map_err(FileError::new("look at", &places.dir))?;
    let mode = metadata.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(KeyError::Exposed { path: places.dir.clone(), mode, mend: "0700" });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of `docs/log-format.md`, computed by another program.
    #[test]
    fn the_vectors_of_the_documentation_hold() {
        let key = Key(Zeroizing::new([0x2a; 32]));
        let commitment = "51370d8a7517b95655fe046bd1c41cd3039d91c23c2b1941257bbc62e1aedb52";
        assert_eq!(key.commitment().to_string(), commitment);
        let digest = "5d45830eed2734b28fe0817fb7a4e2de4841bd1b91c035f0dc2525864cec97b6";
        assert_eq!(key.digest("raison é").to_string(), digest);
    }
}
