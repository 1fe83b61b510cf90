//! Steps on files that hold through a crash: each returns only when the disk has it.
//!
//! Every step has a failpoint before and after it (`audit::bundle::rename::before`), so that tests can end the program
//! there.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::error::FileError;
use super::failpoint::failpoint;
use super::regular;

/// Mode of what everybody who may enter the directory may read: the log holds nothing personal.
pub(super) const SHARED: u32 = 0o644;

/// Mode of secrets.
pub(super) const SECRET: u32 = 0o600;

/// Passes the failpoint `audit::WHAT::AT`.
pub(super) fn step(what: &str, at: &str) -> io::Result<()> {
    #[cfg(test)]
    faults::pass(what, at)?;
    failpoint(&format!("audit::{what}::{at}"))
}

/// Puts a file in place as a whole: written beside it, synced, renamed over it, the directory synced.
///
/// `what` names the file's kind for failpoints.
pub(super) fn replace(what: &str, path: &Path, bytes: &[u8], mode: u32) -> Result<(), FileError> {
    replace_extended(what, path, None, bytes, mode)
}

/// As [`replace`]; the new file begins with what another one holds.
pub(super) fn replace_extended(
    what: &str,
    path: &Path,
    head: Option<&Path>,
    bytes: &[u8],
    mode: u32,
) -> Result<(), FileError> {
    create_dirs(parent(path), if mode == SECRET { 0o700 } else { 0o755 })?;
    let beside = temporary(path);
    write_synced(what, &beside, head, bytes, mode).map_err(FileError::new("write", &beside))?;
    rename(what, &beside, path)
}

/// Renames, and syncs the directory of the new name.
pub(super) fn rename(what: &str, from: &Path, to: &Path) -> Result<(), FileError> {
    let renamed = || {
        step(what, "rename::before")?;
        fs::rename(from, to)?;
        step(what, "rename::after")
    };
    renamed().map_err(FileError::new("put in place", to))?;
    sync_dir(what, parent(to))
}

/// Removes a file that may be gone already, and syncs the directory.
pub(super) fn remove(what: &str, path: &Path) -> Result<(), FileError> {
    let removed = || {
        step(what, "remove::before")?;
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => step(what, "remove::after"),
        }
    };
    removed().map_err(FileError::new("remove", path))?;
    sync_dir(what, parent(path))
}

/// Makes a directory and its parents; those that are new are synced into theirs.
pub(super) fn create_dirs(dir: &Path, mode: u32) -> Result<(), FileError> {
    if dir.is_dir() {
        return Ok(());
    }
    create_dirs(parent(dir), mode)?;
    match DirBuilder::new().mode(mode).create(dir) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(FileError::new("make", dir)(error)),
        _ => sync_dir("directory", parent(dir)),
    }
}

/// Reads a regular file of at most so many bytes, whole; `None` where there is none.
pub(super) fn read(path: &Path, most: u64) -> Result<Option<Vec<u8>>, FileError> {
    match regular::read(path, most) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(FileError::new("read", path)(error)),
    }
}

/// The name under which a file is written before it is put in place.
pub(super) fn temporary(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".tmp");
    name.into()
}

/// Opens a new file for reading and writing, in the place of one that an interrupted attempt left.
pub(super) fn create_new(path: &Path, mode: u32) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => (),
    }
    OpenOptions::new().read(true).write(true).create_new(true).mode(mode).open(path)
}

pub(super) fn sync_dir(what: &str, dir: &Path) -> Result<(), FileError> {
    let synced = || {
        step(what, "dirsync::before")?;
        File::open(dir)?.sync_all()?;
        step(what, "dirsync::after")
    };
    synced().map_err(FileError::new("sync the directory", dir))
}

/// Syncs the directory that holds this one.
pub(super) fn sync_parent(what: &str, path: &Path) -> Result<(), FileError> {
    sync_dir(what, parent(path))
}

fn write_synced(what: &str, path: &Path, head: Option<&Path>, bytes: &[u8], mode: u32) -> io::Result<()> {
    step(what, "write::before")?;
    let mut file = create_new(path, mode)?;
    if let Some(head) = head {
        io::copy(&mut regular::open(head)?.0, &mut file)?;
    }
    file.write_all(bytes)?;
    step(what, "write::after")?;
    file.sync_all()
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Faults of this thread's steps alone, so that tests run side by side.
#[cfg(test)]
pub(super) mod faults {
    use std::cell::RefCell;
    use std::io;

    thread_local! {
        static PASSED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
        static FAULT: RefCell<Option<(usize, rustix::io::Errno)>> = const { RefCell::new(None) };
        static FULL: RefCell<bool> = const { RefCell::new(false) };
    }

    /// Lets the step fail that is passed as number `place` from now on, or none.
    pub fn arm(fault: Option<(usize, rustix::io::Errno)>) {
        PASSED.take();
        FAULT.set(fault);
    }

    /// Lets no new segment be made, as on a full disk.
    pub fn fill_disk(full: bool) {
        FULL.set(full);
    }

    /// The steps passed since [`arm`].
    pub fn passed() -> Vec<String> {
        PASSED.with_borrow(Clone::clone)
    }

    pub fn pass(what: &str, at: &str) -> io::Result<()> {
        let place = PASSED.with_borrow_mut(|passed| {
            passed.push(format!("{what}::{at}"));
            passed.len() - 1
        });
        match FAULT.with_borrow(|fault| *fault) {
            Some((armed, errno)) if armed == place => Err(errno.into()),
            _ if FULL.with_borrow(|full| *full) && what == "segment" => Err(rustix::io::Errno::NOSPC.into()),
            _ => Ok(()),
        }
    }
}
