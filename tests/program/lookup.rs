//! What `audit lookup` and `explain` say where not all is here that would give the answer.

use std::fs;

use super::house::House;
use crate::support::documented::assert_documented;

const LOOKUP: [&str; 4] = ["audit", "lookup", "dossier", "4"];

/// Lets `work` be done, and puts the state back as it was before.
fn forgotten(house: &House, work: impl FnOnce()) {
    let copied = std::process::Command::new("cp").args(["-a", "state", "older"]).current_dir(house.path("")).status();
    assert!(copied.unwrap().success());
    work();
    fs::rename(house.path("state"), house.path("newer")).unwrap();
    fs::rename(house.path("older"), house.path("state")).unwrap();
}

/// Neither command knows, and each says so.
fn cannot_tell(house: &House, why: &str) {
    for (arguments, answer) in [(LOOKUP.as_slice(), "/answer"), (&["explain", "dossier", "4"], "/lookup/answer")] {
        let (code, found) = house.json(arguments);
        assert_eq!((code, found.pointer(answer)), (1, Some(&"CANNOT-TELL".into())), "{found}");
        let ran = house.run(arguments);
        let text = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(ran.code == 1 && text.contains(why), "{}{}", ran.out, ran.err);
    }
}

#[test]
fn a_destruction_is_not_denied_where_the_key_that_named_it_is_missing() {
    let house = House::destroyed();
    let (key, aside) = (house.path(&house.fingerprint_key()), house.path("aside"));
    fs::rename(&key, &aside).unwrap();
    cannot_tell(&house, "Put them back from your copy of `private/keys`");
    fs::rename(&aside, &key).unwrap();
    assert_eq!(house.json(&LOOKUP).1["answer"], "DESTROYED");
    // Nor where all keys are.
    fs::rename(house.path("state/private/keys"), &aside).unwrap();
    let (code, found) = house.json(&LOOKUP);
    assert_eq!((code, &found["answer"]), (1, &"CANNOT-TELL".into()), "{found}");
    assert_eq!(found["missing_keys"].as_array().unwrap().len(), 1, "{found}");
}

/// The house after `audit adopt`: the log that tells of record 4 is the earlier one.
fn succeeded() -> House {
    let house = House::destroyed();
    assert_eq!(house.run(&["audit", "adopt", "--reason", "moved to another machine"]).code, 0);
    house
}

#[test]
fn an_earlier_log_answers_as_long_as_it_stands_beside_unchanged() {
    let house = succeeded();
    let found = house.ask(&LOOKUP);
    assert_eq!(
        (&found["answer"], found["missing_logs"].as_array().unwrap().len()),
        (&"DESTROYED".into(), 0),
        "{found}"
    );
    // A record that neither knows.
    assert_eq!(house.ask(&["audit", "lookup", "dossier", "999"])["answer"], "NOT-FOUND");
    let shown = house.ask(&["audit", "show"]);
    assert_eq!(shown["earlier"]["state"], "whole", "{shown}");
}

#[test]
fn a_destruction_is_not_denied_where_an_earlier_log_was_moved_away() {
    let house = succeeded();
    let (earlier, away) = (house.path("state/audit.1"), house.path("away"));
    fs::rename(&earlier, &away).unwrap();
    cannot_tell(&house, "Put that directory back beside it");
    let shown = house.run(&["audit", "show", "--kind", "outcome"]);
    assert!(shown.code == 1 && shown.flat().contains("which were not looked at"), "{shown:?}");
    let exported = house.run(&["audit", "export", "--out", "log.csv"]);
    assert!(exported.code == 1 && exported.flat().contains("which were not looked at"), "{exported:?}");
    let verified = house.run(&["audit", "verify"]);
    assert!(verified.code == 0 && verified.flat().contains("which were not looked at"), "{verified:?}");
    fs::rename(&away, &earlier).unwrap();
    assert_eq!(house.ask(&LOOKUP)["answer"], "DESTROYED");
}

/// Lets the published entries of a log say that records were held which it says were destroyed.
fn falsify(house: &House, log: &str) {
    let bundles = house.path(&format!("{log}/tile/entries/000.p"));
    let bundle = fs::read_dir(&bundles).unwrap().next().unwrap().unwrap().path();
    let mut bytes = fs::read(&bundle).unwrap();
    let name = br#""results":""#;
    let start = bytes.windows(name.len()).position(|window| window == name).unwrap();
    let letter = start + bytes[start..].iter().position(|byte| *byte == b'D').unwrap();
    bytes[letter] = b'h';
    fs::write(&bundle, bytes).unwrap();
}

