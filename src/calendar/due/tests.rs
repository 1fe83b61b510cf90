//! The rule's table, and its properties against an oracle that counts days one by one.

use chrono::{Datelike, NaiveDate, TimeDelta, TimeZone};
use proptest::prelude::*;

use super::*;

fn zone(name: &str) -> Zone {
    name.parse().unwrap()
}

fn date(text: &str) -> CivilDate {
    text.parse().unwrap()
}

fn instant(text: &str) -> Instant {
    text.parse().unwrap()
}

fn keep(text: &str) -> Keep {
    text.parse().unwrap()
}

#[test]
fn the_table_of_the_date_rule_holds() {
    let toronto = zone("America/Toronto");
    let year_end = StartAt::YearEnd { month: 12, day: 31 };
    for (trigger, period, start, due_from) in [
        ("2024-03-15", "P1Y", StartAt::Trigger, "2025-03-16"),
        ("2024-02-29", "P1Y", StartAt::Trigger, "2025-03-01"),
        ("2024-08-31", "P24M", StartAt::Trigger, "2026-09-01"),
        ("2024-01-31", "P1M", StartAt::Trigger, "2024-03-01"),
        ("2024-05-10", "P6Y", year_end, "2031-01-01"),
        ("2024-12-31", "P6Y", year_end, "2031-01-01"),
        ("2025-01-01", "P6Y", year_end, "2032-01-01"),
        ("2024-02-29", "P4Y", StartAt::Trigger, "2028-03-01"),
        ("2024-01-31", "P1M1D", StartAt::Trigger, "2024-03-02"),
        ("2024-03-15", "P30D", StartAt::Trigger, "2024-04-15"),
    ] {
        let due = keep(period).due(Moment::On(date(trigger)), start, toronto).unwrap();
        assert_eq!(due.from, toronto.start_of(date(due_from)).unwrap(), "{trigger} {period}");
        assert_eq!(due.last_day, date(due_from).pred_opt(), "{trigger} {period}");
        assert_eq!(due.trigger_day, date(trigger));
    }
}

#[test]
fn a_trigger_late_in_the_evening_counts_on_its_local_day() {
    let due = keep("P1Y")
        .due(Moment::At(instant("2024-03-16T02:30:00Z")), StartAt::Trigger, zone("America/Toronto"))
        .unwrap();
    assert_eq!(due.trigger_day, date("2024-03-15"));
    assert_eq!(due.from, instant("2025-03-16T04:00:00Z"));
}

#[test]
fn active_and_semi_active_are_added_once_as_a_whole() {
    let total = Period { months: 12, days: 0 }.plus(Period { months: 36, days: 0 }).unwrap();
    let due =
        Keep::Civil(total).due(Moment::On(date("2024-02-29")), StartAt::Trigger, zone("America/Toronto")).unwrap();
    assert_eq!(due.last_day, Some(date("2028-02-29")));
}

#[test]
fn immediate_and_exact_periods_count_instants() {
    let (toronto, moment) = (zone("America/Toronto"), Moment::At(instant("2024-03-09T12:00:00Z")));
    let immediate = Keep::Immediate.due(moment, StartAt::Trigger, toronto).unwrap();
    assert_eq!((immediate.last_day, immediate.from), (None, instant("2024-03-09T12:00:00Z")));
    // The clocks went forward on the 10th: a day of 24 hours ends at 13:00 local summer time.
    let exact = keep("PT24H").due(moment, StartAt::Trigger, toronto).unwrap();
    assert_eq!((exact.last_day, exact.from), (None, instant("2024-03-10T12:00:00Z")));
}

#[test]
fn a_day_without_an_hour_counts_as_ended_before_anything_is_due() {
    let (toronto, moment) = (zone("America/Toronto"), Moment::On(date("2024-03-15")));
    let midnight = instant("2024-03-16T04:00:00Z");
    let immediate = Keep::Immediate.due(moment, StartAt::Trigger, toronto).unwrap();
    assert_eq!((immediate.last_day, immediate.from), (Some(date("2024-03-15")), midnight));
    assert_eq!(keep("PT24H").due(moment, StartAt::Trigger, toronto).unwrap().from, midnight + TimeDelta::days(1));
}

