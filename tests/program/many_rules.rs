//! A calendar of a thousand rules: what the log says of it takes more than one leaf.

use std::fmt::Write;
use std::process::Command;

use super::house::{DUE, House};
use super::support::CALENDAR;

const RULES: usize = 1_000;

#[test]
fn a_calendar_of_a_thousand_rules_is_obeyed_and_told_whole() {
    let house = House::new();
    let mut rules = String::new();
    for number in 2..=RULES {
        write!(
            rules,
            "\n[[rule]]\nnumber = \"R-{number}\"\nseries = \"dossier\"\ntrigger = \"closure\"\nkeep = \"P{number}D\"\ndisposition = \"destroy\"\n"
        )
        .unwrap();
    }
    let calendar = CALENDAR.replace("name     = \"dossier\"", "name     = \"dossier\"\nempty    = \"expected\"");
    std::fs::write(house.path("calendar.toml"), calendar + &rules).unwrap();
    let plan = house.approved();
    let applied = house.ask(&["apply", &plan]);
    assert_eq!(applied["destroyed"], DUE, "{applied}");

    for (kind, map) in [("calendar", "rules"), ("run", "verdicts")] {
        let shown = house.ask(&["audit", "show", "--kind", kind]);
        let leaves = shown["entries"].as_array().unwrap();
        let told: usize = leaves.iter().map(|leaf| leaf[map].as_object().unwrap().len()).sum();
        assert!(leaves.len() > 1 && told == RULES, "{kind}: {} leaves, {told} rules", leaves.len());
    }
    let verified = house.run(&["audit", "verify"]);
    assert_eq!(verified.code, 0, "{verified:?}");
    // The next plan rests on what the log says of this one.
    assert_eq!(house.run(&["plan"]).code, 0);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/verify.py");
    let second = Command::new("python3").arg(script).arg(house.path("state/audit")).output();
    if let Ok(second) = second {
        assert!(second.status.success(), "{}", String::from_utf8_lossy(&second.stdout));
    }
}
