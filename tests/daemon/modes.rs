//! What the daemon does by itself in each mode, and what a person does beside it.

use std::fs;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value as Json;

use crate::office::{NOON, Office, insert};

#[test]
fn in_report_mode_it_lists_what_is_due_destroys_nothing_and_ends_when_asked() {
    let office = Office::new("report", 3);
    let mut daemon = office.start();
    office.scan();
    office.scan();
    let status = office.status();
    assert_eq!(status["overdue"]["R-1"]["records"], 3, "{status}");
    let scans = status["last"].as_array().unwrap().iter().filter(|firing| firing["schedule"] == "scan");
    assert_eq!(scans.map(|scan| &scan["at"]).collect::<Vec<_>>(), [NOON; 2], "none of them is to come: {status}");
    assert_eq!(status["next"].as_object().unwrap().values().next().unwrap(), "2026-11-22T07:00:00Z");
    let text = office.run(&["ctl", "status"]).out;
    assert!(text.starts_with("  state"), "no heading without words: {text}");
    assert!(text.contains("as counted at 2026-11-21T17:00:00Z, less what was disposed of since\n"), "{text}");
    for (arguments, exit, place) in [
        (&["ctl", "scan", "--only", "PC-9"][..], 2, "the command line"),
        (&["plan", "--only", "PC-9"], 2, "the command line"),
        (&["plan", "--as-of", "2014-12-31"], 3, "the configuration and its calendars"),
    ] {
        let (code, told) = office.json(arguments);
        assert_eq!((code, &told["error"]["place"]), (exit, &Json::from(place)), "{told}");
    }
    assert_eq!(office.plans("pending").len(), 1, "a newer list takes the place of the older");
    assert_eq!(office.count(), 8);
    assert!(fs::metadata(office.path("state/control.sock")).is_ok());

    daemon.signal(Signal::TERM);
    assert!(daemon.end().success());
    assert!(!office.path("state/control.sock").exists());
    office.verify();
}

#[test]
fn in_approve_mode_one_plan_waits_and_is_executed_once_a_person_approves_it() {
    let office = Office::new("approve", 3);
    let daemon = office.start();
    office.scan();
    let pending = office.plans("pending");
    office.set_clock("2026-11-21T17:00:30Z");
    office.scan();
    assert_eq!(office.plans("pending"), pending, "the plan that waits goes on waiting");
    assert!(office.has_alert("plan-waiting"));
    assert_eq!(office.count(), 8, "nobody approved anything");

    office.ask(&["approve", &pending[0], "--accept", "rules"]);
    office.wait("the execution", || office.plans("executed") == pending);
    assert_eq!(office.count(), 5);
    office.scan();
    assert!(!office.has_alert("plan-waiting"));
    daemon.stop();
    office.verify();
}

/// No tick comes while a test runs, but for the one at the start.
const NO_TICK: (&str, &str) = ("RETENTIOND_HEARTBEAT", "0 0 0 1 1 *");

#[test]
fn once_decided_on_a_plan_is_no_alert_even_before_the_next_tick() {
    let office = Office::new("approve", 3);
    let daemon = office.start_with(&[NO_TICK]);
    office.scan();
    assert!(office.has_alert("plan-waiting"), "{}", office.status());
    office.ask(&["approve", &office.plans("pending")[0], "--accept", "rules"]);
    assert!(!office.has_alert("plan-waiting"), "{}", office.status());
    assert_eq!(office.count(), 8, "no tick came meanwhile");
    daemon.stop();
}

