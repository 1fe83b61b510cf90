//! Fingerprint keys that were lost, exchanged or forgotten: what is answered, warned of and refused then.

use std::fs;

use super::house::{DUE, House};

const LOOKUP: [&str; 4] = ["audit", "lookup", "dossier", "4"];

/// Nobody can tell, and the answer says what can be done.
fn cannot_tell(house: &House, mend: &str) {
    let (code, found) = house.json(&LOOKUP);
    assert_eq!((code, &found["answer"]), (1, &"CANNOT-TELL".into()), "{found}");
    let ran = house.run(&LOOKUP);
    assert!(ran.code == 1 && ran.flat().contains(mend), "{ran:?}");
}

fn warning(house: &House) -> Option<String> {
    // Its one date that cannot be read is an error by itself.
    let (_, checked) = house.json(&["check"]);
    let lost = checked["findings"].as_array().unwrap().iter().find(|found| found["code"] == "key-lost")?;
    assert_eq!(lost["severity"], "warning", "{lost}");
    lost["mend"].as_str().map(str::to_owned)
}

#[test]
fn a_key_that_was_lost_before_a_successor_made_its_own_is_an_answer_and_not_an_error() {
    let house = House::destroyed();
    let (key, aside) = (house.path(&house.fingerprint_key()), house.path("aside"));
    assert_eq!(warning(&house), None);
    fs::rename(&key, &aside).unwrap();
    assert!(warning(&house).unwrap().contains("`audit adopt --reason …`"), "{:?}", warning(&house));
    house.ask(&["audit", "adopt", "--reason", "the keys were lost"]);
    cannot_tell(&house, "without a copy, what they named can be found by nobody");
    assert_eq!(warning(&house).unwrap(), "Put it back from your copy of `private/keys`.");
    // The successor names a record: its own key has the place of the lost one.
    house.ask(&["hold", "place", "dossier", "61", "--reason", "an inquiry"]);
    cannot_tell(&house, "in a copy of the state directory");
    let (_, found) = house.json(&LOOKUP);
    let years = |field: &str| found[field].as_array().map_or(0, Vec::len);
    assert_eq!((years("replaced_keys"), years("missing_keys")), (1, 0), "{found}");
    assert!(warning(&house).unwrap().contains("must stay there"), "{:?}", warning(&house));
    // In a copy of the state the old key answers.
    fs::copy(&aside, &key).unwrap();
    assert_eq!(house.ask(&LOOKUP)["answer"], "DESTROYED");
}

/// One more dossier past its term.
#[cfg(feature = "simulate")]
fn add(house: &House, id: i64) {
    let insert = "INSERT INTO dossier VALUES (?1, 'canary-' || ?1, '2018-03-01T12:00:00Z')";
    house.database().execute(insert, [id]).unwrap();
}

#[cfg(feature = "simulate")]
#[test]
fn what_a_lost_key_named_is_not_said_to_have_gone_with_the_key_of_the_successor() {
    let house = House::new();
    house.set_clock("2026-03-01T12:00:00Z");
    let plan = house.approved();
    house.ask(&["apply", &plan]);
    fs::remove_file(house.path("state/private/keys/fp-app-2026.key")).unwrap();
    house.ask(&["audit", "adopt", "--reason", "the key was lost"]);
    add(&house, 100);
    let plan = house.plan();
    house.ask(&["approve", &plan, "--accept", "rules,restored"]);
    house.ask(&["apply", &plan]);
    house.set_clock("2028-03-01T12:00:00Z");
    house.ask(&["audit", "forget-key", "app", "2026"]);
    let (code, found) = house.json(&LOOKUP);
    assert_eq!((code, &found["answer"]), (1, &"CANNOT-TELL".into()), "the lost key was another: {found}");
    assert!(warning(&house).is_some());
    add(&house, 101);
    let plan = house.plan();
    let (_, refused) = house.json(&["approve", &plan]);
    assert_eq!(refused["error"]["rails"], serde_json::json!(["restored"]), "{refused}");
}

#[cfg(feature = "simulate")]
#[test]
fn a_key_that_was_forgotten_is_warned_of_nowhere_and_trips_nothing_also_under_a_successor() {
    let house = House::new();
    house.set_clock("2026-03-01T12:00:00Z");
    let plan = house.approved();
    house.ask(&["apply", &plan]);
    house.set_clock("2028-03-01T12:00:00Z");
    let key = house.path("state/private/keys/fp-app-2026.key");
    fs::rename(&key, house.path("aside")).unwrap();
    assert!(warning(&house).unwrap().contains("`audit forget-key app 2026`"), "{:?}", warning(&house));
    house.ask(&["audit", "forget-key", "app", "2026"]);
    for _ in 0..2 {
        assert_eq!(warning(&house), None);
        assert_eq!(house.ask(&LOOKUP)["answer"], "KEY-DESTROYED");
        house.ask(&["audit", "adopt", "--reason", "moved"]);
    }
    // What the key named stands there again, and none can tell: it is a record like any other.
    add(&house, 4);
    let plan = house.plan();
    house.ask(&["approve", &plan, "--accept", "rules"]);
}

