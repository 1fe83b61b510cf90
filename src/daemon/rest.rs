//! What an execution left although it was to go: an alert about each rule of which something stays, until a later run
//! leaves nothing of it.

use std::cmp::Reverse;

use super::alerts::kind;
use super::runner::Runner;
use crate::disposition::ApprovedPlan;
use crate::disposition::execute::Statement;
use crate::model::{Instant, RuleNumber};

impl Runner {
    /// Raises an alert about the rules of which the run put records off or failed, or ends those about rules of which
    /// it left none.
    ///
    /// About rules and not the plan: an executed plan never runs again, and what it left comes back in others.
    pub(super) fn tell_of_rest(&self, approved: &ApprovedPlan, statement: &Statement, now: Instant) {
        let rules = approved.rules();
        match rest_in_words(statement) {
            None => rules.iter().for_each(|rule| self.board.clear(kind::RUN_PARTIAL, rule.as_str())),
            Some(rest) => {
                for rule in self.still_due(rules) {
                    self.board.raise(kind::RUN_PARTIAL, rule.as_str(), format!("rule {rule}, {rest}"), now);
                }
            }
        }
    }

    /// Those of which records are past their term after the run; all, where the counts do not know of any.
    fn still_due(&self, rules: Vec<RuleNumber>) -> Vec<RuleNumber> {
        let shown = self.board.show();
        let is_due = |rule: &RuleNumber| {
            shown.counts.as_ref().and_then(|counts| counts.overdue.get(rule)).is_some_and(|of| of.records > 0)
        };
        if rules.iter().any(is_due) { rules.into_iter().filter(is_due).collect() } else { rules }
    }
}

/// Why records or files stay, and how many: the reason of most first. They never say which.
pub(super) fn reasons(statement: &Statement) -> Vec<(&str, u64)> {
    let mut reasons: Vec<_> = statement.reasons.iter().map(|(reason, number)| (reason.as_str(), *number)).collect();
    reasons.sort_by_key(|(_, number)| Reverse(*number));
    reasons
}

/// What a run left, why most of it, and where to ask; `None` where it left nothing. Of files that are left another
/// alert tells.
fn rest_in_words(statement: &Statement) -> Option<String> {
    let (deferred, failed) = (statement.counts.deferred, statement.counts.failed + statement.interrupted.counts.failed);
    let mut what = Vec::new();
    if deferred > 0 {
        what.push(format!("records put off, to be tried again: {deferred}"));
    }
    if failed > 0 {
        what.push(format!("records that could not be destroyed: {failed}"));
    }
    if what.is_empty() {
        return None;
    }
    let why = reasons(statement).first().map(|(reason, _)| format!(" ({reason})")).unwrap_or_default();
    Some(format!(
        "plan {}: {}{why}; `retentiond explain SERIES KEY` says why a record stays",
        statement.plan,
        what.join(", ")
    ))
}
