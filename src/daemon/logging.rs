//! What the daemon says while it works: to standard error or to the journal, as text or with fields. Never personal
//! information.

use std::fmt;
use std::io;
use std::str::FromStr;

use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The heartbeat's scheduler tells of itself what nobody needs.
const DEFAULT: &str = "info,tokio_cron_scheduler=warn";

/// Our fields in the journal: `RETENTIOND_PLAN`, `RETENTIOND_RUN`, `RETENTIOND_ALERT`. The journal's own have none.
const JOURNAL_PREFIX: &str = "RETENTIOND";

/// `--log-format`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// The journal where standard error goes there, else text.
    #[default]
    Auto,
    Text,
    Json,
    Journald,
}

/// No log format has this name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("no log format is called {0:?}; there are auto, text, json and journald")]
pub struct UnknownFormat(String);

impl FromStr for LogFormat {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        match name {
            "auto" => Ok(Self::Auto),
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            "journald" => Ok(Self::Journald),
            _ => Err(UnknownFormat(name.to_owned())),
        }
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Text => "text",
            Self::Json => "json",
            Self::Journald => "journald",
        })
    }
}

/// Starts logging. `journal_stream` is `$JOURNAL_STREAM`, `filter` is `$RETENTIOND_LOG` (`DEFAULT` where it is not set
/// or not understood).
///
/// # Errors
/// The journal was asked for and cannot be reached.
pub fn start(format: LogFormat, journal_stream: Option<&str>, filter: Option<&str>) -> io::Result<()> {
    let filter = filter.and_then(|filter| filter.parse().ok()).unwrap_or_else(|| EnvFilter::new(DEFAULT));
    let registry = tracing_subscriber::registry().with(filter);
    let to_journal = match format {
        LogFormat::Auto => journal_stream.is_some_and(is_our_stderr),
        LogFormat::Journald => true,
        LogFormat::Text | LogFormat::Json => false,
    };
    let layer = || tracing_subscriber::fmt::layer().with_writer(io::stderr).with_target(false);
    // A second start, as in a test, keeps the first.
    let _started_before = if to_journal {
        registry.with(tracing_journald::layer()?.with_field_prefix(Some(JOURNAL_PREFIX.to_owned()))).try_init()
    } else if format == LogFormat::Json {
        registry.with(layer().json().flatten_event(true)).try_init()
    } else {
        registry.with(layer().with_ansi(false)).try_init()
    };
    Ok(())
}

/// Whether standard error is the journal's stream, given as `DEVICE:INODE`.
fn is_our_stderr(journal_stream: &str) -> bool {
    let Ok(own) = rustix::fs::fstat(io::stderr()) else { return false };
    journal_stream == format!("{}:{}", own.st_dev, own.st_ino)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_journal_is_used_only_where_standard_error_goes_there() {
        let own = rustix::fs::fstat(io::stderr()).unwrap();
        assert!(is_our_stderr(&format!("{}:{}", own.st_dev, own.st_ino)));
        assert!(!is_our_stderr(&format!("{}:{}", own.st_dev, own.st_ino + 1)), "redirected since");
        assert!(!is_our_stderr("garbage"));
    }

    #[test]
    fn every_format_is_read_as_it_is_written() {
        for format in [LogFormat::Auto, LogFormat::Text, LogFormat::Json, LogFormat::Journald] {
            assert_eq!(format.to_string().parse(), Ok(format));
        }
        assert!("xml".parse::<LogFormat>().is_err());
    }
}
