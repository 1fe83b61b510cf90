//! The door to the Desk: it is here, or another process has it and answers over the control socket.
//!
//! Where requests are answered, whoever asks; above `execute`, which the Desk knows nothing of.

mod answer;
mod client;
mod crowd;
mod lines;
mod serve;

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant as Monotonic};

pub use answer::Session;
pub use client::{ANSWER_WITHIN, Client, SIGN_WITHIN};
pub use serve::{Served, Steward, serve};

use super::desk::{Brake, Desk, DeskError, SharedDesk, actor_of};
use crate::audit;
use crate::audit::{KeyPlaces, LogReader, load_fingerprinter};
use crate::disposition::Installation;
use crate::disposition::chronicle::Chronicle;
use crate::disposition::clock::Watch;
use crate::disposition::control::Control;
use crate::disposition::holds::HoldIndex;
use crate::disposition::plan::{self, Made, PlanError, PlanRequest, PlanningKeys, database_digest, mapping_digest};
use crate::disposition::rails::History;
use crate::disposition::request::{Refusal, Request, Response};
use crate::model::{Actor, Digest, Instant};

/// The Desk, wherever it is.
pub struct Door {
    install: Arc<Installation>,
    keys: Option<KeyPlaces>,
    watch: Arc<Watch>,
    place: Holder,
}

enum Holder {
    /// In this process, which holds the state and answers others meanwhile. The socket goes first when dropped.
    Here { held: Option<Held>, desk: SharedDesk, session: Session },
    /// In another, which answers.
    There(Client),
}

/// The state, taken by this command.
struct Held {
    _served: Served,
    brake: Arc<Brake>,
}

/// Takes the state and serves it, or connects to whoever has it. `keys`: where the secret keys are, if not under the
/// state directory.
///
/// # Errors
/// Whatever keeps the state from being taken; [`DeskError::Locked`] where who has it does not answer.
pub fn open_or_connect(
    install: Arc<Installation>,
    keys: Option<KeyPlaces>,
    watch: Arc<Watch>,
) -> Result<Door, DeskError> {
    let place = find_place(&install, keys.as_ref(), &watch)?;
    Ok(Door { install, keys, watch, place })
}

/// Connects to whoever has the state, and never takes it: for those who know where it is and nothing else.
///
/// # Errors
/// As [`Client::connect`].
pub fn connect_to_holder(state: &Path) -> Result<Client, DeskError> {
    let began = Monotonic::now();
    loop {
        match Client::connect(state) {
            Err(DeskError::Crowded { .. }) if began.elapsed() < SIGN_WITHIN => thread::sleep(Duration::from_millis(10)),
            connected => return connected,
        }
    }
}