#[test]
fn a_directory_exchanged_for_the_earlier_log_is_not_believed() {
    let house = succeeded();
    falsify(&house, "state/audit.1");
    let (code, found) = house.json(&LOOKUP);
    assert_eq!((code, &found["answer"]), (4, &"CANNOT-TELL".into()), "{found}");
    assert!(house.run(&LOOKUP).out.contains("does not hold"), "{found}");
    assert_eq!(house.run(&["audit", "show"]).code, 4);
    assert_eq!(house.run(&["audit", "verify"]).code, 4);
}

#[test]
fn nothing_is_answered_from_entries_that_were_changed_after_they_were_signed() {
    let house = House::destroyed();
    falsify(&house, "state/audit");
    for arguments in [&LOOKUP[..], &["audit", "show"], &["audit", "export", "--out", "log.csv"]] {
        let (code, answer) = house.json(arguments);
        assert_eq!(code, 4, "{arguments:?}: {answer}");
        assert!(answer["error"]["message"].as_str().unwrap().contains("damaged"), "{answer}");
    }
    assert!(!house.path("log.csv").exists());
}

#[test]
fn what_one_of_two_plans_destroyed_is_gone_whatever_the_other_says_of_it() {
    let house = House::new();
    let first = house.ask(&["plan", "--only", "R-1"])["plan"].as_str().unwrap().to_owned();
    assert_eq!(house.run(&["approve", &first, "--accept", "rules,share"]).code, 0);
    let second = house.approved();
    assert_ne!(first, second);
    for plan in [&first, &second] {
        house.run(&["apply", plan]);
    }
    let found = house.ask(&LOOKUP);
    let mentions = found["mentions"].as_array().unwrap();
    let told: Vec<_> = mentions.iter().map(|mention| mention["answer"].as_str().unwrap()).collect();
    assert_eq!((&found["answer"], told), (&"DESTROYED".into(), vec!["DESTROYED", "GONE"]), "{found}");
    let text = house.run(&LOOKUP).flat();
    assert!(text.contains("dossier 4: DESTROYED") && !text.contains("kept after all"), "{text}");
}

#[test]
fn every_record_that_shares_a_reference_is_told() {
    let house = House::new();
    let cited = "ALTER TABLE dossier ADD COLUMN cited TEXT; UPDATE dossier SET cited = 'two' WHERE id IN (4, 5); UPDATE dossier SET cited = 'same' WHERE id IN (6, 7)";
    house.database().execute_batch(cited).unwrap();
    house.edit("retentiond.toml", "reference     = \"number\"", "reference     = \"cited\"");
    let plan = house.approved();
    assert_eq!(house.run(&["hold", "place", "dossier", "5", "--reason", "an inquiry"]).code, 0);
    assert_eq!(house.run(&["apply", &plan]).code, 0);
    let found = house.ask(&["audit", "lookup", "--reference", "two"]);
    assert_documented("audit lookup", &found);
    let told: Vec<_> =
        found["records"].as_array().unwrap().iter().map(|record| record["answer"].as_str().unwrap()).collect();
    assert_eq!((&found["answer"], told), (&"SEVERAL".into(), vec!["DESTROYED", "ABORTED"]), "{found}");
    let ran = house.run(&["audit", "lookup", "dossier", "--reference", "two"]);
    let text = ran.flat();
    for part in ["dossier two: SEVERAL", "2 records were cited so", "1. DESTROYED", "2. ABORTED", "under a hold"] {
        assert!(ran.code == 0 && text.contains(part), "{part}: {text}");
    }
    let found = house.ask(&["audit", "lookup", "--reference", "same"]);
    assert_eq!((&found["answer"], found["records"].as_array().unwrap().len()), (&"DESTROYED".into(), 2), "{found}");
    // One of them under a successor too.
    assert_eq!(house.run(&["audit", "adopt", "--reason", "moved"]).code, 0);
    let lifted = house.ask(&["hold", "list"])["holds"][0]["hold"].as_str().unwrap().to_owned();
    assert_eq!(house.run(&["hold", "lift", &lifted, "--reason", "over"]).code, 0);
    let plan = house.approved();
    assert_eq!(house.run(&["apply", &plan]).code, 0);
    let found = house.ask(&["audit", "lookup", "--reference", "two"]);
    assert_documented("audit lookup", &found);
    assert_eq!((&found["answer"], found["records"].as_array().unwrap().len()), (&"DESTROYED".into(), 2), "{found}");
    assert_eq!(house.ask(&["audit", "lookup", "--reference", "none"])["answer"], "NOT-FOUND");
}

