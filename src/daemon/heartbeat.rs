//! The heartbeat: a tick a minute, the watchdog, and the metrics for whoever asks. All that is asynchronous is here.
//!
//! tokio-cron-scheduler only ticks; what is due, a pure function decides.

use std::fs::{self, Permissions};
use std::future::Future;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::runtime::Builder;
use tokio::sync::Semaphore;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_cron_scheduler::{Job, JobScheduler};

use super::error::DaemonError;
use super::metrics::{CONTENT_TYPE, Metrics};
use super::orders::Order;
use super::pulse::Pulse;
use super::systemd;
use crate::config::Listen;

/// A request for metrics may take so long.
const PATIENCE: Duration = Duration::from_secs(5);

/// Requests for metrics answered at a time.
const AT_ONCE: usize = 4;

/// What the heartbeat needs.
pub struct Beat {
    /// Six fields, in UTC.
    pub pattern: String,
    pub orders: Sender<Order>,
    pub pulse: Arc<Pulse>,
    pub metrics: Arc<Metrics>,
    pub listen: Option<Listen>,
}

/// The heartbeat beats as long as this lives.
pub struct Heartbeat {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    /// The metrics' socket, which goes with it.
    socket: Option<PathBuf>,
}

/// Starts the heartbeat.
///
/// # Errors
/// A port or socket that cannot be had, a thread that cannot be started.
pub fn start(beat: Beat) -> Result<Heartbeat, DaemonError> {
    let (stop, stopped) = oneshot::channel();
    let (started, outcome) = channel();
    let socket = match &beat.listen {
        Some(Listen::Unix(path)) => Some(path.clone()),
        _ => None,
    };
    let body = move || {
        let runtime = match Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return drop(started.send(Err(DaemonError::Thread(error)))),
        };
        runtime.block_on(async {
            match begin(&beat).await {
                Ok(scheduler) => {
                    // The receiver waits just below, or the daemon is ending already.
                    let _heard_or_not = started.send(Ok(()));
                    live(&beat, stopped).await;
                    drop(scheduler);
                }
                Err(error) => drop(started.send(Err(error))),
            }
        });
    };
    let thread = thread::Builder::new().name("heartbeat".to_owned()).spawn(body).map_err(DaemonError::Thread)?;
    outcome.recv().map_err(|_| DaemonError::Crashed)??;
    Ok(Heartbeat { stop: Some(stop), thread: Some(thread), socket })
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _gone_already = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _panicked_or_not = thread.join();
        }
        if let Some(socket) = &self.socket {
            let _gone_already = fs::remove_file(socket);
        }
    }
}

async fn begin(beat: &Beat) -> Result<JobScheduler, DaemonError> {
    if let Some(listen) = &beat.listen {
        serve_metrics(listen, beat.metrics.clone()).await?;
    }
    let scheduler = JobScheduler::new().await?;
    let (orders, pulse) = (beat.orders.clone(), beat.pulse.clone());
    let tick = Job::new(beat.pattern.as_str(), move |_, _| {
        pulse.ticked();
        // Nobody listens any more when the daemon ends.
        let _heard_or_not = orders.send(Order::Tick);
    })?;
    scheduler.add(tick).await?;
    scheduler.start().await?;
    Ok(scheduler)
}

/// Feeds the watchdog, from this thread and only while both loops live, until told to stop.
async fn live(beat: &Beat, mut stopped: oneshot::Receiver<()>) {
    let Some(interval) = systemd::watchdog() else {
        let _stopped_or_dropped = stopped.await;
        return;
    };
    loop {
        if beat.pulse.is_alive() {
            systemd::feed_watchdog();
        } else {
            tracing::error!("a loop of the daemon is dead; the watchdog is no longer fed");
        }
        if timeout(interval, &mut stopped).await.is_ok() {
            return;
        }
    }
}

async fn serve_metrics(listen: &Listen, metrics: Arc<Metrics>) -> Result<(), DaemonError> {
    match listen {
        Listen::Loopback(address) => {
            let failed = |source| DaemonError::Metrics { address: address.to_string(), source };
            let listener = TcpListener::bind(address).await.map_err(failed)?;
            tokio::spawn(serve(metrics, listener));
        }
        Listen::Unix(path) => {
            let failed = |source| DaemonError::Metrics { address: path.display().to_string(), source };
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
                _ => {}
            }
            let listener = UnixListener::bind(path).map_err(failed)?;
            fs::set_permissions(path, Permissions::from_mode(0o660)).map_err(failed)?;
            tokio::spawn(serve(metrics, listener));
        }
    }
    Ok(())
}

/// What connections come in by.
trait Listener: Send + 'static {
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    fn next(&self) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

impl Listener for TcpListener {
    type Stream = TcpStream;

    async fn next(&self) -> io::Result<TcpStream> {
        self.accept().await.map(|(stream, _)| stream)
    }
}

impl Listener for UnixListener {
    type Stream = UnixStream;

    async fn next(&self) -> io::Result<UnixStream> {
        self.accept().await.map(|(stream, _)| stream)
    }
}

async fn serve(metrics: Arc<Metrics>, listener: impl Listener) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        // Never closed, so there is always a place to come.
        let Ok(place) = places.clone().acquire_owned().await else { return };
        match listener.next().await {
            Ok(stream) => {
                let metrics = metrics.clone();
                tokio::spawn(async move {
                    let _answered_or_gone = timeout(PATIENCE, answer(stream, &metrics)).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a request for metrics could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Answers `GET /metrics` and closes; the head of a request is all that is read of it.
async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin, metrics: &Metrics) -> io::Result<()> {
    let mut head = Vec::new();
    let mut buffer = [0; 1_024];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") && head.len() < 8_192 {
        let length = stream.read(&mut buffer).await?;
        if length == 0 {
            break;
        }
        head.extend_from_slice(&buffer[..length]);
    }
    let (status, content_type, body) = if head.starts_with(b"GET /metrics ") {
        ("200 OK", CONTENT_TYPE, metrics.text())
    } else {
        ("404 Not Found", "text/plain", "only GET /metrics is answered\n".to_owned())
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream as Connection;
    use std::sync::mpsc::channel;

    use super::*;

    fn ask(socket: &std::path::Path, request: &str) -> String {
        let mut stream = Connection::connect(socket).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn it_ticks_and_answers_for_metrics_until_it_is_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("metrics.sock");
        let (orders, received) = channel();
        let beat = Beat {
            pattern: "* * * * * *".to_owned(),
            orders,
            pulse: Arc::new(Pulse::start()),
            metrics: Arc::new(Metrics::new(chrono::DateTime::UNIX_EPOCH)),
            listen: Some(Listen::Unix(socket.clone())),
        };
        let heartbeat = start(beat).unwrap();
        let metrics = ask(&socket, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
        assert!(
            metrics.starts_with("HTTP/1.1 200 OK\r\n") && metrics.contains("retentiond_holds_active 0"),
            "{metrics}"
        );
        assert!(ask(&socket, "POST /metrics HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404"));
        assert!(matches!(received.recv_timeout(Duration::from_secs(10)), Ok(Order::Tick)));
        drop(heartbeat);
        assert!(!socket.exists());
    }
}
