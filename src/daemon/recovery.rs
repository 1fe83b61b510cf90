//! What comes before anything else after a crash: batches that it interrupted are resolved.

use super::alerts::kind;
use super::runner::Runner;
use crate::disposition::desk::DeskError;
use crate::disposition::execute::{self, ExecuteError, LeftBehind};

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
}
