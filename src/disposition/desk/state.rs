//! The state directory: who may be in it, and the lock that says who is.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::{DeskError, Holder};

/// The lock of the state directory; it goes when dropped, or when the process ends in whatever way.
#[derive(Debug)]
pub(super) struct StateLock {
    _file: File,
}

/// Directories of the state: readable by the group, for auditors and for the control socket; what is private, by nobody
/// else.
const OPEN: [&str; 3] = ["", "audit", "plans"];
const PRIVATE: [&str; 3] = ["private", "private/keys", "private/plans"];

/// Directories in which others may read everything, however deep, and nobody else write: who may write to a directory
/// can take away what is in it.
const EVIDENCE: [&str; 2] = ["audit", "plans"];

/// Who may write everywhere all the same: what root put in place (a cosigned checkpoint) is in order.
const ROOT: u32 = 0;

/// Makes the directories that are missing, takes the lock, and looks at owners and modes.
///
/// # Errors
/// Another process has the lock; a file has the wrong owner or mode, which the message mends.
pub(super) fn enter(state: &Path) -> Result<StateLock, DeskError> {
    for name in OPEN {
        make_dir(&state.join(name), 0o750)?;
    }
    for name in PRIVATE {
        make_dir(&state.join(name), 0o700)?;
    }
    let look = Look { state, own: rustix::process::geteuid().as_raw() };
    look.at_directories()?;
    let held = lock(state)?;
    // Whoever else has the lock makes and removes files meanwhile.
    look.at_contents()?;
    Ok(held)
}

fn make_dir(path: &Path, mode: u32) -> Result<(), DeskError> {
    let failed = |source| DeskError::File { doing: "make the directory", path: path.to_owned(), source };
    if path.exists() {
        return Ok(());
    }
    match DirBuilder::new().recursive(true).mode(mode).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => {
            made.map_err(failed)?;
            // The umask may have taken the group's rights away.
            fs::set_permissions(path, Permissions::from_mode(mode)).map_err(failed)
        }
    }
}

/// The file whose lock says who is in the state directory.
pub(super) fn lock_path(state: &Path) -> PathBuf {
    state.join("lock")
}

fn lock(state: &Path) -> Result<StateLock, DeskError> {
    let path = lock_path(state);
    let failed = |source| DeskError::File { doing: "lock", path: path.clone(), source };
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o640).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(StateLock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(DeskError::Locked { holder: Holder::of(state), state: state.to_owned() }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// How far beneath a directory is looked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    Files,
    All,
}

/// Refuses a state directory in which others could change or read what they should not.
struct Look<'a> {
    state: &'a Path,
    own: u32,
}

impl Look<'_> {
    /// The directories that are always there, and the lock.
    fn at_directories(&self) -> Result<(), DeskError> {
        for name in OPEN {
            self.at(&self.state.join(name), true, 0o022)?;
        }
        for name in PRIVATE {
            self.at(&self.state.join(name), true, 0o077)?;
        }
        match fs::symlink_metadata(lock_path(self.state)) {
            Ok(_) => self.at(&lock_path(self.state), false, 0o022),
            Err(_) => Ok(()),
        }
    }

    fn at_contents(&self) -> Result<(), DeskError> {
        for name in PRIVATE {
            self.within(&self.state.join(name), 0o077, Depth::Files)?;
        }
        for name in EVIDENCE {
            self.within(&self.state.join(name), 0o022, Depth::All)?;
        }
        Ok(())
    }

    fn at(&self, path: &Path, is_dir: bool, forbidden: u32) -> Result<(), DeskError> {
        let found = fs::symlink_metadata(path).map_err(|source| self.failed(path, source))?;
        if found.is_dir() != is_dir || !(found.is_dir() || found.is_file()) {
            let what = if is_dir { "it must be a directory" } else { "it must be a plain file" };
            return Err(DeskError::Kind { path: path.to_owned(), what });
        }
        let is_owner_right = found.uid() == self.own || (found.uid() == ROOT && forbidden == 0o022 && !is_dir);
        if !is_owner_right {
            let (path, state) = (path.to_owned(), self.state.to_owned());
            return Err(DeskError::Owner { path, state, owner: found.uid(), own: self.own });
        }
        let mode = found.mode() & 0o7777;
        if mode & forbidden == 0 {
            return Ok(());
        }
        let (danger, mend) = match forbidden {
            0o022 => ("change it", "g-w,o-w"),
            _ => ("read what is private", "go-rwx"),
        };
        Err(DeskError::Mode { path: path.to_owned(), mode, danger, mend })
    }

    /// What is in a directory; what is neither a file nor a directory there (a socket being made) is not ours to judge,
    /// but a link is.
    fn within(&self, dir: &Path, forbidden: u32, depth: Depth) -> Result<(), DeskError> {
        for entry in fs::read_dir(dir).map_err(|source| self.failed(dir, source))? {
            let entry = entry.map_err(|source| self.failed(dir, source))?;
            let (path, kind) = (entry.path(), entry.file_type().map_err(|source| self.failed(dir, source))?);
            if kind.is_file() || kind.is_symlink() {
                self.at(&path, false, forbidden)?;
            } else if kind.is_dir() && depth == Depth::All {
                self.at(&path, true, forbidden)?;
                self.within(&path, forbidden, depth)?;
            }
        }
        Ok(())
    }

    fn failed(&self, path: &Path, source: io::Error) -> DeskError {
        DeskError::File { doing: "look at", path: path.to_owned(), source }
    }
}

/// Where the private database is.
pub(super) fn database(state: &Path) -> PathBuf {
    state.join("private/desk.db")
}
