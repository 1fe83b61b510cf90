//! The forms of answers: one JSON document, documented fields, both languages, exit codes of the command line.

use std::fs;

use super::house::House;
use crate::support::run_in;

#[test]
fn every_command_gives_exactly_one_json_document() {
    let house = House::new();
    let plan = house.approved();
    let commands: &[&[&str]] = &[
        &["check"],
        &["plan"],
        &["plans"],
        &["hold", "list"],
        &["explain", "dossier", "1"],
        &["forecast"],
        &["apply", &plan],
        &["audit", "verify"],
        &["audit", "show"],
        &["audit", "lookup", "dossier", "1"],
        &["audit", "checkpoint"],
        &["audit", "prove", "1"],
        &["audit", "export", "--out", "log.csv"],
        &["init", "--dir", "fresh"],
    ];
    for command in commands {
        let (code, answer) = house.json(command);
        assert_eq!(code, 0, "{command:?}: {answer}");
        assert!(answer.is_object() && answer.get("error").is_none(), "{command:?}: {answer}");
    }
}

#[test]
fn every_command_speaks_french_without_failing() {
    let house = House::new();
    let plan = house.approved();
    let commands: &[&[&str]] = &[
        &["check"],
        &["plan"],
        &["plans"],
        &["hold", "list"],
        &["explain", "dossier", "1"],
        &["forecast"],
        &["apply", &plan],
        &["audit", "verify"],
        &["audit", "show"],
    ];
    for command in commands {
        let ran = house.run(&[*command, &["--lang", "fr"]].concat());
        assert_eq!(ran.code, 0, "{command:?}: {}", ran.err);
    }
    assert!(house.run(&["plans", "--lang", "fr"]).out.contains("liste"));
}

#[test]
fn what_reports_say_themselves_has_no_english_word_in_french() {
    let house = House::new();
    house.run(&["hold", "place", "dossier", "3", "--reason", "réclamation"]);
    house.run(&["hold", "place", "dossier", "--where", "this.id = 4", "--reason", "réclamation"]);
    let plan = house.approved();
    let mut said = String::new();
    let mut see = |line: &[&str]| said += &house.run(&[line, &["--lang", "fr"]].concat()).out;
    see(&["plan"]);
    for record in ["1", "3", "4", "61", "62", "1000"] {
        see(&["explain", "dossier", record]);
    }
    see(&["hold", "list"]);
    see(&["plans"]);
    see(&["apply", &plan]);
    see(&["plans"]);
    see(&["explain", "dossier", "1"]);
    see(&["hold", "place", "--rule", "R-1", "--reason", "réclamation"]);
    see(&["forecast"]);
    see(&["audit", "show", "--kind", "hold", "--kind", "approval", "--kind", "run"]);
    // Findings of `check` are sentences of other rooms; what stands before them is the report's.
    let check = house.run(&["check", "--lang", "fr"]).out;
    said += check.split("\n\n").take(2).collect::<Vec<_>>().join("\n").as_str();
    let english = [
        "destroy", "record", "records", "where", "pending", "approved", "executed", "rule", "lists", "stays", "under",
        "the", "of", "by", "due", "from", "until", "none", "never", "kept", "for",
    ];
    let words = said.split(|letter: char| !letter.is_alphanumeric());
    let found: std::collections::BTreeSet<_> = words.filter(|word| english.contains(word)).collect();
    assert!(found.is_empty(), "{found:?} in\n{said}");
}

#[test]
fn a_command_line_that_is_not_understood_is_usage_in_text_and_in_json() {
    let house = House::new();
    assert_eq!(house.run(&["frobnicate"]).code, 2);
    assert_eq!(house.run(&["plan", "--as-of", "tomorrow"]).code, 2);
    let (code, answer) = house.json(&["approve"]);
    assert_eq!((code, &answer["error"]["code"]), (2, &"usage".into()), "{answer}");
    assert_eq!(house.run(&["hold", "place", "--reason", "what"]).code, 2);
    assert_eq!(house.run(&["explain", "nothing", "1"]).code, 2);
    assert_eq!(house.run(&["explain", "dossier", "1", "2"]).code, 2);
    assert_eq!(house.run(&["audit", "verify", "--proof", "x"]).code, 2);
}

#[test]
fn a_kind_that_no_entry_has_is_a_mistake_that_lists_the_kinds() {
    let house = House::new();
    house.approved();
    let (code, answer) = house.json(&["audit", "show", "--kind", "intnt"]);
    assert_eq!((code, &answer["error"]["code"]), (2, &"usage".into()), "{answer}");
    assert!(answer["error"]["message"].as_str().unwrap().contains("intent, outcome"), "{answer}");
    let (code, answer) = house.json(&["audit", "show"]);
    assert_eq!(code, 0);
    for entry in answer["entries"].as_array().unwrap() {
        let kind = entry["kind"].as_str().unwrap();
        assert_eq!(house.run(&["audit", "show", "--kind", kind]).code, 0, "{kind}");
    }
}

