//! A clock that cannot be believed destroys nothing.

use std::process::Command;
use std::thread;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value as Json;

use crate::office::{NOON, Office, insert};
use crate::support::ran;

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
    let mut daemon = office.start_with(&unconfirmed);
    office.wait("the alert", || office.has_alert("clock"));
    let (code, told) = office.json(&["ctl", "scan"]);
    assert_eq!((code, told["error"]["code"].as_str()), (3, Some("clock")), "{told}");
    assert!(told["error"].to_string().contains("`retentiond ctl resume --clock`"), "{told}");
    assert!(told["error"]["message"].as_str().unwrap().contains("othing is scanned now"), "{told}");
    office.ask(&["ctl", "resume", "--clock"]);
    assert!(!office.has_alert("clock"), "{}", office.status());
    office.scan();
    daemon.kill();
    let daemon = office.start_with(&unconfirmed);
    is_believed(&office);
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

#[test]
fn an_entry_stamped_years_ahead_pauses_destruction_until_somebody_answers_for_the_clock_and_bricks_nothing() {
    let office = Office::new("approve", 3);
    office.start().stop();
    // A server that was wrong: unconfirmed, such a time would stamp nothing.
    office.set_clock("2031-03-01T12:00:00Z");
    let mut hold = office.command(&["hold", "place", "dossier", "8", "--reason", "a claim"]);
    assert_eq!(ran(hold.env("RETENTIOND_SYNCHRONIZED", "yes")).code, 0);
    office.set_clock(NOON);

    let daemon = office.start();
    office.wait("the alert", || office.has_alert("clock"));
    let behind = "lies behind the last entry of the log (2031-03-01 12:00:00 UTC)";
    assert!(office.status()["clock"].as_str().unwrap().contains(behind), "{}", office.status());
    let plan = office.plan();
    let (code, refused) = office.json(&["approve", &plan, "--accept", "rules"]);
    assert_eq!((code, refused["error"]["code"].as_str()), (3, Some("clock")), "{refused}");
    assert!(refused["error"]["mend"].as_str().unwrap().contains("`retentiond ctl resume --clock`"), "{refused}");

    let told = office.ask(&["ctl", "resume", "--clock"]);
    let answered = "answers for the clock as it is: 2026-11-21T17:00:00Z; destruction goes on";
    assert!(told["message"].as_str().unwrap().contains(answered), "{told}");
    is_believed(&office);
    office.scan();
    office.ask(&["approve", &office.plans("pending")[0], "--accept", "rules"]);
    office.wait("the execution", || office.count() == 5);
    daemon.stop();

    let daemon = office.start();
    is_believed(&office);
    insert(&office.database(), "2025-11-02T12:00:00Z");
    office.scan();
    office.ask(&["approve", &office.plans("pending")[0], "--accept", "median"]);
    office.wait("the next execution", || office.count() == 5);
    is_believed(&office);
    office.ask(&["hold", "place", "dossier", "7", "--reason", "another claim"]);
    daemon.stop();
    let verified = office.ask(&["audit", "verify"]);
    assert_eq!(verified["verdict"], "OK-UNANCHORED", "{verified}");
    // All but the first: the log began before the clock was put forward.
    assert_eq!(verified["tally"]["ahead"].as_u64().unwrap() + 1, verified["size"].as_u64().unwrap(), "{verified}");
    let told = office.run(&["audit", "verify"]).out;
    assert!(told.contains("a person answered for a clock"), "{told}");
    by_the_second_verifier(&office);
}

