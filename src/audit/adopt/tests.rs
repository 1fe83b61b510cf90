//! A succession interrupted at every step, and what a successor names of a log that was changed.

#![allow(
    clippy::disallowed_methods,
    reason = "what is taken away are logs of the tests' own, in temporary directories"
)]

use std::fs;
use std::path::Path;

use rustix::io::Errno;

use super::super::durable::faults;
use super::super::recover::journal_dir;
use super::super::tiles::parse_bundle;
use super::super::writer::tests::{LogDir, at, leaves, small};
use super::*;

/// Entries of the log that is succeeded.
const ENTRIES: u64 = 6;

/// A log that is published to its last entry.
fn sample() -> LogDir {
    let place = LogDir::new();
    let mut log = place.create();
    for number in 1..ENTRIES {
        log.append(small(number), at(0)).unwrap();
    }
    log.publish().unwrap();
    place
}

fn adopt_in(place: &LogDir, origin: &str) -> Result<Adopted, LogError> {
    let adoption = Adoption { origin: origin.into(), reason: Digest::of(b"reason"), actor: "ann (0)".into() };
    adopt(&place.dir(), &place.keys(), adoption, at(1))
}

/// Opens the log as any command does, the fault gone; it is the old one, whole, or a successor that names all of it.
fn goes_on(place: &LogDir, what: &str) -> bool {
    let opened = DestructionLog::open_or_create(&place.dir(), &place.keys(), "log.example/9".into(), at(1));
    let log = opened.unwrap_or_else(|error| panic!("{what}: {error}"));
    let named = log.continued().unwrap();
    match &named {
        None => assert_eq!((log.origin().as_str(), log.size()), ("log.example", ENTRIES), "{what}"),
        Some(named) => {
            assert_eq!((named.origin.as_str(), named.size, named.partial), ("log.example", ENTRIES, false), "{what}")
        }
    }
    let kept: Vec<_> = beside(&place.dir());
    assert_eq!(kept.len(), usize::from(named.is_some()), "{what}: {kept:?}");
    let earlier = named.clone().map(|named| find_earlier(named, &mut beside(&place.dir()), &[]));
    assert!(earlier.is_none_or(|earlier| matches!(earlier.kept, Kept::Whole(_))), "{what}");
    let left = [succession::next_to(&place.dir()), place.keys().join("next"), place.dir().join("succession")];
    assert!(left.iter().all(|path| !path.exists()), "{what}: something of the succession was left");
    named.is_some()
}

/// An adoption that fails, or ends, at one of its steps.
fn interrupted(fault: (usize, Errno)) -> LogDir {
    let place = sample();
    faults::arm(Some(fault));
    assert!(adopt_in(&place, "log.example/2").is_err(), "{fault:?} was not reported");
    faults::arm(None);
    place
}

#[test]
fn an_adoption_that_ends_at_any_step_is_done_or_not_begun_once_the_log_is_opened_again() {
    let place = sample();
    faults::arm(None);
    drop(adopt_in(&place, "log.example/2").unwrap());
    let steps = faults::passed();
    assert!(goes_on(&place, "undisturbed"));
    for what in ["succession::write", "succession::rename", "key::rename", "remembered::rename", "segment::"] {
        assert!(steps.iter().any(|step| step.starts_with(what)), "no step of {what} was passed: {steps:?}");
    }
    let decided = steps.iter().position(|step| step == "succession::rename::after").unwrap();
    for (number, step) in steps.iter().enumerate() {
        for errno in [Errno::IO, Errno::NOSPC] {
            let what = format!("{step} ({number}) {errno:?}");
            let place = interrupted((number, errno));
            assert_eq!(goes_on(&place, &what), number >= decided, "{what}");
            // Begun again, it loses nothing either.
            if number < decided {
                drop(adopt_in(&place, "log.example/3").unwrap());
                assert!(goes_on(&place, &what));
            }
        }
    }
}