#[test]
fn a_day_whose_midnight_comes_twice_begins_when_the_day_before_has_really_ended() {
    // St. John's went back from 00:01 on 7 November 2010 to 23:01 on the 6th.
    let due = keep("P1M").due(Moment::On(date("2010-10-06")), StartAt::Trigger, zone("America/St_Johns")).unwrap();
    assert_eq!(due.from, instant("2010-11-07T03:30:00Z"));
    // Havana went back from 01:00 to 00:00 on 3 November 2019: the day before had ended at the first of both.
    let due = keep("P1M").due(Moment::On(date("2019-10-02")), StartAt::Trigger, zone("America/Havana")).unwrap();
    assert_eq!(due.from, instant("2019-11-03T04:00:00Z"));
}

#[test]
fn a_date_beyond_all_dates_is_never_due() {
    let last = Moment::On(NaiveDate::MAX);
    for keep in ["P1Y", "P1D", "immediate", "PT1H"].map(keep) {
        assert_eq!(keep.due(last, StartAt::Trigger, Zone::UTC), None);
        assert_eq!(keep.due(last, StartAt::YearEnd { month: 6, day: 30 }, Zone::UTC), None);
    }
    assert_eq!(
        keep("P1Y").due(Moment::On(date("2024-01-01")), StartAt::YearEnd { month: 2, day: 30 }, Zone::UTC),
        None
    );
}

/// Zones that skip midnights (Brazil, Lebanon, Cuba), a whole day (Samoa), or change at other hours.
const ZONES: [&str; 9] = [
    "America/Toronto",
    "America/Sao_Paulo",
    "Pacific/Apia",
    "Asia/Beirut",
    "America/Havana",
    "Europe/Paris",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "UTC",
];

fn any_zone() -> impl Strategy<Value = Zone> {
    prop::sample::select(&ZONES[..]).prop_map(zone)
}

fn any_day() -> impl Strategy<Value = CivilDate> {
    (0i64..109_938).prop_map(|days| date("1900-01-01") + TimeDelta::days(days))
}

fn any_instant() -> impl Strategy<Value = Instant> {
    (any_day(), 0i64..86_400)
        .prop_map(|(day, second)| day.and_hms_opt(0, 0, 0).unwrap().and_utc() + TimeDelta::seconds(second))
}

fn any_moment() -> impl Strategy<Value = Moment> {
    prop_oneof![any_instant().prop_map(Moment::At), any_day().prop_map(Moment::On)]
}

fn any_period() -> impl Strategy<Value = Period> {
    prop_oneof![(1u32..60, Just(0u32)), (Just(0), 1u32..800), (1u32..40, 1u32..60)]
        .prop_map(|(months, days)| Period { months, days })
}

fn any_keep() -> impl Strategy<Value = Keep> {
    prop_oneof![
        any_period().prop_map(Keep::Civil),
        (1i64..5_000_000).prop_map(|seconds| Keep::Exact { seconds }),
        Just(Keep::Immediate)
    ]
}

fn any_start() -> impl Strategy<Value = StartAt> {
    prop_oneof![
        Just(StartAt::Trigger),
        prop::sample::select(vec![(12, 31), (3, 31), (6, 30), (1, 1), (2, 28)])
            .prop_map(|(month, day)| StartAt::YearEnd { month, day })
    ]
}

/// Walks the calendar one day at a time: months pass when a month's first day is met, and the day sought is the one of
/// the same number in the month reached, or its last.
fn oracle_last_day(trigger: CivilDate, period: Period, start: StartAt) -> CivilDate {
    let mut day = trigger;
    if let StartAt::YearEnd { month, day: end } = start {
        while (day.month(), day.day()) != (month, end) {
            day = day.succ_opt().unwrap();
        }
    }
    if period.months > 0 {
        let number = day.day();
        let mut firsts_met = 0;
        while firsts_met < period.months {
            day = day.succ_opt().unwrap();
            firsts_met += u32::from(day.day() == 1);
        }
        while day.day() < number && day.succ_opt().unwrap().day() != 1 {
            day = day.succ_opt().unwrap();
        }
    }
    (0..period.days).fold(day, |day, _| day.succ_opt().unwrap())
}

