//! Makes a plan: scans, judges, puts in order, seals. Touches nothing in the records.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::body::Item;
use super::draft::{Draft, Edge, RuleTotals};
use super::order::{Order, order};
use super::store::{PlanDirs, PlanFile};
use super::{Manifest, PlanError, PlannedCalendar, PlannedRule, PlannedSeries};
use crate::audit::Fingerprinter;
use crate::audit::leaf::{GovernedBy, VerdictCounts};
use crate::calendar::{Calendar, Role};
use crate::disposition::holds::{HoldIndex, value_text};
use crate::disposition::judge::{Governing, JudgedAt, Verdict, judge};
use crate::disposition::rails::{History, tripped};
use crate::disposition::Installation;
use crate::model::{CivilDate, Digest, Instant, RuleNumber, SeriesName, SourceName};
use crate::records::facts::Facts;
use crate::records::mapping::{SeriesMapping, Source};
use crate::records::sqlite::Reader;

/// What is asked of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanRequest {
    pub now: Instant,
    /// The civil day to judge for, from its beginning in each calendar's zone; `None`: this instant. A day to come makes a simulation.
    pub as_of: Option<CivilDate>,
    /// List the records of this rule only.
    pub only: Option<RuleNumber>,
}

/// What a plan needs of the log: names for records, and keyed digests.
pub struct PlanningKeys {
    /// Year of the fingerprint keys.
    pub year: i32,
    pub fingerprinters: BTreeMap<SourceName, Fingerprinter>,
    /// Keyed digest of each series' mapping.
    pub mappings: BTreeMap<SeriesName, Digest>,
    /// Keyed digest of each database's path.
    pub databases: BTreeMap<SourceName, Digest>,
}

/// Makes a plan and keeps it in the state directory. The same records under the same law on the same day give the same plan: then the one that stands
/// is kept, and its wait begins anew.
///
/// # Errors
/// A calendar that is not in force or cannot be obeyed, a database that cannot be read, a rule that is not there.
pub fn make(
    install: &Installation,
    keys: &PlanningKeys,
    holds: &HoldIndex,
    history: &History,
    request: &PlanRequest,
) -> Result<PlanFile, PlanError> {
    let scope = Scope::new(install, request)?;
    let dirs = PlanDirs::of(&install.state);
    let draft = Draft::create(dirs.bodies())?;
    let mut tallies = scope.empty_tallies();
    let mut series = Vec::new();
    for place in 0..scope.series.len() {
        series.push(Scan { scope: &scope, place, keys, holds, draft: &draft }.run(&mut tallies)?);
    }
    for (tally, blocked) in tallies.iter_mut().zip(draft.settle(&scope.groups, scope.rules.len())?) {
        tally.counts.due -= blocked;
        tally.counts.blocked += blocked;
    }
    let sealed = draft.seal(&scope.groups, &scope.approvals())?;
    let manifest = scope.manifest(keys.year, series, tallies, &sealed.totals);
    if let Some(series) = manifest.unbalanced().first() {
        return Err(PlanError::Unbalanced { series: (*series).clone() });
    }
    let digest = manifest.digest()?;
    let plan = manifest.id(&digest);
    if dirs.open(&plan).is_ok_and(|standing| *standing.digest() == digest) {
        sealed.discard()?;
    } else {
        sealed.keep(&dirs.body_path(&plan))?;
    }
    let rails = tripped(&manifest, &[], history, &install.limits);
    let file = PlanFile { plan, digest, made_at: request.now, rails, manifest };
    dirs.keep_manifest(&file)?;
    Ok(file)
}

/// What a plan looks at: series in order of execution, and the rules that dispose of their records.
struct Scope<'a> {
    request: &'a PlanRequest,
    as_of: CivilDate,
    simulation: bool,
    series: Vec<ScopedSeries<'a>>,
    /// In the order of `series`.
    groups: Vec<usize>,
    rules: Vec<ScopedRule<'a>>,
}

struct ScopedSeries<'a> {
    mapping: &'a SeriesMapping,
    source: &'a Source,
    governing: Governing<'a>,
}

struct ScopedRule<'a> {
    number: &'a RuleNumber,
    series: usize,
}

#[derive(Clone, Default)]
struct Tally {
    counts: VerdictCounts,
    undated: BTreeMap<String, u64>,
}

