//! Masks that an application takes away again after the COMMIT.

#![cfg(feature = "simulate")]

use crate::support::{CALENDAR, CONFIG, Organization};

fn anonymizing() -> (Organization, String) {
    let calendar = CALENDAR.replace("\"destroy\"", "\"anonymize\"");
    let mapping = "anonymize = { name = \"null\" }\n[[series.dossier.part]]\ntable = \"message\"\non = { dossier_id = \"id\" }\n\
         anonymize = { body = { constant = \"-\" } }\n";
    let organization = Organization::new(&calendar, &format!("{CONFIG}{mapping}"));
    let rows = "CREATE TABLE dossier (id INTEGER PRIMARY KEY, closed_at TEXT, name TEXT);
         CREATE TABLE message (id INTEGER PRIMARY KEY, dossier_id INTEGER, body TEXT); CREATE INDEX m ON message(dossier_id);
         INSERT INTO dossier VALUES (1, '2018-01-01T00:00:00Z', 'A'), (2, '2018-01-01T00:00:00Z', 'B'), (3, '2018-01-01T00:00:00Z', 'C'), (4, NULL, 'D');
         INSERT INTO message VALUES (1, 1, 'x'), (2, 2, 'y'), (3, 3, 'z');";
    organization.database().execute_batch(rows).unwrap();
    let plan = organization.plan();
    organization.ask(&["approve", &plan, "--accept", "rules"]);
    (organization, plan)
}

#[test]
fn masks_that_are_gone_again_at_recovery_are_told_beside_the_outcome() {
    let (organization, plan) = anonymizing();
    let killed = organization.command(&["apply", &plan]).env("FAILPOINTS", "committed=return(kill)").status().unwrap();
    assert_eq!(killed.code(), None, "killed after its COMMIT");
    // A mask of a part is taken away, and the key of a record is used again, by one that may be the record.
    let again = "UPDATE message SET body = 'y' WHERE id = 2; DELETE FROM dossier WHERE id = 1;
        INSERT INTO dossier VALUES (1, '2018-01-01T00:00:00Z', 'A')";
    organization.database().execute_batch(again).unwrap();
    let (code, refused) = organization.json(&["apply", &plan]);
    assert_eq!((code, &refused["error"]["code"]), (3, &"restored".into()), "{refused}");
    let entries = organization.ask(&["audit", "show"]);
    let of_kind = |kind: &str| {
        let entries = entries["entries"].as_array().unwrap().iter().filter(|entry| entry["kind"] == kind);
        entries.cloned().collect::<Vec<_>>()
    };
    let ([outcome], [back]) = (&of_kind("outcome")[..], &of_kind("correction")[..]) else { panic!("{entries}") };
    assert_eq!(outcome["results"], "3A", "{outcome}");
    assert_eq!((&back["what"], &back["back"]), (&"resurrected".into(), &"2b1g".into()), "{back}");
    assert!(of_kind("sanitized").is_empty(), "this run masked nothing itself: {entries}");
    for (key, expected) in [("1", "RESURRECTED"), ("2", "RESURRECTED"), ("3", "ANONYMIZED")] {
        assert_eq!(organization.ask(&["audit", "lookup", "dossier", key])["answer"], expected, "{key}");
    }
    let next = organization.ask(&["plan"]);
    assert_eq!(next["rules"][0]["due"], 2, "what stands there unmasked is due again: {next}");
    assert!(next["rails"].to_string().contains("restored"), "{next}");
    organization.verify();
}

#[test]
fn a_database_from_before_the_masking_is_said_to_have_its_records_back() {
    let (organization, plan) = anonymizing();
    let copy = organization.path("copy.db");
    std::fs::copy(organization.path("app.db"), &copy).unwrap();
    organization.ask(&["apply", &plan]);
    std::fs::copy(&copy, organization.path("app.db")).unwrap();
    // One of them stays masked.
    let masked = "UPDATE dossier SET name = NULL WHERE id = 3; UPDATE message SET body = '-' WHERE dossier_id = 3";
    organization.database().execute_batch(masked).unwrap();
    let next = organization.ask(&["plan"]);
    assert!(next["rails"].to_string().contains("restored"), "{next}");
    for (key, expected) in [("1", "RESURRECTED"), ("2", "RESURRECTED"), ("3", "ANONYMIZED")] {
        assert_eq!(organization.ask(&["audit", "lookup", "dossier", key])["answer"], expected, "{key}");
    }
    organization.verify();
}

#[test]
fn masks_of_a_batch_whose_fence_was_dropped_are_told_one_by_one() {
    let (organization, plan) = anonymizing();
    let killed = organization.command(&["apply", &plan]).env("FAILPOINTS", "committed=return(kill)").status().unwrap();
    assert_eq!(killed.code(), None, "killed after its COMMIT");
    let tampered = "DROP TABLE retentiond_batch; UPDATE dossier SET name = 'A' WHERE id = 1";
    organization.database().execute_batch(tampered).unwrap();
    assert_eq!(organization.run(&["apply", &plan]).code, 3, "somebody must look first");
    for (key, expected) in [("1", "ABORTED"), ("2", "ANONYMIZED"), ("3", "ANONYMIZED")] {
        assert_eq!(organization.ask(&["audit", "lookup", "dossier", key])["answer"], expected, "{key}");
    }
    organization.verify();
}

#[test]
fn where_masks_took_the_place_of_what_was_no_absence_is_claimed() {
    let (organization, plan) = anonymizing();
    let text = organization.command(&["apply", &plan]).output().unwrap();
    assert!(text.status.success(), "{text:?}");
    let entries = organization.ask(&["audit", "show"]);
    let methods: Vec<_> =
        entries["entries"].as_array().unwrap().iter().filter_map(|entry| entry["method"].as_str()).collect();
    assert_eq!(methods, ["masks read back by key after each commit"]);
}
