//! Failpoints of the destructive path, for the fault tests.

use std::io;

use crate::audit::failpoint;

/// A step of the protocol, after which a test may end the program or make it fail.
///
/// # Errors
/// What the armed failpoint says; none otherwise.
pub(super) fn step(name: &'static str) -> io::Result<()> {
    failpoint(name)
}
