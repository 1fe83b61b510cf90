//! Which records of a list a log says are gone: a copy of their database was put back, or rows were taken from one.
//! They are not destroyed again by themselves.
//!
//! An application may give a key that is free to a new record. What starts the clock of that one comes after the end of
//! the old one, so a record counts only where its trigger lies before what the log says.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::iter;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use chrono::Days;

use super::body::days;
use super::draft::{Draft, Place};
use super::make::open;
use super::scope::{Scope, ScopedSeries, Tally};
use super::sought::{AT_ONCE, Sought, last_day};
use super::{Plan, PlanError, PlannedSeries};
use crate::audit::earlier::{Kept, beside, earlier_logs};
use crate::audit::leaf::Body;
use crate::audit::{
    self, Brief, Disposed, Entries, Fingerprinter, KeyPlaces, Keyless, LogError, LogReader, Mapped, Naming, Namings,
    namings,
};
use crate::disposition::Installation;
use crate::disposition::desk::behind::{Untold, untold};
use crate::model::{BatchNumber, CivilDate, Fingerprint, Instant, Origin, RecordKey, SourceName};
use crate::records::mapping::SeriesMapping;

/// What the logs could tell of a list.
#[derive(Default)]
pub(super) struct Told {
    /// How many entries the newest log had.
    pub entries: u64,
    /// Sources of whose records the logs cannot tell whether they are gone: entries of an earlier log are not at hand
    /// or could not be relied on, the database remembers batches of which no log at hand tells, or the key of a year
    /// was lost. Each with the last day, since 1970, by which what they do not tell of was done: the clock of a record
    /// that went then had started before.
    pub untold: BTreeMap<SourceName, i32>,
}

impl Told {
    /// Of records of a source, whose clocks had started by this day, the logs cannot tell.
    fn doubt(&mut self, source: &SourceName, until: i32) {
        let day = self.untold.entry(source.clone()).or_insert(until);
        *day = until.max(*day);
    }

    /// Forgets the sources of which the list has no such record: the doubt ends with them.
    fn keep_listed(&mut self, scope: &Scope<'_>, draft: &Draft) -> Result<(), PlanError> {
        let mut listed = BTreeSet::new();
        for (place, scoped) in scope.series.iter().enumerate() {
            let name = &scoped.source.name;
            if let Some(until) = self.untold.get(name)
                && draft.has_started_by(place, *until)?
            {
                listed.insert(name.clone());
            }
        }
        self.untold.retain(|source, _| listed.contains(source));
        Ok(())
    }
}

/// Marks the records of a settled draft that a log says are gone, this one or one before it, and counts them.
///
/// # Errors
/// A log, a key, a database or the list cannot be read.
pub(super) fn mark(
    scope: &Scope<'_>,
    install: &Installation,
    draft: &Draft,
    tallies: &mut [Tally],
) -> Result<Told, PlanError> {
    let Some(logs) = Logs::open(&install.state)? else { return Ok(Told::default()) };
    let mut told = Told { entries: logs.newest.size(), untold: BTreeMap::new() };
    if tallies.iter().all(|tally| tally.counts.due == 0) {
        return Ok(told);
    }
    logs.doubt(scope, install, &mut told)?;
    let keys = key_places(install);
    let mut forgotten = BTreeSet::new();
    for log in logs.all() {
        let mut namings = namings(log, &keys)?;
        // A log may say of a key of one before it that it was destroyed.
        forgotten.append(&mut namings.forgotten);
        let is_lost = |of: &&Keyless| of.commitment.is_none_or(|commitment| !forgotten.contains(&commitment));
        for Keyless { naming, .. } in namings.keyless.iter().filter(is_lost) {
            let may_be_its =
                scope.series.iter().filter(|scoped| may_name(install, naming, scoped.mapping, &namings.mapped));
            may_be_its.for_each(|scoped| told.doubt(&scoped.source.name, last_day_under(naming.year)));
        }
        let of_series: Vec<Vec<(&Naming, &Fingerprinter)>> =
            scope.series.iter().map(|scoped| names_of(scoped.mapping, install, &namings)).collect();
        let names = |(scoped, names): (&ScopedSeries<'_>, &Vec<_>)| {
            names.len() * RecordKey::spellings_of(scoped.mapping.key.len())
        };
        let most = scope.series.iter().zip(&of_series).map(names).max().unwrap_or_default();
        if let Some(at_once) = AT_ONCE.checked_div(most) {
            Looking { log, of_series: &of_series, draft, at_once }.mark(tallies)?;
        }
    }
    told.keep_listed(scope, draft)?;
    Ok(told)
}

