//! What verification tells without judging it, and where exactly the line runs: records that are back, destructions
//! that an entry excuses, holds that nobody can compare, terms written otherwise.

use retentiond::audit::leaf::*;
use retentiond::audit::verify::{Report, Trust, Verdict};
use retentiond::disposition::declared::leaf_of_text;
use retentiond::model::{BatchNumber, Digest, Language};
use retentiond::report::Report as _;
use retentiond::report::verify::VerifyReport;

use super::{Forgery, with_intent};
use crate::forge::*;
use crate::python::{python, said};

const DAY: i64 = 86_400;

/// Each change of one thing in a sound log, and the flaw that it makes.
pub fn forgeries() -> Vec<(&'static str, Forgery)> {
    let mut forgeries: Vec<(&'static str, Forgery)> = vec![
        ("bad-day", with_intent(|intent| intent.day[0] = -719_163)),
        ("bad-day", with_intent(|intent| intent.day[0] = 2_932_897)),
        (
            "approval-old",
            Box::new(|forge| {
                began(forge, NOW + 15 * DAY + 5);
            }),
        ),
        (
            "approval-old",
            Box::new(|forge| {
                let Body::Run(stated) = run(RunCounts::default()) else { unreachable!() };
                let started = NOW + 15 * DAY + 5;
                forge.add_at(started, Body::Run(Run { started, ..stated }));
            }),
        ),
        (
            "plan-name",
            Box::new(|forge| {
                forge.add(approval("2026-1-04-30385c9b"));
            }),
        ),
        ("run-name", with_intent(|intent| intent.run = format!("{PLAN}-+5").as_str().into())),
        ("run-name", with_intent(|intent| intent.run = format!("{PLAN}-05").as_str().into())),
        (
            "back-kept",
            Box::new(|forge| {
                let batch = forge.batch(&[intent(0..3), intent(3..6)], &["3D", "1D1h1D"]);
                forge.add(back(Some(batch), Some("4g1b1g"), 1));
            }),
        ),
        (
            "held",
            Box::new(|forge| {
                let Body::Hold(leaf) = hold(HoldAction::Placed, "H-1", 1) else { unreachable!() };
                forge.add(Body::Hold(HoldLeaf { scope: "subject".into(), ..leaf }));
                forge.batch(&[intent(0..3)], &["3D"]);
            }),
        ),
        (
            "bad-term",
            Box::new(|forge| {
                let Body::Calendar(mut leaf) = calendar("P1Y") else { unreachable!() };
                leaf.rules
                    .insert("PC-1".into(), rule_on_dossiers("destroy", &[("closure", "P1Y"), ("closure", "P2Y")]));
                forge.obey(Body::Calendar(sealed(leaf)));
            }),
        ),
        (
            "bad-term",
            Box::new(|forge| {
                let Body::Calendar(mut leaf) = calendar("P1Y") else { unreachable!() };
                leaf.rules.values_mut().for_each(|rule| rule.year_end = Some("1-031".into()));
                forge.obey(Body::Calendar(sealed(leaf)));
            }),
        ),
    ];
    for keep in ["P1YT1H", "P1DT", "P\u{661}3Y", "P4294967296Y", "PT0S"] {
        forgeries.push(("bad-term", Box::new(move |forge| forge.obey(calendar(keep)))));
    }
    // The neutral point, and one that is none of the curve.
    for public in [[1_u8].as_slice(), &[2]] {
        let vkey = verifier_key(public);
        forgeries.push((
            "bad-signing-key",
            Box::new(move |forge| {
                // The good key again after it, which signs.
                for vkey in [vkey.clone(), forge.key().verifier().to_string()] {
                    forge.add(Body::Sigkey(Sigkey { vkey, actor: "marie (1000)".into() }));
                }
            }),
        ));
    }
    forgeries
}

/// The text of a verifier key of the log whose public key begins with these bytes, the others being zero.
fn verifier_key(public: &[u8]) -> String {
    use base64::Engine;
    let mut key = vec![1];
    key.extend(public);
    key.resize(33, 0);
    let id = Digest::of(&[ORIGIN.as_bytes(), b"\n", &key].concat()).to_string();
    format!("{ORIGIN}+{}+{}", &id[..8], base64::engine::general_purpose::STANDARD.encode(&key))
}

