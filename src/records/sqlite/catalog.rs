//! What a database's schema says, as far as the mapping and `init` need it.

mod computed;
mod reading;

pub(super) use reading::{collation, indexes};

use std::collections::{BTreeMap, BTreeSet};

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
    /// Of computed columns: the words of what they are computed from, column and words in lower case.
    pub computed: BTreeMap<String, BTreeSet<String>>,
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
    /// `None` for an expression, and where the index tells texts apart that the column calls equal.
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
}

impl Table {
    /// A column, however its name's ASCII letters are written.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))
    }

    /// A column and all that are computed from it, in lower case; so are those of which nobody can tell.
    pub fn with_computed(&self, column: &str) -> BTreeSet<String> {
        let mut all = BTreeSet::from([column.to_ascii_lowercase()]);
        let computed: Vec<String> =
            self.columns.iter().filter(|column| column.generated).map(|it| it.name.to_ascii_lowercase()).collect();
        // Each round finds another, or is the last.
        for _ in 0..computed.len() {
            let is_of = |name: &&String| self.computed.get(*name).is_none_or(|words| !words.is_disjoint(&all));
            let more: Vec<String> = computed.iter().filter(is_of).cloned().collect();
            all.extend(more);
        }
        all
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

    /// Whether these columns, in any order, find rows without reading the whole table: an index begins with one of
    /// them, or the primary key does.
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

    /// Whether a column of the table can never be NULL: the rowid's column and a WITHOUT ROWID key say so without
    /// saying it.
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

#[cfg(test)]
mod tests;
