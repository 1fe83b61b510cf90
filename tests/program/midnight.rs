//! A run during which the calendar in force changes, at midnight.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value as Json;

use super::house::House;
use crate::support::ran;

/// Dossiers beside those of the house, so that a run has several chunks.
const MORE: i64 = 1_500;

/// When everything is over.
const AFTER: &str = "2026-12-01T06:00:00Z";

/// Midnight in Toronto, when version 2 begins.
fn midnight() -> DateTime<Utc> {
    "2026-12-01T05:00:00Z".parse().unwrap()
}

/// A house whose calendar has a next version, under which no dossier is due, and a plan approved under the one before.
fn house_on_the_eve() -> (House, String) {
    let house = House::new();
    let text = std::fs::read_to_string(house.path("calendar.toml")).unwrap();
    let next = text
        .replace("version      = 1", "version      = 2\nreplaces     = { version = 1 }")
        .replace("2015-01-01", "2026-12-01")
        .replace("P1Y", "P50Y");
    std::fs::write(house.path("calendar-2.toml"), next).unwrap();
    house.edit("retentiond.toml", "calendar.toml", "calendar*.toml");
    let rows = "WITH RECURSIVE n(i) AS (VALUES (1001) UNION ALL SELECT i + 1 FROM n WHERE i < 1000 + ?1)
        INSERT INTO dossier SELECT i, 'more-' || i, '2018-03-01T12:00:00Z' FROM n";
    house.database().execute(rows, [MORE]).unwrap();
    house.set_clock("2026-12-01T04:00:00Z");
    let plan = house.approved();
    (house, plan)
}

/// Applies while every reading of the clock is a second later than the one before.
fn applied_from(house: &House, plan: &str, start: DateTime<Utc>) -> (i32, Json) {
    let mut apply = house.command(&["apply", plan, "--format", "json"]);
    apply.env_remove("RETENTIOND_NOW_FILE").env("RETENTIOND_NOW", start.to_rfc3339()).env("RETENTIOND_TICK", "1");
    let ran = ran(&mut apply);
    (ran.code, ran.json())
}

/// The intents of the log: how many seconds before midnight each was announced, and whether its records went.
fn announced(house: &House) -> Vec<(i64, bool)> {
    let shown = house.ask(&["audit", "show"]);
    let entries = shown["entries"].as_array().unwrap();
    let outcomes = entries.iter().filter(|entry| entry["kind"] == "outcome");
    let announced = outcomes.map(|outcome| {
        let intent = &entries[outcome["intent"].as_u64().unwrap() as usize];
        let before = midnight().timestamp() - intent["at"].as_i64().unwrap();
        (before, outcome["results"].as_str().unwrap().contains('D'))
    });
    announced.collect()
}

#[test]
fn wherever_midnight_falls_in_a_run_nothing_goes_by_the_calendar_that_ended_then() {
    let mut stopped = 0;
    for readings in 4..24 {
        let (house, plan) = house_on_the_eve();
        let (code, told) = applied_from(&house, &plan, midnight() - TimeDelta::seconds(readings));
        house.set_clock(AFTER);
        let announced = announced(&house);
        assert!(announced.iter().all(|(before, _)| *before > 0), "{readings}: {announced:?}");
        // What was announced in the last second was judged again after midnight.
        assert!(announced.iter().all(|(before, went)| !went || *before > 1), "{readings}: {announced:?}");
        house.verify();
        house.verify_by_python(AFTER);
        match code {
            0 => assert_eq!(house.rows("dossier"), 2, "{readings}: {told}"),
            3 => assert!(announced.is_empty(), "{readings}: {told}"),
            code => {
                assert_eq!((code, &told["finished"]), (5, &false.into()), "{readings}: {told}");
                let reasons = told["reasons"].as_object().unwrap();
                assert!(reasons.keys().all(|reason| reason.contains("no longer in force")), "{readings}: {told}");
                assert_eq!(house.rows("dossier"), 2 + told["deferred"].as_i64().unwrap(), "{readings}: {told}");
                assert_eq!(house.json(&["apply", &plan]).0, 3, "{readings}: what is left needs a plan of its own");
                stopped += 1;
            }
        }
    }
    assert!(stopped > 5, "midnight fell into {stopped} runs");
}
