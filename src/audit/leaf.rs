//! The leaves of the destruction log: what each kind says. Field by field in `docs/log-format.md`.
//!
//! A leaf holds no personal information: records are fingerprints, free text is a keyed digest.

mod authority;
mod batch;
mod run;
mod upkeep;

use serde::{Deserialize, Serialize};

use crate::model::Actor;

pub use authority::{
    Approval, CalendarLeaf, GovernedBy, HoldAction, HoldLeaf, MappingLeaf, Rejection, RuleTerm, TermWay,
};
pub use batch::{Action, Intent, Outcome, RecordOutcome, Sanitized};
pub use run::{Refused, Run, RunCounts, VerdictCounts};
pub use upkeep::{Correction, EarlierBatch, Fpkey, FpkeyDestroyed, Genesis, Heartbeat, Predecessor, Sigkey};

/// One leaf: when it was written, and what it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaf {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub at: i64,
    #[serde(flatten)]
    pub body: Body,
}

/// What a leaf says, by kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Body {
    Genesis(Genesis),
    Calendar(CalendarLeaf),
    Mapping(MappingLeaf),
    Approval(Approval),
    Rejection(Rejection),
    Hold(HoldLeaf),
    Intent(Intent),
    Outcome(Outcome),
    Sanitized(Sanitized),
    Run(Run),
    Refused(Refused),
    Correction(Correction),
    Heartbeat(Heartbeat),
    Fpkey(Fpkey),
    FpkeyDestroyed(FpkeyDestroyed),
    Sigkey(Sigkey),
}

impl Body {
    /// Every kind, in the order of the documentation.
    pub const KINDS: [&str; 16] = [
        "genesis",
        "calendar",
        "mapping",
        "approval",
        "rejection",
        "hold",
        "intent",
        "outcome",
        "sanitized",
        "run",
        "refused",
        "correction",
        "heartbeat",
        "fpkey",
        "fpkey_destroyed",
        "sigkey",
    ];

    /// Who answers for it, where somebody does.
    pub fn actor(&self) -> Option<&Actor> {
        match self {
            Self::Genesis(genesis) => genesis.predecessor.as_ref().map(|predecessor| &predecessor.actor),
            Self::Approval(approval) => Some(&approval.actor),
            Self::Rejection(rejection) => Some(&rejection.actor),
            Self::Hold(hold) => Some(&hold.actor),
            Self::Run(run) => Some(&run.actor),
            Self::Refused(refused) => Some(&refused.actor),
            Self::Correction(correction) => correction.actor.as_ref(),
            Self::FpkeyDestroyed(destroyed) => Some(&destroyed.actor),
            Self::Sigkey(sigkey) => Some(&sigkey.actor),
            Self::Calendar(_)
            | Self::Mapping(_)
            | Self::Intent(_)
            | Self::Outcome(_)
            | Self::Sanitized(_)
            | Self::Heartbeat(_)
            | Self::Fpkey(_) => None,
        }
    }

    /// The leaf's `kind`, as it is written.
    pub fn kind(&self) -> &'static str {
        let place = match self {
            Self::Genesis(_) => 0,
            Self::Calendar(_) => 1,
            Self::Mapping(_) => 2,
            Self::Approval(_) => 3,
            Self::Rejection(_) => 4,
            Self::Hold(_) => 5,
            Self::Intent(_) => 6,
            Self::Outcome(_) => 7,
            Self::Sanitized(_) => 8,
            Self::Run(_) => 9,
            Self::Refused(_) => 10,
            Self::Correction(_) => 11,
            Self::Heartbeat(_) => 12,
            Self::Fpkey(_) => 13,
            Self::FpkeyDestroyed(_) => 14,
            Self::Sigkey(_) => 15,
        };
        Self::KINDS[place]
    }
}
