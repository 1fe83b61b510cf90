use std::convert::Infallible;
use std::time::Duration;

use croner::parser::{CronParser, Seconds};
use proptest::prelude::*;
use rustix::time::{ClockId, clock_gettime};

use super::*;
use crate::config::ExtraScan;
use crate::model::Windows;

fn cron(pattern: &str) -> Cron {
    CronParser::builder().seconds(Seconds::Disallowed).build().parse(pattern).unwrap()
}

fn toronto() -> Zone {
    "America/Toronto".parse().unwrap()
}

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

fn schedule(scan: &str) -> Schedule {
    Schedule {
        scan: cron(scan),
        timezone: toronto(),
        catch_up: CatchUp::Once,
        grace: 72 * 3_600,
        extra: Vec::new(),
        windows: Windows::NONE,
        suspended: false,
    }
}

fn alarm(schedule: &Schedule, last: Instant) -> Alarm {
    alarm_that_owes(schedule, last, None)
}

fn alarm_that_owes(schedule: &Schedule, last: Instant, owed: Option<Instant>) -> Alarm {
    Alarm::all(schedule, |_| Ok::<_, Infallible>(Past { last, owed })).unwrap().remove(0)
}

/// Ticks through a span, and returns what fired.
fn fired(alarm: &mut Alarm, ticks: impl IntoIterator<Item = Instant>) -> Vec<Instant> {
    let mut fired = Vec::new();
    for now in ticks {
        match alarm.ring(now) {
            Ring::Not => {}
            Ring::Fire(time) => {
                alarm.done(time);
                fired.push(time);
            }
            Ring::Missed(time) => alarm.done(time),
        }
    }
    fired
}

fn minutes(from: &str, to: &str) -> impl Iterator<Item = Instant> {
    let (from, to) = (at(from).timestamp() / 60, at(to).timestamp() / 60);
    (from..to).map(|minute| Instant::from_timestamp(minute * 60, 0).unwrap())
}

#[test]
fn a_time_that_spring_skips_fires_once_right_after_the_gap() {
    // On 8 March 2026 Toronto goes from 02:00 to 03:00, which is 07:00 UTC.
    let mut alarm = alarm(&schedule("30 2 * * *"), at("2026-03-07T12:00:00Z"));
    let fired = fired(&mut alarm, minutes("2026-03-07T12:00:00Z", "2026-03-09T12:00:00Z"));
    assert_eq!(fired, [at("2026-03-08T07:00:00Z"), at("2026-03-09T06:30:00Z")]);
}

#[test]
fn a_time_that_autumn_repeats_fires_once() {
    // On 1 November 2026 Toronto goes from 02:00 back to 01:00: 01:30 is 05:30 and 06:30 UTC.
    let mut alarm = alarm(&schedule("30 1 * * *"), at("2026-10-31T12:00:00Z"));
    let fired = fired(&mut alarm, minutes("2026-10-31T12:00:00Z", "2026-11-02T12:00:00Z"));
    assert_eq!(fired, [at("2026-11-01T05:30:00Z"), at("2026-11-02T06:30:00Z")]);
}

#[test]
fn what_was_missed_collapses_into_one_within_the_grace_and_is_left_after_it() {
    let alarm = alarm(&schedule("0 2 * * *"), at("2026-06-01T06:00:00Z"));
    assert_eq!(alarm.ring(at("2026-06-20T13:00:00Z")), Ring::Fire(at("2026-06-20T06:00:00Z")));
    let strict = Schedule { grace: 3_600, ..schedule("0 2 * * *") };
    let alarm = super::tests::alarm(&strict, at("2026-06-01T06:00:00Z"));
    assert_eq!(alarm.ring(at("2026-06-20T07:00:00Z")), Ring::Fire(at("2026-06-20T06:00:00Z")));
    assert_eq!(alarm.ring(at("2026-06-20T07:00:01Z")), Ring::Missed(at("2026-06-20T06:00:00Z")));
}

