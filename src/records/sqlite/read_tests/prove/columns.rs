//! Tables, columns, keys, indexes and masks.

use super::*;

#[test]
fn a_table_or_column_that_is_not_there_is_named_with_those_that_are() {
    error("", "unknown-table", "account, dossier and message", |series| series.table = "dosier".to_owned());
    error("CREATE VIEW seen AS SELECT * FROM message;", "view", "name one of the tables", |series| {
        series.parts.push(PartMapping { table: "seen".to_owned(), ..part("seen", "dossier_id", "id") });
    });
    error("CREATE VIRTUAL TABLE found USING fts5(body);", "virtual-table", "name one of the tables", |series| {
        series.parts.push(part("found_content", "id", "id"));
    });
    error("", "unknown-column", "account_id, closed_at, id, number and status", |series| {
        series.reference = Some("numero".to_owned());
    });
    error("", "unknown-column", "body", |series| series.parts[0].on = columns(&[("dosier_id", "id")]));
    error("", "unknown-column", "status", |series| series.parts[0].on = columns(&[("dossier_id", "idd")]));
    error("", "unknown-column", "status", |series| {
        let event = series.events.get_mut(&TriggerName::from("closure")).unwrap();
        event.elements.push(element("closed"));
    });
    error("", "unknown-column", "status", |series| {
        series.groups.insert("payment".to_owned(), vec!["*".to_owned(), "amount".to_owned()]);
    });
    error("", "unknown-column", "status", |series| {
        series.anonymize.insert("name".to_owned(), Mask::Null);
    });
    error("", "unknown-column", "body", |series| {
        let columns = vec!["path".to_owned()];
        series.parts[0].files =
            Some(FilesMapping { columns, root: PathBuf::from("/"), shared: Vec::new(), missing: Default::default() });
    });
    error("", "unknown-column", "body", |series| {
        series.parts[0].owner_gone = OwnerGone::Set(vec![("kind".to_owned(), SetValue::Column("knd".to_owned()))]);
    });
}

#[test]
fn rows_that_nothing_tells_apart_are_refused_with_what_mends_it() {
    let hides = "rowid TEXT, _rowid_ TEXT, oid TEXT, dossier_id INTEGER REFERENCES dossier (id)";
    for key in ["", ", id TEXT PRIMARY KEY", ", id INTEGER PRIMARY KEY DESC"] {
        let schema = format!("CREATE TABLE hidden ({hides}{key}); CREATE INDEX h ON hidden (dossier_id);");
        error(&schema, "hidden-rowid", "ALTER TABLE \"hidden\" RENAME COLUMN oid TO", |series| {
            series.parts.push(part("hidden", "dossier_id", "id"));
        });
    }
    let told =
        format!("CREATE TABLE told (id TEXT PRIMARY KEY NOT NULL, {hides}); CREATE INDEX h ON told (dossier_id);");
    let mut all = good();
    all[0].parts.push(part("told", "dossier_id", "id"));
    assert_eq!(prove(&format!("{GOOD} {told}"), &all), [], "its key tells them apart");
}

#[test]
fn a_key_must_be_unique_and_no_float_and_rows_without_one_are_told() {
    error("", "key-not-unique", "CREATE UNIQUE INDEX \"dossier_number_idx\" ON \"dossier\" (\"number\");", |series| {
        series.key = vec!["number".to_owned()];
    });
    error("CREATE TABLE m (x REAL PRIMARY KEY NOT NULL);", "key-real", "unique column", |series| {
        series.table = "m".to_owned();
        series.key = vec!["x".to_owned()];
        series.events.clear();
        series.parts.clear();
        series.subject = None;
    });
    warning(
        "CREATE UNIQUE INDEX n ON dossier (number); UPDATE dossier SET number = NULL WHERE id = 1;",
        "key-null",
        "key",
        |series| {
            series.key = vec!["number".to_owned()];
        },
    );
}

#[test]
fn a_text_among_integer_keys_is_told_for_nobody_can_name_it() {
    let at = |series: &mut SeriesMapping| {
        series.table = "m".to_owned();
        series.key = vec!["x".to_owned()];
        series.events.clear();
        series.parts.clear();
        series.subject = None;
    };
    let table = "CREATE TABLE m (x BIGINT PRIMARY KEY NOT NULL); INSERT INTO m VALUES (1), ('2')";
    warning(&format!("{table}, ('three');"), "key-text", "--where", at);
    let mut all = good();
    at(&mut all[0]);
    all.truncate(1);
    assert_eq!(prove(&format!("{GOOD} {table};"), &all), [], "what looks like a number is one");
}

