//! The verdict on one record: a pure function of the rules, the facts, the holds, the blockers and the time.
//!
//! Planning, execution and explanation all come here, so the date that is shown is the date that is acted on.

mod event;
mod floors;
mod reckoner;
mod verdict;

use event::pick;
use reckoner::Reckoner;
pub use verdict::{BlockedBy, JudgedAt, RuleStanding, RuleTerm, Term, Undated, Verdict};

use crate::audit::leaf::Action;
use crate::calendar::{Calendar, Disposition, Due, Role, Rule};
use crate::model::{CivilDate, Moment, RuleNumber, SeriesName, Zone};
use crate::records::facts::{EventFact, Facts};
use crate::records::mapping::{EventMapping, SeriesMapping};

/// The rules that govern one series, joined to the places of its mapping's events.
#[derive(Debug)]
pub struct Governing<'a> {
    calendar: &'a Calendar,
    series: &'a SeriesName,
    earliest: CivilDate,
    rules: Vec<GoverningRule<'a>>,
}

#[derive(Debug)]
struct GoverningRule<'a> {
    rule: &'a Rule,
    ways: Vec<Way<'a>>,
}

#[derive(Debug)]
struct Way<'a> {
    until: &'a crate::calendar::Until,
    event: &'a EventMapping,
    /// Place of the event in `Facts::events`.
    place: usize,
    reckoner: Reckoner,
}

/// A rule cannot be judged with this mapping.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum GoverningError {
    #[error(
        "rule {rule} starts at the trigger {trigger:?}, which the mapping of series {series} does not name; add `event.{trigger} = …`"
    )]
    UnmappedTrigger { rule: RuleNumber, trigger: String, series: SeriesName },
    #[error(
        "rule {rule} of series {series} uses {feature}, which this version cannot obey; nothing is destroyed under its calendar until it can"
    )]
    Unsupported { rule: RuleNumber, series: SeriesName, feature: &'static str },
}

impl<'a> Governing<'a> {
    /// Joins a calendar's rules to a mapping. Rules for example and rules executed elsewhere do not govern.
    ///
    /// # Errors
    /// A rule that cannot be judged: to leave it out could destroy what it keeps.
    pub fn new(calendar: &'a Calendar, mapping: &'a SeriesMapping) -> Result<Self, GoverningError> {
        // The log declares calendars whole: one that it cannot say in full is not obeyed for any series.
        if let Some((rule, feature)) = calendar.unsupported().into_iter().next() {
            let series = calendar.rules.iter().find(|other| other.number == rule).map(|rule| rule.series.clone());
            let series = series.unwrap_or_else(|| mapping.series.clone());
            return Err(GoverningError::Unsupported { rule, series, feature });
        }
        let rules = calendar
            .rules_for(&mapping.series)
            .filter(|rule| rule.is_obeyed())
            .map(|rule| GoverningRule::new(rule, mapping, calendar.timezone))
            .collect::<Result<_, _>>()?;
        Ok(Self { calendar, series: &mapping.series, earliest: mapping.earliest, rules })
    }

