//! A witness and the operator, from one command to the next as the guide has them.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};

use serde_json::json;

use super::house::House;

fn destroyed() -> House {
    let house = House::new();
    let plan = house.approved();
    assert_eq!(house.run(&["apply", &plan]).code, 0);
    fs::copy(house.path("state/audit/vkey"), house.path("log.vkey")).unwrap();
    house
}

const WITNESS: [&str; 7] = ["audit", "witness", "state/audit", "--vkey", "log.vkey", "--state", "witness"];

#[test]
fn a_witness_says_where_its_verifier_key_is_and_that_file_makes_its_cosignature_count() {
    let house = destroyed();
    let witnessed = house.run(&WITNESS);
    assert_eq!((witnessed.code, witnessed.out.lines().count()), (0, 1), "{witnessed:?}");
    assert!(witnessed.flat_err().contains("witness/vkey"), "{witnessed:?}");
    let json = house.json(&WITNESS).1;
    let vkey = fs::read_to_string(house.path("witness/vkey")).unwrap();
    assert_eq!(json["witness_key"], vkey.trim_end());
    fs::write(house.path("line"), &witnessed.out).unwrap();
    let add = ["audit", "checkpoint", "--add", "line", "--witness-key", "witness/vkey"];
    assert_eq!(house.run(&add).code, 0);
    // Handed over once more it adds nothing, and is not said to be stored.
    let again = house.json(&add);
    let size = json!(again.1["size"].as_u64().unwrap());
    assert_eq!((again.0, again.1), (0, json!({ "size": size, "stored": false, "standing": size })));
    assert!(house.run(&add).out.starts_with("Nothing was stored: a line of this witness"));
    let verified =
        house.run(&["audit", "verify", "state/audit", "--vkey", "log.vkey", "--witness-key", "witness/vkey"]);
    assert!(verified.code == 0 && verified.out.starts_with("OK-ANCHORED-TO-"), "{verified:?}");
    // A larger sight takes its place; then the line alone says no more of what it is.
    house.ask(&["hold", "place", "dossier", "61", "--reason", "a claim"]);
    fs::write(house.path("later"), &house.run(&WITNESS).out).unwrap();
    let later = ["audit", "checkpoint", "--add", "later", "--witness-key", "witness/vkey"];
    assert_eq!(house.run(&later).code, 0);
    let (code, refused) = house.json(&add);
    assert_eq!((code, &refused["error"]["code"]), (3, &"not-cosigned".into()), "{refused}");
    assert!(
        refused["error"]["mend"].as_str().unwrap().contains("hand over that co-signed checkpoint whole"),
        "{refused}"
    );
}

#[test]
fn a_key_of_the_other_kind_is_not_taken_for_a_witness_s_or_for_the_log_s() {
    let house = destroyed();
    let witnessed = house.run(&WITNESS);
    fs::write(house.path("line"), &witnessed.out).unwrap();
    fs::write(house.path("witness.vkey"), house.json(&WITNESS).1["witness_key"].as_str().unwrap()).unwrap();
    let commands: [&[&str]; 4] = [
        &["audit", "checkpoint", "--add", "state/audit/checkpoint", "--witness-key", "log.vkey"],
        &["audit", "verify", "state/audit", "--witness-key", "log.vkey"],
        &["audit", "verify", "state/audit", "--vkey", "witness.vkey"],
        &["audit", "witness", "state/audit", "--vkey", "witness.vkey", "--state", "other"],
    ];
    for command in commands {
        let ran = house.run(command);
        assert!(ran.code == 2 && ran.flat_err().contains("is the key of a"), "{command:?} {ran:?}");
    }
    assert!(!house.path("state/audit/witnessed").exists());
}

#[test]
fn a_key_that_never_was_is_not_said_to_be_lost() {
    let house = destroyed();
    let never = house.run(&["audit", "forget-key", "app", "1999"]);
    assert!(never.code != 0 && never.flat_err().contains("never had"), "{never:?}");
}

/// A house whose log was succeeded twice; the witness had co-signed the first.
fn succeeded_twice() -> (House, String) {
    let house = destroyed();
    let first = origin(&house);
    assert_eq!(house.run(&WITNESS).code, 0);
    for _ in 0..2 {
        house.ask(&["audit", "adopt", "--reason", "moved"]);
    }
    fs::copy(house.path("state/audit/vkey"), house.path("log.vkey")).unwrap();
    (house, first)
}

