//! The application's triggers.

use super::*;
use crate::records::mapping::Reference;

/// What becomes of deleted messages, by a trigger.
const BURY: &str = "CREATE TABLE gone (id, body); CREATE TRIGGER bury AFTER DELETE ON message BEGIN INSERT INTO gone (id) VALUES (old.id); END;";

/// What the mapping of dossiers names.
fn naming(triggers: &'static [&'static str]) -> impl Fn(&mut SeriesMapping) {
    |series| series.database_triggers = triggers.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn a_trigger_that_writes_is_an_error_until_the_mapping_names_it() {
    error(BURY, "trigger", "database_triggers = [\"bury\"]\n(in [series.dossier]", AS_IT_IS);
    let mut all = good();
    naming(&["BURY"])(&mut all[0]);
    assert_eq!(prove(&format!("{GOOD} {BURY}"), &all), [], "named, and it keeps no more than a key");
    let other = "CREATE TRIGGER touch AFTER UPDATE ON dossier BEGIN UPDATE account SET mail = NULL; END;";
    assert_eq!(prove(&format!("{GOOD} {other}"), &good()), [], "nothing is updated when dossiers are destroyed");
    let masks = |series: &mut SeriesMapping| {
        series.anonymize.insert("number".to_owned(), Mask::Null);
    };
    error(other, "trigger", "DROP TRIGGER", masks);
    let of = |column: &str| other.replace("UPDATE ON", &format!("UPDATE OF {column}, id ON"));
    error(&of("NUMBER"), "trigger", "DROP TRIGGER", masks);
    for named in ["\"begin\"", "[update]", "\"delete\""] {
        error(&BURY.replace("bury", named), "trigger", "DROP TRIGGER", AS_IT_IS);
    }
    error(
        "CREATE TRIGGER fill AFTER DELETE ON message BEGIN REPLACE INTO account (id) VALUES (1); END;",
        "trigger-trespass",
        "fill",
        AS_IT_IS,
    );
    let mut masked = good();
    masks(&mut masked[0]);
    assert_eq!(prove(&format!("{GOOD} {}", of("status")), &masked), [], "that column is not masked");
    let only_masked = Proved { is_destroyed: false, ..destroyed(&masked[0]) };
    let mut found = Database::with("wal", &format!("{GOOD} {BURY}")).reader(&masked).prove(&[only_masked]).unwrap();
    found.retain(|finding| finding.severity != Severity::Note);
    assert_eq!(found, [], "no row of it goes");
}

#[test]
fn a_trigger_fired_by_another_must_be_named_too() {
    let nested =
        "CREATE TABLE log (x); CREATE TRIGGER echo AFTER INSERT ON gone BEGIN INSERT INTO log VALUES (1); END;";
    error(&format!("{BURY} {nested}"), "trigger", "database_triggers = [\"echo\"]", naming(&["bury"]));
    let mut all = good();
    naming(&["bury", "echo"])(&mut all[0]);
    assert_eq!(prove(&format!("{GOOD} {BURY} {nested}"), &all), []);
}

#[test]
fn a_trigger_that_may_copy_what_goes_is_a_warning_unless_rules_govern_the_copy() {
    let copies = |statement: &str| {
        format!(
            "CREATE TABLE gone (id INTEGER PRIMARY KEY, body TEXT, closed_at TEXT); CREATE INDEX gone_closed ON gone (closed_at); \
                 CREATE TRIGGER bury BEFORE DELETE ON message BEGIN {statement} END;"
        )
    };
    for statement in [
        "INSERT INTO gone (id, body) VALUES (old.id, old.body);",
        "INSERT INTO gone (id, body) SELECT id, body FROM message WHERE id = old.id;",
        "INSERT INTO gone (body, closed_at) VALUES (old.body, 'delete');",
        "UPDATE gone AS g SET body = OLD . \"body\" WHERE id = old.id;",
        "UPDATE gone SET body = m.body FROM message AS m WHERE m.id = old.id;",
        // In another table a column of that name is a key.
        "INSERT INTO gone (body) VALUES (old.body); END; CREATE TABLE words (body TEXT PRIMARY KEY); \
         CREATE TRIGGER idle AFTER DELETE ON words BEGIN SELECT 1;",
    ] {
        warning(&copies(statement), "trigger-copies", "map gone as a series", naming(&["bury"]));
    }
    let counts = copies("UPDATE gone SET closed_at = NULL WHERE id = old.id AND old.body IS NOT NULL;");
    let mut all = good();
    naming(&["bury"])(&mut all[0]);
    assert_eq!(prove(&format!("{GOOD} {counts}"), &all), [], "it looks at the body and writes nothing of it");
    all.push(series("gone"));
    let copies = copies("INSERT INTO gone (id, body) VALUES (old.id, old.body);");
    assert_eq!(prove(&format!("{GOOD} {copies}"), &all), [], "the copy is a series with rules of its own");
}

#[test]
fn a_full_text_index_kept_by_triggers_needs_their_names_and_no_more() {
    let index = "CREATE VIRTUAL TABLE found USING fts5(body, content='message', content_rowid='id');
         CREATE TRIGGER found_ad AFTER DELETE ON message BEGIN INSERT INTO found(found, rowid, body) VALUES ('delete', old.id, old.body); END;
         CREATE TRIGGER found_au AFTER UPDATE ON message BEGIN INSERT INTO found(found, rowid, body) VALUES ('delete', old.id, old.body);
             INSERT INTO found(rowid, body) VALUES (new.id, new.body); END;";
    error(index, "trigger", "database_triggers = [\"found_ad\"]", AS_IT_IS);
    let mut all = good();
    all[0].parts[0].anonymize.insert("body".to_owned(), Mask::Null);
    naming(&["found_ad", "found_au"])(&mut all[0]);
    assert_eq!(prove(&format!("{GOOD} {index}"), &all), []);
    // An index that keeps texts of its own, and is given one more.
    let keeps = "CREATE VIRTUAL TABLE found USING fts5(body);
         CREATE TRIGGER kept AFTER DELETE ON message BEGIN INSERT INTO found(body) VALUES (old.body); END;";
    warning(keeps, "trigger-copies", "found", naming(&["kept"]));
}

#[test]
fn a_full_text_index_that_no_trigger_keeps_in_step_is_a_warning_whose_mend_mends_it() {
    let fts5 = "CREATE VIRTUAL TABLE found USING fts5(body, content = 'Message', content_rowid=id);";
    let fts4 = "CREATE VIRTUAL TABLE Found USING fts4(content=\"message\", body);";
    let masks = |series: &mut SeriesMapping| {
        series.parts[0].anonymize = [("body".to_owned(), Mask::Null)].into();
    };
    for index in [fts5, fts4] {
        let filled = format!(
            "{GOOD} {index} INSERT INTO message(id, dossier_id, body) VALUES (10, 1, 'secret'), (11, 2, 'secret'); \
             INSERT INTO found(found) VALUES ('rebuild');"
        );
        let mut all = good();
        masks(&mut all[0]);
        let database = Database::with("delete", &filled);
        let mut found = prove_in(&database, &all);
        found.retain(|finding| finding.severity != Severity::Note);
        let codes: Vec<_> = found.iter().map(|finding| (finding.severity, finding.code)).collect();
        assert_eq!(codes, [(Severity::Warning, "stale-index"); 2], "{index}: {found:#?}");
        let app = rusqlite::Connection::open(database.path()).unwrap();
        for finding in &found {
            let (statements, named) = finding.mend.split_once("\nand database_triggers = [").unwrap();
            app.execute_batch(statements).unwrap();
            let (named, _) = named.split_once(']').unwrap();
            all[0].database_triggers.extend(named.split(", ").map(|name| name.trim_matches('"').to_owned()));
        }
        found = prove_in(&database, &all);
        found.retain(|finding| finding.severity != Severity::Note);
        assert_eq!(found, [], "{index}");
        app.execute_batch("DELETE FROM message WHERE id = 10; UPDATE message SET body = NULL WHERE id = 11").unwrap();
        let left = "SELECT count(*) FROM found WHERE found MATCH 'secret'";
        assert_eq!(app.query_row(left, [], |row| row.get::<_, i64>(0)).unwrap(), 0, "{index}");
    }
}

#[test]
fn a_trigger_keeps_a_full_text_index_in_step_where_it_comes_in_time_and_for_every_column_that_is_masked() {
    let fts5 = "CREATE VIRTUAL TABLE found USING fts5(body, content=message, content_rowid=id);";
    let masks = |series: &mut SeriesMapping| {
        series.parts[0].anonymize = [("body".to_owned(), Mask::Null)].into();
    };
    // It asks the row for its words when that is gone already.
    let late = "CREATE TRIGGER late AFTER DELETE ON message BEGIN DELETE FROM found WHERE rowid = old.id; END;";
    warning(&format!("{fts5} {late}"), "stale-index", "found_after_delete", naming(&["late"]));
    let in_time = late.replace("AFTER", "BEFORE");
    let mut all = good();
    naming(&["late"])(&mut all[0]);
    assert_eq!(prove(&format!("{GOOD} {fts5} {in_time}"), &all), []);
    // A mask of what the index has not is nothing to it; a trigger for one column is none for the other.
    masks(&mut all[0]);
    let other = fts5.replace("(body", "(kind");
    assert_eq!(prove(&format!("{GOOD} {other} {in_time}"), &all), []);
    let of_kind =
        "CREATE TRIGGER of_kind BEFORE UPDATE OF kind ON message BEGIN DELETE FROM found WHERE rowid = old.id; END;";
    let both = fts5.replace("(body", "(kind, body");
    let masks_both = |series: &mut SeriesMapping| {
        naming(&["late", "of_kind"])(series);
        series.parts[0].anonymize = ["kind", "body"].map(|column| (column.to_owned(), Mask::Null)).into();
    };
    let schema = format!("{both} {in_time} {of_kind}");
    warning(&schema, "stale-index", "found_after_update", masks_both);
    // What it indexes does not go.
    let elsewhere = "CREATE TABLE page (id INTEGER PRIMARY KEY, body TEXT);";
    assert_eq!(prove(&format!("{GOOD} {elsewhere} {}", fts5.replace("=message", "=page")), &good()), []);
}

#[test]
fn virtual_tables_that_no_trigger_reaches_are_one_note() {
    let told = |more: &str| -> Vec<String> {
        let findings = prove_in(&Database::with("wal", &format!("{GOOD} {more}")), &good());
        findings.into_iter().filter(|found| found.code == "virtual-tables").map(|found| found.message).collect()
    };
    let own = "CREATE VIRTUAL TABLE words USING fts5(body); CREATE VIRTUAL TABLE less USING fts5(body, content='');
        CREATE VIRTUAL TABLE place USING rtree(id, x0, x1); CREATE VIRTUAL TABLE seen USING fts5vocab(words, row);
        CREATE VIEW mails AS SELECT id, mail FROM account; CREATE VIRTUAL TABLE sight USING fts5(mail, content=mails);";
    let [message] = &told(own)[..] else { panic!("{:?}", told(own)) };
    assert!(message.contains("writes less, place, sight and words:"), "{message}");
    let forgets = "CREATE TRIGGER gone AFTER DELETE ON message BEGIN DELETE FROM words WHERE rowid = old.id; END;";
    assert!(told(&format!("{own} {forgets}"))[0].contains("writes less, place and sight:"));
    assert_eq!(told("CREATE VIRTUAL TABLE found USING fts5(body, content=message);"), [""; 0]);
}

#[test]
fn no_mapping_can_let_a_trigger_reach_for_what_retentiond_answers_for() {
    let on_message = |statement: &str| format!("CREATE TRIGGER reach AFTER DELETE ON message BEGIN {statement} END;");
    for statement in [
        "DELETE FROM account WHERE id = 1;",
        "DELETE FROM dossier WHERE id <> old.dossier_id;",
        "INSERT INTO message (dossier_id) VALUES (old.dossier_id);",
        "UPDATE message SET dossier_id = old.dossier_id WHERE id = 2;",
        "UPDATE dossier SET id = id + 1;",
        "UPDATE message SET id = 5 WHERE id = 6;",
        "UPDATE message SET rowid = rowid + 100;",
        "UPDATE message SET _rowid_ = 5 WHERE id = 6;",
        "UPDATE message SET oid = 5 WHERE id = 6;",
        "INSERT OR REPLACE INTO account (id) VALUES (9);",
        "REPLACE INTO account (id) VALUES (9);",
        "UPDATE OR REPLACE dossier SET status = 'x';",
    ] {
        error(&on_message(statement), "trigger-trespass", "rewrite it", naming(&["reach"]));
    }
    // What the mapping tests.
    let tested = |column: &str, of: fn(&mut SeriesMapping) -> &mut Option<Condition>| {
        let statement = on_message(&format!("UPDATE {column} = NULL WHERE id = 2;"));
        error(&statement, "trigger-trespass", "rewrite it", move |series| {
            naming(&["reach"])(series);
            let column = column.rsplit(' ').next().unwrap_or_default().to_uppercase();
            let test = ColumnTest { column, one_of: vec![Literal::Null] };
            *of(series) = Some(Condition::All(vec![test]));
        });
    };
    tested("message SET kind", |series| &mut series.parts[0].condition);
    tested("dossier SET account_id", |series| &mut series.filter);
    // What it deletes takes messages along.
    let cascade = "CREATE TABLE box (id INTEGER PRIMARY KEY); CREATE TABLE slot (id INTEGER PRIMARY KEY, box_id INT REFERENCES box ON DELETE CASCADE);
         ALTER TABLE account ADD COLUMN slot_id INT REFERENCES slot ON DELETE CASCADE; CREATE INDEX slots ON account (slot_id);";
    error(
        &format!("{cascade} {}", on_message("DELETE FROM box;")),
        "trigger-trespass",
        "DROP TRIGGER",
        naming(&["reach"]),
    );
    // What it replaces takes messages along, by its own words or the table's.
    error(
        &format!("{cascade} {}", on_message("INSERT OR REPLACE INTO box (id) VALUES (1);")),
        "trigger-trespass",
        "DROP TRIGGER",
        naming(&["reach"]),
    );
    let replaces = cascade.replace("id INTEGER PRIMARY KEY);", "id INTEGER PRIMARY KEY ON CONFLICT REPLACE);");
    error(
        &format!("{replaces} {}", on_message("INSERT INTO box (id) VALUES (1);")),
        "trigger-trespass",
        "DROP TRIGGER",
        naming(&["reach"]),
    );
    // What it changes gives a message another dossier.
    let follows = GOOD.replace("REFERENCES dossier ON DELETE CASCADE", "REFERENCES num ON UPDATE CASCADE");
    let changes = on_message("UPDATE num SET n = 900 WHERE n = 5000;");
    let mut all = good();
    naming(&["reach"])(&mut all[0]);
    let schema = format!("CREATE TABLE num (n INTEGER PRIMARY KEY); {follows} {changes}");
    let found = prove_in(&Database::with("wal", &schema), &all);
    assert!(found.iter().any(|finding| finding.code == "trigger-trespass"), "{found:#?}");
    // By another name of the column to which that refers, or of a key that no column shows.
    let keyless = GOOD.replace("TABLE message (id INTEGER PRIMARY KEY", "TABLE message (id INT");
    for schema in [
        schema.replace("SET n = 900 WHERE n", "SET oid = 900 WHERE oid"),
        format!("{keyless} {}", on_message("UPDATE message SET rowid = rowid + 100;")),
        format!("{} {}", keyless.replace("id INT,", "id TEXT PRIMARY KEY,"), on_message("UPDATE message SET ID = 5;")),
    ] {
        let found = prove_in(&Database::with("wal", &schema), &all);
        assert!(found.iter().any(|finding| finding.code == "trigger-trespass"), "{schema}: {found:#?}");
    }
    let harmless =
        "UPDATE account SET mail = NULL; INSERT INTO account (id) VALUES (9); UPDATE dossier SET status = 'x';";
    let mut all = good();
    naming(&["reach"])(&mut all[0]);
    assert_eq!(prove(&format!("{GOOD} {}", on_message(harmless)), &all), []);
}

#[test]
fn a_trigger_that_changes_what_an_expression_asks_is_a_warning() {
    let on_message = |statement: &str| format!("CREATE TRIGGER stir AFTER DELETE ON message BEGIN {statement} END;");
    let tables = "CREATE TABLE tally (id INTEGER PRIMARY KEY, n INT, seen INT);";
    let asks = "(SELECT n FROM tally WHERE tally.id = this.id) = 0";
    let told = |statement: &str, change: &dyn Fn(&mut Vec<SeriesMapping>)| {
        let mut all = good();
        naming(&["stir"])(&mut all[0]);
        change(&mut all);
        let found = prove(&format!("{GOOD} {tables} {}", on_message(statement)), &all);
        assert!(found.iter().all(|finding| finding.code == "trigger-answers"), "{found:#?}");
        found.into_iter().map(|finding| (finding.severity, finding.place)).collect::<Vec<_>>()
    };
    let at = |place: &str| vec![(Severity::Warning, place.to_owned())];
    let of_account = |all: &mut Vec<SeriesMapping>| all[1].filter = Some(expression(asks));
    let of_dossier = |all: &mut Vec<SeriesMapping>| all[0].filter = Some(expression(asks));
    for statement in ["UPDATE tally SET n = n - 1;", "DELETE FROM tally;", "INSERT INTO tally(n) VALUES (1);"] {
        assert_eq!(told(statement, &of_account), at("series.account.filter"), "{statement}");
        assert_eq!(told(statement, &of_dossier), at("series.dossier.filter"), "{statement}");
    }
    assert_eq!(told("UPDATE tally SET seen = 1;", &of_account), [], "nobody asks for it");
    assert_eq!(told("UPDATE tally SET n = n - 1;", &|_| ()), []);
    let own = |text: &'static str, series: usize| {
        move |all: &mut Vec<SeriesMapping>| all[series].filter = Some(expression(text))
    };
    // The counter of the dossier that goes.
    let counts = "UPDATE dossier SET status = 'x' WHERE id = old.dossier_id;";
    assert_eq!(told(counts, &own("this.status <> 'y'", 0)), []);
    let mail = "UPDATE account SET mail = NULL;";
    assert_eq!(told(mail, &own("this.mail IS NULL", 1)), at("series.account.filter"));
    assert_eq!(told("INSERT INTO account(mail) VALUES ('x');", &own("this.mail IS NULL", 1)), []);
    let event = |all: &mut Vec<SeriesMapping>| {
        all[1].events.get_mut(&TriggerName::from("closure")).unwrap().condition = Some(expression(asks));
    };
    assert_eq!(told("UPDATE tally SET n = 0;", &event), at("series.account.event.closure"));
}

