//! What the log knows of one record: in this log, or in one that it succeeds.
//!
//! A record has a name in the log for each year whose fingerprint key is still there.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::audit;
use crate::audit::earlier::{EarlierLog, EarlierState, Kept, beside, earlier_logs, find_earlier};
use crate::audit::leaf::Body;
use crate::audit::lookup::{Answer, Found, Remembered, Wanted, WantedBy, lookup};
use crate::audit::{Entries, Fingerprinter, KeyPlaces, LogReader, load_committed_fingerprinter};
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::cli::setup::Setup;
use crate::disposition::execute::look_whether_behind_beside;
use crate::model::{Digest, Fingerprint, KeyValue, Origin, RecordKey, SourceName};
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
    let log = LogReader::open(&dir)?;
    let mut found = ask(log.clone())?;
    let (own, mut directories) = (found.log.clone(), beside(&dir));
    // A key names one record, which the newest log that knows it tells of; a reference may be that of others before.
    while (found.is_absent() || matches!(name, Name::Reference(_)))
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
    match own {
        Some(own) if !found.is_all_gone() => {
            let remembered = remembered(setup, &log, &own, mapping)?;
            Ok(found.beside(remembered))
        }
        _ => Ok(found),
    }
}

/// Batches of which the record's database tells and no log here: what they destroyed nobody can look up. A database
/// that cannot be read tells nothing.
fn remembered(
    setup: &Setup,
    log: &LogReader,
    own: &Origin,
    mapping: &SeriesMapping,
) -> Result<Vec<Remembered>, Failure> {
    let Ok(reader) = setup.reader(mapping) else { return Ok(Vec::new()) };
    let mut remembered = Vec::new();
    let batches = reader.fences(own)?;
    if look_whether_behind_beside(log, own, &mapping.source, &batches).is_err() {
        remembered.push(Remembered { log: own.clone(), batches: batches.len() as u64, behind: true });
    }
    let others = reader.foreign_fences(Some(own))?;
    if !others.is_empty() {
        let before = earlier_logs(log.continued()?.as_ref(), beside(&audit::dir_in(&setup.install.state)), &[]);
        let unknown = others.into_iter().filter(|(other, _)| before.iter().all(|before| before.named.origin != *other));
        remembered.extend(unknown.map(|(log, batches)| Remembered { log, batches, behind: false }));
    }
    Ok(remembered)
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

/// How a command ends that gave this answer: one that could not be given, of one record that shares the reference or of
/// all, is a failure, and of the log where something else stands in the place of an earlier one.
pub(in crate::cli) fn answered(found: &Found) -> Exit {
    let mut answers = found.records.iter().map(|record| record.answer).chain([found.answer]);
    match answers.any(|answer| answer == Answer::CannotTell) {
        true if found.is_contradicted() => Exit::LogFault,
        true => Exit::Failure,
        false => Exit::Ok,
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
