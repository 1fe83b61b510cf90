//! Which rows of other series change with a record, and which records would lose rows with it.

use super::{Join, OwnerGone, PartMapping, SeriesMapping};

/// What becomes of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    Destroyed,
    Masked,
}

/// Where a record leads: the places of its own row, of the rows that change with it, of those that these have as
/// records of some series themselves, and so on; of the records that have one of these rows as their own, and of those
/// that have these in turn; and of what else such a record has. A place may lead back to itself, as in a tree.
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
    pub role: Role,
    /// Its rows may keep the record: as records of the other series.
    pub is_asked: bool,
}

/// What the rows of a place are to the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// They change with it. `is_lost`: and do not live on with another owner, or none.
    Changing { is_lost: bool },
    /// They would lose what changes, or see it changed: it is theirs, too.
    Losing { is_lost: bool, of: Losing },
    /// A record that loses a row has them as well: what holds one of them holds that record with all that it has.
    Beside,
}

/// What a record loses that has a row that changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Losing {
    /// The record itself, which goes by a term of its own: it outlives a hold on what else its owner has.
    Record,
    /// A part of the record, which has no other term than its owner's.
    Part,
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
        walk.add(Rows::Own, Role::Changing { is_lost: true }, None);
        let mut next = 0;
        while next < walk.places.len() {
            walk.go_on(next, all);
            next += 1;
        }
        Reach { places: leading_somewhere(walk.places) }
    }
}

impl Reach<'_> {
    /// Whether some place leads back to itself, perhaps over others: rows may then lead to rows without end.
    pub fn is_circular(&self) -> bool {
        let mut is_past = vec![false; self.places.len()];
        loop {
            let is_next = |at: &usize| !is_past[*at] && self.places[*at].from.iter().all(|from| is_past[*from]);
            match (0..self.places.len()).find(is_next) {
                Some(at) => is_past[at] = true,
                None => return is_past.contains(&false),
            }
        }
    }
}

