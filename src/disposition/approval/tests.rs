use super::*;
use crate::disposition::plan::{PlanDirs, sample};
use crate::model::CivilDate;

struct State(tempfile::TempDir);

impl State {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn plan(&self, items: i64, simulation: bool) -> Plan {
        let id = sample::keep(self.0.path(), items, simulation);
        PlanDirs::of(self.0.path()).open(&id).unwrap()
    }
}

fn actor() -> Actor {
    Actor::new("marie (1001)")
}

fn after(days: i64) -> Instant {
    sample::made_at() + TimeDelta::days(days)
}

fn rail(rail: Rail) -> Tripped {
    Tripped { rail, series: "dossier".into(), rule: None, message: String::new(), figures: None }
}

fn approved(plan: Plan, terms: Terms) -> ApprovedPlan {
    approve(plan, terms, &[], &actor(), after(1)).unwrap()
}

fn keys(approved: &ApprovedPlan, limit: usize) -> Vec<String> {
    let mut keys = Vec::new();
    let mut after = None;
    while let Some((items, cursor)) = approved.chunk(after.as_ref(), limit).unwrap() {
        keys.extend(items.iter().map(|item| item.key.to_string()));
        after = Some(cursor);
    }
    keys
}

#[test]
fn a_simulation_can_never_be_approved() {
    let state = State::new();
    let error = approve(state.plan(3, true), Terms::default(), &[], &actor(), after(0)).unwrap_err();
    assert!(
        matches!(error, ApprovalError::Simulation { as_of, .. } if as_of == "2026-11-21".parse::<CivilDate>().unwrap())
    );
}

#[test]
fn a_plan_waits_fourteen_days_and_no_longer() {
    let state = State::new();
    assert!(approve(state.plan(3, false), Terms::default(), &[], &actor(), after(14)).is_ok());
    let late = after(14) + TimeDelta::seconds(1);
    let error = approve(state.plan(3, false), Terms::default(), &[], &actor(), late).unwrap_err();
    assert_eq!(error.code(), "plan-expired");
}

#[test]
fn every_rail_must_be_named() {
    let state = State::new();
    let tripped = [rail(Rail::Share), rail(Rail::Rules)];
    let terms = |accept: &[Rail]| Terms { accept: accept.to_vec(), ..Terms::default() };
    let error = approve(state.plan(3, false), terms(&[Rail::Share]), &tripped, &actor(), after(0)).unwrap_err();
    assert!(error.to_string().contains("--accept rules`"), "{error}");
    assert!(matches!(error, ApprovalError::Rails { tripped, .. } if tripped == [rail(Rail::Rules)]));
    assert!(approve(state.plan(3, false), terms(&[Rail::Rules, Rail::Share]), &tripped, &actor(), after(0)).is_ok());
}

#[test]
fn an_unknown_rule_is_not_approved() {
    let state = State::new();
    let terms = Terms { only: vec!["PC-9".into()], ..Terms::default() };
    let error = approve(state.plan(3, false), terms, &[], &actor(), after(0)).unwrap_err();
    assert_eq!(error.code(), "unknown-rule");
}

#[test]
fn excepted_records_are_left_out_in_every_size_of_chunk() {
    let state = State::new();
    let except: HashSet<_> = [1, 2, 5].map(sample::fingerprint).into();
    for limit in 1..8 {
        let approved = approved(state.plan(6, false), Terms { except: except.clone(), ..Terms::default() });
        assert_eq!(keys(&approved, limit), ["3", "4", "6"]);
        assert_eq!(approved.planned().unwrap(), 3);
    }
}

#[test]
fn an_approval_binds_to_the_digest_and_to_its_exceptions() {
    let state = State::new();
    let decision = approved(state.plan(6, false), Terms::default()).decision().clone();
    let reopen = |decision: Decision, except: HashSet<Fingerprint>, now| {
        ApprovedPlan::reopen(state.plan(6, false), decision, except, now).map(drop).map_err(|error| error.code())
    };
    assert_eq!(reopen(decision.clone(), HashSet::new(), after(15)), Ok(()));
    assert_eq!(reopen(decision.clone(), HashSet::new(), after(16)), Err("approval-expired"));
    assert_eq!(reopen(decision.clone(), [sample::fingerprint(1)].into(), after(1)), Err("plan-altered"));
    let other = Decision { digest: Digest::of(b"another plan"), ..decision.clone() };
    assert_eq!(reopen(other, HashSet::new(), after(1)), Err("plan-altered"));
    let rejected = Decision { granted: false, ..decision };
    assert_eq!(reopen(rejected, HashSet::new(), after(1)), Err("plan-rejected"));
}
