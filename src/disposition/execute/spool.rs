//! What files a batch is about to unlink, on stable storage before its COMMIT: recovery finishes from here. What could
//! not be unlinked stays here until it can, or until a person releases it.
//!
//! Personal information (paths): 0600 under `STATE/private/spool`, gone as soon as the batch's outcome is in the log
//! and no file is left; of a batch that recovery put off, once a later one of its source was committed.

mod trail;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::disposition::clock::BootId;
use crate::disposition::desk::{Desk, DeskError};
use crate::model::{BatchNumber, Instant, Origin, PartName, PlanId, SeriesName, SourceName};
use crate::records::files::{FileId, FileRef};
pub(super) use trail::Trail;

/// How the names end of lists of files that were set aside.
const UNCLEAR: &str = "unclear";

/// How the names end of spools of batches that recovery put off: the database in which one was committed after all may
/// come back.
const PUT_OFF: &str = "putoff";

/// The files of one batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Spool {
    /// The log whose batch it is: a successor numbers its own anew.
    pub log: Origin,
    pub batch: BatchNumber,
    pub plan: PlanId,
    pub source: SourceName,
    pub series: SeriesName,
    /// What else named files when the batch was announced: a row of these may name one of its own.
    #[serde(default)]
    pub named_by: Vec<OtherNaming>,
    /// Since when these files should be gone and are not; `None` while their batch is under way.
    #[serde(default)]
    pub left_since: Option<Instant>,
    pub files: Vec<SpooledFile>,
}

/// Columns that name files, by the mapping of another series than the batch's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OtherNaming {
    pub source: SourceName,
    pub table: String,
    pub columns: Vec<String>,
    pub root: PathBuf,
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

/// A spool that cannot be read, written or removed: nothing more is destroyed until it can.
#[derive(Debug, thiserror::Error)]
#[error("could not {doing} {}; {}", path.display(), self.mend())]
pub struct SpoolError {
    doing: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl SpoolError {
    /// Whether room on the disk is what was missing.
    pub fn is_full(&self) -> bool {
        matches!(self.source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    }

    fn mend(&self) -> &'static str {
        if self.is_full() {
            "free some space on that disk, then run the same command again: nothing more is destroyed until then"
        } else {
            "nothing more is destroyed until that works"
        }
    }
}

impl From<SpoolError> for DeskError {
    fn from(error: SpoolError) -> Self {
        Self::File { doing: error.doing, path: error.path, source: error.source }
    }
}

/// The directory of spools.
#[derive(Clone, Debug)]
pub(super) struct SpoolDir {
    path: PathBuf,
    /// See [`Installation::boot`].
    boot: Option<BootId>,
}

impl SpoolDir {
    /// The spools of a state directory, on this boot of the machine.
    pub fn of(state: &Path, boot: Option<BootId>) -> Self {
        Self { path: state.join("private/spool"), boot }
    }

    /// Those of a Desk's state.
    pub fn of_desk(desk: &Desk) -> Self {
        let install = desk.install();
        Self::of(&install.state, install.boot)
    }

    /// Writes a spool; durable on return. One without files needs none.
    pub fn write(&self, spool: &Spool) -> Result<(), SpoolError> {
        if spool.files.is_empty() {
            return Ok(());
        }
        self.write_to(self.path(&spool.log, spool.batch), spool)
    }

    fn write_to(&self, path: PathBuf, spool: &Spool) -> Result<(), SpoolError> {
        self.write_durably(&path, spool).map_err(|source| SpoolError { doing: "write", path, source })
    }

    fn write_durably(&self, path: &Path, spool: &Spool) -> io::Result<()> {
        fs::create_dir_all(&self.path)?;
        let beside = path.with_extension("tmp");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        file.write_all(&serde_json::to_vec(spool)?)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        File::open(&self.path)?.sync_all()
    }

    /// Reads the spool of a log's batch; `None` where it has none.
    pub fn read(&self, log: &Origin, batch: BatchNumber) -> Result<Option<Spool>, SpoolError> {
        read(self.path(log, batch))
    }

    /// Keeps of a spool what is left to unlink; removes it where that is nothing.
    pub fn keep(&self, spool: &Spool, left: &[SpooledFile], now: Instant) -> Result<(), SpoolError> {
        if left.is_empty() {
            return self.remove(spool);
        }
        let left_since = spool.left_since.or(Some(now));
        self.write(&Spool { files: left.to_vec(), left_since, ..spool.clone() })
    }

    /// Lists these files of a spool for a person, beside those that were before: nobody can say whose they are, and
    /// nothing is tried with them.
    pub fn set_aside(&self, spool: &Spool, files: Vec<SpooledFile>) -> Result<(), SpoolError> {
        if files.is_empty() {
            return Ok(());
        }
        let path = self.path(&spool.log, spool.batch).with_extension(UNCLEAR);
        let mut listed = read(path.clone())?.map(|list| list.files).unwrap_or_default();
        let more: Vec<SpooledFile> = files.into_iter().filter(|file| !listed.contains(file)).collect();
        listed.extend(more);
        self.write_to(path, &Spool { files: listed, ..spool.clone() })
    }

