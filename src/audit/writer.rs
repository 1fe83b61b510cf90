//! The one writer of a destruction log: appending, and making durable.

use std::fs::File;
use std::path::PathBuf;

use super::brief::Brief;
use super::checkpoint::SignedCheckpoint;
use super::codec::{MAX_LEAF, encode, parse};
use super::durable::{SHARED, read, replace};
use super::entries::{Entries, VisitBrief, VisitLeaf};
use super::error::LogError;
use super::journal::frame::{Tag, write_frame, write_mark};
use super::journal::{Journal, frame_length, with_marks};
use super::keys::{Key, KeyPlaces};
use super::leaf::{Body, Intent, Leaf};
use super::note::SigningKey;
use super::reader::{VisitBytes, read_leaf, visit_bundles};
use super::regular::MAX_BLOB;
use super::standing::Standing;
use super::tiles::Tree;
use crate::model::{Digest, Instant, Origin};

/// How far the clock may lie behind the last leaf, in seconds: as far as a time server steps a healthy clock. The leaf
/// bears the last one's time then.
const CLOCK_TOLERANCE: i64 = 5;

/// Journal that each open intent holds back for its outcome, so that a full disk never comes between the two.
pub(super) const OUTCOME_RESERVE: u64 = with_marks(frame_length(MAX_LEAF));

/// A destruction log, open for writing. One at a time in the world: a lock on its directory sees to it.
pub struct DestructionLog {
    pub(super) dir: PathBuf,
    pub(super) keys: KeyPlaces,
    pub(super) origin: Origin,
    pub(super) journal: Journal,
    pub(super) tree: Tree,
    pub(super) standing: Standing,
    /// Frames that wait for the next sync.
    pub(super) group: Vec<u8>,
    /// Number of leaves on stable storage.
    pub(super) durable: u64,
    pub(super) signer: SigningKey,
    pub(super) digests: Key,
    /// The highest checkpoint ever signed; nothing that contradicts it is.
    pub(super) signed: Option<SignedCheckpoint>,
    /// Tells this opening's pending intents from another's.
    pub(super) opening: u64,
    /// The last leaf's time, which a person said may lie ahead of the clock.
    pub(super) accepted: Option<Instant>,
    /// Held until the log is dropped.
    pub(super) lock: File,
}

impl DestructionLog {
    /// The log's name, which its checkpoints bear.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Number of leaves, those included that are not durable yet.
    pub fn size(&self) -> u64 {
        self.tree.size()
    }

    /// Number of leaves on stable storage.
    pub fn durable_size(&self) -> u64 {
        self.durable
    }

    /// When the last leaf was written; `now` must not lie behind it.
    pub fn last_time(&self) -> Option<Instant> {
        Instant::from_timestamp(self.standing.last_at?, 0)
    }

    /// The time that a leaf written now bears: where a person answered for a clock that lies behind the last leaf,
    /// still that leaf's.
    pub fn stamped(&self, now: Instant) -> Instant {
        self.last_time().map_or(now, |last| last.max(now))
    }

    /// A person answers for a clock that lies behind the last leaf, which was stamped wrongly: leaves bear that leaf's
    /// time until the clock has caught up. Without this a bad stamp would lock the log until its time comes.
    pub fn accept_last_time(&mut self) {
        self.accepted = self.last_time();
    }

    /// Appends an entry and returns the index of its leaf, of the last one where it takes several. It is durable after
    /// the next [`Self::sync`].
    ///
    /// # Errors
    /// A clock behind the log, a full disk, a leaf too long, a poisoned log; an outcome that no open intent awaits; a
    /// kind that the log writes itself. Nothing is appended then.
    pub fn append(&mut self, body: Body, now: Instant) -> Result<u64, LogError> {
        match &body {
            Body::Outcome(outcome) if !self.standing.awaits(outcome) => {
                return Err(LogError::NotAwaited { intent: outcome.intent });
            }
            Body::Genesis(_) | Body::Intent(_) | Body::Fpkey(_) | Body::FpkeyDestroyed(_) | Body::Sigkey(_) => {
                return Err(LogError::OwnKind { kind: body.kind() });
            }
            _ => (),
        }
        let mut parts = body.into_leaves()?;
        match parts.pop() {
            Some(only) if parts.is_empty() => self.push(only, now),
            last => self.push_together(parts.into_iter().chain(last), now),
        }
    }

    /// Appends leaves of which a crash must leave all or none: they are of one group.
    fn push_together(&mut self, bodies: impl Iterator<Item = Body>, now: Instant) -> Result<u64, LogError> {
        let at = self.stamp(now)?;
        self.relieve()?;
        let encoded = |body| -> Result<_, LogError> {
            let leaf = Leaf { at, body };
            Ok((encode(&leaf)?, leaf))
        };
        let leaves: Vec<_> = bodies.map(encoded).collect::<Result<_, _>>()?;
        self.reserve(leaves.iter().map(|(bytes, _)| frame_length(bytes.len()) as u64).sum(), false)?;
        for (bytes, leaf) in &leaves {
            self.take(leaf, bytes);
        }
        Ok(self.tree.size() - 1)
    }

