//! Files that rows name: what is never unlinked, and what becomes of a record whose file is not as it should be.

use std::fs;

use super::house::{DOSSIERS, DUE, House};

#[test]
fn a_row_that_names_the_database_or_the_programs_own_files_has_none_of_them_unlinked() {
    let house = House::new();
    house.edit("retentiond.toml", "root = \"files\"", "root = \".\"");
    let owner = house.database();
    owner.execute_batch("PRAGMA journal_mode = WAL; UPDATE document SET path = 'files/' || path").unwrap();
    let named = ["app.db", "app.db-wal", "app.db-shm", "retentiond.toml", "calendar.toml", "state/audit/vkey"];
    for (place, path) in named.iter().enumerate() {
        owner.execute("UPDATE document SET path = ?1 WHERE dossier_id = ?2", (path, place as i64 + 1)).unwrap();
    }
    let found = house.ask(&["check"]);
    let warned = found["findings"].as_array().unwrap().iter().find(|found| found["code"] == "root-too-wide").unwrap();
    assert_eq!(warned["severity"], "warning");
    assert!(warned["message"].as_str().unwrap().contains("app.db"), "{warned}");

    let (code, told) = house.json(&["apply", &house.approved()]);
    assert_eq!((&told["failed"], &told["destroyed"], code), (&6.into(), &(DUE - 6).into(), 5), "{told}");
    let reason = told["reasons"].as_object().unwrap().keys().next().unwrap();
    assert!(reason.contains("narrow the root"), "{told}");
    for path in named {
        assert!(house.path(path).exists(), "{path}");
    }
    assert_eq!(house.rows("dossier"), 8);
}

#[test]
fn a_record_whose_file_is_not_there_fails_unless_the_mapping_lets_it_be_gone() {
    let house = House::new();
    fs::remove_file(house.path("files/canary-30.txt")).unwrap();
    house.database().execute("UPDATE document SET path = '' WHERE dossier_id = 31", []).unwrap();
    let found = house.ask(&["check"]);
    let told = found["findings"].as_array().unwrap().iter().find(|found| found["code"] == "files-not-there").unwrap();
    assert_eq!(told["severity"], "warning");
    assert!(told["message"].as_str().unwrap().contains("Of 61 files of document"), "{told}");

    let (code, run) = house.json(&["apply", &house.approved()]);
    assert_eq!((code, &run["failed"], &run["destroyed"]), (5, &1.into(), &(DUE - 1).into()), "{run}");
    let reason = run["reasons"].as_object().unwrap().keys().next().unwrap();
    assert!(reason.contains("part document") && reason.contains("missing = \"gone\""), "{run}");
    assert_eq!((house.rows("dossier WHERE id = 30"), house.rows("document WHERE dossier_id = 30")), (1, 1));

    house.edit("retentiond.toml", "root = \"files\" }", "root = \"files\", missing = \"gone\" }");
    let plan = house.plan();
    house.ask(&["approve", &plan, "--accept", "rules,mapping"]);
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["destroyed"], &run["missing"]), (0, &1.into(), &1.into()), "{run}");
    assert_eq!(house.rows("dossier WHERE id = 30"), 0);
}

#[test]
fn an_empty_root_keeps_every_record_and_check_says_that_it_is_wrong() {
    let house = House::new();
    let plan = house.approved();
    fs::rename(house.path("files"), house.path("volume")).unwrap();
    fs::create_dir(house.path("files")).unwrap();
    let (code, found) = house.json(&["check"]);
    assert_eq!((code, &found["findings"][0]["code"]), (78, &"files-not-there".into()), "{found}");
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["failed"]), (5, &DUE.into()), "{run}");
    assert_eq!(house.rows("dossier"), DOSSIERS);
}

#[test]
fn a_file_that_a_record_names_beneath_two_spellings_of_a_root_goes_once() {
    let house = House::new();
    std::os::unix::fs::symlink("files", house.path("link")).unwrap();
    let scans =
        "CREATE TABLE scan (id INTEGER PRIMARY KEY, dossier_id INTEGER NOT NULL REFERENCES dossier (id), path TEXT);
        CREATE INDEX scan_dossier ON scan (dossier_id); CREATE INDEX scan_path ON scan (path);
        INSERT INTO scan VALUES (1, 1, 'canary-1.txt')";
    house.database().execute_batch(scans).unwrap();
    let part = "[[series.dossier.part]]\ntable = \"scan\"\non = { dossier_id = \"id\" }\nfiles = { column = \"path\", root = \"link\" }\n\n[limits]";
    house.edit("retentiond.toml", "[limits]", part);
    let (code, run) = house.json(&["apply", &house.approved()]);
    assert_eq!((code, &run["destroyed"], &run["files"]), (0, &DUE.into(), &DUE.into()), "{run}");
}

#[test]
fn files_that_may_be_gone_are_not_taken_for_gone_where_none_is_there() {
    let house = House::new();
    house.edit("retentiond.toml", "root = \"files\" }", "root = \"files\", missing = \"gone\" }");
    let plan = house.approved();
    fs::rename(house.path("files"), house.path("volume")).unwrap();
    fs::create_dir(house.path("files")).unwrap();
    fs::write(house.path("files/readme.txt"), "nothing is mounted here").unwrap();
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["failed"], &run["missing"]), (5, &DUE.into(), &0.into()), "{run}");
    let reason = run["reasons"].as_object().unwrap().keys().next().unwrap();
    assert!(reason.contains("volume may not be mounted"), "{run}");
    assert_eq!(house.rows("dossier"), DOSSIERS);
    // Mounted again, what the run itself has unlinked is no sign of the contrary.
    fs::rename(house.path("files"), house.path("unmounted")).unwrap();
    fs::rename(house.path("volume"), house.path("files")).unwrap();
    for id in [60, 61, 62] {
        fs::remove_file(house.path(&format!("files/canary-{id}.txt"))).unwrap();
    }
    let run = house.ask(&["apply", &house.approved()]);
    assert_eq!((&run["destroyed"], &run["missing"]), (&DUE.into(), &1.into()), "{run}");
}
