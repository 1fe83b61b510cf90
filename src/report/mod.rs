//! What people read: plans, runs, explanations and the log, as text, JSON and CSV.
//!
//! A report is one struct: its fields are the JSON, [`Report::text`] is the page. Words stand in [`words`].

pub mod along;
pub mod check;
pub mod csv;
mod earlier;
pub mod effect;
pub mod explain;
pub mod forecast;
pub mod holds;
pub mod init;
pub mod left_out;
pub mod log;
pub mod lookup;
pub mod meaning;
pub mod plain;
pub mod plan;
pub mod plans;
pub mod rails;
pub mod run;
pub mod status;
pub mod table;
pub mod unread;
pub mod verify;
pub mod words;

pub use words::Words;

use chrono::SecondsFormat;

use crate::model::{Instant, Zone};

/// What a reader types before a subcommand, where nothing more is known.
const PROGRAM: &str = "retentiond";

/// A result that a person or a program reads.
pub trait Report {
    /// The page, ending with a line feed.
    fn text(&self, words: &Words) -> String;

    /// The one JSON document.
    fn json(&self) -> serde_json::Value;
}

/// An instant as the clocks of a zone show it, with the zone's offset: RFC 3339, whole seconds.
pub fn local(instant: Instant, zone: Zone) -> String {
    instant.with_timezone(&zone.tz()).to_rfc3339_opts(SecondsFormat::Secs, false)
}

/// A report's fields as JSON. A report holds texts, numbers and lists, which JSON always can; null says a defect.
fn to_value(report: &impl serde::Serialize) -> serde_json::Value {
    serde_json::to_value(report).unwrap_or_default()
}
