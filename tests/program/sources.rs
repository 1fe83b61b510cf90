//! Two databases, of which one cannot be read: the other is planned from, and nobody takes its list for all there is.

use std::fs;

use rusqlite::Connection;

use crate::support::documented::assert_documented;
use crate::support::{CALENDAR, CONFIG, Organization};

/// A second series, in a second database.
const SECOND: &str = "
[source.b]
sqlite = \"b.db\"

[series.claim]
source = \"b\"
table = \"claim\"
key = \"id\"
event.closure = \"closed_at\"
";

const SECOND_RULE: &str = "
[[series]]
name = \"claim\"
triggers = { closure = { en = \"Closure\" } }

[[rule]]
number = \"R-2\"
title = { en = \"Claims\" }
series = \"claim\"
trigger = \"closure\"
keep = \"P1Y\"
disposition = \"destroy\"
";

/// Three dossiers in `app.db` and two claims in `b.db`, all due since long.
fn two_databases() -> Organization {
    let organization = Organization::new(&format!("{CALENDAR}{SECOND_RULE}"), &format!("{CONFIG}{SECOND}"));
    let table = |name: &str, rows: &str| {
        format!(
            "CREATE TABLE {name}(id INTEGER PRIMARY KEY, closed_at TEXT); CREATE INDEX {name}_c ON {name}(closed_at);
             INSERT INTO {name} SELECT value, '2020-01-01T00:00:00Z' FROM json_each('{rows}');"
        )
    };
    organization.database().execute_batch(&table("dossier", "[1, 2, 3]")).unwrap();
    let second = Connection::open(organization.path("b.db")).unwrap();
    second.execute_batch(&table("claim", "[1, 2]")).unwrap();
    organization
}

#[test]
fn a_plan_lists_what_can_be_read_and_says_which_source_could_not_be() {
    let organization = two_databases();
    assert_eq!(organization.ask(&["plan"])["unread"], serde_json::json!([]));
    fs::rename(organization.path("b.db"), organization.path("b.away")).unwrap();

    let (code, plan) = organization.json(&["plan"]);
    assert_eq!((code, &plan["planned"]), (5, &3.into()), "{plan}");
    let unread = &plan["unread"][0];
    assert_eq!(
        (&unread["source"], &unread["series"][0], &unread["code"]),
        (&"b".into(), &"claim".into(), &"database-missing".into())
    );
    assert_documented("plan", &plan);
    let rules: Vec<_> = plan["rules"].as_array().unwrap().iter().map(|rule| &rule["rule"]).collect();
    assert_eq!(rules, ["R-1"], "no count of what nobody looked at");

    let said = organization.run(&["plan"]);
    let text = said.flat();
    assert!(
        said.code == 5 && text.contains("NOT COMPLETE: source b could not be read") && text.contains("b.db"),
        "{said:?}"
    );
    assert!(text.contains("It lacks what is due in b"), "{text}");
    let plans = organization.ask(&["plans"]);
    assert_documented("plans", &plans);
    assert!(organization.run(&["plans"]).flat().contains("without b, which could not be read"), "{plans}");

    let id = plan["plan"].as_str().unwrap();
    organization.ask(&["approve", id, "--accept", "rules,share,empty"]);
    assert_eq!(organization.ask(&["apply", id])["destroyed"], 3);
    let text = organization.run(&["plan"]).flat();
    assert!(text.contains("Nothing is due in what could be read"), "{text}");
    fs::rename(organization.path("b.away"), organization.path("b.db")).unwrap();
    let whole = organization.ask(&["plan"]);
    assert_eq!((&whole["planned"], &whole["unread"]), (&2.into(), &serde_json::json!([])), "{whole}");
}

#[test]
fn a_plan_of_which_nothing_is_left_without_the_source_is_refused_as_the_source_is() {
    let organization = two_databases();
    fs::write(organization.path("b.db"), "no database at all, whatever its name says".repeat(40)).unwrap();
    let (code, answer) = organization.json(&["plan", "--only", "R-2"]);
    assert_eq!((code, &answer["error"]["code"]), (78, &"not-a-database".into()), "{answer}");
    let one = organization.ask(&["plan", "--only", "R-1"]);
    assert_eq!(one["lists_only"], "R-1", "{one}");
    let plans = organization.ask(&["plans"]);
    assert_eq!(plans["plans"][0]["lists_only"], "R-1", "{plans}");
    assert_documented("plans", &plans);
    fs::rename(organization.path("app.db"), organization.path("app.away")).unwrap();
    let (code, answer) = organization.json(&["plan"]);
    assert_eq!((code, answer["error"].is_object()), (78, true), "{answer}");
}

#[test]
fn the_list_of_an_incomplete_plan_says_so_in_its_first_lines_and_can_be_given_back() {
    let organization = two_databases();
    let list = |code: i32| {
        fs::remove_file(organization.path("list.csv")).unwrap_or_default();
        let (answered, plan) = organization.json(&["plan", "--csv", "list.csv"]);
        assert_eq!(answered, code, "{plan}");
        let mut csv = csv::Reader::from_path(organization.path("list.csv")).unwrap();
        let lines: Vec<csv::StringRecord> = csv.records().map(Result::unwrap).collect();
        (plan["plan"].as_str().unwrap().to_owned(), lines)
    };
    let (_, whole) = list(0);
    assert!(whole.len() == 5 && whole.iter().all(|line| &line[2] == "destroy"), "{whole:?}");
    fs::rename(organization.path("b.db"), organization.path("b.away")).unwrap();

    let (plan, lacking) = list(5);
    assert_eq!((lacking.len(), &lacking[0][0], &lacking[0][2], &lacking[0][7]), (4, "claim", "unread", ""));
    assert!(lacking[0][6].starts_with("NOT COMPLETE") && lacking[0][6].contains("b.db"), "{lacking:?}");
    let text = fs::read_to_string(organization.path("list.csv")).unwrap();
    let out: Vec<&str> = text.lines().take(3).collect();
    fs::write(organization.path("out.csv"), out.join("\n")).unwrap();
    let approved = organization.ask(&["approve", &plan, "--accept", "rules,share,empty", "--except", "out.csv"]);
    assert_eq!(approved["excepted"], 1, "{approved}");
}

#[test]
fn a_forecast_tells_of_what_can_be_read_and_says_what_it_lacks() {
    let organization = two_databases();
    let whole = organization.ask(&["forecast"]);
    assert_eq!((whole["rules"].as_array().unwrap().len(), &whole["unread"]), (2, &serde_json::json!([])), "{whole}");
    fs::rename(organization.path("b.db"), organization.path("b.away")).unwrap();
    let (code, some) = organization.json(&["forecast"]);
    let told: Vec<_> = some["rules"].as_array().unwrap().iter().map(|rule| (&rule["rule"], &rule["now"])).collect();
    assert_eq!((code, told), (5, vec![(&"R-1".into(), &3.into())]), "{some}");
    assert_eq!(
        (&some["unread"][0]["source"], &some["unread"][0]["series"][0]),
        (&"b".into(), &"claim".into()),
        "{some}"
    );
    assert_documented("forecast", &some);
    let said = organization.run(&["forecast"]);
    assert!(said.code == 5 && said.flat().contains("NOT COMPLETE: source b could not be read"), "{said:?}");
    fs::rename(organization.path("app.db"), organization.path("app.away")).unwrap();
    let (code, answer) = organization.json(&["forecast"]);
    assert_eq!((code, &answer["error"]["code"]), (78, &"database-missing".into()), "{answer}");
}
