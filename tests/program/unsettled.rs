//! A crash before the outcome of a batch, and a log that is damaged before the restart, so that only a successor goes
//! on: what the batch did, no log tells; its files go all the same, or are told of.

use std::fs;

use serde_json::{Value as Json, json};

use super::house::{DOSSIERS, DUE, House};
use crate::support::documented::assert_documented;

/// When all of it happens.
const NOW: &str = "2026-11-21T17:00:00Z";

/// A house whose run was killed so, and whose log was damaged and succeeded; the plan, and what `audit adopt` said.
fn succeeded_after(armed: &str, meanwhile: impl FnOnce(&House)) -> (House, String, Json) {
    let house = House::new();
    house.set_clock(NOW);
    let plan = house.approved();
    house.ask(&["hold", "place", "dossier", "7", "--reason", "litigation"]);
    let killed = house.command(&["apply", &plan]).env("FAILPOINTS", armed).status().unwrap();
    assert_eq!(killed.code(), None, "killed at {armed}");
    meanwhile(&house);
    let segment = house.path("state/audit/journal/00000000000000000000.seg");
    let mut bytes = fs::read(&segment).unwrap();
    bytes[200] ^= 1;
    fs::write(&segment, bytes).unwrap();
    let (code, refused) = house.json(&["apply", &plan]);
    assert_eq!(code, 4, "{refused}");
    let adopted = house.ask(&["audit", "adopt", "--reason", "damaged"]);
    assert_documented("audit adopt", &adopted);
    // The program cannot say that nothing waited in a log that it could not read.
    assert!(adopted["unopened"].as_str().unwrap().starts_with("the destruction log is damaged"), "{adopted}");
    (house, plan, adopted)
}

/// Destroys one more record, under a plan of its own; what its run said, and how it ended.
fn next_run(house: &House, id: i64) -> (i32, Json) {
    let insert = "INSERT INTO dossier VALUES (?1, 'late-' || ?1, '2018-03-01T12:00:00Z')";
    house.database().execute(insert, [id]).unwrap();
    let plan = house.plan();
    // What the damaged log told no more may have been destroyed before.
    house.ask(&["approve", &plan, "--accept", "rules,restored"]);
    house.json(&["apply", &plan])
}

fn completed(house: &House) -> Vec<Json> {
    let shown = house.ask(&["audit", "show", "--kind", "correction"]);
    shown["entries"].as_array().unwrap().iter().filter(|entry| entry["what"] == "completed").cloned().collect()
}

fn verify(house: &House) {
    house.verify();
    house.verify_by_python(NOW);
}

fn spools(house: &House) -> usize {
    fs::read_dir(house.path("state/private/spool")).unwrap().count()
}

#[test]
fn files_of_records_that_the_database_says_are_gone_go_under_the_successor() {
    // The held record is deleted by its application, which keeps its file for itself.
    let deleted = "DELETE FROM message WHERE dossier_id = 7; DELETE FROM document WHERE dossier_id = 7; DELETE FROM dossier WHERE id = 7";
    for armed in ["committed=return(kill)", "file-begun=30*off->return(kill)", "files-gone=return(kill)"] {
        let (house, plan, adopted) = succeeded_after(armed, |house| house.database().execute_batch(deleted).unwrap());
        assert_eq!(adopted["left"], json!([{ "plan": plan, "files": DUE }]), "{armed}: {adopted}");
        let (code, run) = next_run(&house, 100);
        assert_eq!((code, &run["late"], &run["left"]), (0, &(DUE - 1).into(), &0.into()), "{armed}: {run}");
        assert_eq!((house.files() as i64, spools(&house)), (DOSSIERS - DUE + 1, 0), "{armed}");
        assert!(house.path("files/canary-7.txt").exists(), "{armed}: the file of a record that was held");
        let completed = completed(&house);
        assert_eq!((completed.len(), &completed[0]["records"]), (1, &(DUE - 1).into()), "{armed}: {completed:?}");
        verify(&house);
    }
}

#[test]
fn files_of_which_nothing_tells_are_told_until_a_person_answers_for_them() {
    let dropped = |house: &House| house.database().execute_batch("DROP TABLE retentiond_batch").unwrap();
    let (house, plan, _) = succeeded_after("committed=return(kill)", dropped);
    let told = house.run(&["plan"]);
    assert!(told.flat().contains(&format!("files of plan {plan} wait to go, or may")), "{told:?}");
    let (code, run) = next_run(&house, 100);
    // The held record has its row, which names its file.
    assert_eq!((code, &run["left"], house.files() as i64), (5, &(DUE - 1).into(), DOSSIERS), "{run}");
    assert!(run["reasons"].to_string().contains("no log tells any more"), "{run}");
    house.ask(&["apply", &plan, "--release-files", "--reason", "the archive has them"]);
    let (code, run) = next_run(&house, 101);
    assert_eq!((code, &run["left"], house.files() as i64, spools(&house)), (0, &0.into(), DOSSIERS, 0), "{run}");
    verify(&house);
}

#[test]
fn what_the_database_told_is_tried_on_after_a_crash_and_is_on_record_once() {
    for step in ["file-begun", "completed"] {
        let (house, plan, _) = succeeded_after("committed=return(kill)", |_| ());
        let run = house.command(&["apply", &plan]).env("FAILPOINTS", format!("{step}=return(kill)")).status().unwrap();
        assert_eq!(run.code(), None, "{step}");
        let (code, run) = next_run(&house, 100);
        assert_eq!((code, &run["left"]), (0, &0.into()), "{step}: {run}");
        assert_eq!((house.files() as i64, completed(&house).len()), (DOSSIERS - DUE + 1, 1), "{step}");
        verify(&house);
    }
}
