//! Nights beside a live application, with kills: log and database agree in the end.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use chrono::{NaiveDate, TimeDelta};
use rusqlite::Connection;
use rustix::process::Signal;

use crate::office::Office;

/// Numbers that look random and are the same at every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// The application: closes dossiers around the border of their term until told to stop; returns what it wrote and what went wrong beside locks.
fn application(
    database: &Path,
    today: NaiveDate,
    seed: u64,
    stop: &AtomicBool,
) -> (Vec<(i64, NaiveDate)>, Vec<String>) {
    let (mut written, mut errors, mut dice) = (Vec::new(), Vec::new(), Dice(seed));
    let connection = Connection::open(database).unwrap();
    connection.busy_timeout(Duration::from_secs(5)).unwrap();
    while !stop.load(Ordering::Relaxed) && written.len() < 60 {
        // A year ago, a few days more or less.
        let closed = today - TimeDelta::days(360 + dice.below(12) as i64);
        match connection
            .execute("INSERT INTO dossier(closed_at, name) VALUES(?1, 'x')", [format!("{closed}T17:00:00Z")])
        {
            Ok(_) => written.push((connection.last_insert_rowid(), closed)),
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => {}
            Err(error) => errors.push(error.to_string()),
        }
        thread::sleep(Duration::from_millis(5));
    }
    (written, errors)
}

/// Days pass, the application writes, the daemon is killed at random; in the end exactly what was due is gone and the log agrees.
fn soak(journal: &str, days: i64) {
    let office = Office::new("automatic", 1);
    office.reconfigure("max_share = 1.0", "max_share = 1.0\nmin_count = 1000000");
    let database = office.path("app.db");
    Connection::open(&database).unwrap().pragma_update(None, "journal_mode", journal).unwrap();
    let daemon = office.start();
    office.scan();
    let first = office.plans("pending").remove(0);
    office.ask(&["approve", &first, "--accept", "rules"]);
    office.wait("the first execution", || office.count() == 5);
    daemon.stop();

    let start: NaiveDate = "2026-11-22".parse().unwrap();
    let (mut written, mut dice) = (Vec::new(), Dice(7));
    for day in 0..days {
        let today = start + TimeDelta::days(day);
        office.set_clock(&format!("{today}T17:00:00Z"));
        let stop = AtomicBool::new(false);
        let seed = dice.below(1 << 30);
        let (more, errors) = thread::scope(|scope| {
            let application = scope.spawn(|| application(&database, today, seed, &stop));
            let mut daemon = office.start();
            thread::sleep(Duration::from_millis(dice.below(700)));
            let signal = if dice.below(3) == 0 { Signal::TERM } else { Signal::KILL };
            daemon.signal(signal);
            daemon.end();
            stop.store(true, Ordering::Relaxed);
            application.join().unwrap()
        });
        assert_eq!(errors, Vec::<String>::new(), "the application saw more than locks on {today}");
        written.extend(more);
        // The person who looks in: what tripped a rail (a backlog after kills) is approved.
        for plan in office.plans("pending") {
            let _expired_or_outdated = office.try_ask(&["approve", &plan, "--accept", "median,rules"]);
        }
    }
    let end = start + TimeDelta::days(days);
    office.set_clock(&format!("{end}T17:00:00Z"));
    let daemon = office.start();
    let due = |closed: &NaiveDate| *closed + chrono::Months::new(12) < end;
    let connection = Connection::open(&database).unwrap();
    connection.busy_timeout(Duration::from_secs(10)).unwrap();
    let stands = |id: i64| connection.query_row("SELECT 1 FROM dossier WHERE id = ?1", [id], |_| Ok(())).is_ok();
    office.wait("the last of what is due", || {
        for plan in office.plans("pending") {
            let _expired_or_outdated = office.try_ask(&["approve", &plan, "--accept", "median,rules"]);
        }
        office.scan();
        !written.iter().any(|(id, closed)| due(closed) && stands(*id))
    });
    daemon.stop();
    let undue: Vec<_> = written.iter().filter(|(id, closed)| !due(closed) && !stands(*id)).collect();
    assert!(undue.is_empty(), "gone before their term: {undue:?}");
    assert!(written.iter().filter(|(_, closed)| due(closed)).count() > 10, "something was due");
    office.verify();
}

#[test]
fn two_weeks_of_nights_beside_a_live_application_and_kills_leave_log_and_database_in_agreement() {
    soak("WAL", 14);
}

/// `cargo test --features simulate --test daemon -- --ignored`
#[test]
#[ignore = "a simulated year takes minutes"]
fn a_year_of_nights_in_wal_mode() {
    soak("WAL", 366);
}

/// As above.
#[test]
#[ignore = "a simulated year takes minutes"]
fn a_year_of_nights_with_a_rollback_journal() {
    soak("DELETE", 366);
}
