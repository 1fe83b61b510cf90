//! `hold`: what is kept whatever the calendar says.

use clap::{Args, Subcommand};

use super::error::Failure;
use super::exit::Exit;
use super::session::Session;
use super::setup::Setup;
use crate::disposition::holds::{Hold, HoldScope};
use crate::disposition::request::{Request, Response};
use crate::model::{CivilDate, HoldId, RuleNumber, SeriesName};
use crate::report::holds::{HoldDone, HoldLine, HoldsReport};

/// Arguments of `hold`.
#[derive(Debug, Args)]
pub struct HoldCommand {
    #[command(subcommand)]
    command: HoldAction,
}

#[derive(Debug, Subcommand)]
enum HoldAction {
    /// Keep records from now on: once this returns, they stay until the hold is lifted
    Place(Place),
    /// Let records follow their calendar again
    Lift {
        /// As `hold place` and `hold list` print it
        hold: String,
        #[arg(long)]
        reason: String,
    },
    /// Every hold in force
    List,
}

/// What to keep, and why.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  hold place dossier 42 --reason TEXT              one record
  hold place dossier --reference R --reason TEXT   the records that people cite as R
  hold place account 7 --subject --reason TEXT     a person: the record, and every record of that person
  hold place dossier --reason TEXT                 the whole series
  hold place --rule PC-1 --reason TEXT             all that this rule decides on
  hold place dossier --where \"merchant = 'X'\" --reason TEXT")]
struct Place {
    /// The series
    series: Option<SeriesName>,
    /// The record's key, one argument per key column
    #[arg(allow_negative_numbers = true)]
    key: Vec<String>,
    /// What people cite instead of the key
    #[arg(long, conflicts_with_all = ["subject", "rule", "expression"])]
    reference: Option<String>,
    /// The record is a person: keep everything of that person too
    #[arg(long, conflicts_with_all = ["rule", "expression"])]
    subject: bool,
    /// Everything that this rule decides on
    #[arg(long, conflicts_with_all = ["series", "key", "expression"])]
    rule: Option<RuleNumber>,
    /// The records for which an SQL expression holds, then and later; the row is called `this`
    #[arg(long = "where", value_name = "SQL")]
    expression: Option<String>,
    /// Why; stays in the private state, never in the log
    #[arg(long)]
    reason: String,
    /// Number of the case or request
    #[arg(long)]
    case: Option<String>,
    /// Day by which someone looks again (YYYY-MM-DD); the hold does not end then
    #[arg(long, value_name = "DATE")]
    review_by: Option<CivilDate>,
}

impl HoldCommand {
    /// Places, lifts or lists holds.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let setup = Setup::load(session)?;
        match self.command {
            HoldAction::Place(place) => place.run(&setup, session),
            HoldAction::Lift { hold, reason } => lift(HoldId::new(hold), reason, &setup, session),
            HoldAction::List => list(&setup, session),
        }
    }
}

impl Place {
    fn run(self, setup: &Setup, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let request = Request::HoldPlace {
            reason: self.reason.clone(),
            case: self.case.clone(),
            review_by: self.review_by,
            hold: self.scope()?,
        };
        match setup.ask(request)? {
            Response::HoldPlaced { hold } => {
                let done = HoldDone { hold: hold.id.to_string(), action: "placed".to_owned(), of: describe(&hold.scope) };
                session.show(&done, setup.language)?;
                Ok(Exit::Ok)
            }
            other => Err(Failure::unexpected(&other)),
        }
    }

    fn scope(self) -> Result<HoldScope, Failure> {
        if let Some(rule) = self.rule {
            return Ok(HoldScope::Rule { rule });
        }
        let Some(series) = self.series else {
            return Err(Failure::usage("Nothing says what to keep.", "Name a series, or a rule: hold place --help."));
        };
        let has_key = !self.key.is_empty();
        match (self.reference, self.expression, self.subject) {
            (Some(_), _, _) | (_, Some(_), _) if has_key => Err(Failure::usage(
                "A key, and another way to say which records, were both given.",
                "Give one of them: hold place --help.",
            )),
            (Some(reference), _, _) => Ok(HoldScope::Reference { series, reference }),
            (_, Some(expression), _) => Ok(HoldScope::Where { series, expression }),
            (_, _, true) if has_key => Ok(HoldScope::Subject { series, key: self.key }),
            (_, _, true) => Err(Failure::usage("--subject needs a person's key.", "hold place SERIES KEY --subject …")),
            _ if has_key => Ok(HoldScope::Record { series, key: self.key }),
            _ => Ok(HoldScope::Series { series }),
        }
    }
}

fn lift(hold: HoldId, reason: String, setup: &Setup, session: &mut Session<'_>) -> Result<Exit, Failure> {
    let of = match setup.ask(Request::HoldList)? {
        Response::Holds { holds, .. } => holds.iter().find(|held| held.id == hold).map(|held| describe(&held.scope)),
        other => return Err(Failure::unexpected(&other)),
    };
    match setup.ask(Request::HoldLift { hold, reason })? {
        Response::HoldLifted { hold } => {
            let of = of.unwrap_or_default();
            session.show(&HoldDone { hold: hold.to_string(), action: "lifted".to_owned(), of }, setup.language)?;
            Ok(Exit::Ok)
        }
        other => Err(Failure::unexpected(&other)),
    }
}

fn list(setup: &Setup, session: &mut Session<'_>) -> Result<Exit, Failure> {
    match setup.ask(Request::HoldList)? {
        Response::Holds { holds, lost } => {
            let report = HoldsReport {
                holds: holds.iter().map(line).collect(),
                lost: lost.iter().map(ToString::to_string).collect(),
            };
            session.show(&report, setup.language)?;
            Ok(Exit::Ok)
        }
        other => Err(Failure::unexpected(&other)),
    }
}

fn line(hold: &Hold) -> HoldLine {
    HoldLine {
        hold: hold.id.to_string(),
        scope: hold.scope.name().to_owned(),
        of: describe(&hold.scope),
        reason: hold.reason.clone(),
        case: hold.case.clone(),
        review_by: hold.review_by.map(|day| day.to_string()),
        by: hold.actor.to_string(),
        placed_at: super::instant(hold.placed_at),
    }
}

/// What a hold keeps, as people say it.
pub(super) fn describe(scope: &HoldScope) -> String {
    match scope {
        HoldScope::Record { series, key } => format!("{series} {}", key.join(" ")),
        HoldScope::Reference { series, reference } => format!("{series} {reference}"),
        HoldScope::Subject { series, key } => format!("{series} {} and all of that person", key.join(" ")),
        HoldScope::Series { series } => format!("every {series}"),
        HoldScope::Rule { rule } => format!("all under rule {rule}"),
        HoldScope::Where { series, expression } => format!("{series} where {expression}"),
    }
}
