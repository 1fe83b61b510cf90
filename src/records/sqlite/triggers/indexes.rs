//! Virtual tables of the application that may keep what goes: full-text indexes over the rows of another table, and
//! those with rows of their own.

use std::collections::BTreeSet;

use rusqlite::Connection;

use super::{Event, Triggers, has, sample};
use crate::records::mapping::SeriesMapping;
use crate::records::sqlite::guard::{Change, Write};
use crate::records::sqlite::schema;
use crate::records::sqlite::sql::name;

/// Modules whose tables show what stands elsewhere, and keep nothing.
const VIEWS: [&str; 5] = ["fts5vocab", "fts4aux", "fts3tokenize", "dbstat", "sqlite_dbpage"];

/// A virtual table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::records::sqlite) struct VirtualTable {
    pub name: String,
    /// What makes it, in lower case: `fts5`, `rtree`.
    module: String,
    /// The table or view, in lower case, whose rows it indexes (`content=`); none where what it holds is its own.
    content: Option<String>,
    /// The column of that table by which they are numbered.
    rowid: String,
    columns: Vec<String>,
}

impl VirtualTable {
    /// Those of the database, by name.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn all(conn: &Connection) -> rusqlite::Result<Vec<Self>> {
        let sql = "SELECT name, sql FROM main.sqlite_schema
                   WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL TABLE%' ORDER BY name";
        let mut statement = conn.prepare(sql)?;
        let texts = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
        texts.map(|text| text.and_then(|(name, sql)| Self::read(conn, name, &schema::tokens(&sql)))).collect()
    }

    fn read(conn: &Connection, name: String, words: &[String]) -> rusqlite::Result<Self> {
        // CREATE VIRTUAL TABLE name USING module (…): by their places, as a name may be any word.
        let module = words.get(5).cloned().unwrap_or_default();
        let option = |wanted: &str| {
            let option = words.windows(3).find(|words| words[0] == wanted && words[1] == "=");
            option.map(|words| words[2].trim_matches('\'').to_ascii_lowercase()).filter(|value| !value.is_empty())
        };
        let content = option("content").filter(|_| module.starts_with("fts"));
        let columns = match &content {
            // Hidden ones are left out.
            Some(_) => conn
                .prepare("SELECT name FROM pragma_table_xinfo(?1) WHERE hidden = 0 ORDER BY cid")?
                .query_map([&name], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?,
            None => Vec::new(),
        };
        let rowid = option("content_rowid").unwrap_or_else(|| "rowid".to_owned());
        Ok(Self { name, module, content, rowid, columns })
    }

    /// Whether its texts are those of this table.
    fn indexes(&self, table: &str) -> bool {
        self.content.as_ref().is_some_and(|content| content.eq_ignore_ascii_case(table))
    }

    /// The triggers that would keep it in step, by their names, with their statements.
    pub fn in_step(&self, table: &str, event: Event<'_>) -> Vec<(String, String)> {
        let trigger = |when: &str, kind: &str, body: String| {
            let own = format!("{}_{}_{}", self.name, when, kind).to_ascii_lowercase();
            let (quoted, table) = (name(&own), name(table));
            let (when, kind) = (when.to_ascii_uppercase(), kind.to_ascii_uppercase());
            (own, format!("CREATE TRIGGER {quoted} {when} {kind} ON {table} BEGIN {body} END;"))
        };
        let (index, rowid) = (name(&self.name), name(&self.rowid));
        let listed = |prefix: &str| {
            let columns = self.columns.iter().map(|column| format!(", {prefix}{}", name(column)));
            columns.collect::<String>()
        };
        let (columns, old, new) = (listed(""), listed("old."), listed("new."));
        let is_fts5 = self.module == "fts5";
        let (when, forget) = if is_fts5 {
            ("after", format!("INSERT INTO {index}({index}, rowid{columns}) VALUES ('delete', old.{rowid}{old});"))
        } else {
            // It looks the words up in the row itself, which must still be there.
            ("before", format!("DELETE FROM {index} WHERE docid = old.rowid;"))
        };
        let number = if is_fts5 { "rowid" } else { "docid" };
        let learn = format!("INSERT INTO {index}({number}{columns}) VALUES (new.{rowid}{new});");
        match event {
            Event::Destroy => vec![trigger(when, "delete", forget)],
            Event::Change(_) if is_fts5 => vec![trigger(when, "update", format!("{forget} {learn}"))],
            Event::Change(_) => vec![trigger(when, "update", forget), trigger("after", "update", learn)],
        }
    }
}

