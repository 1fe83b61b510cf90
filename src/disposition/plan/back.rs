//! Which records of a list a log says are gone: a copy of their database was put back, or rows were taken from one.
//! They are not destroyed again by themselves.
//!
//! An application may give a key that is free to a new record. What starts the clock of that one comes after the end of
//! the old one, so a record counts only where its trigger lies before what the log says.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::body::days;
use super::draft::{Draft, Place};
use super::scope::{Scope, Tally};
use super::sought::{AT_ONCE, Sought};
use super::{Plan, PlanError, PlannedSeries};
use crate::audit::earlier::{Kept, beside, earlier_logs};
use crate::audit::{self, Entries, Fingerprinter, KeyPlaces, LogError, LogReader, Naming, namings};
use crate::disposition::Installation;
use crate::model::{BatchNumber, Fingerprint, SourceName};
use crate::records::mapping::SeriesMapping;

/// Marks the records of a settled draft that a log says are gone, this one or one before it, and counts them. Returns
/// how many entries the log had.
///
/// # Errors
/// A log, a key or the list cannot be read.
pub(super) fn mark(
    scope: &Scope<'_>,
    install: &Installation,
    draft: &Draft,
    tallies: &mut [Tally],
) -> Result<u64, PlanError> {
    let logs = logs(&install.state)?;
    let entries = logs.first().map(LogReader::size).unwrap_or_default();
    if tallies.iter().all(|tally| tally.counts.due == 0) {
        return Ok(entries);
    }
    let keys = key_places(install);
    for log in logs {
        let namings = namings(&log, &keys)?;
        let of_series: Vec<Vec<(&Naming, &Fingerprinter)>> =
            scope.series.iter().map(|scoped| names_of(scoped.mapping, install, &namings)).collect();
        let most = of_series.iter().map(Vec::len).max().unwrap_or_default();
        if let Some(at_once) = AT_ONCE.checked_div(most) {
            Looking { log: &log, of_series: &of_series, draft, at_once }.mark(tallies)?;
        }
    }
    Ok(entries)
}

/// Where the keys are that name records.
pub(super) fn key_places(install: &Installation) -> KeyPlaces {
    KeyPlaces::new(install.state.join("private/keys"))
}

/// The log of a state directory, and those before it whose entries are beside it.
fn logs(state: &Path) -> Result<Vec<LogReader>, LogError> {
    let dir = audit::dir_in(state);
    let log = match LogReader::open(&dir) {
        Err(LogError::Absent { .. }) => return Ok(Vec::new()),
        log => log?,
    };
    let continued = log.continued()?;
    let mut logs = vec![log];
    for earlier in earlier_logs(continued.as_ref(), beside(&dir), &[]) {
        if let Kept::Whole(pinned) = &earlier.kept {
            logs.push(LogReader::succeeded(&pinned.dir, &earlier.named));
        }
    }
    Ok(logs)
}

/// The names under which a log may have records of a series: its own, and those of a source that the configuration does
/// not have, which may be the same database by another name.
fn names_of<'n>(
    mapping: &SeriesMapping,
    install: &Installation,
    namings: &'n BTreeMap<Naming, Fingerprinter>,
) -> Vec<(&'n Naming, &'n Fingerprinter)> {
    let may_be = |naming: &Naming| naming.series == mapping.series && may_be_of(install, naming, &mapping.source);
    namings.iter().filter(|(naming, _)| may_be(naming)).collect()
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
    let namings = namings(&log, &key_places(install))?;
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
