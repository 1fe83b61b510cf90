use super::*;

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

fn reading(now: &str, boot: u64) -> Reading {
    Reading { now: at(now), boot: Duration::from_secs(boot), boot_id: None, synchronization: Synchronization::Unknown }
}

fn new_guard() -> Guard {
    Guard::new(TimeDelta::days(90))
}

const NOON: &str = "2026-06-01T12:00:00Z";

fn started() -> Guard {
    let mut guard = new_guard();
    assert_eq!(guard.look(reading(NOON, 100), Some(at("2026-06-01T02:00:00Z"))), None);
    guard
}

#[test]
fn a_steady_clock_is_believed() {
    let mut guard = started();
    let log = Some(at(NOON));
    assert_eq!(guard.look(reading("2026-06-01T12:01:00Z", 160), log), None);
    // Suspended for a night: the time since boot went on.
    assert_eq!(guard.look(reading("2026-06-02T12:01:00Z", 86_560), log), None);
}

#[test]
fn a_clock_put_forward_is_doubted_until_a_person_answers_for_it() {
    let mut guard = started();
    let jumped = reading("2027-06-01T12:01:00Z", 160);
    assert!(matches!(guard.look(jumped, Some(at(NOON))), Some(Doubt::Jumped { seconds: 31_536_000 })));
    assert_eq!(guard.believed(jumped, Some(at(NOON))), at("2026-06-01T12:01:00Z"), "no leaf is stamped a year ahead");
    let later = reading("2027-06-01T12:02:00Z", 220);
    assert!(guard.look(later, Some(at(NOON))).is_some(), "it stays in doubt");
    guard.confirm(later, Some(at(NOON)));
    assert_eq!(guard.look(reading("2027-06-01T12:03:00Z", 280), Some(at(NOON))), None);
}

#[test]
fn time_confirms_a_jump_where_the_clock_comes_back_or_a_server_sets_it() {
    let mut guard = started();
    let jumped = reading("2026-06-01T15:00:00Z", 160);
    assert!(guard.look(jumped, None).is_some());
    assert_eq!(guard.look(reading("2026-06-01T12:02:00Z", 220), None), None);
    assert!(guard.look(jumped, None).is_some());
    assert_eq!(guard.look(Reading { synchronization: Synchronization::Confirmed, ..jumped }, None), None);
}

#[test]
fn a_clock_that_runs_too_fast_is_not_followed_minute_by_minute() {
    let mut guard = started();
    // Twice as fast as time.
    let doubts = (1..=10).filter(|minute| {
        let now = at(NOON) + TimeDelta::seconds(120 * minute);
        let boot = Duration::from_secs(100 + 60 * minute.unsigned_abs());
        guard.look(Reading { now, boot, boot_id: None, synchronization: Synchronization::Unknown }, None).is_some()
    });
    assert_eq!(doubts.count(), 9);
}

#[test]
fn a_clock_behind_the_log_is_doubted_until_it_has_caught_up_or_a_person_answers_for_it() {
    let mut guard = started();
    let last = Some(at("2026-06-01T13:00:00Z"));
    let behind = guard.look(reading("2026-06-01T12:01:00Z", 160), last);
    assert_eq!(behind, Some(Doubt::Behind { last: at("2026-06-01T13:00:00Z") }));
    assert_eq!(guard.look(reading("2026-06-01T12:59:56Z", 3_696), last), None, "time heals it");

    let bad_stamp = Some(at("2099-01-01T00:00:00Z"));
    let now = reading("2026-06-01T13:00:00Z", 3_700);
    assert!(guard.look(now, bad_stamp).is_some());
    guard.confirm(now, bad_stamp);
    assert_eq!(guard.look(reading("2026-06-01T13:01:00Z", 3_760), bad_stamp), None);
    let another = Some(at("2098-01-01T00:00:00Z"));
    assert!(guard.look(reading("2026-06-01T13:02:00Z", 3_820), another).is_some(), "only that entry was answered for");
}

#[test]
fn a_clock_put_back_and_forward_again_is_doubted() {
    let mut guard = started();
    assert_eq!(guard.look(reading("2026-06-01T11:00:00Z", 160), None), None, "putting it back destroys nothing early");
    assert!(guard.look(reading("2026-06-01T12:02:00Z", 220), None).is_some());
}

#[test]
fn a_start_long_after_the_last_entry_waits_for_a_person_or_a_time_server() {
    let log = Some(at("2025-12-01T00:00:00Z"));
    let mut guard = new_guard();
    let start = reading(NOON, 20);
    assert_eq!(guard.look(start, log), Some(Doubt::Silent { days: 182 }));
    assert_eq!(guard.believed(start, log), at("2025-12-01T00:00:00Z"));
    assert_eq!(guard.look(Reading { synchronization: Synchronization::Confirmed, ..start }, log), None);
    assert_eq!(new_guard().look(start, None), None, "a new log has no last entry");
    guard = new_guard();
    guard.allow_silence(TimeDelta::days(182));
    assert_eq!(guard.look(reading("2026-06-01T00:00:00Z", 20), log), None, "182 days are allowed");
}

