//! Triggers of the application that would run when rows are destroyed or changed.

use std::collections::{BTreeMap, BTreeSet};

use super::{Proof, links, place};
use crate::records::mapping::{Join, OwnerGone, SeriesMapping};
use crate::records::sqlite::{schema, sql};

/// What happens to rows of a table.
enum Event<'a> {
    Delete,
    /// Of these columns, in lower case.
    Update(&'a BTreeSet<String>),
}

impl Proof<'_> {
    /// Triggers that run when a record and its parts are destroyed.
    pub(super) fn triggers_on_destroying(&mut self, series: &SeriesMapping) -> rusqlite::Result<()> {
        links::destroyed_tables(series).iter().try_for_each(|table| self.triggers_on(series, table, &Event::Delete))
    }

    /// Triggers that run when rows are masked, detached or re-pointed.
    pub(super) fn triggers_on_changing(&mut self, series: &SeriesMapping) -> rusqlite::Result<()> {
        let changed = changed_columns(series);
        changed.iter().try_for_each(|(table, columns)| self.triggers_on(series, table, &Event::Update(columns)))
    }

    /// A trigger that writes would change rows that the mapping does not count.
    fn triggers_on(&mut self, series: &SeriesMapping, table: &str, event: &Event<'_>) -> rusqlite::Result<()> {
        let mut statement = self.opened.conn.prepare(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND lower(tbl_name) = lower(?1) ORDER BY name",
        )?;
        let triggers: Vec<(String, String)> =
            statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
        let doing = match event {
            Event::Delete => "destroying",
            Event::Update(_) => "changing",
        };
        for (name, text) in triggers {
            let words = schema::tokens(&text);
            let Some(body) = body_on(&words, event) else { continue };
            if writes(body) {
                let message = format!(
                    "trigger {name} writes while {doing} rows of {table}: what it changes is not counted, so every chunk \
                     would be undone"
                );
                let mend = format!("DROP TRIGGER {}; (and name the rows that it changes as parts)", sql::name(&name));
                self.error("trigger", place(series), message, mend);
            } else {
                let message =
                    format!("trigger {name} runs while {doing} rows of {table}; it writes nothing, and may refuse");
                self.note("trigger-reads", place(series), message, "nothing, if it is meant to keep such rows");
            }
        }
        Ok(())
    }
}

/// What follows the head of a trigger, where it runs on an event; `words` are those of SQLite's text of it:
/// `CREATE TRIGGER name [BEFORE] UPDATE [OF a, b] ON table [WHEN …] BEGIN …`. By their places, as a name may be any word.
fn body_on<'w>(words: &'w [String], event: &Event<'_>) -> Option<&'w [String]> {
    let rest = words.get(3..)?;
    let rest = match rest.first()?.as_str() {
        "before" | "after" => &rest[1..],
        "instead" => rest.get(2..)?,
        _ => rest,
    };
    let (kind, mut rest) = rest.split_first()?;
    let mut columns = Vec::new();
    if rest.first()? == "of" {
        let mut separator = true;
        while separator {
            columns.push(rest.get(1)?);
            rest = rest.get(2..)?;
            separator = rest.first()? == ",";
        }
    }
    let fires = match event {
        Event::Delete => kind == "delete",
        Event::Update(changed) => {
            kind == "update" && (columns.is_empty() || columns.into_iter().any(|column| changed.contains(column)))
        }
    };
    // ON table
    rest.get(2..).filter(|_| fires)
}

/// Whether a trigger's words hold a statement that writes. Says yes in vain where a name is such a word.
fn writes(body: &[String]) -> bool {
    body.iter().any(|word| ["insert", "update", "delete"].contains(&word.as_str()))
        || body.windows(2).any(|words| words[0] == "replace" && words[1] == "into")
}

/// Tables of which rows are masked, detached or re-pointed, and in which columns.
fn changed_columns(series: &SeriesMapping) -> BTreeMap<String, BTreeSet<String>> {
    let mut changed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut add = |table: &String, columns: Vec<&String>| {
        if !columns.is_empty() {
            let columns = columns.into_iter().map(|column| column.to_ascii_lowercase());
            changed.entry(table.clone()).or_default().extend(columns);
        }
    };
    add(&series.table, series.anonymize.keys().collect());
    for part in &series.parts {
        add(&part.table, part.anonymize.keys().collect());
        match (&part.owner_gone, &part.on) {
            (OwnerGone::Set(columns), _) => add(&part.table, columns.iter().map(|(column, _)| column).collect()),
            (OwnerGone::Detach, Join::Columns(pairs)) => {
                add(&part.table, pairs.iter().map(|(column, _)| column).collect());
            }
            (OwnerGone::Destroy, _) | (OwnerGone::Detach, Join::Expression(_)) => {}
        }
    }
    changed
}
