//! Which tables of a schema are series, which are parts of them, and which date starts whose clock.

use std::collections::{BTreeMap, BTreeSet};

use super::Kinds;
use super::names::{self, DateKind};
use super::schema::{self, Link};
use crate::records::sqlite::catalog::{Catalog, Column, Table};

/// A schema, interpreted.
pub(super) struct Guess<'c> {
    pub series: Vec<Candidate<'c>>,
    /// Tables that hold no date that seems to start a clock, and no reference to a series that their names would tell:
    /// reference data, most likely.
    pub aside: Vec<(&'c str, &'c Table)>,
    pub links: Vec<Link>,
    /// What refers to several tables by a type, and was not placed: the table, the stem of its two columns, and the
    /// type where one is known.
    pub unplaced: Vec<(&'c str, &'c str, Option<String>)>,
}

/// A table whose rows seem to be records.
pub(super) struct Candidate<'c> {
    /// Name of the series.
    pub name: String,
    pub table_name: &'c str,
    pub table: &'c Table,
    /// Name of the trigger, and where its date stands.
    pub event: Option<(String, Event<'c>)>,
    /// In the order of the schema: children of the record, then theirs.
    pub parts: Vec<Part<'c>>,
}

/// A table whose rows seem to go with the record.
pub(super) struct Part<'c> {
    /// The table's name, unless another part of the series has it.
    pub name: String,
    /// The part that it hangs on; none: the record.
    pub of: Option<String>,
    pub table_name: &'c str,
    pub table: &'c Table,
    pub link: Link,
}

/// Where a date stands.
pub(super) enum Event<'c> {
    Column(&'c Column),
    /// The latest of the two: last used, or created and never used.
    LatestOf(&'c Column, &'c Column),
    Child {
        link: Link,
        column: &'c Column,
    },
}

impl<'c> Guess<'c> {
    pub fn read(catalog: &'c Catalog, kinds: &Kinds) -> Self {
        let tables = schema::tables(catalog);
        let links = schema::links(&tables);
        let typed = schema::typed(&tables, kinds);
        let owners = owners(&tables, &links);
        let is_part = |name: &str| owners.contains_key(name);
        let mut series: Vec<Candidate<'c>> = Vec::new();
        for (name, table) in &tables {
            // Rows that refer to several tables belong to what they refer to, or wait for a decision.
            if is_part(name) || is_polymorphic(table) || names::are_settings(table) {
                continue;
            }
            if let Some(event) = event_of(name, table, &tables, &links) {
                let (name, table) = (*name, *table);
                series.push(Candidate {
                    name: names::snake(name),
                    table_name: name,
                    table,
                    event: Some(event),
                    parts: Vec::new(),
                });
            }
        }
        for candidate in &mut series {
            let collect = Collect { tables: &tables, owners: &owners, typed: &typed };
            collect.parts(candidate, None, &mut vec![candidate.table_name.to_owned()]);
        }
        let unplaced = unplaced(&tables, &series, &owners, kinds);
        let is_used = |name: &str| is_part(name) || series.iter().any(|candidate| candidate.table_name == name);
        let aside = tables.iter().filter(|(name, table)| !is_used(name) && !is_polymorphic(table));
        let aside = aside.copied().collect();
        Self { series, aside, unplaced, links }
    }

    /// The series of a table.
    pub fn series_of(&self, table: &str) -> Option<&Candidate<'c>> {
        self.series.iter().find(|candidate| candidate.table_name == table)
    }

    /// References of other series to this one; of two series that refer to each other, only the first blocks the
    /// second.
    pub fn blockers(&self, of: &Candidate<'_>) -> Vec<(&Candidate<'c>, &Link)> {
        let place = |table: &str| self.series.iter().position(|candidate| candidate.table_name == table);
        let refers =
            |child: &str, parent: &str| self.links.iter().any(|link| link.child == child && link.parent == parent);
        let to_us = self.links.iter().filter(|link| link.parent == of.table_name);
        to_us
            .filter(|link| !refers(of.table_name, &link.child) || place(&link.child) <= place(of.table_name))
            .filter_map(|link| Some((self.series_of(&link.child)?, link)))
            .collect()
    }
}

