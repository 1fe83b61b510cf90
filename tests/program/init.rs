//! From `init` to a plan, as a newcomer walks it; and what `check` says of a proposal that nobody has looked at.

use std::fs;

use serde_json::Value;

use super::house::{DUE, House};

fn codes(answer: &Value) -> Vec<&str> {
    answer["findings"].as_array().unwrap().iter().map(|finding| finding["code"].as_str().unwrap()).collect()
}

/// What a person who follows the comments writes into the blanks of a file.
fn fill(house: &House, name: &str) {
    let fill = |line: &str| match line.split_once('=').map(|(key, _)| key.trim()) {
        Some("# effective") => line.replacen("# ", "", 1),
        Some("timezone") => line.replacen("\"\"", "\"America/Toronto\"", 1),
        Some("keep") => line.replacen("\"\"", "\"P1Y\"", 1),
        Some("files") => line.replacen("\"\"", "\"../files\"", 1),
        Some(key) if !key.starts_with('#') => line.replace("\"\"", "\"filled-in\""),
        _ => line.to_owned(),
    };
    let text = fs::read_to_string(house.path(name)).unwrap();
    fs::write(house.path(name), text.lines().map(|line| fill(line) + "\n").collect::<String>()).unwrap();
}

#[test]
fn a_proposal_leads_to_a_plan_and_its_guesses_are_told_until_someone_has_looked() {
    let house = House::new();
    assert_eq!(house.run(&["init", "--sqlite", "app.db", "--dir", "fresh"]).code, 0);
    let config = "fresh/retentiond.toml";
    let (code, blank) = house.json(&["check", "--config", config]);
    assert_eq!((code, &blank["error"]["code"]), (78, &"configuration".into()), "{blank}");
    fill(&house, config);
    fill(&house, "fresh/calendar.toml");
    let (code, filled) = house.json(&["check", "--config", config]);
    assert_eq!(code, 0, "{filled}");
    assert!(codes(&filled).contains(&"guess"), "{filled}");
    let said = house.run(&["check", "--config", config, "--lang", "en"]).out;
    assert!(said.contains("still a guess") && !said.contains("In order"), "{said}");

    let plan = house.ask(&["plan", "--config", config]);
    assert_eq!(plan["rules"][0]["due"], DUE);
    let told = |answer: &Value| {
        let tripped = answer["tripped"].as_array().unwrap();
        tripped.iter().find(|rail| rail["rail"] == "guesses").unwrap()["message"].as_str().unwrap().to_owned()
    };
    assert!(told(&plan).contains("(which date starts the clock)"), "{plan}");
    let said = house.run(&["plan", "--config", config, "--lang", "en"]).out;
    assert!(said.contains("guesses") && said.contains("remove the `?`"), "{said}");
    let id = plan["plan"].as_str().unwrap();
    let (code, refused) = house.json(&["approve", id, "--accept", "rules,share,empty", "--config", config]);
    assert_eq!((code, &refused["error"]["rails"]), (3, &serde_json::json!(["guesses"])), "{refused}");
    assert!(told(&refused["error"]).contains("line "), "{refused}");

    let text = fs::read_to_string(house.path(config)).unwrap();
    fs::write(house.path(config), text.replace("# ? ", "# ")).unwrap();
    let said = house.run(&["check", "--config", config, "--lang", "en"]).out;
    assert!(said.contains("In order"), "{said}");
    house.ask(&["approve", id, "--accept", "rules,share,empty", "--config", config]);
}

#[test]
fn guesses_that_a_person_accepts_unconfirmed_are_named_by_the_approval_and_on_record() {
    let house = House::new();
    house.edit("retentiond.toml", "reference     = \"number\"", "reference     = \"number\"   # ? what people cite");
    let plan = house.plan();
    let approved = house.ask(&["approve", &plan, "--accept", "rules,guesses"]);
    assert_eq!(approved["accepted"], serde_json::json!(["rules", "guesses"]), "{approved}");
    let log = house.ask(&["audit", "show", "--kind", "approval"]);
    assert!(log.to_string().contains("guesses"), "{log}");
    assert_eq!(house.run(&["audit", "verify"]).code, 0);
}

#[test]
fn check_warns_of_names_of_files_that_no_mapping_takes_along() {
    let house = House::new();
    assert!(!codes(&house.ask(&["check"])).contains(&"files-unmapped"));
    house.edit("retentiond.toml", "files = { column = \"path\", root = \"files\" }", "");
    let check = house.ask(&["check"]);
    let found = check["findings"].as_array().unwrap().iter().find(|finding| finding["code"] == "files-unmapped");
    let found = found.unwrap_or_else(|| panic!("{check}"));
    assert_eq!(found["severity"], "warning");
    assert!(found["message"].as_str().unwrap().starts_with("document.path "), "{found}");
}
