//! A clock that cannot be believed destroys nothing.

use std::thread;
use std::time::Duration;

use crate::office::Office;

#[test]
fn a_clock_that_jumped_destroys_nothing_until_somebody_answers_for_it() {
    let office = Office::new("approve", 3);
    let daemon = office.start();
    office.scan();
    let plan = office.plans("pending").remove(0);
    office.set_clock("2026-11-21T19:00:00Z");
    office.wait("the alert", || office.has_alert("clock"));
    office.ask(&["approve", &plan, "--accept", "rules"]);
    thread::sleep(Duration::from_secs(3));
    assert_eq!(office.count(), 8, "approved, but the clock is in doubt");
    assert!(office.status()["clock"].is_string());

    let answered = office.ask(&["ctl", "resume", "--clock"]);
    let told = answered["message"].as_str().unwrap();
    assert!(told.contains("answers for the clock as it is: 2026-11-21T19:00:00Z; destruction goes on"), "{told}");
    office.wait("the execution", || office.count() == 5);
    let again = office.ask(&["ctl", "resume", "--clock"]);
    let told = again["message"].as_str().unwrap();
    assert_eq!(told, "destruction was not paused; the clock is not in doubt, so nobody needs to answer for it");
    assert!(!office.log().contains("destruction is resumed"), "nobody had paused it");
    daemon.stop();
    office.verify();
}

#[test]
fn a_clock_that_no_server_confirmed_destroys_nothing_until_somebody_answers_for_it_and_that_outlives_a_restart() {
    let office = Office::new("approve", 3);
    let unconfirmed = [("RETENTIOND_SYNCHRONIZED", "no")];
    let daemon = office.start_with(&unconfirmed);
    office.wait("the alert", || office.has_alert("clock"));
    let plan = office.plan();
    office.ask(&["approve", &plan, "--accept", "rules"]);
    thread::sleep(Duration::from_secs(3));
    assert_eq!(office.count(), 8, "approved, but nobody knows what time it is");
    office.ask(&["ctl", "resume", "--clock"]);
    office.wait("the execution", || office.count() == 5);
    office.wait("a tick", || !office.has_alert("clock"));
    daemon.stop();

    let daemon = office.start_with(&unconfirmed);
    office.scan();
    assert!(!office.has_alert("clock"), "the same clock, running steadily since");
    daemon.stop();
    office.verify();
}

#[test]
fn while_the_clock_is_in_doubt_a_scan_is_refused_and_the_alert_ends_with_the_answer() {
    let office = Office::new("report", 3);
    // A heart that beats once a year: what ends the alert is the answer itself.
    let unconfirmed = [("RETENTIOND_SYNCHRONIZED", "no"), ("RETENTIOND_HEARTBEAT", "0 0 0 1 1 *")];
    let daemon = office.start_with(&unconfirmed);
    office.wait("the alert", || office.has_alert("clock"));
    let (code, told) = office.json(&["ctl", "scan"]);
    assert_eq!((code, told["error"]["code"].as_str()), (3, Some("clock")), "{told}");
    assert!(told["error"].to_string().contains("`retentiond ctl resume --clock`"), "{told}");
    assert!(told["error"]["message"].as_str().unwrap().contains("othing is scanned now"), "{told}");
    office.ask(&["ctl", "resume", "--clock"]);
    assert!(!office.has_alert("clock"), "{}", office.status());
    office.scan();
    daemon.stop();
}

#[test]
fn a_clock_that_a_server_confirmed_needs_nobody() {
    let office = Office::new("approve", 3);
    let daemon = office.start_with(&[("RETENTIOND_SYNCHRONIZED", "yes")]);
    office.scan();
    // Set by the server, by two hours: a clock that was wrong when the machine started.
    office.set_clock("2026-11-21T19:00:00Z");
    let plan = office.plans("pending").remove(0);
    office.ask(&["approve", &plan, "--accept", "rules"]);
    office.wait("the execution", || office.count() == 5);
    assert!(!office.has_alert("clock"));
    daemon.stop();
    office.verify();
}

#[test]
fn a_clock_behind_the_last_entry_destroys_nothing_until_it_has_caught_up() {
    let office = Office::new("approve", 3);
    let daemon = office.start();
    office.scan();
    let plan = office.plans("pending").remove(0);
    office.ask(&["ctl", "pause", "--reason", "until the clock is put back"]);
    office.ask(&["approve", &plan, "--accept", "rules"]);
    office.set_clock("2026-11-21T15:00:00Z");
    office.wait("the alert", || office.has_alert("clock"));
    office.ask(&["ctl", "resume"]);
    thread::sleep(Duration::from_secs(3));
    assert_eq!(office.count(), 8, "approved two hours from now");
    office.set_clock("2026-11-21T17:00:01Z");
    office.wait("the execution", || office.count() == 5);
    daemon.stop();
    office.verify();
}
