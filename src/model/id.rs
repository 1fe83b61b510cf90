//! Names and numbers that identify things, each with a type of its own so that they cannot be exchanged.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps a name as it was written.
            pub fn new(name: impl Into<String>) -> Self {
                Self(name.into())
            }

            /// The name as it was written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                Self::new(name)
            }
        }
    )*};
}

names! {
    /// Number of a conservation calendar, as its authority knows it (`OPC-PC`).
    CalendarNumber;
    /// Number of a retention rule, unique in its calendar (`PC-1`).
    RuleNumber;
    /// A class of records (`dossier`).
    SeriesName;
    /// A part of a record: its dependent rows or files (`message`).
    PartName;
    /// What starts a clock (`closure`).
    TriggerName;
    /// A database that ops configured (`parle`).
    SourceName;
    /// A plan, as `plan` prints it (`2026-11-21-4f9a2c01`).
    PlanId;
    /// A hold, as `hold place` prints it (`H-1a2b3c4d`).
    HoldId;
    /// One execution of an approved plan.
    RunId;
    /// The name of a destruction log, unique in the world; also the origin line of its checkpoints.
    Origin;
    /// Who asked: `name (uid)` of the local user, or of the peer on the control socket.
    Actor;
}

/// Number of a batch in its log: the index of its first intent leaf, so it is never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BatchNumber(pub u64);

impl fmt::Display for BatchNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
