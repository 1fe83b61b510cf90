//! What the name and the type of a column say of the dates in it.

use super::{any, words};
use crate::records::sqlite::catalog::Column;

/// What a date column suggests, the likeliest start of a clock first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DateKind {
    Closure,
    Completion,
    LastUse,
    Expiry,
    /// A date of the record's own matter (`invoice_date`).
    Plain,
    Created,
    /// When something began (`hire_date`): starts no clock, for it says nothing of the end.
    Start,
    /// Of the person, not of the record: starts no clock.
    Birth,
}

const CLOSURE: &[&str] =
    &["closed", "closure", "closing", "ferme", "fermeture", "cloture", "archived", "terminated", "departure", "left"];
const COMPLETION: &[&str] =
    &["completed", "completion", "finished", "ended", "end", "fin", "resolved", "done", "fulfilled"];
const LAST_USE: &[&str] = &["last", "dernier", "derniere", "login", "used", "seen", "visited", "accessed"];
const EXPIRY: &[&str] = &["expires", "expiry", "expiration", "expired", "echeance", "valid"];
const CREATED: &[&str] = &["created", "updated", "modified", "inserted", "cree", "modifie", "registered"];
const START: &[&str] = &[
    "hire",
    "hired",
    "embauche",
    "start",
    "started",
    "begin",
    "began",
    "debut",
    "opened",
    "ouvert",
    "ouverture",
    "joined",
];
const BIRTH: &[&str] = &["birth", "birthday", "born", "dob", "naissance"];

/// What a column is if it holds dates.
pub fn date_kind(column: &Column) -> Option<DateKind> {
    let declared = column.declared.to_uppercase();
    let words = words(&column.name);
    let last = words.last()?.as_str();
    let named =
        matches!(last, "at" | "on" | "date" | "datetime" | "timestamp") || words[0] == "date" || any(&words, BIRTH);
    let typed = declared.contains("DATE") || declared.contains("TIMESTAMP") || declared == "TIME";
    if !typed && (!named || words.len() < 2) {
        return None;
    }
    let kinds = [
        (BIRTH, DateKind::Birth),
        (CLOSURE, DateKind::Closure),
        (COMPLETION, DateKind::Completion),
        (LAST_USE, DateKind::LastUse),
        (EXPIRY, DateKind::Expiry),
        (CREATED, DateKind::Created),
        (START, DateKind::Start),
    ];
    let kind = kinds.into_iter().find(|(known, _)| any(&words, known)).map(|(_, kind)| kind);
    Some(kind.unwrap_or(DateKind::Plain))
}

/// How the column probably writes its dates: a word for `as`; `None` for RFC 3339, the default; a blank for a date-time
/// without zone, of which no schema says whether it is UTC or local, and the wrong one of the two would destroy a day
/// early.
pub fn encoding(column: &Column) -> Option<&'static str> {
    let declared = column.declared.to_uppercase();
    let last = words(&column.name).pop().unwrap_or_default();
    match () {
        () if declared.contains("DATETIME") || declared.contains("TIMESTAMP") => Some(""),
        () if declared.contains("DATE") => Some("date"),
        () if declared.contains("INT") => Some("unix"),
        () if declared.contains("REAL") || declared.contains("DOUBLE") => Some("julian"),
        () if last == "on" || last == "date" => Some("date"),
        () => None,
    }
}

/// A name for the trigger that a date column suggests.
pub fn trigger(column: &str, kind: DateKind) -> String {
    match kind {
        DateKind::Closure => "closure".to_owned(),
        DateKind::Completion => "completion".to_owned(),
        DateKind::LastUse => "last_use".to_owned(),
        DateKind::Expiry => "expiry".to_owned(),
        DateKind::Plain | DateKind::Created | DateKind::Start | DateKind::Birth => {
            let mut words = words(column);
            let is_suffix = |word: &String| matches!(word.as_str(), "at" | "on" | "date" | "datetime" | "timestamp");
            if words.len() > 1 && words.last().is_some_and(is_suffix) {
                words.pop();
            }
            words.join("_")
        }
    }
}
