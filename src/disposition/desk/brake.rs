//! What keeps whoever holds the state from destroying, daemon or mere command: a person's pause, a clock that is not
//! believed. Both outlive the process.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{DeskError, SharedDesk, check_reason};
use crate::disposition::clock::{Doubt, Obstacle, Reading, Watch};
use crate::disposition::control::{Control, Pause};
use crate::disposition::request::Response;
use crate::model::{Actor, Instant, PlanId, Windows, in_utc};

/// Name of the memo that keeps a pause over restarts.
const PAUSE: &str = "pause";

/// Name of the memo that keeps the last reading of the clocks that was believed.
const CLOCK: &str = "clock";

/// Name of the memo that says since when a daemon serves this state.
const SERVED: &str = "served-by-daemon";

/// The brake on destruction.
pub struct Brake {
    desk: SharedDesk,
    watch: Arc<Watch>,
    /// Read between chunks, so never behind the Desk's own lock.
    paused: Mutex<Option<Pause>>,
    /// What of it is kept for whoever holds the state next.
    noted: Mutex<Option<Pause>>,
    /// What was memorized of the clock.
    believed: Mutex<Option<Reading>>,
    /// The execution of a command that holds the state.
    execution: Mutex<Option<Execution>>,
}

/// An execution that no daemon began: who asks hears of it.
#[derive(Clone, Debug)]
pub struct Execution {
    pub plan: PlanId,
    pub actor: Actor,
    pub since: Instant,
    /// Records on its list, as far as that is known yet, and those that were gone through.
    pub planned: u64,
    pub done: u64,
}

impl Brake {
    /// The brake of this Desk as it was left: paused, if it was, and believing of the clock what was believed. With
    /// that known, what a crash kept from the log is put on record, and the lists of plans that are over are erased:
    /// expired ones under a clock that is believed only.
    ///
    /// # Errors
    /// The private database, or a list that cannot be removed.
    pub fn recall(shared: &SharedDesk, watch: Arc<Watch>) -> Result<Self, DeskError> {
        let mut desk = shared.lock()?;
        let believed = desk.recall(CLOCK)?;
        watch.log_is_at(desk.log().last_time());
        watch.recall(believed, desk.answered_for()?);
        let paused = desk.recall(PAUSE)?;
        let (now, doubt) = watch.look();
        if desk.owes_record()
            && let Err(error) = desk.catch_up(now)
        {
            // It holds, and stays owed.
            tracing::warn!(%error, "holds that the log does not tell cannot be put on record yet");
        }
        desk.erase_what_is_done(now)?;
        if doubt.is_none() {
            desk.erase_what_has_expired(now)?;
        }
        drop(desk);
        let (noted, paused, believed) = (Mutex::new(paused.clone()), Mutex::new(paused), Mutex::new(believed));
        Ok(Self { desk: shared.clone(), watch, paused, noted, believed, execution: Mutex::default() })
    }

    /// The clock, under guard.
    pub fn watch(&self) -> &Arc<Watch> {
        &self.watch
    }

    /// Who paused, when and why.
    pub fn paused(&self) -> Option<Pause> {
        replaced_whole(&self.paused).clone()
    }

    /// Why nothing may be destroyed at this moment, and these hours; `None` where it may.
    pub fn why_not(&self, windows: &Windows) -> Option<Obstacle> {
        let (now, doubt) = self.watch.look();
        Obstacle::look(replaced_whole(&self.paused).is_some(), doubt, windows, now)
    }

    /// The time to believe, and what speaks against the clock.
    pub fn time(&self) -> Response {
        let (now, doubt) = self.watch.look();
        let doubt = doubt.filter(|doubt| *doubt != Doubt::Unsynchronized);
        Response::Clock { now, doubt: doubt.map(|doubt| doubt.to_string()) }
    }

    /// Answers what any holder of the state can answer: `pause`, `resume`, the time. The rest is for a daemon.
    ///
    /// # Errors
    /// As [`Self::pause`] and [`Self::resume`]; [`DeskError::NoDaemon`].
    pub fn answer(&self, control: Control, actor: &Actor, now: Instant) -> Result<Response, DeskError> {
        match control {
            Control::Pause { reason } => self.pause(reason, actor, now),
            Control::Resume { clock } => self.resume(clock, actor, now),
            Control::Clock => Ok(self.time()),
            Control::Status => Err(self.status()),
            _ => Err(self.no_daemon()),
        }
    }

    /// Shows how far the execution of this command has come.
    pub fn executes(&self, execution: Execution) {
        *replaced_whole(&self.execution) = Some(execution);
    }

    /// Only a daemon has a status; but that a command executes a plan, who asks for it must hear.
    fn status(&self) -> DeskError {
        let Some(execution) = replaced_whole(&self.execution).clone() else { return self.no_daemon() };
        let Execution { plan, actor, since, planned, done } = execution;
        let stops = self.why_not(&self.desk.install().windows);
        let stops = stops.map(|obstacle| format!("; it stops with the chunk at hand: {obstacle}")).unwrap_or_default();
        let holder = format!(
            "`retentiond apply {plan}` of {actor} has run on it since {}: {done} of {planned} records are done{stops}",
            in_utc(since)
        );
        DeskError::HeldByCommand { state: self.desk.install().state.clone(), holder }
    }

