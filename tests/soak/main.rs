//! A simulated year: nights pass, a live application writes, the daemon is killed at random. In the end exactly what
//! was due is gone, and the log, the database and what the application remembers agree, record by record.
//!
//! Two weeks run with the other tests. The year, about ten minutes each: `cargo test --features simulate --test soak --
//! --ignored --nocapture a_year_of_nights_in_wal_mode` (or `…_with_a_rollback_journal`).

mod agreement;
mod application;
mod dice;
mod office;
mod resources;

#[path = "../support/mod.rs"]
mod support;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use chrono::{NaiveDate, TimeDelta};

use application::Application;
use dice::Dice;
use office::{Daemon, Office};

/// The daemon has so long, after the last night, to dispose of what is due.
const PATIENCE: Duration = Duration::from_secs(120);

/// How a night ends for the daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Killed before it says that it is ready.
    Early,
    /// Killed at any moment after.
    Anytime,
    /// Killed while it writes to its log: in the middle of a run, as a rule.
    Writing,
    /// Asked to end.
    Asked,
}

fn soak(journal_mode: &str, nights: i64) {
    let office = Office::new(journal_mode);
    let mut application = Application::new(office.path(""));
    let mut dice = Dice::new(7);
    let start: NaiveDate = "2026-11-22".parse().unwrap();
    office.set_day(start);
    office.approve_the_first_plan(&mut application);
    for night in 1..=nights {
        let today = start + TimeDelta::days(night);
        office.set_day(today);
        let stop = AtomicBool::new(false);
        let seed = dice.below(1 << 30);
        application = thread::scope(|scope| {
            let writing = scope.spawn(|| application.write(today, seed, &stop));
            let held = spend_night(&office, &mut dice, night);
            stop.store(true, Ordering::Relaxed);
            let mut application = writing.join().unwrap();
            held.into_iter().for_each(|id| application.was_held(id));
            application
        });
        application.miss_nothing_undue(today);
        // The person who looks in: what tripped a rail (a backlog after kills) is approved.
        office.approve_what_waits();
    }
    let today = start + TimeDelta::days(nights + 1);
    office.set_day(today);
    finish(&office, &mut application, today);
    let figures = agreement::check(&office, &application, today);
    println!("{journal_mode}, {nights} nights: {figures:?}");
    assert!(figures.destroyed > nights as u64, "something was due");
    assert!(figures.recovered_batches > 0 || nights < 100, "no kill came in the middle of a batch");
}

/// One night of the daemon; returns the record on which a hold was acknowledged, if any.
fn spend_night(office: &Office, dice: &mut Dice, night: i64) -> Option<i64> {
    let end = match dice.below(8) {
        0 => End::Early,
        1 | 2 => End::Anytime,
        3..=5 => End::Writing,
        _ => End::Asked,
    };
    let mut daemon = office.start();
    if end == End::Early {
        thread::sleep(Duration::from_millis(dice.below(150)));
        daemon.kill();
        return None;
    }
    if !daemon.is_ready() {
        panic!("it ended in the night {night}:\n{}", office.log());
    }
    let before = office.journal_written();
    // Every few nights somebody suspends a destruction in the middle of it all.
    let held = (dice.below(5) == 0).then(|| office.hold(dice)).flatten();
    match end {
        End::Asked => {
            thread::sleep(Duration::from_millis(dice.below(700)));
            daemon.stop();
        }
        End::Writing => {
            let began = Instant::now();
            while office.journal_written() == before && began.elapsed() < Duration::from_millis(700) {
                thread::sleep(Duration::from_micros(200));
            }
            thread::sleep(Duration::from_micros(dice.below(12_000)));
            daemon.kill();
        }
        End::Anytime | End::Early => {
            thread::sleep(Duration::from_millis(dice.below(700)));
            daemon.kill();
        }
    }
    held
}

/// The daemon has the time it needs, and a person approves; then nothing due remains but what is held.
fn finish(office: &Office, application: &mut Application, today: NaiveDate) {
    let mut daemon: Daemon = office.start();
    assert!(daemon.is_ready(), "{}", office.log());
    let began = Instant::now();
    while application.has_due(today) {
        assert!(began.elapsed() < PATIENCE, "what is due remains; the daemon said:\n{}", office.log());
        office.approve_what_waits();
        office.scan();
        thread::sleep(Duration::from_millis(500));
    }
    daemon.stop();
    application.miss_nothing_undue(today);
}

#[test]
fn two_weeks_of_nights_in_wal_mode_leave_log_database_and_application_in_agreement() {
    soak("WAL", 14);
}

#[test]
fn two_weeks_of_nights_with_a_rollback_journal_leave_log_database_and_application_in_agreement() {
    soak("DELETE", 14);
}

#[test]
#[ignore = "a simulated year takes ten minutes"]
fn a_year_of_nights_in_wal_mode() {
    soak("WAL", 366);
}

#[test]
#[ignore = "a simulated year takes ten minutes"]
fn a_year_of_nights_with_a_rollback_journal() {
    soak("DELETE", 366);
}
