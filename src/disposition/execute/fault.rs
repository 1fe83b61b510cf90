//! Failpoints of the destructive path, for the fault tests: without the feature `simulate` they compile to nothing.

use std::io;

/// A step of the protocol, after which a test may kill the process or make it fail.
///
/// `return(kill)` kills the process as `kill -9` does; `return(eio)` and `return(enospc)` fail the step.
///
/// # Errors
/// What the armed failpoint says; none otherwise.
#[cfg(feature = "simulate")]
pub(super) fn step(name: &'static str) -> io::Result<()> {
    fail::fail_point!(name, |what| match what.as_deref() {
        Some("kill") => {
            let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
            Ok(())
        }
        Some("enospc") => Err(rustix::io::Errno::NOSPC.into()),
        _ => Err(rustix::io::Errno::IO.into()),
    });
    Ok(())
}

/// Compiles to nothing.
///
/// # Errors
/// None.
#[cfg(not(feature = "simulate"))]
pub(super) fn step(_name: &'static str) -> io::Result<()> {
    Ok(())
}
