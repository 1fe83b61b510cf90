//! The Merkle tree of RFC 6962 over SHA-256: hashes, a growing tree in logarithmic memory, proofs and their
//! verification.
//!
//! Pure. Knows nothing of files: whoever wants a proof hands in a way to read complete subtrees.

use sha2::{Digest as _, Sha256};

use crate::model::{Digest, counted};

/// Hash of one leaf: SHA-256 over 0x00 and its bytes.
pub fn leaf_hash(leaf: &[u8]) -> Digest {
    let mut hash = Sha256::new();
    hash.update([0x00]);
    hash.update(leaf);
    Digest::from_bytes(hash.finalize().into())
}

/// Hash of a node: SHA-256 over 0x01, the left hash and the right hash.
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    let mut input = [0x01; 65];
    input[1..33].copy_from_slice(left.as_bytes());
    input[33..].copy_from_slice(right.as_bytes());
    Digest::from_bytes(Sha256::digest(input).into())
}

/// Root of the tree without leaves: SHA-256 of nothing.
pub fn empty_root() -> Digest {
    Digest::of(b"")
}

/// Root of a few leaf hashes, such as those of one tile.
pub fn root_of(leaf_hashes: &[Digest]) -> Digest {
    let mut tree = Frontier::default();
    leaf_hashes.iter().for_each(|hash| tree.push(*hash));
    tree.root()
}

/// A complete subtree: the leaves `index << level .. (index + 1) << level`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subtree {
    /// 0 is a leaf.
    pub level: u32,
    pub index: u64,
}

/// A growing tree, of which only the roots of its largest complete subtrees are kept (at most 64).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// One for each bit of `size` that is set, the largest subtree first.
    peaks: Vec<Digest>,
}

