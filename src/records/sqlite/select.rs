//! The statements that read a record's facts, built from its mapping: the one place that says where each fact stands.

use std::path::PathBuf;

use super::StoreError;
use super::decode::Decoder;
use super::key_order::KeyOrder;
use super::masked::{masked, masked_part};
use super::own_parts;
use super::part_rows::part_rows;
use super::parts;
use super::sql::{self, OWNER, THIS};
use crate::model::{PartName, SeriesName, Zone};
use crate::records::mapping::{
    Condition, Element, ElementTable, EventMapping, Join, PartMapping, Pick, Relation, SeriesMapping,
};

/// How many blockers of a record are read. A record with more is as blocked: those beyond are seen when execution,
/// which reads again, finds the first ones gone.
pub const MOST_BLOCKERS: usize = 1_000;

/// How the facts of one series' records are read. Knows no connection, so that reading for a plan and reading again
/// inside a write transaction are the same code; connections cache the statements.
#[derive(Debug)]
pub struct FactsQuery {
    /// What `all` selects of a row, called `this`.
    pub(super) columns: Vec<String>,
    /// Key, scope and the events of the record's own row, of every row.
    pub(super) events_of_all: String,
    /// All that stands in the record's own row, of every row.
    pub(super) all: String,
    /// The same of one record, by its key.
    pub(super) by_key: String,
    /// The table, and the columns of its key: what `all` and `events_of_all` are walked by, page by page.
    pub(super) table: String,
    pub(super) key: Vec<String>,
    /// ` WHERE` the key: for `all` and `events_of_all`, one row.
    pub(super) at_key: String,
    /// Keys alone.
    pub(super) keys: String,
    /// Whether an expression of the mapping stands in `all` that may fail on a row.
    pub(super) may_fail: bool,
    pub(super) shape: Shape,
    /// Per part with masks: whether every row of it is masked, by the record's key.
    pub(super) masked_parts: Vec<String>,
    /// Per relation of `blocked_by`: the keys of the blocking records, by the record's key.
    pub(super) blockers: Vec<BlockerQuery>,
    /// Per part with files that goes along: the columns that name them, by the record's key.
    pub(super) files: Vec<FilesQuery>,
    /// Per part: how many rows belong to the record, and how many of them name a file, by the record's key.
    pub(super) counts: Vec<String>,
    /// Per part whose rows are records of the series: their keys, by the record's key.
    pub(super) own_parts: Vec<String>,
}

/// Which columns of a row say what, in this order.
#[derive(Debug)]
pub(super) struct Shape {
    pub key: usize,
    pub has_filter: bool,
    pub events: Vec<EventShape>,
    pub has_reference: bool,
    /// Columns of the subject's key.
    pub subject: usize,
    /// `None` without masks: then nothing counts as masked.
    pub has_masks: bool,
    pub record_is_masked: bool,
    pub conditions: Vec<String>,
}

#[derive(Debug)]
pub(super) struct EventShape {
    pub has_condition: bool,
    pub elements: Vec<ElementShape>,
}

#[derive(Debug)]
pub(super) struct ElementShape {
    pub decoder: Decoder,
    /// `None`: in the record's own row.
    pub child: Option<ChildQuery>,
}

/// The values of a child table's rows, by the record's key.
#[derive(Debug)]
pub(super) struct ChildQuery {
    pub sql: String,
    pub pick: Pick,
    /// Whether the event requires every value: then nothing is picked while one is missing.
    pub requires_all: bool,
}

#[derive(Debug)]
pub(super) struct BlockerQuery {
    pub sql: String,
    pub key: usize,
    /// A tree: the blockers are records of the same series.
    pub is_own_series: bool,
}

#[derive(Debug)]
pub(super) struct FilesQuery {
    pub sql: String,
    pub columns: usize,
    pub part: PartName,
    pub root: PathBuf,
}

