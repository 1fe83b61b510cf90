//! The log's signing key exchanged by a command: what auditors kept from before stays good.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::house::House;
use crate::support::ran;

/// The checkpoint and the verifier key as an auditor keeps them.
fn keep(house: &House, name: &str) -> [String; 2] {
    let (checkpoint, vkey) = (format!("{name}.checkpoint"), format!("{name}.vkey"));
    fs::copy(house.path("state/audit/checkpoint"), house.path(&checkpoint)).unwrap();
    fs::copy(house.path("state/audit/vkey"), house.path(&vkey)).unwrap();
    [checkpoint, vkey]
}

fn verified(house: &House, vkey: &str, checkpoint: &str) -> (i32, String) {
    let ran = house.run(&["audit", "verify", "state/audit", "--vkey", vkey, "--checkpoint", checkpoint]);
    (ran.code, ran.out.lines().next().unwrap_or_default().to_owned())
}

#[test]
fn a_rotated_key_signs_on_and_checkpoints_kept_from_before_stay_good() {
    let house = House::new();
    let plan = house.approved();
    assert_eq!(house.run(&["apply", &plan]).code, 0);
    let [old_checkpoint, old_vkey] = keep(&house, "old");
    let (code, rotated) = house.json(&["audit", "rotate-key"]);
    assert_eq!(code, 0, "{rotated}");
    let [new_checkpoint, new_vkey] = keep(&house, "new");
    let text = |name: &str| fs::read_to_string(house.path(name)).unwrap().trim_end().to_owned();
    assert_eq!(
        (rotated["old"].as_str().unwrap(), rotated["new"].as_str().unwrap()),
        (&*text(&old_vkey), &*text(&new_vkey))
    );
    assert_ne!(rotated["old"], rotated["new"]);

    let size = |checkpoint: &str| text(checkpoint).lines().nth(1).unwrap().to_owned();
    let anchored = |checkpoint: &str| (0, format!("OK-ANCHORED-TO-{}", size(checkpoint)));
    assert_eq!(verified(&house, &new_vkey, &old_checkpoint), anchored(&old_checkpoint));
    assert_eq!(verified(&house, &new_vkey, &new_checkpoint), anchored(&new_checkpoint));
    // Who has not heard of the new key is told so.
    assert_eq!(verified(&house, &old_vkey, &old_checkpoint).0, 4);

    // A witness that was not told of the exchange neither co-signs nor says that the log was changed.
    let witness = |vkey: &str| house.run(&["audit", "witness", "--vkey", vkey, "--state", "witness", "state/audit"]);
    let refused = witness(&old_vkey);
    let told = refused.err.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(refused.code == 4 && told.contains("have the new one handed over"), "{refused:?}");
    assert!(!told.contains("what was changed"), "{refused:?}");
    assert_eq!(witness(&new_vkey).code, 0);

    // The next command signs with the new key.
    assert_eq!(house.run(&["hold", "place", "dossier", "3", "--reason", "an inquiry"]).code, 0);
    assert_eq!(verified(&house, &new_vkey, &new_checkpoint), anchored(&new_checkpoint));
    by_the_second_verifier(house.path("state/audit").as_path(), &house.path(&new_vkey), &house.path(&old_checkpoint));
}

fn by_the_second_verifier(log: &Path, vkey: &Path, checkpoint: &Path) {
    let python = |arguments: &[&str]| Command::new("python3").args(arguments).output();
    if !python(&["-c", "import cryptography"]).is_ok_and(|output| output.status.success()) {
        eprintln!("python3 with `cryptography` is not installed: docs/verify.py was not run");
        return;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/verify.py");
    let [log, vkey, checkpoint] = [log, vkey, checkpoint].map(|path| path.to_str().unwrap());
    let output = python(&[script, log, "--vkey", vkey, "--checkpoint", checkpoint]).unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.contains("OK-ANCHORED-TO-"), "{text}");
}

#[test]
fn a_key_handed_in_is_declared_once_it_is_another_and_not_before() {
    let (house, other) = (House::new(), House::new());
    let credentials = house.path("credentials");
    fs::create_dir(&credentials).unwrap();
    let hand_in = |key: &Path| {
        let file = credentials.join("audit-signing-key");
        fs::copy(key, &file).unwrap();
    };
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_retentiond"));
        command.current_dir(house.path("")).args(["--config", "retentiond.toml"]).args(arguments);
        let output = command.env("CREDENTIALS_DIRECTORY", &credentials).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    // Two keys of one name: that of a log made here, and the one after a rotation of it.
    assert_eq!(other.run(&["hold", "place", "dossier", "3", "--reason", "x"]).code, 0);
    let key = other.path("state/private/keys/audit-signing-key");
    hand_in(&key);
    assert_eq!(run(&["hold", "place", "dossier", "3", "--reason", "x"]).0, Some(0));
    assert_eq!(run(&["audit", "rotate-key"]).0, Some(1), "the key handed in is still the old one");
    assert_eq!(other.run(&["audit", "rotate-key"]).code, 0);
    fs::remove_file(credentials.join("audit-signing-key")).unwrap();
    hand_in(&key);
    assert_eq!(run(&["hold", "place", "dossier", "4", "--reason", "y"]).0, Some(1), "not declared yet");
    let rotated = run(&["audit", "rotate-key"]);
    assert_eq!(rotated.0, Some(0), "{}", rotated.1);
    assert_eq!(run(&["hold", "place", "dossier", "4", "--reason", "y"]).0, Some(0));
    let verified = house.run(&["audit", "verify", "state/audit", "--vkey", "state/audit/vkey"]);
    assert_eq!(verified.code, 0, "{}", verified.out);
}

