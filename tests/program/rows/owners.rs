//! What has a row keeps it: whoever holds a record holds all that it has, also what would go by a term of its own or with
//! another record.

use super::*;

/// A hold in force on dossier 2, in every way that a hold may name it.
const ON_DOSSIER: [&[&str]; 3] =
    [&["dossier", "2"], &["dossier", "--reference", "F-2"], &["dossier", "--where", "this.id = 2"]];

/// Nothing of the dossiers is due, and the notes are by a term of their own.
fn notes_that_go_by_themselves(config: &str) -> Office {
    let office = Office::new(&calendar("note", AT_ONCE), &format!("reference = \"number\"\n{NOTES}{NOTE}{config}"));
    office.database().execute_batch("UPDATE dossier SET closed_at = NULL").unwrap();
    office
}

#[test]
fn a_held_record_keeps_its_parts_from_going_by_a_term_of_their_own() {
    for way in ON_DOSSIER {
        let office = notes_that_go_by_themselves("");
        office.hold(way);
        assert_eq!(office.verdict("note", "20").0, "held", "{way:?}");
        let (plan, run) = office.go(|| {});
        let notes = plan["rules"].as_array().unwrap().iter().find(|rule| rule["rule"] == "R-2").unwrap();
        assert_eq!((&notes["held"], &run["destroyed"]), (&1.into(), &2.into()), "{way:?}: {plan}");
        assert_eq!(office.ids("note"), [20], "{way:?}");
    }
    for way in [&["dossier"][..], &["--rule", "R-1"]] {
        let office = notes_that_go_by_themselves("");
        office.hold(way);
        office.go(|| {});
        assert_eq!(office.ids("note"), [10, 20, 30], "{way:?}");
    }
}

#[test]
fn a_hold_that_is_placed_after_the_approval_keeps_the_parts_of_its_record_too() {
    for way in ON_DOSSIER {
        let office = notes_that_go_by_themselves("");
        let (_, run) = office.go(|| _ = office.hold(way));
        assert_eq!((&run["destroyed"], &run["held"]), (&2.into(), &1.into()), "{way:?}: {run}");
        assert_eq!(office.ids("note"), [20], "{way:?}");
    }
}

#[test]
fn a_held_record_keeps_parts_of_parts_and_what_would_be_masked() {
    let lines = "\n[[series.dossier.part]]\ntable = \"line\"\nof = \"note\"\non = { note_id = \"id\" }\n\n[series.line]\n\
                 source = \"app\"\ntable = \"line\"\nkey = \"id\"\nevent.made = \"made_at\"\n";
    let table = "UPDATE dossier SET closed_at = NULL; UPDATE note SET made_at = NULL;
                 CREATE TABLE line (id INTEGER PRIMARY KEY, note_id INTEGER, body TEXT, made_at TEXT);
                 CREATE INDEX line_note ON line (note_id); CREATE INDEX line_made ON line (made_at);
                 INSERT INTO line SELECT id + 1, id, 'text', '2018-03-15T12:00:00Z' FROM note;";
    let office = Office::new(&calendar("line", AT_ONCE), &format!("{NOTES}{lines}"));
    office.database().execute_batch(table).unwrap();
    office.hold(&["dossier", "2"]);
    office.go(|| {});
    assert_eq!(office.ids("line"), [21]);

    let masked = calendar("note", &AT_ONCE.replace("destroy", "anonymize"));
    let office = Office::new(&masked, &format!("{NOTES}{NOTE}anonymize = {{ body = \"null\" }}\n"));
    office.database().execute_batch("UPDATE dossier SET closed_at = NULL").unwrap();
    office.hold(&["dossier", "2"]);
    office.go(|| {});
    assert_eq!(office.ids("note WHERE body IS NOT NULL"), [20]);
}

