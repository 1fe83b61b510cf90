//! Every join that a mapping writes down.

use super::{owner_table, part_place, place};
use crate::records::mapping::{ElementTable, Join, SeriesMapping};
use crate::records::sqlite::Queries;

/// Two tables and what joins them.
pub(super) struct Joined<'a> {
    /// Where in the configuration.
    pub at: String,
    pub this: &'a str,
    pub owner: &'a str,
    pub on: &'a Join,
}

/// Every join of a series, those with series that are not mapped in this source left out.
pub(super) fn joins<'a>(queries: &'a Queries, series: &'a SeriesMapping) -> Vec<Joined<'a>> {
    let (at, own) = (place(series), series.table.as_str());
    let mut joins = Vec::new();
    if let Some(relation) = &series.subject
        && let Ok(other) = queries.mapping(&relation.series)
    {
        joins.push(Joined { at: format!("{at}.subject"), this: own, owner: &other.table, on: &relation.on });
    }
    for relation in &series.blocked_by {
        if let Ok(other) = queries.mapping(&relation.series) {
            joins.push(Joined { at: format!("{at}.blocked_by"), this: &other.table, owner: own, on: &relation.on });
        }
    }
    for (trigger, event) in &series.events {
        for element in &event.elements {
            if let ElementTable::Child { table, on, .. } = &element.place {
                joins.push(Joined { at: format!("{at}.event.{trigger}"), this: table, owner: own, on });
            }
        }
    }
    for part in &series.parts {
        let at = part_place(series, part);
        if let Some(owner) = owner_table(series, part) {
            joins.push(Joined { at: at.clone(), this: &part.table, owner, on: &part.on });
        }
        let shared = part.shared.iter();
        joins.extend(shared.map(|reference| Joined {
            at: format!("{at}.shared"),
            this: &reference.table,
            owner: &part.table,
            on: &reference.on,
        }));
    }
    joins
}
