//! `check`: a mapping proved against the real schema, before anything relies on it.
//!
//! Every finding says what to write instead, or which statement mends the schema. Findings name tables and columns,
//! never values of records.

mod answers;
mod asked;
mod cascades;
mod circles;
mod columns;
mod compared;
mod comparisons;
mod contradictions;
mod database;
mod deeper;
mod early;
mod files;
mod forgotten;
mod indexes;
mod joins;
mod left;
mod links;
mod masks;
mod matches;
mod orphans;
mod owners;
mod scratch;
mod sharing;
mod statements;
mod stirred;
mod tables;
mod taken;
mod tied;
mod triggers;
mod values;

use std::collections::BTreeSet;

use super::catalog::{Catalog, Table};
use super::error::fails_on_row;
use super::open::Opened;
use super::queries::Queries;
use super::{Finding, Severity, StoreError, sql};
use crate::model::SeriesName;
use crate::records::mapping::{PartMapping, SeriesMapping, Source};

/// An expression that fails on a row.
const FAILS: &str = "expression-fails";

/// A series to prove, and what its rules ask of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proved<'a> {
    pub series: &'a SeriesName,
    /// Some rule destroys its records. Otherwise its rows stay, and what refers to them does not matter.
    pub is_destroyed: bool,
}

/// What is wrong, doubtful or worth knowing about the mappings of these series, the gravest first.
///
/// # Errors
/// The database cannot be read.
pub fn prove(
    opened: &Opened,
    source: &Source,
    queries: &Queries,
    series: &[Proved<'_>],
) -> Result<Vec<Finding>, StoreError> {
    let failed = |error| StoreError::of(&opened.conn, error);
    let catalog = Catalog::read(&opened.conn).map_err(failed)?;
    let mut proof = Proof { opened, source, queries, all: series, catalog, findings: Vec::new() };
    proof.database().map_err(failed)?;
    for asked in series {
        proof.series(queries.mapping(asked.series)?, asked.is_destroyed).map_err(failed)?;
    }
    proof.virtual_tables().map_err(failed)?;
    proof.findings.sort_by_key(|finding| finding.severity);
    Ok(proof.findings)
}

/// The first error about the mapping of a series that the configuration and the schema show; `all` are those of its
/// source. Of no table more is read than a few rows on which masks are tried, so that it costs the same however many
/// rows there are.
///
/// # Errors
/// The database cannot be read.
pub fn first_fault(
    opened: &Opened,
    source: &Source,
    queries: &Queries,
    series: Proved<'_>,
    all: &[Proved<'_>],
) -> Result<Option<Finding>, StoreError> {
    let failed = |error| StoreError::of(&opened.conn, error);
    let catalog = Catalog::read(&opened.conn).map_err(failed)?;
    let mut proof = Proof { opened, source, queries, all, catalog, findings: Vec::new() };
    proof.structure(queries.mapping(series.series)?, series.is_destroyed).map_err(failed)?;
    Ok(proof.findings.into_iter().find(|finding| finding.severity == Severity::Error))
}

/// What is looked at, and what was found.
struct Proof<'a> {
    opened: &'a Opened,
    source: &'a Source,
    queries: &'a Queries,
    /// The series that are looked at, and those whose rules may take what they read.
    all: &'a [Proved<'a>],
    catalog: Catalog,
    findings: Vec<Finding>,
}

