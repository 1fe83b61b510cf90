//! What the program's exit codes mean.

use std::process::ExitCode;

use crate::disposition::request::RefusalKind;

/// How a command ended, as the shell sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Ok = 0,
    /// Something failed; nothing more precise applies.
    Failure = 1,
    /// The command line is not understood.
    Usage = 2,
    /// A hold, a missing approval, a guard rail, a plan already executed.
    Refused = 3,
    /// The destruction log does not verify.
    LogFault = 4,
    /// The run went through, but some records were deferred, incomplete or failed; or a plan lacks a source.
    Partial = 5,
    /// Another process holds what is needed; the same command works later.
    Locked = 75,
    /// Configuration, calendar or mapping.
    BadConfig = 78,
}

impl Exit {
    /// The number that the shell sees.
    pub fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

impl From<RefusalKind> for Exit {
    fn from(kind: RefusalKind) -> Self {
        match kind {
            RefusalKind::Refused => Self::Refused,
            RefusalKind::Usage => Self::Usage,
            RefusalKind::Busy => Self::Locked,
            RefusalKind::Configuration => Self::BadConfig,
            RefusalKind::Log => Self::LogFault,
            RefusalKind::Failure => Self::Failure,
        }
    }
}
