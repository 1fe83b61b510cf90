//! Roots beneath which a file is missing that the mapping lets be gone: one beneath which nothing is there may be a
//! volume that is not mounted, whose files would stay with no row that names them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::records::files::{device_of, is_there};
use crate::records::mapping::{FilesMapping, PartMapping};
use crate::records::sqlite::{StoreError, Writer};

/// Beneath which roots this run found files that rows name, and the device on which each lay then. What the run unlinks
/// itself may leave a root empty.
#[derive(Debug, Default)]
pub(super) struct SeenRoots(BTreeMap<PathBuf, u64>);

impl SeenRoots {
    /// A file was found beneath a root, on this device.
    pub fn see(&mut self, root: &Path, device: u64) {
        if self.0.get(root) != Some(&device) {
            self.0.insert(root.to_owned(), device);
        }
    }

    /// Whether some file that the rows of a part name is there, in this run so far or in a sample of them: then the one
    /// that is missing is gone.
    pub fn is_what_it_should_be(
        &mut self,
        writer: &Writer,
        part: &PartMapping,
        files: &FilesMapping,
    ) -> Result<bool, StoreError> {
        let Some(device) = device_of(&files.root) else { return Ok(false) };
        if self.0.get(&files.root) == Some(&device) {
            return Ok(true);
        }
        // What cannot be reached by its path fails for a reason of its own.
        let is_there = |path: &String| is_there(&files.root, path).unwrap_or(false);
        let is_proven = writer.sample_of_files(part, files)?.iter().any(is_there);
        if is_proven {
            self.see(&files.root, device);
        }
        Ok(is_proven)
    }
}