/// For each table that is a part: the reference to its owner.
fn owners(tables: &[(&str, &Table)], links: &[Link]) -> BTreeMap<String, Link> {
    let mut owners = BTreeMap::new();
    let affairs = affairs(tables, links);
    // First those whose own dates say that they live and end; then those of any date; what hangs on either is a part.
    let free_standing = |(_, table): &&(&str, &Table)| !is_polymorphic(table);
    let ending = tables.iter().filter(free_standing).filter(|(_, table)| ends(table));
    let mut roots: BTreeSet<&str> = ending.map(|(name, _)| *name).collect();
    // What hangs on rows that belong to several tables goes where they go.
    roots.extend(tables.iter().filter(|(_, table)| is_polymorphic(table)).map(|(name, _)| *name));
    adopt(tables, links, &roots, &mut owners, &affairs);
    let dated = tables.iter().filter(free_standing).filter(|(_, table)| main_date(table).is_some());
    let dated = dated.map(|(name, _)| *name);
    let free: Vec<&str> = dated.filter(|name| !owners.contains_key(*name)).collect();
    // A dated table that refers to another free dated one hangs on it, unless that one is a person, whom records
    // outlive.
    roots.extend(free.iter().copied().filter(|name| {
        !links.iter().any(|link| {
            link.child == *name
                && link.parent != *name
                && free.contains(&link.parent.as_str())
                && !names::is_person(&link.parent)
        })
    }));
    adopt(tables, links, &roots, &mut owners, &BTreeSet::new());
    owners
}

/// Tables that are no people's and may yet own others: those of a date, and what refers to such.
fn affairs<'c>(tables: &[(&'c str, &'c Table)], links: &[Link]) -> BTreeSet<&'c str> {
    let others = || tables.iter().filter(|(name, _)| !names::is_person(name));
    let mut affairs: BTreeSet<&str> =
        others().filter(|(_, table)| main_date(table).is_some()).map(|(name, _)| *name).collect();
    loop {
        let refers = |name: &str| links.iter().any(|link| link.child == name && affairs.contains(link.parent.as_str()));
        let more: Vec<&str> =
            others().map(|(name, _)| *name).filter(|name| !affairs.contains(name) && refers(name)).collect();
        if more.is_empty() {
            return affairs;
        }
        affairs.extend(more);
    }
}

/// Gives every table that is no root, and refers to a root or a part, its owner. A person owns only what nothing else
/// can: what refers to one of `affairs` too waits for that.
fn adopt(
    tables: &[(&str, &Table)],
    links: &[Link],
    roots: &BTreeSet<&str>,
    owners: &mut BTreeMap<String, Link>,
    affairs: &BTreeSet<&str>,
) {
    let refers_to_affairs = |name: &str| {
        links.iter().any(|link| link.child == name && link.parent != name && affairs.contains(link.parent.as_str()))
    };
    loop {
        let is_owner = |name: &str| roots.contains(name) || owners.contains_key(name);
        let orphans = || tables.iter().map(|(name, _)| *name).filter(|name| !is_owner(name));
        let owner_of = |name: &str| {
            let to_owner = links.iter().filter(|link| {
                // Who wrote or handles something does not own it.
                link.child == name && link.parent != name && is_owner(&link.parent) && !link.is_role
            });
            // People are nobody's part on the strength of a reference that may be absent (a customer's sales agent).
            let to_owner = to_owner.filter(|link| !(link.nullable && names::is_person(name)));
            // Rather of a file than of a person, and rather by a reference that must be there.
            to_owner.min_by_key(|link| (names::is_person(&link.parent), link.nullable, !link.declared)).cloned()
        };
        let found: Vec<Link> = orphans().filter_map(owner_of).collect();
        let (persons, others): (Vec<Link>, Vec<Link>) =
            found.into_iter().partition(|link| names::is_person(&link.parent) && !names::is_person(&link.child));
        let persons = persons.into_iter().filter(|link| !refers_to_affairs(&link.child));
        let found: Vec<Link> = if others.is_empty() { persons.collect() } else { others };
        if found.is_empty() {
            return;
        }
        owners.extend(found.into_iter().map(|link| (link.child.clone(), link)));
    }
}

/// Whether a column says when the record ends or is last used.
fn ends(table: &Table) -> bool {
    main_date(table).is_some_and(|(kind, _)| kind <= DateKind::Expiry)
}

/// The column that most likely starts the clock.
fn main_date(table: &Table) -> Option<(DateKind, &Column)> {
    let dates = table.columns.iter().filter_map(|column| Some((names::date_kind(column)?, column)));
    dates.filter(|(kind, _)| *kind < DateKind::Start).min_by_key(|(kind, _)| *kind)
}

