//! What the flow needs to know of the place it runs in.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::clock::BootId;
use super::rails::Guesses;
use crate::calendar::{Calendar, Disposition};
use crate::model::{Limits, SeriesName, SourceName, Windows};
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
    /// What names this boot of the machine, where that is known.
    pub boot: Option<BootId>,
}

impl Installation {
    /// The series of people that a person means who names this one: itself where some mapping has it as its subject,
    /// otherwise its own subject's.
    pub fn persons_of<'i>(&'i self, series: &'i SeriesName) -> &'i SeriesName {
        let is_of_people = |mapping: &SeriesMapping| mapping.subject.as_ref().is_some_and(|own| own.series == *series);
        let subject = self.mapping(series).and_then(|mapping| mapping.subject.as_ref());
        match subject {
            Some(relation) if !self.series.iter().any(is_of_people) => &relation.series,
            _ => series,
        }
    }

    /// Whether some rule destroys records of this series.
    pub fn is_destroyed(&self, mapping: &SeriesMapping) -> bool {
        let governs = |calendar: &&Calendar| mapping.calendar.as_ref().is_none_or(|own| *own == calendar.number);
        let mut rules = self.calendars.iter().filter(governs).flat_map(|calendar| calendar.rules_for(&mapping.series));
        rules.any(|rule| rule.is_obeyed() && rule.disposition == Some(Disposition::Destroy))
    }

    /// What no row may have unlinked, whatever it names.
    pub fn reserved(&self) -> Reserved {
        let databases = self.sources.values().map(|source| source.sqlite.as_path());
        Reserved::new(databases, &self.files, &self.state)
    }
}
