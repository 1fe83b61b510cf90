//! `reject`: a person says no to a plan.

use clap::Args;

use super::asker::Asker;
use super::error::Failure;
use super::exit::Exit;
use super::session::Session;
use crate::disposition::request::{Request, Response};
use crate::model::PlanId;
use crate::report::plans::Rejected;

/// Arguments of `reject`.
#[derive(Debug, Args)]
pub struct Reject {
    /// As `plan` prints it
    plan: String,
    /// Why; stays in the private state, never in the log
    #[arg(long)]
    reason: String,
}

impl Reject {
    /// Rejects the plan: it can no longer be approved.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let mut asker = Asker::load(session)?;
        match asker.ask(Request::Reject { plan: PlanId::new(self.plan), reason: self.reason })? {
            Response::Rejected { plan } => {
                session.show(&Rejected { plan: plan.to_string() }, asker.language)?;
                Ok(Exit::Ok)
            }
            _ => Err(Failure::unexpected()),
        }
    }
}
