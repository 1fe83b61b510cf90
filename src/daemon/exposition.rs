//! The metrics for whoever asks: at one place at a time, which a reload may exchange.

use std::collections::VecDeque;
use std::fs::{self, Permissions};
use std::future::Future;
use std::io;
use std::net;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net as unix;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::timeout;

use super::error::DaemonError;
use super::metrics::{CONTENT_TYPE, Metrics};
use crate::config::Listen;

/// A request for metrics may take so long.
const PATIENCE: Duration = Duration::from_secs(5);

/// Requests for metrics answered at a time. Where more come, the oldest is given up: whoever connects and asks nothing
/// keeps nobody out.
const AT_ONCE: usize = 16;

/// An address that is ours: requests wait there until [`follow`] is given it.
#[derive(Debug)]
pub enum MetricsListener {
    Loopback(net::TcpListener),
    Unix(unix::UnixListener, SocketFile),
}

impl MetricsListener {
    /// Takes an address. It is had before the one of before is given up, so that a reload that fails changes nothing.
    ///
    /// # Errors
    /// [`DaemonError::Metrics`].
    pub fn open(listen: &Listen) -> Result<Self, DaemonError> {
        let (address, opened) = match listen {
            Listen::Loopback(address) => (address.to_string(), open_port(*address)),
            Listen::Unix(path) => (path.display().to_string(), open_socket(path)),
        };
        opened.map_err(|source| DaemonError::Metrics { address, source })
    }
}

fn open_port(address: net::SocketAddr) -> io::Result<MetricsListener> {
    let listener = net::TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(MetricsListener::Loopback(listener))
}

fn open_socket(path: &Path) -> io::Result<MetricsListener> {
    match fs::symlink_metadata(path) {
        // What a crash left.
        Ok(found) if found.file_type().is_socket() => remove_unless_served(path)?,
        Ok(_) => return Err(io::Error::new(io::ErrorKind::AlreadyExists, "something else than a socket stands there")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let listener = unix::UnixListener::bind(path)?;
    let file = SocketFile { path: path.to_owned(), inode: fs::metadata(path)?.ino() };
    fs::set_permissions(path, Permissions::from_mode(0o660))?;
    listener.set_nonblocking(true)?;
    Ok(MetricsListener::Unix(listener, file))
}

/// A socket at which another program answers is that program's.
fn remove_unless_served(path: &Path) -> io::Result<()> {
    match unix::UnixStream::connect(path) {
        Ok(_) => Err(io::Error::new(io::ErrorKind::AddrInUse, "another program answers there")),
        Err(_) => fs::remove_file(path),
    }
}

/// A socket's name in its directory. It goes with the socket, unless another has taken its place.
#[derive(Debug)]
pub struct SocketFile {
    path: PathBuf,
    inode: u64,
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if fs::metadata(&self.path).is_ok_and(|found| found.ino() == self.inode) {
            let _gone_already = fs::remove_file(&self.path);
        }
    }
}

/// Answers at the place that was given last, as long as anybody can give another. `None` shuts it.
pub async fn follow(mut places: UnboundedReceiver<Option<MetricsListener>>, metrics: Arc<Metrics>) {
    let mut serving = JoinSet::new();
    while let Some(place) = places.recv().await {
        serving.shutdown().await;
        if let Some(place) = place {
            serving.spawn(serve_at(place, metrics.clone()));
        }
    }
}

async fn serve_at(place: MetricsListener, metrics: Arc<Metrics>) {
    let failed = |error| tracing::warn!(%error, "metrics cannot be served");
    match place {
        MetricsListener::Loopback(listener) => match TcpListener::from_std(listener) {
            Ok(listener) => serve(metrics, listener).await,
            Err(error) => failed(error),
        },
        // The file goes when this does.
        MetricsListener::Unix(listener, _file) => match UnixListener::from_std(listener) {
            Ok(listener) => serve(metrics, listener).await,
            Err(error) => failed(error),
        },
    }
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
    let mut answering: VecDeque<AbortHandle> = VecDeque::new();
    loop {
        match listener.next().await {
            Ok(stream) => {
                answering.retain(|answer| !answer.is_finished());
                if answering.len() >= AT_ONCE
                    && let Some(oldest) = answering.pop_front()
                {
                    oldest.abort();
                }
                let metrics = metrics.clone();
                let answer = tokio::spawn(async move {
                    let _answered_or_gone = timeout(PATIENCE, answer(stream, &metrics)).await;
                });
                answering.push_back(answer.abort_handle());
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
pub mod tests {
    use std::io::{Read, Write};
    use std::thread;
    use std::time::Instant;

    use tokio::runtime::Builder;

    use super::*;

    /// Whatever is answered there.
    pub fn ask(socket: &Path, request: &str) -> String {
        let mut stream = unix::UnixStream::connect(socket).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn a_socket_takes_the_place_of_one_that_a_crash_left_and_of_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("metrics.sock");
        drop(unix::UnixListener::bind(&socket).unwrap());
        drop(MetricsListener::open(&Listen::Unix(socket.clone())).unwrap());
        fs::write(&socket, "records").unwrap();
        assert!(MetricsListener::open(&Listen::Unix(socket.clone())).is_err());
        assert_eq!(fs::read_to_string(&socket).unwrap(), "records");
    }

    #[test]
    fn a_place_that_is_given_up_takes_its_socket_along_and_not_its_successor_s() {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("metrics.sock");
        let first = MetricsListener::open(&Listen::Unix(socket.clone())).unwrap();
        assert!(MetricsListener::open(&Listen::Unix(socket.clone())).is_err(), "somebody answers there");
        fs::remove_file(&socket).unwrap();
        let second = MetricsListener::open(&Listen::Unix(socket.clone())).unwrap();
        drop(first);
        assert!(socket.exists());
        drop(second);
        assert!(!socket.exists());
    }

    #[test]
    fn who_connects_and_asks_nothing_keeps_nobody_out() {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("metrics.sock");
        let place = MetricsListener::open(&Listen::Unix(socket.clone())).unwrap();
        let metrics = Arc::new(Metrics::new("2026-11-21T02:00:00Z".parse().unwrap()));
        // It ends with the test's process.
        thread::spawn(|| {
            Builder::new_current_thread().enable_all().build().unwrap().block_on(serve_at(place, metrics))
        });
        let silent: Vec<_> = (0..100).map(|_| unix::UnixStream::connect(&socket).unwrap()).collect();
        let began = Instant::now();
        assert!(ask(&socket, "GET /metrics HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 200 OK"));
        assert!(began.elapsed() < PATIENCE / 2, "{:?}", began.elapsed());
        drop(silent);
    }
}
