//! What may be asked of the daemon alone, and what it answers: it has a schedule, a mode and alerts, which a mere
//! command has not.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::desk::Firing;
use super::request::PlanStatus;
use crate::model::{Actor, CivilDate, Instant, PlanId, RuleNumber};

/// The name, among the firings of schedules, of scans that somebody asked for.
pub const SCAN: &str = "scan";

/// And of executions, whoever began them.
pub const RUN: &str = "run";

/// A request to the daemon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Control {
    Status,
    /// The time to believe, and what speaks against the clock.
    Clock,
    /// Scans now, whatever the schedule says. No rule: all.
    Scan {
        rules: Vec<RuleNumber>,
    },
    /// Destroys nothing until resumed, not even after a restart.
    Pause {
        reason: String,
    },
    /// Goes on. `clock`: the person who asks also answers for the clock as it is.
    Resume {
        clock: bool,
    },
    /// Reads configuration and calendars again.
    Reload,
    /// Executes an approved plan, now or after what is under way.
    Apply {
        plan: PlanId,
    },
    /// How far an execution asked for with [`Control::Apply`] has come, or how it ended: by the number that was
    /// answered.
    Progress {
        execution: u64,
    },
}

/// What the daemon is doing, and what it needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    pub version: String,
    pub started: Instant,
    pub mode: String,
    /// What the run loop does at this moment.
    pub doing: String,
    pub paused: Option<Pause>,
    /// Why the clock is not believed: nothing is destroyed while it is not.
    pub clock: Option<String>,
    /// Why nothing is destroyed at this moment; `None` where it may be.
    pub waiting: Option<String>,
    /// Next time of each schedule.
    pub next: BTreeMap<String, Instant>,
    /// The latest firings, scans asked for ([`SCAN`]) and executions ([`RUN`]), the newest first.
    pub last: Vec<Firing>,
    /// Plans that wait for a decision or for their end.
    pub plans: Vec<PlanStatus>,
    /// Holds in force.
    pub holds: u64,
    /// Holds whose day of review has come.
    pub holds_to_review: u64,
    /// Past their term and not destroyed: as the last scan of all rules found them, less what was disposed of since.
    pub overdue: BTreeMap<RuleNumber, Overdue>,
    /// When that scan was made.
    pub counted: Option<Instant>,
    /// Files that should be gone and are not.
    pub left: Vec<LeftFiles>,
    pub log: LogPosition,
    pub configuration: Configuration,
    pub alerts: Vec<Alert>,
}

/// Who paused, when and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    pub actor: Actor,
    pub at: Instant,
    pub reason: String,
}

/// What is past its term under one rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overdue {
    pub records: u64,
    /// First day on which the oldest was due.
    pub oldest: Option<CivilDate>,
}

/// Files that a plan's batches could not unlink after their rows had gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftFiles {
    pub plan: PlanId,
    pub files: u64,
    /// Since when the first of them is left.
    pub since: Instant,
}

/// Where the destruction log stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPosition {
    pub entries: u64,
    pub last: Option<Instant>,
    /// Entries that the published checkpoint covers.
    pub published: u64,
    /// Entries that a checkpoint with a witness's signature covers; `None`: no witness ever signed.
    pub anchored: Option<u64>,
    /// When that was noticed.
    pub anchored_at: Option<Instant>,
}

/// Which configuration is in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configuration {
    pub file: String,
    pub loaded: Instant,
    /// Configuration or calendars have changed on disk since.
    pub is_changed: bool,
    /// What was wrong with it when it was last read again; the one in use went on.
    pub fault: Option<String>,
}

/// Something a person should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Stable name of its kind.
    pub code: String,
    /// What it is about: a plan, a source, a rule.
    pub about: String,
    pub message: String,
    pub since: Instant,
}
