//! What comes before anything else after a crash: batches that it interrupted are resolved.

use std::collections::BTreeSet;

use super::alerts::kind;
use super::runner::Runner;
use crate::disposition::execute::{self, ExecuteError, LeftBehind, Recovered};
use crate::model::Instant;

impl Runner {
    /// Gives every intent without outcome its outcome, and looks for databases that were restored. What cannot be
    /// resolved now is tried again at every tick and before every execution in its source. Files that were left are
    /// tried again where the daemon may destroy by itself.
    pub fn recover(&mut self) {
        let now = self.watch.now();
        match self.try_recover(now) {
            Ok(recovered) => {
                if recovered.batches > 0 {
                    let (batches, committed) = (recovered.batches, recovered.committed);
                    tracing::warn!(batches, committed, "batches that a crash interrupted were resolved");
                    // A plan of theirs that failed meanwhile need not wait for its time.
                    self.retries.clear();
                }
                if recovered.waiting.is_empty() {
                    return self.board.clear(kind::RECOVERY, "log");
                }
                let why: Vec<String> = recovered.waiting.iter().map(|error| error.refusal().message).collect();
                let message = format!(
                    "nothing is destroyed from a source until what a crash interrupted there is resolved: {}",
                    why.join("; ")
                );
                self.board.raise(kind::RECOVERY, "log", message, now);
            }
            Err(error) => {
                let message = format!("nothing is destroyed until this is mended: {}", error.refusal().message);
                self.board.raise(kind::RECOVERY, "log", message, now);
            }
        }
    }

    fn try_recover(&self, now: Instant) -> Result<Recovered, ExecuteError> {
        let left = if self.may_destroy() { LeftBehind::TryAgain } else { LeftBehind::Leave };
        let mut desk = self.desk.lock()?;
        let recovered = execute::recover(&mut desk, &BTreeSet::new(), left, now)?;
        execute::look_for_restored(&mut desk, now)?;
        Ok(recovered)
    }
}
