//! What the log knows of one record: in this log, or in one that it succeeds.
//!
//! A record has a name in the log for each year whose fingerprint key is still there.

use std::collections::BTreeSet;

use crate::audit;
use crate::audit::lookup::{Answer, Asked, Found, NamedSeries, Remembered, WantedBy, WantedName, lookup_through};
use crate::audit::{Fingerprinter, LogReader};
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::cli::setup::Setup;
use crate::disposition::desk::behind::{Untold, look_beside, untold};
use crate::model::{KeyValue, Origin, RecordKey, SeriesName};
use crate::records::mapping::SeriesMapping;

/// By what a record is asked for.
pub(in crate::cli) enum Name<'a> {
    Key(&'a KeyAsked),
    /// What people cite. The log names it by its text, whatever type its column has.
    Reference(&'a str),
}

/// The key of a record, whose columns may have been of other types when the log named it.
pub(in crate::cli) struct KeyAsked {
    /// As its columns hold it now; `None` where they cannot.
    typed: Option<RecordKey>,
    retyped: BTreeSet<RecordKey>,
}

impl KeyAsked {
    /// The key that a row has.
    pub fn of(key: RecordKey) -> Self {
        let retyped = key.spellings().into_iter().skip(1).collect();
        Self { typed: Some(key), retyped }
    }

    /// What a person gave, and the key that its columns make of it, if they can. As texts they may have held it as it
    /// is written: `0041`, where an integer is 41.
    pub fn given(arguments: &[String], typed: Option<RecordKey>) -> Self {
        let written = RecordKey::new(arguments.iter().cloned().map(KeyValue::Text).collect());
        let mut retyped: BTreeSet<_> = typed.iter().chain([&written]).flat_map(RecordKey::spellings).collect();
        if let Some(key) = &typed {
            retyped.remove(key);
        }
        Self { typed, retyped }
    }
}

/// What the logs say of a record, the newest that knows it; also as one of another series of the same table, for a row
/// that two series count in turn is one row.
///
/// # Errors
/// A log or a key that cannot be read.
pub(in crate::cli) fn find(setup: &Setup, mapping: &SeriesMapping, name: &Name<'_>) -> Result<Found, Failure> {
    let own = find_as(&mapping.series, setup, mapping, name)?;
    let others = own.announced.others_of_table(&own.asked, &mapping.table);
    others.iter().try_fold(own, |found, series| Ok(found.or_as(find_as(series, setup, mapping, name)?)))
}

/// What the logs say of the row as a record of this series.
fn find_as(series: &SeriesName, setup: &Setup, mapping: &SeriesMapping, name: &Name<'_>) -> Result<Found, Failure> {
    let dir = audit::dir_in(&setup.install.state);
    let found = lookup_through(
        &dir,
        &Asked {
            source: &mapping.source,
            series,
            by: match name {
                Name::Key(_) => WantedBy::Key,
                Name::Reference(_) => WantedBy::Reference,
            },
            columns: match name {
                Name::Key(_) => mapping.key.clone(),
                Name::Reference(_) => mapping.reference.iter().cloned().collect(),
            },
            names: &|key| name.names(series, key),
            keys: audit::keys_in(&setup.install.state),
        },
    )?;
    let named =
        |mapping: &SeriesMapping| NamedSeries { source: mapping.source.clone(), series: mapping.series.clone() };
    let found = found.configured(&setup.install.series.iter().map(named).collect(), &other_tables(setup, mapping));
    match found.newest.clone() {
        Some(own) if !found.is_final() => {
            let remembered = remembered(setup, &LogReader::open(&dir)?, &own, mapping)?;
            Ok(found.beside(remembered))
        }
        _ => Ok(found),
    }
}

/// The tables of the record's database but that of its series; none where it cannot be read.
fn other_tables(setup: &Setup, mapping: &SeriesMapping) -> BTreeSet<String> {
    let catalog = setup.reader(mapping).ok().and_then(|reader| reader.catalog().ok());
    let tables = catalog.into_iter().flat_map(|catalog| catalog.tables.into_keys());
    tables.filter(|table| !table.eq_ignore_ascii_case(&mapping.table)).collect()
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
    if look_beside(log, own, &mapping.source, &batches).is_err() {
        remembered.push(Remembered { log: own.clone(), batches: batches.len() as u64, behind: true });
    }
    let untold = untold(log, &audit::dir_in(&setup.install.state), reader.foreign_fences(Some(own))?)?;
    remembered.extend(untold.into_iter().map(|Untold { log, batches, .. }| Remembered { log, batches, behind: false }));
    Ok(remembered)
}

/// Whether an answer that no mention gives claims more than another: doubt outweighs silence.
pub(in crate::cli) fn is_surer(answer: &Found, other: &Found) -> bool {
    answer.doubt() < other.doubt()
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

impl Name<'_> {
    fn names(&self, series: &SeriesName, names: &Fingerprinter) -> Vec<WantedName> {
        match self {
            Self::Key(KeyAsked { typed, retyped }) => {
                let typed = typed.iter().map(|key| names.record(series, key).into());
                let as_another = |key| WantedName { fingerprint: names.record(series, key), is_retyped: true };
                typed.chain(retyped.iter().map(as_another)).collect()
            }
            Self::Reference(text) => vec![names.reference(series, &KeyValue::Text((*text).to_owned())).into()],
        }
    }
}
