//! Triggers of the application that write while records are disposed of: which, where, and whether the mapping lets
//! them.
//!
//! What they write SQLite itself says when it compiles a statement. Whether what goes is copied is read from their
//! text: a guess on the safe side, which warns and withholds a claim, and permits nothing.

mod dates;
mod indexes;
mod ties;

use std::collections::{BTreeMap, BTreeSet};

pub(super) use indexes::VirtualTable;

use super::catalog::{Catalog, ForeignKey, Table};
use super::guard::{Change, Write};
use super::open::Opened;
use super::schema;
use super::sql::name;
use crate::records::mapping::{Join, OwnerGone, SeriesMapping};

/// By what name SQLite says that the rowid is written, in lower case.
const ROWID: &str = "rowid";

/// What happens to rows of a table.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event<'a> {
    Destroy,
    /// Of these columns, in lower case.
    Change(&'a BTreeSet<String>),
}

impl Event<'_> {
    pub(super) fn doing(self) -> &'static str {
        match self {
            Self::Destroy => "destroying",
            Self::Change(_) => "changing",
        }
    }
}

/// A trigger that writes while rows of a table are destroyed or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Writing {
    pub trigger: String,
    /// The tables that it writes, in lower case.
    pub tables: BTreeSet<String>,
    /// All that it writes, and what changes because of it.
    pub all: BTreeSet<Write>,
    /// Why no mapping can let it: it reaches for what retentiond itself must answer for.
    pub trespass: Option<String>,
    /// A table into which it may copy what goes.
    pub copies_to: Option<String>,
}

/// The triggers of one schema, and the mappings of its source.
pub(super) struct Triggers<'a> {
    opened: &'a Opened,
    catalog: &'a Catalog,
    mappings: &'a [SeriesMapping],
    /// By name, in lower case.
    texts: BTreeMap<String, Text>,
    /// Tables, in lower case, of which a row may be replaced because their definition says so.
    replacing: BTreeSet<String>,
    virtuals: Vec<VirtualTable>,
}

/// What a trigger is written as.
struct Text {
    /// The table on which it stands.
    table: String,
    words: Vec<String>,
}

