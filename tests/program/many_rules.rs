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

#[test]
fn an_approval_that_names_more_rules_than_an_entry_holds_is_refused_before_it_is_one() {
    let house = House::new();
    let name = |number: usize| format!("R-{number:060}");
    let rule = |number| {
        let rest = "series = \"dossier\"\ntrigger = \"closure\"\nkeep = \"P30D\"\ndisposition = \"destroy\"";
        format!("\n[[rule]]\nnumber = \"{}\"\n{rest}\n", name(number))
    };
    let calendar = CALENDAR.to_owned() + &(2..=RULES).map(rule).collect::<String>();
    std::fs::write(house.path("calendar.toml"), calendar).unwrap();
    let plan = house.ask(&["plan"])["plan"].as_str().unwrap().to_owned();
    let only: Vec<String> = std::iter::once("R-1".to_owned()).chain((2..=RULES).map(name)).collect();
    let accept = "rules,share,backlog,empty,count";
    let (code, refused) = house.json(&["approve", &plan, "--accept", accept, "--only", &only.join(",")]);
    assert_eq!((code, refused["error"]["code"].as_str()), (3, Some("approval-too-long")), "{refused}");
    // It waits for a decision still.
    assert_eq!(house.run(&["approve", &plan, "--accept", accept]).code, 0);
    assert_eq!(house.run(&["audit", "verify"]).code, 0);
}
