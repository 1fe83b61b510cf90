//! Indexes that find a record's rows, and foreign keys that the mapping must name.

use super::circles::is_mutual;
use super::{Proof, create_index, list, owner_table, part_place, place};
use crate::records::mapping::{Condition, ElementTable, FilesMapping, Join, SeriesMapping};
use crate::records::sqlite::catalog::{ForeignKey, Table};
use crate::records::sqlite::sql;
use crate::records::sqlite::triggers::destroyed_tables;

impl Proof<'_> {
    /// An index on every event, and on every column by which other rows are found from a record.
    pub(super) fn indexes(&mut self, series: &SeriesMapping) -> rusqlite::Result<()> {
        let at = place(series);
        for (trigger, event) in &series.events {
            let at = format!("{at}.event.{trigger}");
            for element in &event.elements {
                match &element.place {
                    ElementTable::Record => self.event_index(&at, &series.table, &element.column),
                    ElementTable::Child { table, on, condition, .. } => {
                        self.join_index(&at, table, &series.table, on, condition.as_ref())?;
                    }
                }
            }
        }
        for relation in &series.blocked_by {
            if let Ok(other) = self.queries.mapping(&relation.series) {
                self.join_index(&format!("{at}.blocked_by"), &other.table, &series.table, &relation.on, None)?;
            }
        }
        for part in &series.parts {
            let at = part_place(series, part);
            if let Some(owner) = owner_table(series, part) {
                self.join_index(&at, &part.table, owner, &part.on, part.condition.as_ref())?;
            }
            for reference in &part.shared {
                self.join_index(&at, &reference.table, &part.table, &reference.on, reference.condition.as_ref())?;
            }
            if let Some(files) = &part.files {
                self.file_indexes(&format!("{at}.files"), &part.table, files);
            }
        }
        Ok(())
    }

    /// Before files are unlinked, every table that may name one is asked whether it still does.
    fn file_indexes(&mut self, at: &str, table: &str, files: &FilesMapping) {
        let shared = files.shared.iter().map(|(table, columns)| (table.as_str(), columns));
        for (name, columns) in std::iter::once((table, &files.columns)).chain(shared) {
            let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
            if self.table(name).is_some_and(|table| !finds(table, &columns, &[])) {
                let message = format!(
                    "no index finds rows of {name} by {}: as files go, the whole table is read for every few of them, and the application waits for it",
                    list(columns.iter().copied())
                );
                // What tells files apart best is their name, which stands last.
                let wanted: Vec<&str> = columns.iter().rev().copied().collect();
                self.warning("missing-index", at, message, create_index(false, name, &wanted));
            }
        }
    }

    fn event_index(&mut self, at: &str, name: &str, column: &str) {
        if self.table(name).is_some_and(|table| !table.is_indexed(&[column])) {
            let message = format!("no index begins with {column}: every probe for due records reads all of {name}");
            self.warning("missing-index", at, message, create_index(false, name, &[column]));
        }
    }

    fn join_index(
        &mut self,
        at: &str,
        name: &str,
        owner: &str,
        on: &Join,
        condition: Option<&Condition>,
    ) -> rusqlite::Result<()> {
        let slow = |by: &str| {
            format!("no index finds rows of {name} by {by}: each record of {owner} would read the whole table")
        };
        match on {
            Join::Columns(pairs) => {
                let columns: Vec<&str> = pairs.iter().map(|(column, _)| column.as_str()).collect();
                let fixed: Vec<&str> = match condition {
                    Some(Condition::All(tests)) => tests.iter().map(|test| test.column.as_str()).collect(),
                    _ => Vec::new(),
                };
                if self.table(name).is_some_and(|table| !finds(table, &columns, &fixed)) {
                    let wanted: Vec<&str> = columns.iter().chain(&fixed).copied().collect();
                    self.warning("missing-index", at, slow(&list(columns)), create_index(false, name, &wanted));
                }
            }
            Join::Expression(text) => {
                if self.reads_whole_table(name, owner, text)? {
                    let mend = format!("CREATE INDEX on {name} what the expression compares with `owner`");
                    self.warning("missing-index", at, slow("its expression"), mend);
                }
            }
        }
        Ok(())
    }

    /// What SQLite's planner makes of a join by expression.
    fn reads_whole_table(&self, name: &str, owner: &str, expression: &str) -> rusqlite::Result<bool> {
        let on = sql::join(&Join::Expression(expression.to_owned()));
        let sql = format!(
            "EXPLAIN QUERY PLAN SELECT 1 FROM {} AS owner CROSS JOIN {} AS this WHERE {on}",
            sql::name(owner),
            sql::name(name)
        );
        let mut statement = self.opened.conn.prepare(&sql)?;
        let details = statement.query_map([], |row| row.get::<_, String>(3))?;
        for detail in details {
            let detail = detail?;
            if detail.starts_with("SCAN this") || detail.contains("this USING AUTOMATIC") {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// SQLite itself looks for referring rows when a row goes, named by the mapping or not.
    pub(super) fn foreign_key_indexes(&mut self, series: &SeriesMapping) {
        for parent in destroyed_tables(series) {
            let referring: Vec<(String, ForeignKey)> =
                self.catalog.references_to(&parent).map(|(table, key)| (table.to_owned(), key.clone())).collect();
            for (name, key) in referring {
                let columns: Vec<&str> = key.columns.iter().map(|(column, _)| column.as_str()).collect();
                if self.table(&name).is_some_and(|table| !finds(table, &columns, &[])) {
                    let message = format!(
                        "no index finds rows of {name} by {}: destroying a row of {parent} reads the whole table",
                        list(columns.iter().copied())
                    );
                    self.warning("missing-index", place(series), message, create_index(false, &name, &columns));
                }
            }
        }
    }

    /// Every foreign key that points at a table whose rows go must be named by a part or by `blocked_by`.
    pub(super) fn foreign_keys(&mut self, series: &SeriesMapping) {
        for parent in destroyed_tables(series) {
            let referring: Vec<(String, ForeignKey)> =
                self.catalog.references_to(&parent).map(|(table, key)| (table.to_owned(), key.clone())).collect();
            for (table, key) in referring {
                let is_named = !self.namings(series, &parent, &table, &key).is_empty();
                if !is_named
                    && !is_mutual(&self.catalog, series, &table, &key)
                    && !self.is_contradicted(series, &table, &key)
                {
                    self.unnamed(series, &parent, &table, &key);
                }
            }
        }
    }

    /// Rows that a foreign key ties to what goes, and that pass no `where` of the parts that name it: they would stay.
    pub(super) fn rows_outside(&mut self, series: &SeriesMapping) -> rusqlite::Result<()> {
        for parent in destroyed_tables(series) {
            let referring: Vec<(String, ForeignKey)> =
                self.catalog.references_to(&parent).map(|(table, key)| (table.to_owned(), key.clone())).collect();
            for (table, key) in referring {
                let namings = self.namings(series, &parent, &table, &key);
                let conditions: Option<Vec<&Condition>> = namings.iter().map(|naming| naming.condition).collect();
                // One that takes every row, or none at all: the latter was told of before, or refers to its own owner.
                let Some(conditions) = conditions.filter(|conditions| !conditions.is_empty()) else { continue };
                let at = namings[0].at.clone();
                if self.has_row_outside(&table, &key, &conditions)? {
                    self.outside(at, &parent, &table, &key);
                }
            }
        }
        Ok(())
    }

    fn outside(&mut self, at: String, parent: &str, table: &str, key: &ForeignKey) {
        let columns = list(key.columns.iter().map(|(column, _)| column.as_str()));
        let effect = effect_of(key);
        let message = format!(
            "rows of {table} refer to {parent} by {columns} and do not pass the `where` of the part: they would stay, and {effect}"
        );
        let mend = format!(
            "leave `where` out, or name the other rows by a second part of {table}: with its own `where`, and `owner_gone` where they live on"
        );
        self.error("rows-outside", at, message, mend);
    }

    /// Looks at the rows at either end of the table only, so that it costs the same however many there are.
    fn has_row_outside(&self, table: &str, key: &ForeignKey, conditions: &[&Condition]) -> rusqlite::Result<bool> {
        let passes = conditions.iter().map(|test| format!("ifnull({}, 0)", sql::condition(test))).collect::<Vec<_>>();
        let refers = key.columns.iter().map(|(here, _)| format!("{} IS NOT NULL", sql::column("this", here)));
        let refers = refers.collect::<Vec<_>>().join(" AND ");
        let is_outside = format!("{refers} AND NOT ({})", passes.join(" OR "));
        let identity = self.identity(table).join(", ");
        for end in self.ends(table, &identity) {
            let rows =
                format!("SELECT 1 FROM {} AS this WHERE ({identity}) IN ({end}) AND {is_outside}", sql::name(table));
            let sql = format!("SELECT EXISTS ({rows})");
            if self.opened.conn.query_row(&sql, [], |row| row.get(0))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn unnamed(&mut self, series: &SeriesMapping, parent: &str, table: &str, key: &ForeignKey) {
        let columns = list(key.columns.iter().map(|(column, _)| column.as_str()));
        let effect = effect_of(key);
        let on: Vec<String> = key.columns.iter().map(|(this, owner)| format!("{this} = \"{owner}\"")).collect();
        let of = if parent.eq_ignore_ascii_case(&series.table) {
            String::new()
        } else {
            let owner = series.parts.iter().find(|part| part.table.eq_ignore_ascii_case(parent));
            owner.map(|part| format!("of = \"{}\"\n", part.name)).unwrap_or_default()
        };
        let mend = format!("[[series.{}.part]]\ntable = \"{table}\"\n{of}on = {{ {} }}", series.series, on.join(", "));
        let also = if of.is_empty() { "\n(or name it in `blocked_by`, if its rows keep the record)" } else { "" };
        let refer = if key.columns.len() == 1 { "refers" } else { "refer" };
        let message =
            format!("{table}.{columns} {refer} to {parent}, and the mapping does not say what becomes of it: {effect}");
        self.error("unnamed-foreign-key", place(series), message, format!("{mend}{also}"));
    }

    /// Where the mapping says what becomes of the rows of `table` that refer to `parent`.
    fn namings<'m>(&self, series: &'m SeriesMapping, parent: &str, table: &str, key: &ForeignKey) -> Vec<Naming<'m>> {
        let is = |one: &str, other: &str| one.eq_ignore_ascii_case(other);
        let mut namings = Vec::new();
        for part in &series.parts {
            let at = part_place(series, part);
            let owner = owner_table(series, part);
            if owner.is_some_and(|owner| is(owner, parent)) && is(&part.table, table) && joins(&part.on, key) {
                namings.push(Naming { at: at.clone(), condition: part.condition.as_ref() });
            }
            // A shared part is joined from the other side: its owner refers to it.
            if is(&part.table, parent) && owner.is_some_and(|owner| is(owner, table)) && joins(&mirrored(&part.on), key)
            {
                namings.push(Naming { at: at.clone(), condition: None });
            }
            let shared = part.shared.iter().filter(|reference| {
                is(&part.table, parent) && is(&reference.table, table) && joins(&reference.on, key)
            });
            namings.extend(
                shared.map(|reference| Naming { at: format!("{at}.shared"), condition: reference.condition.as_ref() }),
            );
        }
        let blocking = series.blocked_by.iter().filter(|relation| {
            is(parent, &series.table)
                && self
                    .queries
                    .mapping(&relation.series)
                    .is_ok_and(|other| is(&other.table, table) && joins(&relation.on, key))
        });
        namings.extend(blocking.map(|_| Naming { at: format!("{}.blocked_by", place(series)), condition: None }));
        namings
    }
}

/// A line of the mapping that says what becomes of rows which refer to what goes.
struct Naming<'m> {
    at: String,
    /// It speaks only of the rows that pass this.
    condition: Option<&'m Condition>,
}

/// What becomes of rows that no line of the mapping names, when what they refer to goes.
fn effect_of(key: &ForeignKey) -> &'static str {
    match key.on_delete.as_str() {
        "CASCADE" => "its rows would be deleted along, uncounted",
        "SET NULL" | "SET DEFAULT" => "its rows would be changed along, uncounted",
        _ => "while a row of it refers to a record, the record cannot be destroyed",
    }
}

