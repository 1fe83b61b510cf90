//! What comes before anything else after a crash: batches that it interrupted are resolved, scans that it interrupted
//! are made anew.

use super::alerts::kind;
use super::runner::Runner;
use super::scan::Depth;
use crate::disposition::desk::{DeskError, Firing};
use crate::disposition::execute::{self, ExecuteError, LeftBehind};
use crate::model::RuleNumber;

impl Runner {
    /// Gives every intent without outcome its outcome; what cannot be resolved now is tried again at every tick and
    /// before every execution. Files that were left are tried again where the daemon may destroy by itself.
    pub fn recover(&mut self) {
        let now = self.watch.now();
        let left = if self.may_destroy() { LeftBehind::TryAgain } else { LeftBehind::Leave };
        let recovered =
            self.desk.lock().map_err(Into::into).and_then(|mut desk| execute::recover(&mut desk, left, now));
        match recovered {
            Ok(recovered) => {
                if recovered.batches > 0 {
                    let (batches, committed) = (recovered.batches, recovered.committed);
                    tracing::warn!(batches, committed, "batches that a crash interrupted were resolved");
                    // A plan of theirs that failed meanwhile need not wait for its time.
                    self.retries.clear();
                }
                self.board.clear(kind::RECOVERY, "log");
            }
            Err(error) => {
                let message = match &error {
                    ExecuteError::Desk(DeskError::LogBehind { .. }) => error.refusal().message,
                    _ => format!(
                        "nothing is destroyed until what a crash interrupted is resolved: {}",
                        error.refusal().message
                    ),
                };
                self.board.raise(kind::RECOVERY, "log", message, now);
            }
        }
    }

    /// Makes the scans anew that a crash interrupted: each once.
    pub fn make_up(&mut self) {
        let made_up = self.desk.lock().and_then(|desk| {
            let interrupted = desk.interrupted_firings()?;
            for Firing { schedule, at, .. } in &interrupted {
                let is_of_schedule = self.alarms.iter().any(|alarm| alarm.name == *schedule);
                let outcome =
                    if is_of_schedule { "interrupted, and made anew at the next start" } else { "interrupted" };
                desk.end_firing(schedule, *at, self.watch.now(), outcome)?;
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
