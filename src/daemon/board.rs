//! What the run loop shows to those who ask: never waits for a run.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::alerts::Alerts;
use crate::disposition::control::{Configuration, Overdue, Pause};
use crate::disposition::execute::{Progress, Statement};
use crate::disposition::request::Refusal;
use crate::model::{Instant, PlanId, RuleNumber};

/// The board, behind a lock of its own.
pub struct Board(Mutex<Shown>);

/// What is shown.
pub struct Shown {
    pub started: Instant,
    pub mode: &'static str,
    pub doing: String,
    pub paused: Option<Pause>,
    pub next: BTreeMap<String, Instant>,
    pub counts: Option<Counts>,
    pub configuration: Configuration,
    pub alerts: Alerts,
    /// Executions asked for over the socket.
    pub executions: BTreeMap<PlanId, Execution>,
}

/// What the last scan of all rules found past its term.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub at: Instant,
    pub overdue: BTreeMap<RuleNumber, Overdue>,
}

/// An execution that somebody asked for.
#[derive(Clone, Debug)]
pub enum Execution {
    Waiting,
    Running(Progress),
    Ended(Box<Result<Statement, Refusal>>),
}

impl Board {
    /// A board that shows this.
    pub fn new(shown: Shown) -> Self {
        Self(Mutex::new(shown))
    }

    /// Reads or changes what is shown; never keep it while waiting for anything.
    pub fn show(&self) -> MutexGuard<'_, Shown> {
        // Fields are replaced whole, so a panic elsewhere leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows what the run loop does.
    pub fn doing(&self, what: impl Into<String>) {
        let what = what.into();
        if self.show().doing != what {
            super::systemd::status(&what);
            self.show().doing = what;
        }
    }

    /// Raises an alert.
    pub fn raise(&self, code: &'static str, about: &str, message: impl Into<String>, now: Instant) {
        self.show().alerts.raise(code, about, message.into(), now);
    }

    /// An alert is over.
    pub fn clear(&self, code: &'static str, about: &str) {
        self.show().alerts.clear(code, about);
    }
}
