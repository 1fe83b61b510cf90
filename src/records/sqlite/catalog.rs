//! What a database's schema says, as far as the mapping and `init` need it.

use std::collections::BTreeMap;

/// Tables by their names as declared.
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
    /// Neither ordinary nor WITHOUT ROWID: an FTS or other virtual table.
    pub is_virtual: bool,
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
    pub primary_key: usize,
    pub generated: bool,
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