fn find_place(install: &Arc<Installation>, keys: Option<&KeyPlaces>, watch: &Arc<Watch>) -> Result<Holder, DeskError> {
    let began = Monotonic::now();
    loop {
        let refused = match Desk::open(install.clone(), keys.cloned(), watch.now()) {
            Ok(desk) => {
                let desk = SharedDesk::new(desk);
                let held = Some(hold(&desk, watch.clone())?);
                let session = Session::new(actor_of(rustix::process::getuid().as_raw()));
                return Ok(Holder::Here { held, desk, session });
            }
            Err(error) => error,
        };
        // Who may not take the state may still be answered.
        let refused = match Client::connect(&install.state) {
            Ok(client) => return Ok(Holder::There(client)),
            Err(error @ DeskError::NoRights { .. }) => return Err(error),
            // Whoever has it is well, and busy: nobody is to wait for its end, or to end it.
            Err(error @ (DeskError::Crowded { .. } | DeskError::Silent { .. })) => error,
            Err(_) => refused,
        };
        // Only a lock and a crowd pass with time.
        let passes =
            matches!(&refused, DeskError::Locked { .. } | DeskError::Crowded { .. } | DeskError::Silent { .. })
                || matches!(&refused, DeskError::Log(error) if error.is_locked());
        if !passes || began.elapsed() > SIGN_WITHIN {
            return Err(refused);
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// Serves the state that this command has taken, bound as every holder is.
fn hold(desk: &SharedDesk, watch: Arc<Watch>) -> Result<Held, DeskError> {
    let brake = Arc::new(Brake::recall(desk, watch.clone())?);
    let answering = brake.clone();
    let steward = move |control, actor: &Actor, now| {
        answering.answer(control, actor, now).unwrap_or_else(|error| Response::Refused(error.refusal()))
    };
    let served = serve(desk, Arc::new(move || watch.now()), Arc::new(steward))?;
    Ok(Held { _served: served, brake })
}

/// What one command put on record stands in the signed tree when it ends, so that the next checkpoint an auditor takes
/// covers it.
impl Drop for Door {
    fn drop(&mut self) {
        let Holder::Here { held: Some(held), desk, .. } = &self.place else { return };
        // That it could not be noted, whoever paused was told.
        let _ = held.brake.note_pause();
        if let Ok(mut desk) = desk.lock() {
            // What cannot be published now is published by the next command: the leaves themselves are durable.
            let _ = desk.log().publish();
        }
    }
}

impl Door {
    /// The door to a Desk that this process holds and serves already.
    pub fn of(desk: SharedDesk, actor: Actor, watch: Arc<Watch>) -> Self {
        let place = Holder::Here { held: None, session: Session::new(actor), desk: desk.clone() };
        Self { install: desk.install(), keys: None, watch, place }
    }

    /// The time to believe.
    pub fn now(&self) -> Instant {
        self.watch.now()
    }

    /// The time to believe, and what speaks against the clock (the log, the time since boot): as whoever holds the
    /// state knows it. That no server confirmed it speaks for nothing until records are destroyed.
    ///
    /// # Errors
    /// No answer came.
    pub fn time(&mut self) -> Result<(Instant, Option<String>), AskError> {
        match self.ask(Request::Daemon { control: Control::Clock })? {
            Response::Clock { now, doubt } => Ok((now, doubt)),
            _ => Err(unexpected(&self.install)),
        }
    }

    /// What binds this command, where it has taken the state.
    pub fn brake(&self) -> Option<&Arc<Brake>> {
        match &self.place {
            Holder::Here { held: Some(held), .. } => Some(&held.brake),
            _ => None,
        }
    }

    /// The Desk itself, where this process holds the state: what an execution needs.
    pub fn here(&self) -> Option<&SharedDesk> {
        match &self.place {
            Holder::Here { desk, .. } => Some(desk),
            Holder::There(_) => None,
        }
    }

    /// The state that another process holds, which is asked.
    pub fn elsewhere(&self) -> Option<&Path> {
        self.here().is_none().then_some(&self.install.state)
    }

    /// Asks, wherever the Desk is.
    ///
    /// # Errors
    /// The refusal; or no answer came, and it is unknown whether the request was granted.
    pub fn ask(&mut self, request: Request) -> Result<Response, AskError> {
        loop {
            let client = match &mut self.place {
                Holder::Here { held, desk, session } => {
                    return Ok(match (request, held) {
                        (Request::Daemon { control }, Some(held)) => {
                            let is_pause = matches!(control, Control::Pause { .. });
                            let answer = held.brake.answer(control, session.actor(), self.watch.now())?;
                            if is_pause {
                                // In memory alone it would end with this command.
                                held.brake.note_pause()?;
                            }
                            answer
                        }
                        (request, _) => session.try_answer(desk, request, self.watch.now())?,
                    });
                }
                Holder::There(client) => client,
            };
            match client.send(&request) {
                // It ended and did not read the request: whoever has the state now shall answer.
                Err(DeskError::Unheard { .. }) => {
                    self.place = find_place(&self.install, self.keys.as_ref(), &self.watch)?;
                }
                Ok(Response::Refused(refusal)) => return Err(AskError::Refused(refusal)),
                response => return Ok(response?),
            }
        }
    }

    /// Makes a plan of all that can be read. The Desk is only asked for keys, holds and history; the state is let go
    /// before the records are scanned.
    ///
    /// # Errors
    /// As [`plan::make`] and [`Self::ask`].
    pub fn plan(mut self, request: &PlanRequest) -> Result<Made, AskError> {
        let install = self.install.clone();
        let keys = self.planning_keys(&install)?;
        let holds = match self.ask(Request::HoldList)? {
            Response::Holds { holds, .. } => HoldIndex::new(&holds),
            _ => return Err(unexpected(&install)),
        };
        let history = self.history()?;
        drop(self);
        Ok(plan::make(&install, &keys, &holds, &history, request).map_err(DeskError::from)?)
    }

    fn planning_keys(&mut self, install: &Installation) -> Result<PlanningKeys, AskError> {
        let mappings: Vec<Digest> =
            install.series.iter().map(mapping_digest).collect::<Result<_, PlanError>>().map_err(DeskError::from)?;
        let databases = install.sources.values().map(database_digest);
        let request = Request::PlanningKeys {
            sources: install.sources.keys().cloned().collect(),
            digests: mappings.into_iter().chain(databases).collect(),
        };
        let Response::PlanningKeys { year, digests } = self.ask(request)? else { return Err(unexpected(install)) };
        let mut digests = digests.into_iter();
        let mut keys = PlanningKeys { year, ..PlanningKeys::default() };
        keys.mappings = install.series.iter().map(|mapping| mapping.series.clone()).zip(digests.by_ref()).collect();
        keys.databases = install.sources.keys().cloned().zip(digests).collect();
        let places = audit::keys_in(&install.state);
        for source in install.sources.keys() {
            let found = load_fingerprinter(&places, source, year).map_err(DeskError::from)?;
            keys.fingerprinters.extend(found.map(|fingerprinter| (source.clone(), fingerprinter)));
        }
        Ok(keys)
    }

    fn history(&mut self) -> Result<History, AskError> {
        if let Some(desk) = self.here() {
            return Ok(desk.lock()?.chronicle()?.history().clone());
        }
        let log = LogReader::open(&audit::dir_in(&self.install.state)).map_err(DeskError::from)?;
        let mut chronicle = Chronicle::default();
        chronicle.read(&log).map_err(DeskError::from)?;
        Ok(chronicle.history().clone())
    }
}

fn unexpected(install: &Installation) -> AskError {
    let what = "it answered something else; are both of the same version?";
    DeskError::NoAnswer { state: install.state.clone(), what, source: None }.into()
}

/// A request was not granted, here or there.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    #[error(transparent)]
    Here(#[from] DeskError),
    #[error("{}", .0.message)]
    Refused(Refusal),
}

impl AskError {
    /// The refusal, from wherever it came.
    pub fn refusal(&self) -> Refusal {
        match self {
            Self::Here(error) => error.refusal(),
            Self::Refused(refusal) => refusal.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
