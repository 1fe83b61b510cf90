//! Wrong command lines: each is told with its place, the reason and what to write instead, and exits 2.

use std::fs;

use super::house::House;

#[test]
fn a_wrong_command_line_is_told_with_what_to_write_instead() {
    let house = House::new();
    let plan = house.plan();
    for (arguments, expected) in [
        (&["plan", "--as-of", "21/11/2026"][..], &["'21/11/2026'", "--as-of", "yyyy-mm-dd, such as 2026-11-21"][..]),
        (&["plan", "--as-of", "2026-02-30"], &["there is no such day"]),
        (
            &["hold", "place", "dossier", "1", "--reason", "x", "--review-by", "1/2/2027"],
            &["--review-by", "yyyy-mm-dd"],
        ),
        (&["audit", "show", "--since", "yesterday"], &["--since", "yyyy-mm-dd"]),
        (&["plan", "--only", "R1"], &["no rule r1", "did you mean r-1?"]),
        (&["plan", "--only", "R-1,R-2"], &["'r-1,r-2'", "a plan lists one rule, or all"]),
        (&["approve", &plan, "--only", "R-1,R-7"], &["no rule r-7", "did you mean r-1?"]),
        (&["approve", &plan, "--only", "closure"], &["no rule closure", "there is r-1"]),
        (&["hold", "place", "--rule", "archives", "--reason", "x"], &["no rule archives", "there is r-1"]),
        (&["explain", "dossier", "1", "2"], &["dossier takes one argument, its id, and 2 were given"]),
        (&["audit", "lookup", "dossier", "1", "2"], &["its id, and 2 were given"]),
        (
            &["hold", "place", "dossier", "1", "2", "--reason", "x"],
            &["is its id, and 2 values were given", "one argument per key column"],
        ),
        (&["explain", "dossier", "--reference", ""], &["--reference", "it is empty"]),
        (&["hold", "place", "dossier", "--reference", " ", "--reason", "x"], &["--reference", "it is empty"]),
        (&["audit", "lookup", "--reference", ""], &["--reference", "it is empty"]),
        (&["hold", "place", "dossier", "1", "--reason", ""], &["a reason is needed", "say why with `--reason`"]),
        (&["audit", "prove", "first"], &["'first'", "a whole number"]),
        (&["forecast", "--months", "0"], &["1 to 1200"]),
        (&["init", "--sqlite", "nowhere.db"], &["nowhere.db", "init --sqlite file"]),
    ] {
        let ran = house.run(arguments);
        let said = ran.err.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        assert_eq!(ran.code, 2, "{arguments:?}: {ran:?}");
        for expected in expected {
            assert!(said.contains(expected), "{arguments:?} does not say {expected}: {}", ran.err);
        }
        assert!(ran.out.is_empty(), "{arguments:?}: {ran:?}");
    }
    assert_eq!(house.ask(&["hold", "list"])["holds"], serde_json::json!([]), "no slip has placed a hold");
    let (_, answer) = house.json(&["plan", "--as-of", "21/11/2026"]);
    assert!(answer["error"]["message"].as_str().unwrap().contains("YYYY-MM-DD"), "{answer}");
}

#[test]
fn a_reference_of_a_series_that_has_none_is_told_so() {
    let house = House::new();
    house.edit("retentiond.toml", "reference     = \"number\"", "");
    for arguments in
        [&["explain", "dossier", "--reference", "x"][..], &["audit", "lookup", "dossier", "--reference", "x"]]
    {
        let ran = house.run(arguments);
        assert!(ran.code == 2 && ran.err.contains("names no reference"), "{arguments:?}: {ran:?}");
    }
}

#[test]
fn rules_are_named_with_commas_or_one_by_one() {
    let house = House::new();
    let plan = house.plan();
    let approved = house.ask(&["approve", &plan, "--only", "R-1,R-1", "--accept", "rules"]);
    assert_eq!(approved["only"], serde_json::json!(["R-1", "R-1"]));
}

