//! Who holds the state is bound as the daemon is: by a pause, and by what speaks against the clock.

use std::thread;
use std::time::Duration;

use serde_json::Value as Json;

use crate::office::{Office, insert};
use crate::support::{Ran, ran};

const CONFIRMED: (&str, &str) = ("RETENTIOND_SYNCHRONIZED", "yes");
const UNCONFIRMED: (&str, &str) = ("RETENTIOND_SYNCHRONIZED", "no");

fn run_with(office: &Office, variable: (&str, &str), arguments: &[&str]) -> Ran {
    ran(office.command(&[arguments, &["--format", "json"]].concat()).env(variable.0, variable.1))
}

fn assert_paused(applied: &Ran, mend: &str) {
    let refused: Json = applied.json();
    assert_eq!((applied.code, refused["error"]["code"].as_str()), (3, Some("destruction-paused")), "{refused}");
    assert!(refused["error"].to_string().contains(mend), "{refused}");
}

/// An office that a daemon served before, with a plan that somebody approved.
fn served(due: usize) -> (Office, String) {
    let office = Office::new("report", due);
    office.start_with(&[CONFIRMED]).stop();
    let plan = office.plan();
    office.ask(&["approve", &plan, "--accept", "rules"]);
    (office, plan)
}

#[test]
fn without_the_daemon_that_served_it_an_unconfirmed_clock_destroys_nothing_until_somebody_answers_for_it() {
    let (office, plan) = served(3);
    office.set_clock("2026-12-01T17:00:00Z");
    assert_paused(&run_with(&office, UNCONFIRMED, &["apply", &plan]), "`retentiond ctl resume --clock`");
    assert_eq!(office.count(), 8);

    let answered = run_with(&office, UNCONFIRMED, &["ctl", "resume", "--clock"]);
    assert!(answered.out.contains("answers for the clock as it is: 2026-12-01T17:00:00Z"), "{answered:?}");
    let applied = run_with(&office, UNCONFIRMED, &["apply", &plan]);
    assert_eq!((applied.code, applied.err.as_str(), office.count()), (0, "", 5), "{applied:?}");
    assert!(office.run(&["audit", "show", "--kind", "correction"]).out.contains("clock"), "it is on record");
    office.verify();
}

#[test]
fn without_a_daemon_a_clock_far_ahead_of_the_log_destroys_nothing_and_stamps_nothing_ahead() {
    let office = Office::new("report", 0);
    office.start_with(&[CONFIRMED]).stop();
    // What was closed in June would be due then.
    office.set_clock("2027-07-01T12:00:00Z");
    let plan = run_with(&office, UNCONFIRMED, &["plan"]).json()["plan"].as_str().unwrap().to_owned();
    run_with(&office, UNCONFIRMED, &["approve", &plan, "--accept", "rules,empty"]);
    assert_paused(&run_with(&office, UNCONFIRMED, &["apply", &plan]), "days old");
    assert_eq!(office.count(), 5);
    let log = office.run(&["audit", "show"]).out;
    assert!(!log.contains("2027-07"), "{log}");
}

#[test]
fn where_no_daemon_ever_served_who_applies_a_plan_answers_for_a_clock_that_nobody_confirmed_and_is_told() {
    let office = Office::new("report", 3);
    let plan = office.plan();
    office.ask(&["approve", &plan, "--accept", "rules"]);
    let applied = run_with(&office, UNCONFIRMED, &["apply", &plan]);
    assert_eq!((applied.code, office.count()), (0, 5), "{applied:?}");
    assert!(applied.err.contains("whoever applies this plan answers for it: 2026-11-21T17:00:00Z"), "{applied:?}");
}

#[test]
fn a_pause_binds_an_apply_without_the_daemon_and_needs_none_to_be_placed_or_ended() {
    let (office, plan) = served(3);
    let daemon = office.start_with(&[CONFIRMED]);
    office.ask(&["ctl", "pause", "--reason", "litigation"]);
    daemon.stop();
    assert_paused(&run_with(&office, CONFIRMED, &["apply", &plan]), "`retentiond ctl resume`");
    office.ask(&["ctl", "resume"]);
    office.ask(&["ctl", "pause", "--reason", "more litigation"]);
    assert_paused(&run_with(&office, CONFIRMED, &["apply", &plan]), "`retentiond ctl resume`");
    assert_eq!(office.count(), 8);

    let daemon = office.start_with(&[CONFIRMED]);
    assert_eq!(office.status()["paused"]["reason"], "more litigation");
    daemon.stop();
    let told = office.ask(&["ctl", "resume"]);
    assert_eq!(told["message"], "destruction is resumed");
    assert_eq!((office.run(&["apply", &plan]).code, office.count()), (0, 5));
}

