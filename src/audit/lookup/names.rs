//! Under which names the log announces records: of a source and series that were renamed since, nobody may say that it
//! destroyed nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::audit::leaf::{CalendarLeaf, Intent, MappingLeaf};
use crate::model::{SeriesName, SourceName};

/// A series by the name of its source and its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct NamedSeries {
    pub source: SourceName,
    pub series: SeriesName,
}

/// The sources and series of which logs announce records, beside the one asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Announced {
    /// Each with whether the one asked for stood beside it by then: so it is not its older name.
    names: BTreeMap<NamedSeries, bool>,
    /// The tables of every series that was mapped.
    tables: BTreeMap<NamedSeries, BTreeSet<String>>,
    /// Whether a calendar has rules on the series asked for.
    is_in_law: bool,
    /// Whether it was mapped in its own source.
    is_mapped: bool,
}

impl Announced {
    /// Reads which series a calendar has.
    pub(super) fn read_calendar(&mut self, asked: &NamedSeries, leaf: &CalendarLeaf) {
        self.is_in_law |= leaf.rules.values().any(|rule| rule.series == asked.series);
    }

    /// Reads which series a source has, and in which table.
    pub(super) fn read_mapping(&mut self, asked: &NamedSeries, leaf: &MappingLeaf) {
        let named = NamedSeries { source: leaf.source.clone(), series: leaf.series.clone() };
        self.is_mapped |= named == *asked;
        self.tables.entry(named).or_default().insert(leaf.table.clone());
    }

    /// Reads whose records are announced.
    pub(super) fn read_intent(&mut self, asked: &NamedSeries, intent: &Intent) {
        let named = NamedSeries { source: intent.source.clone(), series: intent.series.clone() };
        let beside = self.stands_beside(asked, &named);
        self.names.insert(named, beside);
    }

    /// Whether the series asked for is known by now, and so is another than this one.
    fn stands_beside(&self, asked: &NamedSeries, named: &NamedSeries) -> bool {
        self.is_mapped || (self.is_in_law && named.series != asked.series)
    }

    /// What the log before says comes first.
    pub(super) fn after(mut self, asked: &NamedSeries, mut earlier: Self) -> Self {
        for (named, beside) in &mut self.names {
            *beside |= earlier.stands_beside(asked, named);
        }
        for (named, tables) in &mut self.tables {
            tables.append(&mut earlier.tables.remove(named).unwrap_or_default());
        }
        earlier.names.append(&mut self.names);
        earlier.tables.append(&mut self.tables);
        let (is_in_law, is_mapped) = (self.is_in_law || earlier.is_in_law, self.is_mapped || earlier.is_mapped);
        Self { is_in_law, is_mapped, ..earlier }
    }

    /// The names that a configuration with these series does not have.
    pub(super) fn unmapped(&self, series: &BTreeSet<NamedSeries>) -> BTreeSet<NamedSeries> {
        self.names.keys().filter(|named| !series.contains(named)).cloned().collect()
    }

    /// The other series that had this table of the same source, and of whose records logs tell.
    pub fn others_of_table(&self, asked: &NamedSeries, table: &str) -> Vec<SeriesName> {
        let is_other = |named: &NamedSeries| {
            named.source == asked.source && named.series != asked.series && self.names.contains_key(named)
        };
        let has_it = |tables: &BTreeSet<String>| tables.iter().any(|other| other.eq_ignore_ascii_case(table));
        let others = self.tables.iter().filter(|(named, tables)| is_other(named) && has_it(tables));
        others.map(|(named, _)| named.series.clone()).collect()
    }

    /// Whether the series asked for may have had this name, where its database has these tables beside its own: a
    /// table that still stands was not renamed.
    pub(super) fn may_be_older_name(&self, named: &NamedSeries, other_tables: &BTreeSet<String>) -> bool {
        let still_stands = |table: &String| other_tables.iter().any(|other| other.eq_ignore_ascii_case(table));
        let tables = self.tables.get(named);
        let is_other_table = tables.is_some_and(|tables| tables.iter().all(still_stands));
        self.names.get(named).is_some_and(|beside| !beside) && !is_other_table
    }
}
