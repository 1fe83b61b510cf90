//! What the disposal of records does to rows, and whether records that read these rows have gone by then.

use std::collections::BTreeMap;

use super::{Condition, Join, Literal, Mask, OwnerGone, PartMapping, Reference, Relation, SeriesMapping, SetValue};

/// What a disposal of records does to the rows of one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act<'m> {
    pub series: &'m SeriesMapping,
    /// Whose rows; `None`: the records' own.
    pub part: Option<&'m PartMapping>,
    pub deed: Deed<'m>,
}

/// What becomes of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed<'m> {
    Destroyed,
    /// It outlives its owner, with another value in this column.
    Left {
        column: &'m str,
        put: Put<'m>,
    },
    /// Its record goes on living, with another value in this column.
    Masked {
        column: &'m str,
        put: Put<'m>,
    },
}

/// What comes into the place of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put<'m> {
    Value(&'m Literal),
    /// The year of a date.
    Year,
    /// Only the row tells.
    Any,
}

/// Whether a row and the record that reads it come to their end together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tie {
    Together,
    /// An expression, or a part of a part, tells; the mapping does not.
    Untold,
    Apart,
}

impl SeriesMapping {
    /// What disposals of this series do. Masks are taken for used wherever they are written down.
    pub fn acts(&self, is_destroyed: bool) -> Vec<Act<'_>> {
        let own = is_destroyed.then_some(Deed::Destroyed).into_iter().chain(masked(&self.anonymize));
        let mut acts: Vec<Act<'_>> = own.map(|deed| Act { series: self, part: None, deed }).collect();
        for part in &self.parts {
            let end = if is_destroyed && self.owner_goes(part) { end_of(part) } else { Vec::new() };
            let deeds = end.into_iter().chain(masked(&part.anonymize));
            acts.extend(deeds.map(|deed| Act { series: self, part: Some(part), deed }));
        }
        acts
    }

    /// Whether the rows to which those of a part belong are destroyed with a record.
    fn owner_goes(&self, part: &PartMapping) -> bool {
        part.of.as_ref().is_none_or(|of| {
            self.parts.iter().find(|owner| owner.name == *of).is_some_and(|owner| self.takes_along(owner))
        })
    }

    /// Whether a part's rows, as far as they are records of this series, are the very record that has them, or block it
    /// by `blocked_by`: then they are gone before it.
    fn own_row(&self, part: &PartMapping) -> Tie {
        let chain = || self.chain_of(part);
        if chain().all(|part| self.is_very_row(part) || self.waits_for_rows(part)) {
            return Tie::Together;
        }
        let is_expression = |part: &PartMapping| matches!(part.on, Join::Expression(_));
        if chain().any(is_expression) { Tie::Untold } else { Tie::Apart }
    }

    /// Whether a row of this table finds itself by a part's join. That no other row has it, too, unless the part is
    /// shared, is proved for each part.
    fn is_very_row(&self, part: &PartMapping) -> bool {
        let Join::Columns(pairs) = &part.on else { return false };
        let is_by_key = self.key.iter().all(|key| has(pairs, key, key));
        let is_itself = pairs.iter().all(|(this, owner)| is(this, owner));
        is(&part.table, &self.table) && (is_by_key || (part.shared.is_empty() && is_itself))
    }

    fn waits_for_rows(&self, part: &PartMapping) -> bool {
        let blocks = |relation: &Relation| match (&relation.on, &part.on) {
            (Join::Columns(blocking), Join::Columns(owned)) => {
                blocking.iter().all(|(this, owner)| has(owned, this, owner))
            }
            (blocking, owned) => blocking == owned,
        };
        is(&part.table, &self.table)
            && self.blocked_by.iter().any(|relation| relation.series == self.series && blocks(relation))
    }
}

