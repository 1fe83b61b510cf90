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

/// No level: a copy may stand in a table that nobody read.
const NO_LEVEL: &str = "none";

/// How a run went.
pub(super) struct Ended<'a> {
    pub run: RunId,
    pub started: Instant,
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
    if counts.destroyed + counts.anonymized > 0 {
        let sources: BTreeSet<&SourceName> = plan.manifest().series.iter().map(|series| &series.source).collect();
        for source in sources.into_iter().filter(|source| !tally.copied_in.contains(source)) {
            let sanitized = Sanitized {
                run: ended.run.clone(),
                source: source.clone(),
                level: LEVEL.to_owned(),
                method: "absence read back by key after each commit".to_owned(),
            };
            desk.log().append(Body::Sanitized(sanitized), ended.now)?;
        }
    }
    let is_done = ended.finished && counts.deferred == 0;
    let run = Run {
        run: ended.run.clone(),
        plan: plan.id().clone(),
        started: ended.started.timestamp(),
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
    }
    Ok(Statement {
        run: ended.run,
        plan: plan.id().clone(),
        counts,
        rows: tally.rows,
        detached: tally.detached,
        triggered: tally.triggered,
        files: tally.files,
        bytes: tally.bytes,
        level: if tally.copied_in.is_empty() { LEVEL } else { NO_LEVEL }.to_owned(),
        finished: is_done,
        reasons: tally.reasons,
    })
}
