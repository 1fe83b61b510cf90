//! Files that should be gone and are not: who looks is told until they are gone, or until a person answers for them.

use std::fs;
use std::path::Path;

use crate::office::{NOON, Office, insert};

const PART: &str = "
[[series.dossier.part]]
table = \"document\"
on    = { dossier_id = \"id\" }
files = { column = \"path\", root = \"ROOT\" }
";

/// An office with one due dossier that has a file beneath this directory.
fn with_a_file(office: Office, root: &Path) -> Office {
    office.configure(&PART.replace("ROOT", root.to_str().unwrap()));
    let table = "CREATE TABLE document (id INTEGER PRIMARY KEY, dossier_id INTEGER NOT NULL, path TEXT);
        CREATE INDEX document_dossier ON document (dossier_id); CREATE INDEX document_path ON document (path);
        INSERT INTO document VALUES (1, 1, 'canary.txt')";
    office.database().execute_batch(table).unwrap();
    fs::create_dir_all(root).unwrap();
    fs::write(root.join("canary.txt"), "canary").unwrap();
    office
}

fn metric(office: &Office, name: &str) -> String {
    let text = fs::read_to_string(office.path("retentiond.prom")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("retentiond_{name} ")).map(str::to_owned));
    line.unwrap_or_default()
}

#[test]
fn files_that_are_left_are_told_with_their_plan_and_since_when_until_somebody_ends_it() {
    let office = Office::new("approve", 1);
    let root = office.path("files");
    let office = with_a_file(office, &root);
    office.configure(&format!("\n[metrics]\ntextfile = \"{}\"\n", office.path("retentiond.prom").display()));
    let daemon = office.start_with(&[("FAILPOINTS", "committed=sleep(2000)")]);
    office.scan();
    let plan = office.plans("pending").remove(0);
    assert_eq!(office.status()["left"], serde_json::json!([]));
    office.ask(&["approve", &plan, "--accept", "rules,empty"]);
    office.wait("the transaction", || office.count() == 5);
    fs::rename(office.path("files/canary.txt"), office.path("aside")).unwrap();
    office.wait("the alert", || office.has_alert("files-left"));
    let left = office.status()["left"].clone();
    assert_eq!(left, serde_json::json!([{ "plan": plan, "files": 1, "since": NOON }]));
    let alerts = office.status()["alerts"].clone();
    let told = alerts.as_array().unwrap();
    assert!(told.iter().any(|alert| alert["code"] == "files-left" && alert["about"] == plan.as_str()), "{alerts}");
    assert!(!alerts.to_string().contains("canary") && !office.has_alert("run-partial"), "{alerts}");
    office.wait("the figures", || metric(&office, "files_left") == "1");
    assert_eq!(metric(&office, "files_left_oldest_timestamp_seconds"), "1795280400");
    assert!(office.run(&["ctl", "status"]).out.contains(&format!("1 of plan {plan}, since {NOON}")));

    // Who asks the daemon for a plan that was executed hears of its files.
    let (code, run) = office.json(&["apply", &plan]);
    assert_eq!((code, &run["left"], &run["plan"]), (5, &1.into(), &plan.as_str().into()), "{run}");
    let released = office.ask(&["apply", &plan, "--release-files", "--reason", "moved to the archive"]);
    assert_eq!(released["files"].as_array().map(Vec::len), Some(1), "{released}");
    office.wait("the end of the alert", || !office.has_alert("files-left"));
    office.wait("the figures", || metric(&office, "files_left") == "0");
    assert_eq!(office.json(&["apply", &plan]).0, 3);
    daemon.stop();
    office.verify();
    office.verify_by_python(NOON);
}

#[test]
fn files_of_a_batch_that_an_older_copy_denied_are_an_alert_until_their_list_is_removed() {
    let office = Office::new("approve", 1);
    let root = office.path("files");
    let office = with_a_file(office, &root);
    let (place, older, right) = (office.path("app.db"), office.path("older.db"), office.path("right.db"));
    fs::copy(&place, &older).unwrap();
    let plan = office.plan();
    office.ask(&["approve", &plan, "--accept", "rules,empty"]);
    let killed = office.command(&["apply", &plan]).env("FAILPOINTS", "committed=return(kill)").status().unwrap();
    assert_eq!((killed.code(), office.count()), (None, 5), "and what is in the WAL is in the database");
    office.ask(&["reject", &plan, "--reason", "frightened"]);
    fs::rename(&place, &right).unwrap();
    fs::rename(&older, &place).unwrap();
    let daemon = office.start();
    assert!(!office.has_alert("files-unclear"), "rows name them");
    daemon.stop();

    fs::rename(&right, &place).unwrap();
    let daemon = office.start();
    office.wait("the alert", || office.has_alert("files-unclear") && office.has_alert("restored"));
    assert!(!office.status()["alerts"].to_string().contains("canary"), "{}", office.status()["alerts"]);
    let lists = fs::read_dir(office.path("state/private/spool")).unwrap().map(|entry| entry.unwrap().path());
    let lists: Vec<_> = lists.filter(|path| path.extension() == Some("unclear".as_ref())).collect();
    assert_eq!((lists.len(), root.join("canary.txt").exists()), (1, true));
    fs::remove_file(&lists[0]).unwrap();
    office.wait("the end of the alert", || !office.has_alert("files-unclear"));
    daemon.stop();
    office.verify();
    office.verify_by_python(NOON);
}

#[test]
fn files_that_are_left_are_tried_again_once_a_day_and_never_while_it_is_paused() {
    let office = Office::new("approve", 1);
    let root = office.path("files");
    let office = with_a_file(office, &root);
    let synchronized = ("RETENTIOND_SYNCHRONIZED", "yes");
    let daemon = office.start_with(&[synchronized, ("FAILPOINTS", "committed=sleep(2000)")]);
    office.scan();
    let plan = office.plans("pending").remove(0);
    office.ask(&["approve", &plan, "--accept", "rules,empty"]);
    office.wait("the transaction", || office.count() == 5);
    let (file, aside) = (root.join("canary.txt"), office.path("aside"));
    fs::rename(&file, &aside).unwrap();
    office.wait("the alert", || office.has_alert("files-left"));
    office.ask(&["ctl", "pause", "--reason", "an example"]);
    fs::rename(&aside, &file).unwrap();
    let a_day_at = |time: &str| {
        let beats = || office.ask(&["audit", "show", "--kind", "heartbeat"])["entries"].as_array().unwrap().len();
        let before = beats();
        office.set_clock(time);
        office.wait("the daily housekeeping", || beats() > before && office.status()["doing"] == "idle");
    };
    daemon.stop();
    let daemon = office.start_with(&[synchronized]);
    a_day_at("2026-11-22T17:00:00Z");
    assert!(file.exists() && office.has_alert("files-left"), "paused, also over a restart");
    office.ask(&["ctl", "resume"]);
    a_day_at("2026-11-23T17:00:00Z");
    office.wait("the end of the alert", || !office.has_alert("files-left"));
    assert!(!file.exists());
    daemon.stop();
    office.verify();
}

#[test]
fn files_of_a_root_that_lies_elsewhere_are_unlinked_within_what_the_kernel_permits() {
    // Outside of `/tmp`, which every daemon may use.
    let place = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let elsewhere = tempfile::tempdir_in(place).unwrap();
    let office = with_a_file(Office::within(place, "approve", 1), &elsewhere.path().join("documents"));
    let daemon = office.start();
    office.scan();
    let plan = office.plans("pending").remove(0);
    office.ask(&["approve", &plan, "--accept", "rules,empty"]);
    office.wait("the end", || office.plans("executed").len() == 1);
    assert!(!elsewhere.path().join("documents/canary.txt").exists() && !office.has_alert("files-left"));
    daemon.stop();
    office.verify();
}

#[test]
fn what_fails_run_after_run_is_one_alert_about_its_rule_that_says_why_until_a_run_leaves_nothing() {
    let office = Office::new("approve", 1);
    let root = office.path("files");
    let office = with_a_file(office, &root);
    let daemon = office.start_with(&[("RETENTIOND_SYNCHRONIZED", "yes")]);
    let partial = || {
        let alerts = office.status()["alerts"].as_array().unwrap().clone();
        alerts.into_iter().filter(|alert| alert["code"] == "run-partial").collect::<Vec<_>>()
    };
    let execute = |time: &str| {
        let before = office.plans("executed").len();
        office.set_clock(time);
        office.scan();
        office.ask(&["approve", &office.plans("pending")[0], "--accept", "rules,empty,share,median"]);
        office.wait("the end", || office.plans("executed").len() > before && office.status()["doing"] == "idle");
    };
    fs::rename(root.join("canary.txt"), office.path("aside")).unwrap();
    execute("2026-11-21T17:00:01Z");
    execute("2026-11-22T17:00:00Z");
    let alerts = partial();
    assert_eq!((alerts.len(), &alerts[0]["about"]), (1, &"R-1".into()), "{alerts:?}");
    let told = alerts[0]["message"].as_str().unwrap();
    let why = "a file of part document";
    assert!(told.contains("explain SERIES KEY") && !told.contains("tried again"), "{told}");
    assert!(told.contains(why) && office.log().contains(&format!("stay: {why}")), "{told}\n{}", office.log());
    assert!(!office.log().contains("canary"), "{}", office.log());
    let (_, explained) = office.json(&["explain", "dossier", "1"]);
    assert!(explained["stayed"]["reason"].as_str().is_some_and(|reason| told.contains(reason)), "{explained}");

    fs::rename(office.path("aside"), root.join("canary.txt")).unwrap();
    // One that the approval leaves out is past its term all the same.
    insert(&office.database(), "2025-11-02T12:00:00Z");
    office.set_clock("2026-11-23T17:00:00Z");
    // What was counted anew after the last run may have a plan already, without it.
    office.plans("pending").iter().for_each(|plan| drop(office.ask(&["reject", plan, "--reason", "an example"])));
    office.scan();
    fs::write(office.path("except.csv"), "dossier,7\n").unwrap();
    let plan = office.plans("pending").remove(0);
    office.ask(&["approve", &plan, "--accept", "rules,empty,share,median", "--except", "except.csv"]);
    office.wait("the end", || office.plans("executed").contains(&plan) && office.status()["doing"] == "idle");
    assert_eq!((office.count(), partial()), (6, Vec::new()));
    daemon.stop();
    office.verify();
}

#[test]
fn what_a_run_leaves_of_one_rule_is_no_alert_about_another_of_which_it_left_nothing() {
    let office = Office::new("approve", 1);
    let root = office.path("files");
    let calendar = fs::read_to_string(office.path("calendar.toml")).unwrap();
    let account = "
[[series]]
name     = \"account\"
triggers = { closure = { en = \"Closure\" } }

[[rule]]
number      = \"R-2\"
title       = { en = \"Accounts\" }
series      = \"account\"
trigger     = \"closure\"
keep        = \"P1Y\"
disposition = \"destroy\"
";
    fs::write(office.path("calendar.toml"), calendar + account).unwrap();
    let office = with_a_file(office, &root);
    office.configure(
        "\n[series.account]\nsource = \"app\"\ntable = \"account\"\nkey = \"id\"\nevent.closure = \"closed_at\"\n",
    );
    let table = "CREATE TABLE account(id INTEGER PRIMARY KEY, closed_at TEXT);
        CREATE INDEX account_closed ON account(closed_at);
        INSERT INTO account VALUES (1, '2025-11-01T12:00:00Z')";
    office.database().execute_batch(table).unwrap();
    fs::remove_file(root.join("canary.txt")).unwrap();
    let daemon = office.start();
    office.scan();
    let plan = office.plans("pending").remove(0);
    office.ask(&["approve", &plan, "--accept", "rules,empty"]);
    office.wait("the end", || office.plans("executed").len() == 1 && office.status()["doing"] == "idle");
    assert_eq!((office.count(), office.rows("account")), (6, 0));
    let alerts = office.status()["alerts"].as_array().unwrap().clone();
    let about: Vec<_> = alerts.iter().filter(|alert| alert["code"] == "run-partial").map(|of| &of["about"]).collect();
    assert_eq!(about, ["R-1"], "{alerts:?}");
    daemon.stop();
}