#[test]
fn what_stood_before_a_restart_stands_after_it() {
    for (mode, waiting) in [("approve", "plan-waiting"), ("automatic", "rail-tripped")] {
        let office = Office::new(mode, 3);
        let hook = office.path("hook");
        let command = format!("\n[notify]\ncommand = [\"sh\", \"-c\", \"cat >> {}\"]\n", hook.display());
        office.configure(&format!("\n[alerts]\noverdue_days = 7\n{command}"));
        let told = |code: &str| {
            let alerts = office.status()["alerts"].as_array().unwrap().clone();
            let of = alerts.into_iter().filter(|alert| alert["code"] == code);
            of.map(|alert| (alert["about"].clone(), alert["message"].clone())).collect::<Vec<_>>()
        };
        let daemon = office.start();
        office.scan();
        let before = [told("overdue"), told(waiting)];
        assert!(before.iter().all(|told| told.len() == 1), "{before:?}");
        daemon.stop();
        let daemon = office.start_with(&[NO_TICK]);
        assert_eq!([told("overdue"), told(waiting)], before);
        thread::sleep(Duration::from_millis(500));
        daemon.stop();
        assert_eq!(fs::read_to_string(&hook).unwrap().lines().count(), 2, "each is told once");
        office.ask(&["reject", &office.plans("pending")[0], "--reason", "an example"]);
        let daemon = office.start_with(&[NO_TICK]);
        assert_eq!(told(waiting), []);
        daemon.stop();
    }
}

#[test]
fn an_alert_that_the_end_left_untold_is_told_after_the_restart_and_then_no_more() {
    let office = Office::new("approve", 3);
    let [hook, may_take] = ["hook", "may-take"].map(|name| office.path(name));
    let script = format!("test -e {} && cat >> {}", may_take.display(), hook.display());
    office.configure(&format!("\n[notify]\ncommand = [\"sh\", \"-c\", \"{script}\"]\n"));
    let told = || fs::read_to_string(&hook).unwrap_or_default().lines().count();
    let daemon = office.start_with(&[NO_TICK]);
    office.scan();
    assert!(office.has_alert("plan-waiting"), "{}", office.status());
    daemon.stop();
    assert_eq!(told(), 0, "its mail server was down");
    fs::write(&may_take, "").unwrap();
    for _ in 0..2 {
        office.start_with(&[NO_TICK]).stop();
        assert_eq!(told(), 1);
    }
}

#[test]
fn the_end_waits_for_a_notify_command_that_takes_a_while() {
    let office = Office::new("approve", 3);
    let hook = office.path("hook");
    let script = format!("sleep 1; cat >> {}", hook.display());
    office.configure(&format!("\n[notify]\ncommand = [\"sh\", \"-c\", \"{script}\"]\n"));
    for _ in 0..2 {
        let daemon = office.start_with(&[NO_TICK]);
        office.scan();
        daemon.stop();
        assert_eq!(fs::read_to_string(&hook).unwrap().lines().count(), 1, "told, and once");
    }
}

#[test]
fn an_approval_says_who_executes_it_when_and_how_to_stop_that() {
    let office = Office::new("report", 3);
    let daemon = office.start();
    let plan = office.plan();
    let by_hand = office.run(&["approve", &plan, "--accept", "rules"]).out;
    assert!(by_hand.contains(&format!("apply {plan}")), "the mode is report: {by_hand}");
    office.ask(&["reject", &plan, "--reason", "an example"]);
    office.reconfigure("\"report\"", "\"approve\"");
    office.ask(&["ctl", "reload"]);
    office.ask(&["ctl", "pause", "--reason", "an example"]);
    insert(&office.database(), "2025-11-02T12:00:00Z");
    let plan = office.plan();
    let told = office.ask(&["approve", &plan, "--accept", "rules"]);
    assert_eq!((&told["executes"], &told["waits"]), (&Json::from("daemon"), &Json::from("paused")), "{told}");
    office.ask(&["reject", &plan, "--reason", "an example"]);
    insert(&office.database(), "2025-11-02T12:00:00Z");
    let plan = office.plan();
    let waits = office.run(&["approve", &plan, "--accept", "rules"]).out;
    assert!(waits.contains("waits now: paused") && waits.contains(&format!("reject {plan}")), "{waits}");
    office.ask(&["ctl", "resume"]);
    office.wait("the execution", || office.plans("executed") == [plan.clone()]);
    insert(&office.database(), "2025-11-02T12:00:00Z");
    let plan = office.plan();
    let french = office.run(&["--lang", "fr", "approve", &plan, "--accept", "rules"]).out;
    assert!(french.contains("dans la minute") && french.contains(&format!("reject {plan}")), "{french}");
    assert!(french.contains("ctl pause") && !french.contains(" apply "), "{french}");
    daemon.stop();
    insert(&office.database(), "2025-11-02T12:00:00Z");
    let plan = office.plan();
    let told = office.ask(&["approve", &plan, "--accept", "rules"]);
    assert_eq!(told["executes"], "apply", "no daemon runs: {told}");
}

