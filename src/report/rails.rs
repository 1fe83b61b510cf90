//! Guard rails that a plan trips, each with its figures.

use serde::Serialize;

use super::Words;
use super::table::{count, decimal, paragraph};
use crate::disposition::rails::{Figures, Tripped};

/// A rail that a plan trips.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrippedRail {
    pub rail: String,
    pub series: String,
    pub rule: Option<String>,
    /// A sentence with the figures, in English.
    pub message: String,
    /// The figures; a plan made by an earlier version has none.
    #[serde(skip)]
    pub figures: Option<Figures>,
}

impl From<&Tripped> for TrippedRail {
    fn from(tripped: &Tripped) -> Self {
        Self {
            rail: tripped.rail.to_string(),
            series: tripped.series.to_string(),
            rule: tripped.rule.as_ref().map(ToString::to_string),
            message: tripped.message.clone(),
            figures: tripped.figures.clone(),
        }
    }
}

/// Names of rails, each once, in their order.
pub fn names(tripped: &[TrippedRail]) -> Vec<String> {
    let mut names: Vec<String> = tripped.iter().map(|tripped| tripped.rail.clone()).collect();
    names.dedup();
    names
}

/// One line per tripped rail: its name, then the sentence.
pub fn text(tripped: &[TrippedRail], words: &Words) -> String {
    let line = |rail: &TrippedRail| paragraph(&format!("  {:<9}", rail.rail), "           ", &rail.sentence(words));
    tripped.iter().map(line).collect()
}

impl TrippedRail {
    fn sentence(&self, words: &Words) -> String {
        let series = self.series.as_str();
        let rule = self.rule.as_deref().unwrap_or_default();
        let n = |number: &u64| count(*number, words);
        let percent = |thousandths: &u64| decimal(*thousandths as f64 / 10.0, words);
        let Some(figures) = &self.figures else { return self.message.clone() };
        match figures {
            Figures::Share { going, rows, share, most } => {
                words.fill(words.planning.rail_share, &[&n(going), &n(rows), series, &percent(share), &percent(most)])
            }
            Figures::Count { going, most } => words.fill(words.planning.rail_count, &[&n(going), series, &n(most)]),
            Figures::Median { going, usual } => words.fill(words.planning.rail_median, &[&n(going), rule, &n(usual)]),
            Figures::Empty => words.fill(words.planning.rail_empty, &[series]),
            Figures::NewRules => words.fill(words.planning.rail_new_rules, &[series]),
            Figures::TakenBack => words.fill(words.planning.rail_taken_back, &[series]),
            Figures::OtherRules => words.fill(words.planning.rail_other_rules, &[series]),
            Figures::Mapping => words.fill(words.planning.rail_mapping, &[series]),
            Figures::Guesses { lines } => words.fill(words.planning.rail_guesses, &[series, &lines.join(", ")]),
            Figures::Backlog { records } => words.fill(words.planning.rail_backlog, &[&n(records), rule]),
            Figures::Back { records } => words.fill(words.planning.rail_back, &[&n(records), series]),
            Figures::Untold { source } => words.fill(words.planning.rail_untold, &[source.as_str()]),
            Figures::Restored { source } => words.fill(words.planning.rail_restored, &[source.as_str()]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::words::{EN, FR};

    #[test]
    fn a_rail_is_told_with_its_figures_as_each_language_writes_them() {
        let share = TrippedRail {
            rail: "share".into(),
            series: "dossier".into(),
            rule: None,
            message: "as it was told".into(),
            figures: Some(Figures::Share { going: 1_387, rows: 5_411, share: 256, most: 100 }),
        };
        let flat = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let english = flat(text(std::slice::from_ref(&share), &EN));
        assert!(
            english.contains("1,387 of 5,411 records of dossier would go, 25.6 %; `max_share` is 10.0 %"),
            "{english}"
        );
        let french = flat(text(std::slice::from_ref(&share), &FR));
        assert!(french.contains("1 387 sur 5 411 enregistrements de dossier à faire partir, soit 25,6 %"), "{french}");
        let earlier = TrippedRail { figures: None, ..share };
        assert!(text(&[earlier], &FR).contains("as it was told"));
    }
}