#[test]
fn a_trigger_that_moves_what_ties_records_to_holds_blockers_and_rows_trespasses() {
    let told = |sets: &str, change: &dyn Fn(&mut Vec<SeriesMapping>)| {
        let mut all = good();
        naming(&["reach"])(&mut all[0]);
        all[0].subject = None;
        all[1].blocked_by.clear();
        change(&mut all);
        let more = "CREATE TABLE tag (id INTEGER PRIMARY KEY, at TEXT, of TEXT);";
        let trigger = format!("CREATE TRIGGER reach AFTER DELETE ON message BEGIN UPDATE {sets}; END;");
        let found = prove(&format!("{GOOD} {more} {trigger}"), &all);
        let trespass = found.iter().find(|finding| finding.code == "trigger-trespass");
        trespass.map_or(String::new(), |finding| finding.message.clone())
    };
    let harmless = ["dossier SET account_id = NULL", "dossier SET number = 'x'", "account SET mail = NULL"];
    for sets in harmless.into_iter().chain(["tag SET of = NULL"]) {
        assert_eq!(told(sets, &|_| ()), "", "{sets}");
    }
    let by_account = |all: &mut Vec<SeriesMapping>| all[0].subject = Some(relation("account", "account_id", "mail"));
    let number = |all: &mut Vec<SeriesMapping>| all[0].reference = Some("Number".to_owned());
    let holds = "by which holds reach records of dossier";
    assert!(told("dossier SET account_id = NULL", &by_account).contains(holds));
    assert!(told("account SET mail = NULL", &by_account).contains(holds));
    assert!(told("dossier SET number = 'x'", &number).contains(holds));
    let blocked = |all: &mut Vec<SeriesMapping>| all[1].blocked_by = vec![relation("dossier", "number", "mail")];
    let blocks = "by which records of dossier block those of account";
    assert!(told("dossier SET number = 'x'", &blocked).contains(blocks));
    assert!(told("account SET mail = NULL", &blocked).contains(blocks));
    // The owner's side of a join, and the rows that keep a shared one.
    let tagged = |all: &mut Vec<SeriesMapping>| all[0].parts.push(part("tag", "at", "number"));
    let finds = "by which dossier finds or masks its rows";
    assert!(told("dossier SET number = 'x'", &tagged).contains(finds));
    let shared = |all: &mut Vec<SeriesMapping>| {
        let reference = Reference { table: "tag".to_owned(), on: columns(&[("of", "id")]), condition: None };
        all[0].parts.push(PartMapping { shared: vec![reference], ..part("tag", "at", "number") });
    };
    assert!(told("tag SET of = NULL", &shared).contains(finds));
    let dated = |all: &mut Vec<SeriesMapping>| {
        let on = columns(&[("of", "mail")]);
        let place = ElementTable::Child { table: "tag".to_owned(), on, condition: None, pick: Pick::Latest };
        let elements = vec![Element { place, ..element("at") }];
        all[1].events.insert(TriggerName::from("closure"), super::event(Pick::Latest, elements));
    };
    assert!(told("account SET mail = NULL", &dated).contains("by which account reads a date"));
}

