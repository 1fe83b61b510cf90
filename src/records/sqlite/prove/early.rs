//! Dates that others take away, or change, while the record lives on: it may then be due too early, or never.
//!
//! A record is reckoned from the latest of several dates, say. Once the row of the latest is gone, an older one
//! counts, and the record is due years too early.

use super::{Proof, list, place};
use crate::records::mapping::{
    Act, ColumnTest, Condition, Element, ElementTable, EventMapping, Join, Literal, Pick, Put, SeriesMapping, Tie,
};
use crate::records::sqlite::Severity;

/// What becomes of the term of a record, the graver last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Effect {
    /// It moves away: the record is open, or kept longer.
    Later,
    /// It may come nearer.
    Earlier,
}

impl<'a> Proof<'a> {
    /// Every date of a series against all that others do, and its own masks, where it is destroyed later.
    pub(super) fn early_dates(&mut self, series: &SeriesMapping, is_destroyed: bool) {
        let acts = self.all_acts(series, is_destroyed);
        for (trigger, event) in &series.events {
            let at = format!("{}.event.{trigger}", place(series));
            for act in &acts {
                let tie = act.with_record(series, is_destroyed);
                let is_own_row = tie != Tie::Together && !self.is_of_others(act, series.filter.as_ref());
                if let (true, Some(effect)) = (is_own_row, self.on_record(series, event, act)) {
                    self.goes_first(&at, series, act, (&series.table, None), (effect, tie));
                }
                for element in &event.elements {
                    let ElementTable::Child { table, on, condition, .. } = &element.place else { continue };
                    if self.is_of_others(act, condition.as_ref()) {
                        continue;
                    }
                    let tie = act.with_reader(series, is_destroyed, on);
                    if let (true, Some(effect)) = (tie != Tie::Together, self.on_child(series, event, element, act)) {
                        self.goes_first(&at, series, act, (table, Some(on)), (effect, tie));
                    }
                }
            }
        }
    }

