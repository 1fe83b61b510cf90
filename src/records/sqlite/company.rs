//! The rows that change with a record and are records of some series themselves, or belong to other records too: what
//! keeps one of them keeps the record.

use std::time::Duration;

use rusqlite::Row;

use super::open::Opened;
use super::reached::{LONGEST_TOGETHER, Pace, Reached, Statements, number, pages};
use super::read::Others;
use super::reader::Reader;
use super::select::FactsQuery;
use super::sql;
use super::waiting::Waiting;
use super::web::{self, Web};
use super::write_txn::WriteTxn;
use super::{Queries, StoreError, expression, lookup, walk};
use crate::model::{RecordKey, SeriesName};
use crate::records::facts::Facts;
use crate::records::mapping::{Change, Condition, Place, Role, Rows};

/// Which rows are asked about.
#[derive(Clone, Copy, Debug)]
pub struct Company<'a> {
    /// The series of the records that are to change.
    pub of: &'a SeriesName,
    /// How they are to change.
    pub change: Change,
    /// The series of the rows that change with them.
    pub other: &'a SeriesName,
    pub dates: Dates,
}

/// Whether the dates of rows are read: most often nobody asks when they fall due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dates {
    Asked,
    NotAsked,
}

/// A row that changes with a record.
#[derive(Clone, Debug)]
pub struct Companion {
    /// What holds know it by, whether its series counts it, and its events where its dates are asked. Nothing else is
    /// read.
    pub facts: Facts,
    /// It is the record's own row, as a record of another series.
    pub is_own_row: bool,
    /// It goes or is masked, and does not only change its owner.
    pub is_lost: bool,
    /// It is no row that changes, but another record that has one as its own by the very part by which this one has it.
    pub has_the_same_part: bool,
}

/// Whether a row may keep a record with which it changes.
pub type Keeps<'k> = &'k dyn Fn(&Companion) -> bool;

/// What may be asked about the rows that change with records: of a plan's reader, and inside a transaction.
pub trait Companions {
    /// Shows the rows of another series that change with each record, by the record's place among the keys; `None`
    /// where an expression of that series' mapping fails on one of them, so that nothing is known of it. Those that
    /// keep nothing may be left out.
    ///
    /// # Errors
    /// The database cannot be read.
    fn companions(
        &mut self,
        company: Company<'_>,
        keys: &[RecordKey],
        keeps: Keeps<'_>,
        visit: &mut dyn FnMut(usize, Option<Companion>),
    ) -> Result<(), StoreError>;

    /// For each record, whether an expression over `this` holds for some row of the other series that changes with it.
    ///
    /// # Errors
    /// [`StoreError::Expression`] for what is none, does more than read, or fails on a row; the database cannot be
    /// read.
    fn companions_match(
        &mut self,
        company: Company<'_>,
        expression: &str,
        keys: &[RecordKey],
    ) -> Result<Vec<bool>, StoreError>;

    /// Shows the records that keep, by a `blocked_by`, rows which would be destroyed with each record, and do not go
    /// with it themselves: by the record's place among the keys, with their series; `None` where an expression fails.
    ///
    /// # Errors
    /// The database cannot be read.
    fn blockers_of_companions(
        &mut self,
        of: &SeriesName,
        keys: &[RecordKey],
        visit: &mut dyn FnMut(usize, &SeriesName, Option<RecordKey>),
    ) -> Result<(), StoreError>;
}

impl Companions for Reader {
    fn companions(
        &mut self,
        company: Company<'_>,
        keys: &[RecordKey],
        keeps: Keeps<'_>,
        visit: &mut dyn FnMut(usize, Option<Companion>),
    ) -> Result<(), StoreError> {
        let asking = Asking::new(&self.opened, &self.queries, company, None)?;
        let pace = Pace::of_reader(&self.opened.conn)?;
        asking.map_or(Ok(()), |asking| asking.read(&self.opened, keys, pace, keeps, visit))
    }

    fn companions_match(
        &mut self,
        company: Company<'_>,
        expression: &str,
        keys: &[RecordKey],
    ) -> Result<Vec<bool>, StoreError> {
        let conn = &self.opened.conn;
        let longest = walk::longest(conn, lookup::LONGEST_ANSWER).map_err(|error| StoreError::of(conn, error))?;
        let asking = Asking::new(&self.opened, &self.queries, company, Some(expression))?;
        asking.map_or_else(|| Ok(vec![false; keys.len()]), |asking| asking.matching(&self.opened, keys, Some(longest)))
    }

