//! Why a rail tripped, in figures, and as a sentence for logs and machines. Reports say the same in their readers'
//! language.

use serde::{Deserialize, Serialize};

use crate::model::{RuleNumber, SeriesName, SourceName, counted};

/// Why a rail tripped.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Figures {
    /// Shares are thousandths of the series.
    Share {
        going: u64,
        rows: u64,
        share: u64,
        most: u64,
    },
    Count {
        going: u64,
        most: u64,
    },
    /// `usual`: the median of the rule's recent runs.
    Median {
        going: u64,
        usual: u64,
    },
    Empty,
    /// No plan of the series was ever approved.
    NewRules,
    /// The last plan of the series that was approved was rejected afterwards.
    TakenBack,
    OtherRules,
    Mapping,
    Guesses {
        /// `line 12 (which date starts the clock)`.
        lines: Vec<String>,
    },
    Backlog {
        records: u64,
    },
    Restored {
        source: SourceName,
    },
    /// The logs at hand cannot tell whether records of this source were destroyed before.
    Untold {
        source: SourceName,
    },
    /// Records that a log says are gone.
    Back {
        records: u64,
    },
}

impl Figures {
    /// The sentence, in English.
    pub fn sentence(&self, series: &SeriesName, rule: Option<&RuleNumber>) -> String {
        let rule = rule.map(RuleNumber::as_str).unwrap_or_default();
        match self {
            Self::Share { going, rows, share, most } => format!(
                "{going} of {} of {series} would go, {}.{} %; `max_share` is {}.{} %",
                counted(*rows, "record", "records"),
                share / 10,
                share % 10,
                most / 10,
                most % 10
            ),
            Self::Count { going, most } => {
                format!("{} of {series} would go; `max_count` is {most}", counted(*going, "record", "records"))
            }
            Self::Median { going, usual } => {
                let records = counted(*going, "record", "records");
                format!("{records} would go under rule {rule}; its recent runs had {usual} in the middle")
            }
            Self::Empty => format!(
                "no record of {series} would be left; a series where that is normal says `empty = \"expected\"`"
            ),
            Self::NewRules => format!("no plan of {series} was ever approved: its rules are new"),
            Self::TakenBack => format!("the last plan of {series} that was approved was rejected afterwards"),
            Self::OtherRules => format!("the rules that govern {series} are not those of its last approval"),
            Self::Mapping => format!("the mapping of {series} is not that of its last approval"),
            Self::Guesses { lines } => format!(
                "the mapping of {series} rests on what `init` guessed and nobody confirmed, {}: look at the data, correct what is wrong, then remove the `?`",
                lines.join(", ")
            ),
            Self::Backlog { records } => {
                let were = counted(*records, "record was past its term", "records were past their term");
                format!("{were} before the calendar's approval, under rule {rule}")
            }
            Self::Restored { source } => format!(
                "the database of {source}, or rows of it, were restored: records that the log says are gone may be back on purpose"
            ),
            Self::Untold { source } => format!(
                "it cannot be told whether records of {source} that would go were destroyed before, and were taken from a copy: entries of a log before this one, or a fingerprint key, are damaged or not here"
            ),
            Self::Back { records } => format!(
                "{} of {series} that would go {} destroyed or anonymized before, as the log says: rows were taken from a copy, perhaps on purpose",
                counted(*records, "record", "records"),
                if *records == 1 { "was" } else { "were" }
            ),
        }
    }
}
