//! No personal information in clear: a canary in every column, reason, case number and file name, and none of them in
//! any byte of the log, of the plans, or of what the program says while it destroys.

use std::fs;
use std::path::{Path, PathBuf};

use super::attacks::files;
use crate::support::{CALENDAR, Organization, lends};

/// Part of every value that is personal here.
const CANARY: &str = "KANARIENVOGEL";

const SCHEMA: &str = "
    CREATE TABLE dossier (id TEXT PRIMARY KEY, file_number TEXT, status TEXT, closed_at TEXT, name TEXT, secret BLOB);
    CREATE TABLE message (id INTEGER PRIMARY KEY, dossier_id TEXT NOT NULL REFERENCES dossier(id), body TEXT);
    CREATE TABLE document (id INTEGER PRIMARY KEY, dossier_id TEXT NOT NULL REFERENCES dossier(id), path TEXT);
    CREATE INDEX dossier_closed ON dossier(closed_at);
    CREATE INDEX message_dossier ON message(dossier_id);
    CREATE INDEX document_dossier ON document(dossier_id);";

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

struct Office(Organization);

lends!(Office, 0, Organization);

impl Office {
    fn open() -> Self {
        let office = Self(Organization::new(CALENDAR, CONFIG));
        fs::create_dir(office.path("documents")).unwrap();
        let database = office.database();
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
    office.ask(&["hold", "place", "dossier", &key, "--reason", &reason, "--case", CANARY]);
    office.ask(&["reject", &office.plan(), "--reason", &reason]);

    let expression = format!("this.id = '{CANARY}-8'");
    office.ask(&["hold", "place", "dossier", "--where", &expression, "--reason", &reason]);

    let plan = office.ask(&["plan"]);
    let rails: Vec<&str> = plan["rails"].as_array().unwrap().iter().filter_map(|rail| rail.as_str()).collect();
    let id = plan["plan"].as_str().unwrap();
    office.ask(&["approve", id, "--accept", &rails.join(",")]);
    let applied = office.run(&["apply", id, "--format", "json"]);
    let statement = applied.json();
    assert_eq!(statement["destroyed"], 47, "{statement}");
    assert_eq!(statement["failed"], 1, "{statement}");
    for said in [&applied.out, &applied.err] {
        assert!(!holds_canary(said.as_bytes()), "{said}");
    }

    assert_clean(&office.path("state/audit"));
    assert_clean(&office.path("state/plans"));
    // Lists of records and of files are gone once they have served.
    for spent in ["state/private/plans", "state/private/spool"] {
        let left = office.path(spent);
        let left = if left.is_dir() { files(&left) } else { Vec::new() };
        assert_eq!(left, [""; 0].map(PathBuf::from), "{spent}");
    }
    let verified = office.ask(&["audit", "verify"]);
    assert_eq!(verified["verdict"], "OK-UNANCHORED", "{verified}");
}
