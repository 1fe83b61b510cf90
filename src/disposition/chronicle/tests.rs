use super::*;
use crate::audit::leaf::{Approval, GovernedBy, Rejection, Run, RunCounts, VerdictCounts};

fn chronicle(bodies: &[Body]) -> Chronicle {
    let mut chronicle = Chronicle::default();
    (0..).zip(bodies).for_each(|(index, body)| chronicle.note(index, body));
    chronicle
}

fn hold(id: &str, action: HoldAction) -> Body {
    Body::Hold(HoldLeaf {
        hold: id.into(),
        action,
        actor: "marie (1001)".into(),
        scope: "series".to_owned(),
        source: None,
        series: None,
        rule: None,
        year: None,
        fp: None,
        reason: Digest::of(b"reason"),
        review_by: None,
    })
}

fn governed(rules: &[u8]) -> GovernedBy {
    GovernedBy { rules: Digest::of(rules), mapping: Digest::of(b"mapping") }
}

fn approval(plan: &str, series: &str, rules: &[u8]) -> Body {
    Body::Approval(Approval {
        plan: plan.into(),
        digest: Digest::of(plan.as_bytes()),
        actor: "marie (1001)".into(),
        only: Vec::new(),
        excepted: 0,
        accepted: Vec::new(),
        governed: BTreeMap::from([(series.into(), governed(rules))]),
    })
}

fn rejection(plan: &str) -> Body {
    Body::Rejection(Rejection {
        plan: plan.into(),
        digest: Digest::of(plan.as_bytes()),
        actor: "marie (1001)".into(),
        reason: Digest::of(b"reason"),
    })
}

fn run(plan: &str, due: u64, finished: bool) -> Body {
    Body::Run(Run {
        run: RunId::new(format!("{plan}-run")),
        plan: plan.into(),
        started: 0,
        actor: "marie (1001)".into(),
        finished,
        counts: RunCounts::default(),
        rows: 0,
        detached: 0,
        triggered: 0,
        files: 0,
        bytes: 0,
        more: false,
        verdicts: BTreeMap::from([("PC-1".into(), VerdictCounts { due, ..VerdictCounts::default() })]),
    })
}

fn correction(source: &str, what: &str) -> Body {
    Body::Correction(Correction::new(source.into(), what))
}

#[test]
fn a_hold_is_in_force_from_its_placing_to_its_lifting() {
    let (placed, lifted) = (hold("H-1", HoldAction::Placed), hold("H-1", HoldAction::Lifted));
    let before = chronicle(&[placed.clone(), hold("H-2", HoldAction::Placed)]);
    assert_eq!(before.holds().len(), 2);
    let after = chronicle(&[placed, hold("H-2", HoldAction::Placed), lifted]);
    assert_eq!(after.holds().keys().map(HoldId::as_str).collect::<Vec<_>>(), ["H-2"]);
    assert!(after.is_lifted(&"H-1".into()) && !after.is_lifted(&"H-2".into()));
    assert_eq!(after.seen(), 3);
}

#[test]
fn the_last_approval_of_a_series_counts() {
    let found = chronicle(&[
        approval("a", "dossier", b"old"),
        approval("b", "account", b"x"),
        approval("c", "dossier", b"new"),
    ]);
    assert_eq!(found.history().approved[&SeriesName::from("dossier")], governed(b"new"));
    assert_eq!(found.approved(&"a".into()), Some(&Digest::of(b"a")));
    assert_eq!(found.approved(&"z".into()), None);
}

#[test]
fn a_rejection_takes_back_what_the_last_approval_of_its_plan_bound() {
    let found = chronicle(&[approval("a", "dossier", b"x"), approval("b", "account", b"y"), rejection("a")]);
    assert_eq!(found.history().approved.keys().collect::<Vec<_>>(), [&SeriesName::from("account")]);
    assert_eq!(found.history().taken_back, ["dossier".into()].into());
    let again = chronicle(&[approval("a", "dossier", b"x"), rejection("a"), approval("c", "dossier", b"x")]);
    assert!(
        again.history().approved.contains_key(&SeriesName::from("dossier")) && again.history().taken_back.is_empty()
    );
    let since = chronicle(&[approval("a", "dossier", b"x"), approval("c", "dossier", b"x"), rejection("a")]);
    assert!(
        since.history().approved.contains_key(&SeriesName::from("dossier")),
        "somebody approved another plan of it since"
    );
}

