//! Answers what is asked of the daemon alone, without waiting for the run loop.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use super::alerts::kind;
use super::board::Board;
use super::execution::refused;
use super::executions::{Asked, Execution};
use super::orders::Order;
use super::reload::read;
use super::sandbox::Sandbox;
use super::standing::WRITTEN;
use crate::audit;
use crate::audit::witness::read_witnessed;
use crate::config::Loaded;
use crate::disposition::clock::{Obstacle, Watch, refusal_to_scan};
use crate::disposition::control::{Alert, Control, LogPosition, RUN, SCAN, Status};
use crate::disposition::desk::{Brake, DeskError, Firing, PlanState, SharedDesk};
use crate::disposition::door::Session;
use crate::disposition::execute::{self, Progress};
use crate::disposition::request::{Refusal, Request, Response};
use crate::model::{Actor, Fault, Instant, RuleNumber};

/// How many firings the status shows.
const FIRINGS: u32 = 10;

/// Whoever asked for a reload waits so long for it to be taken up, and no longer for a run to end.
const RELOAD_WITHIN: Duration = Duration::from_secs(5);

/// Answers for the daemon.
pub struct Steward {
    pub desk: SharedDesk,
    pub board: Arc<Board>,
    pub brake: Arc<Brake>,
    pub watch: Arc<Watch>,
    pub orders: Sender<Order>,
    pub config: PathBuf,
    pub state: PathBuf,
    pub sandbox: Sandbox,
}

impl Steward {
    /// Answers a request; a refusal is an answer too.
    pub fn answer(&self, control: Control, actor: &Actor, now: Instant) -> Response {
        self.try_answer(control, actor, now).unwrap_or_else(Response::Refused)
    }

    fn try_answer(&self, control: Control, actor: &Actor, now: Instant) -> Result<Response, Refusal> {
        match control {
            Control::Status => {
                let status = self.status(now).map_err(|error| error.refusal())?;
                Ok(Response::Status { status: Box::new(status) })
            }
            Control::Clock => Ok(self.brake.time()),
            Control::Scan { rules } => self.scan(rules, actor, now),
            Control::Pause { reason } => self.pause(reason, actor, now).map_err(|error| error.refusal()),
            Control::Resume { clock } => self.resume(clock, actor, now).map_err(|error| error.refusal()),
            Control::Reload => {
                tracing::info!(%actor, "a reload was asked for");
                when_taken_up(&self.reload()?, RELOAD_WITHIN)
            }
            Control::Apply { plan } => {
                let asked = self.board.show().executions.ask(&plan);
                match asked {
                    Asked::Joined(execution) => self.progress(execution),
                    Asked::New(execution) => {
                        self.order(Order::Apply { plan, actor: actor.clone() })?;
                        Ok(Response::Applying { execution, planned: 0, done: 0 })
                    }
                    Asked::TooMany => Err(DeskError::Crowded { what: "too many executions wait; try again" }.refusal()),
                }
            }
            Control::Progress { execution } => self.progress(execution),
        }
    }