#[test]
fn every_line_of_a_list_of_exceptions_at_fault_is_told_at_once_and_nothing_is_approved() {
    let house = House::new();
    let plan = house.plan();
    let approve = |list: &str| {
        fs::write(house.path("list.csv"), list).unwrap();
        let arguments = ["approve", &plan, "--accept", "rules", "--except", "list.csv"];
        let (code, answer) = house.json(&arguments);
        let faults: Vec<(u64, String)> = answer["error"]["faults"].as_array().map_or_else(Vec::new, |faults| {
            let fault = |fault: &serde_json::Value| {
                assert_eq!(fault["file"], "list.csv");
                (fault["line"].as_u64().unwrap(), fault["message"].as_str().unwrap().to_owned())
            };
            faults.iter().map(fault).collect()
        });
        (code, faults, house.run(&arguments).err)
    };
    let (code, faults, said) = approve("dossier,1\ndossier\n,4\nacount,3\ndossier,7,8\n");
    assert_eq!(code, 2, "{said}");
    let lines: Vec<u64> = faults.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [2, 3, 4, 5], "{faults:?}");
    for expected in [
        "list.csv:2",
        "no key",
        "list.csv:4",
        "no series acount",
        "list.csv:5",
        "is its id: 1, not 2",
        "4 lines of the list",
    ] {
        assert!(said.contains(expected), "{expected} is missing from\n{said}");
    }
    let (code, faults, said) = approve("dossier,1\ndossier,61\ndossier,999\n");
    assert_eq!((code, faults.iter().map(|(line, _)| *line).collect::<Vec<_>>()), (2, vec![2, 3]), "{said}");
    assert!(said.contains("no such record is on this plan") && said.contains("list.csv:3"), "{said}");
    assert!(said.contains("`plan --csv`") && !said.contains("stays"), "{said}");
    assert_eq!(house.plans("pending"), [plan.as_str()], "nothing was approved");
    let (code, faults, said) = approve("dossier,1\ndossier,1\n");
    assert_eq!((code, faults.len()), (0, 0), "{said}");
}

#[test]
fn records_are_excepted_however_a_person_writes_their_keys() {
    let house = House::new();
    let plan = house.plan();
    fs::write(house.path("list.csv"), "dossier, 1\n dossier ,002\ndossier,3 \ndossier,4 \ndossier,2\n").unwrap();
    let approved = house.ask(&["approve", &plan, "--accept", "rules", "--except", "list.csv"]);
    assert_eq!(approved["excepted"], 4, "{approved}");
    house.ask(&["apply", &plan]);
    assert_eq!(house.rows("dossier WHERE id <= 4"), 4);
    assert_eq!(house.rows("dossier WHERE id BETWEEN 5 AND 60"), 0);
}

#[test]
fn a_key_that_is_none_is_told_with_what_to_write_and_nothing_is_promised_of_its_record() {
    let house = House::new();
    let plan = house.plan();
    for (list, expected) in [
        ("dossier,canary-7\n", &["id of dossier takes an integer", "it is the reference of dossier,7"][..]),
        ("dossier,+7\n", &["id of dossier takes an integer"]),
        ("dossier,x\n", &["id of dossier takes an integer", "as `plan --csv` does"]),
        ("dossier;7\n", &["divided by `;`", "commas"]),
        ("series;rule;key\ndossier;R-1;7,5\n", &["divided by `;`", "commas"]),
    ] {
        fs::write(house.path("list.csv"), list).unwrap();
        let ran = house.run(&["approve", &plan, "--accept", "rules", "--except", "list.csv"]);
        let said = ran.err.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(ran.code, 2, "{list}: {ran:?}");
        for expected in expected {
            assert!(said.contains(expected), "{list}: {expected} is missing from\n{}", ran.err);
        }
        assert!(!said.contains("stays"), "{said}");
    }
    assert_eq!(house.plans("pending"), [plan.as_str()], "nothing was approved");
}

#[test]
fn a_text_key_is_excepted_as_its_list_has_it_and_told_by_its_reference() {
    let house = House::new();
    house
        .database()
        .execute_batch(
            "CREATE TABLE lot (code TEXT PRIMARY KEY, number TEXT, closed_at TEXT);
         INSERT INTO lot VALUES (' a', 'L-1', '2018-01-01T00:00:00Z'), ('b', 'L-2', '2018-01-01T00:00:00Z');",
        )
        .unwrap();
    house.edit("retentiond.toml", "table         = \"dossier\"", "table         = \"lot\"");
    house.edit("retentiond.toml", "key           = \"id\"", "key           = \"code\"");
    house.edit("retentiond.toml", "[[series.dossier.part]]\ntable = \"message\"\non    = { dossier_id = \"id\" }", "");
    let text = fs::read_to_string(house.path("retentiond.toml")).unwrap();
    let (before, after) = text.split_once("[[series.dossier.part]]").unwrap();
    let (_, limits) = after.split_once("[limits]").unwrap();
    fs::write(house.path("retentiond.toml"), format!("{before}[limits]{limits}")).unwrap();

    let plan = house.ask(&["plan", "--csv", "list.csv"])["plan"].as_str().unwrap().to_owned();
    let list = fs::read_to_string(house.path("list.csv")).unwrap();
    fs::write(house.path("by-hand.csv"), "dossier,L-2\n").unwrap();
    let ran = house.run(&["approve", &plan, "--accept", "rules", "--except", "by-hand.csv"]);
    assert!(ran.code == 2 && ran.err.contains("it is the reference of dossier,b"), "{ran:?}");
    let kept: Vec<&str> = list.lines().filter(|line| !line.contains("L-2")).collect();
    fs::write(house.path("kept.csv"), kept.join("\n")).unwrap();
    house.ask(&["approve", &plan, "--accept", "rules", "--except", "kept.csv"]);
    house.ask(&["apply", &plan]);
    assert_eq!((house.rows("lot WHERE code = ' a'"), house.rows("lot")), (1, 1));
}
