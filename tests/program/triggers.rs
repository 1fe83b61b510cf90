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
