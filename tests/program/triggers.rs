//! An application whose triggers write while its records go: full-text index, counter, audit trail.

use serde_json::Value;

use super::house::{DOSSIERS, DUE, House};

const INDEX: &str = "
    CREATE VIRTUAL TABLE found USING fts5(body, content='message', content_rowid='id');
    INSERT INTO found(found) VALUES ('rebuild');
    CREATE TRIGGER found_ad AFTER DELETE ON message BEGIN INSERT INTO found(found, rowid, body) VALUES ('delete', old.id, old.body); END;
    CREATE TABLE tally(dossiers INTEGER);
    INSERT INTO tally SELECT count(*) FROM dossier;
    CREATE TRIGGER tallied AFTER DELETE ON dossier BEGIN UPDATE tally SET dossiers = dossiers - 1; END;";

const TRAIL: &str = "
    CREATE TABLE trail(id INTEGER PRIMARY KEY, body TEXT);
    CREATE TRIGGER trailed AFTER DELETE ON message BEGIN INSERT INTO trail(body) VALUES (old.body); END;";

/// A house whose schema has these triggers, all of which its mapping names.
fn house(schema: &str, triggers: &str) -> House {
    let house = House::new();
    house.database().execute_batch(schema).unwrap();
    house.edit("retentiond.toml", "reference     =", &format!("database_triggers = [{triggers}]\nreference     ="));
    house
}

fn entries(house: &House, kind: &str) -> Vec<Value> {
    let (code, shown) = house.json(&["audit", "show"]);
    assert_eq!(code, 0, "{shown}");
    let entries = shown["entries"].as_array().unwrap().iter();
    entries.filter(|entry| entry["kind"] == kind).cloned().collect()
}

#[test]
fn triggers_that_the_mapping_does_not_name_stop_check_and_plan() {
    let house = House::new();
    house.database().execute_batch(INDEX).unwrap();
    let (code, checked) = house.json(&["check"]);
    let findings = checked["findings"].as_array().unwrap();
    let mends: Vec<&str> = findings
        .iter()
        .filter(|finding| finding["code"] == "trigger")
        .map(|finding| finding["mend"].as_str().unwrap())
        .collect();
    assert_eq!((code, mends.len()), (78, 2), "{checked}");
    assert!(mends.iter().any(|mend| mend.contains("database_triggers = [\"found_ad\"]")), "{mends:?}");
    assert_eq!(house.json(&["plan"]).0, 78);
}

#[test]
fn an_index_and_a_counter_follow_what_is_destroyed() {
    let house = house(INDEX, "\"found_ad\", \"tallied\"");
    let plan = house.approved();
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["destroyed"], &run["level"]), (0, &DUE.into(), &"logical".into()), "{run}");
    assert!(run["triggered"].as_i64().unwrap() >= DUE, "{run}");
    assert_eq!(house.rows("tally WHERE dossiers = (SELECT count(*) FROM dossier)"), 1);
    assert_eq!(house.rows("message"), house.rows("found WHERE found MATCH 'canary'"));
    house.database().execute_batch("INSERT INTO found(found) VALUES ('integrity-check')").unwrap();
    assert_eq!(house.run(&["audit", "verify"]).code, 0);
    assert_eq!(entries(&house, "run")[0]["triggered"], run["triggered"]);
    assert_eq!(house.rows("dossier"), DOSSIERS - DUE);
}

#[test]
fn a_trigger_that_moves_the_dates_of_other_records_is_refused() {
    let schema = "ALTER TABLE dossier ADD COLUMN customer INTEGER; UPDATE dossier SET customer = id % 20;
        CREATE TRIGGER consoled AFTER DELETE ON dossier BEGIN
            UPDATE dossier SET closed_at = '2099-01-01T00:00:00Z' WHERE customer = old.customer; END;";
    let house = house(schema, "\"consoled\"");
    for command in ["check", "plan"] {
        let (code, told) = house.json(&[command]);
        assert!(code == 78 && told.to_string().contains("trigger-trespass"), "{command}: {told}");
    }
    house.assert_untouched();
}

