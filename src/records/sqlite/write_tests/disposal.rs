//! What is destroyed, detached and masked; and what is refused.

use std::time::Duration;

use super::*;
use crate::records::mapping::{Mask, SetValue};
use crate::records::sqlite::Weight;

const DOSSIERS: &str = "
    CREATE TABLE dossier(id INTEGER PRIMARY KEY, title TEXT, ip TEXT);
    CREATE TABLE message(id INTEGER PRIMARY KEY, dossier_id INTEGER, body TEXT);
    CREATE INDEX message_dossier ON message(dossier_id);
    CREATE TABLE attachment(id INTEGER PRIMARY KEY, message_id INTEGER, path TEXT);
    INSERT INTO dossier VALUES (1, 'a', '203.0.113.7'), (2, 'b', '203.0.113.8'), (3, 'c', NULL);
    INSERT INTO message VALUES (10, 1, 'x'), (11, 1, 'y'), (20, 2, 'z'), (99, NULL, 'nobody');
    INSERT INTO attachment VALUES (100, 10, 'p'), (101, 11, 'q'), (200, 20, 'r');";

fn dossiers() -> SeriesMapping {
    let mut dossier = series("dossier");
    dossier.parts = vec![part("message", "dossier_id", "id"), part("attachment", "message_id", "id").of("message")];
    dossier
}

#[test]
fn a_record_goes_with_its_parts_and_their_parts_and_nothing_else() {
    for mode in MODES {
        let owner = Owner::with(mode, DOSSIERS);
        let disposed = destroy(&mut owner.writer(&dossiers()), &dossiers(), &keys(&[1, 3])).unwrap();
        assert_eq!(disposed.rows, counts(&[("dossier", 2), ("message", 2), ("attachment", 2)]));
        assert_eq!(owner.integers("SELECT id FROM dossier"), [2]);
        assert_eq!(owner.integers("SELECT id FROM message"), [20, 99]);
        assert_eq!(owner.integers("SELECT id FROM attachment"), [200]);
        assert_eq!(
            owner.integer("SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'"),
            i64::from(mode == "wal")
        );
    }
}

#[test]
fn a_record_that_is_not_there_or_given_twice_undoes_the_chunk() {
    for given in [[1, 4], [1, 1]] {
        let owner = Owner::with("wal", DOSSIERS);
        let error = destroy(&mut owner.writer(&dossiers()), &dossiers(), &keys(&given)).unwrap_err();
        assert!(matches!(error, StoreError::CountDiffers { counted: 2, changed: 1 }), "{error}");
        assert_eq!(owner.integers("SELECT count(*) FROM dossier UNION ALL SELECT count(*) FROM message"), [3, 4]);
    }
}

#[test]
fn a_cascade_that_the_mapping_does_not_name_undoes_the_chunk() {
    let owner = Owner::with(
        "wal",
        &format!(
            "{DOSSIERS} CREATE TABLE note(id INTEGER PRIMARY KEY, dossier_id INTEGER REFERENCES dossier(id) ON DELETE CASCADE);
             INSERT INTO note VALUES (1, 1), (2, 1);"
        ),
    );
    let mut writer = owner.writer(&dossiers());
    let error = destroy(&mut writer, &dossiers(), &keys(&[1])).unwrap_err();
    assert!(matches!(error, StoreError::CountDiffers { counted: 1, changed: 3 }), "{error}");
    assert_eq!(owner.integer("SELECT count(*) FROM note"), 2);
    // A record that the cascade does not concern still goes.
    assert!(destroy(&mut writer, &dossiers(), &keys(&[2])).is_ok());
}

#[test]
fn a_foreign_key_that_the_mapping_does_not_name_refuses_the_chunk() {
    let owner = Owner::with(
        "wal",
        &format!(
            "{DOSSIERS} CREATE TABLE note(id INTEGER PRIMARY KEY, dossier_id INTEGER REFERENCES dossier(id)); INSERT INTO note VALUES (1, 1);"
        ),
    );
    let error = destroy(&mut owner.writer(&dossiers()), &dossiers(), &keys(&[1])).unwrap_err();
    assert!(matches!(error, StoreError::Constraint { .. }), "{error}");
    assert_eq!(owner.integer("SELECT count(*) FROM message"), 4);
}

#[test]
fn a_trigger_that_changes_more_undoes_the_chunk_and_one_that_changes_nothing_does_not() {
    let owner = Owner::with(
        "delete",
        &format!(
            "{DOSSIERS} CREATE TABLE trash(body TEXT);
             CREATE TRIGGER keep AFTER DELETE ON message WHEN old.id < 20 BEGIN INSERT INTO trash VALUES (old.body); END;"
        ),
    );
    let mut writer = owner.writer(&dossiers());
    let error = destroy(&mut writer, &dossiers(), &keys(&[1])).unwrap_err();
    assert!(matches!(error, StoreError::CountDiffers { counted: 2, changed: 4 }), "{error}");
    assert_eq!(owner.integer("SELECT count(*) FROM trash"), 0);
    assert!(destroy(&mut writer, &dossiers(), &keys(&[2])).is_ok());
}