#[test]
fn without_catching_up_only_what_is_on_time_fires() {
    let never = Schedule { catch_up: CatchUp::Never, ..schedule("0 2 * * *") };
    let alarm = alarm(&never, at("2026-06-01T06:00:00Z"));
    assert_eq!(alarm.ring(at("2026-06-02T06:02:59Z")), Ring::Fire(at("2026-06-02T06:00:00Z")));
    assert_eq!(alarm.ring(at("2026-06-02T06:03:01Z")), Ring::Missed(at("2026-06-02T06:00:00Z")));
}

#[test]
fn an_interrupted_scan_is_owed_within_the_grace_and_the_next_one_stands_for_it() {
    let (fired, next) = (at("2026-06-01T06:00:00Z"), at("2026-06-02T06:00:00Z"));
    let owing = |schedule: &Schedule| alarm_that_owes(schedule, fired, Some(fired));
    let mut alarm = owing(&schedule("0 2 * * *"));
    assert_eq!(alarm.ring(at("2026-06-02T05:59:00Z")), Ring::Fire(fired));
    assert!(alarm.owes(fired) && !alarm.owes(next), "that it is on record keeps it from nothing");
    assert_eq!(alarm.ring(at("2026-06-02T06:01:00Z")), Ring::Fire(next));
    alarm.done(next);
    assert_eq!(alarm.ring(at("2026-06-02T06:02:00Z")), Ring::Not);
    let strict = owing(&Schedule { grace: 3_600, ..schedule("0 2 * * *") });
    assert_eq!(strict.ring(at("2026-06-01T07:00:01Z")), Ring::Missed(fired));
    let never = owing(&Schedule { catch_up: CatchUp::Never, ..schedule("0 2 * * *") });
    assert_eq!(never.ring(at("2026-06-01T06:03:00Z")), Ring::Fire(fired), "a quick restart is still on time");
    assert_eq!(never.ring(at("2026-06-01T06:03:01Z")), Ring::Missed(fired));
}

#[test]
fn a_clock_put_back_fires_nothing_twice() {
    let mut alarm = alarm(&schedule("0 2 * * *"), at("2026-06-01T06:00:00Z"));
    let twice = minutes("2026-06-02T05:30:00Z", "2026-06-02T06:30:00Z")
        .chain(minutes("2026-06-02T05:00:00Z", "2026-06-02T07:00:00Z"));
    assert_eq!(fired(&mut alarm, twice), [at("2026-06-02T06:00:00Z")]);
}

#[test]
fn what_fired_under_a_clock_a_year_ahead_is_no_reason_to_wait_for_that_year() {
    let mut alarm =
        alarm_that_owes(&schedule("0 2 * * *"), at("2027-06-02T06:00:00Z"), Some(at("2027-06-02T06:00:00Z")));
    let now = at("2026-06-02T12:00:00Z");
    assert!(alarm.is_ahead(now));
    alarm.put_back(now);
    assert!(!alarm.is_ahead(now));
    assert_eq!((alarm.next(), alarm.ring(now)), (Some(at("2026-06-03T06:00:00Z")), Ring::Not));
    assert_eq!(alarm.ring(at("2026-06-03T06:00:00Z")), Ring::Fire(at("2026-06-03T06:00:00Z")));
}

#[test]
fn an_edited_pattern_has_missed_nothing_and_each_set_of_rules_has_its_own_alarm() {
    let extra = |rules: &[&str], scan| ExtraScan {
        rules: rules.iter().map(|rule| RuleNumber::from(*rule)).collect(),
        scan: cron(scan),
    };
    let several = Schedule {
        extra: vec![extra(&["B", "A"], "*/5 * * * *"), extra(&["A", "B"], "*/5 * * * *")],
        ..schedule("0 2 * * *")
    };
    let mut asked = Vec::new();
    let alarms = Alarm::all(&several, |name| {
        asked.push(name.to_owned());
        Ok::<_, Infallible>(Past { last: at("2026-06-01T00:00:00Z"), owed: None })
    });
    assert_eq!(asked, ["all at 0 2 * * * America/Toronto", "A,B at */5 * * * * America/Toronto"]);
    assert_eq!(alarms.unwrap().len(), 2, "the same rules at the same times are one alarm");
}

#[test]
fn a_pattern_that_names_no_day_is_never_due() {
    let alarm = alarm(&schedule("0 2 30 2 *"), at("2026-06-01T00:00:00Z"));
    assert_eq!((alarm.next(), alarm.ring(at("2028-06-01T00:00:00Z"))), (None, Ring::Not));
}

