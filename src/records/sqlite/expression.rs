//! The expressions of a mapping, and what an expression asks for beside the row at hand.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension};

use super::catalog::Catalog;
use super::open::Opened;
use super::prove::{owner_table, part_place, place};
use super::{Queries, StoreError, clock, schema, sql};
use crate::records::mapping::{Condition, ElementTable, Join, Relation, SeriesMapping};

/// Why an expression is refused that may answer otherwise the next time, with all records as they were: what a hold
/// keeps must not go a moment later, and a plan for a day must be the plan of that day.
pub(super) const FICKLE: &str = "it asks for the time or for chance; its answer may depend on the records only";

/// Why an expression is refused that SQLite would not let ask, and not before a row is asked.
const OF_SQLITE: &str = "it asks SQLite for its settings and its schema (`pragma_…`), which tell nothing of a record";

/// Functions that answer by something else than their arguments.
const OTHERS: [&str; 9] = [
    "random",
    "randomblob",
    "changes",
    "total_changes",
    "last_insert_rowid",
    "current_date",
    "current_time",
    "current_timestamp",
    "load_extension",
];

/// An expression of a mapping, and the tables that it may speak of.
pub(super) struct Expression<'m> {
    /// Where in the configuration.
    pub at: String,
    pub text: &'m str,
    pub this: &'m str,
    pub owner: Option<&'m str>,
}

/// A function that a statement calls.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    /// In lower case.
    pub function: String,
    /// The view in whose text it is called.
    pub inside: Option<String>,
}

/// All expressions of a mapping, those on series that are not mapped in this source left out.
pub(super) fn all<'m>(queries: &'m Queries, series: &'m SeriesMapping) -> Vec<Expression<'m>> {
    let mut found = Found(Vec::new());
    let (at, table) = (place(series), series.table.as_str());
    for Test { at, table, condition } in tests(series) {
        if let Condition::Expression(text) = condition {
            found.0.push(Expression { at, text, this: table, owner: None });
        }
    }
    for (trigger, event) in &series.events {
        for element in &event.elements {
            if let ElementTable::Child { table: child, on, .. } = &element.place {
                found.join(format!("{at}.event.{trigger}"), child, table, on);
            }
        }
    }
    let mapped = |relation: &Relation| queries.mapping(&relation.series).ok().map(|other| other.table.as_str());
    if let Some((relation, other)) = series.subject.as_ref().and_then(|relation| Some((relation, mapped(relation)?))) {
        found.join(format!("{at}.subject"), table, other, &relation.on);
    }
    for relation in &series.blocked_by {
        if let Some(other) = mapped(relation) {
            found.join(format!("{at}.blocked_by"), other, table, &relation.on);
        }
    }
    for part in &series.parts {
        let at = part_place(series, part);
        if let Some(owner) = owner_table(series, part) {
            found.join(at.clone(), &part.table, owner, &part.on);
        }
        for reference in &part.shared {
            found.join(at.clone(), &reference.table, &part.table, &reference.on);
        }
    }
    found.0
}

/// A test of rows in a mapping.
pub(super) struct Test<'m> {
    /// Where in the configuration.
    pub at: String,
    /// Of whose rows.
    pub table: &'m str,
    pub condition: &'m Condition,
}

/// All tests of a mapping.
pub(super) fn tests(series: &SeriesMapping) -> Vec<Test<'_>> {
    let (at, own) = (place(series), series.table.as_str());
    let mut found: Vec<(String, &str, Option<&Condition>)> =
        vec![(format!("{at}.filter"), own, series.filter.as_ref())];
    for (name, condition) in &series.conditions {
        found.push((format!("{at}.condition.{name}"), own, Some(condition)));
    }
    for (trigger, event) in &series.events {
        let at = format!("{at}.event.{trigger}");
        found.push((at.clone(), own, event.condition.as_ref()));
        for element in &event.elements {
            if let ElementTable::Child { table, condition, .. } = &element.place {
                found.push((at.clone(), table, condition.as_ref()));
            }
        }
    }
    for part in &series.parts {
        let at = part_place(series, part);
        found.push((at.clone(), &part.table, part.condition.as_ref()));
        let shared = part.shared.iter();
        found.extend(shared.map(|one| (format!("{at}.shared"), one.table.as_str(), one.condition.as_ref())));
    }
    let is_there = |(at, table, condition): (String, _, Option<_>)| Some(Test { at, table, condition: condition? });
    found.into_iter().filter_map(is_there).collect()
}

