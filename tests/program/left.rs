//! Files that should be gone and are not: they are tried again, by whom they are told, and how a person ends it.

use std::fs;
use std::path::PathBuf;

use serde_json::Value as Json;

use super::house::{DUE, House};

/// When all of it happens.
const NOW: &str = "2026-11-21T17:00:00Z";

/// A house whose plan is executed but for the file of record 7, which somebody moved aside; the plan, the file's place
/// and where it is.
fn with_a_file_left() -> (House, String, PathBuf, PathBuf) {
    let house = House::new();
    house.set_clock(NOW);
    let plan = house.approved();
    killed_at(&house, &["apply", &plan], "committed");
    let (file, aside) = (house.path("files/canary-7.txt"), house.path("aside"));
    fs::rename(&file, &aside).unwrap();
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["interrupted"]["incomplete"], &run["finished"]), (5, &1.into(), &true.into()), "{run}");
    (house, plan, file, aside)
}

fn killed_at(house: &House, arguments: &[&str], failpoint: &str) {
    let killed = house.command(arguments).env("FAILPOINTS", format!("{failpoint}=return(kill)")).status().unwrap();
    assert_eq!(killed.code(), None, "killed at {failpoint}");
}

fn release<'a>(plan: &'a str, reason: &'a str) -> [&'a str; 5] {
    ["apply", plan, "--release-files", "--reason", reason]
}

/// Destroys one more record, under a plan of its own; what its run said, and how it ended.
fn next_run(house: &House, id: i64) -> (i32, Json) {
    let insert = "INSERT INTO dossier VALUES (?1, 'late-' || ?1, '2018-03-01T12:00:00Z')";
    house.database().execute(insert, [id]).unwrap();
    house.json(&["apply", &house.approved()])
}

fn corrections(house: &House, what: &str) -> Vec<Json> {
    let shown = house.ask(&["audit", "show", "--kind", "correction"]);
    shown["entries"].as_array().unwrap().iter().filter(|entry| entry["what"] == what).cloned().collect()
}

fn verify(house: &House) {
    house.verify();
    house.verify_by_python(NOW);
}

#[test]
fn a_plan_that_was_executed_tries_again_what_it_left_until_nothing_is_left() {
    let (house, plan, file, aside) = with_a_file_left();
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["left"], &run["planned"], &run["files"]), (5, &1.into(), &0.into(), &0.into()), "{run}");
    assert!(run["reasons"].to_string().contains("moved or removed by somebody else"), "{run}");
    let told = house.run(&["apply", &plan]);
    assert!(told.code == 5 && told.flat().contains("1 file of earlier runs is left"), "{told:?}");
    let lookup = house.run(&["audit", "lookup", "dossier", "7"]);
    assert!(lookup.out.contains("PENDING") && lookup.flat().contains("Files of it are left"), "{lookup:?}");

    fs::rename(&aside, &file).unwrap();
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["left"], &run["late"], file.exists()), (0, &0.into(), &1.into(), false), "{run}");
    let (code, refused) = house.json(&["apply", &plan]);
    assert_eq!((code, refused["error"]["code"].as_str()), (3, Some("plan-executed")), "{refused}");
    assert_eq!(corrections(&house, "completed").len(), 1);
    assert_eq!(house.ask(&["audit", "lookup", "dossier", "7"])["answer"], "DESTROYED");
    verify(&house);
}

#[test]
fn every_run_under_which_files_are_left_is_partial_whoevers_they_are() {
    let (house, _, file, aside) = with_a_file_left();
    let (code, run) = next_run(&house, 100);
    assert_eq!((code, &run["destroyed"], &run["incomplete"], &run["left"]), (5, &1.into(), &0.into(), &1.into()));
    fs::rename(&aside, &file).unwrap();
    let (code, run) = next_run(&house, 101);
    assert_eq!((code, &run["left"], &run["late"]), (0, &0.into(), &1.into()), "{run}");
}

