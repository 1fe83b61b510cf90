//! Records that went otherwise than under their own name: what the log says of them, and what keeps them.

use std::fs;

use super::rows::{AT_ONCE, KEPT_LONG, NOTE, NOTES, Office, calendar};
use crate::support::CALENDAR;
use crate::support::documented::assert_documented;

const CHILDREN: &str =
    "\n[[series.dossier.part]]\nname = \"child\"\ntable = \"dossier\"\non = { parent_id = \"id\" }\n";

/// Neither `audit lookup` nor `explain` claims that the record was kept.
fn assert_gone(office: &Office, key: &str) {
    let found = office.ask(&["audit", "lookup", "dossier", key]);
    assert_eq!(found["answer"], "GONE", "{found}");
    assert_documented("audit lookup", &found);
    for arguments in [&["audit", "lookup", "dossier", key][..], &["explain", "dossier", key]] {
        let told = office.run(arguments).flat();
        assert!(told.contains("was not there any more when its turn came"), "{told}");
        assert!(!told.contains("kept after all"), "{told}");
    }
}

#[test]
fn a_planned_record_that_is_a_part_of_another_of_its_series_goes_under_its_own_name() {
    let beneath_one = "UPDATE dossier SET parent_id = 1 WHERE id = 2";
    let in_a_circle = "UPDATE dossier SET parent_id = 3 - id WHERE id < 3";
    for parents in [beneath_one, in_a_circle] {
        let office = Office::new(CALENDAR, CHILDREN);
        office.database().execute(parents, []).unwrap();
        let (_, run) = office.go(|| {});
        assert_eq!((&run["destroyed"], &run["drifted"]), (&3.into(), &0.into()), "{parents}: {run}");
        assert_eq!(office.ids("dossier"), [0; 0], "{parents}");
        for dossier in ["1", "2", "3"] {
            let told = &office.ask(&["audit", "lookup", "dossier", dossier])["answer"];
            assert_eq!(told, "DESTROYED", "{parents}: {dossier}");
        }
    }
}

#[test]
fn a_planned_record_that_the_application_deleted_meanwhile_is_not_said_to_have_been_kept() {
    let office = Office::new(CALENDAR, NOTES);
    let (_, run) = office.go(|| {
        office
            .database()
            .execute_batch("DELETE FROM note WHERE dossier_id = 2; DELETE FROM dossier WHERE id = 2")
            .unwrap();
    });
    assert_eq!((&run["destroyed"], &run["drifted"]), (&2.into(), &1.into()), "{run}");
    assert_gone(&office, "2");
}

#[test]
fn a_planned_record_that_is_a_part_of_another_planned_one_goes_under_its_own_name_first() {
    let office = Office::new(&calendar("note", AT_ONCE), &format!("{NOTES}{NOTE}"));
    let (_, run) = office.go(|| {});
    assert_eq!((&run["destroyed"], &run["drifted"]), (&6.into(), &0.into()), "{run}");
    assert_eq!(office.ask(&["audit", "lookup", "note", "20"])["answer"], "DESTROYED");
}

#[test]
fn a_record_that_no_plan_listed_may_have_gone_as_a_part_and_lookup_says_so() {
    let office = Office::new(&calendar("note", KEPT_LONG), &format!("{NOTES}{NOTE}"));
    office.go(|| {});
    assert_eq!(office.ids("note"), [0; 0]);
    assert_eq!(office.ask(&["audit", "lookup", "note", "20"])["answer"], "NOT-FOUND");
    for arguments in [["audit", "lookup", "note", "20"].as_slice(), &["explain", "note", "20"]] {
        let told = office.run(arguments).flat();
        assert!(told.contains("no proof that it was never destroyed"), "{told}");
    }
}

#[test]
fn an_excepted_record_keeps_for_this_plan_the_one_of_which_it_is_a_part() {
    let office = Office::new(&calendar("note", AT_ONCE), &format!("{NOTES}{NOTE}"));
    let plan = office.plan();
    fs::write(office.path("excepted.csv"), "note,20\n").unwrap();
    office.ask(&["approve", &plan, "--accept", "rules,share,empty", "--except", "excepted.csv"]);
    let run = office.ask(&["apply", &plan]);
    assert_eq!((&run["destroyed"], &run["blocked"]), (&4.into(), &1.into()), "{run}");
    assert_eq!((office.ids("dossier"), office.ids("note")), (vec![2], vec![20]));
    office.verify();
    // For this plan alone.
    let (_, run) = office.go(|| {});
    assert_eq!(run["destroyed"], 2, "{run}");
}
