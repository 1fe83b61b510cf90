//! Holds and later changes of configuration and calendar: what a hold no longer means stops everything, by its name.

use rusqlite::Connection;
use serde_json::Value;

use super::house::{DUE, House};

const NOTES: &str = "[[series.dossier.part]]\ntable = \"note\"\non    = { dossier_id = \"id\" }\n\n";

/// Dossiers of persons, who have records of their own; each with a second key, number and person, and notes.
fn house() -> House {
    let house = House::of_persons();
    let more = "ALTER TABLE dossier ADD COLUMN other_id INTEGER; ALTER TABLE dossier ADD COLUMN code TEXT NOT NULL DEFAULT ''; ALTER TABLE dossier ADD COLUMN cote TEXT;
        UPDATE dossier SET code = 'c' || id, cote = 'f' || id;
        CREATE UNIQUE INDEX dossier_code ON dossier (code); CREATE INDEX dossier_cote ON dossier (cote);
        CREATE INDEX dossier_person ON dossier (person_id);
        CREATE TABLE note (id INTEGER PRIMARY KEY, dossier_id INTEGER); CREATE INDEX note_dossier ON note (dossier_id);
        INSERT INTO note SELECT id, id FROM dossier;";
    house.database().execute_batch(more).unwrap();
    house.edit("retentiond.toml", "[[series.dossier.part]]\n", &format!("{NOTES}[[series.dossier.part]]\n"));
    house
}

fn place(house: &House, what: &[&str]) -> String {
    house.ask(&[&["hold", "place"], what, &["--reason", "a claim"]].concat())["hold"].as_str().unwrap().to_owned()
}

fn assert_refused(house: &House, command: &[&str], hold: &str) {
    let (code, answer) = house.json(command);
    assert_eq!((code, &answer["error"]["code"]), (3, &"hold-void".into()), "{command:?}: {answer}");
    assert!(answer["error"]["message"].as_str().unwrap().contains(hold), "{answer}");
    assert!(answer["error"]["mend"].as_str().unwrap().contains(&format!("hold lift {hold}")), "{answer}");
}

fn found<'a>(checked: &'a Value, hold: &str) -> Vec<&'a Value> {
    let findings = checked["findings"].as_array().unwrap().iter();
    findings.filter(|found| found["code"] == "hold-void" && found["place"] == format!("hold {hold}")).collect()
}

