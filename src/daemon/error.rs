//! Why the daemon does not start, or ends.

use std::io;

use crate::disposition::desk::DeskError;

/// Why the daemon does not start, or ends otherwise than asked.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    #[error("`retentiond run` needs hours to keep; add `[schedule]` with a `timezone` to the configuration")]
    NoSchedule,
    #[error(transparent)]
    Desk(#[from] DeskError),
    #[error("signals cannot be handled")]
    Signals(#[source] io::Error),
    #[error("a thread cannot be started")]
    Thread(#[source] io::Error),
    #[error("the heartbeat cannot be started")]
    Heartbeat(#[from] tokio_cron_scheduler::JobSchedulerError),
    #[error("the metrics cannot be served at {address}; give `[metrics] listen` another address")]
    Metrics { address: String, source: io::Error },
    #[error("the run loop ended by itself, which is a defect of retentiond; what it did is on record, start it again")]
    Crashed,
}
