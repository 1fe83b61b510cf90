//! The files of a batch that was committed in one database, and that an older copy of it denied: they are kept in mind
//! for as long as that database may come back, and told of when it is.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::Value as Json;

use super::house::{DOSSIERS, DUE, House};

/// When all of it happens.
const NOW: &str = "2026-11-21T17:00:00Z";

/// What is kept of spools, by how the names end.
fn spools(house: &House) -> Vec<String> {
    let entries = fs::read_dir(house.path("state/private/spool")).unwrap().map(|entry| entry.unwrap());
    let mut ends: Vec<String> = entries
        .map(|entry| {
            assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600);
            entry.path().extension().unwrap().to_str().unwrap().to_owned()
        })
        .collect();
    ends.sort();
    ends
}

/// A house in which a batch was committed and an older copy denied it, with its own database set aside. An open dossier
/// names the file of dossier 7.
fn denied(recovery: &str) -> (House, PathBuf) {
    let house = House::new();
    house.set_clock(NOW);
    let name = "INSERT INTO document (dossier_id, path) VALUES (?1, 'canary-7.txt')";
    house.database().execute(name, [DUE + 1]).unwrap();
    let (place, older, right) = (house.path("app.db"), house.path("older.db"), house.path("right.db"));
    fs::copy(&place, &older).unwrap();
    let plan = house.approved();
    let apply = |armed: &str| house.command(&["apply", &plan]).env("FAILPOINTS", armed).status().unwrap().code();
    assert_eq!(apply("committed=return(kill)"), None);
    house.ask(&["reject", &plan, "--reason", "frightened"]);
    fs::rename(&place, &right).unwrap();
    fs::rename(&older, &place).unwrap();
    if !recovery.is_empty() {
        assert_eq!(apply(recovery), None, "{recovery}");
    }
    house.json(&["apply", &plan]);
    let outcome = &house.ask(&["audit", "show", "--kind", "outcome"])["entries"][0];
    assert_eq!(outcome["committed"], false, "{outcome}");
    (house, right)
}

/// The dossiers whose files `check` names as unclear, and where their list is.
fn unclear(house: &House) -> Option<(Vec<i64>, PathBuf)> {
    let (_, checked) = house.json(&["check"]);
    let found = checked["findings"].as_array().unwrap().iter().find(|found| found["code"] == "files-unclear")?;
    let place = PathBuf::from(found["place"].as_str().unwrap());
    let list: Json = serde_json::from_slice(&fs::read(&place).unwrap()).unwrap();
    let paths = list["files"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap());
    let dossiers = paths.map(|path| path.trim_matches(|char: char| !char.is_ascii_digit()).parse().unwrap());
    Some((dossiers.collect(), place))
}

fn corrections(house: &House) -> Vec<Json> {
    house.ask(&["audit", "show", "--kind", "correction"])["entries"].as_array().unwrap().clone()
}

fn verify(house: &House) {
    house.verify();
    house.verify_by_python(NOW);
}

/// Has one more record destroyed, of a source that waits for a person or not; how its run ended.
fn next_run(house: &House, id: i64) -> i32 {
    let insert = "INSERT INTO dossier VALUES (?1, 'late-' || ?1, '2018-03-01T12:00:00Z')";
    house.database().execute(insert, [id]).unwrap();
    let planned = house.ask(&["plan"]);
    let rails: Vec<&str> = planned["rails"].as_array().unwrap().iter().filter_map(Json::as_str).collect();
    let (plan, rails) = (planned["plan"].as_str().unwrap(), rails.join(","));
    let accept: &[&str] = if rails.is_empty() { &[] } else { &["--accept", &rails] };
    house.ask(&[&["approve", plan], accept].concat());
    house.json(&["apply", plan]).0
}

