//! The answer, out of all that the logs say and of what is not here to say it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::cited::{apart, deciding};
use super::{Announced, Answer, Cited, DeniedEarlier, EndedEarlier, LaterEntry, Mention, NamedSeries, WantedBy};
use crate::audit::earlier::{EarlierLog, EarlierState};
use crate::audit::leaf::Predecessor;
use crate::model::{Origin, SeriesName};

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
    /// Years of such keys of logs before the newest, in whose place another one lies: that of a successor, which had to
    /// make one.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub replaced_keys: BTreeSet<i32>,
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
    /// How many records of the series the logs name by other columns than the configuration does, by these columns.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub named_otherwise: BTreeMap<String, u64>,
    /// The sources and series of which the logs announce records.
    #[serde(skip)]
    pub announced: Announced,
    /// The series that was asked for.
    #[serde(skip)]
    pub asked: NamedSeries,
    /// The other series of the same table of which this is said, where that says more of the row.
    #[serde(skip)]
    pub told_as: Option<SeriesName>,
    /// The last entry that says that the source's database was put back, and names no batch: it may be of an earlier
    /// log.
    #[serde(skip)]
    pub put_back: Option<LaterEntry>,
    /// What it says of files that batches of earlier logs had left.
    #[serde(skip)]
    pub ended: Vec<EndedEarlier>,
    /// What it says of batches of earlier logs that were committed after all.
    #[serde(skip)]
    pub denied: Vec<DeniedEarlier>,
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
    pub(super) fn tells_whether_it_is_there(&self) -> bool {
        self.mentions.iter().any(Mention::tells_whether_it_is_there)
    }

    /// What an earlier log says besides: what is missing of either is missing of the answer. Entries of the log that
    /// knows nothing have no numbers to tell.
    #[must_use]
    pub fn or(mut self, mut earlier: Self) -> Self {
        for mention in &mut earlier.mentions {
            mention.read_later(earlier.log.as_ref(), &self.ended, self.put_back.as_ref());
            mention.read_denied(earlier.log.as_ref(), &self.denied);
        }
        self.missing_logs.extend(earlier.missing_logs);
        self.destroyed_keys.extend(earlier.destroyed_keys);
        self.missing_keys.extend(earlier.missing_keys);
        self.replaced_keys.extend(earlier.replaced_keys);
        self.uncited += earlier.uncited;
        for (columns, records) in earlier.named_otherwise {
            *self.named_otherwise.entry(columns).or_default() += records;
        }
        self.announced = self.announced.after(&self.asked, earlier.announced);
        self.continued = earlier.continued;
        self.put_back = self.put_back.or(earlier.put_back);
        self.ended.append(&mut earlier.ended);
        self.denied.append(&mut earlier.denied);
        if self.is_absent() {
            (self.log, self.signed) = (earlier.log, earlier.signed);
        } else {
            earlier.mentions.iter_mut().for_each(|mention| mention.log = mention.log.take().or(earlier.log.clone()));
        }
        earlier.mentions.append(&mut self.mentions);
        self.mentions = earlier.mentions;
        self.settled()
    }

    /// The same, or what is said of the row as a record of another series of its table, where that says more.
    #[must_use]
    pub fn or_as(self, other: Self) -> Self {
        let says_more = match (other.deciding(), self.deciding()) {
            (Some(theirs), Some(own)) => theirs.is_gone() && (!own.is_gone() || theirs.announced > own.announced),
            (Some(theirs), None) => theirs.is_gone() || self.answer == Answer::NotFound,
            (None, Some(own)) if own.is_gone() => false,
            (None, _) => other.doubt() > self.doubt(),
        };
        if says_more { Self { told_as: Some(other.asked.series.clone()), ..other } } else { self }
    }

    /// How much an answer leaves open that no mention gives.
    pub fn doubt(&self) -> u8 {
        match self.answer {
            Answer::CannotTell => 2,
            Answer::KeyDestroyed => 1,
            _ => 0,
        }
    }

    /// The same, where a database remembers what no log here tells of.
    #[must_use]
    pub fn beside(mut self, remembered: Vec<Remembered>) -> Self {
        self.remembered = remembered;
        self.settled()
    }

    /// The same under a configuration that has these series, where the record's database has these tables beside that
    /// of its own series. Records that the logs announce under a name that is not among them may be of the series asked
    /// for, renamed since.
    #[must_use]
    pub fn configured(mut self, series: &BTreeSet<NamedSeries>, other_tables: &BTreeSet<String>) -> Self {
        self.unmapped = self.announced.unmapped(series);
        self.may_be_renamed = self.unmapped.iter().any(|named| self.announced.may_be_older_name(named, other_tables));
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

    /// The same of an earlier log, of whose keys those of these years were destroyed under a later one, and in the
    /// place of those of these there are others.
    #[must_use]
    pub(super) fn under(mut self, forgotten: &BTreeSet<i32>, replaced: &BTreeSet<i32>) -> Self {
        self.missing_keys.retain(|year| !forgotten.contains(year));
        self.replaced_keys = self.missing_keys.intersection(replaced).copied().collect();
        self.missing_keys.retain(|year| !replaced.contains(year));
        self.destroyed_keys.extend(forgotten);
        self.settled()
    }

    /// Whether a directory stands in the place of an earlier log and does not hold its entries.
    pub fn is_contradicted(&self) -> bool {
        self.missing_logs.iter().any(|log| log.state == EarlierState::Other)
    }

    /// The answer that all of this gives.
    pub(super) fn settled(mut self) -> Self {
        self.destroyed_keys.sort_unstable();
        self.destroyed_keys.dedup();
        let are_keys_here = self.missing_keys.is_empty() && self.replaced_keys.is_empty();
        let is_all_here = are_keys_here && self.missing_logs.is_empty() && self.remembered.is_empty();
        let may_have_other_name = self.uncited > 0 || self.may_be_renamed || !self.named_otherwise.is_empty();
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
