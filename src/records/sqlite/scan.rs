//! Reading every row of a series without standing in the application's way.

use std::ops::ControlFlow;
use std::thread;
use std::time::Duration;

use rusqlite::{CachedStatement, Connection, Row};

use super::StoreError;
use super::open::Opened;
use super::read::{Glance, Others};
use super::reader::Interest;
use super::select::FactsQuery;
use super::value::{bind_key, key_at};
use crate::model::RecordKey;
use crate::records::facts::{EventFact, Facts};

/// In rollback mode a reader keeps writers from committing: this long, or until the row at hand is read; then they have
/// a turn.
const LONGEST_PAGE: Duration = Duration::from_millis(20);

/// No row may take longer: a writer would give up waiting.
const LONGEST_ROW_LOCKED: Duration = Duration::from_secs(1);

/// Where readers disturb nobody: the first row pays for tables that an expression reads once for all.
const LONGEST_ROW: Duration = Duration::from_secs(60);

/// Long enough for a writer that waits to take the lock.
const TURN: Duration = Duration::from_millis(2);

/// Records that are read whole together, in the order of their keys: an index of dates gives them in an order in which
/// each lies on another page. In rollback mode each is read under the lock under which it was seen.
const READ_TOGETHER: usize = 65_536;

impl FactsQuery {
    /// The facts of every row, filtered ones included, in no particular order.
    ///
    /// # Errors
    /// A statement that the database refuses, or that failed.
    pub fn scan(&self, opened: &Opened, visit: &mut dyn FnMut(&Facts) -> ControlFlow<()>) -> Result<(), StoreError> {
        let conn = &opened.conn;
        let mut others = Others::prepare(self, conn).map_err(|error| StoreError::of(conn, error))?;
        self.each_row(opened, &self.all, LONGEST_ROW, &mut |row| Ok(visit(&self.facts(row, &mut others)?)))
    }

    /// Every row: `judge` sees whether it is in scope and its events, and says whether `visit` gets all of its facts.
    ///
    /// # Errors
    /// A statement that the database refuses, or that failed.
    pub fn scan_events(
        &self,
        opened: &Opened,
        judge: &mut dyn FnMut(bool, &[EventFact]) -> Interest,
        visit: &mut dyn FnMut(&Facts),
    ) -> Result<(), StoreError> {
        let conn = &opened.conn;
        let failed = |error| StoreError::of(conn, error);
        let prepare = || Ok((Others::prepare(self, conn)?, conn.prepare_cached(&self.by_key)?));
        let (mut others, mut by_key) = prepare().map_err(failed)?;
        let mut glance = Glance::new(self);
        let mut wanted = Vec::new();
        // One snapshot for what is seen and what is read of it afterwards.
        let is_wal = is_wal(conn).map_err(failed)?;
        let _snapshot = if is_wal { Some(conn.unchecked_transaction().map_err(failed)?) } else { None };
        let together = if is_wal { READ_TOGETHER } else { 1 };
        let mut read_whole = |wanted: &mut Vec<RecordKey>, others: &mut Others<'_>| {
            let read = opened.deadline.reading(if is_wal { LONGEST_ROW } else { LONGEST_ROW_LOCKED });
            wanted.sort_unstable();
            for key in wanted.drain(..) {
                self.whole(&key, &mut by_key, others)?.iter().for_each(&mut *visit);
                read.step();
            }
            rusqlite::Result::Ok(())
        };
        self.each_row(opened, &self.events_of_all, LONGEST_ROW, &mut |row| {
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
                read_whole(&mut wanted, &mut others)?;
            }
            Ok(ControlFlow::Continue(()))
        })?;
        let read = opened.deadline.reading(LONGEST_ROW);
        read_whole(&mut wanted, &mut others).map_err(|error| read.failed(conn, error))
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

    /// Visits all rows: in WAL mode, where readers disturb nobody, in one snapshot; else page by page in the order of
    /// the key, each page a snapshot of its own. No row takes more than `longest`.
    ///
    /// # Errors
    /// [`StoreError::TooSlow`] where one does; a statement that the database refuses, or that failed.
    pub(super) fn each_row(
        &self,
        opened: &Opened,
        select: &str,
        longest: Duration,
        visit: Visit<'_>,
    ) -> Result<(), StoreError> {
        if is_wal(&opened.conn).map_err(|error| StoreError::of(&opened.conn, error))? {
            return in_one(opened, select, longest, visit);
        }
        let (longest, mut reached) = (longest.min(LONGEST_ROW_LOCKED), None);
        while let Page::More(key) = self.page(opened, select, longest, reached.as_ref(), visit)? {
            reached = Some(key);
            thread::sleep(TURN);
        }
        Ok(())
    }

    fn page(
        &self,
        opened: &Opened,
        select: &str,
        longest: Duration,
        after: Option<&RecordKey>,
        visit: Visit<'_>,
    ) -> Result<Page, StoreError> {
        let (conn, read) = (&opened.conn, opened.deadline.reading(longest));
        let mut rows = || {
            let after_key = if after.is_some() { self.after_key.as_str() } else { "" };
            let mut statement = conn.prepare_cached(&format!("{select}{after_key}{}", self.in_key_order))?;
            if let Some(key) = after {
                bind_key(&mut statement, key)?;
            }
            let mut rows = statement.raw_query();
            while let Some(row) = rows.next()? {
                if visit(row)?.is_break() {
                    return Ok(Page::Last);
                }
                if read.step() >= LONGEST_PAGE {
                    // A page ends only at a key from which the next can begin.
                    if let (key, true) = key_at(row, 0, self.shape.key)? {
                        return Ok(Page::More(key));
                    }
                }
            }
            Ok(Page::Last)
        };
        rows().map_err(|error| read.failed(conn, error))
    }
}

/// Sees a row, and says whether it wants to see more.
type Visit<'v> = &'v mut dyn FnMut(&Row<'_>) -> rusqlite::Result<ControlFlow<()>>;

fn in_one(opened: &Opened, select: &str, longest: Duration, visit: Visit<'_>) -> Result<(), StoreError> {
    let (conn, read) = (&opened.conn, opened.deadline.reading(longest));
    let mut rows = || {
        let mut statement = conn.prepare_cached(select)?;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            if visit(row)?.is_break() {
                break;
            }
            read.step();
        }
        Ok(())
    };
    rows().map_err(|error| read.failed(conn, error))
}

enum Page {
    /// Rows may follow this key.
    More(RecordKey),
    Last,
}

/// How long one row may take in the database's mode: at most so long as where readers disturb nobody.
pub(super) fn longest(conn: &Connection, undisturbed: Duration) -> rusqlite::Result<Duration> {
    Ok(if is_wal(conn)? { undisturbed } else { undisturbed.min(LONGEST_ROW_LOCKED) })
}

/// Whether the database is in WAL mode now; its application may change that at any time.
pub(super) fn is_wal(conn: &Connection) -> rusqlite::Result<bool> {
    conn.pragma_query_value(None, "journal_mode", |row| Ok(row.get_ref(0)?.as_str().is_ok_and(|mode| mode == "wal")))
}
