use super::*;
use crate::model::Moment;
use crate::records::facts::{BlockerFact, EventFact, Reading, Unreadable};
use crate::records::mapping::{ColumnTest, Mask};

fn at(text: &str) -> Reading {
    Reading::Set(Moment::At(text.parse().unwrap()))
}

fn readings(facts: &Facts, event: usize) -> &[Reading] {
    &facts.events[event].readings
}

#[test]
fn a_record_is_read_with_all_that_its_mapping_names() {
    let schema = "
        CREATE TABLE account (id INTEGER PRIMARY KEY, closed_at TEXT);
        CREATE TABLE dossier (id INTEGER PRIMARY KEY, number TEXT, account_id INT, status TEXT, closed_at TEXT, kind TEXT);
        INSERT INTO account VALUES (7, NULL);
        INSERT INTO dossier VALUES (1, 'D-1', 7, 'closed', '2024-03-15T10:00:00Z', 'public');
        INSERT INTO dossier VALUES (2, NULL, 8, 'open', '2024-03-15T10:00:00Z', NULL);
        INSERT INTO dossier VALUES (3, 'D-3', NULL, NULL, 'yesterday', 'private');";
    for mode in MODES {
        let database = Database::with(mode, schema);
        let mut dossier = series("dossier");
        dossier.reference = Some("number".to_owned());
        dossier.subject = Some(relation("account", "account_id", "id"));
        dossier.filter = Some(expression("this.kind IS NOT 'private'"));
        let is = |column: &str, value: &str| ColumnTest { column: column.to_owned(), one_of: vec![text(value)] };
        dossier.conditions.insert("public".to_owned(), Condition::All(vec![is("kind", "public")]));
        dossier.conditions.insert("even".to_owned(), expression("id % 2 = 0"));
        let closure = dossier.events.get_mut(&TriggerName::from("closure")).unwrap();
        closure.condition = Some(Condition::All(vec![is("status", "closed")]));
        let all = [dossier, series("account")];
        let facts = database.reader(&all).facts(&all[0].series, &[key(2), key(9), key(1), key(3)]).unwrap();
        let [Some(second), None, Some(first), Some(third)] = facts.as_slice() else { panic!("{facts:?}") };
        assert_eq!(
            *first,
            Facts {
                key: key(1),
                reference: Some(KeyValue::Text("D-1".to_owned())),
                subject: Some(key(7)),
                in_scope: true,
                masked: false,
                events: vec![EventFact { applies: true, readings: vec![at("2024-03-15T10:00:00Z")] }],
                conditions: vec!["public".to_owned()],
                blockers: Vec::new(),
            }
        );
        // The account is gone; a hold on it must reach the dossier all the same.
        assert_eq!((second.subject.clone(), second.reference.clone()), (Some(key(8)), None));
        assert_eq!((second.events[0].applies, second.conditions.as_slice()), (false, ["even".to_owned()].as_slice()));
        assert_eq!((third.in_scope, third.subject.clone(), third.events[0].applies), (false, None, false));
        assert_eq!(readings(third, 0), [Reading::Unreadable(Unreadable::Format)]);
    }
}

#[test]
fn a_subject_is_named_by_its_own_key_even_where_the_types_differ() {
    let database = Database::with(
        "wal",
        "
        CREATE TABLE account (id INTEGER PRIMARY KEY, mail TEXT UNIQUE, closed_at TEXT);
        CREATE TABLE dossier (id INTEGER PRIMARY KEY, account TEXT, mail TEXT, closed_at TEXT);
        INSERT INTO account VALUES (7, 'a@b', NULL);
        INSERT INTO dossier VALUES (1, '7', 'a@b', NULL);",
    );
    let mut dossier = series("dossier");
    dossier.subject = Some(relation("account", "account", "id"));
    assert_eq!(database.facts(&[dossier.clone(), series("account")], &key(1)).unwrap().subject, Some(key(7)));
    // Where the account is gone, its key stands in the dossier, however the configuration writes its column.
    dossier.subject = Some(relation("account", "id", "ID"));
    assert_eq!(database.facts(&[dossier.clone(), series("account")], &key(1)).unwrap().subject, Some(key(1)));
    dossier.subject = Some(relation("account", "mail", "mail"));
    assert_eq!(database.facts(&[dossier.clone(), series("account")], &key(1)).unwrap().subject, Some(key(7)));
    let on = Join::Expression("owner.mail = lower(this.mail)".to_owned());
    dossier.subject = Some(Relation { series: SeriesName::from("account"), on });
    assert_eq!(database.facts(&[dossier, series("account")], &key(1)).unwrap().subject, Some(key(7)));
}

