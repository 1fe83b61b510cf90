//! A successor is there whole or not at all, and goes on knowing what the log before it knew of the databases.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::checker::check;
use crate::organization::{DUE_DOSSIERS, JournalMode, Organization, Outcome};
use crate::tampering::{add_due, plan, restore};

fn adopt(organization: &Organization) {
    let adopted = organization.run(&["audit", "adopt", "--reason", "moved"], None);
    assert_eq!(adopted.outcome, Outcome::Exit(0), "{adopted:#?}");
}

/// Approves a plan with these rails named.
fn approve(organization: &Organization, id: &str, rails: &[String]) -> Outcome {
    let accepted = rails.join(",");
    let accept = ["--accept", &accepted];
    let accept = if rails.is_empty() { &[][..] } else { &accept[..] };
    organization.run(&[&["approve", id], accept].concat(), None).outcome
}

/// The database and its documents as they were when the plan was approved.
fn restore_all(organization: &Organization) {
    restore(organization);
    let documents = organization.approved_database().with_file_name("documents");
    let copied = Command::new("cp").arg("-a").arg(documents).arg(organization.path()).status();
    assert!(copied.unwrap().success());
}

/// A person must name the rail `restored`; who does may have the records destroyed again, and is not asked a second
/// time.
fn waits_for_a_person(organization: &mut Organization, context: &str) {
    let (rails, id) = plan(organization);
    assert!(rails.contains(&"restored".to_owned()), "{context}: {rails:?}");
    let others: Vec<_> = rails.iter().filter(|rail| *rail != "restored").cloned().collect();
    assert_eq!(approve(organization, &id, &others), Outcome::Exit(3), "{context}");
    assert_eq!(approve(organization, &id, &rails), Outcome::Exit(0), "{context}");
    organization.set_plan(id);
    assert_eq!(organization.apply(None).outcome, Outcome::Exit(0), "{context}");
    organization.verify(context);
    check::gone_means_logged(organization, context);
    add_due(organization, 99);
    assert!(!plan(organization).0.contains(&"restored".to_owned()), "{context}");
}

#[test]
fn a_restored_database_waits_for_a_person_under_a_successor_too() {
    let approved = || {
        let organization = Organization::approved(JournalMode::Delete);
        assert_eq!(organization.apply(None).outcome, Outcome::Exit(0));
        organization
    };
    let mut organization = approved();
    restore_all(&organization);
    assert!(plan(&organization).0.contains(&"restored".to_owned()));
    adopt(&organization);
    waits_for_a_person(&mut organization, "known to the log before");

    let mut organization = approved();
    restore_all(&organization);
    adopt(&organization);
    waits_for_a_person(&mut organization, "restored before the succession");

    let mut organization = approved();
    adopt(&organization);
    adopt(&organization);
    restore_all(&organization);
    waits_for_a_person(&mut organization, "restored after two successions");
    let said = organization.run(&["audit", "show", "--kind", "correction", "--format", "json"], None);
    assert!(said.stdout.contains("resurrected"), "records are back: {said:#?}");
}

#[test]
fn a_plan_approved_under_a_successor_is_not_carried_out_on_a_database_restored_since() {
    let mut organization = Organization::approved(JournalMode::Delete);
    assert_eq!(organization.apply(None).outcome, Outcome::Exit(0));
    adopt(&organization);
    add_due(&organization, 99);
    let (rails, id) = plan(&organization);
    assert!(!rails.contains(&"restored".to_owned()), "nobody put anything back: {rails:?}");
    assert_eq!(approve(&organization, &id, &rails), Outcome::Exit(0));
    organization.set_plan(id);
    restore(&organization);
    assert_eq!(organization.apply(None).outcome, Outcome::Exit(3));
    let due = "SELECT count(*) FROM dossier WHERE id <= 40";
    let left: i64 = organization.database().query_row(due, [], |row| row.get(0)).unwrap();
    assert_eq!(left, DUE_DOSSIERS, "the restored dossiers stay");
}