fn event_of<'c>(
    name: &str,
    table: &'c Table,
    tables: &[(&'c str, &'c Table)],
    links: &[Link],
) -> Option<(String, Event<'c>)> {
    let is_personal = table.columns.iter().any(names::is_personal);
    // Nearly every table says when its rows were made: that alone does not make them records.
    if let Some((kind, column)) = main_date(table).filter(|(kind, _)| *kind != DateKind::Created || is_personal) {
        let created = table.columns.iter().find(|column| names::date_kind(column) == Some(DateKind::Created));
        let trigger = match names::trigger(&column.name, kind) {
            same if same == names::snake(name) => "date".to_owned(),
            trigger => trigger,
        };
        return Some(match created {
            Some(created) if kind == DateKind::LastUse => (trigger, Event::LatestOf(column, created)),
            _ => (trigger, Event::Column(column)),
        });
    }
    // People without a date of their own: the last of their affairs starts the clock.
    if !is_personal || !names::is_person(name) {
        return None;
    }
    let children = links.iter().filter(|link| link.parent == name && link.child != name);
    children
        .filter_map(|link| {
            let (_, child) = tables.iter().find(|(child, _)| *child == link.child)?;
            let (kind, column) = main_date(child)?;
            let trigger = match kind {
                DateKind::LastUse => "last_use".to_owned(),
                _ => format!("last_{}", names::trigger(&column.name, kind)),
            };
            Some((trigger, Event::Child { link: link.clone(), column }))
        })
        .next()
}

/// Whether rows of the table say by a type which table they belong to. Not where the schema itself ties them to one;
/// whoever wrote them is none.
fn is_polymorphic(table: &Table) -> bool {
    !schema::polymorphic(table).is_empty() && table.foreign_keys.iter().all(|key| names::is_person(&key.parent))
}

/// What parts are collected from.
struct Collect<'g, 'c> {
    tables: &'g [(&'c str, &'c Table)],
    owners: &'g BTreeMap<String, Link>,
    typed: &'g [Link],
}

impl<'c> Collect<'_, 'c> {
    /// Adds the parts of the last of the tables `above`, and theirs. `of` is the part that this table is, if it is not
    /// the record's.
    fn parts(&self, candidate: &mut Candidate<'c>, of: Option<&str>, above: &mut Vec<String>) {
        let Some(owner) = above.last().cloned() else { return };
        for (table_name, table) in self.tables {
            if above.iter().any(|above| above == table_name) {
                continue;
            }
            let by_key = self.owners.get(*table_name).filter(|link| link.parent == owner);
            let by_type = self
                .typed
                .iter()
                .filter(|link| link.child == *table_name && link.parent == owner && is_polymorphic(table));
            let links: Vec<Link> = by_key.into_iter().chain(by_type).cloned().collect();
            for link in links {
                let name = free_name(candidate, table_name, &owner);
                let of = of.map(str::to_owned);
                candidate.parts.push(Part { name: name.clone(), of, table_name, table, link });
                above.push((*table_name).to_owned());
                self.parts(candidate, Some(&name), above);
                above.pop();
            }
        }
    }
}

/// A name for a part that no other part of the series has.
fn free_name(candidate: &Candidate<'_>, table: &str, owner: &str) -> String {
    let is_taken = |name: &str| candidate.parts.iter().any(|part| part.name == name);
    if !is_taken(table) {
        return table.to_owned();
    }
    let stem = format!("{}_{}", names::snake(owner), names::snake(table));
    let mut names = std::iter::once(stem.clone()).chain((2..).map(|number| format!("{stem}_{number}")));
    names.find(|name| !is_taken(name)).unwrap_or(stem)
}

/// Rows that refer to several tables, by each type that leads to no series, or as a whole where no type is known.
fn unplaced<'c>(
    tables: &[(&'c str, &'c Table)],
    series: &[Candidate<'c>],
    owners: &BTreeMap<String, Link>,
    kinds: &Kinds,
) -> Vec<(&'c str, &'c str, Option<String>)> {
    let is_placed = |child: &str, kind: &str| {
        let parts = series.iter().flat_map(|candidate| &candidate.parts).filter(|part| part.table_name == child);
        parts.filter_map(|part| part.link.of_type.as_ref()).any(|(_, placed)| placed == kind)
    };
    let mut unplaced = Vec::new();
    for (name, table) in tables.iter().filter(|(name, _)| !owners.contains_key(*name)) {
        for stem in schema::polymorphic(table) {
            match kinds.get(&((*name).to_owned(), format!("{stem}_type"))) {
                Some(kinds) if !kinds.is_empty() => {
                    let left = kinds.iter().filter(|kind| !is_placed(name, kind));
                    unplaced.extend(left.map(|kind| (*name, stem, Some(kind.clone()))));
                }
                _ => unplaced.push((*name, stem, None)),
            }
        }
    }
    unplaced
}
