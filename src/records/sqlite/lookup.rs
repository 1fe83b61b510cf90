//! Finding records by what people have in hand: a key on the command line, a reference, an expression; and their files.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, ToSql};

use super::StoreError;
use super::catalog::{Affinity, Catalog};
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
/// The database cannot be read.
pub fn find_reference(
    conn: &Connection,
    series: &SeriesMapping,
    reference: &str,
) -> Result<Vec<RecordKey>, StoreError> {
    let Some(column) = &series.reference else { return Ok(Vec::new()) };
    let column = sql::column(THIS, column);
    let (number, real): (Option<i64>, Option<f64>) = (reference.parse().ok(), reference.parse().ok());
    let reads_so = |cited: &KeyValue| {
        let text = cited.text();
        text == reference || number.is_some_and(|number| text.parse() == Ok(number))
    };
    let find = |test: &str, parameters: &[&dyn ToSql], is_meant: &dyn Fn(&KeyValue) -> bool| {
        cited_so(conn, &select_cited(series, &column, test), series, parameters, is_meant)
            .map_err(|error| StoreError::of(conn, error))
    };
    // An index finds these.
    let found = find(
        &format!("{column} IN (?1, ?2, ?3, ?4)"),
        &[&reference, &number, &real, &reference.as_bytes()],
        &reads_so,
    )?;
    if !found.is_empty() {
        return Ok(found);
    }
    let wanted = alike(reference);
    find(&format!("{column} IS NOT NULL"), &[], &|cited| alike(&cited.text()) == wanted)
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
    match expression::refusal(opened, expression, &select).map_err(StoreError::in_expression)? {
        Some(reason) => Err(StoreError::Expression { message: reason.to_owned() }),
        None => Ok(select),
    }
}

/// Selects key and reference.
fn select_cited(series: &SeriesMapping, column: &str, test: &str) -> String {
    let keys = key_columns(THIS, series).join(", ");
    format!("SELECT {keys}, {column} FROM {} AS {THIS} WHERE {test} ORDER BY {keys}", sql::name(&series.table))
}

fn cited_so(
    conn: &Connection,
    select: &str,
    series: &SeriesMapping,
    parameters: &[&dyn ToSql],
    is_meant: &dyn Fn(&KeyValue) -> bool,
) -> rusqlite::Result<Vec<RecordKey>> {
    let mut statement = conn.prepare(select)?;
    let mut rows = statement.query(parameters)?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        if !cited(row.get_ref(series.key.len())?).is_some_and(|cited| is_meant(&cited)) {
            continue;
        }
        // A row that no key finds again is never destroyed: nothing can be asked of it.
        if let (key, true) = key_at(row, 0, series.key.len())? {
            keys.push(key);
        }
    }
    Ok(keys)
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
