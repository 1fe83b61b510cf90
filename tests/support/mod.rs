//! What the tests of the whole program share: an organization in a directory of its own, and the program run on it.
//!
//! An [`Organization`] is a directory with a calendar, a configuration and whatever a test puts beside them;
//! [`Organization::command`] is the real binary with the test's clock. [`Process`] is one that goes on running: the
//! daemon. A test adds to [`CONFIG`] what it is about, at the end: the last table is the series'.

#![allow(
    dead_code,
    unused_macros,
    unused_imports,
    reason = "each test program is a crate of its own and uses a part of this"
)]

pub mod documented;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value as Json;
use tempfile::TempDir;

/// One series, `dossier`, destroyed a year after its closure.
pub const CALENDAR: &str = r#"
[calendar]
number       = "D-1"
organization = "Office"
title        = { en = "Dossiers" }
version      = 1
effective    = { from = 2015-01-01 }
timezone     = "America/Toronto"

[[series]]
name     = "dossier"
triggers = { closure = { en = "Closure" } }

[[rule]]
number      = "R-1"
title       = { en = "Dossiers" }
series      = "dossier"
trigger     = "closure"
keep        = "P1Y"
disposition = "destroy"
"#;

/// The series in a table of that name of `app.db`.
pub const CONFIG: &str = r#"
calendars = ["calendar.toml"]
language = "en"
state = "state"

[source.app]
sqlite = "app.db"

[series.dossier]
source        = "app"
table         = "dossier"
key           = "id"
event.closure = "closed_at"
"#;

/// Every night at two, which the daemon needs.
pub const SCHEDULE: &str = r#"
[schedule]
scan = "0 2 * * *"
timezone = "America/Toronto"
"#;

/// Longest wait for anything that must happen, also on a machine that does much else.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// A directory with a calendar, a configuration and what a test puts beside them.
pub struct Organization {
    dir: TempDir,
}

/// What one run of the program said.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Organization {
    /// An organization under this calendar, with this configuration.
    pub fn new(calendar: &str, config: &str) -> Self {
        Self::within(&std::env::temp_dir(), calendar, config)
    }

    /// The same in a directory of one's choice.
    pub fn within(place: &Path, calendar: &str, config: &str) -> Self {
        let organization = Self { dir: tempfile::tempdir_in(place).unwrap() };
        fs::write(organization.path("calendar.toml"), calendar).unwrap();
        fs::write(organization.path("retentiond.toml"), config).unwrap();
        organization
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The database of the application, waiting for whoever has it locked.
    pub fn database(&self) -> Connection {
        let connection = Connection::open(self.path("app.db")).unwrap();
        connection.busy_timeout(PATIENCE).unwrap();
        connection
    }

    /// How many rows a table has.
    pub fn rows(&self, table: &str) -> i64 {
        self.database().query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    }

    /// Changes a file as a text: the first `old` becomes `new`.
    pub fn edit(&self, file: &str, old: &str, new: &str) {
        let text = fs::read_to_string(self.path(file)).unwrap();
        assert!(text.contains(old), "{file} has no {old}");
        fs::write(self.path(file), text.replacen(old, new, 1)).unwrap();
    }

    /// Adds this to the end of the configuration.
    pub fn configure(&self, more: &str) {
        let text = fs::read_to_string(self.path("retentiond.toml")).unwrap();
        fs::write(self.path("retentiond.toml"), text + more).unwrap();
    }

    /// From now on it is this time, until it is set anew. A build without `simulate` goes by the machine's clock.
    pub fn set_clock(&self, now: &str) {
        fs::write(self.path("now.new"), now).unwrap();
        fs::rename(self.path("now.new"), self.path("now")).unwrap();
    }

    /// The program with these arguments, in the directory, with nothing of the surroundings.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program();
        command.current_dir(self.dir.path()).args(["--config", "retentiond.toml"]).args(arguments);
        if self.path("now").exists() {
            command.env("RETENTIOND_NOW_FILE", self.path("now"));
        }
        command
    }

    /// Runs a command.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        ran(&mut self.command(arguments))
    }

    /// Runs a command whose answer is JSON: exactly one document, and nothing else. Its exit code, and the document.
    pub fn json(&self, arguments: &[&str]) -> (i32, Json) {
        let ran = self.run(&[arguments, &["--format", "json"]].concat());
        (ran.code, ran.json())
    }

    /// Runs a command that must succeed, and reads its answer.
    pub fn ask(&self, arguments: &[&str]) -> Json {
        let (code, answer) = self.json(arguments);
        assert_eq!(code, 0, "{arguments:?}: {answer}");
        answer
    }

    /// Plans, and returns the plan's id.
    pub fn plan(&self) -> String {
        self.ask(&["plan"])["plan"].as_str().unwrap().to_owned()
    }

    /// The plans in this state.
    pub fn plans(&self, state: &str) -> Vec<String> {
        let plans = self.ask(&["plans"]);
        let plans = plans["plans"].as_array().unwrap().iter().filter(|plan| plan["state"] == state);
        plans.map(|plan| plan["plan"].as_str().unwrap().to_owned()).collect()
    }

    /// Holds that the program's own verifier finds nothing wrong with the log.
    pub fn verify(&self) {
        let verdict = self.ask(&["audit", "verify"]);
        assert_ne!(verdict["verdict"], "FAIL", "{verdict}");
    }

    /// Holds that docs/verify.py finds nothing wrong with it either, as of this time.
    pub fn verify_by_python(&self, now: &str) {
        let python = |arguments: &[&str]| ran(Command::new("python3").args(arguments));
        if python(&["-c", "import cryptography"]).code != 0 {
            eprintln!("python3 with `cryptography` is not installed: docs/verify.py was not run");
            return;
        }
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/verify.py");
        let (audit, vkey) = (self.path("state/audit"), self.path("state/audit/vkey"));
        let now = now.parse::<chrono::DateTime<chrono::Utc>>().unwrap().timestamp().to_string();
        let said = python(&[script, audit.to_str().unwrap(), "--vkey", vkey.to_str().unwrap(), "--now", &now]);
        assert!(said.code == 0, "{said:?}");
    }
}

