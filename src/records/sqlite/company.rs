//! The rows that change with a record and are records of some series themselves, or belong to other records too: what
//! keeps one of them keeps the record.

use std::time::Duration;

use rusqlite::{Connection, Row};

use super::dispose_member::{identity, told_apart};
use super::part_rows::{belongs, owner_of, part_rows, part_rows_of};
use super::reader::Reader;
use super::select::{holds, key_columns, key_is, subject_columns};
use super::sql::{self, OWNER, THIS};
use super::value::{bind_key, cited, key_at, key_value};
use super::write_txn::WriteTxn;
use super::{Queries, StoreError, expression, lookup, read, walk};
use crate::model::{KeyValue, RecordKey, SeriesName};
use crate::records::facts::Facts;
use crate::records::mapping::{Change, Condition, PartMapping, SeriesMapping, Step, Way};
use crate::records::sqlite::open::Opened;

/// Which rows are asked about.
#[derive(Clone, Copy, Debug)]
pub struct Company<'a> {
    /// The series of the records that are to change.
    pub of: &'a SeriesName,
    /// How they are to change.
    pub change: Change,
    /// The series of the rows that change with them.
    pub other: &'a SeriesName,
}

/// A row that changes with a record.
#[derive(Clone, Debug)]
pub struct Companion {
    /// What holds know it by, and whether its series counts it. Nothing else of it is read.
    pub named: Facts,
    /// It is the record's own row, as a record of another series.
    pub is_own_row: bool,
    /// It goes or is masked, and does not only change its owner.
    pub is_lost: bool,
}

/// What may be asked about the rows that change with records: of a plan's reader, and inside a transaction.
pub trait Companions {
    /// Shows the rows of another series that change with each record, by the record's place among the keys; `None`
    /// where an expression of that series' mapping fails on one of them, so that nothing is known of it.
    ///
    /// # Errors
    /// The database cannot be read.
    fn companions(
        &mut self,
        company: Company<'_>,
        keys: &[RecordKey],
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
}

impl Companions for Reader {
    fn companions(
        &mut self,
        company: Company<'_>,
        keys: &[RecordKey],
        visit: &mut dyn FnMut(usize, Option<Companion>),
    ) -> Result<(), StoreError> {
        read_all(&self.opened.conn, &self.queries, company, keys, visit)
    }

    fn companions_match(
        &mut self,
        company: Company<'_>,
        expression: &str,
        keys: &[RecordKey],
    ) -> Result<Vec<bool>, StoreError> {
        let conn = &self.opened.conn;
        let longest = walk::longest(conn, lookup::LONGEST_ANSWER).map_err(|error| StoreError::of(conn, error))?;
        matching(&self.opened, &self.queries, company, expression, (keys, Some(longest)))
    }
}

impl Companions for WriteTxn<'_> {
    fn companions(
        &mut self,
        company: Company<'_>,
        keys: &[RecordKey],
        visit: &mut dyn FnMut(usize, Option<Companion>),
    ) -> Result<(), StoreError> {
        read_all(&self.writer.opened.conn, &self.writer.queries, company, keys, visit)
    }

    fn companions_match(
        &mut self,
        company: Company<'_>,
        expression: &str,
        keys: &[RecordKey],
    ) -> Result<Vec<bool>, StoreError> {
        matching(&self.writer.opened, &self.writer.queries, company, expression, (keys, None))
    }
}

fn read_all(
    conn: &Connection,
    queries: &Queries,
    company: Company<'_>,
    keys: &[RecordKey],
    visit: &mut dyn FnMut(usize, Option<Companion>),
) -> Result<(), StoreError> {
    let (of, other) = (queries.mapping(company.of)?, queries.mapping(company.other)?);
    let names = Names::new(other, queries)?;
    for way in of.ways(queries.mappings(), other, company.change) {
        let select = format!("SELECT {} {}", names.columns, rows(conn, of, other, &way)?);
        let (is_own_row, is_lost) = (way.steps.is_empty(), way.is_lost);
        for (place, key) in keys.iter().enumerate() {
            let mut see = |named: Facts| {
                // A record that is a part of itself is judged as what it is.
                if of.series != other.series || named.key != *key {
                    visit(place, Some(Companion { named, is_own_row, is_lost }));
                }
            };
            match names.read(conn, &select, key, &mut see).map_err(|error| StoreError::of_rows(conn, error)) {
                Err(StoreError::RowFails { .. }) => visit(place, None),
                read => read?,
            }
        }
    }
    Ok(())
}

