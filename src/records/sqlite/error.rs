//! What can go wrong in a records database.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, ffi};

use super::{FENCE_TABLE, Queries, expression};
use crate::model::{PartName, SeriesName};

/// What went wrong in a records database. Names paths, tables and columns; never a value of a record.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("there is no database file {}; correct `sqlite` of this source, or create the database", database.display())]
    Missing { database: PathBuf },
    #[error("{} is not a file; `sqlite` must name a database file", database.display())]
    NotAFile { database: PathBuf },
    #[error("{} is not an SQLite database (or it is encrypted); correct `sqlite` of this source", database.display())]
    NotADatabase { database: PathBuf },
    #[error("the database {} is damaged; run `PRAGMA integrity_check` on a copy and restore or repair it", database.display())]
    Corrupt { database: PathBuf },
    #[error("another program keeps {} locked; try again later", database.display())]
    Locked { database: PathBuf },
    #[error(
        "a program crashed while it wrote {}, and whoever opens it next undoes what was left unfinished; start its application, or, if retentiond itself was interrupted, run the same `retentiond apply` again", database.display()
    )]
    Unfinished { database: PathBuf },
    #[error("{} cannot be written; give this user the right to write the file and its directory, and mount its file system for writing where it is read-only", database.display())]
    ReadOnly { database: PathBuf },
    #[error("{} cannot be opened; give this user the right to read the file and to pass its directories", database.display())]
    NoAccess { database: PathBuf },
    /// Opening it could lock its application out (design, section 13).
    #[error("{} is not opened: {reason}; {mend}", database.display())]
    UnsafeToOpen { database: PathBuf, reason: String, mend: String },
    #[error("the disk of {} is full, or a write to it failed for lack of room; free some space", database.display())]
    DiskFull { database: PathBuf },
    #[error("reading or writing {} failed (SQLite code {code}); look at the disk and the system's log", database.display())]
    Io { database: PathBuf, code: i32 },
    #[error("SQLite {found} can corrupt a database shared by two programs; build with 3.51.3 or later")]
    SqliteTooOld { found: &'static str },
    #[error("the setting {setting} of {} stays at {found} instead of {wanted}", database.display())]
    Setting { database: PathBuf, setting: &'static str, wanted: String, found: String },
    /// The mapping names what the database does not have.
    #[error("{} does not have what the mapping names: {message}; run `retentiond check`", database.display())]
    Schema { database: PathBuf, message: String },
    /// The mapping names a series that this source does not have.
    #[error(
        "no series {series} is mapped in this source; a relation must stay within its source: correct the configuration"
    )]
    Unmapped { series: SeriesName },
    #[error("part {part} of series {series} is a part of no part of the record; correct its `of`")]
    PartOfNone { series: SeriesName, part: PartName },
    #[error("the expression cannot be used: {message}")]
    Expression { message: String },
    /// `json_extract` of what is no JSON, a sum too large: an expression of the mapping, or one of the application's (a
    /// generated column, a trigger).
    #[error("{} fails on a row of {} ({message}); correct the value in that row, or let the expression answer for every row (`json_valid(…) AND …`)", failing(at), database.display())]
    RowFails { database: PathBuf, at: Vec<String>, message: String },
    /// Arguments that are no key of the series.
    #[error("this is no key of the series: {message}")]
    Key { message: String },
    #[error("{message} in {}; the change was undone: {mend}", database.display())]
    Constraint { database: PathBuf, message: String, mend: &'static str },
    /// A cascade or a trigger changed more, or less, than the mapping says.
    #[error(
        "{changed} rows changed where the mapping accounts for {counted}; the change was undone; run `retentiond check`"
    )]
    CountDiffers { counted: u64, changed: u64 },
    /// What the first transaction of a connection found is no longer so.
    #[error(
        "the schema of {} was changed during the run: a table, a unique index or a trigger that the records of {series} depend on; run `retentiond check`, then make a new plan", database.display()
    )]
    SchemaChanged { database: PathBuf, series: SeriesName },
    /// SQLite keeps on working with a file that was moved away.
    #[error("another file stands in the place of {}, which was opened; run the same `retentiond apply` again: it goes by the database that stands there now", database.display())]
    Replaced { database: PathBuf },
    #[error("{FENCE_TABLE} of {}, in which the database remembers our batches, cannot be relied on: {message}; {mend}", database.display())]
    FenceTable { database: PathBuf, message: String, mend: String },
    #[error("a statement was interrupted because its time was over")]
    Interrupted { database: PathBuf },
    /// Of a read, each row of which has its time.
    #[error(
        "{} does not answer within {} ms what the mapping asks of a row, and such reads are kept short for its application's sake; look for an expression of the mapping (`filter`, `where`, `on`) that searches a table without an index, or try again when the machine is less busy", database.display(), longest.as_millis()
    )]
    TooSlow { database: PathBuf, longest: Duration },
    #[error("SQLite refused a statement on {}: {message} (code {code})", database.display())]
    Sql { database: PathBuf, code: i32, message: String },
}