impl<'m> Act<'m> {
    /// Of whose rows.
    pub fn table(&self) -> &'m str {
        self.part.map_or(&self.series.table, |part| &part.table)
    }

    /// What all of these rows pass.
    pub fn condition(&self) -> Option<&'m Condition> {
        self.part.map_or(self.series.filter.as_ref(), |part| part.condition.as_ref())
    }

    pub fn is_mask(&self) -> bool {
        matches!(self.deed, Deed::Masked { .. })
    }

    /// The column that takes another value, and which.
    pub fn change(&self) -> Option<(&'m str, Put<'m>)> {
        match self.deed {
            Deed::Destroyed => None,
            Deed::Left { column, put } | Deed::Masked { column, put } => Some((column, put)),
        }
    }

    /// Whether it happens to the own row of a record of `reader` only as that record comes to its end, or is gone. One
    /// that is destroyed later reads what was masked before; and rows that are part of another record of its series
    /// live on when that one goes.
    pub fn with_record(&self, reader: &SeriesMapping, is_destroyed: bool) -> Tie {
        let is_own = self.series.series == reader.series && (!self.is_mask() || !is_destroyed);
        match self.part {
            None => told(is_own || !self.is_mask()),
            Some(part) if is_own => self.series.own_row(part),
            Some(_) => Tie::Apart,
        }
    }

    /// Whether it happens to a row that a record of `reader` finds by `on` only when that record comes to its end,
    /// or has gone before.
    pub fn with_reader(&self, reader: &SeriesMapping, is_destroyed: bool, on: &Join) -> Tie {
        let waits = self.waits(reader, on);
        if waits == Tie::Together {
            return waits;
        }
        match (self.goes_along(reader, is_destroyed, on), waits) {
            (Tie::Apart, Tie::Untold) => Tie::Untold,
            (tie, _) => tie,
        }
    }

    /// By `blocked_by`: its records wait for those of the reader.
    fn waits(&self, reader: &SeriesMapping, on: &Join) -> Tie {
        let relations = self.series.blocked_by.iter().filter(|relation| relation.series == reader.series);
        let ties: Vec<Tie> = relations.map(|relation| self.waits_by(relation, on)).collect();
        let has = |tie| ties.contains(&tie).then_some(tie);
        has(Tie::Together).or_else(|| has(Tie::Untold)).unwrap_or(Tie::Apart)
    }

    fn waits_by(&self, relation: &Relation, on: &Join) -> Tie {
        let Some(part) = self.part else {
            // What an expression compares, its author decided.
            let (Join::Columns(blocking), Join::Columns(read)) = (&relation.on, on) else { return Tie::Together };
            return told(blocking.iter().all(|(reader, own)| has(read, own, reader)));
        };
        match (&relation.on, &part.on, on) {
            (Join::Columns(blocking), Join::Columns(owned), Join::Columns(read)) if part.of.is_none() => {
                let is_followed = |(reader, own): &(String, String)| {
                    owned.iter().any(|(row, owner)| is(owner, own) && has(read, row, reader))
                };
                told(blocking.iter().all(is_followed))
            }
            _ => Tie::Untold,
        }
    }

    /// Because the disposal that takes the row, or changes it, is the record's own.
    fn goes_along(&self, reader: &SeriesMapping, is_destroyed: bool, on: &Join) -> Tie {
        let is_own = self.series.series == reader.series;
        let Some(part) = self.part else { return Tie::Apart };
        if self.is_mask() && (is_destroyed || !is_own) {
            return Tie::Apart;
        }
        if part.counts(&reader.table, on) && self.deed == Deed::Destroyed {
            return Tie::Together;
        }
        let owner = match &part.of {
            None => Some(&self.series.table),
            Some(of) => self.series.parts.iter().find(|owner| owner.name == *of).map(|owner| &owner.table),
        };
        if owner.is_some_and(|owner| is(owner, &reader.table)) {
            return same_owner(&part.on, on, &reader.key);
        }
        if is_own { Tie::Untold } else { Tie::Apart }
    }
}

impl PartMapping {
    /// Whether each row of a table that finds a row of this shared part by `on` (column of the part -> its own) is
    /// among the references for which that row stays.
    pub(super) fn counts(&self, table: &str, on: &Join) -> bool {
        let counts = |reference: &Reference| {
            is(&reference.table, table) && reference.condition.is_none() && is_mirrored(&reference.on, on)
        };
        self.shared.iter().any(counts)
    }
}

/// Whether a part's row belongs to the very record that reads it.
fn same_owner(owned: &Join, read: &Join, key: &[String]) -> Tie {
    match (owned, read) {
        (Join::Columns(owned), Join::Columns(read)) => {
            let within = |some: &[(String, String)], all: &[(String, String)]| {
                some.iter().all(|(this, owner)| has(all, this, owner))
            };
            let is_by_key = key.iter().all(|key| read.iter().any(|(_, owner)| is(owner, key)));
            told(within(owned, read) || (is_by_key && within(read, owned)))
        }
        _ if owned == read => Tie::Together,
        _ => Tie::Untold,
    }
}

fn told(is_together: bool) -> Tie {
    if is_together { Tie::Together } else { Tie::Apart }
}

fn has(pairs: &[(String, String)], this: &str, owner: &str) -> bool {
    pairs.iter().any(|(one, other)| is(one, this) && is(other, owner))
}

/// Whether every pair of a join stands the other way round in another.
fn is_mirrored(one: &Join, other: &Join) -> bool {
    match (one, other) {
        (Join::Columns(one), Join::Columns(other)) => one.iter().all(|(this, owner)| has(other, owner, this)),
        _ => false,
    }
}

fn is(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

fn masked(masks: &BTreeMap<String, Mask>) -> impl Iterator<Item = Deed<'_>> {
    masks.iter().map(|(column, mask)| {
        let put = match mask {
            Mask::Null => Put::Value(&Literal::Null),
            Mask::Constant(value) => Put::Value(value),
            Mask::DateToYear => Put::Year,
            Mask::TruncateIp => Put::Any,
        };
        Deed::Masked { column, put }
    })
}

/// What becomes of a part's rows when their owner is destroyed.
fn end_of(part: &PartMapping) -> Vec<Deed<'_>> {
    match (&part.owner_gone, &part.on) {
        (OwnerGone::Destroy, _) => vec![Deed::Destroyed],
        (OwnerGone::Detach, Join::Columns(pairs)) => {
            pairs.iter().map(|(column, _)| Deed::Left { column, put: Put::Value(&Literal::Null) }).collect()
        }
        (OwnerGone::Detach, Join::Expression(_)) => Vec::new(),
        (OwnerGone::Set(columns), _) => {
            columns.iter().map(|(column, value)| Deed::Left { column, put: value.put() }).collect()
        }
    }
}

impl SetValue {
    fn put(&self) -> Put<'_> {
        match self {
            Self::Literal(value) => Put::Value(value),
            Self::Column(_) => Put::Any,
        }
    }
}
