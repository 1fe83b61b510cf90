//! What records, reasons, files and calendars say reaches a terminal as letters: it moves no cursor, rings no bell,
//! forges no line.

use std::fs;

use rusqlite::params;

use super::house::House;
use crate::support::Ran;

/// Clears the screen, rings, goes back to the line's beginning, sets the window's title, and turns letters around.
const EVIL: &str = "\u{1b}[2J\u{7}\r\u{1b}]0;x\u{7}\u{202e}evil\u{9b}1A";

/// Holds that whatever was printed is letters and line feeds, and shows the escape.
fn assert_harmless(ran: &Ran, what: &str) {
    let said = format!("{}{}", ran.out, ran.err);
    let obeyed = |letter: char| (letter.is_control() && letter != '\n') || ('\u{202a}'..='\u{202e}').contains(&letter);
    assert!(!said.chars().any(obeyed), "{what}: {said:?}");
    let is_told = said.to_lowercase().contains("evil");
    assert!(!is_told || said.contains("\\u{"), "{what} does not show it: {said}");
}

#[test]
fn what_a_record_a_reason_or_a_file_says_is_shown_and_not_obeyed() {
    let house = House::new();
    let owner = house.database();
    owner.execute("UPDATE dossier SET number = ?1 WHERE id = 1", [EVIL]).unwrap();
    owner.execute("UPDATE document SET path = ?1 WHERE dossier_id = 2", params![format!("missing{EVIL}")]).unwrap();
    drop(owner);
    let reason = format!("{EVIL}\nerror: forged");
    let mut told = 0;
    for arguments in [
        &["hold", "place", "dossier", "--reference", EVIL, "--reason", &reason, "--case", EVIL][..],
        &["hold", "list"],
        &["explain", "dossier", "1"],
        &["explain", "dossier", "--reference", EVIL],
        &["audit", "lookup", "dossier", "--reference", EVIL],
        &["explain", "dossier", EVIL],
        &["explain", EVIL, "1"],
        &["plan", "--only", EVIL],
        &["plan", "--as-of", EVIL],
        &["plan", EVIL],
        &["plan", "--csv", &format!("nowhere/{EVIL}")],
        &["approve", EVIL],
    ] {
        let ran = house.run(arguments);
        assert_harmless(&ran, &arguments.join(" "));
        told += usize::from(ran.out.contains("\\u{1b}") || ran.err.contains("\\u{1b}"));
        let forged = format!("{}{}", ran.out, ran.err).lines().any(|line| line.starts_with("error: forged"));
        assert!(!forged, "{arguments:?}: {ran:?}");
    }
    assert!(told >= 9, "only {told} of these say it");
    let plan = house.plan();
    let said = house.run(&["reject", &plan, "--reason", &reason]);
    assert_eq!(said.code, 0, "{said:?}");
    let ran = house.run(&["plans"]);
    assert_harmless(&ran, "plans");
    assert!(!ran.out.lines().any(|line| line.starts_with("error: forged")), "{ran:?}");
    assert_eq!(house.ask(&["explain", "dossier", "1"])["reference"], EVIL, "JSON keeps what is there");
}

#[test]
fn what_a_calendar_or_a_configuration_says_is_shown_and_not_obeyed() {
    let house = House::new();
    for _ in ["the calendar's title", "the rule's"] {
        house.edit("calendar.toml", "{ en = \"Dossiers\" }", "{ en = \"Evil \\u001B[2J\\u202E\" }");
    }
    assert_harmless(&house.run(&["check"]), "check");
    assert_harmless(&house.run(&["explain", "dossier", "1"]), "explain");
    let text = fs::read_to_string(house.path("retentiond.toml")).unwrap();
    fs::write(house.path("retentiond.toml"), format!("# {EVIL}\n{text}")).unwrap();
    assert_harmless(&house.run(&["check"]), "a fault of the file");
}
