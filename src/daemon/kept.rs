//! Alerts that only a scan or a run raises, kept over restarts: between two of them nothing would raise them again.

use super::alerts::kind;
use super::runner::Runner;
use crate::disposition::desk::DeskError;

/// Name of the memo that keeps them.
const ALERTS: &str = "alerts";

/// The kinds that are kept.
const KEPT: [&str; 6] =
    [kind::PLAN_WAITING, kind::RAIL_TRIPPED, kind::OVERDUE, kind::RUN_FAILED, kind::RUN_PARTIAL, kind::SCAN_FAILED];

impl Runner {
    /// What stood before the restart stands again, untold; the first look at the plans ends what a person dealt with
    /// while the daemon was down.
    pub fn recall_alerts(&mut self) {
        if let Err(error) = self.try_recall_alerts() {
            self.trouble(&error, self.watch.now());
        }
    }

    fn try_recall_alerts(&mut self) -> Result<(), DeskError> {
        self.kept = self.desk.lock()?.recall(ALERTS)?.unwrap_or_default();
        self.board.show().alerts.restore(&self.kept);
        self.judge_counts();
        Ok(())
    }

    /// Keeps what stands, where that has changed.
    pub(super) fn memorize_alerts(&mut self) {
        let mut standing = self.board.show().alerts.standing();
        standing.retain(|alert| KEPT.contains(&alert.code.as_str()));
        if standing == self.kept {
            return;
        }
        match self.desk.lock().and_then(|desk| desk.memorize(ALERTS, Some(&standing))) {
            Ok(()) => self.kept = standing,
            Err(error) => self.trouble(&error, self.watch.now()),
        }
    }
}
