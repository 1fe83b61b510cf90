//! A series with its parts, as the schema has them: who is whose part, and how the rows of each are found from the keys
//! of a chunk.
//!
//! The keys stand in a temporary table, in memory. Rows are found from their owners: `SELECT … FROM (owners) AS owner
//! CROSS JOIN part AS this`, where CROSS JOIN keeps SQLite from walking the part's whole table.

use rusqlite::Connection;

use super::StoreError;
use super::catalog::Catalog;
use super::dispose_member::{Member, identity};
use super::sql::{OWNER, THIS, column, condition, join, name};
use crate::records::mapping::{Join, PartMapping, SeriesMapping};

/// A series and its parts.
pub(super) struct Family<'a> {
    pub(super) series: &'a SeriesMapping,
    pub(super) catalog: Catalog,
    members: Vec<Member<'a>>,
    /// Tells this family's temporary tables from those of the others.
    number: usize,
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
        let catalog = Catalog::read(conn).map_err(|e| StoreError::of(conn, e))?;
        let members = series.parts.iter().enumerate().map(|(place, part)| Member::read(conn, &catalog, part, place));
        let members = members.collect::<Result<_, _>>()?;
        let family = Self { series, catalog, members, number };
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

    /// Unshared parts that go with `root`, deepest first, and among equals what is destroyed before what lives on.
    pub(super) fn beneath(&self, root: Root<'_, 'a>) -> Vec<&Member<'a>> {
        let mut levels = Vec::new();
        let mut owners = vec![root];
        while !owners.is_empty() {
            let parts = owners.iter().flat_map(|owner| self.parts_of(*owner));
            let level: Vec<&Member<'a>> = parts.filter(|member| !member.is_shared()).collect();
            let (gone, living): (Vec<_>, Vec<_>) = level.into_iter().partition(|member| member.is_destroyed());
            // What lives on keeps its own parts.
            owners = gone.iter().map(|member| Some(*member)).collect();
            levels.push(gone.into_iter().chain(living));
        }
        levels.into_iter().rev().flatten().collect()
    }

    /// Shared parts whose owners go with `root`; one whose rows refer to another's goes before it.
    pub(super) fn shared_beneath(&self, root: Root<'_, 'a>) -> Vec<&Member<'a>> {
        let gone = self.beneath(root).into_iter().filter(|member| member.is_destroyed()).map(Some);
        let parts = gone.chain([root]).flat_map(|owner| self.parts_of(owner));
        let shared = parts.filter(|member| member.is_shared()).collect();
        referrers_first(shared, |one, other| {
            other.part.shared.iter().any(|reference| reference.table.eq_ignore_ascii_case(&one.part.table))
        })
    }

    fn parts_of(&self, owner: Root<'_, 'a>) -> Vec<&Member<'a>> {
        let owner = owner.map(|member| &member.part.name);
        self.members.iter().filter(|member| member.part.of.as_ref() == owner).collect()
    }

    pub(super) fn owner(&self, member: &Member<'a>) -> Option<&Member<'a>> {
        let of = member.part.of.as_ref()?;
        self.members.iter().find(|other| other.part.name == *of)
    }

    /// The table in which a part's owners are.
    pub(super) fn owner_table(&self, member: &Member<'a>) -> &str {
        self.table_of(self.owner(member))
    }

    /// The table of a part, or of the records.
    pub(super) fn table_of(&self, root: Root<'_, 'a>) -> &str {
        root.map_or(&self.series.table, |member| &member.part.table)
    }

    /// With whose last reference a shared part goes, or, of what is not shared, with whom.
    pub(super) fn root_of(&self, member: &Member<'a>) -> Root<'_, 'a> {
        let mut owner = self.owner(member);
        while let Some(member) = owner.filter(|owner| !owner.is_shared()) {
            owner = self.owner(member);
        }
        owner
    }

    /// The part's rows beneath `root`, as a WHERE of its own table.
    pub(super) fn where_rows(&self, root: Root<'_, 'a>, member: &Member<'a>) -> String {
        if let Some(keys) = self.joined_keys(root, member) {
            let this = listed(member.joined_by().into_iter().map(|name| column(THIS, name)));
            let keys = listed(keys.into_iter());
            return format!("({this}) IN (SELECT {keys} FROM {} AS k){}", self.keys(), and_condition(member.part));
        }
        let list = member.list(THIS);
        format!("({list}) IN ({})", self.rows(root, member, &list))
    }

    /// The copies of the key columns to which a part of the record is joined, if to nothing else: then the owners need
    /// not be looked at.
    pub(super) fn joined_keys(&self, root: Root<'_, 'a>, member: &Member<'a>) -> Option<Vec<String>> {
        match (root, &member.part.of, &member.part.on) {
            (None, None, Join::Columns(pairs)) => pairs.iter().map(|(_, owner)| self.key_copy(owner)).collect(),
            _ => None,
        }
    }

    /// A SELECT of these columns from the part's rows beneath `root`.
    pub(super) fn rows(&self, root: Root<'_, 'a>, member: &Member<'a>, columns: &str) -> String {
        let owners = match self.owner(member) {
            Some(owner) if root.is_none_or(|root| root.place != owner.place) => {
                self.rows(root, owner, &format!("this.*{}", carried(root)))
            }
            _ => self.root_rows(root),
        };
        let (part, on) = (table(&member.part.table), join(&member.part.on));
        let also = and_condition(member.part);
        format!("SELECT {columns} FROM ({owners}) AS owner CROSS JOIN {part} AS this WHERE {on}{also}")
    }

    fn root_rows(&self, root: Root<'_, 'a>) -> String {
        let (keys, copies, matches) = match root {
            None => (self.keys(), String::new(), self.matches_key()),
            Some(member) => {
                let copies = (0..member.identity.len()).map(|place| format!(", k.i{place} AS {}", of_root(place)));
                let matches = format!("({}) = ({})", member.list(THIS), member.copied());
                (self.aside(Aside::Going, member), copies.collect(), matches)
            }
        };
        let name = table(self.table_of(root));
        format!("SELECT this.*{copies} FROM {keys} AS k CROSS JOIN {name} AS this WHERE {matches}")
    }

    /// Puts the part's rows beneath `root` aside, and with each those rows of `root` with which it goes.
    pub(super) fn put_aside(&self, aside: Aside, root: Root<'_, 'a>, member: &Member<'a>) -> [String; 2] {
        let table = self.aside(aside, member);
        let rows = self.rows(root, member, &format!("{}{}", member.list(THIS), carried(root)));
        [format!("DELETE FROM {table}"), format!("INSERT INTO {table} SELECT DISTINCT * FROM ({rows})")]
    }

    /// The part's rows that were put aside, as a WHERE of its own table.
    pub(super) fn where_aside(&self, aside: Aside, member: &Member<'a>) -> String {
        format!("({}) IN (SELECT {} FROM {} AS k)", member.list(THIS), member.copied(), self.aside(aside, member))
    }

    /// Of a part's rows that were put aside, forgets those that do not go after all, as their row of `root` does not.
    pub(super) fn stay_with(&self, root: &Member<'a>, member: &Member<'a>) -> String {
        let copies = listed((0..root.identity.len()).map(|place| format!("r{place}")));
        let (table, roots) = (self.aside(Aside::Going, member), self.aside(Aside::Going, root));
        format!("DELETE FROM {table} WHERE ({copies}) NOT IN (SELECT {} FROM {roots} AS k)", root.copied())
    }

    /// The records of the chunk, as a WHERE of the series' table.
    pub(super) fn where_records(&self) -> String {
        let keys = listed(self.series.key.iter().map(|name| column(THIS, name)));
        format!("({keys}) IN (SELECT {} FROM {} AS k)", self.key_copies(), self.keys())
    }

    /// Of these rows of a part, those that are not the records' own: a record that is a part of itself, or of another
    /// that goes with it, goes as a record. One without a key is none.
    pub(super) fn beside_records(&self, member: &Member<'a>, rows: String) -> String {
        let is_own = member.is_destroyed() && member.part.table.eq_ignore_ascii_case(&self.series.table);
        if is_own { format!("{rows} AND ({}) IS NOT TRUE", self.where_records()) } else { rows }
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

    /// The temporary table of the rows of a part that were put aside: what tells them apart, `i0`, `i1`, …, and, where
    /// they go with rows of a shared part, what tells these apart, `r0`, `r1`, …
    pub(super) fn aside(&self, aside: Aside, member: &Member<'a>) -> String {
        let what = match aside {
            Aside::Going => "going",
            Aside::Masked => "masked",
        };
        format!("temp.retentiond_{what}_{}_{}", self.number, member.place)
    }

    fn key_copies(&self) -> String {
        listed((0..self.series.key.len()).map(|place| format!("k.k{place}")))
    }

    fn key_copy(&self, column: &str) -> Option<String> {
        self.series.key.iter().position(|key| key.eq_ignore_ascii_case(column)).map(|place| format!("k.k{place}"))
    }

    /// Makes the temporary tables. Copies of columns get the affinity of the originals, so that they compare alike.
    pub(super) fn make_temporary_tables(
        &self,
        conn: &Connection,
        aside: &[(Aside, Root<'_, 'a>, &Member<'a>)],
    ) -> Result<(), StoreError> {
        let copies = |alias: &str, prefix: char, columns: &[&str]| {
            let columns = columns.iter().enumerate();
            listed(columns.map(|(place, name)| format!("{} AS {prefix}{place}", column(alias, name))))
        };
        let records = format!("{} AS {THIS}", table(&self.series.table));
        let key: Vec<&str> = self.series.key.iter().map(String::as_str).collect();
        let mut tables = vec![(self.keys(), copies(THIS, 'k', &key), records)];
        for (aside, root, member) in aside {
            let mut columns = copies(THIS, 'i', &member.identified_by());
            let mut from = format!("{} AS {THIS}", table(&member.part.table));
            if let Some(root) = root {
                columns = format!("{columns}, {}", copies("root", 'r', &root.identified_by()));
                from = format!("{from}, {} AS root", table(&root.part.table));
            }
            tables.push((self.aside(*aside, member), columns, from));
        }
        for (temporary, columns, from) in tables {
            let name = temporary.trim_start_matches("temp.");
            conn.execute_batch(&format!(
                "DROP TABLE IF EXISTS {temporary}; CREATE TEMP TABLE {name} AS SELECT {columns} FROM {from} LIMIT 0"
            ))
            .map_err(|e| StoreError::of(conn, e))?;
        }
        Ok(())
    }
}

/// For what rows of a part are put aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aside {
    /// They may go, or lose their owner.
    Going,
    Masked,
}

/// What tells a row of a shared part apart, carried along while rows of its parts are looked for.
fn of_root(place: usize) -> String {
    name(&format!("retentiond root {place}"))
}

/// The same, as further columns of a SELECT.
fn carried(root: Root<'_, '_>) -> String {
    let places = 0..root.map_or(0, |member| member.identity.len());
    places.map(|place| format!(", {OWNER}.{0} AS {0}", of_root(place))).collect()
}

/// Puts whoever refers to another before that other; where they refer to each other, as they came.
pub(super) fn referrers_first<T: Copy>(mut items: Vec<T>, refers: impl Fn(T, T) -> bool) -> Vec<T> {
    let mut ordered = Vec::new();
    while !items.is_empty() {
        let is_referred_to =
            |at: usize| items.iter().enumerate().any(|(other, item)| other != at && refers(*item, items[at]));
        let first = (0..items.len()).find(|at| !is_referred_to(*at)).unwrap_or(0);
        ordered.push(items.remove(first));
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
