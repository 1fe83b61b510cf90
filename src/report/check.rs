//! What `check` found.

use serde::Serialize;
use serde_json::{Value, json};

use super::table::{Table, paragraph};
use super::{Report, Words, to_value};

/// The outcome of `check`.
#[derive(Clone, Debug, Serialize)]
pub struct CheckReport {
    pub config: String,
    pub ok: bool,
    pub calendars: Vec<CheckedCalendar>,
    pub sources: Vec<CheckedSource>,
    pub series: Vec<CheckedSeries>,
    /// Errors first.
    pub findings: Vec<Finding>,
    /// Lines of the configuration that `init` guessed and nobody has confirmed.
    pub guesses: usize,
    /// Version of the tz database compiled in.
    pub tzdata: String,
    pub sqlite: String,
}

/// A calendar in order.
#[derive(Clone, Debug, Serialize)]
pub struct CheckedCalendar {
    pub number: String,
    pub version: u32,
    pub title: String,
    pub effective_from: String,
    /// Its last day, where it has one.
    pub effective_until: Option<String>,
    pub in_force: bool,
    pub rules: usize,
}

/// A database that was looked at.
#[derive(Clone, Debug, Serialize)]
pub struct CheckedSource {
    pub source: String,
    pub database: String,
}

/// A series and what governs it.
#[derive(Clone, Debug, Serialize)]
pub struct CheckedSeries {
    pub series: String,
    pub source: String,
    pub table: String,
    /// `number: term after trigger, disposition`.
    pub rules: Vec<String>,
    pub parts: Vec<String>,
}

/// Something to mend, or to know.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// `error`, `warning` or `note`.
    pub severity: String,
    pub code: String,
    pub place: String,
    /// The line of the configuration, from 1, that speaks of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    pub message: String,
    /// The statement or line that mends it.
    pub mend: String,
}

impl CheckReport {
    fn of_severity(&self, severity: &str) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    fn verdict(&self, words: &Words) -> String {
        let errors = self.of_severity("error").to_string();
        let warnings = self.of_severity("warning").to_string();
        match (self.ok, self.guesses) {
            (true, 0) => words.fill(words.check_ok, &[&errors, &warnings]),
            (true, guesses) => words.fill(words.check_guesses, &[&guesses.to_string(), &warnings]),
            (false, _) => words.fill(words.check_failed, &[&errors, &warnings]),
        }
    }
}

impl CheckedCalendar {
    fn line(&self, words: &Words) -> String {
        let template = if self.in_force { words.calendar_in_force } else { words.calendar_not_in_force };
        let title = if self.title.is_empty() { String::new() } else { format!(" ({})", self.title) };
        let line = words.fill(template, &[&self.number, &self.version.to_string(), &title, &self.effective_from]);
        match &self.effective_until {
            Some(last) => line + &words.fill(words.calendar_until, &[last]),
            None => line,
        }
    }
}

impl Report for CheckReport {
    fn text(&self, words: &Words) -> String {
        let mut text = String::new();
        for calendar in &self.calendars {
            text += &paragraph("", "  ", &calendar.line(words));
        }
        for source in &self.sources {
            text += &format!("{}\n", words.fill(words.source_line, &[&source.source, &source.database]));
        }
        let mut table = Table::new([words.series, words.table, words.rules, words.parts]).texts([2, 3]);
        for series in &self.series {
            let rules =
                if series.rules.is_empty() { words.never_destroyed.to_owned() } else { series.rules.join("\n") };
            table.row([series.series.clone(), series.table.clone(), rules, series.parts.join(", ")]);
        }
        text += &format!("\n{}", table.text());
        for finding in &self.findings {
            text.push('\n');
            let place = match finding.line {
                Some(line) => format!("{} ({}:{line})", finding.place, self.config),
                None => finding.place.clone(),
            };
            let sentence = format!("{place}{}{}", words.colon, finding.message);
            text += &paragraph(&format!("{}{}", words.severity(&finding.severity), words.colon), "    ", &sentence);
            // What needs no mending says so; a statement keeps its lines.
            for line in finding.mend.lines().filter(|line| *line != "nothing") {
                text += &paragraph("    → ", "      ", line);
            }
        }
        text += &format!("\n{}", paragraph("", "", &self.verdict(words)));
        text
    }

    /// A check that failed carries `error` too, so that whoever looks for it in any answer finds it.
    fn json(&self) -> Value {
        let mut value = to_value(self);
        if let Some(first) = self.findings.iter().find(|finding| finding.severity == "error" && !self.ok) {
            value["error"] = json!({
                "code": first.code, "message": first.message, "place": first.place, "mend": first.mend,
            });
        }
        value
    }
}
