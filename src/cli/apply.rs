//! `apply`: executes an approved plan, or goes on with one that was interrupted.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant as Monotonic};

use clap::Args;
use signal_hook::consts::{SIGINT, SIGTERM};

use super::error::Failure;
use super::exit::Exit;
use super::progress;
use super::session::{Session, note};
use super::setup::Setup;
use super::waiting::telling;
use crate::disposition::clock::{Doubt, Obstacle};
use crate::disposition::control::Control;
use crate::disposition::desk::{Brake, Execution, SharedDesk, actor_of, approved_plan};
use crate::disposition::door::{ANSWER_WITHIN, Client, SIGN_WITHIN};
use crate::disposition::execute::{self, Conditions, ExecuteError, Holder, Progress, Recovered, Statement};
use crate::disposition::request::{Request, Response};
use crate::model::{Instant, PlanId, Windows, counted, in_utc};
use crate::report::run::{FilesReleased, RunReport};

/// Arguments of `apply`.
#[derive(Debug, Args)]
pub struct Apply {
    /// As `plan` prints it; a person approved it before
    plan: String,
    /// Destroy nothing: answer for the files that runs of this plan could not unlink, so that they are not tried any
    /// more
    #[arg(long, requires = "reason")]
    release_files: bool,
    /// With `--release-files`, why; stays in the private state, never in the log
    #[arg(long, requires = "release_files")]
    reason: Option<String>,
}

/// How often the daemon is asked how far it has come.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// What the shell sees when a second signal ends the program at once.
const FORCED: i32 = 130;

impl Apply {
    /// Executes the plan. Holds placed meanwhile hold; an interruption (Ctrl-C) ends the chunk at hand first.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let setup = Setup::load(session)?;
        let plan = PlanId::new(self.plan);
        if let Some(reason) = self.reason {
            return release(plan, reason, &setup, session);
        }
        let door = setup.desk()?.0;
        let (Some(desk), Some(brake)) = (door.here(), door.brake()) else {
            return ask_daemon(&plan, &setup, session);
        };
        let is_answered_for = is_free_to_destroy(brake)?;
        let stop = stop_on_signals()?;
        let began = Monotonic::now();
        let bar = progress::bar(None, "records");
        let actor = actor_of(rustix::process::getuid().as_raw());
        let clock = || {
            if brake.why_not(&Windows::NONE).is_some() {
                stop.store(true, Ordering::Relaxed);
            }
            door.now()
        };
        let since = door.now();
        let tell = |planned, done| {
            brake.executes(Execution { plan: plan.clone(), actor: actor.clone(), since, planned, done });
        };
        tell(0, 0);
        let mut gone = 0;
        let mut progress = |Progress { planned, done, went, .. }| {
            gone = went;
            tell(planned, done);
            bar.set_length(planned);
            bar.set_position(done);
            // Also after the chunk, so that the next one does not begin.
            clock();
        };
        let told = Cell::new(None);
        let kept_waiting = |holder: Holder| {
            if told.replace(Some(holder)) != Some(holder) {
                bar.suspend(|| note(&held_up(holder)));
            }
        };
        let mut conditions = Conditions {
            actor: &actor,
            clock: &clock,
            stop: &stop,
            progress: &mut progress,
            kept_waiting: &kept_waiting,
        };
        let answer = || if is_answered_for { Ok(()) } else { answer_for_clock(brake) };
        let statement = execute((desk, &plan), door.now(), &answer, &mut conditions);
        bar.finish_and_clear();
        if statement.is_err() && gone > 0 {
            note(&format!(
                "this run had disposed of {} by then, which the log tells; what of the batch at hand went, the next `apply` finds out and puts on record",
                counted(gone, "record", "records")
            ));
        }
        let statement = statement.map_err(|failure| failure.at_plan(&plan))?;
        if let Some(obstacle) = brake.why_not(&Windows::NONE) {
            note(&format!("the run has stopped: {obstacle}"));
        }
        show(statement, began, &setup, session)
    }
}

/// What is said once while a batch waits for its turn.
fn held_up(holder: Holder) -> String {
    format!(
        "another program {}; the run waits for its turn, and puts off what is left where it finds none for some minutes",
        holder.activity()
    )
}

/// Executes an approved plan, or tries again what one that was executed before has left, and settles what was
/// interrupted. `answer` comes before either, and not where both are refused.
fn execute(
    (desk, plan): (&SharedDesk, &PlanId),
    now: Instant,
    answer: &dyn Fn() -> Result<(), Failure>,
    conditions: &mut Conditions<'_>,
) -> Result<Statement, Failure> {
    match approved_plan(desk, plan, conditions.actor, now) {
        Ok(approved) => {
            answer()?;
            Ok(execute::apply(desk, &approved, conditions)?)
        }
        Err(refused) => {
            let left = execute::left_files(&desk.install().state).map_err(ExecuteError::from)?;
            if left.iter().any(|left| left.plan == *plan) || execute::has_begun(desk)? {
                answer()?;
            }
            tell_settled(&execute::settle_begun(desk, plan, now)?);
            Ok(execute::apply_left(desk, plan, refused, now)?)
        }
    }
}

