//! A database that is put back from an older copy between a crash and the restart: what the batch had done before is
//! on record, although the database no longer knows of it.

use std::fs;

use serde_json::{Value as Json, json};

use super::house::{DOSSIERS, DUE, House};

/// When all of it happens.
const NOW: &str = "2026-11-21T17:00:00Z";

/// A house whose run was killed so, and whose database is as it was before that run; the plan.
fn put_back_after(armed: &str) -> (House, String) {
    let house = House::new();
    house.set_clock(NOW);
    let plan = house.approved();
    fs::copy(house.path("app.db"), house.path("older.db")).unwrap();
    let killed = house.command(&["apply", &plan]).env("FAILPOINTS", armed).status().unwrap();
    assert_eq!(killed.code(), None, "killed at {armed}");
    fs::rename(house.path("older.db"), house.path("app.db")).unwrap();
    (house, plan)
}

fn entries(house: &House, kind: &str) -> Vec<Json> {
    house.ask(&["audit", "show", "--kind", kind])["entries"].as_array().unwrap().clone()
}

#[test]
fn files_that_were_unlinked_before_the_crash_are_on_record_as_gone() {
    // Killed before any file, before the thirty-first, and after all of them.
    for (armed, gone) in
        [("group-announced=return(kill)", 0), ("file-begun=30*off->return(kill)", 30), ("files-gone=return(kill)", DUE)]
    {
        let (house, plan) = put_back_after(armed);
        assert_eq!(house.files() as i64, DOSSIERS - gone, "{armed}");
        let (code, refused) = house.json(&["apply", &plan]);
        assert_eq!((code, &refused["error"]["code"]), (3, &"restored".into()), "{armed}: {refused}");

        let outcomes = entries(&house, "outcome");
        let [outcome] = outcomes.as_slice() else { panic!("{armed}: {outcomes:?}") };
        let told = json!([outcome["committed"], outcome["recovered"], outcome["results"], outcome["rows"]["dossier"]]);
        assert_eq!(told, json!([true, true, format!("{DUE}D"), DUE]), "{armed}: {outcome}");
        let files = if gone == 0 { Json::Null } else { json!({ "document": gone }) };
        assert_eq!((&outcome["files"], &outcome["left"]), (&files, &0.into()), "{armed}: {outcome}");
        let corrections = entries(&house, "correction");
        let [back] = corrections.as_slice() else { panic!("{armed}: {corrections:?}") };
        let told = json!([back["what"], back["batch"], back["back"]]);
        assert_eq!(told, json!(["resurrected", outcome["batch"], format!("{DUE}b")]), "{armed}: {back}");

        assert_eq!(house.ask(&["audit", "lookup", "dossier", "7"])["answer"], "RESURRECTED", "{armed}");
        assert_eq!((house.rows("dossier"), house.files() as i64), (DOSSIERS, DOSSIERS - gone), "{armed}");
        assert!(house.ask(&["plan"])["rails"].to_string().contains("restored"), "{armed}");
        assert_eq!(fs::read_dir(house.path("state/private/spool")).unwrap().count(), 0, "{armed}");
        house.verify();
        house.verify_by_python(NOW);
    }
}

#[test]
fn a_batch_that_had_not_begun_to_unlink_leaves_no_trace_in_an_older_copy_and_was_put_off() {
    let (house, plan) = put_back_after("committed=return(kill)");
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["destroyed"], house.files() as i64), (0, &DUE.into(), DOSSIERS - DUE), "{run}");
    let outcomes = entries(&house, "outcome");
    assert_eq!((&outcomes[0]["committed"], &outcomes[0]["results"]), (&false.into(), &format!("{DUE}r").into()));
    house.verify();
    house.verify_by_python(NOW);
}

#[test]
fn a_file_that_one_batch_left_and_another_unlinked_is_left_no_more() {
    for is_released in [false, true] {
        let house = House::new();
        house.set_clock(NOW);
        let plan = house.approved();
        fs::copy(house.path("app.db"), house.path("older.db")).unwrap();
        let killed = house.command(&["apply", &plan]).env("FAILPOINTS", "committed=return(kill)").status().unwrap();
        assert_eq!(killed.code(), None);
        // Changed since it was recognized, so that it is left.
        let file = house.path("files/canary-7.txt");
        fs::write(&file, "a longer document of 7").unwrap();
        assert_eq!(house.json(&["apply", &plan]).1["interrupted"]["incomplete"], 1);

        fs::rename(house.path("older.db"), house.path("app.db")).unwrap();
        (1..=DUE).filter(|id| *id != 7).for_each(|id| {
            fs::write(house.path(&format!("files/canary-{id}.txt")), "put back").unwrap();
        });
        let again = house.plan();
        house.ask(&["approve", &again, "--accept", "restored"]);
        let (code, run) = house.json(&["apply", &again]);
        let told = json!([code, run["destroyed"], run["left"], file.exists()]);
        assert_eq!(told, json!([5, DUE, 1, false]), "it was tried while a row named it: {run}");
        if is_released {
            // Whoever answers for it ends it, too.
            house.ask(&["apply", &plan, "--release-files", "--reason", "the later plan unlinked it"]);
        } else {
            let (code, run) = house.json(&["apply", &plan]);
            assert_eq!((code, &run["left"], &run["late"]), (0, &0.into(), &1.into()), "{run}");
        }
        let (code, refused) = house.json(&["apply", &plan]);
        assert_eq!((code, &refused["error"]["code"]), (3, &"plan-executed".into()), "{refused}");
        assert_eq!(fs::read_dir(house.path("state/private/spool")).unwrap().count(), 0);
        house.verify();
        house.verify_by_python(NOW);
    }
}
