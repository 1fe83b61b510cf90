//! An organization with dossiers, and a daemon at work on them.

use std::fs::{self, File};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value as Json;
use tempfile::TempDir;

const CALENDAR: &str = r#"
[calendar]
number = "D-1"
organization = "Office"
version = 1
effective = { from = 2024-04-04 }
timezone = "America/Toronto"

[[series]]
name = "dossier"
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
mode = "report"

[limits]
max_share = 1.0
lock_ms = 5

[source.app]
sqlite = "app.db"

[series.dossier]
source = "app"
table = "dossier"
key = "id"
event.closure = "closed_at"
"#;

const NOON: &str = "2026-11-21T17:00:00Z";

/// Longest wait for anything that must happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// An organization with dossiers, some of them due.
pub struct Office {
    dir: TempDir,
}

/// A daemon at work.
pub struct Daemon {
    pub child: Child,
    /// What it tells systemd.
    notify: Receiver<String>,
    /// What it told so far.
    pub told: Vec<String>,
}

impl Office {
    /// `due` dossiers are past their term, five are not.
    pub fn new(mode: &str, due: usize) -> Self {
        Self::within(&std::env::temp_dir(), mode, due)
    }

    /// The same in a directory of one's choice.
    pub fn within(place: &Path, mode: &str, due: usize) -> Self {
        let office = Self { dir: tempfile::tempdir_in(place).unwrap() };
        fs::write(office.path("calendar.toml"), CALENDAR).unwrap();
        fs::write(office.path("retentiond.toml"), CONFIG.replace("\"report\"", &format!("\"{mode}\""))).unwrap();
        office.set_clock(NOON);
        let mut connection = Connection::open(office.path("app.db")).unwrap();
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL;
                 CREATE TABLE dossier(id INTEGER PRIMARY KEY, closed_at TEXT, name TEXT);
                 CREATE INDEX dossier_closed ON dossier(closed_at);",
            )
            .unwrap();
        let transaction = connection.transaction().unwrap();
        for _ in 0..due {
            insert(&transaction, "2025-11-01T12:00:00Z");
        }
        for _ in 0..5 {
            insert(&transaction, "2026-06-01T12:00:00Z");
        }
        transaction.commit().unwrap();
        office
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn set_clock(&self, now: &str) {
        fs::write(self.path("now.new"), now).unwrap();
        fs::rename(self.path("now.new"), self.path("now")).unwrap();
    }

    pub fn reconfigure(&self, old: &str, new: &str) {
        let text = fs::read_to_string(self.path("retentiond.toml")).unwrap();
        assert!(text.contains(old), "{old}");
        fs::write(self.path("retentiond.toml"), text.replace(old, new)).unwrap();
    }

    /// Adds this to the end of the configuration.
    pub fn configure(&self, more: &str) {
        let text = fs::read_to_string(self.path("retentiond.toml")).unwrap();
        fs::write(self.path("retentiond.toml"), text + more).unwrap();
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
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
        self.start_with(&[])
    }

    pub fn start_with(&self, variables: &[(&str, &str)]) -> Daemon {
        let socket = self.path("notify.sock");
        let _stale = fs::remove_file(&socket);
        let notify = UnixDatagram::bind(&socket).unwrap();
        let (tell, told) = channel();
        // Read at once, as systemd does: a full queue would stop the sender.
        thread::spawn(move || {
            let mut buffer = [0; 4_096];
            while let Ok(length) = notify.recv(&mut buffer) {
                let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
                if text.lines().any(|line| tell.send(line.to_owned()).is_err()) {
                    return;
                }
            }
        });
        let log = File::options().create(true).append(true).open(self.path("daemon.log")).unwrap();
        let mut command = self.command(&["run"]);
        command.env("NOTIFY_SOCKET", &socket).envs(variables.iter().copied()).stdout(Stdio::null()).stderr(log);
        let mut daemon = Daemon { child: command.spawn().unwrap(), notify: told, told: Vec::new() };
        daemon.hear("READY=1", self);
        daemon
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.path("daemon.log")).unwrap_or_default()
    }

    pub fn status(&self) -> Json {
        self.ask(&["ctl", "status"])
    }

    pub fn has_alert(&self, code: &str) -> bool {
        self.status()["alerts"].as_array().unwrap().iter().any(|alert| alert["code"] == code)
    }

    pub fn plans(&self, state: &str) -> Vec<String> {
        let plans = self.ask(&["plans"]);
        let plans = plans["plans"].as_array().unwrap().iter().filter(|plan| plan["state"] == state);
        plans.map(|plan| plan["plan"].as_str().unwrap().to_owned()).collect()
    }

    pub fn count(&self) -> i64 {
        let connection = Connection::open(self.path("app.db")).unwrap();
        connection.busy_timeout(Duration::from_secs(10)).unwrap();
        connection.query_row("SELECT count(*) FROM dossier", [], |row| row.get(0)).unwrap()
    }

    pub fn wait(&self, what: &str, mut happened: impl FnMut() -> bool) {
        let began = Instant::now();
        while !happened() {
            assert!(began.elapsed() < PATIENCE, "{what} did not happen; the daemon said:\n{}", self.log());
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Scans by request and waits until the run loop has nothing to do.
    pub fn scan(&self) {
        let scans = || self.log().matches("scanned").count();
        let before = scans();
        self.ask(&["ctl", "scan"]);
        self.wait("the scan", || scans() > before && self.status()["doing"] == "idle");
    }

    pub fn verify(&self) {
        let verdict = self.ask(&["audit", "verify"]);
        assert_ne!(verdict["verdict"], "FAIL", "{verdict}");
    }
}

pub fn insert(connection: &Connection, closed_at: &str) {
    connection.execute("INSERT INTO dossier(closed_at, name) VALUES(?1, 'canary-of-a-person')", [closed_at]).unwrap();
}

impl Daemon {
    /// Waits until systemd is told this.
    pub fn hear(&mut self, wanted: &str, office: &Office) {
        let began = Instant::now();
        while !self.told.iter().any(|told| told == wanted) {
            assert!(began.elapsed() < PATIENCE, "{wanted} was not told; the daemon said:\n{}", office.log());
            assert!(self.child.try_wait().unwrap().is_none(), "it ended:\n{}", office.log());
            self.told.extend(self.notify.recv_timeout(Duration::from_millis(200)));
        }
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    pub fn end(&mut self) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(began.elapsed() < PATIENCE, "it does not end");
            thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn stop(mut self) {
        self.signal(Signal::TERM);
        assert!(self.end().success());
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            let _ended_meanwhile = self.child.kill();
            let _reaped = self.child.wait();
        }
    }
}
