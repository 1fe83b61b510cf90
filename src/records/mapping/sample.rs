//! Mappings for tests: as little as can be said of a table, to be completed by whoever needs more.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Element, ElementTable, Encoding, EventMapping, Join, OwnerGone, PartMapping, Pick, Relation, SeriesMapping,
};

/// A series named after its table, key `id`, without events and parts.
pub fn series(source: &str, table: &str) -> SeriesMapping {
    SeriesMapping {
        series: table.into(),
        calendar: None,
        source: source.into(),
        table: table.to_owned(),
        key: vec!["id".to_owned()],
        reference: None,
        subject: None,
        events: BTreeMap::new(),
        groups: BTreeMap::new(),
        conditions: BTreeMap::new(),
        parts: Vec::new(),
        blocked_by: Vec::new(),
        filter: None,
        anonymize: BTreeMap::new(),
        earliest: "1990-01-01".parse().unwrap(),
        database_triggers: BTreeSet::new(),
    }
}

/// A part named after its table, destroyed with its owner.
pub fn part(table: &str, this: &str, owner: &str) -> PartMapping {
    PartMapping {
        name: table.into(),
        table: table.to_owned(),
        of: None,
        on: on(this, owner),
        condition: None,
        files: None,
        owner_gone: OwnerGone::Destroy,
        shared: Vec::new(),
        anonymize: BTreeMap::new(),
    }
}

/// An event in columns of the record, in RFC 3339.
pub fn event(pick: Pick, columns: &[&str]) -> EventMapping {
    let elements = columns.iter().map(|column| element(column)).collect();
    EventMapping { pick, elements, deadline: false, condition: None }
}

/// A column of the record that holds RFC 3339.
pub fn element(column: &str) -> Element {
    Element { column: column.to_owned(), encoding: Encoding::Rfc3339, unset: Vec::new(), place: ElementTable::Record }
}

/// Rows whose column `this` is the owner's column `owner`.
pub fn on(this: &str, owner: &str) -> Join {
    Join::Columns(vec![(this.to_owned(), owner.to_owned())])
}

/// Records of a series that refer to these, or to which these refer.
pub fn relation(series: &str, this: &str, owner: &str) -> Relation {
    Relation { series: series.into(), on: on(this, owner) }
}
