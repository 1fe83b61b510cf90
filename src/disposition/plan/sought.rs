//! Names of records that are looked for in a log, many in one reading of it.

use std::collections::HashMap;

use chrono::Days;

use super::body::days;
use crate::audit::{Disposed, Fingerprinter, LogError, LogReader, Naming, scan_disposed};
use crate::model::{Fingerprint, Instant, RecordKey};

/// Names that are looked for in one reading of a log: 16 MiB of them.
pub(super) const AT_ONCE: usize = 1 << 20;

/// The beginning of a fingerprint: of sixteen million million pairs one may agree by chance.
pub(super) type Beginning = u64;

/// The beginning of this fingerprint.
pub(super) fn beginning(fingerprint: &Fingerprint) -> Beginning {
    let [a, b, c, d, e, f, g, h, ..] = *fingerprint.as_bytes();
    Beginning::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// Records that are looked for, each by all names that the log may have for it.
#[derive(Default)]
pub(super) struct Sought {
    names: HashMap<Naming, Vec<Name>>,
    records: u32,
    count: usize,
}

/// One name of a record.
struct Name {
    beginning: Beginning,
    /// Which record it is.
    record: u32,
    /// Its trigger, in days since 1970.
    day: i32,
}

impl Sought {
    /// The names added from now on are those of one more record.
    pub fn next_record(&mut self) {
        self.records += 1;
    }

    /// Adds a name of the record at hand, and the day of its trigger, in days since 1970.
    pub fn add(&mut self, naming: &Naming, fingerprint: &Fingerprint, day: i32) {
        let name = Name { beginning: beginning(fingerprint), record: self.records - 1, day };
        self.count += 1;
        match self.names.get_mut(naming) {
            Some(names) => names.push(name),
            None => drop(self.names.insert(naming.clone(), vec![name])),
        }
    }

    /// Adds what these make of the key of the record at hand, also of one whose columns were of other types then: at
    /// most [`RecordKey::spellings_of`] its columns for each.
    pub fn add_all(&mut self, names: &[(&Naming, &Fingerprinter)], key: &RecordKey, day: i32) {
        for spelled in key.spellings() {
            for (naming, key_of_year) in names {
                self.add(naming, &key_of_year.record(&naming.series, &spelled), day);
            }
        }
    }

    /// Whether no more names should be looked for in one reading.
    pub fn is_full(&self, at_once: usize) -> bool {
        self.count >= at_once
    }

    /// Whether no record is looked for.
    pub fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// For each record, whether an entry from this one on says that it went after its trigger.
    ///
    /// # Errors
    /// A log that cannot be read.
    pub fn find(self, log: &LogReader, from: u64) -> Result<Vec<bool>, LogError> {
        let mut found = vec![false; self.records as usize];
        self.each(log, from, &mut |record, _| found[record] = true)?;
        Ok(found)
    }

    /// Shows what entries from this one on say of records that went after their trigger, each with the number of its
    /// record, in the log's order.
    ///
    /// # Errors
    /// A log that cannot be read.
    pub fn each(
        mut self,
        log: &LogReader,
        from: u64,
        visit: &mut dyn FnMut(usize, Disposed<'_>),
    ) -> Result<(), LogError> {
        self.names.values_mut().for_each(|names| names.sort_unstable_by_key(|name| name.beginning));
        if self.names.is_empty() {
            return Ok(());
        }
        scan_disposed(log, from, &|naming| self.names.contains_key(naming), &mut |disposed| {
            let Some(names) = self.names.get(disposed.naming) else { return };
            let wanted = beginning(&disposed.name);
            let first = names.partition_point(|name| name.beginning < wanted);
            let found = names[first..].iter().take_while(|name| name.beginning == wanted);
            found
                .filter(|name| name.day <= last_day(disposed.at))
                .for_each(|name| visit(name.record as usize, disposed));
        })
    }
}

/// The last civil day that it is anywhere at this instant.
pub(super) fn last_day(at: Instant) -> i32 {
    let day = at.date_naive();
    days(day.checked_add_days(Days::new(1)).unwrap_or(day))
}
