//! Rows that a part takes with its record, and of which another says that they are shared: that they go with the last
//! that refers to them.

use super::sharing::{Line, lines, owners, pairs, shares_rows};
use super::{Proof, list, owner_table, part_place};
use crate::records::mapping::{Join, PartMapping, Relation, SeriesMapping};
use crate::records::sqlite::Severity;

impl Proof<'_> {
    /// Each part that is not shared against the shared ones of its table: its record takes the row from under what
    /// those count. Where the row names its owner, it may be meant so.
    pub(super) fn taken(&mut self, series: &SeriesMapping) {
        let queries = self.queries;
        for part in series.parts.iter().filter(|part| part.shared.is_empty() && series.takes_along(part)) {
            // The very rows of another part go as those do.
            let Some(own) = owners(series, part).filter(|own| !own.is_the_row(part)) else { continue };
            for other in queries.mappings() {
                for also in other.parts.iter().filter(|also| !also.shared.is_empty() && shares_rows(also, part)) {
                    let mut from = lines(other, also);
                    from.retain(|line| {
                        !line.is_the_row(part) && !own.counts(line) && !self.is_settled(series, part, line)
                    });
                    if !from.is_empty() {
                        self.taken_from(series, part, &part_place(other, also), &from);
                    }
                }
            }
        }
    }

    fn taken_from(&mut self, series: &SeriesMapping, part: &PartMapping, also: &str, from: &[Line<'_>]) {
        let (table, owner) = (&part.table, owner_table(series, part).unwrap_or(&series.table));
        let message = format!(
            "rows of {table} go with their {owner} by this part, also while rows of {} refer to them: by {also} they are `shared`, and go with \
             the last that refers to them",
            list(from.iter().map(|line| line.table))
        );
        let mut counted: Vec<String> = Vec::new();
        for line in from {
            let line = format!("{{ table = \"{}\", on = {} }}", line.table, line.join());
            if !counted.contains(&line) {
                counted.push(line);
            }
        }
        let mend = format!(
            "in that part: shared = [{}]\nor say what becomes of those that refer to the row: a part of {} of \"{}\" with `owner_gone`, or \
             `blocked_by`\nor map rows that no record has by both in parts with a `where` of their own",
            counted.join(", "),
            from[0].table,
            part.name
        );
        let severity = if self.is_named(part) { Severity::Error } else { Severity::Warning };
        self.find(severity, "shared-taken", part_place(series, part), message, mend);
    }

    /// Whether a series says itself what becomes of what refers to the rows of its part, or waits for it.
    fn is_settled(&self, series: &SeriesMapping, part: &PartMapping, line: &Line<'_>) -> bool {
        let is_of_them = |after: &PartMapping| {
            let on =
                pairs(&after.on).map(|on| on.iter().map(|(this, owner)| (this.as_str(), owner.as_str())).collect());
            let named = Line { table: &after.table, on, condition: after.condition.as_ref() };
            after.of.as_ref() == Some(&part.name) && named.counts(line)
        };
        let is_waited_for = |relation: &Relation| {
            let other = self.queries.mapping(&relation.series);
            part.of.is_none()
                && other.is_ok_and(|other| is(&other.table, line.table))
                && waits(&relation.on, part, line)
        };
        series.parts.iter().any(is_of_them) || series.blocked_by.iter().any(is_waited_for)
    }
}

/// Whether records wait by a join for all that refers to a row of their part; what an expression compares, its author
/// decided.
fn waits(blocking: &Join, part: &PartMapping, line: &Line<'_>) -> bool {
    let (Some(blocking), Some(owned), Some(refers)) = (pairs(blocking), pairs(&part.on), &line.on) else {
        return true;
    };
    let leads = |there: &str, here: &str| {
        let mut columns = refers.iter().filter(|(this, _)| is(this, there)).map(|(_, of_part)| *of_part);
        columns.any(|column| owned.iter().any(|(this, owner)| is(this, column) && is(owner, here)))
    };
    blocking.iter().all(|(there, here)| leads(there, here))
}

fn is(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}
