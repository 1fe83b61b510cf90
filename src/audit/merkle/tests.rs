use std::collections::HashMap;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
use proptest::prelude::*;

use super::*;

/// Our tree with every complete subtree remembered, and the oracle's tree over the same leaves.
struct Pair {
    ours: Frontier,
    subtrees: HashMap<Subtree, Digest>,
    roots: Vec<Digest>,
    oracle: MemoryBackedTree<Sha256, Vec<u8>>,
}

fn leaf(index: u64) -> Vec<u8> {
    format!("leaf {index}").into_bytes()
}

fn pair(size: u64) -> Pair {
    let mut pair = Pair {
        ours: Frontier::default(),
        subtrees: HashMap::new(),
        roots: vec![empty_root()],
        oracle: MemoryBackedTree::new(),
    };
    for index in 0..size {
        pair.ours.push_and_visit(leaf_hash(&leaf(index)), |subtree, hash| {
            pair.subtrees.insert(subtree, *hash);
        });
        pair.roots.push(pair.ours.root());
        pair.oracle.push(leaf(index));
    }
    pair
}

impl Pair {
    fn read(&self) -> impl FnMut(Subtree) -> Result<Digest, OutsideTree> + '_ {
        |subtree| Ok(self.subtrees[&subtree])
    }
}

