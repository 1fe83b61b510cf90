//! The run loop: obeys one order after the other, so that no two runs ever overlap.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use chrono::TimeDelta;

use super::alerts::kind;
use super::board::Board;
use super::execution::Retry;
use super::metrics::Metrics;
use super::orders::Order;
use super::pulse::Pulse;
use super::scan::Depth;
use super::schedule::{Alarm, Ring};
use super::systemd;
use super::watch::Watch;
use crate::audit::leaf::{Body, Heartbeat};
use crate::audit::witness::read_witnessed;
use crate::config::{Config, Loaded, Schedule};
use crate::disposition::desk::{DeskError, SharedDesk};
use crate::disposition::execute;
use crate::model::{Actor, Instant, PlanId, RuleNumber};

/// An idle run loop shows so often that it lives.
const SIGN_OF_LIFE: Duration = Duration::from_secs(30);

/// A tick's own work takes less.
const TICK_WORK: Duration = Duration::from_secs(600);

/// The log says at least so often that the program is alive.
const HEARTBEAT: TimeDelta = TimeDelta::hours(24);

/// Counts older than this are made anew for the heartbeat: a nightly scan keeps them younger, however long it takes.
const COUNTS_FOR: TimeDelta = TimeDelta::hours(26);

/// Entries wait so long at most for a checkpoint.
const PUBLISH: TimeDelta = TimeDelta::hours(1);

/// What no witness has seen for so long, the operator could still rewrite.
const UNANCHORED: TimeDelta = TimeDelta::days(35);

/// The run loop.
pub struct Runner {
    pub desk: SharedDesk,
    pub config: Config,
    pub schedule: Schedule,
    pub alarms: Vec<Alarm>,
    pub watch: Arc<Watch>,
    pub board: Arc<Board>,
    pub pulse: Arc<Pulse>,
    pub metrics: Arc<Metrics>,
    /// Set when the daemon is to end.
    pub stop: Arc<AtomicBool>,
    /// The daemon itself, as the log names it.
    pub actor: Actor,
    pub(super) retries: BTreeMap<PlanId, Retry>,
    /// Size of the log when plans were last looked at: approvals are leaves.
    pub(super) seen: u64,
    /// Whether nothing stood in the way when plans were last looked at.
    pub(super) was_free: bool,
    published: Option<Instant>,
    /// The configuration's files as they were when they were read.
    files: Vec<(PathBuf, Option<Stamp>)>,
}

/// What tells a file from its later self.
type Stamp = (u64, i64, i64, u64);

/// What a run loop is made of.
pub struct Parts {
    pub desk: SharedDesk,
    pub config: Config,
    pub schedule: Schedule,
    pub watch: Arc<Watch>,
    pub board: Arc<Board>,
    pub pulse: Arc<Pulse>,
    pub metrics: Arc<Metrics>,
    pub stop: Arc<AtomicBool>,
    pub actor: Actor,
}

