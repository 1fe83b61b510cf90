//! The owner's database stays the owner's: what stands beside it, whose it is, and whether the application still works.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;

use super::process::{Process, User, hears_from};
use super::*;
use crate::model::Digest;

/// Every file of the directory with mode, owner, group and (but for the `-shm`, which is memory) the digest of its
/// bytes.
fn listing(directory: &Path) -> Vec<(String, u32, u32, u32, Option<Digest>)> {
    let mut files: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            let data = entry.metadata().unwrap();
            let bytes = (!name.ends_with("-shm")).then(|| Digest::of(&fs::read(entry.path()).unwrap()));
            (name, data.mode(), data.uid(), data.gid(), bytes)
        })
        .collect();
    files.sort();
    files
}

fn names(directory: &Path) -> Vec<String> {
    listing(directory).into_iter().map(|(name, ..)| name).collect()
}

pub(super) const SCHEMA: &str = "CREATE TABLE dossier (id INTEGER PRIMARY KEY, closed_at TEXT);";

#[test]
fn reading_leaves_the_directory_of_a_stopped_application_as_it_was() {
    for mode in MODES {
        let database = Database::with(mode, SCHEMA);
        assert_eq!(hears_from("application", &database.path(), None), "ready");
        let before = listing(database.dir.path());
        assert_eq!(names(database.dir.path()), ["app.db"]);
        assert_eq!(hears_from("reader", &database.path(), None), "1");
        assert_eq!(listing(database.dir.path()), before, "{mode}");
    }
}

#[test]
fn reading_leaves_the_directory_of_a_running_application_as_it_was_and_the_application_running() {
    for mode in MODES {
        let database = Database::with(mode, SCHEMA);
        let mut app = Process::start("lasting application", &database.path(), None);
        assert_eq!(app.hears(), "ready");
        let before = listing(database.dir.path());
        assert_eq!(hears_from("reader", &database.path(), None), "1");
        assert_eq!(listing(database.dir.path()), before, "{mode}");
        app.go_on();
        assert_eq!(app.hears(), "works");
        app.finish();
        assert_eq!(hears_from("reader", &database.path(), None), "2");
        assert_eq!(names(database.dir.path()), ["app.db"], "{mode}");
    }
}

#[test]
fn reading_leaves_what_a_killed_application_left() {
    let database = Database::with("wal", SCHEMA);
    let mut app = Process::start("lasting application", &database.path(), None);
    assert_eq!(app.hears(), "ready");
    app.kill();
    let before = listing(database.dir.path());
    assert_eq!(names(database.dir.path()), ["app.db", "app.db-shm", "app.db-wal"]);
    for _ in 0..2 {
        assert_eq!(hears_from("reader", &database.path(), None), "1", "the row in the WAL is read");
        assert_eq!(listing(database.dir.path()), before);
    }
}

#[test]
fn several_readers_of_one_process_clean_up_once_the_last_is_gone() {
    let database = Database::with("wal", SCHEMA);
    let mapping = series("dossier");
    let first = database.reader(std::slice::from_ref(&mapping));
    let second = database.reader(std::slice::from_ref(&mapping));
    assert_eq!(names(database.dir.path()), ["app.db", "app.db-shm", "app.db-wal"]);
    drop(first);
    drop(second);
    assert_eq!(names(database.dir.path()), ["app.db"]);
}

#[test]
fn another_database_in_the_place_of_one_that_is_still_read_is_cleaned_up_after_by_itself() {
    let mapping = series("dossier");
    let database = Database::with("wal", SCHEMA);
    let app = database.app();
    app.execute("INSERT INTO dossier VALUES (1, NULL)", []).unwrap();
    let old = database.reader(std::slice::from_ref(&mapping));
    let elsewhere = TempDir::new().unwrap();
    for name in names(database.dir.path()) {
        fs::rename(database.dir.path().join(&name), elsewhere.path().join(&name)).unwrap();
    }
    fs::rename(Database::with("wal", SCHEMA).path(), database.path()).unwrap();
    drop(database.reader(std::slice::from_ref(&mapping)));
    assert_eq!(names(database.dir.path()), ["app.db"]);
    drop((old, app));
}

