//! Keys and holds: declared before their use, named under the right year, kept while something needs them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use retentiond::audit::leaf::*;
use retentiond::audit::note::{KeyKind, SigningKey};
use retentiond::audit::verify::{Trust, Verdict};
use retentiond::model::BatchNumber;

use super::{Forgery, fpkey_of, with_intent};
use crate::forge::*;

/// Each change of one thing in a sound log, and the flaw that it makes.
pub fn forgeries() -> Vec<(&'static str, Forgery)> {
    vec![
        ("undeclared-fingerprint-key", with_intent(|intent| intent.year = 2025)),
        (
            "held",
            Box::new(|forge| {
                forge.add(hold(HoldAction::Placed, "H-1", 1));
                forge.batch(&[intent(0..3)], &["3D"]);
            }),
        ),
        (
            "held",
            Box::new(|forge| {
                // The record is named twice, and kept in the first place alone.
                forge.add(hold(HoldAction::Placed, "H-1", 1));
                let twice = [1, 1].into_iter().flat_map(fingerprint).collect::<Vec<u8>>();
                let fp = URL_SAFE_NO_PAD.encode(twice);
                forge.batch(&[Intent { fp, ..intent(0..2) }], &["1h1D"]);
            }),
        ),
        (
            "no-hold",
            Box::new(|forge| {
                forge.add(hold(HoldAction::Lifted, "H-1", 1));
            }),
        ),
        (
            "second-hold",
            Box::new(|forge| {
                forge.add(hold(HoldAction::Placed, "H-1", 1));
                forge.add(hold(HoldAction::Placed, "H-1", 2));
            }),
        ),
        (
            "second-fingerprint-key",
            Box::new(|forge| {
                forge.add(fpkey(2));
            }),
        ),
        (
            "destroyed-fingerprint-key",
            Box::new(|forge| {
                let (source, actor) = ("parle".into(), "marie (1000)".into());
                forge.add(Body::FpkeyDestroyed(FpkeyDestroyed { source, year: 2026, actor }));
                forge.batch(&[intent(0..1)], &["1D"]);
            }),
        ),
        (
            "bad-signing-key",
            Box::new(|forge| {
                let stranger = SigningKey::from_seed("other.example", KeyKind::Log, &[9; 32]).unwrap();
                let (vkey, actor) = (stranger.verifier().to_string(), "marie (1000)".into());
                forge.add(Body::Sigkey(Sigkey { vkey, actor }));
            }),
        ),
        (
            "other-year",
            Box::new(|forge| {
                forge.add(fpkey_of(2024));
                forge.batch(&[Intent { year: 2024, ..intent(0..3) }], &["3D"]);
            }),
        ),
        (
            "other-year",
            Box::new(|forge| {
                // The key of last year names the held record otherwise, so that the hold on it is not met.
                forge.add(fpkey_of(2025));
                forge.add(hold(HoldAction::Placed, "H-1", 1));
                forge.batch(&[Intent { year: 2025, ..intent(0..3) }], &["3D"]);
            }),
        ),
        ("other-hold", lifted_as(|hold| hold.scope = "subject".into())),
        ("other-hold", lifted_as(|hold| hold.series = Some("account".into()))),
        ("other-hold", lifted_as(|hold| hold.rule = Some("PC-1".into()))),
        ("other-hold", lifted_as(|hold| hold.fp = Some("A".repeat(43)))),
        ("other-hold", lifted_as(|hold| hold.year = Some(2025))),
        ("other-hold", lifted_as(|hold| hold.source = Some("other".into()))),
        ("bad-hold", with_hold(|hold| hold.scope = "banana".into())),
        ("bad-hold", with_hold(|hold| hold.year = None)),
        ("bad-hold", with_hold(|hold| hold.fp = Some("AAAA".into()))),
        ("bad-hold", with_hold(|hold| (hold.scope, hold.series) = ("series".into(), None))),
        (
            "key-in-use",
            Box::new(|forge| {
                forge.batch(&[intent(0..3)], &[]);
                let (source, actor) = ("parle".into(), "marie (1000)".into());
                forge.add(Body::FpkeyDestroyed(FpkeyDestroyed { source, year: 2026, actor }));
            }),
        ),
        (
            "key-of-hold",
            Box::new(|forge| {
                forge.add(hold(HoldAction::Placed, "H-1", 0));
                forge.add(hold(HoldAction::Placed, "H-2", 1));
                forge.add(hold(HoldAction::Lifted, "H-1", 0));
                let (source, actor) = ("parle".into(), "marie (1000)".into());
                forge.add(Body::FpkeyDestroyed(FpkeyDestroyed { source, year: 2026, actor }));
            }),
        ),
        (
            "other-year",
            Box::new(|forge| {
                // Named for a day of last year, and approved when no plan of that year can have waited any more: its
                // key would name a record otherwise than a hold of this year does.
                forge.add(fpkey_of(2025));
                let plan = "2025-12-20-30385c9b";
                forge.add_at(JANUARY_20, approval(plan));
                let run = format!("{plan}-6").as_str().into();
                let batch = BatchNumber(forge.size());
                forge.add_at(
                    JANUARY_20,
                    Body::Intent(Intent { batch, year: 2025, run, plan: plan.into(), ..intent(0..3) }),
                );
            }),
        ),
    ]
}

