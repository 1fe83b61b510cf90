//! Two databases, of which one is away.

use std::fs::{self, File, OpenOptions};
use std::io::Write;

use crate::office::Office;

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
    crate::office::insert(&office.database(), "2025-11-02T12:00:00Z");
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
    let other = rusqlite::Connection::open(office.path("b.db")).unwrap();
    other.execute_batch("ALTER TABLE dossier RENAME COLUMN name TO title").unwrap();
    office.set_clock("2026-11-22T07:00:05Z");
    let daemon = office.start();
    office.wait("the plan of the extra scan", || office.plans("pending").len() == 1);
    let (all, extra) = ("all at 0 2 * * * America/Toronto", "R-1 at */30 * * * * America/Toronto");
    office.wait("its end", || office.last(extra)[0].starts_with("3 due, plan"));
    assert_eq!(office.last(all)[0], "failed: hold-expression");
    daemon.stop();
}
