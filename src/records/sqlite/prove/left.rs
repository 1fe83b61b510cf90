//! Rows of records that go as parts of others: what these records have by the mapping of their own series, the other
//! must name as well, or it stays when they go, and leads to none; and the other way round, where they go before it.

use super::sharing::{pairs, written};
use super::{Proof, part_place, place};
use crate::records::mapping::{Join, PartMapping, SeriesMapping};

impl Proof<'_> {
    /// Each part whose rows are records of a series, against the parts of that series. Rows that are records
    /// themselves may go by rules of their own; a foreign key is asked for elsewhere.
    pub(super) fn left(&mut self, series: &SeriesMapping) {
        let queries = self.queries;
        for part in series.parts.iter().filter(|part| series.takes_along(part)) {
            for other in queries.mappings().iter().filter(|other| may_take(series, part, other)) {
                for theirs in other.parts.iter().filter(|theirs| !is(&theirs.table, &other.table)) {
                    let is_record = queries.mappings().iter().any(|mapping| is(&mapping.table, &theirs.table));
                    if !is_record && !names(series, part, other, theirs) {
                        self.left_behind_by(series, part, other, theirs);
                    }
                }
            }
        }
    }

    /// What other series say that the records of this one have: these may go by themselves, before the record that has
    /// them.
    pub(super) fn left_alone(&mut self, series: &SeriesMapping) {
        let queries = self.queries;
        for taker in queries.mappings().iter().filter(|taker| taker.series != series.series) {
            let taken = taker.parts.iter().filter(|part| taker.takes_along(part) && is_of_records(part, series));
            for part in taken {
                let beneath = |of: &&PartMapping| of.of.as_ref() == Some(&part.name) && taker.takes_along(of);
                for theirs in taker.parts.iter().filter(beneath) {
                    let mut records = queries.mappings().iter().map(|mapping| &mapping.table);
                    let mut named = series.parts.iter().map(|own| &own.table);
                    if !records.any(|table| is(table, &theirs.table)) && !named.any(|table| is(table, &theirs.table)) {
                        self.left_behind_alone(series, taker, theirs);
                    }
                }
            }
        }
    }

    fn left_behind_alone(&mut self, series: &SeriesMapping, taker: &SeriesMapping, theirs: &PartMapping) {
        let (table, at) = (&theirs.table, part_place(taker, theirs));
        let message = format!(
            "{at} says that rows of {table} belong to rows of {}, and {} does not name those: where one of its records goes before that of \
             {}, they would stay and lead to none",
            series.table, series.series, taker.series
        );
        let mend = format!(
            "[[series.{}.part]]\ntable = \"{table}\"\non = {}\n(and what else {at} says)",
            series.series,
            join(theirs)
        );
        self.warning("parts-left", place(series), message, mend);
    }

    fn left_behind_by(
        &mut self,
        series: &SeriesMapping,
        part: &PartMapping,
        other: &SeriesMapping,
        theirs: &PartMapping,
    ) {
        let (owner, table, at) = (&other.series, &theirs.table, part_place(other, theirs));
        let message = format!(
            "rows of {} go by this part, records of {owner} among them, and {at} says that rows of {table} belong to these: {} does not \
             name those, and they would stay and lead to none",
            part.table, series.series
        );
        let mend = format!(
            "[[series.{}.part]]\nname = \"{}_of_{}\"\ntable = \"{table}\"\nof = \"{}\"\non = {}\n(and what else {at} says)",
            series.series,
            theirs.name,
            part.name,
            theirs.of.as_ref().map_or(&part.name, |of| of),
            join(theirs)
        );
        let wait = format!(
            "\nor let it wait for them, in {}: blocked_by = [{{ series = \"{owner}\", on = {{ … }} }}]",
            place(series)
        );
        let mend = if part.of.is_none() { mend + &wait } else { mend };
        self.warning("parts-left", part_place(series, part), message, mend);
    }
}

/// Whether a part takes records of a series that live on until then.
fn may_take(series: &SeriesMapping, part: &PartMapping, other: &SeriesMapping) -> bool {
    let is_waited_for = || {
        let mut waiting = series.blocked_by.iter().filter(|relation| relation.series == other.series);
        part.of.is_none() && waiting.any(|relation| finds(&relation.on, &part.on))
    };
    // The record itself, for its files, goes with all that it has.
    let is_record = other.series == series.series && part.of.is_none() && is_each_itself(&part.on);
    is_of_records(part, other) && !is_waited_for() && !is_record
}

/// Whether rows of a part may be records of a series.
fn is_of_records(part: &PartMapping, series: &SeriesMapping) -> bool {
    let conditions = part.condition.as_ref().zip(series.filter.as_ref());
    is(&part.table, &series.table) && conditions.is_none_or(|(one, filter)| one.apart_by(filter).next().is_none())
}

/// Whether all rows that a part has are found by what a series waits for.
fn finds(waiting: &Join, on: &Join) -> bool {
    match (pairs(waiting), pairs(on)) {
        (Some(waiting), Some(on)) => {
            let is_owned =
                |(there, here): &(String, String)| on.iter().any(|(this, owner)| is(this, there) && is(owner, here));
            waiting.iter().all(is_owned)
        }
        // What an expression compares, its author decided.
        _ => true,
    }
}

/// Whether a series that takes records of another by a part names rows of theirs; whether a join of its own finds
/// them all, only the rows tell.
fn names(series: &SeriesMapping, part: &PartMapping, other: &SeriesMapping, theirs: &PartMapping) -> bool {
    let is_apart = |own: &PartMapping| {
        let conditions = own.condition.as_ref().zip(theirs.condition.as_ref());
        conditions.is_some_and(|(one, two)| one.apart_by(two).next().is_some())
    };
    let is_own = series.series == other.series;
    let mut naming = series.parts.iter().filter(|own| is(&own.table, &theirs.table) && !is_apart(own));
    // In a series that takes records of itself, that part is what these have alone, and what is beneath it follows.
    naming.any(|own| !is_own || own.of.as_ref() == Some(&part.name) || own.name != theirs.name)
        || (is_own && theirs.of.is_some())
}

fn join(part: &PartMapping) -> String {
    match &part.on {
        Join::Columns(on) => written(on.iter().map(|(this, owner)| (this.as_str(), owner.as_str()))),
        Join::Expression(text) => format!("\"{text}\""),
    }
}

fn is_each_itself(on: &Join) -> bool {
    pairs(on).is_some_and(|pairs| pairs.iter().all(|(this, owner)| is(this, owner)))
}

fn is(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}