/// The last day, since 1970, on which a record can have gone under the name that the key of this year gives it: a plan
/// is executed under the year in which it was made, at most sixty days after. Another day is for its zone.
fn last_day_under(year: i32) -> i32 {
    let end = CivilDate::from_ymd_opt(year, 12, 31).and_then(|end| end.checked_add_days(Days::new(61)));
    end.map_or(i32::MAX, days)
}

/// Where the keys are that name records.
pub(super) fn key_places(install: &Installation) -> KeyPlaces {
    audit::keys_in(&install.state)
}

/// The log of a state directory, and those before it.
struct Logs {
    dir: PathBuf,
    newest: LogReader,
    /// Those whose entries are beside it, the last one first.
    earlier: Vec<LogReader>,
    /// Whether every entry that a log before this one ever had is among them.
    are_whole: bool,
}

impl Logs {
    /// `None` before there is a log.
    fn open(state: &Path) -> Result<Option<Self>, LogError> {
        let dir = audit::dir_in(state);
        let newest = match LogReader::open(&dir) {
            Err(LogError::Absent { .. }) => return Ok(None),
            log => log?,
        };
        let (mut earlier, mut are_whole) = (Vec::new(), true);
        for before in earlier_logs(newest.continued()?.as_ref(), beside(&dir), &[]) {
            are_whole &= matches!(&before.kept, Kept::Whole(pinned) if !pinned.is_partial);
            if let Kept::Whole(pinned) = &before.kept {
                earlier.push(LogReader::succeeded(&pinned.dir, &before.named));
            }
        }
        Ok(Some(Self { dir, newest, earlier, are_whole }))
    }

    /// The newest first.
    fn all(&self) -> impl Iterator<Item = &LogReader> {
        iter::once(&self.newest).chain(&self.earlier)
    }

    /// Notes the sources of whose records entries may tell that are not at hand: those of the logs before the newest
    /// were written before a plan was approved in that one.
    fn doubt(&self, scope: &Scope<'_>, install: &Installation, told: &mut Told) -> Result<(), PlanError> {
        let (own, began) = self.beginning()?;
        let mut looked_at = BTreeSet::new();
        for scoped in &scope.series {
            let name = &scoped.source.name;
            if !looked_at.insert(name) {
                continue;
            }
            if !self.are_whole {
                told.doubt(name, began);
            }
            let failed = |source| PlanError::Source { source_name: name.clone(), source };
            let foreign = open(scoped, &install.series)?.foreign_fences(own.as_ref()).map_err(failed)?;
            for Untold { is_before, .. } in untold(&self.newest, &self.dir, foreign)? {
                // When a log worked that nobody knows is not known either.
                told.doubt(name, if is_before { began } else { i32::MAX });
            }
        }
        Ok(())
    }

    /// The name of the newest log, and the last day, since 1970, that it was anywhere when a plan was approved in it
    /// first: by a clock that was believed, as that by which it was begun need not have been.
    fn beginning(&self) -> Result<(Option<Origin>, i32), LogError> {
        let mut beginning = (None, i32::MAX);
        self.newest.scan_brief(0, &mut |_, brief| {
            let Brief::Whole(leaf) = brief else { return ControlFlow::Continue(()) };
            match leaf.body {
                Body::Genesis(genesis) => beginning.0 = Some(genesis.origin),
                Body::Approval(_) => {
                    beginning.1 = Instant::from_timestamp(leaf.at, 0).map_or(i32::MAX, last_day);
                    return ControlFlow::Break(());
                }
                _ => {}
            }
            ControlFlow::Continue(())
        })?;
        Ok(beginning)
    }
}

/// The names under which a log may have records of a series.
fn names_of<'n>(
    mapping: &SeriesMapping,
    install: &Installation,
    namings: &'n Namings,
) -> Vec<(&'n Naming, &'n Fingerprinter)> {
    namings.by_key.iter().filter(|(naming, _)| may_name(install, naming, mapping, &namings.mapped)).collect()
}

/// Whether a log may have records of a series under this name: its own, or that of another series that had the same
/// rows, in its own source or in one that the configuration does not have, which may be the same database by another
/// name.
fn may_name(install: &Installation, naming: &Naming, mapping: &SeriesMapping, mapped: &Mapped) -> bool {
    may_be_of(install, naming, &mapping.source) && is_of_rows(naming, mapping, mapped)
}

