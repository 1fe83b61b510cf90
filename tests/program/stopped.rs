//! A run that is to end, or that waits for its turn: it ends where nothing of it is open, and what is left stays.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use rustix::process::Signal;
use serde_json::Value as Json;

use super::house::{DUE, House};
use crate::support::{PATIENCE, Process};

/// Every record is refused for as long as a row stands in `refusing`: the chunk is divided down to each of them.
const REFUSED: &str = "
    CREATE TABLE refusing(n INTEGER);
    INSERT INTO refusing VALUES (1);
    CREATE TRIGGER refused BEFORE DELETE ON dossier WHEN EXISTS (SELECT 1 FROM refusing) BEGIN SELECT RAISE(ABORT, 'no'); END;";

/// A run under way, each batch of which takes a while.
struct Run {
    process: Process,
    /// One for each batch that was begun.
    begun: Receiver<String>,
}

impl Run {
    fn of(mut command: Command) -> Self {
        let armed = "announce-durable=sleep(100);spooled=return(tell)";
        command.env("FAILPOINTS", armed).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = Process(command.spawn().unwrap());
        let told = BufReader::new(process.0.stderr.take().unwrap());
        let (tell, begun) = mpsc::channel();
        // Read to its end, whoever listens: the program writes on.
        thread::spawn(move || told.lines().map_while(Result::ok).for_each(|line| drop(tell.send(line))));
        Self { process, begun }
    }

    /// Waits until so many batches more were begun.
    fn wait_for(&self, batches: usize) {
        (0..batches).for_each(|_| drop(self.begun.recv_timeout(PATIENCE).unwrap()));
    }

    fn end(self) -> (Option<i32>, Json) {
        end(self.process)
    }
}

/// The exit code of a run and what it said.
fn end(mut run: Process) -> (Option<i32>, Json) {
    let said = serde_json::from_reader(run.0.stdout.take().unwrap()).unwrap();
    (run.end().code(), said)
}

fn refused() -> House {
    let house = House::new();
    house.set_clock("2026-11-21T17:59:00Z");
    house.database().execute_batch(REFUSED).unwrap();
    house.edit("retentiond.toml", "reference     =", "database_triggers = [\"refused\"]\nreference     =");
    house.edit(
        "retentiond.toml",
        "[limits]",
        "[schedule]\ntimezone = \"UTC\"\nscan = \"0 2 * * *\"\nblackout = [\"18:00-19:00\"]\n\n[limits]",
    );
    house
}

/// What ends a run.
type Way<'w> = &'w dyn Fn(&House, &Run);

#[test]
fn a_run_that_is_to_end_does_so_while_it_divides_a_chunk_too() {
    let by_signal = |_: &House, run: &Run| run.process.signal(Signal::TERM);
    let by_the_hour = |house: &House, _: &Run| house.set_clock("2026-11-21T18:00:00Z");
    let ways: [(Way, &str); 2] = [(&by_signal, "the run was stopped"), (&by_the_hour, "a blackout window opened")];
    for (way, reason) in ways {
        let house = refused();
        let plan = house.approved();
        let run = Run::of(house.command(&["apply", &plan, "--format", "json"]));
        run.wait_for(4);
        way(&house, &run);
        let (code, said) = run.end();
        let deferred = said["deferred"].as_i64().unwrap();
        assert!(code == Some(5) && deferred > 0, "{reason}: {said}");
        assert_eq!(said["reasons"][reason], deferred, "{said}");
        assert_eq!(deferred + said["failed"].as_i64().unwrap(), DUE, "it adds up: {said}");
        let intents = house.ask(&["audit", "show", "--kind", "intent"])["entries"].as_array().unwrap().len();
        assert!(intents <= 6, "{reason}: {intents} batches");
        house.set_clock("2026-11-21T19:30:00Z");
        house.database().execute("DELETE FROM refusing", []).unwrap();
        assert_eq!(house.json(&["apply", &plan]).1["destroyed"], deferred, "{reason}");
        house.verify();
    }
}

/// A program that keeps one long read transaction open.
fn reader(house: &House) -> Connection {
    let reader = house.database();
    reader.execute_batch("BEGIN").unwrap();
    reader.query_row("SELECT count(*) FROM dossier", [], |_| Ok(())).unwrap();
    reader
}

/// A house in rollback mode whose log has committed batches before, or none.
fn in_rollback_mode(has_run: bool) -> House {
    let house = House::new();
    let mode: String = house.database().query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "delete");
    if has_run {
        let add = |id: i64| format!("INSERT INTO dossier VALUES ({id}, 'late-{id}', '2018-03-01T12:00:00Z')");
        let plan = house.approved();
        assert_eq!(house.ask(&["apply", &plan])["destroyed"], DUE);
        (100..100 + DUE).for_each(|id| house.database().execute_batch(&add(id)).unwrap());
    }
    house
}

