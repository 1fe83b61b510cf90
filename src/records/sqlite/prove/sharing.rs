//! Whether a shared part counts all that refers to its rows.

use super::{Proof, owner_table, part_place};
use crate::records::mapping::{Condition, Join, OwnerGone, PartMapping, SeriesMapping};

/// Rows that refer to those of a part.
pub(super) struct Line<'m> {
    pub table: &'m str,
    /// Its columns and those of the part; `None`: an expression tells.
    pub on: Option<Vec<(&'m str, &'m str)>>,
    pub condition: Option<&'m Condition>,
}

impl Proof<'_> {
    /// Each shared part against all parts of the same table, shared or not: what refers to a row by another of them
    /// must count here, too, or the row goes with the last reference of one part from under those of the other.
    pub(super) fn sharing(&mut self, series: &SeriesMapping) {
        let queries = self.queries;
        for part in series.parts.iter().filter(|part| !part.shared.is_empty()) {
            let mut counted = lines(series, part);
            for other in queries.mappings() {
                let having = other.parts.iter().filter(|also| shares_rows(part, also) && self.is_named(also));
                for also in having.collect::<Vec<_>>() {
                    for line in lines(other, also).into_iter().filter(|line| !line.is_the_row(part)) {
                        if !counted.iter().any(|own| own.counts(&line)) {
                            self.uncounted(series, part, &part_place(other, also), &line);
                            // Once is enough, by however many parts.
                            counted.push(line);
                        }
                    }
                }
            }
        }
    }

    /// Whether what has the rows of a part refers to them: it is counted, or names them by what tells them apart. Rows
    /// that themselves name their owner, as messages do, it does not refer to.
    pub(super) fn is_named(&self, part: &PartMapping) -> bool {
        let columns = || pairs(&part.on).map(|pairs| pairs.iter().map(|(this, _)| this.clone()).collect::<Vec<_>>());
        let is_unique = |columns: Vec<_>| self.table(&part.table).is_some_and(|table| table.is_unique(&columns));
        !part.shared.is_empty() || columns().is_some_and(is_unique)
    }

    fn uncounted(&mut self, series: &SeriesMapping, part: &PartMapping, also: &str, line: &Line<'_>) {
        let (table, by) = (&part.table, line.table);
        let message = format!(
            "rows of {by} refer to rows of {table} by {also}, too, and do not count here: a row would go with the last reference of this part \
             while a row of {by} still refers to it"
        );
        let mend = format!(
            "add to `shared` of that part: {{ table = \"{by}\", on = {} }}\nor map rows that no record has by both in parts with a `where` of their own",
            line.join()
        );
        self.error("shared-uncounted", format!("{}.shared", part_place(series, part)), message, mend);
    }
}

impl Line<'_> {
    /// Whether each row of the part is what refers to it: a part of the very rows of another.
    pub(super) fn is_the_row(&self, part: &PartMapping) -> bool {
        is(self.table, &part.table)
            && self.on.as_ref().is_some_and(|pairs| pairs.iter().all(|(this, owner)| is(this, owner)))
    }

    /// Whether rows of `other` are among these. What an expression compares, its author decided.
    pub(super) fn counts(&self, other: &Self) -> bool {
        let (Some(own), Some(theirs)) = (&self.on, &other.on) else { return is(self.table, other.table) };
        let has = |(this, owner): &(&str, &str)| theirs.iter().any(|(one, two)| is(one, this) && is(two, owner));
        let includes = |own: &Condition| other.condition.is_some_and(|theirs| own.includes(theirs));
        is(self.table, other.table) && own.iter().all(has) && self.condition.is_none_or(includes)
    }

    /// Its `on`, as it is written down.
    pub(super) fn join(&self) -> String {
        // To turn an expression round is the author's affair.
        self.on.as_ref().map_or_else(|| "\"…\"".to_owned(), |pairs| written(pairs.iter().copied()))
    }
}

/// A join of columns, as the configuration has it.
pub(super) fn written<'m>(pairs: impl Iterator<Item = (&'m str, &'m str)>) -> String {
    let pairs: Vec<_> = pairs.map(|(this, owner)| format!("{this} = \"{owner}\"")).collect();
    format!("{{ {} }}", pairs.join(", "))
}

/// Whether rows of a shared part may be those of another part, with whose owners they go.
pub(super) fn shares_rows(part: &PartMapping, also: &PartMapping) -> bool {
    let conditions = part.condition.as_ref().zip(also.condition.as_ref());
    let apart = conditions.is_some_and(|(one, other)| one.apart_by(other).next().is_some());
    also.owner_gone == OwnerGone::Destroy && is(&also.table, &part.table) && !apart
}

/// All that refers to the rows of a part: its owners, and what it counts besides.
pub(super) fn lines<'m>(series: &'m SeriesMapping, part: &'m PartMapping) -> Vec<Line<'m>> {
    let shared = part.shared.iter().map(|reference| {
        let on = pairs(&reference.on);
        let on = on.map(|pairs| pairs.iter().map(|(this, owner)| (this.as_str(), owner.as_str())).collect());
        Line { table: &reference.table, on, condition: reference.condition.as_ref() }
    });
    owners(series, part).into_iter().chain(shared).collect()
}

/// What a part is a part of.
pub(super) fn owners<'m>(series: &'m SeriesMapping, part: &'m PartMapping) -> Option<Line<'m>> {
    owner_table(series, part).map(|table| {
        let on =
            pairs(&part.on).map(|pairs| pairs.iter().map(|(this, owner)| (owner.as_str(), this.as_str())).collect());
        Line { table, on, condition: None }
    })
}

pub(super) fn pairs(on: &Join) -> Option<&[(String, String)]> {
    match on {
        Join::Columns(pairs) => Some(pairs),
        Join::Expression(_) => None,
    }
}

fn is(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}