#[test]
fn what_goes_on_with_an_adoption_may_be_interrupted_too() {
    let place = sample();
    faults::arm(None);
    drop(adopt_in(&place, "log.example/2").unwrap());
    let steps = faults::passed();
    let decided = steps.iter().position(|step| step == "succession::rename::after").unwrap();
    let mut tried = 0;
    for (number, step) in steps.iter().enumerate().skip(decided) {
        for again in 0.. {
            let place = interrupted((number, Errno::IO));
            faults::arm(Some((again, Errno::IO)));
            let opened = DestructionLog::open_or_create(&place.dir(), &place.keys(), "log.example/9".into(), at(1));
            faults::arm(None);
            let is_through = opened.is_ok();
            drop(opened);
            assert!(goes_on(&place, &format!("{step} then {again}")));
            tried += 1;
            if is_through {
                break;
            }
        }
    }
    assert!(tried > 60, "{tried}");
}

#[test]
fn an_adoption_that_was_decided_on_is_finished_by_asking_for_it_again() {
    let place = sample();
    faults::arm(None);
    drop(adopt_in(&place, "log.example/2").unwrap());
    let decided = faults::passed().iter().position(|step| step == "succession::rename::after").unwrap();
    let place = interrupted((decided + 1, Errno::IO));
    let finished = finish(&place.dir(), &place.keys(), at(2)).unwrap().unwrap();
    assert_eq!((finished.log.origin().as_str(), finished.predecessor.size), ("log.example/2", ENTRIES));
    assert!(finished.kept.unwrap().ends_with("audit.1"));
    drop(finished.log);
    assert!(finish(&place.dir(), &place.keys(), at(2)).unwrap().is_none());
}

#[test]
fn no_log_begins_unlinked_where_an_earlier_one_lies_beside() {
    let place = sample();
    fs::rename(place.dir(), place.dir().with_file_name("audit.1")).unwrap();
    fs::rename(place.keys().join("signed-checkpoint"), place.keys().join("elsewhere")).unwrap();
    let begun = DestructionLog::open_or_create(&place.dir(), &place.keys(), "log.example/9".into(), at(1)).err();
    assert!(matches!(begun, Some(LogError::Unlinked { .. })), "{begun:?}");
    assert!(begun.unwrap().to_string().contains("audit adopt"));
    // The mend: what lies there is what the successor names, and no second directory is made.
    let adopted = adopt_in(&place, "log.example/2").unwrap();
    assert_eq!((adopted.predecessor.origin.as_str(), adopted.predecessor.size), ("log.example", ENTRIES));
    assert!(adopted.kept.unwrap().ends_with("audit.1"));
    assert!(!place.dir().with_file_name("audit.2").exists());
}

#[test]
fn nothing_is_succeeded_where_there_is_nothing() {
    let place = LogDir::new();
    assert!(matches!(adopt_in(&place, "log.example/2"), Err(LogError::Absent { .. })));
    fs::create_dir_all(place.dir()).unwrap();
    assert!(matches!(adopt_in(&place, "log.example/2"), Err(LogError::Absent { .. })));
}

#[test]
fn a_key_handed_in_signs_no_successor_of_another_name() {
    let (place, other) = (sample(), LogDir::new());
    drop(other.create());
    let handed_in = KeyPlaces::new(place.keys()).with_credential(other.keys().join("audit-signing-key"));
    let adoption =
        |origin: &str| Adoption { origin: origin.into(), reason: Digest::of(b"reason"), actor: "ann (0)".into() };
    let refused = adopt(&place.dir(), handed_in, adoption("log.example/2"), at(1)).err();
    assert!(matches!(refused, Some(LogError::Key(KeyError::NotDeclared { .. }))), "{refused:?}");
    assert!(!goes_on(&place, "nothing was decided"));
}