impl<'a> Triggers<'a> {
    /// Reads the text of every trigger.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(super) fn read(
        opened: &'a Opened,
        catalog: &'a Catalog,
        mappings: &'a [SeriesMapping],
    ) -> rusqlite::Result<Self> {
        let sql = "SELECT type, lower(name), lower(tbl_name), sql FROM main.sqlite_schema
                   WHERE type IN ('trigger', 'table', 'index') AND sql IS NOT NULL";
        let (mut texts, mut replacing) = (BTreeMap::new(), BTreeSet::new());
        let mut statement = opened.conn.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (table, words): (String, _) = (row.get(2)?, schema::tokens(&row.get::<_, String>(3)?));
            if row.get_ref(0)?.as_str()? == "trigger" {
                texts.insert(row.get(1)?, Text { table, words });
            } else if says_replace(&words) {
                replacing.insert(table);
            }
        }
        let virtuals = VirtualTable::all(&opened.conn)?;
        Ok(Self { opened, catalog, mappings, texts, replacing, virtuals })
    }

    /// The triggers that write when this happens to rows of a table, directly or because another one wrote.
    ///
    /// # Errors
    /// SQLite cannot compile such a statement: a trigger uses what only its application has.
    pub(super) fn writing(
        &self,
        series: &SeriesMapping,
        table: &str,
        event: Event<'_>,
    ) -> rusqlite::Result<Vec<Writing>> {
        let mut by_trigger: BTreeMap<String, Vec<Write>> = BTreeMap::new();
        for write in self.opened.writes_of(&sample(table, event))? {
            if let Some(trigger) = write.trigger.clone() {
                by_trigger.entry(trigger).or_default().push(self.by_column(write));
            }
        }
        let writing = by_trigger.into_iter().map(|(trigger, writes)| {
            let all = self.with_consequences(&trigger, &writes);
            Writing {
                trespass: all.iter().find_map(|write| self.trespass(series, write)),
                copies_to: self.copies_to(&trigger, event),
                tables: writes.into_iter().map(|write| write.table).collect(),
                all,
                trigger,
            }
        });
        Ok(writing.collect())
    }

    /// Whatever a statement calls the rowid, SQLite says `ROWID`: where it has a column, that is meant.
    fn by_column(&self, write: Write) -> Write {
        let table = self.catalog.table(&write.table);
        let column = table.filter(|table| table.column(ROWID).is_none()).and_then(Table::rowid_column);
        match (&write.change, column) {
            (Change::Update(changed), Some(column)) if changed == ROWID => {
                Write { change: Change::Update(column.name.to_ascii_lowercase()), ..write }
            }
            _ => write,
        }
    }

    /// With what comes of these writes and no statement names: rows replaced, and what foreign keys do in turn to the
    /// rows that refer to those deleted or changed.
    fn with_consequences(&self, trigger: &str, writes: &[Write]) -> BTreeSet<Write> {
        let replaces = self.texts.get(&trigger.to_ascii_lowercase()).is_none_or(|text| says_replace(&text.words));
        let mut all: BTreeSet<Write> = BTreeSet::new();
        let mut waiting: Vec<Write> = writes.to_vec();
        while let Some(write) = waiting.pop() {
            if !all.insert(write.clone()) {
                continue;
            }
            let table = &write.table;
            waiting
                .extend(self.catalog.references_to(table).flat_map(|(child, key)| cascade(child, key, &write.change)));
            // SQLite calls it an insert or an update, and removes whatever row is in the way.
            if write.change != Change::Delete && (replaces || self.replacing.contains(&table.to_ascii_lowercase())) {
                waiting.push(Write { change: Change::Delete, ..write });
            }
        }
        all
    }

    /// Why a write, while records of `series` are disposed of, is not the application's own affair.
    fn trespass(&self, series: &SeriesMapping, write: &Write) -> Option<String> {
        let table = &write.table;
        let of_rows = self.mappings.iter().filter(|mapping| has(mapping, table)).find_map(|mapping| {
            let name = &mapping.series;
            match &write.change {
                Change::Insert => {
                    (name == &series.series).then(|| format!("it puts rows into {table}, of which {name} consists"))
                }
                Change::Delete => {
                    Some(format!("it deletes rows of {table}, which {name} may lose by its own rules only"))
                }
                Change::Update(column) => {
                    self.tells_rows_apart(table, column).then(|| ties::finds(name, table, column))
                }
            }
        });
        let untied = || self.mappings.iter().find_map(|mapping| ties::untied(self.mappings, mapping, write));
        let moved = || {
            self.mappings.iter().find_map(|mapping| dates::moved(mapping, self.catalog.table(&mapping.table), write))
        };
        of_rows.or_else(untied).or_else(moved)
    }

    /// Whether rows that were chosen beforehand are found again by this column, in lower case.
    fn tells_rows_apart(&self, table: &str, column: &str) -> bool {
        let is_key = |key: String| key.eq_ignore_ascii_case(column);
        column == ROWID || self.catalog.table(table).is_some_and(|table| table.primary_key().into_iter().any(is_key))
    }

    /// The table into which a trigger may copy something of the row that is destroyed or changed.
    fn copies_to(&self, trigger: &str, event: Event<'_>) -> Option<String> {
        let Text { table, words } = self.texts.get(&trigger.to_ascii_lowercase())?;
        let body = words.iter().position(|word| word == "begin").map_or(&[][..], |begin| &words[begin + 1..]);
        body.split(|word| word == ";").find_map(|statement| self.copy_target(table, statement, event))
    }

    fn copy_target(&self, table: &str, statement: &[String], event: Event<'_>) -> Option<String> {
        let place = statement.iter().position(|word| ["insert", "replace", "update"].contains(&word.as_str()))?;
        let rest = &statement[place..];
        let (target, values) = if rest[0] == "update" {
            let set = rest.iter().position(|word| word == "set")?;
            // UPDATE [OR REPLACE] target [AS alias] SET …: names within triggers are not qualified.
            (rest.get(if rest.get(1)? == "or" { 3 } else { 1 })?, outside_where(&rest[set..]))
        } else {
            (rest.get(rest.iter().position(|word| word == "into")? + 1)?, rest)
        };
        let is_virtual = self.catalog.table(target).is_some_and(|table| table.is_virtual);
        if is_virtual && values.iter().any(|word| word == "'delete'") {
            // The command by which a full-text index forgets a row.
            return None;
        }
        let names_old =
            values.windows(3).any(|words| words[0] == "old" && words[1] == "." && self.tells(table, &words[2]));
        // Before a row goes, it can also be read from its table.
        let reads = matches!(event, Event::Destroy) && values.iter().any(|word| word == "select" || word == "from");
        (names_old || reads).then(|| target.clone())
    }

    /// Whether a column of a table says more than which row it was.
    fn tells(&self, table: &str, column: &str) -> bool {
        let is_key = |table: &Table| {
            table.primary_key().iter().any(|key| key.eq_ignore_ascii_case(column))
                || table
                    .foreign_keys
                    .iter()
                    .flat_map(|key| &key.columns)
                    .any(|(here, _)| here.eq_ignore_ascii_case(column))
        };
        column != ROWID && !self.catalog.table(table).is_some_and(is_key)
    }
}

