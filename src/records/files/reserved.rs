//! What no row may have unlinked, whatever it names: databases, what says how to treat them, and what this program
//! keeps itself.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::identity::{Directories, Identity};
use super::{FileRef, Refusal};

/// What SQLite keeps beside a database.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Paths of what is never unlinked, by any of its names.
#[derive(Clone, Debug)]
pub struct Reserved {
    /// Databases with their side files, the configuration, calendars.
    files: Vec<PathBuf>,
    /// The state directory: all beneath it.
    state: PathBuf,
}

impl Reserved {
    /// Of these databases, these other files, and all beneath `state`.
    pub fn new<'d>(databases: impl IntoIterator<Item = &'d Path>, others: &[PathBuf], state: &Path) -> Self {
        let mut files = others.to_vec();
        for database in databases {
            // The side files stand beside the database itself, not beside a link to it.
            let real = fs::canonicalize(database).unwrap_or_else(|_| database.to_owned());
            files.extend(BESIDE.iter().map(|suffix| {
                let mut beside = real.clone().into_os_string();
                beside.push(suffix);
                PathBuf::from(beside)
            }));
            files.push(real);
        }
        Self { files, state: state.to_owned() }
    }

    /// Those of the paths that lie beneath a root now, `state` among them where the root lies beneath it.
    pub fn beneath(&self, root: &Path) -> Vec<&Path> {
        let Ok(Some(identity)) = Identity::of(root) else { return Vec::new() };
        let mut directories = Directories::default();
        let mut lies_beneath =
            |path: &Path| fs::canonicalize(path).is_ok_and(|path| directories.path_from(identity, &path).is_some());
        let mut found: Vec<&Path> = self.files.iter().map(PathBuf::as_path).filter(|file| lies_beneath(file)).collect();
        if lies_beneath(&self.state) || is_in(root, &self.state).unwrap_or(true) {
            found.push(&self.state);
        }
        found
    }

    /// What they are now: side files come and go, so this is asked anew for each batch.
    pub(super) fn look(&self) -> Look<'_> {
        let identities = self.files.iter().map(|file| Identity::of(file));
        let found: io::Result<BTreeSet<Identity>> = identities.filter_map(Result::transpose).collect();
        let identities = found.map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO));
        Look { identities, state: &self.state }
    }
}

/// What is reserved at this moment.
pub(super) struct Look<'r> {
    identities: Result<BTreeSet<Identity>, Errno>,
    state: &'r Path,
}

impl Look<'_> {
    /// Refuses a file that is reserved, or beneath the state directory. In doubt it is.
    pub fn allow(&self, file: &FileRef, identity: Identity) -> Result<(), Refusal> {
        let reserved = self.identities.as_ref().map_err(|error| Refusal::System(*error))?;
        let beneath = || is_in(&file.root.join(&file.path), self.state);
        if reserved.contains(&identity) || beneath().map_err(Refusal::System)? {
            return Err(Refusal::Reserved);
        }
        Ok(())
    }
}

/// Whether a path lies in a directory, by whatever names and links lead to both; not where that directory is not there.
fn is_in(path: &Path, directory: &Path) -> Result<bool, Errno> {
    let errno = |error: io::Error| Errno::from_io_error(&error).unwrap_or(Errno::IO);
    let Some(identity) = Identity::of(directory).map_err(errno)? else { return Ok(false) };
    let real = fs::canonicalize(path).map_err(errno)?;
    // As of something in it, so that the path itself counts too where it is that directory.
    Ok(Directories::default().path_from(identity, &real.join("file")).is_some())
}
