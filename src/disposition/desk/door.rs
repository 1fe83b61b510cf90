//! The door to the Desk: it is here, or another process has it and answers over the control socket.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant as Monotonic};

use super::ask::year_of;
use super::serve::{LONGEST_LINE, SOCKET, reach};
use super::{Desk, DeskError, Session, SharedDesk, actor_of};
use crate::audit::{KeyPlaces, load_fingerprinter};
use crate::disposition::Installation;
use crate::disposition::chronicle::Chronicle;
use crate::disposition::holds::HoldIndex;
use crate::disposition::plan::{self, PlanError, PlanFile, PlanRequest, PlanningKeys, database_digest, mapping_digest};
use crate::disposition::rails::History;
use crate::disposition::request::{Refusal, Request, Response};
use crate::model::{Digest, Instant};

/// How long to wait for a process that has the lock and does not answer yet, or no more.
const PATIENCE: Duration = Duration::from_secs(5);

/// An answer may take a chunk and the reading of a plan's list.
const ANSWER_WITHIN: Duration = Duration::from_secs(120);

/// Longest answer read.
const LONGEST_ANSWER: u64 = 256 << 20;

/// Where the Desk is.
pub enum Door {
    /// In this process, which holds the state.
    Here(SharedDesk, Session),
    /// In another, which answers.
    There(Client),
}

/// A connection to the process that holds the state.
pub struct Client {
    state: PathBuf,
    stream: BufReader<UnixStream>,
}

/// Takes the state, or connects to whoever has it. `keys`: where the secret keys are, if not under the state directory.
///
/// # Errors
/// Whatever keeps the state from being taken; [`DeskError::Locked`] where who has it does not answer.
pub fn open_or_connect(install: Arc<Installation>, keys: Option<KeyPlaces>, now: Instant) -> Result<Door, DeskError> {
    let began = Monotonic::now();
    loop {
        let refused = match Desk::open(install.clone(), keys.clone(), now) {
            Ok(desk) => {
                let actor = actor_of(rustix::process::getuid().as_raw());
                return Ok(Door::Here(SharedDesk::new(desk), Session::new(actor)));
            }
            Err(error) => error,
        };
        if let Ok(client) = Client::connect(&install.state) {
            return Ok(Door::There(client));
        }
        // Who may not enter may still be answered; but only a lock passes with time.
        let passes = matches!(&refused, DeskError::Locked { .. })
            || matches!(&refused, DeskError::Log(error) if error.is_locked());
        if !passes || began.elapsed() > PATIENCE {
            return Err(refused);
        }
        thread::sleep(Duration::from_millis(20));
    }
}

impl Door {
    /// Asks, wherever the Desk is.
    ///
    /// # Errors
    /// The refusal; or no answer came, and it is unknown whether the request was granted.
    pub fn ask(&mut self, request: Request, now: Instant) -> Result<Response, AskError> {
        match self {
            Self::Here(desk, session) => Ok(session.try_answer(desk, request, now)?),
            Self::There(client) => match client.send(&request)? {
                Response::Refused(refusal) => Err(AskError::Refused(refusal)),
                response => Ok(response),
            },
        }
    }

    /// Makes a plan. The Desk is only asked for keys, holds and history: records are scanned without it.
    ///
    /// # Errors
    /// As [`plan::make`] and [`Self::ask`].
    pub fn plan(&mut self, install: &Installation, request: &PlanRequest) -> Result<PlanFile, AskError> {
        let keys = self.planning_keys(install, request.now)?;
        let holds = match self.ask(Request::HoldList, request.now)? {
            Response::Holds { holds, .. } => HoldIndex::new(&holds),
            _ => return Err(self.unexpected(install)),
        };
        let history = self.history(install)?;
        Ok(plan::make(install, &keys, &holds, &history, request).map_err(DeskError::from)?)
    }

