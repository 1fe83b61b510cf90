//! `audit adopt`: a successor, where a log cannot go on.

use clap::Args;

use crate::cli::clock;
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::cli::setup::Setup;
use crate::disposition::desk::{DeskError, actor_of, adopt_log};
use crate::disposition::execute::spooled_files;
use crate::report::log::Adopted;

/// Arguments of `audit adopt`.
#[derive(Debug, Args)]
pub struct Adopt {
    /// Why; stays in the private state, the new log has its keyed digest
    #[arg(long)]
    reason: String,
}

impl Adopt {
    /// Moves the log aside, untouched, and begins a successor that says so in its first entry.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let setup = Setup::load(session)?;
        if self.reason.trim().is_empty() {
            return Err(Failure::usage("A reason is needed.", "audit adopt --reason TEXT"));
        }
        let actor = actor_of(rustix::process::getuid().as_raw());
        let successor = adopt_log(&setup.install.state, setup.keys(), &self.reason, actor, clock::now())?;
        let left = spooled_files(&setup.install.state).map_err(DeskError::from)?;
        session.show(&Adopted::new(successor, left, session.command(&[])), setup.language)?;
        Ok(Exit::Ok)
    }
}
