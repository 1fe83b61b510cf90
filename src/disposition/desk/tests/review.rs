use chrono::TimeDelta;

use super::*;
use crate::disposition::plan::{PlanFile, PlanRequest};
use crate::disposition::rails::Rail;
use crate::disposition::request::NamedRecord;
use crate::disposition::sample::all_due;

fn plan_at(sample: &Sample, now: Instant) -> PlanFile {
    door(sample).plan(&PlanRequest { now, ..all_due() }).unwrap().file
}

fn plan(sample: &Sample) -> PlanFile {
    plan_at(sample, now())
}

fn approve(plan: &PlanFile, accept: &[Rail]) -> Request {
    Request::Approve { plan: plan.plan.clone(), accept: accept.to_vec(), only: Vec::new(), excepted: 0 }
}

/// What the sample trips: its rules are new, and much of each series goes.
const ALL: [Rail; 3] = [Rail::Rules, Rail::Share, Rail::Count];

fn forget_dossier_1(sample: &Sample) {
    sample
        .connection()
        .execute_batch("DELETE FROM message WHERE dossier_id = 1; DELETE FROM dossier WHERE id = 1")
        .unwrap();
}

fn state_of(sample: &Sample, plan: &PlanFile) -> PlanState {
    match ask(sample, Request::Plans).unwrap() {
        Response::Plans { plans } => plans.into_iter().find(|status| status.plan == plan.plan).unwrap().state,
        other => panic!("{other:?}"),
    }
}

fn executable(sample: &Sample, plan: &PlanFile, now: Instant) -> Result<u64, &'static str> {
    let desk = SharedDesk::new(Desk::open(sample.install.clone(), None, now).unwrap());
    approved_plan(&desk, &plan.plan, &"test (0)".into(), now)
        .map(|approved| approved.planned().unwrap())
        .map_err(|error| error.code())
}

#[test]
fn a_plan_is_made_reviewed_and_then_executable() {
    let sample = Sample::new();
    let plan = plan(&sample);
    let due: Vec<_> =
        plan.manifest.rules.iter().map(|rule| (rule.rule.as_str(), rule.counts.due, rule.counts.blocked)).collect();
    assert_eq!(due, [("PC-1", 10, 0), ("PC-2", 10, 10)]);
    assert_eq!(state_of(&sample, &plan), PlanState::Pending);
    assert_eq!(executable(&sample, &plan, now()), Err("plan-not-approved"));
    let refusal = ask(&sample, approve(&plan, &[Rail::Count])).unwrap_err();
    assert_eq!(refusal.code, "rails");
    assert!(refusal.rails.iter().all(|tripped| tripped.rail == Rail::Rules), "{refusal:?}");
    assert_eq!(state_of(&sample, &plan), PlanState::Pending);
    ask(&sample, approve(&plan, &ALL)).unwrap();
    assert_eq!(state_of(&sample, &plan), PlanState::Approved);
    assert_eq!(executable(&sample, &plan, now()), Ok(20));
    assert_eq!(code(ask(&sample, approve(&plan, &ALL))), "plan-approved");
    let kinds: Vec<_> = leaves(&sample).iter().map(Body::kind).filter(|kind| !kind.starts_with("fpkey")).collect();
    assert_eq!(kinds, ["genesis", "refused", "approval"]);
}

#[test]
fn what_was_approved_once_is_no_longer_new() {
    let sample = Sample::new();
    ask(&sample, approve(&plan(&sample), &ALL)).unwrap();
    forget_dossier_1(&sample);
    let next = plan(&sample);
    assert_eq!(next.rails, []);
    assert_eq!(code(ask(&sample, approve(&next, &[]))), "ok");
}

#[test]
fn a_rejected_plan_is_done_with_and_its_list_erased() {
    let sample = Sample::new();
    let plan = plan(&sample);
    ask(&sample, Request::Reject { plan: plan.plan.clone(), reason: "the archivist said no".to_owned() }).unwrap();
    assert_eq!(state_of(&sample, &plan), PlanState::Rejected);
    assert!(!sample.state().join("private/plans").join(format!("{}.body", plan.plan)).exists());
    assert_eq!(code(ask(&sample, approve(&plan, &ALL))), "plan-rejected");
    assert_eq!(executable(&sample, &plan, now()), Err("plan-rejected"));
    assert!(!serde_json::to_string(&leaves(&sample)).unwrap().contains("archivist"));
    let again = self::plan(&sample);
    assert_ne!(again.plan, plan.plan, "a person may think again the same day");
    assert_eq!(code(ask(&sample, approve(&again, &ALL))), "ok");
}

#[test]
fn a_simulation_can_be_looked_at_and_nothing_else() {
    let sample = Sample::new();
    let as_of = Some("2030-01-01".parse().unwrap());
    let plan = door(&sample).plan(&PlanRequest { as_of, ..all_due() }).unwrap().file;
    assert!(plan.manifest.simulation);
    assert_eq!(state_of(&sample, &plan), PlanState::Simulation);
    assert_eq!(code(ask(&sample, approve(&plan, &Rail::ALL))), "simulation");
    assert_eq!(executable(&sample, &plan, now()), Err("simulation"));
}

