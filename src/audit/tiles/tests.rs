use std::collections::BTreeMap;

use super::super::merkle::{empty_root, node_hash};
use super::super::writer::tests::directory;
use super::*;

/// RFC 6962 section 2.1, word for word.
fn root(hashes: &[Digest]) -> Digest {
    match hashes {
        [] => empty_root(),
        [one] => *one,
        _ => {
            let split = hashes.len().next_power_of_two() / 2;
            node_hash(&root(&hashes[..split]), &root(&hashes[split..]))
        }
    }
}

fn leaf(number: u64) -> Vec<u8> {
    format!("leaf {number}").into_bytes()
}

/// Every tile that a tree of these leaves must have, by its path.
fn expected(size: u64) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut hashes: Vec<Digest> = (0..size).map(|number| leaf_hash(&leaf(number))).collect();
    let mut tiles = BTreeMap::new();
    for level in 0.. {
        if hashes.is_empty() {
            return tiles;
        }
        for (index, tile) in hashes.chunks(256).enumerate() {
            tiles.insert(tile_path(level, index as u64, tile.len() as u64), concatenated(tile));
        }
        hashes = hashes.as_chunks::<256>().0.iter().map(|tile| root(tile)).collect();
    }
    tiles
}

fn files_below(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files_below(&path, found) } else { found.push(path) }
    }
}

#[test]
fn paths_are_those_of_the_specification() {
    assert_eq!(tile_path(3, 1_234_067, 256), Path::new("tile/3/x001/x234/067"));
    assert_eq!(tile_path(0, 0, 1), Path::new("tile/0/000.p/1"));
    assert_eq!(bundle_path(1_000, 255), Path::new("tile/entries/x001/000.p/255"));
    assert_eq!(bundle_path(1_000_000, 256), Path::new("tile/entries/x001/x000/000"));
}

#[test]
fn a_bundle_is_read_back_and_nothing_else_is_one() {
    let entries = parse_bundle(b"\0\x02ab\0\x01c").unwrap();
    assert_eq!(entries, [b"ab".as_slice(), b"c"]);
    let one_too_many = b"\0\x01a".repeat(257);
    for other in [b"\0".as_slice(), b"\0\x02a", b"\xff\xffa", b"\0\x01ab", b"\0\x02ab\0\0\0\x01c", &one_too_many] {
        assert_eq!(parse_bundle(other), None);
    }
}

#[test]
fn published_trees_have_the_tiles_of_the_specification_at_every_border() {
    // The specification's own example is 70,000: 273 full tiles and one of 112, one full and one of 17, one of 1.
    let sizes = [1, 2, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, 70_000];
    let place = directory();
    let mut tree = Tree::default();
    let mut before = 0;
    for size in sizes {
        while tree.size() < size {
            tree.push(&leaf(tree.size()));
            tree.write_full(place.path(), tree.size()).unwrap();
        }
        tree.write_partial(place.path()).unwrap();
        let expected = expected(size);
        for (path, tile) in &expected {
            assert_eq!(&fs::read(place.path().join(path)).unwrap(), tile, "{path:?} of {size}");
        }
        for index in 0..size.div_ceil(256) {
            let width = (size - index * 256).min(256);
            let entries = read_bundle(place.path(), index, width).unwrap();
            assert!(entries.iter().enumerate().all(|(at, entry)| *entry == leaf(index * 256 + at as u64)));
        }
        let hashes: Vec<_> = (0..size).map(|number| leaf_hash(&leaf(number))).collect();
        assert_eq!(tree.head(), TreeHead { size, root: root(&hashes) });
        remove_superfluous(place.path(), before, size).unwrap();
        before = size;
    }
    let mut files = Vec::new();
    files_below(place.path(), &mut files);
    files.retain(|path| !path.components().any(|part| part.as_os_str() == "entries"));
    let expected: Vec<_> = expected(70_000).into_keys().map(|path| place.path().join(path)).collect();
    let left_over: Vec<_> = files.iter().filter(|path| !expected.contains(path)).collect();
    // A partial tile of each earlier tree whose full one is not there yet stays, as the specification asks.
    let stays: Vec<_> = [tile_path(1, 1, 1)].iter().map(|path| place.path().join(path)).collect();
    assert!(left_over.iter().all(|path| stays.contains(path)), "{left_over:?}");
}

#[test]
fn a_partial_bundle_gives_way_to_a_wider_one() {
    let place = directory();
    let mut tree = Tree::default();
    for (before, size) in [(0, 3), (3, 5), (5, 300)] {
        while tree.size() < size {
            tree.push(&leaf(tree.size()));
        }
        tree.write_full(place.path(), size).unwrap();
        tree.write_partial(place.path()).unwrap();
        remove_superfluous(place.path(), before, size).unwrap();
        assert_eq!(read_bundle(place.path(), 0, 3).unwrap(), [leaf(0), leaf(1), leaf(2)]);
    }
    assert!(!place.path().join("tile/entries/000.p").exists() && !place.path().join("tile/0/000.p").exists());
    assert!(read_bundle(place.path(), 1, 45).is_err());
}

#[test]
fn entries_that_left_memory_are_published_as_if_they_had_not() {
    let large = |number: u64| format!("{number:06}").repeat(9_000).into_bytes();
    let (lean, whole) = (directory(), directory());
    let (mut letting, mut keeping) = (Tree::default(), Tree::default());
    let mut published = 0;
    for size in [1, 40, 41, 230, 250, 256, 300, 600, 769] {
        while letting.size() < size {
            let entry = large(letting.size());
            letting.push(&entry);
            keeping.push(&entry);
            // The last entry is not durable yet.
            letting.relieve(lean.path(), letting.size() - 1).unwrap();
            assert!(letting.size() - letting.first_kept() <= 45, "{}", letting.size());
        }
        for (place, tree) in [(&lean, &mut letting), (&whole, &mut keeping)] {
            tree.write_full(place.path(), size).unwrap();
            tree.write_partial(place.path()).unwrap();
            remove_superfluous(place.path(), published, size).unwrap();
        }
        published = size;
        assert_eq!(contents(&lean), contents(&whole), "{size}");
        assert_eq!(letting.head(), keeping.head());
        for index in letting.first_kept()..size {
            assert_eq!(letting.kept(index), Some(large(index).as_slice()));
        }
    }
}

/// Every file with what it holds.
fn contents(place: &tempfile::TempDir) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = Vec::new();
    files_below(place.path(), &mut files);
    let read = |path: PathBuf| (path.strip_prefix(place.path()).unwrap().to_owned(), fs::read(&path).unwrap());
    files.into_iter().map(read).collect()
}

#[test]
fn a_bundle_waits_until_its_entries_are_durable() {
    let place = directory();
    let mut tree = Tree::default();
    (0..600).for_each(|number| tree.push(&leaf(number)));
    tree.write_full(place.path(), 511).unwrap();
    assert_eq!((tree.first_kept(), tree.kept(255), tree.kept(256)), (256, None, Some(leaf(256).as_slice())));
    assert!(place.path().join("tile/0/000").exists() && !place.path().join("tile/0/001").exists());
    tree.write_full(place.path(), 512).unwrap();
    assert!(place.path().join("tile/0/001").exists() && place.path().join("tile/entries/001").exists());
}
