//! What the log says of one record, by its fingerprints: destroyed, when and under which rule; or not.

mod mention;
mod search;
mod through;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use serde::Serialize;

use super::codec::parse;
use super::earlier::{EarlierLog, EarlierState};
use super::error::LogError;
use super::leaf::{EarlierBatch, Predecessor};
use super::marks::Marks;
use super::reader::LogReader;
pub use mention::{Back, Mention, MentionApproval, MentionOutcome};
use search::Search;
pub use through::{Asked, lookup_through};

use crate::model::{Fingerprint, Origin, SeriesName, SourceName};

/// The record that is asked for. Its fingerprints name it in the log, one for each year whose key is still there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub source: SourceName,
    pub series: SeriesName,
    pub by: WantedBy,
    /// By the year of the fingerprint key.
    pub fingerprints: BTreeMap<i32, Fingerprint>,
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
            Self::Resurrected => "RESURRECTED",
            Self::NotFound => "NOT-FOUND",
            Self::KeyDestroyed => "KEY-DESTROYED",
            Self::CannotTell => "CANNOT-TELL",
            Self::Several => "SEVERAL",
        })
    }
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Found {
    pub answer: Answer,
    /// Name of the log that was searched: entries have their numbers in it.
    pub log: Option<Origin>,
    /// Every time that the record was announced, in the log's order; see [`Found::deciding`].
    pub mentions: Vec<Mention>,
    /// The records that share the reference, in the order in which they were announced first; none where one name
    /// alone is known by it. A record has another name each year, so of names of different years none can tell whether
    /// they are of one record.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<Cited>,
    /// Years of the source's keys that were destroyed: what they named cannot be found.
    pub destroyed_keys: Vec<i32>,
    /// Years under whose keys the log names records of the series, and whose keys are neither here nor said to be
    /// destroyed.
    pub missing_keys: BTreeSet<i32>,
    /// How many of the log's entries are signed: those from this index on stand in its journal alone.
    pub signed: u64,
    /// Logs before that one of which not all is here that the answer depends on.
    pub missing_logs: Vec<EarlierLog>,
    /// What the record's database remembers of batches of which no log here tells.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remembered: Vec<Remembered>,
    /// Asked by reference: how many records of the series the logs announce without one, as where the mapping named
    /// none then.
    #[serde(skip_serializing_if = "is_zero")]
    pub uncited: u64,
    /// Under which other names the logs announce records that the configuration does not have: of series that were
    /// given up, or renamed.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub unmapped: BTreeSet<NamedSeries>,
    /// Whether the series may have been announced under one of these.
    #[serde(skip)]
    pub may_be_renamed: bool,
    /// The sources and series of which the logs announce records.
    #[serde(skip)]
    pub announced: BTreeSet<NamedSeries>,
    /// The last entry that says that the source's database was put back, and names no batch: it may be of an earlier
    /// log.
    #[serde(skip)]
    pub put_back: Option<LaterEntry>,
    /// What it says of files that batches of earlier logs had left.
    #[serde(skip)]
    pub ended: Vec<EndedEarlier>,
    /// The newest log that was asked: the others were before it.
    #[serde(skip)]
    pub newest: Option<Origin>,
    /// By what the record was asked for.
    #[serde(skip)]
    pub by: WantedBy,
    /// The log that was searched continues this one.
    #[serde(skip)]
    pub continued: Option<Predecessor>,
}

/// A series by the name of its source and its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct NamedSeries {
    pub source: SourceName,
    pub series: SeriesName,
}

/// An entry of a log that comes after the one whose batch it speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaterEntry {
    pub log: Option<Origin>,
    pub entry: u64,
}

/// Files that a batch of an earlier log had left are gone since, or a person answered for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedEarlier {
    pub batch: EarlierBatch,
    pub is_released: bool,
    /// Whose files they are, by their place in the batch.
    pub records: Marks,
    pub by: LaterEntry,
}

/// One of several records that share a reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cited {
    pub answer: Answer,
    /// Places among the mentions.
    pub mentions: Vec<usize>,
}

/// Batches that a database remembers, and no log here tells of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Remembered {
    /// The log that they are of.
    pub log: Origin,
    pub batches: u64,
    /// Whether it is the log that was searched: that one lies behind its database.
    pub behind: bool,
}

impl Found {
    /// Whether the log does not know the record, so that one must ask those before it.
    pub fn is_absent(&self) -> bool {
        self.mentions.is_empty()
    }

    /// Whether the log says that the record was there, or is gone: then no log before it can say more. Of a record that
    /// was no longer as its plan listed it, one before may say that it was destroyed.
    fn tells_whether_it_is_there(&self) -> bool {
        self.mentions.iter().any(Mention::tells_whether_it_is_there)
    }

    /// What an earlier log says besides: what is missing of either is missing of the answer. Entries of the log that
    /// knows nothing have no numbers to tell.
    #[must_use]
    pub fn or(mut self, mut earlier: Self) -> Self {
        for mention in &mut earlier.mentions {
            mention.read_later(earlier.log.as_ref(), &self.ended, self.put_back.as_ref());
        }
        self.missing_logs.extend(earlier.missing_logs);
        self.destroyed_keys.extend(earlier.destroyed_keys);
        self.missing_keys.extend(earlier.missing_keys);
        self.uncited += earlier.uncited;
        self.announced.append(&mut earlier.announced);
        self.continued = earlier.continued;
        self.put_back = self.put_back.or(earlier.put_back);
        self.ended.append(&mut earlier.ended);
        if self.is_absent() {
            (self.log, self.signed) = (earlier.log, earlier.signed);
        } else {
            earlier.mentions.iter_mut().for_each(|mention| mention.log = mention.log.take().or(earlier.log.clone()));
        }
        earlier.mentions.append(&mut self.mentions);
        self.mentions = earlier.mentions;
        self.settled()
    }

