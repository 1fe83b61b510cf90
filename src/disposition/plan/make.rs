//! Makes a plan: scans, judges, puts in order, seals. Touches nothing in the records.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::time::Duration;

use super::along;
use super::back;
use super::body::Item;
use super::draft::{Draft, Edge};
use super::proven::proven;
use super::scope::{Scope, ScopedSeries, Tally};
use super::store::{PlanDirs, PlanFile};
use super::{Manifest, PlanError, PlanRequest, PlannedSeries, PlanningKeys};
use crate::audit::leaf::GovernedBy;
use crate::disposition::Installation;
use crate::disposition::holds::{HoldIndex, value_text};
use crate::disposition::judge::{JudgedAt, Verdict, judge};
use crate::disposition::rails::{Going, History, Measure, tripped};
use crate::model::{Digest, HoldId, PlanId, RecordKey, RuleNumber, SeriesName, SourceName};
use crate::records::facts::{EventFact, Facts};
use crate::records::mapping::SeriesMapping;
use crate::records::sqlite::{Interest, Reader};

/// Records whose parts are looked for at once.
const PAGE: usize = 1_000;

/// Makes a plan and keeps it in the state directory. The same records under the same law on the same day give the same
/// plan: then the one that stands is kept, and its wait begins anew. `unread`: sources that the installation is without
/// because they could not be read.
///
/// # Errors
/// A calendar that is not in force, cannot be obeyed, or is not as it was obeyed before, a mapping that does not fit
/// its database, a database that cannot be read, a rule that is not there.
pub(super) fn make_of(
    install: &Installation,
    keys: &PlanningKeys,
    holds: &HoldIndex,
    history: &History,
    request: &PlanRequest,
    unread: BTreeSet<SourceName>,
) -> Result<PlanFile, PlanError> {
    let scope = Scope::new(install, request)?;
    for scoped in &scope.series {
        history.declared.admits(scoped.governing.calendar(), request.now)?;
    }
    for scoped in &scope.series {
        proven(&open(scoped, &install.series)?, scoped.mapping, &scoped.governing, install)?;
    }
    let dirs = PlanDirs::of(&install.state);
    let draft = Draft::create(dirs.bodies())?;
    let mut tallies = scope.empty_tallies();
    let mut series = Vec::new();
    for place in 0..scope.series.len() {
        series.push(Scan { scope: &scope, place, install, keys, holds, draft: &draft }.run(&mut tallies)?);
    }
    for (tally, blocked) in tallies.iter_mut().zip(draft.settle(&scope.groups, scope.rules.len())?) {
        tally.counts.due -= blocked.all;
        tally.counts.blocked += blocked.all;
        tally.in_circle = blocked.in_circle;
    }
    let told = back::mark(&scope, install, &draft, &mut tallies)?;
    let along = along::along(&scope, &install.series, &draft, &tallies)?;
    let sealed = draft.seal(&scope.groups, &scope.approvals())?;
    let manifest = Manifest {
        untold: told.untold.into_keys().collect(),
        ..scope.manifest(keys.year, series, tallies, &sealed.totals)
    };
    if let Some(series) = manifest.unbalanced().first() {
        return Err(PlanError::Unbalanced { series: (*series).clone() });
    }
    let (plan, digest, manifest) = name(manifest, history)?;
    let standing = dirs.open(&plan).ok().filter(|standing| *standing.digest() == digest);
    let asked_for = request.asked_for || standing.as_ref().is_some_and(|standing| standing.file().asked_for);
    let measure = Measure { history, limits: &install.limits, guesses: &install.guesses };
    let rails = tripped(&manifest, Going::ALL, measure);
    let (made_at, entries) = (request.now, told.entries);
    let file = PlanFile { plan, digest, made_at, entries, asked_for, unread, rails, along, manifest };
    // A crash in between leaves a plan without a list, which is useless, rather than a list without a plan, which is
    // personal.
    dirs.keep_manifest(&file)?;
    if standing.is_none() {
        sealed.keep(&dirs.body_path(&file.plan))?;
    }
    Ok(file)
}