#[test]
fn a_named_person_ends_what_cannot_be_unlinked_and_it_is_left_alone() {
    let (house, plan, file, aside) = with_a_file_left();
    assert_eq!(house.run(&["apply", &plan, "--release-files"]).code, 2, "a reason is needed");
    assert_eq!(house.run(&["apply", &plan, "--reason", "canary of a reason"]).code, 2, "nor does a reason release");
    assert_eq!(house.json(&release(&plan, " ")).1["error"]["code"], "reason");
    let (code, refused) = house.json(&release("2026-11-21-00000000", "another plan"));
    assert_eq!((code, refused["error"]["code"].as_str()), (3, Some("nothing-left")), "{refused}");
    assert_eq!(corrections(&house, "released").len(), 0);

    let told = house.ask(&release(&plan, "canary of a reason: it belongs to the archive"));
    let files = told["files"].as_array().unwrap();
    assert!(files.len() == 1 && files[0].as_str().unwrap().ends_with("files/canary-7.txt"), "{told}");
    let released = corrections(&house, "released");
    let [entry] = released.as_slice() else { panic!("{released:?}") };
    assert!(entry["actor"].as_str().unwrap().contains('('), "a person is named: {entry}");
    assert_eq!((&entry["records"], entry["reason"].as_str().unwrap().len()), (&1.into(), 64), "{entry}");
    assert!(!entry.to_string().contains("canary"), "{entry}");

    let found = house.ask(&["audit", "lookup", "dossier", "7"]);
    assert_eq!((&found["answer"], found["mentions"][0]["corrected"].is_u64()), (&"INCOMPLETE".into(), true), "{found}");
    assert_eq!(house.json(&release(&plan, "once more")).0, 3);
    assert_eq!(house.json(&["apply", &plan]).0, 3, "nothing of it is left");
    fs::rename(&aside, &file).unwrap();
    let (code, run) = next_run(&house, 100);
    assert_eq!((code, &run["left"], &run["late"], file.exists()), (0, &0.into(), &0.into(), true), "{run}");
    verify(&house);
}

#[test]
fn a_release_that_a_crash_interrupted_stands_as_the_log_says() {
    let (house, plan, file, aside) = with_a_file_left();
    killed_at(&house, &release(&plan, "it belongs to the archive"), "released");
    fs::rename(&aside, &file).unwrap();
    let (code, run) = next_run(&house, 100);
    assert_eq!((code, &run["left"], file.exists()), (0, &0.into(), true), "{run}");
    assert_eq!(corrections(&house, "released").len(), 1);
    assert_eq!(house.json(&release(&plan, "once more")).0, 3);
    verify(&house);
}

#[test]
fn a_release_that_a_crash_interrupted_stands_under_the_successor_of_the_log_that_has_it() {
    for is_of_a_successor in [false, true] {
        let (house, plan, file, aside) = with_a_file_left();
        if is_of_a_successor {
            house.ask(&["audit", "adopt", "--reason", "a new disk"]);
        }
        killed_at(&house, &release(&plan, "it belongs to the archive"), "released");
        house.ask(&["audit", "adopt", "--reason", "a new disk"]);
        fs::rename(&aside, &file).unwrap();
        assert_eq!(house.json(&release(&plan, "once more")).0, 3);
        let (code, run) = next_run(&house, 100);
        assert_eq!((code, &run["late"], file.exists()), (0, &0.into(), true), "{run}");
        assert_eq!(corrections(&house, "completed").len(), 0);
        verify(&house);
    }
}

#[test]
fn what_is_on_record_as_gone_is_not_looked_for_again_after_a_crash() {
    let (house, plan, file, aside) = with_a_file_left();
    fs::rename(&aside, &file).unwrap();
    killed_at(&house, &["apply", &plan], "completed");
    assert!(!file.exists());
    assert_eq!(house.json(&["apply", &plan]).1["left"], 0);
    assert_eq!(next_run(&house, 100).0, 0);
    assert_eq!(corrections(&house, "completed").len(), 1);
    verify(&house);
}

