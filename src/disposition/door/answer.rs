//! Answers requests: the same code for the socket and for one process.
//!
//! What takes long (reading a plan's list, asking a database how a key is typed) is done before the Desk is taken.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::time::Duration;

use crate::audit::{Fingerprinter, key_year};
use crate::disposition::Installation;
use crate::disposition::approval::Terms;
use crate::disposition::desk::{DeskError, HoldOrder, Naming, SharedDesk, approvals_of, approve_plan, check_reason};
use crate::disposition::execute::{self, ExecuteError};
use crate::disposition::holds::{HoldScope, Meaning, key_text};
use crate::disposition::request::{NamedRecord, Request, Response};
use crate::model::{Actor, Digest, Instant, PlanId, RecordKey, SeriesName, SourceName};
use crate::records::mapping::SeriesMapping;
use crate::records::sqlite::{Asked, Reader, StoreError};

/// How long the expression of a hold is tried on rows before it is placed.
const LONGEST_TRIAL: Duration = Duration::from_secs(10);

/// How long the records are looked for that a reference names; beyond, the hold keeps them by the reference alone.
const LONGEST_SEARCH: Duration = Duration::from_secs(2);

/// So many records, at most, does a hold by reference keep by their keys, too.
const MOST_BY_KEY: usize = 1_000;

/// So many records, at most, does a hold by an expression that reads other rows keep by their keys.
const MOST_NOTED: usize = 10_000;

/// Who wants to except more should approve less.
const MOST_EXCEPTIONS: usize = 100_000;

/// One who asks, and what they said before.
pub struct Session {
    actor: Actor,
    excepted: Option<(PlanId, HashSet<NamedRecord>)>,
}

impl Session {
    /// A session of this person.
    pub fn new(actor: Actor) -> Self {
        Self { actor, excepted: None }
    }

    /// Who asks.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Answers a request; an error is an answer too.
    pub fn answer(&mut self, desk: &SharedDesk, request: Request, now: Instant) -> Response {
        self.try_answer(desk, request, now).unwrap_or_else(|error| Response::Refused(error.refusal()))
    }

    /// Answers a request.
    ///
    /// # Errors
    /// Why it is not granted.
    pub fn try_answer(&mut self, desk: &SharedDesk, request: Request, now: Instant) -> Result<Response, DeskError> {
        match request {
            Request::HoldPlace { hold, meaning, reason, case, review_by } => {
                check_reason(&reason, case.as_deref())?;
                let install = desk.install();
                let scope = of_persons(&install, hold);
                if let Some(asked) = meaning {
                    means_as_asked(&install, &scope, &asked, now)?;
                }
                let known = Known::of(&install, scope)?;
                let meaning = Meaning::of(&install, &known.scope, now);
                let actor = self.actor.clone();
                place(
                    desk,
                    HoldOrder { scope: known.scope, meaning, reason, case, review_by, actor },
                    known.record,
                    now,
                )
            }
            Request::HoldLift { hold, reason } => {
                check_reason(&reason, None)?;
                desk.lock()?.lift_hold(&hold, &reason, &self.actor, now)?;
                Ok(Response::HoldLifted { hold })
            }
            Request::HoldList => {
                let desk = desk.lock()?;
                let lost = desk.lost_holds().cloned().collect();
                Ok(Response::Holds { holds: desk.holds_in_force().to_vec(), lost })
            }
            Request::Except { plan, records } => self.except(plan, records),
            Request::Approve { plan, accept, only, excepted } => {
                let wanted = self.take_excepted(&plan, excepted)?;
                let terms = Terms { accept, only, ..Terms::default() };
                // Whoever names `restored` answers for what is on record.
                put_imported_on_record(desk, &plan, now)?;
                let approved = approve_plan(desk, &plan, terms, &wanted, &self.actor, now)?;
                Ok(Response::Approved { decision: approved.decision().clone() })
            }
            Request::Reject { plan, reason } => {
                check_reason(&reason, None)?;
                desk.lock()?.reject(&plan, &reason, &self.actor, now)?;
                Ok(Response::Rejected { plan })
            }
            Request::ReleaseFiles { plan, reason } => {
                check_reason(&reason, None)?;
                let mut desk = desk.lock()?;
                Ok(Response::FilesReleased(execute::release(&mut desk, &plan, &reason, &self.actor, now)?))
            }
            Request::Plans => Ok(Response::Plans { plans: desk.lock()?.plan_list(now)? }),
            Request::ApprovalsOf { record } => {
                Ok(Response::ApprovalsOf { approvals: approvals_of(desk, &record, now)? })
            }
            Request::Stayed { records } => Ok(Response::Stayed { stayed: desk.lock()?.stayed(&records)? }),
            Request::PlanningKeys { sources, digests } => planning_keys(desk, &sources, &digests, now),
            Request::Daemon { .. } => Err(DeskError::NoDaemon { state: desk.install().state.clone() }),
        }
    }

