//! What the run loop shows to those who ask: never waits for a run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::alerts::{Alerts, kind};
use super::executions::Executions;
use crate::disposition::control::{Configuration, Overdue, Pause};
use crate::disposition::desk::Firing;
use crate::disposition::request::{Refusal, RefusalKind};
use crate::model::{Fault, Instant, RuleNumber, in_utc};

/// The board, behind a lock of its own.
pub struct Board {
    shown: Mutex<Shown>,
    /// What systemd was told last.
    told: Mutex<String>,
}

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
    /// Scans asked for that have not begun, by their rules.
    pub awaited: BTreeSet<Vec<RuleNumber>>,
    /// Executions asked for over the socket.
    pub executions: Executions,
    /// By schedule, what fired last and could not be put on record, so that it did not begin.
    pub unrecorded: BTreeMap<String, Firing>,
}

/// What the last scan of all rules found past its term, less what was disposed of since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// When it was made.
    pub at: Instant,
    /// Entries of the log that are taken into account.
    pub entries: u64,
    pub overdue: BTreeMap<RuleNumber, Overdue>,
}

impl Board {
    /// A board that shows this.
    pub fn new(shown: Shown) -> Self {
        Self { shown: Mutex::new(shown), told: Mutex::default() }
    }

    /// Reads or changes what is shown; never keep it while waiting for anything.
    pub fn show(&self) -> MutexGuard<'_, Shown> {
        // Fields are replaced whole, so a panic elsewhere leaves nothing half done.
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows what the run loop does, here and in `systemctl status`.
    pub fn doing(&self, what: impl Into<String>) {
        let mut shown = self.show();
        shown.doing = what.into();
        let headline = shown.headline();
        drop(shown);
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if *told != headline {
            super::systemd::status(&headline);
            *told = headline;
        }
    }

    /// Raises an alert.
    pub fn raise(&self, code: &'static str, about: &str, message: impl Into<String>, now: Instant) {
        self.show().alerts.raise(code, about, message.into(), now);
    }

    /// Shows why another configuration is not in use; returns what is told to whoever asked for it, `faults` of files
    /// included.
    pub fn not_reloaded(&self, fault: String, faults: Vec<Fault>, now: Instant) -> Refusal {
        let message = format!("the configuration was not reloaded and the one in use goes on: {fault}");
        // The alert is told once, but each reload that was asked for has an outcome.
        tracing::warn!(fault, "a reload of the configuration failed");
        let mut shown = self.show();
        shown.configuration.fault = Some(fault);
        shown.alerts.raise(kind::CONFIGURATION, "fault", message.clone(), now);
        let kind = RefusalKind::Configuration;
        Refusal { kind, code: "configuration".to_owned(), message, rails: Vec::new(), faults }
    }

    /// An alert is over.
    pub fn clear(&self, code: &'static str, about: &str) {
        self.show().alerts.clear(code, about);
    }
}

impl Shown {
    /// Shows that the firing of this time could not be put on record, and why; it is tried again at every tick.
    pub fn not_begun(&mut self, schedule: &str, at: Instant, now: Instant, why: String) {
        let outcome = Some(format!("not begun: {why}"));
        let firing = Firing { schedule: schedule.to_owned(), at, began: now, ended: Some(now), outcome };
        self.unrecorded.insert(schedule.to_owned(), firing);
    }

    /// The status in one line: what it does, whether it may destroy, what comes next, and whether it needs somebody.
    pub fn headline(&self) -> String {
        let mut line = self.doing.clone();
        if self.paused.is_some() {
            line += "; paused";
        }
        if let Some(next) = self.next.values().min() {
            line += &format!("; next scan {}", in_utc(*next));
        }
        match self.alerts.standing().len() {
            0 => {}
            1 => line += "; 1 alert stands",
            many => line += &format!("; {many} alerts stand"),
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Actor;

    #[test]
    fn the_headline_says_what_it_does_what_comes_next_and_whether_it_needs_somebody() {
        let at: Instant = "2026-11-22T07:00:00Z".parse().unwrap();
        let mut shown = Shown {
            started: at,
            mode: "report",
            doing: "idle".to_owned(),
            paused: None,
            next: BTreeMap::new(),
            counts: None,
            configuration: Configuration { file: String::new(), loaded: at, is_changed: false, fault: None },
            alerts: Alerts::default(),
            awaited: BTreeSet::new(),
            executions: Executions::default(),
            unrecorded: BTreeMap::new(),
        };
        assert_eq!(shown.headline(), "idle");
        shown.next = [("all".to_owned(), at), ("extra".to_owned(), at - chrono::TimeDelta::hours(1))].into();
        shown.alerts.raise(kind::CLOCK, "clock", "a jump".to_owned(), at);
        assert_eq!(shown.headline(), "idle; next scan 2026-11-22T06:00:00Z; 1 alert stands");
        shown.alerts.raise(kind::LOG, "log", "full".to_owned(), at);
        shown.paused = Some(Pause { actor: Actor::new("x"), at, reason: String::new() });
        assert_eq!(shown.headline(), "idle; paused; next scan 2026-11-22T06:00:00Z; 2 alerts stand");
    }
}