/// Announces a batch at this time.
fn began(forge: &mut Forge, at: i64) -> u64 {
    let batch = BatchNumber(forge.size());
    forge.add_at(at, Body::Intent(Intent { batch, ..intent(0..3) }))
}

fn back(batch: Option<u64>, back: Option<&str>, records: u64) -> Body {
    let (batch, back) = (batch.map(BatchNumber), back.map(Into::into));
    Body::Correction(Correction { batch, back, records, ..Correction::new("parle".into(), "resurrected") })
}

/// Both verifiers find nothing wrong; what ours reports, and what the other prints.
fn sound(forge: &Forge) -> (Report, String) {
    let dir = forge.written();
    let report = forge.verified(&Trust { read_text: Some(leaf_of_text), ..Trust::default() });
    assert_eq!(report.verdict, Verdict::OkUnanchored, "{:?}", report.findings);
    if !python() {
        return (report, String::new());
    }
    let said = said(dir.path(), &[]);
    assert_eq!(said.0, "OK-UNANCHORED", "{}", said.2);
    (report, said.2)
}

fn page(report: &Report) -> String {
    VerifyReport { dir: "audit".as_ref(), report }.text(Language::English.words())
}

#[test]
fn records_that_the_log_says_are_back_are_not_counted_as_destroyed() {
    let mut forge = Forge::ready();
    // It may speak of batches of the log before.
    forge.replace(0, |leaf| {
        let Body::Genesis(genesis) = &mut leaf.body else { unreachable!() };
        let (origin, actor) = ("log.example/before".into(), "marie (1000)".into());
        genesis.predecessor =
            Some(Predecessor { origin, size: 9, root: digest(), partial: false, reason: digest(), actor });
    });
    let batch = forge.batch(&[intent(0..5)], &["3D1i1h"]);
    assert!(!page(&sound(&forge).0).contains("back since"));
    // The last correction of a batch counts.
    for (told, records, table) in [("1g1b3g", 1, (2, 2, 1)), ("4b1g", 4, (0, 1, 4)), ("1b4g", 1, (3, 1, 1))] {
        forge.add(back(Some(batch), Some(told), records));
        let (report, script) = sound(&forge);
        let rule = report.tally.rules[&"PC-1".into()];
        assert_eq!((rule.destroyed, rule.others, rule.back), table, "{told}");
        assert_eq!((report.tally.back(), report.tally.told_unsigned), (records, 0));
        assert!(page(&report).contains("back since"), "{}", page(&report));
        assert!(!python() || script.contains(&format!("{records} records that were destroyed")), "{script}");
    }
    forge.add(back(None, None, 7));
    let (report, _) = sound(&forge);
    assert_eq!(report.tally.back_unplaced, 7);
    assert!(page(&report).contains("without saying of which batch"), "{}", page(&report));
}

#[test]
fn what_goes_again_because_an_entry_lets_it_is_told_aloud() {
    let mut forge = Forge::ready();
    let batch = forge.batch(&[intent(0..3)], &["2D1h"]);
    forge.add(back(Some(batch), Some("1b2g"), 1));
    forge.batch(&[intent(0..1), intent(2..3)], &["1D", "1D"]);
    let (report, script) = sound(&forge);
    assert_eq!((report.tally.excused, report.tally.destroyed_again), (1, 0));
    assert!(page(&report).contains("That entry excuses it"), "{}", page(&report));
    assert!(!python() || script.contains("1 records were disposed of again"), "{script}");
}

