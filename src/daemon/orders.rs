//! What the run loop is told to do.

use std::sync::mpsc::Sender;

use super::reload::Files;
use crate::config::Loaded;
use crate::disposition::request::Refusal;
use crate::model::{Actor, PlanId, RuleNumber};

/// An order to the run loop; obeyed in the order of their coming.
#[derive(Debug)]
pub enum Order {
    /// Another minute has passed.
    Tick,
    /// Scan now. No rule: all.
    Scan { rules: Vec<RuleNumber>, actor: Actor },
    /// Execute an approved plan.
    Apply { plan: PlanId, actor: Actor },
    /// Go on with another configuration, read from these files, and say whether it is in use.
    Reload { loaded: Box<Loaded>, files: Files, taken_up: Sender<Result<(), Refusal>> },
    /// End.
    Stop,
}
