//! `audit lookup`: was it destroyed?

use std::path::Path;

use clap::Args;

use super::wanted::{by_key, by_reference};
use crate::audit::LogReader;
use crate::audit::adopt::predecessors;
use crate::audit::lookup::{Answer, Found, lookup};
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::cli::setup::Setup;
use crate::model::{KeyValue, SeriesName};
use crate::report::lookup::LookupReport;

/// Arguments of `audit lookup`.
#[derive(Debug, Args)]
pub struct Lookup {
    /// The series
    series: SeriesName,
    /// The record's key, one argument per key column
    #[arg(allow_negative_numbers = true, required_unless_present = "reference")]
    key: Vec<String>,
    /// What people cite instead of the key
    #[arg(long, conflicts_with = "key")]
    reference: Option<String>,
}

impl Lookup {
    /// Answers from the log alone; the record need not be in the database any more.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let setup = Setup::load(session)?;
        let mapping = setup.mapping(&self.series)?;
        let key = match &self.reference {
            Some(_) => None,
            None => Some(setup.reader(mapping)?.parse_key(&mapping.series, &self.key)?),
        };
        let ask = |dir: &Path| -> Result<Found, Failure> {
            let log = LogReader::open(dir)?;
            let wanted = match (&self.reference, &key) {
                (Some(reference), _) => by_reference(&setup, &log, mapping, &KeyValue::Text(reference.clone()))?,
                (None, Some(key)) => by_key(&setup, &log, mapping, key)?,
                (None, None) => {
                    return Err(Failure::usage("A key or a reference is needed.", "audit lookup SERIES KEY"));
                }
            };
            Ok(lookup(&log, &wanted)?)
        };
        let dir = setup.install.state.join("audit");
        let mut found = ask(&dir)?;
        // What is not in this log may be in the one that it succeeds.
        for predecessor in predecessors(&dir) {
            if !found.is_absent() {
                break;
            }
            let older = ask(&predecessor)?;
            if !older.is_absent() || found.answer == Answer::NotFound {
                found = older;
            }
        }
        let of = self.reference.unwrap_or_else(|| self.key.join(" "));
        session.show(&LookupReport { series: self.series.to_string(), of, found }, setup.language)?;
        Ok(Exit::Ok)
    }
}
