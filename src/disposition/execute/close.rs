//! The end of a run: the level that was verified, the statement that adds up, and what is no longer needed goes.

use std::collections::BTreeSet;

use super::denied;
use super::error::ExecuteError;
use super::fault;
use super::statement::{Statement, Tally};
use crate::audit::leaf::{Action, Body, Run, Sanitized};
use crate::disposition::ApprovedPlan;
use crate::disposition::desk::Desk;
use crate::model::{Actor, Instant, RunId, SourceName};

/// The level that reading the tables back verifies: the rows are gone for every query. Pages, indexes and logs were not
/// read.
const LEVEL: &str = "logical";

/// No level: a copy may stand in a table that nobody read, or nothing went.
pub(super) const NO_LEVEL: &str = "none";

/// How a run went.
pub(super) struct Ended<'a> {
    pub run: RunId,
    /// By the time that entries bear.
    pub began: Instant,
    pub now: Instant,
    /// Whether it went through its plan.
    pub finished: bool,
    pub actor: &'a Actor,
}

/// Logs the end of a run, durably, publishes it, and erases the plan's list once nothing of it is left to do.
pub(super) fn close(
    desk: &mut Desk,
    plan: &ApprovedPlan,
    tally: Tally,
    ended: Ended<'_>,
) -> Result<Statement, ExecuteError> {
    let is_done = ended.finished && tally.counts.deferred == 0;
    for sanitized in sanitized(&tally, &ended.run) {
        desk.log().append(Body::Sanitized(sanitized), ended.now)?;
    }
    desk.log().append(Body::Run(run(plan, &tally, &ended, is_done)), ended.now)?;
    fault::step("run-appended")?;
    desk.log().sync()?;
    fault::step("run-durable")?;
    desk.log().publish()?;
    fault::step("published")?;
    denied::forget(desk)?;
    if is_done {
        desk.forget(plan.id())?;
        desk.forget_stayed(plan.manifest().rules.iter().map(|rule| &rule.rule), plan.id())?;
    }
    let mut reasons = tally.reasons;
    for (reason, files) in tally.late.reasons {
        *reasons.entry(reason).or_default() += files;
    }
    Ok(Statement {
        run: ended.run,
        plan: plan.id().clone(),
        counts: tally.counts,
        interrupted: tally.interrupted,
        rows: tally.rows,
        detached: tally.detached,
        triggered: tally.triggered,
        files: tally.files,
        bytes: tally.bytes,
        missing: tally.missing,
        late: tally.late.gone,
        left: tally.late.left,
        level: level(&tally.disposed_in.into_keys().collect(), &tally.copied_in).to_owned(),
        finished: is_done,
        reasons,
    })
}

/// What was verified, for each source of which something went and nothing may have been copied.
fn sanitized(tally: &Tally, run: &RunId) -> Vec<Sanitized> {
    let sources = tally.disposed_in.iter().filter(|(source, _)| !tally.copied_in.contains(*source));
    let sanitized = |(source, actions): (&SourceName, &BTreeSet<Action>)| Sanitized {
        run: run.clone(),
        source: source.clone(),
        level: LEVEL.to_owned(),
        method: format!("{} read back by key after each commit", read_back(actions)),
    };
    sources.map(sanitized).collect()
}

/// What was read back where records went in these ways.
fn read_back(actions: &BTreeSet<Action>) -> &'static str {
    match (actions.contains(&Action::Destroy), actions.contains(&Action::Anonymize)) {
        (true, true) => "absence and masks",
        (false, true) => "masks",
        _ => "absence",
    }
}

/// The run's statement as the log keeps it.
fn run(plan: &ApprovedPlan, tally: &Tally, ended: &Ended<'_>, is_done: bool) -> Run {
    Run {
        run: ended.run.clone(),
        plan: plan.id().clone(),
        started: ended.began.timestamp(),
        actor: ended.actor.clone(),
        finished: is_done,
        counts: tally.counts,
        rows: tally.rows,
        detached: tally.detached,
        triggered: tally.triggered,
        files: tally.files,
        bytes: tally.bytes,
        verdicts: plan.manifest().rules.iter().map(|rule| (rule.rule.clone(), rule.counts)).collect(),
        more: false,
    }
}

/// The level that holds in every source of which something went.
fn level(disposed_in: &BTreeSet<SourceName>, copied_in: &BTreeSet<SourceName>) -> &'static str {
    let holds = !disposed_in.is_empty() && disposed_in.is_disjoint(copied_in);
    if holds { LEVEL } else { NO_LEVEL }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_holds_where_something_went_and_no_trigger_may_have_copied_it() {
        let sources = |names: &[&str]| names.iter().map(|name| SourceName::from(*name)).collect::<BTreeSet<_>>();
        assert_eq!(level(&sources(&["one"]), &sources(&[])), LEVEL);
        assert_eq!(level(&sources(&["one"]), &sources(&["two"])), LEVEL, "nothing went from the other");
        assert_eq!(level(&sources(&["one", "two"]), &sources(&["two"])), NO_LEVEL);
        assert_eq!(level(&sources(&[]), &sources(&[])), NO_LEVEL, "nothing went");
    }
}
