//! The application that owns the database: commits every ten milliseconds, and notes how long each takes.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rusqlite::Connection;

/// What the application saw: the latency of each commit, sorted.
pub struct Neighbour(Vec<Duration>);

/// An application at work.
pub struct Living {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<rusqlite::Result<Vec<Duration>>>,
}

/// Starts the application on its database.
pub fn start(database: &Path) -> Result<Living, Box<dyn Error>> {
    let conn = Connection::open(database)?;
    conn.busy_timeout(Duration::from_secs(5))?;
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    Ok(Living { stop, thread: thread::spawn(move || work(&conn, &stopped)) })
}

fn work(conn: &Connection, stop: &AtomicBool) -> rusqlite::Result<Vec<Duration>> {
    let mut seen = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let started = Instant::now();
        // Open dossiers only: what is planned must not change.
        conn.execute(
            "UPDATE dossier SET subject = ?1 WHERE closed_at IS NULL AND id = 1 + abs(random()) % 300000",
            [seen.len() as i64],
        )?;
        seen.push(started.elapsed());
        thread::sleep(Duration::from_millis(10));
    }
    Ok(seen)
}

impl Living {
    /// Stops the application.
    pub fn stop(self) -> Result<Neighbour, Box<dyn Error>> {
        self.stop.store(true, Ordering::Relaxed);
        let mut seen = self.thread.join().map_err(|_| "the application's thread panicked")??;
        seen.sort_unstable();
        Ok(Neighbour(seen))
    }
}

impl Neighbour {
    pub fn commits(&self) -> usize {
        self.0.len()
    }

    /// The latency that this share of the commits did not exceed.
    pub fn latency(&self, share: f64) -> Duration {
        let place = ((self.0.len() as f64 * share).ceil() as usize).saturating_sub(1);
        self.0.get(place).copied().unwrap_or_default()
    }
}