#[test]
fn a_hold_that_does_not_say_which_records_it_keeps_is_told_as_not_compared() {
    type Change = (&'static str, fn(&mut HoldLeaf), u64);
    let change: [Change; 8] = [
        ("reference", |leaf| leaf.scope = "reference".into(), 1),
        ("where", |leaf| leaf.scope = "where".into(), 1),
        ("where", |leaf| (leaf.scope, leaf.series) = ("where".into(), Some("account".into())), 0),
        // A person's own record is compared; what is theirs in other series cannot be.
        ("subject", |leaf| named(leaf, "subject", "dossier"), 0),
        ("subject", |leaf| named(leaf, "subject", "account"), 1),
        ("subject", |leaf| (leaf.scope, leaf.series) = ("subject".into(), Some("account".into())), 1),
        ("record", |leaf| leaf.scope = "record".into(), 1),
        ("record", |leaf| named(leaf, "record", "account"), 0),
    ];
    for (scope, change, told) in change {
        let mut forge = Forge::ready();
        let Body::Hold(leaf) = hold(HoldAction::Placed, "H-1", 50) else { unreachable!() };
        let mut leaf = HoldLeaf { year: None, fp: None, ..leaf };
        change(&mut leaf);
        forge.add(Body::Hold(leaf.clone()));
        forge.batch(&[intent(0..3)], &["3D"]);
        forge.batch(&[intent(3..6)], &["3D"]);
        let (report, script) = sound(&forge);
        assert_eq!(report.tally.untold_holds.get(scope).copied().unwrap_or(0), told, "{leaf:?}");
        let text = page(&report).split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(text.contains("The log does not say which records those are"), told > 0, "{text}");
        assert!(!python() || script.contains("by reference, person or expression") == (told > 0), "{leaf:?}: {script}");
    }
}

/// The hold names its record by a fingerprint, in this series.
fn named(leaf: &mut HoldLeaf, scope: &str, series: &str) {
    let Body::Hold(named) = hold(HoldAction::Placed, "H-1", 50) else { unreachable!() };
    *leaf = HoldLeaf { scope: scope.into(), series: Some(series.into()), ..named };
}

#[test]
fn a_run_may_begin_for_a_fortnight_after_its_approval_and_longer_where_the_clock_was_wrong() {
    let mut forge = Forge::ready();
    began(&mut forge, NOW + 15 * DAY);
    sound(&forge);
    let mut late = Forge::ready();
    late.add(Body::Correction(Correction {
        actor: Some("marie (1000)".into()),
        ..Correction::new("".into(), "clock")
    }));
    began(&mut late, NOW + 17 * DAY);
    sound(&late);
    let mut anew = Forge::ready();
    anew.add_at(NOW + 10 * DAY, approval(PLAN));
    began(&mut anew, NOW + 20 * DAY);
    sound(&anew);
}

#[test]
fn a_period_means_the_same_however_it_is_written() {
    for (keep, leaf_says) in [("P2W", "P14D"), ("P12M", "P1Y"), ("P1Y", "P12M"), ("PT24H", "P1DT0H"), ("P2W", "P2W")] {
        let mut forge = Forge::ready();
        forge.obey(calendar(leaf_says));
        let Body::Calendar(law) = calendar(keep) else { unreachable!() };
        forge.replace(1, |leaf| {
            let Body::Calendar(calendar) = &mut leaf.body else { unreachable!() };
            calendar.digest = Digest::of(text(&law).as_bytes());
        });
        let dir = forge.written();
        std::fs::write(dir.path().join("blobs").join(Digest::of(text(&law).as_bytes()).to_string()), text(&law))
            .unwrap();
        let trust = Trust { read_text: Some(leaf_of_text), ..Trust::default() };
        let report = retentiond::audit::verify::verify(dir.path(), &trust);
        assert!(report.findings.is_empty(), "{keep} {leaf_says}: {:?}", report.findings);
        if python() {
            let said = said(dir.path(), &[]);
            assert_eq!(said.0, "OK-UNANCHORED", "{keep} {leaf_says}: {}", said.2);
        }
    }
}

#[test]
fn a_term_beyond_all_dates_is_no_flaw_of_its_calendar() {
    let mut forge = Forge::ready();
    let Body::Calendar(mut leaf) = calendar("P4294967295Y") else { unreachable!() };
    leaf.digest = Digest::of(text(&leaf).as_bytes());
    forge.obey(Body::Calendar(leaf));
    assert_eq!(forge.flaws(), [""; 0]);
}
