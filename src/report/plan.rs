//! A plan: what would be done, under which rule, and which guard rails it trips.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::along::{self, Dependents};
use super::effect::{self, Effect, Fate};
use super::meaning::{self, Meaning};
use super::rails::{TrippedRail, names};
use super::table::{Table, count, paragraph, stacked};
use super::unread::{self, Unread};
use super::{PROGRAM, Report, Words, rails, to_value};
use crate::audit::leaf::VerdictCounts;
use crate::disposition::Installation;
use crate::disposition::plan::{Made, PlannedCalendar, PlannedRule};
use crate::records::mapping::SeriesMapping;

/// A plan as people read it. Holds no personal information.
#[derive(Clone, Debug, Serialize)]
pub struct PlanReport {
    pub plan: String,
    pub digest: String,
    /// The civil day for which the records were judged.
    pub as_of: String,
    /// Judged for a day to come: never approvable.
    pub simulation: bool,
    /// RFC 3339, UTC.
    pub made_at: String,
    /// Records that would be disposed of.
    pub planned: u64,
    /// Sources that could not be read: of what is due in them the plan says nothing.
    pub unread: Vec<Unread>,
    /// The one rule that was asked for: what is due under others is counted, and not listed.
    pub lists_only: Option<String>,
    /// Names of the rails tripped, each once: what `approve --accept` wants.
    pub rails: Vec<String>,
    /// The same with the figures that tripped them.
    pub tripped: Vec<TrippedRail>,
    pub rules: Vec<RuleRow>,
    /// Rows of parts, and files, that go with these records; absent where that was not counted.
    pub dependents: Option<Dependents>,
    /// The calendars obeyed.
    pub calendars: Vec<CalendarRow>,
    /// What each rule of these series does, and what goes along: it is approved with the plan.
    pub effects: Vec<Effect>,
    /// What the mapping of each of these series means: it is approved with the plan.
    pub meaning: Vec<Meaning>,
    /// Files of records that earlier plans destroyed, or were about to when they were interrupted: they wait to go.
    pub left: Vec<PlanLeft>,
    /// What the reader types before a subcommand.
    #[serde(skip)]
    pub program: String,
}

/// How many files an earlier plan has left.
#[derive(Clone, Debug, Serialize)]
pub struct PlanLeft {
    pub plan: String,
    pub files: u64,
}

impl PlanLeft {
    /// As a reader is told who types `program` before a subcommand.
    pub(super) fn line(&self, program: &str, words: &Words) -> String {
        let command = format!("{program} apply {}", self.plan);
        paragraph("", "  ", &words.fill(words.plan_left, &[&count(self.files, words), &self.plan, &command]))
    }
}

/// What a plan found under one rule: every row of the series in exactly one verdict.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RuleRow {
    pub rule: String,
    pub calendar: String,
    pub series: String,
    pub rows: u64,
    pub open: u64,
    pub undated: u64,
    pub not_yet: u64,
    pub held: u64,
    /// Of these, how many each hold keeps; one under several holds counts under each.
    pub held_by: BTreeMap<String, u64>,
    pub blocked: u64,
    pub due: u64,
    pub filtered: u64,
    /// First civil day on which the oldest due record was due.
    pub oldest_due: Option<String>,
    /// Undated records by kind.
    pub undated_kinds: BTreeMap<String, u64>,
    /// Blocked records that only a circle of records keeps, which block each other.
    pub in_circle: u64,
}

/// A calendar that a plan obeyed.
#[derive(Clone, Debug, Serialize)]
pub struct CalendarRow {
    pub number: String,
    pub version: u32,
    pub zone: String,
}

