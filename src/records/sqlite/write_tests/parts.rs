//! Parts of every kind: parts of parts, polymorphic and shared ones, and rows that outlive their owner.

use super::*;
use crate::records::mapping::SetValue;

#[test]
fn a_polymorphic_part_goes_only_with_its_own_kind_of_owner() {
    let owner = Owner::with(
        "wal",
        "CREATE TABLE issue(id INTEGER PRIMARY KEY);
         CREATE TABLE custom(id INTEGER PRIMARY KEY, kind TEXT, owner_id INTEGER);
         CREATE TABLE entry(id INTEGER PRIMARY KEY, issue_id INTEGER);
         INSERT INTO issue VALUES (1), (2); INSERT INTO entry VALUES (1, 2), (2, 1);
         INSERT INTO custom VALUES (1, 'Issue', 1), (2, 'Entry', 1), (3, 'Entry', 2), (4, 'User', 1), (5, 'Issue', 2);",
    );
    let mut issue = series("issue");
    issue.parts = vec![
        part("entry", "issue_id", "id"),
        part("custom", "owner_id", "id").only("kind", "Issue"),
        part("custom", "owner_id", "id").named("entry-custom").of("entry").only("kind", "Entry"),
    ];
    let disposed = destroy(&mut owner.writer(&issue), &issue, &keys(&[1])).unwrap();
    assert_eq!(disposed.rows, counts(&[("issue", 1), ("entry", 1), ("custom", 2)]));
    assert_eq!(owner.integers("SELECT id FROM custom"), [2, 4, 5]);
}

#[test]
fn two_parts_of_one_table_that_meet_in_a_row_leave_nothing_of_either() {
    // A relation between two records of the chunk is found from both sides; its notes must go too.
    let owner = Owner::with(
        "wal",
        "CREATE TABLE issue(id INTEGER PRIMARY KEY);
         CREATE TABLE relation(id INTEGER PRIMARY KEY, from_id INTEGER, to_id INTEGER);
         CREATE TABLE remark(relation_id INTEGER, side TEXT);
         INSERT INTO issue VALUES (1), (2), (3); INSERT INTO relation VALUES (1, 1, 2), (2, 3, 1), (3, 3, 3);
         INSERT INTO remark VALUES (1, 'from'), (1, 'to'), (2, 'to'), (3, 'from');",
    );
    let mut issue = series("issue");
    issue.parts = vec![
        part("relation", "from_id", "id").named("from"),
        part("relation", "to_id", "id").named("to"),
        part("remark", "relation_id", "id").named("from-remark").of("from").only("side", "from"),
        part("remark", "relation_id", "id").named("to-remark").of("to").only("side", "to"),
    ];
    let disposed = destroy(&mut owner.writer(&issue), &issue, &keys(&[1, 2])).unwrap();
    assert_eq!(disposed.rows, counts(&[("issue", 2), ("relation", 2), ("remark", 3)]));
    assert_eq!(owner.integer("SELECT count(*) FROM remark"), 1);
}

#[test]
fn a_join_and_a_condition_may_be_expressions() {
    let owner = Owner::with(
        "wal",
        "CREATE TABLE issue(id INTEGER PRIMARY KEY, code TEXT);
         CREATE TABLE wiki(id INTEGER PRIMARY KEY, page TEXT, draft INTEGER);
         INSERT INTO issue VALUES (1, 'ABC'), (2, 'DEF');
         INSERT INTO wiki VALUES (1, 'issue-ABC', 0), (2, 'issue-ABC', 1), (3, 'issue-DEF', 0);",
    );
    let mut issue = series("issue");
    let mut wiki = part("wiki", "", "");
    wiki.on = Join::Expression("this.page = 'issue-' || owner.code".to_owned());
    wiki.condition = Some(Condition::Expression("this.draft IS NOT 1".to_owned()));
    issue.parts = vec![wiki];
    destroy(&mut owner.writer(&issue), &issue, &keys(&[1])).unwrap();
    assert_eq!(owner.integers("SELECT id FROM wiki"), [2, 3]);
}

