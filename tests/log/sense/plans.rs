//! Plans: approved with every rail named, under these rules, and carried out once.

use std::collections::BTreeMap;

use retentiond::audit::leaf::*;

use super::{Forgery, governed, with_intent};
use crate::forge::*;

/// Each change of one thing in a sound log, and the flaw that it makes.
pub fn forgeries() -> Vec<(&'static str, Forgery)> {
    vec![
        ("refused", refused(Some("the dossier of Marie"), "share")),
        ("refused", refused(Some("2026-1-04-30385c9b"), "share")),
        ("refused", refused(Some("2026-01-04-30385C9B"), "share")),
        ("refused", refused(None, "she asked for it")),
        ("refused", refused(None, "plan--outdated")),
        ("not-approved", with_intent(|intent| intent.plan = "2026-01-04-00000000".into())),
        (
            "rejected",
            Box::new(|forge| {
                forge.add(Body::Rejection(Rejection {
                    plan: PLAN.into(),
                    digest: digest(),
                    actor: "marie (1000)".into(),
                    reason: digest(),
                }));
                forge.batch(&[intent(0..1)], &["1D"]);
            }),
        ),
        (
            "rule-not-approved",
            Box::new(|forge| {
                let Body::Approval(approval) = approval(PLAN) else { unreachable!() };
                forge.add(Body::Approval(Approval { only: vec!["PC-2".into()], ..approval }));
                forge.batch(&[intent(0..1)], &["1D"]);
            }),
        ),
        (
            "series-not-approved",
            Box::new(|forge| {
                let Body::Approval(approval) = approval(PLAN) else { unreachable!() };
                forge.add(Body::Approval(Approval { governed: BTreeMap::new(), ..approval }));
                forge.batch(&[intent(0..1)], &["1D"]);
            }),
        ),
        ("plan-name", with_approval(|approval| approval.digest = fingerprint_digest())),
        ("plan-digest", with_approval(|approval| approval.digest = colliding())),
        (
            "plan-digest",
            Box::new(|forge| {
                let (plan, actor) = (PLAN.into(), "marie (1000)".into());
                forge.add(Body::Rejection(Rejection { plan, digest: colliding(), actor, reason: digest() }));
            }),
        ),
        ("plan-name", with_approval(|approval| approval.plan = "2026-01-07-30385c9b".into())),
        ("plan-name", with_approval(|approval| approval.plan = "30385c9b".into())),
        ("plan-name", with_approval(|approval| approval.plan = "-0001-01-07-30385c9b".into())),
        ("plan-name", with_approval(|approval| approval.plan = "+2025-01-07-30385c9b".into())),
        ("plan-name", with_approval(|approval| approval.plan = " 2025-01-07-30385c9b".into())),
        (
            "plan-name",
            Box::new(|forge| {
                let (plan, actor) = (PLAN.into(), "marie (1000)".into());
                forge.add(Body::Rejection(Rejection { plan, digest: fingerprint_digest(), actor, reason: digest() }));
            }),
        ),
        ("rail-not-named", with_approval(|approval| governed(approval).mapping = fingerprint_digest())),
        ("rail-not-named", with_approval(|approval| governed(approval).rules = fingerprint_digest())),
        (
            "rail-not-named",
            Box::new(|forge| {
                forge.replace(4, |leaf| {
                    let Body::Approval(approval) = &mut leaf.body else { unreachable!() };
                    approval.accepted.clear();
                });
            }),
        ),
        (
            "rail-not-named",
            Box::new(|forge| {
                let (plan, actor) = (PLAN.into(), "marie (1000)".into());
                forge.add(Body::Rejection(Rejection { plan, digest: digest(), actor, reason: digest() }));
                let Body::Approval(approval) = approval("2026-01-03-30385c9b") else { unreachable!() };
                forge.add(Body::Approval(Approval { accepted: Vec::new(), ..approval }));
            }),
        ),
        ("unknown-word", with_approval(|approval| approval.accepted = vec!["banana".into()])),
        (
            "plan-done",
            Box::new(|forge| {
                forge.batch(&[intent(0..3)], &["3D"]);
                forge.add(run(RunCounts { planned: 3, destroyed: 3, ..RunCounts::default() }));
                forge.batch(&[Intent { run: format!("{PLAN}-8").as_str().into(), ..intent(3..6) }], &["3D"]);
            }),
        ),
        (
            "plan-changed",
            Box::new(|forge| {
                forge.batch(&[intent(0..3)], &["2D1r"]);
                let mut counts = RunCounts { planned: 3, destroyed: 2, deferred: 1, ..RunCounts::default() };
                forge.add(run(counts));
                counts = RunCounts { planned: 1, failed: 1, ..RunCounts::default() };
                let Body::Run(second) = run(counts) else { unreachable!() };
                forge.add(Body::Run(Run { run: format!("{PLAN}-8").as_str().into(), ..second }));
            }),
        ),
        (
            "not-approved",
            Box::new(|forge| {
                let Body::Run(stated) = run(RunCounts::default()) else { unreachable!() };
                let (run, plan) = ("2026-01-04-00000000-5".into(), "2026-01-04-00000000".into());
                forge.add(Body::Run(Run { run, plan, ..stated }));
            }),
        ),
    ]
}

#[test]
fn an_approval_of_some_rules_with_exceptions_bounds_what_is_planned() {
    for (only, excepted, sound) in
        [(vec![], 1, true), (vec![], 0, false), (vec![], 2, false), (vec!["PC-1".into()], 4, true)]
    {
        let mut forge = Forge::ready();
        forge.replace(4, |leaf| {
            let Body::Approval(approval) = &mut leaf.body else { unreachable!() };
            (approval.only, approval.excepted) = (only, excepted);
        });
        forge.batch(&[intent(0..3)], &["3D"]);
        let Body::Run(mut stated) = run(RunCounts { planned: 3, destroyed: 3, ..RunCounts::default() }) else {
            unreachable!()
        };
        let found = VerdictCounts { rows: 4, due: 4, ..VerdictCounts::default() };
        stated.verdicts = [("PC-1".into(), found)].into();
        forge.add(Body::Run(stated));
        assert_eq!(forge.flaws().is_empty(), sound, "{excepted}: {:?}", forge.flaws());
    }
}

/// Another digest that gives a plan the same name: its first four bytes are those of [`digest`].
fn colliding() -> retentiond::model::Digest {
    let mut bytes = *digest().as_bytes();
    bytes[4] ^= 1;
    retentiond::model::Digest::from_bytes(bytes)
}

/// A second approval, and what differs in it.
fn with_approval(change: impl Fn(&mut Approval) + 'static) -> Forgery {
    Box::new(move |forge| {
        let Body::Approval(mut leaf) = approval(PLAN) else { unreachable!() };
        leaf.accepted.clear();
        change(&mut leaf);
        forge.add(Body::Approval(leaf));
    })
}

/// Some other digest.
fn fingerprint_digest() -> retentiond::model::Digest {
    retentiond::model::Digest::from_bytes(fingerprint(0))
}

fn refused(plan: Option<&'static str>, reason: &'static str) -> Forgery {
    Box::new(move |forge| {
        let (plan, actor) = (plan.map(Into::into), "marie (1000)".into());
        forge.add(Body::Refused(Refused { plan, actor, reasons: vec![reason.to_owned()] }));
    })
}

#[test]
fn a_refusal_may_name_a_plan_and_reasons_as_codes() {
    let mut forge = Forge::ready();
    refused(Some(PLAN), "plan-outdated")(&mut forge);
    refused(None, "share")(&mut forge);
    assert_eq!(forge.flaws(), [""; 0]);
}