impl PlanReport {
    /// A plan, with what the rules and mappings under which it was made mean; `words` has the calendar's own texts.
    pub fn new(made: &Made, install: &Installation, words: &Words) -> Self {
        let file = &made.file;
        let manifest = &file.manifest;
        let is_judged = |mapping: &SeriesMapping| manifest.rules.iter().any(|rule| rule.series == mapping.series);
        let judged = install.series.iter().filter(|mapping| is_judged(mapping));
        let tripped: Vec<_> = file.rails.iter().map(TrippedRail::from).collect();
        let effects = effect::effects(file, install, words);
        let rules = manifest.rules.iter().enumerate();
        Self {
            plan: file.plan.to_string(),
            digest: file.digest.to_string(),
            as_of: manifest.as_of.to_string(),
            simulation: manifest.simulation,
            made_at: crate::model::in_utc(file.made_at),
            planned: manifest.planned(),
            unread: Unread::all(&made.unread, install),
            lists_only: manifest.only.as_ref().map(ToString::to_string),
            rails: names(&tripped),
            tripped,
            rules: rules
                .map(|(place, rule)| RuleRow { held_by: along::held_by(file, place), ..RuleRow::from(rule) })
                .collect(),
            dependents: along::dependents(file, &effects),
            calendars: manifest.calendars.iter().map(CalendarRow::from).collect(),
            effects,
            meaning: judged.flat_map(|mapping| meaning::meanings(mapping, install)).collect(),
            left: Vec::new(),
            program: PROGRAM.to_owned(),
        }
    }
}

impl From<&PlannedRule> for RuleRow {
    fn from(planned: &PlannedRule) -> Self {
        let VerdictCounts { rows, open, undated, not_yet, held, blocked, due, filtered } = planned.counts;
        Self {
            rule: planned.rule.to_string(),
            calendar: planned.calendar.to_string(),
            series: planned.series.to_string(),
            rows,
            open,
            undated,
            not_yet,
            held,
            held_by: BTreeMap::new(),
            blocked,
            due,
            filtered,
            oldest_due: planned.oldest_due.map(|day| day.to_string()),
            undated_kinds: planned.undated.clone(),
            in_circle: planned.in_circle,
        }
    }
}

impl From<&PlannedCalendar> for CalendarRow {
    fn from(planned: &PlannedCalendar) -> Self {
        Self { number: planned.number.to_string(), version: planned.version, zone: planned.zone.clone() }
    }
}

impl Report for PlanReport {
    fn text(&self, words: &Words) -> String {
        let mut text = paragraph("", "  ", &self.title(words));
        text += &unread::text(&self.unread, words);
        if let Some(rule) = &self.lists_only {
            text += &paragraph("", "  ", &words.fill(words.planning.plan_lists_only_title, &[rule]));
        }
        for calendar in &self.calendars {
            let version = calendar.version.to_string();
            text += &paragraph(
                "",
                "  ",
                &words.fill(words.planning.under_calendar, &[&calendar.number, &version, &calendar.zone]),
            );
        }
        text += &format!("\n{}", self.table(words));
        text += &self.dependents(words);
        let holds = self.rules.iter().map(|row| (row.rule.as_str(), row.series.as_str(), &row.held_by));
        text += &along::held_text(holds, words);
        text += &self.undated(words);
        text += &self.circles(words);
        text += &effect::text(&self.effects, words);
        text += &meaning::text(&self.meaning, words);
        text += &self.left(words);
        text += &self.closing(words);
        text
    }

    fn json(&self) -> Value {
        to_value(self)
    }
}

impl PlanReport {
    fn title(&self, words: &Words) -> String {
        let template = if self.simulation { words.planning.simulation_title } else { words.planning.plan_title };
        words.fill(template, &[&self.plan, &self.as_of, &count(self.planned, words)])
    }

