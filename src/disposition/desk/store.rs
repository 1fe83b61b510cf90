//! The private database: what may not stand in the log. Where both speak of the same thing, the log is right.

use std::collections::HashSet;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::DeskError;
use super::room::Room;
use crate::disposition::approval::Decision;
use crate::disposition::holds::Hold;
use crate::model::{Actor, Fingerprint, HoldId, Instant, PlanId};

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS hold(id TEXT PRIMARY KEY, hold TEXT NOT NULL, lift TEXT, lifted INTEGER NOT NULL DEFAULT 0) STRICT;
    CREATE TABLE IF NOT EXISTS decision(plan TEXT PRIMARY KEY, decision TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS exception(plan TEXT NOT NULL, fp BLOB NOT NULL, PRIMARY KEY(plan, fp)) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS firing(
        schedule TEXT NOT NULL, at INTEGER NOT NULL, began INTEGER NOT NULL, ended INTEGER, outcome TEXT,
        PRIMARY KEY(schedule, at)) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS stayed(
        record BLOB PRIMARY KEY, rule TEXT NOT NULL, plan TEXT NOT NULL, stayed TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS memo(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS room(filler BLOB NOT NULL) STRICT;
";

/// `STATE/private/desk.db`.
#[derive(Debug)]
pub(super) struct Store {
    path: PathBuf,
    connection: Connection,
    room: Room,
}

/// A hold as it stands in the private database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StoredHold {
    pub hold: Hold,
    pub lifted: bool,
}

/// Who lifted a hold, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Lift {
    pub actor: Actor,
    pub at: Instant,
    pub reason: String,
}

impl Store {
    /// Opens the private database, or makes it.
    pub fn open(path: &Path, room: Room) -> Result<Self, DeskError> {
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(|source| DeskError::File { doing: "make", path: path.to_owned(), source })?;
        let connection = connect(path).map_err(|source| failed(path, source))?;
        Ok(Self { path: path.to_owned(), connection, room })
    }

    /// Every hold, lifted ones included, in the order of their placing.
    pub fn holds(&self) -> Result<Vec<StoredHold>, DeskError> {
        let rows = self.run(|connection| {
            let mut select = connection.prepare("SELECT hold, lifted FROM hold ORDER BY rowid")?;
            let rows = select.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        })?;
        rows.into_iter().map(|(hold, lifted)| Ok(StoredHold { hold: self.parse(&hold)?, lifted })).collect()
    }

    /// Whether a hold of this name was ever placed, lifted ones included.
    pub fn knows_hold(&self, hold: &HoldId) -> Result<bool, DeskError> {
        self.run(|connection| connection.prepare_cached("SELECT 1 FROM hold WHERE id = ?1")?.exists([hold.as_str()]))
    }

    /// Keeps a hold, durably.
    pub fn place(&self, hold: &Hold) -> Result<(), DeskError> {
        let text = self.text(hold)?;
        self.insist(|connection| {
            connection
                .prepare_cached("INSERT INTO hold(id, hold) VALUES(?1, ?2)")?
                .execute(params![hold.id.as_str(), text])
        })?;
        Ok(())
    }

    /// Notes that a hold is about to be lifted; it holds until [`Self::lifted`].
    pub fn lifting(&self, hold: &HoldId, lift: &Lift) -> Result<(), DeskError> {
        let text = self.text(lift)?;
        self.run(|connection| {
            connection.execute("UPDATE hold SET lift = ?2 WHERE id = ?1", params![hold.as_str(), text])
        })?;
        Ok(())
    }

    /// Says whether a hold is lifted, as the log does.
    pub fn lifted(&self, hold: &HoldId, lifted: bool) -> Result<(), DeskError> {
        self.run(|connection| {
            connection.execute("UPDATE hold SET lifted = ?2 WHERE id = ?1", params![hold.as_str(), lifted])
        })?;
        Ok(())
    }

    /// Keeps a decision and its exceptions, durably and instead of an earlier one.
    pub fn decide(&mut self, decision: &Decision, except: &HashSet<Fingerprint>) -> Result<(), DeskError> {
        let text = self.text(decision)?;
        let plan = decision.plan.as_str();
        let work = |connection: &mut Connection| {
            let transaction = connection.transaction()?;
            transaction.execute("INSERT OR REPLACE INTO decision VALUES(?1, ?2)", params![plan, text])?;
            transaction.execute("DELETE FROM exception WHERE plan = ?1", [plan])?;
            let mut insert = transaction.prepare("INSERT INTO exception VALUES(?1, ?2)")?;
            for fingerprint in except {
                insert.execute(params![plan, fingerprint.as_bytes()])?;
            }
            drop(insert);
            transaction.commit()
        };
        work(&mut self.connection).map_err(|source| failed(&self.path, source))
    }

    /// The decision on a plan.
    pub fn decision(&self, plan: &PlanId) -> Result<Option<Decision>, DeskError> {
        let text: Option<String> = self.run(|connection| {
            let mut select = connection.prepare_cached("SELECT decision FROM decision WHERE plan = ?1")?;
            select.query_row([plan.as_str()], |row| row.get(0)).optional()
        })?;
        text.map(|text| self.parse(&text)).transpose()
    }

    /// The records that an approval left out.
    pub fn exceptions(&self, plan: &PlanId) -> Result<HashSet<Fingerprint>, DeskError> {
        self.run(|connection| {
            let mut select = connection.prepare("SELECT fp FROM exception WHERE plan = ?1")?;
            let rows = select.query_map([plan.as_str()], |row| Ok(Fingerprint::from_bytes(row.get(0)?)))?;
            rows.collect()
        })
    }

    /// Whether an approval left this record out.
    pub fn is_excepted(&self, plan: &PlanId, record: &Fingerprint) -> Result<bool, DeskError> {
        self.run(|connection| {
            let mut select = connection.prepare("SELECT 1 FROM exception WHERE plan = ?1 AND fp = ?2")?;
            select.exists((plan.as_str(), record.as_bytes()))
        })
    }

    /// Erases what was kept for the execution of a plan.
    pub fn forget(&self, plan: &PlanId) -> Result<(), DeskError> {
        // A start erases what is done, and a full disk must not keep anybody from starting.
        self.insist(|connection| connection.execute("DELETE FROM exception WHERE plan = ?1", [plan.as_str()]))?;
        Ok(())
    }

    pub(super) fn room(&self) -> &Room {
        &self.room
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn run<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, DeskError> {
        work(&self.connection).map_err(|source| failed(&self.path, source))
    }

    /// The same for what a person says to keep something, and for a start: where the disk is full, with the room that
    /// was set aside.
    pub(super) fn insist<T>(&self, work: impl Fn(&Connection) -> rusqlite::Result<T>) -> Result<T, DeskError> {
        match self.run(&work) {
            Err(error) if error.may_be_full() && self.room.give_back() => self.run(&work),
            done => done,
        }
    }

    pub(super) fn text(&self, value: &impl Serialize) -> Result<String, DeskError> {
        serde_json::to_string(value).map_err(|source| DeskError::Form { path: self.path.clone(), source })
    }

    pub(super) fn parse<T: for<'t> Deserialize<'t>>(&self, text: &str) -> Result<T, DeskError> {
        serde_json::from_str(text).map_err(|source| DeskError::Form { path: self.path.clone(), source })
    }
}

/// What the private database could not do.
fn failed(path: &Path, source: rusqlite::Error) -> DeskError {
    let path = path.to_owned();
    match source.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => DeskError::Full { path },
        _ => DeskError::Database { path, source },
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    // The journal stays where it is and is written in place, as the database's free pages are: see `set_pages_aside`.
    connection.pragma_update_and_check(None, "journal_mode", "PERSIST", |_| Ok(()))?;
    // Acknowledged means durable: a commit is over when the journal's end is synced, and no directory changes with it.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "secure_delete", true)?;
    connection.execute_batch(SCHEMA)?;
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn what_a_person_says_on_a_full_disk_is_kept_in_the_room_that_was_set_aside() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("private")).unwrap();
        let store = Store::open(&dir.path().join("desk.db"), Room::of(dir.path())).unwrap();
        let tries = Cell::new(0);
        let full_at_first = |_: &Connection| {
            tries.set(tries.get() + 1);
            let full = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_FULL);
            if tries.get() % 2 == 1 { Err(rusqlite::Error::SqliteFailure(full, None)) } else { Ok(()) }
        };
        store.room().set_aside().unwrap();
        assert!(dir.path().join("private/room").exists());
        assert_eq!(store.run(full_at_first).unwrap_err().code(), "disk-full");
        assert!(dir.path().join("private/room").exists(), "what the daemon notes by itself leaves it");
        tries.set(0);
        store.insist(full_at_first).unwrap();
        assert!(!dir.path().join("private/room").exists(), "given back");
        assert_eq!(store.insist(full_at_first).unwrap_err().code(), "disk-full", "there is no more of it");
    }

    #[test]
    fn what_is_done_is_erased_on_a_full_disk_too() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("private")).unwrap();
        let store = Store::open(&dir.path().join("desk.db"), Room::of(dir.path())).unwrap();
        let room = dir.path().join("private/room");
        let is_full = room.clone();
        let fill = move |_: &rusqlite::functions::Context<'_>| {
            let full = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_FULL);
            if is_full.exists() { Err(rusqlite::Error::SqliteFailure(full, None)) } else { Ok(0) }
        };
        let flags = rusqlite::functions::FunctionFlags::default();
        store.connection.create_scalar_function("full_at_first", 0, flags, fill).unwrap();
        let plan = PlanId::from("2026-11-21-4f9a2c01");
        let excepted = "INSERT INTO exception VALUES('2026-11-21-4f9a2c01', x'00');
            CREATE TEMP TRIGGER full BEFORE DELETE ON exception BEGIN SELECT full_at_first(); END";
        store.connection.execute_batch(excepted).unwrap();
        store.room().set_aside().unwrap();
        store.forget(&plan).unwrap();
        assert!(!room.exists(), "given back");
        let left = store.connection.query_row("SELECT count(*) FROM exception", [], |row| row.get::<_, i64>(0));
        assert_eq!(left.unwrap(), 0);
    }

    #[test]
    fn a_full_disk_is_told_once_and_with_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("desk.db"), Room::of(dir.path())).unwrap();
        let long = "x".repeat(1 << 16);
        let refusal = store
            .run(|connection| {
                connection.pragma_update_and_check(None, "max_page_count", 1, |_| Ok(()))?;
                connection.execute("INSERT INTO memo VALUES('name', ?1)", [&long])
            })
            .unwrap_err()
            .refusal();
        assert_eq!(refusal.code, "disk-full");
        assert_eq!(refusal.message.matches("full").count(), 1, "{}", refusal.message);
        assert!(refusal.message.contains("free space there"), "{}", refusal.message);
    }
}