#[test]
fn the_command_that_a_plan_proposes_works_as_printed() {
    let house = House::new();
    let said = house.run(&["plan"]).out;
    let command = said.split("To approve all of this:").nth(1).unwrap().trim();
    let approved =
        std::process::Command::new("sh").arg("-c").arg(command).current_dir(house.path(".")).output().unwrap();
    let said = String::from_utf8_lossy(&approved.stdout);
    assert!(approved.status.success(), "{command}: {}", String::from_utf8_lossy(&approved.stderr));
    let command = said.split("To execute it:").nth(1).unwrap().trim();
    let applied =
        std::process::Command::new("sh").arg("-c").arg(command).current_dir(house.path(".")).output().unwrap();
    assert!(applied.status.success(), "{command}: {}", String::from_utf8_lossy(&applied.stderr));
}

#[test]
fn errors_name_the_thing_the_place_and_the_mend() {
    let house = House::new();
    fs::remove_file(house.path("app.db")).unwrap();
    let (code, answer) = house.json(&["plan"]);
    assert_eq!(code, 78);
    for field in ["code", "message", "place", "mend"] {
        assert!(!answer["error"][field].as_str().unwrap().is_empty(), "{field}: {answer}");
    }
}

#[test]
fn help_and_version_are_answers() {
    let here = tempfile::tempdir().unwrap();
    for arguments in [["--help"].as_slice(), &["--version"], &["plan", "--help"], &["hold", "place", "--help"]] {
        let ran = run_in(here.path(), arguments);
        assert!(ran.code == 0 && !ran.out.is_empty() && ran.err.is_empty(), "{arguments:?}: {}", ran.err);
    }
}

#[test]
fn init_writes_what_is_not_there_and_overwrites_nothing() {
    let house = House::new();
    let (code, made) = house.json(&["init", "--sqlite", "app.db", "--dir", "fresh"]);
    assert_eq!(code, 0, "{made}");
    assert!(house.path("fresh/retentiond.toml").exists() && house.path("fresh/calendar.toml").exists());
    fs::write(house.path("fresh/calendar.toml"), "mine").unwrap();
    assert_eq!(house.run(&["init", "--dir", "fresh"]).code, 1);
    assert_eq!(fs::read_to_string(house.path("fresh/calendar.toml")).unwrap(), "mine");
}

#[test]
fn the_list_of_a_plan_is_for_its_owner_s_eyes_only() {
    use std::os::unix::fs::PermissionsExt;
    let house = House::new();
    assert_eq!(house.run(&["plan", "--csv", "list.csv", "--out", "plan.json"]).code, 0);
    assert_eq!(fs::metadata(house.path("list.csv")).unwrap().permissions().mode() & 0o777, 0o600);
    let kept: serde_json::Value = serde_json::from_slice(&fs::read(house.path("plan.json")).unwrap()).unwrap();
    assert!(kept["rules"].is_array(), "{kept}");
}

#[test]
fn nothing_of_a_record_is_in_the_log_the_plans_or_what_the_program_says() {
    let house = House::new();
    house.run(&["hold", "place", "dossier", "3", "--reason", "canary reason", "--case", "canary case"]);
    let plan = house.approved();
    let said = house.run(&["apply", &plan]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(!said.out.contains("canary") && !said.err.contains("canary"));
    for name in ["state/audit", "state/plans"] {
        for bytes in files_beneath(&house.path(name)) {
            for canary in [b"canary".as_slice(), b"canary-4", b"4.txt"] {
                assert!(!bytes.windows(canary.len()).any(|window| window == canary), "{name} holds {canary:?}");
            }
        }
    }
}

fn files_beneath(dir: &std::path::Path) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_beneath(&path));
        } else {
            found.push(fs::read(path).unwrap());
        }
    }
    found
}

#[test]
fn a_calendar_that_is_over_is_told_by_check_plan_and_explain_in_the_same_words() {
    let house = House::new();
    let calendar = fs::read_to_string(house.path("calendar.toml")).unwrap();
    let from = calendar.lines().find(|line| line.starts_with("effective")).unwrap();
    fs::write(
        house.path("calendar.toml"),
        calendar.replace(from, "effective = { from = 2020-01-01, until = 2021-12-31 }"),
    )
    .unwrap();
    let (code, checked) = house.json(&["check"]);
    assert_eq!((code, &checked["calendars"][0]["effective_until"]), (0, &"2021-12-31".into()), "{checked}");
    let findings = checked["findings"].as_array().unwrap();
    let finding = findings.iter().find(|finding| finding["code"] == "calendar-not-in-force").unwrap();
    assert!(house.run(&["check"]).flat().contains("NOT in force: effective from 2020-01-01, until 2021-12-31"));
    let message = finding["message"].as_str().unwrap();
    let explained = house.ask(&["explain", "dossier", "7"]);
    let told = explained["not_in_force"].as_str().unwrap();
    assert!(told.starts_with(message.trim_end_matches('.')), "{told}");
    let (code, refused) = house.json(&["plan"]);
    assert_eq!(code, 3, "{refused}");
    for told in ["message", "mend"] {
        assert_eq!(refused["error"][told], finding[told]);
    }
    assert!(message.contains("until 2021-12-31") && message.contains("its records are kept"), "{message}");
}
