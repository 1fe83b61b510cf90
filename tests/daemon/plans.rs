//! Which plans wait, which are taken back, and which are given up because they no longer stand.

use std::fs;
use std::thread;
use std::time::Duration;

use serde_json::Value as Json;

use crate::office::{Office, insert};

/// The alerts that stand about plans: their code, and which plan.
fn told(office: &Office) -> Vec<(String, String)> {
    let status = office.status();
    let alerts = status["alerts"].as_array().unwrap().iter().filter(|alert| alert["code"] != "overdue");
    alerts.map(|alert| ["code", "about"].map(|name| alert[name].as_str().unwrap().to_owned()).into()).collect()
}

fn change_schema(office: &Office, column: &str) {
    office.database().execute_batch(&format!("ALTER TABLE dossier ADD COLUMN {column} TEXT")).unwrap();
}

#[test]
fn a_waiting_plan_that_can_no_longer_be_approved_gives_way_to_one_that_can() {
    for (mode, alert) in [("approve", "plan-waiting"), ("automatic", "rail-tripped")] {
        let office = Office::new(mode, 3);
        let daemon = office.start();
        office.scan();
        let old = office.plans("pending").remove(0);
        change_schema(&office, "note");
        office.scan();
        let pending = office.plans("pending");
        assert!(pending.len() == 1 && pending[0] != old, "{mode}: {pending:?} after {old}");
        assert_eq!(told(&office), [(alert.to_owned(), pending[0].clone())], "{mode}");
        assert_eq!(office.plans("expired"), std::slice::from_ref(&old), "{mode}");
        let (code, refused) = office.json(&["approve", &old, "--accept", "rules"]);
        let said = refused.to_string();
        assert!(code == 3 && said.contains("no longer stands") && !said.contains("14 days"), "{mode}: {said}");
        office.ask(&["approve", &pending[0], "--accept", "rules"]);
        office.wait("the execution", || office.plans("executed") == pending);
        assert_eq!(office.count(), 5);
        daemon.stop();
        office.verify();
    }
}

#[test]
fn a_waiting_plan_of_which_nothing_is_due_any_more_is_taken_back() {
    for mode in ["report", "approve"] {
        let office = Office::new(mode, 3);
        let daemon = office.start();
        office.scan();
        assert_eq!(office.plans("pending").len(), 1);
        office.database().execute("DELETE FROM dossier WHERE closed_at < '2026'", []).unwrap();
        office.scan();
        assert_eq!((office.plans("pending").len(), told(&office).len()), (0, 0), "{mode}: {}", office.status());
        daemon.stop();
    }
}

#[test]
fn a_scan_takes_back_no_plan_that_a_person_made() {
    let office = Office::new("approve", 3);
    let daemon = office.start();
    office.scan();
    let own = office.plans("pending").remove(0);
    insert(&office.database(), "2025-11-02T12:00:00Z");
    let persons = office.plan();
    office.scan();
    let mut both = vec![own.clone(), persons.clone()];
    both.sort();
    assert_eq!(office.plans("pending"), both, "the scan found what the person's plan lists");
    assert_eq!(told(&office), [("plan-waiting".to_owned(), own)]);
    office.ask(&["approve", &persons, "--accept", "rules"]);
    office.wait("the execution", || office.count() == 5);
    daemon.stop();

    // Nor one that the daemon had made before they asked, whatever later scans find.
    let office = Office::new("report", 3);
    let daemon = office.start();
    office.scan();
    let persons = office.plan();
    assert_eq!(office.plans("pending"), std::slice::from_ref(&persons), "the same records are the same plan");
    office.scan();
    insert(&office.database(), "2025-11-02T12:00:00Z");
    office.scan();
    let pending = office.plans("pending");
    assert!(pending.len() == 2 && pending.contains(&persons), "{pending:?} without {persons}");
    office.ask(&["approve", &persons, "--accept", "rules"]);
    office.ask(&["apply", &persons]);
    assert_eq!(office.count(), 6);
    daemon.stop();

    // Nor one that no longer stands: they hear of that when they decide.
    let office = Office::new("approve", 3);
    let daemon = office.start();
    office.scan();
    let persons = office.plan();
    change_schema(&office, "note");
    office.scan();
    assert!(office.plans("expired").is_empty() && office.plans("pending").contains(&persons));
    daemon.stop();

    // Neither one that the daemon found first to be what is due, and told of, nor one without a record.
    let office = Office::new("report", 0);
    let daemon = office.start();
    let empty = office.plan();
    office.scan();
    assert_eq!(office.plans("empty"), [empty]);
    insert(&office.database(), "2025-11-02T12:00:00Z");
    let persons = office.plan();
    office.scan();
    insert(&office.database(), "2025-11-02T12:00:00Z");
    office.scan();
    let pending = office.plans("pending");
    assert!(pending.len() == 2 && pending.contains(&persons), "{pending:?} without {persons}");
    insert(&office.database(), "2025-11-02T12:00:00Z");
    office.scan();
    let newer = office.plans("pending");
    assert!(newer.len() == 2 && newer.contains(&persons) && newer != pending, "its own list gives way to the newer");
    daemon.stop();
}

