//! References between the tables of a schema: those that it declares, and those that its names suggest.

use super::{Kinds, names};
use crate::records::sqlite::catalog::{Catalog, Column, Table};

/// A reference from one table to another, or to itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub child: String,
    pub parent: String,
    /// Column of the child -> column of the parent.
    pub columns: Vec<(String, String)>,
    /// Whether the child's columns may all be NULL.
    pub nullable: bool,
    /// `false`: only the column's name suggests it.
    pub declared: bool,
    /// The column names what a person does there (`author_id`): the row is hardly that person's own.
    pub is_role: bool,
    /// The column that says which table a row refers to, and its value for this one.
    pub of_type: Option<(String, String)>,
}

/// The tables that may hold records: no virtual ones, none of their shadows, none of our own.
pub(super) fn tables(catalog: &Catalog) -> Vec<(&str, &Table)> {
    let virtuals: Vec<&String> =
        catalog.tables.iter().filter(|(_, table)| table.is_virtual).map(|(name, _)| name).collect();
    let is_shadow =
        |name: &str| virtuals.iter().any(|of| name.strip_prefix(of.as_str()).is_some_and(|rest| rest.starts_with('_')));
    let plain = catalog.tables.iter().filter(|(name, table)| {
        !table.is_virtual && !is_shadow(name) && !name.starts_with("sqlite_") && !name.starts_with("retentiond_")
    });
    plain.map(|(name, table)| (name.as_str(), table)).collect()
}

/// All references, in the order of tables and columns.
pub(super) fn links(tables: &[(&str, &Table)]) -> Vec<Link> {
    let mut links = Vec::new();
    for (name, table) in tables {
        for key in &table.foreign_keys {
            let Some((parent, _)) = tables.iter().find(|(parent, _)| parent.eq_ignore_ascii_case(&key.parent)) else {
                continue;
            };
            links.push(Link {
                child: (*name).to_owned(),
                parent: (*parent).to_owned(),
                nullable: key.columns.iter().any(|(column, _)| is_nullable(table, column)),
                columns: key.columns.clone(),
                declared: true,
                is_role: key.columns.iter().any(|(column, _)| names::role(column).is_some())
                    && names::is_person(parent),
                of_type: None,
            });
        }
        for column in &table.columns {
            let is_declared =
                table.foreign_keys.iter().flat_map(|key| &key.columns).any(|(from, _)| *from == column.name);
            if !is_declared && let Some((parent, key)) = suggested(&column.name, tables) {
                links.push(suggestion(name, column, parent, key, false));
            }
        }
    }
    let people = people(tables, &links);
    for (name, table) in tables {
        for column in &table.columns {
            let is_known =
                |link: &Link| link.child == *name && link.columns.iter().any(|(from, _)| *from == column.name);
            if links.iter().any(is_known) {
                continue;
            }
            if let Some((parent, key)) = own_tree(name, table, &column.name) {
                links.push(suggestion(name, column, parent, key, false));
            } else if let Some((parent, key)) = by_end(&column.name, tables) {
                // Whom something went from or to does not own it.
                links.push(suggestion(name, column, parent, key, names::is_person(parent)));
            } else if let Some((parent, key)) = by_role(&column.name, tables, people) {
                links.push(suggestion(name, column, parent, key, true));
            }
        }
    }
    links
}

/// A reference that a column's name suggests.
fn suggestion(child: &str, column: &Column, parent: &str, key: &str, is_role: bool) -> Link {
    Link {
        child: child.to_owned(),
        parent: parent.to_owned(),
        columns: vec![(column.name.clone(), key.to_owned())],
        nullable: !column.not_null,
        declared: false,
        is_role,
        of_type: None,
    }
}

/// `parent_id` suggests the table's own key: its rows make trees.
fn own_tree<'c>(name: &'c str, table: &'c Table, column: &str) -> Option<(&'c str, &'c str)> {
    match key(table).as_slice() {
        [key] if names::snake(column) == "parent_id" => Some((name, &key.name)),
        _ => None,
    }
}

/// `issue_from_id` and `issue_to_id` suggest that a row ties two issues together.
fn by_end<'c>(column: &str, tables: &[(&'c str, &'c Table)]) -> Option<(&'c str, &'c str)> {
    let (name, key) = named(&names::end_of_tie(column)?.replace('_', ""), tables)?;
    Some((name, &key.name))
}