/// What a run had begun that was interrupted is settled whatever becomes of this call.
fn tell_settled(Recovered { batches, committed, late, waiting }: &Recovered) {
    if *batches > 0 {
        note(&format!(
            "settled what an interrupted run had begun: {}, {committed} of which the database had committed; the log tells what went",
            counted(*batches, "batch", "batches"),
        ));
    }
    if late.gone > 0 {
        let files = counted(late.gone, "file that earlier runs had left is", "files that earlier runs had left are");
        note(&format!("{files} gone now"));
    }
    for (reason, files) in &late.reasons {
        note(&format!("{} left that should be gone: {reason}", counted(*files, "file is", "files are")));
    }
    for error in waiting {
        note(&format!("what an interrupted run had begun waits: {error}"));
    }
}

/// Nothing may be destroyed while somebody has paused it, nor under a clock that is not believed: what speaks against
/// the clock (the log, the time since boot) always waits for `ctl resume --clock`.
///
/// No server confirms the clock of many a machine: where no daemon ever served the state, whoever applies a plan by
/// hand answers for that one doubt. Says whether nothing needs to be answered for.
fn is_free_to_destroy(brake: &Brake) -> Result<bool, Failure> {
    match brake.why_not(&Windows::NONE) {
        Some(Obstacle::Clock(Doubt::Unsynchronized)) if !brake.is_served_by_daemon()? => Ok(false),
        Some(obstacle) => Err(obstacle.refusal().into()),
        None => {
            brake.memorize_clock()?;
            Ok(true)
        }
    }
}

/// Who applies a plan answers for the clock, and is told.
fn answer_for_clock(brake: &Brake) -> Result<(), Failure> {
    let time = in_utc(brake.watch().confirm());
    note(&format!(
        "no time server confirmed the clock of this machine, so whoever applies this plan answers for it: {time}"
    ));
    Ok(brake.memorize_clock()?)
}

/// A person answers for what the plan has left.
fn release(plan: PlanId, reason: String, setup: &Setup, session: &mut Session<'_>) -> Result<Exit, Failure> {
    match setup.desk()?.ask(Request::ReleaseFiles { plan, reason })? {
        Response::FilesReleased(released) => {
            session.show(&FilesReleased::from(released), setup.language)?;
            Ok(Exit::Ok)
        }
        _ => Err(Failure::unexpected()),
    }
}

/// Whoever holds the state executes the plan, with the same effect. Ctrl-C ends the waiting, not the execution.
fn ask_daemon(plan: &PlanId, setup: &Setup, session: &mut Session<'_>) -> Result<Exit, Failure> {
    let began = Monotonic::now();
    let bar = progress::bar(None, "records");
    let state = &setup.install.state;
    let mut client = telling(state, SIGN_WITHIN, || Client::connect(state))?;
    let mut control = Control::Apply { plan: plan.clone() };
    let statement = loop {
        match telling(state, ANSWER_WITHIN, || client.send(&Request::Daemon { control }))? {
            Response::Applying { execution, planned, done } => {
                bar.set_length(planned);
                bar.set_position(done);
                thread::sleep(ASK_AGAIN);
                control = Control::Progress { execution };
            }
            Response::Applied { statement } => break statement,
            Response::Refused(refusal) if refusal.code == "no-daemon" => {
                return Err(Failure::new(
                    Exit::Locked,
                    "state-locked",
                    "Another command, which is not the daemon, holds the state.",
                    setup.install.state.display().to_string(),
                    "Wait until it ends, then run the same command again.",
                ));
            }
            Response::Refused(refusal) => return Err(Failure::from(refusal).at_plan(plan)),
            _ => return Err(Failure::unexpected()),
        }
    };
    bar.finish_and_clear();
    show(statement, began, setup, session)
}

fn show(statement: Statement, began: Monotonic, setup: &Setup, session: &mut Session<'_>) -> Result<Exit, Failure> {
    let report = RunReport { statement, seconds: began.elapsed().as_secs_f64(), program: session.command(&[]) };
    let exit = if report.is_partial() { Exit::Partial } else { Exit::Ok };
    session.show(&report, setup.language)?;
    Ok(exit)
}

/// A flag that the first signal raises; the second one ends the program at once, which loses nothing that the log
/// promised.
fn stop_on_signals() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // The order counts: the exit looks at the flag before this signal raises it.
        signal_hook::flag::register_conditional_shutdown(signal, FORCED, stop.clone())
            .and_then(|_| signal_hook::flag::register(signal, stop.clone()))
            .map_err(|error| {
                let mend = "Mend what the system says, then run the same command again.";
                Failure::new(Exit::Failure, "signals", format!("Signals cannot be handled: {error}."), "apply", mend)
            })?;
    }
    Ok(stop)
}
