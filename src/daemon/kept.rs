//! Alerts that only a scan or a run raises, kept over restarts: between two of them nothing would raise them again.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::alerts::kind;
use super::runner::Runner;
use crate::disposition::control::Alert;
use crate::disposition::desk::DeskError;

/// Name of the memo that keeps them.
const ALERTS: &str = "alerts";

/// The kinds that are kept.
const KEPT: [&str; 6] =
    [kind::PLAN_WAITING, kind::RAIL_TRIPPED, kind::OVERDUE, kind::RUN_FAILED, kind::RUN_PARTIAL, kind::SCAN_FAILED];

/// How long the end waits for the notify command. What it does not take in this time is told after the restart.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// An alert that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeptAlert {
    #[serde(flatten)]
    alert: Alert,
    /// Whether the notify command has yet to take it.
    #[serde(default)]
    is_untold: bool,
}

impl Runner {
    /// What stood before the restart stands again, and is told only if it was not told then; the first look at the
    /// plans ends what a person dealt with while the daemon was down.
    pub fn recall_alerts(&mut self) {
        if let Err(error) = self.try_recall_alerts() {
            self.trouble(&error, self.watch.now());
        }
    }

    fn try_recall_alerts(&mut self) -> Result<(), DeskError> {
        self.kept = self.desk.lock()?.recall(ALERTS)?.unwrap_or_default();
        let mut show = self.board.show();
        self.kept.iter().for_each(|kept| show.alerts.restore(&kept.alert, kept.is_untold));
        drop(show);
        self.judge_counts();
        Ok(())
    }

    /// Keeps what stands, where that has changed.
    pub(super) fn memorize_alerts(&mut self) {
        let standing = self.standing_alerts();
        if standing == self.kept {
            return;
        }
        match self.desk.lock().and_then(|desk| desk.memorize(ALERTS, Some(&standing))) {
            Ok(()) => self.kept = standing,
            Err(error) => self.trouble(&error, self.watch.now()),
        }
    }

    fn standing_alerts(&self) -> Vec<KeptAlert> {
        let show = self.board.show();
        let standing = show.alerts.standing().into_iter().filter(|alert| KEPT.contains(&alert.code.as_str()));
        standing.map(|alert| KeptAlert { is_untold: show.alerts.is_untold(&alert), alert }).collect()
    }

    /// Before the end: what was raised last is told, or kept to be told after the restart.
    pub(super) fn tell_the_last_alerts(&mut self) {
        let notifier = self.board.show().alerts.notifier();
        if let Some(notifier) = notifier {
            notifier.settle(LAST_WORDS);
        }
        self.memorize_alerts();
    }
}