/// Whether a join follows a foreign key; an expression is believed to.
pub(super) fn joins(join: &Join, key: &ForeignKey) -> bool {
    match join {
        Join::Columns(pairs) => key.columns.iter().all(|(here, there)| {
            let same =
                |(this, owner): &(String, String)| this.eq_ignore_ascii_case(here) && owner.eq_ignore_ascii_case(there);
            pairs.iter().any(same)
        }),
        Join::Expression(_) => true,
    }
}

/// The join as it looks from its owner's side.
pub(super) fn mirrored(join: &Join) -> Join {
    match join {
        Join::Columns(pairs) => {
            Join::Columns(pairs.iter().map(|(this, owner)| (owner.clone(), this.clone())).collect())
        }
        Join::Expression(text) => Join::Expression(text.clone()),
    }
}

/// Whether an index (or the rowid) finds rows by one of these columns; `fixed` ones may stand before it.
fn finds(table: &Table, columns: &[&str], fixed: &[&str]) -> bool {
    let among = |names: &[&str], column: &str| names.iter().any(|name| name.eq_ignore_ascii_case(column));
    let by_rowid = table.rowid_column().is_some_and(|column| among(columns, &column.name));
    let usable = |index: &&[Option<String>]| {
        let mut leading = index
            .iter()
            .map_while(Option::as_deref)
            .skip_while(|column| !among(columns, column) && among(fixed, column));
        leading.next().is_some_and(|column| among(columns, column))
    };
    by_rowid || table.indexes.iter().filter(|index| !index.partial).any(|index| usable(&index.columns.as_slice()))
}
