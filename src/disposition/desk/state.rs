//! The state directory: who may be in it, and the lock that says who is.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::DeskError;

/// The lock of the state directory; it goes when dropped, or when the process ends in whatever way.
#[derive(Debug)]
pub(super) struct StateLock {
    _file: File,
}

/// Directories of the state: readable by the group, for auditors and for the control socket; what is private, by nobody
/// else.
const OPEN: [&str; 3] = ["", "audit", "plans"];
const PRIVATE: [&str; 3] = ["private", "private/keys", "private/plans"];

/// Directories whose files others may read, and nobody else write.
const EVIDENCE: [&str; 3] = ["audit", "audit/journal", "plans"];

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
    inspect(state)?;
    lock(state)
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

fn lock(state: &Path) -> Result<StateLock, DeskError> {
    let path = state.join("lock");
    let failed = |source| DeskError::File { doing: "lock", path: path.clone(), source };
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o640).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(StateLock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(DeskError::Locked { state: state.to_owned() }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// Refuses a state directory in which others could change or read what they should not.
fn inspect(state: &Path) -> Result<(), DeskError> {
    let own = rustix::process::geteuid().as_raw();
    let look = Look { state, own };
    for name in OPEN {
        look.at(&state.join(name), true, 0o022)?;
    }
    for name in PRIVATE {
        look.at(&state.join(name), true, 0o077)?;
    }
    for name in PRIVATE {
        look.at_files_of(&state.join(name), 0o077)?;
    }
    for name in EVIDENCE {
        look.at_files_of(&state.join(name), 0o022)?;
    }
    match fs::symlink_metadata(state.join("lock")) {
        Ok(_) => look.at(&state.join("lock"), false, 0o022),
        Err(_) => Ok(()),
    }
}

struct Look<'a> {
    state: &'a Path,
    own: u32,
}

impl Look<'_> {
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

    /// Files of a directory that may not be there yet; what is no plain file there (a socket being made) is not ours to
    /// judge.
    fn at_files_of(&self, dir: &Path, forbidden: u32) -> Result<(), DeskError> {
        let entries = match fs::read_dir(dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries.map_err(|source| self.failed(dir, source))?,
        };
        for entry in entries {
            let entry = entry.map_err(|source| self.failed(dir, source))?;
            if entry.file_type().is_ok_and(|kind| kind.is_file() || kind.is_symlink()) {
                self.at(&entry.path(), false, forbidden)?;
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
