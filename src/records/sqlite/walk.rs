//! A way through all rows of a series without standing in the application's way.

use std::ops::ControlFlow;
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, Row, Statement};

use super::StoreError;
use super::error::fails_on_row;
use super::key_order::KeyOrder;
use super::open::Opened;
use super::select::FactsQuery;
use super::value::{bind_key, key_at};
use crate::model::RecordKey;

/// In rollback mode a reader keeps writers from committing: this long, or until the row at hand is read; then they have
/// a turn.
pub(super) const LONGEST_PAGE: Duration = Duration::from_millis(20);

/// No row may take longer: a writer would give up waiting.
pub(super) const LONGEST_ROW_LOCKED: Duration = Duration::from_secs(1);

/// Where readers disturb nobody: the first row pays for tables that an expression reads once for all.
pub(super) const LONGEST_ROW: Duration = Duration::from_secs(60);

/// Long enough for a writer that waits to take the lock.
pub(super) const TURN: Duration = Duration::from_millis(2);

impl FactsQuery {
    /// Visits the rows of a statement of this query; `unanswered` those on which an expression in it fails. To know
    /// which these are, they are read in the order of the key where there is such an expression.
    pub(super) fn each_record(
        &self,
        opened: &Opened,
        select: &str,
        visit: Visit<'_>,
        unanswered: &mut dyn FnMut(RecordKey) -> rusqlite::Result<ControlFlow<()>>,
    ) -> Result<(), StoreError> {
        if !self.may_fail {
            return self.each_row(opened, select, LONGEST_ROW, visit);
        }
        let conn = &opened.conn;
        let failed = |error| StoreError::of(conn, error);
        let is_wal = is_wal(conn).map_err(failed)?;
        let (longest, page) = if is_wal { (LONGEST_ROW, Duration::MAX) } else { (LONGEST_ROW_LOCKED, LONGEST_PAGE) };
        let order = self.key_order(conn).map_err(failed)?;
        let mut walk = Walk { select, order, longest, page, marks_each: true, reached: None };
        loop {
            match self.page(opened, &mut walk, visit) {
                Ok(Page::Last) => return Ok(()),
                Ok(Page::More) => thread::sleep(TURN),
                Err(error @ StoreError::RowFails { .. }) => {
                    // What follows the last row that was seen; unless its key finds no row.
                    let next = self.key_after(conn, &walk).map_err(failed)?;
                    let Some(key) = next else { return Err(error) };
                    if self.row_alone(opened, (select, &key), visit, unanswered)?.is_break() {
                        return Ok(());
                    }
                    walk.reached = Some(key);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The key of the next row, unless no row can be found by it.
    fn key_after(&self, conn: &Connection, walk: &Walk<'_>) -> rusqlite::Result<Option<RecordKey>> {
        let mut statement = conn.prepare_cached(&format!("{}{} LIMIT 1", self.keys, walk.onward()))?;
        walk.bind(&mut statement)?;
        let mut rows = statement.raw_query();
        let Some(row) = rows.next()? else { return Ok(None) };
        let (key, is_usable) = key_at(row, 0, self.shape.key)?;
        Ok(Some(key).filter(|_| is_usable))
    }

    /// Visits one row by its key, or says that it cannot be answered.
    fn row_alone(
        &self,
        opened: &Opened,
        (select, key): (&str, &RecordKey),
        visit: Visit<'_>,
        unanswered: &mut dyn FnMut(RecordKey) -> rusqlite::Result<ControlFlow<()>>,
    ) -> Result<ControlFlow<()>, StoreError> {
        let (conn, read) = (&opened.conn, opened.deadline.reading(LONGEST_ROW_LOCKED));
        let mut see = || {
            let mut statement = conn.prepare_cached(&format!("{select}{}", self.at_key))?;
            bind_key(&mut statement, key)?;
            let mut rows = statement.raw_query();
            match rows.next() {
                Err(error) if fails_on_row(&error) => unanswered(key.clone()),
                row => row?.map_or(Ok(ControlFlow::Continue(())), &mut *visit),
            }
        };
        see().map_err(|error| read.failed(conn, error))
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
        let failed = |error| StoreError::of(&opened.conn, error);
        if is_wal(&opened.conn).map_err(failed)? {
            return in_one(opened, select, longest, visit);
        }
        let mut walk = Walk {
            select,
            order: self.key_order(&opened.conn).map_err(failed)?,
            longest: longest.min(LONGEST_ROW_LOCKED),
            page: LONGEST_PAGE,
            marks_each: false,
            reached: None,
        };
        while let Page::More = self.page(opened, &mut walk, visit)? {
            thread::sleep(TURN);
        }
        Ok(())
    }

    fn key_order(&self, conn: &Connection) -> rusqlite::Result<KeyOrder> {
        KeyOrder::of(conn, &self.table, &self.key)
    }

    fn page(&self, opened: &Opened, walk: &mut Walk<'_>, visit: Visit<'_>) -> Result<Page, StoreError> {
        let (conn, read) = (&opened.conn, opened.deadline.reading(walk.longest));
        let mut rows = || {
            let mut statement = conn.prepare_cached(&format!("{}{}", walk.select, walk.onward()))?;
            walk.bind(&mut statement)?;
            let mut rows = statement.raw_query();
            while let Some(row) = rows.next()? {
                if visit(row)?.is_break() {
                    return Ok(Page::Last);
                }
                let is_over = read.step() >= walk.page;
                // A page ends only at a key from which the next can begin.
                if (is_over || walk.marks_each)
                    && let (key, true) = key_at(row, 0, self.shape.key)?
                {
                    walk.reached = Some(key);
                    if is_over {
                        return Ok(Page::More);
                    }
                }
            }
            Ok(Page::Last)
        };
        rows().map_err(|error| read.failed(conn, error))
    }
}

/// A way through all rows in the order of the key.
struct Walk<'w> {
    select: &'w str,
    order: KeyOrder,
    /// No row may take longer.
    longest: Duration,
    /// A page ends after this time.
    page: Duration,
    /// Whether each row that was visited is marked, or a page's last one only.
    marks_each: bool,
    /// The key of the last one that is marked.
    reached: Option<RecordKey>,
}

impl Walk<'_> {
    /// The end of a statement on the rows that are still to come.
    fn onward(&self) -> String {
        let after = if self.reached.is_some() { self.order.after.as_str() } else { "" };
        format!("{after}{}", self.order.by)
    }

    fn bind(&self, statement: &mut Statement<'_>) -> rusqlite::Result<()> {
        self.reached.as_ref().map_or(Ok(()), |key| bind_key(statement, key))
    }
}

/// Sees a row, and says whether it wants to see more.
pub(super) type Visit<'v> = &'v mut dyn FnMut(&Row<'_>) -> rusqlite::Result<ControlFlow<()>>;

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
    /// Rows may follow the one that was reached.
    More,
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