impl Rows<'_> {
    /// The table of the rows, to which a record of a series leads.
    pub fn table<'a>(&'a self, of: &'a SeriesMapping) -> &'a str {
        match self {
            Self::Own => &of.table,
            Self::Part(_, part) => &part.table,
            Self::Owner { series, part, .. } => owner_table(series, part),
        }
    }

    /// Whether they are other records that have a row which only the record's own part was thought to have: its join is
    /// an expression, of which nobody knows how many owners it finds.
    pub fn are_owners_of_the_same_part(&self) -> bool {
        matches!(self, Self::Owner { finds_several: true, part, .. } if part.of.is_none())
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
    fn add(&mut self, rows: Rows<'m>, role: Role, from: Option<usize>) {
        let is_it = |place: &Place<'_>| (place.rows, place.role) == (rows, role);
        let at = self.places.iter().position(is_it).unwrap_or_else(|| {
            self.places.push(Place { rows, from: Vec::new(), role, is_asked: self.is_asked(rows, role) });
            self.places.len() - 1
        });
        let known = &mut self.places[at].from;
        known.extend(from.filter(|from| !known.contains(from)));
    }

    /// To where the rows of a place lead.
    fn go_on(&mut self, at: usize, all: &'m [SeriesMapping]) {
        let Place { rows, role, .. } = self.places[at];
        match role {
            Role::Changing { is_lost } => {
                if let (Rows::Part(series, owner), true) = (rows, self.is_passed(rows)) {
                    let parts = series.parts.iter().filter(|part| part.of.as_ref() == Some(&owner.name));
                    parts.for_each(|part| self.change(series, part, at));
                }
                if self.is_changed(rows) && is_lost {
                    self.down(at, all);
                }
                if self.is_changed(rows) {
                    let of = if rows == Rows::Own { Losing::Record } else { Losing::Part };
                    self.up(at, all, Role::Losing { is_lost, of });
                }
            }
            Role::Losing { is_lost, of } => {
                if let Rows::Owner { series, part, finds_several } = rows
                    && let Some(part) = owner_of(series, part)
                {
                    self.add(Rows::Owner { series, part, finds_several }, role, Some(at));
                }
                // What keeps that record keeps it as it would where it goes itself.
                self.up(at, all, Role::Losing { is_lost, of: Losing::Record });
                if of == Losing::Part {
                    self.down(at, all);
                }
            }
            Role::Beside => self.down(at, all),
        }
    }

    fn change(&mut self, series: &'m SeriesMapping, part: &'m PartMapping, from: usize) {
        let rows = Rows::Part(series, part);
        self.add(rows, Role::Changing { is_lost: self.is_lost(rows) }, Some(from));
    }

    /// To the parts that the rows have as records of some series; where they are beside, to parts of parts, too.
    fn down(&mut self, at: usize, all: &'m [SeriesMapping]) {
        let Place { rows, role, .. } = self.places[at];
        let of = self.of;
        let is_here = |series: &&SeriesMapping| series.source == of.source && is_same(&series.table, rows.table(of));
        for series in all.iter().filter(is_here) {
            for part in series.parts.iter().filter(|part| part.of.is_none()) {
                match role {
                    Role::Changing { .. } => self.change(series, part, at),
                    Role::Losing { .. } | Role::Beside => self.add(Rows::Part(series, part), Role::Beside, Some(at)),
                }
            }
        }
        if let (Role::Beside, Rows::Part(series, owner)) = (role, rows) {
            let parts = series.parts.iter().filter(|part| part.of.as_ref() == Some(&owner.name));
            parts.for_each(|part| self.add(Rows::Part(series, part), Role::Beside, Some(at)));
        }
    }

    /// To the records that have these rows as their own by another part than the one by which they were found, or by
    /// the very same. A shared row goes with its last owner only, and stays for one that its references count.
    fn up(&mut self, at: usize, all: &'m [SeriesMapping], role: Role) {
        let (of, rows) = (self.of, self.places[at].rows);
        for owner in all.iter().filter(|owner| owner.source == of.source) {
            for part in owner.parts.iter().filter(|part| is_same(&part.table, rows.table(of))) {
                let found_by = match rows {
                    Rows::Part(series, found_by) => Some((series, found_by)),
                    Rows::Own | Rows::Owner { .. } => None,
                };
                let is_very =
                    found_by.is_some_and(|(series, by)| series.series == owner.series && by.name == part.name);
                let finds_several = is_very && [&owner.series, &self.other.series] == [&of.series; 2];
                let is_known = found_by.is_some_and(|by| is_same_link(by, (owner, part)));
                let is_of_others = found_by.is_some_and(|(_, by)| is_never_both(by, part));
                let stays = found_by.is_some_and(|(_, by)| {
                    by.owner_gone == OwnerGone::Destroy && by.counts(owner_table(owner, part), &part.on)
                });
                if !is_known && !is_of_others && !stays && (!is_very || part.shared.is_empty()) {
                    self.add(Rows::Owner { series: owner, part, finds_several }, role, Some(at));
                }
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

    fn is_asked(&self, rows: Rows<'m>, role: Role) -> bool {
        let is_of_other = is_same(rows.table(self.of), &self.other.table);
        match rows {
            Rows::Own => is_of_other && self.other.series != self.of.series,
            // What is not masked itself is only passed.
            Rows::Part(..) if matches!(role, Role::Changing { .. }) => is_of_other && self.is_changed(rows),
            Rows::Part(..) | Rows::Owner { .. } => is_of_other,
        }
    }
}

/// Without the places from which none that is asked is reached.
pub(super) fn leading_somewhere(places: Vec<Place<'_>>) -> Vec<Place<'_>> {
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

/// Whether no row is of both parts: one table keeps what belongs to records of several kinds, and says to which.
fn is_never_both(one: &PartMapping, other: &PartMapping) -> bool {
    let conditions = one.condition.as_ref().zip(other.condition.as_ref());
    conditions.is_some_and(|(one, other)| one.apart_by(other).next().is_some())
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

/// The table of what a part is a part of.
fn owner_table<'m>(series: &'m SeriesMapping, part: &PartMapping) -> &'m str {
    owner_of(series, part).map_or(&series.table, |owner| &owner.table)
}

fn is_same(table: &str, other: &str) -> bool {
    table.eq_ignore_ascii_case(other)
}
