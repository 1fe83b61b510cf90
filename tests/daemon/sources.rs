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
