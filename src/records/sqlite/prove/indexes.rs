//! Virtual tables of the application that keep what goes.

use super::{Proof, list, place};
use crate::records::mapping::SeriesMapping;
use crate::records::sqlite::triggers::{Event, Triggers, VirtualTable};

impl Proof<'_> {
    /// Tells of a full-text index that keeps the words of rows when this happens to them.
    pub(super) fn stale_index(&mut self, series: &SeriesMapping, table: &str, event: Event<'_>, index: &VirtualTable) {
        let message = format!(
            "full-text index {} keeps the words of what goes: no trigger takes them out while {} rows of {table}, so that they are found \
             still, and no run claims that the source is sanitized",
            index.name,
            event.doing()
        );
        let (names, statements): (Vec<String>, Vec<String>) = index.in_step(table, event).into_iter().unzip();
        let names: Vec<String> = names.into_iter().map(|name| format!("\"{name}\"")).collect();
        let mend = format!(
            "{}\nand database_triggers = [{}]\n(in [series.{}])",
            statements.join("\n"),
            names.join(", "),
            series.series
        );
        self.warning("stale-index", place(series), message, mend);
    }

    /// Tells of virtual tables that nothing reaches.
    pub(super) fn virtual_tables(&mut self) -> rusqlite::Result<()> {
        let (opened, queries) = (self.opened, self.queries);
        let triggers = Triggers::read(opened, &self.catalog, queries.mappings())?;
        let beyond = triggers.beyond_reach();
        if beyond.is_empty() {
            return Ok(());
        }
        let message = format!(
            "no trigger of a mapped table writes {}: what these virtual tables hold of records stays when these go",
            list(beyond.iter().map(|table| table.name.as_str()))
        );
        let mend = "nothing, where they hold nothing of what goes; else let a trigger remove it, and name that in `database_triggers`";
        self.note("virtual-tables", format!("source.{}", self.source.name), message, mend);
        Ok(())
    }
}
