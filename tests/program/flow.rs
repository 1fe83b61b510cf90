//! The main job: plan, approve, apply, verify; and everything that must stand in its way.

use std::fs;
use std::process::Command;

use super::house::{DOSSIERS, DUE, House};
use super::support::ran;

#[test]
fn what_is_due_goes_with_its_rows_and_files_and_the_rest_stays() {
    let house = House::new();
    let plan = house.approved();
    house.assert_untouched();
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!(code, 0, "{run}");
    assert_eq!(run["planned"], DUE);
    assert_eq!(run["destroyed"], DUE);
    assert_eq!(run["rows"], DUE * 4);
    assert_eq!(run["files"], DUE);
    assert_eq!(run["level"], "logical");
    assert_eq!(house.rows("dossier"), DOSSIERS - DUE);
    assert_eq!(house.rows("message"), (DOSSIERS - DUE) * 2);
    assert_eq!(house.rows("document"), DOSSIERS - DUE);
    assert_eq!(house.files(), (DOSSIERS - DUE) as usize);
    let (code, report) = house.json(&["audit", "verify"]);
    assert_eq!((code, &report["verdict"]), (0, &"OK-UNANCHORED".into()), "{report}");
    let (_, again) = house.json(&["plan"]);
    assert_eq!(again["rules"][0]["due"], 0, "{again}");
}

#[test]
fn a_run_s_outcomes_and_a_series_verdicts_add_up() {
    let house = House::new();
    assert_eq!(house.run(&["hold", "place", "dossier", "3", "--reason", "litigation"]).code, 0);
    let (_, plan) = house.json(&["plan"]);
    let rule = &plan["rules"][0];
    let sum: i64 = ["open", "undated", "not_yet", "held", "blocked", "due", "filtered"]
        .iter()
        .map(|verdict| rule[verdict].as_i64().unwrap())
        .sum();
    assert_eq!((sum, &rule["held"], &rule["open"], &rule["undated"]), (DOSSIERS, &1.into(), &1.into(), &1.into()));
}

