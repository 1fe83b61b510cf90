//! Holds, for those who may see them: reasons and cases are personal information and stay off logs.

use serde::Serialize;
use serde_json::Value;

use super::table::Table;
use super::{Report, Words, to_value};

/// Every hold in force.
#[derive(Clone, Debug, Serialize)]
pub struct HoldsReport {
    pub holds: Vec<HoldLine>,
    /// Holds that the log knows and the private state has lost.
    pub lost: Vec<String>,
}

/// One hold.
#[derive(Clone, Debug, Serialize)]
pub struct HoldLine {
    pub hold: String,
    /// `record`, `reference`, `subject`, `series`, `rule` or `where`.
    pub scope: String,
    /// What it keeps (`dossier 42`).
    pub of: String,
    pub reason: String,
    pub case: Option<String>,
    pub review_by: Option<String>,
    pub by: String,
    /// RFC 3339, UTC.
    pub placed_at: String,
}

impl Report for HoldsReport {
    fn text(&self, words: &Words) -> String {
        if self.holds.is_empty() && self.lost.is_empty() {
            return format!("{}\n", words.no_hold);
        }
        let headings = [words.hold, words.scope, words.keeps, words.reason, words.case, words.review_by, words.by];
        let mut table = Table::new(headings);
        for hold in &self.holds {
            table.row([
                hold.hold.clone(),
                hold.scope.clone(),
                hold.of.clone(),
                hold.reason.clone(),
                hold.case.clone().unwrap_or_default(),
                hold.review_by.clone().unwrap_or_default(),
                hold.by.clone(),
            ]);
        }
        let mut text = table.text();
        if !self.lost.is_empty() {
            text += &format!("\n{}\n", words.fill(words.lost_holds, &[&self.lost.join(", ")]));
        }
        text
    }

    fn json(&self) -> Value {
        to_value(self)
    }
}

/// A hold was placed or lifted; it holds, or no longer holds, from this line on.
#[derive(Clone, Debug, Serialize)]
pub struct HoldDone {
    pub hold: String,
    /// `placed` or `lifted`.
    pub action: String,
    /// What it keeps.
    pub of: String,
    /// Whether such a record is in the database now; absent where that was not looked at or cannot be read.
    pub present: Option<bool>,
}

impl Report for HoldDone {
    fn text(&self, words: &Words) -> String {
        let template = if self.action == "placed" { words.hold_placed } else { words.hold_lifted };
        let mut text = format!("{}\n", words.fill(template, &[&self.hold, &self.of]));
        if self.present == Some(false) {
            text += &format!("{}\n", words.hold_on_none);
        }
        text
    }

    fn json(&self) -> Value {
        to_value(self)
    }
}
