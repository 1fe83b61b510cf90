//! The run loop: obeys one order after the other, so that no two runs ever overlap.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant as Monotonic};

use chrono::TimeDelta;
use tokio::sync::mpsc::UnboundedSender;

use super::alerts::kind;
use super::board::Board;
use super::execution::Retry;
use super::exposition::MetricsListener;
use super::kept::KeptAlert;
use super::kernel;
use super::metrics::Metrics;
use super::orders::Order;
use super::pulse::Pulse;
use super::reload::Files;
use super::scan::Depth;
use super::schedule::Alarm;
use crate::audit::leaf::{Body, Heartbeat};
use crate::config::{Config, Schedule};
use crate::disposition::clock::Watch;
use crate::disposition::control::SCAN;
use crate::disposition::desk::{Brake, Desk, DeskError, SharedDesk};
use crate::disposition::execute::left_files;
use crate::model::{Actor, Instant, PlanId, RuleNumber};

/// An idle run loop shows so often that it lives.
const SIGN_OF_LIFE: Duration = Duration::from_secs(30);

/// A tick's own work takes less.
const TICK_WORK: Duration = Duration::from_secs(600);

/// The log says at least so often that the program is alive.
const HEARTBEAT: TimeDelta = TimeDelta::hours(24);

/// Counts older than this are made anew for the heartbeat: a nightly scan keeps them younger, however long it takes.
const COUNTS_FOR: TimeDelta = TimeDelta::hours(26);

/// The run loop.
pub struct Runner {
    pub desk: SharedDesk,
    pub config: Config,
    pub schedule: Schedule,
    pub alarms: Vec<Alarm>,
    pub brake: Arc<Brake>,
    pub watch: Arc<Watch>,
    pub board: Arc<Board>,
    pub pulse: Arc<Pulse>,
    pub metrics: Arc<Metrics>,
    /// Where metrics are asked for from now on.
    pub places: UnboundedSender<Option<MetricsListener>>,
    /// Set when the daemon is to end.
    pub stop: Arc<AtomicBool>,
    /// The daemon itself, as the log names it.
    pub actor: Actor,
    pub(super) retries: BTreeMap<PlanId, Retry>,
    /// Size of the log when plans were last looked at: approvals are leaves.
    pub(super) seen: u64,
    /// Whether nothing stood in the way when plans were last looked at.
    pub(super) was_free: bool,
    pub(super) published: Option<Instant>,
    /// The configuration's files as they were when they were read.
    pub(super) files: Files,
    /// The metrics' textfile could not be written last.
    pub(super) textfile_fails: Cell<bool>,
    /// When the figures were shown last.
    pub(super) figures_at: Cell<Monotonic>,
    /// Records are left of what was past its term, and since when is unknown.
    pub(super) is_to_count: Cell<bool>,
    /// Alerts as they are kept for the next start.
    pub(super) kept: Vec<KeptAlert>,
}

/// What a run loop is made of.
pub struct Parts {
    pub desk: SharedDesk,
    pub config: Config,
    /// The configuration's files as they were when it was read.
    pub files: Files,
    pub schedule: Schedule,
    pub brake: Arc<Brake>,
    pub watch: Arc<Watch>,
    pub board: Arc<Board>,
    pub pulse: Arc<Pulse>,
    pub metrics: Arc<Metrics>,
    pub places: UnboundedSender<Option<MetricsListener>>,
    pub stop: Arc<AtomicBool>,
    pub actor: Actor,
}

impl Runner {
    /// A run loop with the alarms of its schedule.
    ///
    /// # Errors
    /// The private database.
    pub fn new(parts: Parts) -> Result<Self, DeskError> {
        let Parts { desk, config, files, schedule, brake, watch, board, pulse, metrics, places, stop, actor } = parts;
        let mut runner = Self {
            files,
            desk,
            config,
            schedule,
            alarms: Vec::new(),
            brake,
            watch,
            board,
            pulse,
            metrics,
            places,
            stop,
            actor,
            retries: BTreeMap::new(),
            seen: 0,
            was_free: false,
            published: None,
            textfile_fails: Cell::new(false),
            figures_at: Cell::new(Monotonic::now()),
            is_to_count: Cell::new(false),
            kept: Vec::new(),
        };
        runner.alarms = runner.alarms_of(&runner.schedule)?;
        runner.show_next();
        Ok(runner)
    }

