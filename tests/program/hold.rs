//! Holds as people place them: what is refused, what is warned of, and what holds all the same.

use std::process::Stdio;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::house::{DUE, House};
use crate::support::documented::assert_documented;
use crate::support::{CALENDAR, CONFIG, Organization};

#[test]
fn a_where_that_fails_on_any_record_is_refused_when_it_is_placed() {
    let house = House::new();
    // The first records read as JSON numbers; the one that does not comes later.
    house.database().execute_batch("UPDATE dossier SET number = 'x' || id; UPDATE dossier SET number = id").unwrap();
    house.database().execute("UPDATE dossier SET number = 'no JSON' WHERE id = 40", []).unwrap();
    for expression in ["json_extract(this.number, '$') = 1", "nowhere = 1", "1) OR (1", "DELETE FROM dossier"] {
        let (code, answer) = house.json(&["hold", "place", "dossier", "--where", expression, "--reason", "a claim"]);
        assert_eq!((code, &answer["error"]["code"]), (2, &"expression".into()), "{expression}: {answer}");
        assert!(answer["error"]["place"].as_str().unwrap().contains("dossier"), "{answer}");
    }
    assert!(house.ask(&["hold", "list"])["holds"].as_array().unwrap().is_empty());
}

#[test]
fn a_hold_whose_expression_can_no_longer_be_asked_is_named_with_its_mend() {
    let house = House::new();
    house.database().execute_batch("ALTER TABLE dossier ADD COLUMN merchant TEXT").unwrap();
    let hold = house.ask(&["hold", "place", "dossier", "--where", "merchant = 'X'", "--reason", "a claim"]);
    let hold = hold["hold"].as_str().unwrap().to_owned();
    house.database().execute_batch("ALTER TABLE dossier DROP COLUMN merchant").unwrap();
    for command in [["plan"].as_slice(), &["explain", "dossier", "1"]] {
        let (code, answer) = house.json(command);
        assert_eq!((code, &answer["error"]["code"]), (3, &"hold-expression".into()), "{command:?}: {answer}");
        let told = &answer["error"];
        assert!(told["message"].as_str().unwrap().contains(&hold), "{answer}");
        assert!(told["mend"].as_str().unwrap().contains(&format!("retentiond hold lift {hold}")), "{answer}");
    }
    assert_eq!(house.run(&["hold", "lift", &hold, "--reason", "the column is gone"]).code, 0);
    assert_eq!(house.ask(&["plan"])["rules"][0]["due"], DUE);
}

#[test]
fn a_hold_does_not_end_because_a_trigger_of_our_own_run_changes_what_it_reads() {
    let house = House::new();
    house
        .database()
        .execute_batch(
            "ALTER TABLE dossier ADD COLUMN disputed INTEGER DEFAULT 1;
             CREATE TRIGGER settled AFTER DELETE ON message BEGIN UPDATE dossier SET disputed = 0; END;",
        )
        .unwrap();
    house.edit("retentiond.toml", "reference     =", "database_triggers = [\"settled\"]\nreference     =");
    let disputed = "this.id = 9 AND this.disputed = 1";
    house.ask(&["hold", "place", "dossier", "--where", disputed, "--reason", "a claim"]);
    let run = house.ask(&["apply", &house.approved()]);
    assert_eq!(run["destroyed"], DUE - 1, "{run}");
    assert_eq!(house.rows("dossier WHERE disputed = 1"), 0);
    let rule = &house.ask(&["plan"])["rules"][0];
    assert_eq!((&rule["due"], &rule["held"]), (&0.into(), &1.into()), "{rule}");
}