    fn except(&mut self, plan: PlanId, records: Vec<NamedRecord>) -> Result<Response, DeskError> {
        let mut excepted = match self.excepted.take() {
            Some((before, excepted)) if before == plan => excepted,
            _ => HashSet::new(),
        };
        excepted.extend(records);
        if excepted.len() > MOST_EXCEPTIONS {
            return Err(DeskError::TooManyExceptions { most: MOST_EXCEPTIONS });
        }
        let records = excepted.len() as u64;
        self.excepted = Some((plan, excepted));
        Ok(Response::Excepted { records })
    }

    /// The records excepted so far. That they are as many as the approval says keeps one from going through without
    /// them.
    fn take_excepted(&mut self, plan: &PlanId, expected: u64) -> Result<HashSet<NamedRecord>, DeskError> {
        let excepted = match self.excepted.take() {
            Some((excepted_of, records)) if excepted_of == *plan => records,
            _ => HashSet::new(),
        };
        let found = excepted.len() as u64;
        if found == expected { Ok(excepted) } else { Err(DeskError::OtherExceptions { expected, found }) }
    }
}

/// The scope, where it names a person, by the series in which the people are: only the configuration obeyed here says
/// that for certain.
fn of_persons(install: &Installation, scope: HoldScope) -> HoldScope {
    match scope {
        HoldScope::Subject { series, key } => HoldScope::Subject { series: install.persons_of(&series).clone(), key },
        scope => scope,
    }
}

/// That a hold keeps here all that it keeps by the configuration of whoever asks.
///
/// # Errors
/// It would keep less: this process still goes by files that have changed since.
fn means_as_asked(install: &Installation, scope: &HoldScope, asked: &Meaning, now: Instant) -> Result<(), DeskError> {
    match asked.unmatched(&Meaning::of(install, scope, now)) {
        None => Ok(()),
        Some(series) => Err(DeskError::OtherMeaning { series: series.clone(), state: install.state.clone() }),
    }
}

/// `record`: the one that the hold names, where it names one.
fn place(desk: &SharedDesk, order: HoldOrder, record: Option<RecordName>, now: Instant) -> Result<Response, DeskError> {
    let mut desk = desk.lock()?;
    let naming = match record {
        None => Naming::default(),
        Some((source, series, key)) => {
            let year = key_year(desk.log().stamped(now));
            // Without a name in the log the hold holds all the same.
            let named = desk.log().fingerprinter(&source, year, now);
            Naming(named.ok().map(|name: Fingerprinter| (year, name.record(&series, &key).to_string())))
        }
    };
    let (hold, recorded) = desk.place_hold(order, naming, now)?;
    let unrecorded = recorded.err().map(|error| DeskError::Log(error).refusal().message);
    Ok(Response::HoldPlaced { hold, unrecorded })
}

fn planning_keys(
    desk: &SharedDesk,
    sources: &[SourceName],
    digests: &[Digest],
    now: Instant,
) -> Result<Response, DeskError> {
    let install = desk.install();
    let mut desk = desk.lock()?;
    // A plan must know of a database that was restored.
    if let Err(ExecuteError::Desk(error @ DeskError::LogBehind { .. })) = execute::look_for_restored(&mut desk, now) {
        return Err(error);
    }
    let year = key_year(desk.log().stamped(now));
    for source in sources.iter().filter(|source| install.sources.contains_key(*source)) {
        desk.log().fingerprinter(source, year, now)?;
    }
    let digests = digests.iter().map(|digest| desk.log().keyed_digest(&digest.to_string())).collect();
    Ok(Response::PlanningKeys { year, digests })
}

fn put_imported_on_record(desk: &SharedDesk, plan: &PlanId, now: Instant) -> Result<(), DeskError> {
    match execute::put_imported_on_record(desk, plan, now) {
        Err(ExecuteError::Desk(error)) => Err(error),
        Err(ExecuteError::Log(error)) => Err(error.into()),
        Err(ExecuteError::Plan(error)) => Err(error.into()),
        Err(ExecuteError::Store(error)) => Err(error.into()),
        // No other is known. The plan trips `restored` by itself.
        Err(_) | Ok(()) => Ok(()),
    }
}

/// A scope that the installation knows, its key as the database would show it.
struct Known {
    scope: HoldScope,
    /// The one record it names, where its database could type the key.
    record: Option<RecordName>,
}

/// What a fingerprint is made of.
type RecordName = (SourceName, SeriesName, RecordKey);

