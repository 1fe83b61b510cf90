//! A log that somebody signed who writes in its directory alone: nothing is answered from it, and a successor vouches for
//! nothing that he added.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::house::House;

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").args([from, to]).status().unwrap().success());
}

/// A house with a finished run, the last entry of its log, and the log as an intruder leaves it: he declares a key of
/// his own in it, adds entries, and signs what he made.
fn intruded() -> (House, u64) {
    let house = House::new();
    house.ask(&["apply", &house.approved()]);
    let size = house.ask(&["audit", "checkpoint"])["size"].as_u64().unwrap();
    let (ours, kept) = (house.path("state"), house.path("kept"));
    copy(&ours, &kept);
    house.ask(&["audit", "rotate-key"]);
    house.ask(&["hold", "place", "dossier", "62", "--reason", "forged"]);
    let forged = house.path("forged");
    fs::rename(ours.join("audit"), &forged).unwrap();
    fs::rename(&ours, house.path("exchanged")).unwrap();
    fs::rename(&kept, &ours).unwrap();
    fs::rename(ours.join("audit"), house.path("own")).unwrap();
    fs::rename(&forged, ours.join("audit")).unwrap();
    (house, size)
}

#[test]
fn no_answer_is_given_from_a_log_that_another_key_signed() {
    let (house, _) = intruded();
    let out = house.path("out").display().to_string();
    for command in [
        &["audit", "lookup", "dossier", "3"][..],
        &["audit", "lookup", "--reference", "canary-3"],
        &["audit", "show"],
        &["audit", "export", "--out", &out],
        &["audit", "prove", "1"],
        &["audit", "checkpoint"],
        &["explain", "dossier", "62"],
        &["plan"],
    ] {
        let (code, answer) = house.json(command);
        assert_eq!(code, 4, "{command:?}: {answer}");
    }
    assert!(!house.path("out").exists());
}

#[test]
fn a_successor_names_the_entries_before_those_of_an_intruder() {
    let (house, size) = intruded();
    let adopted = house.ask(&["audit", "adopt", "--reason", "somebody signed it"]);
    assert_eq!((&adopted["read"], &adopted["partial"]), (&size.into(), &true.into()), "{adopted}");
    let (code, found) = house.json(&["audit", "lookup", "dossier", "3"]);
    assert_eq!((code, &found["answer"]), (0, &"DESTROYED".into()), "{found}");
}
