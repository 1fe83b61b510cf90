//! What files a batch is about to unlink, on stable storage before its COMMIT: recovery finishes from here.
//!
//! Personal information (paths): 0600 under `STATE/private/spool`, gone as soon as the batch's outcome is in the log.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::ExecuteError;
use crate::model::{BatchNumber, PartName, SeriesName, SourceName};
use crate::records::files::{FileId, FileRef};

/// The files of one batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Spool {
    pub batch: BatchNumber,
    pub source: SourceName,
    pub series: SeriesName,
    /// Whether unlinking may have begun: before, a file that is absent was taken by somebody else.
    #[serde(default)]
    pub unlinking: bool,
    pub files: Vec<SpooledFile>,
}

/// One file, as it was when its batch was announced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SpooledFile {
    /// Place of its record in the batch.
    pub record: usize,
    pub part: PartName,
    pub root: PathBuf,
    pub path: String,
    pub id: FileId,
}

impl SpooledFile {
    /// The file, for the room that unlinks.
    pub fn file(&self) -> FileRef {
        FileRef { record: self.record, part: self.part.clone(), root: self.root.clone(), path: self.path.clone() }
    }
}

/// The directory of spools.
#[derive(Clone, Debug)]
pub(super) struct SpoolDir(PathBuf);

impl SpoolDir {
    /// The spools of a state directory.
    pub fn of(state: &Path) -> Self {
        Self(state.join("private/spool"))
    }

    /// Writes a spool; durable on return. One without files needs none.
    pub fn write(&self, spool: &Spool) -> Result<(), ExecuteError> {
        if spool.files.is_empty() {
            return Ok(());
        }
        let path = self.path(spool.batch);
        self.write_durably(&path, spool).map_err(|source| ExecuteError::Spool { doing: "write", path, source })
    }

    /// Notes that unlinking begins; durable on return.
    pub fn begin(&self, spool: &Spool) -> Result<(), ExecuteError> {
        self.write(&Spool { unlinking: true, ..spool.clone() })
    }

    fn write_durably(&self, path: &Path, spool: &Spool) -> io::Result<()> {
        fs::create_dir_all(&self.0)?;
        let beside = path.with_extension("tmp");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        file.write_all(&serde_json::to_vec(spool)?)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        File::open(&self.0)?.sync_all()
    }

    /// Reads the spool of a batch; `None` where it has none.
    pub fn read(&self, batch: BatchNumber) -> Result<Option<Spool>, ExecuteError> {
        let path = self.path(batch);
        let read = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.and_then(|bytes| Ok(serde_json::from_slice(&bytes)?)),
        };
        read.map(Some).map_err(|source| ExecuteError::Spool { doing: "read", path, source })
    }

    /// Keeps of a spool what is left to unlink; removes it where that is nothing.
    pub fn keep(&self, spool: &Spool, left: &[SpooledFile]) -> Result<(), ExecuteError> {
        if left.is_empty() {
            return self.remove(spool.batch);
        }
        self.write(&Spool { files: left.to_vec(), unlinking: false, ..spool.clone() })
    }

    /// Removes the spool of a batch, if there is one.
    pub fn remove(&self, batch: BatchNumber) -> Result<(), ExecuteError> {
        let path = self.path(batch);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(ExecuteError::Spool { doing: "remove", path, source: error })
            }
            _ => Ok(()),
        }
    }

    /// The batches that have a spool, in order.
    pub fn batches(&self) -> Result<Vec<BatchNumber>, ExecuteError> {
        let failed = |source| ExecuteError::Spool { doing: "list", path: self.0.clone(), source };
        let entries = match fs::read_dir(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(failed)?,
        };
        let mut batches = Vec::new();
        for entry in entries {
            let name = entry.map_err(failed)?.file_name();
            let number =
                name.to_str().and_then(|name| name.strip_suffix(".json")).and_then(|number| number.parse().ok());
            batches.extend(number.map(BatchNumber));
        }
        batches.sort();
        Ok(batches)
    }

    fn path(&self, batch: BatchNumber) -> PathBuf {
        self.0.join(format!("{batch}.json"))
    }
}
