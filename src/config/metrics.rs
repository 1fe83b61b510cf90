//! `[metrics]`: where the daemon's figures can be read. Nothing listens unless it is asked for.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::Config;
use crate::model::{Document, Table, Value};
use crate::records::files::identity::overlap_as_written;

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
    let textfile = table.get("textfile").map_or(Some(None), |value| textfile(&value, base).map(Some));
    table.finish();
    Some(Metrics { listen: address?, textfile: textfile? })
}

/// node_exporter reads no other names; and whatever else is named so is hardly a database.
fn textfile(value: &Value<'_>, base: &Path) -> Option<PathBuf> {
    let path = base.join(value.text()?);
    if path.extension().is_some_and(|extension| extension == "prom") {
        return Some(path);
    }
    let message = format!("`{}` must end in `.prom`: the file is replaced once a minute", value.path());
    value.fault("metrics-textfile", message, "write \"/var/lib/node_exporter/retentiond.prom\"");
    None
}

/// What is replaced once a minute, or at a start, is none of the files that this program is there to keep: by the
/// letter; what lies there already, the daemon looks at.
pub(super) fn apart(document: &Document<'_>, config: &Config) {
    let socket = match &config.metrics.listen {
        Some(Listen::Unix(path)) => Some(("metrics.listen", path)),
        _ => None,
    };
    let textfile = config.metrics.textfile.as_ref().map(|path| ("metrics.textfile", path));
    for (place, path) in socket.into_iter().chain(textfile) {
        if let Some(what) = kept_at(path, config) {
            let message = format!("`{place}` would replace what lies there, and that is, or is in, {what}");
            document.fault_at(place, "metrics-place", message, "name a file in a directory of its own");
        }
    }
}

/// What of the organization or of ours a path is, or lies in.
fn kept_at(path: &Path, config: &Config) -> Option<String> {
    config.kept().into_iter().find(|kept| overlap_as_written(path, &kept.path)).map(|kept| kept.what)
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
