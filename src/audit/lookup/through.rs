//! A record looked up in a log and in those before it, as far as each leads to the one before.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::Path;

use super::{Found, Wanted, WantedBy, WantedName, lookup};
use crate::audit::earlier::{EarlierLog, EarlierState, Kept, beside, find_earlier};
use crate::audit::error::LogError;
use crate::audit::fingerprint::Fingerprinter;
use crate::audit::keys::{KeyError, KeyPlaces, load_committed_fingerprinter};
use crate::audit::leaf::Body;
use crate::audit::reader::LogReader;
use crate::model::{Digest, SeriesName, SourceName};

/// What is asked of every log: each has committed to keys of its own, under which the record has other names.
pub struct Asked<'a> {
    pub source: &'a SourceName,
    pub series: &'a SeriesName,
    pub by: WantedBy,
    /// The columns that make the record's key, or the one that holds its reference.
    pub columns: Vec<String>,
    /// Names the record, or its reference, under a key: as often as its own key may have been typed otherwise.
    pub names: &'a dyn Fn(&Fingerprinter) -> Vec<WantedName>,
    pub keys: KeyPlaces,
}

/// What the log in this directory says of a record, and those before it: a key names one record, which the newest log
/// tells of that says whether it was there; a reference may be that of others before.
///
/// # Errors
/// A log or a key that cannot be read.
pub fn lookup_through(dir: &Path, asked: &Asked<'_>) -> Result<Found, LogError> {
    let mut directories = beside(dir);
    let mut forgotten = BTreeSet::new();
    let mut found = asked.of(&LogReader::open(dir)?, &mut forgotten)?;
    while (asked.by == WantedBy::Reference || !found.tells_whether_it_is_there())
        && let Some(named) = found.continued.take()
    {
        let earlier = find_earlier(named, &mut directories, &[]);
        let told = EarlierLog::from(&earlier);
        if let Kept::Whole(pinned) = &earlier.kept {
            found = found.or(asked.of(&LogReader::succeeded(&pinned.dir, &earlier.named), &mut forgotten)?);
        }
        if told.state != EarlierState::Whole {
            found = found.without(told);
        }
    }
    Ok(found)
}

impl Asked<'_> {
    /// What one log says; `forgotten` is what it and the logs after it had committed to of keys that they say were
    /// destroyed.
    fn of(&self, log: &LogReader, forgotten: &mut BTreeSet<Digest>) -> Result<Found, LogError> {
        let committed = commitments(log, self.source)?;
        let (mut fingerprints, mut replaced) = (BTreeMap::new(), BTreeSet::new());
        for (year, commitment) in &committed {
            match load_committed_fingerprinter(self.keys.clone(), self.source, *year, commitment) {
                // As good as lost. Of the newest log it is for whoever has the right one to put back.
                Err(LogError::Key(KeyError::Exchanged { .. })) if !log.is_succeeded() => {}
                Err(LogError::Key(KeyError::Exchanged { .. })) => drop(replaced.insert(*year)),
                key => fingerprints.extend(key?.map(|key| (*year, (self.names)(&key)))),
            }
        }
        let (source, series) = (self.source.clone(), self.series.clone());
        let found = lookup(log, &Wanted { source, series, by: self.by, columns: self.columns.clone(), fingerprints })?;
        forgotten.extend(found.destroyed_keys.iter().filter_map(|year| committed.get(year)));
        let is_forgotten = |(year, of): (&i32, &Digest)| forgotten.contains(of).then_some(*year);
        Ok(found.under(&committed.iter().filter_map(is_forgotten).collect(), &replaced))
    }
}

/// The years for which the log declares a key of the source, and what it committed to.
fn commitments(log: &LogReader, source: &SourceName) -> Result<BTreeMap<i32, Digest>, LogError> {
    let mut years = BTreeMap::new();
    log.scan_kind("fpkey", &mut |_, leaf| {
        if let Body::Fpkey(key) = leaf.body
            && key.source == *source
        {
            years.insert(key.year, key.commitment);
        }
        ControlFlow::Continue(())
    })?;
    Ok(years)
}