/// `author_id` suggests the table of people; `sender_account_id` that of accounts.
fn by_role<'c>(
    column: &str,
    tables: &[(&'c str, &'c Table)],
    people: Option<(&'c str, &'c str)>,
) -> Option<(&'c str, &'c str)> {
    match names::role(column)? {
        names::Role::Of(table) => named(&table, tables).map(|(name, key)| (name, key.name.as_str())),
        names::Role::Alone => people,
    }
}

/// The table of people to which most columns lead by its own name, and its one key column; `None` where two are as
/// likely.
fn people<'c>(tables: &[(&'c str, &'c Table)], links: &[Link]) -> Option<(&'c str, &'c str)> {
    let is_people = |(name, _): &&(&'c str, &'c Table)| names::words(name).len() == 1 && names::is_person(name);
    let references = |name: &str| links.iter().filter(|link| link.parent == name && link.child != name).count();
    let mut found: Vec<_> =
        tables.iter().filter(is_people).map(|(name, table)| (references(name), *name, *table)).collect();
    found.sort_by_key(|(references, _, _)| std::cmp::Reverse(*references));
    match found.as_slice() {
        [(most, ..), (next, ..), ..] if most == next => None,
        [(_, name, table), ..] => {
            key(table).first().filter(|_| key(table).len() == 1).map(|key| (*name, key.name.as_str()))
        }
        [] => None,
    }
}

/// Columns that refer to several tables, by a type beside them (`journalized_type`, `journalized_id`).
pub(super) fn polymorphic(table: &Table) -> Vec<&str> {
    let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    let stems = names.iter().filter_map(|name| name.strip_suffix("_type"));
    stems.filter(|stem| names.contains(&format!("{stem}_id").as_str())).collect()
}

/// The references of rows that say by a type which table they refer to, one for each type that is a table's name
/// (`WikiPage` of `wiki_pages`).
pub(super) fn typed(tables: &[(&str, &Table)], kinds: &Kinds) -> Vec<Link> {
    let mut links = Vec::new();
    for (child, table) in tables {
        for stem in polymorphic(table) {
            let column = format!("{stem}_type");
            for kind in kinds.get(&((*child).to_owned(), column.clone())).into_iter().flatten() {
                let class = kind.rsplit("::").next().unwrap_or(kind);
                let Some((parent, key)) = named(&names::words(class).concat(), tables) else { continue };
                links.push(Link {
                    child: (*child).to_owned(),
                    parent: parent.to_owned(),
                    columns: vec![(format!("{stem}_id"), key.name.clone())],
                    nullable: is_nullable(table, &format!("{stem}_id")),
                    declared: false,
                    is_role: false,
                    of_type: Some((column.clone(), kind.clone())),
                });
            }
        }
    }
    links
}

fn is_nullable(table: &Table, column: &str) -> bool {
    table.columns.iter().any(|one| one.name == column && !one.not_null && one.primary_key == 0)
}

/// `account_id` or `AccountId` suggests the one-column key of `account` or `accounts`.
fn suggested<'c>(column: &str, tables: &[(&'c str, &'c Table)]) -> Option<(&'c str, &'c str)> {
    let stem = column.strip_suffix("_id").or_else(|| column.strip_suffix("Id")).filter(|stem| !stem.is_empty())?;
    let (name, key) = named(&stem.to_lowercase().replace('_', ""), tables)?;
    (key.name != column).then_some((name, key.name.as_str()))
}

/// The table of this name, in the singular or the plural, and its one key column.
fn named<'c>(stem: &str, tables: &[(&'c str, &'c Table)]) -> Option<(&'c str, &'c Column)> {
    let plurals =
        [stem.to_owned(), format!("{stem}s"), format!("{stem}es"), format!("{}ies", stem.trim_end_matches('y'))];
    let (name, table) = tables.iter().find(|(name, _)| plurals.contains(&name.to_lowercase().replace('_', "")))?;
    match key(table).as_slice() {
        [key] => Some((*name, *key)),
        _ => None,
    }
}

/// The columns of the primary key, in its order.
pub(super) fn key(table: &Table) -> Vec<&Column> {
    let mut key: Vec<&Column> = table.columns.iter().filter(|column| column.primary_key > 0).collect();
    key.sort_by_key(|column| column.primary_key);
    key
}

/// Whether an index over exactly these columns forbids doubles.
pub(super) fn is_unique(table: &Table, column: &str) -> bool {
    table.indexes.iter().any(|index| index.unique && !index.partial && index.columns == [Some(column.to_owned())])
}