#[test]
fn a_destruction_is_not_denied_by_a_log_that_lies_behind_its_database() {
    let house = House::new();
    let hold =
        house.ask(&["hold", "place", "dossier", "9", "--reason", "an inquiry"])["hold"].as_str().unwrap().to_owned();
    assert_eq!(house.run(&["hold", "lift", &hold, "--reason", "over"]).code, 0);
    forgotten(&house, || {
        let plan = house.approved();
        assert_eq!(house.run(&["apply", &plan]).code, 0);
    });
    cannot_tell(&house, "that it does not know");
    assert_documented("audit lookup", &house.json(&LOOKUP).1);
}

#[test]
fn a_destruction_is_not_denied_by_that_of_another_record_of_the_same_reference() {
    let house = House::new();
    let cited = "ALTER TABLE dossier ADD COLUMN cited TEXT; UPDATE dossier SET cited = 'two' WHERE id IN (4, 5); UPDATE dossier SET cited = 'only' WHERE id = 6";
    house.database().execute_batch(cited).unwrap();
    house.edit("retentiond.toml", "reference     = \"number\"", "reference     = \"cited\"");
    let plan = house.approved();
    let hold =
        house.ask(&["hold", "place", "dossier", "4", "--reason", "an inquiry"])["hold"].as_str().unwrap().to_owned();
    assert_eq!(house.run(&["apply", &plan]).code, 0);
    forgotten(&house, || {
        assert_eq!(house.run(&["hold", "lift", &hold, "--reason", "over"]).code, 0);
        let plan = house.approved();
        assert_eq!(house.run(&["apply", &plan]).code, 0);
    });
    // The log knows that one of them went, and does not know of the batch that the other went in.
    let (code, found) = house.json(&["audit", "lookup", "dossier", "--reference", "two"]);
    let told: Vec<_> =
        found["records"].as_array().unwrap().iter().map(|record| record["answer"].as_str().unwrap()).collect();
    assert_eq!((code, told), (1, vec!["CANNOT-TELL", "DESTROYED"]), "{found}");
    // Of a reference of which the log knows one record, gone, the batch may have had another.
    let found = house.ask(&["audit", "lookup", "dossier", "--reference", "only"]);
    assert_eq!((&found["answer"], found["remembered"].is_array()), (&"DESTROYED".into(), true), "{found}");
    assert!(house.ask(&["audit", "lookup", "dossier", "6"])["remembered"].is_null(), "a key is of one record");
}

#[test]
fn a_destruction_is_not_denied_by_a_log_that_another_went_before_unknown_to_it() {
    let house = House::destroyed();
    fs::rename(house.path("state"), house.path("lost")).unwrap();
    assert_eq!(house.run(&["hold", "place", "dossier", "61", "--reason", "an inquiry"]).code, 0);
    cannot_tell(&house, "neither this log nor one before it tells");
}

#[test]
fn a_reference_of_which_the_log_says_nothing_is_said_to_be_looked_for_exactly() {
    let house = House::new();
    let plan = house.approved();
    house.ask(&["apply", &plan]);
    let lookup = |arguments: &[&str]| house.run(&[&["audit", "lookup"], arguments].concat()).flat();
    assert!(lookup(&["--reference", "canary-7"]).contains("DESTROYED"));
    let other = lookup(&["--reference", "Canary-7"]);
    assert!(other.contains("NOT-FOUND") && other.contains("exactly as it is written"), "{other}");
    assert!(!lookup(&["dossier", "61"]).contains("exactly as it is written"));
}

#[test]
fn a_destruction_is_not_denied_by_the_successor_of_a_log_that_has_lost_it() {
    let house = House::new();
    let plan = house.approved();
    forgotten(&house, || assert_eq!(house.run(&["apply", &plan]).code, 0));
    assert_eq!(house.run(&["audit", "adopt", "--reason", "moved to another machine"]).code, 0);
    cannot_tell(&house, "neither this log nor one before it tells");
    let checked = house.json(&["check"]).1;
    let found = checked["findings"].as_array().unwrap().iter().find(|finding| finding["code"] == "lost-batches");
    assert_eq!(found.map(|finding| &finding["severity"]), Some(&"warning".into()), "{checked}");
}

