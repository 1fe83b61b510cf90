//! `[alerts]`: after how many days the daemon says that something takes too long.

use std::ops::RangeInclusive;

use chrono::TimeDelta;

use super::lower::integer;
use crate::model::Table;

/// From a day to ten years.
const DAYS: RangeInclusive<i64> = 1..=3_650;

/// The daemon writes an entry a day by itself, so a silence of one day means nothing.
const SILENCE: RangeInclusive<i64> = 2..=3_650;

/// How long things may take before the daemon raises an alert. Whole days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlertTerms {
    /// Records may be past their term so long.
    pub overdue: TimeDelta,
    /// Entries of the log may wait so long for a witness: until one has seen them, the operator could still rewrite
    /// them.
    pub unanchored: TimeDelta,
    /// The log's last entry may be so old when the daemon starts. After a longer silence either the daemon was down for
    /// a season or the clock is wrong, and nothing is destroyed until somebody answers for the clock.
    pub silence: TimeDelta,
}

impl Default for AlertTerms {
    fn default() -> Self {
        Self { overdue: TimeDelta::days(30), unanchored: TimeDelta::days(35), silence: TimeDelta::days(90) }
    }
}

/// Lowers `[alerts]`; `None` after noting faults.
pub(super) fn lower(mut table: Table<'_>) -> Option<AlertTerms> {
    let usual = AlertTerms::default();
    let overdue =
        table.get("overdue_days").map_or(Some(usual.overdue), |days| integer(&days, DAYS).map(TimeDelta::days));
    let unanchored =
        table.get("unanchored_days").map_or(Some(usual.unanchored), |days| integer(&days, DAYS).map(TimeDelta::days));
    let silence =
        table.get("silence_days").map_or(Some(usual.silence), |days| integer(&days, SILENCE).map(TimeDelta::days));
    table.finish();
    Some(AlertTerms { overdue: overdue?, unanchored: unanchored?, silence: silence? })
}
