//! `run`: the daemon.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::clock;
use super::environment;
use super::error::Failure;
use super::exit::Exit;
use super::session::Session;
use crate::audit;
use crate::config;
use crate::daemon::logging::{self, LogFormat};
use crate::daemon::{self, DaemonError, Options};
use crate::disposition::desk::actor_of;

/// Arguments of `run`.
#[derive(Debug, Args)]
pub struct Run {
    /// How to log: auto, text, json or journald
    #[arg(long, value_name = "FORMAT", default_value_t)]
    log_format: LogFormat,
}

/// Once a minute, at its first second.
const HEARTBEAT: &str = "0 * * * * *";

/// The signing key of the log, where the service manager hands it over.
const CREDENTIAL: &str = "audit-signing-key";

impl Run {
    /// Runs until a signal ends it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let variable = environment::text;
        let journal = variable("JOURNAL_STREAM");
        let filter = variable("RETENTIOND_LOG");
        logging::start(self.log_format, journal.as_deref(), filter.as_deref()).map_err(|error| {
            let mend = "Choose another --log-format.";
            Failure::new(Exit::Failure, "journal", format!("The journal cannot be reached: {error}."), "run", mend)
        })?;
        let loaded = config::load(&session.config)?;
        for note in &loaded.notes {
            tracing::info!(place = note.place, "{}", note.message);
        }
        let credentials = variable("CREDENTIALS_DIRECTORY").map(PathBuf::from);
        let keys = credentials.as_ref().map(|directory| directory.join(CREDENTIAL));
        let keys = keys.filter(|file| file.exists()).map(|file| {
            // Who handed it in, nobody knows here: the daemon's own account answers for the declaration.
            let actor = actor_of(rustix::process::getuid().as_raw());
            audit::keys_in(&loaded.config.state).with_credential(file).declaring(actor)
        });
        let options = Options {
            file: session.config.clone(),
            loaded,
            keys,
            credentials,
            clock: Arc::new(clock::now),
            synchronization: Arc::new(clock::synchronization),
            boot: clock::boot_id(),
            clock_boot: clock::boot_of_clock(),
            heartbeat: heartbeat(),
        };
        daemon::run(options)?;
        Ok(Exit::Ok)
    }
}

impl From<DaemonError> for Failure {
    fn from(error: DaemonError) -> Self {
        match error {
            DaemonError::Desk(error) => error.into(),
            error => {
                let (exit, code) = match &error {
                    DaemonError::NoSchedule => (Exit::BadConfig, "no-schedule"),
                    DaemonError::Metrics { .. } => (Exit::BadConfig, "metrics"),
                    _ => (Exit::Failure, "daemon"),
                };
                Self::of_room(exit, code, &error, "the daemon", "The log of the service says more.")
            }
        }
    }
}

/// A test cannot wait for a minute.
fn heartbeat() -> String {
    #[cfg(feature = "simulate")]
    if let Some(pattern) = environment::text("RETENTIOND_HEARTBEAT") {
        return pattern;
    }
    HEARTBEAT.to_owned()
}