#[test]
fn only_runs_to_the_end_that_found_something_count_and_the_newest_comes_first() {
    let found = chronicle(&[run("a", 5, true), run("b", 0, true), run("c", 7, false), run("d", 9, true)]);
    assert_eq!(found.history().runs[&RuleNumber::from("PC-1")], [9, 5]);
    assert!(found.finished(&"b".into()).is_some() && found.finished(&"c".into()).is_none());
    let many: Vec<_> = (0..100).map(|number| run(&number.to_string(), number + 1, true)).collect();
    assert_eq!(chronicle(&many).history().runs[&RuleNumber::from("PC-1")].len(), RUNS_KEPT);
}

#[test]
fn what_was_executed_or_rejected_is_done() {
    let found = chronicle(&[run("a", 5, true), run("c", 7, false), rejection("r")]);
    assert_eq!(found.history().done, ["a", "r"].map(PlanId::from).into());
    assert_eq!(found.rejected(&"r".into()), Some(&Digest::of(b"r")));
}

#[test]
fn a_restored_source_waits_until_a_person_lets_it_go_on() {
    for what in [
        correction::TABLE_DROPPED,
        correction::RESURRECTED,
        correction::MISSING_FENCE,
        correction::ALTERED_FENCE,
        "something new",
    ] {
        assert!(chronicle(&[correction("parle", what)]).is_restored(&"parle".into()), "{what}");
        let lifted = chronicle(&[correction("parle", what), correction("parle", correction::LIFTED)]);
        assert!(!lifted.is_restored(&"parle".into()), "{what}");
    }
    for what in [correction::COMPLETED, correction::RELEASED, correction::CLOCK] {
        assert!(!chronicle(&[correction("parle", what)]).is_restored(&"parle".into()), "{what}");
    }
}

#[test]
fn the_row_of_the_last_batch_is_known_while_its_source_waits_and_until_a_person_lets_it_go_on() {
    let source = SourceName::from("parle");
    let mut told = Chronicle::default();
    let commit = |told: &mut Chronicle, batch: u64, committed| {
        told.note_intent(BatchNumber(batch), &"a".into(), &source);
        told.note_outcome(BatchNumber(batch), committed);
        told.last_row(&source)
    };
    assert_eq!(commit(&mut told, 3, false), None);
    assert_eq!(commit(&mut told, 5, true), Some(LastRow::Of(BatchNumber(5))));
    told.note(6, &correction("parle", correction::MISSING_FENCE));
    assert_eq!(
        (told.expected_fences().get(&source), told.last_row(&source)),
        (None, Some(LastRow::Of(BatchNumber(5))))
    );
    told.note(7, &correction("parle", correction::LIFTED));
    assert_eq!(told.last_row(&source), Some(LastRow::LetGo));
    assert_eq!(commit(&mut told, 8, true), Some(LastRow::Of(BatchNumber(8))));
}

#[test]
fn an_approval_answers_for_a_restored_source_only_as_it_was_known_then() {
    let accepted = |rails: &[&str]| {
        let Body::Approval(approval) = approval("a", "dossier", b"rules") else { unreachable!() };
        Body::Approval(Approval { accepted: rails.iter().map(|rail| (*rail).to_owned()).collect(), ..approval })
    };
    let restored = || correction("parle", correction::MISSING_FENCE);
    let is_answered = |bodies: &[Body]| chronicle(bodies).is_answered(&"parle".into(), &"a".into());
    assert!(is_answered(&[restored(), accepted(&["rules", "restored"])]));
    assert!(!is_answered(&[restored(), accepted(&["rules"])]), "the rail was not named");
    assert!(!is_answered(&[accepted(&["restored"]), restored()]), "it was not known yet");
    assert!(!is_answered(&[restored(), accepted(&["restored"]), restored()]), "it happened again");
    assert!(is_answered(&[restored(), accepted(&["restored"]), correction("other", correction::MISSING_FENCE)]));
}