#[test]
fn composite_text_and_blob_keys_find_their_rows_with_or_without_rowid() {
    for without in ["", "WITHOUT ROWID"] {
        let database = Database::with("delete", &format!(
            "CREATE TABLE dossier (year INT NOT NULL, seq TEXT NOT NULL, closed_at TEXT, PRIMARY KEY (year, seq)) {without};
             INSERT INTO dossier VALUES (2024, 'a', '2024-01-01T00:00:00Z'), (2024, 'A', NULL), (2025, 'a', NULL);
             CREATE TABLE scan (id BLOB NOT NULL PRIMARY KEY, closed_at TEXT) {without};
             INSERT INTO scan VALUES (x'00ff', '2024-01-01T00:00:00Z');"
        ));
        let mut dossier = series("dossier");
        dossier.key = vec!["year".to_owned(), "seq".to_owned()];
        let key_of = |year, seq: &str| RecordKey::new(vec![KeyValue::Integer(year), KeyValue::Text(seq.to_owned())]);
        let all = [dossier];
        assert_eq!(readings(&database.facts(&all, &key_of(2024, "a")).unwrap(), 0), [at("2024-01-01T00:00:00Z")]);
        assert_eq!(readings(&database.facts(&all, &key_of(2024, "A")).unwrap(), 0), [Reading::Unset]);
        assert_eq!(database.facts(&all, &key_of(2026, "a")), None);
        assert_eq!(database.facts(&all, &key(2024)), None, "a key of another length is no record's");
        let blob = RecordKey::new(vec![KeyValue::Blob(vec![0, 255])]);
        assert_eq!(database.facts(&[series("scan")], &blob).unwrap().key, blob);
    }
}

#[test]
fn a_collation_does_not_pass_one_record_off_as_another() {
    let database = Database::with(
        "wal",
        "
        CREATE TABLE dossier (id TEXT NOT NULL COLLATE NOCASE PRIMARY KEY, closed_at TEXT);
        INSERT INTO dossier VALUES ('abc', NULL);",
    );
    let all = [series("dossier")];
    assert!(database.facts(&all, &text_key(&["abc"])).is_some());
    assert_eq!(database.facts(&all, &text_key(&["ABC"])), None);
}

fn child(table: &str, on: Join, condition: Option<Condition>, pick: Pick) -> Element {
    let place = ElementTable::Child { table: table.to_owned(), on, condition, pick };
    Element { column: "used_at".to_owned(), place, ..element("") }
}

