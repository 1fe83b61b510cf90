//! Logs that are damaged, torn or signed elsewhere, as they are opened.

mod faulted;

use std::fs;
use std::ops::ControlFlow;

use super::*;
use crate::audit::leaf::Leaf;
use crate::audit::writer::tests::{LogDir, at, bundled, leaves, small};
use crate::audit::{Entries, LogReader};

/// A log with published entries, and more in its journal; its leaves.
fn sample(place: &LogDir) -> Vec<Leaf> {
    let mut log = place.create();
    for number in 1..5 {
        log.append(small(number), at(0)).unwrap();
    }
    log.publish().unwrap();
    for number in 5..8 {
        log.append(small(number), at(0)).unwrap();
        log.sync().unwrap();
    }
    leaves(&log)
}

/// Opens, and says what became of it: refused with exit code 4, or all leaves are there.
fn opens_whole_or_refuses(place: &LogDir, all: &[Leaf], what: &str) -> bool {
    match place.open() {
        Ok(log) => {
            assert_eq!(leaves(&log), all, "{what}");
            true
        }
        Err(error) => {
            assert!(error.is_verification_failure(), "{what}: {error}");
            false
        }
    }
}

#[test]
fn no_flipped_or_missing_byte_loses_an_entry_silently() {
    let place = LogDir::new();
    let all = sample(&place);
    let segment = journal_dir(&place.dir()).join("00000000000000000000.seg");
    let used = LogReader::open(&place.dir()).unwrap().size() as usize * 90 + 100;
    let bundle = place.dir().join("tile/entries/000.p/5");
    let tile = place.dir().join("tile/0/000.p/5");
    let remembered = place.keys().join("signed-checkpoint");
    for path in [segment, bundle, tile, remembered, place.dir().join("checkpoint"), place.dir().join("vkey")] {
        let whole = fs::read(&path).unwrap();
        let mut refused = 0;
        for byte in 0..whole.len().min(used) {
            let mut flipped = whole.clone();
            flipped[byte] ^= 0x20;
            for damaged in [&flipped, &whole[..byte]] {
                fs::write(&path, damaged).unwrap();
                let what = format!("{} at {byte}", path.display());
                refused += usize::from(!opens_whole_or_refuses(&place, &all, &what));
                if let Ok(reader) = LogReader::open(&place.dir()) {
                    let _ = reader.scan(0, &mut |_, _| ControlFlow::Continue(()));
                }
            }
            fs::write(&path, &whole).unwrap();
        }
        let is_evidence = !path.ends_with("vkey") && !path.ends_with("tile/0/000.p/5");
        assert_eq!(refused > 0, is_evidence, "{}", path.display());
        assert!(opens_whole_or_refuses(&place, &all, "mended"));
    }
}

#[test]
fn a_missing_file_is_refused() {
    for path in ["tile/entries/000.p/5", "journal/00000000000000000000.seg"] {
        let place = LogDir::new();
        let all = sample(&place);
        fs::remove_file(place.dir().join(path)).unwrap();
        assert!(!opens_whole_or_refuses(&place, &all, path));
    }
    // The remembered checkpoint stands in for one that was not published.
    let place = LogDir::new();
    let all = sample(&place);
    fs::remove_file(place.dir().join("checkpoint")).unwrap();
    assert!(opens_whole_or_refuses(&place, &all, "checkpoint"));
}

#[test]
fn a_torn_tail_is_dropped_and_the_log_goes_on() {
    let place = LogDir::new();
    let all = sample(&place);
    let segment = journal_dir(&place.dir()).join("00000000000000000000.seg");
    let mut bytes = fs::read(&segment).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    bytes[end..end + 6].copy_from_slice(b"L\0\0\x01\0{");
    fs::write(&segment, &bytes).unwrap();
    let mut log = place.open().unwrap();
    assert_eq!(leaves(&log), all);
    log.append(small(8), at(0)).unwrap();
    log.sync().unwrap();
    drop(log);
    assert_eq!(leaves(&place.open().unwrap()).len(), all.len() + 1);
}

#[test]
fn entries_that_stand_in_bundles_alone_are_held_against_the_signed_root() {
    let place = LogDir::new();
    let all = bundled(&place);
    assert!(!journal_dir(&place.dir()).join("00000000000000000000.seg").exists());
    let path = place.dir().join("tile/entries/000");
    let whole = fs::read(&path).unwrap();
    for byte in (0..whole.len()).step_by(97) {
        let mut flipped = whole.clone();
        flipped[byte] ^= 1;
        fs::write(&path, flipped).unwrap();
        assert!(!opens_whole_or_refuses(&place, &all, &format!("byte {byte}")));
    }
    fs::write(&path, &whole).unwrap();
    assert!(opens_whole_or_refuses(&place, &all, "mended"));
}

#[test]
fn a_fork_that_the_key_signed_elsewhere_is_refused() {
    let place = LogDir::new();
    let all = sample(&place);
    let path = checkpoint_path(&place.dir());
    let signed = read_checkpoint(&path).unwrap().unwrap();
    let key = crate::audit::keys::signing_key(&KeyPlaces::new(place.keys()), None).unwrap();
    for size in [signed.claimed().tree.size, 3, all.len() as u64 + 1] {
        let mut fork = signed.claimed().clone();
        (fork.tree.size, fork.tree.root) = (size, crate::model::Digest::of(b"fork"));
        fs::write(&path, fork.sign(&key).unwrap().to_string()).unwrap();
        assert!(!opens_whole_or_refuses(&place, &all, &format!("fork at {size}")));
    }
}