#[test]
fn a_file_that_a_row_names_again_stays_and_is_told() {
    let (house, plan, file, aside) = with_a_file_left();
    fs::rename(&aside, &file).unwrap();
    house.database().execute("UPDATE document SET path = 'canary-7.txt' WHERE dossier_id = 61", []).unwrap();
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["left"], file.exists()), (5, &1.into(), true), "{run}");
    assert!(run["reasons"].to_string().contains("a row names a file again"), "{run}");
    house.database().execute("DELETE FROM document WHERE dossier_id = 61", []).unwrap();
    assert_eq!((house.json(&["apply", &plan]).0, file.exists()), (0, false));
    verify(&house);
}

#[test]
fn what_is_left_outlives_the_log_whose_batch_left_it() {
    let (house, plan, file, aside) = with_a_file_left();
    house.ask(&["audit", "adopt", "--reason", "a new disk"]);
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["left"], &run["planned"]), (5, &1.into(), &0.into()), "{run}");
    // The plan is as old as any other whose approval no longer stands.
    house.set_clock("2026-12-10T17:00:00Z");
    assert_eq!(house.json(&["apply", &plan]).1["left"], 1);
    house.set_clock(NOW);
    for id in 100..110 {
        // Batches of the successor may bear the number of the one that left the file.
        let (code, run) = next_run(&house, id);
        assert_eq!((code, &run["left"], &run["destroyed"]), (5, &1.into(), &1.into()), "{run}");
    }
    house.ask(&release(&plan, "it is gone for good"));
    assert_eq!(corrections(&house, "released").len(), 1);
    fs::rename(&aside, &file).unwrap();
    assert_eq!((next_run(&house, 110).0, file.exists()), (0, true));
    verify(&house);
}

#[test]
fn whoever_asks_after_a_record_hears_what_a_later_log_says_of_its_files() {
    for released in [true, false] {
        let (house, plan, file, aside) = with_a_file_left();
        house.ask(&["audit", "adopt", "--reason", "a new disk"]);
        assert_eq!(house.ask(&["audit", "lookup", "dossier", "7"])["answer"], "PENDING");
        if released {
            house.ask(&release(&plan, "it is gone for good"));
        } else {
            fs::rename(&aside, &file).unwrap();
            assert_eq!(next_run(&house, 100).1["late"], 1);
        }
        let found = house.ask(&["audit", "lookup", "dossier", "7"]);
        let mention = &found["mentions"][0];
        assert_eq!(found["answer"], if released { "INCOMPLETE" } else { "DESTROYED" }, "{found}");
        assert!(mention["corrected"].is_u64() && mention["corrected_log"] != found["log"], "{found}");
        verify(&house);
    }
}

#[test]
fn of_several_records_with_files_left_each_is_told_as_what_became_of_it() {
    let house = House::new();
    house.set_clock(NOW);
    let plan = house.approved();
    killed_at(&house, &["apply", &plan], "committed");
    let file = |record: u64| house.path(&format!("files/canary-{record}.txt"));
    let aside = |record: u64| house.path(&format!("aside-{record}"));
    [6, 7, 8].into_iter().for_each(|record| fs::rename(file(record), aside(record)).unwrap());
    assert_eq!(house.json(&["apply", &plan]).1["interrupted"]["incomplete"], 3);
    let answers =
        || [6, 7, 8].map(|id: u64| house.ask(&["audit", "lookup", "dossier", &id.to_string()])["answer"].clone());
    fs::rename(aside(7), file(7)).unwrap();
    killed_at(&house, &["apply", &plan], "completed");
    assert_eq!(answers(), ["PENDING", "DESTROYED", "PENDING"]);
    house.ask(&release(&plan, "the archive has them"));
    assert_eq!(answers(), ["INCOMPLETE", "DESTROYED", "INCOMPLETE"]);
    assert_eq!(corrections(&house, "released")[0]["records"], 2);
    verify(&house);
}