/// The real binary, with nothing of the surroundings.
fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_retentiond"));
    for of_the_surroundings in
        ["RETENTIOND_CONFIG", "RETENTIOND_NOW", "RETENTIOND_NOW_FILE", "FAILPOINTS", "RUST_BACKTRACE"]
    {
        command.env_remove(of_the_surroundings);
    }
    command
}

/// Runs the program in a directory, without a configuration.
pub fn run_in(dir: &Path, arguments: &[&str]) -> Ran {
    ran(program().current_dir(dir).args(arguments))
}

/// Runs a command to its end.
pub fn ran(command: &mut Command) -> Ran {
    let Output { status, stdout, stderr } = command.output().unwrap();
    Ran {
        code: status.code().expect("no signal ended the program"),
        out: String::from_utf8(stdout).unwrap(),
        err: String::from_utf8(stderr).unwrap(),
    }
}

impl Ran {
    /// Standard output as a reader reads it: line breaks are blanks.
    pub fn flat(&self) -> String {
        self.out.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Standard error in one line.
    pub fn flat_err(&self) -> String {
        self.err.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Standard output as the one JSON document that it must be.
    pub fn json(&self) -> Json {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}:\n{}\n{}", self.out, self.err))
    }
}

/// A process that goes on until it is told to end; a test that fails takes it along.
pub struct Process(pub Child);

impl Process {
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    pub fn is_running(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.0), signal).unwrap();
    }

    /// Waits until it has ended.
    pub fn end(&mut self) -> ExitStatus {
        let began = Instant::now();
        while self.is_running() {
            assert!(began.elapsed() < PATIENCE, "it does not end");
            thread::sleep(Duration::from_millis(5));
        }
        self.0.wait().unwrap()
    }

    /// As a power cut ends it.
    pub fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Asks it to end, which it must do in order.
    pub fn stop(&mut self) {
        self.signal(Signal::TERM);
        assert!(self.end().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ended_already = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// Lets a test's own type be used as what it is made of: `lends!(Office, 0, Organization)`; with `mut`, also to change
/// it.
macro_rules! lends {
    ($whole:ty, $part:tt, $lent:ty) => {
        impl std::ops::Deref for $whole {
            type Target = $lent;

            fn deref(&self) -> &$lent {
                &self.$part
            }
        }
    };
    (mut $whole:ty, $part:tt, $lent:ty) => {
        $crate::support::lends!($whole, $part, $lent);

        impl std::ops::DerefMut for $whole {
            fn deref_mut(&mut self) -> &mut $lent {
                &mut self.$part
            }
        }
    };
}

pub(crate) use lends;
