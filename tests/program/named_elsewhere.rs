//! A file that a batch left, and that the row of another series names: where that series is mapped no more so that its
//! rows are asked, the file waits.

use std::fs;

use super::house::House;

/// When all of it happens.
const NOW: &str = "2026-11-21T17:00:00Z";

const FILE: &str = "files/canary-8.txt";

const AVATARS: &str = "
[[series.person.part]]
table = \"avatar\"
on    = { person_id = \"id\" }
files = { column = \"path\", root = \"files\" }
";

/// A house of persons, who have avatars beneath the root of documents.
fn house() -> House {
    let house = House::of_persons();
    house.set_clock(NOW);
    house.configure(AVATARS);
    let avatars = "CREATE TABLE avatar (id INTEGER PRIMARY KEY, person_id INTEGER, path TEXT);
                   CREATE INDEX avatar_person ON avatar (person_id); CREATE INDEX avatar_path ON avatar (path);";
    house.database().execute_batch(avatars).unwrap();
    house
}

/// A run was killed after its COMMIT, and perhaps settled but for the file of record 8, which was out of the way for that
/// moment; since then that file is a person's avatar. The plan.
fn left(house: &House, is_settled: bool) -> String {
    let plan = house.approved();
    let killed = house.command(&["apply", &plan]).env("FAILPOINTS", "committed=return(kill)").status().unwrap();
    assert_eq!(killed.code(), None);
    if is_settled {
        let (file, taken) = (house.path(FILE), house.path("taken"));
        fs::rename(&file, &taken).unwrap();
        assert_eq!(house.json(&["apply", &plan]).1["interrupted"]["incomplete"], 1);
        fs::rename(&taken, &file).unwrap();
    }
    house.database().execute("INSERT INTO avatar (person_id, path) VALUES (3, 'canary-8.txt')", []).unwrap();
    plan
}

#[test]
fn a_file_stays_where_another_series_that_may_name_it_is_not_asked_any_more() {
    let renamed = "ALTER TABLE avatar RENAME COLUMN path TO picture";
    for (from, to, schema) in [
        (AVATARS, "", ""),
        (
            "\non    = { person_id = \"id\" }\nfiles = { column = \"path\", root = \"files\" }\n",
            "\non    = { person_id = \"id\" }\n",
            "",
        ),
        (
            "person_id = \"id\" }\nfiles = { column = \"path\"",
            "person_id = \"id\" }\nfiles = { column = \"picture\"",
            renamed,
        ),
    ] {
        for is_settled in [false, true] {
            let house = house();
            let plan = left(&house, is_settled);
            house.database().execute_batch(schema).unwrap();
            let mapped = fs::read_to_string(house.path("retentiond.toml")).unwrap();
            house.edit("retentiond.toml", from, to);
            for tried in 0..3 {
                let ran = house.run(&["apply", &plan]);
                assert!(house.path(FILE).exists(), "{to}, {is_settled}, {tried}: {}", ran.flat());
            }
            let (code, run) = house.json(&["apply", &plan]);
            assert_eq!(code, 5, "{to}: {run}");
            let told = run["reasons"].to_string();
            assert!(
                told.contains("avatar.path of source app named files") && told.contains("--release-files"),
                "{run}"
            );

            fs::write(house.path("retentiond.toml"), mapped).unwrap();
            house.database().execute_batch("DELETE FROM avatar").unwrap();
            if !schema.is_empty() {
                house.database().execute_batch("ALTER TABLE avatar RENAME COLUMN picture TO path").unwrap();
            }
            let (code, run) = house.json(&["apply", &plan]);
            assert_eq!((code, &run["left"], house.path(FILE).exists()), (0, &0.into(), false), "{to}: {run}");
            house.verify();
            house.verify_by_python(NOW);
        }
    }
}