#[test]
fn a_trigger_that_is_named_and_not_there_or_that_sqlite_alone_cannot_run_is_told() {
    warning("", "unknown-trigger", "take the name out", naming(&["bury"]));
    let own = "CREATE TABLE gone (id); CREATE TRIGGER bury AFTER DELETE ON message BEGIN INSERT INTO gone VALUES (the_application_s_own(old.id)); END;";
    error(own, "trigger-unusable", "drop the trigger", naming(&["bury"]));
    let quoted = "CREATE TRIGGER keep BEFORE DELETE ON dossier WHEN old.status = \"open\" BEGIN SELECT raise(ABORT, 'kept'); END;";
    error(quoted, "trigger-unusable", "single quotes", AS_IT_IS);
}

#[test]
fn a_foreign_key_to_what_is_not_unique_is_no_matter_of_triggers() {
    let line = "CREATE TABLE line (id INTEGER PRIMARY KEY, number TEXT REFERENCES dossier(number)); CREATE INDEX line_number ON line (number);";
    let findings = prove(&format!("{GOOD} {line}"), &good());
    let found = findings.iter().find(|finding| finding.code == "foreign-key-mismatch").unwrap();
    assert_eq!(found.severity, Severity::Error);
    assert!(found.message.ends_with("foreign key mismatch - \"line\" referencing \"dossier\""), "{found:?}");
    assert!(findings.iter().all(|finding| finding.code != "trigger-unusable"), "{findings:#?}");
    let mended = prove(&format!("{GOOD} {line} {}", found.mend), &good());
    assert!(mended.iter().all(|finding| finding.code != "foreign-key-mismatch"), "{mended:#?}");
}

