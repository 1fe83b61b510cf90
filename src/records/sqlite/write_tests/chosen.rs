//! The rows of parts are those that a plan saw, whatever goes, is masked or is detached before their turn comes.

use super::*;
use crate::records::mapping::Mask;

/// A part whose rows an expression finds.
fn found(table: &str, on: &str) -> PartMapping {
    let mut part = part(table, "", "");
    part.on = Join::Expression(on.to_owned());
    part
}

fn masked(mut part: PartMapping, column: &str) -> PartMapping {
    part.anonymize.insert(column.to_owned(), Mask::Null);
    part
}

fn anonymize(owner: &Owner, mapping: &SeriesMapping, numbers: &[i64]) -> Result<Disposed, StoreError> {
    owner.writer(mapping).begin().unwrap().anonymize_and_keep(mapping, numbers)
}

impl crate::records::sqlite::WriteTxn<'_> {
    fn anonymize_and_keep(mut self, mapping: &SeriesMapping, numbers: &[i64]) -> Result<Disposed, StoreError> {
        let disposed = self.anonymize(&mapping.series, &keys(numbers))?;
        self.fence(BatchNumber(7), "").unwrap();
        self.commit(&Evidence(7)).unwrap();
        Ok(disposed)
    }
}

#[test]
fn a_row_that_an_expression_spared_while_its_sibling_stood_stays() {
    let owner = Owner::with(
        "wal",
        "CREATE TABLE dossier(id INTEGER PRIMARY KEY);
         CREATE TABLE link(dossier_id INTEGER, event_id INTEGER);
         CREATE TABLE event(id INTEGER PRIMARY KEY, dossier_id INTEGER);
         INSERT INTO dossier VALUES (1); INSERT INTO event VALUES (1, 1), (2, 1); INSERT INTO link VALUES (1, 1);",
    );
    let mut dossier = series("dossier");
    let mut event = part("event", "dossier_id", "id");
    let free = "NOT EXISTS (SELECT 1 FROM link WHERE link.event_id = this.id)";
    event.condition = Some(Condition::Expression(free.to_owned()));
    dossier.parts = vec![part("link", "dossier_id", "id"), event];
    let disposed = destroy(&mut owner.writer(&dossier), &dossier, &keys(&[1])).unwrap();
    assert_eq!(disposed.rows, counts(&[("dossier", 1), ("link", 1), ("event", 1)]));
    assert_eq!(owner.integers("SELECT id FROM event"), [1]);
}

