//! Executions: of plans approved by a person, or granted by the mode; resumed where they were interrupted.

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant as Monotonic};

use chrono::TimeDelta;

use super::alerts::kind;
use super::counts::Mark;
use super::executions::Execution;
use super::rest::reasons;
use super::runner::Runner;
use crate::config::Mode;
use crate::disposition::ApprovedPlan;
use crate::disposition::clock::Obstacle;
use crate::disposition::control::RUN;
use crate::disposition::desk::{DeskError, PlanState, approved_plan};
use crate::disposition::execute::{self, Conditions, ExecuteError, Holder, Progress, Statement};
use crate::disposition::request::{Refusal, RefusalKind};
use crate::model::{Actor, Instant, PlanId};

/// A chunk, a giant record's included, takes less.
const LONGEST_CHUNK: Duration = Duration::from_secs(1_800);

/// What was put off is tried again after this, then after twice as long.
const FIRST_RETRY: TimeDelta = TimeDelta::minutes(15);

/// But never later than this.
const LAST_RETRY: TimeDelta = TimeDelta::hours(6);

/// The log tells so many reasons of a run at most: some name a figure, and are as many as the records.
const TOLD_REASONS: usize = 20;

/// When an execution that did not come to its end is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    after: Instant,
    wait: TimeDelta,
}

impl Retry {
    fn next(before: Option<Self>, now: Instant) -> Self {
        let wait = before.map_or(FIRST_RETRY, |before| (before.wait * 2).min(LAST_RETRY));
        Self { after: now + wait, wait }
    }
}

impl Runner {
    /// Why nothing may be destroyed at this moment; `None` where it may.
    pub(super) fn why_not(&self) -> Option<Obstacle> {
        let (now, doubt) = self.watch.look();
        if self.stop.load(Ordering::Relaxed) {
            return Some(Obstacle::Ending);
        }
        Obstacle::look(self.brake.paused().is_some(), doubt, &self.schedule.windows, now)
    }

    /// Whether the daemon may destroy something by itself at this moment.
    pub(super) fn may_destroy(&self) -> bool {
        self.config.mode != Mode::Report && self.why_not().is_none()
    }

    /// Goes on with every approved plan, as far as the mode lets the daemon do so by itself.
    pub(super) fn resume(&mut self) {
        let may_go_on = self.config.mode != Mode::Report;
        let is_free = self.why_not().is_none();
        let now = self.watch.now();
        let is_retry = may_go_on && self.retries.values().any(|retry| retry.after <= now);
        let size = match self.desk.lock() {
            Ok(mut desk) => desk.log().size(),
            Err(error) => return self.trouble(&error, now),
        };
        // Manifests are not read every minute: only when something was put on record, a window opened or a retry is
        // due.
        let is_news = size != self.seen || !self.was_free || is_retry;
        (self.seen, self.was_free) = (size, is_free);
        if !is_news {
            return;
        }
        match self.pending_own().and_then(|_| self.open_plans()) {
            Ok(mut plans) if is_free && may_go_on => {
                plans.retain(|plan| self.retries.get(plan).is_none_or(|retry| retry.after <= now));
                plans.iter().for_each(|plan| drop(self.execute(plan)));
            }
            Ok(_) => {}
            Err(error) => self.trouble(&error, now),
        }
    }

    /// Approved plans that are not executed to their end. Alerts end about those that somebody decided on otherwise;
    /// about one that was given up, or expired before it could be executed, with the next scan of all rules.
    pub(super) fn open_plans(&mut self) -> Result<Vec<PlanId>, DeskError> {
        let mut plans = self.every_plan()?;
        plans.retain(|of| matches!(of.state, PlanState::Approved | PlanState::Started | PlanState::Expired));
        let names: Vec<&str> = plans.iter().map(|of| of.plan.as_str()).collect();
        self.board.show().alerts.keep_only(kind::RUN_FAILED, &names);
        plans.retain(|of| of.state != PlanState::Expired);
        let open: Vec<PlanId> = plans.into_iter().map(|of| of.plan).collect();
        self.retries.retain(|plan, _| open.contains(plan));
        Ok(open)
    }

    /// Executes a plan that somebody asked for over the socket, and shows them how it ends.
    pub(super) fn execute_for(&mut self, plan: &PlanId, actor: &Actor) {
        let began = Monotonic::now();
        let ended = match self.why_not() {
            Some(obstacle) => Err(obstacle.refusal()),
            None => self.attempt(plan, actor, began).map_err(|error| {
                let refusal = error.refusal();
                // A refusal answers who asked: no run failed, and a plan approved in a minute does not wait for a
                // retry.
                if !matches!(refusal.kind, RefusalKind::Refused | RefusalKind::Usage) {
                    self.note_failure(plan, &error, began);
                }
                refusal
            }),
        };
        self.board.show().executions.set(plan, Execution::Ended(Box::new(ended)));
        self.look_around();
        self.count_anew();
    }

    /// Executes a plan on the daemon's own account, and says in a few words how it ended: whatever keeps it from that,
    /// an alert must say, since nobody asked.
    pub(super) fn execute(&mut self, plan: &PlanId) -> String {
        let began = Monotonic::now();
        let actor = self.actor.clone();
        let result = self.attempt(plan, &actor, began);
        if let Err(error) = &result {
            self.give_up_or_put_off(plan, error, began);
        }
        in_words(&result)
    }

