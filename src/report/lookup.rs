//! What the log says of one record.

use serde_json::{Value, json};

use super::earlier;
use super::log::date_time;
use super::plain::one_line;
use super::table::{count, paragraph};
use super::{Report, Words, to_value};
use crate::audit::earlier::EarlierState;
use crate::audit::leaf::RecordOutcome;
use crate::audit::lookup::{Answer, Found, Mention};
use crate::model::{Origin, SeriesName};

/// The answer to `audit lookup`.
pub struct LookupReport {
    /// The one asked for; absent where a reference was looked for in every series, and none knows it.
    pub series: Option<String>,
    /// The key or the reference asked for.
    pub of: String,
    /// Whether it was asked for by its reference.
    pub cited: bool,
    pub found: Found,
}

impl Report for LookupReport {
    fn text(&self, words: &Words) -> String {
        let series = self.told_series().map(|series| format!("{series} ")).unwrap_or_default();
        let mut text = format!("{series}{}{}{}\n", one_line(&self.of), words.colon, self.found.answer);
        text += &paragraph("", "", &meaning(&self.found, words));
        if self.found.answer == Answer::NotFound {
            text += &paragraph("", "", words.audit.parts_unnamed);
        }
        if self.cited && self.found.is_absent() {
            text += &paragraph("", "", words.audit.cited_exactly);
        }
        text += &unsigned(&self.found, words);
        if self.found.records.is_empty() {
            text += &mentions(&self.found, words);
        }
        for (place, cited) in self.found.records.iter().enumerate() {
            let record = self.found.of_record(cited);
            let head = format!("{}. {}{}{}", place + 1, cited.answer, words.colon, meaning(&record, words));
            text += &paragraph("", "   ", &head);
            text += &mentions(&record, words);
        }
        if !self.found.destroyed_keys.is_empty() {
            let years: Vec<_> = self.found.destroyed_keys.iter().map(ToString::to_string).collect();
            text += &format!("{}\n", words.fill(words.audit.keys_destroyed, &[&years.join(", ")]));
        }
        text += &missing(&self.found, words);
        text
    }

    fn json(&self) -> Value {
        let mut value = to_value(&self.found);
        value["series"] = json!(self.told_series());
        value["of"] = json!(self.of);
        value
    }
}

impl LookupReport {
    /// The series of which the answer tells.
    fn told_series(&self) -> Option<&str> {
        let other = self.found.told_as.as_ref().map(SeriesName::as_str);
        other.or(self.series.as_deref())
    }
}

/// Every mention of the record with what later entries say of it, and the log that says it.
pub fn mentions(found: &Found, words: &Words) -> String {
    let mut text = String::new();
    for mention in &found.mentions {
        let log = mention.log.as_ref().map(|log| format!(" ({log})")).unwrap_or_default();
        text += &paragraph("  ", "    ", &format!("{}{log}", line(mention, words)));
        for since in since(mention, words) {
            text += &paragraph("    ", "      ", &since);
        }
    }
    if let Some(log) = found.log.as_ref().filter(|_| found.mentions.iter().any(|mention| mention.log.is_none())) {
        text += &format!("  ({log})\n");
    }
    text
}

/// The keys and the earlier logs that are not here, and the mend; empty where none is missing.
pub fn missing(found: &Found, words: &Words) -> String {
    let mut text = String::new();
    for (years, template) in
        [(&found.missing_keys, words.audit.keys_missing), (&found.replaced_keys, words.audit.keys_replaced)]
    {
        if !years.is_empty() {
            let years: Vec<_> = years.iter().map(ToString::to_string).collect();
            text += &paragraph("", "  ", &words.fill(template, &[&years.join(", ")]));
        }
    }
    for log in &found.missing_logs {
        let template = match log.state {
            EarlierState::Other => words.audit.log_other,
            EarlierState::Unread => words.audit.log_unread,
            EarlierState::Whole | EarlierState::Partial => words.audit.log_partial,
            EarlierState::Missing => words.audit.log_missing,
        };
        text += &paragraph("", "  ", &earlier::filled(log, template, words));
    }
    if found.uncited > 0 {
        text += &paragraph("", "  ", &words.fill(words.audit.names_uncited, &[&count(found.uncited, words)]));
    }
    for (columns, records) in &found.named_otherwise {
        text += &paragraph("", "  ", &words.fill(words.audit.names_otherwise, &[&count(*records, words), columns]));
    }
    if !found.unmapped.is_empty() && !found.is_final() {
        let names: Vec<_> = found.unmapped.iter().map(|named| format!("{}/{}", named.source, named.series)).collect();
        text += &paragraph("", "  ", &words.fill(words.audit.names_unmapped, &[&names.join(", ")]));
    }
    for remembered in &found.remembered {
        let template = if remembered.behind { words.audit.log_behind } else { words.audit.log_elsewhere };
        let batches = count(remembered.batches, words);
        text += &paragraph("", "  ", &words.fill(template, &[&batches, remembered.log.as_str()]));
    }
    text
}

