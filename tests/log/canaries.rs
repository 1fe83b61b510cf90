//! No personal information in clear: a canary in every column, reason, case number and file name, and none of them in any byte of the
//! log, of the plans, or of what the program says while it destroys.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use rusqlite::Connection;

use super::attacks::files;

/// Part of every value that is personal here.
const CANARY: &str = "KANARIENVOGEL";

const SCHEMA: &str = "
    CREATE TABLE dossier (id TEXT PRIMARY KEY, file_number TEXT, status TEXT, closed_at TEXT, name TEXT, secret BLOB);
    CREATE TABLE message (id INTEGER PRIMARY KEY, dossier_id TEXT NOT NULL REFERENCES dossier(id), body TEXT);
    CREATE TABLE document (id INTEGER PRIMARY KEY, dossier_id TEXT NOT NULL REFERENCES dossier(id), path TEXT);
    CREATE INDEX dossier_closed ON dossier(closed_at);
    CREATE INDEX message_dossier ON message(dossier_id);
    CREATE INDEX document_dossier ON document(dossier_id);";

const CALENDAR: &str = r#"
[calendar]
number       = "C-1"
organization = "Office"
title        = { en = "Calendar" }
version      = 1
effective    = { from = 2020-01-01 }
timezone     = "America/Toronto"

[[series]]
name        = "dossier"
description = { en = "Files" }
triggers    = { closure = { en = "Closure" } }

[[rule]]
number      = "R-1"
title       = { en = "Files" }
series      = "dossier"
trigger     = "closure"
keep        = "P1Y"
disposition = "destroy"
basis       = [{ source = "Policy" }]
"#;

const CONFIG: &str = r#"
calendars = ["calendar.toml"]
language  = "en"
state     = "state"

[schedule]
scan     = "0 2 * * *"
timezone = "America/Toronto"

[disposition]
mode = "report"

[source.parle]
sqlite   = "app.db"
timezone = "America/Toronto"

[series.dossier]
source        = "parle"
table         = "dossier"
key           = "id"
reference     = "file_number"
event.closure = { column = "closed_at", where = { status = "closed KANARIENVOGEL" } }

[[series.dossier.part]]
table = "message"
on    = { dossier_id = "id" }

[[series.dossier.part]]
name  = "document"
table = "document"
on    = { dossier_id = "id" }
files = { column = "path", root = "documents" }
"#;

struct Office {
    home: tempfile::TempDir,
}

impl Office {
    fn open() -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("calendar.toml"), CALENDAR).unwrap();
        fs::write(home.path().join("retentiond.toml"), CONFIG).unwrap();
        fs::create_dir(home.path().join("documents")).unwrap();
        let office = Self { home };
        let database = Connection::open(office.path("app.db")).unwrap();
        database.execute_batch(SCHEMA).unwrap();
        for number in 0..60 {
            let id = format!("{CANARY}-{number}");
            let closed = if number < 50 { "2021-03-15T10:00:00Z" } else { "2999-01-01T00:00:00Z" };
            let dossier = "INSERT INTO dossier VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
            let (file_number, name) = (format!("{CANARY}/{number}"), format!("Anne {CANARY}"));
            database
                .execute(dossier, (&id, file_number, format!("closed {CANARY}"), closed, name, CANARY.as_bytes()))
                .unwrap();
            let body = format!("Dear {CANARY} {number}");
            database.execute("INSERT INTO message (dossier_id, body) VALUES (?1, ?2)", (&id, body)).unwrap();
            let file = format!("{CANARY}-{number}.pdf");
            fs::write(office.path("documents").join(&file), format!("of {CANARY}")).unwrap();
            database.execute("INSERT INTO document (dossier_id, path) VALUES (?1, ?2)", (&id, &file)).unwrap();
        }
        // One file that cannot be unlinked as it is: two names lead to it.
        fs::hard_link(office.path(&format!("documents/{CANARY}-3.pdf")), office.path("documents/other")).unwrap();
        office
    }

    fn path(&self, beneath: &str) -> PathBuf {
        self.home.path().join(beneath)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::cargo_bin("retentiond").unwrap();
        command.arg("--config").arg(self.path("retentiond.toml")).args(arguments).output().unwrap()
    }

    /// What a command answers, as JSON.
    fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let output = self.run(&[arguments, &["--format", "json"]].concat());
        let text = String::from_utf8(output.stdout).unwrap();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {text}"))
    }
}

fn holds_canary(bytes: &[u8]) -> bool {
    let hex: String = CANARY.bytes().map(|byte| format!("{byte:02x}")).collect();
    [CANARY.as_bytes(), hex.as_bytes()]
        .iter()
        .any(|needle| bytes.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle)))
}

fn assert_clean(dir: &Path) {
    let all = files(dir);
    assert!(!all.is_empty(), "{} is empty", dir.display());
    for file in all {
        assert!(!holds_canary(&fs::read(&file).unwrap()), "{} holds a canary", file.display());
        assert!(!holds_canary(file.as_os_str().as_encoded_bytes()), "{} is named after a canary", file.display());
    }
}

#[test]
fn no_canary_is_in_the_log_or_in_the_plans_or_said_while_destroying() {
    let office = Office::open();
    let (key, reason) = (format!("{CANARY}-7"), format!("because of {CANARY}"));
    let held = office.run(&["hold", "place", "dossier", &key, "--reason", &reason, "--case", CANARY]);
    assert!(held.status.success(), "{}", String::from_utf8_lossy(&held.stderr));
    let dropped = office.json(&["plan"]);
    let rejected = office.run(&["reject", dropped["plan"].as_str().unwrap(), "--reason", &reason]);
    assert!(rejected.status.success(), "{}", String::from_utf8_lossy(&rejected.stderr));

    let expression = format!("this.id = '{CANARY}-8'");
    let held = office.run(&["hold", "place", "dossier", "--where", &expression, "--reason", &reason]);
    assert!(held.status.success(), "{}", String::from_utf8_lossy(&held.stderr));

    let plan = office.json(&["plan"]);
    let rails: Vec<&str> = plan["rails"].as_array().unwrap().iter().filter_map(|rail| rail.as_str()).collect();
    let id = plan["plan"].as_str().unwrap();
    let approved = office.run(&["approve", id, "--accept", &rails.join(",")]);
    assert!(approved.status.success(), "{}", String::from_utf8_lossy(&approved.stderr));
    let applied = office.run(&["apply", id, "--format", "json"]);
    let statement: serde_json::Value = serde_json::from_slice(&applied.stdout).unwrap();
    assert_eq!(statement["destroyed"], 47, "{statement}");
    assert_eq!(statement["failed"], 1, "{statement}");
    for said in [&applied.stdout, &applied.stderr] {
        assert!(!holds_canary(said), "{}", String::from_utf8_lossy(said));
    }

    assert_clean(&office.path("state/audit"));
    assert_clean(&office.path("state/plans"));
    // Lists of records and of files are gone once they have served.
    for spent in ["state/private/plans", "state/private/spool"] {
        let left = office.path(spent);
        let left = if left.is_dir() { files(&left) } else { Vec::new() };
        assert_eq!(left, [""; 0].map(PathBuf::from), "{spent}");
    }
    let verified = office.json(&["audit", "verify"]);
    assert_eq!(verified["verdict"], "OK-UNANCHORED", "{verified}");
}
