//! Serves the control socket while this process holds the state.
//!
//! One thread accepts, one per connection answers. Nothing that comes in is trusted: connections have a greatest
//! number, lines (`lines`) a longest length and a time.

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::fs::{Mode, OFlags};

use super::Session;
use super::crowd::{Crowd, MOST_CONNECTIONS};
use super::lines::{Lines, PATIENCE};
use crate::disposition::clock::Now;
use crate::disposition::control::Control;
use crate::disposition::desk::{DeskError, SharedDesk, actor_of};
use crate::disposition::request::{Request, Response};
use crate::model::{Actor, Instant};

/// How often a waiting thread looks whether it should end.
const TICK: Duration = Duration::from_millis(100);

/// The name of the socket in the state directory.
pub(super) const SOCKET: &str = "control.sock";

/// Answers what is for the daemon, or for any holder of the state; who asks is known from the socket.
pub type Steward = Arc<dyn Fn(Control, &Actor, Instant) -> Response + Send + Sync>;

/// The socket is served as long as this lives. Drop it without holding the Desk: it waits for the answers under way.
pub struct Served {
    stop: Arc<AtomicBool>,
    /// Closing it wakes the thread that accepts.
    wake: Option<UnixStream>,
    acceptor: Option<JoinHandle<()>>,
    socket: PathBuf,
}

/// Serves the control socket of this Desk; `steward` answers what is not for the Desk.
///
/// # Errors
/// The socket cannot be made.
pub fn serve(desk: &SharedDesk, clock: Now, steward: Steward) -> Result<Served, DeskError> {
    let state = desk.install().state.clone();
    let failed = |source| DeskError::File { doing: "make the control socket in", path: state.clone(), source };
    let listener = bind(&state).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let (wake, woken) = UnixStream::pair().map_err(failed)?;
    let stop = Arc::new(AtomicBool::new(false));
    let server = Server {
        desk: desk.clone(),
        clock,
        steward,
        stop: stop.clone(),
        crowd: Arc::default(),
        is_crowded: AtomicBool::new(false),
    };
    let acceptor = thread::Builder::new()
        .name("control socket".to_owned())
        .spawn(move || server.accept(&listener, &woken))
        .map_err(failed)?;
    Ok(Served { stop, wake: Some(wake), acceptor: Some(acceptor), socket: state.join(SOCKET) })
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        // While the state lock is held nobody else can have made this socket, so it is ours to remove.
        let _gone_or_not = fs::remove_file(&self.socket);
        self.wake = None;
        if let Some(acceptor) = self.acceptor.take() {
            let _panicked_or_not = acceptor.join();
        }
    }
}

/// Binds beside and renames, so that the socket never stands there with a mode that lets others in.
fn bind(state: &Path) -> io::Result<UnixListener> {
    let private = state.join("private");
    let (dir, beside) = reach(&private, "control.sock.new")?;
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&beside)?;
    fs::set_permissions(&beside, Permissions::from_mode(0o660))?;
    fs::rename(&beside, state.join(SOCKET))?;
    drop(dir);
    Ok(listener)
}

/// A path to `name` in `dir` that is short enough for a socket address, however long `dir` is; good as long as the
/// descriptor lives.
pub(super) fn reach(dir: &Path, name: &str) -> io::Result<(OwnedFd, PathBuf)> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let descriptor = rustix::fs::open(dir, flags, Mode::empty())?;
    let path = PathBuf::from(format!("/proc/self/fd/{}/{name}", descriptor.as_fd().as_raw_fd()));
    Ok((descriptor, path))
}

struct Server {
    desk: SharedDesk,
    clock: Now,
    steward: Steward,
    stop: Arc<AtomicBool>,
    crowd: Arc<Crowd>,
    /// The last who came was turned away.
    is_crowded: AtomicBool,
}