    /// Appends a leaf of any kind.
    pub(super) fn push(&mut self, body: Body, now: Instant) -> Result<u64, LogError> {
        let leaf = Leaf { at: self.stamp(now)?, body };
        let bytes = encode(&leaf)?;
        let is_outcome = matches!(leaf.body, Body::Outcome(_));
        if !is_outcome {
            self.relieve()?;
        }
        self.reserve(frame_length(bytes.len()) as u64, is_outcome)?;
        Ok(self.take(&leaf, &bytes))
    }

    /// Appends a leaf whose room was reserved.
    pub(super) fn take(&mut self, leaf: &Leaf, bytes: &[u8]) -> u64 {
        let index = self.tree.size();
        write_frame(&mut self.group, Tag::Leaf, bytes);
        self.tree.push(bytes);
        self.standing.note(index, leaf);
        index
    }

    /// Writes durable entries out once many are kept in memory.
    pub(super) fn relieve(&mut self) -> Result<(), LogError> {
        Ok(self.tree.relieve(&self.dir, self.durable)?)
    }

    /// The time that the next leaf bears, in seconds since 1970; never before the last one's.
    pub(super) fn stamp(&self, now: Instant) -> Result<i64, LogError> {
        if self.journal.is_doubtful() {
            return Err(LogError::Poisoned);
        }
        let at = now.timestamp();
        match self.last_time() {
            Some(last) if at < last.timestamp() - CLOCK_TOLERANCE && self.accepted != Some(last) => {
                Err(LogError::ClockBehind { last, now })
            }
            Some(last) => Ok(at.max(last.timestamp())),
            None => Ok(at),
        }
    }

    /// Sees that the open segment has room for the waiting group, `more` bytes and the outcomes of all open intents.
    pub(super) fn reserve(&mut self, more: u64, is_outcome: bool) -> Result<(), LogError> {
        let needed = with_marks(self.group.len()) + more;
        // An outcome uses what was held back for it.
        let held = if is_outcome { 0 } else { self.standing.unresolved.len() as u64 * OUTCOME_RESERVE };
        if self.journal.room() < needed + held {
            let held = self.standing.unresolved.len() as u64 * OUTCOME_RESERVE;
            self.journal.roll(self.durable, needed + held)?;
        }
        Ok(())
    }

    /// Goes on in a fresh segment, so that the published ones can go.
    pub(super) fn reserve_afresh(&mut self) -> Result<(), LogError> {
        let held = self.standing.unresolved.len() as u64 * OUTCOME_RESERVE;
        Ok(self.journal.roll(self.durable, with_marks(self.group.len()) + held)?)
    }

    /// Makes all that was appended durable: one write, one `fdatasync`.
    ///
    /// # Errors
    /// A failed write or sync, which poisons the log until [`Self::reread`].
    pub fn sync(&mut self) -> Result<(), LogError> {
        if self.journal.is_doubtful() {
            return Err(LogError::Poisoned);
        }
        if self.group.is_empty() {
            return Ok(());
        }
        let size = self.tree.size();
        write_mark(&mut self.group, Tag::Commit, size);
        self.journal.write_group(&self.group, size)?;
        self.group.clear();
        self.durable = size;
        Ok(())
    }

    /// Whether a write failed, so that only [`Self::reread`] can go on.
    pub fn is_poisoned(&self) -> bool {
        self.journal.is_doubtful()
    }

    /// Intents without outcome, by index: what recovery must resolve.
    pub fn unresolved(&self) -> Vec<(u64, Intent)> {
        self.standing.unresolved.iter().map(|(index, intent)| (*index, intent.clone())).collect()
    }

    fn scan_bytes(&self, from: u64, show: &mut VisitBytes<'_>) -> Result<(), LogError> {
        let kept = self.tree.first_kept();
        if visit_bundles(&self.dir, from, kept, show)?.is_break() {
            return Ok(());
        }
        for index in from.max(kept)..self.durable {
            let Some(bytes) = self.tree.kept(index) else { break };
            if show(index, bytes)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Digest of a text that may hold personal information (a reason, a mapping with values): keyed, so that nobody can
    /// guess the text.
    pub fn keyed_digest(&self, text: &str) -> Digest {
        self.digests.digest(text)
    }

    /// Stores a large text under its SHA-256. Durable on return.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn put_blob(&mut self, bytes: &[u8]) -> Result<Digest, LogError> {
        let digest = Digest::of(bytes);
        let path = self.dir.join("blobs").join(digest.to_string());
        if read(&path, MAX_BLOB)?.as_deref() != Some(bytes) {
            replace("blob", &path, bytes, SHARED)?;
        }
        Ok(digest)
    }
}

/// Of the durable entries.
impl Entries for DestructionLog {
    fn scan(&self, from: u64, visit: &mut VisitLeaf<'_>) -> Result<(), LogError> {
        self.scan_bytes(from, &mut |index, bytes| Ok(visit(index, read_leaf(&self.dir, index, parse(bytes))?)))
    }

    fn scan_brief(&self, from: u64, visit: &mut VisitBrief<'_>) -> Result<(), LogError> {
        self.scan_bytes(from, &mut |index, bytes| Ok(visit(index, read_leaf(&self.dir, index, Brief::read(bytes))?)))
    }
}

#[cfg(test)]
pub(super) mod tests;
