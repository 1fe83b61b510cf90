//! Which rows of other series change when a record is disposed of.

use super::{OwnerGone, PartMapping, SeriesMapping};

/// What becomes of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Destroyed,
    Masked,
}

/// Where a row of some series stands among what changes with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touch<'m> {
    /// It is the record's own row: both series have the same table.
    Own,
    /// It is a row of this part.
    Part(&'m PartMapping),
}

impl SeriesMapping {
    /// Where rows of `other` (perhaps of this very series) may stand among what changes with a record of this series.
    pub fn touches<'m>(&'m self, other: &SeriesMapping, change: Change) -> Vec<Touch<'m>> {
        if other.source != self.source {
            return Vec::new();
        }
        let is_its_table = |table: &str| table.eq_ignore_ascii_case(&other.table);
        let own = (other.series != self.series && is_its_table(&self.table)).then_some(Touch::Own);
        let parts = self.parts.iter().filter(|part| is_its_table(&part.table) && self.reaches(part, change));
        own.into_iter().chain(parts.map(Touch::Part)).collect()
    }

    /// Whether rows of a part change: one whose owner lives on is left as it is.
    fn reaches(&self, part: &PartMapping, change: Change) -> bool {
        match change {
            Change::Masked => !part.anonymize.is_empty(),
            Change::Destroyed => {
                let of = |part: &&PartMapping| self.parts.iter().find(|other| Some(&other.name) == part.of.as_ref());
                std::iter::successors(of(&part), of)
                    .take(self.parts.len())
                    .all(|owner| owner.owner_gone == OwnerGone::Destroy)
            }
        }
    }
}

impl Touch<'_> {
    /// Whether the row, or what stands in it, is lost: not where it lives on with another owner or none.
    pub fn is_lost(&self, change: Change) -> bool {
        match self {
            Self::Own => true,
            Self::Part(part) => change == Change::Masked || part.owner_gone == OwnerGone::Destroy,
        }
    }
}
