//! What the entries say must follow from what was said before.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use retentiond::audit::leaf::*;
use retentiond::audit::note::{KeyKind, SigningKey};
use retentiond::audit::verify::{Trust, Verdict};
use retentiond::model::BatchNumber;

use super::forge::*;

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
fn an_intent_before_the_due_date_is_found_with_the_number_of_its_records() {
    let mut forge = Forge::ready();
    let mut early = intent(0..3);
    // 2025-01-04: its year ends on 2026-01-04, so it is due from 2026-01-05T05:00:00Z in Toronto, five hours after NOW.
    early.day = vec![CLOSED, 20_092, 20_092];
    let index = forge.batch(&[early.clone()], &["3D"]);
    let report = forge.verified(&Trust::default());
    assert_eq!(report.verdict, Verdict::Fail);
    let [finding] = &report.findings[..] else { panic!("{:?}", report.findings) };
    assert_eq!((finding.entry, finding.flaw.code()), (Some(index), "too-early"));
    assert!(finding.to_string().contains("2 of its records"), "{finding}");

    let mut due = Forge::ready();
    early.day = vec![CLOSED, 20_091, 20_091];
    due.batch(&[early], &["3D"]);
    assert_eq!(due.flaws(), [""; 0]);
}

#[test]
fn an_intent_obeys_the_version_of_the_calendar_that_it_names() {
    let mut forge = Forge::ready();
    let Body::Calendar(mut next) = calendar("P5Y") else { unreachable!() };
    next.version = 3;
    let leaf = sealed(next);
    let Body::Approval(mut fresh) = approval(PLAN) else { unreachable!() };
    governed(&mut fresh).rules = rules_digest(&leaf);
    forge.add(Body::Calendar(leaf));
    forge.add(Body::Approval(fresh));
    forge.batch(&[Intent { version: 3, run: format!("{PLAN}-7").as_str().into(), ..intent(0..1) }], &["1D"]);
    assert_eq!(forge.flaws(), ["too-early"]);
}

#[test]
fn each_thing_that_does_not_follow_is_found_and_named() {
    for (flaw, forgery) in forgeries() {
        let mut forge = Forge::ready();
        forgery(&mut forge);
        let flaws = forge.flaws();
        assert!(flaws.contains(&flaw), "{flaw}: {flaws:?}");
    }
}

