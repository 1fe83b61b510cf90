//! What run after run leaves behind in the process: nothing.

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

/// Resident memory, in KiB.
fn resident(daemon: &Daemon) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
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
            settled = Some((held(&daemon), resident(&daemon)));
        }
    }
    thread::sleep(REST);
    let (before, memory) = settled.unwrap();
    println!(
        "{runs} runs: {before:?}, {memory} KiB after 20; {:?}, {} KiB after all",
        held(&daemon),
        resident(&daemon)
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