struct Found<'m>(Vec<Expression<'m>>);

impl<'m> Found<'m> {
    fn join(&mut self, at: String, this: &'m str, owner: &'m str, join: &'m Join) {
        if let Join::Expression(text) = join {
            self.0.push(Expression { at, text, this, owner: Some(owner) });
        }
    }
}

impl Expression<'_> {
    /// A statement that asks it of every row.
    pub(super) fn select(&self) -> String {
        self.select_from(sql::name)
    }

    /// The same, with other rows in the place of those that it speaks of.
    pub(super) fn select_from(&self, rows: impl Fn(&str) -> String) -> String {
        format!("SELECT 1 FROM {} WHERE {}", self.rows(rows), self.condition())
    }

    /// A statement that answers it, row by row; in a join, for every pair of rows.
    pub(super) fn answers(&self, rows: impl Fn(&str) -> String) -> String {
        format!("SELECT {} FROM {}", self.condition(), self.rows(rows))
    }

    fn rows(&self, rows: impl Fn(&str) -> String) -> String {
        let owner = self.owner.map(|owner| format!("{} AS owner CROSS JOIN ", rows(owner))).unwrap_or_default();
        format!("{owner}{} AS this", rows(self.this))
    }

    fn condition(&self) -> String {
        sql::condition(&Condition::Expression(self.text.to_owned()))
    }
}

/// A row as of this table, with this value in every column, and no other.
pub(super) fn row_of(catalog: &Catalog, table: &str, value: &str) -> String {
    let columns = catalog.table(table).map(|table| table.columns.as_slice()).unwrap_or_default();
    let columns = columns.iter().map(|column| column.name.as_str()).chain(["rowid"]);
    let columns: Vec<String> = columns.map(|column| format!("{value} AS {}", sql::name(column))).collect();
    format!("(SELECT {})", columns.join(", "))
}

/// Why an expression is refused, of which this statement asks; `None` where nothing stands against it. That it only
/// reads, its connection sees to.
///
/// # Errors
/// SQLite does not accept the statement.
pub(super) fn refusal(opened: &Opened, text: &str, select: &str) -> Result<Option<&'static str>, StoreError> {
    if let Some(reason) = sql::not_one_expression(text) {
        return Ok(Some(reason));
    }
    let failed = |error| StoreError::of(&opened.conn, error);
    let calls = opened.calls_of(select).map_err(failed)?;
    if opened.columns_read_by(select).map_err(failed)?.iter().any(|(table, _)| table.starts_with("pragma_")) {
        return Ok(Some(OF_SQLITE));
    }
    let is_fickle = is_fickle(&opened.conn, text, &calls).map_err(failed)?;
    Ok(is_fickle.then_some(FICKLE))
}