    /// Every row of a series is in exactly one verdict. The column of what a filter leaves out stands only where there
    /// is such.
    fn table(&self, words: &Words) -> String {
        let is_filtered = self.rules.iter().any(|row| row.filtered > 0);
        let mut headings = vec![words.rule, words.series, words.open, words.undated, words.not_yet];
        headings.extend([words.held, words.blocked, words.due]);
        headings.extend(is_filtered.then_some(words.filtered));
        headings.extend([words.total, words.oldest_due]);
        let numbers = 2..headings.len() - 1;
        let mut table = Table::new(headings.into_iter().map(stacked)).numbers(numbers);
        for row in &self.rules {
            let mut verdicts = vec![row.open, row.undated, row.not_yet, row.held, row.blocked, row.due];
            verdicts.extend(is_filtered.then_some(row.filtered));
            let mut cells = vec![row.rule.clone(), row.series.clone()];
            cells.extend(verdicts.iter().chain([&verdicts.iter().sum()]).map(|number| count(*number, words)));
            cells.push(row.oldest_due.clone().unwrap_or_else(|| "–".to_owned()));
            table.row(cells);
        }
        table.text()
    }

    fn dependents(&self, words: &Words) -> String {
        if self.planned == 0 {
            return String::new();
        }
        let mut fates = self.effects.iter().flat_map(|effect| &effect.parts);
        let is_shared = fates.any(|part| part.fate == Fate::DestroyedWithLast);
        let mut again = format!("{} plan --dependents", self.program);
        if self.simulation {
            again += &format!(" --as-of {}", self.as_of);
        }
        along::dependents_text(self.dependents, is_shared, &again, words)
    }

    /// Undated records are never destroyed: someone should mend their dates.
    fn undated(&self, words: &Words) -> String {
        let kinds = self.rules.iter().filter(|row| row.undated > 0).map(|row| {
            let kinds: Vec<_> = row
                .undated_kinds
                .iter()
                .map(|(kind, n)| format!("{} ({})", count(*n, words), words.undated_kind(kind)))
                .collect();
            paragraph("  ", "    ", &format!("{}{}{}", row.series, words.colon, kinds.join(", ")))
        });
        let lines: String = kinds.collect();
        if lines.is_empty() {
            String::new()
        } else {
            format!("\n{}{lines}", paragraph("", "", words.planning.undated_title))
        }
    }

    /// Records that block each other in a circle are never destroyed: someone should clear a reference.
    fn circles(&self, words: &Words) -> String {
        let rows = self.rules.iter().filter(|row| row.in_circle > 0);
        let line =
            |row: &RuleRow| format!("  {} ({}){}{}\n", row.series, row.rule, words.colon, count(row.in_circle, words));
        let lines: String = rows.map(line).collect();
        if lines.is_empty() {
            return lines;
        }
        let command = format!("{} explain", self.program);
        format!("\n{}{lines}", paragraph("", "", &words.fill(words.planning.circles_title, &[&command])))
    }

    /// Files that wait to go with records of earlier plans.
    fn left(&self, words: &Words) -> String {
        let lines: String = self.left.iter().map(|left| left.line(&self.program, words)).collect();
        if lines.is_empty() { lines } else { format!("\n{lines}") }
    }

    fn closing(&self, words: &Words) -> String {
        if self.simulation {
            return format!("\n{}", paragraph("", "", words.planning.simulation_note));
        }
        if self.planned == 0 {
            let nothing_due = if self.unread.is_empty() {
                words.planning.nothing_due
            } else {
                words.planning.nothing_due_in_what_was_read
            };
            return format!("\n{}", paragraph("", "", nothing_due));
        }
        let mut text = format!("\n{}", paragraph("", "", words.planning.dry_run_note));
        text += &unread::closing(&self.unread, words);
        if self.tripped.is_empty() {
            text += &format!(
                "{}\n",
                words.fill(words.planning.approve_hint, &[&format!("{} approve {}", self.program, self.plan)])
            );
            return text;
        }
        text += &format!("\n{}", paragraph("", "", words.planning.rails_title));
        text += &rails::text(&self.tripped, words);
        let command = format!("{} approve {} --accept {}", self.program, self.plan, self.rails.join(","));
        text += &format!("\n{}\n", words.fill(words.planning.accept_hint, &[&command]));
        text
    }
}

#[cfg(test)]
mod tests;
