//! How the daemon ends, and that it goes on from there.

use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::office::Office;

/// Approves everything that is due, and waits until destruction has begun but not ended.
pub fn begin_to_destroy(office: &Office, due: i64) {
    office.scan();
    let plan = office.plans("pending").remove(0);
    office.ask(&["approve", &plan, "--accept", "rules,count,share,median"]);
    office.wait("the execution", || office.count() < due);
}

#[test]
fn a_first_signal_ends_it_within_a_chunk_and_the_next_start_goes_on() {
    let office = Office::new("approve", 8_000);
    let mut daemon = office.start();
    begin_to_destroy(&office, 8_000);
    let asked = Instant::now();
    daemon.signal(Signal::TERM);
    assert!(daemon.end().success());
    assert!(asked.elapsed() < Duration::from_secs(10), "a chunk takes milliseconds");
    let left = office.count();
    assert!(left > 5, "it ended in the middle");
    office.verify();

    let daemon = office.start();
    office.wait("the rest", || office.count() == 5);
    office.wait("the end", || office.plans("executed").len() == 1);
    daemon.stop();
    office.verify();
}

#[test]
fn a_first_signal_ends_a_scan_that_takes_long_and_nobody_is_alerted() {
    let office = Office::new("report", 3);
    let endless = "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n) > 0";
    office.reconfigure("table         =", &format!("filter = \"\"\"{endless}\"\"\"\ntable         ="));
    let mut daemon = office.start();
    office.ask(&["ctl", "scan"]);
    office.wait("the scan", || office.status()["doing"] == "scanning");
    let asked = Instant::now();
    daemon.signal(Signal::TERM);
    assert!(daemon.end().success());
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
    assert!(!office.log().contains("scan-failed"), "{}", office.log());
}

#[test]
fn a_first_signal_ends_the_count_after_a_run_and_nobody_is_alerted() {
    let office = Office::new("approve", 3);
    // Reads for ever once two dossiers went.
    let endless = "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
        WHERE (SELECT count(*) FROM dossier) < 7) SELECT count(*) FROM n) > 0";
    office.reconfigure("table         =", &format!("filter = \"\"\"{endless}\"\"\"\ntable         ="));
    let mut daemon = office.start();
    office.scan();
    let plan = office.plans("pending").remove(0);
    // What is held is left of what was counted.
    office.ask(&["hold", "place", "dossier", "1", "--reason", "a claim"]);
    office.ask(&["approve", &plan, "--accept", "rules"]);
    office.wait("the run", || office.count() == 6);
    office.wait("the count", || office.status()["doing"] == "scanning");
    daemon.signal(Signal::TERM);
    assert!(daemon.end().success());
    assert!(!office.log().contains("scan-failed"), "{}", office.log());
}

#[test]
fn killed_in_the_middle_it_recovers_first_and_then_goes_on() {
    let office = Office::new("approve", 8_000);
    let mut daemon = office.start();
    begin_to_destroy(&office, 8_000);
    daemon.signal(Signal::KILL);
    daemon.end();
    assert!(office.count() > 5, "it died in the middle");

    let daemon = office.start();
    office.wait("the rest", || office.count() == 5);
    office.wait("the end", || office.plans("executed").len() == 1);
    daemon.stop();
    office.verify();
}

#[test]
fn the_watchdog_is_fed_and_the_status_is_dumped_on_request() {
    let office = Office::new("report", 3);
    let mut daemon = office.start_with(&[("WATCHDOG_USEC", "400000")]);
    daemon.hear("WATCHDOG=1", &office);
    daemon.told.clear();
    daemon.hear("WATCHDOG=1", &office);
    daemon.signal(Signal::USR1);
    office.wait("the dump", || office.log().contains("\"entries\":"));
    daemon.signal(Signal::TERM);
    daemon.hear("STOPPING=1", &office);
    assert!(daemon.end().success());
}

#[test]
fn who_asks_where_no_daemon_runs_is_told_how_to_start_it() {
    let office = Office::new("report", 3);
    let nobody_runs = || {
        let (code, told) = office.json(&["ctl", "status"]);
        assert_eq!((code, told["error"]["code"].as_str()), (1, Some("no-daemon")), "{told}");
        assert!(told.to_string().contains("systemctl start retentiond"), "{told}");
    };
    nobody_runs();
    let mut daemon = office.start();
    office.status();
    daemon.kill();
    // Its socket is still there.
    nobody_runs();
}

#[test]
fn a_second_daemon_is_told_that_the_state_is_held() {
    let office = Office::new("report", 3);
    let daemon = office.start();
    let second = office.run(&["run"]);
    assert_eq!(second.code, 75, "{}", second.err);
    assert!(Path::new(&office.path("state/control.sock")).exists(), "the first one's socket stays");
    office.status();
    daemon.stop();
}
