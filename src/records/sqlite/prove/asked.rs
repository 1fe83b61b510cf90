//! What a mapping asks, beside dates, of rows which others take, or change, while the record lives on: expressions,
//! what blocks a record, and by what holds reach it.

use super::early::doing;
use super::tied::{self, Read};
use super::{Proof, compared, place};
use crate::records::mapping::{Act, Condition, ElementTable, Join, SeriesMapping, Tie};
use crate::records::sqlite::expression::{self, Expression};
use crate::records::sqlite::{Severity, schema};

impl Proof<'_> {
    /// Every answer on which the term of a record rests against all that others do, and its own masks, where it is
    /// destroyed later.
    pub(super) fn early_answers(&mut self, series: &SeriesMapping, is_destroyed: bool) {
        let (queries, acts) = (self.queries, self.all_acts(series, is_destroyed));
        for asked in expression::all(queries, series) {
            // Which rows are parts does not move a term.
            let rest = asked.at.strip_prefix(&place(series)).unwrap_or_default();
            if rest.starts_with(".part.") || rest == ".subject" {
                continue;
            }
            let Ok(read) = self.opened.columns_read_by(&asked.select()) else { continue };
            let (read, words) = (Read(read), schema::tokens(asked.text));
            for act in &acts {
                if let Some(severity) = gravity(act, series, is_destroyed, (&asked, &read))
                    && self.is_asked(act, &asked, &read)
                {
                    let is_untold = waits_for(series, act)
                        || asks_whether_it_goes(act, &read, &words)
                        || self.is_likely_of_others(act, &words, &read);
                    let severity = if is_untold { Severity::Warning } else { severity };
                    self.answer_changes(severity, series, act, &asked.at);
                }
            }
        }
        for act in &acts {
            self.unblocks(series, act, is_destroyed);
        }
    }

    /// Whether an expression asks what an act changes.
    fn is_asked(&self, act: &Act<'_>, asked: &Expression<'_>, read: &Read) -> bool {
        let table = act.table().to_ascii_lowercase();
        let is_of_rows =
            [Some(asked.this), asked.owner].into_iter().flatten().any(|it| it.eq_ignore_ascii_case(&table));
        match act.change() {
            // The loss of the very rows that are asked is the loss of dates, or of what blocks.
            None => !is_of_rows && read.table(&table),
            // A filter may be there to take records over once they are masked.
            Some(_) if is_of_rows && (asked.at.ends_with(".filter") || asked.at.contains(".condition.")) => false,
            Some((column, _)) => {
                let changed = self.table(&table).map(|table| table.with_computed(column)).unwrap_or_default();
                changed.iter().any(|column| read.column(&table, column))
            }
        }
    }

    /// Whether an expression compares with another value what tells the rows of an act from those of other records (a
    /// map, of a column that the act leaves as it is), and names none of theirs: what is compared how, only SQLite
    /// knows.
    fn is_likely_of_others(&self, act: &Act<'_>, words: &[String], read: &Read) -> bool {
        let Some(Condition::All(tests)) = act.condition() else { return false };
        tests.iter().any(|test| {
            let is_left = read.column(act.table(), &test.column) && self.put(act, &test.column).is_none();
            is_left && compared::asks_for_others(words, test)
        })
    }

    fn answer_changes(&mut self, severity: Severity, series: &SeriesMapping, act: &Act<'_>, at: &str) {
        let own = &series.series;
        let message = format!(
            "this expression asks {}, {}: it answers otherwise while the record of {own} lives on, which may then be due too early",
            act.table(),
            doing(act)
        );
        let mask = if act.is_mask() { "take the mask out\nor: " } else { "" };
        let by = match act.part.map(|part| (&part.name, &part.on)) {
            Some((part, Join::Columns(_))) if !act.is_mask() => {
                format!("ask them by the columns by which part {part} has them\nor: ")
            }
            _ => String::new(),
        };
        let mend = format!(
            "{mask}{by}ask only what stays as long as the record: columns of {} that no rule changes",
            series.table
        );
        self.find(severity, "answer-changes", at, message, mend);
    }

    /// What ties a record to those that block it, and to those by whom holds reach it.
    fn unblocks(&mut self, series: &SeriesMapping, act: &Act<'_>, is_destroyed: bool) {
        if act.change().is_none() {
            return;
        }
        let tie = act.with_record(series, is_destroyed);
        let is_own_row = act.table().eq_ignore_ascii_case(&series.table)
            && tie != Tie::Together
            && !self.is_of_others(act, series.filter.as_ref());
        let mask = if act.is_mask() { "take the mask out" } else { "leave that column as it is" };
        for relation in &series.blocked_by {
            let Join::Columns(pairs) = &relation.on else { continue };
            let at = format!("{}.blocked_by", place(series));
            if is_own_row && pairs.iter().any(|(_, own)| self.put(act, own).is_some()) {
                let message = format!(
                    "records of {} block those of {} by rows of {}, {}: they would not any more, and the record goes too early",
                    relation.series,
                    series.series,
                    series.table,
                    doing(act)
                );
                let severity = if tie == Tie::Untold { Severity::Warning } else { Severity::Error };
                self.find(severity, "unblocked", at, message, mask);
                continue;
            }
            let Ok(other) = self.queries.mapping(&relation.series) else { continue };
            // Those that block the record which goes, or are masked themselves, are done with.
            let is_apart = if act.series.series == series.series {
                act.with_reader(series, is_destroyed, &relation.on) == Tie::Apart
            } else {
                act.series.series != relation.series
                    || (act.part.is_some() && act.with_record(other, false) == Tie::Apart)
            };
            let is_of_other = is_apart && act.table().eq_ignore_ascii_case(&other.table);
            if is_of_other && pairs.iter().any(|(this, _)| self.put(act, this).is_some()) {
                let message = format!(
                    "rows of {}, {}, then block no record of {} any more",
                    other.table,
                    doing(act),
                    series.series
                );
                self.warning("unblocked", at, message, mask);
            }
        }
        let subject = series.subject.iter().filter_map(|relation| match &relation.on {
            Join::Columns(pairs) => Some(pairs.iter().map(|(this, _)| this)),
            Join::Expression(_) => None,
        });
        let ways =
            [("reference", series.reference.iter().collect::<Vec<_>>()), ("subject", subject.flatten().collect())];
        for (word, columns) in ways {
            if is_own_row && columns.iter().any(|column| self.put(act, column).is_some()) {
                let message = format!(
                    "holds reach records of {} by the `{word}` in rows of {}, {}: one that is placed later does not find them, and they go",
                    series.series,
                    series.table,
                    doing(act)
                );
                let mend = format!("{mask}, or place such holds by key");
                self.find(Severity::Warning, "hold-misses", format!("{}.{word}", place(series)), message, mend);
            }
        }
    }
}