impl FactsQuery {
    /// For a series; `all` holds the mappings that its relations name, `local` is the zone of naive local times.
    ///
    /// # Errors
    /// A relation that names a series without mapping.
    pub fn new(series: &SeriesMapping, all: &[SeriesMapping], local: Option<Zone>) -> Result<Self, StoreError> {
        let events: Vec<EventShape> = series.events.values().map(|event| event_shape(series, event, local)).collect();
        let masked_parts = series.parts.iter().filter(|part| !part.anonymize.is_empty());
        let masked_parts: Vec<String> = masked_parts.map(|part| masked_part(series, part)).collect::<Result<_, _>>()?;
        let subject =
            series.subject.as_ref().map(|relation| subject_columns(relation, all)).transpose()?.unwrap_or_default();
        let record_is_masked = !series.anonymize.is_empty();
        let first = first_columns(series);
        let mut columns = first.clone();
        columns.extend(series.reference.iter().map(|column| sql::column(THIS, column)));
        columns.extend(subject.iter().cloned());
        if record_is_masked {
            columns.push(masked(&series.anonymize));
        }
        columns.extend(series.conditions.values().map(holds));
        let from = format!("FROM {} AS {THIS}", sql::name(&series.table));
        let all_columns = format!("SELECT {} {from}", columns.join(", "));
        let keys = key_columns(THIS, series);
        let at_key = format!(" WHERE {}", key_is(THIS, series));
        Ok(Self {
            columns,
            events_of_all: format!("SELECT {} {from}", first.join(", ")),
            by_key: format!("{all_columns}{at_key}"),
            all: all_columns,
            at_key,
            keys: format!("SELECT {} {from}", keys.join(", ")),
            may_fail: may_fail(series),
            table: series.table.clone(),
            key: series.key.clone(),
            shape: Shape {
                key: series.key.len(),
                has_filter: series.filter.is_some(),
                events,
                has_reference: series.reference.is_some(),
                subject: subject.len(),
                has_masks: record_is_masked || !masked_parts.is_empty(),
                record_is_masked,
                conditions: series.conditions.keys().cloned().collect(),
            },
            masked_parts,
            files: series
                .parts
                .iter()
                .filter(|part| series.takes_along(part))
                .filter_map(|part| files_query(series, part).transpose())
                .collect::<Result<_, _>>()?,
            counts: series.parts.iter().map(|part| parts::counting(series, part)).collect::<Result<_, _>>()?,
            own_parts: own_parts::finding(series)?,
            blockers: series
                .blocked_by
                .iter()
                .map(|relation| blocker_query(series, relation, all))
                .collect::<Result<_, _>>()?,
        })
    }

    /// Every statement that reading facts and files may use, for `check` to prepare.
    pub fn statements(&self) -> impl Iterator<Item = String> + '_ {
        let order = KeyOrder::declared(&self.key);
        let paged = format!("{}{}{}", self.all, order.after, order.by);
        let children =
            self.shape.events.iter().flat_map(|event| &event.elements).filter_map(|element| element.child.as_ref());
        [self.by_key.clone(), self.events_of_all.clone(), paged]
            .into_iter()
            .chain(children.map(|child| child.sql.clone()))
            .chain(self.masked_parts.iter().cloned())
            .chain(self.blockers.iter().map(|blocker| blocker.sql.clone()))
            .chain(self.files.iter().map(|files| files.sql.clone()))
            .chain(self.counts.iter().cloned())
            .chain(self.own_parts.iter().cloned())
    }
}

/// The columns that `events_of_all` reads: the first of all statements on the record's own row.
fn first_columns(series: &SeriesMapping) -> Vec<String> {
    let mut columns = key_columns(THIS, series);
    columns.extend(series.filter.as_ref().map(holds));
    for event in series.events.values() {
        columns.extend(event.condition.as_ref().map(holds));
        let own = event.elements.iter().filter(|element| element.place == ElementTable::Record);
        columns.extend(own.map(|element| sql::column(THIS, &element.column)));
    }
    columns
}

/// Whether what is read from the record's own row has an expression in it.
fn may_fail(series: &SeriesMapping) -> bool {
    let conditions = series.events.values().filter_map(|event| event.condition.as_ref());
    let mut conditions = conditions.chain(&series.filter).chain(series.conditions.values());
    conditions.any(|condition| matches!(condition, Condition::Expression(_)))
        || series.subject.as_ref().is_some_and(|subject| matches!(subject.on, Join::Expression(_)))
}

