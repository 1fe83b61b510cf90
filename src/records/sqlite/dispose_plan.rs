//! From a mapping to the statements that dispose of its records.
//!
//! The keys of a chunk stand in a temporary table, in memory. Rows are found from their owners: `SELECT … FROM (owners) AS owner
//! CROSS JOIN part AS this`, where CROSS JOIN keeps SQLite from walking the part's whole table. The deepest parts go first, while
//! their owners can still be found; shared parts go last, when the references that go with the records are gone.

use std::collections::HashMap;
use std::rc::Rc;

use rusqlite::Connection;

use super::sql::{THIS, column, condition, join, literal, mask, name};
use super::{Queries, StoreError};
use crate::model::{PartName, SeriesName};
use crate::records::mapping::{Join, Mask, OwnerGone, PartMapping, SeriesMapping, SetValue};

/// The statements for one series.
pub(super) struct Program {
    /// Empties the temporary table of keys.
    pub(super) empty: String,
    /// Puts a key's place and columns there.
    pub(super) insert: String,
    pub(super) destroy: Vec<Step>,
    pub(super) anonymize: Vec<Step>,
    /// Selects the places of the keys whose records are there; a test of `this` may follow.
    pub(super) find: String,
}

/// One statement.
pub(super) struct Step {
    pub(super) table: String,
    pub(super) sql: String,
    pub(super) effect: Effect,
}

/// What the rows that a statement changes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Temporary tables only.
    None,
    /// Exactly one row for each key.
    Records,
    /// Rows of parts.
    Parts,
    /// Rows that live on.
    Detached,
}

/// The programs of a connection, for as long as the schema stays as it is.
#[derive(Default)]
pub(super) struct Programs {
    schema_version: Option<i64>,
    compiled: HashMap<SeriesName, Rc<Program>>,
}

impl Programs {
    /// Drops what was compiled for another schema.
    pub(super) fn keep_for(&mut self, schema_version: i64) {
        if self.schema_version != Some(schema_version) {
            self.forget();
            self.schema_version = Some(schema_version);
        }
    }

    pub(super) fn forget(&mut self) {
        self.compiled.clear();
    }

    pub(super) fn of(
        &mut self,
        conn: &Connection,
        queries: &Queries,
        series: &SeriesName,
    ) -> Result<Rc<Program>, StoreError> {
        if let Some(program) = self.compiled.get(series) {
            return Ok(Rc::clone(program));
        }
        let program = Rc::new(Compiler::new(conn, queries.mapping(series)?, self.compiled.len())?.program()?);
        self.compiled.insert(series.clone(), Rc::clone(&program));
        Ok(program)
    }
}

/// What tells the rows of a table apart: its rowid, or the primary key of a table without.
struct Identity(Vec<String>);

impl Identity {
    fn of(conn: &Connection, table: &str) -> Result<Self, StoreError> {
        let read = || {
            let sql = "SELECT (SELECT wr FROM pragma_table_list(?1) WHERE schema = 'main' AND type = 'table'), \
                       name, pk FROM pragma_table_info(?1, 'main') ORDER BY pk";
            let mut statement = conn.prepare_cached(sql)?;
            let rows = statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            rows.collect::<rusqlite::Result<Vec<(Option<bool>, String, i64)>>>()
        };
        let columns = read().map_err(|e| StoreError::of(conn, e))?;
        let taken = |alias: &str| columns.iter().any(|(_, column, _)| column.eq_ignore_ascii_case(alias));
        match columns.first() {
            Some((Some(true), ..)) => {
                let key = columns.iter().filter(|(.., place)| *place > 0);
                Ok(Self(key.map(|(_, column, _)| column.clone()).collect()))
            }
            Some((Some(false), ..)) => match ["rowid", "_rowid_", "oid"].into_iter().find(|alias| !taken(alias)) {
                Some(alias) => Ok(Self(vec![alias.to_owned()])),
                None => Err(unusable(conn, format!("table {table} has columns named rowid, _rowid_ and oid"))),
            },
            _ => Err(unusable(conn, format!("{table} is not an ordinary table"))),
        }
    }

