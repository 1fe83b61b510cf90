//! A small organization for tests: dossiers that block their accounts, in a real database, with its calendar.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::TimeDelta;
use rusqlite::{Connection, params};

use super::Installation;
use super::clock::{Synchronization, Watch};
use super::holds::{Hold, HoldScope};
use super::plan::PlanRequest;
use crate::calendar;
use crate::model::{Instant, Limits, Windows};
use crate::records::mapping::{Pick, SeriesMapping, Source, sample};

const CALENDAR: &str = r#"
[calendar]
number = "OPC-PC"
organization = "Office"
title = { en = "Sample" }
version = 2
effective = { from = 2024-04-04 }
timezone = "America/Toronto"

[[series]]
name = "dossier"
triggers = { closure = { en = "Closure" } }

[[series]]
name = "account"
triggers = { last_use = { en = "Last use" } }

[[rule]]
number = "PC-1"
series = "dossier"
trigger = "closure"
keep = "P1Y"
disposition = "destroy"

[[rule]]
number = "PC-2"
series = "account"
trigger = "last_use"
keep = "P24M"
disposition = "destroy"
"#;

const SCHEMA: &str = "
    CREATE TABLE account(id INTEGER PRIMARY KEY, last_login_at TEXT);
    CREATE TABLE dossier(id INTEGER PRIMARY KEY, number TEXT, account_id INTEGER REFERENCES account(id), closed_at TEXT, city TEXT);
    CREATE TABLE message(id INTEGER PRIMARY KEY, dossier_id INTEGER REFERENCES dossier(id));
    CREATE INDEX account_last ON account(last_login_at);
    CREATE INDEX dossier_closed ON dossier(closed_at);
    CREATE INDEX dossier_account ON dossier(account_id);
    CREATE INDEX message_dossier ON message(dossier_id);
";

/// When the tests take place.
pub fn now() -> Instant {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

/// A clock that says so, and that a time server confirmed.
pub fn watch() -> Arc<Watch> {
    Arc::new(Watch::new(Arc::new(now), Arc::new(|_| Synchronization::Confirmed), TimeDelta::days(90)))
}

/// What a person asks for who wants all that is due now.
pub fn all_due() -> PlanRequest {
    PlanRequest { now: now(), as_of: None, only: None, dependents: false, asked_for: true }
}

/// A hold that was placed now.
pub fn hold(id: &str, scope: HoldScope) -> Hold {
    Hold {
        id: id.into(),
        scope,
        meaning: None,
        reason: "litigation".to_owned(),
        case: None,
        review_by: None,
        actor: "marie (1001)".into(),
        placed_at: now(),
    }
}

/// An organization in a directory of its own.
pub struct Sample {
    dir: tempfile::TempDir,
    pub install: Arc<Installation>,
}

impl Sample {
    /// Twenty accounts last used long ago, each with one dossier: the odd ones closed long ago, the even ones open.
    pub fn new() -> Self {
        let sample = Self::empty();
        let connection = sample.connection();
        for id in 1..=20_i64 {
            sample.add_account(&connection, id, Some("2020-01-01T00:00:00Z"));
            sample.add_dossier(&connection, id, id, (id % 2 == 1).then_some("2024-03-15T12:00:00Z"));
        }
        drop(connection);
        sample
    }

    /// No records at all.
    pub fn empty() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Connection::open(dir.path().join("parle.db")).unwrap().execute_batch(SCHEMA).unwrap();
        let install = Arc::new(installation(dir.path()));
        Self { dir, install }
    }

    pub fn connection(&self) -> Connection {
        let connection = Connection::open(self.dir.path().join("parle.db")).unwrap();
        connection.pragma_update(None, "synchronous", "OFF").unwrap();
        connection
    }

    pub fn add_account(&self, connection: &Connection, id: i64, last_login: Option<&str>) {
        connection.execute("INSERT INTO account VALUES(?1, ?2)", params![id, last_login]).unwrap();
    }

    pub fn add_dossier(&self, connection: &Connection, id: i64, account: i64, closed: Option<&str>) {
        let city = if id < 10 { "Laval" } else { "Gaspé" };
        connection
            .execute(
                "INSERT INTO dossier VALUES(?1, ?2, ?3, ?4, ?5)",
                params![id, format!("D-{id}"), account, closed, city],
            )
            .unwrap();
        connection.execute("INSERT INTO message(dossier_id) VALUES(?1)", [id]).unwrap();
    }

    pub fn state(&self) -> PathBuf {
        self.install.state.clone()
    }

    /// The same with another installation.
    pub fn change(&mut self, change: impl FnOnce(&mut Installation)) {
        let mut install = Installation::clone(&self.install);
        change(&mut install);
        self.install = Arc::new(install);
    }
}

fn installation(dir: &Path) -> Installation {
    let source = Source {
        name: "parle".into(),
        sqlite: dir.join("parle.db"),
        timezone: None,
        holder: None,
        location: None,
        contract: None,
        backups: None,
    };
    Installation {
        state: dir.join("state"),
        files: Vec::new(),
        calendars: vec![calendar::parse("sample.toml", CALENDAR.as_bytes()).unwrap()],
        sources: BTreeMap::from([("parle".into(), source)]),
        series: vec![account(), dossier()],
        guesses: BTreeMap::new(),
        limits: Limits::default(),
        windows: Windows::NONE,
        boot: None,
    }
}

fn account() -> SeriesMapping {
    let blocker = sample::relation("dossier", "account_id", "id");
    SeriesMapping { blocked_by: vec![blocker], ..mapping("account", "last_use", "last_login_at") }
}

fn dossier() -> SeriesMapping {
    SeriesMapping {
        reference: Some("number".to_owned()),
        subject: Some(sample::relation("account", "account_id", "id")),
        parts: vec![sample::part("message", "dossier_id", "id")],
        ..mapping("dossier", "closure", "closed_at")
    }
}

fn mapping(table: &str, trigger: &str, column: &str) -> SeriesMapping {
    let events = BTreeMap::from([(trigger.into(), sample::event(Pick::Latest, &[column]))]);
    SeriesMapping { events, ..sample::series("parle", table) }
}
