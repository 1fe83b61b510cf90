//! The one writer of a destruction log: opening, appending, and making durable.

use std::fs::{File, TryLockError};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::checkpoint::SignedCheckpoint;
use super::codec::{MAX_LEAF, decode, encode};
use super::durable::{SHARED, create_dirs, read, replace};
use super::error::{FileError, LogError};
use super::journal::frame::{Tag, write_frame, write_mark};
use super::journal::{Journal, frame_length, replay, segments, with_marks};
use super::keys::{self, Key, KeyError, KeyPlaces};
use super::leaf::{Body, Genesis, Intent, Leaf, Predecessor, Sigkey};
use super::note::SigningKey;
use super::reader::visit_bundles;
use super::recover::{Recovered, checkpoint_path, corrupt, journal_dir, read_checkpoint, recover, remembered_path};
use super::standing::Standing;
use super::tiles::Tree;
use crate::model::{Digest, Instant, Origin};

/// How far the clock may lie behind the last leaf, in seconds: as far as a time server steps a healthy clock. The leaf bears
/// the last one's time then.
const CLOCK_TOLERANCE: i64 = 5;

/// Journal that each open intent holds back for its outcome, so that a full disk never comes between the two.
pub(super) const OUTCOME_RESERVE: u64 = with_marks(frame_length(MAX_LEAF));

/// Entries kept in memory before full bundles must go out.
pub(super) const KEPT: u64 = 512;

/// A destruction log, open for writing. One at a time in the world: a lock on its directory sees to it.
pub struct DestructionLog {
    pub(super) dir: PathBuf,
    pub(super) keys: KeyPlaces,
    pub(super) origin: Origin,
    pub(super) journal: Journal,
    pub(super) tree: Tree,
    pub(super) standing: Standing,
    /// Frames that wait for the next sync.
    group: Vec<u8>,
    /// Number of leaves on stable storage.
    durable: u64,
    pub(super) signer: SigningKey,
    digests: Key,
    /// The highest checkpoint ever signed; nothing that contradicts it is.
    pub(super) signed: Option<SignedCheckpoint>,
    /// Tells this opening's pending intents from another's.
    pub(super) opening: u64,
    /// The last leaf's time, which a person said may lie ahead of the clock.
    accepted: Option<Instant>,
    /// Held until the log is dropped.
    lock: File,
}

impl DestructionLog {
    /// Makes a log: its signing key, its first leaf and its first checkpoint.
    ///
    /// # Errors
    /// [`LogError::Exists`] where one stands; [`LogError::Behind`] where one stood and its directory is gone.
    pub fn create(dir: &Path, keys: impl Into<KeyPlaces>, origin: Origin, now: Instant) -> Result<Self, LogError> {
        Self::make(dir, keys.into(), origin, None, now)
    }

