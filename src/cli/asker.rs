//! Commands that only ask the Desk. They work, too, while the configuration on disk is not in order: whoever holds the
//! state goes on by the one it has, destroys by it, and must hear of a hold.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::error::{Failure, sentence};
use super::session::Session;
use super::setup::{Setup, place, refused};
use super::waiting::telling;
use crate::config;
use crate::disposition::Installation;
use crate::disposition::desk::DeskError;
use crate::disposition::door::{ANSWER_WITHIN, AskError, Client, SIGN_WITHIN, connect_to_holder};
use crate::disposition::request::{Request, Response};
use crate::model::{Fault, Language};
use crate::report::plain::one_line;

/// The way to the Desk of a command that needs nothing else.
pub(super) struct Asker {
    /// Language of reports: `--lang`, or the configuration's where that can be read.
    pub(super) language: Language,
    desk: Way,
}

enum Way {
    /// By a configuration in order.
    Configured(Box<Setup>),
    /// To whoever holds the state that a configuration with faults names. The Desk is never taken by such a one.
    Held { client: Client, state: PathBuf },
}

impl Asker {
    /// Reads the session's configuration; where that has faults, connects to whoever holds the state, and says so on
    /// standard error.
    ///
    /// # Errors
    /// All faults of all files, where nobody holds the state, or nobody can tell where it is.
    pub(super) fn load(session: &Session<'_>) -> Result<Self, Failure> {
        let faults = match Setup::read(session) {
            Ok(setup) => return Ok(Self { language: setup.language, desk: Way::Configured(Box::new(setup)) }),
            Err(faults) => faults,
        };
        let Some(state) = config::state_of(&session.config) else { return Err(faults.into()) };
        let client = connect(&state, faults, session)?;
        Ok(Self { language: session.speaks(Language::default()), desk: Way::Held { client, state } })
    }

    /// What the configuration says; `None` where it is not in order.
    pub(super) fn setup(&self) -> Option<&Setup> {
        match &self.desk {
            Way::Configured(setup) => Some(setup),
            Way::Held { .. } => None,
        }
    }

    /// The installation, likewise.
    pub(super) fn install(&self) -> Option<&Installation> {
        self.setup().map(|setup| &*setup.install)
    }

    /// Asks.
    ///
    /// # Errors
    /// As [`super::setup::DeskDoor::ask`].
    pub(super) fn ask(&mut self, request: Request) -> Result<Response, Failure> {
        let (client, state) = match &mut self.desk {
            Way::Configured(setup) => return setup.desk()?.ask(request),
            Way::Held { client, state } => (client, &*state),
        };
        let place = place(&request);
        match telling(state, ANSWER_WITHIN, || client.send(&request))? {
            Response::Refused(refusal) => Err(refused(AskError::Refused(refusal), place)),
            response => Ok(response),
        }
    }
}

fn connect(state: &Path, faults: Vec<Fault>, session: &Session<'_>) -> Result<Client, Failure> {
    let mut failure = Failure::from(faults);
    let holder = state.display();
    match telling(state, SIGN_WITHIN, || connect_to_holder(state)) {
        Ok(client) => {
            let check = session.command(&["check"]);
            let said = format!(
                "note: {} is not in order (`{check}`); whoever holds {holder} goes by the one it has, and answers.",
                failure.place
            );
            // Where nobody reads standard error, the answer counts all the same.
            let _ = writeln!(io::stderr(), "{}", one_line(&said));
            return Ok(client);
        }
        Err(DeskError::NoDaemon { .. }) => {}
        Err(error @ DeskError::NoRights { .. }) => failure.message += &format!(" {}", sentence(&error.to_string())),
        Err(_) => {
            let pause = session.command(&["ctl", "pause", "--reason", "…"]);
            failure.message += &format!(
                " Somebody holds {holder} and gave no answer: a daemon goes on by the configuration it has until it is stopped, or `{pause}` is answered."
            );
        }
    }
    Err(failure)
}
