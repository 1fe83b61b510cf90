//! The daemon's status: what it does, what comes next, and what it needs.

use chrono::SecondsFormat;
use serde_json::Value;

use super::plans::{PlanLine, PlansReport};
use super::table::{Table, count, paragraph};
use super::{Report, Words, to_value};
use crate::disposition::control::{RUN, Status};
use crate::model::Instant;

/// The daemon's status.
#[derive(Clone, Debug)]
pub struct StatusReport {
    pub status: Status,
}

impl Report for StatusReport {
    fn text(&self, words: &Words) -> String {
        let status = &self.status;
        let mut text = String::new();
        let mut facts = Table::untitled().texts([1]);
        let mut fact = |label: &str, value: String| facts.row([label.to_owned(), value]);
        fact(words.state, format!("{} ({}, {})", status.doing, status.mode, status.version));
        if let Some(pause) = &status.paused {
            fact(
                words.paused,
                format!("{}, {} {}{}{}", time(pause.at), words.by, pause.actor, words.colon, pause.reason),
            );
        }
        if let Some(doubt) = &status.clock {
            fact(words.clock, doubt.clone());
        }
        // A pause and a doubt about the clock have just said it.
        if let (None, None, Some(waiting)) = (&status.paused, &status.clock, &status.waiting) {
            fact(words.destruction_waits, waiting.clone());
        }
        for (schedule, next) in &status.next {
            fact(words.next_scan, format!("{}  {schedule}", time(*next)));
        }
        for firing in status.last.iter().filter(|firing| firing.outcome.as_deref() != Some("scheduled")).take(5) {
            let outcome = firing.outcome.as_deref().unwrap_or("…");
            let label = if firing.schedule == RUN { words.last_run } else { words.last_scan };
            fact(label, format!("{}  {outcome}", time(firing.at)));
        }
        fact(words.holds, format!("{} ({} {})", status.holds, status.holds_to_review, words.to_review));
        for left in &status.left {
            let files = count(left.files, words);
            fact(words.files_left, words.fill(words.files_left_of, &[&files, left.plan.as_str(), &time(left.since)]));
        }
        let anchored = status.log.anchored.map_or("–".to_owned(), |entries| count(entries, words));
        let entries = words.fill(words.log_stands, &[&count(status.log.entries, words)]);
        fact(words.log, format!("{entries}, {} {anchored}", words.anchored_to));
        let configuration = &status.configuration;
        let note = if configuration.is_changed { words.changed_on_disk } else { "" };
        fact(words.configuration, format!("{} {note}", configuration.file).trim_end().to_owned());
        text += &facts.text();
        if !status.overdue.is_empty() {
            let mut overdue = Table::new([words.rule, words.due, words.oldest]).numbers([1]);
            for (rule, of) in &status.overdue {
                let oldest = of.oldest.map(|day| day.to_string()).unwrap_or_default();
                overdue.row([rule.to_string(), count(of.records, words), oldest]);
            }
            let counted = status.counted.map(time).unwrap_or_default();
            text += &format!("\n{}\n{}", words.fill(words.as_counted_at, &[&counted]), overdue.text());
        }
        if !status.plans.is_empty() {
            let plans = status.plans.iter().map(PlanLine::from).collect();
            text += &format!("\n{}", PlansReport { plans }.text(words));
        }
        if !status.alerts.is_empty() {
            text += &format!("\n{}\n", words.alerts);
            for alert in &status.alerts {
                let sentence = format!("{}  {}{}{}", time(alert.since), alert.code, words.colon, alert.message);
                text += &paragraph("  ", "    ", &sentence);
            }
        }
        text
    }

    fn json(&self) -> Value {
        to_value(&self.status)
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

fn time(instant: Instant) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Secs, true)
}
