use proptest::prelude::*;

use super::*;

/// A segment of these groups of leaves, each group synced but perhaps the last; and where the last group begins.
fn segment(groups: &[Vec<Vec<u8>>], is_last_synced: bool) -> (Vec<u8>, usize) {
    let mut frames = Vec::new();
    let mut size = 7;
    let mut last = 0;
    for (place, group) in groups.iter().enumerate() {
        last = frames.len();
        group.iter().for_each(|leaf| write_frame(&mut frames, Tag::Leaf, leaf));
        size += group.len() as u64;
        write_mark(&mut frames, Tag::Commit, size);
        if is_last_synced || place + 1 < groups.len() {
            write_mark(&mut frames, Tag::Synced, size);
        }
    }
    let length = HEADER + frames.len() + 40;
    let mut bytes = header(7, length as u64).to_vec();
    bytes.extend(&frames);
    bytes.resize(length, 0);
    (bytes, HEADER + last)
}

fn leaves(bytes: &[u8]) -> Result<Vec<Vec<u8>>, Damage> {
    let contents = read_segment(bytes)?;
    Ok(contents.leaves.into_iter().map(|range| bytes[range].to_vec()).collect())
}

fn groups() -> impl Strategy<Value = Vec<Vec<Vec<u8>>>> {
    let leaf = prop::collection::vec(any::<u8>(), 0..30);
    prop::collection::vec(prop::collection::vec(leaf, 1..4), 1..5)
}

fn sample() -> Vec<Vec<Vec<u8>>> {
    vec![vec![b"first".to_vec(), b"CSL".to_vec()], vec![b"second".to_vec()], vec![b"third".to_vec(), vec![0; 20]]]
}

#[test]
fn a_flipped_byte_never_loses_what_was_synced() {
    let (bytes, _) = segment(&sample(), true);
    let all = leaves(&bytes).unwrap();
    for place in 0..bytes.len() {
        for flip in [1, 0x80, 0xff] {
            let mut flipped = bytes.clone();
            flipped[place] ^= flip;
            if let Ok(found) = leaves(&flipped) {
                assert_eq!(found, all, "byte {place}");
            }
        }
    }
}

#[test]
fn a_cut_segment_is_damage_at_every_length() {
    let (bytes, _) = segment(&sample(), true);
    for length in 0..bytes.len() {
        assert_eq!(read_segment(&bytes[..length]), Err(Damage::Cut), "{length}");
    }
}

#[test]
fn what_follows_the_last_group_says_whether_it_is_known_to_be_durable() {
    let tail = |synced| read_segment(&segment(&sample(), synced).0).unwrap().tail;
    assert_eq!((tail(true), tail(false)), (Tail::Clean, Tail::Unsynced));
}

#[test]
fn damage_before_a_later_group_is_damage_even_where_its_marks_are_gone() {
    let (mut bytes, last) = segment(&sample(), false);
    // The second group's marks go, the third was written after the second had been synced.
    bytes[last - 2 * MARK..last].fill(0xff);
    bytes[last - 2 * MARK - 3] ^= 1;
    let found = leaves(&bytes);
    assert_eq!(found.unwrap().len(), 2, "one commit frame alone may be that of a torn group");
    let (mut bytes, _) = segment(&sample(), true);
    bytes[HEADER + 6] ^= 1;
    assert!(matches!(read_segment(&bytes), Err(Damage::Inside(HEADER))));
}

proptest! {
    #[test]
    fn groups_survive_their_bytes(groups in groups(), synced: bool) {
        let (bytes, _) = segment(&groups, synced);
        let contents = read_segment(&bytes).unwrap();
        prop_assert_eq!(contents.size(), 7 + groups.concat().len() as u64);
        prop_assert_eq!(leaves(&bytes).unwrap(), groups.concat());
    }

    /// Power fails during a sync: any part of the last group, in pieces of 16 bytes, did not reach the disk.
    #[test]
    fn a_torn_group_is_dropped_whole_and_never_taken_for_damage(groups in groups(), lost in prop::collection::vec(any::<bool>(), 64)) {
        let (mut bytes, last) = segment(&groups, false);
        let complete = leaves(&bytes).unwrap();
        for (piece, _) in lost.iter().enumerate().filter(|(_, lost)| **lost) {
            let start = (last + 16 * piece).min(bytes.len());
            let end = (start + 16).min(bytes.len());
            bytes[start..end].fill(0);
        }
        let before = groups[..groups.len() - 1].concat();
        let found = leaves(&bytes);
        prop_assert!(found == Ok(before) || found == Ok(complete), "{:?}", found);
    }

    /// The stable twin of `fuzz/fuzz_targets/journal.rs`.
    #[test]
    fn any_bytes_behind_a_header_are_read_without_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let whole = [header(0, (HEADER + bytes.len()) as u64).to_vec(), bytes.clone()].concat();
        let _ = read_segment(&whole);
        let mut frames = Vec::new();
        write_frame(&mut frames, Tag::Leaf, &bytes);
        frames.append(&mut bytes);
        let _ = read_segment(&[header(0, (HEADER + frames.len()) as u64).to_vec(), frames].concat());
    }
}
