//! However far it is from a record to the row that keeps it, and however many have that row.

use super::*;

/// `steps` tables that hang from each other, `t1` from `note` and so on, each a series of its own with the next as its
/// part.
fn chain(steps: usize) -> (String, String, String) {
    let (mut calendar, mut config, mut tables) = (calendar("note", AT_ONCE), NOTES.to_owned() + NOTE, String::new());
    let mut owner = "note".to_owned();
    for step in 1..=steps {
        let table = format!("t{step}");
        calendar += &format!(
            "\n[[series]]\nname = \"{table}\"\ntriggers = {{ made = {{ en = \"Made\" }} }}\n\n[[rule]]\nnumber = \"C-{step}\"\n\
             title = {{ en = \"Chain\" }}\nseries = \"{table}\"\n{KEPT_LONG}\n"
        );
        config += &format!(
            "\n[[series.{owner}.part]]\ntable = \"{table}\"\non = {{ up = \"id\" }}\n\n[series.{table}]\nsource = \"app\"\n\
             table = \"{table}\"\nkey = \"id\"\nevent.made = \"made_at\"\n"
        );
        tables += &format!(
            "CREATE TABLE {table} (id INTEGER PRIMARY KEY, up INTEGER, made_at TEXT);
             CREATE INDEX {table}_up ON {table} (up); CREATE INDEX {table}_made ON {table} (made_at);
             INSERT INTO {table} SELECT id, id, made_at FROM {owner};"
        );
        owner = table;
    }
    (calendar, config, tables)
}

#[test]
fn a_held_row_keeps_a_record_from_which_it_hangs_by_a_dozen_steps() {
    let (calendar, config, tables) = chain(11);
    for way in [["t11", "20"].as_slice(), &["t11", "--where", "this.id = 20"]] {
        let office = Office::new(&calendar, &config);
        office.database().execute_batch(&tables).unwrap();
        office.hold(way);
        assert_eq!(office.verdict("dossier", "2").0, "held", "{way:?}");
        office.go(|| {});
        assert_eq!((office.ids("dossier"), office.ids("note")), (vec![2], vec![20]), "{way:?}");
    }
}

#[test]
fn a_held_row_keeps_a_record_however_many_parts_there_are() {
    let parts: String = (0..90)
        .map(|part| {
            format!(
                "\n[[series.dossier.part]]\nname = \"p{part}\"\ntable = \"note\"\non = {{ dossier_id = \"id\" }}\n\
                 where = {{ number = \"N-{part}\" }}\n"
            )
        })
        .collect();
    let office = Office::new(&calendar("note", KEPT_LONG), &format!("{parts}{NOTE}"));
    office.database().execute_batch("UPDATE note SET number = 'N-89' WHERE id = 20").unwrap();
    office.hold(&["note", "20"]);
    assert_eq!(office.verdict("dossier", "2").0, "held");
    office.go(|| {});
    assert_eq!((office.ids("dossier"), office.ids("note")), (vec![2], vec![20]));
}

/// Notes that name their dossier by a text: who the owner is an expression says.
const BY_NUMBER: &str =
    "\n[[series.dossier.part]]\ntable = \"note\"\non = \"this.number = replace(owner.number, 'F', 'N')\"\n";

#[test]
fn a_row_that_an_expression_finds_for_two_records_keeps_both_and_neither_is_destroyed() {
    let office = Office::new(CALENDAR, BY_NUMBER);
    // The third, which is open, has the number of the second.
    let alike = "UPDATE dossier SET number = 'F-2' WHERE id = 3; UPDATE dossier SET closed_at = NULL WHERE id = 3;";
    office.database().execute_batch(alike).unwrap();
    assert_eq!(office.verdict("dossier", "2"), ("blocked".to_owned(), "shared_row".to_owned()));
    let told = office.run(&["explain", "dossier", "2"]);
    assert!(told.flat().contains("belongs to another record too"), "{told:?}");
    let (plan, run) = office.go(|| {});
    assert_eq!((&plan["rules"][0]["blocked"], &run["destroyed"]), (&1.into(), &1.into()), "{plan}");
    assert_eq!((office.ids("dossier"), office.ids("note")), (vec![2, 3], vec![20, 30]));
}

#[test]
fn a_row_that_gets_a_second_owner_after_the_approval_stays_with_both() {
    let office = Office::new(CALENDAR, BY_NUMBER);
    let (_, run) = office.go(|| {
        office.database().execute_batch("INSERT INTO dossier(id, number) VALUES (4, 'F-2')").unwrap();
    });
    assert_eq!((&run["blocked"], &run["destroyed"]), (&1.into(), &2.into()), "{run}");
    assert_eq!((office.ids("dossier"), office.ids("note")), (vec![2, 4], vec![20]));
}

#[test]
fn rows_that_an_expression_finds_for_two_records_go_with_the_last_where_the_part_says_that_they_are_shared() {
    let shared = "shared = [{ table = \"dossier\", on = \"this.number = replace(owner.number, 'N', 'F')\" }]\n";
    let office = Office::new(CALENDAR, &format!("{BY_NUMBER}{shared}"));
    office.database().execute_batch("UPDATE dossier SET number = 'F-2', closed_at = NULL WHERE id = 3").unwrap();
    let (_, run) = office.go(|| {});
    assert_eq!(run["destroyed"], 2, "{run}");
    assert_eq!((office.ids("dossier"), office.ids("note")), (vec![3], vec![20, 30]));
}

