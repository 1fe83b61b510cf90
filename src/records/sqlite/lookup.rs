//! Finding records by what people have in hand: a key on the command line, a reference, an expression; and their files.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use super::StoreError;
use super::catalog::{Affinity, Catalog, Index, indexes};
use super::expression;
use super::open::Opened;
use super::reader::Asked;
use super::select::{FactsQuery, FilesQuery, key_columns, key_is};
use super::sql::{self, THIS};
use super::value::{bind_key, cited, key_at};
use super::walk;
use crate::model::{KeyValue, RecordKey, alike};
use crate::records::files::FileRef;
use crate::records::mapping::{Condition, SeriesMapping};

/// So long may the answer of a person's expression take for a row; the first one pays for tables that are read once for
/// all. No write transaction could spare as much.
pub(super) const LONGEST_ANSWER: Duration = Duration::from_secs(5);

/// Makes a key of a person's arguments, typed by the columns' declared types. A blob is written `x'…'` in hexadecimal.
///
/// # Errors
/// Too few or too many arguments, or one that the column's type cannot hold.
pub fn parse_key(series: &SeriesMapping, catalog: &Catalog, args: &[String]) -> Result<RecordKey, StoreError> {
    if args.len() != series.key.len() {
        let message = format!("{} takes {}, and {} were given", series.series, describe(series), args.len());
        return Err(StoreError::Key { message });
    }
    let table = catalog.table(&series.table);
    let columns = series.key.iter().zip(args).map(|(column, arg)| {
        let affinity = table.and_then(|table| table.column(column)).map_or(Affinity::Blob, |column| column.affinity());
        parse_value(affinity, arg)
            .ok_or_else(|| StoreError::Key { message: format!("{column} of {} takes an integer", series.series) })
    });
    columns.collect::<Result<_, _>>().map(RecordKey::new)
}

fn describe(series: &SeriesMapping) -> String {
    match series.key.as_slice() {
        [only] => format!("one argument, its {only}"),
        several => format!("{} arguments: {}", several.len(), several.join(", ")),
    }
}

fn parse_value(affinity: Affinity, arg: &str) -> Option<KeyValue> {
    // No application writes `+66`; whoever types it means something else.
    let integer = || arg.parse().ok().filter(|_| !arg.starts_with('+')).map(KeyValue::Integer);
    match affinity {
        Affinity::Text => Some(KeyValue::Text(arg.to_owned())),
        Affinity::Integer => integer(),
        // These hold both. A text of digits is stored as an integer where the affinity is numeric.
        Affinity::Numeric | Affinity::Real | Affinity::Blob => {
            integer().or_else(|| blob(arg)).or_else(|| Some(KeyValue::Text(arg.to_owned())))
        }
    }
}

/// `x'0aff'`.
fn blob(arg: &str) -> Option<KeyValue> {
    let digits = arg.strip_prefix(['x', 'X'])?.strip_prefix('\'')?.strip_suffix('\'')?;
    let nibble = |digit: u8| char::from(digit).to_digit(16);
    let byte = |pair: &[u8]| match pair {
        [high, low] => u8::try_from(nibble(*high)? << 4 | nibble(*low)?).ok(),
        _ => None,
    };
    digits.as_bytes().chunks(2).map(byte).collect::<Option<_>>().map(KeyValue::Blob)
}

/// The records that are cited so: whose reference is this text, or the number that it reads as; where there is none,
/// those that differ from it in the case of letters or in spaces at the end only, as a hold on it keeps them too. None
/// where the series has no reference.
///
/// # Errors
/// [`StoreError::Interrupted`] where it takes longer than `within`; the database cannot be read.
pub fn find_reference(
    opened: &Opened,
    series: &SeriesMapping,
    query: &FactsQuery,
    (reference, within): (&str, Duration),
) -> Result<Vec<RecordKey>, StoreError> {
    let Some(column) = &series.reference else { return Ok(Vec::new()) };
    let sought = Sought { series, column: sql::column(THIS, column), reference, within };
    let failed = |error| StoreError::of(&opened.conn, error);
    if is_indexed(&opened.conn, series, column).map_err(failed)? {
        let found = sought.at_once(opened)?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    sought.among_all(opened, query)
}

/// Whether an index finds the rows with a value of this column.
fn is_indexed(conn: &Connection, series: &SeriesMapping, column: &str) -> rusqlite::Result<bool> {
    let is_it = |first: Option<&String>| first.is_some_and(|first| first.eq_ignore_ascii_case(column));
    let indexes = indexes(conn, &series.table)?;
    let finds = |index: &Index| !index.partial && is_it(index.columns.first().and_then(Option::as_ref));
    Ok(is_it(series.key.first()) || indexes.iter().any(finds))
}

/// What people cite.
struct Sought<'s> {
    series: &'s SeriesMapping,
    /// Of `this`.
    column: String,
    reference: &'s str,
    within: Duration,
}

