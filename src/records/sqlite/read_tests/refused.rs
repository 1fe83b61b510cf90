//! What stands at a database's path and cannot be opened: each is told apart.

use std::fs;

use super::house::SCHEMA;
use super::*;

fn error_of(path: PathBuf) -> &'static str {
    Reader::open(&source(path), &[]).err().map_or("opened", |error| error.code())
}

#[test]
fn what_is_no_database_is_told_apart() {
    let dir = TempDir::new().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        fs::write(dir.path().join(name), bytes).unwrap();
        dir.path().join(name)
    };
    assert_eq!(error_of(dir.path().join("nothing.db")), "database-missing");
    assert_eq!(error_of(file("a", b"a").join("nothing.db")), "database-missing");
    assert_eq!(error_of(dir.path().to_owned()), "database-not-a-file");
    assert_eq!(error_of(file("empty.db", b"")), "not-a-database");
    assert_eq!(error_of(file("text.db", b"dossier,closed_at\n1,2024-01-01\n")), "not-a-database");
    assert_eq!(error_of(file("garbage.db", &[0xA5; 70_000])), "not-a-database");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        dir.path().join("fifo"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o644),
        0,
    )
    .unwrap();
    assert_eq!(error_of(dir.path().join("fifo")), "database-not-a-file");
    fs::File::create(dir.path().join("huge.db")).unwrap().set_len(1 << 40).unwrap();
    assert_eq!(error_of(dir.path().join("huge.db")), "not-a-database");
}

#[test]
fn a_database_of_two_names_is_refused() {
    let database = Database::with("wal", SCHEMA);
    let other = database.dir.path().join("other.db");
    fs::hard_link(database.path(), &other).unwrap();
    assert_eq!((error_of(database.path()), error_of(other.clone())), ("unsafe-to-open", "unsafe-to-open"));
    fs::remove_file(other).unwrap();
    assert_eq!(error_of(database.path()), "opened");
}

#[test]
fn a_damaged_database_is_told_from_a_foreign_file() {
    let database = Database::with("delete", SCHEMA);
    let mut bytes = fs::read(database.path()).unwrap();
    bytes[100..200].fill(0xff);
    fs::write(database.path(), bytes).unwrap();
    assert_eq!(error_of(database.path()), "database-corrupt");
}

#[test]
fn a_database_that_its_application_keeps_to_itself_is_locked() {
    let locked = |mode| {
        let database = Database::with(mode, SCHEMA);
        let app = database.app();
        app.pragma_update(None, "locking_mode", "EXCLUSIVE").unwrap();
        app.execute_batch("BEGIN EXCLUSIVE; INSERT INTO dossier VALUES (1, NULL);").unwrap();
        assert_eq!(error_of(database.path()), "locked", "{mode}");
    };
    // Side by side: each waits for its turn until the busy timeout is over.
    std::thread::scope(|scope| {
        for mode in MODES {
            scope.spawn(move || locked(mode));
        }
    });
}
