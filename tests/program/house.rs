//! A small organization in a directory of its own, and the program run on it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rusqlite::{Connection, params};
use serde_json::Value;
use tempfile::TempDir;

/// Dossiers made: the first `DUE` are long closed, the next one is open, the last one's date cannot be read.
pub const DOSSIERS: i64 = 62;
/// Dossiers past their term.
pub const DUE: i64 = 60;

const CALENDAR: &str = r#"
[calendar]
number       = "T-1"
organization = "Test"
title        = { en = "Test" }
version      = 1
effective    = { from = 2015-01-01 }
timezone     = "America/Toronto"

[[series]]
name     = "dossier"
triggers = { closure = { en = "Closure" } }
empty    = "expected"

[[rule]]
number      = "R-1"
title       = { en = "Dossiers" }
series      = "dossier"
trigger     = "closure"
keep        = "P1Y"
disposition = "destroy"
"#;

const CONFIGURATION: &str = r#"
calendars = ["calendar.toml"]
language  = "en"
state     = "state"

[limits]
max_share = 1.0
pace      = "full"

[source.app]
sqlite = "app.db"

[series.dossier]
source        = "app"
table         = "dossier"
key           = "id"
reference     = "number"
event.closure = "closed_at"

[[series.dossier.part]]
table = "message"
on    = { dossier_id = "id" }

[[series.dossier.part]]
table = "document"
on    = { dossier_id = "id" }
files = { column = "path", root = "files" }
"#;

/// A directory with a configuration, a calendar, a database and files.
pub struct House {
    dir: TempDir,
}

/// What one run of the program said.
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl House {
    pub fn new() -> Self {
        let house = Self { dir: tempfile::tempdir().unwrap() };
        fs::write(house.path("calendar.toml"), CALENDAR).unwrap();
        fs::write(house.path("retentiond.toml"), CONFIGURATION).unwrap();
        fs::create_dir(house.path("files")).unwrap();
        make_database(&house.path("app.db"));
        for id in 1..=DOSSIERS {
            fs::write(house.path(&format!("files/canary-{id}.txt")), format!("document of {id}")).unwrap();
        }
        house
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Runs a command on this house, in its directory.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let mut line = vec!["--config", "retentiond.toml"];
        line.extend(arguments);
        run_in(self.dir.path(), &line)
    }

    /// The same where no file may grow beyond so many KiB, as on a full disk.
    pub fn run_limited(&self, kib: &str, arguments: &[&str]) -> Ran {
        let mut command = Command::new("bash");
        // A signal would end the program; a full disk does not.
        let script = "trap '' XFSZ; ulimit -f \"$0\"; exec \"$@\"";
        command.args(["-c", script, kib, env!("CARGO_BIN_EXE_retentiond"), "--config", "retentiond.toml"]);
        ran(command.args(arguments).current_dir(self.dir.path()))
    }

    /// The same with JSON on standard output: exactly one document, and nothing else.
    pub fn json(&self, arguments: &[&str]) -> (i32, Value) {
        let ran = self.run(&[arguments, &["--format", "json"]].concat());
        (ran.code, ran.json())
    }

    /// Plans, and returns the plan's id.
    pub fn plan(&self) -> String {
        let (code, plan) = self.json(&["plan"]);
        assert_eq!(code, 0, "{plan}");
        plan["plan"].as_str().unwrap().to_owned()
    }

    /// Plans and approves, every rail accepted.
    pub fn approved(&self) -> String {
        let plan = self.plan();
        let ran = self.run(&["approve", &plan, "--accept", "rules"]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        plan
    }

    pub fn database(&self) -> Connection {
        Connection::open(self.path("app.db")).unwrap()
    }

    /// How many rows a table has.
    pub fn rows(&self, table: &str) -> i64 {
        self.database().query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    }

    /// How many documents are on disk.
    pub fn files(&self) -> usize {
        fs::read_dir(self.path("files")).unwrap().count()
    }

    /// Holds that every row and every file is still there.
    pub fn assert_untouched(&self) {
        assert_eq!(self.rows("dossier"), DOSSIERS);
        assert_eq!(self.rows("message"), DOSSIERS * 2);
        assert_eq!(self.files(), DOSSIERS as usize);
    }

    /// Changes a file of the house as a text.
    pub fn edit(&self, name: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(name)).unwrap();
        assert!(text.contains(from), "{name} has no {from}");
        fs::write(self.path(name), text.replacen(from, to, 1)).unwrap();
    }
}

/// Runs the program in a directory, with no configuration of the surroundings.
pub fn run_in(dir: &Path, arguments: &[&str]) -> Ran {
    ran(Command::new(env!("CARGO_BIN_EXE_retentiond")).current_dir(dir).args(arguments))
}

fn ran(command: &mut Command) -> Ran {
    let output = command.env_remove("RETENTIOND_CONFIG").env_remove("RETENTIOND_NOW").output().unwrap();
    Ran {
        code: output.status.code().expect("no signal ended the program"),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Ran {
    /// Standard output as the one JSON document that it must be.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}:\n{}\n{}", self.out, self.err))
    }
}

fn make_database(path: &Path) {
    let mut connection = Connection::open(path).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE dossier (id INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE, closed_at TEXT);
             CREATE INDEX dossier_closed ON dossier (closed_at);
             CREATE TABLE message (
                 id INTEGER PRIMARY KEY, dossier_id INTEGER NOT NULL REFERENCES dossier (id), body TEXT);
             CREATE INDEX message_dossier ON message (dossier_id);
             CREATE TABLE document (
                 id INTEGER PRIMARY KEY, dossier_id INTEGER NOT NULL REFERENCES dossier (id), path TEXT);
             CREATE INDEX document_dossier ON document (dossier_id);
             CREATE INDEX document_path ON document (path);",
        )
        .unwrap();
    let transaction = connection.transaction().unwrap();
    for id in 1..=DOSSIERS {
        let closed = match id {
            ..=DUE => Some(format!("2018-03-{:02}T12:00:00Z", id % 28 + 1)),
            id if id == DOSSIERS => Some("last spring".to_owned()),
            _ => None,
        };
        transaction
            .execute("INSERT INTO dossier VALUES (?, ?, ?)", params![id, format!("canary-{id}"), closed])
            .unwrap();
        for _ in 0..2 {
            transaction.execute("INSERT INTO message VALUES (NULL, ?, 'canary text')", [id]).unwrap();
        }
        transaction
            .execute("INSERT INTO document VALUES (NULL, ?, ?)", params![id, format!("canary-{id}.txt")])
            .unwrap();
    }
    transaction.commit().unwrap();
}
