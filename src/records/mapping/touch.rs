//! Which rows of other series change with a record, and which records would lose rows with it.

use super::{Join, OwnerGone, PartMapping, SeriesMapping};

/// How many steps from part to part a way has at most: records that refer to records of their own series are followed
/// so far.
const MOST_STEPS: usize = 8;
/// How many rows of parts a record is followed to: where series are parts of each other in circles, the nearest.
const MOST_WAYS: usize = 64;

/// What becomes of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Destroyed,
    Masked,
}

/// The way from a record to rows that concern it; without steps, to its own row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Way<'m> {
    pub steps: Vec<Step<'m>>,
    /// What changes there is lost, and does not live on with another owner or none.
    pub is_lost: bool,
}

/// From a row to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'m> {
    /// From a row of a series' table to its rows of a part.
    ToPart(&'m SeriesMapping, &'m PartMapping),
    /// From a row of a part to the record of the series that has it.
    ToOwner(&'m SeriesMapping, &'m PartMapping),
}

impl SeriesMapping {
    /// The ways from a record of this series, which changes so, to rows of `other` (perhaps of this very series) that
    /// may keep it: its own row as a record of `other`; rows of its parts, and of the parts that these have as records
    /// of some series themselves; and records that have one of the lost rows, too. `all` are the mappings there are.
    pub fn ways<'m>(&'m self, all: &'m [SeriesMapping], other: &SeriesMapping, change: Change) -> Vec<Way<'m>> {
        if other.source != self.source {
            return Vec::new();
        }
        let of_source: Vec<&SeriesMapping> = all.iter().filter(|series| series.source == self.source).collect();
        let mut ways = self.ways_down(&of_source, change);
        let up: Vec<Way<'_>> = ways.iter().flat_map(|way| way.up(&of_source, other)).collect();
        ways.retain(|way| {
            is_same(way.table(self), &other.table) && (!way.steps.is_empty() || other.series != self.series)
        });
        ways.into_iter().chain(up).collect()
    }

    /// From the record's own row over parts, the nearest first.
    fn ways_down<'m>(&'m self, all: &[&'m SeriesMapping], change: Change) -> Vec<Way<'m>> {
        let mut ways = vec![Way { steps: Vec::new(), is_lost: true }];
        let mut next = 0;
        while let Some(way) = ways.get(next).cloned() {
            next += 1;
            if !way.is_lost || way.steps.len() >= MOST_STEPS {
                continue;
            }
            let table = way.table(self);
            for series in all.iter().filter(|series| is_same(&series.table, table)) {
                for part in series.parts.iter().filter(|part| series.reaches(part, change)) {
                    if ways.len() < MOST_WAYS {
                        ways.push(way.then(series, part, change));
                    }
                }
            }
        }
        ways
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

impl<'m> Way<'m> {
    /// The table to whose rows it leads from a record of this series.
    fn table<'a>(&self, from: &'a SeriesMapping) -> &'a str
    where
        'm: 'a,
    {
        match self.steps.last() {
            None => &from.table,
            Some(Step::ToPart(_, part)) => &part.table,
            Some(Step::ToOwner(series, _)) => &series.table,
        }
    }

    fn then(&self, series: &'m SeriesMapping, part: &'m PartMapping, change: Change) -> Self {
        let steps = self.steps.iter().copied().chain([Step::ToPart(series, part)]).collect();
        Self { steps, is_lost: change == Change::Masked || part.owner_gone == OwnerGone::Destroy }
    }

    /// From lost rows of a part on to the records of `other` that have them by another of its parts.
    fn up(&self, all: &[&'m SeriesMapping], other: &SeriesMapping) -> Vec<Self> {
        let Some(Step::ToPart(series, part)) = self.steps.last() else { return Vec::new() };
        // A shared row goes with its last owner only.
        if !self.is_lost || !part.shared.is_empty() {
            return Vec::new();
        }
        let owners = all.iter().filter(|owner| owner.series == other.series);
        let parts = owners.flat_map(|owner| owner.parts.iter().map(|part| (*owner, part)));
        let others = parts.filter(|(owner, of_owner)| {
            is_same(&of_owner.table, &part.table) && !is_same_link((series, part), (owner, of_owner))
        });
        let way = |(owner, part)| {
            let steps = self.steps.iter().copied().chain([Step::ToOwner(owner, part)]).collect();
            Self { steps, is_lost: true }
        };
        others.map(way).collect()
    }
}

/// Whether two parts find the same owner of a row: by the same columns of the same table, or as the same part.
fn is_same_link(one: (&SeriesMapping, &PartMapping), other: (&SeriesMapping, &PartMapping)) -> bool {
    let is_by_columns = matches!(one.1.on, Join::Columns(_)) && one.1.on == other.1.on;
    match (&one.1.of, &other.1.of) {
        (None, None) => is_by_columns && is_same(&one.0.table, &other.0.table),
        (Some(_), Some(_)) => is_by_columns && one.0.series == other.0.series && one.1.name == other.1.name,
        _ => false,
    }
}

fn is_same(table: &str, other: &str) -> bool {
    table.eq_ignore_ascii_case(other)
}
