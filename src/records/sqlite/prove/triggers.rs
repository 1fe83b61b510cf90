//! Triggers of the application that would run when rows are destroyed or changed.

use super::{Proof, links, place};
use crate::records::mapping::{OwnerGone, SeriesMapping};
use crate::records::sqlite::schema;

impl Proof<'_> {
    /// A trigger that writes would change rows that the mapping does not count.
    pub(super) fn triggers(&mut self, series: &SeriesMapping) -> rusqlite::Result<()> {
        for table in links::destroyed_tables(series) {
            self.triggers_on(series, &table, "delete", "destroying")?;
        }
        for table in changed_tables(series) {
            self.triggers_on(series, &table, "update", "changing")?;
        }
        Ok(())
    }

    fn triggers_on(&mut self, series: &SeriesMapping, table: &str, event: &str, doing: &str) -> rusqlite::Result<()> {
        let mut statement = self.opened.conn.prepare(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND lower(tbl_name) = lower(?1) ORDER BY name",
        )?;
        let triggers: Vec<(String, String)> =
            statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
        for (name, sql) in triggers {
            let words = schema::tokens(&sql);
            let Some(body) = words.iter().position(|word| word == "begin") else { continue };
            // `CREATE TRIGGER name AFTER DELETE ON table`: the last of these words before ON.
            let on = words[..body].iter().position(|word| word == "on").unwrap_or(body);
            if !words[..on].iter().skip(3).any(|word| word == event) {
                continue;
            }
            let writes =
                words[body..].iter().any(|word| ["insert", "update", "delete", "replace"].contains(&word.as_str()));
            if writes {
                let message = format!(
                    "trigger {name} writes while {doing} rows of {table}: what it changes is not counted, so every chunk would be undone"
                );
                self.error(
                    "trigger",
                    place(series),
                    message,
                    format!(
                        "DROP TRIGGER {}; (and name the rows that it changes as parts)",
                        crate::records::sqlite::sql::name(&name)
                    ),
                );
            } else {
                let message =
                    format!("trigger {name} runs while {doing} rows of {table}; it writes nothing, and may refuse");
                self.note("trigger-reads", place(series), message, "nothing, if it is meant to keep such rows");
            }
        }
        Ok(())
    }
}

/// Tables of which rows are masked, detached or re-pointed.
fn changed_tables(series: &SeriesMapping) -> Vec<String> {
    let own = (!series.anonymize.is_empty()).then(|| series.table.clone());
    let parts = series.parts.iter().filter(|part| part.owner_gone != OwnerGone::Destroy || !part.anonymize.is_empty());
    own.into_iter().chain(parts.map(|part| part.table.clone())).collect()
}