impl StoreError {
    /// The stable name of this kind of error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "database-missing",
            Self::NotAFile { .. } => "database-not-a-file",
            Self::NotADatabase { .. } => "not-a-database",
            Self::Corrupt { .. } => "database-corrupt",
            Self::Locked { .. } => "locked",
            Self::Unfinished { .. } => "unfinished-transaction",
            Self::ReadOnly { .. } => "read-only",
            Self::NoAccess { .. } => "no-access",
            Self::UnsafeToOpen { .. } => "unsafe-to-open",
            Self::DiskFull { .. } => "disk-full",
            Self::Io { .. } => "database-io",
            Self::SqliteTooOld { .. } => "sqlite-too-old",
            Self::Setting { .. } => "setting",
            Self::Schema { .. } => "schema",
            Self::Unmapped { .. } => "unmapped",
            Self::PartOfNone { .. } => "part-of-none",
            Self::Expression { .. } => "expression",
            Self::RowFails { .. } => "row-fails",
            Self::Key { .. } => "key",
            Self::Constraint { .. } => "constraint",
            Self::CountDiffers { .. } => "count-differs",
            Self::SchemaChanged { .. } => "schema-changed",
            Self::Replaced { .. } => "database-replaced",
            Self::FenceTable { .. } => "fence-table",
            Self::Interrupted { .. } => "interrupted",
            Self::TooSlow { .. } => "too-slow",
            Self::Sql { .. } => "sql",
        }
    }

    /// Whether another attempt may succeed: another program had the database.
    pub fn is_locked(&self) -> bool {
        matches!(self, Self::Locked { .. })
    }

    /// Whether no further batch may be tried on this connection: the database is no longer the one that was planned
    /// for.
    pub fn ends_the_run(&self) -> bool {
        matches!(self, Self::SchemaChanged { .. } | Self::Replaced { .. } | Self::FenceTable { .. })
    }

    /// The same, of a statement that asks a person's expression: what the statement lacks, or fails on, is the
    /// expression's.
    pub fn in_expression(self) -> Self {
        match self {
            Self::Schema { message, .. } | Self::RowFails { message, .. } | Self::Sql { message, .. } => {
                Self::Expression { message }
            }
            Self::TooSlow { longest, .. } => Self::too_slow(longest),
            other => other,
        }
    }

    /// The same, of a statement made from a mapping: names its expressions, one of which fails on a row.
    pub fn in_mapping(self, queries: &Queries, series: &SeriesName) -> Self {
        match (self, queries.mapping(series)) {
            (Self::RowFails { database, message, .. }, Ok(mapping)) => {
                let at: BTreeSet<String> = expression::all(queries, mapping).into_iter().map(|one| one.at).collect();
                Self::RowFails { database, at: at.into_iter().collect(), message }
            }
            (other, _) => other,
        }
    }

    /// The same, of a statement that asks this expression alone.
    pub fn at_expression(self, at: &str) -> Self {
        match self {
            Self::RowFails { database, message, .. } => Self::RowFails { database, at: vec![at.to_owned()], message },
            other => other,
        }
    }

    /// An expression that a row has no answer to in this time.
    pub fn too_slow(longest: Duration) -> Self {
        let longest = longest.as_millis();
        Self::Expression {
            message: format!(
                "it is not answered within {longest} ms; let it search by an index, or look up what it searches for beforehand and name that"
            ),
        }
    }

    /// What SQLite said on this connection.
    pub fn of(conn: &Connection, error: rusqlite::Error) -> Self {
        Self::at(PathBuf::from(conn.path().unwrap_or_default()), error)
    }

    /// What SQLite said of a statement that reads rows, or changes them, on this connection.
    pub fn of_rows(conn: &Connection, error: rusqlite::Error) -> Self {
        match fails_on_row(&error) {
            true => Self::RowFails {
                database: PathBuf::from(conn.path().unwrap_or_default()),
                at: Vec::new(),
                message: without_values(&error),
            },
            false => Self::of(conn, error),
        }
    }

    /// What SQLite said of this database file.
    pub fn at(database: PathBuf, error: rusqlite::Error) -> Self {
        let failure = match &error {
            rusqlite::Error::SqliteFailure(failure, _) | rusqlite::Error::SqlInputError { error: failure, .. } => {
                failure
            }
            _ => return Self::Sql { database, code: 0, message: without_values(&error) },
        };
        let code = failure.extended_code;
        match failure.code {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed => {
                Self::Locked { database }
            }
            ErrorCode::NotADatabase => Self::NotADatabase { database },
            ErrorCode::DatabaseCorrupt => Self::Corrupt { database },
            ErrorCode::ReadOnly if code == ffi::SQLITE_READONLY_DBMOVED => Self::Replaced { database },
            ErrorCode::ReadOnly => Self::ReadOnly { database },
            ErrorCode::CannotOpen | ErrorCode::PermissionDenied => Self::NoAccess { database },
            ErrorCode::DiskFull => Self::DiskFull { database },
            // Nothing but room for the index of its write-ahead log is asked for there.
            ErrorCode::SystemIoFailure if code == ffi::SQLITE_IOERR_SHMSIZE => Self::DiskFull { database },
            ErrorCode::SystemIoFailure => Self::Io { database, code },
            ErrorCode::OperationInterrupted => Self::Interrupted { database },
            ErrorCode::ConstraintViolation => {
                let (message, mend) = constraint(code, &error);
                Self::Constraint { database, message, mend }
            }
            _ if is_schema_error(&error) => Self::Schema { database, message: without_values(&error) },
            _ => Self::Sql { database, code, message: without_values(&error) },
        }
    }
}

