//! Whoever holds the state gives no sign: who asks is told for whom they wait, and is not kept for minutes.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::office::Office;

const HOLD: [&str; 6] = ["hold", "place", "dossier", "1", "--reason", "an inquiry"];

/// A hold that is being asked for, and what it says of its waiting; told soon, while it waits on.
fn asked(office: &Office) -> (Child, BufReader<std::process::ChildStderr>, String) {
    let began = Instant::now();
    let mut hold = office.command(&HOLD);
    let mut hold = hold.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut told = BufReader::new(hold.stderr.take().unwrap());
    let mut note = String::new();
    told.read_line(&mut note).unwrap();
    assert!(began.elapsed() < Duration::from_secs(6), "told after {:?}: {note}", began.elapsed());
    assert!(hold.try_wait().unwrap().is_none(), "it waits on: {note}");
    (hold, told, note)
}

#[test]
fn a_hold_asked_of_a_process_that_is_stopped_says_for_whom_it_waits_and_ends_soon() {
    let office = Office::new("report", 3);
    let daemon = office.start();
    daemon.signal(Signal::STOP);
    let began = Instant::now();
    let (mut hold, mut told, note) = asked(&office);
    let (named, mend) = (format!("process {}", daemon.id()), format!("kill -CONT {}", daemon.id()));
    assert!(note.contains(&named) && note.contains(&mend) && note.contains("for 10 s at most"), "{note}");
    assert_eq!(hold.wait().unwrap().code(), Some(75));
    assert!(began.elapsed() < Duration::from_secs(40), "it ended after {:?}", began.elapsed());
    let mut error = String::new();
    told.read_to_string(&mut error).unwrap();
    let error = error.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(error.contains(&mend) && error.contains("nothing was asked of it"), "{error}");
    // One that goes on in time answers, and the hold holds.
    let (hold, _told, _note) = asked(&office);
    daemon.signal(Signal::CONT);
    assert_eq!(hold.wait_with_output().unwrap().status.code(), Some(0));
    assert_eq!(office.ask(&["hold", "list"])["holds"].as_array().unwrap().len(), 1);
    daemon.stop();
}

#[test]
fn a_hold_that_waits_for_a_lock_says_who_has_it() {
    let office = Office::new("report", 3);
    office.ask(&["plans"]);
    let lock = File::options().write(true).open(office.path("state/lock")).unwrap();
    lock.lock().unwrap();
    let (mut hold, mut told, note) = asked(&office);
    let named = format!("process {} holds", std::process::id());
    assert!(note.contains(&named), "{note}");
    assert_eq!(hold.wait().unwrap().code(), Some(75));
    let mut error = String::new();
    told.read_to_string(&mut error).unwrap();
    assert!(error.contains(&named.replacen('p', "P", 1)), "{error}");
}
