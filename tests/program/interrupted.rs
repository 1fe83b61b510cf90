//! Runs that were killed, and what the next one tells of them.

use super::house::{DOSSIERS, DUE, House};
use crate::support::ran;

/// Kills `apply` where it comes to this failpoint.
fn killed_at(house: &House, plan: &str, failpoint: &str) {
    let killed =
        house.command(&["apply", plan]).env("FAILPOINTS", format!("{failpoint}=return(kill)")).status().unwrap();
    assert_eq!(killed.code(), None, "killed at {failpoint}");
}

#[test]
fn what_a_killed_run_had_settled_is_told_by_the_next_one_and_only_by_it() {
    let house = House::new();
    let plan = house.approved();
    killed_at(&house, &plan, "committed");
    let (code, run) = house.json(&["apply", &plan]);
    let told = &run["interrupted"];
    assert_eq!((code, told["planned"].as_i64(), told["destroyed"].as_i64()), (0, Some(DUE), Some(DUE)), "{run}");
    assert_eq!((&run["planned"], house.files()), (&0.into(), 2), "{run}");
    // Each with two messages, and a document with a file.
    let figures = [&told["rows"], &told["files"]].map(|figure| figure.as_i64());
    assert_eq!(figures, [Some(DUE * 4), Some(DUE)], "{run}");
    assert!(told["bytes"].as_i64() > Some(0), "{run}");
    let next = house.plan();
    assert_eq!(house.json(&["apply", &plan]).0, 3, "it is done");
    assert_ne!(next, plan);
    house.verify();
}

/// What makes a plan be refused.
type Refusal<'r> = &'r dyn Fn(&House, &str);

#[test]
fn what_a_killed_run_had_begun_is_settled_also_where_its_plan_is_refused_or_another_is_named() {
    let refusals: [(&str, Refusal); 3] = [
        ("plan-rejected", &|house, plan| assert_eq!(house.json(&["reject", plan, "--reason", "it crashed"]).0, 0)),
        ("plan-outdated", &|house, _| {
            house.database().execute_batch("ALTER TABLE dossier ADD COLUMN later TEXT").unwrap();
        }),
        ("nothing-planned", &|_, _| {}),
    ];
    for (code, refuse) in refusals {
        let house = House::new();
        let plan = house.approved();
        killed_at(&house, &plan, "committed");
        assert_eq!(house.files(), DOSSIERS as usize, "no file went before the kill");
        refuse(&house, &plan);
        let plan = if code == "nothing-planned" { house.plan() } else { plan };
        let refused = house.run(&["apply", &plan, "--format", "json"]);
        assert_eq!((refused.code, refused.json()["error"]["code"].as_str()), (3, Some(code)), "{refused:?}");
        assert!(refused.err.contains("settled what an interrupted run had begun: 1 batch, 1 of which"), "{refused:?}");
        assert_eq!(house.files(), (DOSSIERS - DUE) as usize, "{code}");
        assert_eq!(house.ask(&["audit", "lookup", "dossier", "7"])["answer"], "DESTROYED", "{code}");
        let again = house.run(&["apply", &plan]);
        assert!(again.code == 3 && !again.err.contains("settled"), "once: {again:?}");
        house.verify();
    }
}

#[test]
fn a_file_that_recovery_could_not_take_makes_the_next_run_partial() {
    let house = House::new();
    let plan = house.approved();
    killed_at(&house, &plan, "committed");
    // What stands there now is not what was recognized.
    std::fs::write(house.path("files/canary-7.txt"), "another document, written since").unwrap();
    let (code, run) = house.json(&["apply", &plan]);
    let told = &run["interrupted"];
    assert_eq!((code, &told["incomplete"], told["destroyed"].as_i64()), (5, &1.into(), Some(DUE - 1)), "{run}");
}