    /// `this."a", this."b"`
    fn list(&self, alias: &str) -> String {
        listed(self.0.iter().map(|name| column(alias, name)))
    }

    /// `k.i1, k.i2`, as [`Identity::columns_of_copy`] names them.
    fn copied(&self) -> String {
        listed((1..=self.0.len()).map(|place| format!("k.i{place}")))
    }

    /// `this."a" AS i1, this."b" AS i2`
    fn columns_of_copy(&self) -> String {
        listed(self.0.iter().enumerate().map(|(place, name)| format!("{} AS i{}", column(THIS, name), place + 1)))
    }
}

struct Compiler<'a> {
    conn: &'a Connection,
    series: &'a SeriesMapping,
    /// Tells this program's temporary tables from those of the others.
    number: usize,
    /// One per part, in the mapping's order.
    identities: Vec<Identity>,
}

/// From where rows are found: the records of the chunk, or the rows of a shared part that have lost their last reference.
type Root<'a> = Option<&'a PartMapping>;

impl<'a> Compiler<'a> {
    fn new(conn: &'a Connection, series: &'a SeriesMapping, number: usize) -> Result<Self, StoreError> {
        Identity::of(conn, &series.table)?;
        let identities = series.parts.iter().map(|part| Identity::of(conn, &part.table)).collect::<Result<_, _>>()?;
        Ok(Self { conn, series, number, identities })
    }

    fn program(&self) -> Result<Program, StoreError> {
        self.refuse_unreached_parts()?;
        self.make_temporary_tables()?;
        let keys = self.keys();
        let count = self.series.key.len();
        let parameters = (0..=count).map(|place| format!("?{}", place + 1));
        let mut destroy = Vec::new();
        self.destroy_stage(None, &mut destroy)?;
        Ok(Program {
            empty: format!("DELETE FROM {keys}"),
            insert: format!("INSERT INTO {keys}(rowid, {}) VALUES ({})", self.key_copies(""), listed(parameters)),
            destroy,
            anonymize: self.anonymize()?,
            find: format!(
                "SELECT k.rowid FROM {keys} AS k CROSS JOIN {} AS this WHERE {}",
                table(&self.series.table),
                self.key_matches()
            ),
        })
    }

    /// Everything beneath `root`, deepest first, then `root` itself, then the shared parts that nothing refers to any more.
    fn destroy_stage(&self, root: Root<'_>, steps: &mut Vec<Step>) -> Result<(), StoreError> {
        let beneath = self.beneath(root);
        let shared = self.last_referrers_first(self.shared_beneath(root, &beneath));
        for part in &shared {
            self.collect(root, part, steps);
        }
        for part in &beneath {
            steps.push(self.part_step(root, part)?);
        }
        steps.push(self.root_step(root));
        for part in shared {
            self.narrow(part, steps);
            self.destroy_stage(Some(part), steps)?;
        }
        Ok(())
    }

    fn root_step(&self, root: Root<'_>) -> Step {
        match root {
            None => Step {
                table: self.series.table.clone(),
                sql: format!("DELETE FROM {} AS this WHERE {}", table(&self.series.table), self.in_keys()),
                effect: Effect::Records,
            },
            Some(part) => {
                let identity = self.identity(part);
                let candidates = format!("SELECT {} FROM {} AS k", identity.copied(), self.candidates(part));
                let sql = format!(
                    "DELETE FROM {} AS this WHERE ({}) IN ({candidates})",
                    table(&part.table),
                    identity.list(THIS)
                );
                Step { table: part.table.clone(), sql, effect: Effect::Parts }
            }
        }
    }

    fn part_step(&self, root: Root<'_>, part: &PartMapping) -> Result<Step, StoreError> {
        let rows = self.where_part(root, part);
        let name = table(&part.table);
        let assignments = match &part.owner_gone {
            OwnerGone::Destroy => {
                let sql = format!("DELETE FROM {name} AS this WHERE {rows}");
                return Ok(Step { table: part.table.clone(), sql, effect: Effect::Parts });
            }
            OwnerGone::Detach => self.detachments(part)?,
            OwnerGone::Set(values) => listed(values.iter().map(|(column, value)| assignment(column, value))),
        };
        let sql = format!("UPDATE {name} AS this SET {assignments} WHERE {rows}");
        Ok(Step { table: part.table.clone(), sql, effect: Effect::Detached })
    }

