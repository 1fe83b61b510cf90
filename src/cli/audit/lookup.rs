//! `audit lookup`: was it destroyed?

use clap::Args;

use super::wanted::{by_key, by_reference};
use crate::audit::LogReader;
use crate::audit::lookup::lookup;
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
        let log = LogReader::open(&setup.install.state.join("audit"))?;
        let wanted = match &self.reference {
            Some(reference) => by_reference(&setup, &log, mapping, &KeyValue::Text(reference.clone()))?,
            None => by_key(&setup, &log, mapping, &setup.reader(mapping)?.parse_key(&mapping.series, &self.key)?)?,
        };
        let found = lookup(&log, &wanted)?;
        let of = self.reference.unwrap_or_else(|| self.key.join(" "));
        session.show(&LookupReport { series: self.series.to_string(), of, found }, setup.language)?;
        Ok(Exit::Ok)
    }
}