#[test]
fn a_pause_goes_to_an_apply_under_way_which_ends_with_its_chunk() {
    let office = Office::new("report", 20_000);
    let plan = office.plan();
    office.ask(&["approve", &plan, "--accept", "rules"]);
    let mut apply = office.command(&["apply", &plan]);
    let applying = thread::spawn(move || ran(&mut apply));
    office.wait("the run", || office.count() < 19_000);
    let (code, told) = office.json(&["ctl", "status"]);
    assert_eq!((code, told["error"]["code"].as_str()), (1, Some("no-daemon")), "{told}");
    let told = told["error"].to_string();
    assert!(told.contains(&format!("retentiond apply {plan}` of ")) && told.contains("of 20000 records"), "{told}");
    office.ask(&["ctl", "pause", "--reason", "litigation"]);
    let applied = applying.join().unwrap();
    let left = office.count();
    assert!(applied.code == 5 && applied.err.contains("note: the run has stopped: paused"), "{applied:?}");
    assert!(left > 5, "it went on to its end");
    assert_paused(&run_with(&office, CONFIRMED, &["apply", &plan]), "`retentiond ctl resume`");
    assert_eq!(office.count(), left);
    office.ask(&["ctl", "resume"]);
    assert_eq!((office.run(&["apply", &plan]).code, office.count()), (0, 5));
    office.verify();
}

#[test]
fn whoever_plans_while_another_holds_the_state_goes_by_the_time_that_is_believed_there_and_is_told() {
    let (office, approved) = served(3);
    assert_eq!(run_with(&office, CONFIRMED, &["apply", &approved]).code, 0);
    insert(&office.database(), "2025-11-02T12:00:00Z");
    office.set_clock("2027-03-15T17:00:00Z");
    let daemon = office.start_with(&[UNCONFIRMED]);
    office.wait("the alert", || office.has_alert("clock"));
    let planned = run_with(&office, UNCONFIRMED, &["plan"]);
    assert!(planned.err.contains("goes by 2026-11-21T17:00:0") && planned.err.contains("days old"), "{planned:?}");
    let (due, plan) = (planned.json()["rules"][0]["due"].clone(), planned.json()["plan"].clone());
    assert_eq!(due, 1, "what is due in 2027 is not due yet");
    let approved = run_with(&office, UNCONFIRMED, &["approve", plan.as_str().unwrap(), "--accept", "median"]);
    assert!(approved.code == 0 && approved.err.contains("`retentiond ctl resume --clock`"), "{approved:?}");
    daemon.stop();
}

/// How many plans still have their list.
fn lists(office: &Office) -> usize {
    std::fs::read_dir(office.path("state/private/plans")).unwrap().count()
}

#[test]
fn a_clock_in_doubt_erases_no_list_whether_a_command_looks_or_the_daemon_starts() {
    let (office, approved) = served(3);
    insert(&office.database(), "2025-11-02T12:00:00Z");
    let pending = office.plan();
    assert_eq!((office.plans("pending"), lists(&office)), (vec![pending], 2));
    let look = |doubt: &str, lists_then: usize| {
        assert_eq!(run_with(&office, UNCONFIRMED, &["hold", "list"]).code, 0);
        assert_eq!(lists(&office), lists_then, "a command erased what only the clock says has expired");
        let daemon = office.start_with(&[UNCONFIRMED]);
        office.wait("the alert", || office.has_alert("clock"));
        assert!(office.status()["clock"].as_str().unwrap().contains(doubt), "{}", office.status());
        daemon.stop();
        assert_eq!(lists(&office), lists_then, "the daemon erased what only the clock says has expired");
    };
    office.set_clock("2027-03-15T17:00:00Z");
    look("days old", 2);
    office.set_clock("2026-11-21T17:10:00Z");
    assert_eq!((run_with(&office, CONFIRMED, &["apply", &approved]).code, office.count()), (0, 6));
    assert_eq!(run_with(&office, UNCONFIRMED, &["hold", "list"]).code, 0);
    assert_eq!(lists(&office), 1, "what was executed is erased whatever time it is");
    office.set_clock("2026-12-20T17:00:00Z");
    look("no time server", 1);
    assert_eq!(run_with(&office, CONFIRMED, &["hold", "list"]).code, 0);
    assert_eq!(lists(&office), 0, "a clock that is believed lets it expire");
    office.verify();
}

