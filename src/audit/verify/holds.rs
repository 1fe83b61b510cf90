//! What people decided on records: holds placed and lifted.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::findings::Findings;
use super::flaw::Flaw;
use super::words;
use crate::audit::leaf::{HoldAction, HoldLeaf, Intent};
use crate::model::{HoldId, RuleNumber, SeriesName, SourceName};

/// Holds so far.
#[derive(Debug, Default)]
pub(super) struct Holds {
    kept: BTreeMap<HoldId, Kept>,
    /// What the holds in place were placed as.
    placed: BTreeMap<HoldId, Placed>,
    /// The fingerprint key under which a hold in place names its record.
    named: BTreeMap<HoldId, (SourceName, i32)>,
}

/// What a hold's lifting must say again. It need not name the record; without that, its source may be another by then.
#[derive(Debug)]
struct Placed {
    scope: String,
    series: Option<SeriesName>,
    rule: Option<RuleNumber>,
    record: Option<RecordName>,
}

/// A record as a hold names it: under the fingerprint key of a source and year.
type RecordName = (Option<SourceName>, Option<i32>, String);

impl Placed {
    fn of(leaf: &HoldLeaf) -> Self {
        let record = leaf.fp.clone().map(|fp| (leaf.source.clone(), leaf.year, fp));
        Self { scope: leaf.scope.clone(), series: leaf.series.clone(), rule: leaf.rule.clone(), record }
    }

    /// Whether this lifting is of the hold that was placed so.
    fn can_end_by(&self, lifting: &HoldLeaf) -> bool {
        let lifted = Self::of(lifting);
        (&self.scope, &self.series, &self.rule) == (&lifted.scope, &lifted.series, &lifted.rule)
            && (lifted.record.is_none() || lifted.record == self.record)
    }
}

/// What a hold keeps, as far as the log tells.
#[derive(Debug)]
enum Kept {
    Record {
        source: SourceName,
        series: SeriesName,
        year: i32,
        fp: String,
        /// The record is a person's, and every record of that person is kept with it: the log does not tell which these
        /// are.
        is_subject: bool,
    },
    Series(SeriesName),
    Rule(RuleNumber),
    /// By reference, by expression, or on a record whose key could not be read: the log does not tell which records
    /// these are.
    Untold {
        scope: &'static str,
        /// Where they are of one series.
        series: Option<SeriesName>,
    },
}

/// Places of an intent's records that holds kept when it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct HeldPlaces(Vec<(HoldId, HeldPart)>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HeldPart {
    All,
    One(usize),
}

impl Holds {
    /// Takes up a hold.
    pub fn read(&mut self, index: u64, leaf: &HoldLeaf, findings: &mut Findings) {
        if let Some(what) = fault_of(leaf) {
            findings.at(index, Flaw::BadHold { what });
        }
        let hold = || leaf.hold.clone();
        match (leaf.action, &leaf.source, leaf.year) {
            (HoldAction::Placed, Some(source), Some(year)) => drop(self.named.insert(hold(), (source.clone(), year))),
            (HoldAction::Placed, ..) => (),
            (HoldAction::Lifted, ..) => drop(self.named.remove(&leaf.hold)),
        }
        match leaf.action {
            HoldAction::Placed => {
                self.placed.insert(hold(), Placed::of(leaf));
                if self.kept.insert(hold(), Kept::of(leaf)).is_some() {
                    findings.at(index, Flaw::SecondHold { hold: hold() });
                }
            }
            HoldAction::Lifted if self.kept.remove(&leaf.hold).is_none() => {
                findings.at(index, Flaw::NoHold { hold: hold() });
            }
            HoldAction::Lifted => {
                if !self.placed.remove(&leaf.hold).is_some_and(|placed| placed.can_end_by(leaf)) {
                    findings.at(index, Flaw::OtherHold { hold: hold() });
                }
            }
        }
    }

    /// Which of an intent's records holds keep now. A hold by fingerprint is known only under the key of the same year.
    pub fn keeping(&self, intent: &Intent, fingerprints: &[u8]) -> HeldPlaces {
        let mut places = HeldPlaces::default();
        for (hold, kept) in &self.kept {
            match kept {
                Kept::Series(series) if *series == intent.series => places.add(hold, HeldPart::All),
                Kept::Rule(rule) if *rule == intent.rule => places.add(hold, HeldPart::All),
                Kept::Record { source, series, year, fp, .. }
                    if (source, series, *year) == (&intent.source, &intent.series, intent.year) =>
                {
                    // Every place: an intent could name a record twice, and hide behind the first.
                    let records = fingerprints.chunks_exact(32).enumerate();
                    let found = records.filter(|(_, record)| super::encode_fingerprint(record) == *fp);
                    found.for_each(|(place, _)| places.add(hold, HeldPart::One(place)));
                }
                _ => (),
            }
        }
        places
    }