    fn detachments(&self, part: &PartMapping) -> Result<String, StoreError> {
        match &part.on {
            Join::Columns(pairs) => Ok(listed(pairs.iter().map(|(this, _)| format!("{} = NULL", name(this))))),
            Join::Expression(_) => Err(unusable(
                self.conn,
                format!("part {}: `owner_gone = \"detach\"` needs an `on` that names columns", part.name),
            )),
        }
    }

    /// Puts the rows of a shared part aside while their owners can still be found.
    fn collect(&self, root: Root<'_>, part: &PartMapping, steps: &mut Vec<Step>) {
        let candidates = self.candidates(part);
        let rows = self.rows(root, part, &self.identity(part).list(THIS));
        for sql in
            [format!("DELETE FROM {candidates}"), format!("INSERT INTO {candidates} SELECT DISTINCT * FROM ({rows})")]
        {
            steps.push(Step { table: part.table.clone(), sql, effect: Effect::None });
        }
    }

    /// Lets those go on living that something still refers to: a row of the `shared` tables, or another owner.
    fn narrow(&self, part: &PartMapping, steps: &mut Vec<Step>) {
        let candidates = self.candidates(part);
        let identity = self.identity(part);
        let mut keep = |alias: &str, reference: String| {
            let sql = format!(
                "DELETE FROM {candidates} WHERE rowid IN (SELECT k.rowid FROM {candidates} AS k CROSS JOIN {} AS {alias} \
                 WHERE ({}) = ({}) AND EXISTS ({reference}))",
                table(&part.table),
                identity.list(alias),
                identity.copied(),
            );
            steps.push(Step { table: part.table.clone(), sql, effect: Effect::None });
        };
        let owners = part.of.as_ref().and_then(|of| self.part(of)).map_or(&self.series.table, |owner| &owner.table);
        keep(THIS, format!("SELECT 1 FROM {} AS owner WHERE {}", table(owners), join(&part.on)));
        for reference in &part.shared {
            let condition = reference.condition.as_ref().map_or("1".to_owned(), condition);
            let on = join(&reference.on);
            keep("owner", format!("SELECT 1 FROM {} AS this WHERE {on} AND {condition}", table(&reference.table)));
        }
    }

    fn anonymize(&self) -> Result<Vec<Step>, StoreError> {
        let mut steps = Vec::new();
        let all = self.all_by_depth();
        for part in all.iter().filter(|part| !part.anonymize.is_empty()) {
            if !part.shared.is_empty() {
                return Err(unusable(
                    self.conn,
                    format!("part {}: rows that records share cannot be masked", part.name),
                ));
            }
            let sql = format!(
                "UPDATE {} AS this SET {} WHERE {}",
                table(&part.table),
                listed(part.anonymize.iter().map(|(column, mask)| masked(column, mask))),
                self.where_part(None, part)
            );
            steps.push(Step { table: part.table.clone(), sql, effect: Effect::Parts });
        }
        if !self.series.anonymize.is_empty() {
            let sql = format!(
                "UPDATE {} AS this SET {} WHERE {}",
                table(&self.series.table),
                listed(self.series.anonymize.iter().map(|(column, mask)| masked(column, mask))),
                self.in_keys()
            );
            steps.push(Step { table: self.series.table.clone(), sql, effect: Effect::Records });
        }
        Ok(steps)
    }

    /// The part's rows, as a WHERE of its own table.
    fn where_part(&self, root: Root<'_>, part: &PartMapping) -> String {
        let also = part.condition.as_ref().map_or(String::new(), |tests| format!(" AND {}", condition(tests)));
        if let (None, None, Join::Columns(pairs)) = (root, &part.of, &part.on) {
            // Joined on key columns: the owners need not be looked at.
            if pairs.iter().all(|(_, owner)| self.series.key.contains(owner)) {
                let this = listed(pairs.iter().map(|(this, _)| column(THIS, this)));
                let keys = listed(pairs.iter().filter_map(|(_, owner)| self.key_copy(owner)));
                return format!("({this}) IN (SELECT {keys} FROM {} AS k){also}", self.keys());
            }
        }
        let list = self.identity(part).list(THIS);
        format!("({list}) IN ({})", self.rows(root, part, &list))
    }