/// What of the answer nobody has signed yet; empty where all is.
fn unsigned(found: &Found, words: &Words) -> String {
    let is_unsigned = |entry: u64| entry >= found.signed;
    let told = |mention: &Mention| {
        let corrected = mention.corrected.filter(|_| mention.corrected_log.is_none());
        [Some(mention.intent), mention.outcome.as_ref().map(|outcome| outcome.entry), corrected]
    };
    let own = found.mentions.iter().filter(|mention| mention.log.is_none());
    match own.flat_map(told).flatten().any(is_unsigned) {
        true => paragraph("", "  ", &words.fill(words.audit.answer_unsigned, &[&found.signed.to_string()])),
        false => String::new(),
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
            words.fill(words.audit.mention_settled, &[&answer, &at, law[0], law[1], law[2], &entry, &outcome])
        }
        None => words.fill(words.audit.mention_open, &[&date_time(mention.announced), law[0], law[1], law[2], &entry]),
    }
}

/// What has to be known of it besides: how it names the record, and what later entries say of it.
fn since(mention: &Mention, words: &Words) -> Vec<String> {
    let mut lines = Vec::new();
    if mention.retyped {
        lines.push(words.audit.mention_retyped.to_owned());
    }
    if let Some(entry) = mention.corrected {
        let entry = of_log(entry, mention.corrected_log.as_ref());
        lines.push(match mention.back {
            Some(back) => words.fill(words.audit.mention_corrected, &[&entry, &count(back.records, words)]),
            None if mention.answer == Answer::Incomplete => words.fill(words.audit.mention_released, &[&entry]),
            None if mention.answer == Answer::CannotTell => words.fill(words.audit.mention_denied, &[&entry]),
            None => words.fill(words.audit.mention_completed, &[&entry]),
        });
    }
    if let Some(entry) = mention.still_gone {
        lines.push(words.fill(words.audit.mention_still_gone, &[&entry.to_string()]));
    }
    if let Some(entry) = mention.restored_since {
        lines.push(words.fill(words.audit.mention_restored, &[&of_log(entry, mention.restored_log.as_ref())]));
    }
    lines
}

/// The number of an entry, and its log where that is not the mention's.
fn of_log(entry: u64, log: Option<&Origin>) -> String {
    log.map_or_else(|| entry.to_string(), |log| format!("{entry} ({})", one_line(log.as_str())))
}

/// What kept a record that was announced, by the letter of its outcome.
fn kept_by(letter: Option<char>, words: &Words) -> &'static str {
    match letter.and_then(RecordOutcome::of_letter) {
        Some(RecordOutcome::Held) => words.audit.kept_by_hold,
        Some(RecordOutcome::Blocked) => words.audit.kept_by_blocker,
        Some(RecordOutcome::Drifted) => words.audit.kept_by_drift,
        _ => words.audit.kept_by_delay,
    }
}

/// The answer in a sentence.
pub fn meaning(found: &Found, words: &Words) -> String {
    let meaning = own_meaning(found, words);
    match &found.told_as {
        Some(series) => words.fill(words.audit.told_as_other, &[series.as_str(), &meaning]),
        None => meaning,
    }
}

fn own_meaning(found: &Found, words: &Words) -> String {
    if !found.records.is_empty() {
        let template = if found.may_be_fewer() { words.audit.answer_names } else { words.audit.answer_several };
        return words.fill(template, &[&count(found.records.len() as u64, words)]);
    }
    let last = found.deciding();
    let at = last.and_then(|last| last.outcome.as_ref()).map(|outcome| date_time(outcome.at)).unwrap_or_default();
    let is_surely_back = || last.and_then(|last| last.back).is_some_and(|back| back.surely);
    let is_in_doubt = last.is_some_and(|last| last.restored_since.is_some());
    let was_looked_for = || last.is_some_and(|last| last.still_gone.is_some());
    let template = match found.answer {
        Answer::Resurrected if is_surely_back() => words.audit.answer_resurrected_surely,
        Answer::Destroyed if is_in_doubt => words.audit.answer_destroyed_restored,
        Answer::Anonymized if is_in_doubt => words.audit.answer_anonymized_restored,
        Answer::Destroyed if was_looked_for() => words.audit.answer_destroyed_still,
        Answer::Destroyed if last.is_some_and(|last| last.corrected.is_some()) => {
            words.audit.answer_destroyed_completed
        }
        Answer::Destroyed => words.audit.answer_destroyed,
        Answer::Anonymized => words.audit.answer_anonymized,
        Answer::Pending if last.is_some_and(|last| last.outcome.is_some()) => words.audit.answer_left,
        Answer::Pending => words.audit.answer_pending,
        Answer::Incomplete => words.audit.answer_incomplete,
        Answer::Aborted => {
            let letter = last.and_then(|last| last.outcome.as_ref()).map(|outcome| outcome.letter);
            return words.fill(words.audit.answer_aborted, &[kept_by(letter, words)]);
        }
        Answer::Gone => words.audit.answer_gone,
        Answer::Failed => words.audit.answer_failed,
        Answer::Resurrected => words.audit.answer_resurrected,
        Answer::NotFound => words.audit.answer_not_found,
        Answer::KeyDestroyed => words.audit.answer_key_destroyed,
        Answer::CannotTell if last.is_some_and(|last| last.answer == Answer::CannotTell) => words.audit.answer_denied,
        // Told above, by the number of its records.
        Answer::CannotTell | Answer::Several => words.audit.answer_cannot_tell,
    };
    words.fill(template, &[&at])
}