    /// What the disposals of all series of the source do; nothing, where none concerns `series`, whose records no rule
    /// destroys or masks.
    pub(super) fn all_acts(&self, series: &SeriesMapping, is_destroyed: bool) -> Vec<Act<'a>> {
        let queries = self.queries;
        if series.acts(is_destroyed).is_empty() {
            return Vec::new();
        }
        queries.mappings().iter().flat_map(|other| other.acts(self.is_destroyed(other))).collect()
    }

    /// Whether an act never concerns rows that pass a test, as it may be of rows of a table in which records of several
    /// kinds are told apart by a column that it leaves as it is.
    pub(super) fn is_of_others(&self, act: &Act<'_>, condition: Option<&Condition>) -> bool {
        let both = act.condition().zip(condition);
        both.is_some_and(|(of_act, read)| of_act.apart_by(read).any(|column| self.put(act, column).is_none()))
    }

    /// What an act on the record's own row makes of its term.
    fn on_record(&self, series: &SeriesMapping, event: &EventMapping, act: &Act<'_>) -> Option<Effect> {
        if !act.table().eq_ignore_ascii_case(&series.table) {
            return None;
        }
        let of_element = |element: &Element| match &element.place {
            ElementTable::Record => self.put(act, &element.column).map(|put| without(put, absent(event))),
            ElementTable::Child { on: Join::Columns(pairs), .. } => {
                let puts = pairs.iter().filter_map(|(_, own)| self.put(act, own));
                puts.map(|put| if is_null(put) { absent(event) } else { Effect::Earlier }).max()
            }
            ElementTable::Child { on: Join::Expression(_), .. } => None,
        };
        let of_condition = self.tested(act, event.condition.as_ref()).map(|passes| match passes {
            Some(false) => Effect::Later,
            _ => Effect::Earlier,
        });
        event.elements.iter().filter_map(of_element).chain(of_condition).max()
    }

    /// What an act on the rows of a child table makes of the term of the record that reads a date there.
    fn on_child(
        &self,
        series: &SeriesMapping,
        event: &EventMapping,
        element: &Element,
        act: &Act<'_>,
    ) -> Option<Effect> {
        let ElementTable::Child { table, on, condition, pick } = &element.place else { return None };
        if !act.table().eq_ignore_ascii_case(table) {
            return None;
        }
        let lost =
            if *pick == Pick::Latest && !self.is_last(series, table, on) { Effect::Earlier } else { absent(event) };
        let won = (*pick == Pick::Earliest || event.pick != Pick::Latest).then_some(Effect::Earlier);
        if act.change().is_none() {
            return Some(lost);
        }
        let of_date = self.put(act, &element.column).map(|put| without(put, lost));
        let joined = match on {
            Join::Columns(pairs) => pairs.as_slice(),
            Join::Expression(_) => &[],
        };
        let moved = joined.iter().filter_map(|(this, _)| self.put(act, this));
        let moved = moved.map(|put| if is_null(put) { lost } else { won.map_or(lost, |won| won.max(lost)) });
        let of_condition = self.tested(act, condition.as_ref()).and_then(|passes| match passes {
            Some(true) => won,
            Some(false) => Some(lost),
            None => Some(Effect::Earlier),
        });
        of_date.into_iter().chain(moved).chain(of_condition).max()
    }

    /// Whether the loss of one row leaves a record no other, or none before the last is lost: no two rows belong to a
    /// record, or it is blocked while one does.
    fn is_last(&self, series: &SeriesMapping, table: &str, on: &Join) -> bool {
        let is = |one: &str, other: &str| one.eq_ignore_ascii_case(other);
        let Join::Columns(pairs) = on else { return false };
        let this: Vec<String> = pairs.iter().map(|(this, _)| this.clone()).collect();
        let blocks = series.blocked_by.iter().any(|relation| {
            let is_of_table = self.queries.mapping(&relation.series).is_ok_and(|other| is(&other.table, table));
            let Join::Columns(blocking) = &relation.on else { return false };
            is_of_table
                && blocking.iter().all(|(row, own)| pairs.iter().any(|(this, owner)| is(this, row) && is(owner, own)))
        });
        blocks || self.table(table).is_some_and(|table| table.is_unique(&this))
    }

    /// What an act puts into a column of its table, or into what that is computed from.
    pub(super) fn put<'m>(&self, act: &Act<'m>, column: &str) -> Option<Put<'m>> {
        let (changed, put) = act.change()?;
        if changed.eq_ignore_ascii_case(column) {
            return Some(put);
        }
        let computed = self.table(act.table())?.with_computed(changed);
        computed.contains(&column.to_ascii_lowercase()).then_some(Put::Any)
    }

    /// Whether rows pass a test after an act that changes what is tested; within, `None` where only the row tells.
    fn tested(&self, act: &Act<'_>, condition: Option<&Condition>) -> Option<Option<bool>> {
        let Some(Condition::All(tests)) = condition else { return None };
        let passes = |test: &ColumnTest| {
            self.put(act, &test.column).map(|put| match put {
                Put::Value(value) => Some(test.one_of.contains(value)),
                Put::Year | Put::Any => None,
            })
        };
        // One that fails fails them all.
        tests.iter().filter_map(passes).reduce(|one, other| if one == Some(false) { one } else { other })
    }

    fn goes_first(
        &mut self,
        at: &str,
        series: &SeriesMapping,
        act: &Act<'_>,
        (table, on): (&str, Option<&Join>),
        (effect, tie): (Effect, Tie),
    ) {
        let (own, other) = (&series.series, &act.series.series);
        let told = format!("its date is read from {table}, {}", doing(act));
        let (severity, message) = match (effect, tie) {
            (Effect::Earlier, Tie::Apart) => (
                Severity::Error,
                format!(
                    "{told}: the record of {own} is then reckoned from another date, or from none but an older one, and goes too early"
                ),
            ),
            (Effect::Earlier, _) => (
                Severity::Warning,
                format!(
                    "{told}, and nothing tells whether before the record of {own} that reads it: that would be reckoned from an older date, and go too early"
                ),
            ),
            (Effect::Later, Tie::Apart) => (
                Severity::Warning,
                format!("{told}: once that date is gone, the record of {own} is open for ever, or kept longer"),
            ),
            (Effect::Later, _) => return,
        };
        let mut mends = Vec::new();
        if act.is_mask() {
            mends.push("take the mask out".to_owned());
        }
        // What waits for the other already cannot be waited for.
        let waits = series.blocked_by.iter().any(|relation| relation.series == *other);
        if let (None, Some(Join::Columns(pairs)), false) = (act.part, on, waits) {
            let on: Vec<String> = pairs.iter().map(|(this, owner)| format!("{owner} = \"{this}\"")).collect();
            mends.push(format!(
                "let it wait for the record, in [series.{other}]: blocked_by = [{{ series = \"{own}\", on = {{ {} }} }}]",
                on.join(", ")
            ));
        }
        mends.push(format!("keep the date in a column of {} that no rule changes", series.table));
        if on.is_some() && act.series.series != series.series {
            mends.push(format!("map {table} as a part of {own}, and of no other series"));
        }
        self.find(severity, "event-goes-first", at, message, mends.join("\nor: "));
    }
}

/// What is done to the rows, and by whose rules.
pub(super) fn doing(act: &Act<'_>) -> String {
    let other = &act.series.series;
    match (act.change(), act.part) {
        (None, None) => format!("whose rows go by the rules of {other}"),
        (None, Some(part)) => format!("whose rows go with records of {other} (part {})", part.name),
        (Some((column, _)), _) if act.is_mask() => {
            format!("of which {} is masked by the rules of {other}", list([column]))
        }
        (Some((column, _)), _) => format!("whose rows get another {column} when their record of {other} goes"),
    }
}

/// Where one of an event's dates is not there any more.
fn absent(event: &EventMapping) -> Effect {
    if event.pick == Pick::Latest && event.elements.len() > 1 { Effect::Earlier } else { Effect::Later }
}

/// What comes into the place of a date: none, a year, which is none, or another date.
fn without(put: Put<'_>, lost: Effect) -> Effect {
    if is_null(put) || put == Put::Year { lost } else { Effect::Earlier }
}

fn is_null(put: Put<'_>) -> bool {
    put == Put::Value(&Literal::Null)
}
