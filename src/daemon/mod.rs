//! The daemon: at its hours it plans, and does what its mode allows. The only room that knows tokio; the core stays
//! synchronous.
//!
//! Five kinds of threads: the heartbeat (tokio: ticks, watchdog, `exposition`) sends orders; the run loop (`runner`)
//! obeys them one at a time, so runs never overlap; connections to the control socket are answered by the Desk and the
//! `steward`; `notify` runs the command for alerts; the main thread waits for signals. All but `notify` are restricted
//! to the files that the configuration names (`sandbox`).

mod alerts;
mod board;
mod counts;
mod error;
mod execution;
mod executions;
mod exposition;
mod firing;
mod heartbeat;
mod housekeeping;
mod installation;
mod kept;
mod kernel;
pub mod logging;
mod metrics;
mod notify;
mod orders;
mod own_plans;
mod probe;
mod pulse;
mod recovery;
mod reload;
mod rest;
mod retire;
mod run;
mod runner;
mod sandbox;
mod scan;
pub mod schedule;
mod standing;
mod steward;
mod systemd;
mod textfile;

pub use error::DaemonError;
pub use installation::installation;
pub use probe::may_be_due;
pub use run::{Options, run};