#[test]
fn a_start_on_a_clock_that_no_server_confirmed_waits_for_one_or_for_a_person() {
    let log = Some(at("2026-06-01T02:00:00Z"));
    let start = Reading { synchronization: Synchronization::Unconfirmed, ..reading(NOON, 20) };
    let mut guard = new_guard();
    assert_eq!(guard.look(start, log), Some(Doubt::Unsynchronized));
    assert_eq!(guard.look(Reading { synchronization: Synchronization::Confirmed, ..start }, log), None);
    let later = Reading { synchronization: Synchronization::Unconfirmed, ..reading("2026-06-02T12:00:00Z", 86_420) };
    assert_eq!(guard.look(later, log), None, "a clock that was right and runs steadily stays right");

    let mut guard = new_guard();
    assert!(guard.look(start, log).is_some());
    guard.confirm(start, log);
    assert_eq!(guard.look(Reading { boot: Duration::from_secs(20), ..start }, log), None);
}

#[test]
fn what_was_believed_is_believed_after_a_restart_and_not_after_another_start_of_the_machine() {
    let unconfirmed = |now, boot| Reading { synchronization: Synchronization::Unconfirmed, ..reading(now, boot) };
    let believed = reading(NOON, 1_000);
    let look = |reading| {
        let mut guard = new_guard();
        guard.recall(Some(believed), None, reading);
        guard.look(reading, None)
    };
    assert_eq!(look(unconfirmed("2026-06-01T13:00:00Z", 4_600)), None);
    assert_eq!(look(unconfirmed("2026-06-01T13:00:00Z", 60)), Some(Doubt::Unsynchronized), "it was started since");
    assert_eq!(look(unconfirmed("2026-07-01T13:00:00Z", 4_600)), Some(Doubt::Unsynchronized), "it was set since");
}

const ONE: &str = "0d9b1c3e5f7041a2b3c4d5e6f7081920";
const OTHER: &str = "1d9b1c3e5f7041a2b3c4d5e6f7081920";

fn named(boot: &str) -> BootId {
    BootId::parse(boot).unwrap()
}

#[test]
fn a_boot_has_the_same_name_in_proc_and_from_systemd_and_no_other_text_names_one() {
    assert_eq!(named("0d9b1c3e-5f70-41a2-b3c4-d5e6f7081920\n"), named(ONE));
    assert_eq!(named(&ONE.to_uppercase()), named(ONE));
    assert_ne!(named(OTHER), named(ONE));
    for text in ["", "%b", "one", &ONE[1..], &format!("{ONE}0"), &ONE.replace('d', "g")] {
        assert_eq!(BootId::parse(text), None, "{text}");
    }
}

#[test]
fn on_the_same_boot_a_clock_put_forward_while_nothing_ran_is_doubted() {
    let on = |boot: Option<&str>, reading| Reading { boot_id: boot.map(named), ..reading };
    let look = |before, now| {
        let mut guard = new_guard();
        let reading = on(now, reading("2026-07-01T13:00:00Z", 4_600));
        guard.recall(Some(on(before, reading_of_noon())), None, reading);
        guard.look(reading, None)
    };
    assert_eq!(look(Some(ONE), Some(ONE)), Some(Doubt::Jumped { seconds: 30 * 86_400 }));
    assert_eq!(look(Some(ONE), Some(OTHER)), None, "the machine was started since");
    assert_eq!(look(None, Some(ONE)), None, "nothing tells whether it was");
    assert_eq!(look(Some(ONE), None), None);
}

#[test]
fn what_was_believed_is_read_whether_or_not_it_names_its_boot() {
    let named = Reading { boot_id: Some(named(ONE)), ..reading_of_noon() };
    let text = serde_json::to_string(&named).unwrap();
    assert_eq!(serde_json::from_str::<Reading>(&text).unwrap(), named);
    let kept_before = r#"{"now":"2026-06-01T12:00:00Z","boot":{"secs":1000,"nanos":0},"synchronization":"Unknown"}"#;
    assert_eq!(serde_json::from_str::<Reading>(kept_before).unwrap(), reading_of_noon());
}

fn reading_of_noon() -> Reading {
    reading(NOON, 1_000)
}

#[test]
fn a_person_s_word_for_an_entry_of_the_log_outlives_a_restart_as_long_as_the_clock_is_the_same_or_confirmed() {
    let believed = reading(NOON, 1_000);
    let [stamp, other] = ["2031-03-01T12:00:00Z", "2031-03-02T12:00:00Z"].map(|entry| Some(at(entry)));
    let look = |reading, log| {
        let mut guard = new_guard();
        guard.recall(Some(believed), stamp, reading);
        guard.look(reading, log)
    };
    let steady = reading("2026-06-01T13:00:00Z", 4_600);
    assert_eq!(look(steady, stamp), None);
    assert!(look(steady, other).is_some(), "nobody answered for that entry");
    let started_since = reading("2026-06-01T13:00:00Z", 60);
    assert!(look(started_since, stamp).is_some());
    assert_eq!(look(Reading { synchronization: Synchronization::Confirmed, ..started_since }, stamp), None);
}