#[test]
fn a_hold_that_can_no_longer_be_asked_refuses_an_apply_by_its_name_and_keeps_every_record() {
    let house = House::new();
    house.database().execute_batch("CREATE TABLE claim (number TEXT, state TEXT)").unwrap();
    let open = "EXISTS (SELECT 1 FROM claim WHERE claim.number = this.number AND claim.state = 'open')";
    let hold = house.ask(&["hold", "place", "dossier", "--where", open, "--reason", "a claim"]);
    let hold = hold["hold"].as_str().unwrap().to_owned();
    let plan = house.approved();
    house.database().execute_batch("ALTER TABLE claim DROP COLUMN state").unwrap();
    let before = house.ask(&["audit", "show"])["entries"].as_array().unwrap().len();
    let (code, answer) = house.json(&["apply", &plan]);
    assert_eq!((code, &answer["error"]["code"]), (3, &"hold-expression".into()), "{answer}");
    assert!(answer["error"]["message"].as_str().unwrap().contains(&hold), "{answer}");
    assert!(answer["error"]["mend"].as_str().unwrap().contains(&format!("retentiond hold lift {hold}")), "{answer}");
    house.assert_untouched();
    assert_eq!(house.ask(&["audit", "show"])["entries"].as_array().unwrap().len(), before, "nothing was announced");
    assert_eq!(house.run(&["hold", "lift", &hold, "--reason", "the column is gone"]).code, 0);
    assert_eq!(house.ask(&["apply", &plan])["destroyed"], DUE);
    assert_eq!(house.run(&["audit", "verify"]).code, 0);
}

#[test]
fn a_hold_that_fails_on_a_row_while_records_go_puts_the_rest_off_and_is_named() {
    let house = House::new();
    house.database().execute_batch("CREATE TABLE claim (told TEXT)").unwrap();
    let told = "EXISTS (SELECT 1 FROM claim WHERE json_extract(claim.told, '$.number') = this.number)";
    let hold = house.ask(&["hold", "place", "dossier", "--where", told, "--reason", "a claim"]);
    let hold = hold["hold"].as_str().unwrap().to_owned();
    let plan = house.approved();
    house.database().execute_batch("INSERT INTO claim VALUES ('no JSON')").unwrap();
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["deferred"], &run["destroyed"]), (5, &DUE.into(), &0.into()), "{run}");
    let reasons: Vec<&String> = run["reasons"].as_object().unwrap().keys().collect();
    assert!(matches!(reasons.as_slice(), [reason] if reason.contains(&format!("hold lift {hold}"))), "{run}");
    house.assert_untouched();
    house.database().execute_batch("UPDATE claim SET told = '{\"number\": \"canary-7\"}'").unwrap();
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["held"], &run["destroyed"]), (0, &1.into(), &(DUE - 1).into()), "{run}");
    assert_eq!(house.run(&["audit", "verify"]).code, 0);
}

/// An expression that holds for no record, after so many turns as the table `knob` says.
const SLOW: &str = "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < (SELECT turns FROM knob))
    SELECT count(*) FROM n) < 0";

fn house_with_a_knob(turns: i64) -> House {
    let house = House::new();
    house.database().execute_batch("CREATE TABLE knob (turns INTEGER); INSERT INTO knob VALUES (1)").unwrap();
    turn(&house, turns);
    house
}

fn turn(house: &House, turns: i64) {
    house.database().execute("UPDATE knob SET turns = ?", [turns]).unwrap();
}

