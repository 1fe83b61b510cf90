//! Holds, for those who may see them: reasons and cases are personal information and stay off logs.

use serde::Serialize;
use serde_json::Value;

use super::table::{Table, count, paragraph};
use super::{Report, Words, lookup, to_value};
use crate::audit::lookup::Found;
use crate::disposition::holds::HoldScope;
use crate::disposition::reach::Reach;
use crate::model::SeriesName;

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
    /// How many records that is now, by series; absent where that was not looked at or cannot be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keeps: Option<Reach>,
    /// Of a hold by reference: how many records bore it when it was placed. These it keeps by their keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by_key: Option<u64>,
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
                hold.keeps_text(words),
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

impl HoldLine {
    /// What it keeps, and of what people cannot count themselves how much.
    fn keeps_text(&self, words: &Words) -> String {
        let of = match self.by_key {
            Some(0) => format!("{}\n({})", self.of, words.keeps_while_cited),
            _ => self.of.clone(),
        };
        match &self.keeps {
            Some(reach) if is_counted(&self.scope) => {
                format!("{of}\n({})", words.fill(words.keeps_now, &[&listed(reach, words)]))
            }
            _ => of,
        }
    }
}

/// Whether a hold may keep several records, so that people are told how many.
fn is_counted(scope: &str) -> bool {
    matches!(scope, "reference" | "subject" | "where")
}

/// `account: 1, dossier: 3`.
fn listed(reach: &Reach, words: &Words) -> String {
    let of_series =
        |(series, records): (&SeriesName, &u64)| format!("{series}{}{}", words.colon, count(*records, words));
    reach.iter().map(of_series).collect::<Vec<_>>().join(", ")
}

/// What a hold keeps, as people say it.
pub fn keeps(scope: &HoldScope, words: &Words) -> String {
    match scope {
        HoldScope::Record { series, key } => format!("{series} {}", key.join(" ")),
        HoldScope::Reference { series, reference, .. } => format!("{series} {reference}"),
        HoldScope::Subject { series, key } => words.fill(words.keeps_person, &[&format!("{series} {}", key.join(" "))]),
        HoldScope::Series { series } => words.fill(words.keeps_series, &[series.as_str()]),
        HoldScope::Rule { rule } => words.fill(words.keeps_rule, &[rule.as_str()]),
        HoldScope::Where { series, expression, .. } => words.fill(words.keeps_where, &[series.as_str(), expression]),
    }
}

/// A hold was placed or lifted; it holds, or no longer holds, from this line on.
#[derive(Clone, Debug, Default, Serialize)]
pub struct HoldDone {
    pub hold: String,
    /// `placed` or `lifted`.
    pub action: String,
    /// As of [`HoldLine`], of a hold that was placed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub scope: String,
    /// What it keeps.
    pub of: String,
    #[serde(skip)]
    pub series: Option<String>,
    /// Whether such a record is in the database now; absent where that was not looked at or cannot be told.
    pub present: Option<bool>,
    /// How many records that is now, by series; absent likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keeps: Option<Reach>,
    /// Of a hold by reference: how many records bore it when it was placed. These it keeps by their keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by_key: Option<u64>,
    /// What the log says of the record that it names, where that is not in the database and the log knows it.
    #[serde(rename = "lookup", skip_serializing_if = "Option::is_none")]
    pub found: Option<Found>,
    /// `example` or `elsewhere`: why the rule that it names disposes of nothing here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unobeyed: Option<String>,
    /// Series in which the people among these records have others, which this hold does not reach.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub spares: Vec<String>,
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
        text += &self.reach_text(words);
        match self.by_key {
            Some(0) => text += &paragraph("", "  ", words.hold_while_cited),
            Some(records) => text += &paragraph("", "  ", &words.fill(words.hold_by_key, &[&count(records, words)])),
            None => {}
        }
        match self.unobeyed.as_deref() {
            Some("example") => text += &paragraph("", "  ", words.hold_on_example),
            Some(_) => text += &paragraph("", "  ", words.hold_on_elsewhere),
            None => {}
        }
        if let (false, Some(series)) = (self.spares.is_empty(), &self.series) {
            text += &paragraph("", "  ", &words.fill(words.hold_spares_others, &[series, &self.spares.join(", ")]));
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

impl HoldDone {
    /// How much it keeps now; of what it came too late for, what the log says.
    fn reach_text(&self, words: &Words) -> String {
        let Some(reach) = &self.keeps else { return String::new() };
        let mut text = match (self.present == Some(true), &self.found) {
            (true, _) if is_counted(&self.scope) => {
                paragraph("", "  ", &words.fill(words.hold_keeps_now, &[&listed(reach, words)]))
            }
            (true, _) => String::new(),
            (false, Some(_)) => paragraph("", "  ", words.hold_on_gone),
            (false, None) => paragraph("", "  ", words.hold_on_none),
        };
        if let Some(found) = &self.found {
            let meaning = lookup::meaning(found, words);
            text += &paragraph("", "  ", &format!("{}{}{meaning}", words.explain.in_the_log, words.colon));
            text += &lookup::mentions(found, words);
        }
        text
    }
}