#[test]
fn a_plan_touches_nothing_of_the_records() {
    let house = House::new();
    let before = fs::read(house.path("app.db")).unwrap();
    let listing = || {
        let mut names: Vec<_> =
            fs::read_dir(house.path(".")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.retain(|name| name != "state");
        names.sort();
        names
    };
    let names = listing();
    house.plan();
    assert_eq!(fs::read(house.path("app.db")).unwrap(), before);
    assert_eq!(listing(), names);
}

#[test]
fn the_same_records_on_the_same_day_give_the_same_plan() {
    let house = House::new();
    assert_eq!(house.plan(), house.plan());
}

#[test]
fn a_rail_that_is_not_named_refuses_and_is_told_with_its_name() {
    let house = House::new();
    let plan = house.plan();
    let (code, answer) = house.json(&["approve", &plan]);
    assert_eq!(code, 3);
    assert_eq!(answer["error"]["rails"], serde_json::json!(["rules"]), "{answer}");
    let (code, answer) = house.json(&["apply", &plan]);
    assert_eq!(code, 3, "{answer}");
    house.assert_untouched();
}

#[test]
fn a_plan_is_executed_once() {
    let house = House::new();
    let plan = house.approved();
    assert_eq!(house.run(&["apply", &plan]).code, 0);
    let (code, answer) = house.json(&["apply", &plan]);
    assert_eq!(code, 3, "{answer}");
    assert!(answer["error"]["message"].as_str().unwrap().contains("executed already"), "{answer}");
    assert_eq!(house.run(&["approve", &plan, "--accept", "rules"]).code, 3);
}

#[test]
fn a_rejected_plan_can_no_longer_be_approved_or_applied() {
    let house = House::new();
    let plan = house.plan();
    assert_eq!(house.run(&["reject", &plan, "--reason", "not now"]).code, 0);
    assert_eq!(house.run(&["approve", &plan, "--accept", "rules"]).code, 3);
    assert_eq!(house.run(&["apply", &plan]).code, 3);
    house.assert_untouched();
}

#[test]
fn an_approval_that_was_taken_back_allows_nothing_of_later_plans() {
    let house = House::new();
    let plan = house.approved();
    assert_eq!(house.run(&["reject", &plan, "--reason", "the rule is wrong"]).code, 0);
    let (_, next) = house.json(&["plan"]);
    assert!(next["rails"].as_array().unwrap().contains(&"rules".into()), "{next}");
    let id = next["plan"].as_str().unwrap();
    assert_ne!(id, plan);
    let refused = house.run(&["approve", id]);
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(refused.err.contains("rejected afterwards"), "{refused:?}");
    house.assert_untouched();
}

#[test]
fn a_plan_for_a_day_to_come_is_a_simulation_that_nobody_can_approve() {
    let house = House::new();
    let (code, plan) = house.json(&["plan", "--as-of", "2190-01-01"]);
    assert_eq!((code, &plan["simulation"]), (0, &true.into()));
    let id = plan["plan"].as_str().unwrap();
    assert_eq!(house.run(&["approve", id, "--accept", "rules"]).code, 3);
    assert_eq!(house.run(&["apply", id]).code, 3);
    house.assert_untouched();
}

#[test]
fn a_hold_placed_after_the_approval_still_holds() {
    let house = House::new();
    let plan = house.approved();
    assert_eq!(house.run(&["hold", "place", "dossier", "7", "--reason", "access request"]).code, 0);
    assert_eq!(house.run(&["hold", "place", "dossier", "--reference", "canary-8", "--reason", "the same"]).code, 0);
    assert_eq!(house.run(&["hold", "place", "dossier", "--where", "this.id = 9", "--reason", "the same"]).code, 0);
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["held"], &run["destroyed"]), (0, &3.into(), &(DUE - 3).into()), "{run}");
    assert_eq!(house.rows("dossier WHERE id IN (7, 8, 9)"), 3);
    assert!(house.path("files/canary-7.txt").exists());
    let asked = house.run(&["--lang", "en", "audit", "lookup", "dossier", "7"]);
    assert!(asked.out.contains("ABORTED") && asked.out.contains("it was under a hold"), "{asked:?}");
}

#[test]
fn a_hold_on_a_record_that_is_not_there_is_placed_and_says_so() {
    let house = House::new();
    let (code, there) = house.json(&["hold", "place", "dossier", "7", "--reason", "access request"]);
    assert_eq!((code, &there["present"]), (0, &true.into()), "{there}");
    let (code, absent) = house.json(&["hold", "place", "dossier", "99999999", "--reason", "access request"]);
    assert_eq!((code, &absent["present"]), (0, &false.into()), "{absent}");
    let said = house.run(&["hold", "place", "dossier", "--reference", "nobody", "--reason", "access request"]);
    assert!(said.code == 0 && said.out.contains("It keeps nothing now: no such record"), "{}{}", said.out, said.err);
}

#[test]
fn a_plan_without_records_has_nothing_to_approve() {
    let house = House::new();
    assert_eq!(house.run(&["hold", "place", "dossier", "--reason", "litigation"]).code, 0);
    let plan = house.plan();
    let (code, answer) = house.json(&["approve", &plan, "--accept", "rules"]);
    assert_eq!((code, &answer["error"]["code"]), (3, &"nothing-planned".into()), "{answer}");
    assert_eq!(house.ask(&["plans"])["plans"][0]["state"], "empty");
    let list = house.run(&["plans", "--lang", "en"]).out;
    assert!(list.contains("nothing due") && !list.contains("pending"), "{list}");
}

