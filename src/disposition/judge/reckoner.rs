//! Reckons the terms of one way for many records, and remembers what it reckoned lately: records share their days.
//!
//! What is remembered is what [`Keep::due`] said; a test holds the two against each other.

use std::cell::{Cell, OnceCell};

use chrono::{Datelike, TimeDelta};

use crate::calendar::{Due, Keep, StartAt};
use crate::model::{CivilDate, Instant, Moment, Zone};

/// Terms of so many days are remembered: nearly three years.
const DAYS: usize = 1_024;

const DAY: TimeDelta = TimeDelta::days(1);

/// One way's arithmetic.
#[derive(Debug)]
pub(super) struct Reckoner {
    keep: Keep,
    start: StartAt,
    zone: Zone,
    /// The day that was asked for last.
    last: Cell<LastDay>,
    /// By number of the day, modulo `DAYS`.
    terms: OnceCell<Box<[Remembered]>>,
}

/// A day, and the term that begins on it.
type Remembered = Cell<Option<(CivilDate, Option<Due>)>>;

#[derive(Clone, Copy, Debug)]
enum LastDay {
    None,
    Once(CivilDate),
    /// Asked for twice in a row: all instants from the first to before the second are of this day.
    Between(Instant, Instant, CivilDate),
    /// Asked for twice in a row, and the clock is changed about this day.
    Uneven(CivilDate),
}

impl Reckoner {
    pub fn new(keep: Keep, start: StartAt, zone: Zone) -> Self {
        Self { keep, start, zone, last: Cell::new(LastDay::None), terms: OnceCell::new() }
    }

    /// The civil day of a moment.
    pub fn day(&self, moment: Moment) -> CivilDate {
        let instant = match moment {
            Moment::At(instant) => instant,
            Moment::On(day) => return day,
        };
        let last = self.last.get();
        if let LastDay::Between(from, to, day) = last
            && (from..to).contains(&instant)
        {
            return day;
        }
        let day = self.zone.civil_date(instant);
        self.last.set(match last {
            LastDay::Once(last) if last == day => {
                self.even(day).map_or(LastDay::Uneven(day), |(from, to)| LastDay::Between(from, to, day))
            }
            LastDay::Uneven(last) if last == day => LastDay::Uneven(day),
            _ => LastDay::Once(day),
        });
        day
    }

    /// The first instant of a day and of the next, where the clock runs evenly between them: no zone changes it twice
    /// within an hour.
    fn even(&self, day: CivilDate) -> Option<(Instant, Instant)> {
        let (from, to) = (self.zone.start_of(day)?, self.zone.start_of(day.succ_opt()?)?);
        let is_of_day = |hour| self.zone.civil_date(from + TimeDelta::hours(hour)) == day;
        (to - from == DAY && (0..24).all(is_of_day)).then_some((from, to))
    }

    /// The term that follows from a moment on `day`.
    pub fn term(&self, moment: Moment, day: CivilDate) -> Option<Due> {
        // Only a period of whole days asks for nothing but the day.
        if !matches!(self.keep, Keep::Civil(_)) {
            return self.keep.due(moment, self.start, self.zone);
        }
        let terms = self.terms.get_or_init(|| (0..DAYS).map(|_| Cell::new(None)).collect());
        let remembered = &terms[day.num_days_from_ce().unsigned_abs() as usize % DAYS];
        if let Some((known, due)) = remembered.get()
            && known == day
        {
            return due;
        }
        let due = self.keep.due(moment, self.start, self.zone);
        remembered.set(Some((day, due)));
        due
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::calendar::Period;

    fn keeps() -> impl Strategy<Value = Keep> {
        prop_oneof![
            Just(Keep::Immediate),
            (0_u32..40, 0_u32..400).prop_map(|(months, days)| Keep::Civil(Period { months, days })),
            (1_i64..400_000).prop_map(|seconds| Keep::Exact { seconds }),
        ]
    }

    fn starts() -> impl Strategy<Value = StartAt> {
        prop_oneof![Just(StartAt::Trigger), Just(StartAt::YearEnd { month: 3, day: 31 })]
    }

    fn moments() -> impl Strategy<Value = Vec<Moment>> {
        // Near each other, so that days come again, on whole days and beside them; over five years about a change of
        // the law in many zones.
        let near = (0_i64..5 * 365, prop::collection::vec((-40_i64..40, -3_i64..3, any::<bool>()), 1..60));
        near.prop_map(|(day, steps)| {
            let moment = |(hours, seconds, is_day): (i64, i64, bool)| {
                let instant = Instant::UNIX_EPOCH + TimeDelta::days(14_000 + day) + TimeDelta::hours(hours);
                let instant = instant + TimeDelta::seconds(seconds);
                if is_day { Moment::On(instant.date_naive()) } else { Moment::At(instant) }
            };
            steps.into_iter().map(moment).collect()
        })
    }

    proptest! {
        #[test]
        fn what_is_remembered_is_what_is_reckoned(
            keep in keeps(), start in starts(), moments in moments(),
            zone in prop::sample::select(&["America/Toronto", "America/St_Johns", "America/Sao_Paulo", "Pacific/Apia", "Asia/Gaza",
                "Africa/Casablanca", "Australia/Lord_Howe", "UTC"][..]),
        ) {
            let zone: Zone = zone.parse().unwrap();
            let reckoner = Reckoner::new(keep, start, zone);
            for moment in moments {
                let day = reckoner.day(moment);
                let expected = match moment { Moment::At(instant) => zone.civil_date(instant), Moment::On(day) => day };
                prop_assert_eq!(day, expected);
                prop_assert_eq!(reckoner.term(moment, day), keep.due(moment, start, zone));
            }
        }
    }

    #[test]
    fn days_that_share_a_place_are_told_apart() {
        let reckoner = Reckoner::new(Keep::Civil(Period { months: 0, days: 1 }), StartAt::Trigger, Zone::UTC);
        let first: CivilDate = "2020-01-01".parse().unwrap();
        for day in [first, first + TimeDelta::days(DAYS as i64), first] {
            let last_day = reckoner.term(Moment::On(day), day).and_then(|due| due.last_day);
            assert_eq!(last_day, day.succ_opt());
        }
    }

    #[test]
    fn a_day_on_which_the_clock_is_put_back_across_midnight_is_not_remembered_by_its_bounds() {
        // St. John's put its clock back from 00:01 on 7 November 2010 to 23:01 on the 6th: 02:30:30 UTC is of the 7th,
        // 02:45 of the 6th again.
        let zone: Zone = "America/St_Johns".parse().unwrap();
        let reckoner = Reckoner::new(Keep::Immediate, StartAt::Trigger, zone);
        let at = |text: &str| Moment::At(text.parse().unwrap());
        let days: Vec<String> =
            ["2010-11-06T12:00:00Z", "2010-11-06T13:00:00Z", "2010-11-07T02:30:30Z", "2010-11-07T02:45:00Z"]
                .map(|text| reckoner.day(at(text)).to_string())
                .to_vec();
        assert_eq!(days, ["2010-11-06", "2010-11-06", "2010-11-07", "2010-11-06"]);
    }
}
