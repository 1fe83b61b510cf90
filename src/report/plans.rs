//! The list of plans, and where each stands.

use serde::Serialize;
use serde_json::Value;

use super::rails::{TrippedRail, names};
use super::table::{Table, count, paragraph};
use super::{PROGRAM, Report, Words, to_value};
use crate::disposition::approval::Decision;
use crate::disposition::desk::PlanState;
use crate::disposition::request::PlanStatus;
use crate::model::{RuleNumber, in_utc};

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
    /// `pending`, `empty`, `approved`, `rejected`, `started`, `executed`, `expired`, `simulation` or `altered`.
    pub state: String,
    /// Records on its list.
    pub planned: u64,
    /// Sources that could not be read when it was made: it lists nothing of theirs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
    /// The one rule that was asked for: what is due under others of the same series is counted, and not listed.
    pub lists_only: Option<String>,
    /// Of these, those that were approved; absent where nobody approved it.
    pub approved: Option<u64>,
    /// The rules approved, where not all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
    /// Records that the approval leaves out.
    pub excepted: u64,
    pub rails: Vec<String>,
    /// Who approved or rejected it.
    pub by: Option<String>,
    /// Why it was rejected, or what is wrong with it.
    pub note: Option<String>,
}

impl From<&PlanStatus> for PlanLine {
    fn from(status: &PlanStatus) -> Self {
        let tripped: Vec<_> = status.rails.iter().map(TrippedRail::from).collect();
        let state = match status.state {
            PlanState::Simulation => "simulation",
            PlanState::Pending => "pending",
            PlanState::Empty => "empty",
            PlanState::Expired => "expired",
            PlanState::Approved => "approved",
            PlanState::Rejected => "rejected",
            PlanState::Started => "started",
            PlanState::Executed => "executed",
            PlanState::Altered => "altered",
        };
        let reason = status.decision.as_ref().and_then(|decision| decision.reason.clone());
        let granted = status.decision.as_ref().filter(|decision| decision.granted);
        Self {
            plan: status.plan.to_string(),
            made_at: status.made_at.map(in_utc),
            state: state.to_owned(),
            planned: status.planned.values().sum(),
            unread: status.unread.iter().map(ToString::to_string).collect(),
            lists_only: status.lists_only.as_ref().map(ToString::to_string),
            approved: granted.map(|decision| approved(status, decision)),
            only: granted.iter().flat_map(|decision| &decision.only).map(ToString::to_string).collect(),
            excepted: granted.map_or(0, |decision| decision.excepted),
            rails: names(&tripped),
            by: status.decision.as_ref().map(|decision| decision.actor.to_string()),
            note: status.fault.clone().or(reason),
        }
    }
}

/// How many records of a plan a person approved: what was left out is of the rules that were approved.
fn approved(status: &PlanStatus, decision: &Decision) -> u64 {
    let is_approved = |rule: &RuleNumber| decision.only.is_empty() || decision.only.contains(rule);
    let planned = status.planned.iter().filter(|(rule, _)| is_approved(rule)).map(|(_, records)| records);
    planned.sum::<u64>().saturating_sub(decision.excepted)
}

/// A plan was approved.
#[derive(Clone, Debug, Serialize)]
pub struct Approved {
    pub plan: String,
    pub digest: String,
    pub by: String,
    /// RFC 3339, UTC.
    pub at: String,
    /// Rails lifted.
    pub accepted: Vec<String>,
    /// The rules approved; empty: all.
    pub only: Vec<String>,
    /// Records left out.
    pub excepted: u64,
    /// What mappings of this installation mean and hardly can: dates that go before their records; and what goes along
    /// although its rule was left out.
    pub warnings: Vec<String>,
    /// Who executes it.
    #[serde(flatten)]
    pub executes: Executes,
    /// What the reader types before a subcommand.
    #[serde(skip)]
    pub program: String,
}

/// Who executes an approved plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "executes", rename_all = "snake_case")]
pub enum Executes {
    /// A person, by `apply`.
    Apply,
    /// The daemon, within a minute, or as soon as what it waits for is over.
    Daemon { waits: Option<String> },
}

impl From<&Decision> for Approved {
    fn from(decision: &Decision) -> Self {
        Self {
            plan: decision.plan.to_string(),
            digest: decision.digest.to_string(),
            by: decision.actor.to_string(),
            at: in_utc(decision.at),
            accepted: decision.accepted.iter().map(ToString::to_string).collect(),
            only: decision.only.iter().map(ToString::to_string).collect(),
            excepted: decision.excepted,
            warnings: Vec::new(),
            executes: Executes::Apply,
            program: PROGRAM.to_owned(),
        }
    }
}

