//! What the log says of one record, by its fingerprints: destroyed, when and under which rule; or not.

mod cited;
mod found;
mod later;
mod mention;
mod names;
mod search;
mod through;

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde::Serialize;

use super::codec::parse;
use super::earlier::{EarlierLog, EarlierState};
use super::error::LogError;
use super::reader::LogReader;
pub use cited::Cited;
pub use found::{Found, Remembered};
pub use later::{DeniedEarlier, EndedEarlier, LaterEntry};
pub use mention::{Back, Mention, MentionApproval, MentionOutcome};
pub use names::{Announced, NamedSeries};
use search::Search;
pub use through::{Asked, lookup_through};

use crate::model::{Fingerprint, SeriesName, SourceName};

/// The record that is asked for. Its fingerprints name it in the log, for each year whose key is still there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub source: SourceName,
    pub series: SeriesName,
    pub by: WantedBy,
    /// The columns that make its key, or the one that holds its reference, as the configuration has them.
    pub columns: Vec<String>,
    /// By the year of the fingerprint key.
    pub fingerprints: BTreeMap<i32, Vec<WantedName>>,
}

/// A name that the log may have for the record that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WantedName {
    pub fingerprint: Fingerprint,
    /// Whether it is made of the key as columns of other types would hold it than those of today.
    pub is_retyped: bool,
}

impl From<Fingerprint> for WantedName {
    fn from(fingerprint: Fingerprint) -> Self {
        Self { fingerprint, is_retyped: false }
    }
}

/// Whether the fingerprints are of the record's key or of its reference. Several records may share a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WantedBy {
    Key,
    Reference,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING-KEBAB-CASE")]
pub enum Answer {
    Destroyed,
    Anonymized,
    /// Announced and not settled: no outcome yet, or files still to be unlinked.
    Pending,
    /// Its rows were destroyed; files of it were left, and a person answered for them.
    Incomplete,
    /// Announced, and kept after all.
    Aborted,
    /// Announced, and not there any more when its turn came: how it went the log does not say.
    Gone,
    /// Announced, and what was read back after the transaction contradicted it: what stands there the log does not say.
    Failed,
    /// Destroyed, and back since: the database was restored.
    Resurrected,
    NotFound,
    /// Not found, but keys were destroyed that might have named it.
    KeyDestroyed,
    /// Something is not here that the answer depends on, and the log does not say that it was destroyed.
    CannotTell,
    /// Several records share the reference, and not the same became of all.
    Several,
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Destroyed => "DESTROYED",
            Self::Anonymized => "ANONYMIZED",
            Self::Pending => "PENDING",
            Self::Incomplete => "INCOMPLETE",
            Self::Aborted => "ABORTED",
            Self::Gone => "GONE",
            Self::Failed => "FAILED",
            Self::Resurrected => "RESURRECTED",
            Self::NotFound => "NOT-FOUND",
            Self::KeyDestroyed => "KEY-DESTROYED",
            Self::CannotTell => "CANNOT-TELL",
            Self::Several => "SEVERAL",
        })
    }
}

/// Looks a record up in the whole log, entries included that no checkpoint covers yet. Of a log that was succeeded,
/// entries that cannot be read any more are passed over, and the search says so.
///
/// # Errors
/// A log that cannot be read, or whose entries are not those that were signed.
pub fn lookup(log: &LogReader, wanted: &Wanted) -> Result<Found, LogError> {
    let mut search = Search::new(wanted);
    let mut is_partial = false;
    log.scan_bytes(0, &mut |index, bytes| {
        match parse(bytes) {
            Err(_) if log.is_succeeded() => is_partial = true,
            read => search.read(index, &log.read_leaf(index, read)?),
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let found = search.finish(log.signed_size());
    let unread = found.log.clone().filter(|_| is_partial);
    Ok(match unread {
        Some(log) => {
            let entries = found.signed;
            found.without(EarlierLog { log, entries, state: EarlierState::Partial, directory: None })
        }
        None => found,
    })
}
