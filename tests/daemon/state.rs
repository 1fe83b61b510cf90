//! A state directory that others could change or read is refused, with the mend; one that is older than what was
//! destroyed destroys nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::Value as Json;

use crate::office::{Office, insert};

#[test]
fn a_state_directory_that_others_can_read_is_refused_with_the_mend() {
    let office = Office::new("report", 3);
    office.start().stop();
    let private = office.path("state/private");
    fs::set_permissions(&private, fs::Permissions::from_mode(0o755)).unwrap();
    let refused = office.run(&["run"]);
    assert_eq!(refused.code, 78, "{}", refused.err);
    assert!(refused.err.contains("chmod go-rwx"), "{}", refused.err);
    assert!(refused.err.contains("at: the state directory"), "{}", refused.err);
}

/// What is due goes, by a plan that a person approves.
fn destroy_what_is_due(office: &Office) {
    let daemon = office.start();
    office.scan();
    office.ask(&["approve", &office.plans("pending")[0], "--accept", "rules,share,median,restored"]);
    office.wait("the execution", || office.count() == 5 && office.status()["doing"] == "idle");
    daemon.stop();
}

fn copy(office: &Office, from: &str, to: &str) {
    let copied = Command::new("cp").arg("-a").arg(office.path(from)).arg(office.path(to)).status().unwrap();
    assert!(copied.success());
}

/// Moves the state away and puts the copy in its place.
fn restore(office: &Office) {
    fs::rename(office.path("state"), office.path("newer")).unwrap();
    copy(office, "copy", "state");
}

fn is_refused(office: &Office, arguments: &[&str]) {
    let (code, told) = office.json(arguments);
    assert_eq!((code, told["error"]["code"].as_str()), (3, Some("log-behind")), "{arguments:?}: {told}");
    let told = told["error"].to_string();
    assert!(told.contains("the database of app, which remembers batch") && told.contains("audit adopt"), "{told}");
}

/// The plan in the copy that a person approved and nobody executed, if there is one.
fn destroys_nothing_until_somebody_has_looked(office: &Office, approved: Option<&str>) {
    insert(&office.database(), "2025-11-02T12:00:00Z");
    restore(office);
    let entries = office.ask(&["audit", "verify"])["entries"].clone();
    is_refused(office, &["plan"]);
    approved.into_iter().for_each(|plan| is_refused(office, &["apply", plan]));
    let (code, checked) = office.json(&["check"]);
    let is_told = |finding: &Json| finding["code"] == "log-behind" && finding["severity"] == "error";
    assert!(code == 78 && checked["findings"].as_array().unwrap().iter().any(is_told), "{checked}");
    let daemon = office.start();
    assert!(office.has_alert("recovery"), "{}", office.status());
    office.ask(&["ctl", "scan"]);
    office.wait("the alert", || office.has_alert("scan-failed"));
    approved.into_iter().for_each(|plan| is_refused(office, &["apply", plan]));
    is_refused(office, &["plan"]);
    daemon.stop();
    assert_eq!(office.count(), 6);
    assert_eq!(office.ask(&["audit", "verify"])["entries"], entries, "nothing is put on record beside what was lost");
}

#[test]
fn a_state_restored_from_before_the_last_batch_destroys_nothing_until_a_successor_is_begun() {
    let office = Office::new("approve", 3);
    destroy_what_is_due(&office);
    office.ask(&["hold", "place", "dossier", "8", "--reason", "a claim"]);
    copy(&office, "state", "copy");
    insert(&office.database(), "2025-11-02T12:00:00Z");
    destroy_what_is_due(&office);
    destroys_nothing_until_somebody_has_looked(&office, None);
    office.ask(&["audit", "adopt", "--reason", "the disk of the state was lost"]);
    destroy_what_is_due(&office);
    assert_eq!(office.ask(&["hold", "list"])["holds"].as_array().unwrap().len(), 1, "holds go over to the successor");
    office.verify();
}

#[test]
fn a_state_restored_from_before_the_first_batch_destroys_nothing_until_the_newer_one_is_back() {
    let office = Office::new("report", 3);
    let plan = office.plan();
    office.ask(&["approve", &plan, "--accept", "rules"]);
    copy(&office, "state", "copy");
    office.ask(&["apply", &plan]);
    destroys_nothing_until_somebody_has_looked(&office, Some(&plan));
    fs::rename(office.path("state"), office.path("older")).unwrap();
    fs::rename(office.path("newer"), office.path("state")).unwrap();
    let next = office.plan();
    office.ask(&["approve", &next, "--accept", "share,median"]);
    office.ask(&["apply", &next]);
    assert_eq!(office.count(), 5);
    office.verify();
}

#[test]
fn an_approval_under_a_state_restored_from_before_the_last_batch_is_refused() {
    let office = Office::new("report", 3);
    let plan = office.plan();
    copy(&office, "state", "copy");
    let approve = ["approve", &plan, "--accept", "rules"];
    office.ask(&approve);
    office.ask(&["apply", &plan]);
    restore(&office);
    let entries = office.ask(&["audit", "verify"])["entries"].clone();
    is_refused(&office, &approve);
    let daemon = office.start();
    is_refused(&office, &approve);
    daemon.stop();
    assert_eq!(office.plans("pending"), [plan]);
    assert_eq!(office.ask(&["audit", "verify"])["entries"], entries);
}

#[test]
fn what_a_crash_left_in_a_database_that_is_away_is_settled_when_it_is_back_without_a_restart() {
    let office = Office::new("approve", 3);
    let plan = office.plan();
    office.ask(&["approve", &plan, "--accept", "rules"]);
    let killed = office.command(&["apply", &plan]).env("FAILPOINTS", "committed=return(kill)").output().unwrap();
    assert_eq!(killed.status.code(), None, "{killed:?}");
    fs::rename(office.path("app.db"), office.path("away.db")).unwrap();
    let daemon = office.start_with(&[("RETENTIOND_SYNCHRONIZED", "yes")]);
    assert!(office.has_alert("recovery"), "{}", office.status());
    fs::rename(office.path("away.db"), office.path("app.db")).unwrap();
    office.wait("its settlement", || !office.has_alert("recovery"));
    // The daemon may have tried the plan before the database was back.
    office.set_clock("2026-11-21T17:20:00Z");
    office.wait("the end of the plan", || office.plans("executed") == [plan.clone()]);
    daemon.stop();
    assert_eq!(office.count(), 5);
    office.verify();
}

#[test]
fn the_manifest_of_a_plan_that_was_executed_goes_when_its_term_has_come_and_not_before() {
    let office = Office::new("approve", 3);
    office.configure("\n[evidence]\nplans = \"P30D\"\n");
    let daemon = office.start_with(&[("RETENTIOND_SYNCHRONIZED", "yes")]);
    office.scan();
    let plan = office.plans("pending").remove(0);
    office.ask(&["approve", &plan, "--accept", "rules,share"]);
    office.wait("the end", || office.plans("executed").len() == 1);
    let beats = || office.ask(&["audit", "show", "--kind", "heartbeat"])["entries"].as_array().unwrap().len();
    let a_day_at = |time: &str| {
        let before = beats();
        office.set_clock(time);
        office.wait("the daily housekeeping", || beats() > before && office.status()["doing"] == "idle");
        office.plans("executed")
    };
    assert_eq!(a_day_at("2026-12-20T17:00:00Z"), [plan], "29 days");
    assert_eq!(a_day_at("2026-12-22T17:00:00Z"), [""; 0], "31 days");
    assert!(office.log().contains("manifests of plans reached their term"), "{}", office.log());
    daemon.stop();
}
