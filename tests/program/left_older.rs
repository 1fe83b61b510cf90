//! A file that a batch left, while an older copy of its database stands in its place: that one does not know the living
//! record that names the file, however often it is asked.

use std::fs;

use serde_json::Value as Json;

use super::house::{DUE, House};

/// When all of it happens.
const NOW: &str = "2026-11-21T17:00:00Z";

/// The file that is left.
const FILE: &str = "files/late-500.txt";

/// A house of which something was destroyed before.
fn house() -> House {
    let house = House::new();
    house.set_clock(NOW);
    house.destroy_due();
    house
}

/// One dossier more is due; it has a file.
fn add(house: &House, id: i64) {
    let late = format!(
        "INSERT INTO dossier VALUES ({id}, 'late-{id}', '2018-03-01T12:00:00Z');
         INSERT INTO document (dossier_id, path) VALUES ({id}, 'late-{id}.txt')"
    );
    house.database().execute_batch(&late).unwrap();
    fs::write(house.path(&format!("files/late-{id}.txt")), "text").unwrap();
}

/// Destroys dossier 500 but for its file, which is out of the way for that moment; the plan.
fn leave_its_file(house: &House) -> String {
    add(house, 500);
    let plan = house.approved();
    let killed = house.command(&["apply", &plan]).env("FAILPOINTS", "committed=return(kill)").status().unwrap();
    assert_eq!(killed.code(), None);
    let (file, taken) = (house.path(FILE), house.path("taken"));
    fs::rename(&file, &taken).unwrap();
    assert_eq!(house.json(&["apply", &plan]).1["interrupted"]["incomplete"], 1);
    fs::rename(&taken, &file).unwrap();
    plan
}

/// A living dossier names the file that was left.
fn name_it(house: &House) {
    let name = "INSERT INTO document (dossier_id, path) VALUES (?1, 'late-500.txt')";
    house.database().execute(name, [DUE + 1]).unwrap();
}

fn destroy_another(house: &House, id: i64, accepted: &[&str]) {
    add(house, id);
    let plan = house.plan();
    house.ask(&[&["approve", &plan], accepted].concat());
    let run = house.json(&["apply", &plan]).1;
    assert_eq!(run["destroyed"], 1, "{run}");
}

/// Tries the file again: the exit code, how many are left, and whether the file stands.
fn tried(house: &House, plan: &str) -> (i32, Json, bool) {
    let (code, run) = house.json(&["apply", plan]);
    (code, run["left"].clone(), house.path(FILE).exists())
}

fn copy(house: &House) {
    fs::copy(house.path("app.db"), house.path("older.db")).unwrap();
}

/// Tries it in the copy, before and after the log says that one was put back, and puts the right one back.
fn try_in_the_copy(house: &House, plan: &str) {
    fs::rename(house.path("app.db"), house.path("right.db")).unwrap();
    fs::copy(house.path("older.db"), house.path("app.db")).unwrap();
    for again in 0..3 {
        assert_eq!(tried(house, plan), (5, 1.into(), true), "{again}");
        house.ask(&["plan"]);
        let told = house.ask(&["audit", "show", "--kind", "correction"]);
        assert_eq!(told["entries"][0]["what"], "missing_fence", "{again}: {told}");
    }
    fs::rename(house.path("right.db"), house.path("app.db")).unwrap();
}

#[test]
fn a_file_that_was_left_waits_where_a_copy_bears_the_row_of_its_own_batch_alone() {
    let house = house();
    let plan = leave_its_file(&house);
    copy(&house);
    name_it(&house);
    destroy_another(&house, 501, &[]);
    try_in_the_copy(&house, &plan);
    house.ask(&["audit", "adopt", "--reason", "moved"]);
    try_in_the_copy(&house, &plan);

    // The right one is back, although its source waits for a person still.
    assert_eq!(tried(&house, &plan), (5, 1.into(), true), "a row names it");
    house.database().execute("DELETE FROM document WHERE path = 'late-500.txt'", []).unwrap();
    assert_eq!(tried(&house, &plan), (0, 0.into(), false));
    house.verify();
    house.verify_by_python(NOW);
}

#[test]
fn a_file_that_was_left_waits_for_the_first_batch_since_a_person_let_a_copy_go_on() {
    let house = house();
    let plan = leave_its_file(&house);
    copy(&house);
    name_it(&house);
    destroy_another(&house, 501, &[]);
    fs::rename(house.path("older.db"), house.path("app.db")).unwrap();
    house.ask(&["plan"]);
    assert_eq!(tried(&house, &plan), (5, 1.into(), true));
    destroy_another(&house, 502, &["--accept", "restored"]);
    assert_eq!(tried(&house, &plan), (0, 0.into(), false));
    house.verify();
    house.verify_by_python(NOW);
}

#[test]
fn a_file_that_was_left_waits_where_a_copy_bears_the_row_of_the_log_before_alone() {
    let house = house();
    house.ask(&["audit", "adopt", "--reason", "moved"]);
    copy(&house);
    let plan = leave_its_file(&house);
    name_it(&house);
    try_in_the_copy(&house, &plan);
    assert_eq!(tried(&house, &plan), (5, 1.into(), true));
    house.verify();
    house.verify_by_python(NOW);
}