/// Which constraint refused a change, and the mend. SQLite's words on it name tables and columns, except those of a
/// trigger, which are the application's and may hold values. It calls a foreign key that restricts a trigger, too.
fn constraint(code: i32, error: &rusqlite::Error) -> (String, &'static str) {
    let restricts =
        || matches!(error, rusqlite::Error::SqliteFailure(_, Some(words)) if words == "FOREIGN KEY constraint failed");
    match code {
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => (FOREIGN_KEY.0.to_owned(), FOREIGN_KEY.1),
        ffi::SQLITE_CONSTRAINT_TRIGGER if restricts() => (FOREIGN_KEY.0.to_owned(), FOREIGN_KEY.1),
        ffi::SQLITE_CONSTRAINT_TRIGGER => ("a trigger of the application refused a change".to_owned(), CORRECT),
        _ => (without_values(error), CORRECT),
    }
}

const CORRECT: &str = "correct the rows, or the mapping by what `retentiond check` says";

/// What a foreign key that refuses says, and the mend.
const FOREIGN_KEY: (&str, &str) = (
    "a foreign key refused a change: a row that would stay, or could go only later, refers to one that was to go",
    "look which rows refer to those of the record; map them as a part, or, where rows that go together refer to each \
     other, let the mapping detach one side (`owner_gone = \"detach\"`) or declare that foreign key DEFERRABLE \
     INITIALLY DEFERRED",
);

