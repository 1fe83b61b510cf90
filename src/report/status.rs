//! The daemon's status: what it does, what comes next, and what it needs.

use serde_json::Value;

use super::plans::{PlanLine, PlansReport};
use super::table::{Table, count, paragraph};
use super::{Report, Words, to_value};
use crate::disposition::control::{RUN, Status};
use crate::disposition::desk::Firing;
use crate::model::in_utc;

/// So many of the last scans and runs are told.
const LAST: usize = 5;

/// The daemon's status.
#[derive(Clone, Debug)]
pub struct StatusReport {
    pub status: Status,
}

impl Report for StatusReport {
    fn text(&self, words: &Words) -> String {
        let status = &self.status;
        let mut text = self.facts(words).text();
        if !status.overdue.is_empty() {
            let counted = status.counted.map(in_utc).unwrap_or_default();
            text += &format!("\n{}\n{}", words.fill(words.as_counted_at, &[&counted]), self.overdue(words).text());
        }
        if !status.plans.is_empty() {
            let plans = status.plans.iter().map(PlanLine::from).collect();
            text += &format!("\n{}", PlansReport { plans }.text(words));
        }
        if !status.alerts.is_empty() {
            text += &format!("\n{}\n", words.alerts);
            for alert in &status.alerts {
                let sentence = format!("{}  {}{}{}", in_utc(alert.since), alert.code, words.colon, alert.message);
                text += &paragraph("  ", "    ", &sentence);
            }
        }
        text
    }

    fn json(&self) -> Value {
        to_value(&self.status)
    }
}

impl StatusReport {
    /// What it does and what comes next, what it did last, and what it rests on: a line each, with its name.
    fn facts(&self, words: &Words) -> Table {
        let mut facts = Table::untitled().texts([1]);
        for (name, fact) in [self.present(words), self.past(words), self.foundations(words)].concat() {
            facts.row([name.to_owned(), fact]);
        }
        facts
    }

    fn present<'w>(&self, words: &'w Words) -> Vec<(&'w str, String)> {
        let Status { doing, mode, version, paused, clock, waiting, next, .. } = &self.status;
        let mut facts = vec![(words.state, format!("{doing} ({mode}, {version})"))];
        if let Some(pause) = paused {
            let who = format!("{}, {} {}", in_utc(pause.at), words.by, pause.actor);
            facts.push((words.paused, format!("{who}{}{}", words.colon, pause.reason)));
        }
        facts.extend(clock.clone().map(|doubt| (words.clock, doubt)));
        // A pause and a doubt about the clock have just said it.
        if let (None, None, Some(waiting)) = (paused, clock, waiting) {
            facts.push((words.destruction_waits, waiting.clone()));
        }
        facts.extend(next.iter().map(|(schedule, at)| (words.next_scan, format!("{}  {schedule}", in_utc(*at)))));
        facts
    }

    fn past<'w>(&self, words: &'w Words) -> Vec<(&'w str, String)> {
        let fired = self.status.last.iter().filter(|firing| firing.outcome.as_deref() != Some("scheduled"));
        let fact = |firing: &Firing| {
            let name = if firing.schedule == RUN { words.last_run } else { words.last_scan };
            (name, format!("{}  {}", in_utc(firing.at), firing.outcome.as_deref().unwrap_or("…")))
        };
        fired.take(LAST).map(fact).collect()
    }

    fn foundations<'w>(&self, words: &'w Words) -> Vec<(&'w str, String)> {
        let Status { holds, holds_to_review, left, log, configuration, .. } = &self.status;
        let mut facts = vec![(words.holds, format!("{holds} ({holds_to_review} {})", words.to_review))];
        for left in left {
            let what = [&count(left.files, words), left.plan.as_str(), &in_utc(left.since)];
            facts.push((words.files_left, words.fill(words.files_left_of, &what)));
        }
        let entries = words.fill(words.log_stands, &[&count(log.entries, words)]);
        let anchored = log.anchored.map_or("–".to_owned(), |entries| count(entries, words));
        facts.push((words.log, format!("{entries}, {} {anchored}", words.anchored_to)));
        let note = if configuration.is_changed { words.changed_on_disk } else { "" };
        facts.push((words.configuration, format!("{} {note}", configuration.file).trim_end().to_owned()));
        facts
    }

    fn overdue(&self, words: &Words) -> Table {
        let mut overdue = Table::new([words.rule, words.due, words.oldest]).numbers([1]);
        for (rule, of) in &self.status.overdue {
            let oldest = of.oldest.map(|day| day.to_string()).unwrap_or_default();
            overdue.row([rule.to_string(), count(of.records, words), oldest]);
        }
        overdue
    }
}

/// One sentence of the daemon.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Done {
    pub message: String,
}

impl Report for Done {
    fn text(&self, _: &Words) -> String {
        paragraph("", "  ", &self.message)
    }

    fn json(&self) -> Value {
        to_value(self)
    }
}
