//! What one rule says of a record, with its arithmetic.

use serde::Serialize;

use crate::report::Words;
use crate::report::table::paragraph;

/// What one rule says of the record, with its arithmetic.
#[derive(Clone, Debug, Serialize)]
pub struct RuleStands {
    pub rule: String,
    pub title: String,
    pub calendar: String,
    pub version: u32,
    /// `destroy`, `anonymize`, … or `floor`.
    pub disposition: String,
    pub basis: Vec<String>,
    /// The earliest of these counts.
    pub ways: Vec<WayStands>,
}

/// One way for a rule's term to come.
#[derive(Clone, Debug, Serialize)]
pub struct WayStands {
    pub trigger: String,
    pub keep: String,
    /// The month and day (`12-31`) from whose first coming on or after the trigger the period runs.
    pub year_end: Option<String>,
    /// What the record says: a civil day or an instant.
    pub moment: Option<String>,
    /// The civil day in the calendar's zone from which the period runs; not counted itself.
    pub trigger_day: Option<String>,
    /// The last civil day of the period, which must elapse.
    pub last_day: Option<String>,
    pub due_from: Option<String>,
    /// Where there is no date: `open`, `never` or the kind of undated.
    pub none: Option<String>,
}

impl RuleStands {
    /// When its term comes: the earliest of its ways, all in the offset of one calendar's zone.
    pub(super) fn due_from(&self) -> Option<&str> {
        let instant = |due: &&str| chrono::DateTime::parse_from_rfc3339(due).ok();
        self.ways.iter().filter_map(|way| way.due_from.as_deref()).min_by_key(instant)
    }

    pub(super) fn text(&self, words: &Words) -> String {
        let version = self.version.to_string();
        let title = if self.title.is_empty() { String::new() } else { format!(" {}", self.title) };
        let mut text = words.fill(
            words.explain.rule_title,
            &[&self.rule, &title, &self.calendar, &version, words.disposition(&self.disposition)],
        );
        text = format!("\n{}", paragraph("", "  ", &text));
        for way in &self.ways {
            text += &way.text(words);
        }
        for basis in &self.basis {
            text += &paragraph("  ", "    ", basis);
        }
        text
    }
}

impl WayStands {
    fn text(&self, words: &Words) -> String {
        let year_end = self.year_end.as_ref().map(|day| words.fill(words.of_year_end, &[day])).unwrap_or_default();
        let mut text = format!("{} + {}{year_end}", self.trigger, self.keep);
        match (&self.moment, &self.none) {
            (_, Some(none)) if none == "open" => text += &format!("{}{}", words.colon, words.explain.not_happened),
            (_, Some(none)) if none == "never" => text += &format!("{}{}", words.colon, words.explain.never),
            (_, Some(kind)) => text += &format!("{}{}", words.colon, words.undated_kind(kind)),
            (Some(moment), None) => {
                text += &format!("{}{moment}", words.colon);
                // An exact period counts from the instant; a term of a day alone is that day.
                let counted = self.last_day.is_some() && self.last_day != self.trigger_day;
                if let Some(day) = self.trigger_day.as_ref().filter(|_| counted) {
                    text += &format!(" → {}", words.fill(words.explain.counted_from, &[day]));
                }
                if let Some(day) = &self.last_day {
                    text += &format!(" → {}", words.fill(words.explain.last_day, &[day]));
                }
                if let Some(due) = &self.due_from {
                    text += &format!(" → {}", words.fill(words.explain.due_from, &[short(due)]));
                }
            }
            (None, None) => {}
        }
        paragraph("  ", "    ", &text)
    }
}

/// The day alone, where it begins at 00:00 local.
pub(super) fn short(due: &str) -> &str {
    match due.split_once('T') {
        Some((day, time)) if time.starts_with("00:00:00") => day,
        _ => due,
    }
}
