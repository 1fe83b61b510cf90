//! What the entries say must follow from what was said before.

mod batches;
mod journal;
mod keys;
mod law;
mod leaves;
mod left;
mod plans;
mod runs;
mod told;
mod witnessed;

use std::collections::BTreeMap;

use retentiond::audit::leaf::*;
use retentiond::audit::verify::{Trust, Verdict};
use retentiond::model::BatchNumber;

use crate::forge::*;

/// Changes a sound log.
pub type Forgery = Box<dyn Fn(&mut Forge)>;

/// Each change of one thing in a sound log, and the flaw that it makes.
pub fn forgeries() -> Vec<(&'static str, Forgery)> {
    let subjects = [
        law::forgeries,
        plans::forgeries,
        batches::forgeries,
        keys::forgeries,
        runs::forgeries,
        leaves::forgeries,
        left::forgeries,
        told::forgeries,
        witnessed::forgeries,
    ];
    subjects.into_iter().flat_map(|forgeries| forgeries()).collect()
}

#[test]
fn each_thing_that_does_not_follow_is_found_and_named() {
    let mut missed = Vec::new();
    for (place, (flaw, forgery)) in forgeries().into_iter().enumerate() {
        let mut forge = Forge::ready();
        forgery(&mut forge);
        let flaws = forge.flaws();
        if !flaws.contains(&flaw) {
            missed.push(format!("{flaw} (number {place}): {flaws:?}"));
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn a_sound_log_is_ok_but_unanchored_and_is_counted() {
    let report = Forge::sound().verified(&Trust::default());
    assert_eq!((report.verdict, report.findings.len()), (Verdict::OkUnanchored, 0), "{:?}", report.findings);
    assert_eq!(report.verdict.to_string(), "OK-UNANCHORED");
    assert_eq!((report.tally.destroyed(), report.tally.rules[&"PC-1".into()].others), (7, 2));
    assert!(!report.key_was_given);
}

#[test]
fn logs_of_every_size_around_tile_borders_are_sound() {
    let mut forge = Forge::ready();
    let wanted = [5, 6, 255, 256, 257, 511, 512, 600, 65_537];
    for size in wanted {
        while forge.size() < size {
            forge.add(Body::Heartbeat(Heartbeat { overdue: BTreeMap::new(), holds: 0 }));
        }
        let anchor = forge.checkpoint(size / 2 + 3);
        let report = forge.verified(&trust(forge.key().verifier(), vec![anchor]));
        assert_eq!(report.verdict, Verdict::OkAnchoredTo(size / 2 + 3), "{size}: {:?}", report.findings);
    }
}

#[test]
fn a_hundred_findings_are_listed_and_the_rest_is_counted() {
    let mut forge = Forge::ready();
    for _ in 0..130 {
        forge.add(hold(HoldAction::Lifted, "H-9", 0));
    }
    let report = forge.verified(&Trust::default());
    assert_eq!((report.findings.len(), report.more_findings), (100, 30));
}

fn with_intent(change: impl Fn(&mut Intent) + 'static) -> Forgery {
    Box::new(move |forge| {
        let index = forge.size();
        let mut changed = Intent { batch: BatchNumber(index), ..intent(0..3) };
        change(&mut changed);
        forge.add(Body::Intent(changed));
        forge.add(Body::Outcome(outcome(BatchNumber(index), index, "3c")));
    })
}

fn fpkey_of(year: i32) -> Body {
    let Body::Fpkey(fpkey) = fpkey(2) else { unreachable!() };
    Body::Fpkey(Fpkey { year, ..fpkey })
}

/// What an approval binds its one series to.
fn governed(approval: &mut Approval) -> &mut GovernedBy {
    approval.governed.values_mut().next().unwrap()
}
