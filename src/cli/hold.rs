//! `hold`: what is kept whatever the calendar says.

use clap::{Args, Subcommand};

use super::arguments::{day, filled};
use super::asker::Asker;
use super::audit::wanted::{KeyAsked, Name, find};
use super::clock;
use super::error::Failure;
use super::exit::Exit;
use super::session::Session;
use super::setup::Setup;
use crate::audit::lookup::Found;
use crate::calendar::Rule;
use crate::disposition::Installation;
use crate::disposition::holds::{Hold, HoldScope, Meaning};
use crate::disposition::reach::{Reach, reach};
use crate::disposition::request::{Request, Response};
use crate::model::{CivilDate, HoldId, RuleNumber, SeriesName, Zone, in_utc};
use crate::records::mapping::SeriesMapping;
use crate::report::Words;
use crate::report::holds::{HoldDone, HoldLine, HoldsReport, keeps};

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
  hold place --subject 7 --reason TEXT             a person, and every record of that person
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
    #[arg(long, value_parser = filled, conflicts_with_all = ["subject", "rule", "expression"])]
    reference: Option<String>,
    /// A person, by the key of that person's own record: keep it and every record of that person
    #[arg(long, value_name = "KEY", num_args = 0.., conflicts_with_all = ["rule", "expression"])]
    subject: Option<Vec<String>>,
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
    #[arg(long, value_name = "DATE", value_parser = day)]
    review_by: Option<CivilDate>,
}

impl HoldCommand {
    /// Places, lifts or lists holds.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let asker = Asker::load(session)?;
        match self.command {
            HoldAction::Place(place) => place.run(asker, session),
            HoldAction::Lift { hold, reason } => lift(HoldId::new(hold), reason, asker, session),
            HoldAction::List => list(asker, session),
        }
    }
}

impl Place {
    fn run(self, mut asker: Asker, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let words = asker.language.words();
        let (reason, case, review_by) = (self.reason.clone(), self.case.clone(), self.review_by);
        let hold = self.scope(asker.install())?;
        let meaning = asker.install().map(|install| Meaning::of(install, &hold, clock::now()));
        let request = Request::HoldPlace { hold, meaning, reason, case, review_by };
        match asker.ask(request)? {
            Response::HoldPlaced { hold, unrecorded } => {
                let counted = |install| reach(install, std::slice::from_ref(&hold)).remove(&hold.id);
                let reach = asker.install().and_then(counted);
                let done = HoldDone {
                    hold: hold.id.to_string(),
                    action: "placed".to_owned(),
                    scope: hold.scope.name().to_owned(),
                    of: keeps(&hold.scope, words),
                    found: reach.as_ref().zip(asker.setup()).and_then(|(reach, setup)| gone(&hold.scope, reach, setup)),
                    present: reach.as_ref().map(|reach| reach.values().any(|records| *records > 0)),
                    keeps: reach,
                    by_key: by_key(&hold.scope),
                    series: hold.scope.series().map(ToString::to_string),
                    spares: asker.install().map(|install| spared(&hold.scope, install)).unwrap_or_default(),
                    unobeyed: asker.install().and_then(|install| unobeyed(&hold.scope, install)).map(str::to_owned),
                    review_is_past: hold.review_by.is_some_and(|day| day < today(asker.install())),
                    unrecorded,
                };
                session.show(&done, asker.language)?;
                Ok(Exit::Ok)
            }
            _ => Err(Failure::unexpected()),
        }
    }

    /// `install`: `None` where the configuration on disk cannot say what series there are.
    fn scope(self, install: Option<&Installation>) -> Result<HoldScope, Failure> {
        if let Some(rule) = self.rule {
            return Ok(HoldScope::Rule { rule });
        }
        let two_ways = || {
            Failure::usage(
                "A key, and another way to say which records, were both given.",
                "Give one of them; see hold place --help.",
            )
        };
        if let Some(key) = self.subject {
            let named = self.series.clone();
            let Some(install) = install else { return subject_unread(self.series, key, &self.key) };
            let series = subject_series(self.series, install)?;
            return match (key.is_empty(), self.key.is_empty()) {
                (false, false) => Err(two_ways()),
                (true, true) => {
                    Err(Failure::usage("--subject needs the person's key.", "hold place --subject KEY --reason TEXT"))
                }
                (false, true) => Ok(HoldScope::Subject { series, key }),
                (true, false) if named.is_some_and(|named| named != series) => Err(Failure::usage(
                    format!("A person is a record of {series}, and the key of another was given."),
                    "hold place --subject KEY --reason TEXT",
                )),
                // As people also say it: `hold place account 7 --subject`.
                (true, false) => Ok(HoldScope::Subject { series, key: self.key }),
            };
        }
        let Some(series) = self.series else {
            return Err(Failure::usage(
                "Nothing says what to keep.",
                "Name a series or a rule; see hold place --help.",
            ));
        };
        match (self.reference, self.expression) {
            (Some(_), _) | (_, Some(_)) if !self.key.is_empty() => Err(two_ways()),
            (Some(reference), _) => Ok(HoldScope::Reference { series, reference, keys: Vec::new() }),
            (_, Some(expression)) => Ok(HoldScope::Where { series, expression, keys: Vec::new() }),
            _ if self.key.is_empty() => Ok(HoldScope::Series { series }),
            _ => Ok(HoldScope::Record { series, key: self.key }),
        }
    }
}

/// The day that it is for those who wrote the calendar; in UTC where that cannot be read.
fn today(install: Option<&Installation>) -> CivilDate {
    let zone = install.and_then(|install| install.calendars.first()).map_or(Zone::UTC, |calendar| calendar.timezone);
    zone.civil_date(clock::now())
}

