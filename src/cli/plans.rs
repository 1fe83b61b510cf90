//! `plans`: which plans there are, and where each stands.

use clap::Args;

use super::error::Failure;
use super::exit::Exit;
use super::session::Session;
use super::setup::Setup;
use crate::disposition::request::{Request, Response};
use crate::report::plans::{PlanLine, PlansReport};

/// Arguments of `plans`.
#[derive(Debug, Args)]
pub struct Plans {}

impl Plans {
    /// Lists them.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let setup = Setup::load(session)?;
        match setup.desk()?.ask(Request::Plans)? {
            Response::Plans { plans } => {
                let plans = plans.iter().map(PlanLine::from).collect();
                session.show(&PlansReport { plans }, setup.language)?;
                Ok(Exit::Ok)
            }
            _ => Err(Failure::unexpected()),
        }
    }
}
