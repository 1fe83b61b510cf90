//! Which rows of other series change with a record, and which records would lose rows with it.

use super::{Join, OwnerGone, PartMapping, SeriesMapping};

/// What becomes of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    Destroyed,
    Masked,
}

/// Where a record leads: the places of its own row, of the rows that change with it, of those that these have as
/// records of some series themselves, and so on, and of records that have one of the lost rows, too. A place may lead
/// back to itself, as in a tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach<'m> {
    /// The first is the record's own row. Without a place that is asked there are none.
    pub places: Vec<Place<'m>>,
}

/// Rows of one table to which a record leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place<'m> {
    pub rows: Rows<'m>,
    /// The places from which it is reached.
    pub from: Vec<usize>,
    /// Its rows may keep the record: as records of the other series.
    pub is_asked: bool,
    /// What changes there is lost, and does not live on with another owner or none.
    pub is_lost: bool,
}

/// What the rows of a place are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows<'m> {
    /// The record's own.
    Own,
    /// Those of a part, from the rows of the series' table, or of the part that it is a part of.
    Part(&'m SeriesMapping, &'m PartMapping),
    /// Those that have rows of a part as their own.
    Owner { series: &'m SeriesMapping, part: &'m PartMapping, finds_several: bool },
}

impl SeriesMapping {
    /// Where a record of this series, which changes so, leads: to rows of `other` (perhaps of this very series) that
    /// may keep it. `all` are the mappings there are.
    pub fn reach<'m>(&'m self, all: &'m [SeriesMapping], other: &'m SeriesMapping, change: Change) -> Reach<'m> {
        if other.source != self.source {
            return Reach::default();
        }
        let mut walk = Walk { of: self, other, change, places: Vec::new() };
        walk.add(Rows::Own, None);
        let mut next = 0;
        while next < walk.places.len() {
            walk.go_on(next, all);
            next += 1;
        }
        Reach { places: leading_somewhere(walk.places) }
    }
}

impl Rows<'_> {
    /// The table of the rows, to which a record of a series leads.
    pub fn table<'a>(&'a self, of: &'a SeriesMapping) -> &'a str {
        match self {
            Self::Own => &of.table,
            Self::Part(_, part) => &part.table,
            Self::Owner { series, part, .. } => owner_of(series, part).map_or(&series.table, |owner| &owner.table),
        }
    }

    /// Whether they are other records that have a row which only the record's own part was thought to have: its join is
    /// an expression, of which nobody knows how many owners it finds.
    pub fn are_owners_of_the_same_part(&self) -> bool {
        matches!(self, Self::Owner { finds_several: true, .. })
    }
}

/// The places that were found so far.
struct Walk<'m> {
    of: &'m SeriesMapping,
    other: &'m SeriesMapping,
    change: Change,
    places: Vec<Place<'m>>,
}

impl<'m> Walk<'m> {
    fn add(&mut self, rows: Rows<'m>, from: Option<usize>) {
        let at = self.places.iter().position(|place| place.rows == rows).unwrap_or_else(|| {
            let (is_asked, is_lost) = (self.is_asked(rows), self.is_lost(rows));
            self.places.push(Place { rows, from: Vec::new(), is_asked, is_lost });
            self.places.len() - 1
        });
        let known = &mut self.places[at].from;
        known.extend(from.filter(|from| !known.contains(from)));
    }

    /// To where the rows of a place lead.
    fn go_on(&mut self, at: usize, all: &'m [SeriesMapping]) {
        let rows = self.places[at].rows;
        match rows {
            Rows::Owner { series, part, finds_several } => {
                if let Some(part) = owner_of(series, part) {
                    self.add(Rows::Owner { series, part, finds_several }, Some(at));
                }
            }
            Rows::Own | Rows::Part(..) => {
                if let (Rows::Part(series, owner), true) = (rows, self.is_passed(rows)) {
                    let parts = series.parts.iter().filter(|part| part.of.as_ref() == Some(&owner.name));
                    parts.for_each(|part| self.add(Rows::Part(series, part), Some(at)));
                }
                if self.is_changed(rows) && self.is_lost(rows) {
                    self.down(at, all);
                    self.up(at);
                }
            }
        }
    }

