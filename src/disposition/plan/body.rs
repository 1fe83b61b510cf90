//! The private part of a plan: its list, in order of execution. Personal information; erased once done.
//!
//! An SQLite file of our own, so that memory does not grow with the list and a cursor costs nothing.

use std::path::{Path, PathBuf};

use chrono::Datelike;
use rusqlite::{Connection, OpenFlags, Row, params};

use super::contents::read_contents;
use super::{Items, PlanError};
use crate::audit::leaf::Action;
use crate::model::{CivilDate, Digest, Fingerprint, Instant, RecordKey};

/// Memory for pages, in KiB: a list is read from its beginning to its end.
const CACHE_KIB: i32 = 1_024;

/// One record of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Place in `Manifest::series`.
    pub series: usize,
    /// Place in `Manifest::rules`.
    pub rule: usize,
    pub key: RecordKey,
    pub action: Action,
    /// The civil day of the trigger, in the calendar's zone.
    pub trigger_day: CivilDate,
    pub due_from: Instant,
    /// Digest of every fact that the judgement used.
    pub facts: Digest,
    pub fingerprint: Fingerprint,
    /// What people cite, where the mapping names it.
    pub reference: Option<String>,
    /// Place in a tree: blockers in the same plan have lower levels.
    pub level: u32,
    /// Disposed of before, as a log says, and after its trigger: see [`PlannedRule::back`](super::PlannedRule::back).
    pub is_back: bool,
}

/// Records of one series and level, which go in the order of their keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Place in the order of execution.
    pub number: u32,
    /// Place in `Manifest::series`.
    pub series: usize,
    pub level: u32,
    pub items: u64,
}

/// How far an execution has come. Personal information: it holds a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    pub(crate) step: u32,
    pub(crate) sort: Vec<u8>,
}

/// The list of a plan, opened for reading.
#[derive(Debug)]
pub struct Body {
    path: PathBuf,
    connection: Connection,
    steps: Vec<Step>,
}

impl Body {
    /// Opens a list for reading.
    ///
    /// # Errors
    /// The file is no list of a plan, or cannot be read.
    pub fn open(path: &Path) -> Result<Self, PlanError> {
        let failed = |source| PlanError::Body { path: path.to_owned(), source };
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
        connection.pragma_update(None, "cache_size", -CACHE_KIB).map_err(failed)?;
        connection.pragma_update(None, "cell_size_check", true).map_err(failed)?;
        let steps = read_steps(&connection).map_err(failed)?;
        Ok(Self { path: path.to_owned(), connection, steps })
    }

    /// The steps, in order of execution.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The next items after `after` (from the beginning: `None`), at most `limit` and all of one step, with the cursor
    /// of the last. Empty at the end.
    ///
    /// # Errors
    /// The file cannot be read, or holds what no plan holds.
    pub fn chunk(&self, after: Option<&Cursor>, limit: usize) -> Result<Option<(Vec<Item>, Cursor)>, PlanError> {
        let first = after.map_or(0, |cursor| cursor.step);
        for step in self.steps.iter().filter(|step| step.number >= first) {
            let from = after.filter(|cursor| cursor.step == step.number).map_or(&[][..], |cursor| &cursor.sort);
            let mut last = None;
            let mut items = Vec::new();
            self.visit_step(step, from, limit, &mut |item, sort| {
                items.push(item);
                last = Some(sort);
            })?;
            if let Some(sort) = last {
                return Ok(Some((items, Cursor { step: step.number, sort })));
            }
        }
        Ok(None)
    }

    /// Every item in order of execution.
    ///
    /// # Errors
    /// As [`Self::chunk`].
    pub fn visit(&self, visit: &mut dyn FnMut(Item)) -> Result<(), PlanError> {
        self.steps.iter().try_for_each(|step| self.visit_step(step, &[], usize::MAX, &mut |item, _| visit(item)))
    }