#[test]
fn a_log_that_was_lost_is_named_and_no_empty_directory_kept_in_its_place() {
    let place = sample();
    fs::rename(place.dir(), place.dir().with_file_name("lost")).unwrap();
    fs::create_dir_all(place.dir()).unwrap();
    let adopted = adopt_in(&place, "log.example/2").unwrap();
    let named = &adopted.predecessor;
    assert_eq!((named.origin.as_str(), named.size, named.partial), ("log.example", 0, true));
    assert_eq!(adopted.kept, None);
    assert!(beside(&place.dir()).is_empty());
}

/// What a successor names of the log after something was done to it.
fn named_after(change: impl FnOnce(&Path, &Path)) -> (u64, bool) {
    let place = sample();
    change(&place.dir(), &place.keys());
    let adopted = adopt_in(&place, "log.example/2").unwrap();
    (adopted.predecessor.size, adopted.predecessor.partial)
}

/// Writes the entries anew with another number in the one of this index.
fn tamper(dir: &Path, index: usize) {
    let path = dir.join(format!("tile/entries/000.p/{ENTRIES}"));
    let bytes = fs::read(&path).unwrap();
    let mut changed = Vec::new();
    for (place, entry) in parse_bundle(&bytes).unwrap().into_iter().enumerate() {
        let text = String::from_utf8(entry.to_vec()).unwrap();
        let text = if place == index { text.replace("\"PC-1\":", "\"PC-1\":4") } else { text };
        changed.extend((text.len() as u16).to_be_bytes());
        changed.extend(text.as_bytes());
    }
    assert_ne!(bytes, changed);
    fs::write(path, changed).unwrap();
}

fn remove_tiles(dir: &Path) {
    fs::remove_dir_all(dir.join("tile/0")).unwrap();
}

#[test]
fn a_successor_names_no_entry_that_the_signature_does_not_bear_out() {
    assert_eq!(named_after(|_, _| ()), (ENTRIES, false));
    // The hash tiles tell which entry is another.
    assert_eq!(named_after(|dir, _| tamper(dir, 4)), (4, true));
    assert_eq!(named_after(|dir, _| fs::remove_dir_all(dir.join("tile/entries")).unwrap()), (0, true));
    // Without them nothing does; with the true entries they are not needed.
    assert_eq!(named_after(|dir, _| (tamper(dir, 4), remove_tiles(dir)).0), (0, true));
    assert_eq!(named_after(|dir, _| remove_tiles(dir)), (ENTRIES, false));
    // The key is lost: what is remembered beside the keys tells.
    let lose_key = |keys: &Path| fs::remove_file(keys.join("audit-signing-key")).unwrap();
    assert_eq!(named_after(|_, keys| lose_key(keys)), (ENTRIES, false));
    assert_eq!(named_after(|dir, keys| (lose_key(keys), tamper(dir, 3)).0), (3, true));
}

#[test]
fn a_log_that_somebody_else_signed_is_not_named_as_ours() {
    let other = LogDir::new();
    let mut forged = other.create();
    for number in 1..=ENTRIES {
        forged.append(small(number + 40), at(0)).unwrap();
    }
    forged.publish().unwrap();
    drop(forged);
    let exchange = |dir: &Path| {
        fs::remove_dir_all(dir).unwrap();
        copy(&other.dir(), dir);
    };
    assert_eq!(named_after(|dir, _| exchange(dir)), (0, true), "of the same name, by another key");
    let lose_key = |keys: &Path| fs::remove_file(keys.join("audit-signing-key")).unwrap();
    assert_eq!(named_after(|dir, keys| (exchange(dir), lose_key(keys)).0), (0, true), "the key is lost");
}

fn copy(from: &Path, to: &Path) {
    assert!(std::process::Command::new("cp").arg("-r").args([from, to]).status().unwrap().success());
}

