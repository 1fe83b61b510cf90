//! Reads a schema: what SQLite's own tables and pragmas say, put together.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row};

use super::computed::computed_columns;
use super::{BINARY, Catalog, Column, ForeignKey, Index, Table};
use crate::records::sqlite::fence::FENCE_TABLE;

impl Catalog {
    /// Reads the schema.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn read(conn: &Connection) -> rusqlite::Result<Self> {
        let mut catalog = Self::default();
        let mut list = conn.prepare(
            "SELECT name, type, wr, strict FROM pragma_table_list
             WHERE schema = 'main' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name <> ?1 ORDER BY name",
        )?;
        let mut rows = list.query([FENCE_TABLE])?;
        while let Some(row) = rows.next()? {
            let (name, kind): (String, String) = (row.get(0)?, row.get(1)?);
            if kind == "view" {
                catalog.views.push(name);
                continue;
            }
            let table = Table {
                without_rowid: row.get(2)?,
                strict: row.get(3)?,
                is_virtual: kind == "virtual",
                is_shadow: kind == "shadow",
                ..Table::read(conn, &name)?
            };
            catalog.tables.insert(name, table);
        }
        catalog.name_primary_keys();
        Ok(catalog)
    }

    /// A foreign key that names no columns of its parent means the parent's primary key.
    fn name_primary_keys(&mut self) {
        let keys: BTreeMap<String, Vec<String>> =
            self.tables.iter().map(|(name, table)| (name.to_ascii_lowercase(), table.primary_key())).collect();
        for key in self.tables.values_mut().flat_map(|table| &mut table.foreign_keys) {
            let Some(parent) = keys.get(&key.parent.to_ascii_lowercase()) else { continue };
            for ((_, there), column) in key.columns.iter_mut().zip(parent) {
                if there.is_empty() {
                    there.clone_from(column);
                }
            }
        }
    }
}

impl Table {
    fn read(conn: &Connection, name: &str) -> rusqlite::Result<Self> {
        let columns =
            all(conn, "SELECT name, type, \"notnull\", pk, hidden FROM pragma_table_xinfo(?1)", name, |row| {
                let hidden: i64 = row.get(4)?;
                let column: String = row.get(0)?;
                Ok(Column {
                    collation: collation(conn, name, &column)?,
                    name: column,
                    declared: row.get(1)?,
                    not_null: row.get(2)?,
                    primary_key: row.get(3)?,
                    generated: hidden > 1,
                })
            })?;
        let triggers = all(
            conn,
            "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND lower(tbl_name) = lower(?1)",
            name,
            |row| row.get(0),
        )?;
        let foreign_keys = foreign_keys(conn, name)?;
        let indexes = indexes(conn, name)?;
        let definitions = all(conn, "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?1", name, |row| {
            row.get::<_, Option<String>>(0)
        })?;
        let computed = definitions.into_iter().flatten().flat_map(|sql| computed_columns(&sql)).collect();
        Ok(Self { columns, foreign_keys, indexes, triggers, computed, ..Self::default() })
    }
}

/// By which SQLite compares the texts of a column, in capitals.
pub fn collation(conn: &Connection, table: &str, column: &str) -> rusqlite::Result<String> {
    let (_, collation, ..) = conn.column_metadata(Some("main"), table, column)?;
    Ok(collation.map_or_else(|| BINARY.to_owned(), |name| name.to_string_lossy().to_ascii_uppercase()))
}

fn foreign_keys(conn: &Connection, table: &str) -> rusqlite::Result<Vec<ForeignKey>> {
    let sql = "SELECT id, \"table\", \"from\", ifnull(\"to\", ''), on_delete, on_update
               FROM pragma_foreign_key_list(?1) ORDER BY id, seq";
    let mut keys: Vec<(i64, ForeignKey)> = Vec::new();
    let mut statement = conn.prepare(sql)?;
    let mut rows = statement.query([table])?;
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        let columns = (row.get(2)?, row.get(3)?);
        match keys.last_mut() {
            Some((last, key)) if *last == id => key.columns.push(columns),
            _ => {
                let (parent, on_delete, on_update) = (row.get(1)?, row.get(4)?, row.get(5)?);
                keys.push((id, ForeignKey { parent, columns: vec![columns], on_delete, on_update }));
            }
        }
    }
    Ok(keys.into_iter().map(|(_, key)| key).collect())
}

/// The indexes of a table.
pub fn indexes(conn: &Connection, table: &str) -> rusqlite::Result<Vec<Index>> {
    let list = "SELECT name, \"unique\", partial FROM pragma_index_list(?1) ORDER BY name";
    let mut indexes = all(conn, list, table, |row| {
        Ok(Index { name: row.get(0)?, unique: row.get(1)?, partial: row.get(2)?, columns: Vec::new() })
    })?;
    for index in &mut indexes {
        let columns = "SELECT name, upper(coll) FROM pragma_index_xinfo(?1) WHERE key ORDER BY seqno";
        index.columns = all(conn, columns, &index.name, |row| {
            let (name, collation): (Option<String>, String) = (row.get(0)?, row.get(1)?);
            let compares_alike = |name: &String| compares_as(conn, table, name, &collation);
            Ok(match name {
                Some(name) if compares_alike(&name)? => Some(name),
                _ => None,
            })
        })?;
    }
    Ok(indexes)
}

/// Whether an index of this collation tells apart no texts that its column calls equal.
fn compares_as(conn: &Connection, table: &str, column: &str, index: &str) -> rusqlite::Result<bool> {
    let own = collation(conn, table, column)?;
    Ok(own == BINARY || own == index)
}

fn all<T>(
    conn: &Connection,
    sql: &str,
    parameter: &str,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    conn.prepare_cached(sql)?.query_map([parameter], read)?.collect()
}