impl Sought<'_> {
    /// Those that an index finds.
    fn at_once(&self, opened: &Opened) -> Result<Vec<RecordKey>, StoreError> {
        let (number, real): (Option<i64>, Option<f64>) = (self.reference.parse().ok(), self.reference.parse().ok());
        let keys = key_columns(THIS, self.series).join(", ");
        let select = format!("{} WHERE {} IN (?1, ?2, ?3, ?4) ORDER BY {keys}", self.select(), self.column);
        let before = opened.deadline.narrow(self.within);
        let read = || {
            let mut statement = opened.conn.prepare(&select)?;
            let mut rows = statement.query((self.reference, number, real, self.reference.as_bytes()))?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.extend(self.cited(row)?.filter(|(_, cited)| self.is_meant(cited)).map(|(key, _)| key));
            }
            Ok(found)
        };
        let found = read().map_err(|error| StoreError::of(&opened.conn, error));
        opened.deadline.put_back(before);
        found
    }

    /// Those that a way through all rows finds, in turns with the application.
    fn among_all(&self, opened: &Opened, query: &FactsQuery) -> Result<Vec<RecordKey>, StoreError> {
        let (began, mut is_over, wanted) = (Instant::now(), false, alike(self.reference));
        let (mut found, mut similar) = (Vec::new(), Vec::new());
        let mut see = |row: &Row<'_>| {
            if let Some((key, cited)) = self.cited(row)? {
                if self.is_meant(&cited) {
                    found.push(key);
                } else if found.is_empty() && alike(&cited.text()) == wanted {
                    similar.push(key);
                }
            }
            is_over = began.elapsed() >= self.within;
            Ok(if is_over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        };
        query.each_row(opened, &self.select(), walk::LONGEST_ROW, &mut see)?;
        if is_over {
            return Err(StoreError::Interrupted { database: opened.conn.path().unwrap_or_default().into() });
        }
        let mut found = if found.is_empty() { similar } else { found };
        found.sort();
        Ok(found)
    }

    /// Of every row, key and reference.
    fn select(&self) -> String {
        let keys = key_columns(THIS, self.series).join(", ");
        format!("SELECT {keys}, {} FROM {} AS {THIS}", self.column, sql::name(&self.series.table))
    }

    /// Key and reference of a row; `None` for one without a reference, and for one that no key finds again: that is
    /// never destroyed, so nothing can be asked of it.
    fn cited(&self, row: &Row<'_>) -> rusqlite::Result<Option<(RecordKey, KeyValue)>> {
        let width = self.series.key.len();
        let Some(cited) = cited(row.get_ref(width)?) else { return Ok(None) };
        let (key, finds_it) = key_at(row, 0, width)?;
        Ok(finds_it.then_some((key, cited)))
    }

    fn is_meant(&self, cited: &KeyValue) -> bool {
        let (text, number) = (cited.text(), self.reference.parse::<i64>().ok());
        text == self.reference || number.is_some_and(|number| text.parse() == Ok(number))
    }
}

/// Asks an expression over `this` of every row, or of as many as may be asked `within` a time, and shows the records
/// for which it holds until `visit` breaks; `None` is a row that no key finds again, which is never destroyed by
/// itself.
///
/// The expression is a column, not a condition: so every row shows itself, and none in which it takes long hides behind
/// those that do not match.
///
/// # Errors
/// [`StoreError::Expression`] for what is no expression, does more than read, fails on the values of a row, or takes
/// too long for one.
pub fn find_where(
    opened: &Opened,
    series: &SeriesMapping,
    query: &FactsQuery,
    (expression, within): (&str, Duration),
    visit: &mut dyn FnMut(Option<RecordKey>) -> ControlFlow<()>,
) -> Result<Asked, StoreError> {
    let select = select_answers(opened, series, expression)?;
    let (began, mut asked) = (Instant::now(), Asked::All);
    let mut see = |row: &Row<'_>| {
        if row.get::<_, bool>(series.key.len())? {
            let (key, finds_it) = key_at(row, 0, series.key.len())?;
            if visit(finds_it.then_some(key)).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        if began.elapsed() < within {
            return Ok(ControlFlow::Continue(()));
        }
        asked = Asked::Some;
        Ok(ControlFlow::Break(()))
    };
    // An expression may fail on the values of some row only (`json_extract` of what is no JSON).
    query.each_row(opened, &select, LONGEST_ANSWER.min(within), &mut see).map_err(StoreError::in_expression)?;
    Ok(asked)
}