#[test]
fn what_is_kept_for_good_or_until_a_decision_keeps_its_parts_and_goes_with_no_other() {
    for disposition in ["permanent", "transfer", "select"] {
        let keep = if disposition == "permanent" { "" } else { "trigger = \"made\"\nkeep = \"P1Y\"\n" };
        let rule = format!("{keep}disposition = \"{disposition}\"");
        let office = Office::new(&calendar("note", &rule), &format!("{NOTES}{NOTE}"));
        office.go(|| {});
        assert_eq!(office.ids("dossier"), [1, 2, 3], "{disposition}");
        // The dossiers by that, the notes by a term of their own.
        let own = match disposition {
            "permanent" => PERMANENT.to_owned(),
            other => format!("trigger = \"closure\"\nkeep = \"P1Y\"\ndisposition = \"{other}\""),
        };
        let destroyed = "trigger     = \"closure\"\nkeep        = \"P1Y\"\ndisposition = \"destroy\"";
        let calendar = calendar("note", AT_ONCE).replace(destroyed, &own);
        assert!(calendar.contains(&own), "{calendar}");
        let office = Office::new(&calendar, &format!("{NOTES}{NOTE}"));
        office.go(|| {});
        assert_eq!(office.ids("note"), [10, 20, 30], "{disposition}");
    }
    let floor = "role = \"floor\"\ntrigger = \"made\"\nkeep = \"P50Y\"";
    let office = Office::new(&calendar("note", floor), &format!("{NOTES}{NOTE}"));
    office.go(|| {});
    assert_eq!(office.ids("dossier"), [1, 2, 3], "floors alone");
}

/// Note 10 is of dossier 1 and, by another column, of dossier 2.
const BOTH: &str = "ALTER TABLE note ADD COLUMN also INTEGER; CREATE INDEX note_also ON note (also);
                    UPDATE note SET also = 2 WHERE id = 10;
                    UPDATE dossier SET closed_at = NULL WHERE id > 1;";
const ALSO: &str = "\n[[series.dossier.part]]\nname = \"also\"\ntable = \"note\"\non = { also = \"id\" }\n";

#[test]
fn a_row_stays_where_the_other_record_that_has_it_is_held_for_the_sake_of_what_else_it_has() {
    let files = "\n[[series.dossier.part]]\ntable = \"doc\"\non = { dossier_id = \"id\" }\n\n[series.doc]\nsource = \"app\"\n\
                 table = \"doc\"\nkey = \"id\"\nevent.made = \"made_at\"\n";
    let office = Office::new(&calendar("doc", KEPT_LONG), &format!("{NOTES}{ALSO}{files}"));
    let table = "CREATE TABLE doc (id INTEGER PRIMARY KEY, dossier_id INTEGER, made_at TEXT);
                 CREATE INDEX doc_dossier ON doc (dossier_id); CREATE INDEX doc_made ON doc (made_at);
                 INSERT INTO doc VALUES (3, 2, NULL);";
    office.database().execute_batch(&format!("{BOTH}{table}")).unwrap();
    office.hold(&["doc", "3"]);
    assert_eq!(office.verdict("dossier", "1").0, "held");
    office.go(|| {});
    assert_eq!((office.ids("dossier"), office.ids("note")), (vec![1, 2, 3], vec![10, 20, 30]));
}

#[test]
fn a_row_stays_where_the_other_record_that_has_it_is_held_as_one_of_another_series() {
    let old = "\n[series.old]\nsource = \"app\"\ntable = \"dossier\"\nkey = \"id\"\nfilter = { kind = \"old\" }\n\
               event.made = \"closed_at\"\n";
    let config = format!("filter = \"this.kind <> 'old'\"\n{NOTES}{ALSO}{old}");
    let office = Office::new(&calendar("old", KEPT_LONG), &config);
    office.database().execute_batch(BOTH).unwrap();
    office.hold(&["old", "2"]);
    office.go(|| {});
    assert_eq!((office.ids("dossier"), office.ids("note")), (vec![1, 2, 3], vec![10, 20, 30]));
}

