//! Asks the process that holds the state, over the control socket.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::lines::LONGEST_LINE;
use super::serve::{SOCKET, reach};
use crate::disposition::desk::{DeskError, Holder};
use crate::disposition::request::{RefusalKind, Request, Response};

/// An answer may take a chunk and the reading of a plan's list.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(120);

/// How long to wait for a process that has the lock and gives no sign yet, or no more. A greeting asks nothing of the
/// Desk.
pub const SIGN_WITHIN: Duration = Duration::from_secs(10);

/// Longest answer read.
const LONGEST_ANSWER: u64 = 256 << 20;

/// A connection to the process that holds the state.
pub struct Client {
    state: PathBuf,
    stream: BufReader<UnixStream>,
}

impl Client {
    /// Connects to the process that holds the state and waits for its greeting.
    ///
    /// # Errors
    /// [`DeskError::NoDaemon`] where nobody serves the socket, [`DeskError::NoRights`] where this user may not use it;
    /// [`DeskError::Silent`] where no greeting came within [`SIGN_WITHIN`]; too many do.
    pub fn connect(state: &Path) -> Result<Self, DeskError> {
        let connect = || {
            let (_dir, path) = reach(state, SOCKET)?;
            let stream = UnixStream::connect(path)?;
            stream.set_read_timeout(Some(SIGN_WITHIN))?;
            stream.set_write_timeout(Some(ANSWER_WITHIN))?;
            io::Result::Ok(stream)
        };
        let stream = connect().map_err(|error| unreachable(state, error))?;
        let mut client = Self { state: state.to_owned(), stream: BufReader::new(stream) };
        let greeting = client.read().map_err(|error| match error {
            DeskError::Unanswered { state, holder, .. } => DeskError::Silent { state, holder, waited: SIGN_WITHIN },
            other => other,
        })?;
        match greeting {
            Response::Ready => {
                let set = client.stream.get_ref().set_read_timeout(Some(ANSWER_WITHIN));
                set.map_err(|error| no_answer(state, "the connection failed", Some(error)))?;
                Ok(client)
            }
            Response::Refused(refusal) if refusal.kind == RefusalKind::Busy => {
                Err(DeskError::Crowded { what: "too many are open; try again" })
            }
            _ => Err(no_answer(state, "it did not greet", None)),
        }
    }

    /// Sends a request and waits for the answer.
    ///
    /// # Errors
    /// The request is too long; [`DeskError::Unheard`] where it surely was not read; the connection ended before the
    /// answer, and it is unknown whether the request was granted.
    pub fn send(&mut self, request: &Request) -> Result<Response, DeskError> {
        let mut line =
            serde_json::to_vec(request).map_err(|error| DeskError::NotARequest { message: error.to_string() })?;
        line.push(b'\n');
        if line.len() > LONGEST_LINE {
            return Err(DeskError::NotARequest { message: format!("it is longer than {LONGEST_LINE} bytes") });
        }
        match self.stream.get_mut().write_all(&line) {
            // What was said before the other side closed can still be read: it is `Closing`.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            written => written.map_err(|error| no_answer(&self.state, "the connection failed", Some(error)))?,
        }
        match self.read()? {
            Response::Closing => Err(DeskError::Unheard { state: self.state.clone() }),
            response => Ok(response),
        }
    }

    fn read(&mut self) -> Result<Response, DeskError> {
        let mut answer = Vec::new();
        let read = (&mut self.stream).take(LONGEST_ANSWER).read_until(b'\n', &mut answer);
        read.map_err(|error| self.unread(error))?;
        if answer.last() != Some(&b'\n') {
            let what = "the connection ended; whether the request was granted is unknown, look before you repeat it";
            return Err(no_answer(&self.state, what, None));
        }
        let unreadable = |error| no_answer(&self.state, "what it said cannot be read", Some(io::Error::other(error)));
        serde_json::from_slice(&answer).map_err(unreadable)
    }

    fn unread(&self, error: io::Error) -> DeskError {
        let state = self.state.clone();
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                DeskError::Unanswered { holder: Holder::of(&state), state, waited: ANSWER_WITHIN }
            }
            _ => no_answer(&state, "the connection failed", Some(error)),
        }
    }
}

/// Why nobody was reached.
fn unreachable(state: &Path, error: io::Error) -> DeskError {
    let state = state.to_owned();
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => DeskError::NoDaemon { state },
        io::ErrorKind::PermissionDenied => DeskError::NoRights { state },
        _ => DeskError::NoAnswer { state, what: "its socket cannot be reached", source: Some(error) },
    }
}

fn no_answer(state: &Path, what: &'static str, source: Option<io::Error>) -> DeskError {
    DeskError::NoAnswer { state: state.to_owned(), what, source }
}
