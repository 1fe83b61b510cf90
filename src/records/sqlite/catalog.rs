//! What a database's schema says, as far as the mapping and `init` need it.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row};

use super::fence::FENCE_TABLE;

/// The collation that tells any two texts apart.
pub const BINARY: &str = "BINARY";

/// The application's tables, by their names as declared. SQLite's own and ours are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    pub tables: BTreeMap<String, Table>,
    /// Views, by name.
    pub views: Vec<String>,
}

/// A table of the application.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    pub columns: Vec<Column>,
    pub without_rowid: bool,
    /// Holds its columns to their declared types.
    pub strict: bool,
    /// An FTS or another virtual table.
    pub is_virtual: bool,
    /// Belongs to a virtual table, which alone may change it.
    pub is_shadow: bool,
    pub foreign_keys: Vec<ForeignKey>,
    pub indexes: Vec<Index>,
    /// Names of its triggers.
    pub triggers: Vec<String>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    /// As declared; empty without a type.
    pub declared: String,
    pub not_null: bool,
    /// Place in the primary key, from 1; 0 outside of it.
    pub primary_key: u32,
    pub generated: bool,
    /// By which SQLite compares its texts, in capitals (`BINARY`, `NOCASE`).
    pub collation: String,
}

/// A declared foreign key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    /// The referenced table.
    pub parent: String,
    /// Column here -> column there.
    pub columns: Vec<(String, String)>,
    /// `CASCADE`, `SET NULL`, `NO ACTION`, …
    pub on_delete: String,
    pub on_update: String,
}

/// An index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    pub name: String,
    pub unique: bool,
    /// Has a WHERE: does not cover every row.
    pub partial: bool,
    /// `None` for an expression.
    pub columns: Vec<Option<String>>,
}

/// What stored values of a column tend to be (SQLite's type affinity).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Affinity {
    Text,
    Numeric,
    Integer,
    Real,
    /// As they were given.
    Blob,
}

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

    /// A table, however its name's ASCII letters are written.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.named_table(name).map(|(_, table)| table)
    }

    /// A table with its name as declared.
    pub fn named_table(&self, name: &str) -> Option<(&str, &Table)> {
        self.tables
            .iter()
            .find(|(declared, _)| declared.eq_ignore_ascii_case(name))
            .map(|(name, table)| (name.as_str(), table))
    }

    /// Every foreign key that points at a table: the tables that hold it, and the key.
    pub fn references_to<'a>(&'a self, parent: &'a str) -> impl Iterator<Item = (&'a str, &'a ForeignKey)> {
        self.tables.iter().flat_map(move |(name, table)| {
            let here = table.foreign_keys.iter().filter(move |key| key.parent.eq_ignore_ascii_case(parent));
            here.map(move |key| (name.as_str(), key))
        })
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
        Ok(Self { columns, foreign_keys, indexes, triggers, ..Self::default() })
    }

    /// A column, however its name's ASCII letters are written.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))
    }

    /// Columns of the primary key, in its order.
    pub fn primary_key(&self) -> Vec<String> {
        let mut columns: Vec<&Column> = self.columns.iter().filter(|column| column.primary_key > 0).collect();
        columns.sort_by_key(|column| column.primary_key);
        columns.into_iter().map(|column| column.name.clone()).collect()
    }

    /// The column that is another name of the rowid, where there is one.
    pub fn rowid_column(&self) -> Option<&Column> {
        let mut key = self.columns.iter().filter(|column| column.primary_key > 0);
        match (key.next(), key.next()) {
            (Some(only), None) if !self.without_rowid && only.declared.eq_ignore_ascii_case("INTEGER") => Some(only),
            _ => None,
        }
    }

    /// Whether these columns, in any order, find rows without reading the whole table: an index begins with one of them, or
    /// the primary key does.
    pub fn is_indexed(&self, columns: &[&str]) -> bool {
        let begins = |first: &str| columns.iter().any(|column| column.eq_ignore_ascii_case(first));
        let by_rowid = self.rowid_column().is_some_and(|column| begins(&column.name));
        let by_index = self
            .indexes
            .iter()
            .filter(|index| !index.partial)
            .any(|index| index.columns.first().is_some_and(|first| first.as_deref().is_some_and(begins)));
        by_rowid || by_index
    }

    /// Whether no two rows can have the same values in these columns.
    pub fn is_unique(&self, columns: &[String]) -> bool {
        let covered = |column: &str| columns.iter().any(|other| other.eq_ignore_ascii_case(column));
        let by_rowid = self.rowid_column().is_some_and(|column| covered(&column.name));
        let by_index = self
            .indexes
            .iter()
            .filter(|index| index.unique && !index.partial)
            .any(|index| index.columns.iter().all(|column| column.as_deref().is_some_and(covered)));
        by_rowid || by_index
    }

    /// Whether a column of the table can never be NULL: the rowid's column and a WITHOUT ROWID key say so without saying it.
    pub fn is_never_null(&self, column: &str) -> bool {
        let Some(column) = self.column(column) else { return false };
        let is_rowid = self.rowid_column().is_some_and(|rowid| rowid.name == column.name);
        column.not_null || is_rowid || (self.without_rowid && column.primary_key > 0)
    }
}