    /// Everything that a person needs to see.
    ///
    /// # Errors
    /// The log or the private database cannot be read.
    pub fn status(&self, now: Instant) -> Result<Status, DeskError> {
        let doubt = self.watch.look().1;
        let answer = Session::new(Actor::from("status")).try_answer(&self.desk, Request::Plans, now)?;
        let mut plans = match answer {
            Response::Plans { plans } => plans,
            _ => Vec::new(),
        };
        let decided: BTreeSet<String> =
            plans.iter().filter(|of| of.state != PlanState::Pending).map(|of| of.plan.to_string()).collect();
        plans.retain(|status| {
            matches!(status.state, PlanState::Pending | PlanState::Approved | PlanState::Started | PlanState::Altered)
        });
        let mut desk = self.desk.lock()?;
        let today = now.date_naive();
        let holds = desk.holds_in_force();
        let to_review = holds.iter().filter(|hold| hold.review_by.is_some_and(|day| day <= today)).count();
        let holds = holds.len();
        let mut recorded = desk.firings(FIRINGS)?;
        let (entries, last_entry) = (desk.log().size(), desk.log().last_time());
        let published = desk.log().published_size();
        let anchor: Option<(u64, Instant)> = desk.recall("anchor")?;
        drop(desk);
        let install = self.desk.install();
        let witnessed = read_witnessed(&audit::dir_in(&self.state)).ok().flatten();
        let shown = self.board.show();
        // What no schedule fired has its beginning for its time, also where two came in one second.
        let asked_for = |firing: &&mut Firing| [SCAN, RUN].contains(&firing.schedule.as_str());
        recorded.iter_mut().filter(asked_for).for_each(|firing| firing.at = firing.began);
        let mut last: Vec<Firing> = shown.unrecorded.values().cloned().chain(recorded).collect();
        // A stable sort: of one time, what is on record comes last.
        last.sort_by_key(|firing| Reverse(firing.began));
        let mut alerts = shown.alerts.standing();
        // The run loop ends them with its next look at the plans.
        let asks = |alert: &Alert| matches!(alert.code.as_str(), kind::PLAN_WAITING | kind::RAIL_TRIPPED);
        alerts.retain(|alert| !(asks(alert) && decided.contains(&alert.about)));
        Ok(Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started: shown.started,
            mode: shown.mode.to_owned(),
            doing: shown.doing.clone(),
            paused: shown.paused.clone(),
            clock: doubt.map(|doubt| doubt.to_string()),
            waiting: Obstacle::look(shown.paused.is_some(), doubt, &install.windows, now)
                .map(|obstacle| obstacle.to_string()),
            next: shown.next.clone(),
            last,
            plans,
            holds: holds as u64,
            holds_to_review: to_review as u64,
            overdue: shown.counts.as_ref().map(|counts| counts.overdue.clone()).unwrap_or_default(),
            counted: shown.counts.as_ref().map(|counts| counts.at),
            left: execute::left_files(&self.state).map_err(DeskError::from)?,
            log: LogPosition {
                entries,
                last: last_entry,
                published,
                anchored: witnessed.as_ref().map(|checkpoint| checkpoint.claimed().tree.size),
                anchored_at: witnessed.and(anchor).map(|(_, at)| at),
            },
            configuration: shown.configuration.clone(),
            alerts,
        })
    }

    fn scan(&self, rules: Vec<RuleNumber>, actor: &Actor, now: Instant) -> Result<Response, Refusal> {
        if let Some(doubt) = self.watch.look().1 {
            return Err(refusal_to_scan(doubt));
        }
        let install = self.desk.install();
        for rule in &rules {
            install.knows_rule(rule).map_err(|unknown| unknown.refusal())?;
        }
        // A scan that could not be put among the last runs would vanish: who asks hears it, and not only the run loop.
        if let Err(error) = self.desk.lock().and_then(|desk| desk.memorize(WRITTEN, Some(&now))) {
            let refusal = error.refusal();
            self.board.raise(kind::LOG, "log", refusal.message.clone(), now);
            return Err(refusal);
        }
        // A thousand who ask while a run goes on for hours want the one that comes after it.
        if !self.board.show().awaited.insert(rules.clone()) {
            return Ok(done("the same scan was asked for and has not begun yet; `retentiond ctl status` shows it"));
        }
        self.order(Order::Scan { rules, actor: actor.clone() })?;
        Ok(done("the scan begins as soon as what is under way has ended; `retentiond ctl status` shows it"))
    }

    fn pause(&self, reason: String, actor: &Actor, now: Instant) -> Result<Response, DeskError> {
        let paused = self.brake.pause(reason, actor, now)?;
        self.board.show().paused = self.brake.paused();
        Ok(paused)
    }

    fn resume(&self, clock: bool, actor: &Actor, now: Instant) -> Result<Response, DeskError> {
        let resumed = self.brake.resume(clock, actor, now)?;
        let mut shown = self.board.show();
        shown.paused = self.brake.paused();
        // Not at the next tick only: whoever answered looks now.
        if self.watch.look().1.is_none() {
            shown.alerts.keep_only(kind::CLOCK, &[]);
        }
        Ok(resumed)
    }

    /// Reads configuration and calendars again; the run loop takes them up between runs, and then says so on the
    /// channel. On a fault the ones in use go on.
    ///
    /// # Errors
    /// All faults, in one message.
    pub fn reload(&self) -> Result<Receiver<Result<(), Refusal>>, Refusal> {
        let keep = |fault, faults| self.board.not_reloaded(fault, faults, self.watch.now());
        let (loaded, files) = read(&self.config).map_err(|faults| keep(faults_text(&faults), faults))?;
        let loaded = self.check(loaded).map_err(|fault| keep(fault, Vec::new()))?;
        let (taken_up, outcome) = channel();
        self.order(Order::Reload { loaded: Box::new(loaded), files, taken_up })?;
        Ok(outcome)
    }

    /// What a running daemon cannot change.
    fn check(&self, loaded: Loaded) -> Result<Loaded, String> {
        if loaded.config.state != self.state {
            return Err("`state` has changed, which a running daemon cannot follow; stop it, move the directory there, and start it".to_owned());
        }
        if loaded.config.schedule.is_none() {
            return Err("`[schedule]` is gone, and without hours the daemon has nothing to do; put it back, or stop the service".to_owned());
        }
        if let Some(reason) = self.sandbox.forbids(&loaded.config) {
            return Err(reason);
        }
        Ok(loaded)
    }

    fn progress(&self, execution: u64) -> Result<Response, Refusal> {
        match self.board.show().executions.of(execution) {
            None => {
                let message = "its end was not asked for in time; `retentiond plans` shows where the plan stands";
                Err(refused("not-asked-for", message.to_owned()))
            }
            Some(Execution::Waiting) => Ok(Response::Applying { execution, planned: 0, done: 0 }),
            Some(Execution::Running(Progress { planned, done, .. })) => {
                Ok(Response::Applying { execution, planned: *planned, done: *done })
            }
            Some(Execution::Ended(ended)) => (**ended).clone().map(|statement| Response::Applied { statement }),
        }
    }

    fn order(&self, order: Order) -> Result<(), Refusal> {
        self.orders.send(order).map_err(|_| refused("ending", "the daemon is ending".to_owned()))
    }
}

