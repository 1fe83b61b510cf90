//! A series with its parts, as the schema has them: who is whose part, and how the rows of each are found from the keys
//! of a chunk.
//!
//! The keys stand in a temporary table, in memory. Rows are found from their owners: `SELECT … FROM (owners) AS owner
//! CROSS JOIN part AS this`, where CROSS JOIN keeps SQLite from walking the part's whole table.

use rusqlite::Connection;

use super::StoreError;
use super::sql::{THIS, column, condition, join, name};
use crate::records::mapping::{Join, OwnerGone, PartMapping, SeriesMapping};

/// A series and its parts.
pub(super) struct Family<'a> {
    pub(super) series: &'a SeriesMapping,
    members: Vec<Member<'a>>,
    /// Tells this family's temporary tables from those of the others.
    number: usize,
}

/// A part, and what the schema says of its table.
pub(super) struct Member<'a> {
    pub(super) part: &'a PartMapping,
    place: usize,
    /// What tells its rows apart: the rowid, or the primary key of a table without.
    identity: Vec<String>,
    /// Tables that its foreign keys refer to, in lower case.
    parents: Vec<String>,
    pub(super) has_triggers: bool,
}

/// From where rows are found: the records of the chunk, or the rows of a shared part that have lost their last
/// reference.
pub(super) type Root<'f, 'a> = Option<&'f Member<'a>>;

impl<'a> Family<'a> {
    /// Reads what the schema says of the tables that a mapping names.
    ///
    /// # Errors
    /// A table is missing or no ordinary table; a part hangs in the air.
    pub(super) fn read(conn: &Connection, series: &'a SeriesMapping, number: usize) -> Result<Self, StoreError> {
        identity(conn, &series.table)?;
        let members = series.parts.iter().enumerate().map(|(place, part)| Member::read(conn, part, place));
        let family = Self { series, members: members.collect::<Result<_, _>>()?, number };
        // A part that no walk from the record reaches would be left behind.
        let reached = family.deepest_first();
        match family.members.iter().find(|member| !reached.iter().any(|other| other.place == member.place)) {
            None => Ok(family),
            Some(Member { part, .. }) => {
                Err(unusable(conn, format!("part {} is a part of nothing that the series has", part.name)))
            }
        }
    }

