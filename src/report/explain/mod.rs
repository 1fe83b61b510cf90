//! Why one record is still here, or why it goes. Answers a person who asked for it by key: may hold personal
//! information.

mod standing;

use serde::Serialize;
use serde_json::Value;

use super::plain::one_line;
use super::table::paragraph;
use super::{Report, Words, lookup, to_value};
use crate::audit::lookup::{Answer, Found};

use standing::short;
pub use standing::{RuleStands, WayStands};

/// The answer to `explain SERIES KEY`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ExplainReport {
    pub series: String,
    pub key: String,
    pub reference: Option<String>,
    /// Whether the record is in the database.
    pub present: bool,
    /// `open`, `undated`, `not_yet`, `held`, `blocked`, `due`, `filtered`, `not_in_force`, or `gone`.
    pub verdict: String,
    /// Which calendar is not in force, and what to do, where nothing is judged because of it.
    pub not_in_force: Option<String>,
    /// Kind of an undated verdict, or `records`, `decision` or `series` of a blocked one.
    pub why: Option<String>,
    /// The rule that decides.
    pub rule: Option<String>,
    /// `destroy` or `anonymize`, where it is due.
    pub action: Option<String>,
    /// RFC 3339 with the calendar's offset: the first instant at which it is due.
    pub due_from: Option<String>,
    pub rules: Vec<RuleStands>,
    pub holds: Vec<HoldOn>,
    pub blockers: Vec<BlockerLine>,
    /// A circle of records that keep each other, from this one on; each refers to the one before it, and this one to
    /// the last.
    pub circle: Vec<String>,
    /// Why it stayed when it was last tried, where it is due.
    pub stayed: Option<StayedLine>,
    /// Approved plans that list it, or under which the log says that it was announced.
    pub approvals: Vec<ApprovalLine>,
    /// What the destruction log says of it, entry by entry.
    pub entries: Vec<EntryLine>,
    /// The same as `audit lookup` answers it.
    #[serde(rename = "lookup")]
    pub found: Option<Found>,
}

/// A hold that keeps the record.
#[derive(Clone, Debug, Serialize)]
pub struct HoldOn {
    pub hold: String,
    pub scope: String,
    pub reason: Option<String>,
    pub case: Option<String>,
    pub by: Option<String>,
    pub placed_at: Option<String>,
}

/// A record that refers to this one.
#[derive(Clone, Debug, Serialize)]
pub struct BlockerLine {
    pub series: String,
    pub key: String,
    pub goes_too: bool,
}

/// Why a record that was to go is still there.
#[derive(Clone, Debug, Serialize)]
pub struct StayedLine {
    pub plan: String,
    pub run: String,
    /// RFC 3339, UTC.
    pub at: String,
    /// The entry of the log that tells of the attempt; none where the record was not announced.
    pub entry: Option<u64>,
    /// What kept it, and the mend.
    pub reason: String,
}

/// An approved plan that lists the record.
#[derive(Clone, Debug, Serialize)]
pub struct ApprovalLine {
    pub plan: String,
    pub by: String,
    /// RFC 3339, UTC.
    pub at: String,
    pub covers: Covers,
}

/// What an approval means for the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Covers {
    /// The plan was executed, or is being: the log announced the record under it.
    Announced,
    /// It goes when the plan is applied.
    Listed,
    /// It was left out: `approve --except`.
    Excepted,
    /// Other rules of the plan were approved: `approve --only`.
    OtherRule,
}

/// An entry of the destruction log.
#[derive(Clone, Debug, Serialize)]
pub struct EntryLine {
    /// Of the intent.
    pub index: u64,
    /// `DESTROYED`, `ABORTED`, …
    pub answer: String,
    pub what: String,
}

impl Report for ExplainReport {
    fn text(&self, words: &Words) -> String {
        let mut text = self.title();
        text += &paragraph("", "", &self.sentence(words));
        text += &self.stayed.as_ref().map(|stayed| stayed.text(words)).unwrap_or_default();
        for rule in &self.rules {
            text += &rule.text(words);
        }
        for hold in &self.holds {
            text += &hold.text(words);
        }
        if !self.blockers.is_empty() {
            text += &format!("\n{}\n", words.explain.blockers_title);
            for blocker in &self.blockers {
                let stands = if blocker.goes_too { words.explain.blocker_goes } else { words.explain.blocker_stays };
                let line = format!("{} {}{}{stands}", blocker.series, blocker.key, words.colon);
                text += &paragraph("  ", "    ", &line);
            }
        }
        if let [first, ..] = self.circle.as_slice() {
            let ways: Vec<&str> = self.circle.iter().chain([first]).map(String::as_str).collect();
            text += &paragraph("", "  ", &words.fill(words.explain.circle_mend, &[&ways.join(" ← ")]));
        }
        if !self.approvals.is_empty() {
            let lines = self.approvals.iter().map(|approval| paragraph("", "  ", &approval.text(words)));
            text += &format!("\n{}", lines.collect::<String>());
        }
        text += &self.log_text(words);
        text + &self.found.as_ref().map(|found| lookup::missing(found, words)).unwrap_or_default()
    }

    fn json(&self) -> Value {
        to_value(self)
    }
}

impl ExplainReport {
    fn title(&self) -> String {
        let key = one_line(&self.key);
        match &self.reference {
            Some(reference) => format!("{} {key} ({})\n", self.series, one_line(reference)),
            None => format!("{} {key}\n", self.series),
        }
    }