/// The first second that some clock on the wall of the zone shows a later date, found by watching it.
fn oracle_start_after(last_day: CivilDate, zone: Zone) -> Instant {
    let later = |second: Instant| zone.tz().from_utc_datetime(&second.naive_utc()).date_naive() > last_day;
    let mut watch = last_day.and_hms_opt(0, 0, 0).unwrap().and_utc() - TimeDelta::hours(30);
    for step in [TimeDelta::hours(1), TimeDelta::minutes(1), TimeDelta::seconds(1)] {
        while !later(watch + step) {
            watch += step;
        }
    }
    watch + TimeDelta::seconds(1)
}

#[test]
fn every_day_from_1900_to_2200_ends_when_the_next_second_is_of_a_later_day() {
    for zone in ZONES.map(zone) {
        let days = date("1900-01-01").iter_days().take_while(|day| day.year() <= 2200);
        for last_day in days {
            let from = Due::after(last_day, last_day, zone).unwrap().from;
            let [before, after] = [from - TimeDelta::seconds(1), from].map(|instant| zone.civil_date(instant));
            assert!(before <= last_day && last_day < after, "{zone} {last_day}: {from}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn the_last_day_and_its_end_are_those_of_counting_day_by_day(
        moment in any_moment(), period in any_period(), start in any_start(), zone in any_zone()
    ) {
        let due = Keep::Civil(period).due(moment, start, zone).unwrap();
        if let Moment::On(day) = moment {
            prop_assert_eq!(due.trigger_day, day);
        }
        let last_day = oracle_last_day(due.trigger_day, period, start);
        prop_assert_eq!(due.last_day, Some(last_day));
        prop_assert_eq!(due.from, oracle_start_after(last_day, zone));
    }

    #[test]
    fn nothing_is_due_before_its_trigger_and_what_is_due_stays_due(
        moment in any_moment(), keep in any_keep(), start in any_start(), zone in any_zone(), later in 0i64..10_000_000
    ) {
        let due = keep.due(moment, start, zone).unwrap();
        if let Moment::At(trigger) = moment {
            prop_assert!(due.from >= trigger);
        }
        // The civil day never returns to the last day once it is due, however much time passes.
        let now = due.from + TimeDelta::seconds(later);
        prop_assert!(due.last_day.is_none_or(|last| zone.civil_date(now) > last));
        prop_assert!(due.last_day.is_none_or(|last| zone.civil_date(due.from - TimeDelta::seconds(1)) <= last));
    }

    #[test]
    fn a_later_trigger_is_never_due_earlier(
        one in any_instant(), gap in prop_oneof![0i64..100_000, 0i64..100_000_000], keep in any_keep(), start in any_start(),
        zone in any_zone()
    ) {
        let other = one + TimeDelta::seconds(gap);
        let [first, second] = [one, other].map(|trigger| keep.due(Moment::At(trigger), start, zone).unwrap());
        prop_assert!(first.from <= second.from);
        let [first, second] =
            [one, other].map(|trigger| keep.due(Moment::On(zone.civil_date(trigger)), start, zone).unwrap());
        prop_assert!(first.from <= second.from);
        // A day alone is never due earlier than any instant of that day.
        prop_assert!(keep.due(Moment::At(one), start, zone).unwrap().from <= first.from);
    }

    #[test]
    fn a_longer_period_is_never_due_earlier(
        moment in any_moment(), period in any_period(), months in 0u32..30, days in 0u32..100, seconds in 1i64..5_000_000,
        more in 0i64..5_000_000, start in any_start(), zone in any_zone()
    ) {
        let longer = period.plus(Period { months, days }).unwrap();
        let from = |keep: Keep| keep.due(moment, start, zone).unwrap().from;
        let (exact, longer_exact) = (Keep::Exact { seconds }, Keep::Exact { seconds: seconds + more });
        prop_assert!(from(Keep::Civil(period)) <= from(Keep::Civil(longer)));
        prop_assert!(from(exact) <= from(longer_exact));
        prop_assert!(from(Keep::Immediate) <= from(exact));
        prop_assert!(from(Keep::Immediate) <= from(Keep::Civil(period)));
    }
}