    /// Makes a log that goes on where another one cannot. The other one's directory was moved away; its fingerprint keys are
    /// used on, its signing key and its last checkpoint are set aside under names of their own.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub fn succeed(
        dir: &Path,
        keys: impl Into<KeyPlaces>,
        origin: Origin,
        predecessor: Predecessor,
        now: Instant,
    ) -> Result<Self, LogError> {
        let keys = keys.into();
        keys::set_signing_key_aside(&keys, &origin)?;
        let remembered = remembered_path(&keys);
        // Read as bytes: a damaged one is what a successor may be made for.
        if read(&remembered)?.is_some() {
            let name = Digest::of(predecessor.origin.as_str().as_bytes());
            super::durable::rename("remembered", &remembered, &remembered.with_extension(name.to_string()))?;
        }
        Self::make(dir, keys, origin, Some(predecessor), now)
    }

    fn make(
        dir: &Path,
        keys: KeyPlaces,
        origin: Origin,
        predecessor: Option<Predecessor>,
        now: Instant,
    ) -> Result<Self, LogError> {
        create_dirs(dir, 0o755)?;
        let lock = lock(dir)?;
        refuse_if_lost(dir, &keys)?;
        if is_begun(dir, &keys)? {
            return Err(LogError::Exists { dir: dir.to_owned() });
        }
        Self::begin(dir, keys, lock, origin, predecessor, now)
    }

    fn begin(
        dir: &Path,
        keys: KeyPlaces,
        lock: File,
        origin: Origin,
        predecessor: Option<Predecessor>,
        now: Instant,
    ) -> Result<Self, LogError> {
        keys::prepare_dir(&keys)?;
        let signer = keys::signing_key(&keys, Some(&origin))?;
        let digests = keys::digest_key(&keys, true)?;
        if signer.verifier().name() != origin.as_str() {
            let declared = format!("a key named {origin}");
            return Err(KeyError::NotDeclared { path: keys::signing_path(&keys), declared }.into());
        }
        let vkey = signer.verifier().to_string();
        let mut log = Self {
            dir: dir.to_owned(),
            journal: Journal::create(&journal_dir(dir), 0)?,
            keys,
            origin: origin.clone(),
            tree: Tree::default(),
            standing: Standing::default(),
            group: Vec::new(),
            durable: 0,
            signer,
            digests,
            signed: None,
            opening: next_opening(),
            accepted: None,
            lock,
        };
        let tool = concat!("retentiond ", env!("CARGO_PKG_VERSION")).to_owned();
        log.push(Body::Genesis(Genesis { origin, tool, vkey, predecessor }), now)?;
        log.write_vkey()?;
        log.publish()?;
        Ok(log)
    }

    /// Opens a log, drops a torn tail, and checks every entry against the signed checkpoints.
    ///
    /// # Errors
    /// [`LogError::Absent`]; [`LogError::Locked`]; damage or missing entries ([`LogError::is_verification_failure`]); keys of
    /// the wrong owner or mode.
    pub fn open(dir: &Path, keys: impl Into<KeyPlaces>, now: Instant) -> Result<Self, LogError> {
        let keys = keys.into();
        refuse_if_lost(dir, &keys)?;
        let absent = || LogError::Absent { dir: dir.to_owned() };
        if !dir.is_dir() {
            return Err(absent());
        }
        let lock = lock(dir)?;
        if !is_begun(dir, &keys)? {
            return Err(absent());
        }
        Self::from_disk(dir, keys, lock, false, now)
    }

    /// Opens the log, or makes it where none stands or its making was interrupted.
    ///
    /// # Errors
    /// As [`Self::open`] and [`Self::create`].
    pub fn open_or_create(
        dir: &Path,
        keys: impl Into<KeyPlaces>,
        origin: Origin,
        now: Instant,
    ) -> Result<Self, LogError> {
        let keys = keys.into();
        refuse_if_lost(dir, &keys)?;
        create_dirs(dir, 0o755)?;
        let lock = lock(dir)?;
        if is_begun(dir, &keys)? {
            Self::from_disk(dir, keys, lock, false, now)
        } else {
            Self::begin(dir, keys, lock, origin, None, now)
        }
    }

    /// Reads the log again from disk, after a write failed. What was not durable may or may not be there: see
    /// [`Self::unresolved`].
    ///
    /// # Errors
    /// As [`Self::open`]; the log stays poisoned then.
    pub fn reread(&mut self, now: Instant) -> Result<(), LogError> {
        self.journal.doubt();
        let lock = self.lock.try_clone().map_err(FileError::new("keep the lock of", &self.dir))?;
        *self = Self::from_disk(&self.dir, self.keys.clone(), lock, true, now)?;
        Ok(())
    }

    fn from_disk(dir: &Path, keys: KeyPlaces, lock: File, distrust: bool, now: Instant) -> Result<Self, LogError> {
        keys::prepare_dir(&keys)?;
        let Recovered { journal, tree, standing, signed, is_published } = recover(dir, &keys, distrust)?;
        let declared = standing.vkeys.last().cloned().unwrap_or_default();
        let signer = match keys::finish_rotation(&keys, &declared)? {
            Some(key) => key,
            None => keys::signing_key(&keys, None)?,
        };
        let digests = keys::digest_key(&keys, false)?;
        let durable = tree.size();
        let mut log = Self {
            dir: dir.to_owned(),
            keys,
            origin: signed.claimed().origin.clone(),
            journal,
            tree,
            standing,
            group: Vec::new(),
            durable,
            signer,
            digests,
            signed: Some(signed),
            opening: next_opening(),
            accepted: None,
            lock,
        };
        log.reserve(0, false)?;
        log.declare_signer(&declared, now)?;
        log.write_vkey()?;
        if !is_published {
            log.publish_checkpoint()?;
        }
        log.finish_forgetting(now)?;
        Ok(log)
    }

    /// The signing key must be the declared one, unless the caller declares it now.
    fn declare_signer(&mut self, declared: &str, now: Instant) -> Result<(), LogError> {
        let vkey = self.signer.verifier().to_string();
        if vkey == declared {
            return Ok(());
        }
        let not_declared =
            KeyError::NotDeclared { path: keys::signing_path(&self.keys), declared: declared.to_owned() };
        match self.keys.declares().cloned() {
            Some(actor) if self.signer.verifier().name() == self.origin.as_str() => {
                self.push(Body::Sigkey(Sigkey { vkey, actor }), now)?;
                self.sync()
            }
            _ => Err(not_declared.into()),
        }
    }

    /// Writes the verifier key beside the checkpoint, if it is not there.
    pub(super) fn write_vkey(&self) -> Result<(), LogError> {
        let path = self.dir.join("vkey");
        let text = format!("{}\n", self.signer.verifier());
        let found = read(&path)?;
        if found.as_deref() == Some(text.as_bytes()) {
            return Ok(());
        }
        if found.is_some() {
            tracing::warn!(path = %path.display(), "the verifier key was not the signing key's; it is written again");
        }
        Ok(replace("vkey", &path, text.as_bytes(), SHARED)?)
    }

    /// The log's name, which its checkpoints bear.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Number of leaves, those included that are not durable yet.
    pub fn size(&self) -> u64 {
        self.tree.size()
    }

    /// Number of leaves on stable storage.
    pub fn durable_size(&self) -> u64 {
        self.durable
    }

    /// When the last leaf was written; `now` must not lie behind it.
    pub fn last_time(&self) -> Option<Instant> {
        Instant::from_timestamp(self.standing.last_at?, 0)
    }

    /// A person answers for a clock that lies behind the last leaf, which was stamped wrongly: leaves bear that leaf's time until the clock has
    /// caught up. Without this a bad stamp would lock the log until its time comes.
    pub fn accept_last_time(&mut self) {
        self.accepted = self.last_time();
    }

    /// Appends a leaf and returns its index. It is durable after the next [`Self::sync`].
    ///
    /// # Errors
    /// A clock behind the log, a full disk, a leaf too long, a poisoned log; an outcome that no open intent awaits; a kind that
    /// the log writes itself. Nothing is appended then.
    pub fn append(&mut self, body: Body, now: Instant) -> Result<u64, LogError> {
        match &body {
            Body::Outcome(outcome) if !self.standing.awaits(outcome) => {
                return Err(LogError::NotAwaited { intent: outcome.intent });
            }
            Body::Genesis(_) | Body::Intent(_) | Body::Fpkey(_) | Body::FpkeyDestroyed(_) | Body::Sigkey(_) => {
                return Err(LogError::OwnKind { kind: body.kind() });
            }
            _ => (),
        }
        self.push(body, now)
    }

    /// Appends a leaf of any kind.
    pub(super) fn push(&mut self, body: Body, now: Instant) -> Result<u64, LogError> {
        let leaf = Leaf { at: self.stamp(now)?, body };
        let bytes = encode(&leaf)?;
        let is_outcome = matches!(leaf.body, Body::Outcome(_));
        if !is_outcome {
            self.relieve()?;
        }
        self.reserve(frame_length(bytes.len()) as u64, is_outcome)?;
        Ok(self.take(&leaf, &bytes))
    }

    /// Appends a leaf whose room was reserved.
    pub(super) fn take(&mut self, leaf: &Leaf, bytes: &[u8]) -> u64 {
        let index = self.tree.size();
        write_frame(&mut self.group, Tag::Leaf, bytes);
        self.tree.push(bytes);
        self.standing.note(index, leaf);
        index
    }

    /// Writes full bundles out once many entries are kept in memory.
    pub(super) fn relieve(&mut self) -> Result<(), LogError> {
        if self.tree.size() - self.tree.first_kept() >= KEPT {
            self.tree.write_full(&self.dir, self.durable)?;
        }
        Ok(())
    }

    /// The time that the next leaf bears, in seconds since 1970; never before the last one's.
    pub(super) fn stamp(&self, now: Instant) -> Result<i64, LogError> {
        if self.journal.is_doubtful() {
            return Err(LogError::Poisoned);
        }
        let at = now.timestamp();
        match self.last_time() {
            Some(last) if at < last.timestamp() - CLOCK_TOLERANCE && self.accepted != Some(last) => {
                Err(LogError::ClockBehind { last, now })
            }
            Some(last) => Ok(at.max(last.timestamp())),
            None => Ok(at),
        }
    }

    /// Sees that the open segment has room for the waiting group, `more` bytes and the outcomes of all open intents.
    pub(super) fn reserve(&mut self, more: u64, is_outcome: bool) -> Result<(), LogError> {
        let needed = with_marks(self.group.len()) + more;
        // An outcome uses what was held back for it.
        let held = if is_outcome { 0 } else { self.standing.unresolved.len() as u64 * OUTCOME_RESERVE };
        if self.journal.room() < needed + held {
            let held = self.standing.unresolved.len() as u64 * OUTCOME_RESERVE;
            self.journal.roll(self.durable, needed + held)?;
        }
        Ok(())
    }

    /// Goes on in a fresh segment, so that the published ones can go.
    pub(super) fn reserve_afresh(&mut self) -> Result<(), LogError> {
        let held = self.standing.unresolved.len() as u64 * OUTCOME_RESERVE;
        Ok(self.journal.roll(self.durable, with_marks(self.group.len()) + held)?)
    }

    /// Makes all that was appended durable: one write, one `fdatasync`.
    ///
    /// # Errors
    /// A failed write or sync, which poisons the log until [`Self::reread`].
    pub fn sync(&mut self) -> Result<(), LogError> {
        if self.journal.is_doubtful() {
            return Err(LogError::Poisoned);
        }
        if self.group.is_empty() {
            return Ok(());
        }
        let size = self.tree.size();
        write_mark(&mut self.group, Tag::Commit, size);
        self.journal.write_group(&self.group, size)?;
        self.group.clear();
        self.durable = size;
        Ok(())
    }

    /// Whether a write failed, so that only [`Self::reread`] can go on.
    pub fn is_poisoned(&self) -> bool {
        self.journal.is_doubtful()
    }

    /// Intents without outcome, by index: what recovery must resolve.
    pub fn unresolved(&self) -> Vec<(u64, Intent)> {
        self.standing.unresolved.iter().map(|(index, intent)| (*index, intent.clone())).collect()
    }

    /// Shows every durable leaf from this index on, until `visit` breaks.
    ///
    /// # Errors
    /// A bundle that cannot be read or holds no leaves.
    pub fn scan(&self, from: u64, visit: &mut dyn FnMut(u64, Leaf) -> ControlFlow<()>) -> Result<(), LogError> {
        let mut show = |index: u64, bytes: &[u8]| {
            let leaf = decode(bytes).map_err(|error| corrupt(&self.dir, &format!("entry {index}: {error}")))?;
            Ok(visit(index, leaf))
        };
        let kept = self.tree.first_kept();
        if visit_bundles(&self.dir, from, kept, &mut show)?.is_break() {
            return Ok(());
        }
        for index in from.max(kept)..self.durable {
            let Some(bytes) = self.tree.kept(index) else { break };
            if show(index, bytes)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Digest of a text that may hold personal information (a reason, a mapping with values): keyed, so that nobody can guess
    /// the text.
    pub fn keyed_digest(&self, text: &str) -> Digest {
        self.digests.digest(text)
    }

    /// Stores a large text under its SHA-256. Durable on return.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn put_blob(&mut self, bytes: &[u8]) -> Result<Digest, LogError> {
        let digest = Digest::of(bytes);
        let path = self.dir.join("blobs").join(digest.to_string());
        if read(&path)?.as_deref() != Some(bytes) {
            replace("blob", &path, bytes, SHARED)?;
        }
        Ok(digest)
    }
}

