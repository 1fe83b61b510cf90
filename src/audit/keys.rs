//! Secret keys: the signing key, the fingerprint keys, and the key of digests. Files of mode 0600 under `private/keys`.
//!
//! Only the file of a key that a service manager hands in lies elsewhere; its path comes from the caller.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use hmac::Mac;
use rustix::fs::OFlags;
use zeroize::Zeroizing;

use super::durable::{SECRET, create_dirs, read, remove, rename, replace};
use super::error::{FileError, LogError};
use super::fingerprint::{Fingerprinter, keyed};
use super::note::{KeyKind, NoteError, SigningKey};
use crate::model::{Actor, Digest, Origin, SourceName};

/// The signing key's file.
const SIGNING: &str = "audit-signing-key";

/// The key that a rotation is about to put in its place.
const NEXT_SIGNING: &str = "audit-signing-key.next";

/// The key of keyed digests.
const DIGESTS: &str = "digest.key";

/// No key file is longer.
const MAX_FILE: u64 = 4096;

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

    /// Takes the signing key from this file instead, as a service manager hands it in (`$CREDENTIALS_DIRECTORY/audit-signing-key`).
    pub fn with_credential(self, file: impl Into<PathBuf>) -> Self {
        Self { credential: Some(file.into()), ..self }
    }

    /// Lets an opening of the log declare, by a `sigkey` leaf of this actor, that the credential holds a new key.
    pub fn declaring(self, actor: Actor) -> Self {
        Self { declare: Some(actor), ..self }
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
    #[error("the signing key in {} cannot be used", path.display())]
    Signing { path: PathBuf, source: NoteError },
    #[error("{0} cannot name a destruction log: its name is one word without plus sign")]
    Name(Origin),
    #[error("the kernel gave no random bytes for a key")]
    Random(#[source] getrandom::Error),
}

/// The signing key; where there is none and `create` names a log, a new one.
pub(super) fn signing_key(places: &KeyPlaces, create: Option<&Origin>) -> Result<SigningKey, KeyError> {
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
pub(super) fn signing_path(places: &KeyPlaces) -> PathBuf {
    places.credential.clone().unwrap_or_else(|| places.dir.join(SIGNING))
}

/// Makes the key that a rotation will put in place once the log declares it.
pub(super) fn next_signing_key(places: &KeyPlaces, origin: &Origin) -> Result<SigningKey, KeyError> {
    if places.has_credential() {
        return Err(KeyError::Credential);
    }
    let key = new_signing_key(origin)?;
    write_secret(&places.dir.join(NEXT_SIGNING), key.secret_text().as_bytes())?;
    Ok(key)
}

/// Puts the next signing key in place if the log declares it, else removes it: ends a rotation, also one that was interrupted.
pub(super) fn finish_rotation(places: &KeyPlaces, declared: &str) -> Result<Option<SigningKey>, KeyError> {
    let next = places.dir.join(NEXT_SIGNING);
    let Some(text) = read_secret(&next, false)? else { return Ok(None) };
    let key = parse_signing_key(&next, &text)?;
    if key.verifier().to_string() != declared {
        remove("key", &next)?;
        return Ok(None);
    }
    rename("key", &next, &places.dir.join(SIGNING))?;
    Ok(Some(key))
}

/// Sets the signing key of a log that another one succeeds aside, under the name of that key.
pub(super) fn set_signing_key_aside(places: &KeyPlaces, origin: &Origin) -> Result<(), KeyError> {
    let path = places.dir.join(SIGNING);
    let Some(text) = read_secret(&path, false)? else { return Ok(()) };
    let verifier = parse_signing_key(&path, &text)?.verifier();
    if verifier.name() == origin.as_str() {
        return Ok(());
    }
    Ok(rename("key", &path, &places.dir.join(format!("{SIGNING}.{:08x}", verifier.id())))?)
}

fn new_signing_key(origin: &Origin) -> Result<SigningKey, KeyError> {
    SigningKey::from_seed(origin.as_str(), KeyKind::Log, &*random()?).map_err(|_| KeyError::Name(origin.clone()))
}

fn parse_signing_key(path: &Path, text: &[u8]) -> Result<SigningKey, KeyError> {
    let text = str::from_utf8(text).map_err(|_| KeyError::Malformed { path: path.to_owned() })?;
    SigningKey::parse(text).map_err(|source| KeyError::Signing { path: path.to_owned(), source })
}

/// The key of keyed digests; a new one where there is none and `create` says so.
pub(super) fn digest_key(places: &KeyPlaces, create: bool) -> Result<Key, KeyError> {
    let path = places.dir.join(DIGESTS);
    match read_key(&path)? {
        Some(key) => Ok(key),
        None if create => Key::make(&path),
        None => Err(KeyError::Missing { path }),
    }
}

/// A fingerprint key, if its file is there.
pub(super) fn fingerprint_key(places: &KeyPlaces, source: &SourceName, year: i32) -> Result<Option<Key>, KeyError> {
    read_key(&fingerprint_path(places, source, year))
}

/// A new fingerprint key, durable on return.
pub(super) fn new_fingerprint_key(places: &KeyPlaces, source: &SourceName, year: i32) -> Result<Key, KeyError> {
    Key::make(&fingerprint_path(places, source, year))
}

/// Destroys the file of a fingerprint key, if it is there.
pub(super) fn destroy_fingerprint_key(places: &KeyPlaces, source: &SourceName, year: i32) -> Result<(), KeyError> {
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

/// The file of a fingerprint key. A source's name may hold any character, so all but plain ones are written as `%` and hexadecimal.
pub(super) fn fingerprint_path(places: &KeyPlaces, source: &SourceName, year: i32) -> PathBuf {
    let mut name = "fp-".to_owned();
    for byte in source.as_str().bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' => name.push(char::from(byte)),
            _ => name.push_str(&format!("%{byte:02x}")),
        }
    }
    places.dir.join(format!("{name}-{year}.key"))
}

/// 32 secret bytes. They leave memory when dropped.
pub(super) struct Key(Zeroizing<[u8; 32]>);

impl Key {
    fn make(path: &Path) -> Result<Self, KeyError> {
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

fn read_key(path: &Path) -> Result<Option<Key>, KeyError> {
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

fn random() -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *bytes).map_err(KeyError::Random)?;
    Ok(bytes)
}

fn write_secret(path: &Path, text: &[u8]) -> Result<(), KeyError> {
    Ok(replace("key", path, text, SECRET)?)
}

/// Reads a secret file after its owner and mode were looked at on the open file, so that none is exchanged in between.
///
/// A service manager's credential may belong to root and be readable to a group.
fn read_secret(path: &Path, credential: bool) -> Result<Option<Zeroizing<Vec<u8>>>, KeyError> {
    let no_link = OFlags::NOFOLLOW.bits().cast_signed();
    let file = match File::options().read(true).custom_flags(no_link).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(FileError::new("open", path))?,
    };
    let metadata = file.metadata().map_err(FileError::new("look at", path))?;
    if !metadata.is_file() || metadata.len() > MAX_FILE {
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
    let mut text = Zeroizing::new(Vec::with_capacity(MAX_FILE as usize));
    file.take(MAX_FILE).read_to_end(&mut text).map_err(FileError::new("read", path))?;
    Ok(Some(text))
}

/// Makes the directory of keys, or sees that nobody else can enter it.
pub(super) fn prepare_dir(places: &KeyPlaces) -> Result<(), KeyError> {
    create_dirs(&places.dir, 0o700)?;
    let metadata = std::fs::metadata(&places.dir).map_err(FileError::new("look at", &places.dir))?;
    let mode = metadata.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(KeyError::Exposed { path: places.dir.clone(), mode, mend: "0700" });
    }
    Ok(())
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
    let key = fingerprint_key(&keys.into(), source, year)?;
    Ok(key.map(|key| key.fingerprinter(source, year)))
}

/// Keyed digest of a text, without the log: for a reason that must be given before there is one.
///
/// # Errors
/// A key that cannot be read or made.
pub fn keyed_digest(keys: impl Into<KeyPlaces>, text: &str) -> Result<Digest, LogError> {
    let keys = keys.into();
    prepare_dir(&keys)?;
    Ok(digest_key(&keys, true)?.digest(text))
}

/// A decision to destroy a fingerprint key, noted before it is carried out so that it ends whatever happens.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct Forgetting {
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
        let Some(text) = read(&path)? else { return Ok(None) };
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

    #[test]
    fn every_source_and_year_has_a_file_of_its_own() {
        let places = KeyPlaces::new("keys");
        let path = |source: &str, year| fingerprint_path(&places, &source.into(), year);
        assert_eq!(path("parle", 2026), Path::new("keys/fp-parle-2026.key"));
        assert_eq!(path("../é", 2026), Path::new("keys/fp-%2e%2e%2f%c3%a9-2026.key"));
        assert_ne!(path("a-1", 2), path("a", 12));
    }
}
