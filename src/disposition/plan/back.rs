//! Which records of a list a log says are gone: a copy of their database was put back, or rows were taken from one.
//! They are not destroyed again by themselves.
//!
//! An application may give a key that is free to a new record. What starts the clock of that one comes after the end of
//! the old one, so a record counts only where its trigger lies before what the log says.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::iter;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::body::days;
use super::draft::{Draft, Place};
use super::make::open;
use super::scope::{Scope, ScopedSeries, Tally};
use super::sought::{AT_ONCE, Sought};
use super::{Plan, PlanError, PlannedSeries};
use crate::audit::earlier::{Kept, beside, earlier_logs};
use crate::audit::leaf::Body;
use crate::audit::{self, Brief, Entries, Fingerprinter, KeyPlaces, Keyless, LogError, LogReader, Naming, namings};
use crate::disposition::Installation;
use crate::disposition::desk::behind::untold;
use crate::model::{BatchNumber, Fingerprint, SourceName};
use crate::records::mapping::SeriesMapping;

/// What the logs could tell of a list.
#[derive(Default)]
pub(super) struct Told {
    /// How many entries the newest log had.
    pub entries: u64,
    /// Sources of whose records the logs cannot tell whether they are gone: entries of an earlier log are not at hand
    /// or could not be relied on, the database remembers batches of which no log at hand tells, or the key of a year
    /// was lost.
    pub untold: BTreeSet<SourceName>,
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
    let mut told = Told { entries: logs.newest.size(), untold: BTreeSet::new() };
    if tallies.iter().all(|tally| tally.counts.due == 0) {
        return Ok(told);
    }
    told.untold = logs.untold(scope, install)?;
    let keys = key_places(install);
    let mut forgotten = BTreeSet::new();
    for log in logs.all() {
        let namings = namings(log, &keys)?;
        // A log may say of a key of one before it that it was destroyed.
        forgotten.extend(namings.forgotten);
        let is_lost = |of: &&Keyless| of.commitment.is_none_or(|commitment| !forgotten.contains(&commitment));
        for lost in namings.keyless.iter().filter(is_lost) {
            let may_be_its = scope.series.iter().filter(|scoped| may_name(install, &lost.naming, scoped.mapping));
            told.untold.extend(may_be_its.map(|scoped| scoped.source.name.clone()));
        }
        let of_series: Vec<Vec<(&Naming, &Fingerprinter)>> =
            scope.series.iter().map(|scoped| names_of(scoped.mapping, install, &namings.by_key)).collect();
        let most = of_series.iter().map(Vec::len).max().unwrap_or_default();
        if let Some(at_once) = AT_ONCE.checked_div(most) {
            Looking { log, of_series: &of_series, draft, at_once }.mark(tallies)?;
        }
    }
    Ok(told)
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

    /// The sources of whose records entries may tell that are not at hand.
    fn untold(&self, scope: &Scope<'_>, install: &Installation) -> Result<BTreeSet<SourceName>, PlanError> {
        let (mut looked_at, mut untold) = (BTreeSet::new(), BTreeSet::new());
        for scoped in &scope.series {
            let name = &scoped.source.name;
            if looked_at.insert(name) && (!self.are_whole || self.is_remembered_more(scoped, install)?) {
                untold.insert(name.clone());
            }
        }
        Ok(untold)
    }

    /// Whether a database remembers batches of logs that are not at hand.
    fn is_remembered_more(&self, scoped: &ScopedSeries<'_>, install: &Installation) -> Result<bool, PlanError> {
        let mut own = None;
        self.newest.scan_brief(0, &mut |_, brief| {
            if let Brief::Whole(leaf) = brief
                && let Body::Genesis(genesis) = leaf.body
            {
                own = Some(genesis.origin);
            }
            ControlFlow::Break(())
        })?;
        let failed = |source| PlanError::Source { source_name: scoped.source.name.clone(), source };
        let foreign = open(scoped, &install.series)?.foreign_fences(own.as_ref()).map_err(failed)?;
        Ok(!untold(&self.newest, &self.dir, foreign)?.is_empty())
    }
}

/// The names under which a log may have records of a series: its own, and those of a source that the configuration does
/// not have, which may be the same database by another name.
fn names_of<'n>(
    mapping: &SeriesMapping,
    install: &Installation,
    namings: &'n BTreeMap<Naming, Fingerprinter>,
) -> Vec<(&'n Naming, &'n Fingerprinter)> {
    namings.iter().filter(|(naming, _)| may_name(install, naming, mapping)).collect()
}

/// Whether a log may have records of a series under this name.
fn may_name(install: &Installation, naming: &Naming, mapping: &SeriesMapping) -> bool {
    naming.series == mapping.series && may_be_of(install, naming, &mapping.source)
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
                for (naming, key_of_year) in &self.of_series[series] {
                    sought.add(naming, &key_of_year.record(&naming.series, &key), day);
                }
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

/// Of the records of a plan that were back when it was made, under which names, and by which batches, the log says that
/// they went last. What went under a source that is configured no more, or in an earlier log, is not told: no entry of
/// this one could say that it is back.
///
/// # Errors
/// A log, a key or the list cannot be read.
pub fn back_in(install: &Installation, plan: &Plan) -> Result<BTreeMap<BatchNumber, Vec<Fingerprint>>, PlanError> {
    let log = LogReader::open(&audit::dir_in(&install.state))?;
    let namings = namings(&log, &key_places(install))?.by_key;
    let is_of = |naming: &Naming, of: &PlannedSeries| naming.source == of.source && naming.series == of.series;
    let of_series = plan.manifest().series.iter().map(|of| namings.iter().filter(|(naming, _)| is_of(naming, of)));
    let of_series: Vec<Vec<(&Naming, &Fingerprinter)>> = of_series.map(Iterator::collect).collect();
    let mut sought = Sought::default();
    plan.body().visit(&mut |item| {
        if let Some(names) = of_series.get(item.series).filter(|_| item.is_back) {
            sought.next_record();
            for (naming, key) in names {
                sought.add(naming, &key.record(&naming.series, &item.key), days(item.trigger_day));
            }
        }
    })?;
    let mut last: HashMap<usize, (BatchNumber, Fingerprint)> = HashMap::new();
    sought.each(&log, 0, &mut |record, went| {
        last.insert(record, (went.batch, went.name));
    })?;
    let mut back: BTreeMap<BatchNumber, Vec<Fingerprint>> = BTreeMap::new();
    for (batch, name) in last.into_values() {
        back.entry(batch).or_default().push(name);
    }
    Ok(back)
}
