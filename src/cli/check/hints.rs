//! What `check` says of a mapping that may be right and looks unfinished: guesses that nobody confirmed, calendars
//! that are over, names of files without files.

use std::collections::{BTreeMap, BTreeSet};

use crate::cli::error::Failure;
use crate::config::{Config, init};
use crate::disposition::Installation;
use crate::disposition::plan::PlanError;
use crate::model::Instant;
use crate::records::mapping::SeriesMapping;
use crate::records::sqlite::Catalog;
use crate::report::check::Finding;

/// What `init` guessed and nobody has confirmed, lines that ask the same thing together.
pub fn guesses(config: &Config) -> Vec<Finding> {
    let mut asked: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for guess in &config.guesses {
        asked.entry(&guess.question).or_default().push(guess.line);
    }
    let mut asked: Vec<_> = asked.into_iter().collect();
    asked.sort_by_key(|(_, lines)| lines[0]);
    let finding = |(question, lines): (&str, Vec<usize>)| {
        let numbers: Vec<_> = lines.iter().map(ToString::to_string).collect();
        let which = if lines.len() == 1 { "Line" } else { "Lines" };
        Finding {
            severity: "warning".to_owned(),
            code: "guess".to_owned(),
            line: None,
            place: format!("{}:{}", config.file.display(), lines[0]),
            message: format!("{which} {}, guessed by `init` and confirmed by nobody: {question}.", numbers.join(", ")),
            mend: "Look at the data, correct what is wrong, then remove the `?`.".to_owned(),
        }
    };
    asked.into_iter().map(finding).collect()
}

/// Calendars that have rules for a mapped series, and none of whose versions is in force today.
pub fn not_in_force(install: &Installation, now: Instant) -> Vec<Finding> {
    let mut told = BTreeSet::new();
    let refused = install.series.iter().filter_map(|mapping| match install.governing_now(mapping, now) {
        Err(PlanError::NotInForce { calendar, day, from, until }) if told.insert(calendar.clone()) => {
            Some(PlanError::NotInForce { calendar, day, from, until })
        }
        _ => None,
    });
    let finding = |error: PlanError| {
        let failure = Failure::from(error);
        Finding {
            severity: "warning".to_owned(),
            code: failure.code.to_string(),
            line: None,
            place: failure.place,
            message: failure.message,
            mend: failure.mend,
        }
    };
    refused.map(finding).collect()
}

/// Columns of mapped tables whose name says that they name files, where no mapping says which files: these would stay
/// when their rows go.
pub fn files_without_mapping(series: &[&SeriesMapping], catalog: &Catalog) -> Vec<Finding> {
    let parts = || series.iter().flat_map(|mapping| &mapping.parts);
    let shared = parts().filter_map(|part| part.files.as_ref()).flat_map(|files| &files.shared);
    let with_files: BTreeSet<&str> = parts()
        .filter(|part| part.files.is_some())
        .map(|part| part.table.as_str())
        .chain(shared.map(|(table, _)| table.as_str()))
        .collect();
    let of_series = series.iter().map(|mapping| (mapping.table.as_str(), format!("series.{}", mapping.series)));
    let of_parts = series.iter().flat_map(|mapping| {
        mapping.parts.iter().map(|part| (part.table.as_str(), format!("series.{}.part {}", mapping.series, part.name)))
    });
    let mut told = BTreeSet::new();
    let mut findings = Vec::new();
    for (table, place) in of_series.chain(of_parts) {
        if with_files.contains(table) || !told.insert(table) {
            continue;
        }
        let columns = catalog.table(table).into_iter().flat_map(|table| &table.columns);
        for column in columns.filter(|column| init::names_files(column)) {
            findings.push(Finding {
                severity: "warning".to_owned(),
                code: "files-unmapped".to_owned(),
                line: None,
                place: place.clone(),
                message: format!(
                    "{table}.{} seems to name files, and no `files` says which: they would stay when their rows go.",
                    column.name
                ),
                mend: "Add `files = { column = …, root = … }` to the part (a part of its own, where the column is the record's), or leave it where it names none.".to_owned(),
            });
        }
    }
    findings
}