/// A file, what stands in it, and what stands there then.
type Change = (&'static str, &'static str, &'static str);

#[test]
fn a_hold_whose_names_mean_something_else_stops_everything_until_it_is_lifted() {
    let key = [("retentiond.toml", "key           = \"id\"", "key           = \"code\"")];
    let reference = [("retentiond.toml", "reference     = \"number\"", "reference     = \"cote\"")];
    let renamed = [
        ("retentiond.toml", "[series.dossier]", "[series.case]"),
        ("retentiond.toml", "[[series.dossier.part]]", "[[series.case.part]]"),
        ("retentiond.toml", "[[series.dossier.part]]", "[[series.case.part]]"),
        ("retentiond.toml", "[[series.dossier.part]]", "[[series.case.part]]"),
        ("calendar.toml", "name     = \"dossier\"", "name     = \"case\""),
        ("calendar.toml", "series      = \"dossier\"", "series      = \"case\""),
    ];
    let numbered = [("calendar.toml", "\"R-1\"", "\"R-10\"")];
    let joined = [("retentiond.toml", "person_id = \"id\"", "other_id = \"id\"")];
    let unsaid = [("retentiond.toml", "subject = { series = \"person\", on = { person_id = \"id\" } }\n", "")];
    let filtered = [("retentiond.toml", "event.closure", "filter = { cote = \"f1\" }\nevent.closure")];
    let apart = [("retentiond.toml", NOTES, "")];
    let cases: [(&[&str], &[Change]); 11] = [
        (&["dossier", "2"], &key),
        (&["dossier", "2"], &apart),
        (&["person", "--subject", "2"], &apart),
        (&["dossier", "--reference", "canary-2"], &reference),
        (&["dossier", "2"], &renamed),
        (&["dossier", "--where", "this.id = 2"], &renamed),
        (&["--rule", "R-1"], &numbered),
        (&["person", "--subject", "2"], &joined),
        (&["person", "--subject", "2"], &unsaid),
        (&["dossier"], &filtered),
        (&["--rule", "R-1"], &filtered),
    ];
    for (what, changes) in cases {
        let house = house();
        let hold = place(&house, what);
        assert!(found(&house.json(&["check"]).1, &hold).is_empty());
        house.ask(&["plan"]);
        for (file, from, to) in changes {
            house.edit(file, from, to);
        }
        let (code, checked) = house.json(&["check"]);
        assert_eq!((code, found(&checked, &hold).len()), (78, 1), "{what:?} {changes:?}: {checked}");
        assert_refused(&house, &["plan"], &hold);
        assert_eq!(house.run(&["hold", "lift", &hold, "--reason", "placed anew"]).code, 0);
        assert!(found(&house.json(&["check"]).1, &hold).is_empty());
        house.ask(&["plan"]);
        assert_eq!(house.run(&["audit", "verify"]).code, 0);
    }
}

#[test]
fn what_a_hold_does_not_speak_of_may_change() {
    let house = house();
    place(&house, &["person", "3"]);
    place(&house, &["dossier", "--where", "this.id = 2"]);
    house.edit("retentiond.toml", "reference     = \"number\"", "reference     = \"cote\"");
    house.edit("retentiond.toml", "person_id = \"id\"", "other_id = \"id\"");
    house.edit("calendar.toml", "\"R-1\"", "\"R-10\"");
    let rule = &house.ask(&["plan"])["rules"][0];
    assert_eq!((&rule["held"], &rule["due"]), (&1.into(), &(DUE - 1).into()), "{rule}");
}

#[test]
fn a_hold_that_means_nothing_any_more_refuses_approve_apply_and_explain() {
    let house = house();
    let (one, other) = (house.plan(), house.approved());
    assert_eq!(one, other);
    let hold = place(&house, &["dossier", "2"]);
    house.edit("retentiond.toml", "key           = \"id\"", "key           = \"code\"");
    assert_refused(&house, &["apply", &one], &hold);
    assert_refused(&house, &["explain", "dossier", "c2"], &hold);
    house.assert_untouched();
    house.edit("retentiond.toml", "key           = \"code\"", "key           = \"id\"");
    let run = house.ask(&["apply", &one]);
    assert_eq!((&run["held"], &run["destroyed"]), (&1.into(), &(DUE - 1).into()), "the change was taken back: {run}");

    let house = self::house();
    let plan = house.plan();
    let hold = place(&house, &["--rule", "R-1"]);
    house.edit("calendar.toml", "\"R-1\"", "\"R-10\"");
    assert_refused(&house, &["approve", &plan, "--accept", "rules"], &hold);
    house.assert_untouched();
}

#[test]
fn a_hold_of_an_older_state_is_judged_by_whether_its_names_name_anything() {
    let house = house();
    let [record, rule] = [place(&house, &["dossier", "2"]), place(&house, &["--rule", "R-1"])];
    let private = Connection::open(house.path("state/private/desk.db")).unwrap();
    let known = "SELECT count(*) FROM hold WHERE hold LIKE '%\"meaning\"%'";
    assert_eq!(private.query_row(known, [], |row| row.get::<_, i64>(0)).unwrap(), 2);
    private.execute("UPDATE hold SET hold = json_remove(hold, '$.meaning')", []).unwrap();
    drop(private);
    assert_eq!(house.ask(&["plan"])["rules"][0]["held"], DUE);
    house.edit("calendar.toml", "\"R-1\"", "\"R-10\"");
    assert_refused(&house, &["plan"], &rule);
    assert_eq!(house.run(&["hold", "lift", &rule, "--reason", "placed anew"]).code, 0);
    assert_eq!(house.ask(&["plan"])["rules"][0]["held"], 1);
    house.edit("retentiond.toml", "key           = \"id\"", "key           = [\"id\", \"code\"]");
    assert_refused(&house, &["plan"], &record);
}
