//! Reading a destruction log while its writer lives, without the lock and without any key.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::brief::{self, Brief};
use super::checkpoint::SignedCheckpoint;
use super::codec::{LeafError, parse};
use super::entries::{Entries, VisitBrief, VisitLeaf};
use super::error::LogError;
use super::journal::{Visit, replay};
use super::leaf::{Body, Leaf, Predecessor};
use super::merkle::{Frontier, TreeHead, leaf_hash};
use super::note::VerifierKey;
use super::recover::{checkpoint_path, corrupt, journal_dir, read_checkpoint};
use super::succession;
use super::tiles::{WIDTH, read_bundle};
use super::vouched::{bound, refuse_if_behind};

/// How often a reading is begun again because the writer published and tidied up under it.
const ATTEMPTS: u32 = 5;

/// Is shown each leaf as it is stored, with its index; may break off.
pub type VisitBytes<'a> = dyn FnMut(u64, &[u8]) -> Result<ControlFlow<()>, LogError> + 'a;

/// A destruction log as it stood when opened: published bundles, and the journal up to its last complete group.
///
/// A reading from the first entry to the last hashes what it shows, and fails where that is not what was signed: no
/// answer is given from bytes that somebody put there. What entries mean is judged by `verify` alone.
#[derive(Clone, Debug)]
pub struct LogReader {
    dir: PathBuf,
    bound: Bound,
    size: u64,
}

/// What the entries are held against.
#[derive(Clone, Debug)]
enum Bound {
    /// The checkpoint that was signed last before the opening; entries after it stand in the journal, and nobody signed
    /// them yet.
    Signed(SignedCheckpoint),
    /// The first entry of the log that succeeded this one names its tree.
    Succeeded(TreeHead),
}

impl LogReader {
    /// Opens the log in this directory.
    ///
    /// # Errors
    /// [`LogError::Absent`]; damage.
    pub fn open(dir: &Path) -> Result<Self, LogError> {
        let (signed, size) = again(|| {
            let published = published(dir)?;
            let size = published.claimed().tree.size;
            let signed = bound(dir, published)?;
            // Read last: what is remembered was in the journal before.
            let size = journal_size(dir, &mut |_, _| Ok(()))?.max(size);
            refuse_if_behind(dir, size, &signed)?;
            Ok((signed, size))
        })?;
        Ok(Self { dir: dir.to_owned(), bound: Bound::Signed(signed), size })
    }

    /// Opens a log that was succeeded, as far as its successor names it.
    pub fn succeeded(dir: &Path, named: &Predecessor) -> Self {
        let tree = TreeHead { size: named.size, root: named.root };
        Self { dir: dir.to_owned(), bound: Bound::Succeeded(tree), size: named.size }
    }