impl Runner {
    /// A run loop with the alarms of its schedule.
    ///
    /// # Errors
    /// The private database.
    pub fn new(parts: Parts) -> Result<Self, DeskError> {
        let Parts { desk, config, schedule, watch, board, pulse, metrics, stop, actor } = parts;
        let mut runner = Self {
            files: stamps(&config),
            desk,
            config,
            schedule,
            alarms: Vec::new(),
            watch,
            board,
            pulse,
            metrics,
            stop,
            actor,
            retries: BTreeMap::new(),
            seen: 0,
            was_free: false,
            published: None,
        };
        runner.set_alarms()?;
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
                    self.board.doing("idle");
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
        self.publish();
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Tick => self.tick(),
            Order::Scan { rules, actor } => {
                tracing::info!(%actor, "a scan was asked for");
                self.scan(&rules, Depth::Full);
                self.look_around();
            }
            Order::Apply { plan, actor } => self.execute_for(&plan, &actor),
            Order::Reload(loaded) => self.reload(*loaded),
            Order::Stop => {}
        }
    }

    fn tick(&mut self) {
        let (now, doubt) = self.watch.look();
        match doubt {
            Some(doubt) => {
                let message = format!(
                    "{doubt}; nothing is destroyed or scanned until the clock is right or somebody answers for it: `retentiond ctl resume --clock`"
                );
                self.board.raise(kind::CLOCK, doubt.code(), message, now);
            }
            None => self.board.show().alerts.keep_only(kind::CLOCK, &[]),
        }
        self.notice_changed_files(now);
        self.look_around();
        if doubt.is_some() {
            return;
        }
        self.fire(now);
        if let Err(error) = self.beat(now) {
            self.trouble(&error, now);
        }
        self.resume();
    }

    /// Fires every alarm that rings.
    fn fire(&mut self, now: Instant) {
        if self.schedule.suspended {
            return;
        }
        for place in 0..self.alarms.len() {
            let (at, is_made_up) = match self.alarms[place].ring(now) {
                Ring::Not => continue,
                Ring::Fire(at) => (at, true),
                Ring::Missed(at) => (at, false),
            };
            let (name, rules) = (self.alarms[place].name.clone(), self.alarms[place].rules.clone());
            if let Err(error) = self.fire_one(&name, &rules, at, is_made_up) {
                // Unrecorded, it must not run; the next tick tries again.
                self.trouble(&error, now);
                continue;
            }
            self.alarms[place].done(at);
            self.show_next();
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
        }
    }

    fn fire_one(&mut self, name: &str, rules: &[RuleNumber], at: Instant, is_made_up: bool) -> Result<(), DeskError> {
        let now = self.watch.now();
        if !self.desk.lock()?.begin_firing(name, at, now)? {
            return Ok(());
        }
        let outcome = if is_made_up {
            tracing::info!(schedule = name, %at, "a scan is due");
            self.scan(rules, Depth::Probe)
        } else {
            tracing::warn!(schedule = name, %at, "a scan was missed and is not made up");
            "missed".to_owned()
        };
        self.desk.lock()?.end_firing(name, at, self.watch.now(), &outcome)
    }

    /// Once a day: fresh counts, a leaf that says the program is alive, and housekeeping.
    fn beat(&mut self, now: Instant) -> Result<(), DeskError> {
        let last: Option<Instant> = self.desk.lock()?.recall("heartbeat")?;
        let Some(last) = last else {
            return self.desk.lock()?.memorize("heartbeat", Some(&now));
        };
        if now - last < HEARTBEAT {
            return Ok(());
        }
        let is_old = self.board.show().counts.as_ref().is_none_or(|counts| now - counts.at > COUNTS_FOR);
        if is_old && !self.schedule.suspended {
            self.count();
        }
        let counts = self.board.show().counts.clone();
        let overdue = counts.map(|counts| counts.overdue).unwrap_or_default();
        let mut desk = self.desk.lock()?;
        let heartbeat = Heartbeat {
            overdue: overdue.into_iter().map(|(rule, overdue)| (rule, overdue.records)).collect(),
            holds: desk.holds_in_force().len() as u64,
        };
        desk.record(Body::Heartbeat(heartbeat), now)?;
        desk.memorize("heartbeat", Some(&now))?;
        drop(desk);
        self.keep_house(now)
    }

    /// Notes where the log, the holds and the sources stand; publishes what waits.
    pub(super) fn look_around(&mut self) {
        if let Err(error) = self.try_look_around() {
            self.trouble(&error, self.watch.now());
        }
        if let Some(path) = &self.config.metrics.textfile
            && let Err(error) = self.metrics.write_textfile(path)
        {
            tracing::warn!(path = %path.display(), %error, "the metrics' textfile cannot be written");
        }
    }

    fn try_look_around(&mut self) -> Result<(), DeskError> {
        let now = self.watch.now();
        let mut desk = self.desk.lock()?;
        if desk.log().is_poisoned() {
            desk.reread(now)?;
            tracing::info!("the destruction log was read again after a failed write");
        }
        let last = desk.log().last_time();
        let (entries, holds) = (desk.log().size(), desk.holds_in_force().len() as u64);
        let restored: Vec<String> = desk.chronicle()?.history().restored.iter().map(ToString::to_string).collect();
        let lost = desk.lost_holds().count();
        drop(desk);
        self.watch.log_is_at(last);
        let anchored = self.look_at_anchor(entries, now)?;
        let mut shown = self.board.show();
        shown.alerts.clear(kind::LOG, "log");
        let names: Vec<&str> = restored.iter().map(String::as_str).collect();
        shown.alerts.keep_only(kind::RESTORED, &names);
        for source in &restored {
            let message = format!(
                "the database of {source} no longer says what the log says: it was restored from a copy; its records are destroyed again only by a plan approved with `--accept restored`"
            );
            shown.alerts.raise(kind::RESTORED, source, message, now);
        }
        match lost {
            0 => shown.alerts.clear(kind::HOLDS_LOST, "holds"),
            lost => {
                let message = format!(
                    "{lost} holds are in force of which the private database has lost what they keep; nothing is destroyed, see `retentiond hold list`"
                );
                shown.alerts.raise(kind::HOLDS_LOST, "holds", message, now);
            }
        }
        let alerts = shown.alerts.standing().len();
        drop(shown);
        self.metrics.stand(entries, anchored, holds, alerts);
        if self.published.is_none_or(|published| now - published >= PUBLISH || now < published) {
            self.published = Some(now);
            self.publish();
        }
        Ok(())
    }

    /// How many entries a witness has seen; an alert where the rest waits for too long.
    fn look_at_anchor(&self, entries: u64, now: Instant) -> Result<u64, DeskError> {
        let witnessed = read_witnessed(&self.config.state.join("audit"));
        // An unreadable cosignature anchors nothing; `audit verify` says what is wrong with it.
        let anchored = witnessed.ok().flatten().map_or(0, |checkpoint| checkpoint.claimed().tree.size);
        let desk = self.desk.lock()?;
        let since = match desk.recall::<(u64, Instant)>("anchor")? {
            Some((size, since)) if size == anchored => since,
            _ => {
                desk.memorize("anchor", Some(&(anchored, now)))?;
                now
            }
        };
        drop(desk);
        if entries > anchored && now - since > UNANCHORED {
            let message = format!(
                "no witness has seen the last {} entries of the log for {} days; see `retentiond audit checkpoint`",
                entries - anchored,
                UNANCHORED.num_days()
            );
            self.board.raise(kind::UNANCHORED, "log", message, now);
        } else {
            self.board.clear(kind::UNANCHORED, "log");
        }
        Ok(anchored)
    }

    fn publish(&self) {
        let published = self.desk.lock().and_then(|mut desk| Ok(desk.log().publish()?));
        if let Err(error) = published {
            self.trouble(&error, self.watch.now());
        }
    }

    /// What the Desk could not do: destruction waits, the service goes on.
    pub(super) fn trouble(&self, error: &DeskError, now: Instant) {
        self.board.raise(kind::LOG, "log", error.refusal().message, now);
    }

    /// Goes on with another configuration, between runs.
    fn reload(&mut self, loaded: Loaded) {
        let now = self.watch.now();
        let install = super::installation(&loaded);
        let Some(schedule) = loaded.config.schedule.clone() else { return };
        let (before, until_now) = (self.config.clone(), self.schedule.clone());
        self.files = stamps(&loaded.config);
        (self.config, self.schedule) = (loaded.config, schedule);
        let swapped = self.set_alarms().and_then(|()| self.desk.replace_install(Arc::new(install)));
        if let Err(error) = swapped {
            (self.config, self.schedule) = (before, until_now);
            return self.trouble(&error, now);
        }
        self.retries.clear();
        self.was_free = false;
        let mut shown = self.board.show();
        shown.mode = super::run::mode_word(self.config.mode);
        shown.configuration.loaded = now;
        shown.configuration.is_changed = false;
        shown.configuration.fault = None;
        shown.alerts.keep_only(kind::CONFIGURATION, &[]);
        shown.alerts.give_to(self.config.notify.clone());
        drop(shown);
        tracing::info!(mode = super::run::mode_word(self.config.mode), "the new configuration is in use");
        systemd::ready("idle");
    }

    fn set_alarms(&mut self) -> Result<(), DeskError> {
        let now = self.watch.now();
        let desk = self.desk.lock()?;
        let last = |name: &str| match desk.last_firing(name)? {
            Some(last) => Ok::<_, DeskError>(last),
            None => {
                // From now on it can miss something.
                desk.begin_firing(name, now, now)?;
                desk.end_firing(name, now, now, "scheduled")?;
                Ok(now)
            }
        };
        let alarms = Alarm::all(&self.schedule, last)?;
        drop(desk);
        self.alarms = alarms;
        self.show_next();
        Ok(())
    }

    fn show_next(&self) {
        let next = self.alarms.iter().filter_map(|alarm| Some((alarm.name.clone(), alarm.next()?)));
        self.board.show().next = if self.schedule.suspended { BTreeMap::new() } else { next.collect() };
    }

    fn notice_changed_files(&mut self, now: Instant) {
        let is_changed = self.files.iter().any(|(path, stamp)| stamp_of(path) != *stamp);
        let mut shown = self.board.show();
        shown.configuration.is_changed = is_changed;
        if is_changed {
            let message = "configuration or calendars have changed on disk and are not in use yet; `retentiond ctl reload` takes them up";
            shown.alerts.raise(kind::CONFIGURATION, "changed", message.to_owned(), now);
        } else {
            shown.alerts.clear(kind::CONFIGURATION, "changed");
        }
    }

    /// Gives every intent without outcome its outcome; what cannot be resolved now is tried again before every execution.
    pub fn recover(&mut self) {
        let now = self.watch.now();
        let recovered = self.desk.lock().map_err(Into::into).and_then(|mut desk| execute::recover(&mut desk, now));
        match recovered {
            Ok(recovered) => {
                if recovered.batches > 0 {
                    let (batches, committed) = (recovered.batches, recovered.committed);
                    tracing::warn!(batches, committed, "batches that a crash interrupted were resolved");
                }
                self.board.clear(kind::RECOVERY, "log");
            }
            Err(error) => {
                let message = format!(
                    "nothing is destroyed until what a crash interrupted is resolved: {}",
                    super::execution::refusal(&error).message
                );
                self.board.raise(kind::RECOVERY, "log", message, now);
            }
        }
    }

    /// Makes the scans anew that a crash interrupted: each once.
    pub fn make_up(&mut self) {
        let made_up = self.desk.lock().and_then(|desk| {
            let interrupted = desk.interrupted_firings()?;
            for firing in &interrupted {
                desk.end_firing(
                    &firing.schedule,
                    firing.at,
                    self.watch.now(),
                    "interrupted, and made anew at the next start",
                )?;
            }
            Ok(interrupted)
        });
        match made_up {
            Ok(interrupted) => {
                let names: Vec<String> = interrupted.into_iter().map(|firing| firing.schedule).collect();
                let scans: Vec<Vec<RuleNumber>> = self
                    .alarms
                    .iter()
                    .filter(|alarm| names.contains(&alarm.name))
                    .map(|alarm| alarm.rules.clone())
                    .collect();
                for rules in scans {
                    if self.watch.look().1.is_none() {
                        self.scan(&rules, Depth::Probe);
                    }
                }
            }
            Err(error) => self.trouble(&error, self.watch.now()),
        }
    }
}

fn stamps(config: &Config) -> Vec<(PathBuf, Option<Stamp>)> {
    let files = std::iter::once(&config.file).chain(&config.calendars);
    files.map(|path| (path.clone(), stamp_of(path))).collect()
}

fn stamp_of(path: &PathBuf) -> Option<Stamp> {
    let found = fs::metadata(path).ok()?;
    Some((found.ino(), found.mtime(), found.mtime_nsec(), found.size()))
}