#[test]
fn a_trigger_that_only_refuses_is_a_note() {
    let refuses = "CREATE TRIGGER keep BEFORE DELETE ON dossier BEGIN SELECT raise(ABORT, 'kept') WHERE old.status = 'open'; END;";
    let database = Database::with("wal", &format!("{GOOD} {refuses}"));
    let codes: Vec<&str> = prove_in(&database, &good()).iter().map(|finding| finding.code).collect();
    assert!(codes.contains(&"trigger-reads") && !codes.contains(&"trigger"), "{codes:?}");
}

#[test]
fn what_triggers_write_is_told_where_sqlite_tries_the_present_time_against_its_statistics() {
    let prune = "CREATE TABLE audit (id INTEGER PRIMARY KEY, at TEXT); CREATE INDEX audit_at ON audit (at);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
            INSERT INTO audit SELECT i, datetime('2026-01-01', '-' || i || ' days') FROM n;
        ANALYZE;
        CREATE TRIGGER prune AFTER DELETE ON dossier BEGIN DELETE FROM audit WHERE at < datetime('now', '-30 days'); END;";
    error(prune, "trigger", "database_triggers = [\"prune\"]", AS_IT_IS);
    let mut all = good();
    naming(&["prune"])(&mut all[0]);
    let database = Database::with("wal", &format!("{GOOD} {prune}"));
    let mut findings = prove_in(&database, &all);
    findings.retain(|finding| finding.severity != Severity::Note);
    assert_eq!(findings, []);
    // An expression of the mapping is told no time even then, when it is compiled.
    let told = |query: &str| database.reader(&all).connection().prepare(query).map(drop);
    assert!(told("SELECT 1 FROM audit WHERE at < datetime('now')").is_err());
    assert!(told("SELECT 1 FROM audit WHERE at < datetime('2026-01-01')").is_ok());
}

