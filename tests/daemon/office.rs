//! An organization with dossiers, and a daemon at work on them.

use std::fs::{self, File};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::Value as Json;

use crate::support::documented::assert_documented;
use crate::support::{CALENDAR, CONFIG, Organization, PATIENCE, Process, SCHEDULE, lends};

/// Its scan goes all the way: nothing but a rule that nobody approved stands in the way.
const LIMITS: &str = "
[limits]
max_share = 1.0
lock_ms = 5
";

/// What time it is at first.
pub const NOON: &str = "2026-11-21T17:00:00Z";

/// An organization with dossiers, some of them due.
pub struct Office(Organization);

/// A daemon at work.
pub struct Daemon {
    process: Process,
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
        let config = format!("{CONFIG}{SCHEDULE}\n[disposition]\nmode = \"{mode}\"\n{LIMITS}");
        let office = Self(Organization::within(place, CALENDAR, &config));
        office.set_clock(NOON);
        let mut connection = office.database();
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL;
                 CREATE TABLE dossier(id INTEGER PRIMARY KEY AUTOINCREMENT, closed_at TEXT, name TEXT);
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

    /// Changes the configuration.
    pub fn reconfigure(&self, old: &str, new: &str) {
        self.edit("retentiond.toml", old, new);
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
        command
            .env("RETENTIOND_HEARTBEAT", "* * * * * *")
            .env("NOTIFY_SOCKET", &socket)
            .envs(variables.iter().copied());
        let process = Process(command.stdout(Stdio::null()).stderr(log).spawn().unwrap());
        let mut daemon = Daemon { process, notify: told, told: Vec::new() };
        daemon.hear("READY=1", self);
        daemon
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.path("daemon.log")).unwrap_or_default()
    }

    pub fn status(&self) -> Json {
        let status = self.ask(&["ctl", "status"]);
        assert_documented("ctl status", &status);
        status
    }

    pub fn has_alert(&self, code: &str) -> bool {
        self.status()["alerts"].as_array().unwrap().iter().any(|alert| alert["code"] == code)
    }

    /// How the last of these ended, the newest first.
    pub fn last(&self, schedule: &str) -> Vec<String> {
        let status = self.status();
        let last = status["last"].as_array().unwrap().iter().filter(|firing| firing["schedule"] == schedule);
        last.map(|firing| firing["outcome"].as_str().unwrap_or("goes on").to_owned()).collect()
    }

    /// Dossiers that stand.
    pub fn count(&self) -> i64 {
        self.rows("dossier")
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
            assert!(self.is_running(), "it ended:\n{}", office.log());
            self.told.extend(self.notify.recv_timeout(Duration::from_millis(200)));
        }
    }

    pub fn stop(mut self) {
        self.process.stop();
    }
}

lends!(Office, 0, Organization);
lends!(mut Daemon, process, Process);
