//! Whether anything may be due at all: a look-up per rule, where an index stands on the event. Says yes in vain, never
//! no.

use chrono::{Days, Months, TimeDelta};

use crate::calendar::{Calendar, Keep};
use crate::disposition::Installation;
use crate::model::{Instant, RuleNumber};
use crate::records::mapping::SeriesMapping;
use crate::records::sqlite::{Reader, StoreError};

/// Ends of months and zones move a term by less than this.
const SLACK: TimeDelta = TimeDelta::days(5);

/// Whether a record may be due under this rule, or under any (`None`).
///
/// # Errors
/// A database that cannot be read.
pub fn may_be_due(install: &Installation, only: Option<&RuleNumber>, now: Instant) -> Result<bool, StoreError> {
    for mapping in &install.series {
        let Some(source) = install.sources.get(&mapping.source) else { return Ok(true) };
        let questions = questions(&install.calendars, mapping, only, now);
        if questions.is_empty() {
            continue;
        }
        let mut reader = Reader::open_to_look(source, &install.series)?;
        for (trigger, cutoff) in questions {
            if reader.probe(&mapping.series, trigger, cutoff)? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Per way of every rule that may govern: the event, and the instant before which it must have happened.
fn questions<'a>(
    calendars: &'a [Calendar],
    mapping: &'a SeriesMapping,
    only: Option<&RuleNumber>,
    now: Instant,
) -> Vec<(&'a crate::model::TriggerName, Instant)> {
    let governs = |calendar: &&Calendar| mapping.calendar.as_ref().is_none_or(|number| *number == calendar.number);
    let rules = calendars.iter().filter(governs).flat_map(|calendar| calendar.rules_for(&mapping.series));
    let rules = rules.filter(|rule| rule.is_obeyed() && only.is_none_or(|only| rule.number == *only));
    rules
        .flat_map(|rule| &rule.clock.earliest)
        .map(|way| {
            let is_deadline = mapping.events.get(&way.trigger).is_some_and(|event| event.deadline);
            let keep = if is_deadline { Keep::Immediate } else { way.keep };
            (&way.trigger, latest_start(keep, now))
        })
        .collect()
}

/// No event after this has reached its term now.
fn latest_start(keep: Keep, now: Instant) -> Instant {
    let start = match keep {
        Keep::Immediate => Some(now),
        Keep::Civil(period) => now
            .checked_sub_months(Months::new(period.months))
            .and_then(|start| start.checked_sub_days(Days::new(period.days.into()))),
        Keep::Exact { seconds } => TimeDelta::try_seconds(seconds).and_then(|keep| now.checked_sub_signed(keep)),
    };
    start.unwrap_or(now) + SLACK
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::calendar::{Period, StartAt};
    use crate::model::{Moment, Zone};

    proptest! {
        #[test]
        fn whatever_is_due_lies_before_the_cutoff(
            start in 0..2_000_000_000_i64, months in 0..240_u32, days in 0..400_u32, late in 0..100_i64,
        ) {
            prop_assume!(months + days > 0);
            let toronto: Zone = "America/Toronto".parse().unwrap();
            let start = Instant::from_timestamp(start, 0).unwrap();
            for keep in [Keep::Civil(Period { months, days }), Keep::Exact { seconds: i64::from(days) * 3_600 + 1 }, Keep::Immediate] {
                let due = keep.due(Moment::At(start), StartAt::Trigger, toronto).unwrap();
                let now = due.from + TimeDelta::hours(late);
                prop_assert!(start < latest_start(keep, now), "{keep:?} from {start}, due {}", due.from);
            }
        }
    }

    #[test]
    fn a_young_event_is_not_asked_for() {
        let now: Instant = "2026-11-21T17:00:00Z".parse().unwrap();
        let cutoff = latest_start(Keep::Civil(Period { months: 12, days: 0 }), now);
        assert_eq!(cutoff, "2025-11-26T17:00:00Z".parse::<Instant>().unwrap());
    }
}