#[test]
fn a_trigger_that_keeps_rows_silently_undoes_the_chunk() {
    for table in ["message", "dossier"] {
        let owner = Owner::with(
            "wal",
            &format!(
                "{DOSSIERS} CREATE TRIGGER keep BEFORE DELETE ON {table} WHEN old.id IN (1, 10) BEGIN SELECT raise(IGNORE); END;"
            ),
        );
        let error = destroy(&mut owner.writer(&dossiers()), &dossiers(), &keys(&[1])).unwrap_err();
        assert!(matches!(error, StoreError::CountDiffers { .. }), "{table}: {error}");
        assert_eq!(owner.integer("SELECT count(*) FROM attachment"), 3);
    }
}

#[test]
fn keys_may_be_text_composite_or_blobs_with_or_without_rowid() {
    let schema = "
        CREATE TABLE claim(year INTEGER, number TEXT COLLATE NOCASE, digest BLOB, PRIMARY KEY(year, number, digest)) WITHOUT ROWID;
        CREATE TABLE step(claim_year INTEGER, claim_number TEXT, claim_digest BLOB, seq INTEGER, PRIMARY KEY(claim_year, claim_number, claim_digest, seq)) WITHOUT ROWID;
        INSERT INTO claim VALUES (2020, 'A-1', x'00ff'), (2020, 'A-2', x'00ff'), (2021, 'A-1', x'00ff'), (2020, 'A-1', x'01');
        INSERT INTO step SELECT year, number, digest, value FROM claim, json_each('[1,2,3]');";
    let mut claims = series("claim");
    claims.key = ["year", "number", "digest"].map(str::to_owned).into();
    let mut steps = part("step", "claim_year", "year");
    steps.on = columns(&[("claim_year", "year"), ("claim_number", "number"), ("claim_digest", "digest")]);
    claims.parts = vec![steps];
    for schema in [schema.to_owned(), schema.replace("WITHOUT ROWID", "")] {
        let owner = Owner::with("wal", &schema);
        let key = RecordKey::new(vec![
            KeyValue::Integer(2020),
            KeyValue::Text("A-1".to_owned()),
            KeyValue::Blob(vec![0, 255]),
        ]);
        let disposed = destroy(&mut owner.writer(&claims), &claims, &[key]).unwrap();
        assert_eq!(disposed.rows, counts(&[("claim", 1), ("step", 3)]));
        assert_eq!(owner.integer("SELECT count(*) FROM step"), 9);
    }
}

#[test]
fn keys_compare_as_the_application_s_columns_do() {
    // The child keeps the parent's integer as text, in a column without affinity.
    let owner = Owner::with(
        "wal",
        "CREATE TABLE dossier(id INTEGER PRIMARY KEY); CREATE TABLE message(dossier_id);
         INSERT INTO dossier VALUES (5), (6); INSERT INTO message VALUES ('5'), (5), ('6');",
    );
    let mut dossier = series("dossier");
    dossier.parts = vec![part("message", "dossier_id", "id")];
    destroy(&mut owner.writer(&dossier), &dossier, &keys(&[5])).unwrap();
    assert_eq!(owner.integers("SELECT CAST(dossier_id AS INTEGER) FROM message"), [6]);
}

#[test]
fn names_may_be_anything_that_sqlite_accepts() {
    let owner = Owner::with(
        "wal",
        r#"CREATE TABLE "order"("row id" INTEGER PRIMARY KEY, rowid TEXT, "_rowid_" TEXT);
           CREATE TABLE "line ""item"""("group" INTEGER, oid TEXT, rowid TEXT);
           INSERT INTO "order" VALUES (1, 'a', 'b'), (2, 'c', 'd'); INSERT INTO "line ""item""" VALUES (1, 'x', 'y'), (2, 'x', 'y');"#,
    );
    let mut order = series("order");
    order.key = vec!["row id".to_owned()];
    order.parts = vec![part("line \"item\"", "group", "row id")];
    let disposed = destroy(&mut owner.writer(&order), &order, &keys(&[1])).unwrap();
    assert_eq!(disposed.rows, counts(&[("order", 1), ("line \"item\"", 1)]));
}

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
fn masks_stand_in_the_record_and_in_its_parts_and_are_counted() {
    for mode in MODES {
        let owner = Owner::with(mode, DOSSIERS);
        let mut dossier = dossiers();
        dossier.anonymize =
            [("title".to_owned(), Mask::Constant(Literal::Text("-".to_owned()))), ("ip".to_owned(), Mask::TruncateIp)]
                .into();
        dossier.parts[1].anonymize = [("path".to_owned(), Mask::Null)].into();
        let mut writer = owner.writer(&dossier);
        let mut txn = writer.begin().unwrap();
        let disposed = txn.anonymize(&dossier.series, &keys(&[1, 2])).unwrap();
        txn.fence(BatchNumber(1), "").unwrap();
        txn.commit(&Evidence(1)).unwrap();
        assert_eq!(disposed.rows, counts(&[("dossier", 2), ("attachment", 3)]));
        assert_eq!(owner.integer("SELECT count(*) FROM dossier WHERE title = '-' AND ip = '203.0.113.0'"), 2);
        assert_eq!(owner.integer("SELECT count(*) FROM attachment WHERE path IS NULL"), 3);
        assert_eq!(owner.integer("SELECT count(*) FROM message"), 4);
    }
}

