//! The end of a run: the level that was verified, the statement that adds up, and what is no longer needed goes.

use std::collections::BTreeSet;

use super::error::ExecuteError;
use super::fault;
use super::statement::{Statement, Tally};
use crate::audit::leaf::{Body, Run, Sanitized};
use crate::disposition::ApprovedPlan;
use crate::disposition::desk::Desk;
use crate::model::{Actor, Instant, RunId, SourceName};

/// The level that reading the tables back verifies: the rows are gone for every query. Pages, indexes and logs were not read.
const LEVEL: &str = "logical";

/// No level: a copy may stand in a table that nobody read, or nothing went.
const NO_LEVEL: &str = "none";

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
    let counts = tally.counts;
    for source in tally.disposed_in.difference(&tally.copied_in) {
        let sanitized = Sanitized {
            run: ended.run.clone(),
            source: source.clone(),
            level: LEVEL.to_owned(),
            method: "absence read back by key after each commit".to_owned(),
        };
        desk.log().append(Body::Sanitized(sanitized), ended.now)?;
    }
    let is_done = ended.finished && counts.deferred == 0;
    let run = Run {
        run: ended.run.clone(),
        plan: plan.id().clone(),
        started: ended.began.timestamp(),
        actor: ended.actor.clone(),
        finished: is_done,
        counts,
        rows: tally.rows,
        detached: tally.detached,
        triggered: tally.triggered,
        files: tally.files,
        bytes: tally.bytes,
        verdicts: plan.manifest().rules.iter().map(|rule| (rule.rule.clone(), rule.counts)).collect(),
    };
    desk.log().append(Body::Run(run), ended.now)?;
    fault::step("run-appended")?;
    desk.log().sync()?;
    fault::step("run-durable")?;
    desk.log().publish()?;
    fault::step("published")?;
    if is_done {
        desk.forget(plan.id())?;
        desk.forget_stayed(plan.manifest().rules.iter().map(|rule| &rule.rule), plan.id())?;
    }
    Ok(Statement {
        run: ended.run,
        plan: plan.id().clone(),
        counts,
        interrupted: tally.interrupted,
        rows: tally.rows,
        detached: tally.detached,
        triggered: tally.triggered,
        files: tally.files,
        bytes: tally.bytes,
        level: level(&tally.disposed_in, &tally.copied_in).to_owned(),
        finished: is_done,
        reasons: tally.reasons,
    })
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