fn origin(house: &House) -> String {
    fs::read_to_string(house.path("state/audit/checkpoint")).unwrap().lines().next().unwrap().to_owned()
}

#[test]
fn a_witness_says_which_logs_before_it_could_not_see_and_which_it_knows_of_that_may_be_among_them() {
    let (house, first) = succeeded_twice();
    let whole = house.json(&WITNESS).1;
    assert_eq!(whole["earlier"].as_array().unwrap().len(), 2, "{whole}");
    assert_eq!(
        (&whole["earlier"][1]["state"], &whole["others"]),
        (&"whole".into(), &serde_json::Value::Null),
        "{whole}"
    );
    assert!(!house.run(&WITNESS).flat_err().contains("CAUTION"));
    // A copy of the newest alone: the one before it was never seen, so nothing that was seen is contradicted.
    let alone = house.path("elsewhere/audit");
    fs::create_dir(house.path("elsewhere")).unwrap();
    let copied = std::process::Command::new("cp").arg("-a").args([&house.path("state/audit"), &alone]).status();
    assert!(copied.unwrap().success());
    let of_copy = ["audit", "witness", "elsewhere/audit", "--vkey", "log.vkey", "--state", "witness"];
    let (code, told) = house.json(&of_copy);
    assert_eq!((code, told["earlier"].as_array().unwrap().len()), (0, 1), "{told}");
    assert_eq!(
        (&told["earlier"][0]["state"], &told["others"][0]["log"]),
        (&"missing".into(), &first.as_str().into()),
        "{told}"
    );
    assert!(
        told["others"][0]["entries"].as_u64().unwrap() > 0 && told["others"].as_array().unwrap().len() == 1,
        "{told}"
    );
    let said = house.run(&of_copy);
    assert_eq!(said.out.lines().count(), 1, "the line alone: {said:?}");
    let unseen = [told["earlier"][0]["log"].as_str().unwrap(), "cannot be told", "CAUTION", &first];
    assert!(unseen.iter().all(|part| said.flat_err().contains(part)), "{said:?}");
    // One that knows of no other log says what it did not see, and accuses nobody.
    let stranger = ["audit", "witness", "elsewhere/audit", "--vkey", "log.vkey", "--state", "other"];
    let told = house.json(&stranger).1;
    assert_eq!((&told["earlier"][0]["state"], &told["others"]), (&"missing".into(), &serde_json::json!([])), "{told}");
    let said = house.run(&stranger).flat_err();
    assert!(said.contains("cannot be told") && !said.contains("CAUTION"), "{said}");
}

#[test]
fn a_witness_refuses_a_successor_whose_log_before_it_co_signed_and_that_is_not_there() {
    let house = destroyed();
    assert_eq!(house.run(&WITNESS).code, 0);
    house.ask(&["audit", "adopt", "--reason", "moved"]);
    fs::copy(house.path("state/audit/vkey"), house.path("log.vkey")).unwrap();
    fs::rename(house.path("state/audit.1"), house.path("away")).unwrap();
    let refused = house.run(&WITNESS);
    assert!(refused.code == 4 && refused.flat_err().contains("had co-signed the first"), "{refused:?}");
    fs::rename(house.path("away"), house.path("state/audit.1")).unwrap();
    assert_eq!(house.run(&WITNESS).code, 0);
}

#[test]
fn the_key_of_a_witness_is_held_to_what_that_of_a_log_is() {
    let house = destroyed();
    assert_eq!(house.run(&WITNESS).code, 0);
    let key = house.path("witness/key");
    let mode = |mode| fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
    for open in [0o640, 0o604, 0o620] {
        mode(open);
        let (code, refused) = house.json(&WITNESS);
        let error = &refused["error"];
        assert_eq!(
            (code, &error["code"], &error["place"]),
            (1, &"witness-key".into(), &"the key of this witness".into())
        );
        assert!(error["mend"].as_str().unwrap().contains("chmod 0600"), "{refused}");
    }
    mode(0o600);
    assert_eq!(house.run(&WITNESS).code, 0);
    // Where the tests run as root, another's key can be put there.
    if rustix::process::geteuid().is_root() {
        chown(&key, Some(65_534), None).unwrap();
        let refused = house.run(&WITNESS);
        assert!(refused.code == 1 && refused.flat_err().contains("belongs to user 65534"), "{refused:?}");
    }
}