#[test]
fn a_lifted_hold_lets_the_record_follow_its_calendar() {
    let house = House::new();
    let (_, hold) = house.json(&["hold", "place", "dossier", "7", "--reason", "access request"]);
    let id = hold["hold"].as_str().unwrap();
    let (_, list) = house.json(&["hold", "list"]);
    assert_eq!(list["holds"][0]["hold"], id);
    assert_eq!(house.run(&["hold", "lift", id, "--reason", "answered"]).code, 0);
    let (_, plan) = house.json(&["plan"]);
    assert_eq!(plan["rules"][0]["due"], DUE);
    assert_eq!(house.run(&["hold", "lift", id, "--reason", "again"]).code, 2);
}

#[test]
fn what_changed_after_the_approval_is_kept_and_counted() {
    let house = House::new();
    let plan = house.approved();
    house.database().execute("UPDATE dossier SET closed_at = NULL WHERE id = 5", []).unwrap();
    house.database().execute("UPDATE dossier SET closed_at = '2019-01-01T00:00:00Z' WHERE id = 6", []).unwrap();
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["drifted"], &run["destroyed"]), (0, &2.into(), &(DUE - 2).into()), "{run}");
    assert_eq!(house.rows("dossier WHERE id IN (5, 6)"), 2);
}

#[test]
fn records_left_out_by_the_approval_stay() {
    let house = House::new();
    let (_, plan) = house.json(&["plan", "--csv", "list.csv"]);
    let list = fs::read_to_string(house.path("list.csv")).unwrap();
    // Days and hours of the calendar's zone: midnight in Québec, with its offset.
    assert!(list.lines().skip(1).all(|line| line.contains("T00:00:00-0")), "{list}");
    let kept: Vec<&str> = list.lines().take(3).collect();
    fs::write(house.path("except.csv"), kept.join("\n")).unwrap();
    let id = plan["plan"].as_str().unwrap();
    let (code, answer) = house.json(&["approve", id, "--accept", "rules", "--except", "except.csv"]);
    assert_eq!((code, &answer["excepted"]), (0, &2.into()), "{answer}");
    let listed = &house.ask(&["plans"])["plans"][0];
    assert_eq!((&listed["planned"], &listed["approved"]), (&DUE.into(), &(DUE - 2).into()), "{listed}");
    let said = house.run(&["plans"]).out;
    assert!(said.contains("58 of 60"), "{said}");
    let (_, run) = house.json(&["apply", id]);
    assert_eq!(run["destroyed"], DUE - 2, "{run}");
}

#[test]
fn explain_and_lookup_answer_before_and_after() {
    let house = House::new();
    let (code, before) = house.json(&["explain", "dossier", "4"]);
    assert_eq!((code, &before["verdict"], &before["rule"]), (0, &"due".into(), &"R-1".into()), "{before}");
    assert_eq!(before["rules"][0]["ways"][0]["last_day"], "2019-03-05");
    let (_, open) = house.json(&["explain", "dossier", "61"]);
    assert_eq!(open["verdict"], "open");
    let (_, undated) = house.json(&["explain", "dossier", "--reference", "canary-62"]);
    assert_eq!((&undated["verdict"], &undated["why"]), (&"undated".into(), &"format".into()));
    let plan = house.approved();
    assert_eq!(house.run(&["apply", &plan]).code, 0);
    let (_, after) = house.json(&["explain", "dossier", "4"]);
    assert_eq!((&after["verdict"], &after["entries"][0]["answer"]), (&"gone".into(), &"DESTROYED".into()), "{after}");
    for arguments in
        [["audit", "lookup", "dossier", "4"].as_slice(), &["audit", "lookup", "dossier", "--reference", "canary-4"]]
    {
        let (code, found) = house.json(arguments);
        assert_eq!((code, &found["answer"]), (0, &"DESTROYED".into()), "{found}");
    }
    let (_, never) = house.json(&["audit", "lookup", "dossier", "999"]);
    assert_eq!(never["answer"], "NOT-FOUND");
}