/// `longest`: how long the answer for one record may take, where nothing else bounds it.
fn matching(
    opened: &Opened,
    queries: &Queries,
    company: Company<'_>,
    expression: &str,
    (keys, longest): (&[RecordKey], Option<Duration>),
) -> Result<Vec<bool>, StoreError> {
    let (of, other) = (queries.mapping(company.of)?, queries.mapping(company.other)?);
    let test = sql::condition(&Condition::Expression(expression.to_owned()));
    let mut matches = vec![false; keys.len()];
    for way in of.ways(queries.mappings(), other, company.change) {
        let rows = rows(&opened.conn, of, other, &way)?;
        let select = format!("SELECT EXISTS (SELECT 1 {rows} AND {test} IS TRUE)");
        if let Some(reason) = expression::refusal(opened, expression, &select).map_err(StoreError::in_expression)? {
            return Err(StoreError::Expression { message: reason.to_owned() });
        }
        let ask = |key: &RecordKey| {
            let _ends_in_time = longest.map(|longest| opened.deadline.reading(longest));
            let mut statement = opened.conn.prepare_cached(&select)?;
            bind_key(&mut statement, key)?;
            let mut rows = statement.raw_query();
            rows.next()?.map_or(Ok(false), |row| row.get(0))
        };
        for (matches, key) in matches.iter_mut().zip(keys) {
            *matches |= ask(key).map_err(|error| StoreError::of(&opened.conn, error).in_expression())?;
        }
    }
    Ok(matches)
}

/// `FROM` and `WHERE` of the rows of another series (`this`, and no other row is named) to which a way leads from one
/// record, by its key. Rows are told apart as the database does: their own key may be NULL.
fn rows(conn: &Connection, of: &SeriesMapping, other: &SeriesMapping, way: &Way<'_>) -> Result<String, StoreError> {
    let mut rows = format!("FROM {} AS {THIS} WHERE {}", sql::name(&of.table), key_is(THIS, of));
    for (place, step) in way.steps.iter().enumerate() {
        rows = match step {
            Step::ToPart(series, part) if place == 0 && series.series == of.series => part_rows(series, part)?,
            Step::ToPart(series, part) => part_rows_of(series, part, &rows)?,
            Step::ToOwner(series, part) => owner_rows(conn, series, part, &rows)?,
        };
    }
    among(conn, &other.table, &rows)
}

/// `FROM` and `WHERE` of the records (`this`) that have rows of a part, which a `FROM` and `WHERE` find as `this`.
fn owner_rows(conn: &Connection, series: &SeriesMapping, part: &PartMapping, rows: &str) -> Result<String, StoreError> {
    let (mut part, mut rows) = (part, rows.to_owned());
    for _ in &series.parts {
        let of = owner_of(series, part)?;
        let owner = of.map_or(&series.table, |of| &of.table);
        let (owners, table) = (sql::name(owner), sql::name(&part.table));
        let (own, this) = (ids(conn, OWNER, owner)?, ids(conn, THIS, &part.table)?);
        let found = format!(
            "SELECT {own} FROM {table} AS {THIS} CROSS JOIN {owners} AS {OWNER} WHERE ({this}) IN (SELECT {this} {rows}) AND {}",
            belongs(part)
        );
        rows = format!("FROM {owners} AS {THIS} WHERE ({}) IN ({found})", ids(conn, THIS, owner)?);
        match of {
            None => return Ok(rows),
            Some(of) => part = of,
        }
    }
    Err(StoreError::PartOfNone { series: series.series.clone(), part: part.name.clone() })
}

/// `FROM` and `WHERE` of the rows of a table (`this`) that are among those that a `FROM` and `WHERE` find as `this`.
fn among(conn: &Connection, table: &str, rows: &str) -> Result<String, StoreError> {
    let ids = ids(conn, THIS, table)?;
    Ok(format!("FROM {} AS {THIS} WHERE ({ids}) IN (SELECT {ids} {rows})", sql::name(table)))
}

/// What tells the rows of a table apart, whatever its series know them by.
fn ids(conn: &Connection, alias: &str, table: &str) -> Result<String, StoreError> {
    Ok(told_apart(&identity(conn, table)?, alias))
}

/// What holds know the rows of a series by.
struct Names<'m> {
    series: &'m SeriesMapping,
    columns: String,
    subject: usize,
}

impl<'m> Names<'m> {
    fn new(series: &'m SeriesMapping, queries: &Queries) -> Result<Self, StoreError> {
        let subject = series.subject.as_ref().map(|relation| subject_columns(relation, queries.mappings()));
        let subject = subject.transpose()?.unwrap_or_default();
        let mut columns = key_columns(THIS, series);
        columns.push(series.filter.as_ref().map_or_else(|| "1".to_owned(), holds));
        columns.push(series.reference.as_ref().map_or_else(|| "NULL".to_owned(), |column| sql::column(THIS, column)));
        columns.extend(subject.iter().cloned());
        Ok(Self { series, columns: columns.join(", "), subject: subject.len() })
    }

    fn read(
        &self,
        conn: &Connection,
        select: &str,
        key: &RecordKey,
        see: &mut dyn FnMut(Facts),
    ) -> rusqlite::Result<()> {
        let mut statement = conn.prepare_cached(select)?;
        bind_key(&mut statement, key)?;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            see(self.named(row)?);
        }
        Ok(())
    }

    fn named(&self, row: &Row<'_>) -> rusqlite::Result<Facts> {
        let first = self.series.key.len();
        let (key, _) = key_at(row, 0, first)?;
        let subject: Option<Vec<KeyValue>> = (first + 2..first + 2 + self.subject)
            .map(|place| row.get_ref(place).map(key_value))
            .collect::<rusqlite::Result<_>>()?;
        let subject = subject.filter(|columns| !columns.is_empty()).map(RecordKey::new);
        Ok(Facts::named(key, cited(row.get_ref(first + 1)?), subject, read::holds(row.get_ref(first)?)))
    }
}
