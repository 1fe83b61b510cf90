//! Crashes and failures at every step of the protocol: after each, a restart recovers, and a checker that shares no
//! code with the program compares log, database and files.
//!
//! `RETENTIOND_FAULTS=all cargo test --features simulate --test faults -- --nocapture` tries every step each time that
//! a run of 22 series passes it, more than 2,000 times in all; without it, a selection of more than 200.

#![cfg(feature = "simulate")]

mod checker;
mod journal;
mod organization;
mod rotation;
mod strace;
mod succession;
mod tampering;

use std::collections::BTreeMap;

use checker::check;
use organization::{ARCHIVES, JournalMode, Organization, Outcome};

/// Steps of the program's own protocol, in order.
const EXECUTE: &[&str] = &[
    "announce-before",
    "announce-appended",
    "announce-durable",
    "spooled",
    "begun",
    "disposed",
    "committed",
    "group-announced",
    "files-alone",
    "file-begun",
    "file-unlinked",
    "files-gone",
    "outcome-appended",
    "outcome-durable",
    "chunk-done",
    "run-appended",
    "run-durable",
    "published",
];

/// Steps of the log on its files.
const LOG: &[&str] = &[
    "audit::journal::write::before",
    "audit::journal::write::after",
    "audit::journal::sync::before",
    "audit::journal::sync::after",
    "audit::journal::mark::before",
    "audit::journal::mark::after",
    "audit::bundle::write::before",
    "audit::bundle::rename::before",
    "audit::bundle::rename::after",
    "audit::tile::rename::before",
    "audit::tile::rename::after",
    "audit::checkpoint::write::before",
    "audit::checkpoint::rename::before",
    "audit::checkpoint::rename::after",
];

const WAYS: &[&str] = &["kill", "eio", "enospc"];

/// Whether every step is tried each time that a run passes it.
#[expect(clippy::disallowed_methods, reason = "the person who runs the tests chooses how many")]
fn all_is_asked_for() -> bool {
    std::env::var("RETENTIOND_FAULTS").as_deref() == Ok("all")
}

/// How often an undisturbed run passes each step.
fn passed(organization: &Organization, points: &[&str]) -> BTreeMap<String, usize> {
    organization.reset();
    let told: Vec<_> = points.iter().map(|point| format!("{point}=return(tell)")).collect();
    let run = organization.apply(Some(&told.join(";")));
    assert_eq!(run.outcome, Outcome::Exit(0), "{run:#?}");
    let mut passed = BTreeMap::new();
    for point in run.stderr.lines().filter_map(|line| line.strip_prefix("failpoint ")) {
        *passed.entry(point.to_owned()).or_default() += 1;
    }
    passed
}

/// The times, of so many, at which a step is tried: each, or the first and one in the middle.
fn chosen(times: usize) -> Vec<usize> {
    match times {
        _ if all_is_asked_for() => (0..times).collect(),
        0 | 1 => (0..times).collect(),
        _ => vec![0, times / 2],
    }
}

/// Arms one failpoint, applies, then recovers, and checks after each. Whether the first run felt it.
fn survive(organization: &Organization, point: &str, way: &str, after: usize) -> bool {
    organization.reset();
    let armed = match after {
        0 => format!("{point}=return({way})"),
        n => format!("{point}={n}*off->1*return({way})->off"),
    };
    let first = organization.apply(Some(&armed));
    let context = format!("{point} {way} after {after} ({:?} mode)", organization.journal_mode);
    if first.outcome == Outcome::Killed {
        check::nothing_is_gone_without_an_intent(organization, &context);
    }
    // A step that fails every time keeps failing until the fault is mended: it is disarmed here.
    let second = organization.apply(None);
    assert!(
        second.is_settled(),
        "{context}: the second apply must finish the plan or say that it is done\nfirst: {first:#?}\nsecond: {second:#?}"
    );
    organization.verify(&context);
    check::log_and_database_agree(organization, &context);
    first.outcome != Outcome::Exit(0)
}

/// Every one of these steps fails in every way, each time that a run passes it or at some of these. At least `least`
/// faults must be felt where only some are tried, so that the three tests together make more than 200.
fn survive_all(points: &[&str], mode: JournalMode, least: usize) {
    let archives = if all_is_asked_for() { ARCHIVES.len() } else { 1 };
    let organization = Organization::approved_with(mode, archives);
    let passed = passed(&organization, points);
    let missed: Vec<_> = points.iter().filter(|point| !passed.contains_key(**point)).collect();
    assert!(missed.is_empty(), "these steps are never passed, so nothing would be tested: {missed:?}");
    let (mut runs, mut unfelt) = (0, Vec::new());
    for (point, times) in &passed {
        for way in WAYS {
            for after in chosen(*times) {
                runs += 1;
                if !survive(&organization, point, way, after) {
                    unfelt.push(format!("{point} {way} after {after}"));
                }
            }
        }
    }
    let felt = runs - unfelt.len();
    assert!(felt >= least, "{felt} of {runs} faults were felt; not these: {unfelt:?}");
    println!("{mode:?}: {runs} faults survived, {felt} of them felt by the first run; not these: {unfelt:?}");
}

#[test]
fn the_protocol_survives_every_step_in_wal_mode() {
    survive_all(EXECUTE, JournalMode::Wal, 70);
}

#[test]
fn the_protocol_survives_every_step_in_delete_mode() {
    survive_all(EXECUTE, JournalMode::Delete, 70);
}

#[test]
fn the_log_survives_every_step() {
    survive_all(LOG, JournalMode::Wal, 60);
}

#[test]
fn an_undisturbed_run_satisfies_the_checker() {
    for mode in [JournalMode::Wal, JournalMode::Delete] {
        let organization = Organization::approved(mode);
        assert_eq!(organization.apply(None).outcome, Outcome::Exit(0));
        organization.verify("undisturbed");
        check::log_and_database_agree(&organization, "undisturbed");
    }
}

#[test]
fn the_checker_sees_a_record_gone_without_an_entry_and_an_entry_that_claims_too_much() {
    let organization = Organization::approved(JournalMode::Delete);
    assert_eq!(organization.apply(None).outcome, Outcome::Exit(0));
    organization.delete_behind_our_back();
    let seen = std::panic::catch_unwind(|| check::log_and_database_agree(&organization, "tampered"));
    assert!(seen.is_err(), "a record deleted behind the log's back was not seen");
    let organization = Organization::approved(JournalMode::Delete);
    assert_eq!(organization.apply(None).outcome, Outcome::Exit(0));
    organization.resurrect();
    let seen = std::panic::catch_unwind(|| check::log_and_database_agree(&organization, "tampered"));
    assert!(seen.is_err(), "a record that came back was not seen");
}
