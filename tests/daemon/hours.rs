//! Schedules, windows and pauses: when something is done, and when not.

use std::thread;
use std::time::Duration;

use serde_json::Value as Json;

use crate::ends::begin_to_destroy;
use crate::office::{Office, insert};

#[test]
fn a_scan_missed_while_it_was_down_is_made_up_once() {
    let office = Office::new("report", 3);
    office.start().stop();
    // Three nights later, in the afternoon.
    office.set_clock("2026-11-24T18:00:00Z");
    let daemon = office.start();
    let fired = || {
        let status = office.status();
        let last = status["last"].as_array().unwrap().clone();
        last.into_iter()
            .filter(|firing| firing["outcome"].as_str().is_some_and(|how| how.contains("due")))
            .collect::<Vec<_>>()
    };
    office.wait("the scan", || !fired().is_empty());
    assert_eq!(fired().len(), 1);
    assert_eq!(fired()[0]["at"], "2026-11-24T07:00:00Z", "the latest stands for all");
    daemon.stop();
    office.start().stop();
    let daemon = office.start();
    assert_eq!(fired().len(), 1, "starting again fires nothing twice");
    daemon.stop();
}

#[test]
fn an_extra_scan_looks_before_it_reads_and_finds_what_is_due() {
    let office = Office::new("report", 0);
    let extra = "timezone = \"America/Toronto\"\n[[schedule.extra]]\nrules = [\"R-1\"]\nscan = \"0 * * * *\"\n";
    office.reconfigure("timezone = \"America/Toronto\"\n", extra);
    let outcome = |wanted: &str| {
        let status = office.status();
        let last = status["last"].as_array().unwrap().clone();
        last.iter().any(|firing| firing["outcome"].as_str().is_some_and(|how| how.contains(wanted)))
    };
    let daemon = office.start();
    daemon.stop();
    office.set_clock("2026-11-21T18:00:05Z");
    let daemon = office.start();
    office.wait("the probe", || outcome("nothing due, by probe"));
    daemon.stop();
    insert(&office.database(), "2025-11-02T12:00:00Z");
    office.set_clock("2026-11-21T19:00:05Z");
    let daemon = office.start();
    office.wait("the scan", || outcome("1 due"));
    assert_eq!(office.plans("pending").len(), 1);
    daemon.stop();
    office.database().execute("DELETE FROM dossier WHERE closed_at < '2026'", []).unwrap();
    office.set_clock("2026-11-21T20:00:05Z");
    let daemon = office.start();
    office.wait("the end of its plan: all on it is gone", || office.plans("pending").is_empty());
    daemon.stop();
}

#[test]
fn the_nightly_scan_of_all_rules_counts_every_record_also_where_a_look_would_find_nothing_due() {
    let office = Office::new("report", 0);
    office.start().stop();
    office.set_clock("2026-11-22T07:00:05Z");
    let daemon = office.start();
    let fired = || {
        let last = office.status()["last"].as_array().unwrap().clone();
        last.into_iter().find(|firing| firing["at"] == "2026-11-22T07:00:00Z").unwrap_or_default()
    };
    office.wait("the scan", || fired()["outcome"].is_string());
    assert_eq!(
        (&fired()["outcome"], &office.status()["counted"]),
        (&"nothing due".into(), &"2026-11-22T07:00:05Z".into())
    );
    daemon.stop();
}

#[test]
fn paused_it_destroys_nothing_also_after_a_restart_until_it_is_resumed() {
    let office = Office::new("approve", 3);
    let daemon = office.start();
    office.ask(&["ctl", "pause", "--reason", "audit of the week"]);
    office.scan();
    let plan = office.plans("pending").remove(0);
    office.ask(&["approve", &plan, "--accept", "rules"]);
    daemon.stop();
    let daemon = office.start();
    thread::sleep(Duration::from_secs(3));
    assert_eq!(office.count(), 8);
    assert_eq!(office.status()["paused"]["reason"], "audit of the week");
    office.ask(&["ctl", "resume"]);
    office.wait("the execution", || office.count() == 5);
    daemon.stop();
}