#[test]
fn files_that_are_on_record_as_gone_cannot_be_released_after_a_crash() {
    let (house, plan, file, aside) = with_a_file_left();
    fs::rename(&aside, &file).unwrap();
    killed_at(&house, &["apply", &plan], "completed");
    let (code, refused) = house.json(&release(&plan, "the archive has it"));
    assert_eq!((code, refused["error"]["code"].as_str()), (3, Some("nothing-left")), "{refused}");
    assert_eq!(corrections(&house, "released").len(), 0);
    verify(&house);
}

#[test]
fn files_that_a_run_had_unlinked_before_it_was_killed_are_not_left() {
    let house = House::new();
    house.set_clock(NOW);
    let plan = house.approved();
    killed_at(&house, &["apply", &plan], "files-gone");
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["interrupted"]["destroyed"], &run["left"]), (0, &DUE.into(), &0.into()), "{run}");
    verify(&house);
}

#[test]
fn files_left_by_a_run_that_was_killed_before_it_noted_them_outlive_their_log() {
    let house = House::new();
    house.set_clock(NOW);
    let plan = house.approved();
    killed_at(&house, &["apply", &plan], "committed");
    let (file, aside) = (house.path("files/canary-7.txt"), house.path("aside"));
    fs::rename(&file, &aside).unwrap();
    killed_at(&house, &["apply", &plan], "outcome-durable");
    house.ask(&["audit", "adopt", "--reason", "a new disk"]);
    assert_eq!(house.ask(&["audit", "lookup", "dossier", "7"])["answer"], "PENDING");
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["left"]), (5, &1.into()), "{run}");
    fs::rename(&aside, &file).unwrap();
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["late"], file.exists()), (0, &1.into(), false), "{run}");
    assert_eq!(house.ask(&["audit", "lookup", "dossier", "7"])["answer"], "DESTROYED");
    verify(&house);
}

#[test]
fn a_file_that_a_later_try_unlinked_before_it_was_killed_is_gone_and_nobody_else_took_it() {
    for step in ["file-unlinked", "files-gone"] {
        let (house, plan, file, aside) = with_a_file_left();
        fs::rename(&aside, &file).unwrap();
        killed_at(&house, &["apply", &plan], step);
        assert!(!file.exists());
        let (code, run) = house.json(&["apply", &plan]);
        assert_eq!((code, &run["left"], &run["late"]), (0, &0.into(), &1.into()), "{step}: {run}");
        assert_eq!(house.ask(&["audit", "lookup", "dossier", "7"])["answer"], "DESTROYED");
        verify(&house);
    }
}

#[test]
fn a_plan_tells_of_the_files_that_wait_since_a_run_was_killed_until_they_are_gone() {
    for step in ["committed", "files-gone", "outcome-durable"] {
        let house = House::new();
        house.set_clock(NOW);
        let plan = house.approved();
        assert_eq!(house.ask(&["plan"])["left"], serde_json::json!([]));
        killed_at(&house, &["apply", &plan], "committed");
        let (file, aside) = (house.path("files/canary-7.txt"), house.path("aside"));
        fs::rename(&file, &aside).unwrap();
        if step != "committed" {
            killed_at(&house, &["apply", &plan], step);
        }
        let waiting = if step == "outcome-durable" { 1 } else { DUE };
        assert_eq!(house.ask(&["plan"])["left"], serde_json::json!([{ "plan": plan, "files": waiting }]), "{step}");
        let told = house.run(&["plan"]);
        assert!(told.flat().contains(&format!("of plan {plan}")), "{step}: {told:?}");
        house.json(&["apply", &plan]);
        assert_eq!(house.ask(&["plan"])["left"], serde_json::json!([{ "plan": plan, "files": 1 }]), "{step}");
        fs::rename(&aside, &file).unwrap();
        assert_eq!(house.json(&["apply", &plan]).0, 0, "{step}");
        assert_eq!(house.ask(&["plan"])["left"], serde_json::json!([]), "{step}");
    }
}
