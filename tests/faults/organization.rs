//! A small organization with something of everything: two series that block each other, parts, files, and files that
//! records share. With it, as many plain series as a test wants: each is a batch of its own, so that every step of the
//! protocol is passed that much more often.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;

/// The clock of every command.
pub const NOW: &str = "2026-11-21T12:00:00Z";

/// Dossiers 1 to 40 are due, 41 to 60 are not; so are accounts 1 to 10, and 11 to 15.
pub const DOSSIERS: i64 = 60;
pub const DUE_DOSSIERS: i64 = 40;
pub const ACCOUNTS: i64 = 15;
pub const DUE_ACCOUNTS: i64 = 10;

/// Plain series beside these; of each, records 1 and 2 are due, 3 is not.
pub const ARCHIVES: [&str; 20] = [
    "archive_a",
    "archive_b",
    "archive_c",
    "archive_d",
    "archive_e",
    "archive_f",
    "archive_g",
    "archive_h",
    "archive_i",
    "archive_j",
    "archive_k",
    "archive_l",
    "archive_m",
    "archive_n",
    "archive_o",
    "archive_p",
    "archive_q",
    "archive_r",
    "archive_s",
    "archive_t",
];
pub const ARCHIVED: i64 = 3;
pub const DUE_ARCHIVED: i64 = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JournalMode {
    Wal,
    Delete,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Exit(i32),
    Killed,
}

#[derive(Debug)]
pub struct Ran {
    pub outcome: Outcome,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    fn of(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        Self {
            outcome: output.status.code().map_or(Outcome::Killed, Outcome::Exit),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Whether an apply finished the plan, or found it finished.
    pub fn is_settled(&self) -> bool {
        self.outcome == Outcome::Exit(0)
            || (self.outcome == Outcome::Exit(3) && self.stdout.contains("executed already"))
    }
}

pub struct Organization {
    dir: TempDir,
    plan: String,
    pub journal_mode: JournalMode,
    /// The first of [`ARCHIVES`].
    pub archives: &'static [&'static str],
}

impl Organization {
    /// An organization with an approved plan.
    pub fn approved(journal_mode: JournalMode) -> Self {
        Self::approved_with(journal_mode, 0)
    }

    /// The same, with so many plain series beside.
    pub fn approved_with(journal_mode: JournalMode, archives: usize) -> Self {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("organization");
        let archives = &ARCHIVES[..archives];
        write_files(&path, archives);
        write_database(&path.join("parle.db"), journal_mode, archives);
        let mut organization = Self { dir, plan: String::new(), journal_mode, archives };
        let planned = organization.run(&["plan", "--format", "json"], None);
        assert_eq!(planned.outcome, Outcome::Exit(0), "{planned:#?}");
        let plan: Value = serde_json::from_str(&planned.stdout).unwrap();
        organization.plan = plan["plan"].as_str().unwrap().to_owned();
        let due: u64 = plan["rules"].as_array().unwrap().iter().map(|rule| rule["due"].as_u64().unwrap()).sum();
        let all_due = DUE_DOSSIERS + DUE_ACCOUNTS + DUE_ARCHIVED * archives.len() as i64;
        assert_eq!(due, all_due as u64, "{plan:#}");
        let rails: Vec<String> = plan["rails"]
            .as_array()
            .unwrap()
            .iter()
            .map(|rail| rail.as_str().or_else(|| rail["rail"].as_str()).unwrap().to_owned())
            .collect();
        let accept = rails.join(",");
        let approved = organization.run(&["approve", &organization.plan, "--accept", &accept], None);
        assert_eq!(approved.outcome, Outcome::Exit(0), "{approved:#?}");
        copy(&organization.path(), &organization.dir.path().join("approved"));
        organization
    }

    /// Everything as it was when the plan was approved, at the same place: a plan is for the database at one path.
    pub fn reset(&self) {
        if self.path().exists() {
            #[expect(clippy::disallowed_methods, reason = "a copy of our own in a temporary directory")]
            fs::remove_dir_all(self.path()).unwrap();
        }
        copy(&self.dir.path().join("approved"), &self.path());
    }

    pub fn path(&self) -> PathBuf {
        self.dir.path().join("organization")
    }

    pub fn database(&self) -> Connection {
        Connection::open(self.path().join("parle.db")).unwrap()
    }

    pub fn state(&self) -> PathBuf {
        self.path().join("state")
    }

    pub fn apply(&self, armed: Option<&str>) -> Ran {
        self.run(&["apply", &self.plan, "--format", "json"], armed)
    }

    /// The program's own verifier must be content.
    pub fn verify(&self, context: &str) {
        let verified = self.run(&["audit", "verify"], None);
        assert_eq!(verified.outcome, Outcome::Exit(0), "{context}: {verified:#?}");
    }

    pub fn delete_behind_our_back(&self) {
        self.database().execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM dossier WHERE id = 50").unwrap();
    }

    pub fn resurrect(&self) {
        let back = "PRAGMA foreign_keys = OFF;
             INSERT INTO dossier VALUES (3, 1, 'closed', '2024-01-02T03:04:05Z', 'back')";
        self.database().execute_batch(back).unwrap();
    }

    pub fn run(&self, arguments: &[&str], armed: Option<&str>) -> Ran {
        Ran::of(&mut self.command(arguments, armed))
    }

