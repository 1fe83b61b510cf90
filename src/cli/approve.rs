//! `approve`: a person answers for a plan.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use clap::Args;

use super::error::Failure;
use super::exit::Exit;
use super::session::Session;
use super::setup::{DeskDoor, Setup};
use crate::config::Mode;
use crate::daemon::mode_word;
use crate::disposition::control::Control;
use crate::disposition::desk::PlanState;
use crate::disposition::rails::Rail;
use crate::disposition::request::{NamedRecord, PlanStatus, Request, Response};
use crate::model::{PlanId, RuleNumber};
use crate::report::csv::read_records;
use crate::report::plans::{Approved, Executes};

/// Arguments of `approve`.
#[derive(Debug, Args)]
pub struct Approve {
    /// As `plan` prints it
    plan: String,
    /// Guard rails that tripped and that you accept for this plan, by name
    #[arg(long, value_name = "RAIL,…", value_delimiter = ',')]
    accept: Vec<Rail>,
    /// Approve this rule only (may be given several times)
    #[arg(long, value_name = "RULE")]
    only: Vec<RuleNumber>,
    /// Records to leave out, at least one: lines of the file that `plan --csv` writes, or `series,key` lines
    #[arg(long, value_name = "FILE")]
    except: Option<PathBuf>,
}

/// Records named in one request; more go in several.
const AT_ONCE: usize = 1_000;

impl Approve {
    /// Approves the plan, or says which rails stand in the way (exit 3).
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let setup = Setup::load(session)?;
        let plan = PlanId::new(self.plan);
        let mut desk = setup.desk()?;
        refuse_empty(&plan, &mut desk)?;
        let except = self.except.as_deref().map(records).transpose()?.unwrap_or_default();
        for records in except.chunks(AT_ONCE) {
            desk.ask(Request::Except { plan: plan.clone(), records: records.to_vec() })?;
        }
        let excepted = except.iter().collect::<HashSet<_>>().len() as u64;
        match desk.ask(Request::Approve { plan, accept: self.accept, only: self.only, excepted })? {
            Response::Approved { decision } => {
                let executes = who_executes(&mut desk);
                let approved = Approved { program: session.command(&[]), executes, ..Approved::from(&decision) };
                session.show(&approved, setup.language)?;
                Ok(Exit::Ok)
            }
            _ => Err(Failure::unexpected()),
        }
    }
}

/// A daemon executes what is approved by itself, unless its mode is `report`. One that gives no answer promises nothing.
fn who_executes(desk: &mut DeskDoor) -> Executes {
    match desk.ask(Request::Daemon { control: Control::Status }) {
        Ok(Response::Status { status }) if status.mode != mode_word(Mode::Report) => {
            Executes::Daemon { waits: status.waiting }
        }
        _ => Executes::Apply,
    }
}

/// A plan without records would be approved for nothing.
fn refuse_empty(plan: &PlanId, desk: &mut DeskDoor) -> Result<(), Failure> {
    let Response::Plans { plans } = desk.ask(Request::Plans)? else { return Err(Failure::unexpected()) };
    let is_empty = |status: &&PlanStatus| {
        status.plan == *plan && status.state == PlanState::Pending && status.planned.values().all(|number| *number == 0)
    };
    match plans.iter().find(is_empty) {
        None => Ok(()),
        Some(_) => Err(Failure::new(
            Exit::Refused,
            "nothing-planned",
            "The plan lists no record: there is nothing to approve.",
            format!("plan {plan}"),
            "Make a new plan with `plan` once something is due; `forecast` says when.",
        )),
    }
}

fn records(path: &Path) -> Result<Vec<NamedRecord>, Failure> {
    let text = std::fs::read(path).map_err(|error| Failure::file(path, "read the file", &error))?;
    let failure =
        |message: String, mend| Failure::new(Exit::Usage, "except", message, path.display().to_string(), mend);
    let records = read_records(&text).map_err(|error| {
        failure(
            error.to_string(),
            "Each line is `series,key`, or a line of the file that `plan --csv` wrote, with its header.",
        )
    })?;
    // Whoever names a file means to except something: a search that found nothing must not approve all.
    if records.is_empty() {
        return Err(failure(
            "The file names no record to leave out; nothing was approved.".to_owned(),
            "Look at what wrote it; to approve all of the plan, leave `--except` away.",
        ));
    }
    Ok(records)
}