#[test]
fn status_and_figures_follow_what_a_run_disposed_of_and_alerts_that_are_no_longer_true_end() {
    let office = Office::new("approve", 3);
    office.configure("\n[alerts]\noverdue_days = 7\n[metrics]\ntextfile = \"metrics.prom\"\n");
    let daemon = office.start();
    let figures = || fs::read_to_string(office.path("metrics.prom")).unwrap_or_default();
    office.wait("figures", || figures().contains("retentiond_last_scan_timestamp_seconds 0\n"));
    office.scan();
    assert!(office.has_alert("overdue"));
    office.wait("the count", || figures().contains("retentiond_overdue_records{rule=\"R-1\"} 3\n"));
    let plan = office.plans("pending").remove(0);
    office.ask(&["approve", &plan, "--accept", "rules"]);
    office.wait("the execution", || office.plans("executed") == [plan.clone()]);
    office.wait("its end", || office.status()["doing"] == "idle");
    let status = office.status();
    assert_eq!(status["overdue"]["R-1"]["records"], 0, "{status}");
    let nothing = Json::Array(Vec::new());
    assert_eq!((&status["alerts"], &status["plans"]), (&nothing, &nothing), "{status}");
    assert_eq!(office.last("run"), [format!("plan {plan}: 3 of 3 disposed of")]);
    assert_eq!(office.last("scan"), [format!("3 due, plan {plan} waits")]);
    let text = office.run(&["ctl", "status"]).out;
    assert!(text.contains("last run") && text.contains("last scan"), "{text}");
    office.wait("the rest", || figures().contains("retentiond_overdue_records{rule=\"R-1\"} 0\n"));
    assert!(!figures().contains("overdue_oldest_timestamp_seconds{"), "{}", figures());
    daemon.stop();
}