    /// The calendar of these rules.
    pub fn calendar(&self) -> &'a Calendar {
        self.calendar
    }

    /// The series they govern.
    pub fn series(&self) -> &'a SeriesName {
        self.series
    }

    /// The zone in which days are counted.
    pub fn zone(&self) -> Zone {
        self.calendar.timezone
    }

    /// The rules, floors included, in the calendar's order.
    pub fn rules(&self) -> impl Iterator<Item = &'a Rule> + '_ {
        self.rules.iter().map(|governing| governing.rule)
    }

    /// Whether a rule disposes of anything: without one, the series is never destroyed.
    pub fn disposes(&self) -> bool {
        self.rules().any(|rule| rule.role == Role::Disposing)
    }

    /// Judges a record by everything but holds and blockers: what `scan` asks of every row. `masked` may be false where
    /// it is not yet known and the verdict is not `Due` to anonymize.
    pub fn standing(&self, events: &[EventFact], in_scope: bool, masked: bool, at: JudgedAt) -> Verdict {
        if !in_scope || !self.disposes() || (masked && self.only_anonymizes()) {
            return Verdict::Filtered;
        }
        match self.latest_term(events, at) {
            Latest::Open => Verdict::Open,
            Latest::Undated(kind) => Verdict::Undated(kind),
            Latest::Never(rule) => Verdict::NotYet(Term { rule: rule.number.clone(), due: None }),
            Latest::Due(rule, due) => self.at_term(rule, due, masked, at),
        }
    }

    fn at_term(&self, rule: &Rule, due: Due, masked: bool, at: JudgedAt) -> Verdict {
        let term = Term { rule: rule.number.clone(), due: Some(due) };
        if at.as_of < due.from {
            return Verdict::NotYet(term);
        }
        match rule.disposition {
            Some(Disposition::Destroy) => Verdict::Due(term, Action::Destroy),
            Some(Disposition::Anonymize) if masked => Verdict::Filtered,
            Some(Disposition::Anonymize) => Verdict::Due(term, Action::Anonymize),
            // Permanent rules have no date, floors never win, and de-identification is refused when the rules are
            // joined.
            Some(Disposition::Select | Disposition::Transfer | Disposition::Permanent | Disposition::Deidentify)
            | None => Verdict::Blocked(term, BlockedBy::Decision),
        }
    }

    /// The latest of all rules' dates. A rule that is open or undated keeps the record, whatever the others say.
    fn latest_term(&self, events: &[EventFact], at: JudgedAt) -> Latest<'a> {
        let mut latest = None;
        let mut floor: Option<Due> = None;
        let mut undated = None;
        let mut never = None;
        let mut decision = None;
        for governing in &self.rules {
            match self.rule_term(governing, events, at) {
                RuleTerm::Open => return Latest::Open,
                RuleTerm::Undated(kind) => undated = undated.or(Some(kind)),
                RuleTerm::Never => never = never.or(Some(governing.rule)),
                RuleTerm::Due(due) if governing.rule.role == Role::Floor => floor = later(floor, due),
                RuleTerm::Due(due) => {
                    if matches!(governing.rule.disposition, Some(Disposition::Select | Disposition::Transfer)) {
                        decision = Some(governing.rule);
                    }
                    if latest.is_none_or(|(_, so_far): (&Rule, Due)| so_far.from < due.from) {
                        latest = Some((governing.rule, due));
                    }
                }
            }
        }
        match (undated, never, latest) {
            (Some(kind), _, _) => Latest::Undated(kind),
            (None, Some(rule), _) => Latest::Never(rule),
            (None, None, Some((rule, due))) => {
                // A record to select or transfer never falls through to destruction, whichever date is the later.
                Latest::Due(decision.unwrap_or(rule), postponed(due, floor))
            }
            // Only where no rule disposes, which `standing` has answered already.
            (None, None, None) => Latest::Open,
        }
    }

    fn rule_term(&self, governing: &GoverningRule<'_>, events: &[EventFact], at: JudgedAt) -> RuleTerm {
        if governing.rule.disposition == Some(Disposition::Permanent) {
            return RuleTerm::Never;
        }
        earliest_way(governing.ways.iter().map(|way| self.way_term(way, events, at).1))
    }

    fn way_term(&self, way: &Way<'_>, events: &[EventFact], at: JudgedAt) -> (Option<Moment>, RuleTerm) {
        let (moment, day) = match self.moment(way, &events[way.place], at) {
            Ok(Some(moment)) => moment,
            Ok(None) => return (None, RuleTerm::Open),
            Err(kind) => return (None, RuleTerm::Undated(kind)),
        };
        let term = match way.reckoner.term(moment, day) {
            Some(due) => RuleTerm::Due(due),
            None => RuleTerm::Undated(Undated::Overflow),
        };
        (Some(moment), term)
    }

    /// The moment of an event and its civil day, `None` while it has not happened.
    fn moment(&self, way: &Way<'_>, fact: &EventFact, at: JudgedAt) -> Result<Option<(Moment, CivilDate)>, Undated> {
        if !fact.applies {
            return Ok(None);
        }
        let Some(moment) = pick(way.event.pick, &fact.readings, self.zone())? else { return Ok(None) };
        let day = way.reckoner.day(moment);
        let is_future = match moment {
            Moment::At(instant) => instant > at.now,
            Moment::On(date) => date > self.zone().civil_date(at.now),
        };
        if is_future && !way.event.deadline {
            Err(Undated::Future)
        } else if day < self.earliest {
            Err(Undated::TooOld)
        } else {
            Ok(Some((moment, day)))
        }
    }

    fn only_anonymizes(&self) -> bool {
        self.rules()
            .filter(|rule| rule.role == Role::Disposing)
            .all(|rule| rule.disposition == Some(Disposition::Anonymize))
    }

    /// What each rule says of a record, with its arithmetic.
    pub fn explain<'g>(&'g self, events: &[EventFact], at: JudgedAt) -> Vec<RuleStanding<'a>> {
        self.rules
            .iter()
            .map(|governing| RuleStanding {
                rule: governing.rule,
                ways: governing
                    .ways
                    .iter()
                    .map(|way| {
                        let (moment, term) = self.way_term(way, events, at);
                        (&way.until.trigger, moment, term)
                    })
                    .collect(),
                term: self.rule_term(governing, events, at),
            })
            .collect()
    }
}

