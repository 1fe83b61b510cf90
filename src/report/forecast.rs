//! What falls due when, per rule.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::table::{Table, count, paragraph};
use super::unread::{self, Unread};
use super::{Report, Words, to_value};

/// The answer to `forecast`.
#[derive(Clone, Debug, Serialize)]
pub struct ForecastReport {
    /// `YYYY-MM`, in order.
    pub months: Vec<String>,
    pub rules: Vec<ForecastLine>,
    /// Sources that could not be read: nothing is said of their series.
    pub unread: Vec<Unread>,
}

/// One rule's share.
#[derive(Clone, Debug, Serialize)]
pub struct ForecastLine {
    pub rule: String,
    pub series: String,
    /// Due already, those that a hold or another record keeps included.
    pub now: u64,
    /// `YYYY-MM` -> records; months without any are left out.
    pub months: BTreeMap<String, u64>,
    pub later: u64,
}

impl Report for ForecastReport {
    fn text(&self, words: &Words) -> String {
        let lacks = unread::text(&self.unread, words);
        if self.rules.is_empty() {
            return format!("{lacks}{}\n", words.planning.no_forecast);
        }
        let headings =
            [words.planning.month.to_owned()].into_iter().chain(self.rules.iter().map(|rule| rule.rule.clone()));
        let mut table = Table::new(headings).numbers(1..=self.rules.len());
        let mut line = |name: &str, number: &dyn Fn(&ForecastLine) -> u64| {
            let cells = self.rules.iter().map(|rule| count(number(rule), words));
            table.row([name.to_owned()].into_iter().chain(cells));
        };
        line(words.planning.due_now, &|rule| rule.now);
        for month in &self.months {
            line(month, &|rule| rule.months.get(month).copied().unwrap_or_default());
        }
        line(words.planning.later, &|rule| rule.later);
        let notes = [words.planning.forecast_counts, words.planning.forecast_note].map(|note| paragraph("", "", note));
        format!("{lacks}{}\n{}", table.text(), notes.concat())
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
    fn every_month_has_its_line_even_where_nothing_falls_due() {
        let line = ForecastLine {
            rule: "PC-1".into(),
            series: "dossier".into(),
            now: 3,
            months: [("2026-12".to_owned(), 1_200)].into(),
            later: 0,
        };
        let report =
            ForecastReport { months: vec!["2026-11".into(), "2026-12".into()], rules: vec![line], unread: Vec::new() };
        let text = report.text(&EN);
        assert!(text.contains("2026-11") && text.contains("1,200") && text.contains("due now"), "{text}");
    }
}