#[test]
fn an_index_is_asked_for_where_rows_are_looked_for() {
    warning(
        "DROP INDEX dossier_closed;",
        "missing-index",
        "CREATE INDEX \"dossier_closed_at_idx\" ON \"dossier\" (\"closed_at\");",
        AS_IT_IS,
    );
    for (dropped, mend) in [
        ("dossier_account", "CREATE INDEX \"dossier_account_id_idx\" ON \"dossier\" (\"account_id\");"),
        ("message_dossier", "CREATE INDEX \"message_dossier_id_idx\" ON \"message\" (\"dossier_id\");"),
    ] {
        let found = prove(&format!("{GOOD} DROP INDEX {dropped};"), &good());
        let mends: Vec<(&str, &str)> = found.iter().map(|finding| (finding.code, finding.mend.as_str())).collect();
        assert_eq!(mends, [("missing-index", mend)], "the part and the foreign key ask for the same");
    }
    let names_files = |series: &mut SeriesMapping| {
        let columns = vec!["kind".to_owned(), "body".to_owned()];
        let shared = vec![("scan".to_owned(), vec!["path".to_owned()])];
        series.parts[0].files =
            Some(FilesMapping { columns, root: PathBuf::from("/"), shared, missing: Default::default() });
    };
    let (own, other) = ("CREATE INDEX b ON message (body);", "CREATE INDEX s ON scan (path);");
    let mended = [
        (own, "CREATE INDEX \"scan_path_idx\" ON \"scan\" (\"path\");"),
        (other, "CREATE INDEX \"message_body_kind_idx\" ON \"message\" (\"body\", \"kind\");"),
    ];
    for (there, mend) in mended {
        warning(&format!("CREATE TABLE scan (path TEXT); {there}"), "missing-index", mend, names_files);
    }
    let mut all = good();
    names_files(&mut all[0]);
    assert_eq!(prove(&format!("{GOOD} CREATE TABLE scan (path TEXT); {own} {other}"), &all), []);
    // A polymorphic part is found by an index that begins with its type.
    let typed = "DROP INDEX message_dossier; CREATE INDEX typed ON message (kind, dossier_id);
         CREATE TABLE note (id INTEGER PRIMARY KEY, kind TEXT, of INT);";
    let is_note = |series: &mut SeriesMapping| {
        let mut note = part("note", "of", "id");
        let test = crate::records::mapping::ColumnTest { column: "kind".to_owned(), one_of: vec![text("dossier")] };
        note.condition = Some(Condition::All(vec![test]));
        series.parts = vec![note, part("message", "dossier_id", "id")];
    };
    warning(
        "CREATE TABLE note (id INTEGER PRIMARY KEY, kind TEXT, of INT);",
        "missing-index",
        "(\"of\", \"kind\")",
        is_note,
    );
    let mut all = good();
    is_note(&mut all[0]);
    let found = prove(&format!("{GOOD} {typed} CREATE INDEX n ON note (kind, of);"), &all);
    assert!(found.iter().all(|finding| !finding.mend.contains("note")), "{found:#?}");
    warning("", "missing-index", "expression", |series| {
        series.parts[0].on = Join::Expression("this.dossier_id + 0 = owner.id".to_owned());
    });
}

/// Adds a column `mail` to dossiers, and masks it.
fn mail(declared: &str, values: [&str; 2], mask: Mask) -> (String, impl Fn(&mut SeriesMapping)) {
    let [one, two] = values;
    let more = format!(
        "ALTER TABLE dossier ADD COLUMN mail {declared}; UPDATE dossier SET mail = iif(id = 1, '{one}', '{two}');"
    );
    (more, move |series: &mut SeriesMapping| drop(series.anonymize.insert("mail".to_owned(), mask.clone())))
}

#[test]
fn a_mask_that_a_constraint_refuses_is_found_by_trying_it_on_a_copy() {
    let constant = |value: &str| Mask::Constant(text(value));
    let mails = ["canary@one", "canary@two"];
    let (check, masks) = mail("TEXT CHECK (mail IS NULL OR mail LIKE '%@%')", mails, constant("gone"));
    error(&check, "mask-refused", "that the constraint accepts", &masks);
    let mut all = good();
    masks(&mut all[0]);
    let database = Database::with("wal", &format!("{GOOD} {check}"));
    let before = std::fs::read(database.path()).unwrap();
    let fault = database.reader(&all).first_fault(destroyed(&all[0]), &[]).unwrap().unwrap();
    assert_eq!((fault.code, fault.place.as_str()), ("mask-refused", "series.dossier.anonymize"), "no plan is made");
    assert!(fault.message.contains("2 were refused (CHECK constraint failed: "), "{}", fault.message);
    assert!(!format!("{:?}", prove_in(&database, &all)).contains("canary"));
    assert_eq!(std::fs::read(database.path()).unwrap(), before);
    all[0].anonymize.insert("mail".to_owned(), constant("nobody@example.org"));
    assert_eq!(prove(&format!("{GOOD} {check}"), &all), []);
    // Only closed dossiers need a mail; only they are counted, where the series has others.
    let (some, masks) = mail("TEXT CHECK (mail <> '' OR status <> 'closed')", mails, constant(""));
    warning(&some, "mask-refused", "that the constraint accepts", &masks);
    let mut all = good();
    masks(&mut all[0]);
    all[0].filter = Some(expression("this.status = 'open'"));
    assert_eq!(prove(&format!("{GOOD} {some}"), &all), []);
    let (real, masks) = mail("REAL", ["1984-02-29", "1985-03-01"], Mask::DateToYear);
    error(&real, "mask-refused", "the column's own type", masks);
}