/// Notes have entries, which are records of a third series.
const ENTRIES: &str = "\n[[series.note.part]]\ntable = \"entry\"\non = { note_id = \"id\" }\n\n[series.entry]\n\
                       source = \"app\"\ntable = \"entry\"\nkey = \"id\"\nevent.made = \"made_at\"\n";

#[test]
fn what_keeps_a_part_of_a_part_keeps_the_record_although_only_the_part_would_go_with_it() {
    for way in [["entry", "200"].as_slice(), &["entry", "--where", "this.id = 200"]] {
        let (notes, entries) = (calendar("note", AT_ONCE), calendar("entry", KEPT_LONG).replace("R-2", "R-3"));
        let (_, entries) = entries.split_once("[[series]]\nname     = \"entry\"").unwrap();
        let calendar = format!("{notes}\n[[series]]\nname     = \"entry\"{entries}");
        let office = Office::new(&calendar, &format!("{NOTES}{NOTE}{ENTRIES}"));
        let entries = "CREATE TABLE entry (id INTEGER PRIMARY KEY, note_id INTEGER, made_at TEXT);
                       CREATE INDEX entry_note ON entry (note_id); CREATE INDEX entry_made ON entry (made_at);
                       DELETE FROM note WHERE id <> 20; INSERT INTO entry SELECT id * 10, id, made_at FROM note;";
        office.database().execute_batch(entries).unwrap();
        office.hold(way);
        assert_eq!(office.verdict("note", "20").0, "held", "{way:?}");
        assert_eq!(office.verdict("dossier", "2").0, "held", "{way:?}");
        office.go(|| {});
        assert_eq!((office.ids("dossier"), office.ids("note")), (vec![2], vec![20]), "{way:?}");
    }
}

#[test]
fn a_held_grandchild_keeps_all_from_which_it_descends() {
    let part = "\n[[series.dossier.part]]\nname = \"child\"\ntable = \"dossier\"\non = { parent_id = \"id\" }\n";
    let office = Office::new(CALENDAR, part);
    let line = "UPDATE dossier SET parent_id = id - 1 WHERE id > 1;
                INSERT INTO dossier(id, closed_at) VALUES (4, '2018-03-15T12:00:00Z');";
    office.database().execute_batch(line).unwrap();
    office.hold(&["dossier", "3"]);
    assert_eq!(office.verdict("dossier", "1").0, "held");
    office.go(|| {});
    assert_eq!(office.ids("dossier"), [1, 2, 3]);
    // Those that descend from each other end somewhere, too.
    office.database().execute("UPDATE dossier SET parent_id = 3 WHERE id = 1", []).unwrap();
    assert_eq!(office.verdict("dossier", "1").0, "held");
}

#[test]
fn a_row_of_two_records_stays_where_either_is_held() {
    let two = "\n[[series.dossier.part]]\nname = \"copy\"\ntable = \"note\"\non = { copy_of = \"id\" }\n";
    let of_other = "\n[series.note]\nsource = \"app\"\ntable = \"client\"\nkey = \"id\"\nevent.made = \"made_at\"\n\
                    \n[[series.note.part]]\ntable = \"note\"\non = { copy_of = \"id\" }\n";
    let of_part = "\n[series.note]\nsource = \"app\"\ntable = \"client\"\nkey = \"id\"\nevent.made = \"made_at\"\n\
                   \n[[series.note.part]]\ntable = \"letter\"\non = { client_id = \"id\" }\n\
                   \n[[series.note.part]]\ntable = \"note\"\nof = \"letter\"\non = { letter_id = \"id\" }\n";
    for (calendar, more, way) in [
        (CALENDAR.to_owned(), two, ["dossier", "3"].as_slice()),
        (CALENDAR.to_owned(), two, &["dossier", "--where", "this.id = 3"]),
        (calendar("note", KEPT_LONG), of_other, &["note", "3"]),
        (calendar("note", KEPT_LONG), of_other, &["note", "--where", "this.id = 3"]),
        (calendar("note", KEPT_LONG), of_part, &["note", "3"]),
    ] {
        let office = Office::new(&calendar, &format!("{NOTES}{more}"));
        let copies = "ALTER TABLE note ADD COLUMN copy_of INTEGER; ALTER TABLE note ADD COLUMN letter_id INTEGER;
                      CREATE INDEX note_copy ON note (copy_of); CREATE INDEX note_letter ON note (letter_id);
                      CREATE TABLE client (id INTEGER PRIMARY KEY, made_at TEXT);
                      CREATE INDEX client_made ON client (made_at);
                      CREATE TABLE letter (id INTEGER PRIMARY KEY, client_id INTEGER);
                      CREATE INDEX letter_client ON letter (client_id);
                      INSERT INTO client VALUES (3, '2018-03-15T12:00:00Z');
                      INSERT INTO letter VALUES (5, 3);
                      UPDATE note SET copy_of = 3, letter_id = 5 WHERE id = 20;";
        office.database().execute_batch(copies).unwrap();
        office.hold(way);
        assert_eq!(office.verdict("dossier", "2").0, "held", "{way:?}");
        office.go(|| {});
        assert!(office.ids("note").contains(&20) && office.ids("dossier").contains(&2), "{way:?}");
        assert!(!office.ids("dossier").contains(&1), "{way:?}");
    }
}
