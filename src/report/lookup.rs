//! What the log says of one record.

use serde_json::{Value, json};

use super::log::date_time;
use super::table::{count, paragraph};
use super::{Report, Words, to_value};
use crate::audit::lookup::{Answer, Found, Mention};

/// The answer to `audit lookup`.
pub struct LookupReport {
    /// Absent where a reference was looked for in every series, and none knows it.
    pub series: Option<String>,
    /// The key or the reference asked for.
    pub of: String,
    pub found: Found,
}

impl Report for LookupReport {
    fn text(&self, words: &Words) -> String {
        let series = self.series.as_ref().map(|series| format!("{series} ")).unwrap_or_default();
        let mut text = format!("{series}{}{}{}\n", self.of, words.colon, self.found.answer);
        text += &format!("{}\n", meaning(&self.found, words));
        text += &mentions(&self.found, words);
        if !self.found.destroyed_keys.is_empty() {
            let years: Vec<_> = self.found.destroyed_keys.iter().map(ToString::to_string).collect();
            text += &format!("{}\n", words.fill(words.keys_destroyed, &[&years.join(", ")]));
        }
        text += &missing_keys(&self.found, words);
        text
    }

    fn json(&self) -> Value {
        let mut value = to_value(&self.found);
        value["series"] = json!(self.series);
        value["of"] = json!(self.of);
        value
    }
}

/// Every mention of the record with what later entries say of it, and the log that says it.
pub fn mentions(found: &Found, words: &Words) -> String {
    let mut text = String::new();
    for mention in &found.mentions {
        text += &paragraph("  ", "    ", &line(mention, words));
        for since in since(mention, words) {
            text += &paragraph("    ", "      ", &since);
        }
    }
    if let Some(log) = found.log.as_ref().filter(|_| !found.is_absent()) {
        text += &format!("  ({log})\n");
    }
    text
}

/// The keys that are not here, and the mend; empty where none is missing.
pub fn missing_keys(found: &Found, words: &Words) -> String {
    if found.missing_keys.is_empty() {
        return String::new();
    }
    let years: Vec<_> = found.missing_keys.iter().map(ToString::to_string).collect();
    paragraph("", "  ", &words.fill(words.keys_missing, &[&years.join(", ")]))
}

/// One mention of the record, in a line.
pub fn line(mention: &Mention, words: &Words) -> String {
    let version = mention.version.to_string();
    let law = [mention.rule.as_str(), mention.calendar.as_str(), &version];
    let entry = mention.intent.to_string();
    match &mention.outcome {
        Some(outcome) => {
            let (at, outcome) = (date_time(outcome.at), outcome.entry.to_string());
            let answer = mention.answer.to_string();
            words.fill(words.mention_settled, &[&answer, &at, law[0], law[1], law[2], &entry, &outcome])
        }
        None => words.fill(words.mention_open, &[&date_time(mention.announced), law[0], law[1], law[2], &entry]),
    }
}

/// What later entries say of it.
fn since(mention: &Mention, words: &Words) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(entry) = mention.corrected {
        let entry = entry.to_string();
        lines.push(match mention.back {
            Some(back) => words.fill(words.mention_corrected, &[&entry, &count(back.records, words)]),
            None => words.fill(words.mention_completed, &[&entry]),
        });
    }
    if let Some(entry) = mention.still_gone {
        lines.push(words.fill(words.mention_still_gone, &[&entry.to_string()]));
    }
    if let Some(entry) = mention.restored_since {
        lines.push(words.fill(words.mention_restored, &[&entry.to_string()]));
    }
    lines
}

/// The answer in a sentence.
pub fn meaning(found: &Found, words: &Words) -> &'static str {
    let last = found.mentions.last();
    let is_surely_back = || last.and_then(|last| last.back).is_some_and(|back| back.surely);
    let is_in_doubt = last.is_some_and(|last| last.restored_since.is_some());
    let was_looked_for = || last.is_some_and(|last| last.still_gone.is_some());
    match found.answer {
        Answer::Resurrected if is_surely_back() => words.answer_resurrected_surely,
        Answer::Destroyed if is_in_doubt => words.answer_destroyed_restored,
        Answer::Anonymized if is_in_doubt => words.answer_anonymized_restored,
        Answer::Destroyed if was_looked_for() => words.answer_destroyed_still,
        Answer::Destroyed => words.answer_destroyed,
        Answer::Anonymized => words.answer_anonymized,
        Answer::Pending => words.answer_pending,
        Answer::Aborted => words.answer_aborted,
        Answer::Resurrected => words.answer_resurrected,
        Answer::NotFound => words.answer_not_found,
        Answer::KeyDestroyed => words.answer_key_destroyed,
        Answer::CannotTell => words.answer_cannot_tell,
    }
}
