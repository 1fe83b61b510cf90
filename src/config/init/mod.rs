//! The two files that `init` writes: commented blanks, or a proposal read from a schema.
//!
//! Nothing here is ever obeyed as it stands: every period is left blank, so `check` refuses the files until a person
//! has decided.

mod calendar;
mod configuration;
mod guess;
mod names;
mod schema;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::model::SeriesName;
use crate::records::sqlite::catalog::{Catalog, Column};

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

/// The values of columns that say which table a row refers to (`Issue` in `journals.journalized_type`), by table and
/// column.
pub type Kinds = BTreeMap<(String, String), Vec<String>>;

/// The columns whose values [`propose`] wants to know, each with its table.
pub fn kind_columns(catalog: &Catalog) -> Vec<(String, String)> {
    let tables = schema::tables(catalog);
    let columns = tables.iter().flat_map(|(name, table)| {
        schema::polymorphic(table).into_iter().map(|stem| ((*name).to_owned(), format!("{stem}_type")))
    });
    columns.collect()
}

/// What a line of a proposal bears at its end while it is only a guess.
const GUESS: &str = "# ?";

/// A line of a configuration that `init` guessed and nobody has confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guessed {
    /// From 1.
    pub line: usize,
    /// What it asks.
    pub question: String,
    /// The series in whose table the line stands; `None` elsewhere: it may concern any.
    pub series: Option<SeriesName>,
}

/// The lines of a configuration that still bear the mark of a guess.
pub fn guesses(configuration: &str) -> Vec<Guessed> {
    let mut series = None;
    let mut guesses = Vec::new();
    for (at, line) in configuration.lines().enumerate() {
        if line.starts_with('[') {
            series = series_of(line);
        }
        let question = line.split_once(GUESS).map(|(_, question)| question.trim()).filter(|text| !text.is_empty());
        if let Some(question) = question {
            guesses.push(Guessed { line: at + 1, question: question.to_owned(), series: series.clone() });
        }
    }
    guesses
}

/// `dossier` of `[series.dossier]` and of `[[series.dossier.part]]`.
fn series_of(header: &str) -> Option<SeriesName> {
    let (name, _) = header.trim_start_matches('[').split_once(']')?;
    let mut names = name.split('.').map(|name| name.trim().trim_matches(['"', '\'']));
    (names.next() == Some("series")).then(|| names.next().map(SeriesName::new)).flatten()
}

/// Whether the name of a column says that it names files.
pub fn names_files(column: &Column) -> bool {
    names::is_path(column)
}

/// A proposal read from a schema: foreign keys become parts and blockers, types beside a reference become parts with
/// `where`, date columns events, and likely personal information is marked. `database` is the database file as the
/// configuration shall name it.
pub fn propose(catalog: &Catalog, kinds: &Kinds, database: &str) -> Proposal {
    let guess = guess::Guess::read(catalog, kinds);
    let mut undecided =
        vec!["calendar.toml: number, organization, first day in force and zone of the calendar".to_owned()];
    let calendar = calendar::write(&guess, &mut undecided);
    let configuration = configuration::write(&guess, database, &mut undecided);
    Proposal { configuration, calendar, undecided }
}
