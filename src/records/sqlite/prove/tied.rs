//! Whether what an expression asks goes together with the record that asks, by the columns that it compares.

use std::collections::BTreeSet;

use crate::records::mapping::{Act, Join, PartMapping, Relation, SeriesMapping, Tie};

/// The columns that an expression reads, in lower case, each behind its table.
pub(super) struct Read(pub BTreeSet<(String, String)>);

/// A part and the joins that lead from its rows to the record's, with the table of each owner.
type Chain<'m> = Vec<(&'m PartMapping, &'m str)>;

impl Read {
    pub fn table(&self, table: &str) -> bool {
        self.0.iter().any(|(of, _)| of == &table.to_ascii_lowercase())
    }

    pub fn column(&self, table: &str, column: &str) -> bool {
        self.0.contains(&(table.to_ascii_lowercase(), column.to_ascii_lowercase()))
    }

    /// Whether both sides of a join are read. What an expression compares, its author decided.
    fn join(&self, on: &Join, this: &str, owner: &str) -> bool {
        match on {
            Join::Columns(pairs) => {
                pairs.iter().all(|(here, there)| self.column(this, here) && self.column(owner, there))
            }
            Join::Expression(_) => true,
        }
    }

    fn this(&self, on: &Join, this: &str) -> bool {
        match on {
            Join::Columns(pairs) => pairs.iter().all(|(here, _)| self.column(this, here)),
            Join::Expression(_) => true,
        }
    }
}

/// Whether a row that goes, or leaves its owner, with a record of another series or of `reader` itself, goes together
/// with the record of `reader` that asks for it; likewise one that is masked with a record of `reader`. Where rows of
/// its table are joined in two ways, it may be by the other one.
pub(super) fn tie(act: &Act<'_>, reader: &SeriesMapping, read: &Read) -> Tie {
    let is_mask_of_others = act.is_mask() && act.series.series != reader.series;
    if is_mask_of_others || !(is_tied(act, act.part, reader, read) || is_counted(act, reader, read)) {
        return Tie::Apart;
    }
    let is_otherwise = |part: &PartMapping, also: &PartMapping| {
        also.table.eq_ignore_ascii_case(&part.table) && (&also.on, &also.of) != (&part.on, &part.of)
    };
    let otherwise = |part| act.series.parts.iter().filter(move |also| is_otherwise(part, also));
    let may_be_otherwise = act.part.into_iter().flat_map(otherwise);
    match may_be_otherwise.into_iter().any(|also| is_tied(act, Some(also), reader, read)) {
        true => Tie::Untold,
        false => Tie::Together,
    }
}

/// Whether records of `series` wait for the record of `reader` by a join of which both sides are read.
pub(super) fn is_waited_for(relation: &Relation, series: &SeriesMapping, reader: &SeriesMapping, read: &Read) -> bool {
    relation.series == reader.series && read.join(&relation.on, &reader.table, &series.table)
}

/// Whether the expression reads all that leads from these rows to rows of the reader that go with the same record, or
/// to the record itself that is masked: its parts live on.
fn is_tied(act: &Act<'_>, rows: Option<&PartMapping>, reader: &SeriesMapping, read: &Read) -> bool {
    let series = act.series;
    let is_reader = |table: &str| table.eq_ignore_ascii_case(&reader.table);
    let goes_along = |part: &&PartMapping| !act.is_mask() && is_reader(&part.table) && series.takes_along(part);
    let parts = series.parts.iter().filter(goes_along).map(Some);
    let records = is_reader(&series.table).then_some(None);
    parts.chain(records).any(|readers| is_path_read(chain(series, rows), chain(series, readers), read))
}

fn is_path_read(mut one: Chain<'_>, mut other: Chain<'_>, read: &Read) -> bool {
    while let (Some((part, _)), Some((also, _))) = (one.last(), other.last())
        && part.name == also.name
    {
        one.pop();
        other.pop();
    }
    // Two that have a third for their owner may be compared by what both have of it.
    let is_by_owner = one.is_empty() || other.is_empty();
    [one, other].iter().all(|chain| {
        let last = chain.len().saturating_sub(1);
        chain.iter().enumerate().all(|(place, (part, owner))| match is_by_owner && place == last {
            true => read.join(&part.on, &part.table, owner),
            false => read.this(&part.on, &part.table),
        })
    })
}

/// From a part up to the record; empty for the record itself.
fn chain<'m>(series: &'m SeriesMapping, part: Option<&'m PartMapping>) -> Chain<'m> {
    let owner = |part: &PartMapping| series.parts.iter().find(|other| part.of.as_ref() == Some(&other.name));
    // No chain of parts is longer than there are parts, unless it runs in a circle.
    let parts = std::iter::successors(part, |part| owner(part)).take(series.parts.len());
    parts.map(|part| (part, owner(part).map_or(series.table.as_str(), |owner| owner.table.as_str()))).collect()
}

/// Whether a shared row stays while the record that asks for it refers to it.
fn is_counted(act: &Act<'_>, reader: &SeriesMapping, read: &Read) -> bool {
    let counts = |part: &PartMapping| {
        part.shared.iter().any(|reference| {
            reference.table.eq_ignore_ascii_case(&reader.table)
                && reference.condition.is_none()
                && read.join(&reference.on, &reference.table, &part.table)
        })
    };
    act.change().is_none() && act.part.is_some_and(counts)
}