#[test]
fn an_old_checkpoint_anchors_the_log_and_catches_a_rewritten_one() {
    let house = House::new();
    let plan = house.approved();
    fs::write(house.path("kept"), house.run(&["audit", "checkpoint"]).out).unwrap();
    fs::copy(house.path("state/audit/vkey"), house.path("vkey")).unwrap();
    assert_eq!(house.run(&["apply", &plan]).code, 0);
    let verify = ["audit", "verify", "state/audit", "--vkey", "vkey", "--checkpoint", "kept"];
    let (code, report) = house.json(&verify);
    let verdict = report["verdict"].as_str().unwrap();
    assert!(code == 0 && verdict.starts_with("OK-ANCHORED-TO-"), "{report}");
    let other = House::new();
    other.approved();
    fs::write(house.path("kept"), other.run(&["audit", "checkpoint"]).out).unwrap();
    let (code, report) = house.json(&verify);
    assert_eq!((code, &report["verdict"]), (4, &"FAIL".into()), "{report}");
}

#[test]
fn one_entry_is_proven_to_who_has_no_log() {
    let house = House::new();
    let plan = house.approved();
    assert_eq!(house.run(&["apply", &plan]).code, 0);
    let (_, found) = house.json(&["audit", "lookup", "dossier", "4"]);
    let entry = found["mentions"][0]["intent"].to_string();
    assert_eq!(house.run(&["audit", "prove", &entry, "--out", "proof"]).code, 0);
    let (code, proven) = house.json(&["audit", "verify", "--proof", "proof", "--vkey", "state/audit/vkey"]);
    assert_eq!((code, &proven["entry"]["kind"]), (0, &"intent".into()), "{proven}");
    let mut proof = fs::read(house.path("proof")).unwrap();
    let middle = proof.len() / 2;
    proof[middle] ^= 1;
    fs::write(house.path("proof"), proof).unwrap();
    assert_eq!(house.run(&["audit", "verify", "--proof", "proof", "--vkey", "state/audit/vkey"]).code, 4);
}

#[test]
fn check_tells_of_the_rows_that_another_log_left_and_leaves_them_alone() {
    let house = House::new();
    let told = || {
        let findings = house.json(&["check"]).1["findings"].as_array().unwrap().clone();
        findings.into_iter().filter(|finding| finding["code"] == "foreign-fences").collect::<Vec<_>>()
    };
    let plan = house.approved();
    assert_eq!(house.run(&["apply", &plan]).code, 0);
    assert!(told().is_empty(), "its own rows are no news");
    let row = "INSERT INTO retentiond_batch VALUES ('other.example', 7, 'committed', '')";
    house.database().execute_batch(row).unwrap();
    let found = told();
    assert_eq!((found.len(), &found[0]["severity"]), (1, &"note".into()), "{found:?}");
    assert!(found[0]["message"].as_str().unwrap().contains("log other.example left rows here (1)"), "{found:?}");
    assert_eq!(house.rows("retentiond_batch WHERE origin = 'other.example'"), 1);
}

/// Under 000 whatever is made without a mode of its own may be written by everybody, which the next command refuses.
#[test]
fn whatever_the_umask_the_next_command_accepts_what_the_one_before_made() {
    let house = House::new();
    let run = |arguments: &[&str]| {
        let command = house.command(arguments);
        let mut shell = Command::new("sh");
        shell.args(["-c", "umask 000; exec \"$0\" \"$@\""]).arg(command.get_program()).args(command.get_args());
        shell.current_dir(house.path("")).envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let ran = ran(&mut shell);
        assert_eq!(ran.code, 0, "{arguments:?}: {ran:?}");
    };
    run(&["plan"]);
    let plan = house.plans("pending").remove(0);
    run(&["approve", &plan, "--accept", "share,rules"]);
    run(&["hold", "place", "dossier", "3", "--reason", "litigation"]);
    run(&["apply", &plan]);
    run(&["audit", "verify"]);
    run(&["plan"]);
}
