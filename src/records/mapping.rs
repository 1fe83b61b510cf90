//! What ops said of their databases, lowered from `retentiond.toml`: syntax checked, not yet proved against a schema.

mod acts;
mod disjoint;
mod naming;
mod same;
#[cfg(test)]
pub(crate) mod sample;
mod touch;
mod waits;

pub use acts::{Act, Put, Tie};
pub use naming::Naming;
pub use same::{same_name, same_names};
pub use touch::{Change, Place, Reach, Role, Rows};
pub use waits::Wait;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::model::{CalendarNumber, CivilDate, PartName, SeriesName, SourceName, TriggerName, Zone};

/// A database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub name: SourceName,
    /// The SQLite database file.
    pub sqlite: PathBuf,
    /// Zone of naive local times (`as = "local"`).
    pub timezone: Option<Zone>,
    pub holder: Option<String>,
    pub location: Option<String>,
    pub contract: Option<String>,
    pub backups: Option<String>,
}

/// Where a series' records are, and what their columns mean.
///
/// In every SQL expression of a mapping the row at hand is called `this`; in a join its record (or the part it is a
/// part of) is called `owner`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SeriesMapping {
    pub series: SeriesName,
    /// Needed where two calendars use the same series name.
    pub calendar: Option<CalendarNumber>,
    pub source: SourceName,
    pub table: String,
    /// Never empty.
    pub key: Vec<String>,
    /// Column that people cite.
    pub reference: Option<String>,
    pub subject: Option<Relation>,
    pub events: BTreeMap<TriggerName, EventMapping>,
    /// Column groups; `["*"]` is all the rest.
    pub groups: BTreeMap<String, Vec<String>>,
    pub conditions: BTreeMap<String, Condition>,
    /// In the order of the file.
    pub parts: Vec<PartMapping>,
    pub blocked_by: Vec<Relation>,
    /// Rows for which it does not hold are `filtered`.
    pub filter: Option<Condition>,
    /// Column -> mask, for `anonymize` and for elements due earlier.
    pub anonymize: BTreeMap<String, Mask>,
    /// A date before it is undated.
    pub earliest: CivilDate,
    /// Triggers of the application that may write while these records are disposed of.
    pub database_triggers: BTreeSet<String>,
}

impl SeriesMapping {
    /// Whether the rows of a part go with a record that is destroyed: neither they nor those that they are a part of
    /// outlive it.
    pub fn takes_along(&self, part: &PartMapping) -> bool {
        self.chain_of(part).all(|part| part.owner_gone == OwnerGone::Destroy)
    }

    /// A part, the one that it is a part of, and so on up to the record.
    pub fn chain_of<'m>(&'m self, part: &'m PartMapping) -> impl Iterator<Item = &'m PartMapping> {
        let owner = |part: &&PartMapping| self.parts.iter().find(|other| part.of.as_ref() == Some(&other.name));
        // No chain of parts is longer than there are parts, unless it runs in a circle.
        std::iter::successors(Some(part), owner).take(self.parts.len())
    }

    /// Whether other records may have the rows of a part, too: they, or those that they are a part of, are shared.
    pub fn shares(&self, part: &PartMapping) -> bool {
        self.chain_of(part).any(|part| !part.shared.is_empty())
    }

    /// Whether the rows of a part are of the series' own table, so that records go with others of their series.
    pub fn is_own_part(&self, part: &PartMapping) -> bool {
        part.table.eq_ignore_ascii_case(&self.table) && self.takes_along(part)
    }

    /// Those of some series that destroy, of their own or with their records, rows from which a date of this event is
    /// read, and may do so before the record goes.
    pub fn dates_from<'m>(&self, event: &EventMapping, series: &[&'m SeriesMapping]) -> Vec<&'m SeriesMapping> {
        let read = event.elements.iter().filter_map(|element| match &element.place {
            ElementTable::Child { table, on, .. } => Some((table, on)),
            ElementTable::Record => None,
        });
        let read: Vec<(&String, &Join)> = read.collect();
        let takes = |act: &Act<'_>| {
            act.change().is_none()
                && read.iter().any(|(table, on)| {
                    act.table().eq_ignore_ascii_case(table) && act.with_reader(self, true, on) == Tie::Apart
                })
        };
        series.iter().copied().filter(|other| other.acts(true).iter().any(takes)).collect()
    }
}

/// A reference between two series: from a dossier to its account (`subject`), or from a blocker to what it blocks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relation {
    pub series: SeriesName,
    /// `subject`: column of this table -> key column of that series. `blocked_by`: column of that series' table
    /// (`this`) -> column of the blocked table (`owner`).
    pub on: Join,
}

