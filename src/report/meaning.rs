//! What the mapping of a series means, in one line for each trigger: who approves a plan must see which column is
//! "closure".

use serde::Serialize;

use super::Words;
use super::table::paragraph;
use crate::disposition::Installation;
use crate::records::mapping::{
    ColumnTest, Condition, Element, ElementTable, Encoding, EventMapping, Literal, Pick, SeriesMapping,
};

/// Where the database says when an event happened, or which rows are records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Meaning {
    pub series: String,
    /// The trigger; `None` for the filter of the series.
    pub trigger: Option<String>,
    /// In the configuration's own terms: `closed_at where status = "closed"`.
    pub is: String,
    /// Series from whose rows the date is read and which go by rules of their own: a record whose date went first is
    /// open for ever.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub goes_with: Vec<String>,
}

/// The meaning of a series' triggers, and of its filter.
pub fn meanings(mapping: &SeriesMapping, install: &Installation) -> Vec<Meaning> {
    let others = install.series.iter().filter(|other| {
        other.series != mapping.series && other.source == mapping.source && install.is_destroyed(other)
    });
    let others: Vec<&SeriesMapping> = others.collect();
    let meaning = |trigger: Option<String>, is| Meaning {
        series: mapping.series.to_string(),
        trigger,
        is,
        goes_with: Vec::new(),
    };
    let events = mapping.events.iter().map(|(trigger, event)| Meaning {
        goes_with: mapping.dates_from(event, &others).iter().map(|other| other.series.to_string()).collect(),
        ..meaning(Some(trigger.to_string()), event_text(event, &mapping.table))
    });
    let filter = mapping.filter.iter().map(|filter| meaning(None, condition_text(filter)));
    events.chain(filter).collect()
}

/// What is to be said of dates that may go before their records; nothing where none may.
pub fn warnings(meanings: &[Meaning], words: &Words) -> Vec<String> {
    let may_go = meanings.iter().filter(|meaning| !meaning.goes_with.is_empty());
    let warning = |meaning: &Meaning| {
        let trigger = meaning.trigger.as_deref().unwrap_or_default();
        words.fill(words.planning.date_goes_first, &[&meaning.series, trigger, &meaning.goes_with.join(", ")])
    };
    may_go.map(warning).collect()
}

/// One line for each.
pub fn text(meanings: &[Meaning], words: &Words) -> String {
    let line = |meaning: &Meaning| {
        let of = meaning.trigger.as_deref().unwrap_or(words.planning.filter_of_series);
        // An expression may be written over several lines.
        let is = meaning.is.split_whitespace().collect::<Vec<_>>().join(" ");
        paragraph("  ", "    ", &format!("{} {of}{}{is}", meaning.series, words.colon))
    };
    let lines: String = meanings.iter().map(line).collect();
    if lines.is_empty() {
        return lines;
    }
    let warnings: String =
        warnings(meanings, words).iter().map(|one| format!("\n{}", paragraph("", "", one))).collect();
    format!("\n{}{lines}{warnings}", paragraph("", "", words.planning.meaning_title))
}

fn event_text(event: &EventMapping, table: &str) -> String {
    let elements: Vec<_> = event.elements.iter().map(|element| element_text(element, table)).collect();
    let mut text = match (event.pick, elements.as_slice()) {
        (_, [only]) => only.clone(),
        (pick, _) => format!("{} [{}]", pick_text(pick), elements.join(", ")),
    };
    if event.deadline {
        text += ", deadline";
    }
    text + &where_text(event.condition.as_ref())
}

fn element_text(element: &Element, table: &str) -> String {
    let mut text = match &element.place {
        ElementTable::Record => format!("{table}.{}", element.column),
        ElementTable::Child { table, condition, pick, .. } => {
            format!("{} {table}.{}{}", pick_text(*pick), element.column, where_text(condition.as_ref()))
        }
    };
    text += match element.encoding {
        Encoding::Rfc3339 => "",
        Encoding::Date => " as date",
        Encoding::Utc => " as utc",
        Encoding::Local => " as local",
        Encoding::Unix => " as unix",
        Encoding::UnixMs => " as unix_ms",
        Encoding::Julian => " as julian",
    };
    if !element.unset.is_empty() {
        text += &format!(", unset {}", listed(&element.unset));
    }
    text
}

fn pick_text(pick: Pick) -> &'static str {
    match pick {
        Pick::Latest => "latest",
        Pick::Earliest => "earliest",
        Pick::All => "all",
    }
}

fn where_text(condition: Option<&Condition>) -> String {
    condition.map(|condition| format!(", where {}", condition_text(condition))).unwrap_or_default()
}

fn condition_text(condition: &Condition) -> String {
    match condition {
        Condition::Expression(expression) => expression.clone(),
        Condition::All(tests) => {
            let test = |test: &ColumnTest| format!("{} = {}", test.column, listed(&test.one_of));
            tests.iter().map(test).collect::<Vec<_>>().join(", ")
        }
    }
}

fn listed(literals: &[Literal]) -> String {
    literals.iter().map(literal).collect::<Vec<_>>().join(" | ")
}

/// A value of the configuration, a text in quotes.
pub(super) fn literal(literal: &Literal) -> String {
    match literal {
        Literal::Integer(number) => number.to_string(),
        Literal::Real(number) => number.clone(),
        Literal::Text(text) => format!("{text:?}"),
        Literal::Null => "NULL".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::mapping::Join;

    fn element(column: &str, place: ElementTable) -> Element {
        Element { column: column.to_owned(), encoding: Encoding::Utc, unset: vec![Literal::Integer(0)], place }
    }

    #[test]
    fn an_event_is_told_with_its_columns_their_form_and_its_condition() {
        let status =
            ColumnTest { column: "status".to_owned(), one_of: vec![Literal::Text("closed".to_owned()), Literal::Null] };
        let closed = EventMapping {
            pick: Pick::Latest,
            elements: vec![element("closed_at", ElementTable::Record)],
            deadline: false,
            condition: Some(Condition::All(vec![status])),
        };
        assert_eq!(
            event_text(&closed, "dossier"),
            "dossier.closed_at as utc, unset 0, where status = \"closed\" | NULL"
        );
        let session = ElementTable::Child {
            table: "session".to_owned(),
            on: Join::Expression("1".to_owned()),
            condition: None,
            pick: Pick::Earliest,
        };
        let seen = EventMapping {
            elements: vec![element("a", ElementTable::Record), element("b", session)],
            deadline: true,
            condition: None,
            ..closed
        };
        assert_eq!(
            event_text(&seen, "t"),
            "latest [t.a as utc, unset 0, earliest session.b as utc, unset 0], deadline"
        );
    }
}