#[test]
fn what_was_signed_by_a_key_that_the_entries_alone_declare_is_not_named() {
    // Whoever writes in the log's directory alone appends a key of his own, and entries behind it.
    let append = |dir: &Path, keys: &Path| {
        let his = LogDir::new();
        fs::create_dir_all(his.dir().parent().unwrap()).unwrap();
        copy(dir, &his.dir());
        fs::remove_dir_all(his.keys()).ok();
        copy(keys, &his.keys());
        let mut log = his.open().unwrap();
        log.rotate_signing_key("root (0)".into(), at(0)).unwrap();
        log.append(small(99), at(0)).unwrap();
        log.publish().unwrap();
        drop(log);
        fs::remove_dir_all(dir).unwrap();
        copy(&his.dir(), dir);
    };
    assert_eq!(named_after(|dir, keys| append(dir, keys)), (ENTRIES, true));
    let lose = |keys: &Path, name: &str| fs::remove_file(keys.join(name)).unwrap();
    assert_eq!(named_after(|dir, keys| (append(dir, keys), lose(keys, "audit-signing-key")).0), (ENTRIES, true));
    assert_eq!(named_after(|dir, keys| (append(dir, keys), lose(keys, "signed-checkpoint")).0), (0, true));
    // Nothing is left that he could not have made.
    let both = |keys: &Path| ["audit-signing-key", "signed-checkpoint"].map(|name| lose(keys, name));
    assert_eq!(named_after(|_, keys| _ = both(keys)), (0, true));
}

#[test]
fn a_log_made_anew_by_another_key_is_not_named_where_it_is_shorter_than_what_was_signed() {
    let other = LogDir::new();
    let mut forged = other.create();
    forged.append(small(41), at(0)).unwrap();
    forged.publish().unwrap();
    drop(forged);
    let exchange = |dir: &Path, _: &Path| {
        fs::remove_dir_all(dir).unwrap();
        copy(&other.dir(), dir);
    };
    assert_eq!(named_after(exchange), (0, true));
}

#[test]
fn a_log_whose_key_was_rotated_is_named_whole_whichever_of_its_witnesses_is_left() {
    let rotated = || {
        let place = sample();
        let mut log = place.open().unwrap();
        log.rotate_signing_key("ann (0)".into(), at(0)).unwrap();
        log.publish().unwrap();
        place
    };
    for lost in [None, Some("audit-signing-key"), Some("signed-checkpoint")] {
        let place = rotated();
        lost.into_iter().for_each(|name| fs::remove_file(place.keys().join(name)).unwrap());
        let named = adopt_in(&place, "log.example/2").unwrap().predecessor;
        assert_eq!((named.size, named.partial), (ENTRIES + 1, false), "{lost:?}");
    }
}

#[test]
fn an_older_copy_is_named_as_far_as_it_goes_and_said_to_have_had_more() {
    let place = LogDir::new();
    let mut log = place.create();
    log.append(small(1), at(0)).unwrap();
    log.publish().unwrap();
    let older = place.dir().with_file_name("copy");
    copy(&place.dir(), &older);
    log.append(small(2), at(0)).unwrap();
    log.publish().unwrap();
    drop(log);
    fs::remove_dir_all(place.dir()).unwrap();
    fs::rename(older, place.dir()).unwrap();
    let adopted = adopt_in(&place, "log.example/2").unwrap();
    assert_eq!((adopted.predecessor.size, adopted.predecessor.partial), (2, true));
}

#[test]
fn entries_that_stand_in_the_journal_alone_are_said_to_have_been_there() {
    let place = sample();
    let mut log = place.open().unwrap();
    log.append(small(9), at(0)).unwrap();
    log.sync().unwrap();
    assert_eq!(leaves(&log).len() as u64, ENTRIES + 1);
    drop(log);
    // Published, it would not need to be said.
    let adopted = adopt_in(&place, "log.example/2").unwrap();
    assert_eq!((adopted.predecessor.size, adopted.predecessor.partial), (ENTRIES, true));
    assert_eq!(named_after(|dir, _| fs::remove_dir_all(journal_dir(dir)).unwrap()), (ENTRIES, true), "nobody knows");
}
