//! Which tables of a schema are series, which are parts of them, and which date starts whose clock.

use std::collections::{BTreeMap, BTreeSet};

use super::schema::{self, Link};
use super::words::{self, DateKind};
use crate::records::sqlite::catalog::{Catalog, Column, Table};

/// A schema, interpreted.
pub(super) struct Guess<'c> {
    pub series: Vec<Candidate<'c>>,
    /// Tables that hold neither dates nor references to a series: reference data, most likely.
    pub aside: Vec<&'c str>,
    pub links: Vec<Link>,
    /// Tables whose rows refer to several tables by a type, with the stem of the two columns.
    pub polymorphic: Vec<(&'c str, &'c str)>,
}

/// A table whose rows seem to be records.
pub(super) struct Candidate<'c> {
    /// Name of the series.
    pub name: String,
    pub table_name: &'c str,
    pub table: &'c Table,
    /// Name of the trigger, and where its date stands.
    pub event: Option<(String, Event<'c>)>,
    /// The reference by which each part belongs, in the order of the schema: children of the record, then theirs.
    pub parts: Vec<(&'c str, &'c Table, Link)>,
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
    pub fn read(catalog: &'c Catalog) -> Self {
        let tables = schema::tables(catalog);
        let links = schema::links(&tables);
        let owners = owners(&tables, &links);
        let is_part = |name: &str| owners.contains_key(name);
        let mut series: Vec<Candidate<'c>> = Vec::new();
        for (name, table) in &tables {
            if is_part(name) {
                continue;
            }
            if let Some(event) = event_of(name, table, &tables, &links) {
                let (name, table) = (*name, *table);
                series.push(Candidate {
                    name: words::snake(name),
                    table_name: name,
                    table,
                    event: Some(event),
                    parts: Vec::new(),
                });
            }
        }
        for candidate in &mut series {
            collect_parts(candidate, candidate.table_name, &tables, &owners);
        }
        let is_used = |name: &str| is_part(name) || series.iter().any(|candidate| candidate.table_name == name);
        let aside = tables.iter().map(|(name, _)| *name).filter(|name| !is_used(name)).collect();
        let polymorphic =
            tables.iter().flat_map(|(name, table)| schema::polymorphic(table).into_iter().map(|stem| (*name, stem)));
        let polymorphic = polymorphic.collect();
        Self { series, aside, polymorphic, links }
    }

    /// The series of a table.
    pub fn series_of(&self, table: &str) -> Option<&Candidate<'c>> {
        self.series.iter().find(|candidate| candidate.table_name == table)
    }

    /// References of other series to this one; of two series that refer to each other, only the first blocks the second.
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
    // First those whose own dates say that they live and end; then those of any date; what hangs on either is a part.
    let mut roots: BTreeSet<&str> = tables.iter().filter(|(_, table)| ends(table)).map(|(name, _)| *name).collect();
    adopt(tables, links, &roots, &mut owners);
    let dated = tables.iter().filter(|(_, table)| main_date(table).is_some()).map(|(name, _)| *name);
    let free: Vec<&str> = dated.filter(|name| !owners.contains_key(*name)).collect();
    // A dated table that refers to another free dated one hangs on it, unless that one is a person, whom records outlive.
    roots.extend(free.iter().copied().filter(|name| {
        !links.iter().any(|link| {
            link.child == *name
                && link.parent != *name
                && free.contains(&link.parent.as_str())
                && !words::is_person(&link.parent)
        })
    }));
    adopt(tables, links, &roots, &mut owners);
    owners
}

/// Gives every table that is no root, and refers to a root or a part, its owner.
fn adopt(tables: &[(&str, &Table)], links: &[Link], roots: &BTreeSet<&str>, owners: &mut BTreeMap<String, Link>) {
    loop {
        let is_owner = |name: &str| roots.contains(name) || owners.contains_key(name);
        let orphans = tables.iter().map(|(name, _)| *name).filter(|name| !is_owner(name));
        let found: Vec<Link> = orphans
            .filter_map(|name| {
                let to_owner =
                    links.iter().filter(|link| link.child == name && link.parent != name && is_owner(&link.parent));
                // People are nobody's part on the strength of a reference that may be absent (a customer's sales agent), and a
                // table that refers to several others by a type is not a part of the one that it happens to name besides.
                let polymorphic =
                    tables.iter().any(|(other, table)| *other == name && !schema::polymorphic(table).is_empty());
                let to_owner = to_owner
                    .filter(|link| !(link.nullable && words::is_person(name)) && (link.declared || !polymorphic));
                // Rather of a file than of a person, and rather by a reference that must be there.
                to_owner.min_by_key(|link| (words::is_person(&link.parent), link.nullable, !link.declared)).cloned()
            })
            .collect();
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
    let dates = table.columns.iter().filter_map(|column| Some((words::date_kind(column)?, column)));
    dates.filter(|(kind, _)| *kind != DateKind::Birth).min_by_key(|(kind, _)| *kind)
}

fn event_of<'c>(
    name: &str,
    table: &'c Table,
    tables: &[(&'c str, &'c Table)],
    links: &[Link],
) -> Option<(String, Event<'c>)> {
    let is_personal = table.columns.iter().any(words::is_personal);
    // Nearly every table says when its rows were made: that alone does not make them records.
    if let Some((kind, column)) = main_date(table).filter(|(kind, _)| *kind != DateKind::Created || is_personal) {
        let created = table.columns.iter().find(|column| words::date_kind(column) == Some(DateKind::Created));
        let trigger = match words::trigger(&column.name, kind) {
            same if same == words::snake(name) => "date".to_owned(),
            trigger => trigger,
        };
        return Some(match created {
            Some(created) if kind == DateKind::LastUse => (trigger, Event::LatestOf(column, created)),
            _ => (trigger, Event::Column(column)),
        });
    }
    // People without a date of their own: the last of their affairs starts the clock.
    if !is_personal || !words::is_person(name) {
        return None;
    }
    let children = links.iter().filter(|link| link.parent == name && link.child != name);
    children
        .filter_map(|link| {
            let (_, child) = tables.iter().find(|(child, _)| *child == link.child)?;
            let (kind, column) = main_date(child)?;
            let trigger = match kind {
                DateKind::LastUse => "last_use".to_owned(),
                _ => format!("last_{}", words::trigger(&column.name, kind)),
            };
            Some((trigger, Event::Child { link: link.clone(), column }))
        })
        .next()
}

fn collect_parts<'c>(
    candidate: &mut Candidate<'c>,
    owner: &str,
    tables: &[(&'c str, &'c Table)],
    owners: &BTreeMap<String, Link>,
) {
    for (name, table) in tables {
        if let Some(link) = owners.get(*name).filter(|link| link.parent == owner) {
            candidate.parts.push((*name, *table, link.clone()));
            collect_parts(candidate, name, tables, owners);
        }
    }
}
