//! A run: what became of every planned record.

use serde_json::{Value, json};

use super::plain::one_line;
use super::table::{Table, count, decimal, paragraph};
use super::{Report, Words, to_value};
use crate::audit::leaf::RunCounts;
use crate::disposition::execute::{Interrupted, Statement};
use crate::disposition::request::Released;

/// The end of a run.
#[derive(Clone, Debug)]
pub struct RunReport {
    pub statement: Statement,
    pub seconds: f64,
    /// What the reader types before a subcommand.
    pub program: String,
}

impl RunReport {
    /// Whether the exit code must say that not everything went well.
    pub fn is_partial(&self) -> bool {
        self.statement.is_partial() || self.statement.left > 0
    }
}

impl Report for RunReport {
    fn text(&self, words: &Words) -> String {
        let Statement { run, plan, counts, finished, .. } = &self.statement;
        let title = if *finished { words.run_finished } else { words.run_stopped };
        let mut text = format!("{}\n\n", words.fill(title, &[run.as_str(), plan.as_str()]));
        let mut table = Table::new([words.outcome, words.records]).numbers([1]);
        for (word, number) in outcomes(counts, words) {
            table.row([word.to_owned(), count(number, words)]);
        }
        table.row([words.planned.to_owned(), count(counts.planned, words)]);
        text += &table.text();
        text + &self.closing(words)
    }

    fn json(&self) -> Value {
        let mut value = to_value(&self.statement);
        value["seconds"] = json!(self.seconds);
        value
    }
}

impl RunReport {
    fn closing(&self, words: &Words) -> String {
        let statement = &self.statement;
        let mut text = self.gone(words);
        // Where nothing went, no absence was read back.
        if statement.counts.destroyed + statement.counts.anonymized > 0 {
            text += &match words.level(&statement.level) {
                Some(meaning) => paragraph("", "  ", &words.fill(words.run_level, &[&statement.level, meaning])),
                None => paragraph("", "  ", words.run_no_level),
            };
        }
        text += &self.interrupted(words);
        text + &self.stays(words)
    }

    /// What runs before this one had done of the plan and could not tell.
    fn interrupted(&self, words: &Words) -> String {
        let Interrupted { counts, rows, files, bytes } = &self.statement.interrupted;
        if counts.planned == 0 {
            return String::new();
        }
        let told = outcomes(counts, words).map(|(word, number)| format!("{word} {}", count(number, words)));
        let told = told.collect::<Vec<_>>().join(", ");
        let mut text = words.fill(words.run_interrupted, &[&count(counts.planned, words), &told]);
        if counts.destroyed + counts.anonymized + counts.incomplete > 0 {
            let [rows, files, bytes] = [rows, files, bytes].map(|number| count(*number, words));
            text += &words.fill(words.run_interrupted_gone, &[&rows, &files, &bytes]);
        }
        paragraph("", "  ", &text)
    }

    /// Rows and files that went, and what became of what hangs on them.
    fn gone(&self, words: &Words) -> String {
        let Statement { rows, files, bytes, detached, triggered, missing, late, left, .. } = &self.statement;
        let [rows, files, bytes] = [rows, files, bytes].map(|number| count(*number, words));
        let seconds = decimal(self.seconds, words);
        let mut text = format!("\n{}\n", words.fill(words.run_gone, &[&rows, &files, &bytes, &seconds]));
        for (word, number) in [
            (words.run_detached, detached),
            (words.run_triggered, triggered),
            (words.run_missing, missing),
            (words.run_late, late),
            (words.run_left, left),
        ] {
            if *number > 0 {
                text += &format!("{}\n", words.fill(word, &[&count(*number, words)]));
            }
        }
        text
    }

    /// Why records or files stay, and when they are tried again.
    fn stays(&self, words: &Words) -> String {
        let Statement { plan, reasons, counts, finished, .. } = &self.statement;
        let mut text = String::new();
        for (reason, records) in reasons {
            text += &paragraph("  ", "    ", &format!("{} × {reason}", count(*records, words)));
        }
        if counts.incomplete + counts.failed > 0 {
            text += &paragraph("", "  ", words.run_next);
        }
        if counts.deferred > 0 || !finished {
            text += &format!("{}\n", words.fill(words.run_again, &[&format!("{} apply {plan}", self.program)]));
        }
        text
    }
}

/// The outcomes that some record had, by their names.
fn outcomes<'w>(counts: &RunCounts, words: &'w Words) -> impl Iterator<Item = (&'w str, u64)> {
    let all = [
        (words.destroyed, counts.destroyed),
        (words.anonymized, counts.anonymized),
        (words.held, counts.held),
        (words.blocked, counts.blocked),
        (words.drifted, counts.drifted),
        (words.deferred, counts.deferred),
        (words.incomplete, counts.incomplete),
        (words.failed, counts.failed),
    ];
    all.into_iter().filter(|(_, number)| *number > 0)
}