#[test]
fn a_where_that_never_ends_is_refused_when_it_is_placed_and_the_application_writes_meanwhile() {
    let house = house_with_a_knob(i64::MAX);
    let application = house.database();
    application.busy_timeout(Duration::from_secs(4)).unwrap();
    let mut placing = house.command(&["hold", "place", "dossier", "--where", SLOW, "--reason", "a claim"]);
    let mut placing = placing.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while placing.try_wait().unwrap().is_none() {
        application.execute("UPDATE dossier SET number = number WHERE id = 1", []).unwrap();
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(placing.wait().unwrap().code(), Some(2));
    let (_, answer) = house.json(&["hold", "place", "dossier", "--where", SLOW, "--reason", "a claim"]);
    assert_eq!(answer["error"]["code"], "expression", "{answer}");
    assert!(answer["error"]["message"].as_str().unwrap().contains("1000 ms"), "{answer}");
    assert!(house.ask(&["hold", "list"])["holds"].as_array().unwrap().is_empty());
}

#[test]
fn a_hold_that_no_longer_answers_in_time_is_named_by_plan_and_explain() {
    let house = house_with_a_knob(1);
    let hold = house.ask(&["hold", "place", "dossier", "--where", SLOW, "--reason", "a claim"]);
    let hold = hold["hold"].as_str().unwrap().to_owned();
    turn(&house, i64::MAX);
    for command in [["plan"].as_slice(), &["explain", "dossier", "1"]] {
        let (code, answer) = house.json(command);
        assert_eq!((code, &answer["error"]["code"]), (3, &"hold-expression".into()), "{command:?}: {answer}");
        let told = answer["error"]["message"].as_str().unwrap();
        assert!(told.contains(&hold) && told.contains("not answered within"), "{answer}");
    }
}

#[test]
fn a_hold_that_does_not_answer_in_time_while_records_go_keeps_them_all_and_lets_the_application_write() {
    let house = house_with_a_knob(1);
    let hold = house.ask(&["hold", "place", "dossier", "--where", SLOW, "--reason", "a claim"]);
    let hold = hold["hold"].as_str().unwrap().to_owned();
    let plan = house.approved();
    turn(&house, i64::MAX);
    let application = house.database();
    application.busy_timeout(Duration::from_secs(4)).unwrap();
    let mut applying = house.command(&["apply", &plan, "--format", "json"]);
    let mut applying = applying.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    while applying.try_wait().unwrap().is_none() {
        application.execute("UPDATE dossier SET number = number WHERE id = 1", []).unwrap();
        thread::sleep(Duration::from_millis(20));
    }
    let run: Value = serde_json::from_slice(&applying.wait_with_output().unwrap().stdout).unwrap();
    assert_eq!((&run["deferred"], &run["destroyed"]), (&DUE.into(), &0.into()), "{run}");
    let reasons: Vec<&String> = run["reasons"].as_object().unwrap().keys().collect();
    assert!(matches!(reasons.as_slice(), [reason] if reason.contains(&format!("hold lift {hold}"))), "{run}");
    house.assert_untouched();
    turn(&house, 1);
    assert_eq!(house.ask(&["apply", &plan])["destroyed"], DUE);
    assert_eq!(house.run(&["audit", "verify"]).code, 0);
}

#[test]
fn a_mapping_that_does_not_answer_in_time_keeps_its_records_and_says_why() {
    let house = house_with_a_knob(1);
    let filter = format!("\nfilter        = \"\"\"NOT {SLOW}\"\"\"\nreference ");
    house.edit("retentiond.toml", "\nreference ", &filter);
    let plan = house.approved();
    turn(&house, 40_000_000);
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["deferred"], &run["destroyed"]), (5, &DUE.into(), &0.into()), "{run}");
    let reasons: Vec<&String> = run["reasons"].as_object().unwrap().keys().collect();
    assert!(matches!(reasons.as_slice(), [reason] if reason.contains("`filter`")), "{run}");
    house.assert_untouched();
    turn(&house, i64::MAX);
    let (code, answer) = house.json(&["plan"]);
    assert_eq!((code, &answer["error"]["code"]), (75, &"too-slow".into()), "{answer}");
    turn(&house, 1);
    assert_eq!(house.ask(&["apply", &plan])["destroyed"], DUE);
}

/// Holds for a record beside which its customer has another.
const HAS_NEIGHBOURS: &str =
    "EXISTS (SELECT 1 FROM dossier AS other WHERE other.customer = this.customer AND other.id <> this.id)";

