//! A record looked up in a log and in those before it, as far as each leads to the one before.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

use super::{Found, Wanted, WantedBy, lookup};
use crate::audit::earlier::{EarlierLog, EarlierState, Kept, beside, find_earlier};
use crate::audit::error::LogError;
use crate::audit::fingerprint::Fingerprinter;
use crate::audit::keys::{KeyPlaces, load_committed_fingerprinter};
use crate::audit::leaf::Body;
use crate::audit::reader::LogReader;
use crate::model::{Digest, Fingerprint, SeriesName, SourceName};

/// What is asked of every log: each has committed to keys of its own, under which the record has other names.
pub struct Asked<'a> {
    pub source: &'a SourceName,
    pub series: &'a SeriesName,
    pub by: WantedBy,
    /// The columns that make the record's key, or the one that holds its reference.
    pub columns: Vec<String>,
    /// Names the record, or its reference, under a key.
    pub name: &'a dyn Fn(&Fingerprinter) -> Fingerprint,
    pub keys: KeyPlaces,
}

/// What the log in this directory says of a record, and those before it: a key names one record, which the newest log
/// tells of that says whether it was there; a reference may be that of others before.
///
/// # Errors
/// A log or a key that cannot be read.
pub fn lookup_through(dir: &Path, asked: &Asked<'_>) -> Result<Found, LogError> {
    let mut directories = beside(dir);
    let mut found = asked.of(&LogReader::open(dir)?)?;
    while (asked.by == WantedBy::Reference || !found.tells_whether_it_is_there())
        && let Some(named) = found.continued.take()
    {
        let earlier = find_earlier(named, &mut directories, &[]);
        let told = EarlierLog::from(&earlier);
        if let Kept::Whole(pinned) = &earlier.kept {
            found = found.or(asked.of(&LogReader::succeeded(&pinned.dir, &earlier.named))?);
        }
        if told.state != EarlierState::Whole {
            found = found.without(told);
        }
    }
    Ok(found)
}

impl Asked<'_> {
    /// What one log says.
    fn of(&self, log: &LogReader) -> Result<Found, LogError> {
        let mut fingerprints = BTreeMap::new();
        for (year, commitment) in commitments(log, self.source)? {
            let key = load_committed_fingerprinter(self.keys.clone(), self.source, year, &commitment)?;
            fingerprints.extend(key.map(|key| (year, (self.name)(&key))));
        }
        let (source, series) = (self.source.clone(), self.series.clone());
        lookup(log, &Wanted { source, series, by: self.by, columns: self.columns.clone(), fingerprints })
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
