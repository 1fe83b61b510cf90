//! Files that are handed to the program as evidence and are no files: it says so and ends, instead of waiting or
//! filling its memory.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;

use rustix::fs::{CWD, Mode, mkfifoat};

use super::house::House;

/// What is laid at a path where nothing is, and how.
type Trap = (&'static str, fn(&Path));

const TRAPS: [Trap; 4] = [
    ("a pipe", |path| mkfifoat(CWD, path, Mode::RUSR | Mode::WUSR).unwrap()),
    ("a link", |path| symlink("/dev/zero", path).unwrap()),
    ("a directory", |path| fs::create_dir(path).unwrap()),
    ("a giant", |path| File::create(path).unwrap().set_len(50 << 30).unwrap()),
];

#[test]
fn a_file_named_on_the_command_line_that_is_a_trap_is_refused_at_once() {
    let house = House::destroyed();
    fs::copy(house.path("state/audit/vkey"), house.path("vkey")).unwrap();
    for (what, lay) in TRAPS {
        let trap = format!("trap of {what}");
        lay(&house.path(&trap));
        for arguments in [
            &["audit", "verify", "--vkey", &trap][..],
            &["audit", "verify", "--checkpoint", &trap],
            &["audit", "verify", "--witness-key", &trap],
            &["audit", "verify", "--vkey", "vkey", "--proof", &trap],
            &["audit", "checkpoint", "--add", &trap, "--witness-key", "vkey"],
        ] {
            let ran = house.run(arguments);
            assert!([1, 4].contains(&ran.code), "{what}: {arguments:?}: {ran:?}");
            let said = ["regular file", "symbolic link", "longer than", "too large"];
            assert!(said.iter().any(|said| ran.err.contains(said)), "{what}: {arguments:?}: {ran:?}");
        }
    }
}

#[test]
fn a_trap_in_the_place_of_the_checkpoint_or_of_a_key_ends_every_command() {
    let house = House::destroyed();
    let keys = fs::read_dir(house.path("state/private/keys")).unwrap();
    let key = keys.map(|key| key.unwrap().path()).find(|key| key.to_string_lossy().contains("fp-")).unwrap();
    let lookup = &["audit", "lookup", "dossier", "4"][..];
    let verify = &["audit", "verify", "state/audit"][..];
    for (place, command, code) in [
        (house.path("state/audit/checkpoint"), verify, 4),
        (key.clone(), lookup, 1),
        (house.path("state/audit/checkpoint"), lookup, 1),
    ] {
        fs::rename(&place, house.path("aside")).unwrap();
        for (what, lay) in TRAPS {
            lay(&place);
            let ran = house.run(command);
            assert_eq!(ran.code, code, "{what} at {}: {ran:?}", place.display());
            if place.is_dir() && !place.is_symlink() { fs::remove_dir(&place) } else { fs::remove_file(&place) }
                .unwrap();
        }
        fs::rename(house.path("aside"), &place).unwrap();
        assert_eq!(house.run(command).code, 0);
    }
}
