//! What is noted while the disk is full.

use std::fs;
use std::os::unix::fs::MetadataExt;

use super::*;

/// Length in bytes, and blocks on the disk, of the private database and of its journal.
fn extents(sample: &Sample) -> [(u64, u64); 2] {
    ["desk.db", "desk.db-journal"].map(|name| {
        let found = fs::metadata(sample.state().join("private").join(name)).unwrap();
        (found.len(), found.blocks())
    })
}

#[test]
fn what_is_noted_goes_where_nobody_who_fills_the_disk_can_take_the_room() {
    let sample = Sample::new();
    let desk = Desk::open(sample.install.clone(), None, now()).unwrap();
    let before = extents(&sample);
    assert!(before.iter().all(|(length, blocks)| *length >= 1 << 20 && *blocks >= 2 << 10), "{before:?}");
    for minute in 0..2_000 {
        let at = now() + chrono::TimeDelta::minutes(minute);
        assert!(desk.begin_firing("all", at, at).unwrap());
    }
    desk.memorize("pause", Some(&"x".repeat(4_096))).unwrap();
    assert_eq!(extents(&sample), before);
}

#[test]
fn free_pages_are_set_aside_again_before_they_are_used_up_and_after_the_journal_was_lost() {
    let sample = Sample::new();
    let desk = Desk::open(sample.install.clone(), None, now()).unwrap();
    let before = extents(&sample);
    desk.memorize("pause", Some(&"x".repeat(600 << 10))).unwrap();
    assert_eq!(extents(&sample), before, "within what is set aside");
    desk.set_room_aside().unwrap();
    let after = extents(&sample);
    assert!(after[0].0 > before[0].0 + (256 << 10), "{after:?}");
    desk.set_room_aside().unwrap();
    assert_eq!(extents(&sample), after, "once is enough");
    drop(desk);
    fs::remove_file(sample.state().join("private/desk.db-journal")).unwrap();
    drop(Desk::open(sample.install.clone(), None, now()).unwrap());
    assert!(extents(&sample)[1].0 >= 1 << 20);
}
