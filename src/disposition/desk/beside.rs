//! The holds in force, for whoever neither takes the state nor asks its holder, and only looks.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::state;
use crate::disposition::holds::Hold;

/// The holds that the private database has in force; `None` where it cannot be read, by this user or now.
pub fn holds_beside(state: &Path) -> Option<Vec<Hold>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(state::database(state), flags).ok()?;
    let mut select = connection.prepare("SELECT hold FROM hold WHERE NOT lifted ORDER BY rowid").ok()?;
    let texts = select.query_map([], |row| row.get::<_, String>(0)).ok()?;
    let texts: Vec<String> = texts.collect::<rusqlite::Result<_>>().ok()?;
    texts.iter().map(|text| serde_json::from_str(text).ok()).collect()
}
