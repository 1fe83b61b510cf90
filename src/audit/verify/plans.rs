//! Plans as people decided on them: named after what was decided, approved with every rail named, or rejected.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use chrono::Datelike;

use super::findings::Findings;
use super::flaw::Flaw;
use super::words;
use crate::audit::leaf::{Approval, GovernedBy, Intent, Refused, Rejection, VerdictCounts};
use crate::model::{CivilDate, Digest, PlanId, RuleNumber, SeriesName};

/// How far ahead of UTC, in seconds, a civil day can begin.
const EARLIEST_ZONE: i64 = 14 * 3_600;

/// Longest time, in seconds, between the making of a plan and its approval, and between that and the beginning of a
/// run: a fortnight, and a day for clocks.
const STANDS: i64 = 15 * 86_400;

/// Decisions on plans so far.
#[derive(Debug, Default)]
pub(super) struct Plans {
    decided: BTreeMap<PlanId, Decided>,
    /// What the last approval of each series bound it to, and of which plan. A rejection of that plan takes it back.
    governed: BTreeMap<SeriesName, (PlanId, GovernedBy)>,
}

#[derive(Debug)]
struct Decided {
    /// What the first decision named: another list under the same name would be another plan.
    digest: Digest,
    /// The last approval counts.
    approved: Option<Approved>,
    /// A rejection came last.
    is_rejected: bool,
}

#[derive(Debug)]
struct Approved {
    at: i64,
    /// A person answered for the clock since: times before and after cannot be compared.
    is_before_clock: bool,
    only: Vec<RuleNumber>,
    excepted: u64,
    governed: BTreeMap<SeriesName, GovernedBy>,
}

impl Plans {
    /// Takes up an approval.
    pub fn read_approval(&mut self, index: u64, at: i64, approval: &Approval, findings: &mut Findings) {
        check_name(index, at, &approval.plan, &approval.digest, findings);
        if approval.accepted.iter().any(|rail| !words::RAILS.contains(&rail.as_str())) {
            findings.at(index, Flaw::UnknownWord { field: "accepted" });
        }
        for (series, governed) in &approval.governed {
            let before = self.governed.insert(series.clone(), (approval.plan.clone(), governed.clone()));
            let before = before.map(|(_, governed)| governed);
            let are_new = before.as_ref().is_none_or(|before| before.rules != governed.rules);
            let is_new = before.is_some_and(|before| before.mapping != governed.mapping);
            for (_, rail) in [(are_new, "rules"), (is_new, "mapping")].into_iter().filter(|(is_tripped, _)| *is_tripped)
            {
                if !approval.accepted.iter().any(|accepted| accepted == rail) {
                    let (plan, series) = (approval.plan.clone(), series.clone());
                    findings.at(index, Flaw::RailNotNamed { plan, rail, series });
                }
            }
        }
        let Approval { plan, digest, actor: _, only, excepted, accepted: _, governed } = approval.clone();
        let decided = self.decide(index, plan, digest, findings);
        (decided.approved, decided.is_rejected) =
            (Some(Approved { at, is_before_clock: false, only, excepted, governed }), false);
    }

    /// Takes up a rejection.
    pub fn read_rejection(&mut self, index: u64, at: i64, rejection: &Rejection, findings: &mut Findings) {
        check_name(index, at, &rejection.plan, &rejection.digest, findings);
        self.governed.retain(|_, (plan, _)| *plan != rejection.plan);
        self.decide(index, rejection.plan.clone(), rejection.digest, findings).is_rejected = true;
    }

    /// What was decided on a plan so far; all decisions on it name one digest.
    fn decide(&mut self, index: u64, plan: PlanId, digest: Digest, findings: &mut Findings) -> &mut Decided {
        let name = plan.clone();
        let decided = self.decided.entry(plan).or_insert(Decided { digest, approved: None, is_rejected: false });
        if decided.digest != digest {
            findings.at(index, Flaw::PlanDigest { plan: name });
        }
        decided
    }

    /// Whether an intent's plan, rule and series were approved before it; and what the approval bound the series to.
    pub fn judge(&self, index: u64, intent: &Intent, findings: &mut Findings) -> Option<&GovernedBy> {
        let plan = || intent.plan.clone();
        let decided = self.decided.get(&intent.plan);
        if decided.is_some_and(|decided| decided.is_rejected) {
            findings.at(index, Flaw::Rejected { plan: plan() });
            return None;
        }
        let Some(approved) = decided.and_then(|decided| decided.approved.as_ref()) else {
            findings.at(index, Flaw::NotApproved { plan: plan() });
            return None;
        };
        if !approved.covers(&intent.rule) {
            findings.at(index, Flaw::RuleNotApproved { plan: plan(), rule: intent.rule.clone() });
        }
        let governed = approved.governed.get(&intent.series);
        if governed.is_none() {
            findings.at(index, Flaw::SeriesNotApproved { plan: plan(), series: intent.series.clone() });
        }
        governed
    }

