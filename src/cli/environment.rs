//! The only place that reads the environment; what it says becomes an argument of those who use it.

use std::ffi::OsString;

/// A variable; `None` where it is not set.
#[expect(clippy::disallowed_methods, reason = "this is the one door to the environment")]
pub(super) fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// A variable as text; `None` where it is not set or is no UTF-8.
pub(super) fn text(name: &str) -> Option<String> {
    variable(name)?.into_string().ok()
}
