//! Start and end of the daemon.

use std::path::PathBuf;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::iterator::{Handle, Signals};
use tokio::sync::mpsc::unbounded_channel;

use super::alerts::Alerts;
use super::board::{Board, Shown};
use super::counts::COUNTS;
use super::error::DaemonError;
use super::exposition::MetricsListener;
use super::heartbeat::{self, Beat};
use super::installation;
use super::metrics::Metrics;
use super::notify::Notifier;
use super::orders::Order;
use super::pulse::Pulse;
use super::reload::Files;
use super::runner::{Parts, Runner};
use super::sandbox::Sandbox;
use super::steward::Steward;
use super::systemd;
use crate::audit::KeyPlaces;
use crate::config::{Config, Loaded};
use crate::disposition::clock::Now;
use crate::disposition::clock::{AskWhetherSynchronized, BootId, Watch};
use crate::disposition::control::Configuration;
use crate::disposition::desk::{Brake, Desk, SharedDesk, actor_of};
use crate::disposition::door::{Served, serve};
use crate::records::sqlite::end_reading_with;

/// What the shell sees when a second signal ends the daemon at once; nothing that the log promised is lost.
const FORCED: i32 = 1;

/// How the daemon is to run.
pub struct Options {
    /// The configuration's file, read again by a reload.
    pub file: PathBuf,
    pub loaded: Loaded,
    /// Where the secret keys are, if not under the state directory.
    pub keys: Option<KeyPlaces>,
    /// The directory that the service manager handed keys in by.
    pub credentials: Option<PathBuf>,
    pub clock: Now,
    pub synchronization: AskWhetherSynchronized,
    /// This boot of the machine, where that is known.
    pub boot: Option<BootId>,
    /// The boot that the clock goes by: none where it is not the machine's.
    pub clock_boot: Option<BootId>,
    /// When the heartbeat beats: six fields, in UTC.
    pub heartbeat: String,
}

/// Runs until a signal ends it.
///
/// # Errors
/// Whatever keeps the daemon from starting. Once it runs, trouble is an alert and not an end.
pub fn run(options: Options) -> Result<(), DaemonError> {
    let stop = Arc::new(AtomicBool::new(false));
    // Before anything else is begun, so that a signal always finds its handler.
    let signals = Signals::new([SIGTERM, SIGINT, SIGHUP, SIGUSR1]).map_err(DaemonError::Signals)?;
    end_on_second_signal(&stop)?;
    end_reading_with(&stop);
    let Made { mut runner, received, steward, beat } = make(options, &stop)?;
    // Before anything else does.
    runner.recover();
    runner.follow_runs_of_others();
    runner.recall_alerts();
    runner.note_schedules();

    let socket = answer_requests(&steward)?;
    let heartbeat = heartbeat::start(beat)?;
    let running = obey(runner, received, Wake(signals.handle()))?;
    // What was missed while the daemon was down is not left until the minute is full.
    let _running_just_now = steward.orders.send(Order::Tick);
    systemd::ready(&steward.board.show().headline());
    tracing::info!(version = env!("CARGO_PKG_VERSION"), pid = process::id(), "retentiond runs");

    wait_for_end(signals, &steward);
    let ended = running.join();
    drop(heartbeat);
    drop(socket);
    tracing::info!("retentiond ends");
    // The run loop may see the flag, and end, before this thread hears of the signal.
    let was_asked = stop.load(Ordering::Relaxed);
    if was_asked && ended.is_ok() { Ok(()) } else { Err(DaemonError::Crashed) }
}

/// The daemon's parts, made and not yet begun.
struct Made {
    runner: Runner,
    /// What the runner is told.
    received: Receiver<Order>,
    steward: Arc<Steward>,
    beat: Beat,
}