#[test]
fn a_shared_row_stays_where_a_held_record_of_another_series_has_it() {
    let config = "
[[series.dossier.part]]
table = \"used\"
on = { dossier_id = \"id\" }

[[series.dossier.part]]
table = \"doc\"
of = \"used\"
on = { id = \"doc_id\" }
shared = [{ table = \"used\", on = { doc_id = \"id\" } }]

[series.account]
source = \"app\"
table = \"account\"
key = \"id\"
event.made = \"made_at\"

[[series.account.part]]
table = \"doc\"
on = { account_id = \"id\" }
";
    let office = Office::new(&calendar("account", KEPT_LONG), config);
    let tables = "CREATE TABLE used (dossier_id INTEGER, doc_id INTEGER);
                  CREATE INDEX used_dossier ON used (dossier_id); CREATE INDEX used_doc ON used (doc_id);
                  CREATE TABLE account (id INTEGER PRIMARY KEY, made_at TEXT);
                  CREATE INDEX account_made ON account (made_at); INSERT INTO account VALUES (9, NULL);
                  CREATE TABLE doc (id INTEGER PRIMARY KEY, account_id INTEGER);
                  CREATE INDEX doc_account ON doc (account_id);
                  INSERT INTO doc VALUES (5, 9), (6, NULL); INSERT INTO used VALUES (1, 5), (2, 6);";
    office.database().execute_batch(tables).unwrap();
    office.hold(&["account", "9"]);
    office.go(|| {});
    assert_eq!((office.ids("dossier"), office.ids("doc")), (vec![1], vec![5]));
}

#[test]
fn a_row_that_would_only_change_its_owner_stays_as_it_is_where_a_held_record_has_it() {
    let set = "\n[[series.dossier.part]]\ntable = \"note\"\non = { dossier_id = \"id\" }\n\
               owner_gone = { set = { dossier_id = { null = true }, also = { null = true }, body = \"-\" } }\n";
    let office = Office::new(CALENDAR, &format!("{set}{ALSO}"));
    office.database().execute_batch(BOTH).unwrap();
    office.hold(&["dossier", "2"]);
    office.go(|| {});
    assert_eq!(office.ids("note WHERE also = 2 AND body = 'text'"), [10]);
}

#[test]
fn a_part_of_a_part_that_an_expression_finds_is_not_taken_for_that_of_another_record() {
    let lines =
        "\n[[series.dossier.part]]\ntable = \"line\"\nof = \"note\"\non = \"this.note_number = owner.number\"\n";
    let office = Office::new(&calendar("note", KEPT_LONG), &format!("{NOTES}{lines}{NOTE}"));
    let table = "CREATE TABLE line (id INTEGER PRIMARY KEY, note_number TEXT);
                 CREATE INDEX line_note ON line (note_number);
                 INSERT INTO line SELECT id + 1, number FROM note;
                 UPDATE note SET number = 'N-1' WHERE id = 20;";
    office.database().execute_batch(table).unwrap();
    assert_eq!(office.verdict("dossier", "3").0, "due");
    office.go(|| {});
    // The line of note 10 has two dossiers now; that of note 20 none.
    assert_eq!((office.ids("dossier"), office.ids("line")), (vec![1, 2], vec![11, 21]));
}

#[test]
fn a_hold_two_records_away_keeps_no_more_than_it_keeps_of_the_record_between() {
    let account = "\n[series.account]\nsource = \"app\"\ntable = \"account\"\nkey = \"id\"\nevent.made = \"made_at\"\n\n\
                   [[series.account.part]]\ntable = \"dossier\"\non = { parent_id = \"id\" }\n";
    let office = Office::new(&calendar("account", KEPT_LONG), &format!("{NOTES}{ALSO}{account}"));
    let table = "CREATE TABLE account (id INTEGER PRIMARY KEY, made_at TEXT);
                 CREATE INDEX account_made ON account (made_at); INSERT INTO account VALUES (1, NULL);
                 UPDATE dossier SET parent_id = 1 WHERE id > 1;";
    office.database().execute_batch(&format!("{BOTH}{table}")).unwrap();
    // Dossier 2, which has a note of dossier 1, may go for all that; only its account may not.
    office.hold(&["dossier", "3"]);
    office.go(|| {});
    assert_eq!(office.ids("dossier"), [2, 3]);
}

/// Whoever keeps one of an account's dossiers from going keeps the account, and not the other dossiers.
#[test]
fn a_hold_on_one_of_several_records_that_another_has_does_not_keep_the_others() {
    let account = "\n[series.account]\nsource = \"app\"\ntable = \"account\"\nkey = \"id\"\nevent.made = \"made_at\"\n\n\
                   [[series.account.part]]\ntable = \"dossier\"\non = { parent_id = \"id\" }\n";
    let office = Office::new(&calendar("account", AT_ONCE), account);
    let table = "CREATE TABLE account (id INTEGER PRIMARY KEY, made_at TEXT);
                 CREATE INDEX account_made ON account (made_at);
                 INSERT INTO account VALUES (1, '2018-03-15T12:00:00Z'); UPDATE dossier SET parent_id = 1;";
    office.database().execute_batch(table).unwrap();
    office.hold(&["dossier", "2"]);
    assert_eq!(office.verdict("account", "1").0, "held");
    office.go(|| {});
    assert_eq!((office.ids("account"), office.ids("dossier")), (vec![1], vec![2]));
}

/// A document that dossiers have as their first or as their second; `counted`: where the references count, besides.
fn first_and_second(counted: &str) -> Office {
    let part = |name: &str| {
        format!(
            "\n[[series.dossier.part]]\nname = \"{name}\"\ntable = \"doc\"\non = {{ id = \"{name}_doc\" }}\n\
             shared = [{{ table = \"dossier\", on = {{ first_doc = \"id\" }} }}, \
             {{ table = \"dossier\", on = {counted} }}]\n"
        )
    };
    let office = Office::new(CALENDAR, &(part("first") + &part("second")));
    let documents = "ALTER TABLE dossier ADD COLUMN first_doc INTEGER; CREATE INDEX dossier_first ON dossier (first_doc);
                     ALTER TABLE dossier ADD COLUMN second_doc INTEGER; CREATE INDEX dossier_second ON dossier (second_doc);
                     CREATE TABLE doc (id INTEGER PRIMARY KEY); INSERT INTO doc VALUES (7), (8);
                     UPDATE dossier SET first_doc = 7 WHERE id = 1; UPDATE dossier SET second_doc = 7 WHERE id = 2;
                     UPDATE dossier SET first_doc = 8 WHERE id = 3;";
    office.database().execute_batch(documents).unwrap();
    office
}

#[test]
fn a_shared_row_that_stays_for_a_held_record_which_has_it_by_another_part_keeps_no_other() {
    let office = first_and_second("{ second_doc = \"id\" }");
    office.hold(&["dossier", "2"]);
    assert_eq!(office.verdict("dossier", "1").0, "due");
    let (plan, _) = office.go(|| {});
    assert_eq!(of_dossiers(&plan)["held"], 1, "{plan}");
    assert_eq!((office.ids("dossier"), office.ids("doc")), (vec![2], vec![7]));
}

#[test]
fn a_shared_row_of_which_nobody_knows_whether_the_reference_of_a_held_record_counts_keeps_both() {
    let office = first_and_second("\"this.second_doc = owner.id AND this.number <> 'F-2'\"");
    office.hold(&["dossier", "2"]);
    assert_eq!(office.verdict("dossier", "1").0, "held");
    office.go(|| {});
    assert_eq!((office.ids("dossier"), office.ids("doc")), (vec![1, 2], vec![7]));
}
