//! The two files that `init` writes: commented blanks, or a proposal read from a schema.
//!
//! Nothing here is ever obeyed as it stands: every period is left blank, so `check` refuses the files until a person has decided.

mod calendar;
mod configuration;
mod guess;
mod schema;
#[cfg(test)]
mod tests;
mod words;

use crate::records::sqlite::catalog::Catalog;

/// What `init` writes, and what it leaves to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Text of [`CONFIGURATION_FILE`].
    pub configuration: String,
    /// Text of [`CALENDAR_FILE`].
    pub calendar: String,
    /// What is left to decide, a sentence each.
    pub undecided: Vec<String>,
}

/// Name of the configuration that `init` writes.
pub const CONFIGURATION_FILE: &str = "retentiond.toml";

/// Name of the calendar that `init` writes, beside the configuration, which names it.
pub const CALENDAR_FILE: &str = "calendar.toml";

/// A commented configuration and calendar with blanks to fill: `""` where a text is missing.
pub fn starter() -> Proposal {
    let configuration = include_str!("retentiond.toml").to_owned();
    let calendar = include_str!("calendar.toml").to_owned();
    let undecided = [
        "calendar.toml: number, organization, first day in force and zone of the calendar",
        "calendar.toml: the series, their triggers, and how long each is kept",
        "retentiond.toml: the database file, and the table, key and date column of each series",
    ];
    Proposal { configuration, calendar, undecided: undecided.map(str::to_owned).to_vec() }
}

/// A proposal read from a schema: foreign keys become parts and blockers, date columns events, and likely personal information is
/// marked. `database` is the database file as the configuration shall name it.
pub fn propose(catalog: &Catalog, database: &str) -> Proposal {
    let guess = guess::Guess::read(catalog);
    let mut undecided =
        vec!["calendar.toml: number, organization, first day in force and zone of the calendar".to_owned()];
    let calendar = calendar::write(&guess, &mut undecided);
    let configuration = configuration::write(&guess, database, &mut undecided);
    Proposal { configuration, calendar, undecided }
}