    /// Counts and digests what the list holds, per rule: what the manifest must say of it. `None` where its steps are
    /// not those of its items, of which some would be passed over in silence.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn items(&self, rules: usize) -> Result<Option<Vec<Items>>, PlanError> {
        let contents = read_contents(&self.connection, &self.path, &vec![None; rules])?;
        let steps = self.steps.iter().map(|step| ((step.series, step.level), step.items)).collect();
        Ok((contents.steps == steps).then(|| contents.rules.into_iter().map(|rule| rule.items).collect()))
    }

    fn visit_step(
        &self,
        step: &Step,
        after: &[u8],
        limit: usize,
        visit: &mut dyn FnMut(Item, Vec<u8>),
    ) -> Result<(), PlanError> {
        let mut run = || -> rusqlite::Result<()> {
            // Levels above the first have an index, which SQLite uses only where it sees the condition.
            let test = if step.level == 0 { "level = ?3" } else { "level = ?3 AND level > 0" };
            let mut select = self.connection.prepare_cached(&format!(
                "SELECT series, rule, key, action, day, due, facts, fp, reference, level, back, sort FROM item
                 WHERE series = ?1 AND sort > ?2 AND {test} ORDER BY sort LIMIT ?4"
            ))?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let mut rows = select.query(params![step.series as i64, after, step.level, limit])?;
            while let Some(row) = rows.next()? {
                visit(read_item(row)?, row.get(11)?);
            }
            Ok(())
        };
        run().map_err(|source| self.failed(source))
    }

    fn failed(&self, source: rusqlite::Error) -> PlanError {
        PlanError::Body { path: self.path.clone(), source }
    }
}

fn read_steps(connection: &Connection) -> rusqlite::Result<Vec<Step>> {
    let mut select = connection.prepare("SELECT number, series, level, items FROM step ORDER BY number")?;
    let steps = select.query_map([], |row| {
        Ok(Step { number: row.get(0)?, series: place(row, 1)?, level: row.get(2)?, items: count(row, 3)? })
    })?;
    steps.collect()
}

fn read_item(row: &Row<'_>) -> rusqlite::Result<Item> {
    let key: Vec<u8> = row.get(2)?;
    let invalid = |column| move |_| out_of_form(column);
    Ok(Item {
        series: place(row, 0)?,
        rule: place(row, 1)?,
        key: RecordKey::from_canonical(&key).map_err(invalid(2))?,
        action: match row.get::<_, i64>(3)? {
            DESTROY => Action::Destroy,
            ANONYMIZE => Action::Anonymize,
            _ => return Err(out_of_form(3)),
        },
        trigger_day: day_of(row.get(4)?).ok_or_else(|| out_of_form(4))?,
        due_from: Instant::from_timestamp(row.get(5)?, 0).ok_or_else(|| out_of_form(5))?,
        facts: Digest::from_bytes(row.get(6)?),
        fingerprint: Fingerprint::from_bytes(row.get(7)?),
        reference: row.get(8)?,
        level: row.get(9)?,
        is_back: row.get(10)?,
    })
}

pub(super) const DESTROY: i64 = 0;
pub(super) const ANONYMIZE: i64 = 1;

pub(super) fn out_of_form(column: usize) -> rusqlite::Error {
    rusqlite::Error::InvalidColumnType(column, "a value that no plan holds".to_owned(), rusqlite::types::Type::Null)
}

pub(super) fn place(row: &Row<'_>, column: usize) -> rusqlite::Result<usize> {
    usize::try_from(row.get::<_, i64>(column)?).map_err(|_| out_of_form(column))
}

fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    u64::try_from(row.get::<_, i64>(column)?).map_err(|_| out_of_form(column))
}

/// Days since 1970-01-01.
pub(super) fn days(date: CivilDate) -> i32 {
    date.num_days_from_ce() - EPOCH_DAY
}

fn day_of(days: i32) -> Option<CivilDate> {
    CivilDate::from_num_days_from_ce_opt(days.checked_add(EPOCH_DAY)?)
}

/// 1970-01-01, counted from the first day of the year 1.
const EPOCH_DAY: i32 = 719_163;