#[test]
fn masks_are_tried_against_unique_columns_strict_types_and_triggers() {
    let kinds = |series: &mut SeriesMapping| {
        drop(series.parts[0].anonymize.insert("kind".to_owned(), Mask::Constant(text("x"))))
    };
    let together = "CREATE UNIQUE INDEX together ON message (dossier_id, kind); INSERT INTO message(dossier_id, kind) VALUES (1, 'a'), (1, 'b');";
    error(together, "mask-refused", "unique together", kinds);
    let apart = together.replace("(1, 'b')", "(2, 'a')");
    let mut all = good();
    kinds(&mut all[0]);
    assert_eq!(prove(&format!("{GOOD} {apart}"), &all), []);
    let strict = "CREATE TABLE seat (id INTEGER PRIMARY KEY, dossier_id INT REFERENCES dossier, number INT) STRICT;
        CREATE INDEX s ON seat (dossier_id); INSERT INTO seat VALUES (1, 1, 7);";
    error(strict, "mask-refused", "that the constraint accepts", |series| {
        let anonymize = BTreeMap::from([("number".to_owned(), Mask::Constant(text("none")))]);
        series.parts.push(PartMapping { anonymize, ..part("seat", "dossier_id", "id") });
    });
    let number = |series: &mut SeriesMapping| drop(series.anonymize.insert("number".to_owned(), Mask::Null));
    for (when, then) in [("BEFORE", "SELECT raise(ABORT, 'no')"), ("BEFORE", "SELECT raise(IGNORE)")] {
        let trigger =
            format!("CREATE TRIGGER against {when} UPDATE ON dossier WHEN NEW.number IS NULL BEGIN {then}; END;");
        warning(&trigger, "mask-trigger", "pass masked rows", number);
    }
    // A function that only the application has: not tried, and said.
    let mut all = good();
    number(&mut all[0]);
    let database = Database::with("wal", GOOD);
    let app = database.app();
    let function = rusqlite::functions::FunctionFlags::SQLITE_DETERMINISTIC;
    app.create_scalar_function("theirs", 1, function, |_| Ok(true)).unwrap();
    app.execute_batch("ALTER TABLE dossier ADD COLUMN more TEXT CHECK (theirs(more));").unwrap();
    drop(app);
    assert!(prove_in(&database, &all).iter().any(|finding| finding.code == "mask-check"));
}

#[test]
fn a_computed_column_that_a_mask_of_a_part_s_row_breaks_is_found() {
    let masked = |series: &mut SeriesMapping| {
        let mut seat = part("seat", "dossier_id", "id");
        seat.anonymize.insert("name".to_owned(), Mask::Null);
        series.parts.push(seat);
    };
    for short in ["TEXT NOT NULL AS (upper(name))", "TEXT AS (upper(name)) CHECK (short IS NOT NULL)"] {
        for stored in ["", "STORED"] {
            let (short, check) = short.split_once(" CHECK").unwrap_or((short, ""));
            let check = if check.is_empty() { String::new() } else { format!(" CHECK{check}") };
            let seats = format!(
                "CREATE TABLE seat (id INTEGER PRIMARY KEY, dossier_id INT REFERENCES dossier, name TEXT, short {short} {stored}{check});
                 CREATE INDEX s ON seat (dossier_id); INSERT INTO seat(dossier_id, name) VALUES (1, 'Ana'), (2, 'Bo');"
            );
            error(&seats, "mask-refused", "that the constraint accepts", masked);
        }
    }
}

#[test]
fn a_mask_that_the_schema_would_refuse_is_found_before_a_run() {
    error("", "mask-null", "constant", |series| {
        series.parts[0].anonymize.insert("id".to_owned(), Mask::Null);
    });
    error("CREATE UNIQUE INDEX u ON dossier (number);", "mask-unique", "null", |series| {
        series.anonymize.insert("number".to_owned(), Mask::Constant(text("gone")));
    });
    error("", "mask-shared", "a series of its own", |series| {
        let on = columns(&[("id", "id")]);
        let reference = crate::records::mapping::Reference { table: "account".to_owned(), on, condition: None };
        series.parts[0].shared = vec![reference];
        series.parts[0].anonymize.insert("body".to_owned(), Mask::Null);
    });
    error("", "mask-shared", "a series of its own", |series| {
        let reference = crate::records::mapping::Reference {
            table: "account".to_owned(),
            on: columns(&[("id", "id")]),
            condition: None,
        };
        series.parts[0].shared = vec![reference];
        let mut beneath = series.parts[0].clone();
        beneath.of = Some(series.parts[0].name.clone());
        (beneath.name, beneath.shared, beneath.on) = ("beneath".into(), Vec::new(), columns(&[("id", "id")]));
        beneath.anonymize.insert("body".to_owned(), Mask::Null);
        series.parts.push(beneath);
    });
    error("", "detach-not-null", "set", |series| series.parts[0].owner_gone = OwnerGone::Detach);
}