#[test]
fn what_an_earlier_log_says_was_destroyed_is_gone_whatever_its_successor_says_of_it() {
    let house = House::new();
    let first = house.ask(&["plan", "--only", "R-1"])["plan"].as_str().unwrap().to_owned();
    assert_eq!(house.run(&["approve", &first, "--accept", "rules,share"]).code, 0);
    let second = house.approved();
    assert_eq!(house.run(&["apply", &first]).code, 0);
    assert_eq!(house.run(&["audit", "adopt", "--reason", "moved to another machine"]).code, 0);
    let again = house.run(&["approve", &second, "--accept", "rules,share"]);
    assert_eq!(again.code, 0, "{again:?}");
    house.run(&["apply", &second]);
    let found = house.ask(&LOOKUP);
    let mentions = found["mentions"].as_array().unwrap();
    let told: Vec<_> = mentions.iter().map(|mention| mention["answer"].as_str().unwrap()).collect();
    assert_eq!((&found["answer"], told), (&"DESTROYED".into(), vec!["DESTROYED", "GONE"]), "{found}");
    fs::rename(house.path("state/audit.1"), house.path("away")).unwrap();
    assert_eq!(house.json(&LOOKUP).1["answer"], "CANNOT-TELL");
}

#[test]
fn a_destruction_is_not_denied_to_who_cites_what_the_mapping_did_not_name_then() {
    let house = House::new();
    house.edit("retentiond.toml", "reference     = \"number\"\n", "");
    let plan = house.approved();
    assert_eq!(house.run(&["apply", &plan]).code, 0);
    house.edit("retentiond.toml", "key           = \"id\"\n", "key           = \"id\"\nreference = \"number\"\n");
    let arguments = ["audit", "lookup", "--reference", "canary-4"];
    let (code, found) = house.json(&arguments);
    assert_documented("audit lookup", &found);
    assert_eq!((code, &found["answer"], &found["uncited"]), (1, &"CANNOT-TELL".into(), &60.into()), "{found}");
    assert!(house.run(&arguments).flat().contains("the mapping named no reference then"));
    assert_eq!(house.ask(&LOOKUP)["answer"], "DESTROYED");
    assert_eq!(house.ask(&["audit", "lookup", "dossier", "999"])["answer"], "NOT-FOUND", "by its key it is known");
}

#[test]
fn a_destruction_is_not_denied_by_another_name_of_its_source() {
    let house = House::destroyed();
    let config = fs::read_to_string(house.path("retentiond.toml")).unwrap();
    let renamed = config.replace("[source.app]", "[source.court]").replace("\"app\"", "\"court\"");
    assert_ne!(renamed, config);
    fs::write(house.path("retentiond.toml"), &renamed).unwrap();
    cannot_tell(&house, "that the configuration does not have: app/dossier");
    assert_documented("audit lookup", &house.json(&LOOKUP).1);
    fs::write(house.path("retentiond.toml"), &config).unwrap();
    assert_eq!(house.ask(&LOOKUP)["answer"], "DESTROYED");
}

#[test]
fn a_destruction_is_not_denied_where_its_records_were_named_by_another_key() {
    let house = House::destroyed();
    house.edit("retentiond.toml", "key           = \"id\"", "key           = \"number\"");
    let arguments = ["audit", "lookup", "dossier", "canary-4"];
    let (code, found) = house.json(&arguments);
    assert_documented("audit lookup", &found);
    assert_eq!((code, &found["answer"]), (1, &"CANNOT-TELL".into()), "{found}");
    assert_eq!(found["named_otherwise"], serde_json::json!({ "id": 60 }), "{found}");
    assert!(house.run(&arguments).flat().contains("names 60 records of the series by other columns"), "{found}");
    // Cited by the same column as before, it is known.
    assert_eq!(house.ask(&["audit", "lookup", "--reference", "canary-4"])["answer"], "DESTROYED");
    house.edit("retentiond.toml", "key           = \"number\"", "key           = \"ID\"");
    assert_eq!(house.ask(&LOOKUP)["answer"], "DESTROYED");
    assert_eq!(house.ask(&["audit", "lookup", "dossier", "999"])["answer"], "NOT-FOUND", "it is the same column");
}

#[test]
fn a_destruction_is_not_denied_to_who_cites_another_column_than_the_mapping_named_then() {
    let house = House::destroyed();
    house.database().execute_batch("ALTER TABLE dossier ADD COLUMN cited TEXT").unwrap();
    house.edit("retentiond.toml", "reference     = \"number\"", "reference     = \"cited\"");
    let (code, found) = house.json(&["audit", "lookup", "dossier", "--reference", "C-4"]);
    assert_eq!((code, &found["answer"]), (1, &"CANNOT-TELL".into()), "{found}");
    assert_eq!(found["named_otherwise"], serde_json::json!({ "number": 60 }), "{found}");
}

/// Rewrites a file of the house.
fn rewrite(house: &House, file: &str, change: impl Fn(&str) -> String) {
    let text = fs::read_to_string(house.path(file)).unwrap();
    let changed = change(&text);
    assert_ne!(changed, text);
    fs::write(house.path(file), changed).unwrap();
}

