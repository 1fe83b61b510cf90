//! The heartbeat: a tick a minute, the watchdog, and the runtime on which metrics are served (`exposition`).
//!
//! tokio-cron-scheduler only ticks; what is due, a pure function decides.

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant as Monotonic};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::runtime::Builder;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};
use tokio_cron_scheduler::{Job, JobScheduler};

use super::error::DaemonError;
use super::exposition::{self, MetricsListener};
use super::metrics::Metrics;
use super::orders::Order;
use super::pulse::Pulse;
use super::systemd;
use crate::model::Instant;

/// How often the heartbeat looks whether the clock was put back.
const CLOCK_LOOK: Duration = Duration::from_secs(10);

/// What the heartbeat needs.
pub struct Beat {
    /// Six fields, in UTC.
    pub pattern: String,
    pub orders: Sender<Order>,
    pub pulse: Arc<Pulse>,
    pub metrics: Arc<Metrics>,
    /// Where metrics are asked for, one place after the other.
    pub places: UnboundedReceiver<Option<MetricsListener>>,
}

/// The heartbeat beats as long as this lives.
pub struct Heartbeat {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Starts the heartbeat.
///
/// # Errors
/// A thread or a schedule that cannot be started.
pub fn start(beat: Beat) -> Result<Heartbeat, DaemonError> {
    let (stop, stopped) = oneshot::channel();
    let (started, outcome) = channel();
    let body = move || {
        let runtime = match Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return drop(started.send(Err(DaemonError::Thread(error)))),
        };
        runtime.block_on(async {
            let pulse = beat.pulse.clone();
            match begin(beat).await {
                Ok(ticks) => {
                    // The receiver waits just below, or the daemon is ending already.
                    let _heard_or_not = started.send(Ok(()));
                    tokio::spawn(ticks.follow(machine_time, CLOCK_LOOK));
                    live(&pulse, systemd::watchdog(), systemd::feed_watchdog, stopped).await;
                }
                Err(error) => drop(started.send(Err(error))),
            }
        });
    };
    let thread = thread::Builder::new().name("heartbeat".to_owned()).spawn(body).map_err(DaemonError::Thread)?;
    outcome.recv().map_err(|_| DaemonError::Crashed)??;
    Ok(Heartbeat { stop: Some(stop), thread: Some(thread) })
}

/// What the scheduler of ticks goes by, which takes no clock of ours.
#[expect(clippy::disallowed_methods, reason = "whether the machine's own clock was put back is what is asked")]
fn machine_time() -> DateTime<Utc> {
    Utc::now()
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _gone_already = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _panicked_or_not = thread.join();
        }
    }
}

async fn begin(beat: Beat) -> Result<Ticks, DaemonError> {
    let Beat { pattern, orders, pulse, metrics, places } = beat;
    tokio::spawn(exposition::follow(places, metrics));
    let tick = move || {
        pulse.ticked();
        // Nobody listens any more when the daemon ends.
        let _heard_or_not = orders.send(Order::Tick);
    };
    Ticks::start(pattern, Arc::new(tick)).await
}

/// What ticks by the wall clock, as long as it lives.
struct Ticks {
    scheduler: JobScheduler,
    job: Job,
    pattern: String,
    tick: Arc<dyn Fn() + Send + Sync>,
}

impl Ticks {
    async fn start(pattern: String, tick: Arc<dyn Fn() + Send + Sync>) -> Result<Self, DaemonError> {
        let scheduler = JobScheduler::new().await?;
        let job = job(&pattern, &tick)?;
        scheduler.add(job.clone()).await?;
        scheduler.start().await?;
        Ok(Self { scheduler, job, pattern, tick })
    }

    /// Looks at the wall clock every so often. Once it was put back, the scheduler would not tick before the time at
    /// which its next tick was to be.
    async fn follow(mut self, wall: impl Fn() -> Instant, every: Duration) {
        let mut before = (wall(), Monotonic::now());
        loop {
            sleep(every).await;
            let now = (wall(), Monotonic::now());
            if was_put_back(before, now) {
                tracing::info!("the clock was put back; the heartbeat follows it");
                if let Err(error) = self.begin_anew().await {
                    // The watchdog starves, and the service begins anew.
                    tracing::error!(%error, "the heartbeat cannot follow the clock");
                }
            }
            before = now;
        }
    }

    async fn begin_anew(&mut self) -> Result<(), DaemonError> {
        self.scheduler.remove(&self.job.guid()).await?;
        self.job = job(&self.pattern, &self.tick)?;
        self.scheduler.add(self.job.clone()).await?;
        Ok(())
    }
}

fn job(pattern: &str, tick: &Arc<dyn Fn() + Send + Sync>) -> Result<Job, DaemonError> {
    let tick = tick.clone();
    Ok(Job::new(pattern, move |_, _| tick())?)
}