#[test]
fn a_database_that_is_newer_than_the_log_before_was_not_restored() {
    let mut organization = Organization::approved(JournalMode::Delete);
    assert_eq!(organization.apply(None).outcome, Outcome::Exit(0));
    let copied = |from: &str, to: &str| {
        let copy = Command::new("cp").args(["-a", from, to]).current_dir(organization.path()).status();
        assert!(copy.unwrap().success());
    };
    copied("state", "older");
    add_due(&organization, 98);
    let (rails, id) = plan(&organization);
    assert_eq!(approve(&organization, &id, &rails), Outcome::Exit(0));
    let applied = organization.run(&["apply", &id], None);
    assert_eq!(applied.outcome, Outcome::Exit(0), "{applied:#?}");
    std::fs::rename(organization.state(), organization.path().join("newer")).unwrap();
    copied("older", "state");
    // The state is older than the database: only a successor goes on.
    let behind = organization.run(&["plan"], None);
    assert_ne!(behind.outcome, Outcome::Exit(0), "{behind:#?}");
    adopt(&organization);
    add_due(&organization, 99);
    let (rails, id) = plan(&organization);
    // Of what the second run destroyed no log at hand tells; the source itself waits for nobody.
    assert!(rails.contains(&"restored".to_owned()), "{rails:?}");
    assert_eq!(approve(&organization, &id, &rails), Outcome::Exit(0));
    organization.set_plan(id);
    assert_eq!(organization.apply(None).outcome, Outcome::Exit(0));
}

/// What `audit adopt` writes, and the steps of writing.
const WHAT: &[&str] =
    &["key", "journal", "segment", "bundle", "tile", "remembered", "checkpoint", "vkey", "directory", "succession"];
const AT: &[&str] = &[
    "write::before",
    "write::after",
    "sync::before",
    "sync::after",
    "mark::after",
    "rename::before",
    "rename::after",
    "remove::before",
    "dirsync::before",
    "dirsync::after",
];

/// Every step that an undisturbed adoption passes, as often as it does.
fn steps(organization: &Organization) -> Vec<(String, usize)> {
    let points = WHAT.iter().flat_map(|what| AT.iter().map(move |at| format!("audit::{what}::{at}=return(tell)")));
    let armed = points.collect::<Vec<_>>().join(";");
    let ran = organization.run(&["audit", "adopt", "--reason", "moved"], Some(&armed));
    assert_eq!(ran.outcome, Outcome::Exit(0), "{ran:#?}");
    let mut steps: Vec<(String, usize)> = Vec::new();
    for point in ran.stderr.lines().filter_map(|line| line.strip_prefix("failpoint ")) {
        let before = steps.iter().filter(|(known, _)| known == point).count();
        steps.push((point.to_owned(), before));
    }
    steps
}

/// The logs that the one in place continues, as the verifier finds them.
fn earlier(organization: &Organization, context: &str) -> Vec<(u64, String)> {
    let ran = organization.run(&["audit", "verify", "--format", "json"], None);
    assert_eq!(ran.outcome, Outcome::Exit(0), "{context}: {ran:#?}");
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let logs = report["earlier"].as_array().unwrap().iter();
    logs.map(|log| (log["entries"].as_u64().unwrap(), log["state"].as_str().unwrap().to_owned())).collect()
}

#[test]
fn an_adoption_killed_or_failed_at_any_step_is_done_or_not_begun_at_the_next_plan() {
    let organization = Organization::approved(JournalMode::Delete);
    organization.reset();
    let size = fs::read_to_string(organization.state().join("audit/checkpoint")).unwrap();
    let size: u64 = size.lines().nth(1).unwrap().parse().unwrap();
    let steps = steps(&organization);
    assert_eq!(earlier(&organization, "undisturbed"), [(size, "whole".to_owned())]);
    for what in ["succession::rename", "key::rename", "remembered::rename"] {
        assert!(steps.iter().any(|(step, _)| step.contains(what)), "never passed, so not tested: {what}: {steps:?}");
    }
    let (mut done, mut tried) = (0, 0);
    for (place, (step, after)) in steps.iter().enumerate() {
        for way in if place % 5 == 0 { &["kill", "enospc"][..] } else { &["kill"][..] } {
            let context = format!("{step} {after} {way}");
            organization.reset();
            let armed = format!("{step}={after}*off->1*return({way})->off");
            let ended = organization.run(&["audit", "adopt", "--reason", "moved"], Some(&armed));
            assert_ne!(ended.outcome, Outcome::Exit(0), "{context}: {ended:#?}");
            let planned = organization.run(&["plan"], None);
            assert_eq!(planned.outcome, Outcome::Exit(0), "{context}: {planned:#?}");
            let logs = earlier(&organization, &context);
            let is_done = logs == [(size, "whole".to_owned())];
            assert!(is_done || logs.is_empty(), "{context}: {logs:?}");
            assert_eq!(organization.state().join("audit.1").exists(), is_done, "{context}");
            assert!(!organization.state().join("audit.2").exists(), "{context}");
            (tried, done) = (tried + 1, done + usize::from(is_done));
        }
    }
    assert!(done > 8 && done < tried - 20, "{done} of {tried}");
}
