//! What the commands print as JSON is what docs/json.md says, field by field.

use std::fs;

use serde_json::json;

use super::house::House;
use crate::support::documented::assert_documented;

#[test]
fn every_field_that_the_commands_print_is_documented_once() {
    let house = House::new();
    assert_documented("check", &house.ask(&["check"]));
    let held = house.ask(&[
        "hold",
        "place",
        "dossier",
        "7",
        "--reason",
        "a claim",
        "--case",
        "C-1",
        "--review-by",
        "2020-01-01",
    ]);
    assert_documented("hold place, hold lift, hold list", &held);
    assert_documented("hold place, hold lift, hold list", &house.ask(&["hold", "list"]));
    let plan = house.ask(&["plan"]);
    assert_documented("plan", &plan);
    let id = plan["plan"].as_str().unwrap().to_owned();
    fs::write(house.path("list.csv"), "dossier,9\n").unwrap();
    let approved = house.ask(&["approve", &id, "--accept", "rules", "--except", "list.csv"]);
    assert_documented("approve, reject", &approved);
    assert_documented("plans", &house.ask(&["plans"]));
    house.database().execute("UPDATE dossier SET closed_at = '2018-03-01T00:00:00Z' WHERE id = 3", []).unwrap();
    fs::remove_file(house.path("files/canary-4.txt")).unwrap();
    fs::create_dir(house.path("files/canary-4.txt")).unwrap();
    let (_, run) = house.json(&["apply", &id]);
    assert!(run["failed"].as_u64().unwrap() > 0 && run["drifted"].as_u64().unwrap() > 0, "{run}");
    assert_documented("apply", &run);
    for id in ["1", "3", "4", "7", "9", "61", "62", "999"] {
        let explained = house.ask(&["explain", "dossier", id]);
        assert_documented("explain", &explained);
        assert_documented("audit lookup", &house.ask(&["audit", "lookup", "dossier", id]));
    }
    assert_documented("forecast", &house.ask(&["forecast"]));
    assert_documented("audit verify", &house.ask(&["audit", "verify"]));
    let vkey = house.path("state/audit/vkey").display().to_string();
    let witness = ["audit", "witness", "state/audit", "--vkey", &vkey, "--state", "witness"];
    let witnessed = house.ask(&witness);
    assert_documented("audit witness", &witnessed);
    fs::write(house.path("line"), witnessed["cosignature"].as_str().unwrap()).unwrap();
    let add = &["--add", "line", "--witness-key", "witness/vkey"][..];
    for add in [&[][..], add, add] {
        assert_documented("audit checkpoint", &house.ask(&[&["audit", "checkpoint"], add].concat()));
    }
    assert_documented("audit rotate-key", &house.ask(&["audit", "rotate-key"]));
    house.database().execute("UPDATE dossier SET closed_at = '2018-03-01T00:00:00Z' WHERE id = 61", []).unwrap();
    let plan = house.approved();
    let killed = house.command(&["apply", &plan]).env("FAILPOINTS", "committed=return(kill)").status().unwrap();
    assert_eq!(killed.code(), None);
    let plan = house.ask(&["plan"]);
    assert_eq!(plan["left"].as_array().unwrap().len(), 1, "{plan}");
    assert_documented("plan", &plan);
    let next = plan["plan"].as_str().unwrap().to_owned();
    assert_documented("approve, reject", &house.ask(&["reject", &next, "--reason", "not this year"]));
    let lift = house.ask(&["hold", "lift", held["hold"].as_str().unwrap(), "--reason", "settled"]);
    assert_documented("hold place, hold lift, hold list", &lift);
    let other = House::new();
    other.ask(&["hold", "place", "dossier", "7", "--reason", "a claim"]);
    assert_documented("audit adopt", &other.ask(&["audit", "adopt", "--reason", "moved"]));
}

/// Name and entries of the log in this directory.
fn head(house: &House, dir: &str) -> (String, u64) {
    let checkpoint = fs::read_to_string(house.path(dir).join("checkpoint")).unwrap();
    let mut lines = checkpoint.lines();
    (lines.next().unwrap().to_owned(), lines.next().unwrap().parse().unwrap())
}

#[test]
fn what_adopt_and_witness_say_as_json_is_what_they_did() {
    let house = House::new();
    house.ask(&["hold", "place", "dossier", "7", "--reason", "a claim"]);
    let (before, entries) = head(&house, "state/audit");
    let mut adopted = house.ask(&["audit", "adopt", "--reason", "moved"]);
    let kept = adopted["kept"].take();
    assert_eq!(house.path(kept.as_str().unwrap()), house.path("state/audit.1"));
    assert_eq!(head(&house, "state/audit.1"), (before.clone(), entries));
    let (own, _) = head(&house, "state/audit");
    let expected = json!({
        "origin": own, "predecessor": before, "read": entries, "partial": false, "kept": null,
        "new_digest_key": false, "unopened": null, "left": [],
    });
    assert_eq!(adopted, expected);

    let witness = ["audit", "witness", "state/audit", "--vkey", "state/audit/vkey", "--state", "witness"];
    let mut witnessed = house.ask(&witness);
    assert_documented("audit witness", &witnessed);
    let directory = witnessed["earlier"][0]["directory"].take();
    assert!(directory.as_str().unwrap().ends_with("state/audit.1"), "{directory}");
    let line = witnessed["cosignature"].take();
    let vkey = fs::read_to_string(house.path("witness/vkey")).unwrap();
    let earlier = json!([{ "log": before, "entries": entries, "state": "whole", "directory": null }]);
    assert_eq!(witnessed, json!({ "cosignature": null, "witness_key": vkey.trim_end(), "earlier": earlier }));
    fs::write(house.path("line"), line.as_str().unwrap()).unwrap();
    let stored = house.ask(&["audit", "checkpoint", "--add", "line", "--witness-key", "witness/vkey"]);
    assert_eq!(stored["size"], head(&house, "state/audit").1);

    // A log that was lost is named by what is remembered beside the keys, and nothing of it can be relied on.
    fs::rename(house.path("state/audit"), house.path("lost")).unwrap();
    let adopted = house.ask(&["audit", "adopt", "--reason", "lost"]);
    assert_documented("audit adopt", &adopted);
    assert_eq!(
        (&adopted["predecessor"], &adopted["read"], &adopted["partial"]),
        (&own.into(), &0.into(), &true.into())
    );
    assert!(adopted["kept"].is_null() && adopted["unopened"].is_string(), "{adopted}");
}
