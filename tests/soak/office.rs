//! The organization: a database of dossiers, a configuration, a daemon, and the person who approves.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use chrono::NaiveDate;
use rusqlite::Connection;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value as Json;
use tempfile::TempDir;

use crate::application::Application;
use crate::dice::Dice;

const CALENDAR: &str = r#"
[calendar]
number = "D-1"
organization = "Office"
version = 1
effective = { from = 2024-04-04 }
timezone = "America/Toronto"

[[series]]
name = "dossier"
empty = "expected"
triggers = { closure = { en = "closure" } }

[[rule]]
number = "R-1"
series = "dossier"
trigger = "closure"
keep = "P1Y"
disposition = "destroy"
"#;

const CONFIG: &str = r#"
calendars = ["calendar.toml"]
language = "en"
state = "state"

[schedule]
scan = "0 2 * * *"
timezone = "America/Toronto"

[disposition]
mode = "automatic"

[limits]
max_share = 1.0
min_count = 1000000
lock_ms = 5

[source.app]
sqlite = "application/app.db"

[series.dossier]
source = "app"
table = "dossier"
key = "id"
event.closure = "closed_at"

[[series.dossier.part]]
table = "message"
on = { dossier_id = "id" }

[[series.dossier.part]]
table = "document"
on = { dossier_id = "id" }
files = { column = "path", root = "application/documents" }
"#;

/// Keys are never used twice: a record of that number was this record.
const SCHEMA: &str = "
CREATE TABLE dossier(id INTEGER PRIMARY KEY AUTOINCREMENT, closed_at TEXT);
CREATE INDEX dossier_closed ON dossier(closed_at);
CREATE TABLE message(id INTEGER PRIMARY KEY, dossier_id INTEGER NOT NULL REFERENCES dossier(id), body TEXT);
CREATE INDEX message_dossier ON message(dossier_id);
CREATE TABLE document(id INTEGER PRIMARY KEY, dossier_id INTEGER NOT NULL REFERENCES dossier(id), path TEXT NOT NULL);
CREATE INDEX document_dossier ON document(dossier_id);
CREATE INDEX document_path ON document(path);";

/// Longest wait for anything that must happen.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Office {
    dir: TempDir,
}

pub struct Daemon {
    child: Child,
    /// Where it answers once it is ready.
    socket: PathBuf,
}

impl Office {
    pub fn new(journal_mode: &str) -> Self {
        let office = Self { dir: tempfile::tempdir().unwrap() };
        fs::write(office.path("calendar.toml"), CALENDAR).unwrap();
        fs::write(office.path("retentiond.toml"), CONFIG).unwrap();
        fs::create_dir_all(office.path("application/documents")).unwrap();
        let connection = office.open();
        connection.pragma_update(None, "journal_mode", journal_mode).unwrap();
        connection.execute_batch(SCHEMA).unwrap();
        office
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The application's database.
    pub fn open(&self) -> Connection {
        let connection = Connection::open(self.path("application/app.db")).unwrap();
        connection.busy_timeout(PATIENCE).unwrap();
        connection
    }

    /// It is noon on this day.
    pub fn set_clock(&self, today: NaiveDate) {
        fs::write(self.path("now.new"), format!("{today}T17:00:00Z")).unwrap();
        fs::rename(self.path("now.new"), self.path("now")).unwrap();
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.path("daemon.log")).unwrap_or_default()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_retentiond"));
        command.arg("--config").arg(self.path("retentiond.toml")).args(arguments);
        command.env("RETENTIOND_NOW_FILE", self.path("now")).env("RETENTIOND_HEARTBEAT", "* * * * * *");
        command
    }

    pub fn try_ask(&self, arguments: &[&str]) -> Output {
        self.command(arguments).args(["--format", "json"]).output().unwrap()
    }

    /// Runs a command that must succeed, and reads its answer.
    pub fn ask(&self, arguments: &[&str]) -> Json {
        let output = self.try_ask(arguments);
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{arguments:?}: {told}\n{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_str(&told).unwrap_or_else(|error| panic!("{arguments:?} answered {error}: {told}"))
    }

    pub fn start(&self) -> Daemon {
        let log = File::options().create(true).append(true).open(self.path("daemon.log")).unwrap();
        let socket = self.path("state/control.sock");
        // One that a kill left behind answers nobody.
        let _was_not_there = fs::remove_file(&socket);
        let child = self.command(&["run"]).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        Daemon { child, socket }
    }

    pub fn scan(&self) {
        self.ask(&["ctl", "scan"]);
    }

    /// Rules that nobody ever approved wait for a person; from then on the daemon approves by itself.
    pub fn approve_the_first_plan(&self, application: &mut Application) {
        application.close_some_long_ago();
        let plan = self.ask(&["plan"])["plan"].as_str().unwrap().to_owned();
        self.ask(&["approve", &plan, "--accept", "rules"]);
        self.ask(&["apply", &plan]);
    }

    pub fn approve_what_waits(&self) {
        let plans = self.ask(&["plans"]);
        let waiting = plans["plans"].as_array().unwrap().iter().filter(|plan| plan["state"] == "pending");
        for plan in waiting {
            let _expired_or_outdated =
                self.try_ask(&["approve", plan["plan"].as_str().unwrap(), "--accept", "median,rules"]);
        }
    }

    /// Places a hold on a record picked at random; its number if the hold was acknowledged and the record was still there then.
    pub fn hold(&self, dice: &mut Dice) -> Option<i64> {
        let newest: i64 = self.open().query_row("SELECT max(id) FROM dossier", [], |row| row.get(0)).ok()?;
        let id = newest - dice.below(40) as i64;
        let placed = self.try_ask(&["hold", "place", "dossier", &id.to_string(), "--reason", "a claim"]);
        let is_there = || self.open().query_row("SELECT 1 FROM dossier WHERE id = ?1", [id], |_| Ok(())).is_ok();
        (placed.status.success() && is_there()).then_some(id)
    }

    /// When the log's journal was last written to.
    pub fn journal_written(&self) -> Option<SystemTime> {
        let journal = fs::read_dir(self.path("state/audit/journal")).ok()?;
        journal.filter_map(|entry| entry.ok()?.metadata().ok()?.modified().ok()).max()
    }
}

impl Daemon {
    /// Waits until it answers; `false` if it ended instead.
    pub fn is_ready(&mut self) -> bool {
        let began = Instant::now();
        while !Path::new(&self.socket).exists() {
            if self.child.try_wait().unwrap().is_some() {
                return false;
            }
            assert!(began.elapsed() < PATIENCE, "it does not answer");
            thread::sleep(Duration::from_millis(1));
        }
        true
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end, which it must do in order.
    pub fn end(&mut self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        let began = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(began.elapsed() < PATIENCE, "it does not end");
            thread::sleep(Duration::from_millis(5));
        }
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _reaped = self.child.wait();
    }
}
