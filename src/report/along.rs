//! What stands beside a plan's list: which holds keep records from it, and how much goes along.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Words;
use super::effect::{Effect, Fate};
use super::table::{count, paragraph};
use crate::disposition::plan::PlanFile;

/// How much goes along with the records of a plan, all rules together. A row that several of them share counts for
/// each, and goes with the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Dependents {
    pub rows: u64,
    /// Rows that name a file: it goes too.
    pub files: u64,
}

/// All that goes along; `None` where some of it was not counted.
pub fn dependents(file: &PlanFile, effects: &[Effect]) -> Option<Dependents> {
    let mut sum = Dependents::default();
    for planned in file.manifest.rules.iter().filter(|planned| planned.items.count > 0) {
        let is_own =
            |effect: &&Effect| effect.rule == planned.rule.as_str() && effect.series == planned.series.as_str();
        for fate in &effects.iter().find(is_own)?.parts {
            if matches!(fate.fate, Fate::Destroyed | Fate::DestroyedWithLast) {
                let counted = fate.counted?;
                sum.rows += counted.rows;
                sum.files += counted.naming_files;
            }
        }
    }
    Some(sum)
}

/// Records that each hold keeps from a rule's list; none of a plan that an earlier version made.
pub fn held_by(file: &PlanFile, place: usize) -> BTreeMap<String, u64> {
    let holds = file.along.get(place).map(|along| &along.held_by);
    holds.into_iter().flatten().map(|(hold, records)| (hold.to_string(), *records)).collect()
}

/// A sentence on what goes along; `uncounted` is the command that counts it.
pub fn dependents_text(dependents: Option<Dependents>, is_shared: bool, uncounted: &str, words: &Words) -> String {
    let Some(Dependents { rows, files }) = dependents else {
        return format!("\n{}", paragraph("", "  ", &words.fill(words.along_uncounted, &[uncounted])));
    };
    if rows == 0 {
        return String::new();
    }
    let template = if files == 0 { words.along } else { words.along_files };
    let sentence = words.fill(template, &[&count(rows, words), &count(files, words)]);
    let shared = if is_shared { format!(" {}", words.along_shared) } else { String::new() };
    format!("\n{}", paragraph("", "  ", &format!("{sentence}{shared}")))
}

/// A line for each hold on each rule.
pub fn held_text<'r>(
    rules: impl Iterator<Item = (&'r str, &'r str, &'r BTreeMap<String, u64>)>,
    words: &Words,
) -> String {
    let lines: String = rules
        .flat_map(|(rule, series, holds)| holds.iter().map(move |(hold, records)| (rule, series, hold, records)))
        .map(|(rule, series, hold, records)| {
            paragraph("  ", "    ", &format!("{hold}{}{} {series} ({rule})", words.colon, count(*records, words)))
        })
        .collect();
    if lines.is_empty() { lines } else { format!("\n{}{lines}", paragraph("", "", words.held_by_title)) }
}
