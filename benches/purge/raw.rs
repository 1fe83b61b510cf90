//! The raw engine: everything due in one transaction.

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use retentiond::records::sqlite::CACHE_KIB;
use rusqlite::Connection;
use rustix::time::{ClockId, clock_gettime};

use crate::dataset;

/// What it took.
pub struct Raw {
    pub seconds: f64,
    /// Seconds of processor time.
    pub cpu: f64,
    pub rows: u64,
}

/// Deletes what is due and closes the database.
pub fn purge(database: &Path) -> Result<Raw, Box<dyn Error>> {
    let (started, cpu) = (Instant::now(), cpu_seconds());
    let mut conn = Connection::open(database)?;
    for (pragma, value) in [("synchronous", 3), ("secure_delete", 1), ("foreign_keys", 1), ("cache_size", -CACHE_KIB)] {
        conn.pragma_update(None, pragma, value)?;
    }
    let cut = dataset::cut();
    let txn = conn.transaction()?;
    let mut rows = 0;
    for sql in [
        "DELETE FROM message WHERE dossier_id IN (SELECT id FROM dossier WHERE closed_at < ?1)",
        "DELETE FROM document WHERE dossier_id IN (SELECT id FROM dossier WHERE closed_at < ?1)",
        "DELETE FROM dossier WHERE closed_at < ?1",
    ] {
        rows += txn.execute(sql, [&cut])? as u64;
    }
    txn.commit()?;
    conn.close().map_err(|(_, error)| error)?;
    Ok(Raw { seconds: started.elapsed().as_secs_f64(), cpu: cpu_seconds() - cpu, rows })
}

fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