#[test]
fn a_file_that_somebody_took_before_any_was_unlinked_is_told_until_it_is_back_and_then_goes() {
    let house = House::new();
    let plan = house.approved();
    killed_at(&house, &plan, "committed");
    let (file, taken) = (house.path("files/canary-7.txt"), house.path("taken"));
    std::fs::rename(&file, &taken).unwrap();
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["interrupted"]["incomplete"]), (5, &1.into()), "{run}");
    let next = |id: i64| {
        let insert = "INSERT INTO dossier VALUES (?1, 'late-' || ?1, '2018-03-01T12:00:00Z')";
        house.database().execute(insert, [id]).unwrap();
        house.json(&["apply", &house.approved()])
    };
    for id in [100, 101] {
        let (code, run) = next(id);
        assert_eq!(
            (code, &run["destroyed"], &run["left"]),
            (5, &1.into(), &1.into()),
            "it is tried again and told: {run}"
        );
        let found = house.ask(&["audit", "lookup", "dossier", "7"]);
        assert_eq!(found["answer"], "PENDING", "{found}");
    }
    std::fs::rename(&taken, &file).unwrap();
    let (code, run) = next(102);
    assert_eq!((code, &run["left"], file.exists()), (0, &0.into(), false), "{run}");
    house.verify();
}

#[test]
fn a_file_that_is_absent_beneath_a_root_on_another_device_is_not_taken_for_unlinked() {
    let house = House::new();
    let plan = house.approved();
    killed_at(&house, &plan, "files-gone");
    // The mount point, as it is while the volume is not mounted.
    let elsewhere = tempfile::tempdir_in("/dev/shm").unwrap();
    std::fs::rename(house.path("files"), house.path("volume")).unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), house.path("files")).unwrap();
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["interrupted"]["incomplete"]), (5, &DUE.into()), "{run}");
}

/// What of its 60 files a run that was killed left to somebody who moves one: the program knows which it unlinked.
#[test]
fn a_file_that_somebody_moved_after_a_kill_is_not_taken_for_unlinked_however_far_the_run_had_come() {
    // Before the first file, and in mid-group.
    for (armed, unlinked) in [("files-alone=return(kill)", 0), ("file-begun=20*off->1*return(kill)", 20)] {
        let house = House::new();
        let plan = house.approved();
        let killed = house.command(&["apply", &plan]).env("FAILPOINTS", armed).status().unwrap();
        assert_eq!((killed.code(), house.files()), (None, DOSSIERS as usize - unlinked), "{armed}");
        // In the order of their paths this is the last one.
        let (file, taken) = (house.path("files/canary-9.txt"), house.path("taken"));
        std::fs::rename(&file, &taken).unwrap();
        let (code, run) = house.json(&["apply", &plan]);
        let told = &run["interrupted"];
        assert_eq!(
            (code, &told["incomplete"], &told["destroyed"], house.files()),
            (5, &1.into(), &(DUE - 1).into(), (DOSSIERS - DUE) as usize),
            "{armed}: {run}"
        );
        std::fs::rename(&taken, &file).unwrap();
        assert_eq!((house.json(&["apply", &plan]).0, file.exists()), (0, false), "{armed}");
        house.verify();
    }
}

/// Notes of single files are not synced; those of the group are.
#[test]
fn what_the_program_unlinked_before_the_machine_stopped_is_known_to_be_gone_although_the_last_notes_are_lost() {
    let house = House::new();
    let plan = house.approved();
    killed_at(&house, &plan, "files-gone");
    let spools = std::fs::read_dir(house.path("state/private/spool")).unwrap();
    let trail = spools.map(|entry| entry.unwrap().path()).find(|path| path.extension() == Some("trail".as_ref()));
    let trail = trail.unwrap();
    let noted = std::fs::read_to_string(&trail).unwrap();
    let synced = noted.lines().find(|line| line.contains("announced")).unwrap();
    assert!(noted.lines().count() > DUE as usize, "one a file: {noted}");
    std::fs::write(&trail, format!("{{\"boot\":null}}\n{synced}\n{{\"beg")).unwrap();
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["interrupted"]["destroyed"], house.files()), (0, &DUE.into(), 2), "{run}");
    house.verify();
}

