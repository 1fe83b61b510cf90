//! The rows to which records lead, as one statement that walks from place to place: for many records at once, and
//! however far.

mod traced;

use std::thread;
use std::time::Duration;

use rusqlite::{Connection, Row};

use super::StoreError;
use super::dispose_member::{Apart, identity};
use super::open::Opened;
use super::part_rows::belongs;
use super::prove::owner_table;
use super::select::key_columns;
use super::sql::{self, OWNER, THIS};
use super::walk::{LONGEST_PAGE, LONGEST_ROW_LOCKED, TURN, is_wal};
use crate::model::RecordKey;
use crate::records::mapping::{PartMapping, Place, Reach, Rows, SeriesMapping, Wait};

/// Records that are asked about at once.
const PAGE: usize = 100;

/// What takes longer, where readers keep the application from writing, is asked of fewer records at once.
pub(super) const LONGEST_TOGETHER: Duration = Duration::from_millis(100);

/// Whether the application waits while rows are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// It does not, or somebody else sees to it that it does not wait for long.
    Whole,
    /// It has its turn after some records.
    InTurns,
}

impl Pace {
    /// Of who only reads: in rollback mode readers keep the application from writing.
    pub(super) fn of_reader(conn: &Connection) -> Result<Self, StoreError> {
        let is_wal = is_wal(conn).map_err(|error| StoreError::of(conn, error))?;
        Ok(if is_wal { Self::Whole } else { Self::InTurns })
    }
}

/// What the statement calls its own tables and columns, so that no expression can mean them.
const KEYS: &str = "\"retentiond keys\"";
const REACHED: &str = "\"retentiond reached\"";
const RECORD: &str = "\"retentiond record\"";
const PLACE: &str = "\"retentiond place\"";
const STEP: &str = "\"retentiond step\"";
const FROM: &str = "\"retentiond from\"";
const TO: &str = "\"retentiond to\"";
const GONE: &str = "\"retentiond gone\"";