fn event_shape(series: &SeriesMapping, event: &EventMapping, local: Option<Zone>) -> EventShape {
    let shape = |element: &Element| ElementShape {
        decoder: Decoder::new(element, local),
        child: match &element.place {
            ElementTable::Record => None,
            ElementTable::Child { table, on, condition, pick } => {
                let sql = child_rows(series, &sql::column(THIS, &element.column), table, on, condition.as_ref());
                Some(ChildQuery { sql, pick: *pick, requires_all: event.pick == Pick::All })
            }
        },
    };
    EventShape { has_condition: event.condition.is_some(), elements: event.elements.iter().map(shape).collect() }
}

/// Selects from the rows of another table that are joined to one record. The record comes first: its key finds it at
/// once.
fn child_rows(series: &SeriesMapping, columns: &str, table: &str, on: &Join, condition: Option<&Condition>) -> String {
    let condition = condition.map(|condition| format!(" AND {}", sql::condition(condition))).unwrap_or_default();
    format!(
        "SELECT {columns} FROM {} AS {OWNER} CROSS JOIN {} AS {THIS} WHERE {} AND {}{condition}",
        sql::name(&series.table),
        sql::name(table),
        key_is(OWNER, series),
        sql::join(on),
    )
}

/// The subject's key, as its own row has it, or as this row refers to it where that row is gone: holds must find both.
pub(super) fn subject_columns(relation: &Relation, all: &[SeriesMapping]) -> Result<Vec<String>, StoreError> {
    let subject = mapped(&relation.series, all)?;
    let rows = format!("FROM {} AS {OWNER} WHERE {} LIMIT 1", sql::name(&subject.table), sql::join(&relation.on));
    let column = |key: &String| {
        let own = format!("(SELECT {} {rows})", sql::column(OWNER, key));
        match &relation.on {
            Join::Columns(pairs) => match pairs.iter().find(|(_, owner)| owner.eq_ignore_ascii_case(key)) {
                Some((this, _)) => format!("ifnull({own}, {})", sql::column(THIS, this)),
                None => own,
            },
            Join::Expression(_) => own,
        }
    };
    Ok(subject.key.iter().map(column).collect())
}

fn blocker_query(
    series: &SeriesMapping,
    relation: &Relation,
    all: &[SeriesMapping],
) -> Result<BlockerQuery, StoreError> {
    let blocker = mapped(&relation.series, all)?;
    let columns = key_columns(THIS, blocker).join(", ");
    let sql = child_rows(series, &columns, &blocker.table, &relation.on, None);
    Ok(BlockerQuery {
        sql: format!("{sql} LIMIT {MOST_BLOCKERS}"),
        key: blocker.key.len(),
        is_own_series: blocker.series == series.series,
    })
}

fn files_query(series: &SeriesMapping, part: &PartMapping) -> Result<Option<FilesQuery>, StoreError> {
    let Some(files) = &part.files else { return Ok(None) };
    let columns: Vec<String> = files.columns.iter().map(|column| sql::column(THIS, column)).collect();
    Ok(Some(FilesQuery {
        sql: format!("SELECT {} {}", columns.join(", "), part_rows(series, part)?),
        columns: columns.len(),
        part: part.name.clone(),
        root: files.root.clone(),
    }))
}

pub(super) fn mapped<'a>(series: &SeriesName, all: &'a [SeriesMapping]) -> Result<&'a SeriesMapping, StoreError> {
    all.iter().find(|mapping| mapping.series == *series).ok_or_else(|| StoreError::Unmapped { series: series.clone() })
}

pub(super) fn holds(condition: &Condition) -> String {
    format!("{} IS TRUE", sql::condition(condition))
}

pub(super) fn key_columns(alias: &str, series: &SeriesMapping) -> Vec<String> {
    series.key.iter().map(|column| sql::column(alias, column)).collect()
}

/// The key equals the parameters, numbered from 1.
pub(super) fn key_is(alias: &str, series: &SeriesMapping) -> String {
    let terms =
        key_columns(alias, series).into_iter().enumerate().map(|(place, column)| format!("{column} = ?{}", place + 1));
    terms.collect::<Vec<_>>().join(" AND ")
}