/// Judges a record whole. `held` and `blocked` are asked only where they decide.
pub fn judge(
    governing: &Governing<'_>,
    facts: &Facts,
    at: JudgedAt,
    held: impl FnOnce() -> bool,
    blocked: impl FnOnce() -> Option<BlockedBy>,
) -> Verdict {
    let (term, action) = match governing.standing(&facts.events, facts.in_scope, facts.masked, at) {
        Verdict::Due(term, action) => (term, Some(action)),
        Verdict::Blocked(term, _) => (term, None),
        verdict => return verdict,
    };
    if held() {
        return Verdict::Held(term);
    }
    let Some(action) = action else { return Verdict::Blocked(term, BlockedBy::Decision) };
    match blocked() {
        Some(by) => Verdict::Blocked(term, by),
        None => Verdict::Due(term, action),
    }
}

enum Latest<'a> {
    Open,
    Undated(Undated),
    Never(&'a Rule),
    Due(&'a Rule, Due),
}

impl<'a> GoverningRule<'a> {
    fn new(rule: &'a Rule, mapping: &'a SeriesMapping, zone: Zone) -> Result<Self, GoverningError> {
        let ways = rule
            .clock
            .earliest
            .iter()
            .map(|until| {
                let found = mapping.events.iter().enumerate().find(|(_, (trigger, _))| **trigger == until.trigger);
                let (place, (_, event)) = found.ok_or_else(|| GoverningError::UnmappedTrigger {
                    rule: rule.number.clone(),
                    trigger: until.trigger.to_string(),
                    series: mapping.series.clone(),
                })?;
                let reckoner = Reckoner::new(until.keep, rule.clock.start, zone);
                Ok(Way { until, event, place, reckoner })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { rule, ways })
    }
}

/// The earliest of a rule's ways: an open way waits for the others, an undated one keeps the record.
fn earliest_way(ways: impl Iterator<Item = RuleTerm>) -> RuleTerm {
    let mut earliest = RuleTerm::Open;
    for way in ways {
        earliest = match (earliest, way) {
            (RuleTerm::Undated(kind), _) | (_, RuleTerm::Undated(kind)) => RuleTerm::Undated(kind),
            (RuleTerm::Due(one), RuleTerm::Due(other)) => {
                RuleTerm::Due(if other.from < one.from { other } else { one })
            }
            (RuleTerm::Due(due), _) | (_, RuleTerm::Due(due)) => RuleTerm::Due(due),
            (RuleTerm::Open | RuleTerm::Never, RuleTerm::Open | RuleTerm::Never) => RuleTerm::Open,
        };
    }
    earliest
}

fn later(one: Option<Due>, other: Due) -> Option<Due> {
    Some(match one {
        Some(due) if due.from >= other.from => due,
        _ => other,
    })
}

/// A floor moves the date, not the trigger: the day that the log records stays the disposing rule's.
fn postponed(due: Due, floor: Option<Due>) -> Due {
    match floor {
        Some(floor) if floor.from > due.from => Due { trigger_day: due.trigger_day, ..floor },
        _ => due,
    }
}

#[cfg(test)]
mod tests;