/// Takes the writer's lock.
pub(super) fn lock(dir: &Path) -> Result<File, LogError> {
    let path = dir.join("lock");
    let opened = File::options().read(true).write(true).create(true).truncate(false).open(&path);
    let file = opened.map_err(FileError::new("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LogError::Locked { dir: dir.to_owned() }),
        Err(TryLockError::Error(error)) => Err(FileError::new("lock", &path)(error).into()),
    }
}

/// Whether a log was made here, at least up to its first checkpoint.
///
/// # Errors
/// Entries without any checkpoint, more than an interrupted making leaves.
fn is_begun(dir: &Path, keys: &KeyPlaces) -> Result<bool, LogError> {
    if read(&checkpoint_path(dir))?.is_some() || read(&remembered_path(keys))?.is_some() {
        return Ok(true);
    }
    let journal = journal_dir(dir);
    let firsts = if journal.is_dir() { segments(&journal)? } else { Vec::new() };
    match firsts[..] {
        [] if !dir.join("tile").exists() => Ok(false),
        // The making never returned, so nobody was promised anything.
        [0] if replay(&journal, &mut |_, _| Ok(()))?.size <= 1 => Ok(false),
        _ => Err(corrupt(&checkpoint_path(dir), "its checkpoint is missing")),
    }
}

/// Refuses where a log was signed whose directory is gone.
fn refuse_if_lost(dir: &Path, keys: &KeyPlaces) -> Result<(), LogError> {
    match read_checkpoint(&remembered_path(keys))? {
        Some(signed) if !journal_dir(dir).is_dir() => {
            Err(LogError::Behind { dir: dir.to_owned(), size: 0, signed: signed.claimed().tree.size })
        }
        _ => Ok(()),
    }
}

fn next_opening() -> u64 {
    static OPENINGS: AtomicU64 = AtomicU64::new(0);
    OPENINGS.fetch_add(1, Ordering::Relaxed)
}

#[cfg(test)]
#[path = "writer_tests.rs"]
pub(super) mod tests;
