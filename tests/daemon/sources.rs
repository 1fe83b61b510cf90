//! Two databases, of which one is away.

use std::fs::{self, File, OpenOptions};
use std::io::Write;

use rusqlite::Connection;

use crate::office::{Office, insert};

/// What names a second database, `b.db`, and the records in it.
const SECOND: &str = "
[source.b]
sqlite = \"b.db\"

[series.other]
source = \"b\"
table = \"dossier\"
key = \"id\"
event.closure = \"closed_at\"
";

/// Its rule.
const SECOND_RULE: &str = "
[[series]]
name = \"other\"
triggers = { closure = { en = \"Closure\" } }

[[rule]]
number = \"R-2\"
title = { en = \"Others\" }
series = \"other\"
trigger = \"closure\"
keep = \"P1Y\"
disposition = \"destroy\"
";

/// An office with two databases of three due dossiers each.
fn two_databases(mode: &str) -> Office {
    let office = Office::new(mode, 3);
    let append = |file: &str, text: &str| {
        let mut file: File = OpenOptions::new().append(true).open(office.path(file)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    };
    append("retentiond.toml", SECOND);
    append("calendar.toml", SECOND_RULE);
    let copy = office.path("b.db").display().to_string();
    office.database().execute("VACUUM INTO ?1", [copy]).unwrap();
    office
}

/// What destroys everything that is due, whatever rail stands in the way.
const EVERY_RAIL: &str = "rules,share,count,median,backlog,empty";

/// A file that each record of the second database has.
const FILE: &str = "
[[series.other.part]]
table = \"document\"
on    = { dossier_id = \"id\" }
files = { column = \"path\", root = \"ROOT\" }
";

fn second(office: &Office) -> Connection {
    Connection::open(office.path("b.db")).unwrap()
}

/// Takes the second database away, or puts it back.
fn move_second(office: &Office, from: &str, to: &str) {
    fs::rename(office.path(from), office.path(to)).unwrap();
}

/// Has the daemon destroy what it finds due.
fn destroy_what_is_found(office: &Office) {
    office.scan();
    let plan = office.plans("pending").remove(0);
    office.ask(&["approve", &plan, "--accept", EVERY_RAIL]);
    office.wait("the execution", || office.plans("executed").contains(&plan));
}

/// What the failed scans are about.
fn failed(office: &Office) -> Vec<String> {
    let status = office.status();
    let alerts = status["alerts"].as_array().unwrap().iter().filter(|alert| alert["code"] == "scan-failed");
    alerts.map(|alert| alert["about"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_database_that_is_away_keeps_no_other_from_being_scanned_planned_and_counted() {
    let office = two_databases("report");
    let due = |rule: &str| office.status()["overdue"][rule]["records"].clone();
    let daemon = office.start();
    office.scan();
    assert!(office.last("scan")[0].starts_with("6 due, plan"), "{:?}", office.last("scan"));

    fs::rename(office.path("b.db"), office.path("b.away")).unwrap();
    insert(&office.database(), "2025-11-02T12:00:00Z");
    office.scan();
    let told = office.last("scan").remove(0);
    assert!(told.starts_with("source b failed: database-missing; 4 due, plan"), "{told}");
    assert_eq!(failed(&office), ["source b"]);
    assert_eq!((due("R-1"), due("R-2")), (4.into(), 3.into()), "of the one that is away, what was counted before");
    let plan = office.plans("pending").remove(0);
    office.ask(&["approve", &plan, "--accept", "rules"]);
    office.ask(&["apply", &plan]);
    assert_eq!(office.count(), 5);

    fs::rename(office.path("app.db"), office.path("app.away")).unwrap();
    office.ask(&["ctl", "scan"]);
    office.wait("the failure", || office.last("scan")[0] == "failed: database-missing");
    assert!(failed(&office).contains(&"all rules".to_owned()), "{:?}", failed(&office));

    fs::rename(office.path("app.away"), office.path("app.db")).unwrap();
    fs::rename(office.path("b.away"), office.path("b.db")).unwrap();
    office.scan();
    assert!(office.last("scan")[0].starts_with("3 due, plan"), "{:?}", office.last("scan"));
    assert_eq!((failed(&office), due("R-1"), due("R-2")), (Vec::new(), 0.into(), 3.into()));
    daemon.stop();
    office.verify();
}

#[test]
fn an_extra_scan_is_made_where_the_scan_of_all_rules_of_the_same_minute_did_not_reach_its_records() {
    let office = two_databases("approve");
    let extra = |rule: &str| format!("[[schedule.extra]]\nrules = [\"{rule}\"]\nscan = \"*/30 * * * *\"\n");
    let zone = "timezone = \"America/Toronto\"\n";
    office.reconfigure(zone, &format!("{zone}{}{}", extra("R-1"), extra("R-2")));
    office.start().stop();
    fs::rename(office.path("b.db"), office.path("b.away")).unwrap();
    office.set_clock("2026-11-22T07:00:05Z");
    let daemon = office.start();
    let how = |rule: &str| office.last(&format!("{rule} at */30 * * * * America/Toronto")).remove(0);
    office.wait("the extra scans", || how("R-2").starts_with("failed"));
    assert_eq!(
        (how("R-1").as_str(), how("R-2").as_str()),
        ("the scan of all rules stands for it", "failed: database-missing")
    );
    assert_eq!(office.plans("pending").len(), 1, "its records are on one list");
    assert_eq!(failed(&office), ["rule R-2", "source b"]);
    daemon.stop();

    // One that failed as a whole reached nothing: a hold on the other series cannot be asked any more.
    let office = two_databases("approve");
    office.reconfigure(zone, &format!("{zone}{}", extra("R-1")));
    office.start().stop();
    office.ask(&["hold", "place", "other", "--where", "this.name = 'x'", "--reason", "a claim"]);
    let other = second(&office);
    other.execute_batch("ALTER TABLE dossier RENAME COLUMN name TO title").unwrap();
    office.set_clock("2026-11-22T07:00:05Z");
    let daemon = office.start();
    office.wait("the plan of the extra scan", || office.plans("pending").len() == 1);
    let (all, extra) = ("all at 0 2 * * * America/Toronto", "R-1 at */30 * * * * America/Toronto");
    office.wait("its end", || office.last(extra)[0].starts_with("3 due, plan"));
    assert_eq!(office.last(all)[0], "failed: hold-expression");
    daemon.stop();
}

#[test]
fn a_waiting_plan_of_a_database_that_stays_away_gives_way_to_one_of_the_others() {
    let office = two_databases("approve");
    let daemon = office.start();
    office.scan();
    let both = office.plans("pending");
    move_second(&office, "b.db", "b.away");
    insert(&office.database(), "2025-11-02T12:00:00Z");
    office.scan();
    assert_eq!(office.plans("pending"), both, "it may be back in a moment");
    let (code, told) = office.json(&["approve", &both[0], "--accept", EVERY_RAIL]);
    assert!(code != 0 && told["error"].to_string().contains("b.db"), "{code}: {told}");
    office.scan();
    let others = office.plans("pending");
    assert!(others.len() == 1 && others != both, "{others:?}");
    office.scan();
    assert_eq!(office.plans("pending"), others, "one list, not one a night");
    office.ask(&["approve", &others[0], "--accept", EVERY_RAIL]);
    office.wait("the execution", || office.plans("executed") == others);
    assert_eq!(office.count(), 5);
    move_second(&office, "b.away", "b.db");
    destroy_what_is_found(&office);
    assert_eq!(second(&office).query_one("SELECT count(*) FROM dossier", [], |row| row.get(0)), Ok(5));
    daemon.stop();
    office.verify();
}

#[test]
fn a_waiting_plan_of_a_database_that_is_away_stays_where_nothing_else_is_due() {
    let office = two_databases("approve");
    office.database().execute("DELETE FROM dossier WHERE id <= 3", []).unwrap();
    let daemon = office.start();
    office.scan();
    let waiting = office.plans("pending");
    assert_eq!(waiting.len(), 1);
    move_second(&office, "b.db", "b.away");
    office.scan();
    office.scan();
    assert_eq!(office.last("scan")[0], "source b failed: database-missing; nothing due");
    move_second(&office, "b.away", "b.db");
    assert_eq!(office.plans("pending"), waiting);
    daemon.stop();
}

#[test]
fn a_database_that_is_away_after_a_run_in_it_keeps_no_other_from_being_destroyed_from() {
    let office = two_databases("approve");
    let daemon = office.start();
    destroy_what_is_found(&office);
    move_second(&office, "b.db", "b.away");
    insert(&office.database(), "2025-11-02T12:00:00Z");
    destroy_what_is_found(&office);
    assert_eq!(office.count(), 5);
    daemon.stop();
    let daemon = office.start();
    assert!(!office.has_alert("recovery"), "no crash interrupted anything: {}", office.status());
    daemon.stop();

    // A plan that lists its records waits whole.
    move_second(&office, "b.away", "b.db");
    insert(&office.database(), "2025-11-02T12:00:00Z");
    insert(&second(&office), "2025-11-02T12:00:00Z");
    let plan = office.plan();
    office.ask(&["approve", &plan, "--accept", EVERY_RAIL]);
    move_second(&office, "b.db", "b.away");
    let (code, told) = office.json(&["apply", &plan]);
    assert!(code != 0 && told["error"].to_string().contains("b.db"), "{code}: {told}");
    assert_eq!(office.count(), 6);
    move_second(&office, "b.away", "b.db");
    assert_eq!(office.ask(&["apply", &plan])["destroyed"], 2);
    office.verify();
}

#[test]
fn what_a_crash_left_in_a_database_that_is_away_keeps_no_other_from_being_destroyed_from_and_is_settled_later() {
    let office = two_databases("approve");
    let root = office.path("files");
    office.configure(&FILE.replace("ROOT", root.to_str().unwrap()));
    let table = "CREATE TABLE document (id INTEGER PRIMARY KEY, dossier_id INTEGER NOT NULL, path TEXT);
        CREATE INDEX document_dossier ON document (dossier_id); CREATE INDEX document_path ON document (path);
        INSERT INTO document VALUES (1, 1, 'canary.txt')";
    second(&office).execute_batch(table).unwrap();
    fs::create_dir_all(&root).unwrap();
    fs::write(root.join("canary.txt"), "canary").unwrap();
    office.database().execute("DELETE FROM dossier WHERE id <= 3", []).unwrap();
    let plan = office.plan();
    office.ask(&["approve", &plan, "--accept", EVERY_RAIL]);
    let killed = office.command(&["apply", &plan]).env("FAILPOINTS", "committed=return(kill)").output().unwrap();
    assert_eq!(killed.status.code(), None, "{killed:?}");
    move_second(&office, "b.db", "b.away");
    insert(&office.database(), "2025-11-02T12:00:00Z");

    let daemon = office.start();
    let told = || office.status()["alerts"].to_string();
    assert!(office.has_alert("recovery") && told().contains("source b"), "{}", told());
    destroy_what_is_found(&office);
    assert_eq!(office.count(), 5);
    assert!(office.has_alert("recovery") && !office.plans("executed").contains(&plan), "{}", told());
    assert!(root.join("canary.txt").exists(), "whether its row went is not known yet");

    move_second(&office, "b.away", "b.db");
    office.wait("its settlement", || !office.has_alert("recovery"));
    assert!(!root.join("canary.txt").exists(), "its row went, and nobody forgot it");
    daemon.stop();
    assert_eq!(second(&office).query_one("SELECT count(*) FROM dossier", [], |row| row.get(0)), Ok(5));
    office.verify();
    office.verify_by_python("2026-11-21T17:00:00Z");
}
