//! Batches: rows of intents, their outcomes, and what became of the records.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use retentiond::audit::leaf::*;
use retentiond::audit::verify::{Trust, Verdict};
use retentiond::model::BatchNumber;

use super::{Forgery, with_intent};
use crate::forge::*;

/// Each change of one thing in a sound log, and the flaw that it makes.
pub fn forgeries() -> Vec<(&'static str, Forgery)> {
    vec![
        ("counts-differ", with_intent(|intent| intent.fp.truncate(43))),
        ("counts-differ", with_intent(|intent| intent.day.truncate(1))),
        ("counts-differ", with_intent(|intent| intent.rfp = Some("AAAA".into()))),
        ("broken-batch", with_intent(|intent| intent.of = 2)),
        ("broken-batch", with_intent(|intent| intent.batch = BatchNumber(0))),
        ("broken-batch", with_references(&[true, false])),
        ("broken-batch", with_references(&[false, true])),
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
            "no-batch",
            Box::new(|forge| {
                forge.add(Body::Correction(Correction {
                    batch: Some(BatchNumber(0)),
                    records: 1,
                    ..Correction::new("parle".into(), "missing_fence")
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
                let (source, what) = ("parle".into(), "resurrected");
                forge.add(Body::Correction(Correction { batch, records: 1, ..Correction::new(source, what) }));
            }),
        ),
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
        (
            "repeated",
            Box::new(|forge| {
                // A second run of the plan leaves out what the first settled.
                forge.batch(&[intent(0..3)], &["2D1r"]);
                let counts = RunCounts { planned: 3, destroyed: 2, deferred: 1, ..RunCounts::default() };
                forge.add(run(counts));
                let second = Intent { run: format!("{PLAN}-8").as_str().into(), ..intent(1..3) };
                forge.batch(&[second], &["2D"]);
            }),
        ),
        // What another source's database has back excuses nothing here.
        ("repeated", repeated_after("nowhere", "lifted")),
        ("repeated", repeated_after("nowhere", "missing_fence")),
        ("repeated", repeated_after("nowhere", "fence_table_dropped")),
        ("never-gone", Box::new(|forge| resurrected(forge, "3h", "3b", 3))),
        ("never-gone", Box::new(|forge| resurrected(forge, "2D1c", "3b", 3))),
        (
            "never-gone",
            Box::new(|forge| {
                let batch = forge.batch(&[intent(0..3)], &[]);
                forge.add(back_of(Some(batch), "resurrected", "3b", 3));
            }),
        ),
        ("unknown-word", with_correction("banana")),
        ("answer", with_answer("lifted", "parle", None)),
        ("answer", with_answer("clock", "", None)),
        ("answer", with_answer("clock", "parle", Some("marie (1000)"))),
        ("answer", with_answer("lifted", "", Some("marie (1000)"))),
        ("answer", with_answer("fence_table_dropped", "parle", Some("marie (1000)"))),
        ("unplaced", with_correction("completed")),
        ("unplaced", with_correction("resurrected")),
        ("unplaced", with_correction("missing_fence")),
        ("unplaced", with_correction("fence_table_dropped")),
        ("fewer-rows", with_outcome("3D", |outcome| outcome.rows = [("dossier".into(), 2), ("note".into(), 9)].into())),
        ("fewer-rows", with_outcome("3D", |outcome| outcome.rows = BTreeMap::new())),
        ("sum", with_outcome("3D", |outcome| _ = outcome.rows.insert("note".into(), u64::MAX))),
        ("sum", with_outcome("2D1i", |outcome| outcome.left = u64::MAX - 2)),
        ("effects", with_outcome("3D", |outcome| outcome.left = 7)),
        ("effects", with_outcome("2D1i", |outcome| outcome.left = 0)),
        ("effects", with_outcome("1D2i", |outcome| outcome.left = 1)),
        ("effects", with_outcome("3D", |outcome| outcome.bytes = 7)),
        ("effects", with_outcome("3h", |outcome| outcome.rows = [("dossier".into(), 1)].into())),
        ("effects", with_outcome("3r", |o| (o.committed, o.files) = (false, [("document".into(), 1)].into()))),
        (
            "unnamed",
            Box::new(|forge| {
                let batch = forge.batch(&[intent(0..3)], &["3D"]);
                let Body::Correction(leaf) = back_of(Some(batch), "resurrected", "1b2g", 1) else { unreachable!() };
                forge.add(Body::Correction(Correction { unnamed: 2, ..leaf }));
            }),
        ),
        (
            "other-correction",
            Box::new(|forge| {
                let batch = forge.batch(&[intent(0..3)], &["3D"]);
                let Body::Correction(leaf) = back_of(Some(batch), "resurrected", "3b", 3) else { unreachable!() };
                forge.add(Body::Correction(Correction { source: "other".into(), ..leaf }));
            }),
        ),
        (
            "other-correction",
            Box::new(|forge| {
                let batch = forge.batch(&[intent(0..3)], &["3D"]);
                let Body::Correction(leaf) = back_of(Some(batch), "missing_fence", "3b", 4) else { unreachable!() };
                forge.add(Body::Correction(Correction { back: None, ..leaf }));
            }),
        ),
        (
            "back",
            Box::new(|forge| {
                // One letter for three records.
                resurrected(forge, "3D", "1b", 1);
            }),
        ),
        ("back", Box::new(|forge| resurrected(forge, "3D", "2g1b", 2))),
        ("back", Box::new(|forge| resurrected(forge, "3D", "1b1b1g", 2))),
        (
            "back",
            Box::new(|forge| {
                let batch = forge.batch(&[intent(0..3)], &["3D"]);
                forge.add(back_of(Some(batch), "missing_fence", "3b", 3));
            }),
        ),
        (
            "back",
            Box::new(|forge| {
                forge.add(back_of(None, "resurrected", "3b", 3));
            }),
        ),
    ]
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
fn a_record_destroyed_under_two_plans_is_told_unless_the_database_was_put_back_between() {
    const OTHER: &str = "2026-01-03-30385c9b";
    let mut forge = Forge::ready();
    forge.add(approval(OTHER));
    let second = |records| Intent { plan: OTHER.into(), run: format!("{OTHER}-7").as_str().into(), ..intent(records) };
    let first = forge.batch(&[intent(0..3)], &["3D"]);
    let mut put_back = forge.clone();
    forge.batch(&[second(1..5)], &["4D"]);
    let report = forge.verified(&Trust::default());
    assert_eq!((report.verdict, report.tally.destroyed_again), (Verdict::OkUnanchored, 2));
    let (source, what, batch) = ("parle".into(), "resurrected", Some(BatchNumber(first)));
    put_back.add(Body::Correction(Correction { batch, records: 3, ..Correction::new(source, what) }));
    put_back.batch(&[second(1..5)], &["4D"]);
    assert_eq!(put_back.verified(&Trust::default()).tally.destroyed_again, 0);
}

#[test]
fn a_person_who_answers_for_a_source_or_the_clock_is_named() {
    let mut forge = Forge::ready();
    with_answer("lifted", "parle", Some("marie (1000)"))(&mut forge);
    with_answer("clock", "", Some("marie (1000)"))(&mut forge);
    assert_eq!(forge.flaws(), [""; 0]);
}

#[test]
fn a_batch_whose_fence_was_missing_may_not_know_its_rows() {
    let mut forge = Forge::ready();
    let index = forge.batch(&[intent(0..3)], &[]);
    let unknown = Outcome { rows: BTreeMap::new(), recovered: true, ..outcome(BatchNumber(index), index, "3D") };
    let mut bare = forge.clone();
    bare.add(Body::Outcome(unknown.clone()));
    assert_eq!(bare.flaws(), ["fewer-rows"]);
    let (source, what, batch) = ("parle".into(), "missing_fence", Some(BatchNumber(index)));
    forge.add(Body::Correction(Correction { batch, records: 3, ..Correction::new(source, what) }));
    forge.add(Body::Outcome(unknown));
    assert_eq!(forge.flaws(), [""; 0]);
}

#[test]
fn a_correction_names_the_records_that_are_back_over_all_intents_of_its_batch() {
    let mut forge = Forge::ready();
    let batch = forge.batch(&[intent(0..3), intent(3..6)], &["3D", "2D1c"]);
    forge.add(back_of(Some(batch), "resurrected", "2g2b2g", 2));
    assert_eq!(forge.flaws(), [""; 0]);
}

#[test]
fn a_correction_may_say_how_many_records_it_could_not_look_for() {
    let mut forge = Forge::ready();
    let batch = Some(BatchNumber(forge.batch(&[intent(0..3)], &["3D"])));
    let missing = Correction::new("parle".into(), "missing_fence");
    forge.add(Body::Correction(Correction { batch, unnamed: 3, ..missing }));
    assert_eq!(forge.flaws(), [""; 0]);
}

fn with_outcome(results: &'static str, change: impl Fn(&mut Outcome) + 'static) -> Forgery {
    Box::new(move |forge| {
        let index = forge.batch(&[intent(0..3)], &[]);
        let mut changed = outcome(BatchNumber(index), index, results);
        change(&mut changed);
        forge.add(Body::Outcome(changed));
    })
}

/// The same records destroyed twice in one run, and a correction of a source between.
fn repeated_after(source: &'static str, what: &'static str) -> Forgery {
    Box::new(move |forge| {
        let batch = Some(BatchNumber(forge.batch(&[intent(0..3)], &["3D"]))).filter(|_| what != "lifted");
        let actor = (what == "lifted").then(|| "marie (1000)".into());
        let (source, what) = (source.into(), what);
        forge.add(Body::Correction(Correction { batch, actor, ..Correction::new(source, what) }));
        forge.batch(&[intent(0..3)], &["3D"]);
    })
}

#[test]
fn what_a_correction_of_its_own_source_lets_go_again_is_no_repetition() {
    for what in ["lifted", "missing_fence", "fence_table_dropped"] {
        let mut forge = Forge::ready();
        repeated_after("parle", what)(&mut forge);
        assert_eq!(forge.flaws(), [""; 0], "{what}");
    }
}

fn with_correction(what: &'static str) -> Forgery {
    Box::new(move |forge| {
        let (source, what) = ("parle".into(), what);
        forge.add(Body::Correction(Correction::new(source, what)));
    })
}

fn with_answer(what: &'static str, source: &'static str, actor: Option<&'static str>) -> Forgery {
    Box::new(move |forge| {
        let (source, what, actor) = (source.into(), what, actor.map(Into::into));
        forge.add(Body::Correction(Correction { actor, ..Correction::new(source, what) }));
    })
}

/// A batch of one intent, and a correction that says so of its records.
fn resurrected(forge: &mut Forge, results: &str, back: &str, records: u64) {
    let batch = forge.batch(&[intent(0..3)], &[results]);
    forge.add(back_of(Some(batch), "resurrected", back, records));
}

fn back_of(batch: Option<u64>, what: &str, back: &str, records: u64) -> Body {
    let (batch, back) = (batch.map(BatchNumber), Some(back.into()));
    Body::Correction(Correction { batch, back, records, ..Correction::new("parle".into(), what) })
}

/// A batch of intents that tell references, or do not.
fn with_references(told: &'static [bool]) -> Forgery {
    Box::new(move |forge| {
        let intents: Vec<Intent> = told
            .iter()
            .zip([intent(0..3), intent(3..6)])
            .map(|(told, intent)| Intent { rfp: told.then(|| intent.fp.clone()), ..intent })
            .collect();
        forge.batch(&intents, &["3D", "3D"]);
    })
}

#[test]
fn the_intents_of_a_batch_tell_references_alike() {
    for told in [&[true, true], &[false, false]] {
        let mut forge = Forge::ready();
        with_references(told)(&mut forge);
        assert_eq!(forge.flaws(), [""; 0]);
    }
}