/// Whether the wall clock fell behind the time that passed, by more than a server slews it.
fn was_put_back(before: (Instant, Monotonic), now: (Instant, Monotonic)) -> bool {
    let passed = TimeDelta::from_std(now.1 - before.1).unwrap_or(TimeDelta::MAX);
    now.0 - before.0 < passed - TimeDelta::seconds(1)
}

/// Feeds the watchdog, if there is one, from this thread and only while both loops live, until told to stop.
async fn live(pulse: &Pulse, every: Option<Duration>, feed: impl Fn(), mut stopped: oneshot::Receiver<()>) {
    let Some(interval) = every else {
        let _stopped_or_dropped = stopped.await;
        return;
    };
    loop {
        if pulse.is_alive() {
            feed();
        } else {
            tracing::error!("a loop of the daemon is dead; the watchdog is no longer fed");
        }
        if timeout(interval, &mut stopped).await.is_ok() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

    use tokio::sync::mpsc::unbounded_channel;

    use super::*;
    use crate::config::Listen;
    use crate::daemon::exposition::tests::ask;

    #[test]
    fn the_watchdog_starves_while_a_loop_is_dead_and_is_fed_while_both_live() {
        let pulse = Pulse::start();
        let fed = || {
            let (stop, stopped) = oneshot::channel();
            let feedings = AtomicU32::new(0);
            let count = || {
                feedings.fetch_add(1, Ordering::Relaxed);
            };
            let living = async {
                let alive = live(&pulse, Some(Duration::from_millis(2)), count, stopped);
                let stopping = async {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    stop.send(()).unwrap();
                };
                tokio::join!(alive, stopping);
            };
            Builder::new_current_thread().enable_all().build().unwrap().block_on(living);
            feedings.into_inner()
        };
        pulse.running(Duration::ZERO);
        assert_eq!(fed(), 0);
        pulse.running(Duration::from_secs(60));
        assert!(fed() > 1, "more than once");
    }

    #[test]
    fn it_ticks_on_when_the_clock_is_put_back_by_a_year() {
        let ticks = Arc::new(AtomicU32::new(0));
        let counted = ticks.clone();
        let ticking = async {
            let tick = Arc::new(move || {
                counted.fetch_add(1, Ordering::Relaxed);
            });
            let ticks_by_clock = Ticks::start("* * * * * *".to_owned(), tick).await.unwrap();
            let context = ticks_by_clock.scheduler.context.clone();
            let (job, ahead) = (ticks_by_clock.job.guid(), machine_time() + TimeDelta::days(365));
            // What a clock that lay a year ahead leaves behind.
            context.metadata_storage.write().await.set_next_and_last_tick(job, Some(ahead), None).await.unwrap();
            sleep(Duration::from_secs(2)).await;
            let before = ticks.load(Ordering::Relaxed);
            let is_first = AtomicBool::new(true);
            let wall = move || if is_first.swap(false, Ordering::Relaxed) { ahead } else { machine_time() };
            tokio::spawn(ticks_by_clock.follow(wall, Duration::from_millis(100)));
            sleep(Duration::from_secs(4)).await;
            (before, ticks.load(Ordering::Relaxed))
        };
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let (before, after) = runtime.block_on(ticking);
        assert!(before <= 1 && after >= before + 2, "{before}, then {after}");
    }

    #[test]
    fn a_clock_that_is_slewed_or_put_forward_was_not_put_back() {
        let (wall, monotonic) = (machine_time(), Monotonic::now());
        let later = |seconds: i64, millis: u64| {
            let now = (wall + TimeDelta::seconds(seconds), monotonic + Duration::from_millis(millis));
            was_put_back((wall, monotonic), now)
        };
        assert!(!later(10, 10_000) && !later(10, 10_900) && !later(3_600, 10_000));
        assert!(later(10, 11_100) && later(-3_600, 10_000));
    }

    #[test]
    fn it_ticks_and_answers_for_metrics_at_the_last_place_it_was_given_until_it_is_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let [first, second] = ["first.sock", "second.sock"].map(|name| dir.path().join(name));
        let (orders, received) = channel();
        let (show_at, places) = unbounded_channel();
        show_at.send(Some(MetricsListener::open(&Listen::Unix(first.clone())).unwrap())).unwrap();
        let beat = Beat {
            pattern: "* * * * * *".to_owned(),
            orders,
            pulse: Arc::new(Pulse::start()),
            metrics: Arc::new(Metrics::new(chrono::DateTime::UNIX_EPOCH)),
            places,
        };
        let heartbeat = start(beat).unwrap();
        let metrics = ask(&first, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
        assert!(
            metrics.starts_with("HTTP/1.1 200 OK\r\n") && metrics.contains("retentiond_holds_active 0"),
            "{metrics}"
        );
        show_at.send(Some(MetricsListener::open(&Listen::Unix(second.clone())).unwrap())).unwrap();
        assert!(ask(&second, "POST /metrics HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404"));
        assert!(!first.exists(), "the place of before is shut");
        assert!(matches!(received.recv_timeout(Duration::from_secs(10)), Ok(Order::Tick)));
        drop(heartbeat);
        assert!(!second.exists());
    }
}
