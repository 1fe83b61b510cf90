//! Our own files obey terms too: manifests of plans, records of firings, lists that a crash left behind. The
//! destruction log keeps its own.

use chrono::{Days, Months, TimeDelta};

use super::runner::Runner;
use crate::calendar::Period;
use crate::disposition::desk::DeskError;
use crate::model::Instant;

/// Firings older than this explain nothing any more.
const KEEP_FIRINGS: TimeDelta = TimeDelta::days(90);

/// Those further ahead were recorded under a clock that was wrong: once their time comes, they must fire.
const AHEAD: TimeDelta = TimeDelta::days(1);

impl Runner {
    /// Forgets what has reached its term.
    pub(super) fn keep_house(&mut self, now: Instant) -> Result<(), DeskError> {
        let mut desk = self.desk.lock()?;
        desk.forget_firings_before(now - KEEP_FIRINGS)?;
        desk.forget_firings_after(now + AHEAD)?;
        let Some(before) = before(now, self.config.keep_plans) else { return Ok(()) };
        let forgotten = desk.forget_plans_before(before, now)?;
        if forgotten > 0 {
            tracing::info!(plans = forgotten, "manifests of plans reached their term and are gone");
        }
        Ok(())
    }
}

/// The instant a period ago; `None` where the calendar does not reach so far back.
fn before(now: Instant, period: Period) -> Option<Instant> {
    now.checked_sub_months(Months::new(period.months))?.checked_sub_days(Days::new(period.days.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_years_ago_is_a_date_and_not_a_number_of_seconds() {
        let now: Instant = "2028-02-29T12:00:00Z".parse().unwrap();
        assert_eq!(before(now, Period { months: 36, days: 0 }), Some("2025-02-28T12:00:00Z".parse().unwrap()));
    }
}
