use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

fn open(sample: &Sample) -> Result<Desk, DeskError> {
    Desk::open(sample.install.clone(), None, now())
}

fn chmod(path: &std::path::Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_new_state_is_closed_to_others_and_its_private_part_to_the_group_too() {
    let sample = Sample::new();
    drop(open(&sample).unwrap());
    let mode = |name: &str| fs::metadata(sample.state().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(["", "audit", "plans"].map(mode), [0o750; 3]);
    assert_eq!(["private", "private/keys", "private/plans"].map(mode), [0o700; 3]);
    assert_eq!(mode("private/desk.db"), 0o600);
}

#[test]
fn a_file_that_others_could_change_or_read_is_refused_with_the_mend() {
    let cases = [
        ("", 0o777, "chmod g-w,o-w"),
        ("audit", 0o770, "chmod g-w,o-w"),
        ("plans", 0o757, "chmod g-w,o-w"),
        ("private", 0o750, "chmod go-rwx"),
        ("private/keys", 0o701, "chmod go-rwx"),
        ("private/desk.db", 0o640, "chmod go-rwx"),
        ("private/keys/audit-signing-key", 0o644, "chmod go-rwx"),
        ("lock", 0o666, "chmod g-w,o-w"),
        ("audit/vkey", 0o646, "chmod g-w,o-w"),
        ("audit/checkpoint", 0o664, "chmod g-w,o-w"),
        ("audit/journal/SEGMENT", 0o666, "chmod g-w,o-w"),
        ("audit/journal", 0o770, "chmod g-w,o-w"),
        ("audit/tile", 0o757, "chmod g-w,o-w"),
        ("audit/tile/entries/000.p", 0o775, "chmod g-w,o-w"),
        ("audit/tile/0/000.p/1", 0o664, "chmod g-w,o-w"),
    ];
    for (name, mode, mend) in cases {
        let sample = Sample::new();
        drop(open(&sample).unwrap());
        let path = found(&sample, name);
        let before = fs::metadata(&path).unwrap().permissions().mode();
        chmod(&path, mode);
        let error = open(&sample).err().unwrap_or_else(|| panic!("{name} with mode {mode:o} was accepted"));
        assert!(error.to_string().contains(&format!("{mend} {}", path.display())), "{error}");
        chmod(&path, before);
        open(&sample).unwrap();
    }
}

/// A file of the state; `SEGMENT` is the journal's first.
fn found(sample: &Sample, name: &str) -> std::path::PathBuf {
    match name.strip_suffix("/SEGMENT") {
        Some(dir) => fs::read_dir(sample.state().join(dir)).unwrap().next().unwrap().unwrap().path(),
        None => sample.state().join(name),
    }
}

#[test]
fn a_link_in_the_place_of_a_private_file_is_refused() {
    let sample = Sample::new();
    drop(open(&sample).unwrap());
    let database = sample.state().join("private/desk.db");
    fs::rename(&database, sample.state().join("elsewhere.db")).unwrap();
    std::os::unix::fs::symlink(sample.state().join("elsewhere.db"), &database).unwrap();
    assert_eq!(open(&sample).err().map(|error| error.code()), Some("state-kind"));
}

#[test]
fn a_state_of_another_user_is_refused() {
    let sample = Sample::new();
    drop(open(&sample).unwrap());
    // Only root can give a directory away; others have nothing to test here.
    if std::os::unix::fs::chown(sample.state().join("private"), Some(12_345), None).is_err() {
        return;
    }
    let error = open(&sample).err().unwrap();
    assert!(matches!(error, DeskError::Owner { owner: 12_345, .. }), "{error}");
    std::os::unix::fs::chown(sample.state().join("private"), Some(rustix::process::geteuid().as_raw()), None).unwrap();
    for name in
        ["private/desk.db", "lock", "audit/checkpoint", "audit/journal/SEGMENT", "audit/journal", "audit/tile/0"]
    {
        let path = found(&sample, name);
        std::os::unix::fs::chown(&path, Some(12_345), None).unwrap();
        let error = open(&sample).err().unwrap_or_else(|| panic!("{name} of another user was accepted"));
        assert!(matches!(error, DeskError::Owner { owner: 12_345, .. }), "{error}");
        std::os::unix::fs::chown(&path, Some(rustix::process::geteuid().as_raw()), None).unwrap();
    }
    open(&sample).unwrap();
}

#[test]
fn the_state_has_one_holder_and_is_free_when_it_goes() {
    let sample = Sample::new();
    let first = open(&sample).unwrap();
    assert!(matches!(open(&sample), Err(DeskError::Locked { .. })));
    drop(first);
    open(&sample).unwrap();
}

#[test]
fn who_waits_is_served_before_a_busy_owner_comes_again() {
    let sample = Sample::new();
    let desk = SharedDesk::new(open(&sample).unwrap());
    for _ in 0..20 {
        let busy = desk.lock().unwrap();
        let (asks, served) = (AtomicBool::new(false), AtomicBool::new(false));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                asks.store(true, Ordering::SeqCst);
                let _desk = desk.lock().unwrap();
                served.store(true, Ordering::SeqCst);
            });
            // Until the other has taken its number.
            while !asks.load(Ordering::SeqCst) {
                std::thread::yield_now();
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
            drop(busy);
            // With an unfair mutex this takes the Desk before the other wakes.
            let _again = desk.lock().unwrap();
            assert!(served.load(Ordering::SeqCst));
        });
    }
}

#[test]
fn a_panic_while_the_desk_was_held_is_not_passed_over() {
    let sample = Sample::new();
    let desk = SharedDesk::new(open(&sample).unwrap());
    let other = desk.clone();
    let panicked = std::thread::spawn(move || {
        let _guard = other.lock().unwrap();
        panic!("this is the test");
    });
    assert!(panicked.join().is_err());
    assert!(matches!(desk.lock(), Err(DeskError::Broken)));
    assert!(matches!(desk.lock(), Err(DeskError::Broken)), "the turn passes on all the same");
}
