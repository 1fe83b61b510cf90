//! Full-text indexes and other virtual tables, and the triggers that keep them in step.

use super::triggers::naming;
use super::*;

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
