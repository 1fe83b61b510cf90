//! The exchange of the signing key, ended by `kill -9` at each of its steps: the log verifies, under the old key or the
//! new one, and what an auditor kept from before stays good.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::organization::{JournalMode, Organization, Outcome};

/// What the command writes, and the steps of writing.
const WHAT: &[&str] = &["key", "journal", "bundle", "tile", "remembered", "checkpoint", "vkey", "partial", "segment"];
const AT: &[&str] = &[
    "write::before",
    "write::after",
    "sync::before",
    "sync::after",
    "mark::before",
    "mark::after",
    "rename::before",
    "rename::after",
    "remove::before",
    "remove::after",
    "dirsync::before",
    "dirsync::after",
];

/// Every step that an undisturbed rotation passes, as often as it does.
fn steps(organization: &Organization) -> Vec<(String, usize)> {
    organization.reset();
    let points = WHAT.iter().flat_map(|what| AT.iter().map(move |at| format!("audit::{what}::{at}=return(tell)")));
    let ran = organization.run(&["audit", "rotate-key"], Some(&points.collect::<Vec<_>>().join(";")));
    assert_eq!(ran.outcome, Outcome::Exit(0), "{ran:#?}");
    let mut steps: Vec<(String, usize)> = Vec::new();
    for point in ran.stderr.lines().filter_map(|line| line.strip_prefix("failpoint ")) {
        let before = steps.iter().filter(|(known, _)| known == point).count();
        steps.push((point.to_owned(), before));
    }
    steps
}

fn vkey(organization: &Organization) -> String {
    fs::read_to_string(organization.state().join("audit/vkey")).unwrap()
}

/// Verifies as an auditor does who kept a checkpoint, and takes the operator's word for the key; returns what was
/// found.
fn verified(organization: &Organization, kept: &str) -> Value {
    let arguments = ["audit", "verify", "--vkey", "state/audit/vkey", "--checkpoint", kept, "--format", "json"];
    serde_json::from_str(&organization.run(&arguments, None).stdout).unwrap()
}

fn keys(organization: &Organization) -> Vec<PathBuf> {
    let entries = fs::read_dir(organization.state().join("private/keys")).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// What the crash left is sound to docs/verify.py where it is to ours: the key beside the checkpoint may be newer than
/// the checkpoint.
fn seen_by_the_second_verifier(organization: &Organization, context: &str) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/verify.py");
    let ours = organization.run(&["audit", "verify"], None);
    let (mut second, log) = (Command::new("python3"), organization.state().join("audit"));
    let Ok(second) = second.arg(script).arg(log).args(["--now", "1800000000"]).output() else { return };
    let said = String::from_utf8_lossy(&second.stdout);
    assert!(ours.outcome != Outcome::Exit(0) || second.status.success(), "{context}: {said}");
}

#[test]
fn a_rotation_killed_at_any_step_is_done_or_not_begun_once_the_log_is_opened_again() {
    let organization = Organization::approved(JournalMode::Delete);
    let checkpoint = fs::read_to_string(organization.state().join("audit/checkpoint")).unwrap();
    let size = checkpoint.lines().nth(1).unwrap().to_owned();
    let old = vkey(&organization);
    let steps = steps(&organization);
    for what in ["key::rename", "journal::sync", "checkpoint::rename", "vkey::rename"] {
        assert!(steps.iter().any(|(step, _)| step.contains(what)), "never passed, so not tested: {what}: {steps:?}");
    }
    let mut done = 0;
    for (step, after) in &steps {
        organization.reset();
        fs::write(organization.path().join("kept"), &checkpoint).unwrap();
        let armed = format!("{step}={after}*off->1*return(kill)->off");
        let killed = organization.run(&["audit", "rotate-key"], Some(&armed));
        assert_eq!(killed.outcome, Outcome::Killed, "{step} {after}: {killed:#?}");
        seen_by_the_second_verifier(&organization, &format!("{step} {after}"));
        let hold = organization.run(&["hold", "place", "dossier", "50", "--reason", "an inquiry"], None);
        assert_eq!(hold.outcome, Outcome::Exit(0), "{step} {after}: {hold:#?}");
        let said = verified(&organization, "kept");
        assert_eq!(said["verdict"], format!("OK-ANCHORED-TO-{size}"), "{step} {after}: {said:#}");
        let rotated = vkey(&organization) != old;
        assert_eq!(
            said["tally"]["kinds"]["sigkey"].as_u64().unwrap_or(0),
            u64::from(rotated),
            "{step} {after}: {said:#}"
        );
        let next = keys(&organization).into_iter().find(|path| path.to_string_lossy().contains(".next"));
        assert_eq!(next, None, "{step} {after}: a secret key is left over");
        done += usize::from(rotated);

        let again = organization.run(&["audit", "rotate-key"], None);
        assert_eq!(again.outcome, Outcome::Exit(0), "{step} {after}: {again:#?}");
        let said = verified(&organization, "kept");
        assert_eq!(said["verdict"], format!("OK-ANCHORED-TO-{size}"), "{step} {after}, rotated again: {said:#}");
    }
    assert!(done > 0 && done < steps.len(), "{done} of {} were done", steps.len());
    println!("{} kills survived, {done} after the rotation was on record", steps.len());
}

#[test]
fn a_checkpoint_taken_in_mid_batch_covers_no_part_of_it_and_anchors_the_log_afterwards() {
    let organization = Organization::approved(JournalMode::Wal);
    let kept = organization.path().join("kept");
    let outcome = organization.apply_and_meanwhile("spooled=1*sleep(2500)->off", || {
        let printed = organization.run(&["audit", "checkpoint"], None);
        assert_eq!(printed.outcome, Outcome::Exit(0), "{printed:#?}");
        fs::write(&kept, printed.stdout).unwrap();
        let said = verified(&organization, "kept");
        assert!(said["verdict"].as_str().unwrap().starts_with("OK-ANCHORED-TO-"), "{said:#}");
        assert!(said["tally"]["pending_intents"].as_u64().unwrap() > 0, "no batch was under way: {said:#}");
        // Durable, and under no signature yet.
        assert!(said["unsigned"].as_u64() >= said["tally"]["pending_intents"].as_u64(), "{said:#}");
    });
    assert_eq!(outcome, Outcome::Exit(0));
    let size: u64 = fs::read_to_string(&kept).unwrap().lines().nth(1).unwrap().parse().unwrap();
    let said = verified(&organization, "kept");
    assert_eq!(said["verdict"], format!("OK-ANCHORED-TO-{size}"), "{said:#}");
    assert!(said["size"].as_u64().unwrap() > size, "{said:#}");
}