#[test]
fn around_new_year_a_plan_may_use_the_key_of_either_year_and_later_only_its_own() {
    for (day, year, sound) in [
        ("2025-12-20", 2025, true),
        // Made for a day gone by.
        ("2025-12-20", 2026, true),
        ("2026-01-01", 2025, true),
        ("2026-01-01", 2026, true),
        ("2026-01-02", 2025, false),
        ("2026-01-02", 2026, true),
    ] {
        let plan = format!("{day}-30385c9b");
        let mut forge = Forge::ready();
        forge.add(fpkey_of(2025));
        forge.add(approval(&plan));
        let run = format!("{plan}-6").as_str().into();
        forge.batch(&[Intent { year, run, plan: plan.as_str().into(), ..intent(0..3) }], &["3D"]);
        assert_eq!(forge.flaws().is_empty(), sound, "{day} {year}: {:?}", forge.flaws());
    }
}

#[test]
fn a_hold_of_the_whole_series_and_of_a_rule_keeps_every_record() {
    for (scope, rule) in [("series", None), ("rule", Some("PC-1".into()))] {
        let mut forge = Forge::ready();
        let Body::Hold(leaf) = hold(HoldAction::Placed, "H-1", 0) else { unreachable!() };
        let leaf = HoldLeaf { scope: scope.into(), rule, fp: None, year: None, ..leaf };
        forge.add(Body::Hold(leaf.clone()));
        forge.batch(&[intent(0..3)], &["3h"]);
        assert_eq!(forge.flaws(), [""; 0], "{scope}");
        forge.batch(&[intent(3..6)], &["2h1D"]);
        assert_eq!(forge.flaws(), ["held"], "{scope}");
        forge.leaves.truncate(forge.leaves.len() - 2);
        forge.add(Body::Hold(HoldLeaf { action: HoldAction::Lifted, ..leaf }));
        forge.batch(&[intent(3..6)], &["3D"]);
        assert_eq!(forge.flaws(), [""; 0], "{scope}");
    }
}

#[test]
fn a_hold_placed_after_the_intent_says_nothing_of_the_transaction_already_under_way() {
    let mut forge = Forge::ready();
    let index = forge.batch(&[intent(0..3)], &[]);
    forge.add(hold(HoldAction::Placed, "H-1", 1));
    forge.add(Body::Outcome(outcome(BatchNumber(index), index, "3D")));
    assert_eq!(forge.flaws(), [""; 0]);
}

#[test]
fn after_a_rotation_the_new_key_signs_and_the_old_checkpoints_stay_good() {
    let mut forge = Forge::sound();
    let old = forge.checkpoint(forge.size());
    let (first, second) = (forge.key().verifier(), Forge { seed: 2, ..forge.clone() }.key().verifier());
    forge.add(Body::Sigkey(Sigkey { vkey: second.to_string(), actor: "marie (1000)".into() }));
    // Signed on with the old key: the log says otherwise.
    assert_eq!(forge.flaws().first(), Some(&"not-signed"));
    forge.seed = 2;
    let report = forge.verified(&trust(second, vec![old.clone()]));
    assert_eq!(report.verdict, Verdict::OkAnchoredTo(old.claimed().tree.size), "{:?}", report.findings);
    // An auditor who has not heard of the new key is told so, not reassured.
    assert_eq!(forge.verified(&trust(first, vec![old])).verdict, Verdict::Fail);
}

#[test]
fn a_key_may_go_once_every_hold_under_it_was_lifted() {
    let mut forge = Forge::ready();
    forge.add(hold(HoldAction::Placed, "H-1", 0));
    forge.add(hold(HoldAction::Lifted, "H-1", 0));
    let (source, actor) = ("parle".into(), "marie (1000)".into());
    forge.add(Body::FpkeyDestroyed(FpkeyDestroyed { source, year: 2026, actor }));
    assert_eq!(forge.flaws(), [""; 0]);
}

#[test]
fn a_hold_that_names_its_record_under_another_year_is_told_as_not_compared() {
    for (hold_year, of, told) in [(2025, "parle", 1), (2026, "parle", 0), (2025, "other", 0)] {
        let mut forge = Forge::ready();
        forge.add(fpkey_of(2025));
        let Body::Fpkey(key) = fpkey_of(hold_year) else { unreachable!() };
        if of != "parle" {
            forge.add(Body::Fpkey(Fpkey { source: of.into(), ..key }));
        }
        let Body::Hold(leaf) = hold(HoldAction::Placed, "H-1", 1) else { unreachable!() };
        forge.add(Body::Hold(HoldLeaf { year: Some(hold_year), source: Some(of.into()), ..leaf }));
        forge.batch(&[intent(3..6)], &["3D"]);
        forge.batch(&[intent(6..9)], &["3D"]);
        let report = forge.verified(&Trust::default());
        assert_eq!(
            (report.verdict, report.tally.uncompared_holds),
            (Verdict::OkUnanchored, told),
            "{:?}",
            report.findings
        );
    }
}

fn with_hold(change: impl Fn(&mut HoldLeaf) + 'static) -> Forgery {
    Box::new(move |forge| {
        let Body::Hold(mut leaf) = hold(HoldAction::Placed, "H-1", 1) else { unreachable!() };
        change(&mut leaf);
        forge.add(Body::Hold(leaf));
    })
}

/// 2026-01-20T00:00:00Z.
const JANUARY_20: i64 = 1_768_867_200;

/// A hold, and its lifting as of another one.
fn lifted_as(change: impl Fn(&mut HoldLeaf) + 'static) -> Forgery {
    Box::new(move |forge| {
        forge.add(hold(HoldAction::Placed, "H-1", 1));
        let Body::Hold(mut leaf) = hold(HoldAction::Lifted, "H-1", 1) else { unreachable!() };
        change(&mut leaf);
        forge.add(Body::Hold(leaf));
    })
}
