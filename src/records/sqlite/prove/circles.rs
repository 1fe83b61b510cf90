//! Series that block each other: records of theirs that refer to one another in a circle would stay for ever.

use super::{Proof, Proved};
use crate::records::mapping::{Join, Relation, SeriesMapping};
use crate::records::sqlite::sql;

/// A series, and the relation by which the next one of a circle blocks it.
type Link<'m> = (&'m SeriesMapping, &'m Relation);

impl Proof<'_> {
    /// Every circle of `blocked_by` among series whose records are destroyed, told once. A series that blocks itself is a tree, as a rule.
    pub(super) fn circles(&mut self, all: &[Proved<'_>]) {
        let queries = self.queries;
        let destroyed = all.iter().filter(|series| series.is_destroyed);
        let mappings: Vec<&SeriesMapping> =
            destroyed.filter_map(|series| queries.mapping(series.series).ok()).collect();
        for (place, start) in mappings.iter().enumerate() {
            // A circle is told at the first of its series.
            let Some(circle) = shortest_circle(start, &mappings[place..]) else { continue };
            let at = format!("series.{}.blocked_by", start.series);
            if circle.len() == 1 {
                let message = format!(
                    "records of {} that refer to each other in a circle, instead of a tree, can never go: `plan` counts them, and `explain` names them",
                    start.series
                );
                self.note("blocked-circle", at, message, "keep the application from making such circles");
            } else {
                self.warning("blocked-circle", at, message(&circle), mend(&circle));
            }
        }
    }
}

fn message(circle: &[Link<'_>]) -> String {
    let links: Vec<String> = circle
        .iter()
        .map(|(series, relation)| format!("{} is blocked by {}", series.series, relation.series))
        .collect();
    format!(
        "records can block each other in a circle ({}): none of such records can go first, so they stay for ever, however long they are due",
        links.join(", ")
    )
}

fn mend(circle: &[Link<'_>]) -> String {
    let general = "name one of these references as a part with `owner_gone = \"detach\"` instead of in `blocked_by`";
    match find(circle) {
        Some(sql) => format!("{general}, or clear a reference of each circle that this finds: {sql}"),
        None => general.to_owned(),
    }
}

/// The query that finds such records; none where a join is an expression over names that only stand in our own statements.
fn find(circle: &[Link<'_>]) -> Option<String> {
    let alias = |place: usize| format!("r{}", place % circle.len() + 1);
    let (mut keys, mut tables, mut joins) = (Vec::new(), Vec::new(), Vec::new());
    for (place, (series, relation)) in circle.iter().enumerate() {
        keys.extend(series.key.iter().map(|key| sql::column(&alias(place), key)));
        tables.push(format!("{} AS {}", sql::name(&series.table), alias(place)));
        let Join::Columns(pairs) = &relation.on else { return None };
        let on = pairs.iter().map(|(this, owner)| {
            format!("{} = {}", sql::column(&alias(place + 1), this), sql::column(&alias(place), owner))
        });
        joins.extend(on);
    }
    Some(format!("SELECT {} FROM {} WHERE {};", keys.join(", "), tables.join(", "), joins.join(" AND ")))
}

/// The shortest way from a series over what blocks it back to itself, through these series.
fn shortest_circle<'m>(start: &'m SeriesMapping, among: &[&'m SeriesMapping]) -> Option<Vec<Link<'m>>> {
    let mut ways: Vec<Vec<Link<'m>>> = vec![Vec::new()];
    let mut seen = Vec::new();
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            let last = match way.last() {
                None => start,
                Some((_, relation)) => among.iter().find(|series| series.series == relation.series)?,
            };
            for relation in &last.blocked_by {
                let way = [way.as_slice(), &[(last, relation)]].concat();
                if relation.series == start.series {
                    return Some(way);
                }
                let is_looked_at = among.iter().any(|series| series.series == relation.series);
                if is_looked_at && !seen.contains(&&relation.series) {
                    seen.push(&relation.series);
                    longer.push(way);
                }
            }
        }
        ways = longer;
    }
    None
}