#[test]
fn no_level_is_claimed_where_a_trigger_kept_a_copy() {
    let house = house(TRAIL, "\"trailed\"");
    let (code, checked) = house.json(&["check"]);
    assert_eq!(code, 0, "{checked}");
    assert!(
        checked["findings"].as_array().unwrap().iter().any(|finding| finding["code"] == "trigger-copies"),
        "{checked}"
    );
    let plan = house.approved();
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["level"]), (0, &"none".into()), "{run}");
    assert_eq!(run["triggered"], house.rows("trail"), "{run}");
    assert_eq!((entries(&house, "run").len(), entries(&house, "sanitized").len()), (1, 0));
    assert_eq!(house.run(&["audit", "verify"]).code, 0);
}

#[test]
fn no_level_is_claimed_where_a_full_text_index_keeps_what_went() {
    let house = House::new();
    let index = "CREATE VIRTUAL TABLE found USING fts5(body, content='message', content_rowid='id');
                 INSERT INTO found(found) VALUES ('rebuild');";
    house.database().execute_batch(index).unwrap();
    let (code, checked) = house.json(&["check"]);
    let findings = checked["findings"].as_array().unwrap();
    assert!(code == 0 && findings.iter().any(|finding| finding["code"] == "stale-index"), "{checked}");
    let plan = house.approved();
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["destroyed"], &run["level"]), (0, &DUE.into(), &"none".into()), "{run}");
    assert_eq!(entries(&house, "sanitized").len(), 0);
}

#[test]
fn no_level_is_claimed_where_a_trigger_may_keep_a_copy_of_what_an_earlier_run_took() {
    // It fires for none of these: which records an interrupted run took before, this run cannot tell.
    let seldom = TRAIL.replace("DELETE ON message BEGIN", "DELETE ON message WHEN old.dossier_id < 0 BEGIN");
    let house = house(&seldom, "\"trailed\"");
    let plan = house.approved();
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["destroyed"], &run["level"]), (0, &DUE.into(), &"none".into()), "{run}");
    assert_eq!((house.rows("trail"), entries(&house, "sanitized").len()), (0, 0));
}

#[test]
fn a_level_is_claimed_for_the_sources_of_which_something_went_only() {
    let house = House::new();
    let other = "CREATE TABLE paper (id INTEGER PRIMARY KEY, closed_at TEXT); INSERT INTO paper VALUES (1, '2018-01-01T00:00:00Z');";
    rusqlite::Connection::open(house.path("other.db")).unwrap().execute_batch(other).unwrap();
    let source = "[source.other]\nsqlite = \"other.db\"\n\n[series.paper]\nsource = \"other\"\ntable = \"paper\"\nkey = \"id\"\n\
                  event.closure = \"closed_at\"\n\n[series.dossier]";
    house.edit("retentiond.toml", "[series.dossier]", source);
    let paper = "[[series]]\nname = \"paper\"\ntriggers = { closure = { en = \"Closure\" } }\nempty = \"expected\"\n\n[[rule]]\nnumber = \"R-2\"\n\
                 title = { en = \"Paper\" }\nseries = \"paper\"\ntrigger = \"closure\"\nkeep = \"P1Y\"\ndisposition = \"destroy\"\n\n[[rule]]";
    house.edit("calendar.toml", "[[rule]]", paper);
    let plan = house.approved();
    assert_eq!(house.run(&["hold", "place", "paper", "1", "--reason", "litigation"]).code, 0);
    let (_, run) = house.json(&["apply", &plan]);
    assert_eq!((&run["destroyed"], &run["held"], &run["level"]), (&DUE.into(), &1.into(), &"logical".into()), "{run}");
    let claimed = entries(&house, "sanitized");
    assert_eq!(claimed.iter().map(|leaf| &leaf["source"]).collect::<Vec<_>>(), ["app"], "{claimed:?}");
}

#[test]
fn a_run_that_destroyed_nothing_claims_no_level() {
    let house = House::new();
    let plan = house.approved();
    house.database().execute_batch("UPDATE dossier SET closed_at = '2026-01-01T00:00:00Z'").unwrap();
    let (_, run) = house.json(&["apply", &plan]);
    assert_eq!((&run["destroyed"], &run["level"]), (&0.into(), &"none".into()), "{run}");
}
