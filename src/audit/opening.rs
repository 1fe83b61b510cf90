//! Making and opening a destruction log; what it takes to be the one that writes it.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use super::durable::{SHARED, create_dirs, read, replace};
use super::earlier::beside;
use super::error::{FileError, LogError};
use super::journal::{Journal, replay, segments};
use super::keys::{self, Key, KeyError, KeyPlaces};
use super::leaf::{Body, Genesis, Predecessor, Sigkey};
use super::note::SigningKey;
use super::recover::{Recovered, checkpoint_path, corrupt, journal_dir, read_checkpoint, recover, remembered_path};
use super::regular::{MAX_CHECKPOINT, MAX_KEY};
use super::standing::Standing;
use super::succession;
use super::tiles::Tree;
use super::vouched::refuse_if_foreign;
use super::writer::DestructionLog;
use crate::model::{Instant, Origin};

impl DestructionLog {
    /// Makes a log: its signing key, its first leaf and its first checkpoint. Where a signing key is there already,
    /// handed in as a credential or left by an interrupted making, the log bears that key's name instead of `origin`.
    ///
    /// # Errors
    /// [`LogError::Exists`] where one stands; [`LogError::Behind`] where one stood and its directory is gone;
    /// [`LogError::Unlinked`] where an earlier one lies beside.
    pub fn create(dir: &Path, keys: impl Into<KeyPlaces>, origin: Origin, now: Instant) -> Result<Self, LogError> {
        let keys = keys.into();
        succession::settle(dir, &keys)?;
        create_dirs(dir, 0o755)?;
        let lock = lock(dir)?;
        refuse_if_lost(dir, &keys)?;
        if is_begun(dir, &keys)? {
            return Err(LogError::Exists { dir: dir.to_owned() });
        }
        Self::begin(dir, keys, lock, origin, now)
    }

    /// Makes the first log of all.
    fn begin(dir: &Path, keys: KeyPlaces, lock: File, origin: Origin, now: Instant) -> Result<Self, LogError> {
        if let Some(earlier) = beside(dir).into_iter().find(|earlier| succession::holds_a_log(earlier)) {
            return Err(LogError::Unlinked { dir: dir.to_owned(), earlier });
        }
        keys::prepare_dir(&keys)?;
        let signer = keys::signing_key(&keys, Some(&origin))?;
        let digests = keys::digest_key(&keys, true)?;
        Self::lay(dir, keys, lock, (signer, digests), None, now)
    }

    /// Makes a log that bears the name of its signing key: its first leaf and its first checkpoint.
    pub(super) fn lay(
        dir: &Path,
        keys: KeyPlaces,
        lock: File,
        (signer, digests): (SigningKey, Key),
        predecessor: Option<Predecessor>,
        now: Instant,
    ) -> Result<Self, LogError> {
        let (origin, vkey) = (Origin::new(signer.verifier().name()), signer.verifier().to_string());
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
    /// [`LogError::Absent`]; [`LogError::Locked`]; damage or missing entries ([`LogError::is_verification_failure`]);
    /// keys of the wrong owner or mode.
    pub fn open(dir: &Path, keys: impl Into<KeyPlaces>, now: Instant) -> Result<Self, LogError> {
        let keys = keys.into();
        succession::settle(dir, &keys)?;
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
        succession::settle(dir, &keys)?;
        refuse_if_lost(dir, &keys)?;
        create_dirs(dir, 0o755)?;
        let lock = lock(dir)?;
        if is_begun(dir, &keys)? {
            Self::from_disk(dir, keys, lock, false, now)
        } else {
            Self::begin(dir, keys, lock, origin, now)
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
        refuse_if_foreign(dir, &keys, &signer, &signed)?;
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
        let found = read(&path, MAX_KEY)?;
        if found.as_deref() == Some(text.as_bytes()) {
            return Ok(());
        }
        if found.is_some() {
            tracing::warn!(path = %path.display(), "the verifier key was not the signing key's; it is written again");
        }
        Ok(replace("vkey", &path, text.as_bytes(), SHARED)?)
    }
}

/// A program that this process is starting holds a copy of a lock that was just let go, until it is that other program:
/// some milliseconds.
const LOCK_ATTEMPTS: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(5);

/// Takes the writer's lock.
pub(super) fn lock(dir: &Path) -> Result<File, LogError> {
    let path = dir.join("lock");
    let failed = |doing| FileError::new(doing, &path);
    for _ in 0..LOCK_ATTEMPTS {
        // Its mode is not the umask's to say: a lock that others may write to is refused at the next start.
        let opened = File::options().read(true).write(true).create(true).truncate(false).mode(SHARED).open(&path);
        let file = opened.map_err(failed("open"))?;
        match file.try_lock() {
            // A directory may have been put in the place of the one whose lock was opened.
            Ok(()) if is_file_at(&file, &path).map_err(failed("look at"))? => return Ok(file),
            Ok(()) => (),
            Err(TryLockError::WouldBlock) => thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(error)) => return Err(failed("lock")(error).into()),
        }
    }
    Err(LogError::Locked { dir: dir.to_owned() })
}

fn is_file_at(file: &File, path: &Path) -> io::Result<bool> {
    let (opened, there) = (file.metadata()?, fs::metadata(path)?);
    Ok((opened.dev(), opened.ino()) == (there.dev(), there.ino()))
}

/// Whether a log was made here, at least up to its first checkpoint.
///
/// # Errors
/// Entries without any checkpoint, more than an interrupted making leaves.
fn is_begun(dir: &Path, keys: &KeyPlaces) -> Result<bool, LogError> {
    if read(&checkpoint_path(dir), MAX_CHECKPOINT)?.is_some() || read(&remembered_path(keys), MAX_CHECKPOINT)?.is_some()
    {
        return Ok(true);
    }
    if holds_entries(dir)? { Err(corrupt(&checkpoint_path(dir), "its checkpoint is missing")) } else { Ok(false) }
}

/// Whether a directory holds more than an interrupted making leaves, which never returned: nobody was promised
/// anything.
///
/// # Errors
/// A journal that cannot be read.
pub(super) fn holds_entries(dir: &Path) -> Result<bool, LogError> {
    if read(&checkpoint_path(dir), MAX_CHECKPOINT)?.is_some() {
        return Ok(true);
    }
    let journal = journal_dir(dir);
    let firsts = if journal.is_dir() { segments(&journal)? } else { Vec::new() };
    Ok(match firsts[..] {
        [] => dir.join("tile").exists(),
        [0] => replay(&journal, &mut |_, _| Ok(()))?.size > 1,
        _ => true,
    })
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