/// Whether a statement that could be prepared failed on the values of a row.
pub(super) fn fails_on_row(error: &rusqlite::Error) -> bool {
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => {
            let code = failure.extended_code & 0xff;
            [ffi::SQLITE_ERROR, ffi::SQLITE_TOOBIG, ffi::SQLITE_MISMATCH].contains(&code) && !is_schema_error(error)
        }
        _ => false,
    }
}

/// Which of a mapping's expressions may have failed.
fn failing(at: &[String]) -> String {
    match at {
        [] => "an expression of the mapping, or a generated column or a trigger of the application,".to_owned(),
        [only] => format!("the expression of {only}"),
        several => format!("one of the expressions of {}", several.join(", ")),
    }
}

fn is_schema_error(error: &rusqlite::Error) -> bool {
    match error {
        rusqlite::Error::SqliteFailure(_, Some(message)) | rusqlite::Error::SqlInputError { msg: message, .. } => {
            ["no such table", "no such column", "no such index"].iter().any(|start| message.starts_with(start))
        }
        _ => false,
    }
}

/// SQLite's words without the statement, which may hold values of the configuration, and without what a function quotes
/// of a row (`bad JSON path: '…'`).
fn without_values(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        rusqlite::Error::SqliteFailure(_, Some(message)) if fails_on_row(error) => {
            message.split([':', '\'', '"', '`']).next().unwrap_or_default().trim_end().to_owned()
        }
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        rusqlite::Error::SqliteFailure(failure, None) => failure.to_string(),
        rusqlite::Error::Utf8Error(..) => "a text is not UTF-8".to_owned(),
        rusqlite::Error::UnwindingPanic => "a function panicked".to_owned(),
        rusqlite::Error::NulError(_) => "a name holds a NUL character".to_owned(),
        _ => "a value has not the expected form".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told of the failure of an expression on the only row of a table, as that of a row and of a statement.
    fn told(row: &str, expression: &str) -> String {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(&format!("CREATE TABLE t(v); INSERT INTO t VALUES ({row});")).unwrap();
        let select = format!("SELECT {expression} IS NULL FROM t");
        let ask = || conn.query_row(&select, [], |row| row.get::<_, bool>(0)).unwrap_err();
        assert!(fails_on_row(&ask()));
        format!("{} {}", StoreError::of_rows(&conn, ask()), StoreError::of(&conn, ask()))
    }

    #[test]
    fn why_a_row_fails_is_told_without_what_the_row_holds() {
        for (row, expression, why) in [
            ("'Tremblay, Jeanne'", "json_extract('{}', v)", "bad JSON path"),
            ("'{Tremblay'", "json_extract(v, '$.a')", "malformed JSON"),
            ("-9223372036854775807 - 1", "abs(v)", "integer overflow"),
        ] {
            let told = told(row, expression);
            assert!(told.contains(why) && !told.contains("Tremblay"), "{told}");
        }
    }

    #[test]
    fn no_room_for_the_index_of_a_write_ahead_log_is_a_full_disk() {
        let of = |code| StoreError::at("app.db".into(), rusqlite::Error::SqliteFailure(ffi::Error::new(code), None));
        for (code, told) in [
            (ffi::SQLITE_FULL, "disk-full"),
            (ffi::SQLITE_IOERR_SHMSIZE, "disk-full"),
            (ffi::SQLITE_IOERR_READ, "database-io"),
        ] {
            assert_eq!(of(code).code(), told, "{code}");
        }
    }
}