impl<'a> Scope<'a> {
    fn new(install: &'a Installation, request: &'a PlanRequest) -> Result<Self, PlanError> {
        let mut series = Vec::new();
        for mapping in &install.series {
            if let Some(scoped) = ScopedSeries::new(install, mapping, request)? {
                series.push(scoped);
            }
        }
        if let Some(only) = &request.only {
            series.retain(|scoped| scoped.rules().any(|rule| rule == only));
            if series.is_empty() {
                return Err(PlanError::UnknownRule { rule: only.clone() });
            }
        }
        let Order { series: places, groups } = order(&series.iter().map(|scoped| scoped.mapping).collect::<Vec<_>>());
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

    fn empty_tallies(&self) -> Vec<Tally> {
        vec![Tally::default(); self.rules.len()]
    }

    /// Place of a rule, by its number and the place of its series.
    fn rule(&self, series: usize, number: &RuleNumber) -> Option<usize> {
        self.rules.iter().position(|rule| rule.series == series && rule.number == number)
    }

    /// Per rule, the first second of the day on which its calendar was approved.
    fn approvals(&self) -> Vec<Option<i64>> {
        let approved = |rule: &ScopedRule<'_>| {
            let calendar = self.series[rule.series].governing.calendar();
            let day = calendar.approval.as_ref()?.date;
            calendar.timezone.start_of(day).map(|start| start.timestamp())
        };
        self.rules.iter().map(approved).collect()
    }

    fn manifest(
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
                oldest_due: oldest.map(|instant| zone.civil_date(instant)),
                backlog: totals.backlog,
                items: totals.items,
            }
        });
        Manifest {
            format: Manifest::FORMAT,
            as_of: self.as_of,
            simulation: self.simulation,
            only: self.request.only.clone(),
            fingerprint_year,
            calendars: self.calendars(),
            rules: rules.collect(),
            series,
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

    fn judged_at(&self, request: &PlanRequest) -> Result<JudgedAt, PlanError> {
        let as_of = match request.as_of {
            None => request.now,
            Some(day) => self.governing.zone().start_of(day).ok_or(PlanError::NoSuchDay { day })?,
        };
        Ok(JudgedAt { now: request.now, as_of })
    }
}

/// One series, scanned into the draft.
struct Scan<'a> {
    scope: &'a Scope<'a>,
    place: usize,
    keys: &'a PlanningKeys,
    holds: &'a HoldIndex,
    draft: &'a Draft,
}

impl Scan<'_> {
    fn run(&self, tallies: &mut [Tally]) -> Result<PlannedSeries, PlanError> {
        let ScopedSeries { mapping, source, governing } = self.series();
        let failed = |source| PlanError::Records { series: mapping.series.clone(), source };
        let mut reader = Reader::open(source)
            .map_err(|error| PlanError::Source { source_name: source.name.clone(), source: error })?;
        let schema = reader.schema_digest(mapping).map_err(failed)?;
        let at = self.series().judged_at(self.scope.request)?;
        let mut rows = 0;
        let mut outcome = Ok(());
        reader
            .scan(mapping, governing.zone(), &mut |facts| {
                rows += 1;
                match self.take(facts, at, tallies) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(error) => {
                        outcome = Err(error);
                        ControlFlow::Break(())
                    }
                }
            })
            .map_err(failed)?;
        outcome?;
        self.hold_by_expression(&mut reader, tallies)?;
        Ok(self.planned(schema, rows))
    }

    fn series(&self) -> &ScopedSeries<'_> {
        &self.scope.series[self.place]
    }

    /// Judges one record, counts its verdict, and lists it where it seems due. What blocks it is settled when every series was read.
    fn take(&self, facts: &Facts, at: JudgedAt, tallies: &mut [Tally]) -> Result<(), PlanError> {
        let ScopedSeries { mapping, governing, .. } = self.series();
        let held = |term: &crate::disposition::judge::Term| self.holds.holds(mapping, facts, Some(&term.rule));
        let verdict = judge(governing, facts, at, held, || false);
        let rule = match &verdict {
            Verdict::NotYet(term) | Verdict::Held(term) | Verdict::Blocked(term, _) | Verdict::Due(term, _) => {
                self.scope.rule(self.place, &term.rule)
            }
            Verdict::Filtered | Verdict::Open | Verdict::Undated(_) => None,
        };
        // Where no rule decides yet, the record counts under the first rule of its series, which `disposes` says is there.
        let first = || self.scope.rules.iter().position(|rule| rule.series == self.place);
        let Some(rule) = rule.or_else(first) else { return Ok(()) };
        tallies[rule].count(&verdict);
        match verdict {
            Verdict::Due(term, action) if self.is_asked_for(&term.rule) => {
                let Some(due) = term.due else { return Ok(()) };
                let item = Item {
                    series: self.place,
                    rule,
                    key: facts.key.clone(),
                    action,
                    trigger_day: due.trigger_day,
                    due_from: due.from,
                    facts: facts.digest(),
                    fingerprint: self.fingerprint(facts),
                    reference: facts.reference.as_ref().map(value_text),
                    level: 0,
                };
                self.draft.add(&item, self.edges(facts))
            }
            _ => Ok(()),
        }
    }
}