impl Proof<'_> {
    fn series(&mut self, mapping: &SeriesMapping, is_destroyed: bool) -> rusqlite::Result<()> {
        self.roots(mapping);
        // What follows reads the tables that were named: where one is not there, that is finding enough.
        if self.structure(mapping, is_destroyed)? {
            self.answers(mapping)?;
            self.odd_keys(mapping)?;
            self.indexes(mapping)?;
            if is_destroyed {
                self.circles(mapping);
                self.foreign_key_indexes(mapping);
                let looked = self.rows_outside(mapping);
                self.unless_rows_fail(mapping, looked)?;
                let looked = self.deeper_rows(mapping);
                self.unless_rows_fail(mapping, looked)?;
            }
            let looked = self.values(mapping);
            self.unless_rows_fail(mapping, looked)?;
            self.matches(mapping)?;
            let looked = self.shared_rows(mapping);
            self.unless_rows_fail(mapping, looked)?;
            let looked = self.files_are_there(mapping);
            self.unless_rows_fail(mapping, looked)?;
        }
        Ok(())
    }

    /// What shows without reading a table; whether all that the mapping names is there.
    fn structure(&mut self, mapping: &SeriesMapping, is_destroyed: bool) -> rusqlite::Result<bool> {
        let before = self.errors();
        self.names(mapping);
        self.expressions(mapping);
        if self.errors() > before {
            return Ok(false);
        }
        self.keys(mapping);
        self.comparisons(mapping);
        self.owners(mapping, is_destroyed);
        if is_destroyed {
            self.sharing(mapping);
            self.taken(mapping);
            self.forgotten_files(mapping);
            self.left(mapping);
            self.left_alone(mapping);
        }
        let before = self.errors();
        self.contradictions(mapping);
        // Whose rows a wrong join finds is not worth asking.
        if self.errors() == before {
            self.early_dates(mapping, is_destroyed);
            self.early_answers(mapping, is_destroyed);
        }
        self.orphans(mapping, is_destroyed);
        self.cascades(mapping, is_destroyed);
        let looked = self.masks(mapping);
        self.unless_rows_fail(mapping, looked)?;
        if is_destroyed {
            self.foreign_keys(mapping);
            self.reference_circles(mapping);
            self.triggers_on_destroying(mapping)?;
        }
        self.triggers_on_changing(mapping)?;
        self.named_triggers(mapping);
        self.statements(mapping);
        Ok(true)
    }

    /// What rows said; where an expression fails on one, that is what was found.
    fn unless_rows_fail(&mut self, mapping: &SeriesMapping, looked: rusqlite::Result<()>) -> rusqlite::Result<()> {
        match looked {
            Err(error) if fails_on_row(&error) => {
                let failed = StoreError::of_rows(&self.opened.conn, error).in_mapping(self.queries, &mapping.series);
                // Which of its expressions it is was told, where it was met when each was asked.
                if !self.findings.iter().any(|found| found.code == FAILS && found.place.starts_with(&place(mapping))) {
                    self.fails(place(mapping), &failed);
                }
                Ok(())
            }
            looked => looked,
        }
    }

    fn fails(&mut self, at: String, failed: &StoreError) {
        let told = failed.to_string();
        let (message, mend) = told.split_once("; ").unwrap_or((&told, ""));
        self.warning(FAILS, at, message.to_owned(), mend);
    }

    /// Whether some rule destroys records of a series.
    fn is_destroyed(&self, series: &SeriesMapping) -> bool {
        self.all.iter().any(|proved| proved.is_destroyed && *proved.series == series.series)
    }

    fn errors(&self) -> usize {
        self.findings.iter().filter(|finding| finding.severity == Severity::Error).count()
    }

    fn error(&mut self, code: &'static str, place: impl Into<String>, message: String, mend: impl Into<String>) {
        self.find(Severity::Error, code, place, message, mend);
    }

    fn warning(&mut self, code: &'static str, place: impl Into<String>, message: String, mend: impl Into<String>) {
        self.find(Severity::Warning, code, place, message, mend);
    }

    fn note(&mut self, code: &'static str, place: impl Into<String>, message: String, mend: impl Into<String>) {
        self.find(Severity::Note, code, place, message, mend);
    }

    fn find(
        &mut self,
        severity: Severity,
        code: &'static str,
        place: impl Into<String>,
        message: String,
        mend: impl Into<String>,
    ) {
        let finding = Finding { severity, code, place: place.into(), message, mend: mend.into() };
        // Two parts, or a part and a foreign key, may ask for the same index.
        let same = |other: &Finding| *other == finding || (other.code, &other.mend) == ("missing-index", &finding.mend);
        if !self.findings.iter().any(same) {
            self.findings.push(finding);
        }
    }

    fn table(&self, name: &str) -> Option<&Table> {
        self.catalog.table(name)
    }
}

/// The place of a series in the configuration.
pub(super) fn place(series: &SeriesMapping) -> String {
    format!("series.{}", series.series)
}

pub(super) fn part_place(series: &SeriesMapping, part: &PartMapping) -> String {
    format!("series.{}.part.{}", series.series, part.name)
}

/// The table of what a part is a part of.
pub(super) fn owner_table<'a>(series: &'a SeriesMapping, part: &PartMapping) -> Option<&'a str> {
    match &part.of {
        None => Some(&series.table),
        Some(name) => series.parts.iter().find(|other| other.name == *name).map(|of| of.table.as_str()),
    }
}

/// A name for an index that nobody else chose.
fn create_index(unique: bool, table: &str, columns: &[&str]) -> String {
    let words: Vec<String> = std::iter::once(table).chain(columns.iter().copied()).map(plain).collect();
    let columns: Vec<String> = columns.iter().map(|column| sql::name(column)).collect();
    format!(
        "CREATE {}INDEX {} ON {} ({});",
        if unique { "UNIQUE " } else { "" },
        sql::name(&format!("{}_idx", words.join("_"))),
        sql::name(table),
        columns.join(", ")
    )
}

fn plain(name: &str) -> String {
    name.chars().map(|letter| if letter.is_alphanumeric() { letter } else { '_' }).collect()
}

/// `a, b and c`.
fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
    match names.as_slice() {
        [] => "none".to_owned(),
        [only] => (*only).to_owned(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}
