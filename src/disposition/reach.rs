//! How many records a hold keeps now: whoever places it must see that it reaches what was meant.
//!
//! Told for people only. Every destruction asks [`HoldIndex`] itself, whatever was counted here.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::time::{Duration, Instant as Monotonic};

use super::Installation;
use super::holds::{Hold, HoldIndex, HoldScope};
use crate::model::{HoldId, RecordKey, SeriesName};
use crate::records::mapping::SeriesMapping;
use crate::records::sqlite::{Asked, Reader};

/// People wait no longer for a count; what is not counted by then is not told.
const PATIENCE: Duration = Duration::from_secs(3);

/// Records that a hold keeps now, by series; the series that it names is among them, if with none.
pub type Reach = BTreeMap<SeriesName, u64>;

/// What each of these holds keeps now. A hold on a series or a rule is left out, and one whose records cannot be
/// counted: its database cannot be read, or is too large for a quick look.
pub fn reach(install: &Installation, holds: &[Hold]) -> BTreeMap<HoldId, Reach> {
    let count = Count { install, until: Monotonic::now() + PATIENCE };
    let named = |hold: &Hold| Some((hold.id.clone(), count.named(&hold.scope)?));
    let mut reach: BTreeMap<HoldId, Reach> = holds.iter().filter_map(named).collect();
    count.of_keys(holds, &mut reach);
    count.of_persons(holds, &mut reach);
    reach
}

struct Count<'a> {
    install: &'a Installation,
    until: Monotonic,
}

impl Count<'_> {
    /// The records of the series that the hold names; `None` for one that names a key.
    fn named(&self, scope: &HoldScope) -> Option<Reach> {
        let series = scope.series()?;
        let mut reader = self.reader(self.install.mapping(series)?)?;
        let found = match scope {
            HoldScope::Series { .. } | HoldScope::Rule { .. } => return None,
            // Those of all holds are counted together.
            HoldScope::Record { .. } | HoldScope::Subject { .. } => return None,
            HoldScope::Reference { reference, keys, .. } => {
                let cited = reader.find_reference_within(series, reference, self.time_left()).ok()?;
                let mut found = there(&mut reader, series, keys)?;
                found.extend(cited);
                found.len() as u64
            }
            HoldScope::Where { expression, keys, .. } => {
                let noted = there(&mut reader, series, keys)?;
                noted.len() as u64 + self.matching(&mut reader, series, expression, &noted)?
            }
        };
        Some(Reach::from([(series.clone(), found)]))
    }

    /// The records that holds name by key: one look at each series, for all holds at once.
    fn of_keys(&self, holds: &[Hold], reach: &mut BTreeMap<HoldId, Reach>) {
        for mapping in &self.install.series {
            let by_key = holds.iter().filter_map(|hold| match &hold.scope {
                HoldScope::Record { series, key } | HoldScope::Subject { series, key } if *series == mapping.series => {
                    Some((hold.id.clone(), key.as_slice()))
                }
                _ => None,
            });
            let (named, keys): (Vec<HoldId>, Vec<&[String]>) = by_key.unzip();
            if named.is_empty() {
                continue;
            }
            let bearing = self.reader(mapping).and_then(|mut reader| self.bearing(&mut reader, &mapping.series, &keys));
            let counted = named.into_iter().zip(bearing.into_iter().flatten());
            let reached = |(hold, records)| Some((hold, Reach::from([(mapping.series.clone(), records?)])));
            reach.extend(counted.filter_map(reached));
        }
    }

    /// The records that bear each key, as holds compare it; where there are too many to look at all, those that an
    /// index finds, if any.
    fn bearing(&self, reader: &mut Reader, series: &SeriesName, keys: &[&[String]]) -> Option<Vec<Option<u64>>> {
        if let Some(all) = reader.count_alike(series, keys, self.time_left()).ok()? {
            return Some(all.into_iter().map(Some).collect());
        }
        let mut at_once = |key: &&[String]| {
            let key = reader.parse_key(series, key).ok()?;
            let found = reader.facts(series, &[key]).ok()?.iter().flatten().count() as u64;
            (found > 0).then_some(found)
        };
        Some(keys.iter().map(&mut at_once).collect())
    }

    /// The records, beside those `noted`, for which the expression holds.
    fn matching(
        &self,
        reader: &mut Reader,
        series: &SeriesName,
        expression: &str,
        noted: &BTreeSet<RecordKey>,
    ) -> Option<u64> {
        let mut found = 0;
        let within = self.time_left();
        let mut count = |key: Option<RecordKey>| {
            found += u64::from(!key.is_some_and(|key| noted.contains(&key)));
            ControlFlow::Continue(())
        };
        let asked = reader.find_where(series, expression, within, &mut count).ok()?;
        (asked == Asked::All).then_some(found)
    }

    /// The records that name a held person as their subject: one look at each series that has such, for all holds at
    /// once.
    fn of_persons(&self, holds: &[Hold], reach: &mut BTreeMap<HoldId, Reach>) {
        let is_of_person = |hold: &&Hold| matches!(hold.scope, HoldScope::Subject { .. });
        let index = HoldIndex::new(holds.iter().filter(is_of_person));
        for mapping in &self.install.series {
            let Some(person) = mapping.subject.as_ref().map(|relation| &relation.series) else { continue };
            let concerned = |hold: &Hold| matches!(&hold.scope, HoldScope::Subject { series, .. } if series == person);
            let concerned: BTreeSet<&HoldId> =
                holds.iter().filter(|hold| concerned(hold)).map(|hold| &hold.id).collect();
            if concerned.is_empty() {
                continue;
            }
            match self.by_hold(mapping, &index) {
                None => reach.retain(|hold, _| !concerned.contains(hold)),
                Some(found) => {
                    for (hold, records) in found.into_iter().filter(|(hold, _)| concerned.contains(hold)) {
                        // Where persons are their own subjects, the person was found again.
                        reach.entry(hold).and_modify(|reach| _ = reach.insert(mapping.series.clone(), records));
                    }
                }
            }
        }
    }

    fn by_hold(&self, mapping: &SeriesMapping, index: &HoldIndex) -> Option<BTreeMap<HoldId, u64>> {
        let mut found: BTreeMap<HoldId, u64> = BTreeMap::new();
        let mut reader = self.reader(mapping)?;
        let scanned = reader.scan(&mapping.series, &mut |facts| {
            for hold in index.of(mapping, facts, None) {
                *found.entry(hold).or_default() += 1;
            }
            self.go_on()
        });
        scanned.ok().filter(|()| self.go_on().is_continue()).map(|()| found)
    }

    fn reader(&self, mapping: &SeriesMapping) -> Option<Reader> {
        Reader::open_to_look(self.install.sources.get(&mapping.source)?, &self.install.series).ok()
    }

    fn time_left(&self) -> Duration {
        self.until.saturating_duration_since(Monotonic::now())
    }

    fn go_on(&self) -> ControlFlow<()> {
        if Monotonic::now() < self.until { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }
}

/// Those of these keys that records bear now.
fn there(reader: &mut Reader, series: &SeriesName, keys: &[Vec<String>]) -> Option<BTreeSet<RecordKey>> {
    let keys = reader.parse_keys(series, keys.iter().map(Vec::as_slice)).ok()?;
    let keys: Vec<RecordKey> = keys.into_iter().filter_map(Result::ok).collect();
    let there = reader.facts(series, &keys).ok()?;
    Some(there.into_iter().flatten().map(|facts| facts.key).collect())
}