impl Known {
    fn of(install: &Installation, scope: HoldScope) -> Result<Self, DeskError> {
        let known = |series| {
            install.mapping(series).ok_or_else(|| DeskError::UnknownSeries { series: SeriesName::clone(series) })
        };
        let mapping = scope.series().map(known).transpose()?;
        match (scope, mapping) {
            (HoldScope::Record { key, .. }, Some(mapping)) => {
                let (key, record) = typed(install, mapping, key)?;
                Ok(Self { scope: HoldScope::Record { series: mapping.series.clone(), key }, record })
            }
            (HoldScope::Subject { key, .. }, Some(mapping)) => {
                let (key, record) = typed(install, mapping, key)?;
                Ok(Self { scope: HoldScope::Subject { series: mapping.series.clone(), key }, record })
            }
            (HoldScope::Reference { .. }, Some(mapping)) if mapping.reference.is_none() => {
                Err(DeskError::NoReference { series: mapping.series.clone() })
            }
            (HoldScope::Reference { series, reference, .. }, Some(mapping)) => {
                let keys = borne_by(install, mapping, &reference);
                Ok(Self { scope: HoldScope::Reference { series, reference, keys }, record: None })
            }
            (HoldScope::Where { series, expression, .. }, Some(mapping)) => {
                let keys = matching_now(&mut open(install, mapping)?, &series, &expression)?;
                Ok(Self { scope: HoldScope::Where { series, expression, keys }, record: None })
            }
            (HoldScope::Rule { rule }, _) => {
                install.knows_rule(&rule)?;
                Ok(Self { scope: HoldScope::Rule { rule }, record: None })
            }
            (scope, _) => Ok(Self { scope, record: None }),
        }
    }
}

/// The keys of the records that are cited so now: these are kept whatever becomes of the reference. None where they
/// cannot be looked up now, which keeps nobody from holding, or are so many that nobody can have meant each.
fn borne_by(install: &Installation, mapping: &SeriesMapping, reference: &str) -> Vec<Vec<String>> {
    let found = open(install, mapping)
        .and_then(|reader| Ok(reader.find_reference_within(&mapping.series, reference, LONGEST_SEARCH)?));
    let found = found.unwrap_or_default();
    if found.len() > MOST_BY_KEY { Vec::new() } else { found.iter().map(key_text).collect() }
}

/// Tries an expression on the rows, and returns the keys of the records for which it holds, where it reads other rows
/// than theirs, which may go first, or where our own runs may change theirs: the record must stay. They are in force
/// together with the expression, which sees to whatever comes to match after its row was looked at.
///
/// Only the database can say that it is an expression, and that it fails on no row: a hold that cannot be asked would
/// stop every plan later. So an unreadable database cannot be told from a wrong expression. Whoever asks for a hold
/// does not wait until a large table was read: what fails beyond is kept as well, and told by the next plan.
fn matching_now(reader: &mut Reader, series: &SeriesName, expression: &str) -> Result<Vec<Vec<String>>, DeskError> {
    let may_end = reader.looks_elsewhere(series, expression)? || reader.is_written_by_runs(series)?;
    let mut keys = Vec::new();
    let mut note = |key: Option<RecordKey>| {
        keys.extend(key.filter(|_| may_end).map(|key| key_text(&key)));
        if keys.len() > MOST_NOTED { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let asked = reader.find_where(series, expression, LONGEST_TRIAL, &mut note)?;
    let unbound = |why: String| Err(DeskError::UnboundHold { series: series.clone(), why });
    if keys.len() > MOST_NOTED {
        return unbound(format!("it holds for more than {MOST_NOTED} records"));
    }
    if may_end && asked == Asked::Some {
        return unbound(format!("not every record could be asked within {} s", LONGEST_TRIAL.as_secs()));
    }
    Ok(keys)
}

/// A key as the database would show it (`7` for the `007` of an integer key). A database that cannot be read now keeps
/// nobody from holding: the key then stands as it was given.
fn typed(
    install: &Installation,
    mapping: &SeriesMapping,
    key: Vec<String>,
) -> Result<(Vec<String>, Option<RecordName>), DeskError> {
    if key.len() != mapping.key.len() {
        let series = mapping.series.clone();
        return Err(DeskError::KeyColumns { series, key: mapping.key.clone(), found: key.len() });
    }
    match open(install, mapping).and_then(|reader| Ok(reader.parse_key(&mapping.series, &key)?)) {
        Ok(typed) => Ok((key_text(&typed), Some((mapping.source.clone(), mapping.series.clone(), typed)))),
        Err(DeskError::Records(error @ StoreError::Key { .. })) => Err(error.into()),
        Err(_) => Ok((key, None)),
    }
}

fn open(install: &Installation, mapping: &SeriesMapping) -> Result<Reader, DeskError> {
    let source = install.sources.get(&mapping.source);
    let source = source.ok_or_else(|| DeskError::UnknownSeries { series: mapping.series.clone() })?;
    Ok(Reader::open_to_look(source, &install.series)?)
}
