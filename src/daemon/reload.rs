//! Another configuration, taken up between runs; and the notice that the files have changed.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;

use super::alerts::kind;
use super::runner::Runner;
use super::schedule::Alarm;
use super::systemd;
use crate::config::{Config, Loaded};
use crate::disposition::desk::DeskError;
use crate::model::Instant;

/// What tells a file from its later self.
pub type Stamp = (u64, i64, i64, u64);

impl Runner {
    /// Goes on with another configuration, between runs.
    pub(super) fn reload(&mut self, loaded: Loaded) {
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
        self.watch.allow_silence(self.config.alerts.silence);
        let mut shown = self.board.show();
        shown.mode = super::run::mode_word(self.config.mode);
        shown.configuration.loaded = now;
        shown.configuration.is_changed = false;
        shown.configuration.fault = None;
        shown.alerts.keep_only(kind::CONFIGURATION, &[]);
        shown.alerts.give_to(self.config.notify.clone());
        let headline = shown.headline();
        drop(shown);
        self.judge_counts();
        self.look_around();
        tracing::info!(mode = super::run::mode_word(self.config.mode), "the new configuration is in use");
        systemd::ready(&headline);
    }

    pub(super) fn set_alarms(&mut self) -> Result<(), DeskError> {
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

    pub(super) fn show_next(&self) {
        let next = self.alarms.iter().filter_map(|alarm| Some((alarm.name.clone(), alarm.next()?)));
        self.board.show().next = if self.schedule.suspended { BTreeMap::new() } else { next.collect() };
    }

    pub(super) fn notice_changed_files(&mut self, now: Instant) {
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
}

/// The configuration's files as they are now.
pub fn stamps(config: &Config) -> Vec<(PathBuf, Option<Stamp>)> {
    let files = std::iter::once(&config.file).chain(&config.calendars);
    files.map(|path| (path.clone(), stamp_of(path))).collect()
}

fn stamp_of(path: &PathBuf) -> Option<Stamp> {
    let found = fs::metadata(path).ok()?;
    Some((found.ino(), found.mtime(), found.mtime_nsec(), found.size()))
}