/// Whether this record is there and the expression holds for it.
///
/// # Errors
/// As [`find_where`].
pub fn holds_for(
    opened: &Opened,
    series: &SeriesMapping,
    expression: &str,
    key: &RecordKey,
) -> Result<bool, StoreError> {
    let select = format!("{} WHERE {}", select_answers(opened, series, expression)?, key_is(THIS, series));
    let conn = &opened.conn;
    let longest = walk::longest(conn, LONGEST_ANSWER).map_err(|error| StoreError::of(conn, error))?;
    let read = opened.deadline.reading(longest);
    let ask = || {
        let mut statement = conn.prepare(&select)?;
        bind_key(&mut statement, key)?;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            // A collation may find a row whose key is another's.
            if key_at(row, 0, series.key.len())?.0 == *key {
                return row.get(series.key.len());
            }
        }
        Ok(false)
    };
    ask().map_err(|error| read.failed(conn, error).in_expression())
}

/// Selects key and answer of every row.
fn select_answers(opened: &Opened, series: &SeriesMapping, expression: &str) -> Result<String, StoreError> {
    let (keys, table) = (key_columns(THIS, series).join(", "), sql::name(&series.table));
    let condition = sql::condition(&Condition::Expression(expression.to_owned()));
    let select = format!("SELECT {keys}, {condition} IS TRUE FROM {table} AS {THIS}");
    only_of_one_row(opened, &format!("SELECT 1 FROM {table} AS {THIS} WHERE {condition}"), expression)?;
    match expression::refusal(opened, expression, &select).map_err(StoreError::in_expression)? {
        Some(reason) => Err(StoreError::Expression { message: reason.to_owned() }),
        None => Ok(select),
    }
}

/// As a column, an aggregate or a window function would answer for all rows at once; no destruction can ask that.
fn only_of_one_row(opened: &Opened, select: &str, expression: &str) -> Result<(), StoreError> {
    if sql::not_one_expression(expression).is_some() {
        return Ok(());
    }
    let refused = |error| match StoreError::of(&opened.conn, error).in_expression() {
        StoreError::Expression { message } if message.contains("misuse of") => StoreError::Expression {
            message: format!(
                "{message}; it is asked of one row, so count over several rows in a subquery, `(SELECT count(*) FROM …)`"
            ),
        },
        other => other,
    };
    opened.conn.prepare(select).map(drop).map_err(refused)
}

/// The files that records name.
#[derive(Debug, Default)]
pub struct NamedFiles {
    pub files: Vec<FileRef>,
    /// Places of records on which an expression of the mapping fails, so that nobody knows all of their files.
    pub unknown: Vec<(usize, StoreError)>,
}

impl FactsQuery {
    /// The files that the rows of these records' parts name, in the order of the keys.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn files_of(&self, conn: &Connection, keys: &[RecordKey]) -> Result<NamedFiles, StoreError> {
        let mut named = NamedFiles::default();
        for (record, key) in keys.iter().enumerate() {
            let read = self.files.iter().try_for_each(|query| query.read(conn, record, key, &mut named.files));
            match read.map_err(|error| StoreError::of_rows(conn, error)) {
                Err(error @ StoreError::RowFails { .. }) => named.unknown.push((record, error)),
                read => read?,
            }
        }
        Ok(named)
    }
}

impl FilesQuery {
    fn read(
        &self,
        conn: &Connection,
        record: usize,
        key: &RecordKey,
        files: &mut Vec<FileRef>,
    ) -> rusqlite::Result<()> {
        let mut statement = conn.prepare_cached(&self.sql)?;
        bind_key(&mut statement, key)?;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            let values: Vec<ValueRef<'_>> =
                (0..self.columns).map(|place| row.get_ref(place)).collect::<Result<_, _>>()?;
            if let Some(path) = path_of(&values) {
                files.push(FileRef { record, part: self.part.clone(), root: self.root.clone(), path });
            }
        }
        Ok(())
    }
}

/// The columns of a row joined by `/`, empty ones left out; `None` where one is NULL or all are empty: the row names no
/// file.
///
/// A value that is no text becomes a path that no file can have, so that its record fails instead of leaving a file
/// behind.
pub fn path_of(values: &[ValueRef<'_>]) -> Option<String> {
    let mut path = String::new();
    for value in values {
        let part = match value {
            ValueRef::Null => return None,
            ValueRef::Integer(number) => number.to_string(),
            ValueRef::Text(text) => str::from_utf8(text).unwrap_or("\0").to_owned(),
            ValueRef::Real(_) | ValueRef::Blob(_) => "\0".to_owned(),
        };
        if !path.is_empty() && !part.is_empty() {
            path.push('/');
        }
        path.push_str(&part);
    }
    (!path.is_empty()).then_some(path)
}
