//! What can go wrong with a plan.

use std::io;
use std::path::PathBuf;

use super::super::declared::VersionError;
use super::super::governs::meant;
use super::super::holds::VoidHold;
use super::super::judge::GoverningError;
use super::super::request::RefusalKind;
use crate::audit::LogError;
use crate::model::{CalendarNumber, CivilDate, HoldId, PlanId, RuleNumber, SeriesName, SourceName};
use crate::records::mapping::SeriesMapping;
use crate::records::sqlite::{Finding, StoreError};

/// What can go wrong with a plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    #[error("could not {doing} {}", path.display())]
    File { doing: &'static str, path: PathBuf, source: io::Error },
    #[error("could not use the list of a plan in {}", path.display())]
    Body { path: PathBuf, source: rusqlite::Error },
    #[error("no plan is called {plan}; `retentiond plans` lists them")]
    Unknown { plan: PlanId },
    #[error(
        "the list of plan {plan} is no more: it is erased once the plan is done, rejected, expired or no longer stands; make a new plan"
    )]
    Erased { plan: PlanId },
    #[error("plan {plan} is not as it was made: {what}; nothing is done with it, make a new plan")]
    Altered { plan: PlanId, what: String },
    #[error("calendar {calendar} is not in force on {day} (from {from}{}), so nothing falls due under it, and its records are kept; put its next version beside it, with an `effective` that covers that day, or ask for a day on which it is in force", until.map(|day| format!(" until {day}")).unwrap_or_default())]
    NotInForce { calendar: CalendarNumber, day: CivilDate, from: CivilDate, until: Option<CivilDate> },
    #[error(transparent)]
    Version(#[from] VersionError),
    #[error("no rule {rule} disposes of a mapped series; {}", meant(rule, known))]
    UnknownRule { rule: RuleNumber, known: Vec<RuleNumber> },
    #[error(transparent)]
    Governing(#[from] GoverningError),
    #[error("could not read the records of {series}")]
    Records { series: SeriesName, source: StoreError },
    #[error(
        "the expression of hold {hold} cannot be asked of {series} any more ({why}), so nobody knows which records it keeps: nothing is planned and nothing destroyed; lift it (`retentiond hold lift {hold}`) and place it anew with an expression that can"
    )]
    Hold { hold: HoldId, series: SeriesName, why: String },
    #[error(transparent)]
    VoidHold(#[from] VoidHold),
    #[error("could not open the database of {source_name}")]
    Source { source_name: SourceName, source: StoreError },
    #[error("series {series} maps to the source {source_name}, which the configuration does not have")]
    NoSource { series: SeriesName, source_name: SourceName },
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(
        "the verdicts on {series} do not add up to its rows; its database is being changed in ways a snapshot should hide, or this is a defect of retentiond: nothing is planned"
    )]
    Unbalanced { series: SeriesName },
    #[error(
        "the mapping of {series} does not fit its database, so nothing is planned or destroyed ({} at {}): {}; `retentiond check` tells all that is wrong, and how to mend it",
        finding.code, finding.place, finding.message
    )]
    Unproved { series: SeriesName, finding: Box<Finding> },
    #[error("a plan for {day} was asked for, but no day of that calendar begins then")]
    NoSuchDay { day: CivilDate },
    #[error("a manifest could not be written as JSON")]
    Json(#[from] serde_json::Error),
}

impl PlanError {
    /// What kept a `--where` hold from being asked.
    pub(in crate::disposition) fn of_hold(hold: &HoldId, series: &SeriesName, source: StoreError) -> Self {
        match source {
            StoreError::Expression { message: why } => Self::Hold { hold: hold.clone(), series: series.clone(), why },
            source => Self::Records { series: series.clone(), source },
        }
    }

    /// The source whose database keeps the plan from being made, where one does: the others can be planned without it.
    /// Reading that was given up, because the program ends, is no fault of a source.
    pub fn source_at_fault(&self, series: &[SeriesMapping]) -> Option<SourceName> {
        match self {
            Self::Source { source: StoreError::Interrupted { .. }, .. }
            | Self::Records { source: StoreError::Interrupted { .. }, .. } => None,
            Self::Source { source_name, .. } => Some(source_name.clone()),
            Self::Records { series: name, .. } | Self::Unproved { series: name, .. } => {
                series.iter().find(|mapping| mapping.series == *name).map(|mapping| mapping.source.clone())
            }
            _ => None,
        }
    }

    /// Its stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::File { .. } | Self::Body { .. } | Self::Json(_) => "plan-file",
            Self::Unknown { .. } => "unknown-plan",
            Self::Erased { .. } => "plan-erased",
            Self::Altered { .. } => "plan-altered",
            Self::NotInForce { .. } => "calendar-not-in-force",
            Self::Version(error) => error.code(),
            Self::UnknownRule { .. } => "unknown-rule",
            Self::Governing(_) => "rule-not-supported",
            Self::Records { source, .. } | Self::Source { source, .. } => source.code(),
            Self::Hold { .. } => "hold-expression",
            Self::VoidHold(_) => "hold-void",
            Self::NoSource { .. } => "no-source",
            Self::Log(error) => error.code(),
            Self::Unbalanced { .. } => "unbalanced",
            Self::Unproved { .. } => "mapping-unproved",
            Self::NoSuchDay { .. } => "no-such-day",
        }
    }

    /// What kind of answer it is.
    pub fn kind(&self) -> RefusalKind {
        match self {
            Self::Unknown { .. } | Self::UnknownRule { .. } | Self::NoSuchDay { .. } => RefusalKind::Usage,
            Self::Erased { .. }
            | Self::Altered { .. }
            | Self::Hold { .. }
            | Self::VoidHold(_)
            | Self::NotInForce { .. } => RefusalKind::Refused,
            Self::Version(_) | Self::Governing(_) | Self::NoSource { .. } | Self::Unproved { .. } => {
                RefusalKind::Configuration
            }
            Self::Records { source, .. } | Self::Source { source, .. } => RefusalKind::of_records(source),
            Self::Log(error) => RefusalKind::of_log(error),
            Self::File { .. } | Self::Body { .. } | Self::Json(_) | Self::Unbalanced { .. } => RefusalKind::Failure,
        }
    }
}
