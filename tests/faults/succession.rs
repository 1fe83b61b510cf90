//! A successor goes on knowing what the log before it knew of the databases.

use std::process::Command;

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
    assert!(!rails.contains(&"restored".to_owned()), "{rails:?}");
    assert_eq!(approve(&organization, &id, &rails), Outcome::Exit(0));
    organization.set_plan(id);
    assert_eq!(organization.apply(None).outcome, Outcome::Exit(0));
}