    /// The same at another time than [`NOW`].
    pub fn run_at(&self, now: &str, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments, None).env("RETENTIOND_NOW", now))
    }

    /// Applies with an armed failpoint, and does something while it sleeps there.
    pub fn apply_and_meanwhile(&self, armed: &str, meanwhile: impl FnOnce()) -> Outcome {
        let mut child = self
            .command(&["apply", &self.plan, "--format", "json"], Some(armed))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // The spool is written right before the failpoint `spooled`.
        let spool = self.state().join("private/spool");
        while fs::read_dir(&spool).map_or(0, Iterator::count) == 0 {
            assert!(child.try_wait().unwrap().is_none(), "the run ended before it slept");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        meanwhile();
        child.wait().unwrap().code().map_or(Outcome::Killed, Outcome::Exit)
    }

    pub fn plan(&self) -> &str {
        &self.plan
    }

    pub fn set_plan(&mut self, plan: String) {
        self.plan = plan;
    }

    pub fn approved_database(&self) -> PathBuf {
        self.dir.path().join("approved/parle.db")
    }

    fn command(&self, arguments: &[&str], armed: Option<&str>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_retentiond"));
        command
            .current_dir(self.path())
            .args(["--config", "retentiond.toml"])
            .args(arguments)
            .env("RETENTIOND_NOW", NOW)
            .env_remove("FAILPOINTS")
            .env_remove("RUST_BACKTRACE")
            .stdin(Stdio::null());
        if let Some(armed) = armed {
            command.env("FAILPOINTS", armed);
        }
        command
    }
}

fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap();
    assert!(status.success());
}

/// The files of a dossier: its own, and one that it shares with the next five.
pub fn files_of(dossier: i64) -> [String; 2] {
    [format!("own/{dossier}.pdf"), format!("shared/{}.pdf", (dossier - 1) / 6)]
}

fn write_files(dir: &Path, archives: &[&str]) {
    fs::create_dir_all(dir.join("documents/own")).unwrap();
    fs::create_dir_all(dir.join("documents/shared")).unwrap();
    for dossier in 1..=DOSSIERS {
        for file in files_of(dossier) {
            fs::write(dir.join("documents").join(file), format!("document of {dossier}")).unwrap();
        }
    }
    let (mut calendar, mut configuration) =
        (include_str!("calendar.toml").to_owned(), include_str!("retentiond.toml").to_owned());
    for series in archives {
        calendar += &format!(
            r#"
[[series]]
name = "{series}"
triggers = {{ closure = {{ en = "Closure" }} }}

[[rule]]
number = "F-{series}"
series = "{series}"
trigger = "closure"
keep = "P1Y"
disposition = "destroy"
"#
        );
        configuration += &format!(
            r#"
[series.{series}]
source = "parle"
table = "{series}"
key = "id"
event.closure = "closed_at"
"#
        );
    }
    fs::write(dir.join("calendar.toml"), calendar).unwrap();
    fs::write(dir.join("retentiond.toml"), configuration).unwrap();
}

fn write_database(path: &Path, mode: JournalMode, archives: &[&str]) {
    let mut database = Connection::open(path).unwrap();
    let mode = if mode == JournalMode::Wal { "WAL" } else { "DELETE" };
    database.pragma_update(None, "journal_mode", mode).unwrap();
    database.execute_batch(include_str!("schema.sql")).unwrap();
    let transaction = database.transaction().unwrap();
    for account in 1..=ACCOUNTS {
        let used = if account <= DUE_ACCOUNTS { "2023-05-06T07:08:09Z" } else { "2026-05-06T07:08:09Z" };
        transaction.execute("INSERT INTO account VALUES (?1, ?2)", (account, used)).unwrap();
    }
    for dossier in 1..=DOSSIERS {
        let closed = if dossier <= DUE_DOSSIERS { "2024-01-02T03:04:05Z" } else { "2026-09-02T03:04:05Z" };
        // The dossiers that stay belong to accounts that stay.
        let account = if dossier <= DUE_DOSSIERS { dossier % DUE_ACCOUNTS + 1 } else { DUE_ACCOUNTS + dossier % 5 + 1 };
        transaction
            .execute("INSERT INTO dossier VALUES (?1, ?2, 'closed', ?3, 'subject')", (dossier, account, closed))
            .unwrap();
        for _ in 0..3 {
            transaction.execute("INSERT INTO message(dossier_id, body) VALUES (?1, 'body')", [dossier]).unwrap();
        }
        for file in files_of(dossier) {
            transaction.execute("INSERT INTO document(dossier_id, path) VALUES (?1, ?2)", (dossier, file)).unwrap();
        }
    }
    for series in archives {
        let table = format!(
            "CREATE TABLE {series}(id INTEGER PRIMARY KEY, closed_at TEXT);
             CREATE INDEX {series}_closed_at ON {series}(closed_at);"
        );
        transaction.execute_batch(&table).unwrap();
        for id in 1..=ARCHIVED {
            let closed = if id <= DUE_ARCHIVED { "2024-01-02T03:04:05Z" } else { "2026-09-02T03:04:05Z" };
            transaction.execute(&format!("INSERT INTO {series} VALUES (?1, ?2)"), (id, closed)).unwrap();
        }
    }
    transaction.commit().unwrap();
}
