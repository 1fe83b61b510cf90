//! A plan's list while it is made: due records come in, blocked ones are found, the rest is put in order and sealed.
//!
//! Memory does not grow with the list: all work is done on the file, a page of rows at a time. The file is synced once,
//! when sealed; a crash before leaves only a `.draft`, which the next start erases.

mod file;
mod sort;

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};

use file::DraftFile;
pub(super) use file::create_private;
use sort::sort_bytes;

use super::PlanError;
use super::body::{ANONYMIZE, DESTROY, Item, days, out_of_form, place};
use super::contents::{RuleTotals, read_contents};
use super::settle::{self, Blocked};
use crate::audit::leaf::Action;
use crate::model::RecordKey;

const SCHEMA: &str = "
    CREATE TABLE item(
        series INTEGER NOT NULL, sort BLOB NOT NULL, rule INTEGER NOT NULL, key BLOB NOT NULL, action INTEGER NOT NULL,
        day INTEGER NOT NULL, due INTEGER NOT NULL, facts BLOB NOT NULL, fp BLOB NOT NULL, reference TEXT,
        level INTEGER NOT NULL DEFAULT 0,
        -- 0 due; 1 found to be blocked; 2 blocked, and what it blocks was looked at
        blocked INTEGER NOT NULL DEFAULT 0,
        -- blockers of the same step whose level is not known yet
        waiting INTEGER NOT NULL DEFAULT 0,
        -- 1 while others of the same step wait for its level
        awaited INTEGER NOT NULL DEFAULT 0,
        -- 1 where a log says that it is gone
        back INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY(series, sort)) WITHOUT ROWID;
    CREATE TABLE edge(
        series INTEGER NOT NULL, sort BLOB NOT NULL, blocker_series INTEGER NOT NULL, blocker BLOB NOT NULL,
        -- 1 where the blocker keeps nothing from going, and only should go before
        is_wish INTEGER NOT NULL,
        PRIMARY KEY(series, sort, blocker_series, blocker)) WITHOUT ROWID;
    CREATE INDEX edge_blocker ON edge(blocker_series, blocker);
    CREATE INDEX item_blocked ON item(blocked) WHERE blocked = 1;
    CREATE INDEX item_awaited ON item(waiting) WHERE awaited = 1;
    CREATE INDEX item_level ON item(series, level, sort) WHERE level > 0;
    CREATE TABLE step(number INTEGER PRIMARY KEY, series INTEGER NOT NULL, level INTEGER NOT NULL, items INTEGER NOT NULL);
";

/// Memory for pages, in KiB: blockers are looked up in any order.
const CACHE_KIB: i32 = 8_192;

/// The list of a plan that is being made.
#[derive(Debug)]
pub(super) struct Draft {
    connection: Connection,
    file: DraftFile,
}

/// A record that seems due.
pub(super) struct Listed {
    /// The place of its rule in `Manifest::rules`.
    pub rule: usize,
    pub key: RecordKey,
    pub action: Action,
}

/// A place in the list: behind this record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    series: i64,
    sort: Vec<u8>,
}

impl Default for Place {
    fn default() -> Self {
        // Before every record: no series has this number.
        Self { series: i64::MIN, sort: Vec::new() }
    }
}

/// A record that keeps another from being destroyed, as long as it is there.
pub(super) struct Edge<'a> {
    /// Place of the blocker's series in `Manifest::series`; `None` where the plan does not look at that series.
    pub blocker_series: Option<usize>,
    pub blocker: &'a RecordKey,
}

impl Draft {
    /// Starts a list in `dir`, readable by its owner only.
    pub fn create(dir: &Path) -> Result<Self, PlanError> {
        let file = DraftFile::create(dir)?;
        let connection =
            open(file.path()).map_err(|source| PlanError::Body { path: file.path().to_owned(), source })?;
        Ok(Self { connection, file })
    }

