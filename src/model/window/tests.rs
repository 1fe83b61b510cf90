use chrono::{LocalResult, TimeZone};
use proptest::prelude::*;

use super::*;

fn open(window: &str, local: &str) -> bool {
    let local = NaiveDateTime::parse_from_str(local, "%Y-%m-%d %H:%M").unwrap();
    window.parse::<Window>().unwrap().contains(local)
}

fn toronto() -> Zone {
    "America/Toronto".parse().unwrap()
}

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

fn windows(blackout: &[&str], maintenance: &[&str]) -> Windows {
    let parse = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
    Windows { zone: toronto(), blackout: parse(blackout), maintenance: parse(maintenance) }
}

/// Minutes of a span in which something is open.
fn minutes(windows: &Windows, wanted: Opening, from: &str, to: &str) -> usize {
    let (from, to) = (at(from).timestamp() / 60, at(to).timestamp() / 60);
    let minutes = (from..to).map(|minute| Instant::from_timestamp(minute * 60, 0).unwrap());
    minutes.filter(|now| windows.open_at(*now) == wanted).count()
}

// 2026-11-21 is a Saturday.
#[test]
fn a_window_opens_at_its_first_minute_and_is_shut_at_its_last() {
    assert!(open("Sat 08:00-18:00", "2026-11-21 08:00"));
    assert!(open("Mon-Sat 08:00-18:00", "2026-11-21 17:59"));
    assert!(!open("Mon-Sat 08:00-18:00", "2026-11-21 18:00"));
    assert!(!open("Mon-Fri 08:00-18:00", "2026-11-21 12:00"));
    assert!(open("08:00-18:00", "2026-11-22 12:00"));
}

#[test]
fn a_window_over_midnight_belongs_to_the_day_it_opens() {
    assert!(open("Sat 22:00-06:00", "2026-11-21 23:00"));
    assert!(open("Sat 22:00-06:00", "2026-11-22 05:59"));
    assert!(!open("Sat 22:00-06:00", "2026-11-21 05:00"));
    assert!(!open("Sat 22:00-06:00", "2026-11-22 06:00"));
    assert!(open("Fri-Mon 00:00-00:00", "2026-11-23 12:00"), "days wrap around the week");
}

#[test]
fn what_is_no_window_is_refused() {
    for text in ["", "Sat", "Sat 22:00", "Sat 25:00-26:00", "Somedays 01:00-02:00", "Sat  - 22:00-23:00"] {
        assert!(text.parse::<Window>().is_err(), "{text}");
    }
}

#[test]
fn windows_are_local_to_their_zone_and_a_blackout_comes_first() {
    let windows = windows(&["Mon-Fri 08:00-18:00"], &["Mon 06:00-09:00"]);
    // A Monday in summer: 08:00 in Toronto is 12:00 UTC; in winter, 13:00.
    assert_eq!(windows.open_at(at("2026-06-01T11:59:00Z")), Opening::Maintenance);
    assert_eq!(windows.open_at(at("2026-06-01T12:00:00Z")), Opening::Blackout);
    assert_eq!(windows.open_at(at("2026-12-07T12:59:00Z")), Opening::Maintenance);
    assert_eq!(windows.open_at(at("2026-12-07T13:00:00Z")), Opening::Blackout);
    assert_eq!(windows.open_at(at("2026-06-01T22:00:00Z")), Opening::Ordinary);
}

#[test]
fn giants_wait_for_maintenance_where_there_is_any_and_never_go_in_a_blackout() {
    let (working, night) = (at("2026-06-01T15:00:00Z"), at("2026-06-02T07:00:00Z"));
    let both = windows(&["Mon-Fri 08:00-18:00"], &["02:00-04:00"]);
    assert_eq!((both.admits_giants_at(working), both.admits_giants_at(night)), (false, true));
    assert!(!both.admits_giants_at(at("2026-06-02T09:00:00Z")), "05:00 is no maintenance");
    assert!(Windows::NONE.admits_giants_at(working), "without a window, any time will do");
    assert!(!windows(&["00:00-00:00"], &[]).admits_giants_at(night));
    assert_eq!(both.pace_at(night, Pace::Polite), Pace::Full);
    assert_eq!(both.pace_at(at("2026-06-02T09:00:00Z"), Pace::Polite), Pace::Polite);
    assert_eq!(both.pace_at(at("2026-06-02T09:00:00Z"), Pace::Full), Pace::Full, "ops may want it always");
}