/// A statement for which every trigger of the event is compiled.
fn sample(table: &str, event: Event<'_>) -> String {
    match event {
        Event::Destroy => format!("DELETE FROM main.{} WHERE ?1", name(table)),
        Event::Change(columns) => {
            let set: Vec<String> = columns.iter().map(|column| format!("{} = ?1", name(column))).collect();
            format!("UPDATE main.{} SET {} WHERE ?1", name(table), set.join(", "))
        }
    }
}

/// What becomes of rows that refer to one that is deleted or changed.
pub(super) fn cascade(child: &str, key: &ForeignKey, change: &Change) -> Vec<Write> {
    let write = |change| Write { trigger: None, table: child.to_ascii_lowercase(), change };
    let updates = || key.columns.iter().map(|(column, _)| write(Change::Update(column.to_ascii_lowercase()))).collect();
    let refers_to = |changed: &String| key.columns.iter().any(|(_, parent)| parent.eq_ignore_ascii_case(changed));
    match change {
        Change::Delete if key.on_delete == "CASCADE" => vec![write(Change::Delete)],
        Change::Delete if key.on_delete.starts_with("SET ") => updates(),
        Change::Update(column) if refers_to(column) && key.on_update != "NO ACTION" && key.on_update != "RESTRICT" => {
            updates()
        }
        _ => Vec::new(),
    }
}

/// Whether a definition may make a row take another's place. `replace` is also a function: then too much is refused,
/// never too little.
fn says_replace(words: &[String]) -> bool {
    words.iter().any(|word| word == "replace")
}

/// Whether rows of a table belong to a series.
pub(super) fn has(series: &SeriesMapping, table: &str) -> bool {
    let parts = series.parts.iter().map(|part| &part.table);
    parts.chain([&series.table]).any(|own| own.eq_ignore_ascii_case(table))
}

/// What a SET clause assigns, without the WHERE that follows it.
fn outside_where(words: &[String]) -> &[String] {
    let mut depth = 0_usize;
    let end = words.iter().position(|word| {
        match word.as_str() {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && word == "where"
    });
    &words[..end.unwrap_or(words.len())]
}

/// Tables of which rows are destroyed.
pub(super) fn destroyed_tables(series: &SeriesMapping) -> BTreeSet<String> {
    let parts = series.parts.iter().filter(|part| part.owner_gone == OwnerGone::Destroy).map(|part| part.table.clone());
    std::iter::once(series.table.clone()).chain(parts).collect()
}

/// Tables of which rows are masked, detached or re-pointed, and in which columns.
pub(super) fn changed_columns(series: &SeriesMapping) -> BTreeMap<String, BTreeSet<String>> {
    let mut changed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut add = |table: &String, columns: Vec<&String>| {
        if !columns.is_empty() {
            let columns = columns.into_iter().map(|column| column.to_ascii_lowercase());
            changed.entry(table.clone()).or_default().extend(columns);
        }
    };
    add(&series.table, series.anonymize.keys().collect());
    for part in &series.parts {
        add(&part.table, part.anonymize.keys().collect());
        match (&part.owner_gone, &part.on) {
            (OwnerGone::Set(columns), _) => add(&part.table, columns.iter().map(|(column, _)| column).collect()),
            (OwnerGone::Detach, Join::Columns(pairs)) => {
                add(&part.table, pairs.iter().map(|(column, _)| column).collect());
            }
            (OwnerGone::Destroy, _) | (OwnerGone::Detach, Join::Expression(_)) => {}
        }
    }
    changed
}

/// Whether a mapping names a trigger.
pub(super) fn names(series: &SeriesMapping, trigger: &str) -> bool {
    series.database_triggers.iter().any(|named| named.eq_ignore_ascii_case(trigger))
}