    /// Whether a plan of this name can have been made in this year (of UTC): on its day, on the day before (its day is
    /// a civil one), or later, where it was made for a day gone by; and no longer before its approval than a plan
    /// stands.
    pub fn can_be_of(&self, plan: &PlanId, year: i32) -> bool {
        let day = plan.as_str().rsplit_once('-').and_then(|(day, _)| day.parse::<CivilDate>().ok());
        let Some(named) = day.and_then(|day| day.pred_opt()) else { return false };
        let approved = self.approved_at(plan).and_then(|at| chrono::DateTime::from_timestamp(at - STANDS, 0));
        named.year().max(approved.map_or(i32::MIN, |made| made.year())) <= year
    }

    /// A run of a plan that began at this time (seconds since 1970) began while the plan's approval stood.
    pub fn check_age(&self, index: u64, began: i64, plan: &PlanId, findings: &mut Findings) {
        let approved = self.decided.get(plan).and_then(|decided| decided.approved.as_ref());
        let approved = approved.filter(|approved| !approved.is_before_clock);
        if approved.is_some_and(|approved| began > approved.at.saturating_add(STANDS)) {
            findings.at(index, Flaw::ApprovalOld { plan: plan.clone() });
        }
    }

    /// A person answered for a clock that had been wrong.
    pub fn clock_answered(&mut self) {
        for approved in self.decided.values_mut().filter_map(|decided| decided.approved.as_mut()) {
            approved.is_before_clock = true;
        }
    }

    /// When a plan was approved (seconds since 1970).
    pub fn approved_at(&self, plan: &PlanId) -> Option<i64> {
        Some(self.decided.get(plan)?.approved.as_ref()?.at)
    }

    /// How many records all runs of a plan together may state as planned, after what it found due; `None` where it was
    /// not approved.
    pub fn planned(&self, plan: &PlanId, found: &BTreeMap<RuleNumber, VerdictCounts>) -> Option<RangeInclusive<u64>> {
        let approved = self.decided.get(plan)?.approved.as_ref()?;
        let due = found.iter().filter(|(rule, _)| approved.covers(rule));
        let due = due.fold(0_u64, |sum, (_, verdicts)| sum.saturating_add(verdicts.due));
        let least = due.saturating_sub(approved.excepted);
        // Records may have been excepted of rules that were left out, too.
        Some(if approved.only.is_empty() { least..=least } else { least..=due })
    }
}

impl Approved {
    fn covers(&self, rule: &RuleNumber) -> bool {
        self.only.is_empty() || self.only.contains(rule)
    }
}

/// A plan's name is the day for which it was made, and the beginning of its digest; one for a day to come is never
/// decided on.
fn check_name(index: u64, at: i64, plan: &PlanId, digest: &Digest, findings: &mut Findings) {
    let today = chrono::DateTime::from_timestamp(at.saturating_add(EARLIEST_ZONE), 0).map(|now| now.date_naive());
    let day = parts(plan).filter(|(_, digits)| *digits == &digest.to_string()[..8]).map(|(day, _)| day);
    if day.zip(today).is_none_or(|(day, today)| day > today) {
        findings.at(index, Flaw::PlanName { plan: plan.clone() });
    }
}

/// The day and the digits of a plan's name; `None` for what can be the name of no plan.
fn parts(plan: &PlanId) -> Option<(CivilDate, &str)> {
    let (text, digits) = plan.as_str().rsplit_once('-')?;
    // Parsed dates may lack zeros, or bear a sign; a name does not.
    let is_plain = |day: &CivilDate| day.to_string() == text && (1..=9_999).contains(&day.year());
    let is_hex = digits.len() == 8 && digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    text.parse().ok().filter(is_plain).filter(|_| is_hex).map(|day| (day, digits))
}

/// A refusal has no text of anybody's choosing but the name of who was refused.
pub(super) fn judge_refused(index: u64, refused: &Refused, findings: &mut Findings) {
    let is_code = |reason: &String| {
        reason.split('-').all(|word| !word.is_empty() && word.bytes().all(|letter| letter.is_ascii_lowercase()))
    };
    if refused.plan.as_ref().is_some_and(|plan| parts(plan).is_none()) || !refused.reasons.iter().all(is_code) {
        findings.at(index, Flaw::Refused);
    }
}