/// A leap year, minute by minute, with both changes of the hour, steps of the clock and days of downtime.
#[test]
fn a_year_of_ticks_fires_each_night_once() {
    let began = own_time();
    let mut alarm = alarm(&schedule("30 1 * * *"), at("2028-01-01T00:00:00Z"));
    let year = minutes("2028-01-01T00:00:00Z", "2029-01-01T00:00:00Z").enumerate().filter_map(|(minute, now)| {
        // Down from 10 to 15 May; every 50,000 minutes the clock is two minutes behind for one tick.
        let is_down = at("2028-05-10T00:00:00Z") <= now && now < at("2028-05-15T00:00:00Z");
        (!is_down).then(|| if minute % 50_000 == 49_999 { now - TimeDelta::minutes(2) } else { now })
    });
    let fired = fired(&mut alarm, year);
    // 366 nights, less the five of the downtime but for the one made up.
    assert_eq!(fired.len(), 366 - 4);
    assert!(fired.windows(2).all(|pair| pair[0] < pair[1]), "no time twice, none out of order");
    let local = |firing: &Instant| firing.with_timezone(&toronto().tz()).format("%m-%d %H:%M").to_string();
    assert!(fired.iter().all(|firing| local(firing).ends_with("01:30")), "the hour is local, summer and winter");
    assert!(fired.iter().any(|firing| local(firing) == "02-29 01:30"), "the leap day has its run");
    assert_eq!(fired.iter().filter(|firing| local(firing).starts_with("11-05")).count(), 1, "the long night too");
    let took = own_time() - began;
    assert!(took < Duration::from_secs(2), "a year took {took:?}");
}

/// Time that this thread has had a processor for, however busy the machine is.
fn own_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap()
}

fn patterns() -> impl Strategy<Value = String> {
    prop_oneof![
        (0..60u32, 0..24u32).prop_map(|(minute, hour)| format!("{minute} {hour} * * *")),
        (1..30u32).prop_map(|step| format!("*/{step} * * * *")),
        (0..60u32, 0..24u32, 0..7u32).prop_map(|(minute, hour, day)| format!("{minute} {hour} * * {day}")),
        (0..60u32, 1..29u32).prop_map(|(minute, day)| format!("{minute} 2 {day} * *")),
    ]
}

fn zones() -> impl Strategy<Value = Zone> {
    prop_oneof![Just("America/Toronto"), Just("Australia/Lord_Howe"), Just("Africa/Casablanca"), Just("UTC")]
        .prop_map(|name| name.parse().unwrap())
}

fn instants() -> impl Strategy<Value = Instant> {
    // 2024 to 2032.
    (1_704_067_200..1_956_528_000_i64).prop_map(|second| Instant::from_timestamp(second, 0).unwrap())
}

proptest! {
    #[test]
    fn what_is_due_lies_after_the_last_firing_and_is_the_latest(
        pattern in patterns(), zone in zones(), last in instants(), ahead in 0..2_000_000_i64,
    ) {
        let (cron, now) = (cron(&pattern), last + TimeDelta::seconds(ahead));
        match due(now, last, &cron, zone) {
            None => prop_assert!(next(last, &cron, zone).is_none_or(|next| now < next)),
            Some(time) => {
                prop_assert!(last < time && time <= now);
                prop_assert!(next(time, &cron, zone).is_none_or(|next| now < next), "a later one was passed over");
                prop_assert_eq!(due(now, time, &cron, zone), None, "it is due once");
            }
        }
    }

    #[test]
    fn ticks_in_any_order_fire_no_time_twice(
        pattern in patterns(), start in instants(), steps in prop::collection::vec(-90_000..200_000_i64, 1..40),
    ) {
        let mut alarm = alarm(&schedule(&pattern), start);
        let mut now = start;
        let ticks: Vec<Instant> = steps.iter().map(|step| { now += TimeDelta::seconds(*step); now }).collect();
        let fired = fired(&mut alarm, ticks);
        prop_assert!(fired.windows(2).all(|pair| pair[0] < pair[1]), "{fired:?}");
    }
}