    /// Obeys until told to end.
    pub fn run(mut self, orders: &Receiver<Order>) {
        self.board.doing("idle");
        while !self.stop.load(Ordering::Relaxed) {
            self.pulse.running(SIGN_OF_LIFE * 2);
            match orders.recv_timeout(SIGN_OF_LIFE) {
                Ok(Order::Stop) | Err(RecvTimeoutError::Disconnected) => break,
                Ok(order) => {
                    self.pulse.running(TICK_WORK);
                    self.obey(order);
                    self.memorize_alerts();
                    self.show_figures();
                    kernel::give_back_memory();
                    self.board.doing("idle");
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
        if let Err(error) = self.publish() {
            self.trouble(&error, self.watch.now());
        }
        self.tell_the_last_alerts();
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Tick => self.tick(),
            Order::Scan { rules, actor } => {
                tracing::info!(%actor, "a scan was asked for");
                self.board.show().awaited.remove(&rules);
                // It may have waited for a run, and the clock have come into doubt meanwhile.
                match self.watch.look().1 {
                    Some(doubt) => tracing::warn!("nothing is scanned: {doubt}"),
                    None => self.scan_for(&rules),
                }
                self.look_around();
            }
            Order::Apply { plan, actor } => self.execute_for(&plan, &actor),
            Order::Reload { loaded, files, taken_up } => self.take_up(*loaded, files, &taken_up),
            Order::Stop => {}
        }
    }

    fn tick(&mut self) {
        let (now, doubt) = self.watch.look();
        match doubt {
            Some(doubt) => {
                // It may have been another one before.
                self.board.show().alerts.keep_only(kind::CLOCK, &[doubt.code()]);
                let message = format!(
                    "{doubt}; nothing is destroyed or scanned until the clock is right or somebody answers for it: `retentiond ctl resume --clock`"
                );
                self.board.raise(kind::CLOCK, doubt.code(), message, now);
            }
            None => self.board.show().alerts.keep_only(kind::CLOCK, &[]),
        }
        self.notice_changed_files(now);
        // A restart goes on from what was believed.
        if let Err(error) = self.brake.memorize_clock() {
            self.trouble(&error, now);
        }
        self.look_around();
        if doubt.is_some() {
            return;
        }
        if self.board.show().alerts.count(kind::RECOVERY) > 0 {
            self.recover();
        }
        self.forget_times_to_come(now);
        // What was begun or approved comes first, so that the scan does not list its records anew.
        self.resume();
        self.fire(now);
        self.count_anew();
        if let Err(error) = self.beat(now) {
            self.trouble(&error, now);
        }
    }

    /// After a clock that lay ahead was put back: what was noted under it would wait until that time.
    fn forget_times_to_come(&mut self, now: Instant) {
        self.forget_retries_to_come(now);
        self.metrics.forget_scan_to_come(now);
        if self.alarms.iter().any(|alarm| alarm.is_ahead(now)) {
            self.alarms.iter_mut().for_each(|alarm| alarm.put_back(now));
            self.show_next();
        }
    }

    /// A scan that somebody asked for, among the last runs.
    fn scan_for(&mut self, rules: &[RuleNumber]) {
        match self.begin(SCAN) {
            Ok(begun) => {
                let scanned = self.scan(rules, Depth::Full);
                self.end(SCAN, begun, &scanned.outcome);
            }
            Err(error) => self.trouble(&error, self.watch.now()),
        }
    }

    /// Once a day: fresh counts, a leaf that says the program is alive, files that were left, and housekeeping.
    fn beat(&mut self, now: Instant) -> Result<(), DeskError> {
        let last: Option<Instant> = self.desk.lock()?.recall("heartbeat")?;
        let Some(last) = last else {
            return self.desk.lock()?.memorize("heartbeat", Some(&now));
        };
        // One ahead of the clock was stamped under a wrong one.
        if (last..last + HEARTBEAT).contains(&now) {
            return Ok(());
        }
        let is_old = self.board.show().counts.as_ref().is_none_or(|counts| now - counts.at > COUNTS_FOR);
        if is_old && !self.schedule.suspended {
            self.count();
        }
        let mut desk = self.desk.lock()?;
        let alive = self.sign_of_life(&desk);
        desk.record(alive, now)?;
        desk.memorize("heartbeat", Some(&now))?;
        drop(desk);
        if self.may_destroy() && !left_files(&self.config.state)?.is_empty() {
            self.recover();
        }
        self.keep_house(now)
    }

    /// A leaf that says that the program is alive, what it counted last and how many holds it keeps.
    pub(super) fn sign_of_life(&self, desk: &Desk) -> Body {
        let counts = self.board.show().counts.clone();
        let overdue = counts.map(|counts| counts.overdue).unwrap_or_default();
        Body::Heartbeat(Heartbeat {
            overdue: overdue.into_iter().map(|(rule, overdue)| (rule, overdue.records)).collect(),
            holds: desk.holds_in_force().len() as u64,
        })
    }
}
