//! A small organization in a directory of its own, and the program run on it.

use std::fs;
use std::path::Path;
use std::process::Command;

use rusqlite::{Connection, params};

use crate::support::{CALENDAR, CONFIG, Organization, Ran, lends, ran};

/// Dossiers made: the first `DUE` are long closed, the next one is open, the last one's date cannot be read.
pub const DOSSIERS: i64 = 62;
/// Dossiers past their term.
pub const DUE: i64 = 60;

/// Every dossier may go at once, with its messages and its document.
const MORE: &str = r#"reference     = "number"

[[series.dossier.part]]
table = "message"
on    = { dossier_id = "id" }

[[series.dossier.part]]
table = "document"
on    = { dossier_id = "id" }
files = { column = "path", root = "files" }

[limits]
max_share = 1.0
pace      = "full"
"#;

/// A directory with a configuration, a calendar, a database and files.
pub struct House(Organization);

lends!(House, 0, Organization);

impl House {
    pub fn new() -> Self {
        let calendar = CALENDAR.replace("name     = \"dossier\"", "name     = \"dossier\"\nempty    = \"expected\"");
        let house = Self(Organization::new(&calendar, &format!("{CONFIG}{MORE}")));
        fs::create_dir(house.path("files")).unwrap();
        make_database(&house.path("app.db"));
        for id in 1..=DOSSIERS {
            fs::write(house.path(&format!("files/canary-{id}.txt")), format!("document of {id}")).unwrap();
        }
        house
    }

    /// Runs a command where no file may grow beyond so many KiB (`-f`), as on a full disk, or its memory (`-d`).
    pub fn run_limited(&self, limit: &str, kib: &str, arguments: &[&str]) -> Ran {
        let whole = self.command(arguments);
        let mut command = Command::new("bash");
        // A signal would end the program; a full disk does not.
        let script = format!("trap '' XFSZ; ulimit {limit} \"$0\"; exec \"$@\"");
        command.args(["-c", &script, kib]).arg(whole.get_program()).args(whole.get_args());
        ran(command.current_dir(self.path("")))
    }

    /// Plans and approves, every rail accepted.
    pub fn approved(&self) -> String {
        let plan = self.plan();
        self.ask(&["approve", &plan, "--accept", "rules"]);
        plan
    }

    /// A house whose due records were destroyed.
    pub fn destroyed() -> Self {
        let house = Self::new();
        house.destroy_due();
        house
    }

    /// Destroys what is due, every rail accepted.
    pub fn destroy_due(&self) {
        let plan = self.approved();
        assert_eq!(self.run(&["apply", &plan]).code, 0);
    }

    /// Where the one fingerprint key lies, in the house.
    pub fn fingerprint_key(&self) -> String {
        let keys = fs::read_dir(self.path("state/private/keys")).unwrap();
        let mut names = keys.map(|key| key.unwrap().file_name().into_string().unwrap());
        let name = names.find(|name| name.starts_with("fp-")).unwrap();
        format!("state/private/keys/{name}")
    }

    /// A house where every dossier is of one of ten persons, who have records of their own.
    pub fn of_persons() -> Self {
        let house = Self::new();
        let series = "[[series]]\nname = \"person\"\ntriggers = { left = { en = \"Left\" } }\n\n[[rule]]";
        house.edit("calendar.toml", "[[rule]]", series);
        let subject = "subject = { series = \"person\", on = { person_id = \"id\" } }\nevent.closure";
        house.edit("retentiond.toml", "event.closure", subject);
        house.configure("\n[series.person]\nsource = \"app\"\ntable = \"person\"\nkey = \"id\"\n");
        let persons = "CREATE TABLE person (id INTEGER PRIMARY KEY); ALTER TABLE dossier ADD COLUMN person_id INTEGER;
                       INSERT INTO person SELECT DISTINCT id % 10 FROM dossier; UPDATE dossier SET person_id = id % 10;";
        house.database().execute_batch(persons).unwrap();
        house
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