#[test]
fn a_destruction_is_not_denied_by_a_new_name_of_its_series_under_which_others_went_since() {
    let house = House::destroyed();
    rewrite(&house, "calendar.toml", |text| text.replace("\"dossier\"", "\"file\"").replace("= 1\n", "= 2\n"));
    rewrite(&house, "retentiond.toml", |text| text.replace("[series.dossier", "[series.file"));
    let more = "INSERT INTO dossier VALUES (70, 'canary-70', '2018-03-01T12:00:00Z')";
    house.database().execute_batch(more).unwrap();
    let plan = house.approved();
    assert_eq!(house.run(&["apply", &plan]).code, 0);
    assert_eq!(house.ask(&["audit", "lookup", "file", "70"])["answer"], "DESTROYED");
    // Its table tells which series that was.
    let found = house.ask(&["audit", "lookup", "file", "4"]);
    assert_eq!((&found["answer"], &found["series"]), (&"DESTROYED".into(), &"dossier".into()), "{found}");
    // Of a record that no name of it finds, the other name says nothing.
    let (code, found) = house.json(&["audit", "lookup", "file", "4000"]);
    assert_eq!((code, &found["answer"]), (1, &"CANNOT-TELL".into()), "{found}");
    assert!(house.run(&["audit", "lookup", "file", "4000"]).flat().contains("does not have: app/dossier"), "{found}");
}

/// A second series of the calendar, in a table of its own.
const ACCOUNT: (&str, &str) = (
    "\n[[series]]\nname = \"account\"\ntriggers = { left = { en = \"Left\" } }\nempty = \"expected\"\n\n\
     [[rule]]\nnumber = \"R-2\"\nseries = \"account\"\ntrigger = \"left\"\nkeep = \"P1Y\"\ndisposition = \"destroy\"\n",
    "\n[series.account]\nsource = \"app\"\ntable = \"account\"\nkey = \"id\"\nevent.left = \"left_at\"\n",
);
const ACCOUNT_TABLE: &str =
    "CREATE TABLE account (id INTEGER PRIMARY KEY, left_at TEXT); CREATE INDEX account_left ON account (left_at)";

/// The house without its dossiers' series, of which the log tells; that of the accounts alone is left.
fn give_up_dossiers(house: &House) {
    rewrite(house, "calendar.toml", |text| {
        let head = text.replace("= 1\n", "= 2\n");
        head.split("\n[[series]]").next().unwrap().to_owned() + ACCOUNT.0
    });
    rewrite(house, "retentiond.toml", |text| text.split("\n[series.").next().unwrap().to_owned() + ACCOUNT.1);
}

#[test]
fn a_series_that_was_given_up_casts_no_doubt_on_those_that_stood_beside_it() {
    let house = House::new();
    house.database().execute_batch(ACCOUNT_TABLE).unwrap();
    rewrite(&house, "calendar.toml", |text| format!("{text}{}", ACCOUNT.0));
    rewrite(&house, "retentiond.toml", |text| text.replacen("\n[series.", &format!("{}\n[series.", ACCOUNT.1), 1));
    // The accounts were in the calendar, and in no plan.
    let plan = house.ask(&["plan", "--only", "R-1"])["plan"].as_str().unwrap().to_owned();
    assert_eq!(house.run(&["approve", &plan, "--accept", "rules,share"]).code, 0);
    assert_eq!(house.run(&["apply", &plan]).code, 0);
    give_up_dossiers(&house);
    house.database().execute_batch("DROP TABLE message; DROP TABLE document; DROP TABLE dossier").unwrap();
    let found = house.ask(&["audit", "lookup", "account", "4"]);
    assert_eq!((&found["answer"], found["unmapped"].as_array().unwrap().len()), (&"NOT-FOUND".into(), 1), "{found}");
}

#[test]
fn a_series_that_was_given_up_may_be_one_that_came_after_it_unless_its_table_still_stands() {
    let house = House::destroyed();
    house.database().execute_batch(ACCOUNT_TABLE).unwrap();
    give_up_dossiers(&house);
    assert_eq!(house.ask(&["audit", "lookup", "account", "4"])["answer"], "NOT-FOUND");
    house.database().execute_batch("DROP TABLE message; DROP TABLE document; DROP TABLE dossier").unwrap();
    let (code, found) = house.json(&["audit", "lookup", "account", "4"]);
    assert_eq!((code, &found["answer"]), (1, &"CANNOT-TELL".into()), "{found}");
}
