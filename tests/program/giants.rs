//! One record with very many parts among others: it is never split, and its neighbours do not wait for it.

use chrono::{Datelike, Days, Utc};

use super::house::{DOSSIERS, DUE, House};

/// Rows of the giant, its own and its two first messages and its document aside.
const MESSAGES: i64 = 300_000;

fn house() -> House {
    let house = House::new();
    let many = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MESSAGES})
         INSERT INTO message(dossier_id, body) SELECT 30, 'canary text' FROM n"
    );
    house.database().execute_batch(&many).unwrap();
    house.edit("retentiond.toml", "[limits]", "[limits]\nlock_ms   = 10");
    house
}

/// A window that is not open in the next two days, in whatever zone.
#[expect(clippy::disallowed_methods, reason = "the program under test reads the real clock")]
fn far_window() -> String {
    let day = (Utc::now() + Days::new(3)).weekday();
    format!("{day} 02:00-03:00")
}

#[test]
fn a_giant_waits_for_the_window_while_its_neighbours_go_and_goes_in_it() {
    let house = house();
    let schedule = format!(
        "[schedule]\ntimezone = \"UTC\"\nscan = \"0 2 * * *\"\nmaintenance = [\"{}\"]\n\n[limits]",
        far_window()
    );
    house.edit("retentiond.toml", "[limits]", &schedule);
    let plan = house.approved();
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["destroyed"], &run["deferred"]), (5, &(DUE - 1).into(), &1.into()), "{run}");
    let reasons = run["reasons"].as_object().unwrap();
    assert_eq!(reasons.len(), 1, "{run}");
    let reason = reasons.keys().next().unwrap();
    assert!(reason.contains("300004 rows") && reason.contains("maintenance"), "{reason}");
    assert_eq!(house.rows("message WHERE dossier_id = 30"), MESSAGES + 2, "nothing of it went");
    // Every hour is a maintenance window where none is set.
    house.edit("retentiond.toml", &schedule, "[limits]");
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["destroyed"], &run["planned"]), (0, &1.into(), &1.into()), "{run}");
    assert_eq!(run["interrupted"]["planned"], 0, "the run before told of the others: {run}");
    assert_eq!(house.rows("dossier"), DOSSIERS - DUE);
    assert_eq!(house.run(&["audit", "verify"]).code, 0);
}

#[test]
fn where_no_window_is_set_a_giant_goes_alone() {
    let house = house();
    let plan = house.approved();
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["destroyed"]), (0, &DUE.into()), "{run}");
    assert_eq!(house.rows("message WHERE dossier_id = 30"), 0);
}

#[test]
fn large_rows_go_a_few_at_a_time_from_the_first_transaction_on() {
    let house = House::new();
    house.database().execute_batch("UPDATE message SET body = randomblob(1000000) WHERE id % 2 = 0").unwrap();
    let plan = house.approved();
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["destroyed"]), (0, &DUE.into()), "{run}");
    let (_, shown) = house.json(&["audit", "show"]);
    let intents = shown["entries"].as_array().unwrap().iter().filter(|entry| entry["kind"] == "intent");
    let sizes: Vec<i64> = intents.map(|intent| intent["n"].as_i64().unwrap()).collect();
    assert_eq!(sizes.iter().sum::<i64>(), DUE, "{sizes:?}");
    assert!((1..=4).contains(&sizes[0]), "4 MB at first: {sizes:?}");
    assert!(sizes.windows(2).all(|pair| pair[1] <= 2 * pair[0] + 1), "and at most twice as much after: {sizes:?}");
}

/// Record 30 has 64 messages of a megabyte.
fn make_heavy(house: &House) {
    let large = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 64)
         INSERT INTO message(dossier_id, body) SELECT 30, randomblob(1000000) FROM n";
    house.database().execute_batch(large).unwrap();
}

/// Applies the approved plan, of which all but record 30 goes; the entries of the log.
fn apply_all_but_the_heavy_one(house: &House) -> Vec<serde_json::Value> {
    let plan = house.approved();
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["destroyed"], &run["deferred"]), (5, &(DUE - 1).into(), &1.into()), "{run}");
    let reasons: Vec<&String> = run["reasons"].as_object().unwrap().keys().collect();
    assert!(matches!(reasons.as_slice(), [reason] if reason.contains(" 68 rows and 61 MiB")), "{run}");
    assert_eq!(house.rows("message WHERE dossier_id = 30"), 66, "nothing of it went");
    let (_, shown) = house.json(&["audit", "show"]);
    shown["entries"].as_array().unwrap().clone()
}

fn wait_for_a_far_window(house: &House, limits: &str) {
    let schedule = format!(
        "[schedule]\ntimezone = \"UTC\"\nscan = \"0 2 * * *\"\nmaintenance = [\"{}\"]\n\n[limits]\n{limits}",
        far_window()
    );
    house.edit("retentiond.toml", "[limits]", &schedule);
}

#[test]
fn a_record_of_many_bytes_waits_for_the_window_and_is_not_even_begun() {
    let house = House::new();
    make_heavy(&house);
    wait_for_a_far_window(&house, "lock_ms = 10");
    let entries = apply_all_but_the_heavy_one(&house);
    let aborted = entries.iter().filter(|entry| entry["kind"] == "outcome" && entry["committed"] == false).count();
    assert_eq!(aborted, 0, "it was weighed before");
}

#[test]
fn a_record_of_many_bytes_among_very_many_small_ones_is_undone_before_its_commit_and_waits() {
    let house = House::new();
    make_heavy(&house);
    // So many records that the file says nothing of the size of each.
    let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000)
         INSERT INTO dossier(id, number) SELECT 100000 + i, 'N' || i FROM n";
    house.database().execute_batch(many).unwrap();
    // Time enough for the statements.
    wait_for_a_far_window(&house, "lock_ms = 100");
    let entries = apply_all_but_the_heavy_one(&house);
    assert!(entries.iter().any(|entry| entry["kind"] == "outcome" && entry["committed"] == false));
}

#[test]
fn a_record_larger_than_memory_goes_in_rollback_mode_too() {
    let house = House::new();
    let large = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
         INSERT INTO message(dossier_id, body) SELECT 30, randomblob(1000000) FROM n";
    house.database().execute_batch(large).unwrap();
    let plan = house.approved();
    let ran = house.run_limited("-d", "131072", &["apply", &plan, "--format", "json"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert_eq!((house.rows("dossier"), house.rows("message WHERE dossier_id = 30")), (DOSSIERS - DUE, 0));
    assert!(!house.path("app.db-journal").exists());
}