/// Whether a record stays until all rows are gone that an act takes: what it asks of them is then asked of none, which
/// may be meant so.
fn waits_for(series: &SeriesMapping, act: &Act<'_>) -> bool {
    let is_end = act.part.is_none() && act.change().is_none();
    is_end && series.blocked_by.iter().any(|relation| relation.series == act.series.series)
}

/// Whether what is asked of rows may be whether they are open, or not yet of age: those that go by their own term are
/// neither, so that the answer may stay. What the filter of their series tests tells whose they are: all that go pass
/// it, as they pass what an event tests, where just that is asked.
fn asks_whether_it_goes(act: &Act<'_>, read: &Read, words: &[String]) -> bool {
    let other = act.series;
    let reads = |column: &String| read.column(&other.table, column);
    let tells_open = |condition: &Option<Condition>| match condition {
        Some(Condition::All(tests)) => {
            tests.iter().any(|test| reads(&test.column) && !compared::asks_for_these(words, test))
        }
        _ => false,
    };
    let dates = other.events.values().flat_map(|event| &event.elements);
    let mut dates = dates.filter(|element| element.place == ElementTable::Record);
    let is_end = act.part.is_none() && act.change().is_none();
    is_end
        && (dates.any(|element| reads(&element.column))
            || other.events.values().any(|event| tells_open(&event.condition)))
}

/// How grave it is that an act changes what is asked; `None`: the record has gone by then, or it is meant so.
fn gravity(
    act: &Act<'_>,
    series: &SeriesMapping,
    is_destroyed: bool,
    (asked, read): (&Expression<'_>, &Read),
) -> Option<Severity> {
    let other = act.series;
    let is_own = other.series == series.series;
    if is_own && act.is_mask() && is_destroyed {
        return Some(Severity::Error);
    }
    if is_own && (act.part.is_none() || (act.is_mask() && act.with_record(series, is_destroyed) == Tie::Together)) {
        return None;
    }
    // What blocks records is disposed of by its own rules: then it blocks no more.
    if asked.at.ends_with(".blocked_by") && other.table.eq_ignore_ascii_case(asked.this) {
        return None;
    }
    match tied::tie(act, series, read) {
        Tie::Together => return None,
        Tie::Untold => return Some(Severity::Warning),
        Tie::Apart => {}
    }
    let mut waiting = other.blocked_by.iter().filter(|relation| relation.series == series.series);
    let is_gone = match act.part {
        None => waiting.any(|relation| tied::is_waited_for(relation, other, series, read)).then_some(None),
        // Perhaps for other records than the one that asks.
        Some(_) => waiting.next().map(|_| Some(Severity::Warning)),
    };
    is_gone.unwrap_or(Some(Severity::Error))
}
