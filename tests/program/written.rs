//! Files that a command writes because somebody asked: whole or not at all, and never in the place of what the program
//! is there to keep.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::house::House;

/// A house whose due records were destroyed, with links to what must stay.
fn destroyed() -> House {
    let house = House::destroyed();
    fs::create_dir(house.path("aside")).unwrap();
    symlink("../state/audit/vkey", house.path("aside/link")).unwrap();
    symlink("link", house.path("aside/link to link")).unwrap();
    symlink("../state/audit", house.path("aside/log")).unwrap();
    symlink("../state/audit/dangling", house.path("aside/dangling")).unwrap();
    house
}

/// Every file below a directory but for locks and sockets, with what it holds; links as what they lead to.
fn all(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            files.extend(all(&path));
        } else if path.is_file() {
            files.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
    files.sort();
    files
}

const PROTECTED: [&str; 16] = [
    "state/audit/vkey",
    "state/audit/checkpoint",
    "state/audit/new",
    "state/audit/../audit/vkey",
    "state/private/new",
    "state/new",
    "aside/link",
    "aside/link to link",
    "aside/log/vkey",
    "aside/dangling",
    "aside/database",
    "retentiond.toml",
    "calendar.toml",
    "app.db-wal",
    "files/canary-61.txt",
    "files/new",
];

#[test]
fn no_command_writes_over_or_among_what_the_program_keeps() {
    let house = destroyed();
    fs::hard_link(house.path("app.db"), house.path("aside/database")).unwrap();
    let before = all(&house.path(""));
    for place in PROTECTED {
        let absolute = house.path(place).display().to_string();
        for command in [
            &["audit", "export", "--out", place][..],
            &["audit", "export", "--out", &absolute],
            &["audit", "export", "--log", "state/audit", "--out", place],
            &["audit", "prove", "0", "--out", place],
            &["plan", "--out", place],
            &["plan", "--csv", place],
        ] {
            let ran = house.run(command);
            assert_eq!(ran.code, 2, "{command:?}: {ran:?}");
            assert!(ran.err.contains(place) && ran.err.contains(" mend: "), "{command:?}: {ran:?}");
        }
    }
    // Not even a plan was made.
    assert_eq!(all(&house.path("")), before);
}

#[test]
fn a_log_that_was_named_is_kept_whole_where_no_configuration_says_where_it_is() {
    let house = destroyed();
    fs::rename(house.path("state/audit"), house.path("copy")).unwrap();
    fs::remove_file(house.path("retentiond.toml")).unwrap();
    let before = all(&house.path("copy"));
    for command in [
        &["audit", "export", "--log", "copy", "--out", "copy/vkey"][..],
        &["audit", "prove", "0", "--log", "copy", "--out", "copy/tile/new"],
    ] {
        let ran = house.run(command);
        assert!(ran.code == 2 && ran.err.contains("destruction log"), "{command:?}: {ran:?}");
    }
    assert_eq!(all(&house.path("copy")), before);
    assert_eq!(house.run(&["audit", "export", "--log", "copy", "--out", "copy.csv"]).code, 0);
}

#[test]
fn a_failure_midway_leaves_the_file_that_was_there_and_nothing_beside_it() {
    let house = destroyed();
    fs::create_dir(house.path("out")).unwrap();
    fs::write(house.path("out/list"), "of last month").unwrap();
    for command in [
        &["audit", "export", "--out", "out/list"][..],
        &["audit", "export", "--as", "jsonl", "--out", "out/list"],
        &["audit", "prove", "0", "--out", "out/list"],
    ] {
        let ran = house.run_limited("-f", "0", command);
        assert!(ran.code == 1 && ran.err.contains("out/list"), "{command:?}: {ran:?}");
        assert_eq!(all(&house.path("out")), [(house.path("out/list"), b"of last month".to_vec())], "{command:?}");
    }
}

#[test]
fn what_is_replaced_keeps_its_readers_and_a_list_of_keys_has_none() {
    let house = destroyed();
    let mode = |name: &str| fs::metadata(house.path(name)).unwrap().permissions().mode() & 0o777;
    for name in ["log.csv", "list.csv"] {
        fs::write(house.path(name), "").unwrap();
        fs::set_permissions(house.path(name), fs::Permissions::from_mode(0o640)).unwrap();
    }
    assert_eq!(house.run(&["audit", "export", "--out", "log.csv"]).code, 0);
    assert_eq!(house.run(&["plan", "--csv", "list.csv"]).code, 0);
    assert_eq!((mode("log.csv"), mode("list.csv")), (0o640, 0o600));
}

#[test]
fn a_link_is_followed_and_a_pipe_is_written_to() {
    let house = destroyed();
    fs::write(house.path("real.csv"), "old").unwrap();
    symlink("../real.csv", house.path("aside/alias")).unwrap();
    symlink("../made.csv", house.path("aside/not yet")).unwrap();
    for (named, real) in [("aside/alias", "real.csv"), ("aside/not yet", "made.csv")] {
        assert_eq!(house.run(&["audit", "export", "--out", named]).code, 0);
        assert!(house.path(named).is_symlink() && fs::read_to_string(house.path(real)).unwrap().contains("genesis"));
    }
    let piped = house.run(&["audit", "export", "--out", "/dev/stdout"]);
    assert!(piped.code == 0 && piped.out.contains("genesis"), "{piped:?}");
}

#[test]
fn two_options_do_not_write_one_file() {
    let house = House::new();
    let ran = house.run(&["plan", "--out", "plan", "--csv", "./plan"]);
    assert!(ran.code == 2 && !house.path("plan").exists(), "{ran:?}");
}
