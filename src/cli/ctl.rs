//! `ctl`: talks to the daemon over its socket. A pause binds whoever destroys, so it needs no daemon.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::asker::Asker;
use super::error::Failure;
use super::exit::Exit;
use super::session::Session;
use super::waiting::telling;
use crate::config;
use crate::disposition::control::Control;
use crate::disposition::door::{ANSWER_WITHIN, Client, SIGN_WITHIN};
use crate::disposition::request::{Request, Response};
use crate::model::Language;
use crate::model::RuleNumber;
use crate::report::status::{Done, StatusReport};

/// Arguments of `ctl`.
#[derive(Debug, Args)]
pub struct Ctl {
    #[command(subcommand)]
    order: CtlOrder,
}

#[derive(Debug, Subcommand)]
enum CtlOrder {
    /// What the daemon does, what comes next, and what it needs
    Status,
    /// Scan now, whatever the schedule says
    Scan {
        /// Scan for these rules only
        #[arg(long, value_name = "RULE,…", value_delimiter = ',')]
        only: Vec<RuleNumber>,
    },
    /// Destroy nothing until `resume`, not even after a restart
    Pause {
        /// Why, for whoever finds it paused
        #[arg(long)]
        reason: String,
    },
    /// Go on after `pause`
    Resume {
        /// Answer, by your name, for the clock as it is
        #[arg(long)]
        clock: bool,
    },
    /// Read configuration and calendars again; on a fault the ones in use go on
    Reload,
}

impl Ctl {
    /// Asks the daemon, or whoever is to pause.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let (state, language) = place(session)?;
        let control = match self.order {
            CtlOrder::Status => Control::Status,
            CtlOrder::Scan { only } => Control::Scan { rules: only },
            CtlOrder::Pause { reason } => Control::Pause { reason },
            CtlOrder::Resume { clock } => Control::Resume { clock },
            CtlOrder::Reload => Control::Reload,
        };
        let request = Request::Daemon { control };
        let answer = match &request {
            // Whoever holds the state, daemon or not, or this command itself.
            Request::Daemon { control: Control::Pause { .. } | Control::Resume { .. } } => {
                Asker::load(session)?.ask(request)?
            }
            _ => {
                let mut client = telling(&state, SIGN_WITHIN, || Client::connect(&state))?;
                telling(&state, ANSWER_WITHIN, || client.send(&request))?
            }
        };
        match answer {
            Response::Status { status } => session.show(&StatusReport { status: *status }, language)?,
            Response::Done { message } => session.show(&Done { message }, language)?,
            Response::Refused(refusal) => return Err(refusal.into()),
            _ => return Err(Failure::unexpected()),
        }
        Ok(Exit::Ok)
    }
}

/// Where the daemon is, and in which language to tell of it. A configuration at fault must not hide the daemon that
/// still runs with the old one.
fn place(session: &Session<'_>) -> Result<(PathBuf, Language), Failure> {
    match config::load(&session.config) {
        Ok(loaded) => Ok((loaded.config.state, session.speaks(loaded.config.language))),
        Err(faults) => match config::state_of(&session.config) {
            Some(state) => Ok((state, session.speaks(Language::default()))),
            None => Err(faults.into()),
        },
    }
}