#[test]
fn a_plan_made_under_a_clock_that_lay_ahead_is_never_approved_nor_executed_before_its_day() {
    let sample = Sample::new();
    let ahead = plan_at(&sample, now() + TimeDelta::days(1));
    assert_eq!(state_of(&sample, &ahead), PlanState::Simulation, "it waits for nobody, and keeps nothing off a list");
    assert_eq!(code(ask(&sample, approve(&ahead, &ALL))), "plan-ahead");
    let approved = plan(&sample);
    ask(&sample, approve(&approved, &ALL)).unwrap();
    assert_eq!(executable(&sample, &approved, now()), Ok(20));
    assert_eq!(executable(&sample, &approved, now() - TimeDelta::days(1)), Err("plan-ahead"));
}

#[test]
fn waiting_has_an_end_for_plans_and_for_approvals() {
    let sample = Sample::new();
    let waiting = plan_at(&sample, now() - TimeDelta::days(15));
    assert_eq!(state_of(&sample, &waiting), PlanState::Expired);
    assert_eq!(code(ask(&sample, approve(&waiting, &ALL))), "plan-expired");
    let approved = plan(&sample);
    ask(&sample, approve(&approved, &ALL)).unwrap();
    assert_eq!(executable(&sample, &approved, now() + TimeDelta::days(14)), Ok(20));
    let late = now() + TimeDelta::days(14) + TimeDelta::seconds(1);
    assert_eq!(executable(&sample, &approved, late), Err("approval-expired"));
}

#[test]
fn excepted_records_and_rules_left_out_are_not_approved() {
    let sample = Sample::new();
    let plan = plan(&sample);
    let except = |ids: &[i64]| Request::Except {
        plan: plan.plan.clone(),
        records: ids.iter().map(|id| NamedRecord { series: "dossier".into(), key: vec![id.to_string()] }).collect(),
    };
    let approval = |excepted| Request::Approve {
        plan: plan.plan.clone(),
        accept: ALL.to_vec(),
        only: vec!["PC-1".into()],
        excepted,
    };
    let mut door = door(&sample);
    let mut try_it = |requests: Vec<Request>| {
        let answers: Vec<_> =
            requests.into_iter().map(|request| door.ask(request).map_err(|error| error.refusal())).collect();
        code(answers.into_iter().next_back().unwrap())
    };
    assert_eq!(try_it(vec![except(&[1, 2]), approval(2)]), "not-on-plan", "dossier 2 is open");
    assert_eq!(try_it(vec![approval(2)]), "other-exceptions", "a refused approval has used its exceptions up");
    let others = Request::Except {
        plan: plan.plan.clone(),
        records: vec![NamedRecord { series: "account".into(), key: vec!["1".into()] }],
    };
    assert_eq!(try_it(vec![except(&[1]), except(&[3, 5]), others, approval(4)]), "ok");
    let Ok(Response::Plans { plans }) = door.ask(Request::Plans) else { panic!("no plans") };
    let left_out = plans[0].decision.as_ref().map(|decision| decision.excepted);
    assert_eq!(left_out, Some(3), "of a rule that is not approved there is nothing to leave out");
    drop(door);
    assert_eq!(executable(&sample, &plan, now()), Ok(7));
}

#[test]
fn an_approval_is_held_against_what_it_lets_go() {
    let sample = Sample::new();
    let plan = plan(&sample);
    let except = |series: &str, ids: &[i64]| Request::Except {
        plan: plan.plan.clone(),
        records: ids.iter().map(|id| NamedRecord { series: series.into(), key: vec![id.to_string()] }).collect(),
    };
    let approval = |excepted, accept: &[Rail]| Request::Approve {
        plan: plan.plan.clone(),
        accept: accept.to_vec(),
        only: Vec::new(),
        excepted,
    };
    let odd: Vec<i64> = (1..20).step_by(2).collect();
    let mut door = door(&sample);
    door.ask(except("dossier", &odd)).unwrap();
    door.ask(except("account", &odd)).unwrap();
    let nothing = door.ask(approval(20, &ALL)).unwrap_err().refusal();
    assert_eq!(nothing.code, "nothing-planned", "{nothing:?}");
    door.ask(except("account", &odd)).unwrap();
    let refused = door.ask(approval(10, &[])).unwrap_err().refusal();
    let series: Vec<_> = refused.rails.iter().map(|tripped| tripped.series.as_str()).collect();
    assert_eq!(series, ["dossier"], "no account goes, so no rail of theirs trips: {refused:?}");
    door.ask(except("account", &odd)).unwrap();
    door.ask(approval(10, &[Rail::Rules])).unwrap();
    drop(door);
    let leaf = leaves(&sample).into_iter().rev().find_map(|leaf| match leaf {
        Body::Approval(approval) => Some(approval),
        _ => None,
    });
    let governed: Vec<_> = leaf.unwrap().governed.into_keys().collect();
    assert_eq!(governed, ["dossier".into()], "rules of which nothing goes stay new");
}

