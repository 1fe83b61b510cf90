//! The organization: a database of dossiers, a configuration, a daemon, and the person who approves.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use chrono::NaiveDate;

use crate::application::Application;
use crate::dice::Dice;
use crate::support::{CALENDAR, CONFIG, Organization, PATIENCE, Process, SCHEDULE, lends};

/// What the application wrote goes without a person, however much of it; and in small pieces, so that kills come
/// between them.
const MORE: &str = r#"
[[series.dossier.part]]
table = "message"
on = { dossier_id = "id" }

[[series.dossier.part]]
table = "document"
on = { dossier_id = "id" }
files = { column = "path", root = "documents" }

[disposition]
mode = "automatic"

[limits]
max_share = 1.0
min_count = 1000000
lock_ms = 5
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

pub struct Office(Organization);

pub struct Daemon {
    process: Process,
    /// Where it answers once it is ready.
    socket: PathBuf,
}

impl Office {
    pub fn new(journal_mode: &str) -> Self {
        let calendar = CALENDAR.replace("name     = \"dossier\"", "name     = \"dossier\"\nempty    = \"expected\"");
        let office = Self(Organization::new(&calendar, &format!("{CONFIG}{MORE}{SCHEDULE}")));
        fs::create_dir(office.path("documents")).unwrap();
        let connection = office.database();
        connection.pragma_update(None, "journal_mode", journal_mode).unwrap();
        connection.execute_batch(SCHEMA).unwrap();
        office
    }

    /// It is noon on this day.
    pub fn set_day(&self, today: NaiveDate) {
        self.set_clock(&format!("{today}T17:00:00Z"));
    }

    /// What the daemons said.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("daemon.log")).unwrap_or_default()
    }

    pub fn start(&self) -> Daemon {
        let log = File::options().create(true).append(true).open(self.path("daemon.log")).unwrap();
        let socket = self.path("state/control.sock");
        // One that a kill left behind answers nobody.
        let _was_not_there = fs::remove_file(&socket);
        let mut command = self.command(&["run"]);
        command
            .env("RETENTIOND_HEARTBEAT", "* * * * * *")
            .envs(environment_of_the_unit())
            .stdout(Stdio::null())
            .stderr(log);
        Daemon { process: Process(command.spawn().unwrap()), socket }
    }

    pub fn scan(&self) {
        self.ask(&["ctl", "scan"]);
    }

    /// Rules that nobody ever approved wait for a person; from then on the daemon approves by itself.
    pub fn approve_the_first_plan(&self, application: &mut Application) {
        application.close_some_long_ago();
        let plan = self.plan();
        self.ask(&["approve", &plan, "--accept", "rules"]);
        self.ask(&["apply", &plan]);
    }

    pub fn approve_what_waits(&self) {
        for plan in self.plans("pending") {
            let _expired_or_outdated = self.run(&["approve", &plan, "--accept", "median,rules"]);
        }
    }

    /// Places a hold on a record picked at random; its number if the hold was acknowledged and the record was still
    /// there then.
    pub fn hold(&self, dice: &mut Dice) -> Option<i64> {
        let newest: i64 = self.database().query_row("SELECT max(id) FROM dossier", [], |row| row.get(0)).ok()?;
        let id = newest - dice.below(40) as i64;
        let placed = self.run(&["hold", "place", "dossier", &id.to_string(), "--reason", "a claim"]);
        let is_there = || self.database().query_row("SELECT 1 FROM dossier WHERE id = ?1", [id], |_| Ok(())).is_ok();
        (placed.code == 0 && is_there()).then_some(id)
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
        while !self.socket.exists() {
            if !self.is_running() {
                return false;
            }
            assert!(began.elapsed() < PATIENCE, "it does not answer");
            thread::sleep(Duration::from_millis(1));
        }
        true
    }
}

/// What the unit tells the memory allocator: what a run takes, and gives back, depends on it.
fn environment_of_the_unit() -> Vec<(String, String)> {
    let unit = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/systemd/retentiond.service")).unwrap();
    let lines = unit.lines().filter_map(|line| line.strip_prefix("Environment=MALLOC"));
    let pairs = lines.flat_map(|line| format!("MALLOC{line}").split(' ').map(str::to_owned).collect::<Vec<_>>());
    pairs.map(|pair| pair.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())).unwrap()).collect()
}

lends!(Office, 0, Organization);
lends!(mut Daemon, process, Process);
