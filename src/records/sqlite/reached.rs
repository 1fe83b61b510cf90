//! The rows to which records lead, as one statement that walks from place to place: for many records at once, and
//! however far.

use rusqlite::{Connection, Row};

use super::StoreError;
use super::dispose_member::{Apart, identity};
use super::part_rows::belongs;
use super::prove::owner_table;
use super::select::key_columns;
use super::sql::{self, OWNER, THIS};
use crate::model::RecordKey;
use crate::records::mapping::{PartMapping, Place, Reach, Rows, SeriesMapping};

/// Records that are asked about at once.
pub(super) const PAGE: usize = 100;

/// What the statement calls its own tables and columns, so that no expression can mean them.
const KEYS: &str = "\"retentiond keys\"";
const REACHED: &str = "\"retentiond reached\"";
const RECORD: &str = "\"retentiond record\"";
const PLACE: &str = "\"retentiond place\"";

/// A series, and how its records lead to rows of another one.
pub(super) struct Reached<'a> {
    pub conn: &'a Connection,
    pub of: &'a SeriesMapping,
    pub other: &'a SeriesMapping,
    /// Not empty.
    pub reach: &'a Reach<'a>,
}

/// One statement, for so many records.
pub(super) struct Statements {
    pub of_one: String,
    /// Of a page; records that are missing are NULL.
    pub of_page: String,
    /// Columns of a record's key.
    width: usize,
}

impl Statements {
    /// Shows the rows for these records, at most a page of them.
    pub(super) fn rows(
        &self,
        conn: &Connection,
        keys: &[RecordKey],
        see: &mut dyn FnMut(&Row<'_>) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        let mut statement = conn.prepare_cached(if keys.len() == 1 { &self.of_one } else { &self.of_page })?;
        // A key of another length is of no record.
        let keys = keys.iter().enumerate().filter(|(_, key)| key.columns().len() == self.width);
        for (record, key) in keys {
            for (place, value) in key.columns().iter().enumerate() {
                statement.raw_bind_parameter(record * self.width + place + 1, value)?;
            }
        }
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            see(row)?;
        }
        Ok(())
    }
}

impl Reached<'_> {
    /// They select the number of the record in its page and of the place, and these columns of `this`, from the rows of
    /// the other series (no other row is named) that pass a test.
    pub(super) fn statements(&self, columns: &str, test: &str) -> Result<Statements, StoreError> {
        let identities = self.reach.places.iter().map(|place| identity(self.conn, place.rows.table(self.of)));
        let identities: Vec<Vec<Apart>> = identities.collect::<Result<_, _>>()?;
        let width = identities.iter().map(Vec::len).max().unwrap_or_default();
        let mut terms = vec![self.records(&identities[0], width)];
        for (at, place) in self.reach.places.iter().enumerate() {
            terms.extend(self.term(at, place, &identities, width)?);
        }
        let asked: Vec<usize> = (0..self.reach.places.len()).filter(|at| self.reach.places[*at].is_asked).collect();
        let is_it = asked.first().map_or_else(String::new, |at| is_row(THIS, &identities[*at]));
        let ids: Vec<String> = (0..width).map(id).collect();
        let rest = format!(
            "{REACHED}({RECORD}, {PLACE}, {}) AS ({}) \
             SELECT {REACHED}.{RECORD}, {REACHED}.{PLACE}, {columns} FROM {REACHED} CROSS JOIN {} AS {THIS} \
             WHERE {REACHED}.{PLACE} IN ({}) AND {is_it} AND {test}",
            ids.join(", "),
            terms.join(" UNION "),
            sql::name(&self.other.table),
            numbers(&asked),
        );
        let of = |records| format!("WITH RECURSIVE {KEYS} AS (VALUES {}), {rest}", self.values(records));
        Ok(Statements { of_one: of(1), of_page: of(PAGE), width: self.of.key.len() })
    }

    /// `(0, ?1, ?2), (1, ?3, ?4), …`
    fn values(&self, records: usize) -> String {
        let width = self.of.key.len();
        let row = |record: usize| {
            let parameters: Vec<String> = (0..width).map(|place| format!("?{}", record * width + place + 1)).collect();
            format!("({record}, {})", parameters.join(", "))
        };
        (0..records).map(row).collect::<Vec<_>>().join(", ")
    }

    /// The records' own rows.
    fn records(&self, own: &[Apart], width: usize) -> String {
        let columns = key_columns(THIS, self.of).into_iter().enumerate();
        let is_key: Vec<String> =
            columns.map(|(place, column)| format!("{column} = {KEYS}.column{}", place + 2)).collect();
        format!(
            "SELECT {KEYS}.column1, 0, {} FROM {KEYS} CROSS JOIN {} AS {THIS} WHERE {}",
            ids(THIS, own, width),
            sql::name(&self.of.table),
            is_key.join(" AND ")
        )
    }

    /// The rows of a place, from those by which it is reached.
    fn term(
        &self,
        at: usize,
        place: &Place<'_>,
        identities: &[Vec<Apart>],
        width: usize,
    ) -> Result<Option<String>, StoreError> {
        // What each row is found from, and what it is found as.
        let (series, part, found_from, found) = match place.rows {
            Rows::Own => return Ok(None),
            Rows::Part(series, part) => (series, part, OWNER, THIS),
            Rows::Owner { series, part, .. } => (series, part, THIS, OWNER),
        };
        let Some(from) = place.from.first() else { return Ok(None) };
        let owners = sql::name(owner_of(series, part)?);
        let mut tables = [format!("{owners} AS {OWNER}"), format!("{} AS {THIS}", sql::name(&part.table))];
        if found == OWNER {
            tables.reverse();
        }
        Ok(Some(format!(
            "SELECT {REACHED}.{RECORD}, {at}, {} FROM {REACHED} CROSS JOIN {} \
             WHERE {REACHED}.{PLACE} IN ({}) AND {} AND {}",
            ids(found, &identities[at], width),
            tables.join(" CROSS JOIN "),
            numbers(&place.from),
            is_row(found_from, &identities[*from]),
            belongs(part)
        )))
    }
}

/// The table of what a part is a part of.
fn owner_of<'a>(series: &'a SeriesMapping, part: &PartMapping) -> Result<&'a str, StoreError> {
    let none = || StoreError::PartOfNone { series: series.series.clone(), part: part.name.clone() };
    owner_table(series, part).ok_or_else(none)
}

/// That a row is the one that was reached. Its own column says how it compares: what was reached has neither affinity
/// nor collation of its own.
fn is_row(alias: &str, identity: &[Apart]) -> String {
    let terms =
        identity.iter().enumerate().map(|(place, apart)| format!("{} = {REACHED}.{}", apart.of(alias), id(place)));
    terms.collect::<Vec<_>>().join(" AND ")
}

/// What tells a row apart, by its bytes: two that a column's collation calls equal may be two rows.
fn ids(alias: &str, identity: &[Apart], width: usize) -> String {
    let own = identity.iter().map(|apart| format!("+{} COLLATE BINARY", sql::column(alias, &apart.column)));
    own.chain(std::iter::repeat("NULL".to_owned())).take(width).collect::<Vec<_>>().join(", ")
}

fn id(place: usize) -> String {
    format!("\"retentiond id {place}\"")
}

fn numbers(places: &[usize]) -> String {
    places.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
}
