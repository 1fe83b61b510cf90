//! Connections to an owner's database: opened only where that is safe, with every setting read back, and closed so that
//! the directory looks as before.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};

use super::clock::TimeFunctions;
use super::deadline::Deadline;
use super::expression::Call;
use super::guard::{self, Noted, Write};
use super::{StoreError, safety};
use crate::records::masks;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// `query_only`: no statement changes the database.
    Read,
    Write,
}

/// The oldest SQLite in which two programs may safely share a database in WAL mode.
const OLDEST_SQLITE: i32 = 3_051_003;

/// How long a statement waits for the application.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// An open connection. Readers close before the writer of the same database, or its WAL stays behind.
pub struct Opened {
    pub conn: Connection,
    database: PathBuf,
    purpose: Purpose,
    noted: Noted,
    pub(super) deadline: Deadline,
    pub(super) clock: TimeFunctions,
    file: FileId,
}

/// Device and inode.
type FileId = (u64, u64);

impl Opened {
    /// Opens a database, unless that could lock its application out.
    ///
    /// A reader opens for writing too, with `query_only`: only a connection that may write removes the `-wal` and
    /// `-shm` that it had to create.
    ///
    /// # Errors
    /// [`StoreError::UnsafeToOpen`], or what ails the file.
    pub fn open(database: &Path, purpose: Purpose) -> Result<Self, StoreError> {
        if rusqlite::version_number() < OLDEST_SQLITE {
            return Err(StoreError::SqliteTooOld { found: rusqlite::version() });
        }
        let database = safety::safe_path(database)?;
        let file = file_at(&database)?;
        enter(file, &database, purpose);
        let flags =
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        let opened = Connection::open_with_flags(&database, flags)
            .and_then(|mut conn| Ok((Deadline::on(&mut conn)?, TimeFunctions::hide_from(&conn)?, conn)));
        let (deadline, clock, conn) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                leave(file, &database);
                return Err(StoreError::at(database, error));
            }
        };
        let mut opened = Self { conn, database, purpose, noted: Noted::default(), deadline, clock, file };
        opened.settle()?;
        opened.in_place()?;
        let watched = match purpose {
            Purpose::Read => guard::only_reads(&mut opened.conn),
            Purpose::Write => guard::all(&mut opened.conn),
        };
        opened.noted = watched.map_err(|error| opened.failed(error))?;
        Ok(opened)
    }

    /// The tables that these statements read, in lower case; SQLite refuses a statement that does anything else.
    ///
    /// # Errors
    /// The first statement that cannot be prepared.
    pub fn tables_read_by<'s>(
        &self,
        statements: impl IntoIterator<Item = &'s str>,
    ) -> Result<BTreeSet<String>, StoreError> {
        self.noted.take_reads();
        for sql in statements {
            self.conn.prepare(sql).map_err(|error| self.failed(error))?;
        }
        Ok(self.noted.take_reads().into_iter().map(|(table, _)| table).collect())
    }

    /// The tables that a statement reads and their columns, in lower case.
    ///
    /// # Errors
    /// It cannot be prepared.
    pub fn columns_read_by(&self, sql: &str) -> rusqlite::Result<BTreeSet<(String, String)>> {
        self.noted.take_reads();
        self.conn.prepare(sql)?;
        Ok(self.noted.take_reads())
    }

    /// The functions that a statement calls, operators that are functions to SQLite included.
    ///
    /// # Errors
    /// It cannot be prepared.
    pub fn calls_of(&self, sql: &str) -> rusqlite::Result<BTreeSet<Call>> {
        self.noted.take_calls();
        self.conn.prepare(sql)?;
        Ok(self.noted.take_calls())
    }

    /// What a statement would write if it were executed: itself, its foreign keys and the application's triggers.
    /// SQLite compiles it, so this holds for the schema as it is now. None with an expression of a mapping: these
    /// triggers may ask for the time.
    ///
    /// # Errors
    /// It cannot be prepared: a trigger may use what only its application has.
    pub fn writes_of(&self, sql: &str) -> rusqlite::Result<BTreeSet<Write>> {
        let (prepared, writes) = self.noted.writes_of(|| self.clock.told(|| self.conn.prepare(sql).map(drop)));
        prepared.map(|()| writes)
    }

    /// That the file that was opened still stands at its path. SQLite goes on with one that was moved away, while the
    /// application already works with another in its place.
    ///
    /// # Errors
    /// [`StoreError::Replaced`].
    pub fn in_place(&self) -> Result<(), StoreError> {
        match file_at(&self.database) {
            Ok(file) if file == self.file => Ok(()),
            _ => Err(StoreError::Replaced { database: self.database.clone() }),
        }
    }

    fn settle(&self) -> Result<(), StoreError> {
        let failed = |error| StoreError::at(self.database.clone(), error);
        self.conn.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
        self.conn.set_prepared_statement_cache_capacity(256);
        self.protect()?;
        // The first statement that reads the file: tells a database from anything else.
        self.conn.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())).map_err(failed)?;
        masks::register(&self.conn).map_err(failed)?;
        let query_only = if self.purpose == Purpose::Read { "1" } else { "0" };
        for (pragma, value) in [
            ("query_only", query_only),
            ("foreign_keys", "1"),
            ("cell_size_check", "1"),
            ("mmap_size", "0"),
            // A sort must not spill personal information into a file.
            ("temp_store", "2"),
            ("cache_size", "-8000"),
        ] {
            self.set(pragma, value)?;
        }
        Ok(())
    }

    /// Keeps a hostile schema from running anything through us.
    fn protect(&self) -> Result<(), StoreError> {
        for (config, setting, wanted) in [
            (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, "DEFENSIVE", true),
            (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, "TRUSTED_SCHEMA", false),
            (DbConfig::SQLITE_DBCONFIG_DQS_DML, "DQS_DML", false),
            (DbConfig::SQLITE_DBCONFIG_DQS_DDL, "DQS_DDL", false),
            (DbConfig::SQLITE_DBCONFIG_WRITABLE_SCHEMA, "WRITABLE_SCHEMA", false),
        ] {
            self.conn.set_db_config(config, wanted).map_err(|error| self.failed(error))?;
            let found = self.conn.db_config(config).map_err(|error| self.failed(error))?;
            self.check(setting, wanted.to_string(), found.to_string())?;
        }
        for (limit, setting, wanted) in [
            (Limit::SQLITE_LIMIT_ATTACHED, "LIMIT_ATTACHED", 0),
            (Limit::SQLITE_LIMIT_WORKER_THREADS, "LIMIT_WORKER_THREADS", 0),
            (Limit::SQLITE_LIMIT_EXPR_DEPTH, "LIMIT_EXPR_DEPTH", 300),
            (Limit::SQLITE_LIMIT_COMPOUND_SELECT, "LIMIT_COMPOUND_SELECT", 500),
            (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, "LIMIT_LIKE_PATTERN_LENGTH", 1_000),
            (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, "LIMIT_TRIGGER_DEPTH", 100),
        ] {
            self.conn.set_limit(limit, wanted).map_err(|error| self.failed(error))?;
            let found = self.conn.limit(limit).map_err(|error| self.failed(error))?;
            self.check(setting, wanted.to_string(), found.to_string())?;
        }
        Ok(())
    }

    /// Sets a pragma and reads it back.
    ///
    /// # Errors
    /// [`StoreError::Setting`] where it does not take.
    pub fn set(&self, pragma: &'static str, wanted: &str) -> Result<(), StoreError> {
        self.conn.pragma_update(None, pragma, wanted).map_err(|error| self.failed(error))?;
        let found = self
            .conn
            .pragma_query_value(None, pragma, |row| row.get_ref(0).map(text_of))
            .map_err(|error| self.failed(error))?;
        self.check(pragma, wanted.to_owned(), found)
    }

    fn check(&self, setting: &'static str, wanted: String, found: String) -> Result<(), StoreError> {
        if wanted == found {
            return Ok(());
        }
        Err(StoreError::Setting { database: self.database.clone(), setting, wanted, found })
    }

    fn failed(&self, error: rusqlite::Error) -> StoreError {
        StoreError::at(self.database.clone(), error)
    }
}