#[test]
fn a_plan_without_records_waits_for_nothing() {
    let sample = Sample::empty();
    let plan = plan(&sample);
    assert_eq!(state_of(&sample, &plan), PlanState::Empty);
    assert_eq!(code(ask(&sample, approve(&plan, &Rail::ALL))), "nothing-planned");
    assert_eq!(executable(&sample, &plan, now()), Err("nothing-planned"));
}

#[test]
fn whatever_has_changed_since_the_plan_is_said() {
    type Change = fn(&mut Sample);
    let changes: [(Change, &str); 5] = [
        (|sample| sample.change(|install| install.calendars[0].rules[0].number = "PC-7".into()), "calendar"),
        (|sample| sample.change(|install| install.series[1].earliest = "1980-01-01".parse().unwrap()), "mapping"),
        (|sample| sample.connection().execute_batch("ALTER TABLE dossier ADD COLUMN note TEXT").unwrap(), "schema"),
        (|sample| sample.change(|install| drop(install.series.remove(1))), "no longer mapped"),
        (
            |sample| {
                let database = sample.install.sources[&"parle".into()].sqlite.clone();
                let other = database.with_file_name("other.db");
                std::fs::copy(&database, &other).unwrap();
                sample.change(|install| install.sources.get_mut(&"parle".into()).unwrap().sqlite = other);
            },
            "another database",
        ),
    ];
    for (change, expected) in changes {
        let mut sample = Sample::new();
        let plan = plan(&sample);
        ask(&sample, approve(&plan, &ALL)).unwrap();
        change(&mut sample);
        let desk = SharedDesk::new(Desk::open(sample.install.clone(), None, now()).unwrap());
        let error = approved_plan(&desk, &plan.plan, &"test (0)".into(), now()).unwrap_err();
        assert!(error.to_string().contains(expected), "{expected}: {error}");
        drop(desk);
        let last = leaves(&sample).pop();
        assert!(matches!(last, Some(Body::Refused(refused)) if refused.reasons == ["plan-outdated"]), "{expected}");
    }
}

#[test]
fn an_approval_written_into_the_private_database_by_hand_is_none() {
    let sample = Sample::new();
    let one = plan(&sample);
    ask(&sample, approve(&one, &ALL)).unwrap();
    let desk = Desk::open(sample.install.clone(), None, now()).unwrap();
    let decision = desk.store.decision(&one.plan).unwrap().unwrap();
    drop(desk);
    forget_dossier_1(&sample);
    let two = plan(&sample);
    let forged = serde_json::to_string(&crate::disposition::approval::Decision {
        plan: two.plan.clone(),
        digest: two.digest,
        ..decision
    })
    .unwrap();
    let private = rusqlite::Connection::open(sample.state().join("private/desk.db")).unwrap();
    private.execute("INSERT INTO decision VALUES(?1, ?2)", [two.plan.as_str(), &forged]).unwrap();
    drop(private);
    assert_eq!(executable(&sample, &two, now()), Err("plan-not-approved"));
}

#[test]
fn rules_of_which_a_plan_lists_nothing_stay_new() {
    let sample = Sample::empty();
    let connection = sample.connection();
    sample.add_account(&connection, 1, None);
    sample.add_dossier(&connection, 1, 1, Some("2024-03-15T12:00:00Z"));
    ask(&sample, approve(&plan(&sample), &Rail::ALL)).unwrap();
    connection.execute_batch("UPDATE account SET last_login_at = '2020-01-01T00:00:00Z'").unwrap();
    let rails: Vec<_> =
        plan(&sample).rails.into_iter().map(|tripped| (tripped.rail, tripped.series.to_string())).collect();
    assert!(rails.contains(&(Rail::Rules, "account".to_owned())), "{rails:?}");
    assert!(!rails.contains(&(Rail::Rules, "dossier".to_owned())), "{rails:?}");
}

#[test]
fn a_plan_edited_by_hand_is_neither_approved_nor_executed_and_that_is_on_record() {
    let sample = Sample::new();
    let plan = plan(&sample);
    let body = sample.state().join("private/plans").join(format!("{}.body", plan.plan));
    rusqlite::Connection::open(&body).unwrap().execute("UPDATE item SET due = due - 1", []).unwrap();
    assert_eq!(code(ask(&sample, approve(&plan, &Rail::ALL))), "plan-altered");
    assert_eq!(executable(&sample, &plan, now()), Err("plan-altered"));
    let refusals = leaves(&sample).into_iter().filter(|leaf| matches!(leaf, Body::Refused(_))).count();
    assert_eq!(refusals, 2);
}