    fn blockers_of_companions(
        &mut self,
        of: &SeriesName,
        keys: &[RecordKey],
        visit: &mut dyn FnMut(usize, &SeriesName, Option<RecordKey>),
    ) -> Result<(), StoreError> {
        let waiting = Waiting::all(&self.opened, &self.queries, of)?;
        let pace = Pace::of_reader(&self.opened.conn)?;
        waiting.iter().try_for_each(|waiting| waiting.read(&self.opened, keys, pace, visit))
    }
}

impl Companions for WriteTxn<'_> {
    fn companions(
        &mut self,
        company: Company<'_>,
        keys: &[RecordKey],
        keeps: Keeps<'_>,
        visit: &mut dyn FnMut(usize, Option<Companion>),
    ) -> Result<(), StoreError> {
        let asking = self.writer.asking(company, None)?;
        asking.map_or(Ok(()), |asking| asking.read(&self.writer.opened, keys, Pace::Whole, keeps, visit))
    }

    fn companions_match(
        &mut self,
        company: Company<'_>,
        expression: &str,
        keys: &[RecordKey],
    ) -> Result<Vec<bool>, StoreError> {
        let asking = self.writer.asking(company, Some(expression))?;
        asking.map_or_else(|| Ok(vec![false; keys.len()]), |asking| asking.matching(&self.writer.opened, keys, None))
    }

    fn blockers_of_companions(
        &mut self,
        of: &SeriesName,
        keys: &[RecordKey],
        visit: &mut dyn FnMut(usize, &SeriesName, Option<RecordKey>),
    ) -> Result<(), StoreError> {
        let waiting = self.writer.waiting(of)?;
        waiting.iter().try_for_each(|waiting| waiting.read(&self.writer.opened, keys, Pace::Whole, visit))
    }
}

/// How the rows of one series are asked that change with the records of another.
pub(super) struct Asking {
    statements: Statements,
    /// Where rows may lead to rows without end.
    traced: Option<Traced>,
    /// Of each place to which the records lead.
    seen: Vec<Seen>,
    query: FactsQuery,
    is_own_series: bool,
}

/// How many records are asked at once that lead to each other.
struct Traced {
    statements: Statements,
    /// See [`Reached::width`].
    width: usize,
}

/// What the rows of a place are to the record.
#[derive(Clone, Copy)]
struct Seen {
    is_own_row: bool,
    is_lost: bool,
    has_the_same_part: bool,
}

impl Asking {
    /// Of all such rows, or whether an expression over `this` holds for one; `None` where the mappings lead to none.
    ///
    /// # Errors
    /// [`StoreError::Expression`] for what is none, or does more than read; the mapping is not that of the schema.
    pub(super) fn new(
        opened: &Opened,
        queries: &Queries,
        company: Company<'_>,
        expression: Option<&str>,
    ) -> Result<Option<Self>, StoreError> {
        let (of, other) = (queries.mapping(company.of)?, queries.mapping(company.other)?);
        let reach = of.reach(queries.mappings(), other, company.change);
        if reach.places.is_empty() {
            return Ok(None);
        }
        let query = queries.make_for_company(company.other, company.dates)?;
        let reached = Reached::new(&opened.conn, of, &reach)?;
        let statements = match expression {
            None => reached.asked(other, &query.columns.join(", "), "1")?,
            Some(text) => {
                let test = sql::condition(&Condition::Expression(text.to_owned()));
                let statements = reached.asked(other, "1", &format!("{test} IS TRUE"))?;
                let refusal = expression::refusal(opened, text, &statements.of_one);
                if let Some(reason) = refusal.map_err(StoreError::in_expression)? {
                    return Err(StoreError::Expression { message: reason.to_owned() });
                }
                statements
            }
        };
        let traced = match expression {
            None if reach.is_circular() => {
                Some(Traced { statements: reached.traced(other, &query.columns)?, width: reached.width() })
            }
            _ => None,
        };
        let seen = reach.places.iter().map(Seen::at).collect();
        Ok(Some(Self { statements, traced, seen, query, is_own_series: of.series == other.series }))
    }

    /// The statements, for `check` to prepare.
    pub(super) fn statements(&self) -> impl Iterator<Item = &str> {
        let traced = self.traced.iter().map(|traced| &traced.statements);
        std::iter::once(&self.statements).chain(traced).flat_map(Statements::texts)
    }

    /// See [`Companions::companions`].
    fn read(
        &self,
        opened: &Opened,
        keys: &[RecordKey],
        pace: Pace,
        keeps: Keeps<'_>,
        visit: &mut dyn FnMut(usize, Option<Companion>),
    ) -> Result<(), StoreError> {
        let together = match &self.traced {
            Some(traced) if keys.len() > 1 => self.read_together(opened, traced, keys, pace, keeps, visit)?,
            _ => None,
        };
        let failing = match together {
            Some(failing) => failing,
            None => self.read_each(opened, keys, pace, visit)?,
        };
        failing.into_iter().for_each(|place| visit(place, None));
        Ok(())
    }

