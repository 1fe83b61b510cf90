//! A row that waits, as a record of its own series, for those that refer to it: it goes with no other record before.

use super::*;

/// Notes that wait for their tasks and for their replies, with tasks of which each names a note.
fn office(rule_on_tasks: &str, part: &str) -> Office {
    let calendar = calendar("note", KEPT_LONG)
        + &format!(
            "\n[[series]]\nname = \"task\"\ntriggers = {{ made = {{ en = \"Made\" }} }}\nempty = \"expected\"\n\n\
             [[rule]]\nnumber = \"T-1\"\ntitle = {{ en = \"Tasks\" }}\nseries = \"task\"\n{rule_on_tasks}\n"
        );
    let blocked_by = "blocked_by = [{ series = \"task\", on = { note_id = \"id\" } }, \
                      { series = \"note\", on = { reply_to = \"id\" } }]\n";
    let task = "\n[series.task]\nsource = \"app\"\ntable = \"task\"\nkey = \"id\"\nevent.made = \"made_at\"\n";
    let office = Office::new(&calendar, &format!("{NOTES}{part}{NOTE}{blocked_by}{task}"));
    let tables = "ALTER TABLE note ADD COLUMN reply_to INTEGER; CREATE INDEX note_reply ON note (reply_to);
                  CREATE TABLE task (id INTEGER PRIMARY KEY, note_id INTEGER, made_at TEXT);
                  CREATE INDEX task_note ON task (note_id); CREATE INDEX task_made ON task (made_at);";
    office.database().execute_batch(tables).unwrap();
    office
}

const TASK_ON_20: &str = "INSERT INTO task VALUES (1, 20, '2018-03-15T12:00:00Z')";

const NOTHING: [Vec<i64>; 3] = [Vec::new(), Vec::new(), Vec::new()];

fn execute(office: &Office, sql: &str) {
    office.database().execute_batch(sql).unwrap();
}

fn left(office: &Office) -> [Vec<i64>; 3] {
    ["dossier", "note", "task"].map(|table| office.ids(table))
}

#[test]
fn a_blocked_row_keeps_the_record_with_which_it_would_go_until_it_is_blocked_no_more() {
    let office = office(KEPT_LONG, "");
    execute(&office, TASK_ON_20);
    assert_eq!(office.verdict("dossier", "2"), ("blocked".to_owned(), "records".to_owned()));
    let told = office.ask(&["explain", "dossier", "2"]);
    let blocker = serde_json::json!([{ "series": "task", "key": "1", "goes_too": false }]);
    assert_eq!(told["blockers"], blocker, "{told}");
    let (plan, run) = office.go(|| {});
    assert_eq!((&of_dossiers(&plan)["due"], &of_dossiers(&plan)["blocked"]), (&2.into(), &1.into()), "{plan}");
    assert_eq!(run["destroyed"], 2, "{run}");
    assert_eq!(left(&office), [vec![2], vec![20], vec![1]]);
    execute(&office, "DELETE FROM task");
    office.go(|| {});
    assert_eq!(left(&office), NOTHING);
}

#[test]
fn what_refers_to_such_a_row_and_is_due_in_the_same_plan_goes_before() {
    let office = office(AT_ONCE, "");
    execute(&office, TASK_ON_20);
    let told = office.ask(&["explain", "dossier", "2"]);
    assert_eq!((&told["verdict"], &told["blockers"][0]["goes_too"]), (&"due".into(), &true.into()), "{told}");
    let (plan, run) = office.go(|| {});
    assert_eq!((&plan["planned"], &run["destroyed"]), (&4.into(), &4.into()), "{run}");
    assert_eq!(left(&office), NOTHING);
}

#[test]
fn what_goes_along_itself_keeps_nothing_and_what_another_record_has_does() {
    let office = office(KEPT_LONG, "");
    // A reply within the second; and one to the first of a dossier that is open.
    execute(
        &office,
        "INSERT INTO note SELECT 21, 'N-21', 2, 'text', made_at, 20 FROM note WHERE id = 20;
         INSERT INTO note SELECT 31, 'N-31', 3, 'text', made_at, 10 FROM note WHERE id = 30;
         UPDATE dossier SET closed_at = NULL WHERE id = 3",
    );
    assert_eq!(office.verdict("dossier", "2").0, "due");
    assert_eq!(office.verdict("dossier", "1"), ("blocked".to_owned(), "records".to_owned()));
    office.go(|| {});
    assert_eq!(left(&office), [vec![1, 3], vec![10, 30, 31], vec![]]);
}

#[test]
fn a_row_that_is_blocked_after_the_approval_keeps_its_record_too() {
    let office = office(KEPT_LONG, "");
    let (_, run) = office.go(|| execute(&office, TASK_ON_20));
    assert_eq!((&run["destroyed"], &run["blocked"]), (&2.into(), &1.into()), "{run}");
    assert_eq!(left(&office), [vec![2], vec![20], vec![1]]);
}

#[test]
fn a_row_that_stays_or_that_its_series_does_not_count_keeps_nothing() {
    for part in ["owner_gone = \"detach\"\n", ""] {
        let office = office(KEPT_LONG, part);
        execute(&office, TASK_ON_20);
        if part.is_empty() {
            office.edit("retentiond.toml", "reference = \"number\"\nevent", "filter = { number = \"N-3\" }\nevent");
        }
        office.go(|| {});
        let notes = if part.is_empty() { vec![] } else { vec![10, 20, 30] };
        assert_eq!(left(&office), [vec![], notes, vec![1]], "{part}");
    }
}

#[test]
fn a_blocked_part_of_a_part_keeps_the_record() {
    let office = office(
        KEPT_LONG,
        "name = \"own\"\n\n[[series.dossier.part]]\nname = \"answer\"\nof = \"own\"\ntable = \"note\"\non = { reply_to = \"id\" }\n",
    );
    execute(
        &office,
        "INSERT INTO note SELECT 25, 'N-25', NULL, 'text', made_at, 20 FROM note WHERE id = 20;
         INSERT INTO task VALUES (1, 25, '2018-03-15T12:00:00Z');
         INSERT INTO note SELECT 35, 'N-35', NULL, 'text', made_at, 30 FROM note WHERE id = 30;",
    );
    assert_eq!(office.verdict("dossier", "2"), ("blocked".to_owned(), "records".to_owned()));
    assert_eq!(office.verdict("dossier", "3").0, "due", "the answer goes along");
    office.go(|| {});
    assert_eq!(left(&office), [vec![2], vec![20, 25], vec![1]]);
}

#[test]
fn a_shared_row_may_stay_and_is_not_taken_to_go_along() {
    let office = office(KEPT_LONG, "shared = [{ table = \"pin\", on = { note_id = \"id\" } }]\n");
    execute(
        &office,
        "CREATE TABLE pin (id INTEGER PRIMARY KEY, note_id INTEGER); CREATE INDEX pin_note ON pin (note_id);
         INSERT INTO note SELECT 21, 'N-21', 2, 'text', made_at, 20 FROM note WHERE id = 20;
         INSERT INTO pin VALUES (1, 21);",
    );
    office.go(|| {});
    assert_eq!(left(&office), [vec![2], vec![20, 21], vec![]]);
}
