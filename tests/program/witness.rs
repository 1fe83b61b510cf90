//! A witness and the operator, from one command to the next as the guide has them.

use std::fs;

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
    let verified =
        house.run(&["audit", "verify", "state/audit", "--vkey", "log.vkey", "--witness-key", "witness/vkey"]);
    assert!(verified.code == 0 && verified.out.starts_with("OK-ANCHORED-TO-"), "{verified:?}");
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