/// What a person hears who asked for a reload: that it is in use, or why it is not, or that a run goes on with the one
/// of before.
fn when_taken_up(outcome: &Receiver<Result<(), Refusal>>, within: Duration) -> Result<Response, Refusal> {
    match outcome.recv_timeout(within) {
        Ok(taken_up) => taken_up.map(|()| done("the new configuration is in use")),
        Err(RecvTimeoutError::Timeout) => Ok(done(
            "the new configuration is in order and is used after the run that is under way; `retentiond ctl status` shows it",
        )),
        Err(RecvTimeoutError::Disconnected) => Err(refused("ending", "the daemon is ending".to_owned())),
    }
}

fn done(message: &str) -> Response {
    Response::Done { message: message.to_owned() }
}

fn faults_text(faults: &[Fault]) -> String {
    let each = faults
        .iter()
        .map(|fault| format!("{}:{}:{}: {}; {}", fault.file, fault.line, fault.column, fault.message, fault.mend));
    each.collect::<Vec<_>>().join(" | ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asked_for_a_reload_hears_that_it_is_in_use_or_why_not_or_that_a_run_comes_first() {
        let (taken_up, outcome) = channel();
        let hear = || when_taken_up(&outcome, Duration::ZERO);
        let told = |answer| match answer {
            Ok(Response::Done { message }) => message,
            other => panic!("{other:?}"),
        };
        assert!(told(hear()).contains("after the run that is under way"));
        taken_up.send(Ok(())).unwrap();
        assert_eq!(told(hear()), "the new configuration is in use");
        let refusal = refused("configuration", "the port is taken".to_owned());
        taken_up.send(Err(refusal.clone())).unwrap();
        assert_eq!(hear().unwrap_err(), refusal);
        drop(taken_up);
        assert_eq!(hear().unwrap_err().code, "ending");
    }
}