#[test]
fn a_constant_mask_that_meets_a_unique_index_undoes_the_chunk() {
    let owner = Owner::with("wal", &format!("{DOSSIERS} CREATE UNIQUE INDEX one_title ON dossier(title);"));
    let mut dossier = dossiers();
    dossier.anonymize = [("title".to_owned(), Mask::Constant(Literal::Text("-".to_owned())))].into();
    let mut writer = owner.writer(&dossier);
    let error = writer.begin().unwrap().anonymize(&dossier.series, &keys(&[1, 2])).unwrap_err();
    assert!(matches!(error, StoreError::Constraint { .. }), "{error}");
    assert_eq!(owner.integer("SELECT count(*) FROM dossier WHERE title = '-'"), 0);
}

#[test]
fn a_mapping_that_cannot_be_obeyed_is_refused_before_anything_goes() {
    let owner = Owner::with("wal", &format!("{DOSSIERS} CREATE VIEW everything AS SELECT * FROM message;"));
    let mut orphan = dossiers();
    orphan.parts[1].of = Some(PartName::from("nothing"));
    let mut view = dossiers();
    view.parts[0].table = "everything".to_owned();
    let mut missing = dossiers();
    missing.parts[0].table = "gone".to_owned();
    let mut loose = dossiers();
    loose.parts[0].on = Join::Expression("this.dossier_id = owner.id".to_owned());
    loose.parts[0].owner_gone = OwnerGone::Detach;
    for mapping in [orphan, view, missing, loose] {
        let error = destroy(&mut owner.writer(&mapping), &mapping, &keys(&[1])).unwrap_err();
        assert!(matches!(error, StoreError::Schema { .. }), "{error}");
    }
    assert_eq!(owner.integer("SELECT count(*) FROM message"), 4);
}

#[test]
fn a_table_that_the_application_adds_or_changes_between_chunks_is_seen() {
    let owner = Owner::with("wal", DOSSIERS);
    let mut writer = owner.writer(&dossiers());
    destroy(&mut writer, &dossiers(), &keys(&[1])).unwrap();
    owner.app.execute_batch("DROP TABLE attachment").unwrap();
    let error = writer.begin().unwrap().destroy(&dossiers().series, &keys(&[2])).unwrap_err();
    assert!(matches!(error, StoreError::SchemaChanged { .. }), "{error}");
}

#[test]
fn who_is_still_there_and_whom_an_expression_concerns_is_answered_in_order() {
    let owner = Owner::with("wal", DOSSIERS);
    let mut writer = owner.writer(&dossiers());
    let name = &dossiers().series;
    assert_eq!(writer.still_there(name, &keys(&[3, 9, 1])).unwrap(), keys(&[3, 1]));
    let mut txn = writer.begin().unwrap();
    let held = txn.matches(name, "this.title IN ('a', 'c')", &keys(&[3, 2, 9, 1])).unwrap();
    assert_eq!(held, [true, false, false, true]);
    assert!(matches!(txn.matches(name, "1); DROP TABLE dossier; --", &keys(&[1])), Err(StoreError::Expression { .. })));
}

#[test]
fn a_foreign_key_that_is_checked_at_the_commit_refuses_the_chunk_and_lets_the_next_one_go() {
    for mode in MODES {
        let note = "CREATE TABLE note(dossier_id INTEGER REFERENCES dossier(id) DEFERRABLE INITIALLY DEFERRED); INSERT INTO note VALUES (1);";
        let owner = Owner::with(mode, &format!("{DOSSIERS} {note}"));
        let mut writer = owner.writer(&dossiers());
        let mut txn = writer.begin().unwrap();
        txn.destroy(&dossiers().series, &keys(&[1])).unwrap();
        txn.fence(BatchNumber(7), "").unwrap();
        let refused = txn.commit(&Evidence(7)).unwrap_err();
        assert!(matches!(refused, CommitError::Refused(StoreError::Constraint { .. })), "{refused}");
        assert_eq!(owner.integer("SELECT count(*) FROM message"), 4);
        assert_eq!(writer.fence(BatchNumber(7)).unwrap(), FenceState::NoTable);
        assert!(destroy(&mut writer, &dossiers(), &keys(&[2])).is_ok());
    }
}