    /// A SELECT of these columns from the part's rows beneath `root`.
    fn rows(&self, root: Root<'_>, part: &PartMapping, columns: &str) -> String {
        let owners = match part.of.as_ref().and_then(|of| self.part(of)) {
            Some(owner) if root.is_none_or(|root| root.name != owner.name) => self.rows(root, owner, "this.*"),
            _ => self.root_rows(root),
        };
        let also = part.condition.as_ref().map_or(String::new(), |tests| format!(" AND {}", condition(tests)));
        let name = table(&part.table);
        format!("SELECT {columns} FROM ({owners}) AS owner CROSS JOIN {name} AS this WHERE {}{also}", join(&part.on))
    }

    fn root_rows(&self, root: Root<'_>) -> String {
        let (keys, name, matches) = match root {
            None => (self.keys(), table(&self.series.table), self.key_matches()),
            Some(part) => {
                let identity = self.identity(part);
                let matches = format!("({}) = ({})", identity.list(THIS), identity.copied());
                (self.candidates(part), table(&part.table), matches)
            }
        };
        format!("SELECT this.* FROM {keys} AS k CROSS JOIN {name} AS this WHERE {matches}")
    }

    /// Unshared parts that go with `root`, deepest first; among equals, what is destroyed before what lives on.
    fn beneath(&self, root: Root<'_>) -> Vec<&'a PartMapping> {
        let mut found: Vec<(usize, &PartMapping)> = Vec::new();
        let mut owners = vec![root.map(|part| &part.name)];
        let mut depth = 0;
        while !owners.is_empty() {
            depth += 1;
            let level = self.parts_of(&owners).filter(|part| part.shared.is_empty());
            let level: Vec<&PartMapping> = level.collect();
            // What lives on keeps its own parts.
            owners = level
                .iter()
                .filter(|part| part.owner_gone == OwnerGone::Destroy)
                .map(|part| Some(&part.name))
                .collect();
            found.extend(level.into_iter().map(|part| (depth, part)));
        }
        found.sort_by_key(|(depth, part)| (std::cmp::Reverse(*depth), part.owner_gone != OwnerGone::Destroy));
        found.into_iter().map(|(_, part)| part).collect()
    }

    /// Shared parts whose owners go with `root`.
    fn shared_beneath(&self, root: Root<'_>, beneath: &[&'a PartMapping]) -> Vec<&'a PartMapping> {
        let mut owners = vec![root.map(|part| &part.name)];
        owners.extend(beneath.iter().filter(|part| part.owner_gone == OwnerGone::Destroy).map(|part| Some(&part.name)));
        self.parts_of(&owners).filter(|part| !part.shared.is_empty()).collect()
    }

    /// A shared part whose rows refer to another shared part goes before it.
    fn last_referrers_first(&self, mut parts: Vec<&'a PartMapping>) -> Vec<&'a PartMapping> {
        let mut ordered = Vec::new();
        while !parts.is_empty() {
            let refers = |part: &PartMapping, other: &PartMapping| {
                part.name != other.name && other.shared.iter().any(|reference| reference.table == part.table)
            };
            let free = parts.iter().position(|part| !parts.iter().any(|other| refers(other, part)));
            ordered.push(parts.remove(free.unwrap_or(0)));
        }
        ordered
    }

    /// Every part, the deepest first.
    fn all_by_depth(&self) -> Vec<&'a PartMapping> {
        let mut found: Vec<&PartMapping> = Vec::new();
        let mut owners = vec![None];
        while !owners.is_empty() && found.len() <= self.series.parts.len() {
            let level: Vec<&PartMapping> = self.parts_of(&owners).collect();
            owners = level.iter().map(|part| Some(&part.name)).collect();
            found.extend(level);
        }
        found.reverse();
        found
    }

    fn parts_of(&self, owners: &[Option<&PartName>]) -> impl Iterator<Item = &'a PartMapping> {
        let series: &'a SeriesMapping = self.series;
        series.parts.iter().filter(move |part| owners.contains(&part.of.as_ref()))
    }

    /// A part that no walk from the record reaches would be left behind.
    fn refuse_unreached_parts(&self) -> Result<(), StoreError> {
        let reached = self.all_by_depth();
        match self.series.parts.iter().find(|part| !reached.iter().any(|other| other.name == part.name)) {
            None => Ok(()),
            Some(part) => {
                Err(unusable(self.conn, format!("part {} is a part of nothing that the series has", part.name)))
            }
        }
    }

    /// Copies of key columns get the affinity that the originals have, so that they compare alike.
    fn make_temporary_tables(&self) -> Result<(), StoreError> {
        let keys = self.series.key.iter().enumerate();
        let copies = listed(keys.map(|(place, name)| format!("{} AS k{}", column(THIS, name), place + 1)));
        self.make_temporary_table(&self.keys(), &copies, &self.series.table)?;
        for part in self.series.parts.iter().filter(|part| !part.shared.is_empty()) {
            let copies = self.identity(part).columns_of_copy();
            self.make_temporary_table(&self.candidates(part), &copies, &part.table)?;
        }
        Ok(())
    }

    fn make_temporary_table(&self, temporary: &str, copies: &str, original: &str) -> Result<(), StoreError> {
        let sql = format!(
            "DROP TABLE IF EXISTS {temporary}; CREATE TEMP TABLE {} AS SELECT {copies} FROM {} AS this LIMIT 0",
            temporary.trim_start_matches("temp."),
            table(original)
        );
        self.conn.execute_batch(&sql).map_err(|e| StoreError::of(self.conn, e))
    }

    fn keys(&self) -> String {
        format!("temp.retentiond_keys_{}", self.number)
    }

    fn candidates(&self, part: &PartMapping) -> String {
        let place = self.series.parts.iter().position(|other| other.name == part.name).unwrap_or_default();
        format!("temp.retentiond_shared_{}_{place}", self.number)
    }

    fn identity(&self, part: &PartMapping) -> &Identity {
        let place = self.series.parts.iter().position(|other| other.name == part.name).unwrap_or_default();
        &self.identities[place]
    }

    fn part(&self, name: &PartName) -> Option<&'a PartMapping> {
        self.series.parts.iter().find(|part| part.name == *name)
    }

    /// The key columns' copies in the table of keys.
    fn key_copies(&self, alias: &str) -> String {
        listed((1..=self.series.key.len()).map(|place| format!("{alias}k{place}")))
    }

    fn key_copy(&self, column: &str) -> Option<String> {
        self.series.key.iter().position(|key| key == column).map(|place| format!("k.k{}", place + 1))
    }

    fn key_matches(&self) -> String {
        let keys = self.series.key.iter().enumerate();
        keys.map(|(place, name)| format!("{} = k.k{}", column(THIS, name), place + 1)).collect::<Vec<_>>().join(" AND ")
    }

    fn in_keys(&self) -> String {
        let keys = listed(self.series.key.iter().map(|name| column(THIS, name)));
        format!("({keys}) IN (SELECT {} FROM {} AS k)", self.key_copies("k."), self.keys())
    }
}

fn assignment(target: &str, value: &SetValue) -> String {
    let value = match value {
        SetValue::Literal(value) => literal(value),
        SetValue::Column(source) => column(THIS, source),
    };
    format!("{} = {value}", name(target))
}

fn masked(target: &str, how: &Mask) -> String {
    format!("{} = {}", name(target), mask(&column(THIS, target), how))
}

fn table(table: &str) -> String {
    format!("main.{}", name(table))
}

fn listed(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(", ")
}

fn unusable(conn: &Connection, message: String) -> StoreError {
    StoreError::Schema { database: conn.path().unwrap_or_default().into(), message }
}