#[test]
fn in_a_blackout_it_destroys_nothing_and_goes_on_when_the_window_has_shut() {
    let office = Office::new("approve", 3);
    // Noon in Toronto, on a Saturday.
    office.reconfigure("scan = \"0 2 * * *\"", "scan = \"0 2 * * *\"\nblackout = [\"Sat 08:00-18:00\"]");
    let daemon = office.start();
    office.scan();
    let plan = office.plans("pending").remove(0);
    office.ask(&["approve", &plan, "--accept", "rules"]);
    thread::sleep(Duration::from_secs(3));
    assert_eq!(office.count(), 8);
    office.reconfigure("Sat 08:00-18:00", "Sun 08:00-18:00");
    office.ask(&["ctl", "reload"]);
    office.wait("the execution", || office.count() == 5);
    daemon.stop();
}

#[test]
fn in_automatic_mode_a_scan_in_a_blackout_is_executed_after_it() {
    let office = Office::new("automatic", 1);
    let daemon = office.start();
    office.scan();
    let first = office.plans("pending").remove(0);
    office.ask(&["approve", &first, "--accept", "rules"]);
    office.wait("the first execution", || office.count() == 5);
    office.reconfigure("scan = \"0 2 * * *\"", "scan = \"0 2 * * *\"\nblackout = [\"Sat 08:00-18:00\"]");
    office.ask(&["ctl", "reload"]);
    insert(&office.database(), "2025-11-02T12:00:00Z");
    office.scan();
    thread::sleep(Duration::from_secs(2));
    assert_eq!(office.count(), 6);
    assert_eq!(office.plans("approved").len(), 1, "granted, but not now");
    assert!(!office.has_alert("plan-waiting"), "nobody is asked");
    office.reconfigure("Sat 08:00-18:00", "Sun 08:00-18:00");
    office.ask(&["ctl", "reload"]);
    office.wait("the execution", || office.count() == 5);
    daemon.stop();
}

#[test]
fn a_run_that_outlasts_its_window_stops_at_a_chunk_and_goes_on_when_the_blackout_is_over() {
    let office = Office::new("approve", 8_000);
    // One o'clock in Toronto is 18:00 UTC.
    office.reconfigure("scan = \"0 2 * * *\"", "scan = \"0 2 * * *\"\nblackout = [\"13:00-14:00\"]");
    // A server sets the clock: these hours pass for good.
    let daemon = office.start_with(&[("RETENTIOND_SYNCHRONIZED", "yes")]);
    begin_to_destroy(&office, 8_000);
    office.set_clock("2026-11-21T18:00:00Z");
    office.wait("the stop", || office.status()["doing"] == "idle");
    let left = office.count();
    assert!(left > 5, "it stopped in the middle");
    thread::sleep(Duration::from_secs(2));
    assert_eq!(office.count(), left);
    assert!(!office.has_alert("run-partial"), "it goes on by itself: nobody is needed");
    assert!(office.status()["waiting"].as_str().unwrap().contains("2026-11-21T19:00:00Z"), "{}", office.status());
    office.set_clock("2026-11-21T19:00:00Z");
    office.wait("the rest", || office.count() == 5);
    daemon.stop();
    office.verify();
}

#[test]
fn a_person_s_apply_respects_a_blackout_with_and_without_the_daemon() {
    let office = Office::new("report", 3);
    office.reconfigure("scan = \"0 2 * * *\"", "scan = \"0 2 * * *\"\nblackout = [\"Sat 08:00-18:00\"]");
    let plan = office.ask(&["plan"])["plan"].as_str().unwrap().to_owned();
    office.ask(&["approve", &plan, "--accept", "rules"]);
    let refuses = || {
        let (code, told) = office.json(&["apply", &plan]);
        assert_eq!((code, &told["error"]["code"]), (75, &Json::from("blackout")), "{told}");
        assert!(told["error"]["message"].as_str().unwrap().contains("until 2026-11-21T23:00:00Z"), "{told}");
        assert_eq!(office.count(), 8);
    };
    refuses();
    let daemon = office.start();
    refuses();
    daemon.stop();
    office.set_clock("2026-11-21T23:00:00Z");
    office.ask(&["apply", &plan]);
    assert_eq!(office.count(), 5);
    office.verify();
}

