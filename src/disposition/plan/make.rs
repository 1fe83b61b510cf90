//! Makes a plan: scans, judges, puts in order, seals. Touches nothing in the records.

use std::ops::ControlFlow;

use super::body::Item;
use super::draft::{Draft, Edge};
use super::scope::{Scope, ScopedSeries, Tally};
use super::store::{PlanDirs, PlanFile};
use super::{PlanError, PlanRequest, PlannedSeries, PlanningKeys};
use crate::audit::leaf::GovernedBy;
use crate::disposition::Installation;
use crate::disposition::holds::{HoldIndex, value_text};
use crate::disposition::judge::{JudgedAt, Term, Verdict, judge};
use crate::disposition::rails::{History, tripped};
use crate::model::{Digest, RuleNumber};
use crate::records::facts::Facts;
use crate::records::sqlite::Reader;

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
        self.planned(schema, rows)
    }

    fn series(&self) -> &ScopedSeries<'_> {
        &self.scope.series[self.place]
    }

    /// Judges one record, counts its verdict, and lists it where it seems due. What blocks it is settled when every series was read.
    fn take(&self, facts: &Facts, at: JudgedAt, tallies: &mut [Tally]) -> Result<(), PlanError> {
        let ScopedSeries { mapping, governing, .. } = self.series();
        let held = |term: &Term| self.holds.holds(mapping, facts, Some(&term.rule));
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
                    fingerprint: self.keys.fingerprinter(mapping)?.record(&mapping.series, &facts.key),
                    reference: facts.reference.as_ref().map(value_text),
                    level: 0,
                };
                self.draft.add(&item, self.edges(facts))
            }
            _ => Ok(()),
        }
    }

    fn is_asked_for(&self, rule: &RuleNumber) -> bool {
        self.scope.request.only.as_ref().is_none_or(|only| only == rule)
    }

    fn edges<'f>(&'f self, facts: &'f Facts) -> impl Iterator<Item = Edge<'f>> {
        let mapping = self.series().mapping;
        facts.blockers.iter().map(move |blocker| {
            let series = mapping.blocked_by.get(blocker.relation).map(|relation| &relation.series);
            Edge {
                blocker_series: self.scope.series.iter().position(|scoped| Some(&scoped.mapping.series) == series),
                blocker: &blocker.key,
            }
        })
    }

    /// Takes out what a `--where` hold keeps: only the database can tell, and only of what is listed need it be asked.
    fn hold_by_expression(&self, reader: &mut Reader, tallies: &mut [Tally]) -> Result<(), PlanError> {
        let mapping = self.series().mapping;
        for (_, expression) in self.holds.expressions(&mapping.series) {
            let mut after = None;
            loop {
                let keys = self.draft.keys(self.place, after.as_ref())?;
                let Some(last) = keys.last() else { break };
                let matching = reader
                    .matching(mapping, expression, &keys)
                    .map_err(|source| PlanError::Records { series: mapping.series.clone(), source })?;
                for (key, _) in keys.iter().zip(&matching).filter(|(_, matches)| **matches) {
                    if let Some(rule) = self.draft.take_out(self.place, key)? {
                        tallies[rule].counts.due -= 1;
                        tallies[rule].counts.held += 1;
                    }
                }
                after = Some(last.clone());
            }
        }
        Ok(())
    }

    fn planned(&self, schema: Digest, rows: u64) -> Result<PlannedSeries, PlanError> {
        let ScopedSeries { mapping, governing, .. } = self.series();
        let calendar = governing.calendar();
        let series = calendar.series.iter().find(|series| series.name == mapping.series);
        Ok(PlannedSeries {
            series: mapping.series.clone(),
            calendar: calendar.number.clone(),
            source: mapping.source.clone(),
            governed: GovernedBy {
                rules: calendar.rule_set_digest(&mapping.series),
                mapping: self.keys.mapping(mapping)?,
            },
            database: self.keys.database(mapping)?,
            schema,
            rows,
            may_be_empty: series.is_some_and(|series| series.may_be_empty),
        })
    }
}
