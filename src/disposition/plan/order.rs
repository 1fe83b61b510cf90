//! In which order series are executed. Pure.

use std::collections::BTreeSet;

use crate::records::mapping::{ElementTable, EventMapping, PartMapping, SeriesMapping};

/// Places of the series in order of execution, and per place in that order the number of its group. Series that block
/// each other in a circle share a group, and their records are ordered by levels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Order {
    /// Places in the list that was given.
    pub series: Vec<usize>,
    /// In the order of `series`.
    pub groups: Vec<usize>,
}

/// Orders series: what blocks before what it blocks, a series whose event reads a table before the series that destroys
/// rows of that table, and the records of a series before those of which they may be parts, so that the log names them.
/// `all` are the mappings there are.
pub(super) fn order(series: &[&SeriesMapping], all: &[SeriesMapping]) -> Order {
    let must: Vec<BTreeSet<usize>> = (0..series.len()).map(|place| blockers_of(series, all, place)).collect();
    let groups = circles(&must);
    let mut wish: Vec<BTreeSet<usize>> = (0..series.len()).map(|place| readers_of(series, place)).collect();
    for owner in 0..series.len() {
        let parts = parts_of(series, owner).into_iter().filter(|part| !wish[*part].contains(&owner));
        let parts: Vec<usize> = parts.collect();
        wish[owner].extend(parts);
    }
    let mut done: Vec<usize> = Vec::new();
    let mut order = Order { series: Vec::new(), groups: Vec::new() };
    while order.series.len() < series.len() {
        let group = next_group(&groups, &done, &must, &wish);
        let members = (0..series.len()).filter(|place| groups[*place] == group);
        for member in members {
            order.series.push(member);
            order.groups.push(done.len());
        }
        done.push(group);
    }
    order
}

/// The first group all of whose blockers are done, better one whose readers are done too. A wish that contradicts gives
/// way: the records then drift and come again in the next plan.
fn next_group(groups: &[usize], done: &[usize], must: &[BTreeSet<usize>], wish: &[BTreeSet<usize>]) -> usize {
    let is_ready = |group: usize, needs: &[BTreeSet<usize>]| {
        let members = (0..groups.len()).filter(|place| groups[*place] == group);
        members.flat_map(|place| &needs[place]).all(|need| groups[*need] == group || done.contains(&groups[*need]))
    };
    let open = || groups.iter().copied().filter(|group| !done.contains(group));
    open()
        .find(|group| is_ready(*group, must) && is_ready(*group, wish))
        .or_else(|| open().find(|group| is_ready(*group, must)))
        // Groups are whole circles, so one is always ready; the first is as good as any.
        .or_else(|| open().next())
        .unwrap_or_default()
}

/// The series whose records block records of this one, or rows that go with them.
fn blockers_of(series: &[&SeriesMapping], all: &[SeriesMapping], place: usize) -> BTreeSet<usize> {
    let of_rows = series[place].waits(all).into_iter().map(|wait| &wait.blocker.series);
    let own = series[place].blocked_by.iter().map(|relation| &relation.series);
    let blockers: BTreeSet<_> = own.chain(of_rows).collect();
    (0..series.len()).filter(|other| blockers.contains(&series[*other].series)).collect()
}

/// The series with an event that reads a table from which this one destroys.
fn readers_of(series: &[&SeriesMapping], place: usize) -> BTreeSet<usize> {
    let destroyed = tables_of(series[place]);
    (0..series.len())
        .filter(|other| *other != place && series[*other].source == series[place].source)
        .filter(|other| tables_read(series[*other]).any(|table| destroyed.contains(&table.to_lowercase())))
        .collect()
}

/// The series whose records may be parts of this one's.
fn parts_of(series: &[&SeriesMapping], place: usize) -> BTreeSet<usize> {
    let is_part = |table: &str| series[place].parts.iter().any(|part| part.table.eq_ignore_ascii_case(table));
    (0..series.len())
        .filter(|other| *other != place && series[*other].source == series[place].source)
        .filter(|other| is_part(&series[*other].table))
        .collect()
}

fn tables_of(mapping: &SeriesMapping) -> BTreeSet<String> {
    let parts = mapping.parts.iter().map(|part: &PartMapping| &part.table);
    std::iter::once(&mapping.table).chain(parts).map(|table| table.to_lowercase()).collect()
}

fn tables_read(mapping: &SeriesMapping) -> impl Iterator<Item = &str> {
    let elements = mapping.events.values().flat_map(|event: &EventMapping| &event.elements);
    elements.filter_map(|element| match &element.place {
        ElementTable::Child { table, .. } => Some(table.as_str()),
        ElementTable::Record => None,
    })
}

/// Numbers of groups: two places share one when each blocks the other, perhaps through others.
fn circles(blockers: &[BTreeSet<usize>]) -> Vec<usize> {
    let reach: Vec<BTreeSet<usize>> = (0..blockers.len()).map(|place| reachable(blockers, place)).collect();
    (0..blockers.len())
        .map(|place| {
            (0..place).find(|other| reach[place].contains(other) && reach[*other].contains(&place)).unwrap_or(place)
        })
        .collect()
}

fn reachable(blockers: &[BTreeSet<usize>], from: usize) -> BTreeSet<usize> {
    let mut seen = BTreeSet::new();
    let mut todo = vec![from];
    while let Some(place) = todo.pop() {
        todo.extend(blockers[place].iter().copied().filter(|next| seen.insert(*next)));
    }
    seen
}

#[cfg(test)]
mod tests;
