//! An application that crashed while it wrote: whoever opens its database next undoes what it left unfinished.

use std::fs;

use chrono::Utc;
use retentiond::{config, daemon};

use super::bad_input::error_of;
use super::house::{DUE, House};

/// Leaves what a crash in the middle of a transaction would, from a writer that is still there; `meanwhile` sees it at
/// work.
fn crash(house: &House, meanwhile: impl FnOnce()) -> [Vec<u8>; 2] {
    let owner = house.database();
    let unfinished = "PRAGMA cache_size = 2; BEGIN; UPDATE message SET body = 'unfinished'; UPDATE dossier SET number = number || '!'";
    owner.execute_batch(unfinished).unwrap();
    meanwhile();
    fs::copy(house.path("app.db"), house.path("crashed.db")).unwrap();
    fs::copy(house.path("app.db-journal"), house.path("crashed.db-journal")).unwrap();
    owner.execute_batch("ROLLBACK").unwrap();
    drop(owner);
    for name in ["", "-journal"] {
        fs::rename(house.path(&format!("crashed.db{name}")), house.path(&format!("app.db{name}"))).unwrap();
    }
    files(house)
}

/// The database and its journal.
fn files(house: &House) -> [Vec<u8>; 2] {
    ["app.db", "app.db-journal"].map(|name| fs::read(house.path(name)).unwrap())
}

/// To open it would undo the unfinished transaction of the application, which is for the application to do.
#[test]
fn what_a_crashed_application_left_unfinished_is_not_touched() {
    let house = House::new();
    let plan = house.approved();
    house.database().execute("UPDATE dossier SET closed_at = '2018-03-01T12:00:00Z' WHERE id = 61", []).unwrap();
    let waiting = house.plan();
    let before = crash(&house, || {
        let (code, answer) = house.json(&["plan"]);
        assert_eq!(
            (code, &error_of(&answer)["code"]),
            (75, &"locked".into()),
            "while it works, it is waited for: {answer}"
        );
    });
    // `check` has findings, and one exit for all of them.
    for (command, exit) in [(&["check"][..], 78), (&["plan"], 75), (&["approve", &waiting], 75)] {
        let (code, answer) = house.json(command);
        assert_eq!(
            (code, &error_of(&answer)["code"]),
            (exit, &"unfinished-transaction".into()),
            "{command:?}: {answer}"
        );
    }
    let (code, answer) = house.json(&["forecast"]);
    assert_eq!((code, &error_of(&answer)["code"]), (75, &"unfinished-transaction".into()), "{answer}");
    let (code, answer) = house.json(&["hold", "place", "dossier", "62", "--reason", "litigation"]);
    assert_eq!(code, 0, "nothing keeps anybody from holding: {answer}");
    assert!(files(&house) == before, "the journal and the database are as the crash left them");
    // The application starts again.
    house.database().execute_batch("SELECT * FROM dossier; UPDATE dossier SET number = number WHERE id = 1").unwrap();
    assert_eq!(house.json(&["apply", &plan]).1["destroyed"], DUE);
}

/// Where a batch was committed before, its row is looked for first.
#[test]
fn a_plan_after_a_run_leaves_what_a_crashed_application_left_unfinished() {
    let house = House::new();
    house.ask(&["apply", &house.approved()]);
    let before = crash(&house, || {});
    let (code, answer) = house.json(&["plan"]);
    assert_eq!((code, &error_of(&answer)["code"]), (75, &"unfinished-transaction".into()), "{answer}");
    assert!(files(&house) == before, "the journal and the database are as the crash left them");
}

/// The daemon asks many times a day whether anything is due.
#[test]
#[expect(clippy::disallowed_methods, reason = "as the daemon does, which reads the real clock")]
fn the_probe_of_the_daemon_leaves_what_a_crashed_application_left_unfinished() {
    let house = House::new();
    let before = crash(&house, || {});
    let loaded = config::load(&house.path("retentiond.toml")).unwrap();
    let error = daemon::may_be_due(&daemon::installation(&loaded, None), None, Utc::now()).unwrap_err();
    assert_eq!(error.code(), "unfinished-transaction");
    assert!(files(&house) == before, "the journal and the database are as the crash left them");
}
