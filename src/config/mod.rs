//! `retentiond.toml`: where the records are and what their columns mean, read, lowered and checked against the
//! calendars.
//!
//! Three steps, apart: syntax (`model::Document`), meaning (`lower` and its neighbours, one table of the file each),
//! completeness (`cross`, configuration against calendars). Every fault of every file is reported at once. Whether the
//! mapping fits the database is proved later, by `records`.

mod alerts;
mod calendars;
mod cross;
mod event;
pub mod init;
mod join;
mod kept;
mod load;
mod lower;
mod metrics;
mod part;
mod relations;
mod remarks;
mod schedule;
mod series;

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::calendar::{Calendar, Period};
use crate::model::{Language, Limits, SeriesName, SourceName};
use crate::records::mapping::{SeriesMapping, Source};

pub use alerts::AlertTerms;
pub use calendars::named_by;
pub use init::Guessed;
pub use kept::{Kept, kept_by_name};
pub use load::{load, state_of};
pub use metrics::{Listen, Metrics};
pub use schedule::{CatchUp, ExtraScan, Schedule};

/// A configuration in order. Its other paths are absolute: relative ones are resolved against the file's directory.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    pub file: PathBuf,
    /// The calendar files, each once, in the order of the patterns; relative to where the program runs, if `file` is.
    pub calendars: Vec<PathBuf>,
    /// What names them, likewise.
    pub calendar_patterns: Vec<PathBuf>,
    pub language: Language,
    /// The state directory.
    pub state: PathBuf,
    /// Without one, the daemon has nothing to do; the commands work all the same.
    pub schedule: Option<Schedule>,
    pub mode: Mode,
    pub limits: Limits,
    pub sources: BTreeMap<SourceName, Source>,
    /// In the order of the file.
    pub series: Vec<SeriesMapping>,
    /// Alerts are given to this program and arguments as JSON on its standard input.
    pub notify: Option<Vec<String>>,
    pub alerts: AlertTerms,
    /// Where the daemon's figures can be read.
    pub metrics: Metrics,
    /// What `init` guessed and nobody has confirmed, in the order of the file.
    pub guesses: Vec<Guessed>,
    /// How long the manifests of plans are kept once they are done.
    pub keep_plans: Period,
    /// Where each key of the file stands, by its path.
    pub lines: BTreeMap<String, usize>,
}

impl Config {
    /// The line of the file, from 1, that speaks of a place of a mapping (`series.dossier.part.message.files`), or of
    /// what is around it.
    pub fn line_of(&self, place: &str) -> Option<usize> {
        let path = self.path_of(place);
        let mut around = path.as_str();
        loop {
            if let Some(line) = self.lines.get(around) {
                return Some(*line);
            }
            around = &around[..around.rfind(['.', '['])?];
        }
    }

    /// Parts stand in the file by their number, and are called by their name.
    fn path_of(&self, place: &str) -> String {
        let parts = self.series.iter().flat_map(|mapping| {
            mapping.parts.iter().enumerate().map(move |(number, part)| (&mapping.series, number, &part.name))
        });
        let mut paths = parts.filter_map(|(series, number, name)| {
            let rest = place.strip_prefix(&format!("series.{series}.part.{name}"))?;
            (rest.is_empty() || rest.starts_with('.')).then(|| format!("series.{series}.part[{number}]{rest}"))
        });
        paths.next().unwrap_or_else(|| place.to_owned())
    }

    /// What of a series' mapping `init` guessed and nobody has confirmed.
    pub fn guesses_of(&self, series: &SeriesName) -> impl Iterator<Item = &Guessed> {
        self.guesses.iter().filter(move |guess| guess.series.as_ref().is_none_or(|own| own == series))
    }
}

/// What the daemon does by itself with what is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Makes plans and reports them.
    Report,
    /// The same, and asks for an approval.
    Approve,
    /// Executes what was approved before, as long as no guard rail trips.
    Automatic,
}

impl Mode {
    /// As the configuration and the status write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Approve => "approve",
            Self::Automatic => "automatic",
        }
    }
}

/// A configuration and its calendars, in order and in agreement.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub config: Config,
    /// One for each of `config.calendars`, in that order.
    pub calendars: Vec<Calendar>,
    /// What is no fault, but worth saying: a series that no rule governs is never destroyed.
    pub notes: Vec<Remark>,
}

/// Something worth saying of a configuration in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// Somebody should look: what is written is likely not what is meant.
    pub is_warning: bool,
    /// Stable name of this kind of note (`never-destroyed`).
    pub code: &'static str,
    /// Path in the configuration (`series.permit`).
    pub place: String,
    pub message: String,
    pub mend: String,
}