    /// Every row for every record that leads to it. The places of the records of which nothing is known.
    fn read_each(
        &self,
        opened: &Opened,
        keys: &[RecordKey],
        pace: Pace,
        visit: &mut dyn FnMut(usize, Option<Companion>),
    ) -> Result<Vec<usize>, StoreError> {
        let mut others = self.others(opened)?;
        self.statements.each(opened, keys, pace, &mut |place, row| {
            let companion = self.companion(row, (number(row, 1)?, 2), &mut others)?;
            if !self.is_itself(&companion, &keys[place]) {
                visit(place, Some(companion));
            }
            Ok(())
        })
    }

    /// The same, but each row is looked at once for a page of records, and those that keep nothing are left out; `None`
    /// where there are too many.
    fn read_together(
        &self,
        opened: &Opened,
        Traced { statements, width }: &Traced,
        keys: &[RecordKey],
        pace: Pace,
        keeps: Keeps<'_>,
        visit: &mut dyn FnMut(usize, Option<Companion>),
    ) -> Result<Option<Vec<usize>>, StoreError> {
        let (mut web, mut failing, mut others) = (Web::default(), Vec::new(), self.others(opened)?);
        for (first, page) in pages(keys) {
            let failed = statements.each(opened, page, pace, &mut |record, row| {
                if matches!(number(row, 1)?, web::RECORD | web::STEP) {
                    return web.note(first + record, row, *width);
                }
                let companion = self.companion(row, (number(row, 2)?, 4 + 2 * width), &mut others)?;
                if keeps(&companion) { web.keeps(row, *width, companion) } else { Ok(()) }
            })?;
            failing.extend(failed.into_iter().map(|record| first + record));
            if web.is_too_large() {
                return Ok(None);
            }
        }
        web.show(&mut |record, companion| {
            if !self.is_itself(companion, &keys[record]) {
                visit(record, Some(companion.clone()));
            }
        });
        Ok(Some(failing))
    }

    fn others<'c>(&self, opened: &'c Opened) -> Result<Others<'c>, StoreError> {
        Others::prepare(&self.query, &opened.conn).map_err(|error| StoreError::of(&opened.conn, error))
    }

    /// A row that was reached at a place, from this column on.
    fn companion(
        &self,
        row: &Row<'_>,
        (place, first): (usize, usize),
        others: &mut Others<'_>,
    ) -> rusqlite::Result<Companion> {
        let Seen { is_own_row, is_lost, has_the_same_part } = self.seen[place];
        let facts = self.query.facts_from(row, first, others)?;
        Ok(Companion { facts, is_own_row, is_lost, has_the_same_part })
    }

    /// A record that is a part of itself is judged as what it is.
    fn is_itself(&self, companion: &Companion, key: &RecordKey) -> bool {
        self.is_own_series && companion.facts.key == *key
    }

    /// See [`Companions::companions_match`]; `longest`: how long the answer for one record may take, where nothing else
    /// bounds it.
    fn matching(
        &self,
        opened: &Opened,
        keys: &[RecordKey],
        longest: Option<Duration>,
    ) -> Result<Vec<bool>, StoreError> {
        let mut matches = vec![false; keys.len()];
        let mut ask = |keys: &[RecordKey], first: usize| {
            // Together they keep the application waiting for no longer than others that are asked together.
            let longest = longest.map(|longest| if keys.len() > 1 { longest.min(LONGEST_TOGETHER) } else { longest });
            let _ends_in_time = longest.map(|longest| opened.deadline.reading(longest));
            let rows = self.statements.rows(&opened.conn, keys, &mut |row| {
                matches[first + number(row, 0)?] = true;
                Ok(())
            });
            rows.map_err(|error| StoreError::of(&opened.conn, error).in_expression())
        };
        for (first, page) in pages(keys) {
            match ask(page, first) {
                // Together they may take longer than one may.
                Err(StoreError::Interrupted { .. }) if longest.is_some() && page.len() > 1 => {
                    (first..).zip(page).try_for_each(|(place, key)| ask(std::slice::from_ref(key), place))?;
                }
                answer => answer?,
            }
        }
        Ok(matches)
    }
}

impl Seen {
    fn at(place: &Place<'_>) -> Self {
        Self {
            is_own_row: place.rows == Rows::Own,
            is_lost: matches!(place.role, Role::Changing { is_lost: true } | Role::Losing { is_lost: true, .. }),
            has_the_same_part: place.rows.are_owners_of_the_same_part(),
        }
    }
}