    /// Adds a record that seems due, and what blocks it.
    pub fn add<'a>(&self, item: &Item, edges: impl Iterator<Item = Edge<'a>>) -> Result<(), PlanError> {
        self.run(|connection| {
            let sort = sort_bytes(&item.key);
            let action = if item.action == Action::Destroy { DESTROY } else { ANONYMIZE };
            connection
                .prepare_cached(
                    "INSERT INTO item(series, sort, rule, key, action, day, due, facts, fp, reference)
                     VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                )?
                .execute(params![
                    item.series as i64,
                    sort,
                    item.rule as i64,
                    item.key.canonical_bytes(),
                    action,
                    days(item.trigger_day),
                    item.due_from.timestamp(),
                    item.facts.as_bytes(),
                    item.fingerprint.as_bytes(),
                    item.reference,
                ])?;
            Ok(())
        })?;
        self.block(item.series, &item.key, edges)
    }

    /// Adds what blocks a record.
    pub fn block<'a>(
        &self,
        series: usize,
        key: &RecordKey,
        edges: impl Iterator<Item = Edge<'a>>,
    ) -> Result<(), PlanError> {
        self.run(|connection| {
            let blocked = (series as i64, sort_bytes(key));
            let mut insert = connection
                .prepare_cached("INSERT INTO edge VALUES(?1, ?2, ?3, ?4, 0) ON CONFLICT DO UPDATE SET is_wish = 0")?;
            for edge in edges {
                // A series outside the plan gets the place -1, where no item stands: its records block for good.
                let blocker = (edge.blocker_series.map_or(-1, |place| place as i64), sort_bytes(edge.blocker));
                // A record that refers to itself (the root of a tree) does not keep itself.
                if blocker != blocked {
                    insert.execute(params![blocked.0, blocked.1, blocker.0, blocker.1])?;
                }
            }
            Ok(())
        })
    }

    /// Lets one record of a series go before another, where both are listed and nothing speaks against it.
    pub fn put_before(&self, series: usize, first: &RecordKey, other: &RecordKey) -> Result<(), PlanError> {
        let (first, other) = (sort_bytes(first), sort_bytes(other));
        if first == other {
            return Ok(());
        }
        self.run(|connection| {
            let mut insert = connection.prepare_cached("INSERT OR IGNORE INTO edge VALUES(?1, ?2, ?1, ?3, 1)")?;
            insert.execute(params![series as i64, other, first]).map(drop)
        })
    }

    /// Takes a record out and tells its rule's place: it is held after all.
    pub fn take_out(&self, series: usize, key: &RecordKey) -> Result<Option<usize>, PlanError> {
        self.run(|connection| {
            let mut delete =
                connection.prepare_cached("DELETE FROM item WHERE series = ?1 AND sort = ?2 RETURNING rule")?;
            let mut rows = delete.query(params![series as i64, sort_bytes(key)])?;
            Ok(rows.next()?.map(|row| row.get::<_, i64>(0)).transpose()?.and_then(|rule| usize::try_from(rule).ok()))
        })
    }

    /// The records of a series after one of them (from the beginning: nothing), at most so many, in the order of their
    /// keys. Beside them, where the next ones begin.
    pub fn records_after(&self, series: usize, after: &[u8], most: usize) -> Result<(Vec<Listed>, Vec<u8>), PlanError> {
        self.run(|connection| {
            let mut select = connection.prepare_cached(
                "SELECT rule, key, sort, action FROM item WHERE series = ?1 AND sort > ?2 ORDER BY sort LIMIT ?3",
            )?;
            let mut rows = select.query(params![series as i64, after, most as i64])?;
            let (mut records, mut last) = (Vec::new(), after.to_owned());
            while let Some(row) = rows.next()? {
                let key = RecordKey::from_canonical(row.get_ref(1)?.as_blob()?).map_err(|_| out_of_form(1))?;
                let action = if row.get::<_, i64>(3)? == DESTROY { Action::Destroy } else { Action::Anonymize };
                records.push(Listed { rule: place(row, 0)?, key, action });
                last = row.get(2)?;
            }
            Ok((records, last))
        })
    }

    /// Shows the records after a place in the list (from the beginning: the default), at most so many, in its order:
    /// the place of their series, their key, and their trigger day since 1970. Returns where the next ones begin.
    pub fn visit_after(
        &self,
        after: &Place,
        most: usize,
        visit: &mut dyn FnMut(usize, RecordKey, i32),
    ) -> Result<Place, PlanError> {
        self.run(|connection| {
            let mut select = connection.prepare_cached(
                "SELECT series, sort, key, day FROM item WHERE (series, sort) > (?1, ?2) ORDER BY series, sort LIMIT ?3",
            )?;
            let mut rows = select.query(params![after.series, after.sort, most as i64])?;
            let mut last = after.clone();
            while let Some(row) = rows.next()? {
                let key = RecordKey::from_canonical(row.get_ref(2)?.as_blob()?).map_err(|_| out_of_form(2))?;
                visit(place(row, 0)?, key, row.get(3)?);
                last = Place { series: row.get(0)?, sort: row.get(1)? };
            }
            Ok(last)
        })
    }

    /// Whether a record of this series is listed whose clock started on this day, since 1970, or before.
    pub fn has_started_by(&self, series: usize, day: i32) -> Result<bool, PlanError> {
        let ask = "SELECT EXISTS(SELECT 1 FROM item WHERE series = ?1 AND day <= ?2)";
        self.run(|connection| connection.query_row(ask, params![series as i64, day], |row| row.get(0)))
    }

    /// Marks those of the records after a place, counted from there, that are back; tells the place of the rule of
    /// each that was not marked before.
    pub fn mark_back(
        &self,
        after: &Place,
        most: usize,
        is_back: &dyn Fn(usize) -> bool,
    ) -> Result<Vec<usize>, PlanError> {
        let mut back = Vec::new();
        let mut number = 0;
        self.run(|connection| {
            let mut select = connection.prepare_cached(
                "SELECT series, sort FROM item WHERE (series, sort) > (?1, ?2) ORDER BY series, sort LIMIT ?3",
            )?;
            let mut rows = select.query(params![after.series, after.sort, most as i64])?;
            while let Some(row) = rows.next()? {
                if is_back(number) {
                    back.push(Place { series: row.get(0)?, sort: row.get(1)? });
                }
                number += 1;
            }
            drop(rows);
            let mut mark = connection.prepare_cached(
                "UPDATE item SET back = 1 WHERE series = ?1 AND sort = ?2 AND back = 0 RETURNING rule",
            )?;
            let mut rules = Vec::new();
            for at in back {
                let rule = mark.query_row(params![at.series, at.sort], |row| place(row, 0));
                rules.extend(rule.optional()?);
            }
            Ok(rules)
        })
    }

    /// Finds what is blocked by a record that stays, drops it, and gives levels to the rest. `groups` has, per series,
    /// the number of its group: series that block each other in a circle share one.
    ///
    /// Returns, per rule, how many were blocked.
    pub fn settle(&self, groups: &[usize], rules: usize) -> Result<Vec<Blocked>, PlanError> {
        self.run(|connection| settle::settle(connection, groups, rules))
    }

    /// Numbers the steps, counts and digests the list, and closes it. `approved` has, per rule, the first second from
    /// which terms count as reached by the calendar's approval.
    pub fn seal(self, groups: &[usize], approved: &[Option<i64>]) -> Result<Sealed, PlanError> {
        let contents = read_contents(&self.connection, self.file.path(), approved)?;
        self.run(|connection| {
            settle::number_steps(connection, groups, &contents.steps)?;
            connection.execute_batch("DROP TABLE edge; DROP INDEX item_blocked; DROP INDEX item_awaited; COMMIT")
        })?;
        let Self { connection, file } = self;
        connection.close().map_err(|(_, source)| PlanError::Body { path: file.path().to_owned(), source })?;
        Ok(Sealed { file, totals: contents.rules })
    }

    fn run<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, PlanError> {
        work(&self.connection).map_err(|source| PlanError::Body { path: self.file.path().to_owned(), source })
    }
}

/// A finished list that has no name yet.
#[derive(Debug)]
pub(super) struct Sealed {
    file: DraftFile,
    /// Per rule.
    pub totals: Vec<RuleTotals>,
}

impl Sealed {
    /// Syncs the list and gives it its name, in the same directory.
    pub fn keep(self, target: &Path) -> Result<(), PlanError> {
        self.file.keep(target)
    }
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    // Nothing needs to survive a crash before the seal, and no journal may stay behind with keys in it.
    connection.pragma_update(None, "journal_mode", "OFF")?;
    connection.pragma_update(None, "synchronous", "OFF")?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.execute_batch(SCHEMA)?;
    connection.execute_batch("BEGIN")?;
    Ok(connection)
}

#[cfg(test)]
mod tests;
