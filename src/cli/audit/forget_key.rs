//! `audit forget-key`: after this, nobody can say any more which records an old log speaks of.

use clap::Args;

use crate::cli::clock;
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::cli::setup::Setup;
use crate::disposition::desk::actor_of;
use crate::model::SourceName;
use crate::report::log::KeyForgotten;

/// Arguments of `audit forget-key`.
#[derive(Debug, Args)]
pub struct ForgetKey {
    /// The source
    source: SourceName,
    /// Year of the key
    year: i32,
}

impl ForgetKey {
    /// Destroys the key and puts that on record; refuses while something needs it (exit 3).
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let setup = Setup::load(session)?;
        let door = setup.desk()?.0;
        let Some(desk) = door.here() else {
            return Err(Failure::new(
                Exit::Locked,
                "state-locked",
                "Another retentiond holds the state, and a key is not destroyed under its hands.",
                setup.install.state.display().to_string(),
                "Wait until it ends, or stop it, then run the same command again.",
            ));
        };
        let actor = actor_of(rustix::process::getuid().as_raw());
        desk.lock()?.log().forget_key(&self.source, self.year, actor, clock::now())?;
        session.show(&KeyForgotten { source: self.source.to_string(), year: self.year }, setup.language)?;
        Ok(Exit::Ok)
    }
}
