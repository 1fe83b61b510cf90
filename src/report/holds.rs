//! Holds, for those who may see them: reasons and cases are personal information and stay off logs.

use serde::Serialize;
use serde_json::Value;

use super::table::{Table, paragraph};
use super::{Report, Words, to_value};
use crate::disposition::holds::HoldScope;

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
        let headings = [words.hold, words.scope, words.keeps, words.reason, words.review_by, words.by];
        let mut table = Table::new(headings).texts([2, 3]);
        for hold in &self.holds {
            table.row([
                hold.hold.clone(),
                words.hold_scope(&hold.scope).to_owned(),
                hold.of.clone(),
                hold.case.as_ref().map_or_else(|| hold.reason.clone(), |case| format!("{} ({case})", hold.reason)),
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

/// What a hold keeps, as people say it.
pub fn keeps(scope: &HoldScope, words: &Words) -> String {
    match scope {
        HoldScope::Record { series, key } => format!("{series} {}", key.join(" ")),
        HoldScope::Reference { series, reference } => format!("{series} {reference}"),
        HoldScope::Subject { series, key } => words.fill(words.keeps_person, &[&format!("{series} {}", key.join(" "))]),
        HoldScope::Series { series } => words.fill(words.keeps_series, &[series.as_str()]),
        HoldScope::Rule { rule } => words.fill(words.keeps_rule, &[rule.as_str()]),
        HoldScope::Where { series, expression } => words.fill(words.keeps_where, &[series.as_str(), expression]),
    }
}

/// A hold was placed or lifted; it holds, or no longer holds, from this line on.
#[derive(Clone, Debug, Default, Serialize)]
pub struct HoldDone {
    pub hold: String,
    /// `placed` or `lifted`.
    pub action: String,
    /// What it keeps.
    pub of: String,
    /// Whether such a record is in the database now; absent where that was not looked at or cannot be read.
    pub present: Option<bool>,
    /// `example` or `elsewhere`: why the rule that it names disposes of nothing here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unobeyed: Option<String>,
    /// Whether the day by which someone was to look again is over already.
    pub review_is_past: bool,
    /// Why it is not on record yet, though it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unrecorded: Option<String>,
}

impl Report for HoldDone {
    fn text(&self, words: &Words) -> String {
        let template = if self.action == "placed" { words.hold_placed } else { words.hold_lifted };
        let mut text = paragraph("", "  ", &words.fill(template, &[&self.hold, &self.of]));
        if self.present == Some(false) {
            text += &paragraph("", "  ", words.hold_on_none);
        }
        match self.unobeyed.as_deref() {
            Some("example") => text += &paragraph("", "  ", words.hold_on_example),
            Some(_) => text += &paragraph("", "  ", words.hold_on_elsewhere),
            None => {}
        }
        if self.review_is_past {
            text += &paragraph("", "  ", words.hold_review_past);
        }
        if let Some(why) = &self.unrecorded {
            text += &paragraph("", "  ", &words.fill(words.hold_unrecorded, &[why]));
        }
        text
    }

    fn json(&self) -> Value {
        to_value(self)
    }
}
