//! Records that are parts of records of their own series: of others, and of themselves.

use super::*;

/// A tree whose roots name themselves, with notes to each; the last has no key.
const TREE: &str = "
    CREATE TABLE issue(id INTEGER, root_id INTEGER REFERENCES issue(id), title TEXT);
    CREATE UNIQUE INDEX issue_id ON issue(id);
    CREATE TABLE note(id INTEGER PRIMARY KEY, issue_id INTEGER);
    INSERT INTO issue VALUES (1, 1, 'a'), (2, 1, 'b'), (3, 3, 'c'), (4, 3, 'd'), (NULL, 1, 'e');
    INSERT INTO note VALUES (10, 1), (20, 2), (30, 3), (40, 4);";

fn issues() -> SeriesMapping {
    let mut issue = series("issue");
    let tree = part("issue", "root_id", "id").named("tree");
    issue.parts = vec![tree, part("note", "issue_id", "id").named("notes-beneath").of("tree")];
    issue
}

#[test]
fn a_record_that_is_a_part_of_itself_goes_as_a_record_with_all_that_is_beneath() {
    for mode in MODES {
        let owner = Owner::with(mode, TREE);
        let disposed = destroy(&mut owner.writer(&issues()), &issues(), &keys(&[1])).unwrap();
        assert_eq!(disposed.rows, counts(&[("issue", 3), ("note", 2)]), "{mode}");
        // The row without a key went as a part.
        assert_eq!(owner.integers("SELECT id FROM issue"), [3, 4], "{mode}");
        assert_eq!(owner.integers("SELECT id FROM note"), [30, 40], "{mode}");
    }
}

#[test]
fn records_of_which_one_is_a_part_of_the_other_may_go_together() {
    let owner = Owner::with("wal", TREE);
    let disposed = destroy(&mut owner.writer(&issues()), &issues(), &keys(&[1, 2, 4])).unwrap();
    assert_eq!(disposed.rows, counts(&[("issue", 4), ("note", 2)]));
    assert_eq!(owner.integers("SELECT id FROM issue"), [3]);
}

#[test]
fn what_an_expression_or_a_trigger_chooses_is_counted_without_the_records_themselves() {
    let owner = Owner::with("wal", TREE);
    owner.app.execute_batch("CREATE TRIGGER gone AFTER DELETE ON issue BEGIN SELECT 1; END").unwrap();
    let mut issue = issues();
    issue.parts[0].on = Join::Expression("this.root_id = owner.id".to_owned());
    let disposed = destroy(&mut owner.writer(&issue), &issue, &keys(&[1])).unwrap();
    assert_eq!(disposed.rows, counts(&[("issue", 3), ("note", 2)]));
}

#[test]
fn a_mask_of_the_part_takes_the_own_row_along() {
    let owner = Owner::with("wal", TREE);
    let mut issue = issues();
    issue.parts[0].anonymize.insert("title".to_owned(), crate::records::mapping::Mask::Null);
    let mut writer = owner.writer(&issue);
    let mut txn = writer.begin().unwrap();
    txn.anonymize(&issue.series, &keys(&[1])).unwrap();
    txn.fence(BatchNumber(7), "").unwrap();
    txn.commit(&Evidence(7)).unwrap();
    assert_eq!(owner.integers("SELECT count(*) FROM issue WHERE title IS NULL"), [3]);
}
