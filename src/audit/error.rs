//! What can go wrong with the destruction log, and which of it an exit code tells apart.

use std::io;
use std::path::{Path, PathBuf};

use super::codec::LeafError;
use super::keys::KeyError;
use crate::model::{Instant, Origin, SourceName, counted};

/// A step on a file of the log failed.
#[derive(Debug, thiserror::Error)]
#[error("could not {doing} {}", path.display())]
pub struct FileError {
    pub doing: &'static str,
    pub path: PathBuf,
    pub source: io::Error,
}

impl FileError {
    pub(super) fn new(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self { doing, path: path.to_owned(), source }
    }

    /// Whether the disk, or our share of it, is full.
    pub fn is_full(&self) -> bool {
        matches!(self.source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    }
}

/// What can go wrong with the destruction log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error(transparent)]
    File(FileError),
    #[error("the disk that holds {} is full, so nothing more can be put on record and nothing more is destroyed; free space there, then run again", path.display())]
    Full { path: PathBuf, source: io::Error },
    #[error("another process writes the destruction log in {}; wait until it ends, or ask it through its socket", dir.display())]
    Locked { dir: PathBuf },
    #[error("there is no destruction log in {}; the first `retentiond apply` or `retentiond run` makes one", dir.display())]
    Absent { dir: PathBuf },
    #[error("a destruction log already stands in {}; a second one is never made over it", dir.display())]
    Exists { dir: PathBuf },
    #[error("the destruction log is damaged: {what} ({}); keep the directory as it is for the auditor, restore it from a copy that is not older, or begin a successor with `retentiond audit adopt --reason …`", place.display())]
    Corrupt { place: PathBuf, what: String },
    #[error("the destruction log in {} ends after {}, but a checkpoint over {signed} was signed: entries are missing, perhaps because an older copy was restored; restore the newer directory, or begin a successor with `retentiond audit adopt --reason …`", dir.display(), entries(*size))]
    Behind { dir: PathBuf, size: u64, signed: u64 },
    #[error("no destruction log stands in {}, but an earlier one lies in {}, and one that begins now would not say so; put the log back if it was moved or lost, or begin the successor of the earlier one with `retentiond audit adopt --reason …`", dir.display(), earlier.display())]
    Unlinked { dir: PathBuf, earlier: PathBuf },
    #[error("the successor of the destruction log in {} was to be put in its place, and that was interrupted; the next command that writes the log, as `retentiond plan` does, goes on with it", dir.display())]
    Interrupted { dir: PathBuf },
    #[error(
        "an earlier write to the destruction log failed, so what it holds must be read again from disk; start the command again"
    )]
    Poisoned,
    #[error(
        "the clock says {now}, but the destruction log ends at {last}; set the clock right, or wait, or, where that entry was stamped wrongly, answer to the daemon for the clock as it is: `retentiond ctl resume --clock`"
    )]
    ClockBehind { last: Instant, now: Instant },
    #[error("a batch without records has no intent to put on record")]
    EmptyBatch,
    #[error(
        "the fingerprint key of source {source_name} and year {year} was destroyed, so no new record can be named under it"
    )]
    KeyDestroyed { source_name: SourceName, year: i32 },
    #[error(
        "source {source_name} never had a fingerprint key of year {year}, so there is none to destroy; `retentiond audit show` lists the entries `fpkey`, which tell of every one"
    )]
    KeyUnknown { source_name: SourceName, year: i32 },
    #[error(
        "no log that is here tells of a fingerprint key of source {source_name} and year {year}, and of the logs before this one {log} cannot be read whole, so nobody can say whether there was one"
    )]
    KeyUntold { source_name: SourceName, year: i32, log: Origin },
    #[error("the fingerprint key of source {source_name} and year {year} is still needed: {why}")]
    KeyNeeded { source_name: SourceName, year: i32, why: &'static str },
    #[error("no open intent at entry {intent} awaits this outcome, record for record")]
    NotAwaited { intent: u64 },
    #[error("entries of kind {kind} are written by the log itself")]
    OwnKind { kind: &'static str },
    #[error("these intents belong to another opening of the log; append them again")]
    ForeignIntents,
    #[error(transparent)]
    Leaf(#[from] LeafError),
    #[error(transparent)]
    Key(KeyError),
}

/// `1 entry`, `2 entries`.
pub(super) fn entries(number: u64) -> String {
    counted(number, "entry", "entries")
}

impl From<KeyError> for LogError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::File(error) => error.into(),
            other => Self::Key(other),
        }
    }
}

impl From<FileError> for LogError {
    fn from(error: FileError) -> Self {
        if error.is_full() { Self::Full { path: error.path, source: error.source } } else { Self::File(error) }
    }
}

impl LogError {
    /// Its stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Locked { .. } => "log-locked",
            Self::Corrupt { .. } => "log-corrupt",
            Self::Behind { .. } => "log-behind",
            Self::Unlinked { .. } => "log-unlinked",
            Self::Interrupted { .. } => "log-interrupted",
            Self::Full { .. } => "disk-full",
            Self::Absent { .. } => "log-absent",
            Self::KeyNeeded { .. } | Self::KeyDestroyed { .. } | Self::KeyUnknown { .. } | Self::KeyUntold { .. } => {
                "fingerprint-key"
            }
            Self::ClockBehind { .. } => "clock",
            _ => "log",
        }
    }

    /// Whether the log itself cannot be trusted as it stands (exit code 4).
    pub fn is_verification_failure(&self) -> bool {
        matches!(self, Self::Corrupt { .. } | Self::Behind { .. } | Self::Unlinked { .. })
    }

    /// Whether trying again later may help without anybody's doing (exit code 75).
    pub fn is_locked(&self) -> bool {
        matches!(self, Self::Locked { .. })
    }
}