#[test]
fn a_daemon_that_was_started_under_a_clock_in_doubt_lets_no_list_expire_day_after_day() {
    let office = Office::new("approve", 3);
    let daemon = office.start_with(&[CONFIRMED]);
    office.scan();
    daemon.stop();
    let plan = office.plans("pending").remove(0);
    let has_list = || {
        let mut lists = std::fs::read_dir(office.path("state/private/plans")).unwrap();
        lists.any(|list| list.unwrap().file_name().to_string_lossy().contains(&plan))
    };
    office.set_clock("2026-12-20T17:00:00Z");
    let daemon = office.start_with(&[UNCONFIRMED]);
    office.wait("the alert", || office.has_alert("clock"));
    // By then its daily housekeeping is overdue.
    thread::sleep(Duration::from_secs(4));
    assert!(has_list(), "it erased what only the clock says has expired");
    office.ask(&["ctl", "resume", "--clock"]);
    office.wait("the expiry", || !has_list());
    daemon.stop();
}

#[test]
fn whoever_plans_or_approves_after_a_long_silence_is_told_how_to_answer_for_the_clock() {
    let office = Office::new("report", 3);
    let plan = office.plan();
    office.ask(&["approve", &plan, "--accept", "rules"]);
    assert_eq!(run_with(&office, UNCONFIRMED, &["apply", &plan]).code, 0);
    insert(&office.database(), "2025-11-02T12:00:00Z");
    office.set_clock("2027-03-01T17:00:00Z");
    let mend = "`retentiond ctl resume --clock`";
    let planned = run_with(&office, UNCONFIRMED, &["plan"]);
    assert!(planned.code == 0 && planned.err.contains("goes by 2026-11-21T17:00:0"), "{planned:?}");
    assert!(planned.err.contains("days old") && planned.err.contains(mend), "{planned:?}");
    let plan = planned.json()["plan"].as_str().unwrap().to_owned();
    let approved = run_with(&office, UNCONFIRMED, &["approve", &plan, "--accept", "median"]);
    assert!(approved.code == 0 && approved.err.contains(mend), "{approved:?}");
    assert_paused(&run_with(&office, UNCONFIRMED, &["apply", &plan]), mend);

    assert_eq!(run_with(&office, UNCONFIRMED, &["ctl", "resume", "--clock"]).code, 0);
    let planned = run_with(&office, UNCONFIRMED, &["plan"]);
    assert_eq!(planned.err, "", "nothing is in doubt any more");
    let plan = planned.json()["plan"].as_str().unwrap().to_owned();
    let approved = run_with(&office, UNCONFIRMED, &["approve", &plan, "--accept", "share,median"]);
    assert_eq!((approved.code, approved.err.as_str()), (0, ""), "{approved:?}");
    assert_eq!(run_with(&office, UNCONFIRMED, &["apply", &plan]).code, 0);
}

#[test]
fn a_clock_put_forward_between_two_commands_or_before_the_daemon_starts_destroys_nothing_on_the_same_boot() {
    let office = Office::new("approve", 3);
    let on = |boot, arguments: &[&str]| run_with(&office, ("RETENTIOND_BOOT_ID", boot), arguments);
    let [one, another] = ["0d9b1c3e-5f70-41a2-b3c4-d5e6f7081920", "1d9b1c3e-5f70-41a2-b3c4-d5e6f7081920"];
    let approve = |boot| {
        let plan = on(boot, &["plan"]).json()["plan"].as_str().unwrap().to_owned();
        let approved = on(boot, &["approve", &plan, "--accept", "rules,share,count,median"]);
        assert_eq!(approved.code, 0, "{approved:?}");
        plan
    };
    assert_eq!(on(one, &["apply", &approve(one)]).code, 0);
    insert(&office.database(), "2025-11-02T12:00:00Z");
    office.set_clock("2026-12-11T17:00:00Z");
    let plan = approve(one);
    let refused = on(one, &["apply", &plan]);
    assert_paused(&refused, "put forward by");
    assert_paused(&refused, "`retentiond ctl resume --clock`");
    let daemon = office.start_with(&[("RETENTIOND_BOOT_ID", &one.replace('-', ""))]);
    office.wait("the alert", || office.has_alert("clock"));
    assert!(office.status()["clock"].as_str().unwrap().contains("put forward by"), "{}", office.status());
    daemon.stop();
    assert_eq!(office.count(), 6);
    assert!(!office.run(&["audit", "show"]).out.contains("2026-12"), "nothing is stamped ahead");

    let applied = on(another, &["apply", &approve(another)]);
    assert_eq!((applied.code, office.count()), (0, 5), "{applied:?}");
    office.verify();
}
