//! Files that rows name: what is never unlinked, and what becomes of a record whose file is not as it should be.

use super::house::{DUE, House};

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
