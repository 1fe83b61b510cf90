//! `plan`: a dry run. Touches nothing in the records.

use std::path::PathBuf;

use clap::Args;

use super::arguments::{day, one_rule};
use super::error::Failure;
use super::exit::Exit;
use super::output::Output;
use super::session::{Session, note};
use super::setup::Setup;
use crate::disposition::desk::DeskError;
use crate::disposition::door::Door;
use crate::disposition::execute::{left_files, waiting_files};
use crate::disposition::plan::{PlanDirs, PlanFile, PlanRequest};
use crate::disposition::request::{NamedRecord, Request, Response};
use crate::model::{CivilDate, RuleNumber, in_utc};
use crate::report::Report;
use crate::report::csv::PlanCsv;
use crate::report::plan::{PlanLeft, PlanReport};
use crate::report::unread::Unread;

/// Arguments of `plan`.
#[derive(Debug, Args)]
pub struct PlanCommand {
    /// Judge the records as of this day (YYYY-MM-DD); a day to come makes a simulation that nobody can approve
    #[arg(long, value_name = "DATE", value_parser = day)]
    as_of: Option<CivilDate>,
    /// List what is due under this rule only
    #[arg(long, value_name = "RULE", value_parser = one_rule)]
    only: Option<RuleNumber>,
    /// Count the rows and files that go along, however long it takes; without this, only where it takes no time
    #[arg(long)]
    dependents: bool,
    /// Also write the plan as JSON to this file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Also write the list of records, with their keys and what kept them before, to this file, which only you can read
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
}

impl PlanCommand {
    /// Makes a plan and shows it. Where a source could not be read, the plan lacks what is due in it (exit 5).
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let setup = Setup::load(session)?;
        let [out, csv] = self.outputs(&setup)?;
        let mut door = setup.desk()?.0;
        let (now, doubt) = door.time()?;
        if let Some(doubt) = doubt {
            note(&format!(
                "{doubt}; this plan goes by {}, and nothing is destroyed; if the clock is right, answer for it first, then plan anew: `retentiond ctl resume --clock`",
                in_utc(now)
            ));
        }
        let request = PlanRequest {
            now,
            as_of: self.as_of,
            only: self.only.clone(),
            dependents: self.dependents,
            asked_for: true,
        };
        let left = left(&door, &setup)?;
        let made = door.plan(&request)?;
        let report = PlanReport::new(&made, &setup.install, setup.language.words());
        let report = PlanReport { left, program: session.command(&[]), ..report };
        if let Some(out) = &out {
            out.write(|out| writeln!(out, "{:#}", report.json()))?;
        }
        if let Some(csv) = &csv {
            write_csv(&setup, (&made.file, &report.unread), csv)?;
        }
        session.show(&report, setup.language)?;
        Ok(if made.unread.is_empty() { Exit::Ok } else { Exit::Partial })
    }

    /// Where plan and list go, known before anything is done: both hold keys of records.
    fn outputs(&self, setup: &Setup) -> Result<[Option<Output>; 2], Failure> {
        let kept = setup.config.kept();
        let output = |path: &Option<PathBuf>| path.as_ref().map(|path| Output::private(path, &kept)).transpose();
        match [output(&self.out)?, output(&self.csv)?] {
            [Some(out), Some(csv)] if out.is(&csv) => {
                Err(Failure::usage("--out and --csv name one file.", "Name another one for each."))
            }
            outputs => Ok(outputs),
        }
    }
}

/// Writes the list of the plan's records, and what it lacks.
fn write_csv(setup: &Setup, (file, unread): (&PlanFile, &[Unread]), out: &Output) -> Result<(), Failure> {
    let plan = PlanDirs::of(&setup.install.state).open(&file.plan)?;
    let mut desk = setup.desk()?;
    let mut refused = None;
    let mut why = |records: Vec<NamedRecord>| {
        let mut reasons = Vec::with_capacity(records.len());
        for records in NamedRecord::in_requests(&records) {
            match desk.ask(Request::Stayed { records: records.to_vec() }) {
                Ok(Response::Stayed { stayed }) => {
                    reasons.extend(stayed.into_iter().map(|stayed| stayed.map(|stayed| stayed.reason)));
                }
                answer => {
                    refused = Some(answer.err().unwrap_or_else(Failure::unexpected));
                    return Err("the records that stayed could not be asked for");
                }
            }
        }
        Ok(reasons)
    };
    let written = out.write(|out| PlanCsv::new(file, unread, &setup.install.series).write(plan.body(), &mut why, out));
    refused.map_or(written, Err)
}

/// What earlier runs have left: whoever holds the state knows it best.
fn left(door: &Door, setup: &Setup) -> Result<Vec<PlanLeft>, Failure> {
    let left = match door.here() {
        Some(desk) => waiting_files(&mut *desk.lock()?)?,
        None => {
            let marked = left_files(&setup.install.state).map_err(DeskError::from)?;
            marked.into_iter().map(|left| (left.plan, left.files)).collect()
        }
    };
    Ok(left.into_iter().map(|(plan, files)| PlanLeft { plan: plan.to_string(), files }).collect())
}