    /// The same, where a database remembers what no log here tells of.
    #[must_use]
    pub fn beside(mut self, remembered: Vec<Remembered>) -> Self {
        self.remembered = remembered;
        self.settled()
    }

    /// The same under a configuration that has these series, of which `asked` was asked for. Where no log announces
    /// records of that one, and does of others that are not there, it may have been renamed.
    #[must_use]
    pub fn configured(mut self, asked: &NamedSeries, series: &BTreeSet<NamedSeries>) -> Self {
        self.unmapped = self.announced.difference(series).cloned().collect();
        self.may_be_renamed = !self.unmapped.is_empty() && !self.announced.contains(asked);
        self.settled()
    }

    /// The same, where not all of an earlier log is here.
    #[must_use]
    pub fn without(mut self, log: EarlierLog) -> Self {
        if !self.missing_logs.iter().any(|known| known.log == log.log) {
            self.missing_logs.push(log);
        }
        self.settled()
    }

    /// Whether a directory stands in the place of an earlier log and does not hold its entries.
    pub fn is_contradicted(&self) -> bool {
        self.missing_logs.iter().any(|log| log.state == EarlierState::Other)
    }

    /// The answer that all of this gives.
    fn settled(mut self) -> Self {
        self.destroyed_keys.sort_unstable();
        self.destroyed_keys.dedup();
        self.missing_keys.retain(|year| !self.destroyed_keys.contains(year));
        let is_all_here = self.missing_keys.is_empty() && self.missing_logs.is_empty() && self.remembered.is_empty();
        let may_have_other_name = self.uncited > 0 || self.may_be_renamed;
        let answer = |last: Option<&Mention>| match last {
            // What was destroyed was destroyed, whatever the other years say.
            Some(last) if last.is_gone() => last.answer,
            _ if !is_all_here => Answer::CannotTell,
            last if may_have_other_name
                && last.is_none_or(|last| last.denies() && !last.tells_whether_it_is_there()) =>
            {
                Answer::CannotTell
            }
            Some(last) if !last.denies() || !self.is_outdone(last) => last.answer,
            None if self.destroyed_keys.is_empty() => Answer::NotFound,
            _ => Answer::KeyDestroyed,
        };
        let of = |mentions: &[usize]| deciding(mentions.iter().map(|place| &self.mentions[*place]));
        let cited = |mentions: Vec<usize>| Cited { answer: answer(of(&mentions)), mentions };
        let records: Vec<Cited> = match self.by {
            WantedBy::Key => Vec::new(),
            WantedBy::Reference => apart(&self.mentions).into_iter().map(cited).collect(),
        };
        let answer = match records.split_first() {
            None => answer(self.deciding()),
            Some((first, others)) if others.iter().all(|other| other.answer == first.answer) => first.answer,
            Some(_) => Answer::Several,
        };
        (self.answer, self.records) = (answer, records);
        self
    }

    /// Whether the record may have been destroyed under a key that was destroyed since: before this mention, which does
    /// not say that it was there, or after it.
    fn is_outdone(&self, last: &Mention) -> bool {
        let (year, _) = last.name;
        self.destroyed_keys.iter().any(|gone| *gone >= year || !last.tells_whether_it_is_there())
    }

    /// The mention that gives the answer: the last, but for one after the record's end that does not say that it was
    /// there again. Two plans may have listed it, and the second found it gone.
    pub fn deciding(&self) -> Option<&Mention> {
        deciding(self.mentions.iter())
    }

    /// Whether nothing that is not here can add to the answer: the record asked for is gone. Of a reference others may
    /// be gone too.
    pub fn is_final(&self) -> bool {
        self.by == WantedBy::Key && self.deciding().is_some_and(Mention::is_gone)
    }

    /// Whether names of different years are among the records: some of them may be of one.
    pub fn may_be_fewer(&self) -> bool {
        let year = |cited: &Cited| self.mentions[cited.mentions[0]].name.0;
        let mut years = self.records.iter().map(year);
        years.next().is_some_and(|first| years.any(|year| year != first))
    }

    /// What is said of one of the records that share the reference.
    pub fn of_record(&self, cited: &Cited) -> Self {
        let mentions = cited.mentions.iter().filter_map(|place| self.mentions.get(*place)).cloned().collect();
        Self { answer: cited.answer, mentions, records: Vec::new(), ..self.clone() }
    }
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn deciding<'m>(mentions: impl DoubleEndedIterator<Item = &'m Mention> + Clone) -> Option<&'m Mention> {
    let last_of_its_presence = mentions.clone().rev().find(|mention| mention.tells_whether_it_is_there());
    last_of_its_presence.filter(|mention| mention.is_gone()).or_else(|| mentions.last())
}

/// The places of the mentions under each name, where there are several; none otherwise.
fn apart(mentions: &[Mention]) -> Vec<Vec<usize>> {
    let mut names: Vec<(i32, Fingerprint)> = Vec::new();
    let mut places: Vec<Vec<usize>> = Vec::new();
    for (place, mention) in mentions.iter().enumerate() {
        match names.iter().position(|name| *name == mention.name) {
            Some(known) => places[known].push(place),
            None => {
                names.push(mention.name);
                places.push(vec![place]);
            }
        }
    }
    if names.len() > 1 { places } else { Vec::new() }
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
