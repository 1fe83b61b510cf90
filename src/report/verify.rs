//! What verification of a log, or of one proof, found. Claims no more than was checked.

use std::path::Path;

use serde_json::{Value, json};

use super::earlier;
use super::log::{date_time, describe};
use super::plain::one_line;
use super::table::{Table, count, paragraph};
use super::{Report, Words, to_value};
use crate::audit::prove::ProvenEntry;
use crate::audit::verify::{self, Verdict};

/// A whole log.
pub struct VerifyReport<'a> {
    pub dir: &'a Path,
    pub report: &'a verify::Report,
}

impl Report for VerifyReport<'_> {
    fn text(&self, words: &Words) -> String {
        let report = self.report;
        let mut text = format!("{}\n", report.verdict);
        text += &paragraph("", "", &meaning(report.verdict, words));
        for finding in &report.findings {
            text += &paragraph("  ", "    ", &finding.to_string());
        }
        if report.more_findings > 0 {
            text += &format!("  {}\n", words.fill(words.audit.more_findings, &[&count(report.more_findings, words)]));
        }
        text += &self.log(words);
        text += &earlier::lines(&self.report.earlier, words);
        text += &self.tally(words);
        text
    }

    fn json(&self) -> Value {
        to_value(self.report)
    }
}

impl VerifyReport<'_> {
    fn log(&self, words: &Words) -> String {
        let report = self.report;
        let Some(origin) = &report.origin else { return String::new() };
        let size = count(report.size, words);
        let mut text = format!("\n{}\n", words.fill(words.audit.log_line, &[origin.as_str(), &size]));
        if let Some((first, last)) = report.tally.first.zip(report.tally.last) {
            text += &format!("{}\n", words.fill(words.audit.log_dates, &[&date_time(first), &date_time(last)]));
        }
        if let Some(unsigned @ 1..) = report.unsigned {
            text += &format!("{}\n", words.fill(words.audit.log_unsigned, &[&count(unsigned, words)]));
        }
        if let Some(key) = &report.signed_by {
            let whose = if report.key_was_given { words.audit.key_given } else { words.audit.key_not_given };
            // By itself on its line, so that it can be copied whole.
            text += &format!("{}  {}\n", paragraph("", "  ", whose), one_line(key));
        }
        for anchor in &report.anchors {
            let size = count(anchor.size, words);
            text += &match &anchor.witness {
                Some(seen) => words.fill(words.audit.anchor_witness, &[&size, &seen.by, &date_time(seen.at as i64)]),
                None => words.fill(words.audit.anchor_kept, &[&size]),
            };
            text.push('\n');
        }
        text
    }

    fn tally(&self, words: &Words) -> String {
        let tally = &self.report.tally;
        let mut text = String::new();
        if !tally.rules.is_empty() {
            let heads =
                [words.rule, words.destroyed, words.anonymized, words.audit.other_outcomes, words.audit.back_since];
            // A column that is nearly always empty would only be read past.
            let columns = if tally.back() > 0 { 5 } else { 4 };
            let mut table = Table::new(heads.into_iter().take(columns));
            table = table.numbers(1..columns);
            for (rule, of_rule) in &tally.rules {
                let numbers = [of_rule.destroyed, of_rule.anonymized, of_rule.others, of_rule.back];
                let cells = numbers.into_iter().take(columns - 1).map(|number| count(number, words));
                table.row([rule.to_string()].into_iter().chain(cells));
            }
            text += &format!("\n{}", table.text());
        }
        let others = tally.rules.values().map(|rule| rule.others).sum();
        for (number, template) in [
            (others, words.audit.other_outcomes_note),
            (tally.told_unsigned, words.audit.told_unsigned),
            (tally.pending_records, words.audit.pending),
            (tally.unclosed_runs, words.audit.unclosed),
            (tally.destroyed_again, words.audit.destroyed_again),
            (tally.back_unplaced, words.audit.back_unplaced),
            (tally.excused, words.audit.excused),
            (tally.uncompared, words.audit.uncompared),
            (tally.uncompared_holds, words.audit.uncompared_holds),
            (tally.untold_holds.values().sum(), words.audit.untold_holds),
            (tally.ahead, words.audit.dated_ahead),
        ] {
            if number > 0 {
                text += &paragraph("", "  ", &words.fill(template, &[&count(number, words)]));
            }
        }
        text
    }
}

fn meaning(verdict: Verdict, words: &Words) -> String {
    match verdict {
        Verdict::Fail => words.audit.verdict_fail.to_owned(),
        Verdict::OkUnanchored => words.audit.verdict_unanchored.to_owned(),
        Verdict::OkAnchoredTo(size) => words.fill(words.audit.verdict_seen, &[&count(size, words)]),
    }
}

/// One proof.
pub struct ProofReport<'a> {
    pub proven: &'a ProvenEntry,
}

impl Report for ProofReport<'_> {
    fn text(&self, words: &Words) -> String {
        let proven = self.proven;
        let mut text = format!("{}\n", proven.verdict);
        let (index, size) = (count(proven.index, words), count(proven.tree.size, words));
        text += &format!("{}\n", words.fill(words.audit.proven, &[&index, proven.origin.as_str(), &size]));
        text += &format!("  {}  {}\n", date_time(proven.leaf.at), describe(&proven.leaf.body, words));
        if !proven.uncompared.is_empty() {
            let kept = count(proven.uncompared.len() as u64, words);
            text += &paragraph("", "", &words.fill(words.audit.proof_uncompared, &[&kept]));
        }
        text
    }

    fn json(&self) -> Value {
        let proven = self.proven;
        json!({
            "verdict": proven.verdict, "origin": proven.origin, "index": proven.index, "size": proven.tree.size,
            "anchors": proven.anchors, "entry": proven.leaf,
            "uncompared": proven.uncompared,
        })
    }
}