/// Twenty customers have three due dossiers each, two of them one more.
fn house_of_customers() -> House {
    let house = House::new();
    let customers = "ALTER TABLE dossier ADD COLUMN customer INTEGER; UPDATE dossier SET customer = id % 20;
        CREATE INDEX dossier_customer ON dossier (customer);";
    house.database().execute_batch(customers).unwrap();
    house
}

#[test]
fn a_hold_on_the_last_record_of_each_customer_keeps_it_although_all_were_due_together() {
    let house = house_of_customers();
    house.ask(&["hold", "place", "dossier", "--where", &format!("NOT {HAS_NEIGHBOURS}"), "--reason", "a claim"]);
    let plan = house.approved();
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["destroyed"], &run["held"]), (0, &42.into(), &18.into()), "{run}");
    assert_eq!(house.rows("dossier WHERE id NOT IN (SELECT max(id) FROM dossier GROUP BY customer)"), 0);
    assert_eq!(house.run(&["audit", "verify"]).code, 0);
}

#[test]
fn a_filter_that_spares_the_last_record_of_each_customer_spares_it_although_all_were_due_together() {
    let house = house_of_customers();
    house.edit("retentiond.toml", "\nreference ", &format!("\nfilter = \"{HAS_NEIGHBOURS}\"\nreference "));
    let plan = house.approved();
    let (code, run) = house.json(&["apply", &plan]);
    assert_eq!((code, &run["destroyed"], &run["drifted"]), (0, &42.into(), &18.into()), "{run}");
}

#[test]
fn a_hold_that_keeps_nothing_now_says_so_and_keeps_what_matches_later() {
    let house = House::new();
    let place =
        |expression: &str| house.ask(&["hold", "place", "dossier", "--where", expression, "--reason", "a claim"]);
    assert_eq!(place("this.number = 'canary-1'")["present"], true);
    assert_eq!(place("this.number = 'later'")["present"], false);
    let said = house.run(&["hold", "place", "dossier", "--where", "0", "--reason", "a claim"]).out;
    assert!(said.contains("It keeps nothing now"), "{said}");
    assert_eq!(house.ask(&["plan"])["rules"][0]["held"], 1);
    house.database().execute("UPDATE dossier SET number = 'later' WHERE id = 2", []).unwrap();
    assert_eq!(house.ask(&["plan"])["rules"][0]["held"], 2);
}

#[test]
fn a_review_date_that_is_over_is_said_and_the_hold_holds() {
    let house = House::new();
    let place = |day: &str| {
        house.ask(&["hold", "place", "dossier", "7", "--reason", "a claim", "--review-by", day])["review_is_past"]
            .clone()
    };
    assert_eq!((place("2020-01-01"), place("2190-01-01")), (true.into(), false.into()));
    assert_eq!(house.ask(&["plan"])["rules"][0]["held"], 1);
}