    /// Executes an approved plan, or goes on with it, until it is done or something stands in the way; then the chunk
    /// at hand is the last.
    fn attempt(&mut self, plan: &PlanId, actor: &Actor, began: Monotonic) -> Result<Statement, ExecuteError> {
        self.board.doing(format!("executing plan {plan}"));
        self.pulse.running(LONGEST_CHUNK);
        // What cannot be approved begins no run.
        let approved = match approved_plan(&self.desk, plan, actor, self.watch.now()) {
            Ok(approved) => approved,
            Err(refused) => {
                for (reason, files) in execute::settle_begun(&self.desk, plan, self.watch.now())?.late.reasons {
                    tracing::warn!(%plan, files, reason, "files are left that should be gone");
                }
                return execute::apply_left(&self.desk, plan, refused, self.watch.now());
            }
        };
        let mark = RefCell::new(Mark::at(self.desk.lock()?.log().size()));
        let was_closed = Cell::new(false);
        let begun = self.begin(RUN)?;
        let result = self.go_through(&approved, actor, &was_closed, &mark);
        let now = self.watch.now();
        self.end(RUN, begun, &format!("plan {plan}: {}", in_words(&result)));
        if let Err(error) =
            self.count_disposed(&mark).and_then(|()| self.follow_runs()).and_then(|()| self.pending_own().map(drop))
        {
            self.trouble(&error, now);
        }
        if let Ok(statement) = &result {
            self.note_end(&approved, statement, was_closed.get(), began.elapsed().as_secs_f64(), now);
        }
        result
    }

    pub(super) fn note_failure(&mut self, plan: &PlanId, error: &ExecuteError, began: Monotonic) {
        let now = self.watch.now();
        self.metrics.run_ended("failed", began.elapsed().as_secs_f64(), now);
        let message = format!("the execution of plan {plan} failed: {}", error.refusal().message);
        self.board.raise(kind::RUN_FAILED, plan.as_str(), message, now);
        self.put_off(plan, now);
    }

    fn go_through(
        &self,
        approved: &ApprovedPlan,
        actor: &Actor,
        was_closed: &Cell<bool>,
        mark: &RefCell<Mark>,
    ) -> Result<Statement, ExecuteError> {
        let plan = &approved.decision().plan;
        let stop = AtomicBool::new(false);
        let clock = || {
            if self.why_not().is_some() {
                was_closed.set(true);
                stop.store(true, Ordering::Relaxed);
            }
            self.watch.now()
        };
        let mut progress = |progress: Progress| {
            self.pulse.running(LONGEST_CHUNK);
            tracing::debug!(%plan, done = progress.done, pause = ?progress.pause, "a chunk is done");
            self.board.show().executions.set(plan, Execution::Running(progress));
            self.show_figures_of_run(mark);
            // Also after the chunk, so that the next one does not begin.
            clock();
        };
        let kept_waiting =
            |holder: Holder| tracing::info!(%plan, "another program {}: the run waits for its turn", holder.activity());
        let mut conditions =
            Conditions { actor, clock: &clock, stop: &stop, progress: &mut progress, kept_waiting: &kept_waiting };
        execute::apply(&self.desk, approved, &mut conditions)
    }

    fn note_end(
        &mut self,
        approved: &ApprovedPlan,
        statement: &Statement,
        was_closed: bool,
        seconds: f64,
        now: Instant,
    ) {
        let (plan, counts) = (approved.id(), statement.counts);
        tracing::info!(
            run = %statement.run, %plan, planned = counts.planned, destroyed = counts.destroyed,
            anonymized = counts.anonymized, held = counts.held, blocked = counts.blocked, drifted = counts.drifted,
            deferred = counts.deferred, incomplete = counts.incomplete, failed = counts.failed, seconds,
            "the run ended"
        );
        for (reason, number) in reasons(statement).into_iter().take(TOLD_REASONS) {
            tracing::warn!(run = %statement.run, number, "records or files stay: {reason}");
        }
        self.board.clear(kind::RUN_FAILED, plan.as_str());
        let outcome = if statement.finished { "finished" } else { "stopped" };
        let is_partial = statement.is_partial();
        self.metrics.run_ended(if is_partial && statement.finished { "partial" } else { outcome }, seconds, now);
        // Whom a window or a signal stopped, goes on by itself.
        if !was_closed {
            self.tell_of_rest(approved, statement, now);
        }
        if statement.finished {
            self.retries.remove(plan);
        } else if !was_closed {
            self.put_off(plan, now);
        }
    }

    /// Forgets retries that are further off than any is put.
    pub(super) fn forget_retries_to_come(&mut self, now: Instant) {
        self.retries.retain(|_, retry| retry.after - now <= LAST_RETRY);
    }

    fn put_off(&mut self, plan: &PlanId, now: Instant) {
        let retry = Retry::next(self.retries.get(plan).copied(), now);
        self.retries.insert(plan.clone(), retry);
    }
}

/// A refusal of the daemon's own.
pub(super) fn refused(code: &str, message: String) -> Refusal {
    Refusal { kind: RefusalKind::Refused, code: code.to_owned(), message, rails: Vec::new(), faults: Vec::new() }
}

/// The end of an execution, in a few words.
fn in_words(result: &Result<Statement, ExecuteError>) -> String {
    match result {
        Ok(Statement { counts, .. }) => {
            format!("{} of {} disposed of", counts.destroyed + counts.anonymized, counts.planned)
        }
        Err(error) => format!("not executed: {}", error.code()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_off_is_tried_again_later_and_later_but_not_for_ever_later() {
        let now: Instant = "2026-11-21T02:00:00Z".parse().unwrap();
        let mut retry = Retry::next(None, now);
        assert_eq!(retry.after, now + TimeDelta::minutes(15));
        for _ in 0..10 {
            retry = Retry::next(Some(retry), now);
        }
        assert_eq!(retry.after, now + TimeDelta::hours(6));
    }
}