/// How many records a hold by reference keeps by their keys, too.
fn by_key(scope: &HoldScope) -> Option<u64> {
    match scope {
        HoldScope::Reference { keys, .. } => Some(keys.len() as u64),
        _ => None,
    }
}

/// Series in which people have other records, where a hold names people otherwise than by `--subject`.
fn spared(scope: &HoldScope, install: &Installation) -> Vec<String> {
    let Some(people) = scope.series().filter(|_| !matches!(scope, HoldScope::Subject { .. })) else {
        return Vec::new();
    };
    let is_of_people = |mapping: &&SeriesMapping| {
        mapping.series != *people && mapping.subject.as_ref().is_some_and(|subject| subject.series == *people)
    };
    install.series.iter().filter(is_of_people).map(|mapping| mapping.series.to_string()).collect()
}

/// Why the rule that a hold names disposes of nothing here; `None` where it does.
fn unobeyed(scope: &HoldScope, install: &Installation) -> Option<&'static str> {
    let HoldScope::Rule { rule } = scope else { return None };
    let mut rules = install.calendars.iter().flat_map(|calendar| &calendar.rules).filter(|known| known.number == *rule);
    let first = rules.next()?;
    if first.is_obeyed() || rules.any(Rule::is_obeyed) {
        return None;
    }
    Some(if first.example { "example" } else { "elsewhere" })
}

/// What the log says of the record that a hold names and that is not there; `None` where the hold names none, where the
/// log says nothing, or where that cannot be read: a hold needs no log that answers.
fn gone(scope: &HoldScope, reach: &Reach, setup: &Setup) -> Option<Found> {
    let series = scope.series().filter(|series| reach.get(*series) == Some(&0))?;
    let mapping = setup.install.mapping(series)?;
    let found = match scope {
        HoldScope::Record { key, .. } | HoldScope::Subject { key, .. } => {
            let typed = setup.reader(mapping).ok()?.parse_key(series, key).ok()?;
            find(setup, mapping, &Name::Key(&KeyAsked::given(key, Some(typed))))
        }
        HoldScope::Reference { reference, .. } => find(setup, mapping, &Name::Reference(reference)),
        HoldScope::Series { .. } | HoldScope::Rule { .. } | HoldScope::Where { .. } => return None,
    };
    found.ok().filter(|found| !found.is_absent())
}

/// The series of people: the one named, or the one that its mapping names as its subject, or the only one there is.
fn subject_series(named: Option<SeriesName>, install: &Installation) -> Result<SeriesName, Failure> {
    if let Some(series) = named {
        return Ok(install.persons_of(&series).clone());
    }
    let mut subjects: Vec<&SeriesName> =
        install.series.iter().filter_map(|mapping| Some(&mapping.subject.as_ref()?.series)).collect();
    subjects.sort();
    subjects.dedup();
    match subjects.as_slice() {
        [only] => Ok((*only).clone()),
        _ => Err(Failure::usage(
            "Which series holds the people is not clear: the configuration names none, or several, as `subject`.",
            "Name it: hold place SERIES --subject KEY --reason TEXT",
        )),
    }
}

/// A person, where only whoever answers knows which series holds the people: it is told by the one that was named.
fn subject_unread(named: Option<SeriesName>, key: Vec<String>, other: &[String]) -> Result<HoldScope, Failure> {
    match named {
        Some(series) if !key.is_empty() && other.is_empty() => Ok(HoldScope::Subject { series, key }),
        _ => Err(Failure::usage(
            "While the configuration on disk is not in order, a person is told by a series and the key after --subject.",
            "hold place SERIES --subject KEY --reason TEXT",
        )),
    }
}

fn lift(hold: HoldId, reason: String, mut asker: Asker, session: &mut Session<'_>) -> Result<Exit, Failure> {
    let words = asker.language.words();
    let of = match asker.ask(Request::HoldList)? {
        Response::Holds { holds, .. } => {
            holds.iter().find(|held| held.id == hold).map(|held| keeps(&held.scope, words))
        }
        _ => return Err(Failure::unexpected()),
    };
    match asker.ask(Request::HoldLift { hold, reason })? {
        Response::HoldLifted { hold } => {
            let of = of.unwrap_or_default();
            let done = HoldDone { hold: hold.to_string(), action: "lifted".to_owned(), of, ..HoldDone::default() };
            session.show(&done, asker.language)?;
            Ok(Exit::Ok)
        }
        _ => Err(Failure::unexpected()),
    }
}

fn list(mut asker: Asker, session: &mut Session<'_>) -> Result<Exit, Failure> {
    let words = asker.language.words();
    match asker.ask(Request::HoldList)? {
        Response::Holds { holds, lost } => {
            let mut reach = asker.install().map(|install| reach(install, &holds)).unwrap_or_default();
            let report = HoldsReport {
                holds: holds.iter().map(|hold| line(hold, reach.remove(&hold.id), words)).collect(),
                lost: lost.iter().map(ToString::to_string).collect(),
            };
            session.show(&report, asker.language)?;
            Ok(Exit::Ok)
        }
        _ => Err(Failure::unexpected()),
    }
}

fn line(hold: &Hold, keeps_now: Option<Reach>, words: &Words) -> HoldLine {
    HoldLine {
        hold: hold.id.to_string(),
        scope: hold.scope.name().to_owned(),
        of: keeps(&hold.scope, words),
        keeps: keeps_now,
        by_key: by_key(&hold.scope),
        reason: hold.reason.clone(),
        case: hold.case.clone(),
        review_by: hold.review_by.map(|day| day.to_string()),
        by: hold.actor.to_string(),
        placed_at: in_utc(hold.placed_at),
    }
}