fn bytes(proof: &[Digest]) -> Vec<u8> {
    proof.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

fn oracle_root(size: u64, root: &Digest) -> RootHash<Sha256> {
    RootHash::new((*root.as_bytes()).into(), size)
}

#[test]
fn the_vectors_of_rfc_6962_hold() {
    assert_eq!(empty_root().to_string(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!(leaf_hash(b"").to_string(), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    let two = root_of(&[leaf_hash(b""), leaf_hash(&[0])]);
    assert_eq!(two.to_string(), "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125");
}

#[test]
fn roots_of_all_sizes_to_600_are_the_oracle_s() {
    let mut oracle = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    let ours = pair(600);
    assert_eq!(ours.roots[0].as_bytes()[..], oracle.root().as_bytes()[..]);
    for size in 1..=600 {
        oracle.push(leaf(size - 1));
        assert_eq!(ours.roots[size as usize].as_bytes()[..], oracle.root().as_bytes()[..], "size {size}");
    }
}

#[test]
fn inclusion_proofs_of_all_sizes_to_600_are_the_oracle_s_and_verify() {
    let all = pair(600);
    let mut oracle = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    for size in 1..=600_u64 {
        oracle.push(leaf(size - 1));
        let root = all.roots[size as usize];
        // Every index of the small trees; edges and a stride of the larger.
        let stride = if size <= 70 { 1 } else { 37 };
        for index in (0..size).step_by(stride).chain([size - 1, size / 2]) {
            let proof = inclusion_proof(index, size, all.read()).unwrap();
            assert_eq!(bytes(&proof), oracle.prove_inclusion(index as usize).as_bytes(), "{index} in {size}");
            assert!(includes(&leaf_hash(&leaf(index)), index, size, &root, &proof), "{index} in {size}");
            let theirs = InclusionProof::<Sha256>::from_bytes(bytes(&proof));
            assert!(oracle_root(size, &root).verify_inclusion(&leaf(index), index, &theirs).is_ok());
        }
    }
}

#[test]
fn consistency_proofs_of_all_sizes_to_600_are_the_oracle_s_and_verify() {
    let all = pair(600);
    let mut oracle = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    for size in 1..=600_u64 {
        oracle.push(leaf(size - 1));
        let new = TreeHead { size, root: all.roots[size as usize] };
        let stride = if size <= 70 { 1 } else { 31 };
        for old_size in (1..=size).step_by(stride).chain([size - 1, size / 2 + 1, size.next_power_of_two() / 2]) {
            let old = TreeHead { size: old_size, root: all.roots[old_size as usize] };
            let proof = consistency_proof(old_size, size, all.read()).unwrap();
            assert!(is_consistent(&old, &new, &proof), "{old_size} to {size}");
            if old_size == 0 || old_size == size {
                continue;
            }
            let theirs = oracle.prove_consistency((size - old_size) as usize);
            assert_eq!(bytes(&proof), theirs.as_bytes(), "{old_size} to {size}");
            let ours = ConsistencyProof::<Sha256>::try_from_bytes(bytes(&proof)).unwrap();
            let verified = oracle_root(size, &new.root).verify_consistency(&oracle_root(old_size, &old.root), &ours);
            assert!(verified.is_ok(), "{old_size} to {size}");
        }
    }
}

#[test]
fn places_outside_the_tree_are_refused() {
    let all = pair(5);
    assert_eq!(inclusion_proof(5, 5, all.read()), Err(OutsideTree { place: 5, size: 5 }));
    assert_eq!(consistency_proof(6, 5, all.read()), Err(OutsideTree { place: 6, size: 5 }));
    assert!(!includes(&leaf_hash(&leaf(0)), 0, 0, &empty_root(), &[]));
}

#[test]
fn a_frontier_is_taken_up_where_it_was_left() {
    let all = pair(600);
    let mut tree = Frontier::default();
    for index in 0..600 {
        tree = Frontier::from_peaks(tree.size(), tree.peaks().to_vec()).unwrap();
        tree.push(leaf_hash(&leaf(index)));
        assert_eq!(tree.root(), all.roots[index as usize + 1]);
    }
    assert_eq!(Frontier::from_peaks(3, vec![empty_root()]), None);
}

proptest! {
    #[test]
    fn a_proof_with_any_change_fails(
        size in 2_u64..300, place in any::<prop::sample::Index>(), victim in any::<prop::sample::Index>(), bit in 0_usize..256,
    ) {
        let all = pair(size);
        let new = TreeHead { size, root: all.roots[size as usize] };
        let index = place.index(size as usize) as u64;
        let leaf = leaf_hash(&leaf(index));
        let flip = |proof: &[Digest]| {
            let mut changed = proof.to_vec();
            let place = victim.index(changed.len());
            let mut hash = *changed[place].as_bytes();
            hash[bit / 8] ^= 1 << (bit % 8);
            changed[place] = Digest::from_bytes(hash);
            changed
        };

        let proof = inclusion_proof(index, size, all.read()).unwrap();
        prop_assert!(!includes(&leaf, index, size, &new.root, &flip(&proof)));
        prop_assert!(!includes(&leaf, index, size, &new.root, &proof[1..]));
        prop_assert!(!includes(&leaf, index, size, &new.root, &[proof.clone(), vec![leaf]].concat()));
        prop_assert!(!includes(&leaf, (index + 1) % size, size, &new.root, &proof));

        let old = TreeHead { size: index + 1, root: all.roots[index as usize + 1] };
        let proof = consistency_proof(old.size, size, all.read()).unwrap();
        prop_assert!(!is_consistent(&old, &new, &[proof.clone(), vec![leaf]].concat()));
        if !proof.is_empty() {
            prop_assert!(!is_consistent(&old, &new, &flip(&proof)));
            prop_assert!(!is_consistent(&old, &new, &proof[1..]));
            let other = TreeHead { root: new.root, ..old };
            prop_assert!(!is_consistent(&other, &new, &proof));
        }
    }

    #[test]
    fn any_proof_is_judged_without_panic(
        old in any::<u64>(), size in any::<u64>(), hashes in prop::collection::vec(any::<[u8; 32]>(), 0..70),
    ) {
        let proof: Vec<Digest> = hashes.into_iter().map(Digest::from_bytes).collect();
        let root = empty_root();
        prop_assert!(!includes(&root, old, size, &root, &proof));
        if old != size && old != 0 {
            let (old, new) = (TreeHead { size: old, root }, TreeHead { size, root });
            prop_assert!(!is_consistent(&old, &new, &proof));
        }
    }
}
