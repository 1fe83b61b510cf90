//! Triggers that reach for what no mapping can give them: rows, keys, dates and ties that retentiond answers for.

use super::triggers::naming;
use super::*;
use crate::records::mapping::Reference;

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

#[test]
fn a_trigger_that_gives_other_records_an_earlier_date_or_their_first_trespasses() {
    let trespasses = |own: &str, of_event: Pick, of_child: Pick| {
        let mut all = good();
        naming(&["give"])(&mut all[0]);
        let on = columns(&[("account_id", "id")]);
        let place = ElementTable::Child { table: "visit".to_owned(), on, condition: None, pick: of_child };
        let elements = vec![element("closed_at"), Element { place, ..element("at") }];
        all[1].events.insert(TriggerName::from("closure"), super::event(of_event, elements));
        let more = "CREATE TABLE visit (id INTEGER PRIMARY KEY, account_id INT, at TEXT); CREATE INDEX visits ON visit (account_id);
            CREATE TRIGGER give AFTER DELETE ON message BEGIN INSERT INTO visit (account_id, at) VALUES (1, '2018-01-01T00:00:00Z'); END;";
        let good = GOOD.replace(
            "account (id INTEGER PRIMARY KEY, closed_at TEXT",
            &format!("account (id INTEGER PRIMARY KEY, closed_at {own}"),
        );
        let found = prove(&format!("{good} {more}"), &all);
        let told = found.iter().find(|finding| finding.code == "trigger-trespass");
        told.is_some_and(|told| told.message.contains("it puts rows into visit, from which account"))
    };
    assert!(trespasses("TEXT NOT NULL", Pick::Latest, Pick::Earliest));
    assert!(trespasses("TEXT NOT NULL", Pick::Earliest, Pick::Latest));
    assert!(trespasses("TEXT NOT NULL", Pick::All, Pick::Latest));
    // A record without a date of its own has its first then.
    assert!(trespasses("TEXT", Pick::Latest, Pick::Latest));
    // It only puts off what is there already.
    assert!(!trespasses("TEXT NOT NULL", Pick::Latest, Pick::Latest));
}