#[test]
fn a_shared_row_goes_with_its_last_reference() {
    let schema = "
        CREATE TABLE dossier(id INTEGER PRIMARY KEY);
        CREATE TABLE link(dossier_id INTEGER REFERENCES dossier(id), document_id INTEGER REFERENCES document(id), PRIMARY KEY(dossier_id, document_id)) WITHOUT ROWID;
        CREATE TABLE document(id INTEGER PRIMARY KEY, path TEXT);
        CREATE TABLE page(document_id INTEGER REFERENCES document(id), text TEXT);
        CREATE TABLE letter(document_id INTEGER);
        INSERT INTO dossier VALUES (1), (2), (3); INSERT INTO document VALUES (1, 'own'), (2, 'of two'), (3, 'of a letter');
        INSERT INTO link VALUES (1, 1), (1, 2), (2, 2), (1, 3); INSERT INTO letter VALUES (3);
        INSERT INTO page VALUES (1, 'p'), (2, 'p'), (3, 'p');";
    let mut dossier = series("dossier");
    dossier.parts = vec![
        part("link", "dossier_id", "id"),
        part("document", "id", "document_id").of("link").shared_with("letter", "document_id", "id"),
        part("page", "document_id", "id").of("document"),
    ];
    let owner = Owner::with("wal", schema);
    let mut writer = owner.writer(&dossier);
    let disposed = destroy(&mut writer, &dossier, &keys(&[1])).unwrap();
    assert_eq!(disposed.rows, counts(&[("dossier", 1), ("link", 3), ("document", 1), ("page", 1)]));
    assert_eq!(owner.integers("SELECT id FROM document"), [2, 3]);
    writer.begin().unwrap().roll_back();
    owner.app.execute_batch("DELETE FROM letter").unwrap();
    // The other dossier of document 2 goes in the same chunk as nothing else: now it is the last.
    let mut txn = writer.begin().unwrap();
    let disposed = txn.destroy(&dossier.series, &keys(&[2])).unwrap();
    assert_eq!(disposed.rows, counts(&[("dossier", 1), ("link", 1), ("document", 1), ("page", 1)]));
}

#[test]
fn a_shared_row_that_refers_to_another_goes_before_it_however_their_tables_are_written() {
    let owner = Owner::with(
        "wal",
        "CREATE TABLE dossier(id INTEGER PRIMARY KEY, document_id INTEGER, scan_id INTEGER);
         CREATE TABLE scan(id INTEGER PRIMARY KEY);
         CREATE TABLE document(id INTEGER PRIMARY KEY, scan_id INTEGER);
         INSERT INTO scan VALUES (1); INSERT INTO document VALUES (1, 1); INSERT INTO dossier VALUES (1, 1, 1);",
    );
    let mut dossier = series("dossier");
    dossier.parts = vec![
        part("scan", "id", "SCAN_ID").shared_with("DOCUMENT", "scan_id", "id"),
        part("document", "id", "document_id").shared_with("Dossier", "document_id", "id"),
    ];
    let disposed = destroy(&mut owner.writer(&dossier), &dossier, &keys(&[1])).unwrap();
    assert_eq!(disposed.rows, counts(&[("dossier", 1), ("document", 1), ("scan", 1)]));
}

#[test]
fn two_records_of_one_chunk_that_share_a_row_take_it_along() {
    let mut dossier = series("dossier");
    dossier.parts = vec![part("address", "id", "address_id").shared_with("dossier", "address_id", "id")];
    let owner = Owner::with(
        "wal",
        "CREATE TABLE address(id INTEGER PRIMARY KEY);
         CREATE TABLE dossier(id INTEGER PRIMARY KEY, address_id INTEGER REFERENCES address(id));
         INSERT INTO address VALUES (1), (2); INSERT INTO dossier VALUES (1, 1), (2, 1), (3, 2), (4, 2);",
    );
    let disposed = destroy(&mut owner.writer(&dossier), &dossier, &keys(&[1, 2, 3])).unwrap();
    assert_eq!(disposed.rows, counts(&[("dossier", 3), ("address", 1)]));
    assert_eq!(owner.integers("SELECT id FROM address"), [2]);
}

