//! The list of plans, and where each stands.

use serde::Serialize;
use serde_json::Value;

use super::table::{Table, count};
use super::{Report, Words, to_value};

/// Every plan that is kept.
#[derive(Clone, Debug, Serialize)]
pub struct PlansReport {
    pub plans: Vec<PlanLine>,
}

/// One plan.
#[derive(Clone, Debug, Serialize)]
pub struct PlanLine {
    pub plan: String,
    /// RFC 3339, UTC; absent where the manifest cannot be read.
    pub made_at: Option<String>,
    /// `pending`, `approved`, `rejected`, `executed`, `expired`, `simulation`, `interrupted` or `unreadable`.
    pub state: String,
    pub planned: u64,
    pub rails: Vec<String>,
    /// Who approved or rejected it.
    pub by: Option<String>,
    /// Why it was rejected, or what is wrong with it.
    pub note: Option<String>,
}

impl Report for PlansReport {
    fn text(&self, words: &Words) -> String {
        if self.plans.is_empty() {
            return format!("{}\n", words.no_plan);
        }
        let mut table = Table::new([words.plan, words.made, words.state, words.planned, words.rails, words.by]);
        table = table.numbers([3]);
        for plan in &self.plans {
            table.row([
                plan.plan.clone(),
                plan.made_at.clone().unwrap_or_default(),
                plan.state.clone(),
                count(plan.planned, words),
                plan.rails.join(","),
                plan.by.clone().unwrap_or_default(),
            ]);
        }
        let mut text = table.text();
        for plan in &self.plans {
            if let Some(note) = &plan.note {
                text += &format!("  {}: {note}\n", plan.plan);
            }
        }
        text
    }

    fn json(&self) -> Value {
        to_value(self)
    }
}
