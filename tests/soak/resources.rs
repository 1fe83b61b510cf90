//! What the daemon takes: idle, for a run on a million records, and what run after run leaves behind: nothing.
//!
//! What takes minutes: `cargo test --release --features simulate --test soak -- --ignored --nocapture --test-threads 1
//! resources`.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use crate::application::Application;
use crate::office::{Daemon, Office};

/// A run of one record takes less.
const PATIENCE: Duration = Duration::from_secs(30);

/// Once its record is gone, a run still writes its statement and lets go of the database.
const REST: Duration = Duration::from_secs(2);

/// Ticks a second in which the kernel tells processor time (`USER_HZ`): of Linux on every machine that we build for.
const TICKS: u64 = 100;

/// What a process holds.
#[derive(Debug, PartialEq, Eq)]
struct Held {
    descriptors: usize,
    threads: usize,
}

fn held(daemon: &Daemon) -> Held {
    let count = |what: &str| fs::read_dir(format!("/proc/{}/{what}", daemon.id())).unwrap().count();
    Held { descriptors: count("fd"), threads: count("task") }
}

/// Resident memory now (`VmRSS`) or at its highest (`VmHWM`), in KiB.
fn resident(daemon: &Daemon, field: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Processor time taken so far, of user and system.
fn processor(daemon: &Daemon) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{}/stat", daemon.id())).unwrap();
    // After the name, which is in brackets and may contain anything: fields 14 and 15 of proc(5) are the 12th and 13th.
    let fields = stat.rsplit_once(')').unwrap().1.split_whitespace().collect::<Vec<_>>();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 1_000 / TICKS)
}

/// Asks over the socket: a process for each of a thousand questions would take longer than the runs.
fn scan(office: &Office) {
    let stream = UnixStream::connect(office.path("state/control.sock")).unwrap();
    let mut answers = BufReader::new(&stream);
    let mut answer = String::new();
    answers.read_line(&mut answer).unwrap();
    assert!(answer.contains("ready"), "{answer}");
    (&stream).write_all(b"{\"request\":\"daemon\",\"control\":{\"do\":\"scan\",\"rules\":[]}}\n").unwrap();
    answer.clear();
    answers.read_line(&mut answer).unwrap();
    assert!(answer.contains("done"), "{answer}");
}

/// Each run finds one record, approves by itself, destroys it and says so in the log.
fn run_after_run(runs: usize) {
    let office = Office::new("WAL");
    let mut application = Application::new(office.path(""));
    let today = "2026-11-22".parse().unwrap();
    office.set_day(today);
    office.approve_the_first_plan(&mut application);
    let mut daemon = office.start();
    assert!(daemon.is_ready(), "{}", office.log());
    let mut settled = None;
    for run in 1..=runs {
        application.close_some_long_ago();
        scan(&office);
        let began = Instant::now();
        while application.has_due(today) {
            assert!(began.elapsed() < PATIENCE, "run {run} destroyed nothing:\n{}", office.log());
            thread::sleep(Duration::from_millis(5));
        }
        // What is made at first use is made by now.
        if run == 20 {
            thread::sleep(REST);
            settled = Some((held(&daemon), resident(&daemon, "VmRSS")));
        }
    }
    thread::sleep(REST);
    let (before, memory) = settled.unwrap();
    println!(
        "{runs} runs: {before:?}, {memory} KiB after 20; {:?}, {} KiB after all",
        held(&daemon),
        resident(&daemon, "VmRSS")
    );
    assert_eq!(held(&daemon), before);
    daemon.stop();
}

#[test]
fn a_hundred_runs_leave_no_descriptor_and_no_thread_behind() {
    run_after_run(100);
}

#[test]
#[ignore = "takes minutes"]
fn a_thousand_runs_leave_no_descriptor_and_no_thread_behind() {
    run_after_run(1_000);
}

/// A million dossiers that are due, each with a message, beside which the application stands still.
fn a_million(office: &Office) {
    office
        .database()
        .execute_batch(
            "BEGIN;
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)
             INSERT INTO dossier(closed_at) SELECT strftime('%Y-%m-%dT12:00:00Z', '2020-01-01', (i % 1500) || ' days') FROM n;
             INSERT INTO message(dossier_id, body) SELECT id, 'what was asked and answered' FROM dossier;
             COMMIT;",
        )
        .unwrap();
}

#[test]
#[ignore = "of a release build, and takes a minute"]
fn a_run_on_a_million_due_records_stays_under_64_mib() {
    let office = Office::new("WAL");
    office.edit("retentiond.toml", "lock_ms = 5", "lock_ms = 50\npace = \"full\"\nmax_count = 2000000");
    office.set_day("2026-11-22".parse().unwrap());
    office.approve_the_first_plan(&mut Application::new(office.path("")));
    a_million(&office);
    let mut daemon = office.start();
    assert!(daemon.is_ready(), "{}", office.log());
    let began = Instant::now();
    scan(&office);
    let remains = || office.database().query_row("SELECT 1 FROM dossier LIMIT 1", [], |_| Ok(())).is_ok();
    while remains() {
        assert!(began.elapsed() < 20 * PATIENCE, "dossiers remain:\n{}", office.log());
        thread::sleep(Duration::from_millis(200));
    }
    let took = began.elapsed();
    thread::sleep(REST);
    let (highest, after) = (resident(&daemon, "VmHWM"), resident(&daemon, "VmRSS"));
    println!("a million records in {took:.1?}: {highest} KiB at the highest, {after} KiB afterwards");
    assert!(highest < 64 * 1_024, "{highest} KiB");
    assert_eq!(office.rows("message"), 0);
    daemon.stop();
    office.verify();
}

#[test]
#[ignore = "of a release build, and takes a minute"]
fn an_idle_daemon_takes_less_than_20_mb_and_a_thousandth_of_a_core() {
    let office = Office::new("WAL");
    office.set_day("2026-11-22".parse().unwrap());
    let mut daemon = office.start();
    assert!(daemon.is_ready(), "{}", office.log());
    thread::sleep(REST);
    let (began, before) = (Instant::now(), processor(&daemon));
    thread::sleep(Duration::from_secs(60));
    let (share, memory) =
        ((processor(&daemon) - before).as_secs_f64() / began.elapsed().as_secs_f64(), resident(&daemon, "VmRSS"));
    println!("idle: {memory} KiB, {:.3} % of a core", share * 100.0);
    assert!(memory * 1_024 < 20_000_000, "{memory} KiB");
    assert!(share < 0.001, "{:.3} %", share * 100.0);
    daemon.stop();
}