    /// The verdict in one sentence.
    fn sentence(&self, words: &Words) -> String {
        let due = self.due_from.as_deref().map_or("–", short);
        let rule = self.rule.as_deref().unwrap_or("–");
        let postponed = self.postponed_by().map(|floor| words.fill(words.explain.postponed_by, &[rule, floor]));
        let rule = postponed.as_deref().unwrap_or(rule);
        match self.verdict.as_str() {
            "open" => words.explain.is_open.to_owned(),
            "undated" => {
                words.fill(words.explain.is_undated, &[words.undated_kind(self.why.as_deref().unwrap_or_default())])
            }
            "not_yet" if self.due_from.is_none() => words.fill(words.explain.is_permanent, &[rule]),
            "not_yet" => words.fill(words.explain.is_not_yet, &[due, rule]),
            "held" => words.fill(words.explain.is_held, &[due, rule]),
            "blocked" if self.why.as_deref() == Some("decision") => {
                words.fill(words.explain.is_undecided, &[due, rule])
            }
            "blocked" if self.why.as_deref() == Some("series") => {
                words.fill(words.explain.is_kept_by_series, &[due, rule])
            }
            "blocked" if self.why.as_deref() == Some("floor") => {
                words.fill(words.explain.is_kept_by_floor, &[due, rule])
            }
            "blocked" if self.why.as_deref() == Some("shared_row") => words.fill(words.explain.is_of_two, &[due, rule]),
            "blocked" if !self.circle.is_empty() => words.fill(words.explain.is_in_circle, &[due, rule]),
            "blocked" => words.fill(words.explain.is_blocked, &[due, rule]),
            "due" if self.stayed.is_some() => words.fill(words.explain.is_due_and_stayed, &[due, rule]),
            "due" if self.is_approved() => words.fill(words.explain.is_due_and_approved, &[due, rule]),
            "due" => words.fill(words.explain.is_due, &[due, rule]),
            "not_in_force" => self.not_in_force.clone().unwrap_or_default(),
            "gone" => match &self.found {
                Some(found) if !found.is_absent() => words.explain.is_gone.to_owned(),
                Some(found) if found.answer == Answer::NotFound => {
                    format!(
                        "{} {} {}",
                        words.explain.is_absent,
                        lookup::meaning(found, words),
                        words.audit.parts_unnamed
                    )
                }
                Some(found) => format!("{} {}", words.explain.is_absent, lookup::meaning(found, words)),
                None => words.explain.is_absent.to_owned(),
            },
            _ if self.rules.is_empty() => words.explain.is_ungoverned.to_owned(),
            _ if self.rules.iter().all(|rule| rule.disposition == "floor") => {
                words.explain.is_only_postponed.to_owned()
            }
            _ => words.explain.is_filtered.to_owned(),
        }
    }

    /// The floor that sets the date, where the rule that decides would have it earlier.
    fn postponed_by(&self) -> Option<&str> {
        let (due, decides) = (self.due_from.as_deref()?, self.rule.as_deref()?);
        let sets_date = |rule: &RuleStands| rule.due_from() == Some(due);
        if self.rules.iter().any(|rule| rule.rule == decides && sets_date(rule)) {
            return None;
        }
        let floor = self.rules.iter().find(|rule| rule.disposition == "floor" && sets_date(rule));
        floor.map(|floor| floor.rule.as_str())
    }

    /// Whether it goes with a plan that is approved already.
    fn is_approved(&self) -> bool {
        self.approvals.iter().any(|approval| approval.covers == Covers::Listed)
    }

    /// What the log says, as `audit lookup` tells it; a record that is not in the database was told of in the first
    /// sentence.
    fn log_text(&self, words: &Words) -> String {
        match &self.found {
            Some(found) if !found.is_absent() => {
                let is_back = self.present && matches!(found.answer, Answer::Destroyed);
                let meaning = if is_back {
                    words.explain.destroyed_and_present.to_owned()
                } else {
                    lookup::meaning(found, words)
                };
                let head = paragraph("", "  ", &format!("{}{}{meaning}", words.explain.in_the_log, words.colon));
                format!("\n{head}{}", lookup::mentions(found, words))
            }
            Some(found) if self.present => {
                let meaning = lookup::meaning(found, words);
                format!("\n{}", paragraph("", "  ", &format!("{}{}{meaning}", words.explain.in_the_log, words.colon)))
            }
            _ => String::new(),
        }
    }
}

impl StayedLine {
    fn text(&self, words: &Words) -> String {
        let text = match self.entry {
            Some(entry) => {
                words.fill(words.explain.stayed_in_entry, &[&self.at, &self.run, &entry.to_string(), &self.reason])
            }
            None => words.fill(words.explain.stayed, &[&self.at, &self.run, &self.reason]),
        };
        paragraph("", "  ", &text)
    }
}

impl ApprovalLine {
    fn text(&self, words: &Words) -> String {
        let template = match self.covers {
            Covers::Announced => words.explain.approval_announced,
            Covers::Listed => words.explain.approval_listed,
            Covers::Excepted => words.explain.approval_excepted,
            Covers::OtherRule => words.explain.approval_other_rule,
        };
        words.fill(template, &[&self.plan, &self.by, &self.at])
    }
}

impl HoldOn {
    fn text(&self, words: &Words) -> String {
        let reason = self.reason.as_deref().unwrap_or("–");
        let by = self.by.as_deref().unwrap_or("–");
        let at = self.placed_at.as_deref().unwrap_or("–");
        let text = format!("\n{}", paragraph("", "  ", &words.fill(words.explain.held_by, &[&self.hold, by, at])));
        let case = self.case.as_ref().map(|case| format!(" ({case})")).unwrap_or_default();
        text + &paragraph("  ", "  ", &format!("{reason}{case}"))
    }
}

#[cfg(test)]
mod tests;