    /// Whether the log was succeeded, perhaps because entries of it can no longer be read.
    pub fn is_succeeded(&self) -> bool {
        matches!(self.bound, Bound::Succeeded(_))
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Number of leaves that were signed at the opening, or that a successor names.
    pub fn signed_size(&self) -> u64 {
        self.head().size
    }

    /// Shows every leaf of this kind that can be read, until `visit` breaks; the others are not parsed. Nothing is
    /// hashed: what an answer rests on is read by the other ways.
    ///
    /// # Errors
    /// A file that cannot be read; in a log that was not succeeded, an entry that is no leaf.
    pub fn scan_kind(&self, kind: &str, visit: &mut dyn FnMut(u64, Leaf) -> ControlFlow<()>) -> Result<(), LogError> {
        self.walk(0, &mut |index, bytes| {
            if brief::kind(bytes) != Some(kind.as_bytes()) {
                return Ok(ControlFlow::Continue(()));
            }
            self.show(index, parse(bytes), visit)
        })
    }

    /// Shows every leaf from this index on as it is stored, until `visit` breaks or fails.
    ///
    /// # Errors
    /// A file that cannot be read; what `visit` answers; entries, all of which were shown from the first on, that are
    /// not those which were signed.
    pub fn scan_bytes(&self, from: u64, visit: &mut VisitBytes<'_>) -> Result<(), LogError> {
        let mut hashed = Hashed::default();
        self.walk(from, &mut |index, bytes| {
            if from == 0 && index < self.signed_size() {
                self.read_leaf(index, hashed.read(bytes))?;
            }
            visit(index, bytes)
        })?;
        // Broken off, or begun in the middle: then there is no root to compare.
        if hashed.tree.size() == self.signed_size() { self.hold_against(&hashed) } else { Ok(()) }
    }

    /// Reads everything, for nothing but the error that tells what is wrong with it.
    ///
    /// # Errors
    /// As [`Self::scan_bytes`].
    pub fn check(&self) -> Result<(), LogError> {
        self.scan_bytes(0, &mut |_, _| Ok(ControlFlow::Continue(())))
    }

    fn walk(&self, from: u64, visit: &mut VisitBytes<'_>) -> Result<(), LogError> {
        let mut next = from;
        let mut ended = None;
        let mut show = |index: u64, bytes: &[u8]| {
            // Shown before an attempt failed, or written after the opening.
            if ended.is_some() || index < next || index >= self.size {
                return Ok(ControlFlow::Continue(()));
            }
            next = index + 1;
            match visit(index, bytes) {
                Ok(ControlFlow::Continue(())) => return Ok(ControlFlow::Continue(())),
                Ok(ControlFlow::Break(())) => ended = Some(Ok(())),
                // The visitor's own: to read again would only pass the entry over.
                Err(error) => ended = Some(Err(error)),
            }
            Ok(ControlFlow::Break(()))
        };
        again(|| {
            let published = match &self.bound {
                Bound::Signed(_) => published(&self.dir)?.claimed().tree.size.min(self.size),
                Bound::Succeeded(tree) => tree.size,
            };
            if visit_bundles(&self.dir, from, published, &mut show)?.is_break() || self.is_succeeded() {
                return Ok(());
            }
            journal_size(&self.dir, &mut |index, bytes| show(index, bytes).map(|_| ())).map(|_| ())
        })?;
        ended.unwrap_or(Ok(()))
    }

    fn head(&self) -> TreeHead {
        match &self.bound {
            Bound::Signed(signed) => signed.claimed().tree,
            Bound::Succeeded(tree) => *tree,
        }
    }

    fn hold_against(&self, hashed: &Hashed) -> Result<(), LogError> {
        let refuse = |what: &str| Err(corrupt(&checkpoint_path(&self.dir), what));
        if hashed.tree.root() != self.head().root {
            return refuse(
                "its entries are not those for which its checkpoint is signed, so nothing is answered from them",
            );
        }
        let Bound::Signed(signed) = &self.bound else { return Ok(()) };
        match &hashed.key {
            Some(key) if key.name() == signed.claimed().origin.as_str() && signed.verify(key).is_ok() => Ok(()),
            _ => {
                refuse("its checkpoint is not signed by the key that the log declares, so nothing is answered from it")
            }
        }
    }

    fn show<T>(
        &self,
        index: u64,
        read: Result<T, LeafError>,
        visit: &mut dyn FnMut(u64, T) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, LogError> {
        match read {
            Err(_) if self.is_succeeded() => Ok(ControlFlow::Continue(())),
            read => Ok(visit(index, self.read_leaf(index, read)?)),
        }
    }

    /// A leaf that was read, or where in the log it stands that cannot be.
    pub(super) fn read_leaf<T>(&self, index: u64, read: Result<T, LeafError>) -> Result<T, LogError> {
        read_leaf(&self.dir, index, read)
    }
}

/// The entries that were shown, hashed, and the key that they declare last.
#[derive(Default)]
struct Hashed {
    tree: Frontier,
    key: Option<VerifierKey>,
}

impl Hashed {
    fn read(&mut self, bytes: &[u8]) -> Result<(), LeafError> {
        self.tree.push(leaf_hash(bytes));
        if matches!(brief::kind(bytes), Some(b"genesis" | b"sigkey")) {
            match parse(bytes)?.body {
                Body::Genesis(genesis) => self.key = genesis.vkey.parse().ok(),
                Body::Sigkey(sigkey) => self.key = sigkey.vkey.parse().ok(),
                _ => (),
            }
        }
        Ok(())
    }
}

impl Entries for LogReader {
    /// As [`LogReader::scan_bytes`]. Of a log that was succeeded, entries that cannot be read are passed over: they may
    /// be why it was.
    fn scan(&self, from: u64, visit: &mut VisitLeaf<'_>) -> Result<(), LogError> {
        self.scan_bytes(from, &mut |index, bytes| self.show(index, parse(bytes), visit))
    }

    fn scan_brief(&self, from: u64, visit: &mut VisitBrief<'_>) -> Result<(), LogError> {
        self.scan_bytes(from, &mut |index, bytes| self.show(index, Brief::read(bytes), visit))
    }
}

/// A leaf that was read, or where in the log it stands that cannot be.
pub(super) fn read_leaf<T>(dir: &Path, index: u64, read: Result<T, LeafError>) -> Result<T, LogError> {
    read.map_err(|error| corrupt(dir, &format!("entry {index}: {error}")))
}

/// Shows the leaves of the journal, and tells the log's size with it; 0 where an auditor has a copy of the published
/// part alone.
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

/// The published checkpoint.
fn published(dir: &Path) -> Result<SignedCheckpoint, LogError> {
    read_checkpoint(&checkpoint_path(dir))?.ok_or_else(|| match succession::is_due(dir) {
        true => LogError::Interrupted { dir: dir.to_owned() },
        false => LogError::Absent { dir: dir.to_owned() },
    })
}

/// Reads again where a file vanished, or changed while it was read: the writer publishes, then removes what it
/// replaced.
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