fn file_at(database: &Path) -> Result<FileId, StoreError> {
    let data = database.metadata().map_err(|_| StoreError::Missing { database: database.to_owned() })?;
    Ok((data.dev(), data.ino()))
}

fn text_of(value: rusqlite::types::ValueRef<'_>) -> String {
    match value {
        rusqlite::types::ValueRef::Integer(number) => number.to_string(),
        other => other.as_str().unwrap_or_default().to_owned(),
    }
}

impl Drop for Opened {
    /// The last connection to a WAL database checkpoints it and removes `-wal` and `-shm`. Wanted after we wrote, and
    /// where both exist only because we read; otherwise they are the application's, and are left as they are. So they
    /// are where another database was put in the place of ours: SQLite would remove that one's.
    fn drop(&mut self) {
        let may_clean = leave(self.file, &self.database);
        if !may_clean || self.in_place().is_err() {
            // A connection that cannot be configured any more closes as SQLite sees fit; nothing is lost either way.
            let _ = self.conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        }
    }
}

/// What this process holds open. By file: where another was put in the place of one, each is cleaned up after by
/// itself.
static OPEN: Mutex<BTreeMap<FileId, Presence>> = Mutex::new(BTreeMap::new());

struct Presence {
    connections: usize,
    /// Whether a `-wal` stood there before our first connection.
    wal_before: bool,
    wrote: bool,
}

fn presences() -> MutexGuard<'static, BTreeMap<FileId, Presence>> {
    // The map is whole after every statement below, so a panic elsewhere leaves it usable.
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn enter(file: FileId, database: &Path, purpose: Purpose) {
    let mut presences = presences();
    let presence = presences.entry(file).or_insert_with(|| Presence {
        connections: 0,
        wal_before: wal_size(database).is_some(),
        wrote: false,
    });
    presence.connections += 1;
    presence.wrote |= purpose == Purpose::Write;
}

/// Whether the connection that leaves may clean up after itself.
fn leave(file: FileId, database: &Path) -> bool {
    let mut presences = presences();
    let Some(presence) = presences.get_mut(&file) else { return false };
    presence.connections -= 1;
    let may_clean = presence.wrote || (!presence.wal_before && wal_size(database).unwrap_or(0) == 0);
    if presence.connections == 0 {
        presences.remove(&file);
    }
    may_clean
}

/// Bytes of the database's WAL, where it has one.
fn wal_size(database: &Path) -> Option<u64> {
    let mut wal = database.as_os_str().to_owned();
    wal.push("-wal");
    std::fs::metadata(PathBuf::from(wal)).ok().map(|file| file.len())
}