/// A directory and a database of the application's, as root makes them.
fn handed_over(mode: &str, app: User, directory_mode: u32, database_mode: u32) -> Database {
    let database = Database::with(mode, SCHEMA);
    for (path, mode) in [(database.path(), database_mode), (database.dir.path().to_owned(), directory_mode)] {
        chown(&path, Some(app.uid), Some(app.gid)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }
    database
}

/// Only root can be several users.
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[test]
fn another_user_s_database_is_refused_before_anything_is_left_beside_it() {
    if !is_root() {
        return;
    }
    let (app, other) = (User { uid: 64_001, gid: 64_001 }, Some(User { uid: 64_002, gid: 64_002 }));
    for mode in MODES {
        let database = handed_over(mode, app, 0o777, 0o644);
        assert_eq!(hears_from("application", &database.path(), Some(app)), "ready");
        let before = listing(database.dir.path());
        assert_eq!(hears_from("reader", &database.path(), other), "unsafe-to-open");
        assert_eq!(listing(database.dir.path()), before);
        let mut app_process = Process::start("lasting application", &database.path(), Some(app));
        assert_eq!(app_process.hears(), "ready");
        assert_eq!(hears_from("reader", &database.path(), other), "unsafe-to-open");
        app_process.go_on();
        assert_eq!(app_process.hears(), "works");
        app_process.finish();
    }
}

#[test]
fn the_owner_s_own_user_and_root_leave_files_that_the_application_can_use() {
    if !is_root() {
        return;
    }
    let app = User { uid: 64_001, gid: 64_001 };
    for reader in [Some(app), None] {
        let database = handed_over("wal", app, 0o700, 0o600);
        let mut lasting = Process::start("lasting reader", &database.path(), reader);
        assert_eq!(lasting.hears(), "ready");
        for (name, mode, uid, gid, _) in listing(database.dir.path()) {
            assert_eq!((mode & 0o777, uid, gid), (0o600, app.uid, app.gid), "{name}");
        }
        assert_eq!(hears_from("application", &database.path(), Some(app)), "ready");
        lasting.kill();
        assert_eq!(hears_from("application", &database.path(), Some(app)), "ready");
    }
}

#[test]
fn a_setgid_directory_lets_a_member_of_the_application_s_group_read() {
    // daemon and bin are users of every Debian; daemon's own group is 1.
    let (app, other) = (User { uid: 1, gid: 1 }, User { uid: 2, gid: 1 });
    let daemon = super::super::accounts::Accounts::of_this_machine();
    if !is_root() || !daemon.is_member(app.uid, app.gid) {
        return;
    }
    let database = handed_over("wal", app, 0o2770, 0o660);
    let mut lasting = Process::start("lasting reader", &database.path(), Some(other));
    assert_eq!(lasting.hears(), "ready");
    assert_eq!(hears_from("application", &database.path(), Some(app)), "ready");
    lasting.kill();
    assert_eq!(hears_from("application", &database.path(), Some(app)), "ready");
    assert_eq!(hears_from("reader", &database.path(), Some(other)), "2");
}

#[test]
fn in_a_directory_that_we_cannot_write_a_running_application_is_read_and_a_stopped_one_is_not_harmed() {
    if !is_root() {
        return;
    }
    let (app, other) = (User { uid: 64_001, gid: 64_001 }, Some(User { uid: 64_002, gid: 64_002 }));
    for mode in MODES {
        let database = handed_over(mode, app, 0o755, 0o644);
        let before = listing(database.dir.path());
        let stopped = hears_from("reader", &database.path(), other);
        assert_eq!(stopped, if mode == "wal" { "read-only" } else { "0" });
        assert_eq!(listing(database.dir.path()), before);
        let mut process = Process::start("lasting application", &database.path(), Some(app));
        assert_eq!(process.hears(), "ready");
        let before = listing(database.dir.path());
        assert_eq!(hears_from("reader", &database.path(), other), "1");
        assert_eq!(listing(database.dir.path()), before);
        process.go_on();
        assert_eq!(process.hears(), "works");
        process.finish();
    }
}

#[test]
fn a_link_is_followed_to_the_database_and_its_own_directory() {
    let database = Database::with("wal", SCHEMA);
    let elsewhere = TempDir::new().unwrap();
    let link = elsewhere.path().join("link.db");
    std::os::unix::fs::symlink(database.path(), &link).unwrap();
    let mapping = series("dossier");
    let mut reader = Reader::open(&source(link), std::slice::from_ref(&mapping)).unwrap();
    assert_eq!(reader.facts(&mapping.series, &[key(1)]).unwrap(), [None]);
    assert_eq!(names(elsewhere.path()), ["link.db"]);
}
