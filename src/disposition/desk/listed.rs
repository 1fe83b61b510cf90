//! What approvals say of one record: is it on a list that waits for its execution, and does the approval cover it
//! there?

use super::{DeskError, PlanState, SharedDesk};
use crate::disposition::approval::Decision;
use crate::disposition::holds::key_text;
use crate::disposition::plan::{Plan, PlanDirs};
use crate::disposition::request::{Covered, NamedRecord, RecordApproval};
use crate::model::{Fingerprint, Instant, RuleNumber};

/// Every approved plan, not yet executed, that lists the record.
///
/// The lists are read without the Desk, so that nobody waits for them.
///
/// # Errors
/// The log or the private database cannot be read.
pub(in crate::disposition) fn approvals_of(
    desk: &SharedDesk,
    record: &NamedRecord,
    now: Instant,
) -> Result<Vec<RecordApproval>, DeskError> {
    let dirs = PlanDirs::of(&desk.install().state);
    let plans = desk.lock()?.plan_list(now)?;
    let mut approvals = Vec::new();
    for status in plans {
        let (PlanState::Approved | PlanState::Started, Some(decision)) = (status.state, status.decision) else {
            continue;
        };
        // A list that cannot be read is not executed either.
        let Ok(plan) = dirs.open(&status.plan) else { continue };
        let Some((fingerprint, rule)) = find(&plan, record)? else { continue };
        let is_excepted = desk.lock()?.store.is_excepted(&status.plan, &fingerprint)?;
        let covered = covered(&decision, &rule, is_excepted);
        approvals.push(RecordApproval { plan: status.plan, actor: decision.actor, at: decision.at, covered });
    }
    Ok(approvals)
}

fn covered(decision: &Decision, rule: &RuleNumber, is_excepted: bool) -> Covered {
    if is_excepted {
        Covered::Excepted
    } else if decision.only.is_empty() || decision.only.contains(rule) {
        Covered::Listed
    } else {
        Covered::OtherRule
    }
}

/// The record's fingerprint and rule on the list of a plan.
fn find(plan: &Plan, record: &NamedRecord) -> Result<Option<(Fingerprint, RuleNumber)>, DeskError> {
    let manifest = plan.manifest();
    let Some(series) = manifest.series.iter().position(|series| series.series == record.series) else {
        return Ok(None);
    };
    let mut found = None;
    plan.body().visit(&mut |item| {
        if item.series == series && key_text(&item.key) == record.key {
            let rule = manifest.rules.get(item.rule).map(|planned| planned.rule.clone());
            found = rule.map(|rule| (item.fingerprint, rule));
        }
    })?;
    Ok(found)
}
