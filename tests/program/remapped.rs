//! A mapping that is changed between a crash and the restart: it may not tell which rows name the files of records that
//! went, so none goes by it. Once it is as it was approved, they go.

use std::fs;

use serde_json::{Value as Json, json};

use super::house::{DOSSIERS, DUE, House};

/// When all of it happens.
const NOW: &str = "2026-11-21T17:00:00Z";

const FILES: &str = "files = { column = \"path\", root = \"files\" }\n";
const PART: &str = "[[series.dossier.part]]\ntable = \"document\"\non    = { dossier_id = \"id\" }\n";

/// Why files stay.
const NO_ROOT: &str = "no part of its source's mappings names files beneath its root";
const OTHERWISE: &str = "is not the one that the last approval bound";

/// What of a configuration is replaced by what, and what is told then.
fn changes() -> [(String, String, &'static str); 5] {
    let change = |from: &str, to: &str, told| (from.to_owned(), to.to_owned(), told);
    [
        change("root = \"files\"", "root = \"elsewhere\"", NO_ROOT),
        change("root = \"files\"", "root = \".\"", OTHERWISE),
        change("column = \"path\"", "column = \"other\"", OTHERWISE),
        change("table = \"document\"", "table = \"copy\"", OTHERWISE),
        (format!("{PART}{FILES}"), String::new(), NO_ROOT),
    ]
}

/// A house whose run was killed so. Since then a living record names the file of record 8 by the mapping that was
/// approved, and that of record 9 by any other; the plan.
fn killed_at(armed: &str) -> (House, String) {
    let house = House::new();
    house.set_clock(NOW);
    let schema = "ALTER TABLE document ADD COLUMN other TEXT; CREATE INDEX document_other ON document (other);
                  CREATE TABLE copy (id INTEGER PRIMARY KEY, dossier_id INTEGER, path TEXT);
                  CREATE INDEX copy_dossier ON copy (dossier_id); CREATE INDEX copy_path ON copy (path)";
    house.database().execute_batch(schema).unwrap();
    let elsewhere = house.path("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    for id in 1..=DOSSIERS {
        fs::write(elsewhere.join(format!("canary-{id}.txt")), format!("another document, {id}")).unwrap();
    }
    let plan = house.approved();
    let killed = house.command(&["apply", &plan]).env("FAILPOINTS", armed).status().unwrap();
    assert_eq!(killed.code(), None, "killed at {armed}");
    let names = "INSERT INTO document (dossier_id, path) VALUES (61, 'canary-8.txt');
                 INSERT INTO document (dossier_id, other) VALUES (61, 'canary-9.txt'), (61, 'files/canary-9.txt');
                 INSERT INTO copy (dossier_id, path) VALUES (61, 'canary-9.txt')";
    house.database().execute_batch(names).unwrap();
    (house, plan)
}

/// Changes the configuration, runs that, and puts it back.
fn remapped<T>(house: &House, (from, to): (&str, &str), then: impl FnOnce() -> T) -> T {
    let approved = fs::read_to_string(house.path("retentiond.toml")).unwrap();
    house.edit("retentiond.toml", from, to);
    let result = then();
    fs::write(house.path("retentiond.toml"), approved).unwrap();
    result
}

/// Only a successor goes on then.
fn damage_log(house: &House) {
    let segment = house.path("state/audit/journal/00000000000000000000.seg");
    let mut bytes = fs::read(&segment).unwrap();
    bytes[200] ^= 1;
    fs::write(&segment, bytes).unwrap();
}

/// How many files stand beneath a root.
fn beneath(house: &House, root: &str) -> i64 {
    fs::read_dir(house.path(root)).unwrap().count() as i64
}

fn verify(house: &House) {
    house.verify();
    house.verify_by_python(NOW);
}

fn spools(house: &House) -> usize {
    fs::read_dir(house.path("state/private/spool")).unwrap().count()
}

/// What is kept of the one batch.
fn spool(house: &House) -> Json {
    let entries = fs::read_dir(house.path("state/private/spool")).unwrap().map(|entry| entry.unwrap().path());
    let spools: Vec<_> = entries.filter(|path| path.extension() == Some("json".as_ref())).collect();
    serde_json::from_slice(&fs::read(&spools[0]).unwrap()).unwrap()
}

/// The mapping is as it was approved again: all goes but what a living record names, and that with it.
fn assert_goes_once_put_back(house: &House, plan: &str, case: &str) {
    let (code, run) = house.json(&["apply", plan]);
    assert_eq!((code, &run["left"]), (5, &1.into()), "{case}: {run}");
    assert!(run["reasons"].to_string().contains("a row names a file again"), "{case}: {run}");
    assert!(house.path("files/canary-8.txt").exists(), "{case}: an open dossier names it");
    assert_eq!((beneath(house, "files"), beneath(house, "elsewhere")), (DOSSIERS - DUE + 1, DOSSIERS), "{case}");
    house.database().execute("DELETE FROM document WHERE path = 'canary-8.txt'", []).unwrap();
    let (code, run) = house.json(&["apply", plan]);
    assert_eq!((code, &run["left"], beneath(house, "files")), (0, &0.into(), DOSSIERS - DUE), "{case}: {run}");
    assert_eq!((beneath(house, "elsewhere"), spools(house)), (DOSSIERS, 0), "{case}");
    verify(house);
}

#[test]
fn recovery_unlinks_nothing_under_a_mapping_that_was_not_approved_for_the_batch() {
    for (armed, unlinked) in [("committed=return(kill)", 0), ("file-begun=20*off->1*return(kill)", 20)] {
        for (from, to, told) in changes().into_iter().filter(|(from, ..)| unlinked == 0 || from.contains("column")) {
            let (house, plan) = killed_at(armed);
            let case = format!("{armed}, {to}");
            let standing = beneath(&house, "files");
            assert_eq!(standing, DOSSIERS - unlinked, "{case}");
            remapped(&house, (&from, &to), || {
                for is_settled in [false, true] {
                    let refused = house.run(&["apply", &plan, "--format", "json"]);
                    assert_eq!(
                        (refused.code, &refused.json()["error"]["code"]),
                        (3, &"plan-outdated".into()),
                        "{case}"
                    );
                    assert_eq!(
                        (beneath(&house, "files"), beneath(&house, "elsewhere")),
                        (standing, DOSSIERS),
                        "{case}"
                    );
                    let said = refused.flat_err();
                    assert_eq!(said.contains("1 batch, 1 of which"), !is_settled, "{case}: {said}");
                    let left = format!("{} files are left that should be gone: ", DUE - unlinked);
                    assert!(said.contains(&left) && said.contains(told), "{case}: {said}");
                    assert!(said.contains(&format!("`apply {plan} --release-files`")), "{case}: {said}");
                }

                let shown = house.ask(&["audit", "show", "--kind", "outcome"]);
                let outcomes = shown["entries"].as_array().unwrap();
                let told = json!([outcomes.len(), outcomes[0]["committed"], outcomes[0]["left"]]);
                assert_eq!(told, json!([1, true, DUE - unlinked]), "{case}: {shown}");
                assert_eq!(house.ask(&["audit", "lookup", "dossier", "8"])["answer"], "PENDING", "{case}");
                verify(&house);
            });
            assert_goes_once_put_back(&house, &plan, &case);
            assert_eq!(house.ask(&["audit", "lookup", "dossier", "8"])["answer"], "DESTROYED", "{case}");
        }
    }
}

#[test]
fn under_a_successor_nothing_goes_by_a_mapping_that_was_not_approved_for_the_batch() {
    let readable = changes().into_iter().map(|change| (change, false));
    let lost = changes().into_iter().filter(|(_, to, _)| to.contains("other")).map(|change| (change, true));
    for ((from, to, told), is_lost) in readable.chain(lost) {
        let (house, plan) = killed_at("committed=return(kill)");
        damage_log(&house);
        remapped(&house, (&from, &to), || {
            house.ask(&["audit", "adopt", "--reason", "damaged"]);
            if is_lost {
                // No log tells of the approval any more; the plan does.
                fs::rename(house.path("state/audit.1"), house.path("lost")).unwrap();
            }
            for _ in 0..2 {
                let (code, run) = house.json(&["apply", &plan]);
                assert_eq!((code, &run["left"]), (5, &DUE.into()), "{to}: {run}");
                assert!(run["reasons"].to_string().contains(told), "{to}: {run}");
                assert_eq!((beneath(&house, "files"), beneath(&house, "elsewhere")), (DOSSIERS, DOSSIERS), "{to}");
            }
            let spool = spool(&house);
            assert!(spool["left_since"].is_string(), "what the database told is known from now on: {to}: {spool}");
            verify(&house);
        });
        assert_goes_once_put_back(&house, &plan, &to);
    }
}

/// Before its COMMIT, the row of the batch before tells that it was undone; no row of another table is asked.
#[test]
fn a_batch_that_was_not_committed_is_put_off_under_another_mapping() {
    let (house, plan) = killed_at("disposed=return(kill)");
    let schema = "CREATE TABLE empty (id INTEGER PRIMARY KEY, number TEXT UNIQUE, closed_at TEXT)";
    house.database().execute_batch(schema).unwrap();
    remapped(&house, ("table         = \"dossier\"", "table         = \"empty\""), || {
        let refused = house.run(&["apply", &plan, "--format", "json"]);
        assert_eq!((refused.code, &refused.json()["error"]["code"]), (3, &"plan-outdated".into()), "{refused:?}");
        let shown = house.ask(&["audit", "show", "--kind", "outcome"]);
        let outcome = &shown["entries"][0];
        let told = (&outcome["committed"], &outcome["results"]);
        assert_eq!(told, (&false.into(), &format!("{DUE}r").into()), "none is said to be gone: {shown}");
        verify(&house);
    });
    let (code, run) = house.json(&["apply", &plan]);
    let told = json!([code, run["destroyed"], run["left"], beneath(&house, "files")]);
    assert_eq!(told, json!([0, DUE, 0, DOSSIERS - DUE + 1]), "an open dossier names one: {run}");
    verify(&house);
}

/// Neither a row of ours nor a trail tells what a batch did: its records could, by the mapping under which they went.
#[test]
fn a_batch_of_which_only_records_could_tell_waits_for_the_mapping_that_was_approved() {
    let (house, plan) = killed_at("committed=return(kill)");
    house.database().execute_batch("DROP TABLE retentiond_batch; CREATE TABLE full AS SELECT * FROM dossier").unwrap();
    house.database().execute_batch("CREATE UNIQUE INDEX full_id ON full (id)").unwrap();
    remapped(&house, ("table         = \"dossier\"", "table         = \"full\""), || {
        for _ in 0..2 {
            let refused = house.run(&["apply", &plan, "--format", "json"]);
            assert_eq!(refused.code, 3, "{refused:?}");
            let said = refused.flat_err();
            assert!(said.contains("the series dossier is not mapped as it was approved for them"), "{said}");
            let shown = house.ask(&["audit", "show", "--kind", "outcome"]);
            assert_eq!(
                (shown["entries"].as_array().unwrap().len(), beneath(&house, "files")),
                (0, DOSSIERS),
                "{shown}"
            );
        }
    });
    let (code, refused) = house.json(&["apply", &plan]);
    assert_eq!((code, &refused["error"]["code"]), (3, &"restored".into()), "{refused}");
    let shown = house.ask(&["audit", "show", "--kind", "outcome"]);
    assert_eq!((&shown["entries"][0]["committed"], beneath(&house, "files")), (&true.into(), DOSSIERS), "{shown}");
    verify(&house);
}

#[test]
fn a_person_lets_go_of_what_another_mapping_left() {
    let (house, plan) = killed_at("committed=return(kill)");
    remapped(&house, ("column = \"path\"", "column = \"other\""), || {
        assert_eq!(house.json(&["apply", &plan]).0, 3);
        let released = house.ask(&["apply", &plan, "--release-files", "--reason", "the archive has them"]);
        assert_eq!(released["files"].as_array().unwrap().len() as i64, DUE, "{released}");
    });
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["left"], beneath(&house, "files"), spools(&house)), (5, &0.into(), DOSSIERS, 0), "{run}");
    assert_eq!(house.ask(&["audit", "lookup", "dossier", "8"])["answer"], "INCOMPLETE");
    verify(&house);
}