impl Column {
    /// By SQLite's rules on declared types.
    pub fn affinity(&self) -> Affinity {
        let declared = self.declared.to_ascii_uppercase();
        let has = |part: &str| declared.contains(part);
        if has("INT") {
            Affinity::Integer
        } else if has("CHAR") || has("CLOB") || has("TEXT") {
            Affinity::Text
        } else if has("BLOB") || declared.is_empty() || declared == "ANY" {
            Affinity::Blob
        } else if has("REAL") || has("FLOA") || has("DOUB") {
            Affinity::Real
        } else {
            Affinity::Numeric
        }
    }
}

fn collation(conn: &Connection, table: &str, column: &str) -> rusqlite::Result<String> {
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

fn indexes(conn: &Connection, table: &str) -> rusqlite::Result<Vec<Index>> {
    let list = "SELECT name, \"unique\", partial FROM pragma_index_list(?1) ORDER BY name";
    let mut indexes = all(conn, list, table, |row| {
        Ok(Index { name: row.get(0)?, unique: row.get(1)?, partial: row.get(2)?, columns: Vec::new() })
    })?;
    for index in &mut indexes {
        let columns = "SELECT name FROM pragma_index_xinfo(?1) WHERE key ORDER BY seqno";
        index.columns = all(conn, columns, &index.name, |row| row.get(0))?;
    }
    Ok(indexes)
}

fn all<T>(
    conn: &Connection,
    sql: &str,
    parameter: &str,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    conn.prepare_cached(sql)?.query_map([parameter], read)?.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalog(sql: &str) -> Catalog {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(sql).unwrap();
        Catalog::read(&conn).unwrap()
    }

    #[test]
    fn a_table_is_read_with_its_keys_indexes_and_triggers() {
        let catalog = catalog(
            "CREATE TABLE Account (id INTEGER PRIMARY KEY, mail TEXT NOT NULL COLLATE NoCase UNIQUE, upper_mail AS (upper(mail)));
             CREATE TABLE dossier (year INT, seq INT, account_id REFERENCES account, PRIMARY KEY (year, seq)) WITHOUT ROWID;
             CREATE TABLE note (y INT, s INT, FOREIGN KEY (y, s) REFERENCES dossier ON DELETE CASCADE);
             CREATE INDEX note_of ON note (y, s) WHERE y IS NOT NULL;
             CREATE INDEX note_sum ON note (y + s, s);
             CREATE TRIGGER kept BEFORE DELETE ON note BEGIN SELECT 1; END;
             CREATE VIEW seen AS SELECT 1;
             CREATE TABLE retentiond_batch (x);
             CREATE VIRTUAL TABLE found USING fts5(body);",
        );
        let names: Vec<&str> = catalog.tables.keys().map(String::as_str).collect();
        assert!(names.starts_with(&["Account", "dossier", "found"]), "{names:?}");
        assert!(!names.contains(&"retentiond_batch"));
        assert_eq!(catalog.views, ["seen"]);
        assert!(catalog.table("found").unwrap().is_virtual && catalog.table("found_data").unwrap().is_shadow);
        let account = catalog.table("ACCOUNT").unwrap();
        assert!(account.column("Upper_Mail").unwrap().generated);
        assert_eq!(account.rowid_column().unwrap().name, "id");
        assert!(account.is_unique(&["mail".to_owned()]) && account.is_indexed(&["mail"]));
        assert!(account.is_never_null("id") && account.is_never_null("mail") && !account.is_never_null("upper_mail"));
        let collations: Vec<&str> = account.columns.iter().map(|column| column.collation.as_str()).collect();
        assert_eq!(collations, ["BINARY", "NOCASE", "BINARY"]);
        let dossier = catalog.table("dossier").unwrap();
        assert!(dossier.without_rowid && dossier.is_never_null("seq"));
        assert_eq!(dossier.primary_key(), ["year", "seq"]);
        assert!(dossier.is_unique(&["seq".to_owned(), "YEAR".to_owned()]) && !dossier.is_unique(&["year".to_owned()]));
        assert_eq!(dossier.foreign_keys[0].columns, [("account_id".to_owned(), "id".to_owned())]);
        let note = catalog.table("note").unwrap();
        assert_eq!(note.triggers, ["kept"]);
        assert!(!note.is_indexed(&["y"]), "a partial index and an expression find not every row");
        let (table, key) = catalog.references_to("DOSSIER").next().unwrap();
        assert_eq!((table, key.on_delete.as_str(), key.columns[1].1.as_str()), ("note", "CASCADE", "seq"));
    }

    #[test]
    fn a_declared_type_gives_an_affinity() {
        let affinity = |declared: &str| {
            let (name, declared, collation) = (String::new(), declared.to_owned(), BINARY.to_owned());
            Column { name, declared, not_null: false, primary_key: 0, generated: false, collation }.affinity()
        };
        assert_eq!(affinity("BIGINT"), Affinity::Integer);
        assert_eq!(affinity("nvarchar(40)"), Affinity::Text);
        assert_eq!(affinity(""), Affinity::Blob);
        assert_eq!(affinity("double precision"), Affinity::Real);
        assert_eq!(affinity("DATETIME"), Affinity::Numeric);
    }
}