#[test]
fn a_successor_signs_with_another_key_than_its_log_whoever_hands_it_in() {
    let (house, other) = (House::new(), House::new());
    let handed_in = house.path("credentials/audit-signing-key");
    fs::create_dir(house.path("credentials")).unwrap();
    let hand_in = |house: &House| {
        let _none_before = fs::remove_file(&handed_in);
        fs::copy(house.path("state/private/keys/audit-signing-key"), &handed_in).unwrap();
    };
    let with_key =
        |arguments: &[&str]| ran(house.command(arguments).env("CREDENTIALS_DIRECTORY", house.path("credentials")));
    let hold = ["hold", "place", "dossier", "3", "--reason", "x"];
    let adopt = ["audit", "adopt", "--reason", "moved"];
    assert_eq!(other.run(&hold).code, 0);
    hand_in(&other);
    assert_eq!(with_key(&hold).code, 0);
    // The key of the log itself: nothing is changed, and the way on is said.
    let before = fs::read(house.path("state/audit/checkpoint")).unwrap();
    for _ in 0..2 {
        let refused = with_key(&adopt);
        assert!(refused.code == 1 && refused.flat_err().contains("without the credential"), "{refused:?}");
        assert_eq!(fs::read(house.path("state/audit/checkpoint")).unwrap(), before);
    }
    // That way: the program makes the key, which is handed in from then on.
    let adopted = house.run(&adopt);
    assert_eq!(adopted.code, 0, "{adopted:?}");
    hand_in(&house);
    assert_eq!(with_key(&hold).code, 0);
    // Or a new key is handed in first: the successor bears its name.
    fs::rename(other.path("state"), other.path("first")).unwrap();
    assert_eq!(other.run(&hold).code, 0);
    hand_in(&other);
    let adopted = with_key(&adopt);
    assert_eq!(adopted.code, 0, "{adopted:?}");
    assert_eq!(with_key(&hold).code, 0);
    let [ours, theirs] = [&house, &other].map(|house| fs::read(house.path("state/audit/vkey")).unwrap());
    assert_eq!(ours, theirs);
    assert_eq!(house.run(&["audit", "verify", "state/audit"]).code, 0);
    // Nor is the name of a log that lies beside taken again.
    fs::copy(house.path("state/private/keys/audit-signing-key"), &handed_in).unwrap();
    let refused = with_key(&adopt);
    assert!(refused.code == 1 && refused.flat_err().contains("without the credential"), "{refused:?}");
}

#[test]
fn the_key_of_a_log_that_was_lost_is_known_by_what_is_remembered_and_signs_no_successor() {
    let house = House::new();
    assert_eq!(house.run(&["hold", "place", "dossier", "3", "--reason", "x"]).code, 0);
    fs::create_dir(house.path("credentials")).unwrap();
    let key = house.path("state/private/keys/audit-signing-key");
    fs::rename(&key, house.path("credentials/audit-signing-key")).unwrap();
    fs::rename(house.path("state/audit"), house.path("lost")).unwrap();
    let adopt = ["audit", "adopt", "--reason", "lost"];
    let with_key = || ran(house.command(&adopt).env("CREDENTIALS_DIRECTORY", house.path("credentials")));
    let refused = with_key();
    assert!(refused.code == 1 && refused.flat_err().contains("without the credential"), "{refused:?}");
    assert!(!house.path("state/audit/checkpoint").exists());
}

#[test]
fn a_successor_begun_without_the_key_of_digests_says_so() {
    let house = House::new();
    assert_eq!(house.run(&["hold", "place", "dossier", "3", "--reason", "x"]).code, 0);
    let (code, adopted) = house.json(&["audit", "adopt", "--reason", "moved"]);
    assert_eq!((code, &adopted["new_digest_key"]), (0, &false.into()), "{adopted}");
    assert!(adopted["unopened"].is_null(), "{adopted}");
    fs::remove_file(house.path("state/private/keys/digest.key")).unwrap();
    let refused = house.run(&["hold", "place", "dossier", "3", "--reason", "x"]);
    assert!(refused.code == 1 && refused.err.contains("digest.key"), "{}", refused.err);
    let ran = house.run(&["audit", "adopt", "--reason", "lost"]);
    assert!(ran.code == 0 && ran.out.contains("digest.key"), "{} {}", ran.out, ran.err);
    assert!(
        ran.flat().contains("The old one could not be opened") && ran.flat().contains("is missing."),
        "{}",
        ran.out
    );
}
