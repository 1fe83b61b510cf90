//! `explain`: why is this still here, or why does it go?

use std::collections::BTreeSet;

use clap::Args;

use super::arguments::filled;
use super::audit::wanted::{KeyAsked, Name, answered, find};
use super::clock;
use super::error::{Failure, sentence};
use super::exit::Exit;
use super::session::Session;
use super::setup::Setup;
use crate::audit::leaf::Action;
use crate::audit::lookup::Found;
use crate::calendar::{Calendar, Due};
use crate::disposition::desk::Stayed;
use crate::disposition::explain::{Explanation, explain};
use crate::disposition::holds::{Hold, HoldIndex, key_text, value_text};
use crate::disposition::judge::{BlockedBy, JudgedAt, RuleStanding, RuleTerm, Term, Verdict};
use crate::disposition::plan::PlanError;
use crate::disposition::request::{Covered, NamedRecord, RecordApproval, Request, Response};
use crate::model::{HoldId, Instant, Moment, RecordKey, SeriesName, Zone, in_utc};
use crate::records::mapping::SeriesMapping;
use crate::report::effect::basis;
use crate::report::explain::{
    ApprovalLine, BlockerLine, Covers, EntryLine, ExplainReport, HoldOn, RuleStands, StayedLine, WayStands,
};
use crate::report::local;
use crate::report::log::date_time;
use crate::report::lookup::line;

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// The series
    series: SeriesName,
    /// The record's key, one argument per key column
    #[arg(allow_negative_numbers = true, required_unless_present = "reference")]
    key: Vec<String>,
    /// What people cite instead of the key
    #[arg(long, value_parser = filled, conflicts_with = "key")]
    reference: Option<String>,
}

impl Explain {
    /// Explains the record as of now.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let setup = Setup::load(session)?;
        let mapping = setup.mapping(&self.series)?;
        let mut reader = setup.reader(mapping)?;
        let key = match &self.reference {
            None => reader.parse_key(&mapping.series, &self.key)?,
            Some(_) if mapping.reference.is_none() => return Err(no_reference(mapping)),
            Some(reference) => match reader.find_reference(&mapping.series, reference)?.as_slice() {
                [only] => only.clone(),
                [] => {
                    return Err(not_one(
                        mapping,
                        "No record is cited so.",
                        "`audit lookup` says whether one was destroyed.",
                    ));
                }
                _ => return Err(not_one(mapping, "Several records are cited so.", "Name one by its key.")),
            },
        };
        let desk = AtDesk::ask(&setup, mapping, &key)?;
        let now = clock::now();
        let index = HoldIndex::new(&desk.holds);
        index.keep_their_meaning(&setup.install, now).map_err(PlanError::from)?;
        let explanation = explain(&setup.install, &mut reader, &index, mapping, &key, now)?;
        let asked = match &self.reference {
            None => KeyAsked::given(&self.key, Some(key.clone())),
            Some(_) => KeyAsked::of(key.clone()),
        };
        let found = find(&setup, mapping, &Name::Key(&asked))?;
        let mut report = match &explanation {
            Some(explanation) => present(explanation, &desk, now, &setup),
            None => ExplainReport { verdict: "gone".to_owned(), ..ExplainReport::default() },
        };
        report.series = mapping.series.to_string();
        report.key = key.to_string();
        report.approvals = approvals(&found, &desk.approvals, explanation.is_some());
        report.entries = found
            .mentions
            .iter()
            .map(|mention| EntryLine {
                index: mention.intent,
                answer: mention.answer.to_string(),
                what: line(mention, setup.language.words()),
            })
            .collect();
        // A record that stands in its table was explained; of one that does not, the log has the only answer.
        let exit = if explanation.is_none() { answered(&found) } else { Exit::Ok };
        report.stayed = desk.stayed.filter(|_| report.verdict == "due").map(|stayed| stays(stayed, &found));
        report.found = Some(found);
        session.show(&report, setup.language)?;
        Ok(exit)
    }
}

/// The series has nothing that people cite.
pub(super) fn no_reference(mapping: &SeriesMapping) -> Failure {
    let message = format!("The mapping of {} names no reference.", mapping.series);
    let mend =
        format!("Name the record by its key ({}), or add `reference = …` to the series.", mapping.key.join(", "));
    Failure::new(Exit::Usage, "no-reference", message, format!("series {}", mapping.series), mend)
}

