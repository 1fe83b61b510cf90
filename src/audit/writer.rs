//! The one writer of a destruction log.

use std::ops::ControlFlow;
use std::path::Path;

use super::error::LogError;
use super::fingerprint::Fingerprinter;
use super::keys::KeyPlaces;
use super::leaf::{Body, Intent, Leaf};
use crate::model::{Actor, Digest, Instant, Origin, SourceName};

/// A destruction log, open for writing. One at a time in the world: a lock on its directory sees to it.
pub struct DestructionLog {
    origin: Origin,
}

impl DestructionLog {
    /// Makes a log: its signing key, its first leaf and its first checkpoint.
    ///
    /// # Errors
    /// [`LogError::Exists`] where one stands.
    pub fn create(dir: &Path, keys: impl Into<KeyPlaces>, origin: Origin, now: Instant) -> Result<Self, LogError> {
        let _ = (dir, keys.into(), origin, now);
        todo!()
    }

    /// Opens a log, drops a torn tail, and checks every entry against the signed checkpoints.
    ///
    /// # Errors
    /// [`LogError::Absent`]; [`LogError::Locked`]; damage or missing entries ([`LogError::is_verification_failure`]); keys of
    /// the wrong owner or mode.
    pub fn open(dir: &Path, keys: impl Into<KeyPlaces>, now: Instant) -> Result<Self, LogError> {
        let _ = (dir, keys.into(), now);
        todo!()
    }

    /// Opens the log, or makes it where none stands.
    ///
    /// # Errors
    /// As [`Self::open`] and [`Self::create`].
    pub fn open_or_create(
        dir: &Path,
        keys: impl Into<KeyPlaces>,
        origin: Origin,
        now: Instant,
    ) -> Result<Self, LogError> {
        let _ = (dir, keys.into(), origin, now);
        todo!()
    }

    /// The log's name, which its checkpoints bear.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Number of leaves, those included that are not durable yet.
    pub fn size(&self) -> u64 {
        todo!()
    }

    /// When the last leaf was written; `now` must not lie behind it.
    pub fn last_time(&self) -> Option<Instant> {
        todo!()
    }

    /// Appends a leaf and returns its index. It is durable after the next [`Self::sync`].
    ///
    /// # Errors
    /// A clock behind the log, a full disk, a leaf too long, a poisoned log. Nothing is appended then.
    pub fn append(&mut self, body: Body, now: Instant) -> Result<u64, LogError> {
        let _ = (body, now);
        todo!()
    }

    /// Makes all that was appended durable: one write, one `fdatasync`.
    ///
    /// # Errors
    /// A failed write or sync, which poisons the log until [`Self::reread`].
    pub fn sync(&mut self) -> Result<(), LogError> {
        todo!()
    }

    /// Reads the log again from disk, after a write failed. What was not durable may or may not be there: see [`Self::unresolved`].
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn reread(&mut self, now: Instant) -> Result<(), LogError> {
        let _ = now;
        todo!()
    }

    /// Syncs, publishes bundles and tiles, signs and publishes a checkpoint, and removes the journal that they replace.
    ///
    /// # Errors
    /// A file that cannot be written; the log stays usable, and the next call makes up for it.
    pub fn publish(&mut self, now: Instant) -> Result<(), LogError> {
        let _ = now;
        todo!()
    }

    /// Intents without outcome, by index: what recovery must resolve.
    pub fn unresolved(&self) -> Vec<(u64, Intent)> {
        todo!()
    }

    /// Shows every durable leaf from this index on, until `visit` breaks.
    ///
    /// # Errors
    /// A bundle that cannot be read or holds no leaves.
    pub fn scan(&self, from: u64, visit: &mut dyn FnMut(u64, Leaf) -> ControlFlow<()>) -> Result<(), LogError> {
        let _ = (from, visit);
        todo!()
    }

    /// Names records of this source under this year's key, which is made, and committed to by a durable leaf, before its first use.
    ///
    /// # Errors
    /// [`LogError::KeyDestroyed`]; a key file that is lost, was exchanged, or has the wrong owner or mode.
    pub fn fingerprinter(&mut self, source: &SourceName, year: i32, now: Instant) -> Result<Fingerprinter, LogError> {
        let _ = (source, year, now);
        todo!()
    }

    /// Destroys a fingerprint key for good: what it named can no longer be looked up.
    ///
    /// # Errors
    /// [`LogError::KeyNeeded`] for the current year's key and where an intent waits for its outcome; no such key.
    pub fn forget_key(&mut self, source: &SourceName, year: i32, actor: Actor, now: Instant) -> Result<(), LogError> {
        let _ = (source, year, actor, now);
        todo!()
    }

    /// Makes a new signing key; a `sigkey` leaf declares it, and it signs from the next checkpoint on.
    ///
    /// # Errors
    /// A key handed in as a credential is the service manager's to change: [`super::keys::KeyError`].
    pub fn rotate_signing_key(&mut self, actor: Actor, now: Instant) -> Result<(), LogError> {
        let _ = (actor, now);
        todo!()
    }

    /// Digest of a text that may hold personal information (a reason, a mapping with values): keyed, so that nobody can guess the text.
    pub fn keyed_digest(&self, text: &str) -> Digest {
        let _ = text;
        todo!()
    }

    /// Stores a large text under its SHA-256. Durable on return.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn put_blob(&mut self, bytes: &[u8]) -> Result<Digest, LogError> {
        let _ = bytes;
        todo!()
    }
}
