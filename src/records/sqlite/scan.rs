//! Reading every row of a series without standing in the application's way.

use std::ops::ControlFlow;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{CachedStatement, Connection, Row};

use super::StoreError;
use super::read::{Glance, Others};
use super::reader::Interest;
use super::select::FactsQuery;
use super::value::{bind_key, key_at};
use crate::model::RecordKey;
use crate::records::facts::{EventFact, Facts};

/// In rollback mode a reader keeps writers from committing: this long at most, then they have a turn.
const LONGEST_READ: Duration = Duration::from_millis(20);

/// Long enough for a writer that waits to take the lock.
const TURN: Duration = Duration::from_millis(2);

/// The clock is looked at once in so many rows.
const ROWS_BETWEEN_LOOKS: u32 = 64;

/// Records that are read whole together, in the order of their keys: an index of dates gives them in an order in which each lies on another page.
/// In rollback mode each is read under the lock under which it was seen.
const READ_TOGETHER: usize = 65_536;

impl FactsQuery {
    /// The facts of every row, filtered ones included, in no particular order.
    ///
    /// # Errors
    /// A statement that the database refuses, or that failed.
    pub fn scan(&self, conn: &Connection, visit: &mut dyn FnMut(&Facts) -> ControlFlow<()>) -> Result<(), StoreError> {
        let mut scan = || {
            let mut others = Others::prepare(self, conn)?;
            self.each_row(conn, &self.all, &mut |row| Ok(visit(&self.facts(row, &mut others)?)))
        };
        scan().map_err(|error| StoreError::of(conn, error))
    }

    /// Every row: `judge` sees whether it is in scope and its events, and says whether `visit` gets all of its facts.
    ///
    /// # Errors
    /// A statement that the database refuses, or that failed.
    pub fn scan_events(
        &self,
        conn: &Connection,
        judge: &mut dyn FnMut(bool, &[EventFact]) -> Interest,
        visit: &mut dyn FnMut(&Facts),
    ) -> Result<(), StoreError> {
        let mut scan = || {
            let mut others = Others::prepare(self, conn)?;
            let mut by_key = conn.prepare_cached(&self.by_key)?;
            let mut glance = Glance::new(self);
            let mut wanted = Vec::new();
            // One snapshot for what is seen and what is read of it afterwards.
            let snapshot = if is_wal(conn)? { Some(conn.unchecked_transaction()?) } else { None };
            let together = if snapshot.is_some() { READ_TOGETHER } else { 1 };
            let mut read = |wanted: &mut Vec<RecordKey>, others: &mut Others<'_>| {
                wanted.sort_unstable();
                for key in wanted.drain(..) {
                    self.whole(&key, &mut by_key, others)?.iter().for_each(&mut *visit);
                }
                rusqlite::Result::Ok(())
            };
            self.each_row(conn, &self.events_of_all, &mut |row| {
                glance.take(self, row, &mut others)?;
                match judge(glance.in_scope, &glance.events) {
                    Interest::Skip => return Ok(ControlFlow::Continue(())),
                    Interest::Stop => return Ok(ControlFlow::Break(())),
                    Interest::Full => {}
                }
                if let (key, true) = key_at(row, 0, self.shape.key)? {
                    wanted.push(key);
                }
                if wanted.len() >= together {
                    read(&mut wanted, &mut others)?;
                }
                Ok(ControlFlow::Continue(()))
            })?;
            read(&mut wanted, &mut others)
        };
        scan().map_err(|error| StoreError::of(conn, error))
    }

    /// The facts of one record, by its key.
    pub(super) fn whole(
        &self,
        key: &RecordKey,
        by_key: &mut CachedStatement<'_>,
        others: &mut Others<'_>,
    ) -> rusqlite::Result<Option<Facts>> {
        bind_key(by_key, key)?;
        let mut rows = by_key.raw_query();
        let facts = rows.next()?.map(|row| self.facts(row, others)).transpose()?;
        // A collation may find a row whose key is another's.
        Ok(facts.filter(|facts| facts.key == *key))
    }

    /// Visits all rows: in WAL mode, where readers disturb nobody, in one snapshot; else page by page in the order of the key,
    /// each page a snapshot of its own.
    fn each_row(
        &self,
        conn: &Connection,
        select: &str,
        visit: &mut dyn FnMut(&Row<'_>) -> rusqlite::Result<ControlFlow<()>>,
    ) -> rusqlite::Result<()> {
        if is_wal(conn)? {
            let mut statement = conn.prepare_cached(select)?;
            let mut rows = statement.raw_query();
            while let Some(row) = rows.next()? {
                if visit(row)?.is_break() {
                    break;
                }
            }
            return Ok(());
        }
        let mut reached = None;
        while let Page::More(key) = self.page(conn, select, reached.as_ref(), visit)? {
            reached = Some(key);
            thread::sleep(TURN);
        }
        Ok(())
    }

    fn page(
        &self,
        conn: &Connection,
        select: &str,
        after: Option<&RecordKey>,
        visit: &mut dyn FnMut(&Row<'_>) -> rusqlite::Result<ControlFlow<()>>,
    ) -> rusqlite::Result<Page> {
        let begin = Instant::now();
        let after_key = if after.is_some() { self.after_key.as_str() } else { "" };
        let mut statement = conn.prepare_cached(&format!("{select}{after_key}{}", self.in_key_order))?;
        if let Some(key) = after {
            bind_key(&mut statement, key)?;
        }
        let mut rows = statement.raw_query();
        let mut seen = 0_u32;
        while let Some(row) = rows.next()? {
            if visit(row)?.is_break() {
                return Ok(Page::Last);
            }
            seen += 1;
            if seen.is_multiple_of(ROWS_BETWEEN_LOOKS) && begin.elapsed() >= LONGEST_READ {
                // A page ends only at a key from which the next can begin.
                if let (key, true) = key_at(row, 0, self.shape.key)? {
                    return Ok(Page::More(key));
                }
            }
        }
        Ok(Page::Last)
    }
}

enum Page {
    /// Rows may follow this key.
    More(RecordKey),
    Last,
}

/// Whether the database is in WAL mode now; its application may change that at any time.
pub(super) fn is_wal(conn: &Connection) -> rusqlite::Result<bool> {
    conn.pragma_query_value(None, "journal_mode", |row| Ok(row.get_ref(0)?.as_str().is_ok_and(|mode| mode == "wal")))
}