/// Names a plan after its digest; after a number of its own too where the same list was decided on before.
fn name(mut manifest: Manifest, history: &History) -> Result<(PlanId, Digest, Manifest), PlanError> {
    loop {
        let digest = manifest.digest()?;
        let plan = manifest.id(&digest);
        if !history.done.contains(&plan) {
            return Ok((plan, digest, manifest));
        }
        manifest.attempt += 1;
    }
}

pub(super) fn open(series: &ScopedSeries<'_>, all: &[SeriesMapping]) -> Result<Reader, PlanError> {
    Reader::open_to_look(series.source, all)
        .map_err(|source| PlanError::Source { source_name: series.source.name.clone(), source })
}

/// One series, scanned into the draft.
pub(super) struct Scan<'a> {
    pub scope: &'a Scope<'a>,
    pub place: usize,
    pub install: &'a Installation,
    keys: &'a PlanningKeys,
    pub holds: &'a HoldIndex,
    pub draft: &'a Draft,
}

impl Scan<'_> {
    fn run(&self, tallies: &mut [Tally]) -> Result<PlannedSeries, PlanError> {
        let mapping = self.series().mapping;
        let failed = |source| PlanError::Records { series: mapping.series.clone(), source };
        let mut reader = open(self.series(), &self.install.series)?;
        let schema = reader.schema_digest(&mapping.series).map_err(failed)?;
        let rows = self.judge_all(&mut reader, tallies)?;
        self.hold_by_expression(&mut reader, tallies)?;
        self.keep_with_other_rows(&mut reader, tallies)?;
        self.put_parts_first(&mut reader)?;
        self.planned(schema, rows)
    }

    /// Judges every row, most of them by their events alone, and returns how many there are.
    fn judge_all(&self, reader: &mut Reader, tallies: &mut [Tally]) -> Result<u64, PlanError> {
        let ScopedSeries { mapping, governing, .. } = self.series();
        let at = self.series().judged_at(self.scope.request)?;
        let mut rows = 0;
        // Both visitors count, and the first must hear of the second's failure.
        let shared = RefCell::new((tallies, Ok(())));
        let mut by_events = |in_scope: bool, events: &[EventFact]| {
            rows += 1;
            let (tallies, outcome) = &mut *shared.borrow_mut();
            match governing.standing(events, in_scope, false, at) {
                _ if outcome.is_err() => Interest::Stop,
                // Holds, masks and blockers are only looked at where they decide.
                Verdict::Due(..) | Verdict::Blocked(..) => Interest::Full,
                verdict => {
                    self.count(&verdict, tallies);
                    Interest::Skip
                }
            }
        };
        let mut by_facts = |facts: &Facts| {
            let (tallies, outcome) = &mut *shared.borrow_mut();
            if outcome.is_ok() {
                *outcome = self.take(facts, at, tallies);
            }
        };
        reader
            .scan_events(&mapping.series, &mut by_events, &mut by_facts)
            .map_err(|source| PlanError::Records { series: mapping.series.clone(), source })?;
        shared.into_inner().1?;
        Ok(rows)
    }

    pub fn series(&self) -> &ScopedSeries<'_> {
        &self.scope.series[self.place]
    }

    /// Judges one record that has reached its term, and lists it where it seems due. What blocks it is settled when
    /// every series was read.
    fn take(&self, facts: &Facts, at: JudgedAt, tallies: &mut [Tally]) -> Result<(), PlanError> {
        let ScopedSeries { mapping, governing, .. } = self.series();
        let held = || self.holds.holds(mapping, facts, governing.rules().map(|rule| &rule.number));
        let verdict = judge(governing, facts, at, held, || None);
        let place = self.count(&verdict, tallies);
        if let (Verdict::Held(_), Some(rule)) = (&verdict, place) {
            for hold in self.holds.of(mapping, facts, governing.rules().map(|rule| &rule.number)) {
                *tallies[rule].held_by.entry(hold).or_default() += 1;
            }
        }
        let (Verdict::Due(term, action), Some(rule)) = (verdict, place) else { return Ok(()) };
        let Some(due) = term.due.filter(|_| self.is_asked_for(&term.rule)) else { return Ok(()) };
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
            is_back: false,
        };
        self.draft.add(&item, self.edges(facts))
    }

    /// Counts a verdict under the rule that decides and returns the rule's place. Where none does yet, the record
    /// counts under the first rule of its series.
    fn count(&self, verdict: &Verdict, tallies: &mut [Tally]) -> Option<usize> {
        let decides = match verdict {
            Verdict::NotYet(term) | Verdict::Held(term) | Verdict::Blocked(term, _) | Verdict::Due(term, _) => {
                self.scope.rule(self.place, Some(&term.rule))
            }
            Verdict::Filtered | Verdict::Open | Verdict::Undated(_) => None,
        };
        let place = decides.or_else(|| self.scope.rule(self.place, None))?;
        tallies[place].count(verdict);
        Some(place)
    }

    fn is_asked_for(&self, rule: &RuleNumber) -> bool {
        self.scope.request.only.as_ref().is_none_or(|only| only == rule)
    }

    fn edges<'f>(&'f self, facts: &'f Facts) -> impl Iterator<Item = Edge<'f>> {
        let mapping = self.series().mapping;
        facts.blockers.iter().map(move |blocker| {
            let series = mapping.blocked_by.get(blocker.relation).map(|relation| &relation.series);
            self.edge(series, &blocker.key)
        })
    }

    pub fn edge<'f>(&self, series: Option<&SeriesName>, blocker: &'f RecordKey) -> Edge<'f> {
        let blocker_series = self.scope.series.iter().position(|scoped| Some(&scoped.mapping.series) == series);
        Edge { blocker_series, blocker }
    }

    /// Takes out what a `--where` hold keeps: only the database can tell, and only of what is listed need it be asked.
    fn hold_by_expression(&self, reader: &mut Reader, tallies: &mut [Tally]) -> Result<(), PlanError> {
        let mapping = self.series().mapping;
        for (hold, expression) in self.holds.expressions(&mapping.series) {
            let mut outcome = Ok(());
            let mut take_out = |key: Option<RecordKey>| match key.map(|key| self.take_out(&key, hold, tallies)) {
                Some(Err(error)) => {
                    outcome = Err(error);
                    ControlFlow::Break(())
                }
                // What has no key is on no list.
                Some(Ok(())) | None => ControlFlow::Continue(()),
            };
            reader
                .find_where(&mapping.series, expression, Duration::MAX, &mut take_out)
                .map_err(|source| PlanError::of_hold(hold, &mapping.series, source))?;
            outcome?;
        }
        Ok(())
    }

    fn take_out(&self, key: &RecordKey, hold: &HoldId, tallies: &mut [Tally]) -> Result<(), PlanError> {
        if let Some(rule) = self.draft.take_out(self.place, key)? {
            tallies[rule].counts.due -= 1;
            tallies[rule].counts.held += 1;
            *tallies[rule].held_by.entry(hold.clone()).or_default() += 1;
        }
        Ok(())
    }

    /// Lets records that are parts of others of the series go before these: then the log names them, and a foreign key
    /// between them refuses nothing.
    fn put_parts_first(&self, reader: &mut Reader) -> Result<(), PlanError> {
        let mapping = self.series().mapping;
        if !mapping.parts.iter().any(|part| mapping.is_own_part(part)) {
            return Ok(());
        }
        let (mut records, mut last) = self.draft.records_after(self.place, &[], PAGE)?;
        while !records.is_empty() {
            let keys: Vec<RecordKey> = records.into_iter().map(|listed| listed.key).collect();
            let mut outcome = Ok(());
            let mut first = |record: usize, part: RecordKey| {
                if outcome.is_ok() {
                    outcome = self.draft.put_before(self.place, &part, &keys[record]);
                }
            };
            reader
                .own_parts(&mapping.series, &keys, &mut first)
                .map_err(|source| PlanError::Records { series: mapping.series.clone(), source })?;
            outcome?;
            (records, last) = self.draft.records_after(self.place, &last, PAGE)?;
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

#[cfg(test)]
mod tests;