#[cfg(feature = "simulate")]
#[test]
fn a_key_that_a_successor_went_on_with_and_forgot_is_forgotten_for_the_log_before_it_too() {
    let house = House::new();
    house.set_clock("2026-03-01T12:00:00Z");
    let plan = house.approved();
    house.ask(&["apply", &plan]);
    house.ask(&["audit", "adopt", "--reason", "moved"]);
    let held = house.ask(&["hold", "place", "dossier", "61", "--reason", "an inquiry"]);
    house.ask(&["hold", "lift", held["hold"].as_str().unwrap(), "--reason", "it ended"]);
    house.set_clock("2028-03-01T12:00:00Z");
    house.ask(&["audit", "forget-key", "app", "2026"]);
    assert_eq!(warning(&house), None);
    assert_eq!(house.ask(&LOOKUP)["answer"], "KEY-DESTROYED");
    add(&house, 4);
    let plan = house.plan();
    house.ask(&["approve", &plan, "--accept", "rules"]);
}

#[cfg(feature = "simulate")]
#[test]
fn a_key_under_which_only_the_log_before_named_records_can_be_forgotten_too() {
    let house = House::new();
    house.set_clock("2026-03-01T12:00:00Z");
    let plan = house.approved();
    house.ask(&["apply", &plan]);
    for _ in 0..2 {
        house.ask(&["audit", "adopt", "--reason", "moved"]);
    }
    let forget = ["audit", "forget-key", "app", "2026"];
    assert_eq!(house.json(&forget).0, 3, "it is the key of this year");
    house.set_clock("2028-03-01T12:00:00Z");
    assert_eq!(house.ask(&LOOKUP)["answer"], "DESTROYED");
    house.ask(&forget);
    assert!(!house.path("state/private/keys/fp-app-2026.key").exists());
    assert_eq!(warning(&house), None);
    assert_eq!(house.ask(&LOOKUP)["answer"], "KEY-DESTROYED");
    let (code, verified) = house.json(&["audit", "verify"]);
    assert_eq!((code, &verified["verdict"]), (0, &"OK-UNANCHORED".into()), "{verified}");
    let again = house.run(&forget);
    assert!(again.code == 3 && again.flat_err().contains("was destroyed"), "{again:?}");
    fs::rename(house.path("state/audit.2"), house.path("lost")).unwrap();
    let untold = house.run(&["audit", "forget-key", "app", "2025"]);
    let mend = "Put that log's directory back beside this one";
    assert!(untold.code == 1 && untold.flat_err().contains(mend), "{untold:?}");
}

#[cfg(feature = "simulate")]
#[test]
fn a_key_of_the_log_before_that_nobody_has_any_more_is_ended_as_the_warning_says() {
    let house = House::new();
    house.set_clock("2026-03-01T12:00:00Z");
    let plan = house.approved();
    house.ask(&["apply", &plan]);
    house.ask(&["audit", "adopt", "--reason", "moved"]);
    fs::remove_file(house.path("state/private/keys/fp-app-2026.key")).unwrap();
    house.set_clock("2028-03-01T12:00:00Z");
    let mend = warning(&house).unwrap();
    assert!(mend.contains("where there is none left, `audit forget-key app 2026`"), "{mend}");
    cannot_tell(&house, "without a copy");
    house.ask(&["audit", "forget-key", "app", "2026"]);
    assert_eq!(warning(&house), None);
    assert_eq!(house.ask(&LOOKUP)["answer"], "KEY-DESTROYED");
}

#[test]
fn under_the_key_of_a_successor_nobody_says_that_what_the_lost_one_named_is_not_back() {
    let house = House::new();
    fs::copy(house.path("app.db"), house.path("backup.db")).unwrap();
    let plan = house.approved();
    house.ask(&["apply", &plan]);
    fs::remove_file(house.path(&house.fingerprint_key())).unwrap();
    house.ask(&["audit", "adopt", "--reason", "the keys were lost"]);
    house.ask(&["hold", "place", "dossier", "61", "--reason", "an inquiry"]);
    fs::copy(house.path("backup.db"), house.path("app.db")).unwrap();
    let plan = house.plan();
    let (_, refused) = house.json(&["approve", &plan]);
    assert_eq!(refused["error"]["rails"], serde_json::json!(["rules", "restored"]), "{refused}");
    let corrections = house.ask(&["audit", "show", "--kind", "correction"])["entries"].clone();
    let told = corrections.as_array().unwrap().last().unwrap();
    assert_eq!((&told["records"], &told["unnamed"]), (&0.into(), &DUE.into()), "{corrections}");
    house.verify();
}