#[test]
fn a_row_that_an_expression_found_through_its_sibling_goes_with_it() {
    for key in [
        "id INTEGER PRIMARY KEY, a_id INTEGER)",
        "a_id INTEGER, id TEXT, PRIMARY KEY(a_id, id)) WITHOUT ROWID",
        // The rowid is not to be had.
        "id INTEGER PRIMARY KEY, a_id INTEGER, rowid TEXT, _rowid_ TEXT, OID TEXT)",
        "oid INTEGER PRIMARY KEY, id INTEGER, a_id INTEGER, rowid TEXT, _rowid_ TEXT)",
        "a_id INTEGER NOT NULL, id TEXT NOT NULL, rowid TEXT, _rowid_ TEXT, oid TEXT, PRIMARY KEY(a_id, id))",
    ] {
        let owner = Owner::with(
            "wal",
            &format!(
                "CREATE TABLE dossier(id INTEGER PRIMARY KEY);
                 CREATE TABLE a(id INTEGER PRIMARY KEY, dossier_id INTEGER);
                 CREATE TABLE b({key};
                 INSERT INTO dossier VALUES (1), (2); INSERT INTO a VALUES (1, 1), (2, 2);
                 INSERT INTO b(id, a_id) VALUES (10, 1), (20, 2);"
            ),
        );
        let mut dossier = series("dossier");
        dossier.parts = vec![
            part("a", "dossier_id", "id"),
            found("b", "this.a_id IN (SELECT a.id FROM a WHERE a.dossier_id = owner.id)"),
        ];
        let disposed = destroy(&mut owner.writer(&dossier), &dossier, &keys(&[1])).unwrap();
        assert_eq!(disposed.rows, counts(&[("dossier", 1), ("a", 1), ("b", 1)]));
        assert_eq!(owner.integers("SELECT a_id FROM b"), [2]);
    }
}

#[test]
fn a_row_goes_although_the_column_that_joins_it_was_detached_before() {
    let owner = Owner::with(
        "wal",
        "CREATE TABLE dossier(id INTEGER PRIMARY KEY, main_id INTEGER REFERENCES document(id));
         CREATE TABLE document(id INTEGER PRIMARY KEY, dossier_id INTEGER REFERENCES dossier(id));
         CREATE TABLE extra(id INTEGER PRIMARY KEY, document_id INTEGER);
         INSERT INTO dossier VALUES (1, 1), (2, 2); INSERT INTO document VALUES (1, 1), (2, 2);
         INSERT INTO extra VALUES (1, 1), (2, 2);",
    );
    let mut dossier = series("dossier");
    // As the configuration may write names, which SQLite compares without regard to the case of their letters.
    let mut back = part("Dossier", "MAIN_ID", "id").named("back").of("document");
    back.owner_gone = OwnerGone::Detach;
    dossier.parts = vec![part("document", "dossier_id", "id"), back, part("extra", "document_id", "main_id")];
    let disposed = destroy(&mut owner.writer(&dossier), &dossier, &keys(&[1])).unwrap();
    assert_eq!(disposed.rows, counts(&[("dossier", 1), ("document", 1), ("extra", 1)]));
    assert_eq!(owner.integers("SELECT id FROM extra"), [2]);
}

#[test]
fn a_computed_column_changes_with_those_that_it_is_computed_from() {
    let owner = Owner::with(
        "wal",
        "CREATE TABLE dossier(id INTEGER PRIMARY KEY, main_id INTEGER, code TEXT AS ('D' || main_id));
         CREATE TABLE document(id INTEGER PRIMARY KEY, dossier_id INTEGER);
         CREATE TABLE extra(id INTEGER PRIMARY KEY, code TEXT);
         INSERT INTO dossier VALUES (1, 1), (2, 2); INSERT INTO document VALUES (1, 1), (2, 2);
         INSERT INTO extra VALUES (1, 'D1'), (2, 'D2');",
    );
    let mut dossier = series("dossier");
    let mut back = part("dossier", "main_id", "id").named("back").of("document");
    back.owner_gone = OwnerGone::Detach;
    dossier.parts = vec![part("document", "dossier_id", "id"), back, part("extra", "code", "code")];
    destroy(&mut owner.writer(&dossier), &dossier, &keys(&[1])).unwrap();
    assert_eq!(owner.integers("SELECT id FROM extra"), [2]);
}

#[test]
fn what_belongs_to_a_shared_row_goes_with_it_and_only_with_it() {
    let owner = Owner::with(
        "wal",
        "CREATE TABLE dossier(id INTEGER PRIMARY KEY);
         CREATE TABLE link(dossier_id INTEGER, document_id INTEGER);
         CREATE TABLE document(id INTEGER PRIMARY KEY, scan_id INTEGER);
         CREATE TABLE page(id INTEGER PRIMARY KEY, document_id INTEGER);
         CREATE TABLE scan(id INTEGER PRIMARY KEY);
         CREATE TABLE layer(id INTEGER PRIMARY KEY, scan_id INTEGER);
         INSERT INTO dossier VALUES (1), (2); INSERT INTO document VALUES (1, 1), (2, 2), (3, 2);
         INSERT INTO link VALUES (1, 1), (1, 2), (2, 2); INSERT INTO page VALUES (10, 1), (20, 2), (30, 3);
         INSERT INTO scan VALUES (1), (2); INSERT INTO layer VALUES (100, 1), (200, 2);",
    );
    let mut dossier = series("dossier");
    let linked = "EXISTS (SELECT 1 FROM link WHERE link.document_id";
    dossier.parts = vec![
        part("link", "dossier_id", "id"),
        part("document", "id", "document_id").of("link").shared_with("link", "document_id", "id"),
        found("page", &format!("this.document_id = owner.id AND {linked} = owner.id)")).of("document"),
        part("scan", "id", "scan_id").of("document").shared_with("document", "scan_id", "id"),
        found("layer", "this.scan_id = owner.id AND EXISTS (SELECT 1 FROM document WHERE scan_id = owner.id)")
            .of("scan"),
    ];
    let disposed = destroy(&mut owner.writer(&dossier), &dossier, &keys(&[1])).unwrap();
    let went = [("dossier", 1), ("link", 2), ("document", 1), ("page", 1), ("scan", 1), ("layer", 1)];
    assert_eq!(disposed.rows, counts(&went));
    assert_eq!(owner.integers("SELECT id FROM document"), [2, 3]);
    assert_eq!(owner.integers("SELECT id FROM page"), [20, 30]);
    assert_eq!(owner.integers("SELECT id FROM scan"), [2]);
    assert_eq!(owner.integers("SELECT id FROM layer"), [200]);
}

#[test]
fn masks_are_put_in_place_whatever_was_masked_before() {
    let owner = Owner::with(
        "wal",
        "CREATE TABLE dossier(id INTEGER PRIMARY KEY);
         CREATE TABLE actor(id INTEGER PRIMARY KEY, dossier_id INTEGER, role TEXT, name TEXT, email TEXT);
         CREATE TABLE mail(id INTEGER PRIMARY KEY, email TEXT, body TEXT);
         INSERT INTO dossier VALUES (1); INSERT INTO mail VALUES (1, 'bob', 'secret'), (2, 'al', 'open');
         INSERT INTO actor VALUES (1, 1, 'victim', 'Bob', 'bob'), (2, 1, 'agent', 'Al', 'al');",
    );
    let mut dossier = series("dossier");
    let victim = |name: &str| part("actor", "dossier_id", "id").named(name).only("role", "victim");
    dossier.parts = vec![
        masked(part("mail", "email", "email").of("names"), "body"),
        masked(victim("names"), "name"),
        masked(victim("roles"), "role"),
        masked(victim("emails"), "email"),
    ];
    let disposed = anonymize(&owner, &dossier, &[1]).unwrap();
    assert_eq!(disposed.rows, counts(&[("actor", 3), ("mail", 1)]));
    assert_eq!(owner.integers("SELECT id FROM actor WHERE name IS NULL AND role IS NULL AND email IS NULL"), [1]);
    assert_eq!(owner.integers("SELECT id FROM mail WHERE body IS NULL"), [1]);
}

#[test]
fn a_mask_that_an_expression_reaches_through_a_masked_row_is_put_in_place() {
    let owner = Owner::with(
        "wal",
        "CREATE TABLE dossier(id INTEGER PRIMARY KEY);
         CREATE TABLE person(id INTEGER PRIMARY KEY, dossier_id INTEGER, email TEXT);
         CREATE TABLE mail(id INTEGER PRIMARY KEY, email TEXT, body TEXT);
         INSERT INTO dossier VALUES (1); INSERT INTO person VALUES (1, 1, 'bob'); INSERT INTO mail VALUES (1, 'bob', 'b');",
    );
    let mut dossier = series("dossier");
    dossier.parts = vec![
        masked(found("mail", "this.email IN (SELECT email FROM person WHERE person.dossier_id = owner.id)"), "body"),
        masked(part("person", "dossier_id", "id"), "email"),
    ];
    anonymize(&owner, &dossier, &[1]).unwrap();
    assert_eq!(owner.integers("SELECT id FROM mail WHERE body IS NULL"), [1]);
}

#[test]
fn a_record_that_refers_to_its_part_goes_before_it() {
    for action in ["", "ON DELETE SET NULL", "ON DELETE CASCADE", "ON DELETE RESTRICT", "DEFERRABLE INITIALLY DEFERRED"]
    {
        let owner = Owner::with(
            "wal",
            &format!(
                "CREATE TABLE document(id INTEGER PRIMARY KEY, cover_id INTEGER REFERENCES cover(id) {action});
                 CREATE TABLE cover(id INTEGER PRIMARY KEY);
                 CREATE TABLE page(id INTEGER PRIMARY KEY, document_id INTEGER REFERENCES Document(id) {action});
                 CREATE TABLE dossier(id INTEGER PRIMARY KEY, document_id INTEGER REFERENCES DOCUMENT(id) {action});
                 INSERT INTO cover VALUES (1), (2); INSERT INTO document VALUES (1, 1), (2, 2);
                 INSERT INTO page VALUES (1, 1), (2, 2); INSERT INTO dossier VALUES (1, 1), (2, 2);"
            ),
        );
        let mut dossier = series("dossier");
        dossier.parts = vec![
            part("document", "id", "document_id"),
            part("cover", "id", "cover_id").of("document"),
            part("page", "document_id", "id").of("document"),
        ];
        let disposed = destroy(&mut owner.writer(&dossier), &dossier, &keys(&[1])).unwrap();
        let went = [("dossier", 1), ("document", 1), ("cover", 1), ("page", 1)];
        assert_eq!(disposed.rows, counts(&went), "{action}");
        for table in ["dossier", "document", "cover", "page"] {
            assert_eq!(owner.integers(&format!("SELECT id FROM {table}")), [2], "{action}");
        }
    }
}

#[test]
fn a_part_to_which_a_record_that_stays_refers_is_told_of_as_the_foreign_key_s_affair() {
    for action in ["", "ON DELETE RESTRICT"] {
        let owner = Owner::with(
            "wal",
            &format!(
                "CREATE TABLE document(id INTEGER PRIMARY KEY);
                 CREATE TABLE dossier(id INTEGER PRIMARY KEY, document_id INTEGER REFERENCES document(id) {action});
                 INSERT INTO document VALUES (1); INSERT INTO dossier VALUES (1, 1), (2, 1);"
            ),
        );
        let mut dossier = series("dossier");
        dossier.parts = vec![part("document", "id", "document_id")];
        let told = destroy(&mut owner.writer(&dossier), &dossier, &keys(&[1])).unwrap_err().to_string();
        assert!(told.contains("foreign key") && !told.contains("trigger"), "{told}");
    }
}

#[test]
fn rows_that_a_column_calls_equal_and_the_primary_key_does_not_stay_two() {
    let tables = [
        ("NOCASE", "('a', 1, 'one'), ('A', 2, 'two')", "code COLLATE BINARY"),
        ("RTRIM", "('a', 1, 'one'), ('a ', 2, 'two')", "code COLLATE BINARY"),
        ("NOCASE", "('a', 1, 'one'), ('A', 2, 'two')", "code COLLATE RTRIM"),
        ("RTRIM", "('a', 1, 'one'), ('a ', 2, 'two')", "kind, code COLLATE BINARY"),
    ];
    for (collation, rows, key) in tables {
        let schema = format!(
            "CREATE TABLE dossier(id INTEGER PRIMARY KEY);
             CREATE TABLE cat(id INTEGER PRIMARY KEY, dossier_id INTEGER);
             CREATE TABLE note(code TEXT COLLATE {collation}, cat_id INTEGER, body TEXT, kind INTEGER DEFAULT 1, PRIMARY KEY({key})) WITHOUT ROWID;
             INSERT INTO dossier VALUES (1), (2); INSERT INTO cat VALUES (1, 1), (2, 2);
             INSERT INTO note(code, cat_id, body) VALUES {rows};"
        );
        // Found when its turn comes; chosen before; shared, with nobody else.
        let (plain, chosen) = (part("note", "cat_id", "id"), found("note", "this.cat_id = owner.id"));
        let shared = part("note", "cat_id", "id").shared_with("cat", "id", "cat_id");
        for note in [plain, chosen, shared] {
            let owner = Owner::with("wal", &schema);
            let mut dossier = series("dossier");
            dossier.parts = vec![part("cat", "dossier_id", "id"), note.of("cat")];
            destroy(&mut owner.writer(&dossier), &dossier, &keys(&[1])).unwrap();
            assert_eq!(owner.integers("SELECT cat_id FROM note"), [2], "{collation} {key} {:?}", dossier.parts[1]);
        }
        for note in [part("note", "cat_id", "id"), found("note", "this.cat_id = owner.id")] {
            let owner = Owner::with("wal", &schema);
            let mut dossier = series("dossier");
            dossier.parts = vec![part("cat", "dossier_id", "id"), masked(note.of("cat"), "body")];
            anonymize(&owner, &dossier, &[1]).unwrap();
            assert_eq!(owner.integers("SELECT cat_id FROM note WHERE body IS NOT NULL"), [2], "{collation} {key}");
        }
        // Both records' rows are chosen in one batch: none of them hides the other.
        let owner = Owner::with("wal", &schema);
        let mut dossier = series("dossier");
        dossier.parts = vec![part("cat", "dossier_id", "id"), found("note", "this.cat_id = owner.id").of("cat")];
        destroy(&mut owner.writer(&dossier), &dossier, &keys(&[1, 2])).unwrap();
        assert_eq!(owner.integer("SELECT count(*) FROM note"), 0, "{collation} {key}");
    }
}
