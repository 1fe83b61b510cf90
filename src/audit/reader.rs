//! Reading a destruction log while its writer lives, without the lock and without any key.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::error::LogError;
use super::leaf::Leaf;

/// A destruction log as it stood when opened: published bundles, and the journal up to its last complete group.
pub struct LogReader {
    dir: PathBuf,
}

impl LogReader {
    /// Opens the log in this directory.
    ///
    /// # Errors
    /// [`LogError::Absent`]; damage.
    pub fn open(dir: &Path) -> Result<Self, LogError> {
        Ok(Self { dir: dir.to_owned() })
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        let _ = &self.dir;
        todo!()
    }

    /// Shows every leaf from this index on, until `visit` breaks.
    ///
    /// # Errors
    /// A file that cannot be read or holds no leaves.
    pub fn scan(&self, from: u64, visit: &mut dyn FnMut(u64, Leaf) -> ControlFlow<()>) -> Result<(), LogError> {
        let _ = (from, visit);
        todo!()
    }
}