#[test]
fn an_event_in_a_child_table_is_picked_among_its_rows_and_one_bad_row_spoils_it() {
    let database = Database::with("wal", "
        CREATE TABLE dossier (id INTEGER PRIMARY KEY, tag TEXT, closed_at TEXT);
        CREATE TABLE session (dossier_id INT, tag TEXT, kind TEXT, used_at TEXT);
        INSERT INTO dossier VALUES (1, 'x', NULL), (2, 'y', NULL), (3, 'z', NULL);
        INSERT INTO session VALUES
            (1, 'x', 'web', '2024-01-01T00:00:00-05:00'), (1, 'x', 'app', '2024-01-01T04:00:00Z'), (1, 'x', 'web', NULL),
            (2, 'y', 'web', '2024-01-01T00:00:00Z'), (2, 'y', 'app', 'soon');");
    let by_id = || columns(&[("dossier_id", "id")]);
    let elements = vec![
        child("session", by_id(), None, Pick::Latest),
        child("session", by_id(), None, Pick::Earliest),
        child(
            "session",
            Join::Expression("this.tag = owner.tag".to_owned()),
            Some(expression("kind = 'web'")),
            Pick::Latest,
        ),
    ];
    let mut dossier = series("dossier");
    dossier.events.insert(TriggerName::from("closure"), event(Pick::Latest, elements));
    let all = [dossier];
    let of = |id| database.facts(&all, &key(id)).unwrap().events.remove(0).readings;
    assert_eq!(of(1), [at("2024-01-01T05:00:00Z"), at("2024-01-01T04:00:00Z"), at("2024-01-01T05:00:00Z")]);
    let spoilt = Reading::Unreadable(Unreadable::Format);
    assert_eq!(of(2), [spoilt, spoilt, at("2024-01-01T00:00:00Z")]);
    assert_eq!(of(3), [Reading::Unset; 3]);
}

#[test]
fn an_event_that_requires_every_value_is_open_while_one_row_of_a_child_table_has_none() {
    let database = Database::with(
        "wal",
        "CREATE TABLE dossier (id INTEGER PRIMARY KEY, closed_at TEXT);
         CREATE TABLE invoice (dossier_id INT, used_at TEXT);
         INSERT INTO dossier VALUES (1, NULL), (2, NULL), (3, NULL), (4, NULL), (5, NULL);
         INSERT INTO invoice VALUES (1, '2024-01-01T00:00:00Z'), (1, NULL), (2, NULL), (2, '2024-01-01T00:00:00Z'),
             (3, '2024-01-01T00:00:00Z'), (3, '2024-02-01T00:00:00Z'), (5, 'soon'), (5, '');",
    );
    for (pick, of_both) in [(Pick::Latest, "2024-02-01T00:00:00Z"), (Pick::Earliest, "2024-01-01T00:00:00Z")] {
        let mut paid = child("invoice", columns(&[("dossier_id", "id")]), None, pick);
        paid.unset = vec![Literal::Text(String::new())];
        let mut dossier = series("dossier");
        dossier.events.insert(TriggerName::from("closure"), event(Pick::All, vec![paid]));
        let all = [dossier];
        let of = |id| database.facts(&all, &key(id)).unwrap().events.remove(0).readings;
        for open in [1, 2, 4, 5] {
            assert_eq!(of(open), [Reading::Unset], "{open}");
        }
        assert_eq!(of(3), [at(of_both)]);
    }
}

#[test]
fn events_stand_in_the_order_of_their_names() {
    let database = Database::with(
        "delete",
        "
        CREATE TABLE dossier (id INTEGER PRIMARY KEY, a TEXT, b INT, closed_at TEXT);
        CREATE TABLE session (dossier_id INT, used_at TEXT);
        INSERT INTO dossier VALUES (1, '2024-02-03', 0, '2024-01-01T00:00:00Z');
        INSERT INTO session VALUES (1, '2024-05-05T00:00:00Z');",
    );
    let mut dossier = series("dossier");
    let day = Element { encoding: Encoding::Date, ..element("a") };
    let unix = Element { encoding: Encoding::Unix, unset: vec![Literal::Integer(0)], ..element("b") };
    let used = child("session", columns(&[("dossier_id", "id")]), None, Pick::Latest);
    dossier.events.insert(TriggerName::from("zeal"), event(Pick::All, vec![day, used, unix]));
    dossier.events.insert(TriggerName::from("birth"), event(Pick::Latest, vec![element("closed_at")]));
    let facts = database.facts(&[dossier], &key(1)).unwrap();
    assert_eq!(readings(&facts, 0), [at("2024-01-01T00:00:00Z")]);
    assert_eq!(readings(&facts, 1), [at("2024-01-01T00:00:00Z")]);
    let day = Reading::Set(Moment::On("2024-02-03".parse().unwrap()));
    assert_eq!(readings(&facts, 2), [day, at("2024-05-05T00:00:00Z"), Reading::Unset]);
}

#[test]
fn blockers_are_the_keys_of_the_records_that_refer_to_this_one() {
    let database = Database::with(
        "wal",
        "
        CREATE TABLE account (id INTEGER PRIMARY KEY, parent_id INT, closed_at TEXT);
        CREATE TABLE dossier (id INTEGER PRIMARY KEY, account_id INT, closed_at TEXT);
        INSERT INTO account VALUES (7, 7, NULL), (8, 7, NULL), (9, NULL, NULL);
        INSERT INTO dossier VALUES (1, 7, NULL), (2, 7, NULL), (3, NULL, NULL);",
    );
    let mut account = series("account");
    account.blocked_by = vec![relation("dossier", "account_id", "id"), relation("account", "parent_id", "id")];
    let all = [account, series("dossier")];
    let blockers = |id| database.facts(&all, &key(id)).unwrap().blockers;
    let blocker = |relation, id| BlockerFact { relation, key: key(id) };
    assert_eq!(blockers(7), [blocker(0, 1), blocker(0, 2), blocker(1, 8)], "not itself");
    assert_eq!(blockers(8), []);
    assert_eq!(blockers(9), [], "NULL refers to nothing");
}

#[test]
fn a_relation_to_a_series_of_no_or_another_source_is_an_error() {
    let database = Database::with("wal", "CREATE TABLE account (id INTEGER PRIMARY KEY, closed_at TEXT)");
    let mut account = series("account");
    account.blocked_by = vec![relation("dossier", "account_id", "id")];
    let elsewhere = SeriesMapping { source: SourceName::from("other"), ..series("dossier") };
    let error = database.reader(&[account.clone(), elsewhere]).facts(&account.series, &[key(1)]).unwrap_err();
    assert_eq!(error.code(), "unmapped");
}

#[test]
fn a_record_is_masked_when_every_mask_stands_in_it_and_in_its_parts() {
    let database = Database::with("wal", "
        CREATE TABLE account (id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE, ip TEXT, born TEXT, closed_at TEXT);
        CREATE TABLE message (id INTEGER PRIMARY KEY, account_id INT, closed_at TEXT);
        CREATE TABLE line (message_id INT, body TEXT);
        INSERT INTO account VALUES (1, 'gone', '192.0.2.0', '1980', NULL), (2, 'GONE', '192.0.2.0', '1980', NULL),
            (3, 'gone', '192.0.2.1', '1980', NULL), (4, 'gone', '192.0.2.0', '1980-01-02', NULL), (5, 'gone', NULL, NULL, NULL);
        INSERT INTO message VALUES (10, 1, NULL), (50, 5, NULL);
        INSERT INTO line VALUES (10, NULL), (10, NULL), (50, NULL), (50, 'hello');");
    let mut account = series("account");
    account.anonymize = BTreeMap::from([
        ("name".to_owned(), Mask::Constant(text("gone"))),
        ("ip".to_owned(), Mask::TruncateIp),
        ("born".to_owned(), Mask::DateToYear),
    ]);
    let mut line = part("line", "message_id", "id");
    line.of = Some(PartName::from("message"));
    line.anonymize = BTreeMap::from([("body".to_owned(), Mask::Null)]);
    account.parts = vec![part("message", "account_id", "id"), line];
    let all = [account.clone()];
    let masked: Vec<bool> = (1..=5).map(|id| database.facts(&all, &key(id)).unwrap().masked).collect();
    assert_eq!(masked, [true, false, false, false, false]);
    account.anonymize.clear();
    account.parts.clear();
    assert!(!database.facts(&[account], &key(1)).unwrap().masked, "nothing is masked without masks");
}

#[test]
fn a_part_of_itself_is_an_error() {
    let database = Database::with("wal", "CREATE TABLE account (id INTEGER PRIMARY KEY, closed_at TEXT)");
    let mut account = series("account");
    let mut one = part("one", "a", "b");
    one.anonymize = BTreeMap::from([("body".to_owned(), Mask::Null)]);
    let mut two = part("two", "a", "b");
    (one.of, two.of) = (Some(PartName::from("two")), Some(PartName::from("one")));
    account.parts = vec![one, two];
    let error = database.reader(&[account.clone()]).facts(&account.series, &[key(1)]).unwrap_err();
    assert_eq!(error.code(), "part-of-none");
}

#[test]
fn what_the_schema_does_not_have_is_named() {
    let database = Database::with("wal", "CREATE TABLE account (id INTEGER PRIMARY KEY)");
    let error = database.reader(&[series("account")]).facts(&SeriesName::from("account"), &[key(1)]).unwrap_err();
    assert!(matches!(&error, StoreError::Schema { message, .. } if message.contains("closed_at")), "{error}");
}

#[test]
fn an_expression_that_asks_for_the_time_by_a_detour_fails_on_its_record() {
    let schema = "
        CREATE TABLE dossier (id INTEGER PRIMARY KEY, closed_at TEXT, due TEXT);
        CREATE TABLE word (said TEXT);
        CREATE VIEW clock AS SELECT datetime(said) AS at FROM word;
        INSERT INTO word VALUES ('now');
        INSERT INTO dossier VALUES (1, '2024-01-01T00:00:00Z', '2024-01-01'), (2, '2024-01-01T00:00:00Z', 'now');";
    for (filter, failing) in [
        ("date(this.due) < '2100-01-01'", &[2][..]),
        ("EXISTS (WITH p(t) AS (VALUES ('now')) SELECT 1 FROM p WHERE unixepoch(p.t) > 0)", &[1, 2]),
        ("date(this.id, x'6c6f63616c74696d65') > '0'", &[1, 2]),
        ("(SELECT at FROM clock) > this.closed_at", &[1, 2]),
    ] {
        let database = Database::with("wal", schema);
        let mapping = SeriesMapping { filter: Some(expression(filter)), ..series("dossier") };
        let failed = |id: &i64| {
            let facts = database.facts(std::slice::from_ref(&mapping), &key(*id)).unwrap();
            facts.events[0].readings == [Reading::Unreadable(Unreadable::Expression)]
        };
        assert_eq!([1, 2].into_iter().filter(failed).collect::<Vec<_>>(), failing, "{filter}");
    }
}
