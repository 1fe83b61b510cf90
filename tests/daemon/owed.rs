//! What the schedule owes: scans that something interrupted, and those that were missed, but for a schedule that was
//! not in use.

use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use crate::office::{Daemon, Office, insert};

/// The schedule of every office here.
const NIGHTLY: &str = "all at 0 2 * * * America/Toronto";

/// No scan comes to its end with it.
const ENDLESS: &str = "filter = \"(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n) > 0\"\ntable         =";

/// An office of which the scan of a night has begun and does not end.
fn scanning_without_end(mode: &str) -> (Office, Daemon) {
    let office = Office::new(mode, 3);
    office.start().stop();
    office.reconfigure("table         =", ENDLESS);
    office.set_clock("2026-11-22T07:00:20Z");
    let daemon = office.start();
    office.wait("the scan", || office.status()["doing"] == "scanning");
    (office, daemon)
}

fn end_by(mut daemon: Daemon, signal: Signal) {
    daemon.signal(signal);
    daemon.end();
}

/// What is on record of one of the schedule's times.
fn outcome_at(office: &Office, at: &str) -> Option<String> {
    let status = office.status();
    let mut last = status["last"].as_array().unwrap().iter();
    let firing = last.find(|firing| firing["schedule"] == NIGHTLY && firing["at"] == at)?;
    firing["outcome"].as_str().map(str::to_owned)
}

fn reload(office: &Office, old: &str, new: &str) {
    office.reconfigure(old, new);
    office.ask(&["ctl", "reload"]);
}

#[test]
fn a_scan_that_a_signal_and_then_crashes_interrupted_is_made_anew_until_it_has_ended() {
    let (office, daemon) = scanning_without_end("approve");
    end_by(daemon, Signal::TERM);
    for _ in 0..2 {
        let daemon = office.start();
        office.wait("the scan", || office.status()["doing"] == "scanning");
        let told = outcome_at(&office, "2026-11-22T07:00:00Z");
        assert_eq!(told.as_deref(), Some("interrupted, and to be made anew"));
        end_by(daemon, Signal::KILL);
    }
    office.reconfigure(ENDLESS, "table         =");
    let daemon = office.start();
    office.wait("the plan", || office.plans("pending").len() == 1);
    office.wait("its end", || office.status()["doing"] == "idle");
    let told = outcome_at(&office, "2026-11-22T07:00:00Z").unwrap();
    assert!(told.starts_with("3 due, plan"), "{told}");
    let scans = || office.log().matches("a scan is due").count();
    let before = scans();
    daemon.stop();
    let daemon = office.start();
    thread::sleep(Duration::from_secs(2));
    assert_eq!(scans(), before, "it has ended, so nothing is owed");
    daemon.stop();
}

#[test]
fn a_scan_that_ended_the_daemon_three_times_waits_for_its_next_time_and_an_alert_says_so() {
    let (office, daemon) = scanning_without_end("report");
    end_by(daemon, Signal::TERM);
    for _ in 0..3 {
        let daemon = office.start();
        office.wait("the scan", || office.status()["doing"] == "scanning");
        end_by(daemon, Signal::KILL);
    }
    for _ in 0..2 {
        let daemon = office.start();
        office.wait("the alert", || office.has_alert("scan-failed"));
        thread::sleep(Duration::from_secs(2));
        assert_eq!(office.status()["doing"], "idle");
        let told = outcome_at(&office, "2026-11-22T07:00:00Z");
        assert_eq!(told.as_deref(), Some("crashed three times, and is not made anew"));
        end_by(daemon, Signal::TERM);
    }
    office.reconfigure(ENDLESS, "table         =");
    office.set_clock("2026-11-23T07:00:05Z");
    let daemon = office.start();
    let next = || outcome_at(&office, "2026-11-23T07:00:00Z").unwrap_or_default();
    office.wait("the scan of the next night", || next().starts_with("3 due, plan"));
    office.wait("the end of the alert", || !office.has_alert("scan-failed"));
    daemon.stop();
}

#[test]
fn an_interrupted_scan_waits_for_a_clock_that_can_be_believed() {
    let (office, daemon) = scanning_without_end("report");
    end_by(daemon, Signal::KILL);
    office.reconfigure(ENDLESS, "table         =");
    office.set_clock("2026-11-22T07:20:00Z");
    let daemon = office.start_with(&[("RETENTIOND_SYNCHRONIZED", "no")]);
    office.wait("the alert", || office.has_alert("clock"));
    thread::sleep(Duration::from_secs(2));
    let told = outcome_at(&office, "2026-11-22T07:00:00Z");
    assert_eq!(told.as_deref(), Some("interrupted, and to be made anew"));
    office.ask(&["ctl", "resume", "--clock"]);
    office.wait("the scan", || outcome_at(&office, "2026-11-22T07:00:00Z").unwrap().starts_with("3 due"));
    daemon.stop();
}

#[test]
fn of_an_interrupted_scan_and_a_later_one_only_the_later_is_made() {
    let (office, daemon) = scanning_without_end("report");
    end_by(daemon, Signal::TERM);
    office.reconfigure(ENDLESS, "table         =");
    office.set_clock("2026-11-24T12:00:00Z");
    let daemon = office.start();
    let later = || outcome_at(&office, "2026-11-24T07:00:00Z");
    office.wait("the scan", || later().is_some_and(|told| told.starts_with("3 due")));
    let earlier = outcome_at(&office, "2026-11-22T07:00:00Z").unwrap();
    assert_eq!(earlier, "interrupted; a later scan stands for it");
    daemon.stop();
}

#[test]
fn a_pattern_that_comes_back_and_a_suspension_that_is_lifted_have_missed_nothing() {
    let office = Office::new("automatic", 1);
    // A server sets the clock: these nights pass for good.
    let synchronized = [("RETENTIOND_SYNCHRONIZED", "yes")];
    let daemon = office.start_with(&synchronized);
    office.scan();
    office.ask(&["approve", &office.plans("pending")[0], "--accept", "rules"]);
    office.wait("the first execution", || office.count() == 5);
    let stays = |what: &str| {
        thread::sleep(Duration::from_secs(3));
        assert_eq!(office.count(), 6, "{what}: {}", office.status());
    };

    reload(&office, "\"0 2 * * *\"", "\"0 3 1 1 *\"");
    insert(&office.database(), "2025-11-02T12:00:00Z");
    office.set_clock("2026-11-24T17:00:00Z");
    stays("the pattern of before was not in use");
    reload(&office, "\"0 3 1 1 *\"", "\"0 2 * * *\"");
    stays("taken up again by a reload");

    reload(&office, "timezone = \"America/Toronto\"\n", "timezone = \"America/Toronto\"\nsuspended = true\n");
    office.set_clock("2026-11-26T17:00:00Z");
    assert_eq!(office.status()["next"], serde_json::json!({}));
    reload(&office, "suspended = true\n", "");
    stays("suspended until now");

    reload(&office, "timezone = \"America/Toronto\"\n", "timezone = \"America/Toronto\"\nsuspended = true\n");
    daemon.stop();
    office.set_clock("2026-11-28T17:00:00Z");
    office.reconfigure("suspended = true\n", "");
    let daemon = office.start_with(&synchronized);
    stays("lifted while the daemon was down");

    office.set_clock("2026-11-29T07:00:05Z");
    office.wait("the execution of the next night", || office.count() == 5);
    daemon.stop();
    office.verify();
}
