//! Another process: this test binary, started again with a role, as another user where a test wants one.

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::ops::ControlFlow;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::*;

const ROLE: &str = "RETENTIOND_TEST_ROLE";
const DATABASE: &str = "RETENTIOND_TEST_DATABASE";

#[derive(Clone, Copy)]
pub(super) struct User {
    pub uid: u32,
    pub gid: u32,
}

/// A process of its own, which says a word when it is ready and goes on when it is told to.
pub(super) struct Process(Child);

impl Process {
    pub fn start(role: &str, database: &Path, user: Option<User>) -> Self {
        let mut command = Command::new(env::current_exe().unwrap());
        command
            .args(["--exact", "--ignored", "--nocapture", "records::sqlite::read_tests::process::another_process"])
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
    pub fn hears(&mut self) -> String {
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

    pub fn go_on(&mut self) {
        self.0.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    }

    /// Goes on, and ends by itself.
    pub fn finish(mut self) {
        drop(self.0.stdin.take());
        self.0.stdout.take().unwrap().read_to_end(&mut Vec::new()).unwrap();
        self.0.wait().unwrap();
    }

    pub fn kill(mut self) {
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

pub(super) fn hears_from(role: &str, database: &Path, user: Option<User>) -> String {
    let mut process = Process::start(role, database, user);
    let word = process.hears();
    process.finish();
    word
}
