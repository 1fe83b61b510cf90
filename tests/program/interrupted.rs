//! Runs that were killed, and what the next one tells of them.

use super::house::{DUE, House};

/// Kills `apply` where it comes to this failpoint.
fn killed_at(house: &House, plan: &str, failpoint: &str) {
    let killed =
        house.command(&["apply", plan]).env("FAILPOINTS", format!("{failpoint}=return(kill)")).status().unwrap();
    assert_eq!(killed.code(), None, "killed at {failpoint}");
}

#[test]
fn what_a_killed_run_had_settled_is_told_by_the_next_one_and_only_by_it() {
    let house = House::new();
    let plan = house.approved();
    killed_at(&house, &plan, "committed");
    let (code, run) = house.json(&["apply", &plan]);
    let told = &run["interrupted"];
    assert_eq!((code, told["planned"].as_i64(), told["destroyed"].as_i64()), (0, Some(DUE), Some(DUE)), "{run}");
    assert_eq!((&run["planned"], house.files()), (&0.into(), 2), "{run}");
    let next = house.plan();
    assert_eq!(house.json(&["apply", &plan]).0, 3, "it is done");
    assert_ne!(next, plan);
    house.verify();
}

#[test]
fn a_file_that_recovery_could_not_take_makes_the_next_run_partial() {
    let house = House::new();
    let plan = house.approved();
    killed_at(&house, &plan, "committed");
    // What stands there now is not what was recognized.
    std::fs::write(house.path("files/canary-7.txt"), "another document, written since").unwrap();
    let (code, run) = house.json(&["apply", &plan]);
    let told = &run["interrupted"];
    assert_eq!((code, &told["incomplete"], told["destroyed"].as_i64()), (5, &1.into(), Some(DUE - 1)), "{run}");
}
