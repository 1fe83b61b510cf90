//! What the log says of one record.

use serde_json::{Value, json};

use super::log::date_time;
use super::{Report, Words, to_value};
use crate::audit::lookup::{Answer, Found, Mention};

/// The answer to `audit lookup`.
pub struct LookupReport {
    pub series: String,
    /// The key or the reference asked for.
    pub of: String,
    pub found: Found,
}

impl Report for LookupReport {
    fn text(&self, words: &Words) -> String {
        let mut text = format!("{} {}: {}\n", self.series, self.of, self.found.answer);
        text += &format!("{}\n", meaning(self.found.answer, words));
        for mention in &self.found.mentions {
            text += &format!("  {}\n", line(mention, words));
        }
        if let Some(log) = self.found.log.as_ref().filter(|_| !self.found.is_absent()) {
            text += &format!("  ({log})\n");
        }
        if !self.found.destroyed_keys.is_empty() {
            let years: Vec<_> = self.found.destroyed_keys.iter().map(ToString::to_string).collect();
            text += &format!("{}\n", words.fill(words.keys_destroyed, &[&years.join(", ")]));
        }
        text
    }

    fn json(&self) -> Value {
        let mut value = to_value(&self.found);
        value["series"] = json!(self.series);
        value["of"] = json!(self.of);
        value
    }
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

fn meaning(answer: Answer, words: &Words) -> &'static str {
    match answer {
        Answer::Destroyed => words.answer_destroyed,
        Answer::Anonymized => words.answer_anonymized,
        Answer::Pending => words.answer_pending,
        Answer::Aborted => words.answer_aborted,
        Answer::Resurrected => words.answer_resurrected,
        Answer::NotFound => words.answer_not_found,
        Answer::KeyDestroyed => words.answer_key_destroyed,
    }
}