impl Server {
    /// Accepts until told to stop, then waits for the connections to end.
    fn accept(self, listener: &UnixListener, woken: &UnixStream) {
        let mut threads: Vec<JoinHandle<()>> = Vec::new();
        while !self.stop.load(Ordering::Acquire) {
            match listener.accept() {
                Ok((stream, _)) => threads.extend(self.welcome(stream)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => wait_for(listener, woken),
                Err(error) => {
                    tracing::warn!(%error, "a connection to the control socket could not be accepted");
                    thread::sleep(TICK);
                }
            }
            threads.retain(|thread| !thread.is_finished());
        }
        for thread in threads {
            let _panicked_or_not = thread.join();
        }
    }

    /// Starts a thread for a connection, or turns it away.
    fn welcome(&self, mut stream: UnixStream) -> Option<JoinHandle<()>> {
        let peer = rustix::net::sockopt::socket_peercred(&stream)
            .inspect_err(|error| tracing::warn!(%error, "whoever connected to the control socket cannot be told"))
            .ok()?;
        // Somebody who comes and goes at the brink does not make another crowd each time.
        if self.crowd.is_thin() {
            self.is_crowded.store(false, Ordering::Release);
        }
        let Some(seat) = self.crowd.seat(peer.uid.as_raw()) else {
            self.turn_away(&mut stream);
            return None;
        };
        let hearing = Hearing {
            desk: self.desk.clone(),
            clock: self.clock.clone(),
            steward: self.steward.clone(),
            stop: self.stop.clone(),
        };
        let spawned = thread::Builder::new().name("control connection".to_owned()).spawn(move || {
            let _seat = seat;
            if let Err(error) = hearing.converse(stream, actor_of(peer.uid.as_raw())) {
                tracing::debug!(%error, "a connection to the control socket ended");
            }
        });
        spawned.inspect_err(|error| tracing::warn!(%error, "no thread for a connection")).ok()
    }

    fn turn_away(&self, stream: &mut UnixStream) {
        // Once a crowd: a thousand who come at once must not fill the log.
        if !self.is_crowded.swap(true, Ordering::AcqRel) {
            tracing::warn!(
                most = MOST_CONNECTIONS,
                "connections to the control socket are turned away: too many are open"
            );
        }
        let crowded = DeskError::Crowded { what: "too many are open; try again" };
        let _whether_heard = stream.set_write_timeout(Some(TICK)).and_then(|()| say(stream, &refused(&crowded)));
    }
}

/// Waits for a connection, or for being told to stop.
fn wait_for(listener: &UnixListener, woken: &UnixStream) {
    use rustix::event::{PollFd, PollFlags, poll};
    let mut watched = [PollFd::new(listener, PollFlags::IN), PollFd::new(woken, PollFlags::IN)];
    if poll(&mut watched, None).is_err() {
        thread::sleep(TICK);
    }
}

/// What one connection needs.
struct Hearing {
    desk: SharedDesk,
    clock: Now,
    steward: Steward,
    stop: Arc<AtomicBool>,
}

impl Hearing {
    /// Answers line by line until the other side ends, is silent too long or sends what is no line.
    fn converse(&self, mut stream: UnixStream, actor: Actor) -> io::Result<()> {
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(TICK))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut session = Session::new(actor);
        let mut lines = Lines::default();
        // Who was not greeted knows that nothing they sent was read.
        say(&mut stream, &Response::Ready)?;
        while let Some(line) = lines.next(&mut stream, &self.stop)? {
            let response = match line.and_then(|line| parse(&line)) {
                Ok(request) => self.answer(&mut session, request),
                Err(error) => {
                    tracing::warn!(user = %session.actor(), "a line on the control socket is no request");
                    say(&mut stream, &refused(&error))?;
                    return Ok(());
                }
            };
            say(&mut stream, &response)?;
        }
        // A request that crosses this on its way is not read, and its sender knows.
        say(&mut stream, &Response::Closing)
    }

    fn answer(&self, session: &mut Session, request: Request) -> Response {
        let now = (self.clock)();
        match request {
            Request::Daemon { control } => (self.steward)(control, session.actor(), now),
            request => session.answer(&self.desk, request, now),
        }
    }
}

fn parse(line: &[u8]) -> Result<Request, DeskError> {
    // serde's words may quote the line, which may hold personal information; the answer goes to who sent it and nowhere
    // else.
    serde_json::from_slice(line).map_err(|error| DeskError::NotARequest { message: error.to_string() })
}

fn refused(error: &DeskError) -> Response {
    Response::Refused(error.refusal())
}

fn say(stream: &mut UnixStream, response: &Response) -> io::Result<()> {
    let mut bytes = serde_json::to_vec(response)?;
    bytes.push(b'\n');
    stream.write_all(&bytes)
}
