//! What a plan or a forecast lacks: sources that could not be read.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Words;
use super::table::paragraph;
use crate::disposition::Installation;
use crate::disposition::kinds::in_full;
use crate::disposition::plan::PlanError;
use crate::model::SourceName;

/// A source that could not be read.
#[derive(Clone, Debug, Serialize)]
pub struct Unread {
    pub source: String,
    /// The series mapped to it, of whose records nothing is said.
    pub series: Vec<String>,
    /// Stable name of the reason.
    pub code: String,
    /// The reason, and the mend.
    pub message: String,
}

impl Unread {
    /// What could not be read, with the reasons.
    pub fn all(unread: &BTreeMap<SourceName, PlanError>, install: &Installation) -> Vec<Self> {
        unread.iter().map(|(source, why)| Self::new(source, why, install)).collect()
    }

    fn new(source: &SourceName, why: &PlanError, install: &Installation) -> Self {
        let series = install.series.iter().filter(|mapping| mapping.source == *source);
        Self {
            source: source.to_string(),
            series: series.map(|mapping| mapping.series.to_string()).collect(),
            code: why.code().to_owned(),
            message: in_full(why),
        }
    }
}

/// What is lacking and why, before anything that is said.
pub(super) fn text(unread: &[Unread], words: &Words) -> String {
    let line = |unread: &Unread| {
        let series = unread.series.join(", ");
        paragraph("", "  ", &words.fill(words.planning.plan_lacks, &[&unread.source, &series, &unread.message]))
    };
    unread.iter().map(line).collect()
}

/// The same in short, before what can be done with the plan.
pub(super) fn closing(unread: &[Unread], words: &Words) -> String {
    if unread.is_empty() {
        return String::new();
    }
    let sources: Vec<&str> = unread.iter().map(|unread| unread.source.as_str()).collect();
    paragraph("", "", &words.fill(words.planning.plan_lacks_in_short, &[&sources.join(", ")]))
}
