//! What a plan looks at: which series, under which rules, in which order, judged at which instant.

use std::collections::{BTreeMap, BTreeSet};

use super::contents::RuleTotals;
use super::order::{Order, order};
use super::{Manifest, PlanError, PlannedCalendar, PlannedRule, PlannedSeries};
use crate::audit::leaf::VerdictCounts;
use crate::calendar::{Calendar, Role};
use crate::disposition::Installation;
use crate::disposition::judge::{Governing, JudgedAt, Verdict};
use crate::model::{CivilDate, HoldId, Instant, RuleNumber};
use crate::records::mapping::{SeriesMapping, Source};

/// What is asked of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanRequest {
    pub now: Instant,
    /// The civil day to judge for, from its beginning in each calendar's zone; `None`: this instant. A day to come
    /// makes a simulation.
    pub as_of: Option<CivilDate>,
    /// List the records of this rule only.
    pub only: Option<RuleNumber>,
    /// Count what goes along, however long that takes; else only where it takes no time worth telling.
    pub dependents: bool,
    /// A person asks, and not the daemon.
    pub asked_for: bool,
}

/// What a plan looks at: series in order of execution, and the rules that dispose of their records.
pub(super) struct Scope<'a> {
    pub request: &'a PlanRequest,
    as_of: CivilDate,
    simulation: bool,
    /// In order of execution.
    pub series: Vec<ScopedSeries<'a>>,
    /// Per series, the number of its group.
    pub groups: Vec<usize>,
    pub rules: Vec<ScopedRule<'a>>,
}

pub(super) struct ScopedSeries<'a> {
    pub mapping: &'a SeriesMapping,
    pub source: &'a Source,
    pub governing: Governing<'a>,
}

pub(super) struct ScopedRule<'a> {
    pub number: &'a RuleNumber,
    /// Place of its series.
    pub series: usize,
}

/// The verdicts under one rule.
#[derive(Clone, Default)]
pub(super) struct Tally {
    pub counts: VerdictCounts,
    pub undated: BTreeMap<String, u64>,
    pub in_circle: u64,
    /// Listed records that a log says are gone.
    pub back: u64,
    /// Of the held ones, how many each hold keeps; what a `--where` hold keeps, only where no other does.
    pub held_by: BTreeMap<HoldId, u64>,
}

impl Tally {
    /// Counts a verdict.
    pub fn count(&mut self, verdict: &Verdict) {
        *match verdict {
            Verdict::Filtered => &mut self.counts.filtered,
            Verdict::Open => &mut self.counts.open,
            Verdict::Undated(kind) => {
                *self.undated.entry(kind.code().to_owned()).or_default() += 1;
                &mut self.counts.undated
            }
            Verdict::NotYet(_) => &mut self.counts.not_yet,
            Verdict::Held(_) => &mut self.counts.held,
            Verdict::Blocked(..) => &mut self.counts.blocked,
            Verdict::Due(..) => &mut self.counts.due,
        } += 1;
    }
}

impl<'a> Scope<'a> {
    pub fn new(install: &'a Installation, request: &'a PlanRequest) -> Result<Self, PlanError> {
        let mut series = Vec::new();
        for mapping in &install.series {
            if let Some(scoped) = ScopedSeries::new(install, mapping, request)? {
                series.push(scoped);
            }
        }
        if let Some(only) = &request.only {
            let known: Vec<RuleNumber> = series.iter().flat_map(ScopedSeries::rules).cloned().collect();
            series.retain(|scoped| scoped.rules().any(|rule| rule == only));
            if series.is_empty() {
                return Err(PlanError::UnknownRule { rule: only.clone(), known });
            }
        }
        let mappings: Vec<&SeriesMapping> = series.iter().map(|scoped| scoped.mapping).collect();
        let Order { series: places, groups } = order(&mappings, &install.series);
        let mut unordered: Vec<_> = series.into_iter().map(Some).collect();
        let series: Vec<_> = places.iter().filter_map(|place| unordered[*place].take()).collect();
        let rules = series
            .iter()
            .enumerate()
            .flat_map(|(place, scoped)| scoped.rules().map(move |number| ScopedRule { number, series: place }))
            .collect();
        let today = |calendar: &Calendar| calendar.timezone.civil_date(request.now);
        let first_today = series.first().map(|scoped| today(scoped.governing.calendar()));
        let as_of = request.as_of.or(first_today).unwrap_or_else(|| request.now.date_naive());
        let simulation = series.iter().any(|scoped| as_of > today(scoped.governing.calendar()));
        Ok(Self { request, as_of, simulation, series, groups, rules })
    }