/// How two tables are joined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Join {
    /// Column of `this` -> column of `owner`. Never empty.
    Columns(Vec<(String, String)>),
    /// A read-only SQL expression over `this` and `owner`.
    Expression(String),
}

/// A test of one row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Condition {
    /// All must hold.
    All(Vec<ColumnTest>),
    /// A read-only SQL expression over `this`.
    Expression(String),
}

/// A test of one column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnTest {
    pub column: String,
    /// Equal to one of these; never empty.
    pub one_of: Vec<Literal>,
}

/// A value written in the configuration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Literal {
    Integer(i64),
    /// Also the shortest text of a TOML float, compared as a number.
    Real(String),
    Text(String),
    Null,
}

/// What starts a clock, and where the database says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EventMapping {
    pub pick: Pick,
    /// Never empty.
    pub elements: Vec<Element>,
    /// The value itself is the term (`expires_at`).
    pub deadline: bool,
    /// The event has not happened to a record for which this does not hold.
    pub condition: Option<Condition>,
}

/// Which of several values counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Pick {
    /// NULLs skipped.
    Latest,
    /// NULLs skipped.
    Earliest,
    /// The latest, and open while one is NULL.
    All,
}

/// One place where a date stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Element {
    pub column: String,
    pub encoding: Encoding,
    /// Values that mean "not set", as the database holds them.
    pub unset: Vec<Literal>,
    pub place: ElementTable,
}

/// In which table an element stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum ElementTable {
    /// The series' own table.
    Record,
    /// Rows of a child table; `pick` is `Latest` or `Earliest`.
    Child { table: String, on: Join, condition: Option<Condition>, pick: Pick },
}

/// How a database writes dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Encoding {
    /// RFC 3339 date-time with `Z` or an offset. The default: a naive value is then undated.
    Rfc3339,
    /// `YYYY-MM-DD`, a civil day in the calendar's zone.
    Date,
    /// Naive date-time in UTC.
    Utc,
    /// Naive date-time in the source's zone; a gap is undated, a fold the later instant.
    Local,
    /// Seconds since 1970.
    Unix,
    /// Milliseconds since 1970.
    UnixMs,
    /// Julian day number, as SQLite's julianday().
    Julian,
}

/// Dependent rows, and perhaps files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PartMapping {
    /// The table's name unless given.
    pub name: PartName,
    pub table: String,
    /// The part that this is a part of; `None`: the record.
    pub of: Option<PartName>,
    /// Column of the part (`this`) -> column of its owner (`owner`).
    pub on: Join,
    pub condition: Option<Condition>,
    pub files: Option<FilesMapping>,
    pub owner_gone: OwnerGone,
    /// References from other tables (or other rows of the linking table): the row goes with the last of them.
    pub shared: Vec<Reference>,
    /// Column -> mask, when the record is anonymized. A part without masks goes on living untouched then.
    pub anonymize: BTreeMap<String, Mask>,
}

/// Rows of `table` that refer to a shared part: column of `table` (`this`) -> column of the part (`owner`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reference {
    pub table: String,
    pub on: Join,
    pub condition: Option<Condition>,
}

/// The files that the rows of a part name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FilesMapping {
    /// Joined by `/`; never empty. A row where one is NULL names no file.
    pub columns: Vec<String>,
    pub root: PathBuf,
    /// Other tables whose rows name files beneath the same root: table and its columns.
    pub shared: Vec<(String, Vec<String>)>,
    /// The word that stands where nothing is said leaves the mapping's digest as it is.
    #[serde(skip_serializing_if = "Missing::is_default")]
    pub missing: Missing,
}

/// What it means that a file is not where its row says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Missing {
    /// The root is wrong or a volume is not mounted, for all the program knows: the record stays.
    #[default]
    Fail,
    /// The application removes files by itself, and leaves their rows.
    Gone,
}

impl Missing {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What becomes of a part's rows when their owner is destroyed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum OwnerGone {
    Destroy,
    /// The joining columns become NULL.
    Detach,
    /// These columns take these values.
    Set(Vec<(String, SetValue)>),
}

/// A value that a surviving row takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum SetValue {
    Literal(Literal),
    /// The value of another column of the same row (`root_id = { column = "id" }`).
    Column(String),
}

/// What anonymization puts in a column's place. Each is idempotent, so that a masked record is known from its values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Mask {
    Null,
    Constant(Literal),
    /// /24 of an IPv4 address, /48 of an IPv6 address; what is no address becomes NULL. A technique, not a proof of
    /// anonymity.
    TruncateIp,
    /// A date becomes its year (`YYYY`); what is no date becomes NULL.
    DateToYear,
}