    /// Every part, the deepest first.
    pub(super) fn deepest_first(&self) -> Vec<&Member<'a>> {
        let mut found: Vec<&Member<'a>> = Vec::new();
        let mut level = self.parts_of(None);
        while !level.is_empty() && found.len() <= self.members.len() {
            let next = level.iter().flat_map(|member| self.parts_of(Some(member))).collect();
            found.append(&mut level);
            level = next;
        }
        found.reverse();
        found
    }

    /// Unshared parts that go with `root`, deepest first. Among equals what is destroyed goes before what lives on, and
    /// what has a foreign key to another before that other.
    pub(super) fn beneath(&self, root: Root<'_, 'a>) -> Vec<&Member<'a>> {
        let mut levels = Vec::new();
        let mut owners = vec![root];
        while !owners.is_empty() {
            let parts = owners.iter().flat_map(|owner| self.parts_of(*owner));
            let level: Vec<&Member<'a>> = parts.filter(|member| member.part.shared.is_empty()).collect();
            let (gone, living): (Vec<_>, Vec<_>) = level.into_iter().partition(|member| member.is_destroyed());
            // What lives on keeps its own parts.
            owners = gone.iter().map(|member| Some(*member)).collect();
            let gone = referrers_first(gone, |one, other| one.parents.contains(&other.part.table.to_lowercase()));
            levels.push(gone.into_iter().chain(living));
        }
        levels.into_iter().rev().flatten().collect()
    }

    /// Shared parts whose owners go with `root`; one whose rows refer to another's goes before it.
    pub(super) fn shared_beneath(&self, root: Root<'_, 'a>) -> Vec<&Member<'a>> {
        let gone = self.beneath(root).into_iter().filter(|member| member.is_destroyed()).map(Some);
        let parts = gone.chain([root]).flat_map(|owner| self.parts_of(owner));
        let shared = parts.filter(|member| !member.part.shared.is_empty()).collect();
        referrers_first(shared, |one, other| {
            other.part.shared.iter().any(|reference| reference.table == one.part.table)
        })
    }

    fn parts_of(&self, owner: Root<'_, 'a>) -> Vec<&Member<'a>> {
        let owner = owner.map(|member| &member.part.name);
        self.members.iter().filter(|member| member.part.of.as_ref() == owner).collect()
    }

    fn owner(&self, member: &Member<'a>) -> Option<&Member<'a>> {
        let of = member.part.of.as_ref()?;
        self.members.iter().find(|other| other.part.name == *of)
    }

    /// The table in which a part's owners are.
    pub(super) fn owner_table(&self, member: &Member<'a>) -> String {
        table(self.owner(member).map_or(&self.series.table, |owner| &owner.part.table))
    }

    /// The part's rows beneath `root`, as a WHERE of its own table.
    pub(super) fn where_rows(&self, root: Root<'_, 'a>, member: &Member<'a>) -> String {
        let part = member.part;
        if let (None, None, Join::Columns(pairs)) = (root, &part.of, &part.on) {
            // Joined on key columns: the owners need not be looked at.
            let keys: Option<Vec<String>> = pairs.iter().map(|(_, owner)| self.key_copy(owner)).collect();
            if let Some(keys) = keys {
                let this = listed(pairs.iter().map(|(this, _)| column(THIS, this)));
                let keys = keys.join(", ");
                return format!("({this}) IN (SELECT {keys} FROM {} AS k){}", self.keys(), and_condition(part));
            }
        }
        let list = member.list(THIS);
        format!("({list}) IN ({})", self.rows(root, member, &list))
    }

    /// A SELECT of these columns from the part's rows beneath `root`.
    pub(super) fn rows(&self, root: Root<'_, 'a>, member: &Member<'a>, columns: &str) -> String {
        let owners = match self.owner(member) {
            Some(owner) if root.is_none_or(|root| root.place != owner.place) => self.rows(root, owner, "this.*"),
            _ => self.root_rows(root),
        };
        let (part, on) = (table(&member.part.table), join(&member.part.on));
        let also = and_condition(member.part);
        format!("SELECT {columns} FROM ({owners}) AS owner CROSS JOIN {part} AS this WHERE {on}{also}")
    }

    fn root_rows(&self, root: Root<'_, 'a>) -> String {
        let (keys, name, matches) = match root {
            None => (self.keys(), table(&self.series.table), self.matches_key()),
            Some(member) => {
                let matches = format!("({}) = ({})", member.list(THIS), member.copied());
                (self.candidates(member), table(&member.part.table), matches)
            }
        };
        format!("SELECT this.* FROM {keys} AS k CROSS JOIN {name} AS this WHERE {matches}")
    }

    /// The records of the chunk, as a WHERE of the series' table.
    pub(super) fn where_records(&self) -> String {
        let keys = listed(self.series.key.iter().map(|name| column(THIS, name)));
        format!("({keys}) IN (SELECT {} FROM {} AS k)", self.key_copies(), self.keys())
    }

    /// That `this` is the record of key `k`.
    pub(super) fn matches_key(&self) -> String {
        let keys = self.series.key.iter().enumerate();
        keys.map(|(place, name)| format!("{} = k.k{place}", column(THIS, name))).collect::<Vec<_>>().join(" AND ")
    }

    /// The temporary table of the chunk's keys: under each key's place its columns, `k0`, `k1`, …
    pub(super) fn keys(&self) -> String {
        format!("temp.retentiond_keys_{}", self.number)
    }

    /// The temporary table of the rows of a shared part that may go: their identities, `i0`, `i1`, …
    pub(super) fn candidates(&self, member: &Member<'a>) -> String {
        format!("temp.retentiond_shared_{}_{}", self.number, member.place)
    }

    fn key_copies(&self) -> String {
        listed((0..self.series.key.len()).map(|place| format!("k.k{place}")))
    }

    fn key_copy(&self, column: &str) -> Option<String> {
        self.series.key.iter().position(|key| key == column).map(|place| format!("k.k{place}"))
    }

    /// Makes the temporary tables. Copies of columns get the affinity of the originals, so that they compare alike.
    pub(super) fn make_temporary_tables(&self, conn: &Connection) -> Result<(), StoreError> {
        let make = |temporary: String, prefix: char, columns: &[String], original: &str| {
            let columns = columns.iter().enumerate();
            let copies = listed(columns.map(|(place, name)| format!("{} AS {prefix}{place}", column(THIS, name))));
            let name = temporary.trim_start_matches("temp.");
            let original = table(original);
            conn.execute_batch(&format!(
                "DROP TABLE IF EXISTS {temporary};
                 CREATE TEMP TABLE {name} AS SELECT {copies} FROM {original} AS this LIMIT 0"
            ))
            .map_err(|e| StoreError::of(conn, e))
        };
        make(self.keys(), 'k', &self.series.key, &self.series.table)?;
        for member in self.members.iter().filter(|member| !member.part.shared.is_empty()) {
            make(self.candidates(member), 'i', &member.identity, &member.part.table)?;
        }
        Ok(())
    }
}

impl<'a> Member<'a> {
    fn read(conn: &Connection, part: &'a PartMapping, place: usize) -> Result<Self, StoreError> {
        let texts = |sql: &str| {
            conn.prepare_cached(sql)
                .and_then(|mut statement| statement.query_map([&part.table], |row| row.get(0))?.collect())
                .map_err(|e| StoreError::of(conn, e))
        };
        let parents: Vec<String> = texts("SELECT DISTINCT lower(\"table\") FROM pragma_foreign_key_list(?1, 'main')")?;
        let triggers: Vec<String> =
            texts("SELECT name FROM main.sqlite_schema WHERE type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE")?;
        Ok(Self { part, place, identity: identity(conn, &part.table)?, parents, has_triggers: !triggers.is_empty() })
    }

    pub(super) fn is_destroyed(&self) -> bool {
        self.part.owner_gone == OwnerGone::Destroy
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

/// What tells the rows of a table apart.
fn identity(conn: &Connection, table: &str) -> Result<Vec<String>, StoreError> {
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

/// Puts whoever refers to another before that other; where they refer to each other, in the mapping's order.
fn referrers_first<'f, 'a>(
    mut members: Vec<&'f Member<'a>>,
    refers: impl Fn(&Member<'a>, &Member<'a>) -> bool,
) -> Vec<&'f Member<'a>> {
    let mut ordered = Vec::new();
    while !members.is_empty() {
        let referred = |one: &Member<'a>| members.iter().any(|other| other.place != one.place && refers(other, one));
        let first = members.iter().position(|member| !referred(member)).unwrap_or(0);
        ordered.push(members.remove(first));
    }
    ordered
}

fn and_condition(part: &PartMapping) -> String {
    part.condition.as_ref().map_or(String::new(), |tests| format!(" AND {}", condition(tests)))
}

/// A table of the owner's database.
pub(super) fn table(table: &str) -> String {
    format!("main.{}", name(table))
}

/// Joined by commas.
pub(super) fn listed(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(", ")
}

/// The schema is not what the mapping needs.
pub(super) fn unusable(conn: &Connection, message: String) -> StoreError {
    StoreError::Schema { database: conn.path().unwrap_or_default().into(), message }
}
