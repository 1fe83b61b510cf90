//! A floor keeps its row from going with another record, whatever other rules say of its series.

use super::*;

/// The rules on notes: one destroys, and a floor says how long they are kept at least.
fn calendar_with_floor(keep: &str) -> String {
    floored("note", keep)
}

/// The same for another series.
fn floored(series: &str, keep: &str) -> String {
    let floor = format!(
        "\n[[rule]]\nnumber = \"R-F\"\ntitle = {{ en = \"Floor\" }}\nseries = \"{series}\"\ntrigger = \"made\"\n\
         keep = \"{keep}\"\nrole = \"floor\"\n"
    );
    calendar(series, AT_ONCE) + &floor
}

#[test]
fn what_a_floor_keeps_does_not_go_with_another_record_although_a_rule_would_destroy_it() {
    let office = Office::new(&calendar_with_floor("P50Y"), &format!("{NOTES}{NOTE}"));
    assert_eq!(office.verdict("note", "20").0, "not_yet");
    assert_eq!(office.verdict("dossier", "2"), ("blocked".to_owned(), "floor".to_owned()));
    let told = office.run(&["explain", "dossier", "2"]);
    assert!(told.flat().contains("a floor still keeps a row that would go with it"), "{told:?}");
    let told = office.run(&["--lang", "fr", "explain", "dossier", "2"]);
    assert!(told.flat().contains("un plancher retient encore une ligne"), "{told:?}");
    let (plan, _) = office.go(|| {});
    assert_eq!(of_dossiers(&plan)["blocked"], 3, "{plan}");
    assert_eq!((office.ids("dossier"), office.ids("note")), (vec![1, 2, 3], vec![10, 20, 30]));
    let later = office.ask(&["plan", "--as-of", "2070-01-01"]);
    assert_eq!((&of_dossiers(&later)["blocked"], &of_dossiers(&later)["due"]), (&0.into(), &3.into()), "{later}");
}

#[test]
fn a_row_that_would_only_be_masked_is_under_its_floor_too() {
    for (keep, blocked) in [("P50Y", 3), ("P2Y", 0)] {
        let anonymized = "disposition = \"anonymize\"";
        let calendar = calendar_with_floor(keep).replacen("disposition = \"destroy\"", anonymized, 1);
        let masks = "anonymize = { name = \"null\" }\n";
        let parts = format!("{masks}{NOTES}anonymize = {{ body = \"null\" }}\n{NOTE}");
        let plan = Office::new(&calendar, &parts).ask(&["plan"]);
        assert_eq!(of_dossiers(&plan)["blocked"], blocked, "{plan}");
    }
}

#[test]
fn a_floor_keeps_the_rows_for_which_it_has_not_passed_and_no_other() {
    let office = Office::new(&calendar_with_floor("P2Y"), &format!("{NOTES}{NOTE}"));
    let dates = "UPDATE note SET made_at = NULL WHERE id = 20; UPDATE note SET made_at = 'soon' WHERE id = 30;";
    office.database().execute_batch(dates).unwrap();
    let (plan, run) = office.go(|| {});
    assert_eq!((&of_dossiers(&plan)["blocked"], &run["failed"]), (&2.into(), &0.into()), "{plan} {run}");
    assert_eq!((office.ids("dossier"), office.ids("note")), (vec![2, 3], vec![20, 30]));
}

#[test]
fn a_row_whose_floor_begins_anew_after_the_approval_stays_with_its_record() {
    let office = Office::new(&calendar_with_floor("P2Y"), &format!("{NOTES}{NOTE}"));
    let (_, run) = office.go(|| {
        office.database().execute_batch("UPDATE note SET made_at = NULL WHERE id = 20").unwrap();
    });
    assert_eq!((office.ids("dossier"), office.ids("note")), (vec![2], vec![20]));
    assert_eq!(run["blocked"], 1, "{run}");
}

#[test]
fn a_floor_is_reckoned_from_whichever_table_its_event_is_read() {
    let event = "event.made = { table = \"line\", on = { note_id = \"id\" }, column = \"made_at\", pick = \"latest\" }";
    let note = NOTE.replace("event.made = \"made_at\"", event);
    let line = "\n[[series.note.part]]\ntable = \"line\"\non = { note_id = \"id\" }\n";
    let office = Office::new(&calendar_with_floor("P2Y"), &format!("{NOTES}{note}{line}"));
    let lines = "CREATE TABLE line (id INTEGER PRIMARY KEY, note_id INTEGER, made_at TEXT);
                 CREATE INDEX line_note ON line (note_id);
                 INSERT INTO line SELECT id, id, made_at FROM note;
                 UPDATE line SET made_at = 'soon' WHERE note_id = 20;";
    office.database().execute_batch(lines).unwrap();
    assert_eq!(office.verdict("dossier", "2"), ("blocked".to_owned(), "floor".to_owned()));
    office.go(|| {});
    assert_eq!((office.ids("dossier"), office.ids("note"), office.ids("line")), (vec![2], vec![20], vec![20]));
}

#[test]
fn a_floor_binds_the_rows_that_a_record_has_although_they_have_a_term_of_their_own() {
    // Notes go after a year; the floor is of their dossiers.
    let floor = "\n[[rule]]\nnumber = \"R-F\"\ntitle = { en = \"Floor\" }\nseries = \"dossier\"\ntrigger = \"closure\"\n\
                 keep = \"P50Y\"\nrole = \"floor\"\n";
    let office = Office::new(&format!("{}{floor}", calendar("note", AT_ONCE)), &format!("{NOTES}{NOTE}"));
    office.database().execute_batch("DELETE FROM dossier WHERE id = 1").unwrap();
    assert_eq!(office.verdict("note", "20"), ("blocked".to_owned(), "floor".to_owned()));
    office.go(|| {});
    assert_eq!((office.ids("dossier"), office.ids("note")), (vec![2, 3], vec![20, 30]));
}

#[test]
fn a_row_that_only_loses_its_owner_or_lies_outside_of_its_series_is_under_no_floor() {
    let detached = format!("{NOTES}owner_gone = \"detach\"\n{NOTE}");
    let filtered = format!("{NOTES}{NOTE}filter = {{ body = \"other\" }}\n");
    for (config, notes) in [(detached, vec![10, 20, 30]), (filtered, vec![])] {
        let office = Office::new(&calendar_with_floor("P50Y"), &config);
        office.go(|| {});
        assert_eq!((office.ids("dossier"), office.ids("note")), (vec![], notes), "{config}");
    }
}

#[test]
fn what_a_floor_keeps_of_a_part_of_a_part_keeps_the_record_at_the_top() {
    let entries = "\n[[series.dossier.part]]\ntable = \"entry\"\nof = \"note\"\non = { note_id = \"id\" }\n\n\
                   [series.entry]\nsource = \"app\"\ntable = \"entry\"\nkey = \"id\"\nevent.made = \"made_at\"\n";
    let office = Office::new(&floored("entry", "P50Y"), &format!("{NOTES}{entries}"));
    let table = "CREATE TABLE entry (id INTEGER PRIMARY KEY, note_id INTEGER, made_at TEXT);
                 CREATE INDEX entry_note ON entry (note_id); CREATE INDEX entry_made ON entry (made_at);
                 INSERT INTO entry VALUES (200, 20, '2018-03-15T12:00:00Z');";
    office.database().execute_batch(table).unwrap();
    assert_eq!(office.verdict("dossier", "2"), ("blocked".to_owned(), "floor".to_owned()));
    office.go(|| {});
    assert_eq!((office.ids("dossier"), office.ids("entry")), (vec![2], vec![200]));
}