fn not_one(mapping: &SeriesMapping, message: &str, mend: &str) -> Failure {
    Failure::new(Exit::Usage, "reference", message, format!("series {}", mapping.series), mend)
}

/// Each approved plan once. One that was interrupted both announced its records and waits for them: of a record that is
/// there it says that it lists it, of one that is gone that it did.
fn approvals(found: &Found, waiting_plans: &[RecordApproval], is_present: bool) -> Vec<ApprovalLine> {
    let mut lines: Vec<_> = executed(found).collect();
    for line in waiting_plans.iter().map(waiting) {
        match lines.iter_mut().find(|told| told.plan == line.plan) {
            Some(told) if is_present => *told = line,
            Some(_) => {}
            None => lines.push(line),
        }
    }
    lines
}

/// The approvals under which the log says that the record was announced; each plan once.
fn executed(found: &Found) -> impl Iterator<Item = ApprovalLine> {
    let mut plans = BTreeSet::new();
    let new = found.mentions.iter().filter(move |mention| plans.insert(&mention.plan));
    new.filter_map(|mention| {
        let approved = mention.approved.as_ref()?;
        Some(ApprovalLine {
            plan: mention.plan.to_string(),
            by: approved.by.to_string(),
            at: date_time(approved.at),
            covers: Covers::Announced,
        })
    })
}

/// Why the record stayed when it was last tried. A record whose files could not go was not announced: then no entry
/// tells of it.
fn stays(stayed: Stayed, found: &Found) -> StayedLine {
    let mention = found.mentions.iter().rev().find(|mention| mention.run == stayed.run);
    StayedLine {
        plan: stayed.plan.to_string(),
        run: stayed.run.to_string(),
        at: in_utc(stayed.at),
        entry: mention.map(|mention| mention.outcome.as_ref().map_or(mention.intent, |outcome| outcome.entry)),
        reason: stayed.reason,
    }
}

/// An approval that waits for its execution.
fn waiting(approval: &RecordApproval) -> ApprovalLine {
    ApprovalLine {
        plan: approval.plan.to_string(),
        by: approval.actor.to_string(),
        at: in_utc(approval.at),
        covers: match approval.covered {
            Covered::Listed => Covers::Listed,
            Covered::Excepted => Covers::Excepted,
            Covered::OtherRule => Covers::OtherRule,
        },
    }
}

/// What the Desk knows that the record itself does not say.
struct AtDesk {
    holds: Vec<Hold>,
    approvals: Vec<RecordApproval>,
    stayed: Option<Stayed>,
}

impl AtDesk {
    fn ask(setup: &Setup, mapping: &SeriesMapping, key: &RecordKey) -> Result<Self, Failure> {
        let mut desk = setup.desk()?;
        let Response::Holds { holds, .. } = desk.ask(Request::HoldList)? else { return Err(Failure::unexpected()) };
        let record = NamedRecord { series: mapping.series.clone(), key: key_text(key) };
        let asked = desk.ask(Request::ApprovalsOf { record: record.clone() })?;
        let Response::ApprovalsOf { approvals } = asked else { return Err(Failure::unexpected()) };
        let asked = desk.ask(Request::Stayed { records: vec![record] })?;
        let Response::Stayed { stayed } = asked else { return Err(Failure::unexpected()) };
        Ok(Self { holds, approvals, stayed: stayed.into_iter().flatten().next() })
    }

    fn hold(&self, id: &HoldId) -> HoldOn {
        let known = self.holds.iter().find(|hold| hold.id == *id);
        HoldOn {
            hold: id.to_string(),
            scope: known.map(|hold| hold.scope.name().to_owned()).unwrap_or_default(),
            reason: known.map(|hold| hold.reason.clone()),
            case: known.and_then(|hold| hold.case.clone()),
            by: known.map(|hold| hold.actor.to_string()),
            placed_at: known.map(|hold| in_utc(hold.placed_at)),
        }
    }
}

