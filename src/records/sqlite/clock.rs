//! Functions of date and time that do not tell the time.
//!
//! SQLite's own answer `now` by the clock, and `localtime` by the machine's zone, whether these words stand in an
//! expression, in a view or in a column. Ours refuse them at the moment at which they come, and otherwise answer as
//! SQLite's do, for they ask these. Only while rows are changed, triggers of the application may ask for the time; and
//! while such a change is compiled, for SQLite holds what a condition asks for against its statistics already then.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, params_from_iter};

/// These functions, and the places of the arguments that give a moment: where none is given, it is the present.
pub(super) const FUNCTIONS: [(&str, &[usize]); 7] = [
    ("date", &[0]),
    ("time", &[0]),
    ("datetime", &[0]),
    ("julianday", &[0]),
    ("unixepoch", &[0]),
    ("strftime", &[1]),
    ("timediff", &[0, 1]),
];

/// Moments that are the present time.
pub(super) const NOW: [&str; 3] = ["now", "subsec", "subsecond"];

/// What asks for the zone of the machine, which is a service's today and a person's tomorrow.
pub(super) const ZONES: [&str; 2] = ["localtime", "utc"];

/// Why ours refuse to answer.
const REFUSAL: &str = "is to tell the present time, or to go by the machine's zone";

/// Whether the statements of a connection may ask for the time.
#[derive(Clone, Debug)]
pub(super) struct TimeFunctions(Arc<AtomicBool>);

impl TimeFunctions {
    /// Puts our functions in the place of SQLite's own; from now on they refuse to tell the time.
    ///
    /// # Errors
    /// SQLite is out of memory, or the connection is busy with a statement.
    pub(super) fn hide_from(conn: &Connection) -> rusqlite::Result<Self> {
        let clock = Self(Arc::new(AtomicBool::new(false)));
        // What SQLite itself says is asked on a connection that has its functions still.
        let sqlite = Arc::new(Mutex::new(Connection::open_in_memory()?));
        // As SQLite's own: a schema may call them, also in an index.
        let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
        for (name, moments) in FUNCTIONS {
            let (clock, sqlite) = (clock.clone(), Arc::clone(&sqlite));
            conn.create_scalar_function(name, -1, flags, move |context| {
                if !clock.0.load(Ordering::Relaxed) && asks_the_clock(context, moments) {
                    let refusal = format!("{name}() {REFUSAL}");
                    return Err(rusqlite::Error::UserFunctionError(refusal.into()));
                }
                answer(&sqlite.lock().unwrap_or_else(PoisonError::into_inner), name, context)
            })?;
        }
        Ok(clock)
    }

    /// Does this while the application's triggers may ask for the time.
    pub(super) fn told<T>(&self, work: impl FnOnce() -> T) -> T {
        self.0.store(true, Ordering::Relaxed);
        let done = work();
        self.0.store(false, Ordering::Relaxed);
        done
    }
}

/// Whether a statement failed because one of ours refused to answer.
pub(super) fn is_refusal(error: &rusqlite::Error) -> bool {
    matches!(error, rusqlite::Error::SqliteFailure(_, Some(message)) if message.ends_with(REFUSAL))
}

/// Whether the answer hangs on more than the arguments.
fn asks_the_clock(context: &Context<'_>, moments: &[usize]) -> bool {
    let says = |place: usize, words: &[&str]| match context.get_raw(place) {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            // As SQLite reads a text: up to its first NUL.
            let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
            words.iter().any(|word| text.eq_ignore_ascii_case(word.as_bytes()))
        }
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => false,
    };
    moments.iter().any(|moment| *moment >= context.len() || says(*moment, &NOW))
        || (0..context.len()).any(|place| says(place, &ZONES))
}

