//! Which records of a list a log says are gone: a copy of their database was put back, or rows were taken from one.
//! They are not destroyed again by themselves.
//!
//! An application may give a key that is free to a new record. What starts the clock of that one comes after the end of
//! the old one, so a record counts only where its trigger lies before what the log says.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use chrono::Days;

use super::PlanError;
use super::body::days;
use super::draft::{Draft, Place};
use super::scope::{Scope, Tally};
use crate::audit::earlier::{Kept, beside, earlier_logs};
use crate::audit::{self, Entries, Fingerprinter, KeyPlaces, LogError, LogReader, Naming, namings, scan_disposed};
use crate::disposition::Installation;
use crate::model::{Fingerprint, Instant};
use crate::records::mapping::SeriesMapping;

/// Names that are looked for in one reading of a log: 16 MiB of them.
const AT_ONCE: usize = 1 << 20;

/// Marks the records of a settled draft that a log says are gone, this one or one before it, and counts them.
///
/// # Errors
/// A log, a key or the list cannot be read.
pub(super) fn mark(
    scope: &Scope<'_>,
    install: &Installation,
    draft: &Draft,
    tallies: &mut [Tally],
) -> Result<(), PlanError> {
    if tallies.iter().all(|tally| tally.counts.due == 0) {
        return Ok(());
    }
    let keys = KeyPlaces::new(install.state.join("private/keys"));
    for log in logs(&install.state)? {
        let namings = namings(&log, &keys)?;
        let of_series: Vec<Vec<(&Naming, &Fingerprinter)>> =
            scope.series.iter().map(|scoped| names_of(scoped.mapping, install, &namings)).collect();
        let most = of_series.iter().map(Vec::len).max().unwrap_or_default();
        if let Some(at_once) = AT_ONCE.checked_div(most) {
            Looking { log: &log, of_series: &of_series, draft, at_once }.mark(tallies)?;
        }
    }
    Ok(())
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
    let may_be = |naming: &Naming| {
        naming.series == mapping.series
            && (naming.source == mapping.source || !install.sources.contains_key(&naming.source))
    };
    namings.iter().filter(|(naming, _)| may_be(naming)).collect()
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

/// One name of a record of the list.
struct Wanted {
    /// The beginning of its fingerprint: of sixteen million million pairs one may agree by chance.
    name: u64,
    /// Which record it is, counted from the first that is looked for.
    record: u32,
    /// Its trigger, in days since 1970.
    day: i32,
}

impl Looking<'_> {
    fn mark(&self, tallies: &mut [Tally]) -> Result<(), PlanError> {
        let mut from = Place::default();
        loop {
            let mut records = 0;
            let mut wanted: HashMap<&Naming, Vec<Wanted>> = HashMap::new();
            let next = self.draft.visit_after(&from, self.at_once, &mut |series, key, day| {
                for (naming, key_of_year) in &self.of_series[series] {
                    let name = beginning(&key_of_year.record(&naming.series, &key));
                    wanted.entry(naming).or_default().push(Wanted { name, record: records, day });
                }
                records += 1;
            })?;
            if records == 0 {
                return Ok(());
            }
            let back = self.find(wanted, records as usize)?;
            for rule in self.draft.mark_back(&from, self.at_once, &|record| back[record])? {
                tallies[rule].back += 1;
            }
            from = next;
        }
    }

    /// For each record, whether the log says that it went after its trigger.
    fn find(&self, mut wanted: HashMap<&Naming, Vec<Wanted>>, records: usize) -> Result<Vec<bool>, LogError> {
        let mut back = vec![false; records];
        wanted.values_mut().for_each(|names| names.sort_unstable_by_key(|wanted| wanted.name));
        if wanted.is_empty() {
            return Ok(back);
        }
        scan_disposed(self.log, &|naming| wanted.contains_key(naming), &mut |naming, fingerprint, at| {
            let Some(names) = wanted.get(naming) else { return };
            let name = beginning(&fingerprint);
            let first = names.partition_point(|wanted| wanted.name < name);
            for found in names[first..].iter().take_while(|wanted| wanted.name == name) {
                back[found.record as usize] |= found.day <= last_day(at);
            }
        })?;
        Ok(back)
    }
}

fn beginning(fingerprint: &Fingerprint) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *fingerprint.as_bytes();
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// The last civil day that it is anywhere at this instant.
fn last_day(at: Instant) -> i32 {
    let day = at.date_naive();
    days(day.checked_add_days(Days::new(1)).unwrap_or(day))
}
