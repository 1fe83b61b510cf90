//! `audit lookup`: was it destroyed?

use clap::Args;

use super::wanted::{KeyAsked, Name, answered, find, is_surer};
use crate::audit::lookup::Found;
use crate::cli::arguments::filled;
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::cli::explain::no_reference;
use crate::cli::session::Session;
use crate::cli::setup::Setup;
use crate::model::SeriesName;
use crate::records::mapping::SeriesMapping;
use crate::records::sqlite::StoreError;
use crate::report::lookup::LookupReport;

/// Arguments of `audit lookup`.
#[derive(Debug, Args)]
#[command(override_usage = "\
retentiond audit lookup [OPTIONS] <SERIES> <KEY>...
       retentiond audit lookup [OPTIONS] [SERIES] --reference <REFERENCE>")]
pub struct Lookup {
    /// The series; with `--reference`, every series that has references where it is left out
    #[arg(required_unless_present = "reference")]
    series: Option<SeriesName>,
    /// The record's key, one argument per key column
    #[arg(allow_negative_numbers = true, required_unless_present = "reference")]
    key: Vec<String>,
    /// What people cite instead of the key
    #[arg(long, value_parser = filled, conflicts_with = "key")]
    reference: Option<String>,
}

impl Lookup {
    /// Answers from the log alone; the record need not be in the database any more.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let setup = Setup::load(session)?;
        let report = match (&self.series, &self.reference) {
            (Some(series), Some(reference)) => {
                let mapping = setup.mapping(series)?;
                if mapping.reference.is_none() {
                    return Err(no_reference(mapping));
                }
                let found = find(&setup, mapping, &Name::Reference(reference))?;
                LookupReport { series: Some(series.to_string()), of: reference.clone(), cited: true, found }
            }
            (None, Some(reference)) => anywhere(&setup, reference)?,
            (Some(series), None) => {
                let mapping = setup.mapping(series)?;
                let found = self.find_key(&setup, mapping)?;
                LookupReport { series: Some(series.to_string()), of: self.key.join(" "), cited: false, found }
            }
            (None, None) => {
                return Err(Failure::usage(
                    "Nothing says which record.",
                    "Give a series and a key, or `--reference` and what people cite.",
                ));
            }
        };
        session.show(&report, setup.language)?;
        Ok(answered(&report.found))
    }
}

impl Lookup {
    /// What the logs say of the record with this key. What its columns cannot hold now may have been a key once; where
    /// no log knows it, it is refused as what it seems to be: a slip.
    fn find_key(&self, setup: &Setup, mapping: &SeriesMapping) -> Result<Found, Failure> {
        let (typed, refused) = match setup.reader(mapping)?.parse_key(&mapping.series, &self.key) {
            Err(error @ StoreError::Key { .. }) => (None, Some(error)),
            key => (Some(key?), None),
        };
        let found = find(setup, mapping, &Name::Key(&KeyAsked::given(&self.key, typed)))?;
        match refused {
            Some(refused) if found.is_absent() => Err(refused.into()),
            _ => Ok(found),
        }
    }
}

/// Looks for a reference in every series that has references: one of them may know it.
fn anywhere(setup: &Setup, reference: &str) -> Result<LookupReport, Failure> {
    let cited = |mapping: &&SeriesMapping| mapping.reference.is_some();
    let mut known: Vec<(SeriesName, Found)> = Vec::new();
    let mut absent: Option<Found> = None;
    for mapping in setup.install.series.iter().filter(cited) {
        let found = find(setup, mapping, &Name::Reference(reference))?;
        let answers_itself = |series| setup.mapping(series).is_ok_and(|mapping| mapping.reference.is_some());
        if !found.is_absent() {
            if !found.told_as.as_ref().is_some_and(answers_itself) {
                known.push((mapping.series.clone(), found));
            }
        } else if absent.as_ref().is_none_or(|absent| is_surer(absent, &found)) {
            absent = Some(found);
        }
    }
    let of = reference.to_owned();
    match (known.len(), absent) {
        (1, _) => {
            let (series, found) = known.remove(0);
            Ok(LookupReport { series: Some(series.to_string()), of, cited: true, found })
        }
        (0, Some(found)) => Ok(LookupReport { series: None, of, cited: true, found }),
        (0, None) => Err(Failure::new(
            Exit::Usage,
            "no-reference",
            "No series of the configuration has a reference.",
            setup.config.file.display().to_string(),
            "Look the record up by its series and key.",
        )),
        _ => {
            let answers: Vec<_> = known.iter().map(|(series, found)| format!("{series} {}", found.answer)).collect();
            let message = format!("Records of several series were cited so: {}.", answers.join(", "));
            Err(Failure::usage(message, "Name the series that is meant before `--reference`."))
        }
    }
}