#[test]
fn a_record_weighs_its_row_and_those_of_its_parts_shared_ones_included() {
    let owner = Owner::with(
        "wal",
        "CREATE TABLE dossier(id INTEGER PRIMARY KEY, title TEXT, computed AS (title || title));
         CREATE TABLE link(dossier_id INTEGER, document_id INTEGER);
         CREATE TABLE document(id INTEGER PRIMARY KEY, body BLOB);
         CREATE TABLE page(document_id INTEGER, text TEXT);
         INSERT INTO dossier VALUES (1, 'été'), (2, NULL); INSERT INTO link VALUES (1, 7), (2, 8);
         INSERT INTO document VALUES (7, zeroblob(5000)), (8, NULL); INSERT INTO page VALUES (7, 'text'), (7, 'more');",
    );
    let mut dossier = series("dossier");
    dossier.parts = vec![
        part("link", "dossier_id", "id"),
        part("document", "id", "document_id").of("link").shared_with("letter", "document_id", "id"),
        part("page", "document_id", "id").of("document"),
    ];
    let mut writer = owner.writer(&dossier);
    let weighed = writer.weigh(&dossier.series, &keys(&[1, 2, 9]), u64::MAX).unwrap();
    // Integers count as their digits do.
    let own = 1 + "été".len() as u64;
    let weights = [(5, own + 2 + 5_001 + 5 + 5), (3, 1 + 2 + 1), (0, 0)];
    assert_eq!(weighed, weights.map(|(rows, bytes)| Weight { rows, bytes }));
    assert_eq!(writer.weigh(&dossier.series, &keys(&[1, 2, 9]), 5_000).unwrap().len(), 1, "that was enough");
    assert_eq!(writer.weigh(&dossier.series, &keys(&[2, 1, 9]), 5_000).unwrap().len(), 2);
}

#[test]
fn a_transaction_knows_how_many_bytes_of_the_database_it_has_freed() {
    for mode in MODES {
        let owner = Owner::with(mode, &format!("{DOSSIERS} INSERT INTO message VALUES (12, 1, zeroblob(3000000));"));
        let mut writer = owner.writer(&dossiers());
        let mut txn = writer.begin().unwrap();
        assert_eq!(txn.freed().unwrap(), 0);
        txn.destroy(&dossiers().series, &keys(&[2])).unwrap();
        assert!(txn.freed().unwrap() < 50_000);
        txn.destroy(&dossiers().series, &keys(&[1])).unwrap();
        let freed = txn.freed().unwrap();
        assert!((2_950_000..3_100_000).contains(&freed), "{freed}");
    }
}

#[test]
fn a_few_large_rows_do_not_outlast_the_time_of_a_transaction() {
    let many = "WITH RECURSIVE n(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 1060) INSERT INTO message SELECT i, 1, zeroblob(200000) FROM n;";
    let owner = Owner::with("wal", &format!("{DOSSIERS} {many}"));
    let mut writer = owner.writer(&dossiers());
    let mut txn = writer.begin().unwrap();
    txn.limit(Duration::ZERO);
    std::thread::sleep(Duration::from_millis(20));
    let error = txn.destroy(&dossiers().series, &keys(&[1])).unwrap_err();
    assert!(matches!(error, StoreError::Interrupted { .. }), "{error}");
}

#[test]
fn a_transaction_over_its_time_is_interrupted_and_the_next_one_is_not() {
    for mode in MODES {
        let many = "WITH RECURSIVE n(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) INSERT INTO message SELECT i, 1, 'x' FROM n;";
        let owner = Owner::with(mode, &format!("{DOSSIERS} {many}"));
        let mut writer = owner.writer(&dossiers());
        let mut txn = writer.begin().unwrap();
        txn.limit(Duration::ZERO);
        let error = txn.destroy(&dossiers().series, &keys(&[1])).unwrap_err();
        assert!(matches!(error, StoreError::Interrupted { .. }), "{error}");
        drop(txn);
        assert_eq!(owner.integer("SELECT count(*) FROM message"), 19_005);
        assert!(destroy(&mut writer, &dossiers(), &keys(&[1])).is_ok());
        assert_eq!(owner.integer("SELECT count(*) FROM message WHERE dossier_id = 1"), 0);
    }
}