/// What SQLite's own function says.
fn answer(sqlite: &Connection, name: &str, context: &Context<'_>) -> rusqlite::Result<Value> {
    let places: Vec<String> = (1..=context.len()).map(|place| format!("?{place}")).collect();
    let mut select = sqlite.prepare_cached(&format!("SELECT {name}({})", places.join(", ")))?;
    let values = (0..context.len()).map(|place| ToSqlOutput::Borrowed(context.get_raw(place)));
    select.query_row(params_from_iter(values), |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Calls with a moment of their own.
    const CALLS: [&str; 14] = [
        "date('2024-02-30')",
        "date('2024-01-31', '+1 month', 'floor')",
        "datetime(2460000.5)",
        "datetime(1700000000, 'unixepoch', 'subsec')",
        "time('12:34:56.789', 'subsecond')",
        "julianday('2024-01-01T00:00:00Z')",
        "unixepoch('2024-01-01', 'start of year')",
        "strftime('%Y now', '2024-01-01')",
        "strftime('now', '2024-01-01')",
        "timediff('2024-01-01', '2023-01-01')",
        "date(NULL)",
        "date(x'323032342d30312d3031')",
        "date('soon')",
        "typeof(unixepoch('2024-01-01'))",
    ];

    /// Calls that ask for the present, or for the machine's zone, however they say so.
    const CLOCKS: [&str; 14] = [
        "date()",
        "date('now')",
        "date('NoW', '-1 year')",
        "date(x'6e6f77')",
        "date(CAST(x'6e6f770078' AS TEXT))",
        "date('n' || 'ow')",
        "unixepoch('subsec')",
        "julianday('subsecond')",
        "strftime('%s')",
        "strftime('%s', 'now')",
        "timediff('2024-01-01', 'now')",
        "datetime('2024-01-01', 'localtime')",
        "datetime('2024-01-01', '+1 day', 'UTC')",
        "(WITH word(said) AS (VALUES ('now')) SELECT date(said) FROM word)",
    ];

    fn ask(conn: &Connection, call: &str) -> rusqlite::Result<Value> {
        conn.query_row(&format!("SELECT {call}"), [], |row| row.get(0))
    }

    #[test]
    fn a_moment_that_is_given_is_answered_as_sqlite_answers_it() {
        let (own, ours) = (Connection::open_in_memory().unwrap(), Connection::open_in_memory().unwrap());
        TimeFunctions::hide_from(&ours).unwrap();
        for call in CALLS {
            assert_eq!(ask(&ours, call).unwrap(), ask(&own, call).unwrap(), "{call}");
        }
    }

    #[test]
    fn the_present_is_told_only_while_it_may_be() {
        let conn = Connection::open_in_memory().unwrap();
        let clock = TimeFunctions::hide_from(&conn).unwrap();
        for call in CLOCKS {
            assert!(ask(&conn, call).is_err_and(|error| error.to_string().contains("present time")), "{call}");
            assert_ne!(clock.told(|| ask(&conn, call)).unwrap(), Value::Null, "{call}");
            assert!(ask(&conn, call).is_err(), "{call} afterwards");
        }
    }

    #[test]
    fn a_schema_calls_them_as_it_calls_sqlite_s_own() {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(
            "CREATE TABLE t(at TEXT, day TEXT AS (date(at)) STORED, CHECK (julianday(at) > 0));
             CREATE INDEX t_year ON t(strftime('%Y', at)); INSERT INTO t(at) VALUES ('2024-05-01');",
        )
        .unwrap();
        conn.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false).unwrap();
        TimeFunctions::hide_from(&conn).unwrap();
        conn.execute_batch(
            "INSERT INTO t(at) VALUES ('2025-05-01'); UPDATE t SET at = '2023-05-01' WHERE day < '2025'",
        )
        .unwrap();
        let years: Vec<String> = conn
            .prepare("SELECT day FROM t WHERE strftime('%Y', at) > '2000' ORDER BY strftime('%Y', at)")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        assert_eq!(years, ["2023-05-01", "2025-05-01"]);
        assert_eq!(conn.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0)).unwrap(), "ok");
    }
}