#[test]
fn files_of_a_batch_whose_log_was_lost_go_where_the_database_tells_that_its_records_went() {
    for (step, late) in [("spooled", 0), ("committed", DUE)] {
        let house = House::new();
        let plan = house.approved();
        killed_at(&house, &plan, step);
        std::fs::rename(house.path("state/audit"), house.path("lost")).unwrap();
        house.ask(&["audit", "adopt", "--reason", "the disk is gone"]);
        let run = |id: i64, accept: &[&str]| {
            let insert = "INSERT INTO dossier VALUES (?1, 'late-' || ?1, '2018-03-01T12:00:00Z')";
            house.database().execute(insert, [id]).unwrap();
            let next = house.plan();
            house.ask(&[&["approve", &next], accept].concat());
            house.ask(&["apply", &next])
        };
        // No log tells what was destroyed before.
        let first = run(100, &["--accept", "rules,restored"]);
        assert_eq!((&first["left"], &first["late"]), (&0.into(), &late.into()), "{step}: {first}");
        assert_eq!(house.files() as i64, if late > 0 { DOSSIERS - DUE } else { 2 }, "{step}");
        // Until a batch was committed here, this might have been a copy from before the other one.
        run(101, &["--accept", "restored"]);
        assert_eq!(house.ask(&["plan"])["left"].as_array().unwrap().len(), 0, "{step}");
        house.verify();
    }
}

#[test]
fn a_plan_that_announced_a_record_and_still_waits_for_it_is_told_once() {
    let house = House::new();
    let plan = house.approved();
    killed_at(&house, &plan, "announce-durable");
    let there = house.ask(&["explain", "dossier", "1"]);
    let approvals = there["approvals"].as_array().unwrap();
    let covers: Vec<_> = approvals.iter().map(|approval| (&approval["plan"], &approval["covers"])).collect();
    assert_eq!(covers, [(&plan.as_str().into(), &"listed".into())], "{there}");
    killed_at(&house, &plan, "committed");
    let (_, gone) = house.json(&["explain", "dossier", "1"]);
    let approvals = gone["approvals"].as_array().unwrap();
    assert_eq!((approvals.len(), &approvals[0]["covers"]), (1, &"announced".into()), "{gone}");
}

#[test]
fn whoever_applies_answers_for_the_clock_only_where_something_may_go() {
    let house = House::new();
    let apply = |plan: &str| ran(house.command(&["apply", plan]).env("RETENTIOND_SYNCHRONIZED", "no"));
    let plan = house.plan();
    let refused = apply(&plan);
    assert!(refused.code == 3 && !refused.err.contains("answers for it"), "{refused:?}");
    let applied = apply(&house.approved());
    assert!(applied.code == 0 && applied.err.contains("whoever applies this plan answers for it"), "{applied:?}");
}

#[test]
fn a_run_that_ends_in_an_error_tells_what_it_had_destroyed_before() {
    let house = House::new();
    let plan = house.approved();
    let told = ran(house.command(&["apply", &plan]).env("FAILPOINTS", "chunk-done=return(enospc)"));
    assert_eq!(told.code, 1, "{told:?}");
    assert!(told.err.contains(&format!("had disposed of {DUE} records")), "{}", told.err);
    assert_eq!(house.rows("dossier"), DOSSIERS - DUE);
}

#[test]
fn records_that_are_gone_with_the_fence_of_their_batch_are_told_and_the_one_that_stayed_is_not_and_no_file_goes() {
    let house = House::new();
    let plan = house.approved();
    // Held only now, so that it is announced and stays.
    house.ask(&["hold", "place", "dossier", "9", "--reason", "litigation"]);
    killed_at(&house, &plan, "committed");
    house.database().execute("DELETE FROM retentiond_batch", []).unwrap();
    house.run(&["apply", &plan]);
    let outcomes = house.ask(&["audit", "show", "--kind", "outcome"]);
    assert_eq!(outcomes["entries"][0]["results"], "8i1r51i", "{outcomes}");
    assert_eq!(house.files() as i64, DOSSIERS, "nothing proves that a row would name what is somebody's");
    for (key, answer) in [("7", "PENDING"), ("9", "ABORTED")] {
        assert_eq!(house.ask(&["audit", "lookup", "dossier", key])["answer"], answer, "{key}");
    }
    house.verify();
}