/// Each change of one thing in a sound log, and the flaw that it makes.
pub fn forgeries() -> Vec<(&'static str, Forgery)> {
    vec![
        ("undeclared-calendar", with_intent(|intent| intent.version = 9)),
        ("undeclared-rule", with_intent(|intent| intent.rule = "PC-9".into())),
        ("undeclared-mapping", with_intent(|intent| intent.source = "other".into())),
        ("wrong-action", with_intent(|intent| intent.action = Action::Anonymize)),
        ("undeclared-fingerprint-key", with_intent(|intent| intent.year = 2025)),
        ("not-approved", with_intent(|intent| intent.plan = "2026-01-04-00000000".into())),
        ("counts-differ", with_intent(|intent| intent.fp.truncate(43))),
        ("counts-differ", with_intent(|intent| intent.day.truncate(1))),
        ("counts-differ", with_intent(|intent| intent.rfp = Some("AAAA".into()))),
        ("broken-batch", with_intent(|intent| intent.of = 2)),
        ("broken-batch", with_intent(|intent| intent.batch = BatchNumber(0))),
        (
            "not-in-force",
            Box::new(|forge| {
                forge.replace(1, |leaf| {
                    let Body::Calendar(calendar) = &mut leaf.body else { unreachable!() };
                    calendar.effective_until = Some(date("2025-12-31"));
                });
                forge.batch(&[intent(0..1)], &["1D"]);
            }),
        ),
        (
            "unknown-zone",
            Box::new(|forge| {
                forge.replace(1, |leaf| {
                    let Body::Calendar(calendar) = &mut leaf.body else { unreachable!() };
                    calendar.zone = "America/Atlantis".into();
                });
            }),
        ),
        (
            "bad-term",
            Box::new(|forge| {
                forge.replace(1, |leaf| leaf.body = calendar("P1J"));
            }),
        ),
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
        (
            "no-intent",
            Box::new(|forge| {
                let batch = forge.batch(&[intent(0..3)], &["3D"]);
                forge.add(Body::Outcome(outcome(BatchNumber(batch), batch, "3D")));
            }),
        ),
        (
            "other-batch",
            Box::new(|forge| {
                let index = forge.batch(&[intent(0..3)], &[]);
                forge.add(Body::Outcome(outcome(BatchNumber(1), index, "3D")));
            }),
        ),
        (
            "results",
            Box::new(|forge| {
                forge.batch(&[intent(0..3)], &["2D"]);
            }),
        ),
        (
            "impossible-results",
            Box::new(|forge| {
                forge.batch(&[intent(0..3)], &["3A"]);
            }),
        ),
        (
            "impossible-results",
            Box::new(|forge| {
                let index = forge.batch(&[intent(0..3)], &[]);
                forge.add(Body::Outcome(Outcome { committed: false, ..outcome(BatchNumber(index), index, "3D") }));
            }),
        ),
        (
            "half-committed",
            Box::new(|forge| {
                let index = forge.batch(&[intent(0..3), intent(3..6)], &["3D"]);
                let aborted = Outcome { committed: false, ..outcome(BatchNumber(index), index + 1, "3r") };
                forge.add(Body::Outcome(aborted));
            }),
        ),
        (
            "held",
            Box::new(|forge| {
                forge.add(hold(HoldAction::Placed, "H-1", 1));
                forge.batch(&[intent(0..3)], &["3D"]);
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
            "no-batch",
            Box::new(|forge| {
                forge.add(Body::Correction(Correction {
                    source: "parle".into(),
                    what: "missing_fence".into(),
                    batch: Some(BatchNumber(0)),
                    actor: None,
                    records: 1,
                }));
            }),
        ),
        (
            "no-batch",
            Box::new(|forge| {
                let batch = forge.batch(&[intent(0..3), intent(3..6)], &["3D", "3D"]);
                // Its second intent: no batch begins there.
                let batch = Some(BatchNumber(batch + 1));
                forge.batch(&[intent(6..9)], &["3D"]);
                let (source, what) = ("parle".into(), "resurrected".into());
                forge.add(Body::Correction(Correction { source, what, batch, actor: None, records: 1 }));
            }),
        ),
        (
            "run-sum",
            Box::new(|forge| {
                forge.add(run(RunCounts { planned: 1, ..RunCounts::default() }));
            }),
        ),
        (
            "run-differs",
            Box::new(|forge| {
                forge.batch(&[intent(0..3)], &["2D1c"]);
                forge.add(run(RunCounts { planned: 3, destroyed: 3, ..RunCounts::default() }));
            }),
        ),
        ("run-differs", with_run(|run| run.detached = 1)),
        ("run-differs", with_run(|run| run.triggered = 1)),
        (
            "verdict-sum",
            Box::new(|forge| {
                let index = forge.add(run(RunCounts::default()));
                forge.replace(index as usize, |leaf| {
                    let Body::Run(run) = &mut leaf.body else { unreachable!() };
                    run.verdicts.values_mut().for_each(|verdicts| verdicts.open += 1);
                });
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
            "time-runs-back",
            Box::new(|forge| {
                forge.add_at(NOW - 1, fpkey_of(2025));
            }),
        ),
        ("second-genesis", Box::new(|forge| forge.leaves.push(forge.leaves[0].clone()))),
        (
            "bad-signing-key",
            Box::new(|forge| {
                let stranger = SigningKey::from_seed("other.example", KeyKind::Log, &[9; 32]).unwrap();
                let (vkey, actor) = (stranger.verifier().to_string(), "marie (1000)".into());
                forge.add(Body::Sigkey(Sigkey { vkey, actor }));
            }),
        ),
        (
            "calendar-changed",
            Box::new(|forge| {
                // A looser copy, the destruction that it excuses, and the true one again: what the auditor would read.
                forge.add(calendar("P1D"));
                forge.batch(&[Intent { day: vec![20_400; 3], ..intent(0..3) }], &["3D"]);
                forge.add(calendar("P1Y"));
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
            "run-closed",
            Box::new(|forge| {
                forge.add(run(RunCounts::default()));
                forge.batch(&[intent(0..3)], &["3D"]);
            }),
        ),
        (
            "run-closed",
            Box::new(|forge| {
                forge.add(run(RunCounts::default()));
                forge.add(run(RunCounts::default()));
            }),
        ),
        (
            "run-pending",
            Box::new(|forge| {
                forge.batch(&[intent(0..3)], &[]);
                forge.add(run(RunCounts::default()));
            }),
        ),
        ("run-plan", with_run(|run| run.plan = "2026-01-04-00000000".into())),
        ("run-start", with_run(|run| run.started = NOW + 1_000)),
        (
            "repeated",
            Box::new(|forge| {
                forge.batch(&[intent(0..3)], &["3D"]);
                forge.batch(&[intent(2..5)], &["3D"]);
            }),
        ),
        (
            "repeated",
            Box::new(|forge| {
                let twice = [fingerprint(1), fingerprint(1)].concat();
                forge.batch(&[Intent { fp: URL_SAFE_NO_PAD.encode(twice), ..intent(0..2) }], &["2D"]);
            }),
        ),
        ("unknown-word", with_correction("banana")),
        (
            "unknown-word",
            Box::new(|forge| {
                let (run, source) = (RUN.into(), "parle".into());
                let (level, method) = ("shredded".into(), "with scissors".into());
                forge.add(Body::Sanitized(Sanitized { run, source, level, method }));
            }),
        ),
        ("leaf", written(heartbeat(), "\"holds\":0", "\"holds\":-1")),
        ("leaf", written(heartbeat(), "\"overdue\":{}", "\"overdue\":{\"PC-1\":-1}")),
        ("leaf", written(heartbeat(), "\"overdue\":{}", "\"overdue\":{\"PC-1\":true}")),
        ("leaf", written(heartbeat(), "\"overdue\":{}", "\"overdue\":{\"\\ud800\":1}")),
        ("leaf", written(refused(), "\"x\"", "1")),
        ("leaf", written(refused(), "\"x\"", "[\"x\"]")),
        ("leaf", written(refused(), "\"x\"", "\"\\ud800\"")),
        ("leaf", written(approval(PLAN), ",\"rules\":\"", ",\"other\":1,\"rules\":\"")),
        ("leaf", written(approval(PLAN), "\"governed\":{", "\"governed\":{\"a\":1,")),
        ("leaf", written(approval(PLAN), "\"governed\":{", "\"governed\":{\"a\":{\"mapping\":\"\",\"rules\":\"\"},")),
        ("leaf", written(approval(PLAN), "[\"rules\"]", "[\"rules\",1]")),
        ("leaf", written(calendar("P1Y"), "\"PC-1\":{", "\"PC-1\":{\"a\":1,")),
        ("leaf", written(calendar("P1Y"), "\"ways\":[{", "\"ways\":[{\"a\":1,")),
        ("leaf", written(calendar("P1Y"), "\"ways\":[{", "\"ways\":[1,{")),
        ("leaf", written(hold(HoldAction::Placed, "H-1", 1), "\"scope\"", "\"review_by\":\"2026-02-30\",\"scope\"")),
        ("leaf", written(hold(HoldAction::Placed, "H-1", 1), "\"scope\"", "\"review_by\":\"banana\",\"scope\"")),
        ("leaf", with_first_day("true")),
        ("leaf", with_first_day("2147483648")),
        ("leaf", with_predecessor("1")),
        ("leaf", with_predecessor("{\"origin\":\"o\"}")),
        ("leaf", with_predecessor(&predecessor("5", ",\"zz\":1"))),
        ("leaf", with_predecessor(&predecessor("true", ""))),
        ("leaf", Box::new(|forge| forge.leaves.push([b'['; 50_000].to_vec()))),
        ("plan-name", with_approval(|approval| approval.digest = fingerprint_digest())),
        ("plan-name", with_approval(|approval| approval.plan = "2026-01-07-30385c9b".into())),
        ("plan-name", with_approval(|approval| approval.plan = "30385c9b".into())),
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
        ("unknown-word", with_approval(|approval| approval.accepted = vec!["banana".into()])),
        (
            "other-rules",
            Box::new(|forge| {
                // The law rewritten in its entry and not where a person approved it.
                forge.replace(1, |leaf| leaf.body = calendar("P1M"));
                forge.batch(&[intent(0..3)], &["3D"]);
            }),
        ),
        ("kept-by-rule", with_rule("permanent", &[])),
        ("kept-by-rule", with_rule("select", &[("closure", "P1D")])),
        ("kept-by-rule", with_rule("transfer", &[("closure", "P1D")])),
        ("kept-by-rule", with_rule("deidentify", &[("closure", "P1D")])),
        ("too-early", with_rule("floor", &[("closure", "P3Y")])),
        ("too-early", with_rule("destroy", &[("closure", "P3Y")])),
        ("bad-term", with_rule("floor", &[("closure", "P3J")])),
        ("fewer-rows", with_outcome("3D", |outcome| outcome.rows = [("dossier".into(), 2), ("note".into(), 9)].into())),
        ("fewer-rows", with_outcome("3D", |outcome| outcome.rows = BTreeMap::new())),
        ("effects", with_outcome("3D", |outcome| outcome.left = 7)),
        ("effects", with_outcome("2D1i", |outcome| outcome.left = 0)),
        ("effects", with_outcome("1D2i", |outcome| outcome.left = 1)),
        ("effects", with_outcome("3D", |outcome| outcome.bytes = 7)),
        ("effects", with_outcome("3h", |outcome| outcome.rows = [("dossier".into(), 1)].into())),
        ("effects", with_outcome("3r", |o| (o.committed, o.files) = (false, [("document".into(), 1)].into()))),
        ("unknown-run", with_sanitized(|sanitized| sanitized.run = "no-such-run".into())),
        ("unknown-source", with_sanitized(|sanitized| sanitized.source = "other".into())),
        ("run-name", with_run(|run| run.run = "another".into())),
        ("run-name", with_run(|run| run.run = format!("{PLAN}-99").as_str().into())),
        ("run-end", with_run(|run| run.finished = false)),
        ("run-end", with_run(|run| (run.counts.deferred, run.counts.planned) = (1, 4))),
        ("run-start", with_run(|run| run.started = NOW - 1_000)),
        ("run-planned", with_run(|run| (run.counts.failed, run.counts.planned) = (500, 503))),
        ("run-planned", with_run(|run| run.verdicts.values_mut().for_each(|found| (found.due, found.rows) = (9, 20)))),
        ("run-due", with_run(|run| run.verdicts.clear())),
        ("run-due", with_run(|run| run.verdicts.values_mut().for_each(|found| (found.due, found.rows) = (2, 13)))),
        ("run-differs", with_run(|run| (run.counts.held, run.counts.planned) = (1, 4))),
        (
            "run-differs",
            Box::new(|forge| {
                forge.batch(&[intent(0..3)], &["2D1f"]);
                forge.add(run(RunCounts { planned: 2, destroyed: 2, ..RunCounts::default() }));
            }),
        ),
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
        ("leaf", Box::new(|forge| forge.leaves.push(b"{\"at\":1, \"kind\":\"heartbeat\"}".to_vec()))),
    ]
}

pub type Forgery = Box<dyn Fn(&mut Forge)>;

fn with_intent(change: impl Fn(&mut Intent) + 'static) -> Forgery {
    Box::new(move |forge| {
        let index = forge.size();
        let mut changed = Intent { batch: BatchNumber(index), ..intent(0..3) };
        change(&mut changed);
        forge.add(Body::Intent(changed));
        forge.add(Body::Outcome(outcome(BatchNumber(index), index, "3c")));
    })
}

fn with_outcome(results: &'static str, change: impl Fn(&mut Outcome) + 'static) -> Forgery {
    Box::new(move |forge| {
        let index = forge.batch(&[intent(0..3)], &[]);
        let mut changed = outcome(BatchNumber(index), index, results);
        change(&mut changed);
        forge.add(Body::Outcome(changed));
    })
}

fn with_sanitized(change: impl Fn(&mut Sanitized) + 'static) -> Forgery {
    Box::new(move |forge| {
        forge.batch(&[intent(0..3)], &["3D"]);
        let (run, source, level) = (RUN.into(), "parle".into(), "logical".into());
        let mut leaf = Sanitized { run, source, level, method: "read back".into() };
        change(&mut leaf);
        forge.add(Body::Sanitized(leaf));
    })
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

fn governed(approval: &mut Approval) -> &mut GovernedBy {
    approval.governed.values_mut().next().unwrap()
}

/// Some other digest.
fn fingerprint_digest() -> retentiond::model::Digest {
    retentiond::model::Digest::from_bytes(fingerprint(0))
}

/// A calendar with a second rule on dossiers, approved as it is, and a destruction under the first.
fn with_rule(disposition: &'static str, ways: &'static [(&'static str, &'static str)]) -> Forgery {
    Box::new(move |forge| {
        let Body::Calendar(mut leaf) = calendar("P1Y") else { unreachable!() };
        leaf.rules.insert("PC-2".into(), rule_on_dossiers(disposition, ways));
        forge.obey(Body::Calendar(leaf));
        forge.batch(&[intent(0..3)], &["3D"]);
    })
}

fn with_hold(change: impl Fn(&mut HoldLeaf) + 'static) -> Forgery {
    Box::new(move |forge| {
        let Body::Hold(mut leaf) = hold(HoldAction::Placed, "H-1", 1) else { unreachable!() };
        change(&mut leaf);
        forge.add(Body::Hold(leaf));
    })
}

fn with_run(change: impl Fn(&mut Run) + 'static) -> Forgery {
    Box::new(move |forge| {
        forge.batch(&[intent(0..3)], &["3D"]);
        let Body::Run(mut stated) = run(RunCounts { planned: 3, destroyed: 3, ..RunCounts::default() }) else {
            unreachable!()
        };
        change(&mut stated);
        forge.add(Body::Run(stated));
    })
}

fn with_correction(what: &'static str) -> Forgery {
    Box::new(move |forge| {
        let (source, what) = ("parle".into(), what.into());
        forge.add(Body::Correction(Correction { source, what, batch: None, actor: None, records: 0 }));
    })
}

/// An entry that has this in place of that.
fn written(body: Body, true_text: &'static str, forged: &'static str) -> Forgery {
    Box::new(move |forge| {
        forge.add(body.clone());
        let text = String::from_utf8(forge.leaves.pop().unwrap()).unwrap();
        assert!(text.contains(true_text), "{text}");
        forge.leaves.push(text.replacen(true_text, forged, 1).into_bytes());
    })
}

fn heartbeat() -> Body {
    Body::Heartbeat(Heartbeat { overdue: BTreeMap::new(), holds: 0 })
}

fn refused() -> Body {
    Body::Refused(Refused { plan: None, actor: "marie (1000)".into(), reasons: vec!["x".into()] })
}

/// A sound batch, but for how the day of its first record is written.
fn with_first_day(forged: &'static str) -> Forgery {
    Box::new(move |forge| {
        let index = forge.batch(&[intent(0..3)], &["3D"]) as usize;
        let text = String::from_utf8(forge.leaves[index].clone()).unwrap();
        let forged = text.replacen(&format!("\"day\":[{CLOSED},"), &format!("\"day\":[{forged},"), 1);
        assert_ne!(forged, text);
        forge.leaves[index] = forged.into_bytes();
    })
}

/// A first entry that names this as the log before.
fn with_predecessor(forged: &str) -> Forgery {
    let forged = format!("\"predecessor\":{forged},\"tool\"");
    Box::new(move |forge| {
        let text = String::from_utf8(forge.leaves[0].clone()).unwrap();
        forge.leaves[0] = text.replacen("\"tool\"", &forged, 1).into_bytes();
    })
}

/// A predecessor in canonical form, of this size, with this after its last field.
fn predecessor(size: &str, more: &str) -> String {
    let digest = digest();
    format!(r#"{{"actor":"marie (1000)","origin":"o","reason":"{digest}","root":"{digest}","size":{size}{more}}}"#)
}

fn fpkey_of(year: i32) -> Body {
    let Body::Fpkey(fpkey) = fpkey(2) else { unreachable!() };
    Body::Fpkey(Fpkey { year, ..fpkey })
}

#[test]
fn a_log_that_succeeds_another_is_sound() {
    let mut forge = Forge::ready();
    with_predecessor(&predecessor("5", ""))(&mut forge);
    assert_eq!(forge.flaws(), [""; 0]);
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
fn an_intent_without_outcome_is_no_flaw_but_is_counted_as_pending() {
    let mut forge = Forge::ready();
    forge.batch(&[intent(0..3), intent(3..5)], &["3D"]);
    let report = forge.verified(&Trust::default());
    assert_eq!(
        (report.verdict, report.tally.pending_intents, report.tally.pending_records),
        (Verdict::OkUnanchored, 1, 2)
    );
}

#[test]
fn a_run_that_no_statement_ended_is_no_flaw_but_is_counted() {
    let mut forge = Forge::ready();
    forge.batch(&[intent(0..3)], &["3D"]);
    let cut = forge.verified(&Trust::default());
    assert_eq!((cut.verdict, cut.tally.unclosed_runs), (Verdict::OkUnanchored, 1));
    forge.add(run(RunCounts { planned: 3, destroyed: 3, ..RunCounts::default() }));
    assert_eq!(forge.verified(&Trust::default()).tally.unclosed_runs, 0);
}

#[test]
fn a_record_destroyed_in_two_runs_is_told_unless_the_database_was_put_back_between() {
    let mut forge = Forge::ready();
    let second = |records| Intent { run: format!("{PLAN}-7").as_str().into(), ..intent(records) };
    let first = forge.batch(&[intent(0..3)], &["3D"]);
    let mut put_back = forge.clone();
    forge.batch(&[second(1..5)], &["4D"]);
    let report = forge.verified(&Trust::default());
    assert_eq!((report.verdict, report.tally.destroyed_again), (Verdict::OkUnanchored, 2));
    let (source, what, batch) = ("parle".into(), "resurrected".into(), Some(BatchNumber(first)));
    put_back.add(Body::Correction(Correction { source, what, batch, actor: None, records: 3 }));
    put_back.batch(&[second(1..5)], &["4D"]);
    assert_eq!(put_back.verified(&Trust::default()).tally.destroyed_again, 0);
}

#[test]
fn a_batch_whose_fence_was_missing_may_not_know_its_rows() {
    let mut forge = Forge::ready();
    let index = forge.batch(&[intent(0..3)], &[]);
    let unknown = Outcome { rows: BTreeMap::new(), recovered: true, ..outcome(BatchNumber(index), index, "3D") };
    let mut bare = forge.clone();
    bare.add(Body::Outcome(unknown.clone()));
    assert_eq!(bare.flaws(), ["fewer-rows"]);
    let (source, what, batch) = ("parle".into(), "missing_fence".into(), Some(BatchNumber(index)));
    forge.add(Body::Correction(Correction { source, what, batch, actor: None, records: 3 }));
    forge.add(Body::Outcome(unknown));
    assert_eq!(forge.flaws(), [""; 0]);
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
fn a_hundred_findings_are_listed_and_the_rest_is_counted() {
    let mut forge = Forge::ready();
    for _ in 0..130 {
        forge.add(hold(HoldAction::Lifted, "H-9", 0));
    }
    let report = forge.verified(&Trust::default());
    assert_eq!((report.findings.len(), report.more_findings), (100, 30));
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