/// A person answers for files that could not be unlinked.
#[derive(Clone, Debug, serde::Serialize)]
pub struct FilesReleased {
    pub plan: String,
    /// Where they were.
    pub files: Vec<String>,
}

impl From<Released> for FilesReleased {
    fn from(released: Released) -> Self {
        Self { plan: released.plan.to_string(), files: released.files }
    }
}

impl Report for FilesReleased {
    fn text(&self, words: &Words) -> String {
        let files = count(self.files.len() as u64, words);
        let mut text = paragraph("", "  ", &words.fill(words.files_released, &[&files, &self.plan]));
        for file in &self.files {
            text += &format!("  {}\n", one_line(file));
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

    fn run(counts: RunCounts) -> RunReport {
        let statement = Statement {
            run: "2026-11-21-0a1b2c3d-7".into(),
            plan: "2026-11-21-0a1b2c3d".into(),
            counts,
            interrupted: Interrupted::default(),
            rows: 40,
            detached: 2,
            triggered: 0,
            files: 3,
            bytes: 1_024,
            missing: 1,
            late: 0,
            left: 0,
            level: "logical".into(),
            finished: true,
            reasons: [("a symbolic link stands on its path".to_owned(), 2)].into(),
        };
        RunReport { statement, seconds: 0.5, program: "retentiond".into() }
    }

    #[test]
    fn only_what_was_put_off_goes_on_with_the_same_plan() {
        let again = |counts| run(counts).text(&EN).contains("apply 2026-11-21-0a1b2c3d");
        assert!(again(RunCounts { planned: 1, deferred: 1, ..RunCounts::default() }));
        let failed = RunCounts { planned: 2, failed: 1, incomplete: 1, ..RunCounts::default() };
        assert!(!again(failed));
        assert!(run(failed).text(&EN).contains("the next plan lists it"));
    }

    #[test]
    fn a_run_shows_what_happened_why_and_how_to_go_on() {
        let run = run(RunCounts { planned: 12, destroyed: 10, failed: 2, ..RunCounts::default() });
        let text = run.text(&EN);
        assert!(text.contains("failed") && text.contains("2 × a symbolic link") && !text.contains("drifted"), "{text}");
        assert!(run.is_partial() && text.contains("the next plan lists it"), "{text}");
    }

    #[test]
    fn rows_that_live_on_are_told_and_no_level_is_claimed_where_none_was_verified() {
        let mut run = run(RunCounts { planned: 1, destroyed: 1, ..RunCounts::default() });
        (run.statement.late, run.statement.left) = (2, 1);
        let text = run.text(&EN);
        assert!(
            text.contains("2 rows live on")
                && text.contains("1 file that a row named was not there")
                && text.contains("2 files that earlier runs had left are gone now")
                && text.contains("1 file of earlier runs is left")
                && run.is_partial()
                && !text.contains("trigger")
                && text.contains("level logical"),
            "{text}"
        );
        (run.statement.level, run.statement.triggered) = ("none".to_owned(), 1);
        let text = run.text(&EN);
        assert!(
            text.contains("changed 1 row more") && text.contains("No level") && !text.contains("logical"),
            "{text}"
        );
    }

    #[test]
    fn what_an_interrupted_run_could_not_tell_is_told_and_a_failure_in_it_too() {
        let mut run = run(RunCounts { planned: 4, destroyed: 4, ..RunCounts::default() });
        let settled = RunCounts { planned: 7, destroyed: 7, ..RunCounts::default() };
        run.statement.interrupted = Interrupted { counts: settled, rows: 19, files: 2, bytes: 512 };
        let text = run.text(&EN).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("settled 7 more records") && !run.is_partial(), "{text}");
        assert!(
            text.contains("19 rows and 2 files (512 bytes) went") && text.contains("no level is on record"),
            "{text}"
        );
        let settled = RunCounts { planned: 7, destroyed: 5, failed: 2, ..RunCounts::default() };
        run.statement.interrupted.counts = settled;
        let text = run.text(&EN).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(run.is_partial() && text.contains("destroyed 5, failed 2"), "{text}");
        assert!(!text.contains("To go on"), "no run of this plan tries them again: {text}");
    }

    #[test]
    fn a_run_that_destroyed_nothing_claims_no_verification() {
        assert!(!run(RunCounts::default()).text(&EN).contains("Verified"));
        assert!(run(RunCounts { anonymized: 1, ..RunCounts::default() }).text(&EN).contains("Verified"));
    }

    #[test]
    fn the_json_has_the_documented_fields() {
        let json = run(RunCounts::default()).json();
        for field in [
            "run",
            "plan",
            "planned",
            "destroyed",
            "anonymized",
            "held",
            "blocked",
            "drifted",
            "deferred",
            "incomplete",
            "failed",
            "interrupted",
            "rows",
            "detached",
            "triggered",
            "files",
            "level",
        ] {
            assert!(!json[field].is_null(), "{field}");
        }
    }
}