#[test]
fn the_next_change_is_told_to_the_minute() {
    let windows = windows(&["Mon-Fri 08:00-18:00"], &[]);
    assert_eq!(windows.changes_after(at("2026-06-01T15:00:31Z")), Some(at("2026-06-01T22:00:00Z")));
    assert_eq!(windows.changes_after(at("2026-06-05T22:00:00Z")), Some(at("2026-06-08T12:00:00Z")), "over a weekend");
    assert_eq!(Windows::NONE.changes_after(at("2026-06-01T15:00:00Z")), None);
}

/// 2027: the clock goes from 02:00 to 03:00 on 14 March, and from 02:00 back to 01:00 on 7 November.
#[test]
fn over_a_year_a_window_is_open_as_long_as_the_clock_on_the_wall_says() {
    let year = |window: &str| {
        let windows = windows(&[], &[window]);
        minutes(&windows, Opening::Maintenance, "2027-01-01T05:00:00Z", "2028-01-01T05:00:00Z")
    };
    assert_eq!(year("04:00-05:00"), 365 * 60);
    assert_eq!(year("02:00-03:00"), 364 * 60, "the night on which that hour is skipped has none");
    assert_eq!(year("02:30-03:30"), 365 * 60 - 30);
    assert_eq!(year("01:00-02:00"), 366 * 60, "the hour that comes twice is open twice");
    assert_eq!(year("Sun 22:00-06:00"), 52 * 480, "neither change falls into a night after a Sunday");
    assert_eq!(year("Sat 22:00-06:00"), 52 * 480, "an hour less in spring, an hour more in autumn");
}

fn zones() -> impl Strategy<Value = Zone> {
    prop_oneof![Just("America/Toronto"), Just("Australia/Lord_Howe"), Just("Africa/Casablanca"), Just("UTC")]
        .prop_map(|name| name.parse().unwrap())
}

proptest! {
    /// Against the other direction: the instants at which the window of the day opens and shuts.
    #[test]
    fn a_daily_window_is_open_from_its_local_start_to_its_local_end(
        zone in zones(), second in 1_704_067_200..1_956_528_000_i64, from in 0..1_439_u32, length in 1..720_u32,
    ) {
        let to = (from + length).min(1_439);
        prop_assume!(from < to);
        let time = |minutes: u32| NaiveTime::from_hms_opt(minutes / 60, minutes % 60, 0).unwrap();
        let window = Window { days: [true; 7], from: time(from), to: time(to) };
        let now = Instant::from_timestamp(second, 0).unwrap();
        let day = zone.civil_date(now);
        let edges = [from, to].map(|minutes| zone.tz().from_local_datetime(&day.and_time(time(minutes))));
        // Days on which an edge is skipped or comes twice are the year's above.
        let [LocalResult::Single(opens), LocalResult::Single(shuts)] = edges else { return Ok(()) };
        let within = opens.to_utc() <= now && now < shuts.to_utc();
        let windows = Windows { zone, blackout: vec![window], maintenance: Vec::new() };
        prop_assert_eq!(windows.open_at(now) == Opening::Blackout, within);
    }

    #[test]
    fn until_the_next_change_nothing_changes(second in 1_704_067_200..1_956_528_000_i64) {
        let windows = windows(&["Mon-Fri 08:00-18:00", "Sat 22:15-01:45"], &["Sun 01:00-05:00"]);
        let now = Instant::from_timestamp(second, 0).unwrap();
        let change = windows.changes_after(now).unwrap();
        prop_assert!(now < change);
        prop_assert_ne!(windows.open_at(change), windows.open_at(now));
        prop_assert_eq!(windows.open_at(change - TimeDelta::seconds(1)), windows.open_at(now));
    }
}
