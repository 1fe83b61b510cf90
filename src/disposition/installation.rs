//! What the flow needs to know of the place it runs in.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::rails::Guesses;
use crate::calendar::Calendar;
use crate::model::{Limits, SourceName, Windows};
use crate::records::files::Reserved;
use crate::records::mapping::{SeriesMapping, Source};

/// One organization's calendar, databases and limits, in order and cross-checked.
#[derive(Clone, Debug)]
pub struct Installation {
    /// The state directory: the log, the plans, and what is private.
    pub state: PathBuf,
    /// The configuration and its calendars, where they come from files.
    pub files: Vec<PathBuf>,
    pub calendars: Vec<Calendar>,
    pub sources: BTreeMap<SourceName, Source>,
    pub series: Vec<SeriesMapping>,
    /// What of the mappings nobody has confirmed yet.
    pub guesses: Guesses,
    pub limits: Limits,
    /// Hours in which nothing is destroyed, or more than usual.
    pub windows: Windows,
}

impl Installation {
    /// What no row may have unlinked, whatever it names.
    pub fn reserved(&self) -> Reserved {
        let databases = self.sources.values().map(|source| source.sqlite.as_path());
        Reserved::new(databases, &self.files, &self.state)
    }
}
