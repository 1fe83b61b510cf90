//! `[metrics]`: where the daemon's figures can be read. Nothing listens unless it is asked for.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::model::{Table, Value};

/// Where the daemon's figures can be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    pub listen: Option<Listen>,
    /// A file for node_exporter's textfile collector, replaced once a minute.
    pub textfile: Option<PathBuf>,
}

/// An address for Prometheus to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// A port of this machine, which nobody reaches from outside.
    Loopback(SocketAddr),
    Unix(PathBuf),
}

/// Lowers `[metrics]`; `None` after noting faults.
pub(super) fn lower(mut table: Table<'_>, base: &Path) -> Option<Metrics> {
    let address = table.get("listen").map_or(Some(None), |value| listen(&value, base).map(Some));
    let textfile = table.get("textfile").map_or(Some(None), |path| path.text().map(|path| Some(base.join(path))));
    table.finish();
    Some(Metrics { listen: address?, textfile: textfile? })
}

fn listen(value: &Value<'_>, base: &Path) -> Option<Listen> {
    let text = value.text()?;
    if let Some(path) = text.strip_prefix("unix:") {
        return Some(Listen::Unix(base.join(path)));
    }
    match text.parse::<SocketAddr>() {
        Ok(address) if address.ip().is_loopback() => Some(Listen::Loopback(address)),
        _ => {
            let message = format!("`{}` cannot be \"{text}\": it is no address of this machine alone", value.path());
            value.fault(
                "metrics-address",
                message,
                "write \"127.0.0.1:9467\", \"[::1]:9467\" or \"unix:/run/retentiond/metrics.sock\"",
            );
            None
        }
    }
}
