//! A part as the schema has it: what tells its rows apart, what finds them, and what their turn does to them.

use rusqlite::Connection;

use super::StoreError;
use super::catalog::Catalog;
use super::dispose_family::{listed, unusable};
use super::sql::column;
use crate::records::mapping::{Condition, Join, OwnerGone, PartMapping};

/// A part, and what the schema says of its table.
pub(super) struct Member<'a> {
    pub(super) part: &'a PartMapping,
    /// Among the parts of the mapping.
    pub(super) place: usize,
    /// What tells its rows apart: the rowid, or the primary key of a table without.
    pub(super) identity: Vec<String>,
    pub(super) has_triggers: bool,
}

impl<'a> Member<'a> {
    pub(super) fn read(
        conn: &Connection,
        catalog: &Catalog,
        part: &'a PartMapping,
        place: usize,
    ) -> Result<Self, StoreError> {
        let has_triggers = catalog.table(&part.table).is_some_and(|table| !table.triggers.is_empty());
        Ok(Self { part, place, identity: identity(conn, &part.table)?, has_triggers })
    }

    pub(super) fn is_destroyed(&self) -> bool {
        self.part.owner_gone == OwnerGone::Destroy
    }

    pub(super) fn is_shared(&self) -> bool {
        !self.part.shared.is_empty()
    }

    /// Whether an expression chooses its rows: it may look at anything, and must not ask for the time, as triggers may
    /// while rows change.
    pub(super) fn is_found_by_expression(&self) -> bool {
        let is_expression = |condition: &Condition| matches!(condition, Condition::Expression(_));
        matches!(self.part.on, Join::Expression(_)) || self.part.condition.as_ref().is_some_and(is_expression)
    }

    /// The columns of its own by which its rows are joined to their owners.
    pub(super) fn joined_by(&self) -> Vec<&str> {
        columns_of(&self.part.on).iter().map(|(this, _)| this.as_str()).collect()
    }

    /// The columns of its own by which it is told whether a row belongs to it.
    pub(super) fn tested_by(&self) -> Vec<&str> {
        match &self.part.condition {
            Some(Condition::All(tests)) => tests.iter().map(|test| test.column.as_str()).collect(),
            Some(Condition::Expression(_)) | None => Vec::new(),
        }
    }

    /// The columns of its owners to which its rows are joined.
    pub(super) fn joined_to(&self) -> Vec<&str> {
        columns_of(&self.part.on).iter().map(|(_, owner)| owner.as_str()).collect()
    }

    /// The columns that change where its rows outlive their owner.
    pub(super) fn changed(&self) -> Vec<&str> {
        match &self.part.owner_gone {
            OwnerGone::Destroy => Vec::new(),
            OwnerGone::Detach => self.joined_by(),
            OwnerGone::Set(values) => values.iter().map(|(column, _)| column.as_str()).collect(),
        }
    }

    /// `this."a", this."b"`
    pub(super) fn list(&self, alias: &str) -> String {
        listed(self.identity.iter().map(|name| column(alias, name)))
    }

    /// `k.i0, k.i1`
    pub(super) fn copied(&self) -> String {
        listed((0..self.identity.len()).map(|place| format!("k.i{place}")))
    }
}

fn columns_of(on: &Join) -> &[(String, String)] {
    match on {
        Join::Columns(pairs) => pairs,
        Join::Expression(_) => &[],
    }
}

/// What tells the rows of a table apart.
pub(super) fn identity(conn: &Connection, table: &str) -> Result<Vec<String>, StoreError> {
    let read = || {
        let sql = "SELECT (SELECT wr FROM pragma_table_list(?1) WHERE schema = 'main' AND type = 'table'), name, pk \
                   FROM pragma_table_xinfo(?1, 'main') ORDER BY pk";
        let mut statement = conn.prepare_cached(sql)?;
        let rows = statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        rows.collect::<rusqlite::Result<Vec<(Option<bool>, String, i64)>>>()
    };
    let columns = read().map_err(|e| StoreError::of(conn, e))?;
    let is_free = |alias: &&str| !columns.iter().any(|(_, column, _)| column.eq_ignore_ascii_case(alias));
    match columns.first() {
        Some((Some(true), ..)) => {
            Ok(columns.iter().filter(|(.., place)| *place > 0).map(|(_, column, _)| column.clone()).collect())
        }
        Some((Some(false), ..)) => match ["rowid", "_rowid_", "oid"].into_iter().find(is_free) {
            Some(alias) => Ok(vec![alias.to_owned()]),
            None => Err(unusable(conn, format!("table {table} has columns named rowid, _rowid_ and oid"))),
        },
        _ => Err(unusable(conn, format!("{table} is not an ordinary table"))),
    }
}

/// The columns of a table that have bytes in it: all but those that are computed when they are read.
pub(super) fn stored_columns(conn: &Connection, table: &str) -> Result<Vec<String>, StoreError> {
    conn.prepare_cached("SELECT name FROM pragma_table_xinfo(?1, 'main') WHERE hidden IN (0, 3)")
        .and_then(|mut statement| statement.query_map([table], |row| row.get(0))?.collect())
        .map_err(|e| StoreError::of(conn, e))
}
