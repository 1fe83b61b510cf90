//! What can stop an execution. What concerns one record or one batch is an outcome, not an error.

use std::io;

use super::spool::SpoolError;
use crate::audit::LogError;
use crate::disposition::declared::VersionError;
use crate::disposition::desk::DeskError;
use crate::disposition::judge::GoverningError;
use crate::disposition::kinds::in_full;
use crate::disposition::plan::PlanError;
use crate::disposition::request::{Refusal, RefusalKind};
use crate::model::{BatchNumber, Instant, PlanId, SeriesName, SourceName, in_utc};
use crate::records::sqlite::StoreError;

/// Why an execution did not begin, or did not go on.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    #[error(transparent)]
    Version(#[from] VersionError),
    #[error(
        "the database of source {source_name} no longer says what the log says: it, or rows of it, were restored from a copy, or another database stands in its place, or the table retentiond_batch was dropped; look at what stands there, make a new plan, and approve it with `--accept restored` if its records are to be destroyed again"
    )]
    Restored { source_name: SourceName },
    #[error("a blackout window is open{}, in which nothing is destroyed; run the same command again once it has shut", until.map_or(String::new(), |until| format!(" until {}", in_utc(until))))]
    Blackout { until: Option<Instant> },
    #[error(
        "plan {plan} names the series {series}, which the configuration no longer has; make a new plan with `retentiond plan`"
    )]
    NoSeries { plan: PlanId, series: SeriesName },
    #[error(transparent)]
    Spool(#[from] SpoolError),
    #[error(
        "whether batch {batch} was committed cannot be read from source {source_name} now; run the same command again once it can be opened"
    )]
    Unresolved { batch: BatchNumber, source_name: SourceName, source: StoreError },
    #[error(
        "the log names batch {batch} of source {source_name}, which the configuration no longer has; give the source its name back so that the batch can be resolved"
    )]
    NoSource { batch: BatchNumber, source_name: SourceName },
    #[error(
        "the records of batch {batch} of source {source_name} cannot be told apart: both the plan's list and the fingerprint key of that year are gone; put back what stood under private/keys"
    )]
    Nameless { batch: BatchNumber, source_name: SourceName },
    #[error(
        "the database of source {source_name} does not say whether batch {batch} was committed; only its rows could, and the series {series} is not mapped as it was approved for them: put that mapping back, or approve a plan of the series as it is mapped now"
    )]
    Remapped { batch: BatchNumber, series: SeriesName, source_name: SourceName },
    #[error(
        "the evidence offered for batch {batch} is another batch's; this is a fault of the program, and nothing was committed"
    )]
    OtherBatch { batch: BatchNumber },
    #[error(
        "the fence row of batch {batch} is not as retentiond wrote it: somebody changed the table retentiond_batch; run the same command again, which reads the records themselves"
    )]
    Fence { batch: BatchNumber },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error(transparent)]
    Desk(#[from] DeskError),
    #[error(transparent)]
    Governing(#[from] GoverningError),
    #[error("a step of the protocol failed")]
    Step(#[from] io::Error),
}

impl ExecuteError {
    /// Its stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::Log(error) => error.code(),
            Self::Plan(error) => error.code(),
            Self::Desk(error) => error.code(),
            Self::Version(error) => error.code(),
            Self::Restored { .. } => "restored",
            Self::Blackout { .. } => "blackout",
            Self::NoSeries { .. } => "no-series",
            Self::NoSource { .. } => "no-source",
            Self::Governing(_) => "rule-not-supported",
            Self::Spool(error) if error.is_full() => "disk-full",
            Self::Spool(_) => "spool",
            Self::Unresolved { .. } => "unresolved-batch",
            Self::OtherBatch { .. } => "other-batch",
            Self::Nameless { .. } => "records-nameless",
            Self::Remapped { .. } => "batch-remapped",
            Self::Fence { .. } => "fence",
            Self::Step(_) => "step",
        }
    }

    /// Whether it concerns the source of one batch alone, so that others can be destroyed from.
    pub(super) fn is_of_one_source(&self) -> bool {
        matches!(
            self,
            Self::Unresolved { .. }
                | Self::Nameless { .. }
                | Self::Remapped { .. }
                | Self::NoSeries { .. }
                | Self::Store(_)
        )
    }

    /// What kind of answer it is.
    pub fn kind(&self) -> RefusalKind {
        match self {
            Self::Store(error) => RefusalKind::of_records(error),
            Self::Log(error) => RefusalKind::of_log(error),
            Self::Plan(error) => error.kind(),
            Self::Desk(error) => error.kind(),
            Self::Restored { .. } => RefusalKind::Refused,
            Self::Blackout { .. } => RefusalKind::Busy,
            Self::Version(_)
            | Self::NoSeries { .. }
            | Self::NoSource { .. }
            | Self::Remapped { .. }
            | Self::Governing(_) => RefusalKind::Configuration,
            Self::Spool(_)
            | Self::Unresolved { .. }
            | Self::OtherBatch { .. }
            | Self::Nameless { .. }
            | Self::Fence { .. }
            | Self::Step(_) => RefusalKind::Failure,
        }
    }

    /// As it is told over the socket.
    pub fn refusal(&self) -> Refusal {
        match self {
            Self::Desk(error) => error.refusal(),
            error => Refusal {
                kind: error.kind(),
                code: error.code().to_owned(),
                message: in_full(error),
                rails: Vec::new(),
                faults: Vec::new(),
            },
        }
    }
}