    fn planning_keys(&mut self, install: &Installation, now: Instant) -> Result<PlanningKeys, AskError> {
        let year = year_of(now);
        let mappings: Vec<Digest> =
            install.series.iter().map(mapping_digest).collect::<Result<_, PlanError>>().map_err(DeskError::from)?;
        let databases = install.sources.values().map(database_digest);
        let request = Request::PlanningKeys {
            year,
            sources: install.sources.keys().cloned().collect(),
            digests: mappings.into_iter().chain(databases).collect(),
        };
        let Response::PlanningKeys { digests } = self.ask(request, now)? else { return Err(self.unexpected(install)) };
        let mut digests = digests.into_iter();
        let mut keys = PlanningKeys { year, ..PlanningKeys::default() };
        keys.mappings = install.series.iter().map(|mapping| mapping.series.clone()).zip(digests.by_ref()).collect();
        keys.databases = install.sources.keys().cloned().zip(digests).collect();
        let places = KeyPlaces::new(install.state.join("private/keys"));
        for source in install.sources.keys() {
            let found = load_fingerprinter(places.clone(), source, year).map_err(DeskError::from)?;
            keys.fingerprinters.extend(found.map(|fingerprinter| (source.clone(), fingerprinter)));
        }
        Ok(keys)
    }

    fn history(&mut self, install: &Installation) -> Result<History, AskError> {
        match self {
            Self::Here(desk, _) => Ok(desk.lock()?.chronicle()?.history().clone()),
            Self::There(_) => {
                let log = crate::audit::LogReader::open(&install.state.join("audit")).map_err(DeskError::from)?;
                let mut chronicle = Chronicle::default();
                log.scan(0, &mut |index, leaf| {
                    chronicle.note(index, &leaf.body);
                    std::ops::ControlFlow::Continue(())
                })
                .map_err(DeskError::from)?;
                Ok(chronicle.history().clone())
            }
        }
    }

    fn unexpected(&self, install: &Installation) -> AskError {
        let what = "it answered something else; are both of the same version?";
        DeskError::NoAnswer { state: install.state.clone(), what, source: None }.into()
    }
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

impl Client {
    /// Connects to the process that holds the state.
    ///
    /// # Errors
    /// Nobody serves the socket, or this user may not use it.
    pub fn connect(state: &Path) -> Result<Self, DeskError> {
        let connect = || {
            let (_dir, path) = reach(state, SOCKET)?;
            let stream = UnixStream::connect(path)?;
            stream.set_read_timeout(Some(ANSWER_WITHIN))?;
            stream.set_write_timeout(Some(ANSWER_WITHIN))?;
            io::Result::Ok(stream)
        };
        let stream = connect().map_err(|source| DeskError::NoAnswer {
            state: state.to_owned(),
            what: "its socket cannot be reached",
            source: Some(source),
        })?;
        Ok(Self { state: state.to_owned(), stream: BufReader::new(stream) })
    }

    /// Sends a request and waits for the answer.
    ///
    /// # Errors
    /// The request is too long; the connection ended first, and it is unknown whether the request was granted.
    pub fn send(&mut self, request: &Request) -> Result<Response, DeskError> {
        let no_answer = |what, source| DeskError::NoAnswer { state: self.state.clone(), what, source };
        let mut line =
            serde_json::to_vec(request).map_err(|error| DeskError::NotARequest { message: error.to_string() })?;
        line.push(b'\n');
        if line.len() > LONGEST_LINE {
            return Err(DeskError::NotARequest { message: format!("it is longer than {LONGEST_LINE} bytes") });
        }
        let mut exchange = || {
            self.stream.get_mut().write_all(&line)?;
            let mut answer = Vec::new();
            (&mut self.stream).take(LONGEST_ANSWER).read_until(b'\n', &mut answer)?;
            io::Result::Ok(answer)
        };
        let answer = exchange().map_err(|source| no_answer("the connection failed", Some(source)))?;
        if answer.last() != Some(&b'\n') {
            return Err(no_answer(
                "it ended; whether the request was granted is unknown, look before you repeat it",
                None,
            ));
        }
        serde_json::from_slice(&answer)
            .map_err(|error| no_answer("what it answered cannot be read", Some(io::Error::other(error))))
    }
}