/// Whether a name is one of records of this series, or of one that had the same rows: of its table, by its key.
fn is_of_rows(naming: &Naming, mapping: &SeriesMapping, mapped: &Mapped) -> bool {
    naming.series == mapping.series || mapped.had(&naming.source, &naming.series, &mapping.table, &mapping.key)
}

/// Whether a name may be one of a record of this source: its own, or that of a source that the configuration does not
/// have.
pub(super) fn may_be_of(install: &Installation, naming: &Naming, source: &SourceName) -> bool {
    naming.source == *source || !install.sources.contains_key(&naming.source)
}

/// A list that is held against one log.
struct Looking<'l> {
    log: &'l LogReader,
    /// Per series, the names that the log may have for its records.
    of_series: &'l [Vec<(&'l Naming, &'l Fingerprinter)>],
    draft: &'l Draft,
    /// Records that are looked for in one reading.
    at_once: usize,
}

impl Looking<'_> {
    fn mark(&self, tallies: &mut [Tally]) -> Result<(), PlanError> {
        let mut from = Place::default();
        loop {
            let mut sought = Sought::default();
            let next = self.draft.visit_after(&from, self.at_once, &mut |series, key, day| {
                sought.next_record();
                sought.add_all(&self.of_series[series], &key, day);
            })?;
            if sought.is_empty() {
                return Ok(());
            }
            let back = sought.find(self.log, 0)?;
            for rule in self.draft.mark_back(&from, self.at_once, &|record| back[record])? {
                tallies[rule].back += 1;
            }
            from = next;
        }
    }
}

/// Is shown records that are back, by the batch that they went by last, as the log names them.
pub type VisitBack<'v, E> = dyn FnMut(BTreeMap<BatchNumber, Vec<Fingerprint>>) -> Result<(), E> + 'v;

/// Shows, of the records of a plan that were back when it was made, under which names, and by which batches, the log
/// says that they went last: as many at a time as one reading of the log looks for. What went under a source that is
/// configured no more, or in an earlier log, is not shown: no entry of this one could say that it is back.
///
/// # Errors
/// A log, a key or the list cannot be read; what the visitor says.
pub fn back_in<E: From<PlanError>>(
    install: &Installation,
    log: &LogReader,
    plan: &Plan,
    visit: &mut VisitBack<'_, E>,
) -> Result<(), E> {
    back_in_pages(install, log, plan, AT_ONCE, visit)
}

fn back_in_pages<E: From<PlanError>>(
    install: &Installation,
    log: &LogReader,
    plan: &Plan,
    at_once: usize,
    visit: &mut VisitBack<'_, E>,
) -> Result<(), E> {
    let namings = namings(log, &key_places(install)).map_err(PlanError::from)?;
    let names_of = |of: &PlannedSeries| -> Vec<(&Naming, &Fingerprinter)> {
        let Some(mapping) = install.mapping(&of.series) else { return Vec::new() };
        let is_of = |naming: &Naming| naming.source == of.source && is_of_rows(naming, mapping, &namings.mapped);
        namings.by_key.iter().filter(|(naming, _)| is_of(naming)).collect()
    };
    let of_series: Vec<_> = plan.manifest().series.iter().map(names_of).collect();
    let (mut sought, mut outcome) = (Sought::default(), Ok(()));
    plan.body().visit(&mut |item| {
        if let Some(names) = of_series.get(item.series).filter(|_| item.is_back && outcome.is_ok()) {
            sought.next_record();
            sought.add_all(names, &item.key, days(item.trigger_day));
            if sought.is_full(at_once) {
                outcome = show_last(log, std::mem::take(&mut sought), visit);
            }
        }
    })?;
    outcome?;
    show_last(log, sought, visit)
}

/// Shows by which batches these records went last.
fn show_last<E: From<PlanError>>(log: &LogReader, sought: Sought, visit: &mut VisitBack<'_, E>) -> Result<(), E> {
    let mut last: HashMap<usize, (BatchNumber, Fingerprint)> = HashMap::new();
    let note = &mut |record, went: Disposed<'_>| {
        last.insert(record, (went.batch, went.name));
    };
    sought.each(log, 0, note).map_err(PlanError::from)?;
    let mut back: BTreeMap<BatchNumber, Vec<Fingerprint>> = BTreeMap::new();
    for (batch, name) in last.into_values() {
        back.entry(batch).or_default().push(name);
    }
    visit(back)
}

#[cfg(test)]
mod tests;