impl Report for Approved {
    fn text(&self, words: &Words) -> String {
        let mut text = paragraph("", "", &words.fill(words.planning.approved, &[&self.plan, &self.by, &self.at]));
        if !self.accepted.is_empty() {
            text += &paragraph("", "", &words.fill(words.planning.approved_rails, &[&self.accepted.join(", ")]));
        }
        if !self.only.is_empty() {
            text += &paragraph("", "", &words.fill(words.planning.approved_only, &[&self.only.join(", ")]));
        }
        if self.excepted > 0 {
            text += &paragraph("", "", &words.fill(words.planning.approved_except, &[&count(self.excepted, words)]));
        }
        text += &self.warnings.iter().map(|warning| paragraph("", "  ", warning)).collect::<String>();
        let command = |subcommand: &str| format!("{} {subcommand}", self.program);
        let reject = command(&format!("reject {} --reason …", self.plan));
        let pause = command("ctl pause --reason …");
        let hint = match &self.executes {
            Executes::Apply => words.fill(words.planning.apply_hint, &[&command(&format!("apply {}", self.plan))]),
            Executes::Daemon { waits: None } => words.fill(words.planning.daemon_hint, &[&reject, &pause]),
            Executes::Daemon { waits: Some(waits) } => {
                words.fill(words.planning.daemon_waits_hint, &[waits, &reject, &pause])
            }
        };
        text + &format!("{hint}\n")
    }

    fn json(&self) -> Value {
        to_value(self)
    }
}

/// A plan was rejected.
#[derive(Clone, Debug, Serialize)]
pub struct Rejected {
    pub plan: String,
}

impl Report for Rejected {
    fn text(&self, words: &Words) -> String {
        paragraph("", "", &words.fill(words.planning.rejected, &[&self.plan]))
    }

    fn json(&self) -> Value {
        to_value(self)
    }
}

impl Report for PlansReport {
    fn text(&self, words: &Words) -> String {
        if self.plans.is_empty() {
            return format!("{}\n", words.planning.no_plan);
        }
        let mut table = Table::new([words.plan, words.made, words.state, words.planned, words.rails, words.by]);
        table = table.numbers([3]);
        for plan in &self.plans {
            table.row([
                plan.plan.clone(),
                plan.made_at.as_deref().map(minute).unwrap_or_default(),
                words.plan_state(&plan.state).to_owned(),
                plan.planned_text(words),
                plan.rails.join("\n"),
                plan.by.clone().unwrap_or_default(),
            ]);
        }
        let mut text = table.text();
        for plan in &self.plans {
            for remark in plan.remarks(words) {
                text += &paragraph("  ", "    ", &format!("{}{}{remark}", plan.plan, words.colon));
            }
        }
        text
    }

    fn json(&self) -> Value {
        to_value(self)
    }
}

impl PlanLine {
    /// What the table has no column for: what could not be read, what an approval in part leaves out, why it was
    /// rejected, what is wrong with it.
    fn remarks(&self, words: &Words) -> Vec<String> {
        let unread =
            (!self.unread.is_empty()).then(|| words.fill(words.planning.plan_without, &[&self.unread.join(", ")]));
        let listed = self.lists_only.as_ref().map(|rule| words.fill(words.planning.plan_lists_only, &[rule]));
        let only = (!self.only.is_empty()).then(|| words.fill(words.planning.approved_only, &[&self.only.join(", ")]));
        let excepted =
            (self.excepted > 0).then(|| words.fill(words.planning.plan_excepted, &[&count(self.excepted, words)]));
        unread.into_iter().chain(listed).chain(only).chain(excepted).chain(self.note.clone()).collect()
    }

    /// The records on its list; where fewer were approved, how many of them.
    fn planned_text(&self, words: &Words) -> String {
        let planned = count(self.planned, words);
        match self.approved.filter(|approved| *approved < self.planned) {
            Some(approved) => words.fill(words.planning.part_of, &[&count(approved, words), &planned]),
            None => planned,
        }
    }
}

/// An instant to the minute: the list of plans stays within a page.
fn minute(at: &str) -> String {
    at.get(..16).map_or_else(|| at.to_owned(), |minute| format!("{minute}Z"))
}

#[cfg(test)]
mod tests;
