use super::*;
use crate::disposition::sample;
use crate::report::words::{EN, FR};

fn line(only: &[&str], excepted: u64) -> PlanLine {
    let decision = Decision {
        plan: "2026-11-21-0a1b2c3d".into(),
        digest: crate::model::Digest::of(b"plan"),
        granted: true,
        actor: "marie (1001)".into(),
        at: sample::now(),
        accepted: Vec::new(),
        only: only.iter().copied().map(RuleNumber::from).collect(),
        excepted,
        reason: None,
    };
    PlanLine::from(&PlanStatus {
        plan: decision.plan.clone(),
        state: PlanState::Approved,
        digest: None,
        as_of: None,
        made_at: None,
        planned: [("PC-1".into(), 1_387), ("PC-2".into(), 192)].into(),
        unread: Default::default(),
        lists_only: None,
        rails: Vec::new(),
        decision: Some(decision),
        fault: None,
    })
}

#[test]
fn a_plan_that_was_approved_in_part_shows_how_much_of_it_and_which_rules() {
    assert_eq!((line(&[], 0).approved, line(&["PC-2"], 2).approved), (Some(1_579), Some(190)));
    let whole = PlansReport { plans: vec![line(&[], 0)] }.text(&EN);
    assert!(whole.contains("1,579") && !whole.contains(" of "), "{whole}");
    let part = PlansReport { plans: vec![line(&["PC-2"], 2)] };
    assert!(part.text(&EN).contains("190 of 1,579"), "{}", part.text(&EN));
    assert!(part.text(&EN).contains("Only these rules: PC-2."), "{}", part.text(&EN));
    assert!(part.text(&EN).contains("2 records left out"), "{}", part.text(&EN));
    assert!(!whole.contains("left out"), "{whole}");
    assert_eq!((part.json()["plans"][0]["excepted"].as_u64(), line(&[], 0).excepted), (Some(2), 0));
    assert!(part.text(&FR).contains("190 sur 1\u{a0}579"), "{}", part.text(&FR));
}

#[test]
fn an_approval_keeps_within_a_page_but_for_the_commands_to_type() {
    let plan = &line(&["PC-1", "PC-2"], 1).plan;
    let approved = Approved {
        plan: plan.clone(),
        digest: String::new(),
        by: "marie-claude.tremblay (1001)".into(),
        at: "2026-11-21T12:00:00Z".into(),
        accepted: ["share", "count", "median", "rules", "mapping", "guesses", "backlog"].map(str::to_owned).into(),
        only: ["PC-1", "PC-2"].map(str::to_owned).into(),
        excepted: 12,
        warnings: Vec::new(),
        executes: Executes::Daemon { waits: Some("it is paused by root (0): the auditor is here".into()) },
        program: "retentiond --config /etc/retentiond/retentiond.toml".into(),
    };
    for text in [approved.text(&EN), approved.text(&FR)] {
        let sentences = text.lines().filter(|line| !line.contains("--config"));
        assert!(sentences.clone().all(|line| line.chars().count() <= 80), "{text}");
        assert!(sentences.count() < text.lines().count(), "{text}");
    }
}

#[test]
fn a_plan_that_lists_less_than_it_was_asked_to_count_says_what_it_leaves_out() {
    let whole = PlansReport { plans: vec![line(&[], 0)] }.text(&EN);
    assert!(!whole.contains("lists only") && !whole.contains("could not be read"), "{whole}");
    let less = PlanLine { lists_only: Some("PC-1".into()), unread: vec!["archive".into()], ..line(&[], 0) };
    let (english, french) =
        (PlansReport { plans: vec![less.clone()] }.text(&EN), PlansReport { plans: vec![less] }.text(&FR));
    assert!(english.contains("lists only what is due under PC-1") && english.contains("without archive"), "{english}");
    assert!(french.contains("PC-1") && french.contains("sans archive"), "{french}");
}
