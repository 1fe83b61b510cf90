//! What a writer leaves in the WAL, moved into the database file between its transactions and at its end.

use super::StoreError;
use super::write::Writer;

/// When the WAL is to be moved into the database file, between transactions. SQLite's own way, inside a COMMIT, would
/// write the same pages of the database again and again, and keep the write lock meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relief {
    /// At 4 MB, as SQLite does it: the application's own automatic checkpoint then finds nothing of ours to do.
    Soon,
    /// At 128 MiB, or what two chunks as large as the last write where that is more, to 512 MiB: pages that many chunks
    /// have changed are moved only once, and a WAL that begins anew where it is short grows on the disk no more.
    Late,
}

impl Relief {
    /// Bytes in the WAL that are not in the database file yet, so many of them since it was looked at last.
    fn at(self, added: u64) -> u64 {
        match self {
            Self::Soon => 4_000_000,
            Self::Late => added.saturating_mul(2).clamp(128 << 20, 512 << 20),
        }
    }
}

impl Writer {
    /// Moves the WAL into the database file when it is long. Stops at a reader, waits for nobody, keeps no writer out.
    ///
    /// To be called between transactions; in rollback mode there is nothing to do.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn relieve(&mut self, relief: Relief) -> Result<(), StoreError> {
        if !self.is_wal {
            return Ok(());
        }
        let (in_log, moved) = self.checkpoint("PRAGMA main.wal_checkpoint(NOOP)")?;
        let waiting = in_log.saturating_sub(moved).saturating_mul(self.page_size);
        let added = waiting.saturating_sub(self.waiting);
        self.waiting = waiting;
        if waiting >= relief.at(added) {
            self.checkpoint("PRAGMA main.wal_checkpoint(PASSIVE)")?;
            self.waiting = 0;
        }
        Ok(())
    }

    /// Pages in the WAL, and how many of them are in the database file already.
    fn checkpoint(&self, pragma: &str) -> Result<(u64, u64), StoreError> {
        self.opened
            .conn
            .prepare_cached(pragma)
            .and_then(|mut statement| {
                statement.query_row([], |row| {
                    Ok((row.get::<_, i64>(1)?.max(0).unsigned_abs(), row.get::<_, i64>(2)?.max(0).unsigned_abs()))
                })
            })
            .map_err(|e| StoreError::of(&self.opened.conn, e))
    }
}

impl Drop for Writer {
    /// Moves what is left in the WAL, which the application's next COMMIT would have to move otherwise. Where that
    /// fails, it will.
    fn drop(&mut self) {
        if self.is_wal {
            let _ = self.checkpoint("PRAGMA main.wal_checkpoint(PASSIVE)");
        }
    }
}