/// A mapping that was approved anew was shown to somebody.
#[test]
fn what_another_mapping_left_goes_by_it_once_a_plan_of_the_series_as_it_is_mapped_now_is_approved() {
    let (house, plan) = killed_at("committed=return(kill)");
    house.edit("retentiond.toml", "column = \"path\"", "column = \"other\"");
    assert_eq!(house.json(&["apply", &plan]).0, 3);
    assert_eq!(beneath(&house, "files"), DOSSIERS);
    house.database().execute("INSERT INTO dossier VALUES (100, 'late', '2018-03-01T12:00:00Z')", []).unwrap();
    let again = house.plan();
    house.ask(&["approve", &again, "--accept", "mapping"]);
    let (code, run) = house.json(&["apply", &again]);
    assert_eq!((code, &run["late"], &run["left"]), (5, &(DUE - 1).into(), &1.into()), "{run}");
    assert!(house.path("files/canary-9.txt").exists(), "an open dossier names it in the other column");
    verify(&house);
}

#[test]
fn what_another_mapping_left_goes_once_that_is_put_back_although_its_plan_was_rejected() {
    let (house, plan) = killed_at("committed=return(kill)");
    house.ask(&["reject", &plan, "--reason", "it crashed"]);
    let rejected = |told: &str| {
        let refused = house.run(&["apply", &plan, "--format", "json"]);
        assert_eq!((refused.code, &refused.json()["error"]["code"]), (3, &"plan-rejected".into()), "{refused:?}");
        assert!(refused.flat_err().contains(told), "{refused:?}");
    };
    remapped(&house, ("column = \"path\"", "column = \"other\""), || rejected(OTHERWISE));
    assert_eq!(beneath(&house, "files"), DOSSIERS);
    rejected("59 files that earlier runs had left are gone now");
    assert_eq!(beneath(&house, "files"), DOSSIERS - DUE + 1);
    verify(&house);
}