#[cfg(feature = "simulate")]
#[test]
fn a_hold_placed_while_the_clock_is_behind_the_log_holds_and_is_recorded_later() {
    let house = House::new();
    house.set_clock("2026-03-01T12:00:00Z");
    let plan = house.approved();
    house.set_clock("2026-02-27T12:00:00Z");
    let ran = house.run(&["hold", "place", "dossier", "7", "--reason", "a claim"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("not on record yet") && ran.out.contains("do not place it again"), "{}", ran.out);
    house.set_clock("2026-03-01T12:01:00Z");
    assert_eq!(house.ask(&["hold", "list"])["holds"].as_array().unwrap().len(), 1);
    assert_eq!(house.ask(&["audit", "show", "--kind", "hold"])["entries"].as_array().unwrap().len(), 1);
    assert_eq!(house.ask(&["apply", &plan])["held"], 1);
}

#[test]
fn a_record_and_a_person_named_at_once_are_refused_rather_than_one_of_them_forgotten() {
    let house = House::new();
    let (code, answer) = house.json(&["hold", "place", "dossier", "7", "--subject", "3", "--reason", "a claim"]);
    assert_eq!(code, 2, "{answer}");
    assert!(house.ask(&["hold", "list"])["holds"].as_array().unwrap().is_empty());
}

#[test]
fn an_expression_that_answers_otherwise_each_time_is_no_hold() {
    let house = House::new();
    for expression in ["\"random\"() > 0", "this.closed_at < date('now')", "unixepoch('subsec') > 0"] {
        let (code, answer) = house.json(&["hold", "place", "dossier", "--where", expression, "--reason", "a claim"]);
        assert_eq!((code, &answer["error"]["code"]), (2, &"expression".into()), "{expression}: {answer}");
    }
}

#[test]
fn a_hold_on_a_rule_that_disposes_of_nothing_here_says_so() {
    let house = House::new();
    let rule = |number: &str, more: &str| {
        format!(
            "[[rule]]\nnumber = \"{number}\"\nseries = \"dossier\"\ntrigger = \"closure\"\nkeep = \"P9Y\"\ndisposition = \"destroy\"\n{more}\n\n"
        )
    };
    let more = rule("R-2", "example = true") + &rule("R-3", "executed = \"elsewhere\"");
    house.edit("calendar.toml", "[[rule]]", &format!("{more}[[rule]]"));
    for (rule, why, said) in [("R-2", "example", "this rule is an example"), ("R-3", "elsewhere", "executed elsewhere")]
    {
        let hold = house.ask(&["hold", "place", "--rule", rule, "--reason", "litigation"]);
        assert_eq!(hold["unobeyed"], why, "{hold}");
        let told = house.run(&["hold", "place", "--rule", rule, "--reason", "litigation"]).out;
        assert!(told.contains("It keeps nothing") && told.contains(said), "{told}");
    }
    let obeyed = house.ask(&["hold", "place", "--rule", "R-1", "--reason", "litigation"]);
    assert!(obeyed["unobeyed"].is_null(), "{obeyed}");
}

#[test]
fn a_hold_on_a_person_or_by_an_expression_says_how_many_records_of_which_series_it_keeps() {
    let house = House::of_persons();
    let place = |what: &[&str]| house.ask(&[&["hold", "place"], what, &["--reason", "a claim"]].concat());
    let person = place(&["--subject", "7"]);
    assert_eq!(
        (&person["keeps"], &person["present"]),
        (&json!({ "dossier": 6, "person": 1 }), &true.into()),
        "{person}"
    );
    assert_documented("hold place, hold lift, hold list", &person);
    assert_eq!(place(&["dossier", "--where", "this.id <= 5"])["keeps"], json!({ "dossier": 5 }));
    assert_eq!(place(&["dossier", "7"])["keeps"], json!({ "dossier": 1 }));
    assert!(place(&["dossier"]).get("keeps").is_none(), "a hold on a series says itself what it keeps");
    assert!(person.get("spares").is_none() && place(&["dossier", "7"]).get("spares").is_none());
    for by_the_series_of_people in [&["person", "7"][..], &["person", "--where", "this.id = 7"], &["person"]] {
        assert_eq!(place(by_the_series_of_people)["spares"], json!(["dossier"]), "{by_the_series_of_people:?}");
    }
    let said = house.run(&["hold", "place", "person", "6", "--reason", "a claim"]).flat();
    assert!(said.contains("not what the same people have in dossier; a person with all records"), "{said}");
    let said = house.run(&["hold", "place", "--subject", "8", "--reason", "a claim"]).out;
    assert!(said.contains("It keeps now: dossier: 6, person: 1."), "{said}");
    house.database().execute("DELETE FROM person WHERE id = 7", []).unwrap();
    let list = house.ask(&["hold", "list"]);
    let of_the_person = list["holds"].as_array().unwrap().iter().find(|hold| hold["hold"] == person["hold"]).unwrap();
    assert_eq!(of_the_person["keeps"], json!({ "dossier": 6, "person": 0 }), "{list}");
    let list = house.run(&["hold", "list"]).out;
    assert!(list.contains("(now dossier: 6,") && list.contains("(now dossier: 5)"), "{list}");
    house.database().execute("ALTER TABLE dossier RENAME TO elsewhere", []).unwrap();
    assert!(house.ask(&["hold", "list"])["holds"][0].get("keeps").is_none(), "nobody can count any more");
}

#[test]
fn a_hold_on_a_record_that_was_destroyed_says_when_and_in_which_entry() {
    let house = House::new();
    house.ask(&["apply", &house.approved()]);
    for name in [&["1"][..], &["--reference", "canary-1"]] {
        let line = [&["hold", "place", "dossier"], name, &["--reason", "a claim"]].concat();
        let held = house.ask(&line);
        assert_eq!((&held["present"], &held["lookup"]["answer"]), (&false.into(), &"DESTROYED".into()), "{held}");
        assert_documented("hold place, hold lift, hold list", &held);
        let said = house.run(&line).out;
        let entry = held["lookup"]["mentions"][0]["intent"].to_string();
        for expected in ["It came too late: the record is gone", "It was destroyed", &format!("entries {entry} and")] {
            assert!(said.contains(expected), "{expected} is missing from\n{said}");
        }
    }
    let never = house.run(&["hold", "place", "dossier", "4711", "--reason", "a claim"]).out;
    assert!(never.contains("It keeps nothing now: no such record") && !never.contains("too late"), "{never}");
}

#[test]
fn a_hold_on_a_rule_keeps_what_it_governs_though_another_rule_decides() {
    let house = House::new();
    let floor = "\n[[rule]]\nnumber = \"R-F\"\nseries = \"dossier\"\ntrigger = \"closure\"\nkeep = \"P1D\"\nrole = \"floor\"\nbasis = [{ source = \"s\", text = \"t\" }]\n";
    let calendar = std::fs::read_to_string(house.path("calendar.toml")).unwrap();
    std::fs::write(house.path("calendar.toml"), calendar + floor).unwrap();
    let plan = house.approved();
    assert_eq!(house.run(&["hold", "place", "--rule", "R-F", "--reason", "an inquiry"]).code, 0);
    let run = house.ask(&["apply", &plan]);
    assert_eq!((&run["held"], &run["destroyed"]), (&DUE.into(), &0.into()), "{run}");
    let rule = &house.ask(&["plan"])["rules"][0];
    assert_eq!((&rule["held"], &rule["due"]), (&DUE.into(), &0.into()), "{rule}");
    assert_eq!(house.ask(&["explain", "dossier", "4"])["verdict"], "held");
}

/// Dossiers 1 and 2 and a note of each, all due; the notes are a series of their own, which goes first.
fn dossiers_with_notes() -> Organization {
    let calendar = format!(
        "{CALENDAR}\n[[series]]\nname = \"note\"\ntriggers = {{ made = {{ en = \"Made\" }} }}\n\n[[rule]]\nnumber = \"R-2\"
title = {{ en = \"Notes\" }}\nseries = \"note\"\ntrigger = \"made\"\nkeep = \"P1Y\"\ndisposition = \"destroy\"\n"
    );
    let note =
        "[series.note]\nsource = \"app\"\ntable = \"note\"\nkey = \"id\"\nevent.made = \"made_at\"\n\n[series.dossier]";
    let config = CONFIG.replace("[series.dossier]", note);
    let organization = Organization::new(&calendar, &format!("{config}\n[limits]\nmax_share = 1.0\npace = \"full\"\n"));
    let tables = "CREATE TABLE dossier (id INTEGER PRIMARY KEY, closed_at TEXT);
        CREATE INDEX dossier_closed ON dossier (closed_at);
        CREATE TABLE note (id INTEGER PRIMARY KEY, dossier_id INTEGER, legal INTEGER, made_at TEXT);
        CREATE INDEX note_dossier ON note (dossier_id); CREATE INDEX note_made ON note (made_at);
        INSERT INTO dossier VALUES (1, '2018-03-15T12:00:00Z'), (2, '2018-03-15T12:00:00Z');
        INSERT INTO note VALUES (10, 1, 0, '2018-03-15T12:00:00Z'), (20, 2, 1, '2018-03-15T12:00:00Z');";
    organization.database().execute_batch(tables).unwrap();
    organization
}

const LEGAL: &str = "EXISTS (SELECT 1 FROM note WHERE note.dossier_id = this.id AND note.legal)";

#[test]
fn a_where_keeps_its_records_although_the_rows_that_it_reads_go_first() {
    let organization = dossiers_with_notes();
    let plan = organization.ask(&["plan"])["plan"].as_str().unwrap().to_owned();
    organization.ask(&["approve", &plan, "--accept", "rules", "--accept", "empty"]);
    let placed = organization.ask(&["hold", "place", "dossier", "--where", LEGAL, "--reason", "a claim"]);
    assert_eq!(placed["keeps"], json!({ "dossier": 1 }), "{placed}");
    let run = organization.ask(&["apply", &plan]);
    assert_eq!((&run["held"], &run["destroyed"]), (&1.into(), &3.into()), "{run}");
    let left = |sql| organization.database().query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!((left("SELECT sum(id) FROM dossier"), left("SELECT count(*) FROM note")), (2, 0));
    let listed = organization.ask(&["hold", "list"]);
    assert_eq!(listed["holds"][0]["keeps"], json!({ "dossier": 1 }), "{listed}");
}

#[test]
fn a_where_that_reads_other_rows_is_refused_where_its_records_are_too_many_to_note() {
    let organization = dossiers_with_notes();
    let more = "WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n WHERE i < 10001)
        INSERT INTO dossier SELECT i, NULL FROM n";
    organization.database().execute_batch(more).unwrap();
    let place = |expression: &str| {
        organization.json(&["hold", "place", "dossier", "--where", expression, "--reason", "a claim"])
    };
    let (code, answer) = place("this.id IN (SELECT id FROM dossier)");
    assert_eq!((code, &answer["error"]["code"]), (2, &"hold-unbound".into()), "{answer}");
    assert_eq!(organization.ask(&["hold", "list"])["holds"], json!([]));
    assert_eq!(place("this.id IN (SELECT id FROM dossier WHERE id > 1)").0, 0, "10,000 can be noted");
    assert_eq!(place("this.id > 0").0, 0, "it reads the record's own row alone");
    assert_eq!(place("this.id IN (SELECT value FROM json_each('[' || this.id || ']'))").0, 0, "as does this one");
}

#[test]
fn a_hold_by_key_says_that_it_keeps_what_differs_from_it_in_case_or_blanks_only() {
    let house = House::new();
    let config = std::fs::read_to_string(house.path("retentiond.toml")).unwrap();
    std::fs::write(house.path("retentiond.toml"), config.replacen("= \"id\"", "= \"number\"", 1)).unwrap();
    house.database().execute_batch("UPDATE dossier SET number = 'CANARY-2' WHERE id = 3").unwrap();
    for (key, kept) in [("Canary-1 ", 1), ("canary-2", 2), ("canary-4711", 0), ("Canary-5", 1)] {
        let placed = house.ask(&["hold", "place", "dossier", key, "--reason", "a claim"]);
        assert_eq!(
            (&placed["keeps"], &placed["present"]),
            (&json!({ "dossier": kept }), &(kept > 0).into()),
            "{key:?}: {placed}"
        );
    }
    let list = house.ask(&["hold", "list"]);
    let kept = list["holds"].as_array().unwrap().iter().map(|hold| hold["keeps"]["dossier"].as_u64().unwrap());
    assert_eq!(kept.sum::<u64>(), 4, "{list}");
    assert_eq!(house.ask(&["plan"])["rules"][0]["held"], 4);
}