    /// Keeps these files of a batch that recovery put off, for as long as its own database may come back and say that
    /// it was committed.
    pub fn put_off(&self, spool: &Spool, files: Vec<SpooledFile>) -> Result<(), SpoolError> {
        if files.is_empty() {
            return Ok(());
        }
        let path = self.path(&spool.log, spool.batch).with_extension(PUT_OFF);
        self.write_to(path, &Spool { files, ..spool.clone() })
    }

    /// What is kept of a batch that recovery put off; `None` where that is nothing.
    pub fn put_off_of(&self, log: &Origin, batch: BatchNumber) -> Result<Option<Spool>, SpoolError> {
        read(self.path(log, batch).with_extension(PUT_OFF))
    }

    /// What is kept of all of these.
    pub fn all_put_off(&self) -> Result<Vec<Spool>, SpoolError> {
        self.all_with(PUT_OFF)
    }

    /// Forgets what was kept of a batch that recovery put off.
    pub fn forget_put_off(&self, spool: &Spool) -> Result<(), SpoolError> {
        remove(self.path(&spool.log, spool.batch).with_extension(PUT_OFF))
    }

    /// Removes a spool, if it is there, and its trail before it: no spool stands for that one alone.
    pub fn remove(&self, spool: &Spool) -> Result<(), SpoolError> {
        remove(self.trail_path(spool))?;
        remove(self.path(&spool.log, spool.batch))
    }

    /// Every spool, in order of batches.
    pub fn all(&self) -> Result<Vec<Spool>, SpoolError> {
        self.all_with("json")
    }

    fn all_with(&self, wanted: &str) -> Result<Vec<Spool>, SpoolError> {
        let spools = self.paths_with(wanted)?.into_iter().filter_map(|path| read(path).transpose());
        let mut spools = spools.collect::<Result<Vec<_>, _>>()?;
        spools.sort_by_key(|spool| spool.batch);
        Ok(spools)
    }

    /// Every spool but this one, in no order.
    fn others(&self, spool: &Spool) -> Result<Vec<Spool>, SpoolError> {
        let own = self.path(&spool.log, spool.batch);
        let others = self.paths_with("json")?.into_iter().filter(|path| *path != own);
        others.filter_map(|path| read(path).transpose()).collect()
    }

    /// Where the lists are of files that were set aside.
    pub fn unclear(&self) -> Result<Vec<PathBuf>, SpoolError> {
        self.paths_with(UNCLEAR)
    }

    fn paths_with(&self, wanted: &str) -> Result<Vec<PathBuf>, SpoolError> {
        let listed = match fs::read_dir(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => {
                entries.and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>())
            }
        };
        let mut paths = listed.map_err(|source| SpoolError { doing: "list", path: self.path.clone(), source })?;
        paths.retain(|path| path.extension().is_some_and(|extension| extension == wanted));
        Ok(paths)
    }

    fn path(&self, log: &Origin, batch: BatchNumber) -> PathBuf {
        self.path.join(format!("{}-{batch}.json", log.as_str().replace('/', "-")))
    }
}

/// Removes a file, if it is there.
fn remove(path: PathBuf) -> Result<(), SpoolError> {
    match fs::remove_file(&path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(SpoolError { doing: "remove", path, source }),
        _ => Ok(()),
    }
}

fn read(path: PathBuf) -> Result<Option<Spool>, SpoolError> {
    let read = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read.and_then(|bytes| Ok(serde_json::from_slice(&bytes)?)),
    };
    read.map(Some).map_err(|source| SpoolError { doing: "read", path, source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disposition::execute::ExecuteError;

    fn spool(log: &str) -> Spool {
        let id = FileId { dev: 1, ino: 2, size: 3, ctime_sec: 4, ctime_nsec: 5, content: None };
        let file = SpooledFile { record: 0, part: "document".into(), root: "/files".into(), path: log.to_owned(), id };
        Spool {
            log: log.into(),
            batch: BatchNumber(7),
            plan: "2026-11-21-4f9a2c01".into(),
            source: "parle".into(),
            series: "dossier".into(),
            named_by: Vec::new(),
            left_since: None,
            files: vec![file],
        }
    }

    #[test]
    fn batches_of_one_number_in_two_logs_have_a_spool_each() {
        let state = tempfile::tempdir().unwrap();
        let spools = SpoolDir::of(state.path(), None);
        let (earlier, successor) = (spool("office/1"), spool("office/2"));
        spools.write(&earlier).unwrap();
        spools.write(&successor).unwrap();
        assert_eq!(spools.all().unwrap().len(), 2);
        spools.keep(&successor, &[], Instant::UNIX_EPOCH).unwrap();
        assert_eq!(spools.read(&successor.log, successor.batch).unwrap(), None);
        assert_eq!(spools.read(&earlier.log, earlier.batch).unwrap(), Some(earlier));
    }

    #[test]
    fn a_full_disk_is_told_as_one() {
        let error = |kind: io::ErrorKind| SpoolError { doing: "write", path: "/spool".into(), source: kind.into() };
        let full = ExecuteError::from(error(io::ErrorKind::StorageFull));
        assert_eq!(full.code(), "disk-full");
        assert!(full.to_string().contains("/spool; free some space on that disk"), "{full}");
        assert_eq!(ExecuteError::from(error(io::ErrorKind::PermissionDenied)).code(), "spool");
    }
}
