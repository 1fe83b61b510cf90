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
    /// Records on whose parts an expression of the mapping fails: these rows are in no count.
    pub uncounted: u64,
    /// Whether records share some of these rows, so that fewer may go.
    pub at_most: bool,
}

/// All that goes along; `None` where some of it was not counted.
pub fn dependents(file: &PlanFile, effects: &[Effect]) -> Option<Dependents> {
    let mut sum = Dependents::default();
    for (place, planned) in file.manifest.rules.iter().enumerate().filter(|(_, planned)| planned.items.count > 0) {
        sum.uncounted += file.along.get(place).map_or(0, |along| along.uncounted);
        let is_own =
            |effect: &&Effect| effect.rule == planned.rule.as_str() && effect.series == planned.series.as_str();
        for fate in &effects.iter().find(is_own)?.parts {
            if matches!(fate.fate, Fate::Destroyed | Fate::DestroyedWithLast) {
                let counted = fate.counted?;
                sum.rows += counted.rows;
                sum.files += counted.naming_files;
                sum.at_most |= fate.is_shared && counted.rows > 0;
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
    let Some(Dependents { rows, files, uncounted: failing, at_most }) = dependents else {
        return format!("\n{}", paragraph("", "  ", &words.fill(words.planning.along_uncounted, &[uncounted])));
    };
    let mut sentences = Vec::new();
    if rows > 0 {
        let template = match (files > 0, at_most) {
            (false, false) => words.planning.along,
            (false, true) => words.planning.along_at_most,
            (true, false) => words.planning.along_files,
            (true, true) => words.planning.along_files_at_most,
        };
        sentences.push(words.fill(template, &[&count(rows, words), &count(files, words)]));
        sentences.extend(is_shared.then(|| words.planning.along_shared.to_owned()));
    }
    if failing > 0 {
        sentences.push(words.fill(words.planning.along_failing, &[&count(failing, words)]));
    }
    match sentences.is_empty() {
        true => String::new(),
        false => format!("\n{}", paragraph("", "  ", &sentences.join(" "))),
    }
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
    if lines.is_empty() { lines } else { format!("\n{}{lines}", paragraph("", "", words.planning.held_by_title)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disposition::door::open_or_connect;
    use crate::disposition::plan::PlanRequest;
    use crate::disposition::sample::{Sample, all_due, watch};
    use crate::records::mapping::{self, Condition, Reference};
    use crate::report::effect;
    use crate::report::words::{EN, FR};

    /// What the plan of the sample counts, after a change to what the dossiers' messages are to the mapping; dossier 3
    /// has the messages 3 and 21.
    fn counted(change: impl FnOnce(&mut mapping::PartMapping)) -> Dependents {
        let mut sample = Sample::new();
        let more = "INSERT INTO message(dossier_id) VALUES (3); CREATE TABLE link(message_id INTEGER);";
        sample.connection().execute_batch(more).unwrap();
        sample.change(|install| {
            let dossier = install.series.iter_mut().find(|mapping| mapping.series.as_str() == "dossier").unwrap();
            change(&mut dossier.parts[0]);
        });
        let request = PlanRequest { dependents: true, ..all_due() };
        let file = open_or_connect(sample.install.clone(), None, watch()).unwrap().plan(&request).unwrap().file;
        dependents(&file, &effect::effects(&file, &sample.install, &EN)).unwrap()
    }

    #[test]
    fn what_records_share_is_counted_as_the_most_that_may_go() {
        let plain = Dependents { rows: 11, files: 0, uncounted: 0, at_most: false };
        assert_eq!(counted(|_| {}), plain);
        let on = mapping::sample::on("message_id", "id");
        let shared = counted(|part| part.shared = vec![Reference { table: "link".to_owned(), on, condition: None }]);
        assert_eq!(shared, Dependents { at_most: true, ..plain });
        let text = |dependents, words| dependents_text(Some(dependents), false, "", words).replace("\n  ", " ");
        assert_eq!(text(plain, &EN), "\nAlong with them go 11 rows of other tables.\n");
        assert_eq!(text(shared, &EN), "\nAlong with them go at most 11 rows of other tables.\n");
        assert_eq!(text(shared, &FR), "\nAvec eux partent au plus 11 lignes d'autres tables.\n");
        let files = Dependents { files: 2, ..shared };
        assert!(
            text(files, &EN).contains("at most 11 rows of other tables, and the files that at most 2 of these name.")
        );
        assert!(
            text(files, &FR)
                .contains("au plus 11 lignes d'autres tables, et les fichiers qu'au plus 2 d'entre elles nomment.")
        );
    }

    #[test]
    fn records_whose_rows_cannot_be_counted_are_told() {
        let fails_on = |ids: &str| {
            let text = format!("json_extract(iif(this.id IN ({ids}), 'no json', '{{}}'), '$.a') IS NULL");
            counted(|part| part.condition = Some(Condition::Expression(text)))
        };
        let some = fails_on("3, 5, 21");
        assert_eq!(some, Dependents { rows: 8, files: 0, uncounted: 2, at_most: false });
        let text = |dependents, words| dependents_text(Some(dependents), false, "", words).replace("\n  ", " ");
        assert!(text(some, &EN).ends_with(
            " go 8 rows of other tables. Not counted: the rows of 2 records on which an expression of the mapping fails.\n"
        ));
        assert!(text(some, &FR).contains("les lignes de 2 enregistrements où échoue une expression"));
        let none = Dependents { rows: 0, ..some };
        assert!(text(none, &EN).starts_with("\nNot counted: the rows of 2 records"), "nothing else to say");
    }
}
