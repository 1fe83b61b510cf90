//! The owner's database stays the owner's: what stands beside it, whose it is, and whether the application still works.
//!
//! The application and the reader are processes of their own: this test binary, started again with a role.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::ops::ControlFlow;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::*;
use crate::model::Digest;

const ROLE: &str = "RETENTIOND_TEST_ROLE";
const DATABASE: &str = "RETENTIOND_TEST_DATABASE";

#[derive(Clone, Copy)]
struct User {
    uid: u32,
    gid: u32,
}

/// A process of its own, which says a word when it is ready and goes on when it is told to.
struct Process(Child);

impl Process {
    fn start(role: &str, database: &Path, user: Option<User>) -> Self {
        let mut command = Command::new(env::current_exe().unwrap());
        command
            .args(["--exact", "--ignored", "--nocapture", "records::sqlite::read_tests::house::another_process"])
            .env(ROLE, role)
            .env(DATABASE, database)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        if let Some(user) = user {
            command.uid(user.uid).gid(user.gid);
        }
        Self(command.spawn().unwrap())
    }

    /// The next word that it says; the test harness says other things around it.
    fn hears(&mut self) -> String {
        let mut lines = BufReader::new(self.0.stdout.as_mut().unwrap());
        let mut line = String::new();
        while lines.read_line(&mut line).unwrap() > 0 {
            if let Some((_, word)) = line.trim_end().split_once("says: ") {
                return word.to_owned();
            }
            line.clear();
        }
        "nothing".to_owned()
    }

    fn go_on(&mut self) {
        self.0.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    }

    /// Goes on, and ends by itself.
    fn finish(mut self) {
        drop(self.0.stdin.take());
        self.0.stdout.take().unwrap().read_to_end(&mut Vec::new()).unwrap();
        self.0.wait().unwrap();
    }

    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn say(word: &str) {
    println!("\nsays: {word}");
    std::io::stdout().flush().unwrap();
}

fn wait_for_the_word() {
    std::io::stdin().read_line(&mut String::new()).unwrap();
}

#[test]
#[ignore = "started by the other tests as another process"]
#[expect(clippy::disallowed_methods, reason = "the environment is how a test gives its own process a role")]
fn another_process() {
    let Ok(role) = env::var(ROLE) else { return };
    let database = PathBuf::from(env::var_os(DATABASE).unwrap());
    match role.as_str() {
        "application" => say(&write_a_row(&database).map_or_else(|error| error.to_string(), |_| "ready".to_owned())),
        "lasting application" => {
            let app = write_a_row(&database).unwrap();
            say("ready");
            wait_for_the_word();
            let worked = app.execute("INSERT INTO dossier (closed_at) VALUES (NULL)", []);
            say(&worked.map_or_else(|error| error.to_string(), |_| "works".to_owned()));
            wait_for_the_word();
        }
        "reader" => say(&read_all(&database)),
        "lasting reader" => {
            let mapping = series("dossier");
            let mut reader = Reader::open(&source(database), std::slice::from_ref(&mapping)).unwrap();
            reader.facts(&mapping.series, &[key(1)]).unwrap();
            say("ready");
            wait_for_the_word();
        }
        other => panic!("no role {other}"),
    }
}

fn write_a_row(database: &Path) -> rusqlite::Result<Connection> {
    let app = Connection::open(database)?;
    app.execute("INSERT INTO dossier (closed_at) VALUES ('2024-01-01T00:00:00Z')", [])?;
    Ok(app)
}

/// The number of rows, or the code of the error.
fn read_all(database: &Path) -> String {
    let mapping = series("dossier");
    let read = || {
        let mut reader = Reader::open(&source(database.to_owned()), std::slice::from_ref(&mapping))?;
        let mut rows = 0;
        let mut visit = |_: &Facts| {
            rows += 1;
            ControlFlow::Continue(())
        };
        reader.scan(&mapping.series, &mut visit)?;
        reader.facts(&mapping.series, &[key(1)])?;
        reader.schema_digest(&mapping.series)?;
        Ok::<_, StoreError>(rows)
    };
    read().map_or_else(|error| error.code().to_owned(), |rows: u32| rows.to_string())
}

/// Every file of the directory with mode, owner, group and (but for the `-shm`, which is memory) the digest of its bytes.
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

const SCHEMA: &str = "CREATE TABLE dossier (id INTEGER PRIMARY KEY, closed_at TEXT);";

fn hears_from(role: &str, database: &Path, user: Option<User>) -> String {
    let mut process = Process::start(role, database, user);
    let word = process.hears();
    process.finish();
    word
}

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