/// A run of a plan, under way.
fn started(house: &House, plan: &str, stderr: Stdio) -> Process {
    let mut command = house.command(&["apply", plan, "--format", "json"]);
    Process(command.stdout(Stdio::piped()).stderr(stderr).spawn().unwrap())
}

#[test]
fn in_rollback_mode_a_run_waits_for_a_reader_and_goes_on_when_it_is_done() {
    for has_run in [false, true] {
        let house = in_rollback_mode(has_run);
        let plan = house.approved();
        let reader = reader(&house);
        let mut run = started(&house, &plan, Stdio::inherit());
        thread::sleep(Duration::from_secs(3));
        assert!(run.is_running(), "it waits for the reader, after a run before: {has_run}");
        reader.execute_batch("COMMIT").unwrap();
        let (code, said) = end(run);
        assert_eq!((code, &said["destroyed"]), (Some(0), &DUE.into()), "{has_run}: {said}");
        house.verify();
    }
}

#[test]
fn who_stops_a_run_that_waits_for_a_reader_is_told_what_held_it_up() {
    for has_run in [false, true] {
        let house = in_rollback_mode(has_run);
        let plan = house.approved();
        let reader = reader(&house);
        let mut run = started(&house, &plan, Stdio::piped());
        let mut told = BufReader::new(run.0.stderr.take().unwrap()).lines();
        let told = told.find(|line| line.as_ref().unwrap().contains("another program is reading the database"));
        assert!(told.is_some(), "who waits is told what for");
        run.signal(Signal::TERM);
        let (code, said) = end(run);
        assert_eq!((code, &said["deferred"]), (Some(5), &DUE.into()), "{has_run}: {said}");
        assert!(said["reasons"].to_string().contains("reading it in one long transaction"), "{has_run}: {said}");
        drop(reader);
    }
}

#[test]
fn a_run_gives_up_on_a_database_that_stays_locked_and_later_goes_on() {
    let house = in_rollback_mode(true);
    let many = 2_000;
    let mut database = house.database();
    let write = database.transaction().unwrap();
    for id in 1_000..1_000 + many {
        write.execute("INSERT INTO dossier VALUES (?1, 'later-' || ?1, '2018-03-01T12:00:00Z')", [id]).unwrap();
    }
    write.commit().unwrap();
    let planned = Json::from(many + DUE);
    let begun = || house.ask(&["audit", "show", "--kind", "intent"])["entries"].as_array().unwrap().len();
    let (plan, before) = (house.approved(), begun());

    let reader = reader(&house);
    // Of each batch it tries once what else takes it 25 seconds.
    let mut impatient = house.command(&["apply", &plan, "--format", "json"]);
    let impatient = impatient.env("FAILPOINTS", "locked=return").output().unwrap();
    let said: Json = serde_json::from_slice(&impatient.stdout).unwrap();
    assert_eq!((impatient.status.code(), &said["deferred"]), (Some(5), &planned), "{said}");
    assert_eq!(Vec::from_iter(said["reasons"].as_object().unwrap().values()), [&planned], "{said}");
    assert_eq!(begun() - before, 5, "batches in vain");

    drop(reader);
    let (code, said) = house.json(&["apply", &plan]);
    assert_eq!((code, &said["destroyed"]), (0, &planned), "{said}");
    house.verify();
}

#[test]
fn a_batch_that_is_disposed_of_in_time_is_committed_however_long_the_rest_takes() {
    let house = House::new();
    let write = house.database();
    write.execute_batch("BEGIN").unwrap();
    for id in 1_000..2_500 {
        write.execute("INSERT INTO dossier VALUES (?1, 'later-' || ?1, '2018-03-01T12:00:00Z')", [id]).unwrap();
    }
    write.execute_batch("COMMIT").unwrap();
    house.edit("retentiond.toml", "[limits]", "[limits]\nlock_ms = 5");
    let plan = house.approved();
    let mut slow = house.command(&["apply", &plan, "--format", "json"]);
    let slow = slow.env("FAILPOINTS", "disposed=sleep(30)").output().unwrap();
    let said: Json = serde_json::from_slice(&slow.stdout).unwrap();
    assert_eq!((slow.status.code(), &said["destroyed"]), (Some(0), &(1_500 + DUE).into()), "{said}");
    house.verify();
}
