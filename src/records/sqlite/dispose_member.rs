//! A part as the schema has it: what tells its rows apart, what finds them, and what their turn does to them.

use rusqlite::Connection;

use super::StoreError;
use super::catalog::{self, Catalog};
use super::dispose_family::{listed, unusable};
use super::sql::{self, column};
use crate::records::mapping::{Condition, Join, OwnerGone, PartMapping};

/// A part, and what the schema says of its table.
pub(super) struct Member<'a> {
    pub(super) part: &'a PartMapping,
    /// Among the parts of the mapping.
    pub(super) place: usize,
    /// What tells its rows apart: the rowid, or the primary key where the rowid is not to be had.
    pub(super) identity: Vec<Apart>,
    pub(super) has_triggers: bool,
}

/// One of the columns that together tell the rows of a table apart.
pub(super) struct Apart {
    pub(super) column: String,
    /// By which the primary key compares it, where the column itself is compared by another: that may call rows equal
    /// which are two.
    collation: Option<String>,
}

impl Apart {
    /// `this."b" COLLATE "RTRIM"`
    pub(super) fn of(&self, alias: &str) -> String {
        let collate = self.collation.as_ref().map(|name| format!(" COLLATE {}", sql::name(name)));
        format!("{}{}", column(alias, &self.column), collate.unwrap_or_default())
    }
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

    /// The columns of its own that tell its rows apart.
    pub(super) fn identified_by(&self) -> Vec<&str> {
        self.identity.iter().map(|apart| apart.column.as_str()).collect()
    }

    /// `this."a", this."b" COLLATE "RTRIM"`
    pub(super) fn list(&self, alias: &str) -> String {
        listed(self.identity.iter().map(|apart| apart.of(alias)))
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
pub(super) fn identity(conn: &Connection, table: &str) -> Result<Vec<Apart>, StoreError> {
    let read = || {
        let sql = "SELECT (SELECT wr FROM pragma_table_list(?1) WHERE schema = 'main' AND type = 'table'), name \
                   FROM pragma_table_xinfo(?1, 'main')";
        let mut statement = conn.prepare_cached(sql)?;
        let rows = statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect::<rusqlite::Result<Vec<(Option<bool>, String)>>>()
    };
    let failed = |error| StoreError::of(conn, error);
    let columns = read().map_err(failed)?;
    let is_free = |alias: &&str| !columns.iter().any(|(_, column)| column.eq_ignore_ascii_case(alias));
    match columns.first() {
        Some((Some(true), _)) => primary_key(conn, table).map_err(failed),
        Some((Some(false), _)) => match ["rowid", "_rowid_", "oid"].into_iter().find(is_free) {
            Some(alias) => Ok(vec![Apart { column: alias.to_owned(), collation: None }]),
            None => match never_null_key(conn, table).map_err(failed)? {
                key if key.is_empty() => Err(unusable(conn, hidden_rowid(table))),
                key => Ok(key),
            },
        },
        _ => Err(unusable(conn, format!("{table} is not an ordinary table"))),
    }
}

/// That nothing tells the rows of a table apart.
fn hidden_rowid(table: &str) -> String {
    format!(
        "nothing tells two rows of {table} apart: its columns bear the three names of the rowid (rowid, _rowid_ and oid), and it has no primary key of columns that are NOT NULL"
    )
}

/// The primary key of a table with a rowid, if it is never NULL: another row could be NULL there, too. An INTEGER
/// PRIMARY KEY has no index; it is the rowid.
fn never_null_key(conn: &Connection, table: &str) -> rusqlite::Result<Vec<Apart>> {
    let sql = "SELECT name, \"notnull\" FROM pragma_table_xinfo(?1, 'main') WHERE pk > 0";
    let mut statement = conn.prepare_cached(sql)?;
    let columns = statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let columns: Vec<(String, bool)> = columns.collect::<rusqlite::Result<_>>()?;
    let key = primary_key(conn, table)?;
    Ok(match key.is_empty() {
        true => columns.into_iter().map(|(column, _)| Apart { column, collation: None }).collect(),
        false if columns.iter().all(|(_, is_never_null)| *is_never_null) => key,
        false => Vec::new(),
    })
}

/// The primary key of a table, as its index compares it; empty where it has no index.
fn primary_key(conn: &Connection, table: &str) -> rusqlite::Result<Vec<Apart>> {
    let sql = "SELECT x.name, x.coll FROM pragma_index_list(?1, 'main') AS i, pragma_index_xinfo(i.name, 'main') AS x \
               WHERE i.origin = 'pk' AND x.key ORDER BY x.seqno";
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query([table])?;
    let mut key = Vec::new();
    while let Some(row) = rows.next()? {
        let (column, compares): (String, String) = (row.get(0)?, row.get(1)?);
        let own = catalog::collation(conn, table, &column)?;
        key.push(Apart { collation: (!compares.eq_ignore_ascii_case(&own)).then_some(compares), column });
    }
    Ok(key)
}

/// The columns of a table that have bytes in it: all but those that are computed when they are read.
pub(super) fn stored_columns(conn: &Connection, table: &str) -> Result<Vec<String>, StoreError> {
    conn.prepare_cached("SELECT name FROM pragma_table_xinfo(?1, 'main') WHERE hidden IN (0, 3)")
        .and_then(|mut statement| statement.query_map([table], |row| row.get(0))?.collect())
        .map_err(|e| StoreError::of(conn, e))
}
