//! Lines that come over the control socket, from anybody: each has a longest length and a time.

use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant as Monotonic};

use crate::disposition::desk::DeskError;

/// Longest request, its line break included.
pub(super) const LONGEST_LINE: usize = 64 << 10;

/// How long a connection may be silent, or take to send a line.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// What came of a connection and was not taken yet.
#[derive(Default)]
pub(super) struct Lines {
    pending: Vec<u8>,
}

impl Lines {
    /// The next line; `None` at the end, after too long a silence, or when the server stops.
    pub(super) fn next(
        &mut self,
        stream: &mut UnixStream,
        stop: &AtomicBool,
    ) -> io::Result<Option<Result<Vec<u8>, DeskError>>> {
        let began = Monotonic::now();
        let mut buffer = [0; 4_096];
        loop {
            if let Some(end) = self.pending.iter().position(|byte| *byte == b'\n') {
                let rest = self.pending.split_off(end + 1);
                let mut line = std::mem::replace(&mut self.pending, rest);
                line.truncate(end);
                return Ok(Some(Ok(line)));
            }
            if self.pending.len() >= LONGEST_LINE {
                let message = format!("it is longer than {LONGEST_LINE} bytes");
                return Ok(Some(Err(DeskError::NotARequest { message })));
            }
            if stop.load(Ordering::Acquire) || began.elapsed() > PATIENCE {
                return Ok(None);
            }
            match stream.read(&mut buffer) {
                Ok(0) => return Ok(None),
                Ok(length) => self.pending.extend(&buffer[..length]),
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
                    ) => {}
                Err(error) => return Err(error),
            }
        }
    }
}
