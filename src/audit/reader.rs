//! Reading a destruction log while its writer lives, without the lock and without any key.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::brief::{self, Brief};
use super::codec::{LeafError, parse};
use super::error::LogError;
use super::journal::{Visit, replay};
use super::leaf::Leaf;
use super::recover::{checkpoint_path, corrupt, journal_dir, read_checkpoint};
use super::tiles::{WIDTH, read_bundle};

/// How often a reading is begun again because the writer published and tidied up under it.
const ATTEMPTS: u32 = 5;

/// Is shown each leaf as it is stored, with its index; may break off.
pub type VisitBytes<'a> = dyn FnMut(u64, &[u8]) -> Result<ControlFlow<()>, LogError> + 'a;

/// A destruction log as it stood when opened: published bundles, and the journal up to its last complete group.
///
/// Trusts what it reads; `verify` does not.
#[derive(Clone, Debug)]
pub struct LogReader {
    dir: PathBuf,
    size: u64,
}

impl LogReader {
    /// Opens the log in this directory.
    ///
    /// # Errors
    /// [`LogError::Absent`]; damage.
    pub fn open(dir: &Path) -> Result<Self, LogError> {
        let size = again(|| {
            let published = published(dir)?;
            Ok(journal_size(dir, &mut |_, _| Ok(()))?.max(published))
        })?;
        Ok(Self { dir: dir.to_owned(), size })
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Shows every leaf from this index on, until `visit` breaks.
    ///
    /// # Errors
    /// A file that cannot be read or holds no leaves.
    pub fn scan(&self, from: u64, visit: &mut dyn FnMut(u64, Leaf) -> ControlFlow<()>) -> Result<(), LogError> {
        self.scan_bytes(from, &mut |index, bytes| Ok(visit(index, read_leaf(&self.dir, index, parse(bytes))?)))
    }

    /// Shows every leaf from this index on in brief, until `visit` breaks.
    ///
    /// # Errors
    /// A file that cannot be read or holds no leaves.
    pub fn scan_brief(&self, from: u64, visit: &mut dyn FnMut(u64, Brief) -> ControlFlow<()>) -> Result<(), LogError> {
        self.scan_bytes(from, &mut |index, bytes| Ok(visit(index, read_leaf(&self.dir, index, Brief::read(bytes))?)))
    }

    /// Shows every leaf of this kind, until `visit` breaks; the others are not parsed.
    ///
    /// # Errors
    /// A file that cannot be read or holds no leaves.
    pub fn scan_kind(&self, kind: &str, visit: &mut dyn FnMut(u64, Leaf) -> ControlFlow<()>) -> Result<(), LogError> {
        self.scan_bytes(0, &mut |index, bytes| {
            if brief::kind(bytes) != Some(kind.as_bytes()) {
                return Ok(ControlFlow::Continue(()));
            }
            Ok(visit(index, read_leaf(&self.dir, index, parse(bytes))?))
        })
    }

    /// Shows every leaf from this index on as it is stored, until `visit` breaks or fails.
    ///
    /// # Errors
    /// A file that cannot be read, or what `visit` answers.
    pub fn scan_bytes(&self, from: u64, visit: &mut VisitBytes<'_>) -> Result<(), LogError> {
        let mut next = from;
        let mut is_done = false;
        let mut show = |index: u64, bytes: &[u8]| {
            // Shown before an attempt failed, or written after the opening.
            if is_done || index < next || index >= self.size {
                return Ok(ControlFlow::Continue(()));
            }
            next = index + 1;
            let flow = visit(index, bytes)?;
            is_done = flow.is_break();
            Ok(flow)
        };
        again(|| {
            let published = published(&self.dir)?.min(self.size);
            if visit_bundles(&self.dir, from, published, &mut show)?.is_break() {
                return Ok(());
            }
            journal_size(&self.dir, &mut |index, bytes| show(index, bytes).map(|_| ())).map(|_| ())
        })
    }
}

/// A leaf that was read, or where in the log it stands that cannot be.
pub(super) fn read_leaf<T>(dir: &Path, index: u64, read: Result<T, LeafError>) -> Result<T, LogError> {
    read.map_err(|error| corrupt(dir, &format!("entry {index}: {error}")))
}

/// Shows the leaves of the journal, and tells the log's size with it; 0 where an auditor has a copy of the published part alone.
fn journal_size(dir: &Path, visit: &mut Visit<'_>) -> Result<u64, LogError> {
    let journal = journal_dir(dir);
    if journal.is_dir() { Ok(replay(&journal, visit)?.size) } else { Ok(0) }
}

/// Shows the entries `from..to` out of bundles.
pub(super) fn visit_bundles(
    dir: &Path,
    from: u64,
    to: u64,
    visit: &mut VisitBytes<'_>,
) -> Result<ControlFlow<()>, LogError> {
    let mut next = from;
    while next < to {
        let bundle = next / WIDTH;
        let start = bundle * WIDTH;
        let entries = read_bundle(dir, bundle, (to - start).min(WIDTH))?;
        for entry in &entries[(next - start) as usize..] {
            if visit(next, entry)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
            next += 1;
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// How many entries the published checkpoint covers.
fn published(dir: &Path) -> Result<u64, LogError> {
    match read_checkpoint(&checkpoint_path(dir))? {
        Some(signed) => Ok(signed.claimed().tree.size),
        None => Err(LogError::Absent { dir: dir.to_owned() }),
    }
}

/// Reads again where a file vanished, or changed while it was read: the writer publishes, then removes what it replaced.
fn again<T>(mut attempt: impl FnMut() -> Result<T, LogError>) -> Result<T, LogError> {
    let mut result = attempt();
    for _ in 1..ATTEMPTS {
        match &result {
            Err(LogError::File(_) | LogError::Corrupt { .. }) => result = attempt(),
            _ => break,
        }
    }
    result
}
