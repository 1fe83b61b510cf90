//! Rows that would go with a record although others refer to them, for which their own series lets them wait.

use super::touch::{Place, Reach, Role, Rows, leading_somewhere};
use super::{PartMapping, Relation, SeriesMapping};

/// Rows that go with records of one series, and that wait, as records of another (perhaps of this very series), for
/// those that refer to them: by one `blocked_by` of that series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait<'m> {
    /// The series that counts the rows.
    pub series: &'m SeriesMapping,
    pub relation: &'m Relation,
    /// The series of those that refer to them.
    pub blocker: &'m SeriesMapping,
    /// Where both lie, as far as they go with a record.
    pub reach: Reach<'m>,
    /// The places, of these, of the rows that wait.
    pub waiting: Vec<usize>,
    /// The places from which it is sure that a row goes with the record: it keeps nothing that goes along.
    pub going: Vec<usize>,
}

impl SeriesMapping {
    /// For what rows that are destroyed with records of this series would have to wait. `all` are the mappings there
    /// are.
    pub fn waits<'m>(&'m self, all: &'m [SeriesMapping]) -> Vec<Wait<'m>> {
        let here: Vec<&SeriesMapping> = all.iter().filter(|series| series.source == self.source).collect();
        let mut waits = Vec::new();
        for series in &here {
            for relation in &series.blocked_by {
                let blocker = here.iter().find(|blocker| blocker.series == relation.series);
                waits.extend(blocker.map(|blocker| self.wait(series, relation, blocker)));
            }
        }
        waits.retain(|wait: &Wait<'_>| !wait.waiting.is_empty());
        waits
    }

    fn wait<'m>(&'m self, series: &'m SeriesMapping, relation: &'m Relation, blocker: &'m SeriesMapping) -> Wait<'m> {
        let is_of = |rows: &Rows<'_>, series: &SeriesMapping| rows.table(self).eq_ignore_ascii_case(&series.table);
        let waits = |rows: &Rows<'_>| *rows != Rows::Own && is_of(rows, series);
        let goes = |rows: &Rows<'_>| is_of(rows, blocker) && self.surely_goes(rows);
        let mut places = self.places_going();
        for place in &mut places {
            place.is_asked = waits(&place.rows) || goes(&place.rows);
        }
        let reach = Reach { places: leading_somewhere(places) };
        let at = |is_it: &dyn Fn(&Rows<'_>) -> bool| {
            (0..reach.places.len()).filter(|place| is_it(&reach.places[*place].rows)).collect()
        };
        Wait { series, relation, blocker, waiting: at(&waits), going: at(&goes), reach }
    }

    /// The record's own row, and those of the parts that go with it.
    fn places_going(&self) -> Vec<Place<'_>> {
        let parts: Vec<&PartMapping> = self.parts.iter().filter(|part| self.takes_along(part)).collect();
        let place = |rows, from| Place { rows, from, role: Role::Changing { is_lost: true }, is_asked: false };
        let found_from = |part: &PartMapping| match &part.of {
            None => vec![0],
            Some(of) => (1..).zip(&parts).filter(|(_, owner)| owner.name == *of).map(|(at, _)| at).collect(),
        };
        let own = std::iter::once(place(Rows::Own, Vec::new()));
        own.chain(parts.iter().map(|part| place(Rows::Part(self, part), found_from(part)))).collect()
    }

    /// A shared row outlives the record where another refers to it.
    fn surely_goes(&self, rows: &Rows<'_>) -> bool {
        match rows {
            Rows::Part(_, part) => self.chain_of(part).all(|part| part.shared.is_empty()),
            Rows::Own | Rows::Owner { .. } => true,
        }
    }
}