impl Frontier {
    /// Takes up a tree where it was left: `None` unless there is one peak for each bit of `size` that is set.
    pub fn from_peaks(size: u64, peaks: Vec<Digest>) -> Option<Self> {
        (peaks.len() == size.count_ones() as usize).then_some(Self { size, peaks })
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The roots of the largest complete subtrees, the largest first.
    pub fn peaks(&self) -> &[Digest] {
        &self.peaks
    }

    /// Appends a leaf by its hash.
    pub fn push(&mut self, leaf: Digest) {
        self.push_and_visit(leaf, |_, _| ());
    }

    /// Appends a leaf by its hash, and shows every subtree that it completes, the leaf itself first.
    pub fn push_and_visit(&mut self, leaf: Digest, mut completed: impl FnMut(Subtree, &Digest)) {
        let mut hash = leaf;
        completed(Subtree { level: 0, index: self.size }, &hash);
        for level in 0..self.size.trailing_ones() {
            let Some(left) = self.peaks.pop() else { break };
            hash = node_hash(&left, &hash);
            completed(Subtree { level: level + 1, index: self.size >> (level + 1) }, &hash);
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// The root over all leaves.
    pub fn root(&self) -> Digest {
        let mut smallest_first = self.peaks.iter().rev();
        let Some(last) = smallest_first.next() else { return empty_root() };
        smallest_first.fold(*last, |right, left| node_hash(left, &right))
    }
}

/// A proof was asked for something outside the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the tree of {} has no place {place} to prove; ask for an earlier one, or take a later checkpoint", counted(*size, "entry", "entries"))]
pub struct OutsideTree {
    pub place: u64,
    pub size: u64,
}

/// The proof that leaf `index` is in the tree of `size` leaves, from the leaf's sibling up.
///
/// # Errors
/// `index` outside the tree, or whatever `read` answers.
pub fn inclusion_proof<E: From<OutsideTree>>(
    index: u64,
    size: u64,
    mut read: impl FnMut(Subtree) -> Result<Digest, E>,
) -> Result<Vec<Digest>, E> {
    if index >= size {
        return Err(OutsideTree { place: index, size }.into());
    }
    let (mut begin, mut end) = (0, size);
    let mut proof = Vec::new();
    while end - begin > 1 {
        let middle = split(begin, end);
        let sibling = if index < middle { (middle, end) } else { (begin, middle) };
        proof.push(range_root(sibling.0, sibling.1, &mut read)?);
        if index < middle { end = middle } else { begin = middle }
    }
    proof.reverse();
    Ok(proof)
}

/// The proof that the tree of `old` leaves is the beginning of the tree of `size` leaves; empty where `old` is 0 or
/// `size`.
///
/// # Errors
/// `old` beyond the tree, or whatever `read` answers.
pub fn consistency_proof<E: From<OutsideTree>>(
    old: u64,
    size: u64,
    mut read: impl FnMut(Subtree) -> Result<Digest, E>,
) -> Result<Vec<Digest>, E> {
    if old > size {
        return Err(OutsideTree { place: old, size }.into());
    }
    let mut proof = Vec::new();
    if old == 0 || old == size {
        return Ok(proof);
    }
    let (mut begin, mut end) = (0, size);
    while end != old {
        let middle = split(begin, end);
        if old <= middle {
            proof.push(range_root(middle, end, &mut read)?);
            end = middle;
        } else {
            proof.push(range_root(begin, middle, &mut read)?);
            begin = middle;
        }
    }
    // Where the old tree is complete, the verifier knows this hash already.
    if begin > 0 {
        proof.push(range_root(begin, end, &mut read)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Where RFC 6962 splits a range: after the largest power of two smaller than its length.
fn split(begin: u64, end: u64) -> u64 {
    begin + (1 << (u64::BITS - 1 - (end - begin - 1).leading_zeros()))
}

/// Root of a range that begins on a border of its own size, as every range of a proof does.
fn range_root<E>(begin: u64, end: u64, read: &mut impl FnMut(Subtree) -> Result<Digest, E>) -> Result<Digest, E> {
    let length = end - begin;
    if length.is_power_of_two() {
        let level = length.trailing_zeros();
        return read(Subtree { level, index: begin >> level });
    }
    let middle = split(begin, end);
    Ok(node_hash(&range_root(begin, middle, read)?, &range_root(middle, end, read)?))
}

/// Whether `proof` shows that the leaf of this hash stands at `index` in the tree of this size and root.
pub fn includes(leaf: &Digest, index: u64, size: u64, root: &Digest, proof: &[Digest]) -> bool {
    if index >= size {
        return false;
    }
    let (mut place, mut last) = (index, size - 1);
    let mut hash = *leaf;
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if place & 1 == 1 || place == last {
            hash = node_hash(sibling, &hash);
            // `place` is not 0 here: it is odd, or equals `last`, which is not 0.
            let skipped = place.trailing_zeros();
            place >>= skipped;
            last >>= skipped;
        } else {
            hash = node_hash(&hash, sibling);
        }
        place >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// A tree as a checkpoint names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeHead {
    pub size: u64,
    pub root: Digest,
}

/// Whether `proof` shows that `old` is the beginning of `new`.
pub fn is_consistent(old: &TreeHead, new: &TreeHead, proof: &[Digest]) -> bool {
    if old.size == 0 || old.size == new.size {
        let known = if old.size == new.size { new.root } else { empty_root() };
        return proof.is_empty() && old.root == known;
    }
    if old.size > new.size {
        return false;
    }
    let (start, rest) = match proof {
        _ if old.size.is_power_of_two() => (old.root, proof),
        [first, rest @ ..] => (*first, rest),
        [] => return false,
    };
    let shared = (old.size - 1).trailing_ones();
    let (mut place, mut last) = ((old.size - 1) >> shared, (new.size - 1) >> shared);
    let (mut old_hash, mut new_hash) = (start, start);
    for sibling in rest {
        if last == 0 {
            return false;
        }
        if place & 1 == 1 || place == last {
            old_hash = node_hash(sibling, &old_hash);
            new_hash = node_hash(sibling, &new_hash);
            // `place` is not 0 here: it is odd, or equals `last`, which is not 0.
            let skipped = place.trailing_zeros();
            place >>= skipped;
            last >>= skipped;
        } else {
            new_hash = node_hash(&new_hash, sibling);
        }
        place >>= 1;
        last >>= 1;
    }
    last == 0 && old_hash == old.root && new_hash == new.root
}

#[cfg(test)]
mod tests;
