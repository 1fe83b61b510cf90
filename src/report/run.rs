//! A run: what became of every planned record.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::table::{Table, count};
use super::words::fill;
use super::{Report, Words, to_value};

/// The end of a run. planned = destroyed + anonymized + held + blocked + drifted + deferred + incomplete + failed.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RunReport {
    pub run: String,
    pub plan: String,
    /// Whether the run went through its plan, or was stopped on the way.
    pub finished: bool,
    pub planned: u64,
    pub destroyed: u64,
    pub anonymized: u64,
    pub held: u64,
    pub blocked: u64,
    pub drifted: u64,
    pub deferred: u64,
    pub incomplete: u64,
    pub failed: u64,
    /// Rows gone or changed, dependent rows included.
    pub rows: u64,
    pub files: u64,
    /// Of those files.
    pub bytes: u64,
    /// The lowest level verified over all sources.
    pub level: String,
    pub levels: BTreeMap<String, String>,
    pub seconds: f64,
    /// Codes of what failed, with how often.
    pub reasons: BTreeMap<String, u64>,
}

impl RunReport {
    /// Whether a later run has something left to do.
    pub fn is_partial(&self) -> bool {
        self.deferred + self.incomplete + self.failed > 0
    }
}

impl Report for RunReport {
    fn text(&self, words: &Words) -> String {
        let title = if self.finished { words.run_finished } else { words.run_stopped };
        let mut text = format!("{}\n\n", fill(title, &[&self.run, &self.plan]));
        let mut table = Table::new(["", words.records]).numbers([1]);
        table.row([words.planned.to_owned(), count(self.planned, words)]);
        let outcomes = [
            (words.destroyed, self.destroyed),
            (words.anonymized, self.anonymized),
            (words.held, self.held),
            (words.blocked, self.blocked),
            (words.drifted, self.drifted),
            (words.deferred, self.deferred),
            (words.incomplete, self.incomplete),
            (words.failed, self.failed),
        ];
        for (word, number) in outcomes.into_iter().filter(|(_, number)| *number > 0) {
            table.row([word.to_owned(), count(number, words)]);
        }
        text += &table.text();
        let gone = [count(self.rows, words), count(self.files, words), count(self.bytes, words)];
        text += &format!("\n{}\n", fill(words.run_gone, &[&gone[0], &gone[1], &gone[2]]));
        for (source, level) in &self.levels {
            text += &format!("{}\n", fill(words.run_level, &[source, level]));
        }
        for (reason, number) in &self.reasons {
            text += &format!("  {reason}: {}\n", count(*number, words));
        }
        if self.is_partial() || !self.finished {
            text += &format!("{}\n", fill(words.run_again, &[&format!("apply {}", self.plan)]));
        }
        text
    }

    fn json(&self) -> Value {
        to_value(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::words::EN;

    #[test]
    fn a_run_shows_what_happened_and_leaves_out_what_did_not() {
        let run = RunReport { planned: 12, destroyed: 10, failed: 2, finished: true, ..RunReport::default() };
        let text = run.text(&EN);
        assert!(text.contains("failed") && !text.contains("drifted"), "{text}");
        assert!(run.is_partial());
    }
}