#[test]
fn files_of_which_nothing_tells_are_not_forgotten_because_another_mapping_names_them() {
    let (house, plan) = killed_at("committed=return(kill)");
    house.database().execute_batch("DROP TABLE retentiond_batch").unwrap();
    damage_log(&house);
    house.ask(&["audit", "adopt", "--reason", "damaged"]);
    // From then on the database is known to be the right one.
    house.database().execute("INSERT INTO dossier VALUES (100, 'late', '2018-03-01T12:00:00Z')", []).unwrap();
    let next = house.plan();
    house.ask(&["approve", &next, "--accept", "rules,restored"]);
    let (code, run) = house.json(&["apply", &next]);
    assert_eq!((code, &run["destroyed"], &run["left"]), (5, &1.into(), &(DUE - 1).into()), "{run}");

    let names = "INSERT INTO document (dossier_id, other) WITH RECURSIVE due(id) AS (SELECT 1 UNION SELECT id + 1 FROM due LIMIT ?1)
                 SELECT 61, 'canary-' || id || '.txt' FROM due";
    assert_eq!(house.database().execute(names, [DUE]).unwrap() as i64, DUE);
    remapped(&house, ("column = \"path\"", "column = \"other\""), || {
        let (code, run) = house.json(&["apply", &plan]);
        assert_eq!((code, &run["left"]), (5, &DUE.into()), "{run}");
        assert!(run["reasons"].to_string().contains(OTHERWISE), "{run}");
    });
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["left"], beneath(&house, "files")), (5, &(DUE - 1).into(), DOSSIERS), "{run}");
    assert!(run["reasons"].to_string().contains("no log tells any more"), "{run}");
    verify(&house);
}
