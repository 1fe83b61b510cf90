//! An organization past its beginnings, and what its commands answer.

use serde_json::Value as Json;

use super::support::{CALENDAR, CONFIG, Organization, lends, ran};

const LIMITS: &str = "
[limits]
max_share = 0.2
min_count = 4
max_count = 50
";

pub const NOON: &str = "2026-11-21T17:00:00Z";

/// Past its term for three weeks.
pub const DUE: &str = "2025-11-01T12:00:00Z";

/// Half a year before its term.
pub const YOUNG: &str = "2026-06-01T12:00:00Z";

/// An organization with a hundred young dossiers, whose rules and mapping a person approved with the first dossier that
/// was due.
pub struct Office(pub Organization);

lends!(Office, 0, Organization);

/// Approved by the archives, and in effect for a while.
pub fn calendar() -> String {
    CALENDAR.replace(
        "effective    = { from = 2015-01-01 }",
        "approval     = { authority = \"Archives\", date = 2025-06-01 }\neffective    = { from = 2025-06-01, until = 2026-12-31 }",
    )
}

/// What kept a command from its work.
#[derive(Debug)]
pub struct Refusal {
    pub exit: i32,
    pub error: Json,
}

impl Refusal {
    pub fn code(&self) -> &str {
        self.error["code"].as_str().unwrap_or_default()
    }

    /// The rails that tripped.
    pub fn rails(&self) -> Vec<&str> {
        let rails = self.error["rails"].as_array().map(Vec::as_slice).unwrap_or_default();
        rails.iter().filter_map(Json::as_str).collect()
    }
}

impl Office {
    pub fn new() -> Self {
        let office = Self::under(&calendar());
        let plan = office.plan();
        office.run(&["approve", &plan, "--accept", "rules"], NOON, "").unwrap();
        office.run(&["apply", &plan], NOON, "").unwrap();
        assert_eq!(office.count(), 100);
        office
    }

    /// The same before anything was approved, under another calendar.
    pub fn under(calendar: &str) -> Self {
        let office = Self(Organization::new(calendar, &format!("{CONFIG}{LIMITS}")));
        let schema = "CREATE TABLE dossier(id INTEGER PRIMARY KEY AUTOINCREMENT, closed_at TEXT, archived_at TEXT);
                      CREATE INDEX dossier_closed ON dossier(closed_at);
                      CREATE INDEX dossier_archived ON dossier(archived_at);";
        office.database().execute_batch(schema).unwrap();
        office.insert(YOUNG, 100);
        office.insert(DUE, 1);
        office
    }

    pub fn insert(&self, closed_at: &str, dossiers: usize) {
        let mut database = self.database();
        let transaction = database.transaction().unwrap();
        for _ in 0..dossiers {
            transaction
                .execute("INSERT INTO dossier(closed_at, archived_at) VALUES(?1, '2025-11-02T12:00:00Z')", [closed_at])
                .unwrap();
        }
        transaction.commit().unwrap();
    }

    pub fn count(&self) -> i64 {
        self.rows("dossier")
    }

    /// Takes the rows that are no more from a copy of the database.
    pub fn import(&self, copy: &str) {
        let database = self.database();
        database.execute("ATTACH ?1 AS copy", [self.path(copy).to_str()]).unwrap();
        let missing = "INSERT INTO dossier SELECT * FROM copy.dossier
            WHERE CAST(id AS TEXT) NOT IN (SELECT CAST(id AS TEXT) FROM main.dossier)";
        assert!(database.execute(missing, []).unwrap() > 0);
    }

    /// Gives the column of the key another type, as an application does that moves to keys of another kind.
    pub fn retype(&self, kind: &str) {
        let moved = format!(
            "CREATE TABLE moved(id {kind} PRIMARY KEY NOT NULL, closed_at TEXT, archived_at TEXT);
             INSERT INTO moved SELECT * FROM dossier;
             DROP TABLE dossier;
             ALTER TABLE moved RENAME TO dossier;
             CREATE INDEX dossier_closed ON dossier(closed_at);
             CREATE INDEX dossier_archived ON dossier(archived_at);"
        );
        self.database().execute_batch(&moved).unwrap();
    }

    /// Dossiers under these keys, past their term.
    pub fn insert_due(&self, keys: &[&str]) {
        for key in keys {
            self.database().execute("INSERT INTO dossier(id, closed_at) VALUES(?1, ?2)", [key, DUE]).unwrap();
        }
    }

    pub fn corrections(&self) -> Vec<Json> {
        let shown = self.run(&["audit", "show", "--kind", "correction"], NOON, "").unwrap();
        shown["entries"].as_array().unwrap().clone()
    }

    pub fn lookup(&self, series: &str, key: &str) -> Result<Json, Refusal> {
        self.run(&["audit", "lookup", series, key], NOON, "")
    }

    pub fn run(&self, arguments: &[&str], now: &str, failpoint: &str) -> Result<Json, Refusal> {
        let mut command = self.command(&[arguments, &["--format", "json"]].concat());
        let ran = ran(command.env("RETENTIOND_NOW", now).env("FAILPOINTS", failpoint));
        let told = ran.json();
        if ran.code == 0 { Ok(told) } else { Err(Refusal { exit: ran.code, error: told["error"].clone() }) }
    }

    pub fn plan(&self) -> String {
        let plan = self.run(&["plan"], NOON, "").unwrap();
        plan["plan"].as_str().unwrap().to_owned()
    }

    /// A plan of what is due, approved: nothing tripped.
    pub fn approved(&self) -> String {
        let plan = self.plan();
        self.run(&["approve", &plan], NOON, "").unwrap();
        plan
    }

    /// The reasons of every refusal on record.
    pub fn refused(&self) -> Vec<Vec<Json>> {
        let shown = self.run(&["audit", "show", "--kind", "refused"], NOON, "").unwrap();
        let reasons = |entry: &Json| entry["reasons"].as_array().cloned().unwrap_or_default();
        shown["entries"].as_array().unwrap().iter().map(reasons).collect()
    }

    /// Plans, approves and applies at noon as nobody's hand would, whatever is refused on the way; returns the first
    /// refusal.
    pub fn unattended(&self) -> Option<Refusal> {
        let plan = self.plan();
        let approved = self.run(&["approve", &plan], NOON, "");
        let applied = self.run(&["apply", &plan], NOON, "");
        approved.err().or(applied.err())
    }

    /// Without a person nothing goes, and it is this rail alone that keeps it; with one who accepts it, what was due
    /// goes.
    pub fn is_kept_by(&self, rail: &str, due: i64) {
        let before = self.count();
        let refusal = self.unattended();
        assert_eq!(self.count(), before, "records went although the rail {rail} should have kept them");
        let refusal = refusal.expect("something is due, and nothing went");
        assert_eq!((refusal.exit, refusal.rails()), (3, vec![rail]), "{refusal:?}");
        let plan = self.plan();
        self.run(&["approve", &plan, "--accept", rail], NOON, "").unwrap();
        self.run(&["apply", &plan], NOON, "").unwrap();
        assert_eq!(self.count(), before - due, "accepted by name, it is in nobody's way");
    }

    pub fn verify(&self) {
        let verdict = self.run(&["audit", "verify"], NOON, "").unwrap();
        assert_ne!(verdict["verdict"], "FAIL", "{verdict}");
    }
}