    pub fn empty_tallies(&self) -> Vec<Tally> {
        vec![Tally::default(); self.rules.len()]
    }

    /// Place of a rule of the series at this place; of the series' first rule: `None`.
    pub fn rule(&self, series: usize, number: Option<&RuleNumber>) -> Option<usize> {
        self.rules.iter().position(|rule| rule.series == series && number.is_none_or(|number| rule.number == number))
    }

    /// Per rule, the first second of the day on which its calendar was approved.
    pub fn approvals(&self) -> Vec<Option<i64>> {
        let approved = |rule: &ScopedRule<'_>| {
            let calendar = self.series[rule.series].governing.calendar();
            let day = calendar.approval.as_ref()?.date;
            calendar.timezone.start_of(day).map(|start| start.timestamp())
        };
        self.rules.iter().map(approved).collect()
    }

    pub fn manifest(
        &self,
        fingerprint_year: i32,
        series: Vec<PlannedSeries>,
        tallies: Vec<Tally>,
        totals: &[RuleTotals],
    ) -> Manifest {
        let rules = self.rules.iter().zip(tallies).zip(totals).map(|((rule, tally), totals)| {
            let scoped = &self.series[rule.series];
            let zone = scoped.governing.zone();
            let oldest = totals.oldest_due.and_then(|second| Instant::from_timestamp(second, 0));
            PlannedRule {
                rule: rule.number.clone(),
                calendar: scoped.governing.calendar().number.clone(),
                series: scoped.mapping.series.clone(),
                counts: VerdictCounts { rows: super::sum(&tally.counts), ..tally.counts },
                undated: tally.undated,
                in_circle: tally.in_circle,
                oldest_due: oldest.map(|instant| zone.civil_date(instant)),
                backlog: totals.backlog,
                back: tally.back,
                items: totals.items,
            }
        });
        Manifest {
            format: Manifest::FORMAT,
            as_of: self.as_of,
            simulation: self.simulation,
            attempt: 0,
            only: self.request.only.clone(),
            fingerprint_year,
            calendars: self.calendars(),
            rules: rules.collect(),
            series,
            untold: BTreeSet::new(),
        }
    }

    fn calendars(&self) -> Vec<PlannedCalendar> {
        let mut calendars: Vec<_> = self
            .series
            .iter()
            .map(|scoped| scoped.governing.calendar())
            .map(|calendar| PlannedCalendar {
                number: calendar.number.clone(),
                version: calendar.version,
                digest: calendar.digest,
                zone: calendar.timezone.name().to_owned(),
                approved: calendar.approval.as_ref().map(|approval| approval.date),
            })
            .collect();
        calendars.sort_by(|one, other| one.number.cmp(&other.number));
        calendars.dedup();
        calendars
    }
}

impl<'a> ScopedSeries<'a> {
    /// `None` where no rule disposes of the series' records: it is never destroyed.
    fn new(
        install: &'a Installation,
        mapping: &'a SeriesMapping,
        request: &PlanRequest,
    ) -> Result<Option<Self>, PlanError> {
        let day = |calendar: &Calendar| request.as_of.unwrap_or_else(|| calendar.timezone.civil_date(request.now));
        let Some(governing) = install.governing(mapping, day)?.filter(Governing::disposes) else { return Ok(None) };
        let source = install.sources.get(&mapping.source).ok_or_else(|| PlanError::NoSource {
            series: mapping.series.clone(),
            source_name: mapping.source.clone(),
        })?;
        Ok(Some(Self { mapping, source, governing }))
    }

    /// The disposing rules.
    fn rules(&self) -> impl Iterator<Item = &'a RuleNumber> + '_ {
        self.governing.rules().filter(|rule| rule.role == Role::Disposing).map(|rule| &rule.number)
    }

    pub fn judged_at(&self, request: &PlanRequest) -> Result<JudgedAt, PlanError> {
        let as_of = match request.as_of {
            None => request.now,
            Some(day) => self.governing.zone().start_of(day).ok_or(PlanError::NoSuchDay { day })?,
        };
        Ok(JudgedAt { now: request.now, as_of })
    }
}
