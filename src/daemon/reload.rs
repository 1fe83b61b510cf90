//! Another configuration, taken up between runs; and the notice that the files have changed.

use std::fs;
use std::mem;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::Sender;

use super::alerts::kind;
use super::error::DaemonError;
use super::exposition::MetricsListener;
use super::runner::Runner;
use super::systemd;
use super::textfile;
use crate::config::{self, Config, Loaded};
use crate::disposition::request::Refusal;
use crate::model::{Fault, Instant};

/// What tells a file from its later self.
type Stamp = (u64, i64, i64, u64);

/// The configuration's files as they were before it was read.
#[derive(Debug)]
pub struct Files {
    stamps: Vec<(PathBuf, Option<Stamp>)>,
    /// Another calendar may come to match these.
    patterns: Vec<PathBuf>,
}

/// Reads configuration and calendars. The first reading only tells which files there are: what changes after they were
/// stamped, and before or after the second, differs from its stamp.
///
/// # Errors
/// All faults.
pub fn read(file: &Path) -> Result<(Loaded, Files), Vec<Fault>> {
    let files = Files::stamp(&config::load(file)?.config);
    Ok((config::load(file)?, files))
}

impl Files {
    /// The files of a configuration as they are now.
    pub fn stamp(config: &Config) -> Self {
        let files = std::iter::once(&config.file).chain(&config.calendars);
        Self {
            stamps: files.map(|path| (path.clone(), stamp_of(path))).collect(),
            patterns: config.calendar_patterns.clone(),
        }
    }

    /// Those that are no longer what was read, are gone or have come since.
    fn changed(&self) -> Vec<PathBuf> {
        let changed = self.stamps.iter().filter(|(path, stamp)| stamp_of(path) != *stamp).map(|(path, _)| path.clone());
        let is_new = |path: &PathBuf| self.stamps.iter().all(|(known, _)| known != path);
        changed.chain(config::named_by(&self.patterns).into_iter().filter(is_new)).collect()
    }
}

impl Runner {
    /// Goes on with another configuration, between runs, and says whether it is in use to whoever asked, and to
    /// systemd.
    pub(super) fn take_up(&mut self, loaded: Loaded, files: Files, taken_up: &Sender<Result<(), Refusal>>) {
        let outcome = self.reload(loaded, files).map_err(|error| {
            let fault = match error {
                DaemonError::Desk(error) => error.refusal().message,
                DaemonError::Metrics { ref source, .. } => format!("{error} ({source})"),
                error => error.to_string(),
            };
            self.board.not_reloaded(fault, Vec::new(), self.watch.now())
        });
        systemd::ready(&self.board.show().headline());
        // Whoever asked may have gone.
        let _heard_or_not = taken_up.send(outcome);
    }

    /// All or nothing.
    fn reload(&mut self, loaded: Loaded, files: Files) -> Result<(), DaemonError> {
        let now = self.watch.now();
        let install = super::installation(&loaded, self.desk.install().boot);
        let schedule = loaded.config.schedule.clone().ok_or(DaemonError::NoSchedule)?;
        let place = self.another_place(&loaded.config)?;
        let alarms = self.alarms_of(&schedule)?;
        self.desk.replace_install(Arc::new(install))?;
        let before = mem::replace(&mut self.config, loaded.config);
        (self.schedule, self.alarms, self.files) = (schedule, alarms, files);
        self.board.show().unrecorded.clear();
        if let Some(place) = place {
            // The heartbeat ends after the run loop.
            let _heard = self.places.send(place);
        }
        if let Some(old) = before.metrics.textfile.filter(|old| self.config.metrics.textfile.as_ref() != Some(old)) {
            let _is_another_file_now = textfile::remove(&old);
        }
        self.retries.clear();
        self.was_free = false;
        self.watch.allow_silence(self.config.alerts.silence);
        self.note_schedules();
        self.show_next();
        self.show_configuration(now);
        self.notice_changed_files(now);
        self.judge_counts();
        self.look_around();
        tracing::info!(mode = self.config.mode.name(), "the new configuration is in use");
        Ok(())
    }

    /// Where metrics are asked for under another configuration; `None` where that stays as it is.
    fn another_place(&self, next: &Config) -> Result<Option<Option<MetricsListener>>, DaemonError> {
        if next.metrics.listen == self.config.metrics.listen {
            return Ok(None);
        }
        next.metrics.listen.as_ref().map(MetricsListener::open).transpose().map(Some)
    }

    fn show_configuration(&self, loaded: Instant) {
        let mut shown = self.board.show();
        shown.mode = self.config.mode.name();
        shown.configuration.loaded = loaded;
        shown.configuration.fault = None;
        shown.alerts.keep_only(kind::CONFIGURATION, &[]);
        shown.alerts.give_to(self.config.notify.clone());
    }

    pub(super) fn notice_changed_files(&mut self, now: Instant) {
        let changed = self.files.changed();
        let mut shown = self.board.show();
        shown.configuration.is_changed = !changed.is_empty();
        if changed.is_empty() {
            shown.alerts.clear(kind::CONFIGURATION, "changed");
        } else {
            let names: Vec<String> = changed.iter().map(|path| path.display().to_string()).collect();
            let message = format!(
                "{} changed on disk since the configuration was read, and the one of before goes on; `retentiond check` proves the new one, `retentiond ctl reload` takes it up",
                names.join(", ")
            );
            shown.alerts.raise(kind::CONFIGURATION, "changed", message, now);
        }
    }
}

fn stamp_of(path: &Path) -> Option<Stamp> {
    let found = fs::metadata(path).ok()?;
    Some((found.ino(), found.mtime(), found.mtime_nsec(), found.size()))
}