#[test]
fn alerts_about_a_rule_end_with_the_next_scan_of_all_rules_and_with_the_rule() {
    let office = Office::new("report", 3);
    office.configure("\n[alerts]\noverdue_days = 7\n");
    let daemon = office.start();
    let about = |code: &str| {
        let alerts = office.status()["alerts"].as_array().unwrap().clone();
        let of = alerts.into_iter().filter(|alert| alert["code"] == code);
        of.map(|alert| alert["about"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    fs::rename(office.path("app.db"), office.path("away.db")).unwrap();
    office.ask(&["ctl", "scan", "--only", "R-1"]);
    office.wait("its failure", || about("scan-failed") == ["rule R-1"]);
    fs::rename(office.path("away.db"), office.path("app.db")).unwrap();
    office.scan();
    assert_eq!((about("scan-failed"), about("overdue")), (Vec::new(), vec!["R-1".to_owned()]));
    office.edit("calendar.toml", "\"R-1\"", "\"R-9\"");
    office.edit("calendar.toml", "version      = 1", "version      = 2");
    office.ask(&["ctl", "reload"]);
    office.scan();
    assert_eq!(about("overdue"), ["R-9"]);
    daemon.stop();
}

#[test]
fn figures_follow_a_run_while_it_goes_on() {
    let office = Office::new("approve", 8_000);
    office.configure("\n[metrics]\ntextfile = \"metrics.prom\"\n");
    let daemon = office.start_with(&[("FAILPOINTS", "committed=sleep(50)")]);
    office.scan();
    office.ask(&["approve", &office.plans("pending")[0], "--accept", "rules"]);
    let figure = |name: &str| {
        let text = fs::read_to_string(office.path("metrics.prom")).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix(name).map(str::to_owned));
        line.and_then(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).unwrap_or(0)
    };
    let disposed = || figure("retentiond_records_destroyed_total{");
    office.wait("the first figures", || disposed() > 0);
    assert!(disposed() < 8_000 && office.status()["doing"].as_str().unwrap().starts_with("executing"));
    office.wait("the end", || office.count() == 5 && office.status()["doing"] == "idle");
    office.wait("the last figures", || figure("retentiond_last_success_timestamp_seconds") > 0);
    assert_eq!((disposed(), figure("retentiond_overdue_records{")), (8_000, 0));
    daemon.stop();
    office.verify();
}

#[test]
fn what_a_run_leaves_is_counted_anew_and_no_plan_of_it_is_kept() {
    let office = Office::new("approve", 3);
    let daemon = office.start_with(&[NO_TICK]);
    office.scan();
    let plan = office.plans("pending").remove(0);
    office.ask(&["hold", "place", "dossier", "1", "--reason", "a claim"]);
    office.ask(&["approve", &plan, "--accept", "rules"]);
    office.ask(&["apply", &plan]);
    assert_eq!(office.count(), 6);
    // Held, it is past its term no more; what the run disposed of leaves one.
    office.wait("the count", || office.status()["overdue"]["R-1"]["records"] == 0);
    assert_eq!(office.plans("pending"), Vec::<String>::new());
    daemon.stop();
    office.verify();
}

#[test]
fn what_a_person_disposed_of_while_it_was_down_is_known_from_the_start() {
    let office = Office::new("report", 3);
    let daemon = office.start();
    office.scan();
    daemon.stop();
    let plan = office.plans("pending").remove(0);
    office.ask(&["approve", &plan, "--accept", "rules"]);
    office.ask(&["apply", &plan]);
    let daemon = office.start();
    assert_eq!(office.status()["overdue"]["R-1"]["records"], 0, "{}", office.status());
    daemon.stop();
}

#[test]
fn in_automatic_mode_what_was_approved_before_needs_nobody_and_a_tripped_rail_a_person() {
    let office = Office::new("automatic", 3);
    let daemon = office.start();
    office.scan();
    assert!(office.has_alert("rail-tripped"), "nobody ever approved these rules");
    assert_eq!(office.count(), 8);
    let first = office.plans("pending").remove(0);
    office.ask(&["approve", &first, "--accept", "rules"]);
    office.wait("the execution", || office.count() == 5);

    insert(&office.database(), "2025-11-02T12:00:00Z");
    office.scan();
    assert_eq!(office.count(), 5, "the same rules, the same mapping: it approved by itself");
    let entries = office.ask(&["audit", "show", "--kind", "approval"]);
    let actors = entries["entries"].as_array().unwrap().iter().map(|entry| entry["actor"].as_str().unwrap());
    let by_itself: Vec<bool> = actors.map(|actor| actor.ends_with(", automatic mode")).collect();
    assert_eq!(by_itself, [false, true], "{entries}");
    assert!(!office.has_alert("rail-tripped"));

    (0..10).for_each(|_| insert(&office.database(), "2025-11-02T12:00:00Z"));
    office.reconfigure("max_share = 1.0", "max_share = 0.1\nmin_count = 5");
    office.ask(&["ctl", "reload"]);
    office.scan();
    assert!(office.has_alert("rail-tripped"), "two thirds of a series are not a matter of course");
    assert_eq!(office.count(), 15);
    daemon.stop();
    office.verify();
}

#[test]
fn in_report_mode_a_person_approves_and_applies_and_the_daemon_executes() {
    let office = Office::new("report", 3);
    let daemon = office.start();
    office.scan();
    let plan = office.plans("pending").remove(0);
    let (code, refused) = office.json(&["apply", &plan]);
    assert_eq!(code, 3, "nobody approved it: {refused}");
    office.ask(&["approve", &plan, "--accept", "rules"]);
    thread::sleep(Duration::from_secs(2));
    assert_eq!(office.count(), 8, "approved is not applied: the mode is report");
    let run = office.ask(&["apply", &plan]);
    assert_eq!((run["destroyed"].as_i64(), office.count()), (Some(3), 5), "{run}");
    assert_eq!(office.json(&["apply", &plan]).0, 3, "it is done already");
    assert_eq!(office.last("run"), [format!("plan {plan}: 3 of 3 disposed of")], "what was refused was no run");
    assert_eq!(office.status()["overdue"]["R-1"]["records"], 0, "{}", office.status());
    daemon.stop();
    office.verify();
}

#[test]
fn an_apply_that_is_refused_answers_who_asked_and_changes_nothing_else() {
    let office = Office::new("approve", 3);
    let told = office.path("told");
    office.configure(&format!(
        "\n[notify]\ncommand = [\"sh\", \"-c\", \"cat >> {}\"]\n[metrics]\ntextfile = \"metrics.prom\"\n",
        told.display()
    ));
    let daemon = office.start();
    office.scan();
    let plan = office.plans("pending").remove(0);
    let is_refused = |plan: &str, exit: i32| {
        let (code, refused) = office.json(&["apply", plan]);
        assert_eq!(code, exit, "{plan}: {refused}");
        assert!(!office.has_alert("run-failed"), "{plan}: {}", office.status());
    };
    is_refused("2026-01-01-ffffffffffff", 2);
    is_refused(&plan, 3);
    is_refused(&plan, 3);
    office.ask(&["approve", &plan, "--accept", "rules"]);
    // The clock stands still: what had been put off would wait for ever.
    office.wait("the execution", || office.plans("executed") == [plan.clone()]);
    is_refused(&plan, 3);
    daemon.stop();
    let told = fs::read_to_string(told).unwrap_or_default();
    assert!(!told.contains("run-failed"), "{told}");
    let figures = fs::read_to_string(office.path("metrics.prom")).unwrap();
    assert!(figures.contains("retentiond_runs_total{outcome=\"finished\"} 1"), "{figures}");
    assert!(!figures.contains("outcome=\"failed\"") || figures.contains("outcome=\"failed\"} 0"), "{figures}");
    office.verify();
}

#[test]
fn nothing_it_says_names_a_person_not_even_at_the_lowest_level() {
    let office = Office::new("approve", 3);
    let hook = office.path("alerts");
    let command = format!(
        "\n[notify]\ncommand = [\"sh\", \"-c\", \"cat >> {}\"]\n[metrics]\ntextfile = \"metrics.prom\"\n",
        hook.display()
    );
    office.configure(&command);
    let daemon = office.start_with(&[("RETENTIOND_LOG", "trace")]);
    office.scan();
    let plan = office.plans("pending").remove(0);
    office.ask(&["hold", "place", "dossier", "1", "--reason", "canary-of-a-reason"]);
    office.ask(&["approve", &plan, "--accept", "rules"]);
    office.wait("the execution", || office.count() == 6);
    office.wait("the alert", || hook.exists() && fs::metadata(&hook).unwrap().len() > 0);
    office.wait("the figures", || {
        let figures = fs::read_to_string(office.path("metrics.prom")).unwrap_or_default();
        figures.contains("retentiond_records_destroyed_total{rule=\"R-1\",action=\"destroy\"} 2")
    });
    daemon.stop();
    for text in
        [office.log(), fs::read_to_string(&hook).unwrap(), fs::read_to_string(office.path("metrics.prom")).unwrap()]
    {
        assert!(!text.contains("canary"), "{text}");
    }
    assert!(office.log().contains("TRACE") || office.log().contains("DEBUG"), "the lowest level was on");
    let alert: Json = serde_json::from_str(fs::read_to_string(&hook).unwrap().lines().next().unwrap()).unwrap();
    assert_eq!(alert["code"], "plan-waiting");
}
