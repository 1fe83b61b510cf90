//! Crashes and failures at every step of the protocol: after each, a restart recovers, and a checker that shares no code with the program
//! compares log, database and files.
//!
//! `RETENTIOND_FAULTS=all cargo test --features simulate --test faults -- --nocapture` runs every step at many occurrences; without it, a
//! selection of more than 200.

#![cfg(feature = "simulate")]

mod checker;
mod journal;
mod organization;
mod strace;
mod tampering;

use std::collections::BTreeMap;

use checker::check;
use organization::{JournalMode, Organization, Outcome};

/// Steps of the program's own protocol, in order.
const EXECUTE: &[&str] = &[
    "announce-before",
    "announce-appended",
    "announce-durable",
    "spooled",
    "begun",
    "disposed",
    "committed",
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

/// How often a step is passed over before it fails.
#[expect(clippy::disallowed_methods, reason = "the person who runs the tests chooses how many")]
fn occurrences() -> Vec<u32> {
    match std::env::var("RETENTIOND_FAULTS").as_deref() {
        Ok("all") => (0..24).collect(),
        _ => vec![0, 2],
    }
}

/// Arms one failpoint, applies, then recovers, and checks after each.
fn survive(organization: &Organization, point: &str, way: &str, after: u32) -> bool {
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

fn survive_all(points: &[&str], mode: JournalMode) {
    let organization = Organization::approved(mode);
    let mut hit: BTreeMap<&str, u32> = BTreeMap::new();
    let mut runs = 0;
    for point in points {
        for way in WAYS {
            for after in occurrences() {
                runs += 1;
                *hit.entry(point).or_default() += u32::from(survive(&organization, point, way, after));
            }
        }
    }
    let missed: Vec<_> = hit.iter().filter(|(_, hits)| **hits == 0).collect();
    assert!(missed.is_empty(), "these steps were never reached, so nothing was tested: {missed:?}");
    println!("{mode:?}: {runs} faults survived, {} of them felt by the first run", hit.values().sum::<u32>());
}

#[test]
fn the_protocol_survives_every_step_in_wal_mode() {
    survive_all(EXECUTE, JournalMode::Wal);
}

#[test]
fn the_protocol_survives_every_step_in_delete_mode() {
    survive_all(EXECUTE, JournalMode::Delete);
}

#[test]
fn the_log_survives_every_step() {
    survive_all(LOG, JournalMode::Wal);
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