/// A series, and the places to which its records lead.
pub(super) struct Reached<'a> {
    of: &'a SeriesMapping,
    places: &'a [Place<'a>],
    /// What tells the rows of each place apart.
    identities: Vec<Vec<Apart>>,
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
    pub(super) fn texts(&self) -> [&str; 2] {
        [&self.of_one, &self.of_page]
    }

    /// Shows the rows for all of these records, each with the place of its record, perhaps several times. Then the
    /// places of the records on which an expression fails, or which take too long alone, so that nothing is known of
    /// them. `pace`: how long readers may keep the application from writing.
    pub(super) fn each(
        &self,
        opened: &Opened,
        keys: &[RecordKey],
        pace: Pace,
        see: &mut dyn FnMut(usize, &Row<'_>) -> rusqlite::Result<()>,
    ) -> Result<Vec<usize>, StoreError> {
        let (mut failing, mut first, mut most) = (Vec::new(), 0, PAGE);
        while first < keys.len() {
            let page = &keys[first..keys.len().min(first + most)];
            let took = match self.page(opened, page, pace, &mut |row| see(first + number(row, 0)?, row)) {
                // Of which record it is SQLite does not say.
                Err(StoreError::RowFails { .. } | StoreError::TooSlow { .. }) if page.len() > 1 => {
                    most = page.len() / 2;
                    continue;
                }
                Err(StoreError::RowFails { .. } | StoreError::TooSlow { .. }) => {
                    failing.push(first);
                    None
                }
                took => Some(took?),
            };
            first += page.len();
            let is_quick = took.is_some_and(|took| pace == Pace::Whole || took * 2 <= LONGEST_PAGE);
            most = if is_quick { PAGE.min(most * 2) } else { most };
        }
        Ok(failing)
    }

    /// Shows the rows for these records, at most a page of them, and says how long it took, where others wait.
    fn page(
        &self,
        opened: &Opened,
        keys: &[RecordKey],
        pace: Pace,
        see: &mut dyn FnMut(&Row<'_>) -> rusqlite::Result<()>,
    ) -> Result<Duration, StoreError> {
        let conn = &opened.conn;
        if pace == Pace::Whole {
            self.rows(conn, keys, see).map_err(|error| StoreError::of_rows(conn, error))?;
            return Ok(Duration::ZERO);
        }
        let read = opened.deadline.reading(if keys.len() == 1 { LONGEST_ROW_LOCKED } else { LONGEST_TOGETHER });
        let shown = self.rows(conn, keys, see).map_err(|error| read.failed(conn, error));
        let took = read.step();
        drop(read);
        thread::sleep(TURN);
        shown.map(|()| took)
    }

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

impl<'a> Reached<'a> {
    /// `reach` is not empty.
    pub(super) fn new(conn: &Connection, of: &'a SeriesMapping, reach: &'a Reach<'a>) -> Result<Self, StoreError> {
        let identities = reach.places.iter().map(|place| identity(conn, place.rows.table(of)));
        Ok(Self { of, places: &reach.places, identities: identities.collect::<Result<_, _>>()? })
    }

    /// They select the number of the record in its page and of the place, and these columns of `this`, from the rows of
    /// the other series (no other row is named) that pass a test.
    pub(super) fn asked(&self, other: &SeriesMapping, columns: &str, test: &str) -> Result<Statements, StoreError> {
        let asked: Vec<usize> = (0..self.places.len()).filter(|at| self.places[*at].is_asked).collect();
        self.statements(&format!(
            "SELECT {REACHED}.{RECORD}, {REACHED}.{PLACE}, {columns} FROM {REACHED} CROSS JOIN {} AS {THIS} \
             WHERE {} AND {test}",
            sql::name(&other.table),
            self.is_at(THIS, &asked)
        ))
    }

    /// They select the number of the record in its page, and these columns of `this`, from the rows of the blocker that
    /// keep one of those that wait (`owner`), and that do not go with the record themselves.
    pub(super) fn blocking(&self, wait: &Wait<'_>, columns: &str) -> Result<Statements, StoreError> {
        let gone = wait.going.first().map(|at| {
            format!(
                "LEFT JOIN {REACHED} AS {GONE} ON {GONE}.{RECORD} = {REACHED}.{RECORD} AND {GONE}.{PLACE} IN ({}) AND {}",
                numbers(&wait.going),
                is_very_row(THIS, &self.identities[*at], GONE)
            )
        });
        let is_gone = gone.as_ref().map(|_| format!(" AND {GONE}.{RECORD} IS NULL"));
        let waits = self.is_at(OWNER, &wait.waiting);
        let in_scope = wait.series.filter.as_ref().map(|filter| {
            format!(
                " AND EXISTS (SELECT 1 FROM {} AS {THIS} WHERE {} AND {})",
                sql::name(&wait.series.table),
                self.is_at(THIS, &wait.waiting),
                sql::condition(filter)
            )
        });
        self.statements(&format!(
            "SELECT {REACHED}.{RECORD}, {columns} FROM {REACHED} CROSS JOIN {} AS {OWNER} CROSS JOIN {} AS {THIS} {} \
             WHERE {waits} AND {}{}{}",
            sql::name(&wait.series.table),
            sql::name(&wait.blocker.table),
            gone.unwrap_or_default(),
            sql::join(&wait.relation.on),
            in_scope.unwrap_or_default(),
            is_gone.unwrap_or_default(),
        ))
    }

    /// Columns that tell apart the rows of a place, at most.
    pub(super) fn width(&self) -> usize {
        self.identities.iter().map(Vec::len).max().unwrap_or_default()
    }

    /// With the walk before a SELECT.
    fn statements(&self, select: &str) -> Result<Statements, StoreError> {
        let mut terms = vec![self.records(&format!("{KEYS}.column1, 0"), "")];
        for way in self.ways() {
            terms.push(self.term(&way, &format!("{REACHED}.{RECORD}, {STEP}.{TO}"))?);
        }
        let ids: Vec<String> = (0..self.width()).map(id).collect();
        Ok(self.walked(&ids, &format!("({})", terms.join(" UNION ")), select))
    }

    /// A SELECT, and before it a walk of two columns and these.
    fn walked(&self, columns: &[String], walk: &str, select: &str) -> Statements {
        let rest = format!("{REACHED}({RECORD}, {PLACE}, {}) AS {walk} {select}", columns.join(", "));
        let of = |records| format!("WITH RECURSIVE {KEYS} AS (VALUES {}), {rest}", self.values(records));
        Statements { of_one: of(1), of_page: of(PAGE), width: self.of.key.len() }
    }

    /// That a row is the one that was reached, at one of these places of one table.
    fn is_at(&self, alias: &str, places: &[usize]) -> String {
        let is_it = places.first().map_or_else(|| "0".to_owned(), |at| is_row(alias, &self.identities[*at]));
        format!("{REACHED}.{PLACE} IN ({}) AND {is_it}", numbers(places))
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

    /// The records' own rows, between these columns.
    fn records(&self, before: &str, after: &str) -> String {
        let columns = key_columns(THIS, self.of).into_iter().enumerate();
        let is_key: Vec<String> =
            columns.map(|(place, column)| format!("{column} = {KEYS}.column{}", place + 2)).collect();
        format!(
            "SELECT {before}, {}{after} FROM {KEYS} CROSS JOIN {} AS {THIS} WHERE {}",
            ids(THIS, &self.identities[0], self.width()),
            sql::name(&self.of.table),
            is_key.join(" AND ")
        )
    }

    /// Every join by which some rows are found from others: one for many places, which differ by what their rows are to
    /// the record. SQLite takes some hundred terms in one SELECT, and walks through each for every row.
    fn ways(&self) -> Vec<Way<'a>> {
        let mut ways: Vec<Way<'a>> = Vec::new();
        for (to, place) in self.places.iter().enumerate() {
            let steps = place.from.iter().map(|from| (*from, to));
            let Some(way) = Way::to(place.rows) else { continue };
            match ways.iter_mut().find(|known| known.is_same(&way)) {
                Some(known) => known.steps.extend(steps),
                None => ways.push(Way { steps: steps.collect(), ..way }),
            }
        }
        ways.retain(|way| !way.steps.is_empty());
        ways
    }

    /// The rows to which a way leads, from those by which they are reached, after these columns.
    fn term(&self, way: &Way<'_>, before: &str) -> Result<String, StoreError> {
        let Way { series, part, found_from, found, steps } = way;
        let owners = sql::name(owner_of(series, part)?);
        let mut tables = [format!("{owners} AS {OWNER}"), format!("{} AS {THIS}", sql::name(&part.table))];
        if *found == OWNER {
            tables.reverse();
        }
        // Whichever place it is, its rows are of the same table.
        let (from, to) = steps[0];
        let steps: Vec<String> = steps.iter().map(|(from, to)| format!("({from}, {to})")).collect();
        Ok(format!(
            "SELECT {before}, {} FROM {REACHED} \
             CROSS JOIN (SELECT column1 AS {FROM}, column2 AS {TO} FROM (VALUES {})) AS {STEP} CROSS JOIN {} \
             WHERE {STEP}.{FROM} = {REACHED}.{PLACE} AND {} AND {}",
            ids(found, &self.identities[to], self.width()),
            steps.join(", "),
            tables.join(" CROSS JOIN "),
            is_row(found_from, &self.identities[from]),
            belongs(part)
        ))
    }
}

/// A join that leads from rows to rows.
struct Way<'a> {
    series: &'a SeriesMapping,
    part: &'a PartMapping,
    /// What each row is found from, and what it is found as.
    found_from: &'static str,
    found: &'static str,
    /// From which place to which.
    steps: Vec<(usize, usize)>,
}

impl<'a> Way<'a> {
    /// The one to these rows; `None` to the record's own.
    fn to(rows: Rows<'a>) -> Option<Self> {
        let (series, part, found_from, found) = match rows {
            Rows::Own => return None,
            Rows::Part(series, part) => (series, part, OWNER, THIS),
            Rows::Owner { series, part, .. } => (series, part, THIS, OWNER),
        };
        Some(Self { series, part, found_from, found, steps: Vec::new() })
    }

    fn is_same(&self, other: &Self) -> bool {
        self.found == other.found && self.part.name == other.part.name && self.series.series == other.series.series
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

/// The same by the bytes: nothing stands in the way of an index that SQLite makes of what was reached.
fn is_very_row(alias: &str, identity: &[Apart], reached: &str) -> String {
    let terms = identity.iter().enumerate().map(|(place, apart)| {
        format!("+{} COLLATE BINARY = {reached}.{}", sql::column(alias, &apart.column), id(place))
    });
    terms.collect::<Vec<_>>().join(" AND ")
}

/// What tells a row apart, by its bytes: two that a column's collation calls equal may be two rows.
fn ids(alias: &str, identity: &[Apart], width: usize) -> String {
    let own = identity.iter().map(|apart| format!("+{} COLLATE BINARY", sql::column(alias, &apart.column)));
    own.chain(std::iter::repeat("NULL".to_owned())).take(width).collect::<Vec<_>>().join(", ")
}

/// The pages of a list, each with the place of its first.
pub(super) fn pages(keys: &[RecordKey]) -> impl Iterator<Item = (usize, &[RecordKey])> {
    keys.chunks(PAGE).enumerate().map(|(number, page)| (number * PAGE, page))
}

/// A number of a record in its page, or of a place.
pub(super) fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<usize> {
    Ok(row.get::<_, u32>(column)? as usize)
}

fn id(place: usize) -> String {
    format!("\"retentiond id {place}\"")
}

fn numbers(places: &[usize]) -> String {
    places.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
}