#[test]
fn the_files_of_a_batch_that_an_older_copy_denied_are_listed_once_its_own_database_is_back() {
    for recovery in ["", "outcome-appended=return(kill)", "outcome-durable=return(kill)"] {
        let (house, right) = denied(recovery);
        assert!(spools(&house).contains(&"putoff".to_owned()), "{recovery}");
        assert_eq!(unclear(&house), None, "{recovery}: rows name them");

        fs::rename(right, house.path("app.db")).unwrap();
        house.ask(&["plan"]);
        assert_eq!(corrections(&house).len(), 1, "{recovery}");
        assert!(!spools(&house).contains(&"putoff".to_owned()), "{recovery}");
        let (dossiers, list) = unclear(&house).unwrap();
        let expected: Vec<i64> = (1..=DUE).filter(|dossier| *dossier != 7).collect();
        assert_eq!(dossiers, expected, "{recovery}: an open dossier names the one that is not there");

        // Nothing is tried with them, and whoever looked at them ends it.
        assert_eq!((next_run(&house, 1000), spools(&house)), (0, vec!["unclear".to_owned()]), "{recovery}");
        assert_eq!((house.files() as i64, unclear(&house).is_some()), (DOSSIERS, true), "{recovery}");
        assert_eq!(corrections(&house).iter().filter(|told| told["what"] == "altered_fence").count(), 1);
        fs::remove_file(list).unwrap();
        assert_eq!((unclear(&house), spools(&house)), (None, Vec::new()), "{recovery}");
        verify(&house);
    }
}

#[test]
fn the_names_of_files_that_were_put_off_are_kept_until_a_later_batch_of_their_source_was_committed() {
    for armed in ["spooled=return(kill)", "disposed=return(kill)"] {
        let house = House::new();
        house.set_clock(NOW);
        let plan = house.approved();
        let killed = house.command(&["apply", &plan]).env("FAILPOINTS", armed).status().unwrap();
        assert_eq!(killed.code(), None, "killed at {armed}");
        house.ask(&["reject", &plan, "--reason", "frightened"]);
        house.json(&["apply", &plan]);
        assert_eq!((spools(&house), house.files() as i64), (vec!["putoff".to_owned()], DOSSIERS), "{armed}");
        assert_eq!(next_run(&house, 1000), 0, "{armed}");
        assert_eq!((spools(&house), house.files() as i64), (Vec::new(), DOSSIERS - DUE), "{armed}");
        assert_eq!((corrections(&house), unclear(&house)), (Vec::new(), None), "{armed}");
        verify(&house);
    }
}

#[test]
fn a_batch_that_an_older_copy_denied_under_the_log_before_is_told_of_under_its_successor() {
    let (house, right) = denied("");
    house.ask(&["audit", "adopt", "--reason", "a new disk"]);
    house.ask(&["plan"]);
    assert_eq!((corrections(&house), spools(&house)), (Vec::new(), vec!["putoff".to_owned()]));

    fs::rename(right, house.path("app.db")).unwrap();
    // Told once, also by a successor of the successor.
    for is_last in [false, false, true] {
        house.ask(&["plan"]);
        let told = corrections(&house);
        let found: Vec<&Json> = told.iter().filter(|told| told["earlier"].is_object()).collect();
        assert_eq!(found.len(), 1, "{told:?}");
        assert_eq!((&found[0]["what"], &found[0]["records"]), (&"altered_fence".into(), &DUE.into()), "{told:?}");
        assert_eq!(unclear(&house).unwrap().0.len() as i64, DUE - 1);
        let (code, told) = house.json(&["audit", "lookup", "dossier", "1"]);
        assert_eq!((code, &told["answer"]), (1, &"CANNOT-TELL".into()), "{told}");
        verify(&house);
        if is_last {
            house.ask(&["audit", "adopt", "--reason", "another disk"]);
        }
    }
    let page = house.run(&["audit", "lookup", "dossier", "1"]).flat();
    assert!(page.contains("the right one says that it was") && !page.contains("kept after all"), "{page}");
    for id in [1000, 1001] {
        assert_eq!(next_run(&house, id), 0);
        assert!(corrections(&house).iter().all(|told| !told["earlier"].is_object()), "it is on record before");
        verify(&house);
    }
}
