//! The guide's examples are in order, and it knows every key that the program knows.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use retentiond::{calendar, config};

use super::told;

const SERIES: &str = "[series.dossier]\nsource = \"parle\"\ntable = \"dossier\"\nkey = \"id\"\n";
const ACCOUNT: &str = "\n[series.account]\nsource = \"parle\"\ntable = \"account\"\nkey = \"id\"\n";
const HEAD: &str = "calendars = [\"calendar.toml\"]\n[source.parle]\nsqlite = \"parle.db\"\n";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Kind and text of each example.
fn examples() -> Vec<(String, String)> {
    let guide = fs::read_to_string(root().join("docs/guide.md")).unwrap();
    let blocks = guide.split("\n```").skip(1).step_by(2);
    blocks
        .map(|block| {
            let (kind, text) = block.split_once('\n').unwrap();
            (kind.to_owned(), format!("{text}\n"))
        })
        .collect()
}

fn only(kind: &str) -> String {
    let mut found = examples().into_iter().filter(|(other, _)| other == kind).map(|(_, text)| text);
    let text = found.next().unwrap();
    assert!(found.next().is_none(), "one `{kind}` was expected");
    text
}

/// Loads a configuration beside a calendar whose series are those of the examples.
fn load(configuration: &str, calendar: &str) {
    let room = tempfile::tempdir().unwrap();
    fs::write(room.path().join("calendar.toml"), calendar).unwrap();
    fs::write(room.path().join("retentiond.toml"), configuration).unwrap();
    let loaded = config::load(&room.path().join("retentiond.toml"));
    loaded.unwrap_or_else(|faults| panic!("{configuration}\n{}", told(&faults)));
}

#[test]
fn every_calendar_of_the_guide_is_in_order() {
    let whole = only("toml calendar");
    let text = whole.clone() + "\n" + &only("toml rules");
    for text in [&whole, &text] {
        calendar::parse("guide", text.as_bytes()).unwrap_or_else(|faults| panic!("{}", told(&faults)));
    }
}

#[test]
fn every_configuration_of_the_guide_is_in_order() {
    let calendar = only("toml calendar");
    let whole = only("toml configuration");
    load(&whole, &calendar);
    // The same, its schedule exchanged for the guide's second one.
    let (before, after) = whole.split_once("[schedule]").unwrap();
    let after = &after[after.find("[disposition]").unwrap()..];
    load(&format!("{before}{after}\n{}", only("toml settings")), &calendar);
    let rules = calendar.find("[[rule]]").unwrap();
    let no_rule = calendar[..rules].to_owned() + "[[series]]\nname = \"account\"\n";
    let fragments: Vec<_> = examples().into_iter().filter(|(kind, _)| kind == "toml series").collect();
    assert_eq!(fragments.len(), 5);
    for (_, fragment) in fragments {
        load(&format!("{HEAD}{SERIES}{fragment}{ACCOUNT}"), &no_rule);
    }
}

#[test]
fn every_example_has_a_kind_that_is_tested() {
    let kinds: BTreeSet<String> = examples().into_iter().map(|(kind, _)| kind).collect();
    let tested = ["toml calendar", "toml configuration", "toml rules", "toml series", "toml settings"];
    assert_eq!(kinds, tested.map(str::to_owned).into());
}

/// A key without a line in the guide is a key that nobody can find.
#[test]
fn every_key_that_the_program_asks_for_is_in_the_guide() {
    let guide = fs::read_to_string(root().join("docs/guide.md")).unwrap();
    let mut keys = BTreeSet::new();
    for folder in ["src/config", "src/calendar/parse"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let Ok(source) = fs::read_to_string(entry.unwrap().path()) else { continue };
            for call in [".get(\"", ".need(\""] {
                keys.extend(source.split(call).skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()));
            }
        }
    }
    assert!(keys.len() > 50, "the calls are no longer found: {keys:?}");
    let is_told = |key: &str| {
        let marks = ['`', '.', ' ', '['];
        let mut places = guide.match_indices(key);
        places.any(|(at, _)| {
            let (before, after) = (guide[..at].chars().last(), guide[at + key.len()..].chars().next());
            before.is_some_and(|mark| marks.contains(&mark)) && after.is_some_and(|mark| "`, =].".contains(mark))
        })
    };
    let missing: Vec<_> = keys.iter().filter(|key| !is_told(key)).collect();
    assert_eq!(missing, Vec::<&String>::new());
}