    fn no_daemon(&self) -> DeskError {
        DeskError::NoDaemon { state: self.desk.install().state.clone() }
    }

    /// Destroys nothing until resumed, whoever holds the state by then. Whatever keeps the pause from being noted, it
    /// binds this process at once; [`Self::note_pause`] notes it when that can be done.
    ///
    /// # Errors
    /// A reason that says nothing.
    pub fn pause(&self, reason: String, actor: &Actor, now: Instant) -> Result<Response, DeskError> {
        check_reason(&reason, None)?;
        *replaced_whole(&self.paused) = Some(Pause { actor: actor.clone(), at: now, reason });
        let noted = self.note_pause();
        tracing::warn!(%actor, is_noted = noted.is_ok(), "destruction is paused");
        let message = match noted {
            Ok(()) => "nothing is destroyed until `retentiond ctl resume`; scans go on".to_owned(),
            Err(error) => format!(
                "nothing is destroyed until `retentiond ctl resume`, as long as this process runs: paused in memory, could not be noted: {}; a restart before it is noted forgets it",
                error.refusal().message
            ),
        };
        Ok(Response::Done { message })
    }

    /// Keeps the pause for whoever holds the state next, where that could not be done yet.
    ///
    /// # Errors
    /// The private database cannot be written.
    pub fn note_pause(&self) -> Result<(), DeskError> {
        let desk = self.desk.lock()?;
        let paused = self.paused();
        let mut noted = replaced_whole(&self.noted);
        if let Some(pause) = paused.as_ref().filter(|_| paused != *noted) {
            desk.insist(PAUSE, pause)?;
            *noted = paused;
        }
        Ok(())
    }

    /// Ends a pause; with `clock`, whoever asks also answers for the clock as it is, which is put on record.
    ///
    /// # Errors
    /// The log or the private database cannot be written.
    pub fn resume(&self, clock: bool, actor: &Actor, now: Instant) -> Result<Response, DeskError> {
        let mut desk = self.desk.lock()?;
        desk.memorize::<Pause>(PAUSE, None)?;
        *replaced_whole(&self.noted) = None;
        let was_paused = replaced_whole(&self.paused).take().is_some();
        if was_paused {
            tracing::warn!(%actor, "destruction is resumed");
        }
        let windows = &self.desk.install().windows;
        let doubt = self.watch.look().1;
        if !clock || doubt.is_none() {
            return Ok(resumed(was_paused, clock, Obstacle::look(false, doubt, windows, now)));
        }
        let time = self.watch.confirm();
        desk.confirm_clock(actor, time)?;
        self.watch.log_is_at(desk.log().last_time());
        // Behind the log, its last entry keeps its time: it is this one that was answered for.
        self.watch.confirm();
        drop(desk);
        self.memorize_clock()?;
        tracing::warn!(%actor, %time, was = %now, "the clock was confirmed");
        let answered = format!("{actor} answers for the clock as it is: {}", in_utc(time));
        Ok(Response::Done {
            message: match (was_paused, Obstacle::look(false, None, windows, now)) {
                (_, Some(obstacle)) => format!("{answered}; destruction waits: {obstacle}"),
                (true, None) => format!("destruction is resumed; {answered}"),
                (false, None) => format!("{answered}; destruction goes on"),
            },
        })
    }

    /// Keeps what is believed of the clock for whoever holds the state next, where that has changed.
    ///
    /// # Errors
    /// The private database cannot be written.
    pub fn memorize_clock(&self) -> Result<(), DeskError> {
        let base = self.watch.base();
        if base != *replaced_whole(&self.believed) {
            self.desk.lock()?.memorize(CLOCK, base.as_ref())?;
            *replaced_whole(&self.believed) = base;
        }
        Ok(())
    }

    /// A daemon serves this state from now on, so that a command is not more easily content with the clock than it.
    ///
    /// # Errors
    /// The private database.
    pub fn serve_by_daemon(&self, now: Instant) -> Result<(), DeskError> {
        let desk = self.desk.lock()?;
        match desk.recall::<Instant>(SERVED)? {
            Some(_) => Ok(()),
            None => desk.memorize(SERVED, Some(&now)),
        }
    }

    /// Whether a daemon ever served this state.
    ///
    /// # Errors
    /// The private database cannot be read.
    pub fn is_served_by_daemon(&self) -> Result<bool, DeskError> {
        Ok(self.desk.lock()?.recall::<Instant>(SERVED)?.is_some())
    }
}

/// A value that is replaced whole, so a panic elsewhere leaves nothing half done.
fn replaced_whole<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a person hears who resumed: not that all is well where something else stands in the way.
fn resumed(was_paused: bool, answers_for_clock: bool, obstacle: Option<Obstacle>) -> Response {
    let what = if was_paused { "destruction is resumed" } else { "destruction was not paused" };
    let clock = if answers_for_clock { "; the clock is not in doubt, so nobody needs to answer for it" } else { "" };
    let what = format!("{what}{clock}");
    let message = match obstacle {
        None => what,
        Some(obstacle) => format!("{what}, but waits: {obstacle}"),
    };
    Response::Done { message }
}
