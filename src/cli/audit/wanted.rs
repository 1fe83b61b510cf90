//! What the log knows of one record: in this log, or in one that it succeeds.
//!
//! A record has a name in the log for each year whose fingerprint key is still there.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::audit;
use crate::audit::earlier::{EarlierLog, EarlierState, Kept, beside, find_earlier};
use crate::audit::leaf::Body;
use crate::audit::lookup::{Answer, Found, Wanted, WantedBy, lookup};
use crate::audit::{Fingerprinter, KeyPlaces, LogReader, load_committed_fingerprinter};
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::cli::setup::Setup;
use crate::model::{Digest, Fingerprint, KeyValue, RecordKey, SourceName};
use crate::records::mapping::SeriesMapping;

/// By what a record is asked for.
pub(in crate::cli) enum Name<'a> {
    Key(&'a RecordKey),
    /// What people cite. The log names it by its text, whatever type its column has.
    Reference(&'a str),
}

/// What the logs say of a record, the newest that knows it.
///
/// # Errors
/// A log or a key that cannot be read.
pub(in crate::cli) fn find(setup: &Setup, mapping: &SeriesMapping, name: &Name<'_>) -> Result<Found, Failure> {
    let dir = audit::dir_in(&setup.install.state);
    let ask = |log: LogReader| -> Result<Found, Failure> { Ok(lookup(&log, &wanted(setup, &log, mapping, name)?)?) };
    let mut found = ask(LogReader::open(&dir)?)?;
    let mut directories = beside(&dir);
    while found.is_absent()
        && let Some(named) = found.continued.take()
    {
        let earlier = find_earlier(named, &mut directories, &[]);
        let told = EarlierLog::from(&earlier);
        if let Kept::Whole(pinned) = &earlier.kept {
            found = found.or(ask(LogReader::succeeded(&pinned.dir, &earlier.named))?);
        }
        if told.state != EarlierState::Whole {
            found = found.without(told);
        }
    }
    Ok(found)
}

/// Whether an answer that no mention gives claims more than another: doubt outweighs silence.
pub(in crate::cli) fn is_surer(answer: &Found, other: &Found) -> bool {
    let doubt = |found: &Found| match found.answer {
        Answer::CannotTell => 2,
        Answer::KeyDestroyed => 1,
        _ => 0,
    };
    doubt(answer) < doubt(other)
}

/// How a command ends that gave this answer: one that could not be given is a failure, and of the log where something else stands in the place of
/// an earlier one.
pub(in crate::cli) fn answered(found: &Found) -> Exit {
    match found.answer {
        Answer::CannotTell if found.is_contradicted() => Exit::LogFault,
        Answer::CannotTell => Exit::Failure,
        _ => Exit::Ok,
    }
}

fn wanted(setup: &Setup, log: &LogReader, mapping: &SeriesMapping, name: &Name<'_>) -> Result<Wanted, Failure> {
    let places = KeyPlaces::new(setup.install.state.join("private/keys"));
    let mut fingerprints = BTreeMap::new();
    for (year, commitment) in commitments(log, &mapping.source)? {
        let found = load_committed_fingerprinter(places.clone(), &mapping.source, year, &commitment)?;
        if let Some(fingerprinter) = found {
            fingerprints.insert(year, name.fingerprint(mapping, &fingerprinter));
        }
    }
    let by = match name {
        Name::Key(_) => WantedBy::Key,
        Name::Reference(_) => WantedBy::Reference,
    };
    Ok(Wanted { source: mapping.source.clone(), series: mapping.series.clone(), by, fingerprints })
}

impl Name<'_> {
    fn fingerprint(&self, mapping: &SeriesMapping, fingerprinter: &Fingerprinter) -> Fingerprint {
        match self {
            Self::Key(key) => fingerprinter.record(&mapping.series, key),
            Self::Reference(text) => fingerprinter.reference(&mapping.series, &KeyValue::Text((*text).to_owned())),
        }
    }
}

/// The years for which the log declares a key of the source, and what it committed to.
fn commitments(log: &LogReader, source: &SourceName) -> Result<BTreeMap<i32, Digest>, Failure> {
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
