//! The beginning of a log's published entries, as far as they can be read: of a log that is succeeded, or was.

use std::collections::BTreeMap;
use std::path::Path;

use super::brief::kind;
use super::codec::decode;
use super::leaf::{Body, Predecessor};
use super::merkle::{Frontier, TreeHead, leaf_hash};
use super::note::VerifierKey;
use super::tiles::{WIDTH, read_bundle};
use crate::model::{Digest, Origin};

/// The entries read, hashed, and what of them says more than its hash.
#[derive(Debug, Default)]
pub(super) struct Beginning {
    tree: Frontier,
    /// The root of the first so many entries, for every size asked for.
    roots: BTreeMap<u64, Option<Digest>>,
    /// Signing keys, each with the entry that declares it.
    keys: Vec<(u64, VerifierKey)>,
    /// The name that the first entry gives, where it can be read.
    pub origin: Option<Origin>,
    /// The log before, where the first entry can be read and names one.
    pub before: Option<Predecessor>,
}

impl Beginning {
    /// Reads up to `size` entries, minding the root at each of these sizes; ends before the first entry that cannot be
    /// read, or that `is_right` refuses by its index and hash.
    pub fn read(
        dir: &Path,
        size: u64,
        sizes: impl Iterator<Item = u64>,
        is_right: &mut dyn FnMut(u64, &Digest) -> bool,
    ) -> Self {
        let mut read = Self { roots: sizes.map(|size| (size, None)).collect(), ..Self::default() };
        read.note_root();
        while read.tree.size() < size {
            let (bundle, left) = (read.tree.size() / WIDTH, size - read.tree.size());
            let Ok(entries) = read_bundle(dir, bundle, left.min(WIDTH)) else { break };
            for entry in entries {
                let hash = leaf_hash(&entry);
                if !is_right(read.tree.size(), &hash) {
                    return read;
                }
                read.note(&entry);
                read.tree.push(hash);
                read.note_root();
            }
        }
        read
    }

    /// Size and root of what was read.
    pub fn head(&self) -> TreeHead {
        TreeHead { size: self.tree.size(), root: self.tree.root() }
    }

    /// The root of its first `size` entries, where it was asked for and reached.
    pub fn root_at(&self, size: u64) -> Option<Digest> {
        self.roots.get(&size).copied().flatten()
    }

    /// The key that signs a checkpoint of this size.
    pub fn signing_key(&self, size: u64) -> Option<&VerifierKey> {
        self.keys.iter().rfind(|(declared, _)| *declared < size).map(|(_, key)| key)
    }

    /// What its entries may be unreadable for it was succeeded, so what cannot be read is passed over.
    fn note(&mut self, entry: &[u8]) {
        let index = self.tree.size();
        if !matches!(kind(entry), Some(b"genesis" | b"sigkey")) {
            return;
        }
        let vkey = match decode(entry).map(|leaf| leaf.body) {
            Ok(Body::Genesis(genesis)) if index == 0 => {
                (self.origin, self.before) = (Some(genesis.origin), genesis.predecessor);
                genesis.vkey
            }
            Ok(Body::Sigkey(sigkey)) => sigkey.vkey,
            _ => return,
        };
        self.keys.extend(vkey.parse().ok().map(|key| (index, key)));
    }

    fn note_root(&mut self) {
        if let Some(root) = self.roots.get_mut(&self.tree.size()) {
            *root = Some(self.tree.root());
        }
    }
}