fn make(options: Options, stop: &Arc<AtomicBool>) -> Result<Made, DaemonError> {
    let Options { file, loaded, keys, credentials, clock, synchronization, boot, clock_boot, heartbeat } = options;
    let schedule = loaded.config.schedule.clone().ok_or(DaemonError::NoSchedule)?;
    let install = Arc::new(installation(&loaded, boot));
    let config = loaded.config;
    // What changes from now on was not read.
    let files = Files::stamp(&config);
    // Its thread is the one that is not restricted.
    let notifier = Notifier::start().map_err(DaemonError::Thread)?;
    // Makes the state directory where there is none.
    let desk = SharedDesk::new(Desk::open(install, keys, clock())?);
    let sandbox = Sandbox::enter(&config, credentials.as_deref());
    let watch = Arc::new(Watch::new(clock, synchronization, config.alerts.silence).on_boot(clock_boot));
    let brake = Arc::new(Brake::recall(&desk, watch.clone())?);
    brake.serve_by_daemon(watch.now())?;
    let board = Arc::new(Board::new(shown(&config, &desk, &brake, notifier)?));
    let metrics = Arc::new(Metrics::new(watch.now()));
    // What was counted before a restart still holds, but for what was disposed of meanwhile.
    if let Some(counts) = &board.show().counts {
        metrics.scanned(counts.at);
        metrics.overdue(counts);
    }
    let pulse = Arc::new(Pulse::start());
    let (orders, received) = channel();
    let (show_at, places) = unbounded_channel();
    // The heartbeat finds it when it starts.
    let _kept = show_at.send(config.metrics.listen.as_ref().map(MetricsListener::open).transpose()?);
    let steward = Arc::new(Steward {
        desk: desk.clone(),
        board: board.clone(),
        brake: brake.clone(),
        watch: watch.clone(),
        orders: orders.clone(),
        config: file,
        state: config.state.clone(),
        sandbox,
    });
    let beat = Beat { pattern: heartbeat, orders, pulse: pulse.clone(), metrics: metrics.clone(), places };
    let actor = actor_of(rustix::process::geteuid().as_raw());
    let stop = stop.clone();
    let parts =
        Parts { desk, config, files, schedule, brake, watch, board, pulse, metrics, places: show_at, stop, actor };
    Ok(Made { runner: Runner::new(parts)?, received, steward, beat })
}

fn answer_requests(steward: &Arc<Steward>) -> Result<Served, DaemonError> {
    let (answering, watch) = (steward.clone(), steward.watch.clone());
    let answer = Arc::new(move |control, actor: &_, now| answering.answer(control, actor, now));
    Ok(serve(&steward.desk, Arc::new(move || watch.now()), answer)?)
}

/// Starts the run loop. However its thread ends, the main thread is woken.
fn obey(runner: Runner, received: Receiver<Order>, wake: Wake) -> Result<JoinHandle<()>, DaemonError> {
    let body = move || {
        let _wake = wake;
        runner.run(&received);
    };
    thread::Builder::new().name("runs".to_owned()).spawn(body).map_err(DaemonError::Thread)
}

fn shown(config: &Config, desk: &SharedDesk, brake: &Brake, notifier: Notifier) -> Result<Shown, DaemonError> {
    let now = brake.watch().now();
    let desk = desk.lock()?;
    let mut alerts = Alerts::new(notifier);
    alerts.give_to(config.notify.clone());
    Ok(Shown {
        started: now,
        mode: config.mode.name(),
        doing: "starting".to_owned(),
        paused: brake.paused(),
        next: Default::default(),
        counts: desk.recall(COUNTS)?,
        configuration: Configuration {
            file: config.file.display().to_string(),
            loaded: now,
            is_changed: false,
            fault: None,
        },
        alerts,
        awaited: Default::default(),
        executions: Default::default(),
        unrecorded: Default::default(),
    })
}

/// The first TERM or INT raises the flag, the second ends the process at once: the order of the two registrations sees
/// to it.
fn end_on_second_signal(stop: &Arc<AtomicBool>) -> Result<(), DaemonError> {
    for signal in [SIGTERM, SIGINT] {
        signal_hook::flag::register_conditional_shutdown(signal, FORCED, stop.clone())
            .and_then(|_| signal_hook::flag::register(signal, stop.clone()))
            .map_err(DaemonError::Signals)?;
    }
    Ok(())
}

/// Obeys signals until one asks for the end, or the run loop has ended.
fn wait_for_end(mut signals: Signals, steward: &Steward) {
    for signal in signals.forever() {
        match signal {
            SIGHUP => {
                systemd::reloading();
                if steward.reload().is_err() {
                    systemd::ready("the configuration was not reloaded: see the log");
                }
            }
            SIGUSR1 => match steward.status(steward.watch.now()) {
                Ok(status) => {
                    let status = serde_json::to_string(&status).unwrap_or_default();
                    // As it is, not quoted once more.
                    tracing::info!(%status, "status");
                }
                Err(error) => tracing::warn!(%error, "the status cannot be had"),
            },
            _ => {
                tracing::info!("ending; the chunk at hand is finished first, a second signal does not wait for it");
                systemd::stopping();
                let _ended_already = steward.orders.send(Order::Stop);
                return;
            }
        }
    }
}

/// Wakes the main thread when dropped.
struct Wake(Handle);

impl Drop for Wake {
    fn drop(&mut self) {
        self.0.close();
    }
}