    /// To the parts that the rows have as records of some series.
    fn down(&mut self, at: usize, all: &'m [SeriesMapping]) {
        let (of, rows) = (self.of, self.places[at].rows);
        let is_here = |series: &&SeriesMapping| series.source == of.source && is_same(&series.table, rows.table(of));
        for series in all.iter().filter(is_here) {
            let parts = series.parts.iter().filter(|part| part.of.is_none());
            parts.for_each(|part| self.add(Rows::Part(series, part), Some(at)));
        }
    }

    /// From lost rows of a part on to the records of the other series that have them by another of its parts, or by
    /// the very same. A shared row goes with its last owner only.
    fn up(&mut self, at: usize) {
        let Rows::Part(series, part) = self.places[at].rows else { return };
        let other = self.other;
        for of_owner in other.parts.iter().filter(|of_owner| is_same(&of_owner.table, &part.table)) {
            let finds_several = [&other.series, &self.of.series] == [&series.series; 2] && part.name == of_owner.name;
            let may_be_another = !is_same_link((series, part), (other, of_owner));
            if part.shared.is_empty() && may_be_another {
                self.add(Rows::Owner { series: other, part: of_owner, finds_several }, Some(at));
            }
        }
    }

    /// Whether the parts of these rows are reached through them.
    fn is_passed(&self, rows: Rows<'m>) -> bool {
        self.change == Change::Masked || self.is_lost(rows)
    }

    /// Whether anything happens to these rows: what is not masked itself is only passed.
    fn is_changed(&self, rows: Rows<'m>) -> bool {
        match (self.change, rows) {
            (Change::Masked, Rows::Part(_, part)) => !part.anonymize.is_empty(),
            _ => true,
        }
    }

    fn is_lost(&self, rows: Rows<'m>) -> bool {
        match (self.change, rows) {
            (Change::Destroyed, Rows::Part(_, part)) => part.owner_gone == OwnerGone::Destroy,
            _ => true,
        }
    }

    fn is_asked(&self, rows: Rows<'m>) -> bool {
        let is_of_other = is_same(rows.table(self.of), &self.other.table);
        match rows {
            Rows::Own => is_of_other && self.other.series != self.of.series,
            Rows::Part(..) => is_of_other && self.is_changed(rows),
            Rows::Owner { part, .. } => part.of.is_none(),
        }
    }
}

/// Without the places from which none that is asked is reached.
fn leading_somewhere(places: Vec<Place<'_>>) -> Vec<Place<'_>> {
    let mut leads: Vec<bool> = places.iter().map(|place| place.is_asked).collect();
    let mut waiting: Vec<usize> = (0..places.len()).filter(|at| leads[*at]).collect();
    while let Some(at) = waiting.pop() {
        for from in &places[at].from {
            if !std::mem::replace(&mut leads[*from], true) {
                waiting.push(*from);
            }
        }
    }
    // Each is found from the first one: that stays where any does.
    let left = |at: usize| leads[..at].iter().filter(|leads| **leads).count();
    let mut staying: Vec<Place<'_>> =
        places.into_iter().zip(&leads).filter(|(_, leads)| **leads).map(|(place, _)| place).collect();
    for place in &mut staying {
        place.from.retain(|from| leads[*from]);
        place.from.iter_mut().for_each(|from| *from = left(*from));
    }
    staying
}

/// Whether two parts find the same owner of a row: by the same columns of the same table, or as the same part.
fn is_same_link(one: (&SeriesMapping, &PartMapping), other: (&SeriesMapping, &PartMapping)) -> bool {
    let is_same_part = match (&one.1.of, &other.1.of) {
        (None, None) => is_same(&one.0.table, &other.0.table),
        (Some(_), Some(_)) => one.0.series == other.0.series && one.1.name == other.1.name,
        _ => false,
    };
    is_same_part && one.1.on == other.1.on && is_by_columns(one.0, one.1)
}

/// Whether columns join a part to its record, over all the parts between them. An expression may find several records.
fn is_by_columns(series: &SeriesMapping, part: &PartMapping) -> bool {
    let mut chain = std::iter::successors(Some(part), |part| owner_of(series, part)).take(series.parts.len().max(1));
    chain.all(|part| matches!(part.on, Join::Columns(_)))
}

/// The part that a part is a part of.
fn owner_of<'m>(series: &'m SeriesMapping, part: &PartMapping) -> Option<&'m PartMapping> {
    series.parts.iter().find(|other| Some(&other.name) == part.of.as_ref())
}

fn is_same(table: &str, other: &str) -> bool {
    table.eq_ignore_ascii_case(other)
}
