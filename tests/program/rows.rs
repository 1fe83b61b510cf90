//! A row that several series know: what keeps it under one of its names keeps it under all of them, and keeps the
//! record with which it would go.

use rusqlite::Connection;
use serde_json::Value;

use crate::support::{CALENDAR, CONFIG, Organization, lends};

#[path = "rows/far.rs"]
mod far;
#[path = "rows/floors.rs"]
mod floors;
#[path = "rows/mutual.rs"]
mod mutual;
#[path = "rows/owners.rs"]
mod owners;
#[path = "rows/waiting.rs"]
mod waiting;

/// Dossiers with their notes, and the notes as records of their own.
pub struct Office(Organization);

lends!(Office, 0, Organization);

/// A second series, with its one rule.
pub fn calendar(series: &str, rule: &str) -> String {
    format!(
        "{CALENDAR}
[[series]]
name     = \"{series}\"
triggers = {{ made = {{ en = \"Made\" }} }}
empty    = \"expected\"

[[rule]]
number  = \"R-2\"
title   = {{ en = \"Others\" }}
series  = \"{series}\"
{rule}
"
    )
    .replace("name     = \"dossier\"", "name     = \"dossier\"\nempty    = \"expected\"")
}

pub const KEPT_LONG: &str = "trigger = \"made\"\nkeep = \"P50Y\"\ndisposition = \"destroy\"";
pub const AT_ONCE: &str = "trigger = \"made\"\nkeep = \"P1Y\"\ndisposition = \"destroy\"";
const PERMANENT: &str = "disposition = \"permanent\"";
const LIMITS: &str = "\n[limits]\nmax_share = 1.0\npace = \"full\"\n";

/// A part of the dossier; more may be said of it.
pub const NOTES: &str = "\n[[series.dossier.part]]\ntable = \"note\"\non = { dossier_id = \"id\" }\n";
pub const NOTE: &str = "\n[series.note]\nsource = \"app\"\ntable = \"note\"\nkey = \"id\"\nreference = \"number\"\nevent.made = \"made_at\"\n";

impl Office {
    /// Dossiers 1 to 3, all long closed, each with the note of its tenfold number.
    pub fn new(calendar: &str, config: &str) -> Self {
        let office = Self(Organization::new(calendar, &format!("{CONFIG}{config}{LIMITS}")));
        let connection = Connection::open(office.path("app.db")).unwrap();
        connection
            .execute_batch(
                "CREATE TABLE dossier (
                     id INTEGER PRIMARY KEY, number TEXT, name TEXT, kind TEXT, parent_id INTEGER, closed_at TEXT);
                 CREATE INDEX dossier_closed ON dossier (closed_at);
                 CREATE INDEX dossier_number ON dossier (number);
                 CREATE INDEX dossier_parent ON dossier (parent_id);
                 CREATE TABLE note (id INTEGER PRIMARY KEY, number TEXT, dossier_id INTEGER, body TEXT, made_at TEXT);
                 CREATE INDEX note_dossier ON note (dossier_id);
                 CREATE INDEX note_number ON note (number);
                 CREATE INDEX note_made ON note (made_at);
                 INSERT INTO dossier(id, number, name, kind, closed_at)
                     SELECT value, 'F-' || value, 'Ana', 'x', '2018-03-15T12:00:00Z' FROM generate_series_of_three;"
                    .replace("generate_series_of_three", "json_each('[1, 2, 3]')")
                    .as_str(),
            )
            .unwrap();
        connection
            .execute_batch(
                "INSERT INTO note SELECT id * 10, 'N-' || id, id, 'text', '2018-03-15T12:00:00Z' FROM dossier",
            )
            .unwrap();
        office
    }

    fn hold(&self, what: &[&str]) -> Value {
        self.ask(&[&["hold", "place"], what, &["--reason", "court"]].concat())
    }

    /// Plans, approves and applies; `meanwhile` happens between the approval and the execution.
    pub fn go(&self, meanwhile: impl FnOnce()) -> (Value, Value) {
        let plan = self.ask(&["plan"]);
        if plan["planned"] == 0 {
            return (plan, serde_json::json!({ "destroyed": 0 }));
        }
        let id = plan["plan"].as_str().unwrap();
        self.ask(&["approve", id, "--accept", "rules,share,empty,mapping"]);
        meanwhile();
        let run = self.ask(&["apply", id]);
        self.verify();
        (plan, run)
    }

    pub fn ids(&self, table: &str) -> Vec<i64> {
        let database = self.database();
        let mut select = database.prepare(&format!("SELECT id FROM {table} ORDER BY id")).unwrap();
        select.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    }

    fn verdict(&self, series: &str, key: &str) -> (String, String) {
        let told = self.ask(&["explain", series, key]);
        let text = |field: &str| told[field].as_str().unwrap_or_default().to_owned();
        (text("verdict"), text("why"))
    }
}

/// What a plan says of the rule on dossiers.
fn of_dossiers(plan: &Value) -> &Value {
    plan["rules"].as_array().unwrap().iter().find(|rule| rule["series"] == "dossier").unwrap()
}

/// Ways to hold note 20.
const WAYS: [&[&str]; 5] = [
    &["note", "20"],
    &["note", "--reference", "N-2"],
    &["note", "--where", "body = 'text' AND id = 20"],
    &["note"],
    &["--rule", "R-2"],
];

#[test]
fn a_held_record_of_one_series_keeps_the_record_of_another_of_which_it_is_a_part() {
    for way in WAYS {
        let office = Office::new(&calendar("note", KEPT_LONG), &format!("{NOTES}{NOTE}"));
        let hold = office.hold(way);
        let kept: &[i64] = if way.len() == 1 || way[0] == "--rule" { &[1, 2, 3] } else { &[2] };
        assert_eq!(office.verdict("dossier", "2").0, "held", "{way:?}");
        let (plan, run) = office.go(|| {});
        assert_eq!(of_dossiers(&plan)["held"], kept.len(), "{way:?}: {plan}");
        let by_hold = &of_dossiers(&plan)["held_by"][hold["hold"].as_str().unwrap()];
        assert_eq!(*by_hold, kept.len(), "{way:?}: {plan}");
        assert_eq!(run["destroyed"], 3 - kept.len(), "{way:?}");
        assert_eq!(office.ids("dossier"), kept, "{way:?}");
        assert_eq!(office.ids("note"), kept.iter().map(|id| id * 10).collect::<Vec<_>>(), "{way:?}");
    }
}

#[test]
fn a_hold_on_a_part_that_is_placed_after_the_approval_keeps_its_owner_too() {
    for way in WAYS {
        let office = Office::new(&calendar("note", KEPT_LONG), &format!("{NOTES}{NOTE}"));
        let (_, run) = office.go(|| {
            office.hold(way);
        });
        let kept: &[i64] = if way.len() == 1 || way[0] == "--rule" { &[1, 2, 3] } else { &[2] };
        assert_eq!((&run["held"], &run["destroyed"]), (&kept.len().into(), &(3 - kept.len()).into()), "{way:?}: {run}");
        assert_eq!(office.ids("dossier"), kept, "{way:?}");
    }
}

#[test]
fn a_held_row_is_neither_masked_nor_detached_with_its_owner() {
    let masked = "anonymize = { body = \"null\" }\n";
    let anonymizing =
        calendar("note", KEPT_LONG).replacen("disposition = \"destroy\"", "disposition = \"anonymize\"", 1);
    let detached = "owner_gone = \"detach\"\n";
    for (calendar, part, untouched) in [
        (anonymizing, masked, "SELECT count(*) FROM note WHERE id = 20 AND body = 'text'"),
        (calendar("note", KEPT_LONG), detached, "SELECT count(*) FROM note WHERE id = 20 AND dossier_id = 2"),
    ] {
        let office = Office::new(&calendar, &format!("{NOTES}{part}{NOTE}"));
        office.hold(&["note", "20"]);
        let (_, run) = office.go(|| {});
        assert_eq!((&run["held"], &run["planned"]), (&0.into(), &2.into()), "{part}: {run}");
        assert_eq!(office.database().query_row(untouched, [], |row| row.get::<_, i64>(0)).unwrap(), 1, "{part}");
    }
}

#[test]
fn a_held_child_keeps_the_parent_with_which_it_would_go() {
    let part = "\n[[series.dossier.part]]\nname = \"child\"\ntable = \"dossier\"\non = { parent_id = \"id\" }\n";
    let office = Office::new(CALENDAR, part);
    office
        .database()
        .execute_batch(
            "UPDATE dossier SET parent_id = 1, closed_at = NULL WHERE id = 2; DELETE FROM dossier WHERE id = 3",
        )
        .unwrap();
    office.hold(&["dossier", "2"]);
    assert_eq!(office.verdict("dossier", "1").0, "held");
    office.database().execute("INSERT INTO dossier(id, closed_at) VALUES (4, '2018-03-15T12:00:00Z')", []).unwrap();
    let (plan, run) = office.go(|| {});
    assert_eq!((&plan["rules"][0]["held"], &run["destroyed"]), (&1.into(), &1.into()), "{plan}");
    assert_eq!(office.ids("dossier"), [1, 2]);
}

#[test]
fn a_row_that_is_kept_for_good_as_a_record_keeps_the_record_of_which_it_is_a_part() {
    let office = Office::new(&calendar("note", PERMANENT), &format!("{NOTES}{NOTE}filter = {{ number = \"N-2\" }}\n"));
    assert_eq!(office.verdict("dossier", "2"), ("blocked".to_owned(), "series".to_owned()));
    let (plan, run) = office.go(|| {});
    assert_eq!((&of_dossiers(&plan)["blocked"], &run["destroyed"]), (&1.into(), &2.into()), "{plan}");
    assert_eq!((office.ids("dossier"), office.ids("note")), (vec![2], vec![20]));
}

/// The guide's two steps on one record: its name is masked first, and the row goes later, as a record of `old`.
fn two_steps() -> Office {
    let calendar = calendar("old", AT_ONCE).replacen("disposition = \"destroy\"", "disposition = \"anonymize\"", 1);
    let dossier =
        "reference = \"number\"\nfilter = \"this.name <> '-'\"\nanonymize = { name = { constant = \"-\" } }\n";
    let old = "\n[series.old]\nsource = \"app\"\ntable = \"dossier\"\nkey = \"number\"\nfilter = { name = \"-\" }\n\
               event.made = \"closed_at\"\n";
    let office = Office::new(&calendar, &format!("{dossier}{old}"));
    office.database().execute_batch("DROP INDEX dossier_number; CREATE UNIQUE INDEX u ON dossier (number)").unwrap();
    office
}

#[test]
fn a_hold_keeps_the_row_in_whichever_series_of_its_table_it_is_counted() {
    for way in [
        ["dossier", "2"].as_slice(),
        &["dossier", "--reference", "F-2"],
        &["dossier", "--where", "number = 'F-2'"],
        &["old", "F-2"],
    ] {
        let office = two_steps();
        office.database().execute_batch("UPDATE dossier SET name = '-'").unwrap();
        office.hold(way);
        assert_eq!(office.verdict("old", "F-2").0, "held", "{way:?}");
        let (_, run) = office.go(|| {});
        assert_eq!((&run["destroyed"], office.ids("dossier")), (&2.into(), vec![2]), "{way:?}: {run}");
    }
}

#[test]
fn a_hold_stays_on_a_row_that_moves_to_another_series_before_it_goes() {
    let office = two_steps();
    office.hold(&["dossier", "2"]);
    office.database().execute_batch("UPDATE dossier SET name = '-'").unwrap();
    let (_, run) = office.go(|| {});
    assert_eq!((&run["destroyed"], office.ids("dossier")), (&2.into(), vec![2]), "{run}");
}

#[test]
fn a_row_that_two_series_count_at_once_does_not_fall_to_the_shorter_rule() {
    let two = "filter = { kind = \"x\" }\n\n[series.note]\nsource = \"app\"\ntable = \"dossier\"\nkey = \"id\"\n\
               filter = { number = \"F-2\" }\nevent.made = \"closed_at\"\n";
    for rule in [PERMANENT, KEPT_LONG] {
        let office = Office::new(&calendar("note", rule), two);
        let (code, told) = office.json(&["check"]);
        let findings = told["findings"].as_array().unwrap();
        assert!(code == 78 && findings.iter().any(|finding| finding["code"] == "shared-row"), "{told}");
        assert_eq!(office.verdict("dossier", "2"), ("blocked".to_owned(), "series".to_owned()));
        let (plan, run) = office.go(|| {});
        assert_eq!((&plan["rules"][0]["blocked"], &run["destroyed"]), (&1.into(), &2.into()), "{plan}");
        assert_eq!(office.ids("dossier"), [2]);
    }
}

/// One series with such a reference.
fn cited(column: &str, values: &str) -> Office {
    let office = Office::new(CALENDAR, "reference = \"cited\"\n");
    let rows = format!("ALTER TABLE dossier ADD COLUMN cited {column}; UPDATE dossier SET cited = {values}");
    office.database().execute_batch(&rows).unwrap();
    office.database().execute_batch("CREATE INDEX dossier_cited ON dossier (cited)").unwrap();
    office
}

#[test]
fn what_a_hold_by_reference_says_that_it_keeps_it_keeps_whatever_type_the_column_holds() {
    for (column, values, reference) in [
        ("REAL", "20240000.0 + id", "20240002"),
        ("NUMERIC", "2024 + id / 10.0", "2024.2"),
        ("TEXT", "CAST('f-' || id AS BLOB)", "F-2"),
        ("BLOB", "CAST('F-' || id AS BLOB)", "F-2"),
        ("TEXT", "'F-' || id || ' '", "f-2"),
        ("TEXT", "'0' || id", "2"),
        ("BLOB", "x'FF' || CAST(id AS BLOB)", "x'ff32'"),
    ] {
        let office = cited(column, values);
        let told = office.hold(&["dossier", "--reference", reference]);
        assert_eq!((&told["keeps"]["dossier"], &told["by_key"]), (&1.into(), &1.into()), "{values}: {told}");
        // Only what it is cited as keeps it.
        let (_, run) = office.go(|| {});
        assert_eq!((&run["destroyed"], office.ids("dossier")), (&2.into(), vec![2]), "{values}: {run}");
    }
}

#[test]
fn a_record_that_went_is_found_by_the_reference_that_people_cite() {
    for (column, values, reference) in
        [("REAL", "20240000.0 + id", "20240002"), ("BLOB", "CAST('F-' || id AS BLOB)", "F-2")]
    {
        let office = cited(column, values);
        office.go(|| {});
        let found = office.ask(&["audit", "lookup", "dossier", "--reference", reference]);
        assert_eq!(found["answer"], "DESTROYED", "{values}: {found}");
    }
}

#[test]
fn a_hold_by_reference_keeps_a_record_that_is_cited_otherwise_later() {
    let office = cited("TEXT", "'F-' || id");
    let told = office.hold(&["dossier", "--reference", "F-2"]);
    assert_eq!(told["by_key"], 1, "{told}");
    office.database().execute("UPDATE dossier SET cited = 'G-' || id", []).unwrap();
    let listed = office.ask(&["hold", "list"]);
    assert_eq!(listed["holds"][0]["keeps"]["dossier"], 1, "{listed}");
    let (_, run) = office.go(|| {});
    assert_eq!((&run["destroyed"], office.ids("dossier")), (&2.into(), vec![2]), "{run}");
    let none = office.run(&["hold", "place", "dossier", "--reference", "H-9", "--reason", "court"]);
    assert!(none.flat().contains("cited otherwise"), "{none:?}");
}

#[test]
fn a_row_whose_own_key_is_null_is_kept_by_what_keeps_its_series() {
    let by_number = NOTE.replace("key = \"id\"", "key = \"number\"");
    let office = |rule| {
        let office = Office::new(&calendar("note", rule), &format!("{NOTES}{by_number}"));
        let null = "UPDATE note SET number = NULL WHERE id = 20; DELETE FROM note WHERE id <> 20;
                    DROP INDEX note_number; CREATE UNIQUE INDEX note_number ON note (number);";
        office.database().execute_batch(null).unwrap();
        office
    };
    for way in [["note"].as_slice(), &["--rule", "R-2"], &["note", "--where", "this.id = 20"]] {
        let office = office(KEPT_LONG);
        let held = office.hold(way);
        assert_ne!(held["present"], false, "it is there: {held}");
        assert_eq!(office.verdict("dossier", "2").0, "held", "{way:?}");
        office.go(|| {});
        assert_eq!((office.ids("dossier"), office.ids("note")), (vec![2], vec![20]), "{way:?}");
    }
    let office = office(PERMANENT);
    office.go(|| {});
    assert_eq!((office.ids("dossier"), office.ids("note")), (vec![2], vec![20]));
}

/// A record takes its parts along, whatever becomes of the rule on them as records of their own.
#[test]
fn who_leaves_a_rule_out_is_told_what_goes_along_without_it() {
    for (only, told) in [("R-1", true), ("R-2", false), ("R-1,R-2", false)] {
        let office = Office::new(&calendar("note", AT_ONCE), &format!("{NOTES}{NOTE}"));
        let plan = office.plan();
        let accept = ["--accept", "rules,share,empty,mapping", "--only", only];
        let approved = office.ask(&[&["approve", &plan][..], &accept].concat());
        let warnings = approved["warnings"].as_array().unwrap();
        assert_eq!(!warnings.is_empty(), told, "{only}: {approved}");
        if told {
            let text = warnings[0].as_str().unwrap();
            assert!(
                ["records of note,", "parts of the dossier", "R-2 was left out"].iter().all(|it| text.contains(it))
            );
        }
        office.ask(&["apply", &plan]);
        assert_eq!(office.ids("note"), [] as [i64; 0], "{only}");
        assert_eq!(office.ids("dossier").is_empty(), only != "R-2", "{only}");
    }
}