#[test]
fn a_start_with_the_clock_far_behind_leaves_no_alert_once_it_was_set_right() {
    let office = Office::new("report", 3);
    let daemon = office.start_with(&[("RETENTIOND_SYNCHRONIZED", "yes")]);
    office.scan();
    daemon.stop();
    // What a machine without a battery shows until a server answers.
    office.set_clock("2020-01-01T00:00:00Z");
    let daemon = office.start_with(&[("RETENTIOND_SYNCHRONIZED", "no")]);
    office.wait("the alert", || office.has_alert("clock"));
    let about = || {
        let alerts = office.status()["alerts"].as_array().unwrap().clone();
        let told = alerts.iter().filter(|alert| alert["code"] != "overdue");
        told.map(|alert| alert["about"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(about(), ["clock-behind"]);
    thread::sleep(Duration::from_secs(2));
    office.set_clock("2026-11-21T17:10:00Z");
    office.wait("another doubt", || about() != ["clock-behind"]);
    assert_eq!(about(), ["clock-unsynchronized"]);
    office.ask(&["ctl", "resume", "--clock"]);
    office.scan();
    thread::sleep(Duration::from_secs(2));
    assert_eq!(about(), [""; 0], "{}", office.status());
    daemon.stop();
}

#[test]
fn what_was_noted_under_a_clock_a_year_ahead_does_not_wait_for_that_year() {
    let office = Office::new("report", 3);
    let synchronized = [("RETENTIOND_SYNCHRONIZED", "yes")];
    let daemon = office.start_with(&synchronized);
    // After its first tick, which is of this year.
    office.scan();
    let beats = || office.ask(&["audit", "show", "--kind", "heartbeat"])["entries"].as_array().unwrap().len();
    let fired = |at: &str| {
        let last = office.status()["last"].as_array().unwrap().clone();
        last.iter()
            .any(|firing| firing["at"] == at && firing["outcome"].as_str().is_some_and(|how| how.contains("due")))
    };
    // From its first tick on it reckons when a sign of life is due.
    office.ask(&["ctl", "scan"]);
    office.wait("its first scan", || !office.status()["last"].as_array().unwrap().is_empty());
    office.set_clock("2027-11-21T17:00:00Z");
    office.wait("the scan of that year", || fired("2027-11-21T07:00:00Z") && beats() == 1);
    office.set_clock("2026-11-21T17:10:00Z");
    office.wait("the alert", || office.has_alert("clock"));
    office.ask(&["ctl", "resume", "--clock"]);
    office.wait("the next time", || {
        office.status()["next"].as_object().unwrap().values().next().unwrap() == "2026-11-22T07:00:00Z"
    });
    office.wait("its sign of life", || beats() == 2);
    office.wait("that time to be forgotten: it will fire once it comes", || !fired("2027-11-21T07:00:00Z"));
    office.set_clock("2026-11-22T07:00:05Z");
    office.wait("the scan of this night", || fired("2026-11-22T07:00:00Z"));
    daemon.stop();
    office.set_clock("2026-11-23T07:00:05Z");
    let daemon = office.start_with(&synchronized);
    office.wait("the scan of the next night", || fired("2026-11-23T07:00:00Z"));
    daemon.stop();
    office.verify();
}

fn by_the_second_verifier(office: &Office) {
    if !Command::new("python3").args(["-c", "import cryptography"]).output().is_ok_and(|found| found.status.success()) {
        eprintln!("python3 with `cryptography` is not installed: docs/verify.py was not run");
        return;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/verify.py");
    let (audit, now) = (office.path("state/audit"), NOON.parse::<DateTime<Utc>>().unwrap().timestamp().to_string());
    let mut verifier = Command::new("python3");
    verifier.arg(script).arg(&audit).arg("--vkey").arg(audit.join("vkey")).args(["--now", &now]);
    let said = ran(&mut verifier);
    assert!(said.code == 0 && said.out.contains("a person answered for a clock"), "{said:?}");
}

/// Nothing about the clock waits for anybody, as whoever asks is told.
fn is_believed(office: &Office) {
    let status = office.status();
    assert_eq!((&status["clock"], &status["waiting"]), (&Json::Null, &Json::Null), "{status}");
    assert!(!office.has_alert("clock"), "{status}");
    let told = office.run(&["ctl", "status"]).out;
    assert!(!told.to_lowercase().contains("clock"), "{told}");
}
