//! What only the keys of an installation can have made of its log: who writes in the log's directory alone makes none
//! of it.

use std::path::Path;

use super::checkpoint::{Checkpoint, SignedCheckpoint};
use super::error::LogError;
use super::keys::{self, KeyPlaces};
use super::merkle::TreeHead;
use super::note::{SigningKey, VerifierKey};
use super::recover::{behind, checkpoint_path, corrupt, read_checkpoint, remembered_path};

/// What lies beside the keys, as far as the caller may read it.
#[derive(Clone, Debug)]
pub(super) struct Vouchers {
    /// The highest checkpoint that was signed.
    pub remembered: Option<SignedCheckpoint>,
    /// The key that signs.
    pub own: Option<VerifierKey>,
}

impl Vouchers {
    /// What lies beside these keys.
    pub fn of(keys: &KeyPlaces) -> Self {
        Self {
            remembered: read_checkpoint(&remembered_path(keys)).ok().flatten(),
            own: keys::signing_key(keys, None).ok().map(|key| key.verifier()),
        }
    }

    /// Whether a checkpoint is one of ours: it is remembered, or signed by the key that signs now. What entries say of
    /// keys vouches for nothing: he who adds entries adds one that declares a key of his own.
    pub fn vouch_for(&self, signed: &SignedCheckpoint) -> bool {
        let is_remembered = self.remembered.as_ref().is_some_and(|kept| kept.claimed() == signed.claimed());
        is_remembered || self.own.as_ref().is_some_and(|key| signed.verify(key).is_ok())
    }

    /// The checkpoint that a reading is held against: the remembered one, which is signed before it is published, or
    /// the published one where nothing here says otherwise.
    fn bind(&self, published: SignedCheckpoint) -> Option<SignedCheckpoint> {
        let Checkpoint { origin, tree: TreeHead { size, .. } } = published.claimed().clone();
        let is_ours = |kept: &&SignedCheckpoint| kept.claimed().origin == origin;
        match &self.remembered {
            Some(kept) if is_ours(&kept) && kept.claimed().tree.size > size => Some(kept.clone()),
            _ if self.vouch_for(&published) => Some(published),
            // Where the key is handed to the service alone, nobody else can tell.
            Some(kept) if self.own.is_none() && is_ours(&kept) && kept.claimed().tree.size < size => Some(published),
            None if self.own.is_none() => Some(published),
            _ => None,
        }
    }
}

/// The checkpoint that a reading of the log in `dir` is held against, where this one is published: where the log lies
/// in its state directory and the caller may read what lies beside its keys, one that these bear out.
///
/// # Errors
/// Somebody else signed the log.
pub(super) fn bound(dir: &Path, published: SignedCheckpoint) -> Result<SignedCheckpoint, LogError> {
    let Some(keys) = super::keys_beside(dir) else { return Ok(published) };
    // Those of a successor that is being put in place are not yet where they belong.
    let next = || Vouchers::of(&keys.next());
    let by_next = || Some(published.clone()).filter(|published| next().vouch_for(published));
    Vouchers::of(&keys).bind(published.clone()).or_else(by_next).ok_or_else(|| foreign(dir))
}

/// Refuses to write a log on whose highest checkpoint neither what is remembered nor the signing key has a word.
pub(super) fn refuse_if_foreign(
    dir: &Path,
    keys: &KeyPlaces,
    signer: &SigningKey,
    signed: &SignedCheckpoint,
) -> Result<(), LogError> {
    let vouchers = Vouchers { own: Some(signer.verifier()), ..Vouchers::of(keys) };
    if vouchers.vouch_for(signed) { Ok(()) } else { Err(foreign(dir)) }
}

fn foreign(dir: &Path) -> LogError {
    let what = "it is not the one that was signed here last, nor signed by the key that lies in the state directory: somebody else signed this log";
    corrupt(&checkpoint_path(dir), what)
}

/// Refuses a log that has fewer entries than were signed.
pub(super) fn refuse_if_behind(dir: &Path, size: u64, bound: &SignedCheckpoint) -> Result<(), LogError> {
    if size < bound.claimed().tree.size { Err(behind(dir, size, bound)) } else { Ok(()) }
}