#[test]
fn a_trigger_that_moves_the_dates_of_other_records_trespasses() {
    let named = naming(&["bury"]);
    let bury = |statement: &str| {
        format!(
            "CREATE TABLE fin (at TEXT PRIMARY KEY); CREATE TRIGGER bury AFTER DELETE ON message BEGIN {statement}; END;"
        )
    };
    error(&bury("UPDATE account SET closed_at = '2000-01-01T00:00:00Z'"), "trigger-trespass", "DROP TRIGGER", &named);
    let fits = |more: &str, all: &[SeriesMapping]| assert_eq!(prove(&format!("{GOOD} {more}"), all), [], "{more}");
    let mut all = good();
    named(&mut all[0]);
    fits(&bury("UPDATE account SET mail = NULL"), &all);
    fits(&bury("DELETE FROM fin"), &all);
    // By what a foreign key does in turn.
    let refers = |schema: String| {
        schema.replace("status TEXT, closed_at TEXT", "status TEXT, closed_at TEXT REFERENCES fin ON DELETE SET NULL")
    };
    let database = Database::with("wal", &refers(format!("{GOOD} {}", bury("DELETE FROM fin"))));
    let found = prove_in(&database, &all);
    assert_eq!(found[0].code, "trigger-trespass", "{found:#?}");
    assert!(found[0].message.contains("closed_at of dossier, by which dossier reads a date"), "{found:#?}");
    // And by the rows of a child table that no series has.
    let on = columns(&[("at", "number")]);
    let place = ElementTable::Child { table: "fin".to_owned(), on, condition: None, pick: Pick::Latest };
    let element = Element { place, ..element("at") };
    all[0].events.insert(TriggerName::from("closure"), super::event(Pick::Latest, vec![element]));
    let found = prove(&format!("{GOOD} {}", bury("DELETE FROM fin")), &all);
    assert!(found.iter().any(|finding| finding.code == "trigger-trespass"), "{found:#?}");
}
