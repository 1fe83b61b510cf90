//! A file of a plan that has no name yet: erased where no plan comes of it, synced where it is given its name.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::disposition::plan::PlanError;

/// Numbers the drafts of this process.
static DRAFTS: AtomicU64 = AtomicU64::new(0);

/// A new file in `dir` that its owner only can read. Until it is given another name, the next start erases what a crash
/// leaves of it.
pub(in crate::disposition::plan) fn create_private(dir: &Path) -> Result<(PathBuf, File), PlanError> {
    let number = DRAFTS.fetch_add(1, Ordering::Relaxed);
    let path = dir.join(format!("{}-{number}.draft", std::process::id()));
    match OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path) {
        Ok(file) => Ok((path, file)),
        Err(source) => Err(PlanError::File { doing: "create", path, source }),
    }
}

/// Removes a draft that no plan came of.
#[derive(Debug)]
pub(super) struct DraftFile {
    path: PathBuf,
    is_kept: bool,
}

impl DraftFile {
    pub fn create(dir: &Path) -> Result<Self, PlanError> {
        let (path, _) = create_private(dir)?;
        Ok(Self { path, is_kept: false })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Syncs the file and gives it its name, in the same directory.
    pub fn keep(mut self, target: &Path) -> Result<(), PlanError> {
        let failed = |doing, path: &Path| {
            let path = path.to_owned();
            move |source| PlanError::File { doing, path, source }
        };
        let path = &self.path;
        File::open(path).and_then(|file| file.sync_all()).map_err(failed("sync", path))?;
        fs::rename(path, target).map_err(failed("rename", path))?;
        self.is_kept = true;
        let dir = target.parent().unwrap_or(Path::new("."));
        File::open(dir).and_then(|dir| dir.sync_all()).map_err(failed("sync", dir))
    }
}

impl Drop for DraftFile {
    fn drop(&mut self) {
        if !self.is_kept {
            // What stays is erased when this process is no more: see `PlanDirs::erase_abandoned_drafts`.
            let _gone_or_not = fs::remove_file(&self.path);
        }
    }
}
