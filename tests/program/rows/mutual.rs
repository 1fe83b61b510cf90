//! Rows that go together and refer to each other by foreign keys: no order is right, and the COMMIT looks.

use super::*;

/// Each dossier names its main note, and each note its dossier.
fn named_notes(key: &str) -> Office {
    let office = Office::new(CALENDAR, NOTES);
    let tables = format!(
        "DROP TABLE note;
         ALTER TABLE dossier ADD COLUMN main INTEGER REFERENCES note (id) {key}; CREATE INDEX dossier_main ON dossier (main);
         CREATE TABLE note (id INTEGER PRIMARY KEY, dossier_id INTEGER NOT NULL REFERENCES dossier (id) {key});
         CREATE INDEX note_dossier ON note (dossier_id);
         INSERT INTO note SELECT id * 10, id FROM dossier; UPDATE dossier SET main = id * 10;"
    );
    office.database().execute_batch(&tables).unwrap();
    office
}

#[test]
fn a_record_goes_with_the_row_that_it_names_and_that_names_it() {
    for key in ["", "DEFERRABLE INITIALLY DEFERRED"] {
        let office = named_notes(key);
        let (code, told) = office.json(&["check"]);
        assert_eq!(code, 0, "{key}: {told}");
        let (_, run) = office.go(|| {});
        assert_eq!(run["destroyed"], 3, "{key}: {run}");
        assert_eq!((office.ids("dossier"), office.ids("note")), (vec![], vec![]), "{key}");
    }
}

#[test]
fn a_row_that_another_record_names_stays_with_its_own() {
    for key in ["", "DEFERRABLE INITIALLY DEFERRED"] {
        let office = named_notes(key);
        office.database().execute_batch("UPDATE dossier SET main = 20, closed_at = NULL WHERE id = 3").unwrap();
        let plan = office.ask(&["plan"]);
        let id = plan["plan"].as_str().unwrap();
        office.ask(&["approve", id, "--accept", "rules,share,empty,mapping"]);
        let (code, run) = office.json(&["apply", id]);
        assert_eq!((code, &run["failed"], &run["destroyed"]), (5, &1.into(), &1.into()), "{key}: {run}");
        assert_eq!((office.ids("dossier"), office.ids("note")), (vec![2, 3], vec![20, 30]), "{key}");
        office.verify();
    }
}

#[test]
fn what_a_foreign_key_would_do_to_the_record_that_goes_is_refused_with_what_mends_it() {
    for key in ["ON DELETE SET NULL", "ON DELETE CASCADE", "ON DELETE RESTRICT"] {
        let (code, told) = named_notes(key).json(&["check"]);
        let findings = told["findings"].as_array().unwrap();
        let is_refused =
            |finding: &Value| finding["code"] == "unnamed-foreign-key" || finding["code"] == "foreign-key-circle";
        assert!(code == 78 && findings.iter().any(is_refused), "{key}: {told}");
    }
}

/// Letters and their drafts name each other; each is a part of the dossier, and of the other.
fn letters(key: &str) -> Office {
    let part = |name: &str, table: &str, rest: &str| {
        format!("\n[[series.dossier.part]]\nname = \"{name}\"\ntable = \"{table}\"\n{rest}\n")
    };
    let of_dossier = "on = { dossier_id = \"id\" }";
    let parts = [
        part("letter", "letter", of_dossier),
        part("draft", "draft", of_dossier),
        part("draft_of", "draft", "of = \"letter\"\non = { letter_id = \"id\" }"),
        part("letter_of", "letter", "of = \"draft\"\non = { draft_id = \"id\" }"),
    ];
    let office = Office::new(CALENDAR, &parts.concat());
    let tables = format!(
        "CREATE TABLE letter (id INTEGER PRIMARY KEY, dossier_id INTEGER REFERENCES dossier (id), draft_id INTEGER REFERENCES draft (id) {key});
         CREATE TABLE draft (id INTEGER PRIMARY KEY, dossier_id INTEGER REFERENCES dossier (id), letter_id INTEGER REFERENCES letter (id) {key});
         CREATE INDEX a ON letter (dossier_id); CREATE INDEX b ON letter (draft_id);
         CREATE INDEX c ON draft (dossier_id); CREATE INDEX d ON draft (letter_id);
         INSERT INTO letter(id, dossier_id) SELECT id, id FROM dossier; INSERT INTO draft SELECT id, id, id FROM dossier;
         UPDATE letter SET draft_id = id;"
    );
    office.database().execute_batch(&tables).unwrap();
    office
}

#[test]
fn parts_that_refer_to_each_other_go_together_unless_their_foreign_keys_forbid_it() {
    let office = letters("");
    let (code, told) = office.json(&["check"]);
    assert_eq!(code, 0, "{told}");
    let (_, run) = office.go(|| {});
    assert_eq!(run["destroyed"], 3, "{run}");
    assert_eq!((office.ids("letter"), office.ids("draft")), (vec![], vec![]));
    let (code, told) = letters("ON DELETE RESTRICT").json(&["check"]);
    let findings = told["findings"].as_array().unwrap();
    let circle =
        findings.iter().find(|finding| finding["code"] == "foreign-key-circle").unwrap_or_else(|| panic!("{told}"));
    assert!(code == 78 && circle["mend"].as_str().unwrap().contains("without that ON DELETE"), "{told}");
}

/// Sub-dossiers are parts of their dossiers, and dossiers themselves.
fn tree(key: &str) -> Office {
    let office = Office::new(
        CALENDAR,
        "\n[[series.dossier.part]]\nname = \"sub\"\ntable = \"dossier\"\non = { parent_id = \"id\" }\n",
    );
    let tables = format!(
        "DROP TABLE dossier;
         CREATE TABLE dossier (id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES dossier (id) {key}, closed_at TEXT);
         CREATE INDEX dossier_closed ON dossier (closed_at); CREATE INDEX dossier_parent ON dossier (parent_id);
         INSERT INTO dossier SELECT value, nullif(value - 1, 0), '2018-03-15T12:00:00Z' FROM json_each('[1, 2, 3, 4, 5, 6]');"
    );
    office.database().execute_batch(&tables).unwrap();
    office
}

#[test]
fn records_that_are_parts_of_each_other_go_in_one_run_the_last_one_first_and_are_named() {
    for key in ["", "DEFERRABLE INITIALLY DEFERRED"] {
        let office = tree(key);
        let (plan, run) = office.go(|| {});
        assert_eq!((&run["planned"], &run["destroyed"], &run["drifted"]), (&6.into(), &6.into(), &0.into()), "{run}");
        assert_eq!(run["rows"], 6, "each once: {run}");
        assert_eq!(plan["dependents"]["at_most"], true, "they are listed, too: {plan}");
        for id in 1..=6 {
            let told = office.ask(&["audit", "lookup", "dossier", &id.to_string()]);
            assert_eq!(told["answer"], "DESTROYED", "{key}: {told}");
        }
    }
}