#[test]
fn asked_to_scan_in_a_blackout_or_while_paused_it_scans_and_says_why_nothing_goes() {
    let office = Office::new("automatic", 1);
    let daemon = office.start();
    office.scan();
    let first = office.plans("pending").remove(0);
    office.ask(&["approve", &first, "--accept", "rules"]);
    office.wait("the first execution", || office.count() == 5);
    assert_eq!(office.status()["waiting"], Json::Null);
    let (code, refused) = office.json(&["ctl", "pause", "--reason", " "]);
    assert_eq!((code, &refused["error"]["code"]), (2, &"reason".into()), "{refused}");
    assert_eq!(office.status()["paused"], Json::Null);
    office.ask(&["ctl", "pause", "--reason", "the auditors are here"]);
    insert(&office.database(), "2025-11-02T12:00:00Z");
    office.scan();
    assert_eq!(office.status()["waiting"], "paused");
    assert_eq!((office.count(), office.plans("approved").len()), (6, 1));
    let twice = office.ask(&["ctl", "pause", "--reason", "again"]);
    assert!(twice["message"].as_str().unwrap().contains("nothing is destroyed"), "{twice}");
    office.ask(&["ctl", "resume"]);
    office.wait("the execution", || office.count() == 5);
    let again = office.ask(&["ctl", "resume"]);
    assert!(again["message"].as_str().unwrap().contains("was not paused"), "{again}");
    daemon.stop();
    office.verify();
}

#[test]
fn paused_and_asked_to_scan_during_a_run_it_stops_at_the_chunk_then_scans() {
    let office = Office::new("approve", 8_000);
    let daemon = office.start();
    begin_to_destroy(&office, 8_000);
    let scans = office.log().matches("scanned").count();
    let asked_for = || office.log().matches("a scan was asked for").count();
    let before = asked_for();
    (0..3).for_each(|_| drop(office.ask(&["ctl", "scan"])));
    office.ask(&["ctl", "pause", "--reason", "the application is slow"]);
    office.wait("the scan", || office.log().matches("scanned").count() > scans && office.status()["doing"] == "idle");
    assert_eq!(asked_for(), before + 1, "one scan after the run is what three asked for");
    let left = office.count();
    assert!(left > 5, "it stopped in the middle");
    thread::sleep(Duration::from_secs(2));
    assert_eq!(office.count(), left);
    office.ask(&["ctl", "resume"]);
    office.wait("the rest", || office.count() == 5);
    daemon.stop();
    office.verify();
}

/// Chunks that a run went through, and how many of them it paused after.
fn chunks(log: &str) -> (usize, usize) {
    let chunks = log.lines().filter(|line| line.contains("a chunk is done"));
    let paused = chunks.clone().filter(|line| !line.contains("pause=0ns"));
    (chunks.count(), paused.count())
}

#[test]
fn it_leaves_the_application_a_pause_after_each_chunk_but_for_a_maintenance_window() {
    let office = Office::new("approve", 4_000);
    let daemon = office.start_with(&[("RETENTIOND_LOG", "debug")]);
    begin_to_destroy(&office, 4_000);
    office.wait("the execution", || office.plans("executed").len() == 1);
    let (of_polite, paused) = chunks(&office.log());
    assert!(of_polite > 1 && paused == of_polite, "{paused} of {of_polite}");

    // Noon in Toronto, on a Saturday.
    office.reconfigure("scan = \"0 2 * * *\"", "scan = \"0 2 * * *\"\nmaintenance = [\"Sat 08:00-18:00\"]");
    office.ask(&["ctl", "reload"]);
    let mut database = office.database();
    let transaction = database.transaction().unwrap();
    (0..4_000).for_each(|_| insert(&transaction, "2025-11-02T12:00:00Z"));
    transaction.commit().unwrap();
    office.scan();
    office.ask(&["approve", &office.plans("pending")[0], "--accept", "rules,count,share,median"]);
    office.wait("the next execution", || office.plans("executed").len() == 2);
    assert_eq!(office.count(), 5);
    let (all, still_paused) = chunks(&office.log());
    assert!(all > of_polite && still_paused == paused, "{still_paused} of {all}, after {paused} of {of_polite}");
    daemon.stop();
}