    /// Holds in place on a record of the intent's series that is named under another year's key, so that nobody can see
    /// whether it is among the intent's.
    pub fn named_otherwise<'a>(&'a self, intent: &'a Intent) -> impl Iterator<Item = &'a HoldId> {
        let is_named_otherwise = |kept: &Kept| match kept {
            Kept::Record { source, series, year, .. } => {
                (source, series) == (&intent.source, &intent.series) && *year != intent.year
            }
            _ => false,
        };
        self.kept.iter().filter(move |(_, kept)| is_named_otherwise(kept)).map(|(hold, _)| hold)
    }

    /// Holds in place that may keep records of the intent, each with its scope, of which the log does not tell which
    /// records they keep.
    pub fn untold<'a>(&'a self, intent: &'a Intent) -> impl Iterator<Item = (&'a HoldId, &'static str)> {
        self.kept.iter().filter_map(move |(hold, kept)| match kept {
            Kept::Record { source, series, is_subject: true, .. } => {
                (*source == intent.source && *series != intent.series).then_some((hold, "subject"))
            }
            Kept::Untold { scope, series } => {
                series.as_ref().is_none_or(|series| *series == intent.series).then_some((hold, *scope))
            }
            _ => None,
        })
    }

    /// Whether a hold is in place.
    pub fn is_in_place(&self, hold: &HoldId) -> bool {
        self.kept.contains_key(hold)
    }

    /// How many holds in place name their record under this fingerprint key.
    pub fn named_under(&self, source: &SourceName, year: i32) -> usize {
        self.named.values().filter(|(of, under)| of == source && *under == year).count()
    }
}

/// What a hold lacks that it would bind with. One on a record may lack its fingerprint: its key could not be read when
/// it was placed.
fn fault_of(leaf: &HoldLeaf) -> Option<&'static str> {
    let fingerprint = |fp: &String| URL_SAFE_NO_PAD.decode(fp).is_ok_and(|bytes| bytes.len() == 32);
    match leaf.scope.as_str() {
        scope if !words::SCOPES.contains(&scope) => Some("its scope is none that this format knows"),
        "series" if leaf.series.is_none() => Some("it is on a series and names none"),
        "rule" if leaf.rule.is_none() => Some("it is on a rule and names none"),
        _ if leaf.fp.is_some() != leaf.year.is_some() => Some("it has a fingerprint or a year without the other"),
        _ if leaf.fp.is_some() && (leaf.source.is_none() || leaf.series.is_none()) => {
            Some("it has a fingerprint without source and series")
        }
        _ if !leaf.fp.as_ref().is_none_or(fingerprint) => Some("its fingerprint is not 32 bytes in base64url"),
        _ => None,
    }
}

impl Kept {
    fn of(leaf: &HoldLeaf) -> Self {
        match (leaf.scope.as_str(), &leaf.source, &leaf.series, leaf.year, &leaf.fp, &leaf.rule) {
            (scope @ ("record" | "subject"), Some(source), Some(series), Some(year), Some(fp), _) => {
                let is_subject = scope == "subject";
                Self::Record { source: source.clone(), series: series.clone(), year, fp: fp.clone(), is_subject }
            }
            ("series", _, Some(series), ..) => Self::Series(series.clone()),
            ("rule", .., Some(rule)) => Self::Rule(rule.clone()),
            (scope, ..) => Self::Untold {
                scope: words::SCOPES.into_iter().find(|known| *known == scope).unwrap_or("unknown"),
                // A person's records are of other series too.
                series: leaf.series.clone().filter(|_| scope != "subject"),
            },
        }
    }
}

impl HeldPlaces {
    fn add(&mut self, hold: &HoldId, part: HeldPart) {
        self.0.push((hold.clone(), part));
    }

    /// How many records were disposed of (`gone` tells by place) under each of these holds that `still` is in place.
    pub fn violated<'a>(
        &'a self,
        gone: &'a [bool],
        still: impl Fn(&HoldId) -> bool + 'a,
    ) -> impl Iterator<Item = (&'a HoldId, u64)> + 'a {
        let places = self.0.iter().filter(move |(hold, _)| still(hold));
        places
            .map(|(hold, part)| match part {
                HeldPart::All => (hold, gone.iter().filter(|gone| **gone).count() as u64),
                HeldPart::One(place) => (hold, u64::from(gone.get(*place) == Some(&true))),
            })
            .filter(|(_, records)| *records > 0)
    }
}
