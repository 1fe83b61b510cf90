//! Triggers of the application that would run when rows are destroyed or changed.

use std::collections::BTreeMap;

use super::{Proof, create_index, list, place};
use crate::records::mapping::SeriesMapping;
use crate::records::sqlite::triggers::{self, Event, Triggers, Writing, changed_columns, destroyed_tables};
use crate::records::sqlite::{StoreError, schema, sql};

impl Proof<'_> {
    /// Triggers that run when a record and its parts are destroyed.
    pub(super) fn triggers_on_destroying(&mut self, series: &SeriesMapping) -> rusqlite::Result<()> {
        let tables = destroyed_tables(series);
        self.triggers_on(series, tables.iter().map(|table| (table.as_str(), Event::Destroy)))
    }

    /// Triggers that run when rows are masked, detached or re-pointed.
    pub(super) fn triggers_on_changing(&mut self, series: &SeriesMapping) -> rusqlite::Result<()> {
        let changed = changed_columns(series);
        self.triggers_on(series, changed.iter().map(|(table, columns)| (table.as_str(), Event::Change(columns))))
    }

    /// A trigger that the mapping names is there.
    pub(super) fn named_triggers(&mut self, series: &SeriesMapping) {
        for name in &series.database_triggers {
            let mut all = self.catalog.tables.values().flat_map(|table| &table.triggers);
            if !all.any(|trigger| trigger.eq_ignore_ascii_case(name)) {
                let message = format!("`database_triggers` names {name}, and no table has such a trigger");
                self.warning("unknown-trigger", place(series), message, "take the name out, or correct it");
            }
        }
    }

    fn triggers_on<'e>(
        &mut self,
        series: &SeriesMapping,
        events: impl Iterator<Item = (&'e str, Event<'e>)>,
    ) -> rusqlite::Result<()> {
        let (opened, queries) = (self.opened, self.queries);
        // A cascade fires triggers of the tables beneath, which are then met again there: each is told once, at its own
        // table.
        let mut writing: BTreeMap<String, (&str, Event<'_>, Writing)> = BTreeMap::new();
        for (table, event) in events {
            let catalog = self.catalog.clone();
            let triggers = Triggers::read(opened, &catalog, queries.mappings())?;
            match triggers.writing(series, table, event) {
                Ok(found) => {
                    for index in triggers.stale(table, event)? {
                        self.stale_index(series, table, event, index);
                    }
                    self.triggers_that_read(series, table, event, &found)?;
                    for found in found {
                        let is_own = self.table(table).is_some_and(|table| table.triggers.contains(&found.trigger));
                        if is_own || !writing.contains_key(&found.trigger) {
                            writing.insert(found.trigger.clone(), (table, event, found));
                        }
                    }
                }
                Err(error) => self.unusable(series, table, event, error),
            }
        }
        for (table, event, writing) in writing.into_values() {
            self.writes(series, table, event, &writing);
        }
        Ok(())
    }

    fn unusable(&mut self, series: &SeriesMapping, table: &str, event: Event<'_>, error: rusqlite::Error) {
        // Of the schema, while it is compiled: it names what stands in definitions, no values of rows.
        let words = match &error {
            rusqlite::Error::SqliteFailure(_, Some(words)) | rusqlite::Error::SqlInputError { msg: words, .. } => {
                words.clone()
            }
            _ => StoreError::of(&self.opened.conn, error).to_string(),
        };
        let (code, mend) = if words.starts_with("foreign key mismatch") {
            ("foreign-key-mismatch", self.mend_of_mismatch(&words))
        } else if words.contains("should this be a string literal in single-quotes") {
            let mend = "create the trigger anew with that text in single quotes: in double quotes it is a name, which SQLite takes for a text \
                        only where a program lets it";
            ("trigger-unusable", mend.to_owned())
        } else {
            ("trigger-unusable", "drop the trigger that uses what only its application has".to_owned())
        };
        let message = format!("SQLite refuses a statement for {} rows of {table}: {words}", event.doing());
        if !self.findings.iter().any(|finding| finding.code == code) {
            self.error(code, place(series), message, mend);
        }
    }

    /// What makes the columns unique to which a foreign key refers, of which SQLite says so.
    fn mend_of_mismatch(&self, words: &str) -> String {
        let tables = self.catalog.tables.iter();
        let keys = tables.flat_map(|(child, table)| table.foreign_keys.iter().map(move |key| (child, key)));
        let mut meant =
            keys.filter(|(child, key)| words.contains(&format!("\"{child}\" referencing \"{}\"", key.parent)));
        let to = meant.find_map(|(_, key)| {
            let columns: Vec<String> = key.columns.iter().map(|(_, there)| there.clone()).collect();
            let is_unique = self.table(&key.parent).is_some_and(|parent| parent.is_unique(&columns));
            (!is_unique).then_some((&key.parent, columns))
        });
        match to {
            Some((parent, columns)) => {
                create_index(true, parent, &columns.iter().map(String::as_str).collect::<Vec<_>>())
            }
            None => "let that foreign key refer to the primary key of its table, or to columns with a UNIQUE index"
                .to_owned(),
        }
    }

    fn triggers_that_read(
        &mut self,
        series: &SeriesMapping,
        table: &str,
        event: Event<'_>,
        writing: &[Writing],
    ) -> rusqlite::Result<()> {
        let opened = self.opened;
        let mut statement = opened.conn.prepare(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND lower(tbl_name) = lower(?1) ORDER BY name",
        )?;
        let triggers: Vec<(String, String)> =
            statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
        for (name, text) in triggers {
            if runs_on(&schema::tokens(&text), event) && !writing.iter().any(|writing| writing.trigger == name) {
                let doing = event.doing();
                let message =
                    format!("trigger {name} runs while {doing} rows of {table}; it writes nothing, and may refuse");
                self.note("trigger-reads", place(series), message, "nothing, if it is meant to keep such rows");
            }
        }
        Ok(())
    }

    fn writes(&mut self, series: &SeriesMapping, table: &str, event: Event<'_>, writing: &Writing) {
        let (name, doing) = (&writing.trigger, event.doing());
        let tables = list(writing.tables.iter().map(String::as_str));
        let drop = format!("DROP TRIGGER {};", sql::name(name));
        let place = place(series);
        if let Some(trespass) = &writing.trespass {
            let message =
                format!("trigger {name} runs while {doing} rows of {table}, and no mapping can let it: {trespass}");
            return self.error("trigger-trespass", place, message, format!("{drop} (or rewrite it)"));
        }
        if !triggers::names(series, name) {
            let message = format!(
                "trigger {name} writes {tables} while {doing} rows of {table}, and the mapping does not name it: what it changes is not \
                 counted, so every chunk would be undone"
            );
            let mend = format!(
                "database_triggers = [\"{name}\"]\n(in [series.{}], if that may go on; else {drop})",
                series.series
            );
            return self.error("trigger", place, message, mend);
        }
        self.stirred(series, table, event, writing);
        match &writing.copies_to {
            None => {
                let message =
                    format!("trigger {name} writes {tables} while {doing} rows of {table}, as the mapping lets it");
                self.note("trigger-writes", place, message, "nothing");
            }
            Some(target) => {
                let message = format!(
                    "trigger {name} may copy what goes into {target} while {doing} rows of {table}: personal information would stay there, \
                     and no run claims that the source is sanitized"
                );
                let governed = self.queries.mappings().iter().find(|mapping| triggers::has(mapping, target));
                match governed.map(|mapping| &mapping.series) {
                    Some(other) => {
                        self.note(
                            "trigger-copies",
                            place,
                            message,
                            format!("nothing, if the rules of {other} end that copy"),
                        );
                    }
                    None => {
                        let mend = format!(
                            "{drop}\n(or let it write the key only, or map {target} as a series with a rule of its own)"
                        );
                        self.warning("trigger-copies", place, message, mend);
                    }
                }
            }
        }
    }
}

/// Whether a trigger runs on an event; `words` are those of SQLite's text of it: `CREATE TRIGGER name [BEFORE] UPDATE
/// [OF a, b] ON table [WHEN …] BEGIN …`. By their places, as a name may be any word.
fn runs_on(words: &[String], event: Event<'_>) -> bool {
    let skipped = match words.get(3).map(String::as_str) {
        Some("before" | "after") => 4,
        Some("instead") => 5,
        _ => 3,
    };
    let Some((kind, rest)) = words.get(skipped..).and_then(<[String]>::split_first) else { return false };
    match event {
        Event::Destroy => kind == "delete",
        Event::Change(_) if kind != "update" => false,
        Event::Change(changed) => {
            let listed = rest.split_first().filter(|(of, _)| *of == "of").map(|(_, columns)| columns);
            listed.is_none_or(|columns| {
                // Columns and commas by turns; a name may be `on`, so the first word in a comma's place ends the list.
                let mut pairs = columns.chunks(2);
                let last = pairs.position(|pair| pair.get(1).is_none_or(|comma| comma != ",")).unwrap_or(0);
                columns.iter().step_by(2).take(last + 1).any(|column| changed.contains(column))
            })
        }
    }
}