#[test]
fn rows_that_outlive_their_owner_are_detached_or_re_pointed() {
    let owner = Owner::with(
        "wal",
        "CREATE TABLE user(id INTEGER PRIMARY KEY);
         CREATE TABLE post(id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL REFERENCES user(id), root_id INTEGER);
         CREATE TABLE task(id INTEGER PRIMARY KEY, assigned_to INTEGER REFERENCES user(id));
         CREATE TABLE remark(task_id INTEGER);
         INSERT INTO user VALUES (1), (2), (3); INSERT INTO post VALUES (10, 1, 7), (11, 3, 7); INSERT INTO task VALUES (1, 1), (2, 3);
         INSERT INTO remark VALUES (1);",
    );
    let mut user = series("user");
    let mut post = part("post", "author_id", "id");
    post.owner_gone = OwnerGone::Set(vec![
        ("author_id".to_owned(), SetValue::Literal(Literal::Integer(2))),
        ("root_id".to_owned(), SetValue::Column("id".to_owned())),
    ]);
    let mut task = part("task", "assigned_to", "id");
    task.owner_gone = OwnerGone::Detach;
    // The parts of what lives on live on.
    user.parts = vec![post, task, part("remark", "task_id", "id").of("task")];
    let disposed = destroy(&mut owner.writer(&user), &user, &keys(&[1])).unwrap();
    assert_eq!(disposed.rows, counts(&[("user", 1)]));
    assert_eq!(disposed.detached, counts(&[("post", 1), ("task", 1)]));
    assert_eq!(owner.integers("SELECT author_id FROM post"), [2, 3]);
    assert_eq!(owner.integers("SELECT root_id FROM post"), [7, 10]);
    assert_eq!(owner.integers("SELECT id FROM task WHERE assigned_to IS NULL"), [1]);
    assert_eq!(owner.integer("SELECT count(*) FROM remark"), 1);
}

#[test]
fn parts_that_refer_to_each_other_go_in_the_order_that_their_foreign_keys_allow() {
    let owner = Owner::with(
        "wal",
        "CREATE TABLE dossier(id INTEGER PRIMARY KEY);
         CREATE TABLE exhibit(id INTEGER PRIMARY KEY, dossier_id INTEGER REFERENCES dossier(id));
         CREATE TABLE message(dossier_id INTEGER REFERENCES dossier(id), exhibit_id INTEGER REFERENCES exhibit(id));
         INSERT INTO dossier VALUES (1); INSERT INTO exhibit VALUES (1, 1); INSERT INTO message VALUES (1, 1);",
    );
    let mut dossier = series("dossier");
    dossier.parts = vec![part("exhibit", "dossier_id", "id"), part("message", "dossier_id", "id")];
    let disposed = destroy(&mut owner.writer(&dossier), &dossier, &keys(&[1])).unwrap();
    assert_eq!(disposed.rows, counts(&[("dossier", 1), ("exhibit", 1), ("message", 1)]));
}

#[test]
fn a_tree_whose_parent_and_child_are_due_goes_in_one_chunk() {
    let owner = Owner::with(
        "wal",
        "CREATE TABLE issue(id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES issue(id));
         INSERT INTO issue VALUES (1, NULL), (2, 1), (3, 2), (4, NULL);",
    );
    let issue = series("issue");
    let mut writer = owner.writer(&issue);
    assert!(matches!(destroy(&mut writer, &issue, &keys(&[1])), Err(StoreError::Constraint { .. })));
    assert_eq!(destroy(&mut writer, &issue, &keys(&[1, 2, 3])).unwrap().rows, counts(&[("issue", 3)]));
}

#[test]
fn rows_that_several_records_have_by_a_column_that_identifies_none_go_with_the_last_of_them() {
    let schema = "CREATE TABLE dossier(tenant INTEGER, id INTEGER, PRIMARY KEY (tenant, id)) WITHOUT ROWID;
        CREATE TABLE note(id INTEGER PRIMARY KEY, d INTEGER);
        INSERT INTO dossier VALUES (1, 5), (2, 5), (1, 6);
        INSERT INTO note VALUES (10, 5), (11, 5), (12, 6);";
    let mut dossier = series("dossier");
    dossier.key = vec!["tenant".to_owned(), "id".to_owned()];
    // The line that `check` writes for a part of many.
    dossier.parts = vec![part("note", "d", "id").shared_with("dossier", "id", "d")];
    let of = |tenant: i64, id: i64| RecordKey::new(vec![KeyValue::Integer(tenant), KeyValue::Integer(id)]);
    for mode in MODES {
        let owner = Owner::with(mode, schema);
        let mut writer = owner.writer(&dossier);
        destroy(&mut writer, &dossier, &[of(1, 5), of(1, 6)]).unwrap();
        assert_eq!(owner.integers("SELECT id FROM note"), [10, 11], "the other tenant's dossier 5 is there");
        let mut txn = writer.begin().unwrap();
        txn.destroy(&dossier.series, &[of(2, 5)]).unwrap();
        txn.fence(BatchNumber(8), "").unwrap();
        txn.commit(&Evidence(8)).unwrap();
        assert_eq!(owner.integers("SELECT id FROM note"), [0; 0]);
    }
}