#[test]
fn of_a_person_s_plan_that_can_no_longer_be_approved_a_scan_stops_telling_and_takes_nothing_back() {
    let office = Office::new("approve", 3);
    let daemon = office.start();
    let persons = office.plan();
    office.scan();
    assert_eq!(told(&office), [("plan-waiting".to_owned(), persons.clone())]);
    change_schema(&office, "note");
    office.scan();
    let mut pending = office.plans("pending");
    pending.retain(|plan| *plan != persons);
    assert_eq!(told(&office), [("plan-waiting".to_owned(), pending.remove(0))]);
    assert_eq!((pending.len(), office.plans("expired").len()), (0, 0), "{persons} is still to be seen");
    daemon.stop();
}

#[test]
fn an_approved_plan_that_no_longer_stands_is_given_up_once_and_a_scan_makes_the_next() {
    let office = Office::new("approve", 3);
    let daemon = office.start();
    office.scan();
    let old = office.plans("pending").remove(0);
    office.ask(&["ctl", "pause", "--reason", "an example"]);
    office.ask(&["approve", &old, "--accept", "rules"]);
    change_schema(&office, "note");
    office.ask(&["ctl", "resume"]);
    office.wait("the alert", || told(&office) == [("run-failed".to_owned(), old.clone())]);
    assert_eq!((office.plans("expired"), office.plans("approved")), (vec![old.clone()], Vec::new()));
    let alerts = office.status()["alerts"].to_string();
    assert!(alerts.contains("the schema of dossier has changed") && alerts.contains("retentiond ctl scan"), "{alerts}");
    // Long enough for what was put off to be tried again, and for entries of the log to make the daemon look anew.
    office.ask(&["hold", "place", "dossier", "8", "--reason", "a claim"]);
    thread::sleep(Duration::from_secs(3));
    assert_eq!(told(&office), [("run-failed".to_owned(), old.clone())], "told until there is another plan");
    daemon.stop();
    let daemon = office.start();
    thread::sleep(Duration::from_secs(2));
    assert_eq!(told(&office), [("run-failed".to_owned(), old.clone())], "a restart is no other plan");

    office.scan();
    let new = office.plans("pending").remove(0);
    assert_eq!(told(&office), [("plan-waiting".to_owned(), new.clone())]);
    office.ask(&["approve", &new]);
    office.wait("the execution", || office.plans("executed") == [new.clone()]);
    office.scan();
    assert_eq!((office.count(), told(&office)), (5, Vec::new()));
    let refused = office.ask(&["audit", "show", "--kind", "refused"]);
    assert_eq!(refused["entries"].as_array().map(Vec::len), Some(1), "{refused}");
    assert_eq!(refused["entries"][0]["actor"].as_str().map(|actor| actor.contains("automatic")), Some(false));
    daemon.stop();
    office.verify();
}

#[test]
fn a_list_that_was_approved_and_waits_for_the_end_of_a_pause_is_not_asked_about_again() {
    let office = Office::new("approve", 3);
    let daemon = office.start();
    office.scan();
    office.ask(&["ctl", "pause", "--reason", "an example"]);
    let first = office.plans("pending").remove(0);
    office.ask(&["reject", &first, "--reason", "an example"]);
    office.scan();
    let plan = office.plans("pending").remove(0);
    office.ask(&["approve", &plan, "--accept", "rules"]);
    office.scan();
    let said = office.last("scan").remove(0);
    assert_eq!((office.plans("pending"), told(&office)), (Vec::new(), Vec::new()), "{said}");
    assert_eq!(said, format!("3 due, plan {plan} was decided on"));
    daemon.stop();
}

#[test]
fn an_execution_that_failed_in_report_mode_is_told_over_a_restart_until_somebody_decides_otherwise() {
    let office = Office::new("report", 3);
    let daemon = office.start();
    let plan = office.plan();
    office.ask(&["approve", &plan, "--accept", "rules"]);
    fs::rename(office.path("app.db"), office.path("away.db")).unwrap();
    assert_ne!(office.json(&["apply", &plan]).0, 0);
    assert_eq!(told(&office), [("run-failed".to_owned(), plan.clone())]);
    daemon.stop();
    let daemon = office.start();
    assert!(told(&office).contains(&("run-failed".to_owned(), plan.clone())), "{:?}", told(&office));
    office.ask(&["reject", &plan, "--reason", "an example"]);
    office.wait("the end of the alert", || !office.has_alert("run-failed"));
    daemon.stop();
}

#[test]
fn a_scan_of_all_rules_stands_for_the_extra_scans_of_the_same_minute() {
    let office = Office::new("approve", 3);
    let extra = "timezone = \"America/Toronto\"\n[[schedule.extra]]\nrules = [\"R-1\"]\nscan = \"*/30 * * * *\"\n";
    office.reconfigure("timezone = \"America/Toronto\"\n", extra);
    office.start().stop();
    office.set_clock("2026-11-22T07:00:05Z");
    let daemon = office.start();
    office.wait("both", || {
        let status = office.status();
        let last = status["last"].as_array().unwrap().clone();
        let of_two =
            last.iter().filter(|firing| firing["at"] == "2026-11-22T07:00:00Z" && firing["outcome"] != Json::Null);
        of_two.count() == 2
    });
    let pending = office.plans("pending");
    assert_eq!(pending.len(), 1, "{pending:?}");
    assert_eq!(told(&office), [("plan-waiting".to_owned(), pending[0].clone())]);
    daemon.stop();
}
