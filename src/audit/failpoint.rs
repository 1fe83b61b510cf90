//! Failpoints, for the fault tests: without the feature `simulate` they compile to nothing.

use std::io;

/// A step after which a test may end the program or make it fail: `return(kill)` ends it as `kill -9` does,
/// `return(eio)` and `return(enospc)` fail the step. `return(tell)` names it on standard error and passes, so that a
/// test can count how often it is reached.
///
/// # Errors
/// What the armed failpoint says; none otherwise.
pub fn failpoint(name: &str) -> io::Result<()> {
    // Without the feature the macro below does not look at it.
    let _ = name;
    fail::fail_point!(name, |how| armed(name, how.as_deref()));
    Ok(())
}

#[cfg(feature = "simulate")]
fn armed(name: &str, how: Option<&str>) -> io::Result<()> {
    match how {
        Some("tell") => {
            eprintln!("failpoint {name}");
            Ok(())
        }
        Some("kill") => {
            let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
            Ok(())
        }
        Some("enospc") => Err(rustix::io::Errno::NOSPC.into()),
        _ => Err(rustix::io::Errno::IO.into()),
    }
}
