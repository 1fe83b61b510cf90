//! An application that stores each file once, under its content, and names it again while its last row goes.

#![cfg(feature = "simulate")]

use std::process::Stdio;
use std::thread;
use std::time::Duration;

use rusqlite::TransactionBehavior;

use super::house::House;

#[test]
fn an_application_that_finds_a_file_and_names_it_meanwhile_keeps_it_or_finds_none() {
    for mode in ["WAL", "DELETE"] {
        let house = House::new();
        let mut owner = house.database();
        owner.pragma_update(None, "journal_mode", mode).unwrap();
        owner.busy_timeout(Duration::from_secs(20)).unwrap();
        let plan = house.approved();
        let slow = "files-alone=sleep(1500)";
        let mut apply = house.command(&["apply", &plan]).env("FAILPOINTS", slow).stdout(Stdio::null()).spawn().unwrap();
        while house.rows("dossier WHERE id = 30") > 0 {
            thread::sleep(Duration::from_millis(10));
        }
        // From the COMMIT to the last look at the rows is a matter of milliseconds; the failpoint keeps the program
        // there for much longer.
        thread::sleep(Duration::from_millis(300));
        let write = owner.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
        let is_there = house.path("files/canary-30.txt").exists();
        if is_there {
            write
                .execute(
                    "UPDATE document SET path = 'canary-30.txt' WHERE dossier_id = (SELECT max(id) FROM dossier)",
                    [],
                )
                .unwrap();
        }
        write.commit().unwrap();
        assert!(apply.wait().unwrap().success());
        let is_named = house.rows("document WHERE path = 'canary-30.txt'") > 0;
        assert_eq!(is_named, house.path("files/canary-30.txt").exists(), "{mode}: what a row names is there");
    }
}
