//! What a plan lacks: sources that could not be read.

use serde::Serialize;

use super::super::Words;
use super::super::table::paragraph;
use crate::disposition::Installation;
use crate::disposition::kinds::in_full;
use crate::disposition::plan::PlanError;
use crate::model::SourceName;

/// A source that could not be read when a plan was made.
#[derive(Clone, Debug, Serialize)]
pub struct Unread {
    pub source: String,
    /// The series mapped to it, of whose records the plan says nothing.
    pub series: Vec<String>,
    /// Stable name of the reason.
    pub code: String,
    /// The reason, and the mend.
    pub message: String,
}

impl Unread {
    pub(super) fn new(source: &SourceName, why: &PlanError, install: &Installation) -> Self {
        let series = install.series.iter().filter(|mapping| mapping.source == *source);
        Self {
            source: source.to_string(),
            series: series.map(|mapping| mapping.series.to_string()).collect(),
            code: why.code().to_owned(),
            message: in_full(why),
        }
    }
}

/// What the plan lacks and why, before anything that it says.
pub(super) fn text(unread: &[Unread], words: &Words) -> String {
    let line = |unread: &Unread| {
        let series = unread.series.join(", ");
        paragraph("", "  ", &words.fill(words.plan_lacks, &[&unread.source, &series, &unread.message]))
    };
    unread.iter().map(line).collect()
}

/// The same in short, before what can be done with the plan.
pub(super) fn closing(unread: &[Unread], words: &Words) -> String {
    if unread.is_empty() {
        return String::new();
    }
    let sources: Vec<&str> = unread.iter().map(|unread| unread.source.as_str()).collect();
    paragraph("", "", &words.fill(words.plan_lacks_in_short, &[&sources.join(", ")]))
}
