//! Runs: each ends in a statement that follows from its outcomes.

use retentiond::audit::leaf::*;
use retentiond::audit::verify::{Trust, Verdict};

use super::Forgery;
use crate::forge::*;

/// Each change of one thing in a sound log, and the flaw that it makes.
pub fn forgeries() -> Vec<(&'static str, Forgery)> {
    vec![
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
        ("broken-entry", with_run(|run| run.more = true)),
        (
            "broken-entry",
            Box::new(|forge| {
                let Body::Run(stated) = run(RunCounts::default()) else { unreachable!() };
                forge.add(Body::Run(Run { more: true, ..stated.clone() }));
                forge.add(Body::Run(stated));
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
            "unknown-word",
            Box::new(|forge| {
                let (run, source) = (RUN.into(), "parle".into());
                let (level, method) = ("shredded".into(), "with scissors".into());
                forge.add(Body::Sanitized(Sanitized { run, source, level, method }));
            }),
        ),
        ("unknown-run", with_sanitized(|sanitized| sanitized.run = "no-such-run".into())),
        ("unknown-source", with_sanitized(|sanitized| sanitized.source = "other".into())),
        (
            "unknown-source",
            Box::new(|forge| {
                let Body::Mapping(mapping) = mapping() else { unreachable!() };
                // Mapped, but the run never went near it.
                forge.add(Body::Mapping(MappingLeaf { source: "other".into(), ..mapping }));
                with_sanitized(|sanitized| sanitized.source = "other".into())(forge);
            }),
        ),
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
    ]
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

fn with_sanitized(change: impl Fn(&mut Sanitized) + 'static) -> Forgery {
    Box::new(move |forge| {
        forge.batch(&[intent(0..3)], &["3D"]);
        let (run, source, level) = (RUN.into(), "parle".into(), "logical".into());
        let mut leaf = Sanitized { run, source, level, method: "read back".into() };
        change(&mut leaf);
        forge.add(Body::Sanitized(leaf));
    })
}