fn present(explanation: &Explanation<'_>, desk: &AtDesk, now: Instant, setup: &Setup) -> ExplainReport {
    let zone = explanation.governing.as_ref().map_or(Zone::UTC, |governing| governing.zone());
    let (verdict, why, term) = match &explanation.verdict {
        Err(_) => ("not_in_force", None, None),
        Ok(Verdict::Filtered) => ("filtered", None, None),
        Ok(Verdict::Open) => ("open", None, None),
        Ok(Verdict::Undated(kind)) => ("undated", Some(kind.code()), None),
        Ok(Verdict::NotYet(term)) => ("not_yet", None, Some(term)),
        Ok(Verdict::Held(term)) => ("held", None, Some(term)),
        Ok(Verdict::Blocked(term, BlockedBy::Records)) => ("blocked", Some("records"), Some(term)),
        Ok(Verdict::Blocked(term, BlockedBy::Decision)) => ("blocked", Some("decision"), Some(term)),
        Ok(Verdict::Blocked(term, BlockedBy::Series)) => ("blocked", Some("series"), Some(term)),
        Ok(Verdict::Blocked(term, BlockedBy::Floor)) => ("blocked", Some("floor"), Some(term)),
        Ok(Verdict::Blocked(term, BlockedBy::SharedRow)) => ("blocked", Some("shared_row"), Some(term)),
        Ok(Verdict::Due(term, _)) => ("due", None, Some(term)),
    };
    let action = match explanation.verdict {
        Ok(Verdict::Due(_, Action::Destroy)) => Some("destroy".to_owned()),
        Ok(Verdict::Due(_, Action::Anonymize)) => Some("anonymize".to_owned()),
        _ => None,
    };
    let due = term.and_then(|term: &Term| term.due);
    let rules = explanation.rules(JudgedAt::now(now));
    let governed = explanation.governing.as_ref();
    let rules = rules.iter().filter_map(|rule| Some(rule_stands(rule, governed?.calendar(), zone, setup)));
    ExplainReport {
        reference: explanation.facts.reference.as_ref().map(value_text),
        present: true,
        verdict: verdict.to_owned(),
        not_in_force: explanation.verdict.as_ref().err().map(|error| sentence(&error.to_string())),
        why: why.map(str::to_owned),
        rule: term.map(|term| term.rule.to_string()),
        action,
        due_from: due.map(|due| local(due.from, zone)),
        rules: rules.collect(),
        holds: explanation.holds.iter().map(|hold| desk.hold(hold)).collect(),
        blockers: explanation
            .blockers
            .iter()
            .map(|blocker| BlockerLine {
                series: blocker.series.to_string(),
                key: blocker.key.to_string(),
                goes_too: blocker.goes_too,
            })
            .collect(),
        circle: explanation.circle.iter().map(|(series, key)| format!("{series} {key}")).collect(),
        ..ExplainReport::default()
    }
}

fn rule_stands(standing: &RuleStanding<'_>, calendar: &Calendar, zone: Zone, setup: &Setup) -> RuleStands {
    let rule = standing.rule;
    let term = rule.term();
    let ways = standing.ways.iter().zip(&term.ways).map(|((trigger, moment, reached), way)| {
        let due: Option<&Due> = match reached {
            RuleTerm::Due(due) => Some(due),
            RuleTerm::Open | RuleTerm::Undated(_) | RuleTerm::Never => None,
        };
        WayStands {
            trigger: trigger.to_string(),
            keep: way.keep.clone(),
            year_end: term.year_end.clone(),
            moment: moment.map(|moment| match moment {
                Moment::At(instant) => in_utc(instant),
                Moment::On(day) => day.to_string(),
            }),
            trigger_day: due.map(|due| due.trigger_day.to_string()),
            last_day: due.and_then(|due| due.last_day).map(|day| day.to_string()),
            due_from: due.map(|due| local(due.from, zone)),
            none: match reached {
                RuleTerm::Due(_) => None,
                RuleTerm::Open => Some("open".to_owned()),
                RuleTerm::Never => Some("never".to_owned()),
                RuleTerm::Undated(kind) => Some(kind.code().to_owned()),
            },
        }
    });
    RuleStands {
        rule: rule.number.to_string(),
        title: setup.language.words().pick(&rule.title).to_owned(),
        calendar: calendar.number.to_string(),
        version: calendar.version,
        disposition: term.disposition.clone(),
        basis: rule.basis.iter().map(|own| basis(own, setup.language.words())).collect(),
        ways: ways.collect(),
    }
}
