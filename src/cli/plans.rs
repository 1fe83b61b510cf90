//! `plans`: which plans there are, and where each stands.

use clap::Args;

use super::asker::Asker;
use super::error::Failure;
use super::exit::Exit;
use super::session::Session;
use crate::disposition::request::{Request, Response};
use crate::report::plans::{PlanLine, PlansReport};

/// Arguments of `plans`.
#[derive(Debug, Args)]
pub struct Plans {}

impl Plans {
    /// Lists them.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let mut asker = Asker::load(session)?;
        match asker.ask(Request::Plans)? {
            Response::Plans { plans } => {
                let plans = plans.iter().map(PlanLine::from).collect();
                session.show(&PlansReport { plans }, asker.language)?;
                Ok(Exit::Ok)
            }
            _ => Err(Failure::unexpected()),
        }
    }
}
