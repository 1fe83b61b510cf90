//! What the flow needs to know of the place it runs in.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::calendar::Calendar;
use crate::model::SourceName;
use crate::records::mapping::{SeriesMapping, Source};

/// One organization's calendar, databases and limits, in order and cross-checked.
#[derive(Clone, Debug)]
pub struct Installation {
    /// The state directory: the log, the plans, and what is private.
    pub state: PathBuf,
    pub calendars: Vec<Calendar>,
    pub sources: BTreeMap<SourceName, Source>,
    pub series: Vec<SeriesMapping>,
    pub limits: Limits,
}

/// How much a plan may hold before a person must accept it, and how gently it is executed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Share of a series, from 0 to 1, looked at when more than `min_count` records are due.
    pub max_share: f64,
    pub min_count: u64,
    pub max_count: u64,
    /// Longest write transaction aimed at.
    pub lock: Duration,
    pub pace: Pace,
}

/// Whether the program pauses between chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Pauses for half of a chunk's time, at least 5 ms.
    Polite,
    /// No pause: for a maintenance window.
    Full,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_share: 0.10, min_count: 20, max_count: 100_000, lock: Duration::from_millis(50), pace: Pace::Polite }
    }
}