impl Triggers<'_> {
    /// Whether a full-text index has its texts from a table of the series.
    pub(in crate::records::sqlite) fn indexes_rows_of(&self, series: &SeriesMapping) -> bool {
        let contents = self.virtuals.iter().filter_map(|table| table.content.as_ref());
        contents.into_iter().any(|content| has(series, content))
    }

    /// The full-text indexes over a table that would keep the words of its rows when this happens to them, as no
    /// trigger takes them out in time.
    ///
    /// # Errors
    /// As [`Triggers::writing`].
    pub(in crate::records::sqlite) fn stale(
        &self,
        table: &str,
        event: Event<'_>,
    ) -> rusqlite::Result<Vec<&VirtualTable>> {
        let mut stale = Vec::new();
        for index in self.virtuals.iter().filter(|index| index.indexes(table)) {
            if !self.is_in_step(index, table, event)? {
                stale.push(index);
            }
        }
        Ok(stale)
    }

    fn is_in_step(&self, index: &VirtualTable, table: &str, event: Event<'_>) -> rusqlite::Result<bool> {
        let Event::Change(columns) = event else { return self.forgets(index, table, event) };
        // A trigger may be there for one column and not for another.
        for column in index.columns.iter().map(|column| column.to_ascii_lowercase()) {
            let one = BTreeSet::from([column]);
            if columns.is_superset(&one) && !self.forgets(index, table, Event::Change(&one))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn forgets(&self, index: &VirtualTable, table: &str, event: Event<'_>) -> rusqlite::Result<bool> {
        let writes = self.opened.writes_of(&sample(table, event))?;
        Ok(writes.iter().any(|write| write.table.eq_ignore_ascii_case(&index.name) && self.is_forgetting(write)))
    }

    /// Whether the write of a trigger takes words out of a full-text index: by the command for it, which is handed the
    /// words, or while the row that has them is still as it was.
    fn is_forgetting(&self, write: &Write) -> bool {
        let trigger = write.trigger.as_ref().map(|trigger| trigger.to_ascii_lowercase());
        let Some(text) = trigger.and_then(|trigger| self.texts.get(&trigger)) else { return false };
        match write.change {
            Change::Insert => text.words.iter().any(|word| word.eq_ignore_ascii_case("'delete'")),
            Change::Delete | Change::Update(_) => text.words.get(3).is_some_and(|when| when == "before"),
        }
    }

    /// Virtual tables with rows of their own, or those of a view, that no trigger writes when rows of any mapped table
    /// are destroyed.
    pub(in crate::records::sqlite) fn beyond_reach(&self) -> Vec<&VirtualTable> {
        let parts = self.mappings.iter().flat_map(|series| series.parts.iter().map(|part| &part.table));
        let tables: BTreeSet<&String> = self.mappings.iter().map(|series| &series.table).chain(parts).collect();
        // Of a table whose triggers cannot be compiled, `check` tells that.
        let writes = tables.iter().filter_map(|table| self.opened.writes_of(&sample(table, Event::Destroy)).ok());
        let written: BTreeSet<String> = writes.flatten().map(|write| write.table).collect();
        let keeps = |table: &&VirtualTable| {
            let elsewhere = table.content.as_ref().is_some_and(|content| self.catalog.table(content).is_some());
            !elsewhere && !VIEWS.contains(&table.module.as_str()) && !written.contains(&table.name.to_ascii_lowercase())
        };
        self.virtuals.iter().filter(keeps).collect()
    }
}
