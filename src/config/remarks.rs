//! What is no fault of a calendar, but worth saying: rules that never act, terms that look like slips, series that
//! nothing disposes of.

use super::Remark;
use crate::calendar::{Calendar, Keep, Role, Rule};

/// A shorter term, in seconds, is more often a slip (`PT1M` for `P1M`) than a promise.
const SHORT: i64 = 86_400;

/// What is worth saying of one calendar.
pub(super) fn of_law(calendar: &Calendar, notes: &mut Vec<Remark>) {
    for rule in calendar.rules.iter().filter(|rule| rule.is_obeyed()) {
        notes.extend(overruled(calendar, rule));
        notes.extend(short(calendar, rule));
    }
    notes.extend(never_destroyed(calendar));
}

/// A rule that another one always overrules is a promise that nobody keeps.
fn overruled(calendar: &Calendar, rule: &Rule) -> Option<Remark> {
    let rival = calendar.overruled_by(rule)?;
    Some(Remark {
        is_warning: true,
        code: "overruled-rule",
        place: place(calendar, rule),
        message: format!(
            "rule {} ({}) never acts: rule {} ({}) governs the same records, and where several rules do, the latest date wins, after `permanent`, `select` \
             and `transfer`",
            rule.number,
            told(rule),
            rival.number,
            told(rival)
        ),
        mend: format!(
            "take out the one of the two that is not meant; for one after the other, make two series of the table, each with a `filter` (not yet masked, \
             masked), and give each its rule; where {} only forbids to destroy earlier, write `role = \"floor\"` instead of its `disposition`",
            rival.number
        ),
    })
}

fn short(calendar: &Calendar, rule: &Rule) -> Option<Remark> {
    let is_short = |keep: &Keep| matches!(keep, Keep::Exact { seconds } if *seconds < SHORT);
    let keep = rule.clock.earliest.iter().map(|way| way.keep).find(is_short)?;
    Some(Remark {
        is_warning: true,
        code: "short-term",
        place: place(calendar, rule),
        message: format!("rule {} keeps a record for less than a day after its trigger (`{keep}`)", rule.number),
        mend: "after a `T`, an `M` counts minutes: write \"P1M\" for one month; leave it so if the policy says it"
            .to_owned(),
    })
}

/// A series that no rule disposes of is kept for ever: no fault, but nobody should learn it late.
fn never_destroyed(calendar: &Calendar) -> impl Iterator<Item = Remark> {
    calendar.series.iter().filter_map(|series| {
        let rules: Vec<_> = calendar.rules_for(&series.name).collect();
        let obeyed: Vec<_> = rules.iter().filter(|rule| rule.is_obeyed()).collect();
        let why = match (rules.is_empty(), obeyed.is_empty()) {
            (true, _) => "no rule governs it",
            (false, true) => "every rule for it is an example or executed elsewhere",
            _ if obeyed.iter().all(|rule| rule.role == Role::Floor) => "its rules are floors, which only postpone",
            _ => return None,
        };
        Some(Remark {
            is_warning: false,
            code: "never-destroyed",
            place: format!("{} {}", calendar.number, series.name),
            message: format!("the series \"{}\" of {} is never destroyed: {why}", series.name, calendar.number),
            mend: "add a rule, or leave it so if that is meant: rows that a mapping makes parts of another record go with that one, where no floor keeps them"
                .to_owned(),
        })
    })
}

fn place(calendar: &Calendar, rule: &Rule) -> String {
    format!("calendar {} rule {}", calendar.number, rule.number)
}

/// `destroy, closure + P1Y`.
fn told(rule: &Rule) -> String {
    let term = rule.term();
    let ways: Vec<_> = term.ways.iter().map(|way| format!("{} + {}", way.trigger, way.keep)).collect();
    let comma = if ways.is_empty() { "" } else { ", " };
    format!("{}{comma}{}", term.disposition, ways.join(" or "))
}