/// SQLite tells which functions are called, however they are written and in whatever view; with which arguments only
/// the text does.
fn is_fickle(conn: &Connection, text: &str, calls: &BTreeSet<Call>) -> rusqlite::Result<bool> {
    if calls.iter().any(|call| OTHERS.contains(&call.function.as_str())) || asks_the_clock(text) {
        return Ok(true);
    }
    let mut view =
        conn.prepare_cached("SELECT sql FROM sqlite_schema WHERE type = 'view' AND lower(name) = lower(?1)")?;
    for call in calls.iter().filter(|call| clock::FUNCTIONS.iter().any(|(name, _)| call.function == *name)) {
        let Some(inside) = &call.inside else { continue };
        let text: Option<String> = view.query_row([inside], |row| row.get(0)).optional()?;
        if text.is_some_and(|text| asks_the_clock(&text)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a call of a function of date and time says `now`, says nothing, goes by the machine's zone, or gives what no
/// column stands in and no literal says.
fn asks_the_clock(text: &str) -> bool {
    let words = schema::tokens(text);
    words.iter().enumerate().any(|(at, word)| {
        let Some((_, places)) = clock::FUNCTIONS.iter().find(|(name, _)| name == word) else { return false };
        let is_call = words.get(at + 1).is_some_and(|next| next == "(");
        let given = if is_call { arguments(&words[at + 2..]) } else { return false };
        let names_zone = |word: &String| is_quoted(word, &clock::ZONES);
        given.iter().copied().flatten().any(names_zone)
            || places.iter().any(|place| given.get(*place).is_none_or(|argument| is_now(argument)))
    })
}

/// The arguments of a call, from behind its opening parenthesis.
fn arguments(words: &[String]) -> Vec<&[String]> {
    let (mut found, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    for (at, word) in words.iter().enumerate() {
        match word.as_str() {
            "(" => depth += 1,
            ")" if depth == 0 => {
                found.push(&words[start..at]);
                break;
            }
            ")" => depth -= 1,
            "," if depth == 0 => {
                found.push(&words[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    found.retain(|argument| !argument.is_empty());
    found
}

/// Whether this is one of these words as a literal.
fn is_quoted(literal: &str, words: &[&str]) -> bool {
    let text = literal.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    text.is_some_and(|text| words.iter().any(|word| text.eq_ignore_ascii_case(word)))
}

fn is_now(argument: &[String]) -> bool {
    let says_now = |word: &String| is_quoted(word, &clock::NOW);
    let is_name = |word: &String| word.starts_with(|first: char| first.is_alphabetic() || first == '_');
    let names_a_column =
        |(at, word): (usize, &String)| is_name(word) && argument.get(at + 1).is_none_or(|next| next != "(");
    let is_number = |word: &String| word.chars().all(|letter| letter.is_ascii_digit() || "+-.".contains(letter));
    let is_written_down = argument.len() == 1 || argument.iter().all(is_number);
    argument.iter().any(says_now) || !(is_written_down || argument.iter().enumerate().any(names_a_column))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_of_a_record_or_written_down_and_never_of_the_clock() {
        for text in [
            "date(this.closed_at) < '2020-01-01'",
            "strftime('%Y', this.closed_at) = '2020'",
            "this.status = 'now'",
            "this.closed_at < date('2020-01-31', '+1 month')",
            "date(substr(this.closed_at, 1, 10), 'start of year') > this.date",
            "date(coalesce(this.closed_at, '2020-01-01')) < date(2459000.5)",
            "datetime(this.closed_at, 'subsec') < '2020'",
            "this.date IS NULL AND (this.time)",
            "timediff(this.closed_at, '2020-01-01') > '+0001'",
        ] {
            assert!(!asks_the_clock(text), "{text}");
        }
        for text in [
            "this.closed_at < date('now', '-1 year')",
            "this.closed_at < date ( 'NOW' )",
            "this.closed_at < datetime()",
            "strftime('%s') > 3",
            "\"strftime\"('%s', 'now') > 3",
            "unixepoch('subsec') > this.at",
            "[julianday]('subsecond') > this.at",
            "unixepoch( ) > this.at",
            "date('n' || 'ow') > this.at",
            "date(char(110, 111, 119)) > this.at",
            "timediff(this.closed_at, 'now') > '+0001'",
            "date(this.closed_at, 'localtime') = '2024-12-31'",
            "datetime(this.closed_at, 'UTC') > this.at",
            "date(iif(this.a, this.closed_at, 'now')) > '2020'",
        ] {
            assert!(asks_the_clock(text), "{text}");
        }
    }
}
