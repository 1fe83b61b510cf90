//! `approve`: a person answers for a plan.

mod except;
mod spelling;

use std::path::PathBuf;

use clap::Args;

use except::List;

use super::error::Failure;
use super::exit::Exit;
use super::session::{Session, note};
use super::setup::{DeskDoor, Setup};
use crate::config::Mode;
use crate::disposition::control::Control;
use crate::disposition::rails::Rail;
use crate::disposition::request::{NamedRecord, Request, Response};
use crate::model::{PlanId, RuleNumber};
use crate::report::left_out;
use crate::report::meaning::{meanings, warnings};
use crate::report::plans::{Approved, Executes};

/// Arguments of `approve`.
#[derive(Debug, Args)]
pub struct Approve {
    /// As `plan` prints it
    plan: String,
    /// Guard rails that tripped and that you accept for this plan, by name
    #[arg(long, value_name = "RAIL,…", value_delimiter = ',')]
    accept: Vec<Rail>,
    /// Approve these rules only
    #[arg(long, value_name = "RULE,…", value_delimiter = ',')]
    only: Vec<RuleNumber>,
    /// Records to leave out, at least one: lines of the file that `plan --csv` writes, or `series,key` lines
    #[arg(long, value_name = "FILE")]
    except: Option<PathBuf>,
}

impl Approve {
    /// Approves the plan, or says which rails stand in the way (exit 3).
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let setup = Setup::load(session)?;
        let plan = PlanId::new(self.plan);
        let mut desk = setup.desk()?;
        if let Some(doubt) = desk.0.time()?.1 {
            note(&format!(
                "{doubt}; nothing is destroyed; if the clock is right, answer for it first, then make a new plan: `retentiond ctl resume --clock`"
            ));
        }
        let list = self.except.as_deref().map(|path| List::read(path, &setup)).transpose()?;
        let except = list.as_ref().map(List::records).unwrap_or_default();
        for records in NamedRecord::in_requests(&except) {
            desk.ask(Request::Except { plan: plan.clone(), records: records.to_vec() })?;
        }
        let excepted = except.len() as u64;
        let asked = desk.ask(Request::Approve { plan: plan.clone(), accept: self.accept, only: self.only, excepted });
        let answer = asked.map_err(|refusal| match &list {
            Some(list) if &*refusal.code == "not-on-plan" => list.not_on_plan(refusal, &plan, &setup),
            _ => refusal,
        });
        match answer? {
            Response::Approved { decision } => {
                let executes = who_executes(&mut desk);
                let meanings: Vec<_> =
                    setup.install.series.iter().flat_map(|mapping| meanings(mapping, &setup.install)).collect();
                let words = setup.language.words();
                let left_out = left_out::warnings(&decision.only, &setup.install, words);
                let approved = Approved {
                    program: session.command(&[]),
                    executes,
                    warnings: warnings(&meanings, words).into_iter().chain(left_out).collect(),
                    ..Approved::from(&decision)
                };
                session.show(&approved, setup.language)?;
                Ok(Exit::Ok)
            }
            _ => Err(Failure::unexpected()),
        }
    }
}

/// A daemon executes what is approved by itself, unless its mode is `report`. One that gives no answer promises
/// nothing.
fn who_executes(desk: &mut DeskDoor) -> Executes {
    match desk.ask(Request::Daemon { control: Control::Status }) {
        Ok(Response::Status { status }) if status.mode != Mode::Report.name() => {
            Executes::Daemon { waits: status.waiting }
        }
        _ => Executes::Apply,
    }
}
