//! Reading every row of a series without standing in the application's way.

use std::cell::RefCell;
use std::ops::ControlFlow;

use rusqlite::{CachedStatement, Row};

use super::StoreError;
use super::error::fails_on_row;
use super::open::Opened;
use super::read::{Glance, Others};
use super::reader::Interest;
use super::select::FactsQuery;
use super::value::{bind_key, key_at};
use super::walk::{LONGEST_ROW, LONGEST_ROW_LOCKED, is_wal};
use crate::model::RecordKey;
use crate::records::facts::{EventFact, Facts};

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
        let failed = |error| StoreError::of(conn, error);
        let mut others = Others::prepare(self, conn).map_err(failed)?;
        // One snapshot, where the rows are read by more than one statement.
        let _snapshot = match self.may_fail && is_wal(conn).map_err(failed)? {
            true => Some(conn.unchecked_transaction().map_err(failed)?),
            false => None,
        };
        let visit = RefCell::new(visit);
        let unanswered = |key| (visit.borrow_mut())(&Facts::unanswered(key, Glance::new(self).events));
        let mut see = |row: &Row<'_>| match self.facts(row, &mut others) {
            Err(error) if fails_on_row(&error) => Ok(unanswered(key_at(row, 0, self.shape.key)?.0)),
            facts => Ok((visit.borrow_mut())(&facts?)),
        };
        self.each_record(opened, &self.all, &mut see, &mut |key| Ok(unanswered(key)))
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
        let judge = RefCell::new(judge);
        let mut see = |row: &Row<'_>| {
            match glance.take(self, row, &mut others) {
                Err(error) if fails_on_row(&error) => glance.fail(),
                taken => taken.map(drop)?,
            }
            match (judge.borrow_mut())(glance.in_scope, &glance.events) {
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
        };
        // Nothing more can be read of such a record: its judgement is complete.
        let mut unanswered = |_| {
            let mut glance = Glance::new(self);
            glance.fail();
            Ok(match (judge.borrow_mut())(glance.in_scope, &glance.events) {
                Interest::Stop => ControlFlow::Break(()),
                Interest::Skip | Interest::Full => ControlFlow::Continue(()),
            })
        };
        self.each_record(opened, &self.events_of_all, &mut see, &mut unanswered)?;
        let read = opened.deadline.reading(LONGEST_ROW);
        read_whole(&mut wanted, &mut others).map_err(|error| read.failed(conn, error))
    }

    /// The facts of one record, by its key. Where an expression of the mapping fails on it, nothing is known of it.
    pub(super) fn whole(
        &self,
        key: &RecordKey,
        by_key: &mut CachedStatement<'_>,
        others: &mut Others<'_>,
    ) -> rusqlite::Result<Option<Facts>> {
        bind_key(by_key, key)?;
        let mut rows = by_key.raw_query();
        let facts = rows.next().and_then(|row| row.map(|row| self.facts(row, others)).transpose());
        match facts {
            Err(error) if fails_on_row(&error) => Ok(Some(Facts::unanswered(key.clone(), Glance::new(self).events))),
            // A collation may find a row whose key is another's.
            facts => Ok(facts?.filter(|facts| facts.key == *key)),
        }
    }
}
