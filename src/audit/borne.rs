//! How far the entries of a log that cannot go on are those that were signed.
//!
//! A successor vouches for what it names of the log before it, so it names no entry of which no signature tells: who
//! changes an entry without the key would otherwise have it signed for him.

use std::path::Path;

use super::beginning::Beginning;
use super::checkpoint::SignedCheckpoint;
use super::error::LogError;
use super::journal::replay;
use super::keys::KeyPlaces;
use super::merkle::{Frontier, Subtree, TreeHead, empty_root};
use super::nodes::Nodes;
use super::note::VerifierKey;
use super::recover::{checkpoint_path, journal_dir, read_checkpoint};
use super::regular::{self, MAX_KEY};
use super::vouched::Vouchers;
use super::witness::read_witnessed;
use crate::model::{Digest, Origin};

/// What is left of a log.
#[derive(Debug)]
pub(super) struct Remains {
    /// Its name; `None` where nothing tells it.
    pub origin: Option<Origin>,
    /// The longest beginning of its published entries that a signature bears out.
    pub tree: TreeHead,
    /// Whether it had more entries than these, or may have had.
    pub is_partial: bool,
}

/// Looks at the log in `dir`, of which these are the keys.
///
/// Its name is that of the checkpoint that is remembered beside the keys, where whoever writes to `dir` alone does not
/// reach it; else that of the signing key, of the checkpoint in `dir`, of the verifier key.
pub(super) fn look_at(dir: &Path, keys: &KeyPlaces) -> Remains {
    let checkpoint = read_checkpoint(&checkpoint_path(dir)).ok().flatten();
    let vouchers = Vouchers::of(keys);
    let named = |signed: &Option<SignedCheckpoint>| signed.as_ref().map(|signed| signed.claimed().origin.clone());
    let by_key = |key: &VerifierKey| Origin::new(key.name());
    let origin =
        named(&vouchers.remembered).or_else(|| vouchers.own.as_ref().map(by_key)).or_else(|| named(&checkpoint));
    let origin = origin.or_else(|| {
        let vkey = String::from_utf8(regular::read(&dir.join("vkey"), MAX_KEY).ok()?).ok()?;
        vkey.trim_end().parse().ok().as_ref().map(by_key)
    });
    let witnessed = read_witnessed(dir).ok().flatten();
    let signed: Vec<_> = [vouchers.remembered.clone(), checkpoint, witnessed].into_iter().flatten().collect();
    let evidence = Evidence {
        dir,
        signed: signed.into_iter().filter(|signed| Some(&signed.claimed().origin) == origin.as_ref()).collect(),
        vouchers,
    };
    let tree = evidence.borne_out().unwrap_or(TreeHead { size: 0, root: empty_root() });
    Remains { origin, tree, is_partial: evidence.speaks_of_more_than(tree.size) }
}

/// What tells which entries of a log were signed.
struct Evidence<'a> {
    dir: &'a Path,
    /// Checkpoints that bear the log's name.
    signed: Vec<SignedCheckpoint>,
    vouchers: Vouchers,
}

impl Evidence<'_> {
    /// The longest beginning that a checkpoint bears out which only our keys can make, and that none contradicts.
    fn borne_out(&self) -> Option<TreeHead> {
        let mut highest_first: Vec<_> = self.signed.iter().collect();
        highest_first.sort_by_key(|signed| std::cmp::Reverse(signed.claimed().tree.size));
        highest_first.into_iter().find_map(|signed| self.borne_out_by(signed))
    }

    fn borne_out_by(&self, signed: &SignedCheckpoint) -> Option<TreeHead> {
        let (head, origin) = (signed.claimed().tree, &signed.claimed().origin);
        // Where the hash tiles are those that were signed, each entry can be held against its own hash.
        let (is_tiled, mut nodes) =
            (tiled_root(self.dir, head.size) == Some(head.root), Nodes::new(self.dir, head.size));
        let mut is_right = |index: u64, hash: &Digest| !is_tiled || nodes.read(leaf(index)).ok() == Some(*hash);
        let sizes = self.signed.iter().map(|other| other.claimed().tree.size);
        let beginning = Beginning::read(self.dir, head.size, sizes, &mut is_right);
        let is_borne_out = is_tiled || beginning.head() == head;
        let is_named = beginning.origin.as_ref().is_none_or(|named| named == origin);
        let is_contradicted = self.signed.iter().any(|other| self.contradicts(other, &beginning));
        let holds = is_borne_out && is_named && !is_contradicted && self.vouchers.vouch_for(signed);
        holds.then(|| beginning.head())
    }

    /// Whether another checkpoint of the log, by whichever of its keys, gives its entries another root.
    fn contradicts(&self, signed: &SignedCheckpoint, beginning: &Beginning) -> bool {
        let head = signed.claimed().tree;
        let is_within = head.size <= beginning.head().size;
        let is_former = || beginning.signing_key(head.size).is_some_and(|key| signed.verify(key).is_ok());
        let differs = is_within && beginning.root_at(head.size) != Some(head.root);
        differs && (self.vouchers.vouch_for(signed) || is_former())
    }

    /// Whether a checkpoint or the journal speaks of more entries, or the journal is not whole.
    fn speaks_of_more_than(&self, size: u64) -> bool {
        let journal = replay(&journal_dir(self.dir), &mut |_, _| Ok(()));
        let is_signed = self.signed.iter().any(|signed| signed.claimed().tree.size > size);
        is_signed || journal.map_or(true, |journal| journal.size > size)
    }
}

fn leaf(index: u64) -> Subtree {
    Subtree { level: 0, index }
}

/// The root that the hash tiles of a log give for this many entries.
fn tiled_root(dir: &Path, size: u64) -> Option<Digest> {
    let mut nodes = Nodes::new(dir, size);
    let mut tree = Frontier::default();
    let hashed = (0..size).try_for_each(|index| -> Result<(), LogError> {
        tree.push(nodes.read(leaf(index))?);
        Ok(())
    });
    hashed.ok().map(|()| tree.root())
}
